"""Before the management group meets: make the quarter's drafts, or remind of those that wait."""

from collections.abc import Iterable

from bot.command import Context, Errand, Message, command
from bot.council.quarter import draft, facts_of, is_approved, manuscripts, newest_paper
from bot.domain.meeting import Meeting
from bot.domain.quarter import Quarter
from bot.round.form import to_office


def prepare(ctx: Context) -> Errand | None:
    """Print both papers where the quarter has no draft yet, or one of older reports."""
    if _meeting(ctx) is None:
        return None
    facts = facts_of(ctx, Quarter.last_whole(ctx.today))
    paper = newest_paper(ctx, facts.picture.quarter)
    if not facts.picture.months or (paper is not None and paper.basis == facts.basis):
        return None
    return manuscripts(ctx, facts)


@command("quarter_due", subject="paper", prepare=prepare, listed=False)
def quarter_due(ctx: Context) -> Iterable[Message]:
    """Show the drafts made, or say what they wait for; nothing once the quarter is approved."""
    meeting = _meeting(ctx)
    if meeting is None:
        return
    facts = facts_of(ctx, Quarter.last_whole(ctx.today))
    data = {"picture": facts.picture, "meeting": meeting}
    again = ctx.cause.endswith("/2") and ctx.uow.cycles.happened(f"{ctx.cause[:-2]}/1")
    if not facts.picture.months:
        if not again:
            yield to_office("quarter_empty", data)
    elif ctx.product is not None:
        yield to_office("quarter_drafted", data)
        yield from draft(ctx, facts)
    elif ctx.cause.endswith("/2"):
        paper = newest_paper(ctx, facts.picture.quarter)
        yield to_office("quarter_waiting", {**data, "paper": paper})


def _meeting(ctx: Context) -> Meeting | None:
    """Give the meeting that this is for; None where it is off, or has what it needs."""
    assert ctx.occurrence is not None
    assert ctx.occurrence.subject_id is not None
    meeting = ctx.uow.meetings.get(ctx.occurrence.subject_id)
    if not meeting.state.is_to_come or is_approved(ctx, Quarter.last_whole(ctx.today)):
        return None
    return meeting

"""Tell the coordinator in time that an agreement, plan or promise ends, and what to do in order."""

from collections.abc import Iterable

from bot.command import Context, Message, command
from bot.council.terms import keep, next_meetings
from bot.domain.term import Stage, months_left
from bot.round.form import to_office


@command("warn_term", subject="term", listed=False)
def warn_term(ctx: Context) -> Iterable[Message]:
    """Warn, and let the term enter the agendas; on the last day say that it has not been renewed.

    Nothing is said of a term that was renewed or let go meanwhile.
    """
    assert ctx.occurrence is not None
    assert ctx.occurrence.subject_id is not None
    term = ctx.uow.follow_ups.terms.get(ctx.occurrence.subject_id)
    _, _, ends, months = ctx.occurrence.key.split("/")
    if term.ended or term.ends.isoformat() != ends:
        return
    if months == "0":
        yield to_office("term_ends", {"term": term, "over": term.ends < ctx.today})
        return
    if term.stage is Stage.WAITING:
        term = keep(ctx, term.advanced())
    ahead = next_meetings(ctx, term.stage)
    data = {
        "term": term,
        "left": months_left(ctx.today, term.ends),
        "next": ahead,
        "too_late": [
            forum
            for forum, meeting in ahead.items()
            if meeting and meeting.starts_at.astimezone(ctx.calendar.zone).date() > term.ends
        ],
    }
    yield to_office("term_warning", data)

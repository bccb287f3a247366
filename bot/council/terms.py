"""Terms on their way through the forums: SAMSA → BRÅ → KS, every step in the trail.

What ends, and when to warn, stands in domain/term.py.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime

from bot.command import Context, Message, Rules
from bot.domain.calendar import WorkCalendar
from bot.domain.meeting import Meeting
from bot.domain.people import Forum
from bot.domain.schedule import Occurrence
from bot.domain.term import TURN, Stage, Term, TermKind, term_steps
from bot.round.form import to_office
from storage.unit_of_work import UnitOfWork


def terms(
    uow: UnitOfWork, rules: Rules, calendar: WorkCalendar, now: datetime
) -> Iterable[Occurrence]:
    """List the warnings of everything that is watched."""
    for term in uow.follow_ups.open_terms():
        yield from term_steps(term, calendar)


def on_agenda(ctx: Context, forum: Forum) -> Sequence[Term]:
    """List what stands on a forum's agenda because it is its turn, what ends first first."""
    turn = TURN.get(forum)
    return [term for term in ctx.uow.follow_ups.open_terms() if term.stage is turn]


def advance(ctx: Context, meeting: Meeting) -> Sequence[Message]:
    """Hand on what stood on the agenda of a meeting that has been held.

    An extra meeting is about what it was called for, so the terms wait for the next ordinary one.
    """
    if meeting.extra:
        return []
    moved = [
        keep(ctx, term.advanced(), meeting_id=meeting.id) for term in on_agenda(ctx, meeting.forum)
    ]
    if not moved:
        return []
    data = {"terms": moved, "meeting": meeting, "next": next_meetings(ctx, moved[0].stage)}
    return [to_office("terms_handed_on", data, key=f"terms_handed_on/{meeting.short_id}")]


def keep(ctx: Context, term: Term, *, what: str = "", meeting_id: int | None = None) -> Term:
    """Store a changed term and write the step into its trail; `what` names a step that is no
    change of stage."""
    ctx.uow.follow_ups.note(
        term.short_id,
        what or term.stage,
        at=ctx.now,
        by=ctx.actor.id if ctx.actor else None,
        text=term.ends.isoformat(),
        meeting_id=meeting_id,
    )
    return ctx.uow.follow_ups.terms.save(term)


def next_meetings(ctx: Context, stage: Stage) -> Mapping[Forum, Meeting | None]:
    """Give the meetings that are left on the way, in order; BRÅ comes after SAMSA."""
    samsa = next(iter(ctx.uow.meetings.to_come(ctx.now, Forum.SAMSA)), None)
    councils = ctx.uow.meetings.to_come(ctx.now, Forum.BRA)
    match stage:
        case Stage.WAITING | Stage.SAMSA:
            after = samsa.starts_at if samsa else ctx.now
            council = next((m for m in councils if m.starts_at > after), None)
            return {Forum.SAMSA: samsa, Forum.BRA: council}
        case Stage.BRA:
            return {Forum.BRA: next(iter(councils), None)}
        case _:
            return {}


def before_change(term: Term) -> Mapping[str, object]:
    """Give what `restore` needs to put a term back as it was."""
    return {
        "term": term.id,
        "kind": term.kind,
        "title": term.title,
        "ends": term.ends.isoformat(),
        "stage": term.stage,
        "ended": term.ended,
    }


def restore(ctx: Context, before: Mapping[str, object]) -> None:
    """Put a term back as `before_change` found it; the trail says that it was undone."""
    term = Term(
        id=int(str(before["term"])),
        kind=TermKind(str(before["kind"])),
        title=str(before["title"]),
        ends=date.fromisoformat(str(before["ends"])),
        stage=Stage(str(before["stage"])),
        ended=bool(before["ended"]),
    )
    keep(ctx, term, what="undone")


def terms_of_year(uow: UnitOfWork, year: int) -> Sequence[tuple[date, TermKind, str]]:
    """List what ends in a year: day, kind and title, in order of time."""
    open_terms = uow.follow_ups.open_terms()
    return [(term.ends, term.kind, term.title) for term in open_terms if term.ends.year == year]

"""What stands on a meeting's agenda: the standing points, each fed with what belongs there.

Nothing here is kept: an agenda is worked out from what is known when somebody looks at it. The
standing points are files (bot/standing.py); how a point looks is the template's `_agenda.md`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from bot.command import Context
from bot.council.follow_up import cases_for, measures_due, open_assignments
from bot.council.terms import on_agenda
from bot.domain.agenda import AgendaItem, Feed, NoteKind, StandingPoint, in_order
from bot.domain.errors import Conflict, NotFound
from bot.domain.meeting import Meeting
from bot.domain.people import Forum
from bot.round.editions import newest_edition
from bot.standing import EXTRA

MOST_LINES = 8
"""Lines of one feed that are shown; the rest is counted, so that the agenda fits a phone."""

AHEAD = timedelta(days=60)
"""How far ahead holidays are named: about the time to the forum's next meeting."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line under a point; `facts` are what the template needs for a line of this kind."""

    kind: Feed
    facts: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A numbered point with its lines. `left_out` counts the lines that are not shown."""

    number: int
    heading: Mapping[str, str]
    note: Mapping[str, str] | None
    lines: Sequence[Line]
    left_out: int = 0


def standing_points(ctx: Context, meeting: Meeting) -> Sequence[StandingPoint]:
    """Give the standing points of a meeting."""
    return ctx.agendas[EXTRA if meeting.extra else meeting.forum.value]


def point_with(ctx: Context, meeting: Meeting, feed: Feed) -> int:
    """Give the number of the point with a feed, or 0."""
    points = enumerate(standing_points(ctx, meeting), start=1)
    return next((number for number, point in points if feed in point.feeds), 0)


def compose(ctx: Context, meeting: Meeting) -> Sequence[Point]:
    """Work out a meeting's agenda as it stands now."""
    points = []
    for number, standing in enumerate(standing_points(ctx, meeting), start=1):
        lines: list[Line] = []
        left_out = 0
        for feed in standing.feeds:
            found = [Line(kind=feed, facts=facts) for facts in _FEEDS[feed](ctx, meeting)]
            most = len(found) if feed is Feed.ITEMS else MOST_LINES
            lines += found[:most]
            left_out += len(found[most:])
        points.append(
            Point(
                number=number,
                heading=standing.heading,
                note=standing.note,
                lines=lines,
                left_out=left_out,
            )
        )
    return points


def items_of(ctx: Context, meeting: Meeting) -> Sequence[AgendaItem]:
    """List what people have put on a meeting's agenda, in its order."""
    return in_order(ctx.uow.meetings.items_of(meeting))


def offer_undo(ctx: Context, *was: AgendaItem) -> None:
    """Let the actor take back a change of agenda items for ten minutes: `was` is how they stood."""
    kept = [[i.id, i.meeting_id, i.position, int(i.addition), int(i.withdrawn)] for i in was]
    ctx.uow.marks.offer_undo(ctx.person.id, "agenda", {"was": kept}, ctx.now)


def take_back(ctx: Context, was: Sequence[Sequence[int]]) -> None:
    """Let agenda items be again as `offer_undo` kept them.

    Raises:
        Conflict: `agenda_closed`, where the meeting has begun.
    """
    shelf = ctx.uow.meetings.items
    for item_id, meeting_id, position, addition, withdrawn in was:
        item = replace(
            shelf.get(item_id),
            meeting_id=meeting_id,
            position=position,
            addition=bool(addition),
            withdrawn=bool(withdrawn),
        )
        meeting = ctx.uow.meetings.get(meeting_id)
        if not meeting.state.is_to_come:
            raise Conflict("agenda_closed", {"meeting": meeting})
        shelf.save(item)


def next_to_come(ctx: Context, forum: Forum) -> Meeting:
    """Give the forum's next meeting; one that should have begun by now is none.

    Raises:
        NotFound: `no_meeting_planned`.
    """
    found = ctx.uow.meetings.to_come(ctx.now, forum)
    if not found:
        raise NotFound("no_meeting_planned", {"forum": forum})
    return found[0]


def following(ctx: Context, meeting: Meeting) -> Meeting | None:
    """Give the forum's next meeting after this one, if it is fixed."""
    later = [
        m
        for m in ctx.uow.meetings.to_come(ctx.now, meeting.forum)
        if m.starts_at > meeting.starts_at and m.id != meeting.id
    ]
    return later[0] if later else None


Facts = Iterable[Mapping[str, object]]
_SATURDAY = 6


def _previous(ctx: Context, meeting: Meeting) -> Facts:
    last = ctx.uow.meetings.last_held(meeting.forum, meeting.starts_at)
    if last is not None:
        notes = [n for n in ctx.uow.meetings.notes_of(last) if not n.withdrawn]
        decisions = [n for n in notes if n.kind is NoteKind.DECISION]
        yield {"meeting": last, "decisions": decisions}


def _assignments(ctx: Context, meeting: Meeting) -> Facts:
    for assignment in open_assignments(ctx, meeting.forum):
        yield {"assignment": assignment, "overdue": assignment.overdue(ctx.today)}


def _report(ctx: Context, meeting: Meeting) -> Facts:
    edition = newest_edition(ctx, meeting.forum)
    period = ctx.uow.cycles.get(edition.cycle_id).period if edition else None
    yield {"period": period, "number": edition.number if edition else 0}


def _cases(ctx: Context, meeting: Meeting) -> Facts:
    for case in cases_for(ctx, meeting.forum):
        yield {"case": case}


def _measures(ctx: Context, meeting: Meeting) -> Facts:
    for measure in measures_due(ctx, meeting.forum):
        yield {"measure": measure, "overdue": measure.due is not None and measure.due < ctx.today}


def _deadlines(ctx: Context, meeting: Meeting) -> Facts:
    for term in on_agenda(ctx, meeting.forum):
        yield {"term": term}


def _items(ctx: Context, meeting: Meeting) -> Facts:
    for item in items_of(ctx, meeting):
        yield {"item": item}


def _next(ctx: Context, meeting: Meeting) -> Facts:
    yield {"meeting": following(ctx, meeting)}


def _ahead(ctx: Context, meeting: Meeting) -> Facts:
    """Name the school holidays, and the holidays that fall on weekdays."""
    day = meeting.starts_at.astimezone(ctx.calendar.zone).date()
    last = day + AHEAD
    found = [
        (h.first, h.last, h.name)
        for h in ctx.rules.plan.school_holidays
        if h.last > day and h.first <= last
    ]
    found += [
        (red, red, name)
        for red, name in ctx.calendar.red_days.items()
        if day < red <= last and red.isoweekday() < _SATURDAY and name
    ]
    for first, until, name in sorted(found):
        yield {"first": first, "last": until, "name": name}


def _reason(ctx: Context, meeting: Meeting) -> Facts:
    if meeting.reason:
        yield {"reason": meeting.reason}


_FEEDS: Mapping[Feed, Callable[[Context, Meeting], Facts]] = {
    Feed.PREVIOUS: _previous,
    Feed.ASSIGNMENTS: _assignments,
    Feed.REPORT: _report,
    Feed.CASES: _cases,
    Feed.MEASURES: _measures,
    Feed.DEADLINES: _deadlines,
    Feed.ITEMS: _items,
    Feed.NEXT: _next,
    Feed.AHEAD: _ahead,
    Feed.REASON: _reason,
}

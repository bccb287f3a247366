"""What the council's year has left in a period's months, read for the registry's package.

How it is written belongs in council_export.py.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.domain.agenda import AgendaItem, Note, in_order
from bot.domain.calendar import Period
from bot.domain.cycle import Cycle
from bot.domain.follow_up import Assignment, Case, Measure
from bot.domain.meeting import Meeting, MeetingState, Reply
from bot.domain.people import Unit
from bot.domain.term import Term
from bot.domain.unrest import Unrest
from bot.handouts import Artifact
from storage.follow_ups import Step
from storage.papers import Paper
from storage.unit_of_work import UnitOfWork

_TOOK_PLACE = (MeetingState.BEGUN, MeetingState.HELD)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sitting:
    """A meeting that took place, with how many answered what to the call."""

    meeting: Meeting
    replies: Mapping[Reply, int]
    items: Sequence[AgendaItem]
    notes: Sequence[Note]
    """Empty until the notes are approved: before that they are a draft and no public record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """All of it; `trail` is of the cases, assignments, measures and terms here."""

    sittings: Sequence[Sitting]
    cases: Sequence[Case]
    assignments: Sequence[Assignment]
    measures: Sequence[Measure]
    terms: Sequence[Term]
    trail: Sequence[Step]
    papers: Sequence[tuple[Paper, Sequence[Artifact]]]
    unrest: Sequence[Unrest]
    units: Mapping[int, Unit]
    takers: Mapping[int, str]
    """Names of those who have taken an assignment, by id."""
    cycles: Mapping[int, Cycle]
    """The rounds that something came from."""

    def __bool__(self) -> bool:
        """Tell whether there is anything."""
        kept = (self.sittings, self.cases, self.assignments, self.measures)
        return any((*kept, self.terms, self.papers, self.unrest))


def read_records(
    uow: UnitOfWork, period: Period, zone: ZoneInfo, *, rounds: Collection[int]
) -> Records:
    """Read what belongs to a period's months.

    What is followed up belongs to a month in which something happened to it, in which its meeting
    was, or whose round (`rounds`, by id) it came from; it is given as it is now, with all of its
    trail. A term belongs also to the month in which it ends.
    """
    first = datetime.combine(period.start, time(), tzinfo=zone)
    last = datetime.combine(period.end + timedelta(days=1), time(), tzinfo=zone)
    meetings = uow.meetings.between(first, last)
    meeting_ids = {meeting.id for meeting in meetings}
    trail: list[Step] = []

    def concerns(value: Case | Assignment | Measure | Term) -> bool:
        steps = uow.follow_ups.trail(value.short_id)
        found = any(first <= step.at < last for step in steps)
        if isinstance(value, Term):
            found = found or period.start <= value.ends <= period.end
        else:
            found = found or value.meeting_id in meeting_ids or value.cycle_id in rounds
        if found:
            trail.extend(steps)
        return found

    cases = [case for case in uow.follow_ups.cases.where() if concerns(case)]
    assignments = [a for a in uow.follow_ups.assignments.where() if concerns(a)]
    measures = [measure for measure in uow.follow_ups.measures.where() if concerns(measure)]
    followed: Sequence[Case | Assignment | Measure] = [*cases, *assignments, *measures]
    origins = {value.cycle_id for value in followed}
    takers = {assignment.owner_id for assignment in assignments}
    return Records(
        sittings=[_sitting(uow, m) for m in meetings if m.state in _TOOK_PLACE],
        cases=cases,
        assignments=assignments,
        measures=measures,
        terms=[term for term in uow.follow_ups.terms.where() if concerns(term)],
        trail=trail,
        papers=[
            (paper, [artifact for _, artifact in uow.papers.files(paper.id)])
            for paper in uow.papers.approved_between(first, last)
        ],
        unrest=[u for u in uow.unrests.where() if _troubled(u, period, zone)],
        units={unit.id: unit for unit in uow.people.all_units()},
        takers={n: uow.people.get(n).name for n in takers if n is not None},
        cycles={n: uow.cycles.get(n) for n in origins if n is not None},
    )


def _sitting(uow: UnitOfWork, meeting: Meeting) -> Sitting:
    # The last answer of each, to the time that the meeting had at last.
    last = {r.person_id: r.reply for r in uow.meetings.rsvps(meeting) if r.asked == meeting.asked}
    given = list(last.values())
    notes = uow.meetings.notes_of(meeting) if meeting.notes_approved else ()
    return Sitting(
        meeting=meeting,
        replies={reply: given.count(reply) for reply in Reply},
        items=in_order(uow.meetings.items_of(meeting)),
        notes=[note for note in notes if not note.withdrawn],
    )


def _troubled(unrest: Unrest, period: Period, zone: ZoneInfo) -> bool:
    """Tell whether a time of unrest lay in the period's months, wholly or partly."""
    ended = unrest.ended_at.astimezone(zone).date() if unrest.ended_at else unrest.last_day
    return unrest.begins_at.astimezone(zone).date() <= period.end and period.start <= ended

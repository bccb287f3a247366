"""What will happen by itself: the clock's list, read from the database and the rules.

Each kind of work tells its own steps (rounds here, the others in their rooms); what they have in
common is decided here: nothing twice, nothing of no use any more, and nothing that speaks to people
late in the evening.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.command import Rules
from bot.council.due_clock import due_reminders
from bot.council.quarter import quarters
from bot.council.terms import terms
from bot.council.unrest import unrest_steps
from bot.council.year import year_plans
from bot.domain.calendar import WorkCalendar
from bot.domain.meeting_clock import meeting_steps
from bot.domain.schedule import Occurrence, upcoming
from storage.unit_of_work import UnitOfWork

Source = Callable[[UnitOfWork, Rules, WorkCalendar, datetime], Iterable[Occurrence]]

_DAYTIME = frozenset(
    {"open_cycle", "remind", "ask_deputy", "ask_items", "call_meeting", "remind_meeting"}
    | {"ask_notes", "remind_due", "warn_term", "open_unrest", "quarter_due", "unrest_ends"}
    | {"end_unrest", "propose_year"}
)
"""Verbs that speak to people, and so wait for working hours when they are late."""

_PROMPT = timedelta(minutes=5)
"""The timer wakes a moment after the instant: what comes so soon is not late, or what falls due as
the working day ends would never be on time."""


def planned(
    uow: UnitOfWork, rules: Rules, calendar: WorkCalendar, now: datetime
) -> Sequence[Occurrence]:
    """List what will happen by itself, due or to come, in order."""
    found = [step for source in SOURCES for step in source(uow, rules, calendar, now)]
    happened = uow.cycles.happened_of([step.key for step in found])
    return waiting(found, happened, calendar, now)


def waiting(
    steps: Iterable[Occurrence], happened: Collection[str], calendar: WorkCalendar, now: datetime
) -> Sequence[Occurrence]:
    """List what has not happened yet, in order; what is late and speaks to people waits for a
    working day's hours (routine: reminders 08–16 on working days), unless it would then be of no
    use."""
    left = [
        _in_daytime(step, calendar, now)
        for step in steps
        if step.key not in happened and (step.before is None or step.before > now)
    ]
    return sorted(left, key=lambda step: (step.at, step.key))


def rounds(
    uow: UnitOfWork, rules: Rules, calendar: WorkCalendar, now: datetime
) -> Iterable[Occurrence]:
    """List the steps of the months' rounds. In a rehearsal nothing happens by itself: its reminders
    would go to real people."""
    found = upcoming(
        [cycle for cycle in uow.cycles.unfinished() if not cycle.rehearsal],
        rules.round,
        calendar,
        now=now,
        known_periods=uow.cycles.opened(),
    )
    started = uow.marks.get("installed")
    for step in found:
        early = started is not None and step.at < datetime.fromisoformat(started)
        if step.verb != "open_cycle" or not early:
            yield step


def meetings(
    uow: UnitOfWork, rules: Rules, calendar: WorkCalendar, now: datetime
) -> Iterable[Occurrence]:
    """List the steps of every fixed meeting."""
    for meeting in uow.meetings.unfinished():
        yield from meeting_steps(meeting, rules.meetings, calendar)


SOURCES: Sequence[Source] = (
    *(rounds, meetings, unrest_steps, terms, due_reminders, quarters, year_plans),
)


def _in_daytime(step: Occurrence, calendar: WorkCalendar, now: datetime) -> Occurrence:
    if now - step.at < _PROMPT or step.verb not in _DAYTIME:
        return step
    later = calendar.next_office_time(now)
    return step if step.before is not None and later >= step.before else replace(step, at=later)

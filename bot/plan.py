"""What will happen by itself: the clock's list, read from the database and the rules."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from bot.domain.calendar import WorkCalendar
from bot.domain.cycle import CycleState
from bot.domain.schedule import Occurrence, RoundRule, upcoming
from storage.unit_of_work import UnitOfWork

_DAYTIME = frozenset({"open_cycle", "remind", "ask_deputy"})
"""Verbs that speak to people, and so wait for working hours when they are late."""


def planned(
    uow: UnitOfWork, rule: RoundRule, calendar: WorkCalendar, now: datetime
) -> Sequence[Occurrence]:
    """List what has not happened yet, in order; what is late and speaks to people waits for a
    working day's hours (routine: reminders 08–16 on working days). In a rehearsal nothing happens
    by itself: its reminders would go to real people."""
    cycles = uow.cycles.all()
    opened = frozenset(
        c.period.key for c in cycles if not c.rehearsal and c.state is not CycleState.PLANNED
    )
    found = upcoming(
        [c for c in cycles if c.state is not CycleState.PUBLISHED and not c.rehearsal],
        rule,
        calendar,
        now=now,
        happened=uow.cycles.happened,
        known_periods=opened,
    )
    started = uow.marks.get("installed")
    return [
        replace(o, at=calendar.next_office_time(now)) if o.at < now and o.verb in _DAYTIME else o
        for o in found
        if o.verb != "open_cycle" or started is None or o.at >= datetime.fromisoformat(started)
    ]

"""When a round's steps fall due, by working-day rule and never by date alone.

Pure: the plan of a round and the question "what is due now?". The clock that asks is scheduler.py,
what is done stands in commands/.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from bot.domain.calendar import Period, WorkCalendar
from bot.domain.cycle import Cycle, CycleState


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundRule:
    """How a month's round runs (routine: "The monthly round"). Days are working days, 1 = opening.

    `joined` names pairs of months that are asked about together, e.g. (6, 7).
    """

    opens_at: time = time(9)
    reminder_days: Sequence[int] = (3, 4)
    reminder_time: time = time(9)
    deputy_day: int = 4
    closes_day: int = 5
    closes_at: time = time(16)
    told_at: time = time(8)
    joined: Sequence[tuple[int, int]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurrence:
    """One dated thing the clock causes. `verb` is a command's name; `key` is unique for ever.

    `subject_id` is the round, meeting … that it is about; after `before` it is of no use.
    """

    key: str
    verb: str
    at: datetime
    subject_id: int | None = None
    before: datetime | None = None


def opening(period: Period, rule: RoundRule, calendar: WorkCalendar) -> datetime:
    """Give the instant at which the round about a period opens: the first working day after it."""
    after = period.end + timedelta(days=1)
    return calendar.at(calendar.nth_working_day(after.year, after.month, 1), rule.opens_at)


def closing(opens: datetime, rule: RoundRule, calendar: WorkCalendar) -> datetime:
    """Give the deadline of a round that opens then."""
    day = opens.astimezone(calendar.zone).date()
    return calendar.at(calendar.add_working_days(day, rule.closes_day - 1), rule.closes_at)


def period_to_open(day: date, rule: RoundRule) -> Period | None:
    """Name the period that a round opened in this month asks about; None inside a joined pair."""
    period = Period.before(day, rule.joined)
    return period if period.end < day.replace(day=1) else None


def steps(cycle: Cycle, rule: RoundRule, calendar: WorkCalendar) -> Sequence[Occurrence]:
    """List what the clock does in a round, in order, counted from when it really opened."""
    first = cycle.opens_at.astimezone(calendar.zone).date()
    key = cycle.period.key if not cycle.rehearsal else f"rehearsal-{cycle.id}"
    planned: list[Occurrence] = []

    def add(verb: str, at: datetime, suffix: str = "") -> None:
        planned.append(
            Occurrence(key=f"{verb}/{key}{suffix}", verb=verb, at=at, subject_id=cycle.id)
        )

    for number, day in enumerate(rule.reminder_days, start=1):
        at = calendar.at(calendar.add_working_days(first, day - 1), rule.reminder_time)
        if at < cycle.closes_at:
            add("remind", at, f"/{number}")
    deputy = calendar.at(calendar.add_working_days(first, rule.deputy_day - 1), rule.reminder_time)
    if deputy < cycle.closes_at:
        add("ask_deputy", deputy)
    add("close_cycle", cycle.closes_at)
    closed_on = cycle.closes_at.astimezone(calendar.zone).date()
    add("tell_result", calendar.at(calendar.add_working_days(closed_on, 1), rule.told_at))
    return sorted(planned, key=lambda o: o.at)


def upcoming(
    cycles: Sequence[Cycle],
    rule: RoundRule,
    calendar: WorkCalendar,
    *,
    now: datetime,
    known_periods: frozenset[str],
) -> Sequence[Occurrence]:
    """List open rounds' steps and the next openings; which have happened, the caller knows.

    Args:
        cycles: rounds that are not published.
        rule: how a round runs.
        calendar: the working days.
        now: the present instant.
        known_periods: periods that have opened before, whatever their state now.
    """
    found = [
        step
        for cycle in cycles
        if cycle.state in (CycleState.OPEN, CycleState.CLOSED, CycleState.PREVIEWED)
        for step in steps(cycle, rule, calendar)
        if _still_matters(step, cycle)
    ]
    today = now.astimezone(calendar.zone).date()
    month = today.replace(day=1)
    for _ in range(3):
        period = period_to_open(month, rule)
        if period is not None and period.key not in known_periods:
            found.append(
                Occurrence(
                    key=f"open_cycle/{period.key}",
                    verb="open_cycle",
                    at=opening(period, rule, calendar),
                )
            )
        month = (month + timedelta(days=32)).replace(day=1)
    return sorted(found, key=lambda o: (o.at, o.key))


def _still_matters(step: Occurrence, cycle: Cycle) -> bool:
    """Leave out reminders of a round that has been closed or previewed by hand."""
    return cycle.state is CycleState.OPEN or step.verb == "tell_result"


def due(upcoming_now: Sequence[Occurrence], *, now: datetime) -> Sequence[Occurrence]:
    """Pick what is due. After downtime several reminders of one round become the last one only.

    The reminders left out are not due any more either: their keys are noted with the one that runs.
    """
    ripe = [o for o in upcoming_now if o.at <= now]
    last: dict[int | None, str] = {o.subject_id: o.key for o in ripe if o.verb == "remind"}
    return [o for o in ripe if o.verb != "remind" or last[o.subject_id] == o.key]


def moved_deadline(
    cycle: Cycle, calendar: WorkCalendar, *, down_from: datetime, now: datetime
) -> datetime:
    """Give the deadline after downtime: later by the working days that began meanwhile.

    A deadline that had passed before the downtime stays.
    """
    if down_from >= cycle.closes_at:
        return cycle.closes_at
    lost = calendar.working_days_between(max(down_from, cycle.opens_at), now)
    closes = cycle.closes_at.astimezone(calendar.zone)
    return calendar.at(calendar.add_working_days(closes.date(), lost), closes.time())

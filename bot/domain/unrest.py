"""Social unrest: for a while some units are asked more often, with three questions.

Started with a reason and a mandatory end, at most 14 days ahead and renewable; it returns by itself
(routine: "Unrest mode"). The monthly round goes on beside it. How an order to begin is read belongs
in unrest_order.py; what is done at each instant, in bot/council/unrest.py.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from bot.domain.calendar import OFFICE_CLOSES, WorkCalendar
from bot.domain.errors import Conflict, Invalid
from bot.domain.question import Value

LONGEST = timedelta(days=14)
ASKED_AT = time(9)
LAST_ASKED = time(13)
"""Who is asked later than this, with less than an hour left, has until the next working day."""
CLOSES_AT = time(14)
_DAY = timedelta(days=1)


class Mode(StrEnum):
    """How often the units concerned are asked: weekly, or every working day."""

    ELEVATED = "elevated"
    HIGH = "high"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unrest:
    """A time of unrest. `last_day` belongs to it; the mode returns at the end of that day."""

    id: int = 0
    mode: Mode
    reason: str
    area: str
    """In words, as it is said in the rooms; "" where only units are named."""
    unit_ids: tuple[int, ...]
    begins_at: datetime
    last_day: date
    started_by: int
    ended_at: datetime | None = None

    @property
    def short_id(self) -> str:
        """The id people type: `r2` (oro)."""
        return f"r{self.id}"

    def renewed(self, last_day: date, today: date) -> "Unrest":
        """Give it a later end.

        Raises:
            Invalid: `unrest_too_long`, `unrest_not_longer`. Conflict: `unrest_over`.
        """
        if self.ended_at is not None:
            raise Conflict("unrest_over")
        check_end(last_day, today)
        if last_day <= self.last_day:
            raise Invalid("unrest_not_longer", {"last_day": self.last_day})
        return replace(self, last_day=last_day)

    def at_level(self, mode: Mode) -> "Unrest":
        """Ask more often or less often until the same end.

        Raises:
            Conflict: `unrest_over`, `unrest_same_level`.
        """
        if self.ended_at is not None:
            raise Conflict("unrest_over")
        if mode is self.mode:
            raise Conflict("unrest_same_level", {"mode": mode})
        return replace(self, mode=mode)


def check_end(last_day: date, today: date) -> None:
    """Refuse an end that has been or is more than 14 days away.

    Raises:
        Invalid: `unrest_too_long`, with the last day possible.
    """
    if not today <= last_day <= today + LONGEST:
        raise Invalid("unrest_too_long", {"latest": today + LONGEST})


@dataclass(frozen=True, slots=True, kw_only=True)
class UnrestRound:
    """One asking: when it goes out, until when answers are in time, and from when it is of no use
    to ask, because the next one comes soon or the time of unrest is over."""

    number: int
    opens_at: datetime
    closes_at: datetime
    before: datetime


def rounds(unrest: Unrest, calendar: WorkCalendar) -> Sequence[UnrestRound]:
    """List the rounds of a time of unrest, in order, as its level is now.

    The first goes out at once where there are working hours left, else the next working morning;
    then weekly (elevated) or every working day (high).
    """
    days = _days(unrest, calendar)
    found = []
    ends = [*days, unrest.last_day + _DAY][1:]
    for number, (day, following) in enumerate(zip(days, ends, strict=True), start=1):
        opens = calendar.at(day, ASKED_AT) if number > 1 else first_asked(unrest, calendar)
        last = calendar.previous_working_day(following - _DAY)
        found.append(
            UnrestRound(
                number=number,
                opens_at=opens,
                closes_at=deadline(opens, calendar),
                before=calendar.at(last, LAST_ASKED),
            )
        )
    return found


def first_asked(unrest: Unrest, calendar: WorkCalendar) -> datetime:
    """Give the instant of the first question."""
    first = calendar.next_office_time(unrest.begins_at.astimezone(calendar.zone))
    if first.time() < LAST_ASKED:
        return first
    return calendar.at(calendar.add_working_days(first.date(), 1), ASKED_AT)


def deadline(asked: datetime, calendar: WorkCalendar) -> datetime:
    """Give the deadline of a question that goes out then: 14.00 the same day, or the next working
    day where less than an hour is left."""
    local = asked.astimezone(calendar.zone)
    late = local.time() >= LAST_ASKED
    day = calendar.add_working_days(local.date(), 1) if late else local.date()
    return calendar.at(day, CLOSES_AT)


def returns_at(unrest: Unrest, calendar: WorkCalendar) -> datetime:
    """Give the instant of the return: 16.00 on the last day, when its question has been closed and
    compiled; where nobody works then, the next working morning."""
    closes = calendar.at(unrest.last_day, OFFICE_CLOSES)
    if calendar.is_working_day(unrest.last_day):
        return closes
    return calendar.next_office_time(closes)


def warned_at(unrest: Unrest, calendar: WorkCalendar) -> datetime:
    """Give the instant of the word that it ends soon: a working day before the last day."""
    return calendar.at(calendar.previous_working_day(unrest.last_day - _DAY), ASKED_AT)


def still(answers: Mapping[str, Value]) -> dict[str, Value]:
    """Give the last answers as this time's: the state and the need are the same, nothing new has
    happened."""
    nothing = {"handelse": Value(chosen=("nej",))} if "handelse" in answers else {}
    return {**answers, **nothing}


def _days(unrest: Unrest, calendar: WorkCalendar) -> Sequence[date]:
    """List the days of the rounds; weeks count from the first, whatever red days lie between."""
    first = day = first_asked(unrest, calendar).date()
    found: list[date] = []
    weeks = 0
    while day <= unrest.last_day:
        found.append(day)
        while day <= found[-1]:
            weeks += 1
            step = _DAY if unrest.mode is Mode.HIGH else timedelta(weeks=weeks)
            start = found[-1] if unrest.mode is Mode.HIGH else first
            day = calendar.next_working_day(start + step)
    return found

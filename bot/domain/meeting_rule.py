"""When a forum meets, year after year ("v 7", "andra torsdagen i februari"), and when never.

Here stand the rules and their defaults, as settings give them, and the days that no meeting may
have. Which days of one year come out of it all belongs in year_plan.py.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from enum import StrEnum

from bot.domain.calendar import WorkCalendar
from bot.domain.date_words import DateProblem, read_facts
from bot.domain.dates import nth_weekday
from bot.domain.people import Forum

THURSDAY = 4
_JULY = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class WeekSlot:
    """A week of every year ("v 7"), with a weekday of its own where one was written."""

    week: int
    weekday: int | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.week <= 53:
            raise ValueError(f"no year has a week {self.week}")

    def day(self, year: int, weekday: int) -> date | None:
        """Give the day in the week's own year; None in a year without a week 53.

        The Monday of week 1 may lie in December, the Friday of week 53 in January.
        """
        try:
            return date.fromisocalendar(year, self.week, self.weekday or weekday)
        except ValueError:
            return None


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthSlot:
    """A weekday of a month by its number ("andra torsdagen i februari"), -1 being the last."""

    ordinal: int
    weekday: int
    month: int

    def day(self, year: int, weekday: int) -> date | None:
        """Give the day; None in a year whose month has no fifth one. `weekday` changes nothing."""
        try:
            return nth_weekday(year, self.month, self.weekday, self.ordinal)
        except ValueError:
            return None


Slot = WeekSlot | MonthSlot


def parse_slot(text: str) -> Slot:
    """Read a place in the year, in Swedish or English.

    Args:
        text: e.g. "v 7", "vecka 7 torsdag", "andra torsdagen i februari", "last wednesday of may".

    Raises:
        ValueError: it is neither a week nor a numbered weekday of a month.
    """
    try:
        # Any day will do: what depends on today gives facts that no slot has.
        sides = list(read_facts(text, date(2026, 1, 1)))
    except DateProblem:
        sides = []
    said = sides[0] if len(sides) == 1 else {}
    match said:
        case {"week": week, **others} if others.keys() <= {"weekday"}:
            return WeekSlot(week=week, weekday=others.get("weekday"))
        case {"ordinal": ordinal, "weekday": weekday, "month": month, **others} if not others:
            return MonthSlot(ordinal=ordinal, weekday=weekday, month=month)
    raise ValueError(
        f'"{text}" is no time of the year; write "v 7", "v 7 torsdag" or "andra torsdagen i '
        'februari"'
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class MeetingRule:
    """When and where one forum meets. `weekday` (Monday is 1) is for weeks written without one."""

    forum: Forum
    when: Sequence[Slot]
    weekday: int = THURSDAY
    at: time = time(13)
    minutes: int = 120
    place: str = ""
    link: str = ""

    def __post_init__(self) -> None:
        if not 1 <= self.weekday <= 7:
            raise ValueError(f"no weekday has the number {self.weekday}")
        if self.minutes <= 0:
            raise ValueError("a meeting takes at least a minute")


def _weeks(*numbers: int) -> Sequence[Slot]:
    return tuple(WeekSlot(week=number) for number in numbers)


BRA_RULE = MeetingRule(forum=Forum.BRA, when=_weeks(7, 21, 37, 48))
"""Each two or three weeks after a SAMSA of SAMSA_RULE, which is there to prepare it."""

SAMSA_RULE = MeetingRule(forum=Forum.SAMSA, when=_weeks(4, 11, 18, 34, 41, 46))

MANAGEMENT_RULE = MeetingRule(
    forum=Forum.MANAGEMENT,
    when=(
        MonthSlot(ordinal=3, weekday=THURSDAY, month=1),
        MonthSlot(ordinal=4, weekday=THURSDAY, month=4),
        MonthSlot(ordinal=2, weekday=THURSDAY, month=6),
        MonthSlot(ordinal=3, weekday=THURSDAY, month=10),
    ),
    minutes=60,
)
"""Each quarter's report when its last month's round is over (about the 8th working day). April
waits until Easter, which ends by the 22nd in every year before 2038; June, which comes before its
quarter ends, keeps a week's distance to midsommarafton (19 to 25 June)."""

DEFAULT_RULES = (BRA_RULE, SAMSA_RULE, MANAGEMENT_RULE)


class Hindrance(StrEnum):
    """Why a meeting cannot lie on a day; the last two only explain why one was moved."""

    RED_DAY = "red_day"
    """A public holiday or an eve; named."""
    WEEKEND = "weekend"
    JULY = "july"
    BLOCKED = "blocked"
    """One of the municipality's own blocked dates; named."""
    OTHER_YEAR = "other_year"
    """The wished day of week 1 or 53 lies in the year before or after."""
    SAMSA_MOVED = "samsa_moved"
    """Its SAMSA was moved and would come too close to it, or too long before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forbidden:
    """What keeps a meeting from a day, with its name where it has one."""

    code: Hindrance
    name: str = ""


def forbidden(day: date, calendar: WorkCalendar, blocked: Mapping[date, str]) -> Forbidden | None:
    """Tell what keeps a meeting from `day`: red day or eve, weekend, July, blocked; else None."""
    name = calendar.why_not_working(day)
    if name:
        return Forbidden(code=Hindrance.RED_DAY, name=name)
    if name is not None:
        return Forbidden(code=Hindrance.WEEKEND)
    if day.month == _JULY:
        return Forbidden(code=Hindrance.JULY)
    if day in blocked:
        return Forbidden(code=Hindrance.BLOCKED, name=blocked[day])
    return None


def lead(day: date, days: int, calendar: WorkCalendar) -> date:
    """Give the working day on or before the day that lies `days` calendar days before `day`."""
    return calendar.previous_working_day(day - timedelta(days=days))

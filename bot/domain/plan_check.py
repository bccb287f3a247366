"""What is wrong with a year's meetings: too few, at the wrong distance, on days to warn about.

The same judgement for a plan that was proposed and one that was changed by hand. Days that are
forbidden stand in meeting_rule.py, how a plan comes about in year_plan.py.

Sources: the routine's numbers (BRÅ 4, SAMSA 6, management each quarter); practice for the rest.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Protocol

from bot.domain.calendar import WorkCalendar
from bot.domain.meeting_rule import DEFAULT_RULES, MeetingRule, forbidden
from bot.domain.people import Forum

WANTED: Mapping[Forum, int] = {Forum.BRA: 4, Forum.SAMSA: 6, Forum.MANAGEMENT: 4}
"""Meetings a year (routine). Several of the management group in one month count as one there."""

PREPARED = range(14, 29)
"""Days from a SAMSA to the BRÅ that it prepares: two to four weeks."""


class WarningCode(StrEnum):
    """What the coordinator should know about a day that is allowed."""

    SQUEEZE_DAY = "squeeze_day"
    SCHOOL_HOLIDAY = "school_holiday"
    BRA_TOO_SOON = "bra_too_soon"
    """The last SAMSA before it is less than two weeks away."""
    BRA_TOO_LATE = "bra_too_late"
    """The last SAMSA before it is more than four weeks away, or there is none."""
    CLASH = "clash"
    """Another meeting is held during a part of it; `name` is that forum's value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanWarning:
    """One warning about one meeting, with the name of the day, holiday or forum it is about."""

    code: WarningCode
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SchoolHoliday:
    """Days in a row without school; both ends belong to it."""

    name: str
    first: date
    last: date


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRules:
    """What a municipality has decided about its meetings: when each forum meets, and when never."""

    rules: Sequence[MeetingRule] = DEFAULT_RULES
    blocked: Mapping[date, str] = field(default_factory=dict)
    school_holidays: Sequence[SchoolHoliday] = ()

    def of(self, forum: Forum) -> MeetingRule:
        """Give a forum's own rule, or the default one."""
        found = {rule.forum: rule for rule in (*DEFAULT_RULES, *self.rules)}
        return found[forum]


class Sitting(Protocol):
    """What a judgement needs of a meeting; a proposed one has it, and a fixed one too."""

    @property
    def forum(self) -> Forum: ...
    @property
    def starts_at(self) -> datetime: ...
    @property
    def minutes(self) -> int: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortfall:
    """A forum with fewer meetings in the year than the routine demands."""

    forum: Forum
    wanted: int
    planned: int


def check(
    meetings: Sequence[Sitting],
    calendar: WorkCalendar,
    blocked: Mapping[date, str],
    school_holidays: Sequence[SchoolHoliday],
    year: int,
) -> tuple[Sequence[Sequence[PlanWarning]], Sequence[Shortfall]]:
    """Judge a plan, also one that was changed by hand; forbidden days are `forbidden`'s to name.

    Args:
        meetings: the plan, without what is cancelled. With the last meetings of the year before,
            a BRÅ in January is measured from its own SAMSA.
        calendar: the working days.
        blocked: the municipality's blocked dates. A meeting on a forbidden day does not count.
        school_holidays: with their names.
        year: the year that the numbers of the routine are counted in.

    Returns:
        Each meeting's warnings, in the order of `meetings`, and the forums that meet too seldom.
    """
    days = [m.starts_at.astimezone(calendar.zone).date() for m in meetings]
    samsa = [day for m, day in zip(meetings, days, strict=True) if m.forum is Forum.SAMSA]
    warnings: list[Sequence[PlanWarning]] = []
    for index, (meeting, day) in enumerate(zip(meetings, days, strict=True)):
        found = about_day(day, calendar, school_holidays)
        if meeting.forum is Forum.BRA and (late := unprepared(day, samsa)):
            found.append(PlanWarning(code=late))
        others = [other for at, other in enumerate(meetings) if at != index]
        clashes = sorted({other.forum for other in others if overlap(meeting, other)})
        found += [PlanWarning(code=WarningCode.CLASH, name=forum) for forum in clashes]
        warnings.append(found)
    held = {
        (m.forum, day.month if m.forum is Forum.MANAGEMENT else day)
        for m, day in zip(meetings, days, strict=True)
        if day.year == year and forbidden(day, calendar, blocked) is None
    }
    counts = {forum: sum(f is forum for f, _ in held) for forum in WANTED}
    short = [
        Shortfall(forum=forum, wanted=wanted, planned=counts[forum])
        for forum, wanted in WANTED.items()
        if counts[forum] < wanted
    ]
    return warnings, short


def about_day(
    day: date, calendar: WorkCalendar, school_holidays: Sequence[SchoolHoliday]
) -> list[PlanWarning]:
    """Give the warnings that a day itself causes, whatever meeting lies on it."""
    found = [
        PlanWarning(code=WarningCode.SCHOOL_HOLIDAY, name=holiday.name)
        for holiday in school_holidays
        if holiday.first <= day <= holiday.last
    ]
    if day in calendar.squeeze_days:
        squeeze = calendar.squeeze_days[day]
        found.insert(0, PlanWarning(code=WarningCode.SQUEEZE_DAY, name=squeeze))
    return found


def unprepared(bra: date, samsa: Iterable[date]) -> WarningCode | None:
    """Tell why no SAMSA prepares a BRÅ on that day; None where one lies two to four weeks before.

    Args:
        bra: the day of the BRÅ.
        samsa: the days of every SAMSA; those after `bra` are of no use.
    """
    distances = [(bra - day).days for day in samsa if day <= bra]
    if any(distance in PREPARED for distance in distances):
        return None
    soon = any(distance < PREPARED.start for distance in distances)
    return WarningCode.BRA_TOO_SOON if soon else WarningCode.BRA_TOO_LATE


def overlap(one: Sitting, other: Sitting) -> bool:
    """Tell whether two meetings are held during the same minute."""
    ends = one.starts_at + timedelta(minutes=one.minutes)
    other_ends = other.starts_at + timedelta(minutes=other.minutes)
    return one.starts_at < other_ends and other.starts_at < ends

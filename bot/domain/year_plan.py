"""The council's year: which days the meetings of a year lie on.

Pure: rules and a calendar in, a proposal out. When a forum wishes to meet, and which days it may
not, stands in meeting_rule.py, what is wrong with a plan in plan_check.py, what a meeting is in
meeting.py, when its call goes out in meeting_clock.py.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import partial

from bot.domain.calendar import WorkCalendar
from bot.domain.meeting_rule import (
    DEFAULT_RULES,
    Forbidden,
    Hindrance,
    MeetingRule,
    Slot,
    forbidden,
    lead,
    parse_slot,
)
from bot.domain.people import Forum
from bot.domain.plan_check import (
    PlanWarning,
    SchoolHoliday,
    Shortfall,
    WarningCode,
    about_day,
    check,
    overlap,
    unprepared,
)

__all__ = [
    "DEFAULT_RULES",
    "Forbidden",
    "Hindrance",
    "MeetingRule",
    "PlanWarning",
    "Proposed",
    "SchoolHoliday",
    "Shortfall",
    "Slot",
    "Unplaced",
    "WarningCode",
    "YearPlan",
    "check",
    "forbidden",
    "lead",
    "parse_slot",
    "propose",
]

FARTHEST = 35
"""Days that a meeting may be moved. Every day of July lies nearer than this to June or August."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    """One meeting of a proposed year. `starts_at` shows the office clock."""

    forum: Forum
    starts_at: datetime
    minutes: int
    place: str
    link: str
    moved_from: date | None = None
    """The day that the rule names, where the meeting could not lie on it."""
    moved_code: Hindrance | None = None
    moved_because: str = ""
    """The name of the red day, eve or blocked date that it was moved from."""
    warnings: Sequence[PlanWarning] = ()

    @property
    def day(self) -> date:
        """The day it lies on."""
        return self.starts_at.date()

    @property
    def at(self) -> time:
        """When it begins."""
        return self.starts_at.time()


@dataclass(frozen=True, slots=True, kw_only=True)
class Unplaced:
    """A place of a rule that gives no meeting: no such day that year, or no free day near it."""

    forum: Forum
    slot: Slot


@dataclass(frozen=True, slots=True, kw_only=True)
class YearPlan:
    """A year's meetings by start, and what is missing."""

    year: int
    meetings: Sequence[Proposed]
    shortfalls: Sequence[Shortfall]
    unplaced: Sequence[Unplaced]


def propose(
    year: int,
    rules: Sequence[MeetingRule],
    calendar: WorkCalendar,
    *,
    blocked: Mapping[date, str],
    school_holidays: Sequence[SchoolHoliday],
) -> YearPlan:
    """Lay out a year's meetings: on the days of the rules, or as near as a forbidden day allows.

    A wished day that is allowed is kept, and warned about where need be. A forbidden one gives way
    to the nearest day of its own ISO week; where that has none, to the same weekday of the nearest
    week, or the day nearest to that weekday; of two equally near to the one without a warning, then
    to the earlier. A BRÅ that its rule puts two to four weeks after a SAMSA stays so where any day
    near it can do that, also when it is the SAMSA that was moved. The order of `rules` makes no
    difference.
    """
    wishes, unplaced = _wishes(year, rules)
    wished_samsa = [wish.day for wish in wishes if wish.forum is Forum.SAMSA]

    def hindrance(day: date) -> Forbidden | None:
        if day.year != year:
            return Forbidden(code=Hindrance.OTHER_YEAR)
        return forbidden(day, calendar, blocked)

    def cost(wished: date, day: date) -> tuple[int, int, bool, date]:
        weeks = abs((_monday(day) - _monday(wished)).days)
        weekdays = abs(day.weekday() - wished.weekday())
        return weeks, weekdays, bool(about_day(day, calendar, school_holidays)), day

    placed = {wish.key: wish.on(wish.day, calendar) for wish in wishes if not hindrance(wish.day)}
    for wish in wishes:  # SAMSA comes before BRÅ, which is measured from it
        samsa = [meeting.day for meeting in placed.values() if meeting.forum is Forum.SAMSA]
        tied = wish.forum is Forum.BRA and not unprepared(wish.day, wished_samsa)
        why = hindrance(wish.day)
        if why is None:
            if not tied or not unprepared(wish.day, samsa):
                continue
            why = Forbidden(code=Hindrance.SAMSA_MOVED)
        others = [meeting for key, meeting in placed.items() if key != wish.key]
        near = [wish.day + timedelta(days=n) for n in range(-FARTHEST, FARTHEST + 1)]
        free = [d for d in near if not hindrance(d) and _is_free(wish.on(d, calendar), others)]
        prepared = [day for day in free if tied and not unprepared(day, samsa)]
        if not prepared and wish.key in placed:
            continue  # no day is better than its own, which is warned about
        if not free:
            unplaced.append(Unplaced(forum=wish.forum, slot=wish.slot))
            continue
        best = min(prepared or free, key=partial(cost, wish.day))
        placed[wish.key] = replace(
            wish.on(best, calendar),
            moved_from=wish.day,
            moved_code=why.code,
            moved_because=why.name,
        )
    meetings = sorted(placed.values(), key=lambda meeting: (meeting.starts_at, meeting.forum))
    warnings, shortfalls = check(meetings, calendar, blocked, school_holidays, year)
    return YearPlan(
        year=year,
        meetings=[replace(m, warnings=found) for m, found in zip(meetings, warnings, strict=True)],
        shortfalls=shortfalls,
        unplaced=unplaced,
    )


_ORDER = (Forum.SAMSA, Forum.BRA, Forum.MANAGEMENT, Forum.OFFICE)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wish:
    """One place of a rule, and its day in the year."""

    rule: MeetingRule
    slot: Slot
    day: date

    @property
    def forum(self) -> Forum:
        return self.rule.forum

    @property
    def key(self) -> tuple[Forum, date]:
        return self.rule.forum, self.day

    def on(self, day: date, calendar: WorkCalendar) -> Proposed:
        return Proposed(
            forum=self.rule.forum,
            starts_at=calendar.at(day, self.rule.at),
            minutes=self.rule.minutes,
            place=self.rule.place,
            link=self.rule.link,
        )


def _wishes(year: int, rules: Sequence[MeetingRule]) -> tuple[list[_Wish], list[Unplaced]]:
    """Give the days that the rules name, one of a forum a day, and the places that name none."""
    wishes: dict[tuple[Forum, date], _Wish] = {}
    unplaced: list[Unplaced] = []
    places = [(rule, slot) for rule in rules for slot in rule.when]
    for rule, slot in sorted(places, key=_in_any_order):
        day = slot.day(year, rule.weekday)
        if day is None or (rule.forum, day) in wishes:
            unplaced.append(Unplaced(forum=rule.forum, slot=slot))
        else:
            wishes[rule.forum, day] = _Wish(rule=rule, slot=slot, day=day)
    return sorted(wishes.values(), key=lambda w: (_ORDER.index(w.forum), w.day)), unplaced


def _in_any_order(place: tuple[MeetingRule, Slot]) -> tuple[str, time, int, str]:
    """Sort places alike in whatever order they were given."""
    rule, slot = place
    rest = repr((rule.place, rule.link, rule.weekday, slot))
    return rule.forum, rule.at, rule.minutes, rest


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _is_free(meeting: Proposed, others: Sequence[Proposed]) -> bool:
    """Tell whether no other meeting is in the way, nor the same forum's on the same day."""
    return not any(
        overlap(meeting, other) or (meeting.forum, meeting.day) == (other.forum, other.day)
        for other in others
    )

"""What people write about dates and times: "nästa tisdag kl 14", "1–26 juli", "vecka 29".

A small grammar, because general date parsers guess: of 32 ordinary Swedish phrases one understood
half, and could put "12 juni 14:00" in the year 2112. A phrase is cut into facts (weekday, day,
month, week, hour ...); facts that do not agree are refused, and a year that is not written is the
nearest to come. Whoever schedules anything first reads back weekday, date, time and week.

The words themselves stand in date_words.py; working days belong in calendar.py.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import islice

from bot.domain.calendar import month_end
from bot.domain.date_words import LAST, MORE_TIME, DateFault, DateProblem, Facts, read_facts

__all__ = [
    "DateFault",
    "DateProblem",
    "DateRange",
    "Moment",
    "nth_weekday",
    "parse_moment",
    "parse_range",
    "split_moment",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A day, with a time of day where one was written."""

    day: date
    at: time | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DateRange:
    """Days in a row; both ends belong to it."""

    first: date
    last: date


def parse_moment(text: str, *, now: datetime) -> Moment:
    """Read one day, one time, or both, from now on.

    A weekday means its next occurrence after today, also after "nästa"; "tisdag nästa vecka" is
    the week after this. A time on its own means today.

    Args:
        text: e.g. "nästa tisdag kl 14", "tisdag v 26", "fredag 12/6 14.00", "2026-06-12".
        now: the present in the municipality's own zone.

    Raises:
        DateProblem: the phrase gives no one day, or one that has been.
    """
    today = now.date()
    sides = list(read_facts(text, today))
    if len(sides) != 1 or not sides[0]:
        raise DateProblem(DateFault.NOT_UNDERSTOOD, text)
    said = sides[0]
    at = _clock(said, text)
    if said.keys() <= {"hour", "minute"}:
        found = DateRange(first=today, last=today)
    else:
        found = _resolve(said, today, text)
    if found.first != found.last:
        raise DateProblem(DateFault.WHICH_DAY, text)
    if found.first < today or (found.first == today and at is not None and at <= now.time()):
        raise DateProblem(DateFault.PAST, text, {"day": found.first, "at": at})
    _refuse_too_far(found.first, today, text)
    return Moment(day=found.first, at=at)


def parse_range(text: str, *, now: datetime) -> DateRange:
    """Read a stretch of days, such as an absence; it may have begun already.

    Args:
        text: e.g. "1–26 juli", "idag till fredag", "vecka 29", "v 29-31", "12 juni".
        now: the present in the municipality's own zone.

    Raises:
        DateProblem: the phrase gives no stretch of days, or one that is over.
    """
    today = now.date()
    sides = list(read_facts(text, today))
    if len(sides) > 2 or not sides[-1] or any("hour" in said for said in sides):
        raise DateProblem(DateFault.NOT_UNDERSTOOD, text)
    begins = sides[0].pop("begins", None)
    if len(sides) == 2:
        found = _between(sides[0], sides[1], today, text)
    elif begins:
        raise DateProblem(DateFault.WHICH_END, text)
    else:
        found = _resolve(sides[0], today, text)
    if found.last < today:
        raise DateProblem(DateFault.PAST, text, {"day": found.last, "at": None})
    _refuse_too_far(found.last, today, text)
    return found


def split_moment(text: str, *, now: datetime) -> tuple[Moment, str]:
    """Read the longest moment at the start of a text, and give the rest.

    A dash, colon or comma between the two belongs to neither. Where the rest would begin with what
    looks like more of a time ("14-16", "kväll"), the whole is refused: half a time read is a guess.

    Args:
        text: e.g. 'torsdag 3 december 14.00 "oro kring skolan"'.
        now: the present in the municipality's own zone.

    Raises:
        DateProblem: the text begins with no moment, or with one that `parse_moment` refuses.
    """
    ends = [word.end() for word in islice(_WORD.finditer(text), _MOST_WORDS)]
    for end in reversed(ends):
        phrase = text[:end].rstrip(_BETWEEN)
        if _AMOUNT.search(phrase):
            continue
        try:
            moment = parse_moment(phrase, now=now)
        except DateProblem as problem:
            if _goes_on(problem) and not _is_stretch(phrase, now=now):
                continue
            raise
        rest = text[end:].lstrip(_BETWEEN).rstrip()
        if MORE_TIME.match(rest) or (moment.at is None and _BARE_HOURS.match(rest)):
            break
        return moment, rest
    raise DateProblem(DateFault.NOT_UNDERSTOOD, text)


def nth_weekday(year: int, month: int, weekday: int, ordinal: int) -> date:
    """Give a weekday (Monday is 1) of a month by its number; LAST gives the last one.

    Raises:
        ValueError: the month has no fifth one.
    """
    first = date(year, month, 1)
    if ordinal == LAST:
        end = month_end(first)
        return end - _DAY * ((end.isoweekday() - weekday) % 7)
    found = first + _DAY * ((weekday - first.isoweekday()) % 7 + 7 * (ordinal - 1))
    if found.month != month:
        raise ValueError(f"{year}-{month:02} has no weekday {weekday} number {ordinal}")
    return found


def _goes_on(problem: DateProblem) -> bool:
    """Tell whether a phrase may be a moment and more: odd words, or a fact given once again."""
    again = problem.code == DateFault.CONTRADICTION and "day" not in problem.params
    return again or problem.code == DateFault.NOT_UNDERSTOOD


def _is_stretch(phrase: str, *, now: datetime) -> bool:
    """Tell whether a phrase is days in a row, of which a moment must not take the first."""
    try:
        parse_range(phrase, now=now)
    except DateProblem:
        return False
    return True


_WORD = re.compile(r"\S+")
_MOST_WORDS = 16
"""The longest moment in use, "onsdag den 4 november 2026, kl. 13.00 (v. 45)", has nine."""
_BETWEEN = " \t\r\n,;:-\u2013\u2014"
_AMOUNT = re.compile(r"(?:[.:][0-9]{2}|\bkl\.?\s*[0-9]{1,2})\s+[0-9]{4}$", re.IGNORECASE)
"""After a time, four figures are rather "2000 kronor" than a year."""
_BARE_HOURS = re.compile(r"[0-9]{1,2}\s*[-\u2013]\s*[0-9]{1,2}(?:\s|$)")
_DAY = timedelta(days=1)
_YEARS_AHEAD = 3
_LONG = timedelta(days=300)
"""Without a year, a longer range is rather the wrong way round ("26–1 juli") than meant."""


def _clock(said: Facts, text: str) -> time | None:
    try:
        return time(said["hour"], said.get("minute", 0)) if "hour" in said else None
    except ValueError:
        raise DateProblem(DateFault.NO_SUCH_TIME, text) from None


def _between(left: Facts, right: Facts, today: date, text: str) -> DateRange:
    """Join two sides, each lending the other what it leaves out."""
    written = "year" in right
    if "nth" in right:  # 12 juni till den 16:e, den 12:e till den 16:e
        right = {k: left[k] for k in ("month", "year") if k in left} | right
        right = _with_month(right, today, text)
    if "nth" in left:
        left = {"number" if k == "nth" else k: value for k, value in left.items()}
    if "number" in left and right.keys() >= {"day", "month"}:  # 1–26 juli
        left = {k: right[k] for k in ("month", "year") if k in right} | left
        left["day"] = left.pop("number")
    elif "number" in right and "week" in left:  # v 29–31
        right = {k: left[k] for k in ("year",) if k in left} | right
        right["week"] = right.pop("number")
    elif left.keys() == {"weekday"} and right.keys() >= {"weekday", "week"}:  # mån–fre v 29
        left = right | left
    if not left:  # till fredag
        left = {"year": today.year, "month": today.month, "day": today.day}
    if "year" in left or left.keys() == {"weekday"}:
        begin = _resolve(left, today, text)
        end = _resolve(right, begin.first, text)
    elif right.keys() == {"weekday"}:
        begin = _resolve_before(left, today + _LONG, text)
        end = _resolve(right, begin.first, text)
    else:  # what has begun already takes its year from the end
        end = _resolve(right, today, text)
        begin = _resolve_before(left, end.first, text)
    long = not written and end.last - begin.first > _LONG
    if end.last < begin.first or long:
        params = {"first": begin.first, "last": end.last}
        raise DateProblem(DateFault.BACKWARDS, text, params)
    return DateRange(first=begin.first, last=end.last)


def _resolve(said: Facts, earliest: date, text: str) -> DateRange:
    """Give the days that the facts name: the written year's, or the nearest not over before."""
    if said.keys() <= {"weekday", "hour", "minute"} and "weekday" in said:
        ahead = (said["weekday"] - earliest.isoweekday() - 1) % 7 + 1
        return DateRange(first=earliest + _DAY * ahead, last=earliest + _DAY * ahead)
    said = _with_month(said, earliest, text)
    year = earliest.isocalendar().year if "week" in said else earliest.year
    for found in _candidates(said, [year, year + 1], text):
        if found.last >= earliest or "year" in said:
            return _agreed(said, found, text)
    raise DateProblem(DateFault.NO_SUCH_DATE, text)


def _with_month(said: Facts, earliest: date, text: str) -> Facts:
    """Make "den 15:e" a day: of the month that was written, or of the next that has it."""
    if "nth" not in said:
        return said
    said = dict(said)
    day = said.pop("nth")
    if said.keys() <= {"weekday", "week", "hour", "minute"}:
        months = [(earliest.replace(day=1) + _DAY * 31 * n).replace(day=1) for n in range(3)]
        days = [m.replace(day=day) for m in months if 1 <= day <= month_end(m).day]
        found = next((d for d in days if d >= earliest), None)
        if found is None:
            raise DateProblem(DateFault.NO_SUCH_DATE, text)
        said |= {"year": found.year, "month": found.month}
    if said.setdefault("day", day) != day:
        raise DateProblem(DateFault.CONTRADICTION, text)
    return said


def _resolve_before(said: Facts, latest: date, text: str) -> DateRange:
    """Give the days that the facts name: the latest that begin no later than `latest`."""
    for found in _candidates(said, [latest.year + 1, latest.year, latest.year - 1], text):
        if found.first <= latest:
            return _agreed(said, found, text)
    raise DateProblem(DateFault.NO_SUCH_DATE, text)


def _candidates(said: Facts, years: list[int], text: str) -> Iterator[DateRange]:
    """Give the named days in each year that has them."""
    shape = said.keys() - {"year", "hour", "minute"}
    by_day = {"day", "month"} <= shape <= {"day", "month", "weekday", "week"}
    by_week = {"week"} <= shape <= {"week", "weekday"}
    by_ordinal = {"ordinal", "weekday", "month"} <= shape <= {"ordinal", "weekday", "month", "week"}
    if not by_day and not by_week and not by_ordinal and shape != {"month"}:
        raise DateProblem(DateFault.NOT_UNDERSTOOD, text)
    for year in [said["year"]] if "year" in said else years:
        try:
            if by_week:
                first = date.fromisocalendar(year, said["week"], said.get("weekday", 1))
                last = date.fromisocalendar(year, said["week"], said.get("weekday", 7))
            elif by_ordinal:
                first = last = nth_weekday(year, said["month"], said["weekday"], said["ordinal"])
            else:
                first = date(year, said["month"], said.get("day", 1))
                last = first if by_day else month_end(first)
        except ValueError:
            continue  # no 29 February, week 53 or fifth Thursday that year
        yield DateRange(first=first, last=last)


def _agreed(said: Facts, found: DateRange, text: str) -> DateRange:
    """Refuse a day that is not on the weekday or in the week that was written beside it."""
    iso = found.first.isocalendar()
    for fact, true in (("week", iso.week), ("weekday", iso.weekday)):
        if said.get(fact, true) != true:
            params = {"day": found.first, fact: said[fact]}
            raise DateProblem(DateFault.CONTRADICTION, text, params)
    return found


def _refuse_too_far(day: date, today: date, text: str) -> None:
    if day.year > today.year + _YEARS_AHEAD:
        raise DateProblem(DateFault.TOO_FAR, text, {"day": day})

"""Working days, office hours and reporting periods: what the clock means to a municipality.

Here stand the rules that turn a date into a day of work and a month into a period. Which days are
red is given from outside (bot/holidays_se.py), what people write about dates is read in dates.py,
and what is done on a day belongs in schedule.py.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

OFFICE_OPENS = time(8)
OFFICE_CLOSES = time(16)
"""Reminders go out from 08.00 and before 16.00 on working days (domain: the monthly round)."""

_DAY = timedelta(days=1)
_SATURDAY = 6
_KEY = re.compile(r"(\d{4})-(\d{2})(?:--(?:(\d{4})-)?(\d{2}))?", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkCalendar:
    """The working days of one place.

    Attributes:
        zone: where the office clock hangs.
        red_days: days without work beside Saturdays and Sundays, each with its Swedish name.
        squeeze_days: working days to warn about (klämdagar, eves that end early), with their names.

    A year that `red_days` does not cover has weekends only; whoever builds the calendar sees to it
    that every year that can be asked about is there.
    """

    zone: ZoneInfo
    red_days: Mapping[date, str]
    squeeze_days: Mapping[date, str]

    def is_working_day(self, d: date) -> bool:
        """Tell whether `d` is a day of work."""
        return self.why_not_working(d) is None

    def why_not_working(self, d: date) -> str | None:
        """Name what keeps people from work on `d`.

        Returns:
            None on a working day; the red day's name; or "" on a Saturday or Sunday that is no red
            day, for which the weekday itself is reason enough.
        """
        if d in self.red_days:
            return self.red_days[d]
        return "" if d.isoweekday() >= _SATURDAY else None

    def next_working_day(self, d: date) -> date:
        """Give `d`, or the first working day after it."""
        while not self.is_working_day(d):
            d += _DAY
        return d

    def previous_working_day(self, d: date) -> date:
        """Give `d`, or the last working day before it; lead times count back to a working day."""
        while not self.is_working_day(d):
            d -= _DAY
        return d

    def add_working_days(self, d: date, n: int) -> date:
        """Give the n-th working day after `d`, or before it where `n` is negative.

        A Saturday plus one is thus the Monday. Zero gives `next_working_day(d)`.
        """
        if n == 0:
            return self.next_working_day(d)
        for _ in range(abs(n)):
            d = self.next_working_day(d + _DAY) if n > 0 else self.previous_working_day(d - _DAY)
        return d

    def working_days_between(self, start: datetime, end: datetime) -> int:
        """Count the working days after the day of `start` up to and with the day of `end`."""
        first, last = start.astimezone(self.zone).date(), end.astimezone(self.zone).date()
        days = (first + timedelta(days=n) for n in range(1, (last - first).days + 1))
        return sum(map(self.is_working_day, days))

    def nth_working_day(self, year: int, month: int, n: int) -> date:
        """Give the n-th working day of a month, 1 being the first.

        Raises:
            ValueError: the month has no such day.
        """
        first = self.next_working_day(date(year, month, 1))
        found = self.add_working_days(first, n - 1)
        if n < 1 or found.month != month:
            raise ValueError(f"{year}-{month:02} has no working day number {n}")
        return found

    def at(self, d: date, t: time) -> datetime:
        """Give the instant when the clocks of the zone show `t` on `d`.

        A time that summer time skips moves forward by what was skipped (02.30 is 03.30), so that
        nothing planned is lost; of a time that comes twice the first is meant.
        """
        wall = datetime.combine(d, t.replace(fold=0), tzinfo=self.zone)
        return wall.astimezone(UTC).astimezone(self.zone)

    def in_office_hours(self, instant: datetime) -> bool:
        """Tell whether `instant` falls on a working day, from 08.00 and before 16.00."""
        local = instant.astimezone(self.zone)
        return self.is_working_day(local.date()) and OFFICE_OPENS <= local.time() < OFFICE_CLOSES

    def next_office_time(self, instant: datetime) -> datetime:
        """Give `instant` itself inside office hours, else the next opening, 08.00 in the zone."""
        if self.in_office_hours(instant):
            return instant
        local = instant.astimezone(self.zone)
        too_late = local.time() >= OFFICE_CLOSES
        return self.at(self.next_working_day(local.date() + _DAY * too_late), OFFICE_OPENS)


def week_number(d: date) -> int:
    """Give the ISO week, which is the one that Swedish almanacs print."""
    return d.isocalendar().week


def month_end(first: date) -> date:
    """Give the last day of the month that `first` lies in."""
    return (first.replace(day=28) + timedelta(days=4)).replace(day=1) - _DAY


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Period:
    """The month, or months in a row, that one reporting round asks about.

    `first` and `last` are each the first day of a month; both months belong to the period. More
    than one month is a municipality's own choice (June and July in one round).
    """

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.first.day != 1 or self.last.day != 1 or self.last < self.first:
            raise ValueError(f"no period from {self.first} to {self.last}")

    @classmethod
    def of(cls, year: int, month: int) -> "Period":
        """Give the period of a single month."""
        return cls(first=date(year, month, 1), last=date(year, month, 1))

    @classmethod
    def parse(cls, key: str) -> "Period":
        """Read a key as `key` writes it.

        Raises:
            ValueError: it is no such key.
        """
        found = _KEY.fullmatch(key)
        if found is None:
            raise ValueError(f"no period key: {key!r}")
        year, month, last_year, last_month = found.groups()
        first = date(int(year), int(month), 1)
        last = date(int(last_year or year), int(last_month or month), 1)
        period = cls(first=first, last=last)
        if period.key != key:  # one period, one key: unique constraints rest on it
            raise ValueError(f"no period key: {key!r}, write {period.key!r}")
        return period

    @classmethod
    def before(cls, d: date, joined: Collection[tuple[int, int]] = frozenset()) -> "Period":
        """Give the latest period that is over when the month of `d` begins.

        Args:
            d: any day of the month in which a round opens.
            joined: (first month, last month) of each stretch that is asked about in one round;
                (6, 7) joins June and July, (12, 1) December and January.

        Where June and July are joined, July thus gets May, whose round has already been held: no
        round is due unless `end` is the day before the month of `d`.
        """
        month = (d.replace(day=1) - _DAY).replace(day=1)
        for first, last in joined:
            into = (month.month - first) % 12
            length = (last - first) % 12
            if into > length:
                continue
            start = _months_back(month, into)
            if into == length:
                return cls(first=start, last=month)
            return cls.before(start, joined)
        return cls(first=month, last=month)

    def previous(self, joined: Collection[tuple[int, int]] = frozenset()) -> "Period":
        """Give the period that ends where this one begins; `joined` as for `before`."""
        return Period.before(self.first, joined)

    @property
    def key(self) -> str:
        """The stable name: "2026-10", "2026-06--07", over a New Year "2026-12--2027-01"."""
        if self.first == self.last:
            return f"{self.first:%Y-%m}"
        ends = "%m" if self.first.year == self.last.year else "%Y-%m"
        return f"{self.first:%Y-%m}--{self.last.strftime(ends)}"

    @property
    def start(self) -> date:
        """The first day."""
        return self.first

    @property
    def end(self) -> date:
        """The last day."""
        return month_end(self.last)


def _months_back(first: date, count: int) -> date:
    for _ in range(count):
        first = (first - _DAY).replace(day=1)
    return first

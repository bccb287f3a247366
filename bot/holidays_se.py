"""Swedish red days, eves and squeeze days: the only place that knows the holidays library.

What a red day means for the work belongs in domain/calendar.py.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache
from zoneinfo import ZoneInfo

import holidays

from bot.domain.calendar import WorkCalendar


def swedish_calendar(zone: ZoneInfo, years: Iterable[int]) -> WorkCalendar:
    """Build the calendar of a Swedish workplace for the given years.

    Red days are the public holidays (lag 1989:253) and the three eves that semesterlagen
    (1977:480, 7 §) puts on a par with Sundays: midsommarafton, julafton, nyårsafton. The library
    leaves those eves out unless its category `de_facto` is asked for. Its `optional` days
    (klämdag, skärtorsdagen and other eves) are worked, and only warned about.

    Args:
        zone: the zone of the office clock.
        years: every year that may be asked about; a year left out has weekends only.
    """
    asked = tuple(sorted(set(years)))
    red = _named(asked, ("public", "de_facto"))
    optional = _named(asked, ("optional",))
    squeeze = {d: name for d, name in optional.items() if d not in red and d.isoweekday() <= 5}
    return WorkCalendar(zone=zone, red_days=red, squeeze_days=squeeze)


@cache
def _named(years: tuple[int, ...], categories: tuple[str, ...]) -> Mapping[date, str]:
    found = holidays.country_holidays("SE", years=years, categories=categories, language="sv")
    return dict(sorted(found.items()))

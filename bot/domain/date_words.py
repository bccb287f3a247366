"""The words and figures of a date phrase, and how they are cut into facts.

Here stands the vocabulary of dates.py, for reading only: Swedish, and English where it costs
nothing. What the facts mean together belongs in dates.py; what the bot itself writes about dates
stands in templates/.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from enum import StrEnum

from bot.domain.errors import Invalid


class DateFault(StrEnum):
    """Why a phrase gives no date. `params` holds its text, and what stands below each code."""

    NOT_UNDERSTOOD = "not_understood"
    CONTRADICTION = "contradiction"
    """Where the day is known: day, and the weekday (Monday is 1) or week that it was said to be."""
    PAST = "past"
    """day, at: the date that has been, and the time or None."""
    TOO_FAR = "too_far"
    """day: a date so many years ahead that it is a slip of the finger."""
    NO_SUCH_DATE = "no_such_date"
    NO_SUCH_TIME = "no_such_time"
    WHICH_DAY = "which_day"
    """A week or a month, where one day is asked for."""
    WHICH_END = "which_end"
    """A range that begins and does not end."""
    BACKWARDS = "backwards"
    """first, last: a range that ends before it begins, or most of a year later."""


class DateProblem(Invalid, ValueError):
    """The words give no date; `code` is a DateFault."""

    def __init__(
        self, code: DateFault, text: str, params: Mapping[str, object] | None = None
    ) -> None:
        super().__init__(code, {"text": text.strip(), **(params or {})})


Facts = dict[str, int]
"""Facts by name: year, month, day, week, weekday (1 is Monday), hour, minute, number, begins.

`ordinal` says which of a month's weekdays (LAST is the last), `nth` is a day whose month was not
written ("den 15:e") unless the month comes from elsewhere ("den 15:e nästa månad").
"""

LAST = -1

MORE_TIME = re.compile(
    r"(?:till\s+|på\s+)?(?:(?:kl|klockan)\b\.?\s*[0-9]|[0-9]{1,2}[.:][0-9]{2}(?![0-9])"
    r"|(?:bitti|morgonen|(?:för|efter)middag(?:en)?|kväll(?:en)?|natt(?:en)?|lunch)\b)",
    re.IGNORECASE,
)
"""What after a moment says more about the time, and would be lost as the first words of a text."""


def read_facts(text: str, today: date) -> Iterator[Facts]:
    """Cut a phrase into facts, one dictionary for each side of "till".

    Raises:
        DateProblem: a word is unknown, or two of them give the same fact different values.
    """
    folded, at = _fold(text), 0
    said: Facts = {}
    while at < len(folded):
        match = next((found for p in _PATTERNS if (found := p.match(folded, at))), None)
        if match is None:
            raise DateProblem(DateFault.NOT_UNDERSTOOD, text)
        groups = {name: word for name, word in match.groupdict().items() if word}
        if "till" in groups:
            yield said
            said = {}
        else:
            for fact, value in _facts(groups, today).items():
                if said.setdefault(fact, value) != value:
                    raise DateProblem(DateFault.CONTRADICTION, text)
        at = match.end()
    yield said


_DAY = timedelta(days=1)

_MONTHS = (
    "januari january jan",
    "februari february feb",
    "mars march mar",
    "april apr",
    "maj may",
    "juni june jun",
    "juli july jul",
    "augusti august aug",
    "september sept sep",
    "oktober october okt oct",
    "november nov",
    "december dec",
)
_WEEKDAYS = (
    "mandag mandagen monday man mon",
    "tisdag tisdagen tuesday tis tue",
    "onsdag onsdagen wednesday ons wed",
    "torsdag torsdagen thursday tors tor thu",
    "fredag fredagen friday fre fri",
    "lordag lordagen saturday lor sat",
    "sondag sondagen sunday son sun",
)
_ORDINALS = (
    "forsta first 1:a 1a 1st",
    "andra second 2:a 2a 2nd",
    "tredje third 3:e 3e 3rd",
    "fjarde fourth 4:e 4e 4th",
    "femte fifth 5:e 5e 5th",
)
_DAYS = (
    "forsta andra tredje fjarde femte sjatte sjunde attonde nionde tionde elfte tolfte trettonde "
    "fjortonde femtonde sextonde sjuttonde artonde nittonde tjugonde tjugoforsta tjugoandra "
    "tjugotredje tjugofjarde tjugofemte tjugosjatte tjugosjunde tjugoattonde tjugonionde "
    "trettionde trettioforsta"
)
_COUNTS = ("en ett one a", "tva two", "tre three", "fyra four", "fem five", "sex six", "sju seven")
_NUMBERS = {
    word: number
    for names in (_MONTHS, _WEEKDAYS, _ORDINALS, _DAYS.split(), _COUNTS)
    for number, words in enumerate(names, start=1)
    for word in words.split()
} | dict.fromkeys(("sista", "last"), LAST)


def _any(*words: str) -> str:
    """Match one of the words (without å, ä, ö), and not the beginning of a longer one."""
    return "(?:" + "|".join(words) + r")(?![a-z])"


_MONTH = f"(?P<month>{_any(*' '.join(_MONTHS).split())})"
_WEEKDAY = f"(?P<weekday>{_any(*' '.join(_WEEKDAYS).split())})"
_COMING = _any("nasta", "kommande", "nastkommande", "next")
_WEEK = _any("vecka", "veckan", "week")
_CALENDAR_MONTH = _any("manad", "manaden", "month")
_TH = r"(?::?(?:a|e|te|st|nd|rd|th)(?![a-z]))?"
_THIS = _any("denna", "den har", "this")
_IN = r"(?:(?:i|in|under)\s+)?"
_COUNT = rf"(?:[0-9]{{1,2}}|{_any(*' '.join(_COUNTS).split())})"
_NAMED = _any(*" ".join((*_MONTHS, *_WEEKDAYS)).split())
_ORDINAL = _any(*" ".join(_ORDINALS).split(), "sista", "last")

_PATTERNS = [
    re.compile(pattern, re.ASCII)
    for pattern in (
        r"(?P<year>(?:19|20|21)[0-9]{2})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})(?:t(?=[0-9])|(?![0-9a-z]))",
        r"(?P<day>[0-9]{1,2})/(?P<month>[0-9]{1,2})(?![0-9/])",
        rf"(?P<day>[0-9]{{1,2}}){_TH}\s*(?:of\s+)?{_MONTH}",
        rf"(?P<day>{_any(*_DAYS.split())})\s+{_MONTH}",
        rf"{_MONTH}\s*(?P<day>[0-9]{{1,2}}){_TH}(?![0-9a-z.:/])",
        r"(?:(?:kl|klockan|at)\.?\s*)?(?P<hour>[0-9]{1,2})[.:](?P<minute>[0-9]{2})(?![0-9])",
        r"(?:kl|klockan|at)\.?\s*(?P<hour>[0-9]{1,2})(?![0-9])",
        rf"{_IN}(?:v|vecka|veckan|week|w)\.?\s*(?P<week>[0-9]{{1,2}})(?![0-9])",
        rf"{_IN}(?P<weeks_0>{_THIS}\s+{_WEEK})",
        rf"{_IN}(?P<weeks_1>{_COMING}\s+{_WEEK})",
        rf"{_IN}(?P<months_0>{_THIS}\s+{_CALENDAR_MONTH})",
        rf"{_IN}(?P<months_1>{_COMING}\s+{_CALENDAR_MONTH})",
        rf"(?:om|in)\s+(?P<ahead_1>{_COUNT})\s+{_any('dag', 'dagar', 'days?')}",
        rf"(?:om|in)\s+(?P<ahead_7>{_COUNT})\s+{_any('vecka', 'veckor', 'weeks?')}",
        rf"(?P<days_0>{_any('idag', 'i dag', 'today')})",
        rf"(?P<days_1>{_any('imorgon', 'i morgon', 'imorron', 'i morron', 'tomorrow')})",
        rf"(?P<days_2>{_any('(?:i *)?overmorgon', 'day after tomorrow')})",
        rf"(?P<ordinal>{_ORDINAL})\s+{_WEEKDAY}",
        rf"(?:(?:{_any('pa', 'on', 'nu')}|{_THIS}|{_COMING})\s+)*{_WEEKDAY}",
        rf"{_IN}(?!jul(?![a-z])){_MONTH}",  # "jul" on its own is Christmas
        r"(?P<year>(?:19|20|21)[0-9]{2})(?![0-9])",
        rf"(?:den|the)\s+(?P<nth>[0-9]{{1,2}}){_TH}(?![0-9a-z.:/]|\s*(?:of\s+)?{_NAMED})",
        rf"(?P<number>[0-9]{{1,2}}){_TH}(?![0-9a-z.:/])",
        rf"(?P<till>-+|t\.?\s?o\.?\s?m\b\.?|{_any('till och med', 'till', 'to', 'until')})",
        rf"(?P<begins>fr\.?\s?o\.?\s?m\b\.?|{_any('fran och med', 'fran', 'from')})",
        _any("den", "the", "of"),
        r"[\s,;()]+|[.!?](?=[\s)]|$)",
    )
]


def _fold(text: str) -> str:
    """Lower the case, take away rings and dots, and make every dash a hyphen."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    kept = "".join(char for char in plain if not unicodedata.combining(char))
    return re.sub("[\u2010-\u2015\u2212]", "-", kept)


def _facts(groups: Mapping[str, str], today: date) -> Facts:
    for name, word in groups.items():
        unit, _, step = name.partition("_")
        if unit == "days":
            return _day(today + _DAY * int(step))
        if unit == "ahead":
            return _day(today + _DAY * int(step) * _number(word))
        if unit == "weeks":
            iso = (today + _DAY * 7 * int(step)).isocalendar()
            return {"year": iso.year, "week": iso.week}
        if unit == "months":
            first = (today.replace(day=1) + _DAY * 32 * int(step)).replace(day=1)
            return {"year": first.year, "month": first.month}
        if unit == "begins":
            return {"begins": 1}
    return {name: _number(word) for name, word in groups.items()}


def _day(day: date) -> Facts:
    return {"year": day.year, "month": day.month, "day": day.day}


def _number(word: str) -> int:
    return _NUMBERS[word] if word in _NUMBERS else int(word)

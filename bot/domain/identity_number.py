"""Where Swedish personal identity numbers stand in a text, however they are spelled.

Here: how a text is read and what counts as a number. Not here: what is done about it (privacy.py).

A text is *read* before it is judged: each character becomes a digit, a separator, nothing at all
(zero-width, emphasis) or a break (letters and others). An identity number is ten or twelve digits
in whole groups. A text with entities, percent-encoding or tags is read twice, as is and decoded.

The rule (Folkbokföringslagen 1991:481 § 18; Skatteverket SKV 704 and 707): a real date, with 60
added to the day in a samordningsnummer, three figures, a Luhn check digit. Missing a number costs
more than masking a figure too many, so any grouping counts except those of ordinary dates, times
and telephone numbers. All work is linear in the text.
"""

import re
import unicodedata
from bisect import bisect_right
from calendar import isleap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import unescape
from html.entities import html5
from itertools import compress
from typing import Final

Span = tuple[int, int]


def identity_numbers(text: str) -> list[Span]:
    """Give where each identity number begins and ends, in order and apart from each other."""
    found = sorted(span for reading in _readings(text) for span in _numbers(reading))
    spans: list[Span] = []
    for start, end in found:
        if spans and start < spans[-1][1]:  # both readings saw it
            spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
        else:
            spans.append((start, end))
    return spans


def without_digits(text: str, put: str) -> str:
    """Put `put` for every run of digits and of signs that a digit could be decoded from."""
    telling = [c in "&%" or _CLASSES[ord(c)].isdigit() or bool(_WIDE.match(c)) for c in text]
    bare = ("0" if tells else c for c, tells in zip(text, telling, strict=True))
    return re.sub("0+", lambda match: put, "".join(bare))


# --- Reading: characters to digits, separators and breaks -----------------------------------------

_BREAK: Final = "x"
_NOTHING: Final = "\0"
_SIGNS: Final = {
    **dict.fromkeys("*`~\u3164\u115f\u1160\uffa0", _NOTHING),  # emphasis; letters without ink
    **dict.fromkeys("_\u2212\u2043\u02d7\u30fc\u2500\u2501\u00af", "-"),
    **dict.fromkeys(".\u00b7\u2022\u2027\u2219\u3002\u2026", "."),
    **dict.fromkeys("/\\\u2044\u2215", "/"),
    **dict.fromkeys("+()[]{}|", "|"),  # joins only the date and the last four
    **dict.fromkeys(",;:\"'\u2019\u201d", ","),  # the same, and only when nothing else stands there
    "\u2800": " ",
}


class _Classes(dict[int, str]):  # what each character is to the reader; filled as they are met
    def __missing__(self, code: int) -> str:
        self[code] = sign = _class_of(chr(code))
        return sign


def _class_of(character: str) -> str:
    digit = unicodedata.digit(character, None)
    if digit is not None:
        return str(digit)
    plain = unicodedata.normalize("NFKC", character)
    for candidate in (character, plain):
        if candidate in _SIGNS:
            return _SIGNS[candidate]
    if character.isspace() or plain.isspace():
        return " "
    category = unicodedata.category(character)
    return "-" if category == "Pd" else _NOTHING if category[0] in "CM" else _BREAK


_CLASSES: Final = _Classes()

# One character that stands for several digits: circled, parenthesised and dated numbers.
_WIDE: Final = re.compile(
    "[\u2469-\u249b\u24eb-\u24f4\u3248-\u325f\u32b1-\u32cb\u3358-\u3370\u33e0-\u33fe]"
)
_PERCENT: Final = re.compile(r"(?:%(?:25)*+[0-9A-Fa-f]{2})++")
_ENTITY: Final = re.compile(
    r"&(?:amp;)*+(#[0-9]{1,7};|#[xX][0-9a-fA-F]{1,6};|[A-Za-z][A-Za-z0-9]{1,30};)"
)
_TAG: Final = re.compile(r"<[A-Za-z/!?][^<>]*+>")


@dataclass(frozen=True, slots=True)
class _Reading:
    """A text as it is read; `starts[i]` is where character i begins in the original."""

    text: str
    starts: Sequence[int]

    def rewritten(
        self, pattern: re.Pattern[str], meaning: Callable[[re.Match[str]], str]
    ) -> "_Reading":
        """Put what each match means in its place."""
        parts: list[str] = []
        starts: list[int] = []
        done = 0
        for match in pattern.finditer(self.text):
            begin, end = match.span()
            if begin > done:
                parts.append(self.text[done:begin])
                starts += self.starts[done:begin]
            said = meaning(match)
            parts.append(said)
            starts += [self.starts[begin]] * len(said)
            done = end
        if not done:
            return self
        return _Reading("".join((*parts, self.text[done:])), [*starts, *self.starts[done:]])

    def classified(self) -> "_Reading":
        """Turn characters into their classes and leave out those that are nothing."""
        signs = self.text.translate(_CLASSES)
        if _NOTHING not in signs:
            return _Reading(signs, self.starts)
        kept = compress(self.starts, map(_NOTHING.__ne__, signs))
        return _Reading(signs.replace(_NOTHING, ""), [*kept, self.starts[-1]])


def _readings(text: str) -> Iterator[_Reading]:
    plain = _Reading(text, range(len(text) + 1))
    yield plain.rewritten(_WIDE, _wide).classified()
    if any(sign in text for sign in "&%<"):
        decoded = plain.rewritten(_PERCENT, _percent).rewritten(_ENTITY, _entity)
        untagged = decoded.rewritten(_TAG, lambda match: " ")
        yield untagged.rewritten(_WIDE, _wide).classified()


def _wide(match: re.Match[str]) -> str:
    number = unicodedata.numeric(match[0], None)
    return unicodedata.normalize("NFKC", match[0]) if number is None else str(int(number))


def _percent(match: re.Match[str]) -> str:
    octets = re.findall(r"%(?:25)*+([0-9A-Fa-f]{2})", match[0])
    return bytes.fromhex("".join(octets)).decode("utf-8", "replace")


def _entity(match: re.Match[str]) -> str:
    name = match[1]
    return unescape("&" + name) if name[0] == "#" else html5.get(name, match[0])


# --- Numbers: groups of digits with a date and a check digit -------------------------------------

_GROUP: Final = re.compile("[0-9]+")
# Year, month, day (perhaps with 60 added); 29 February is looked at apart.
_DATE: Final = re.compile(
    r"\d\d(?:(?:0[13578]|1[02])(?:[06][1-9]|[1278]\d|[39][01])"
    r"|(?:0[469]|11)(?:[06][1-9]|[1278]\d|[39]0)"
    r"|02(?:[06][1-9]|[1278]\d))"
)
_HOPEFUL: Final = re.compile(r"(?=(?:\d\d)?\d\d(?:0[1-9]|1[0-2])[0-36-9])")  # cheap, to skip most
# Two figures' part of the check sum: the first counts double, with its own figures added.
_PAIRS: Final = {f"{a}{b}": a * 2 // 10 + a * 2 % 10 + b for a in range(10) for b in range(10)}
# Ordinary figures, as classes, that are as long as an identity number.
_ORDINARY: Final = re.compile(
    r"""
      0\d\d\D+\d[\d\D]*                             # 070-123 45 67
    | 0\d\D+(?:\d{8}|\d{3}\D[\d\D]*)                # 08-123 456 78
    | 0\d{3}\D+(?:\d{6}|\d{2,3}\D+\d{2,3}(?:\D+\d\d)?)  # 0241-12 34 56
    | \d{4}-\d\d-\d\d\D+\d\d                        # 2012-10-12 15
    | \d{4}-\d\d-\d\d\ +\d\d\ *-\ *\d\d             # 2026-10-12 13-15
    | \d\d?\D+\d\d?\D+(?:19|20)\d\d\D+\d[\d\D]*     # 12/10 2026 13
    | \d\d?/\d\d?\D+\d\d?/\d\d?\D+(?:19|20)?\d\d    # 5/10-6/10 2026
    | \d\d(?:\d\d)?[^\d/]+\d\d?/\d\d?[ /]+(?:19|20)\d\d  # 2026 - 15/11 2026
    | \d\d?(?:\ ?[-.]\ ?\d\d?\ \d\d?/\d\d?\ [\d\D]*|\ \d\d?/\d\d?\ \d\d\D\d\d)  # 19-21 7/2 19-21
    | \d\d\ ?-\ ?\d\d\.\d\d\ +(?:19|20)\d\d         # 45-08.15 2026
    | \d\d?/\d\d?\ (?!(?:\d\d\D*){1,2}\d{4}$)[\d\D]*  # 12/10 13-15 14
    | [\d\D]*\ [0-3]?\d/[01]?\d                     # … 14/10
    | [\d\D]*\ (?:[01]\d|2[0-3])\.[0-5]\d           # … 13.00
    | [\d\D]*(?:\ |^)[0-2]\d\.[0-5]\d\ *-\ *[0-2]\d\b[\d\D]*  # … 08.30-16.30
    """,
    re.VERBOSE,
)
# 2026-10-12 – 2026-11-15, seen from its first date.
_DATE_RANGE: Final = re.compile(
    r"\d{4}-\d\d-\d\d\D{1,8}(?:19|20)\d\d(?=-(?:0[1-9]|1[0-2])-[0-3]\d(?!\d))"
)
_IN_DATE: Final = re.compile(r"(?:19|20)\d\d-(?:\d\d-)?$")  # the month or the day follows
_DAY_PART: Final = re.compile(r"\d\d-\d\d(?!\d)|\d\d(?!\d)")


def _numbers(reading: _Reading) -> Iterator[Span]:
    starts = reading.starts
    for groups in _segments(reading.text):
        for start, end in _windows(reading.text, groups):
            yield starts[start], starts[bisect_right(starts, starts[end - 1])]


def _segments(signs: str) -> Iterator[list[Span]]:
    """Give the runs of digit groups that may belong together and are long enough."""
    groups: list[Span] = []
    digits = done = 0
    for match in _GROUP.finditer(signs):
        start, end = match.span()
        size = end - start
        gap = signs[done:start]
        is_whole = size <= 10 or size == 12  # longer runs are other things: accounts, stamps
        if not is_whole or not (gap in (" ", "-") or _joins(gap)):
            if digits >= 10:
                yield groups
            groups, digits = [], 0
        if is_whole:
            groups.append((start, end))
            digits += size
        done = end
    if digits >= 10:
        yield groups


def _joins(gap: str) -> bool:
    """Tell whether digits on both sides may belong together; "12, 10, 11" is a list."""
    return _BREAK not in gap and not ("," in gap and " " in gap) and len(gap.replace(" ", "")) <= 8


def _windows(signs: str, groups: list[Span]) -> Iterator[Span]:
    """Give the whole groups that make up an identity number, the leftmost first.

    Where another number would overlap the one found, its rest goes with it.
    """
    digits = "".join([signs[start:end] for start, end in groups])
    begins: dict[int, int] = {}  # position among the digits → where that group begins
    ends: dict[int, int] = {}
    position = 0
    for start, end in groups:
        begins[position] = start
        position += end - start
        ends[position] = end
    first = taken = reach = 0
    for match in _HOPEFUL.finditer(digits):
        at = match.start()
        if at not in begins:
            continue
        start = begins[at]
        for length in (12, 10):
            after = at + length
            if after not in ends or not _is_number(digits[at:after]):
                continue
            if at < taken:
                reach = max(reach, after)
            elif ends[after] - start == length or (
                _is_joined(signs, start, ends[after], begins.get(after - 4))
                and not _is_ordinary(signs, start, ends[after])
            ):
                if taken:
                    yield first, ends[min(reach, at)]
                first, taken, reach = start, after, after
                break
    if taken:
        yield first, ends[reach]


def _is_number(digits: str) -> bool:
    """Check the date and the check digit of ten or twelve digits."""
    short = digits[-10:]
    if (short != digits and digits[:2] not in ("18", "19", "20")) or not _DATE.match(short):
        return False
    p = _PAIRS
    if (p[short[:2]] + p[short[2:4]] + p[short[4:6]] + p[short[6:8]] + p[short[8:]]) % 10:
        return False
    if short[2:6] in ("0229", "0289"):
        # Ten digits tell no century: a leap day counts if it was one in any, and 2000 had one.
        return isleap(int(digits[:4]) if short != digits else 2000 + int(short[:2]))
    return True


def _is_joined(signs: str, start: int, end: int, last_four: int | None) -> bool:
    """Check that weak separators stand only before the last four, commas alone before a group."""
    window = signs[start:end]
    if "|" not in window and "," not in window:
        return True
    if last_four is None:
        return False
    head = signs[start:last_four].rstrip(" -./|,")
    tail = signs[last_four:end]
    if "|" in head or "," in head or "|" in tail or "," in tail:
        return False
    return "," not in window or len(tail) == 4


def _is_ordinary(signs: str, start: int, end: int) -> bool:
    """Recognise dates, times and telephone numbers by their grouping."""
    if _ORDINARY.fullmatch(signs, start, end):
        return True
    if (dates := _DATE_RANGE.match(signs, start)) and dates.end() == end:
        return True
    return bool(_DAY_PART.match(signs, start) and _IN_DATE.search(signs[max(0, start - 8) : start]))

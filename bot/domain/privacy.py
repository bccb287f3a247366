"""The privacy brake: what must not be stored, found in memory before anything is written.

Here: masking of Swedish personal identity numbers, and warnings about other signs of a person.
Not here: how a number is recognised (identity_number.py), what is said about it (templates/) and
where the brake sits (the dispatcher, the log filter).
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from bot.domain.identity_number import Span, identity_numbers, without_digits

MASK: Final = "[personnummer]"
_PASSES: Final = 6
_CENTURY: Final = re.compile(r"(?<!\d)(?:18|19|20)[^\w\n]{1,3}\Z")


class Finding(StrEnum):
    """A sign that a text may point out a person."""

    IDENTITY_NUMBER = "identity_number"
    PHONE = "phone"
    EMAIL = "email"
    REGISTRATION_NUMBER = "registration_number"
    LIKELY_NAME = "likely_name"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scrubbed:
    """A text without identity numbers, and how many were masked."""

    text: str
    identity_numbers: int


def scrub(text: str) -> Scrubbed:
    """Replace every personnummer and samordningsnummer with `MASK`.

    Scrubbing is idempotent, and `holds_identity_number` is false for the result, always.
    """
    count = 0
    for _ in range(_PASSES):
        spans = identity_numbers(text)
        if not spans:
            return Scrubbed(text=text, identity_numbers=count)
        count += len(spans)
        text = _masked(text, spans)
    if holds_identity_number(text):
        # Each mask uncovered another number: nobody writes so by chance. Without a digit there is
        # no number, whatever the rest decodes to.
        text = without_digits(text, MASK)
    return Scrubbed(text=text, identity_numbers=count)


def holds_identity_number(text: str) -> bool:
    """Tell whether a personnummer or samordningsnummer stands in the text."""
    return bool(identity_numbers(text))


def warnings(text: str, *, known_words: frozenset[str]) -> tuple[Finding, ...]:
    """Name the signs of a person in a text, each once, so that its author can think again.

    These are guesses, and nothing is masked or refused because of them.

    Args:
        text: what a person wrote.
        known_words: casefolded words of places and units, which are no names of persons.
    """
    found = {
        Finding.IDENTITY_NUMBER: holds_identity_number(text),
        Finding.PHONE: _PHONE.search(text) is not None,
        Finding.EMAIL: _EMAIL.search(text) is not None,
        Finding.REGISTRATION_NUMBER: _REGISTRATION.search(text) is not None,
        Finding.LIKELY_NAME: _names_someone(text, known_words),
    }
    return tuple(finding for finding, is_found in found.items() if is_found)


def _masked(text: str, spans: list[Span]) -> str:
    parts: list[str] = []
    done = 0
    for start, end in spans:
        before = text[done:start]
        century = _CENTURY.search(before)
        if century is not None:  # "20/[personnummer]": the year's first half belongs to the number
            before = before[: century.start()]
        parts += (before, MASK)
        done = end
    return "".join((*parts, text[done:]))


# --- Other signs of a person ----------------------------------------------------------------------

_PHONE: Final = re.compile(
    r"(?<![\w/.\-])(?:(?:\+|00)46[ -]?(?:\(0\)[ -]?)?[1-9][0-9]{0,2}|08|0[1-9][0-9]{1,2})"
    r"(?:[ ]?[-–/][ ]?|[ ])?[0-9]{2,4}(?:[ -]?[0-9]{2,4}){1,3}(?![\w-])"
)
_EMAIL: Final = re.compile(r"(?<![\w.+-])[\w.+-]++@[\w-]++\.\w")
# Transportstyrelsen: no I, Q, V, Å, Ä or Ö, and no O last. In small letters only when glued.
_REGISTRATION: Final = re.compile(
    r"(?<![^\W_])(?:[A-HJ-PR-UW-Z]{3}(?![ -]112)[ -]?[0-9]{2}[A-HJ-NPR-UW-Z0-9]"
    r"|[a-hj-pr-uw-z]{3}[0-9]{2}[a-hj-npr-uw-z0-9])(?![^\W_])"
)
_WORD: Final = re.compile(r"[^\W\d_]+(?:[-'’][^\W\d_]+)*")
_ROLES: Final = frozenset(
    (
        "elev",
        "eleven",
        "pojken",
        "flickan",
        "killen",
        "tjejen",
        "kille",
        "tjej",
        "läraren",
        "lärare",
        "rektor",
        "rektorn",
        "kuratorn",
        "mamman",
        "pappan",
        "mamma",
        "pappa",
        "föräldern",
        "barnet",
        "grannen",
        "syskonet",
        "brodern",
        "systern",
        "sonen",
        "dottern",
        "herr",
        "fru",
        "fröken",
        "vän",
        "vännen",
        "brukaren",
        "klienten",
    )
)
_PATRONYMS: Final = ("sson", "ssons", "dotter", "dotters")


def _names_someone(text: str, known_words: frozenset[str]) -> bool:
    """Look for two capitalised words in a row, or a role and a capitalised word."""
    before, before_is_name, end = "", False, 0
    for match in _WORD.finditer(text):
        word, between = match[0], text[end : match.start()]
        folded = word.casefold()
        looks_so = (
            len(word) > 1
            and word[0].isupper()
            and not word.isupper()
            and folded not in known_words
            and folded.removesuffix("s") not in known_words
        )
        adjacent = bool(between) and between.isspace() and "\n" not in between
        starts_sentence = not before or any(sign in between for sign in ".!?:\n•")
        if looks_so and adjacent and (before_is_name or before.casefold() in _ROLES):
            return True
        # At the start of a sentence a capital says nothing, but a patronymic after it does.
        if looks_so and adjacent and before[:1].isupper() and folded.endswith(_PATRONYMS):
            return True
        before, end = word, match.end()
        before_is_name = looks_so and not starts_sentence
    return False

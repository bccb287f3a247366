"""The words that the administrator's lists are written with: headings and roles, as people spell
them.

What a line must hold belongs in roster.py.
"""

import unicodedata
from collections.abc import Iterable
from difflib import get_close_matches

from bot.domain.people import Role
from bot.domain.roster import FUNCTION, PERSON_COLUMNS, UNIT_COLUMNS

SWEDISH_HEADINGS = {
    "enhet": "unit", "nämnd": "board", "ort": "place",
    "namn": "name", "konto": "account", "e-post": "email", "epost": "email", "roll": "role",
    "funktion": FUNCTION,
}  # fmt: skip
SWEDISH_ROLES = {
    "rapportör": Role.REPORTER,
    "ersättare": Role.DEPUTY,
    "samordnare": Role.COORDINATOR,
    "ersättande samordnare": Role.SUBSTITUTE,
    "läsare BRÅ": Role.READER_BRA,
    "läsare SAMSA": Role.READER_SAMSA,
    "läsare ledning": Role.READER_MANAGEMENT,
    "läsare kommunstyrelseförvaltning": Role.READER_EXECUTIVE,
    "läsare i BRÅ": Role.READER_BRA,
    "läsare i SAMSA": Role.READER_SAMSA,
    "läsare i ledningsgruppen": Role.READER_MANAGEMENT,
    "läsare på kommunstyrelseförvaltningen": Role.READER_EXECUTIVE,
    "samordnarens ersättare": Role.SUBSTITUTE,
    "administratör": Role.ADMINISTRATOR,
}
"""The file format's Swedish words; the English ones are the columns' and roles' own names."""

_ALIKE, _SUGGESTIONS = 0.7, 3  # a likeness that found 11 of 12 Swedish slips of the key


def column_of(heading: str) -> str | None:
    """Tell which column of ours a heading names."""
    return _COLUMNS.get(_fold(heading))


def role_of(word: str) -> Role | None:
    """Tell which role a word names."""
    return _ROLES.get(_fold(word))


def roles_alike(word: str) -> tuple[str, ...]:
    """Suggest roles that somebody may have meant."""
    return alike(word, [*SWEDISH_ROLES, *Role])


def alike(word: str, options: Iterable[str]) -> tuple[str, ...]:
    """Suggest what somebody may have meant, the likest first."""
    folded = {_fold(option): str(option) for option in options}
    return tuple(folded[f] for f in get_close_matches(_fold(word), folded, _SUGGESTIONS, _ALIKE))


def _fold(word: str) -> str:
    """Reduce a word of ours to what case, diacritics, hyphens and spaces leave the same."""
    parts = unicodedata.normalize("NFKD", word.casefold())
    bare = "".join(" " if c in "-_" else c for c in parts if not unicodedata.combining(c))
    return " ".join(bare.split())


_COLUMNS = {_fold(word): column for word, column in SWEDISH_HEADINGS.items()} | {
    column: column for column in (*UNIT_COLUMNS, *PERSON_COLUMNS, FUNCTION)
}
_ROLES = {_fold(word): role for word, role in SWEDISH_ROLES.items()} | {
    _fold(role): role for role in Role
}

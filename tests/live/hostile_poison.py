"""A poison: a piece of JSON, where it is put into an answer of the homeserver, and its stand-ins.

A poison is plain data that can be made before anything runs: what only a running homeserver knows
(accounts, rooms, keys) stands in it as a word between two @@, as does what no JSON value of ours
could hold (nine hundred lists in each other). Which poisons there are stands in the other modules
named hostile; `Wire` puts them into answers.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from tests.live.timeline import Event

FRONT, BACK = "<<", ">>"
"""As the last step of a way: put before, or behind, what stands in the list."""

DEEP, HUGE, DIGITS = "@@deep@@", "@@huge@@", "@@digits@@"
IDENTIFIER = "@@id@@"
"""As an event's id: one that no other event has."""

_NESTED = 900
_LONG = 60_000
_MANY_DIGITS = 5_000  # Python reads 4 300

MARVELS = {
    f'"{DEEP}"': "[" * _NESTED + "]" * _NESTED,
    f'"{HUGE}"': '"' + "å" * _LONG + '"',
    f'"{DIGITS}"': "9" * _MANY_DIGITS,
}
"""The texts that stand for what is not a word, quotation marks included."""


class Family(StrEnum):
    """What is poisoned."""

    TO_DEVICE = "to-device events"
    KEYS = "device keys"
    STATE = "state events"
    MESSAGE = "message events"


class Where(StrEnum):
    """Which answer it is put into."""

    SYNC = "sync"
    """One that also brings a question of the reporter."""
    ALONE = "alone"
    """A sync answer without anything of the reporter's, for it breaks what else stands there."""
    QUERY = "query"
    """An answer about devices (/keys/query)."""
    CLAIM = "claim"
    """An answer with one-time keys (/keys/claim)."""


class Sealed(StrEnum):
    """What the poison is wrapped in, so that it is met only after a successful decryption."""

    NO = "no"
    OLM = "olm"
    MEGOLM = "megolm"


@dataclass(frozen=True, slots=True, kw_only=True)
class Poison:
    """One thing that nobody should send.

    `at` leads from the whole answer to the place of `value`: names of sections, made where they are
    missing, and perhaps FRONT or BACK at the end. A sealed value is what stands inside the
    encryption, a whole event with its type.
    """

    name: str
    family: Family
    where: Where = Where.SYNC
    at: tuple[str, ...]
    value: object
    sealed: Sealed = Sealed.NO

    def spoils(self, other: "Poison") -> bool:
        """Tell whether the two can't stand in one answer."""
        if Where.ALONE in (self.where, other.where):
            return True
        short, long = sorted((self.at, other.at), key=len)
        if long[-1:] in ((FRONT,), (BACK,)) and len(short) == len(long):
            return False
        return long[: len(short)] == short


def put(answer: Event, at: tuple[str, ...], value: object) -> Event:
    """Give the answer with the value in its place; what stands in the way is replaced."""
    if not at:
        return value if isinstance(value, dict) else {"": value}
    return _dict(_put(answer, at, value))


def words(text: str, meanings: Mapping[str, str]) -> str:
    """Replace the words between @@ in a JSON text."""
    for word, meaning in (*MARVELS.items(), *meanings.items()):
        text = text.replace(word, meaning)
    return text


def _put(place: object, at: tuple[str, ...], value: object) -> object:
    if not at:
        return value
    step, rest = at[0], at[1:]
    if step in (FRONT, BACK):
        there = place if isinstance(place, list) else []
        return [value, *there] if step == FRONT else [*there, value]
    section = dict(place) if isinstance(place, dict) else {}
    return section | {step: _put(section.get(step), rest, value)}


def _dict(value: object) -> Event:
    assert isinstance(value, dict)
    return value

"""Reads the standing agendas from templates/agendas/: one TOML file, one forum's points in order.

Here stands how a file is written and what is wrong with it. What feeds a point with the meeting's
own matters belongs in bot/council/agendas.py.
"""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

from bot.domain.agenda import Feed, StandingPoint
from bot.domain.people import MEETING_FORUMS

LANGUAGES = ("sv", "en")
EXTRA = "extra"
"""The agenda of a meeting that is called beyond the fixed dates, whatever its forum."""
AGENDAS = (*(forum.value for forum in MEETING_FORUMS), EXTRA)
MAX_TEXT = 120
"""Signs of a heading or a note: more does not fit a phone."""

_FIELDS = frozenset({"heading", "feeds", "note"})


class BadAgenda(Exception):
    """Standing agendas that cannot be used; every mistake of every file, a line each."""

    def __init__(self, mistakes: Sequence[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = tuple(mistakes)


def load_agendas(
    folder: Path, *, languages: Sequence[str] = LANGUAGES
) -> Mapping[str, Sequence[StandingPoint]]:
    """Read the agenda of every forum, and the extra meeting's.

    Args:
        folder: where the files are, each named after its forum.
        languages: the languages that every heading and note must exist in.

    Raises:
        BadAgenda: anything is wrong in any file, or one is missing.
    """
    mistakes: list[str] = []
    loaded = {}
    for name in AGENDAS:
        path = folder / f"{name}.toml"
        loaded[name], wrong = _read(path, languages)
        mistakes += [f"templates/agendas/{path.name}: {what}" for what in wrong]
    known = {f"{name}.toml" for name in AGENDAS}
    for stray in sorted({path.name for path in folder.glob("*.toml")} - known):
        mistakes.append(f"templates/agendas/{stray}: no forum is called so; use {_list(known)}")
    if mistakes:
        raise BadAgenda(mistakes)
    return loaded


def _read(path: Path, languages: Sequence[str]) -> tuple[Sequence[StandingPoint], Sequence[str]]:
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return (), ["the file is missing; each forum needs its own"]
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        return (), [f"not TOML: {error}"]
    tables = data.get("point")
    if not isinstance(tables, list) or not tables:
        return (), ["no points; begin each with [[point]]"]
    wrong = [f'"{name}" means nothing here' for name in data if name != "point"]
    points = []
    for number, table in enumerate(tables, start=1):
        point, faults = _point(table, languages)
        wrong += [f"point {number}: {fault}" for fault in faults]
        points.append(point)
    places = sum(Feed.ITEMS in point.feeds for point in points)
    if not wrong and places != 1:
        wrong.append(f'{places} points have the feed "items"; exactly one must, for people\'s own')
    return points, wrong


def _point(table: object, languages: Sequence[str]) -> tuple[StandingPoint, Sequence[str]]:
    if not isinstance(table, Mapping):
        return StandingPoint(heading={}), ["must be a table: [[point]]"]
    wrong = [
        f'"{name}" means nothing here; use {_list(_FIELDS)}' for name in table.keys() - _FIELDS
    ]
    heading, faults = _texts(table.get("heading", {}), "heading", languages)
    wrong += faults
    note = None
    if "note" in table:
        note, faults = _texts(table["note"], "note", languages)
        wrong += faults
    named = table.get("feeds", [])
    feeds = named if isinstance(named, list) else [named]
    wrong += [
        f'no feed is called "{f}"; use {_list(set(Feed))}' for f in feeds if f not in set(Feed)
    ]
    if len(feeds) != len(set(map(str, feeds))):
        wrong.append("the same feed stands twice")
    known = [Feed(feed) for feed in feeds if feed in set(Feed)]
    return StandingPoint(heading=heading, feeds=known, note=note), wrong


def _texts(
    value: object, name: str, languages: Sequence[str]
) -> tuple[Mapping[str, str], Sequence[str]]:
    if not isinstance(value, Mapping):
        return {}, [f'"{name}" must have a text for each language: {name}.{languages[0]} = "…"']
    wrong = []
    for language in languages:
        text = value.get(language)
        if not isinstance(text, str) or not text.strip():
            wrong.append(f'"{name}.{language}" is missing')
        elif len(text) > MAX_TEXT or "\n" in text:
            wrong.append(f'"{name}.{language}" must be one line of at most {MAX_TEXT} signs')
    wrong += [f'"{name}.{code}" is in no known language' for code in value.keys() - set(languages)]
    return {str(code): str(text) for code, text in value.items()}, wrong


def _list(names: frozenset[str] | set[str] | set[Feed]) -> str:
    return ", ".join(sorted(str(name) for name in names))

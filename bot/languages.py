"""One language's file of templates/languages/: command words, names, formats, as typed values.

How a message is rendered belongs in render.py.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.command import CommandWords
from bot.domain.meeting import Reply
from bot.domain.place import Word


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """One file of templates/languages/."""

    code: str
    name: str
    reserved: Mapping[Word, Sequence[str]]
    reactions: Mapping[str, str]
    commands: Mapping[str, CommandWords]
    months: Sequence[str]
    weekdays: Sequence[str]
    names: Mapping[str, Mapping[str, str]]
    replies: Mapping[Reply, Sequence[str]]
    formats: Mapping[str, str]


class BadTemplates(Exception):
    """A file under templates/ is broken; says which, where and what to do."""


def read_language(path: Path) -> Language:
    """Read one language.

    Raises:
        BadTemplates: the file is no TOML, or something is missing.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        return Language(
            code=path.stem,
            name=data["name"],
            reserved={Word(word): spellings for word, spellings in data["reserved"].items()},
            reactions=data["reactions"],
            commands={
                name: _command_words(verb, rank)
                for rank, (name, verb) in enumerate(data["commands"].items())
            },
            months=data["months"],
            weekdays=data["weekdays"],
            names=data["names"],
            replies={Reply(reply): spellings for reply, spellings in data["replies"].items()},
            formats=data["formats"],
        )
    except (tomllib.TOMLDecodeError, KeyError, ValueError) as error:
        raise BadTemplates(f"templates/languages/{path.name}: {error!r}") from error


def _command_words(verb: Mapping[str, Any], rank: int) -> CommandWords:
    member = verb.get("member")
    return CommandWords(
        words=verb["words"],
        args=verb.get("args", ""),
        summary=verb["summary"],
        example=verb["example"],
        details=verb.get("details", ""),
        rank=rank,
        member=_command_words({**verb, **member, "member": None}, rank) if member else None,
    )

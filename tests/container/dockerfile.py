"""Dockerfile → stages of instructions. What they mean and how they are carried out: image.py."""

import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruction:
    """One line, its continuations joined. `text` is what follows the flags (`--name=value`)."""

    name: str
    flags: Mapping[str, str]
    text: str

    @property
    def words(self) -> tuple[str, ...]:
        """Split the text as Docker does: a JSON list, or words as a shell has them.

        Raises:
            ValueError: neither is well-formed.
        """
        text = self.text.removeprefix("CMD ") if self.name == "HEALTHCHECK" else self.text
        return tuple(json.loads(text) if text.startswith("[") else shlex.split(text))

    @property
    def is_exec(self) -> bool:
        """Tell whether no shell stands between the engine and the program: signals reach it."""
        return self.text.removeprefix("CMD ").startswith("[")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What follows one FROM."""

    base: str
    name: str | None
    instructions: tuple[Instruction, ...]

    def all(self, name: str) -> tuple[Instruction, ...]:
        """List the instructions of a name."""
        return tuple(one for one in self.instructions if one.name == name)

    def last(self, name: str) -> Instruction:
        """Give the one that holds: of USER, CMD and their like the last wins.

        Raises:
            LookupError: there is none.
        """
        found = self.all(name)
        if not found:
            raise LookupError(f"no {name}")
        return found[-1]


def read(file: Path) -> tuple[Stage, ...]:
    """Read a Dockerfile.

    Raises:
        ValueError: something stands before the first FROM.
    """
    lines = [
        line for line in file.read_text(encoding="utf-8").splitlines() if not _is_comment(line)
    ]
    stages: list[Stage] = []
    found: list[Instruction] = []
    for line in re.sub(r"\\\n\s*", "", "\n".join(lines)).splitlines():
        if not line.strip():
            continue
        one = _instruction(line)
        if one.name == "FROM":
            base, _, name = one.text.partition(" AS ")
            found = []
            stages.append(Stage(base=base, name=name or None, instructions=()))
        elif not stages:
            raise ValueError(f"before FROM: {line}")
        else:
            found.append(one)
            last = stages[-1]
            stages[-1] = Stage(base=last.base, name=last.name, instructions=tuple(found))
    return tuple(stages)


def _is_comment(line: str) -> bool:
    return line.lstrip().startswith("#")


def _instruction(line: str) -> Instruction:
    name, _, rest = line.strip().partition(" ")
    flags: dict[str, str] = {}
    rest = rest.lstrip()
    while match := re.match(r"--([a-z-]+)=(\S+)\s+", rest):
        flags[match[1]] = match[2]
        rest = rest[match.end() :]
    return Instruction(name=name.upper(), flags=flags, text=rest)

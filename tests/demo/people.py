"""The lists of units and people that stand beside this file, filled in and read."""

import csv
from collections.abc import Mapping
from pathlib import Path

HERE = Path(__file__).parent


def filled(name: str, folder: Path, server: str) -> Path:
    """Write a list to `folder`, with its accounts on this homeserver."""
    text = (HERE / name).read_text(encoding="utf-8").replace("{server}", server)
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def names_of(persons: Path) -> Mapping[str, str]:
    """Give each account's first part with its owner's name, in the list's order."""
    return {_first_part(row): row["namn"] for row in _rows(persons)}


def parts_of(persons: Path) -> dict[str, list[str]]:
    """Give each account's first part with what its owner does, in words."""
    parts: dict[str, list[str]] = {}
    for row in _rows(persons):
        words = " ".join(word for word in (row["roll"], row["enhet"]) if word)
        parts.setdefault(_first_part(row), []).append(words)
    return parts


def _rows(persons: Path) -> list[dict[str, str]]:
    with persons.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter=";"))


def _first_part(row: Mapping[str, str]) -> str:
    return row["konto"].removeprefix("@").partition(":")[0]

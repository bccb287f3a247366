"""What each unit's person does in a month of the crash test, and what it must come to.

Plain values, drawn by chance. Doing it belongs in crash_people.py.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Wave(StrEnum):
    """When somebody answers."""

    AT_ONCE = "at once"
    REMINDED = "after the first reminder"
    REMINDED_AGAIN = "after the second reminder"
    DEPUTY = "the deputy answers"
    LATE = "after the deadline"
    SILENT = "never"


@dataclass(frozen=True, slots=True, kw_only=True)
class Meant:
    """What must stand in the register for a unit after a round; no text where `token` is empty."""

    state: str
    lage: str = ""
    jamfort: str = ""
    token: str = ""
    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one unit's person does in a round. `edit` replaces the first message afterwards."""

    wave: Wave
    messages: Sequence[str] = ()
    reaction: str = ""
    edit: str = ""
    meant: Meant


def share_out(
    count: int, number: int, before: Sequence[Part], chance: random.Random
) -> Sequence[Part]:
    """Decide what each unit's person does in a round; `before` is what they did in the last."""
    waves = [Wave.AT_ONCE] * count
    quiet = [Wave.SILENT] * 3 + [Wave.REMINDED] * 4 + [Wave.REMINDED_AGAIN] * 2 + [Wave.LATE]
    for unit, wave in zip(chance.sample(range(1, count), min(10, count - 1)), quiet, strict=False):
        waves[unit] = wave
    waves[0] = (Wave.DEPUTY, Wave.SILENT)[number % 2]
    return [
        _part(wave, f"r{number:02}u{unit:02}", before[unit].meant if before else None, chance)
        for unit, wave in enumerate(waves)
    ]


def _part(wave: Wave, token: str, before: Meant | None, chance: random.Random) -> Part:
    if wave is Wave.SILENT:
        return Part(wave=wave, meant=Meant(state="awaited", version=0))
    text = f"Mopeder kör fort på skolgården, märke {token}"
    whole = f"2\n3\n1, 5\n{text}\n2\nBjörbo\n3\n1 pratat med eleverna\n1\nnej"
    calm = Meant(state="submitted", lage="gron", jamfort="samma")
    ways = [
        Part(wave=wave, messages=("1", "2", "skicka"), meant=calm),
        Part(wave=wave, messages=("1\n2\nskicka",), meant=calm),
        Part(wave=wave, messages=("2", "skicka"), reaction="🟢", meant=calm),
        Part(
            wave=wave,
            messages=("1\n2\nskicka",),
            edit="2\n1",
            meant=Meant(state="submitted", lage="gul", jamfort="battre", version=2),
        ),
        Part(
            wave=wave,
            messages=("3", "3", "2, 6", text, "1", "räcker", "skicka"),
            meant=Meant(state="submitted", lage="rod", jamfort="samre", token=token),
        ),
        Part(
            wave=wave,
            messages=(whole, "skicka"),
            meant=Meant(state="submitted", lage="gul", jamfort="samre", token=token),
        ),
        Part(
            wave=wave,
            messages=("inget att rapportera", "skicka"),
            meant=Meant(state="nothing_to_report", lage="inget"),
        ),
    ]
    if before is not None and before.lage not in ("", "inget"):
        same = Meant(state="no_change", lage=before.lage, jamfort="samma", token=before.token)
        ways += [Part(wave=wave, messages=("oförändrat", "skicka"), meant=same)]
    return chance.choice(ways)

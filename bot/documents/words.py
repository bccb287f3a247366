"""The documents' words in one language, and which signs the documents' typeface can draw.

The words themselves stand in templates/documents/<language>.json. Which of them a document shows
is decided in report_view.py and picture_view.py.
"""

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.domain.calendar import Period
from bot.domain.cycle import SubmissionState
from bot.domain.report import Report, UnitLine

View = dict[str, object]
"""Plain data for a template: what JSON can hold."""

LEVELS = ("rod", "gul", "gron", "inget")
"""The levels' ids, gravest first."""

SILENT: Mapping[str, str] = {
    SubmissionState.AWAITED: "missing",
    SubmissionState.DRAFT: "missing",
    SubmissionState.ABSENT: "absent",
    SubmissionState.UNREACHABLE: "unreachable",
    SubmissionState.SUBMITTED: "answered",
    SubmissionState.NO_CHANGE: "answered",
    SubmissionState.NOTHING_TO_REPORT: "inget",
}
"""How a unit is marked that named no level, by its state."""

UNDRAWN = "□"
"""Stands for a sign that the typeface lacks."""

# Measured: what the one embedded typeface can draw. Outside it Typst refuses to write PDF/A, and
# some scripts make it panic, so one odd character in one answer could stop the whole report.
_DRAWABLE = re.compile(
    "[^\n -~\u00a1-\u024f\u0400-\u045f\u1e00-\u1eff\u2010-\u2015\u2018-\u2026←-↓€™−□■●▲◆○◇]"
)
_UNSEEN = frozenset({"Cc", "Cf", "Mn", "Mc", "Me"})
"""Control signs, and marks that no composed letter took in."""

_LONG_WORD = re.compile(r"\S{40,}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """The documents' words in one language, with the question set's labels."""

    code: str
    text: Mapping[str, str]
    lists: Mapping[str, Sequence[str]]
    groups: Mapping[str, Mapping[str, str]]
    marks: Mapping[str, Mapping[str, str]]
    basis: Mapping[str, str]
    limits: Sequence[str]
    sections: Mapping[str, str]
    labels: Mapping[str, str]

    @classmethod
    def read(cls, root: Path, code: str, labels: Mapping[str, str]) -> "Words":
        """Read `<code>.json` and the table of which question belongs to which section."""
        found = json.loads((root / f"{code}.json").read_text(encoding="utf-8"))
        basis = found.pop("basis")
        marks = found.pop("marks")
        picture = found.pop("picture")
        found["picture_unit"] = picture.pop("unit")
        found |= {f"picture_{name}": words for name, words in picture.items()}
        return cls(
            code=code,
            text={k: v for k, v in found.items() if isinstance(v, str)},
            lists={k: v for k, v in found.items() if isinstance(v, list)},
            groups={k: v for k, v in found.items() if isinstance(v, dict)},
            marks=marks,
            limits=basis.pop("limits"),
            basis=basis,
            sections=json.loads((root / "sections.json").read_text(encoding="utf-8")),
            labels=labels,
        )

    def label(self, question: str, choice: str) -> str:
        """Give a choice's label; a place has none and is its own."""
        return self.labels.get(f"{question}.{choice}", choice)

    def listed(self, names: Iterable[str]) -> str:
        """Write several names in a row; a comma within one must not make it look like two."""
        names = list(names)
        return ("; " if any("," in name for name in names) else ", ").join(names)

    def level(self, mark: str) -> str:
        """Give the level's whole words ("Grönt – som vanligt"), or the mark's own."""
        own = self.marks.get(mark, {}).get("word", mark)
        return self.labels.get(f"lage.{mark}", own)

    def plural(self, group: str, n: int) -> str:
        """Choose between "one" and "many"."""
        return self.groups[group]["one" if n == 1 else "many"]

    def period(self, period: Period) -> str:
        """Write a period: "oktober 2026", "juni–juli 2026"."""
        months = self.lists["months"]
        last = f"{months[period.last.month - 1]} {period.last.year}"
        if period.first == period.last:
            return last
        first = months[period.first.month - 1]
        if period.first.year != period.last.year:
            return f"{first} {period.first.year}–{last}"
        return f"{first}–{last}"

    def audience(self, report: Report) -> str:
        """Name the room."""
        return self.groups["audience"][report.audience]

    def file_name(self, report: Report) -> str:
        """Name the files so that the name says it all; the ending is the caller's."""
        name = self.text["file"].format(
            period=report.period.key, audience=self.audience(report), number=report.number
        )
        if report.rehearsal:
            name = self.text["file_rehearsal"].format(name=name)
        return unicodedata.normalize("NFC", name)


def mark_of(line: UnitLine) -> str:
    """Name how a unit is shown now: its level, or why it has none."""
    return line.level if line.level in LEVELS else SILENT[line.state]


def drawable(view: View) -> View:
    """Make every string drawable: composed letters, no control signs, □ for what the face lacks."""
    return {key: _clean(value) for key, value in view.items()}


def loses_signs(view: object) -> bool:
    """Tell whether a sign of the view can't be drawn; a □ that somebody wrote is drawn as it is."""
    if isinstance(view, str):
        return _DRAWABLE.search(_plain(view)) is not None
    if isinstance(view, dict):
        return any(map(loses_signs, view.values()))
    return isinstance(view, list | tuple) and any(map(loses_signs, view))


def _clean(value: object) -> object:
    if isinstance(value, str):
        return _clean_text(value)
    if isinstance(value, list | tuple):
        return [_clean(item) for item in value]
    if isinstance(value, dict):
        return drawable(value)
    return value


def _clean_text(text: str) -> str:
    drawn = _DRAWABLE.sub(UNDRAWN, _plain(text))
    # A zero-width space lets a long address or a held-down key break at the cell's edge.
    return _LONG_WORD.sub(lambda m: "\u200b".join(re.findall(".{1,8}", m[0])), drawn)


def _plain(text: str) -> str:
    """Compose letters; one kind of line break and of space; leave out what shows nothing itself."""
    text = unicodedata.normalize("NFC", text)
    text = re.sub(r"[^\S\n]", " ", "\n".join(text.splitlines()))
    return "".join(c for c in text if c == "\n" or unicodedata.category(c) not in _UNSEEN)

"""What the documents show: a report and the words of a language → plain data for the templates.

Which rows, which order, which words. How it looks is the templates' business, and figures are
compiled in domain/. The data is JSON and never markup, so that an answer can't inject anything.
"""

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.domain.calendar import Period
from bot.domain.cycle import SubmissionState
from bot.domain.report import Audience, Remark, Report, Tally, UnitLine

LEVELS = ("rod", "gul", "gron", "inget")
"""The levels' ids, gravest first."""

PICTURE_ROWS = 40
"""From so many units on the picture shows only those that stand out, and at most so many rows."""

View = dict[str, object]

_SILENT: Mapping[str, str] = {
    SubmissionState.AWAITED: "missing",
    SubmissionState.DRAFT: "missing",
    SubmissionState.ABSENT: "absent",
    SubmissionState.UNREACHABLE: "absent",
    SubmissionState.SUBMITTED: "answered",
    SubmissionState.NO_CHANGE: "answered",
    SubmissionState.NOTHING_TO_REPORT: "inget",
}
# Measured: what the one embedded typeface can draw. Outside it Typst refuses to write PDF/A, and
# some scripts make it panic, so one odd character in one answer could stop the whole report.
_DRAWABLE = re.compile(
    "[^\n -~\u00a1-\u024f\u0400-\u045f\u1e00-\u1eff\u2010-\u2015\u2018-\u2026←-↓€™−□]"
)
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


def report_view(report: Report, words: Words) -> View:
    """Build what report.typ shows."""
    text = words.text
    named = {
        "period": words.period(report.period),
        "audience": words.audience(report),
        "number": report.number,
        "municipality": report.municipality,
    }
    end = report.period.end
    view: View = {
        "lang": words.code,
        "date": [end.year, end.month, end.day],
        "document_title": text["document_title"].format_map(named),
        "title": text["title"].format_map(named),
        "municipality": report.municipality,
        "audience": words.groups["audience_long"][report.audience],
        "edition": text["edition"].format_map(named),
        "corrected": text["corrected"].format_map(named) if report.corrected else None,
        "rehearsal": [text["rehearsal"], text["rehearsal_long"]] if report.rehearsal else None,
        "footer": text["footer"].format_map(named)
        + (f" · {text['corrected_short']}" if report.corrected else ""),
        "page": text["page"],
        "sections": [
            {"title": words.groups["sections"][name], "blocks": blocks}
            for name, blocks in (
                ("summary", _summary(report, words)),
                ("state", _state(report, words)),
                ("about", _figures(report, words, "about")),
                ("where", _figures(report, words, "where")),
                ("done", _figures(report, words, "done")),
                ("support", _figures(report, words, "support") + _support(report, words)),
                ("ahead", _figures(report, words, "ahead")),
                ("assignments", [_paragraphs([text["no_assignments"]])]),
                ("basis", _basis(report, words)),
            )
            if blocks
        ],
    }
    shown = _drawable(view)
    if "□" in json.dumps(shown, ensure_ascii=False):
        shown["sections"][-1]["blocks"].append(_paragraphs([text["missing_glyph"]]))  # type: ignore[index]
    return shown


def picture_view(report: Report, words: Words) -> View:
    """Build what matrix.typ shows: units × periods, fewer rows where there are many units."""
    lines = list(report.lines)
    few = len(lines) < PICTURE_ROWS
    if not few:
        rank = {mark: n for n, mark in enumerate(LEVELS)}
        lines = sorted(filter(_stands_out, lines), key=lambda ln: rank.get(ln.level or "", 9))
        lines = lines[:PICTURE_ROWS]
    drawn = {line.unit for line in lines}
    rest = Counter(_mark(line) for line in report.lines if line.unit not in drawn)
    periods = [Period.parse(key) for key in report.period_keys]
    rows = [
        {"unit": line.unit, "past": _past(line, len(periods) - 1), "now": _mark(line)}
        for line in lines
    ]
    return _drawable(
        {
            "lang": words.code,
            "title": words.text["picture_title"].format(period=words.period(report.period)),
            "subtitle": words.text["footer"].format(
                municipality=report.municipality,
                period=words.period(report.period),
                audience=words.audience(report),
                number=report.number,
            ),
            "rehearsal": words.text["rehearsal"] if report.rehearsal else None,
            "lead": None if few else words.text["picture_most"],
            "months": [_short(period, words) for period in periods],
            "now": words.text["picture_now"],
            "legend": words.text["picture_legend"],
            "rows": rows,
            "rest": [
                words.text["picture_rest"].format(
                    n=n, unit=words.plural("picture_unit", n), of=words.marks[mark]["of"]
                )
                for mark, n in sorted(rest.items(), key=lambda item: -item[1])
            ],
            "marks": {
                mark: {**own, "label": words.level(mark)} for mark, own in words.marks.items()
            },
        }
    )


def _short(period: Period, words: Words) -> list[str]:
    months = words.lists["months_short"]
    ends = dict.fromkeys((period.first.month, period.last.month))
    return ["–".join(months[month - 1] for month in ends), str(period.last.year)]


def _stands_out(line: UnitLine) -> bool:
    changed = line.previous_level is not None and line.level not in (None, line.previous_level)
    return changed or line.level in ("rod", "gul")


def _mark(line: UnitLine) -> str:
    """Name how a unit is shown now: its level, or why it has none."""
    return line.level if line.level in LEVELS else _SILENT[line.state]


def _past(line: UnitLine, columns: int) -> list[str]:
    """Name how a unit is shown in the columns before this one."""
    known = [_SILENT.get(h or "", h if h in LEVELS else "unknown") for h in line.history[:-1]]
    return (["unknown"] * columns + [str(mark) for mark in known])[-columns:] if columns else []


def _paragraphs(lines: Iterable[str]) -> View:
    return {"kind": "paragraphs", "lines": list(lines)}


def _summary(report: Report, words: Words) -> list[View]:
    counted = Counter(_mark(line) for line in report.lines)
    keys = [
        {
            "value": words.text["key_of"].format(n=report.answered, total=report.expected),
            "label": words.text["key_answered"],
            "mark": None,
        }
    ]
    for mark in ("rod", "gul", "gron"):
        label = words.plural("key_level", counted[mark]).format(of=words.marks[mark]["of"])
        keys.append({"value": str(counted[mark]), "label": label, "mark": mark})
    moved = [
        {"title": words.text[name], "text": ", ".join(units)}
        for name, units in (("rose", report.rose), ("sank", report.sank))
        if units
    ]
    bars = [_bar(words.text["bars_now"], report.levels, words)]
    if any(report.previous_levels.values()):
        bars.append(_bar(words.text["bars_before"], report.previous_levels, words))
        if not moved:
            moved = [{"title": words.text["unchanged"], "text": ""}]
    blocks: list[View] = []
    if report.summary:
        blocks.append({"kind": "summary", "lines": list(report.summary)})
    blocks.append({"kind": "keys", "keys": keys})
    if any(report.levels.values()):
        said = "; ".join(
            f"{bar['title']}: " + ", ".join(str(part["said"]) for part in bar["parts"])  # type: ignore[attr-defined]
            for bar in bars
        )
        alt = words.text["bars_alt"].format(rows=said)
        blocks.append({"kind": "bars", "title": words.text["bars"], "alt": alt, "bars": bars})
    if moved:
        blocks.append({"kind": "definitions", "items": moved})
    return blocks


def _bar(title: str, levels: Mapping[str, int], words: Words) -> View:
    parts = []
    for mark in LEVELS:
        n = levels.get(mark, 0)
        own = words.marks[mark]
        said = f"{n} {own['one' if n == 1 else 'many']}"
        parts.append({"mark": mark, "n": n, "text": f"{own['symbol']} {said}", "said": said})
    return {"title": title, "parts": [part for part in parts if part["n"]]}


def _state(report: Report, words: Words) -> list[View]:
    boards: dict[str, list[View]] = {}
    for line in report.lines:
        boards.setdefault(line.board, []).append(_unit_row(line, words))
    return [
        {
            "kind": "units",
            "columns": [words.groups["columns"][c] for c in ("unit", "level", "trend", "reply")],
            "boards": [
                {"board": board or words.text["no_board"], "rows": rows}
                for board, rows in boards.items()
            ],
            "grouped": any(boards),
        }
    ]


def _unit_row(line: UnitLine, words: Words) -> View:
    mark = _mark(line)
    own = words.marks[mark]
    trend = words.label("jamfort", line.trend) if line.trend else words.text["none"]
    before = line.previous_level
    if before in LEVELS and before != line.level:
        word = words.marks[before]["word"]
        was = words.text["was"].format(level=word[:1].lower() + word[1:])
        trend = f"{trend} ({was})" if line.trend else was[:1].upper() + was[1:]
    reply = [words.groups["states"].get(line.state, words.groups["states"]["awaited"])]
    reply += [words.text["late"]] * line.late + [words.text["on_behalf"]] * line.on_behalf
    has_level = mark in LEVELS
    return {
        "unit": line.unit,
        "mark": mark,
        "symbol": own["symbol"] if has_level else "",
        "level": own["word"] if has_level else words.text["none"],
        "label": words.level(mark) if has_level else words.text["none"],
        "trend": trend,
        "reply": ", ".join(reply),
    }


def _figures(report: Report, words: Words, section: str) -> list[View]:
    """Build the tables and the units' own words of one of the sections 3–7."""
    here = [t for t in report.tallies if words.sections.get(t.question, "about") == section]
    tables = [table for tally in here if (table := _tally(tally, words))]
    blocks: list[View] = []
    if tables and section == "about":
        blocks.append(_paragraphs([words.text["tally_lead"]]))
    blocks += tables
    remarks = [r for r in report.remarks if words.sections.get(r.question, "about") == section]
    if section == "about":
        told = {(remark.unit, remark.text) for remark in report.remarks}
        remarks += [
            Remark(unit=line.unit, question="", text=line.text)
            for line in report.lines
            if line.text and (line.unit, line.text) not in told
        ]
    if remarks:
        items = [{"unit": remark.unit, "text": remark.text} for remark in remarks]
        title = words.text["own_words"] if section != "ahead" else ""
        blocks.append({"kind": "remarks", "title": title, "items": items})
    return blocks


def _tally(tally: Tally, words: Words) -> View | None:
    figures = [(c, (c.units, c.last_month, c.last_year)) for c in tally.counts]
    rows = [
        [
            words.label(tally.question, count.id),
            *(words.text["none"] if n is None else str(n) for n in row),
        ]
        for count, row in sorted(figures, key=lambda item: -item[0].units)
        if any(row)
    ]
    if not rows and not tally.withheld:
        return None
    note = words.plural("withheld", tally.withheld).format(n=tally.withheld)
    title = words.groups["questions"].get(tally.question, tally.question)
    return {
        "kind": "figures",
        "columns": [title, *words.lists["tally_columns"]],
        "rows": rows,
        "note": note if tally.withheld else "",
    }


def _support(report: Report, words: Words) -> list[View]:
    rows = [
        [support.unit, ", ".join(words.label("stod", w) for w in support.wishes), support.text]
        for support in report.support
    ]
    if not rows:
        return []
    columns = words.lists["support_columns"]
    return [{"kind": "support", "title": words.text["proposals"], "columns": columns, "rows": rows}]


def _basis(report: Report, words: Words) -> list[View]:
    basis = words.basis
    if not report.expected:
        rate = basis["nobody"]
    else:
        percent = round(100 * report.answered / report.expected)
        rate = basis["rate"].format(
            answered=report.answered, expected=report.expected, percent=percent
        )
    silent = [
        {"title": basis[name], "text": ", ".join(units)}
        for name, units in (
            ("missing", report.missing),
            ("absent", report.absent),
            ("unreachable", report.unreachable),
        )
        if units
    ]
    blocks = [_paragraphs([rate])]
    if silent:
        blocks.append({"kind": "definitions", "items": silent})
    limits = list(words.limits)
    if report.audience is Audience.SAMSA:
        limits.append(basis["samsa"])
    return [*blocks, {"kind": "list", "lines": limits}]


def _drawable(view: View) -> View:
    """Make every string drawable: composed letters, no control signs, □ for what the face lacks."""
    clean: View = json.loads(json.dumps(view), object_hook=None)
    return {key: _clean(value) for key, value in clean.items()}


def _clean(value: object) -> object:
    if isinstance(value, str):
        return _clean_text(value)
    if isinstance(value, list):
        return [_clean(item) for item in value]
    if isinstance(value, dict):
        return {key: _clean(item) for key, item in value.items()}
    return value


def _clean_text(text: str) -> str:
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\t", " "))
    text = text.replace("\u00a0", " ").replace("\u202f", " ")
    kept = (c for c in text if c == "\n" or unicodedata.category(c)[0] not in "CM")
    drawn = _DRAWABLE.sub("□", "".join(kept))
    # A zero-width space lets a long address or a held-down key break at the cell's edge.
    return _LONG_WORD.sub(lambda m: "\u200b".join(re.findall(".{1,20}", m[0])), drawn)

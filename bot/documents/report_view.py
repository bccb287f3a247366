"""What the PDF shows: a report and the words of a language → plain data for report.typ.

Which rows, which order, which words. How it looks is the templates' business, figures are compiled
in domain/, and the picture has picture_view.py. The data is JSON and never markup, so that an
answer can't inject anything.
"""

from collections import Counter
from collections.abc import Iterable, Mapping

from bot.documents.words import LEVELS, SILENT, View, Words, drawable, loses_signs, mark_of
from bot.domain.follow_up import AssignmentState
from bot.domain.report import Audience, FollowUpLine, Remark, Report, Tally, UnitLine


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
    sections = [
        {"title": words.groups["sections"][name], "blocks": blocks}
        for name, blocks in (
            ("summary", _summary(report, words)),
            ("state", _state(report, words)),
            ("about", _figures(report, words, "about")),
            ("where", _figures(report, words, "where")),
            ("done", _figures(report, words, "done")),
            ("support", _figures(report, words, "support") + _support(report, words)),
            ("ahead", _figures(report, words, "ahead")),
            ("assignments", _follow_up(report, words)),
            ("basis", _basis(report, words)),
        )
        if blocks
    ]
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
        "sections": sections,
        "note": None,
    }
    if loses_signs(view):
        view["note"] = text["missing_glyph"]
    return drawable(view)


def _paragraphs(lines: Iterable[str]) -> View:
    return {"kind": "paragraphs", "lines": list(lines)}


def _summary(report: Report, words: Words) -> list[View]:
    counted = Counter(mark_of(line) for line in report.lines)
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
        {"title": words.text[name], "text": words.listed(units)}
        for name, units in (("rose", report.rose), ("sank", report.sank))
        if units
    ]
    bars = [_bar(words.text["bars_now"], counted, words)]
    before = _before(report)
    if any(before.values()):
        bars.append(_bar(words.text["bars_before"], before, words))
        if not moved:
            moved = [{"title": words.text["unchanged"], "text": ""}]
    blocks: list[View] = []
    if report.summary:
        blocks.append({"kind": "summary", "lines": list(report.summary)})
    blocks.append({"kind": "keys", "keys": keys})
    if counted:
        title = words.text["bars" if len(bars) > 1 else "bars_alone"]
        alt = words.text["bars_alt"].format(rows="; ".join(str(bar["said"]) for bar in bars))
        blocks.append({"kind": "bars", "title": title, "alt": alt, "bars": bars})
    if moved:
        blocks.append({"kind": "definitions", "items": moved})
    return blocks


def _before(report: Report) -> Mapping[str, int]:
    """Count last month's units by mark: the levels as compiled, the others by the picture's column.

    Units that have left since are in the levels alone, for a report lists only the units it has.
    """
    column = [line.history[-2] or "" for line in report.lines if len(line.history) > 1]
    silent = Counter(SILENT[mark] for mark in column if mark in SILENT and mark not in LEVELS)
    silent.update(report.previous_levels)
    return silent


def _bar(title: str, counted: Mapping[str, int], words: Words) -> View:
    parts = []
    for mark, own in words.marks.items():  # gravest first, as the words stand
        n = counted.get(mark, 0)
        said = f"{n} {own['one' if n == 1 else 'many']}"
        parts.append({"mark": mark, "n": n, "text": f"{own['symbol']} {said}", "said": said})
    parts = [part for part in parts if part["n"]]
    said = f"{title}: " + ", ".join(str(part["said"]) for part in parts)
    return {"title": title, "parts": parts, "said": said}


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
    mark = mark_of(line)
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
    """Build a question's table; a comparison that is known for no row gets no column."""
    counts = sorted(tally.counts, key=lambda count: -count.units)
    figures = {c.id: (c.units, c.last_month, c.last_year) for c in counts}
    figures = {choice: row for choice, row in figures.items() if any(row)}
    kept = [n for n in range(3) if any(row[n] is not None for row in figures.values())]
    rows = [
        [words.label(tally.question, choice)]
        + [words.text["none"] if row[n] is None else str(row[n]) for n in kept]
        for choice, row in figures.items()
    ]
    if not rows and not tally.withheld:
        return None
    title = words.groups["questions"].get(tally.question, tally.question)
    note = words.plural("withheld", tally.withheld).format(n=tally.withheld, table=title)
    return {
        "kind": "figures",
        "columns": [title, *(words.lists["tally_columns"][n] for n in kept)],
        "rows": rows,
        "note": note if tally.withheld else "",
    }


def _support(report: Report, words: Words) -> list[View]:
    rows = [
        [support.unit, words.listed(words.label("stod", w) for w in support.wishes), support.text]
        for support in report.support
    ]
    if not rows:
        return []
    kept = [n for n in range(3) if any(row[n] for row in rows)]  # no column that nobody filled
    columns = [words.lists["support_columns"][n] for n in kept]
    rows = [[row[n] for n in kept] for row in rows]
    return [{"kind": "support", "title": words.text["proposals"], "columns": columns, "rows": rows}]


def _follow_up(report: Report, words: Words) -> list[View]:
    if not report.follow_up:
        return [_paragraphs([words.text["no_assignments"]])]
    rows = [
        [
            line.short_id,
            line.title,
            line.owner or words.text["none"],
            line.due.isoformat() if line.due else words.text["none"],
            _standing(line, words),
        ]
        for line in report.follow_up
    ]
    columns = list(words.lists["follow_up_columns"])
    return [{"kind": "follow_up", "columns": columns, "rows": rows}]


def _standing(line: FollowUpLine, words: Words) -> str:
    """Say in words where it is; how it goes only while something remains to be done."""
    said = [words.groups["follow_up_states"][line.state]]
    said += [words.text["overdue"]] * line.overdue
    if line.level is not None and line.state == AssignmentState.ONGOING:
        said.append(words.groups["follow_up_levels"][line.level])
    return ", ".join(said)


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
        {"title": basis[name], "text": words.listed(units)}
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

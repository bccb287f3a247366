"""What the picture shows: units × periods, as plain data for matrix.typ.

Which rows there are and how each cell is marked. The PDF has report_view.py.
"""

from collections import Counter

from bot.documents.words import LEVELS, SILENT, View, Words, drawable, loses_signs, mark_of
from bot.domain.calendar import Period
from bot.domain.report import Report, UnitLine

PICTURE_ROWS = 40
"""From so many units on the picture shows only those that stand out, and at most so many rows."""


def picture_view(report: Report, words: Words) -> View:
    """Build what matrix.typ shows: units × periods, fewer rows where there are many units."""
    lines = list(report.lines)
    few = len(lines) < PICTURE_ROWS
    if not few:
        rank = {mark: n for n, mark in enumerate(LEVELS)}
        lines = sorted(filter(_stands_out, lines), key=lambda ln: rank.get(ln.level or "", 9))
        lines = lines[:PICTURE_ROWS]
    drawn = {line.unit for line in lines}
    rest = Counter(mark_of(line) for line in report.lines if line.unit not in drawn)
    order = list(words.marks)  # gravest first, as the words stand
    periods = [Period.parse(key) for key in report.period_keys][_first_known(report) :]
    rows = [
        {"unit": line.unit, "past": _past(line, len(periods) - 1), "now": mark_of(line)}
        for line in lines
    ]
    view: View = {
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
            for mark, n in sorted(rest.items(), key=lambda item: order.index(item[0]))
        ],
        "marks": {mark: {**own, "label": words.level(mark)} for mark, own in words.marks.items()},
        "note": None,
    }
    if loses_signs(view):
        view["note"] = words.text["missing_glyph"]
    return drawable(view)


def _first_known(report: Report) -> int:
    """Find the first column with anything in it: months before the bot came are not drawn."""
    columns = len(report.period_keys)
    known = [
        columns - len(line.history) + n
        for line in report.lines
        for n, mark in enumerate(line.history[:-1])
        if mark is not None
    ]
    return max(0, min(known, default=columns - 1))


def _short(period: Period, words: Words) -> list[str]:
    months = words.lists["months_short"]
    ends = dict.fromkeys((period.first.month, period.last.month))
    return ["–".join(months[month - 1] for month in ends), str(period.last.year)]


def _stands_out(line: UnitLine) -> bool:
    changed = line.previous_level is not None and line.level not in (None, line.previous_level)
    return changed or line.level in ("rod", "gul")


def _past(line: UnitLine, columns: int) -> list[str]:
    """Name how a unit is shown in the columns before this one."""
    known = [SILENT.get(h or "", h if h in LEVELS else "unknown") for h in line.history[:-1]]
    return (["unknown"] * columns + [str(mark) for mark in known])[-columns:] if columns else []

"""CSV files and workbooks → tables of plain text, each line with its number.

What the headings mean and whether a line is right belongs in roster.py. No other module knows
openpyxl.
"""

import csv
import io
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from pathlib import Path

from openpyxl import load_workbook  # type: ignore[import-untyped, unused-ignore]

from bot.domain.roster import Code, RosterInvalid, RosterProblem, clean

_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"  # how a .xlsx and a .xls (or locked .xlsx) begin

Line = tuple[int, list[str]]
"""A line's number and its fields."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A CSV file or a sheet without its blank lines; the first of `lines` holds the headings."""

    file: str
    lines: Sequence[Line]
    columns: Sequence[str | None]
    """What each heading means; None where it means nothing to us."""


def read_tables(path: Path, meaning: Callable[[str], str | None]) -> list[Table]:
    """Read a file's sheets; one without a filled line is none. `meaning` reads a heading.

    Raises:
        RosterInvalid: the file can't be read as a whole.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise _broken(path, None, "unreadable_file") from error
    workbook = raw.startswith((_ZIP, _OLE)) or path.suffix.lower() in (".xlsx", ".xlsm", ".xls")
    tables = []
    for file, lines in (_workbook(path, raw) if workbook else _csv(path, raw)).items():
        filled = [(line, cells) for line, cells in lines if any(cells)]
        if filled:
            columns = [meaning(heading) for heading in filled[0][1]]
            tables.append(Table(file=file, lines=filled, columns=columns))
    return tables


def _csv(path: Path, raw: bytes) -> dict[str, list[Line]]:
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = len((raw[: error.start] + b"?").splitlines())
        likely = "utf-16" if raw.startswith((b"\xff\xfe", b"\xfe\xff")) else "windows-1252"
        raise _broken(path, line, "not_utf8", {"likely": likely}) from error
    heading = text.lstrip().partition("\n")[0]
    delimiter = ";" if heading.count(";") >= heading.count(",") else ","
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
    lines, start = [], 1
    try:
        for row in rows:
            lines.append((start, [clean(cell) for cell in row]))
            start = rows.line_num + 1
    except csv.Error as error:
        raise _broken(path, start, "broken_csv") from error
    return {path.name: lines}


def _workbook(path: Path, raw: bytes) -> dict[str, list[Line]]:
    sheets = {}
    try:
        with warnings.catch_warnings():
            # It warns of decorations that it leaves out, which a list of people doesn't need.
            warnings.simplefilter("ignore")
            book = load_workbook(io.BytesIO(raw), read_only=True, keep_links=False)
            for sheet in book.worksheets:
                sheet.reset_dimensions()  # some programs write a size that hides lines
                sheets[f"{path.name} ({sheet.title})"] = [
                    (line, [_cell_text(cell.value, cell.data_type) for cell in cells])
                    for line, cells in enumerate(sheet.iter_rows(), start=1)
                ]
    except Exception as error:
        # A damaged or locked workbook surfaces as almost any error of zip, XML or openpyxl.
        raise _broken(path, None, "unreadable_workbook") from error
    return sheets


def _cell_text(value: object, data_type: str) -> str:
    if value is None:
        return ""
    if data_type == "f":
        return f"={value}"  # whatever its form, for the check to refuse
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime) and value.time() == time():
        return value.date().isoformat()
    return clean(str(value))


def _broken(
    path: Path, line: int | None, code: Code, params: Mapping[str, object] | None = None
) -> RosterInvalid:
    return RosterInvalid([RosterProblem(file=path.name, line=line, code=code, params=params or {})])

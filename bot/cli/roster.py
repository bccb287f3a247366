"""The administrator's lists of units and persons, checked: all that is wrong is told at once.

How files become tables belongs in spreadsheet.py, what lines make a person in person_lines.py, the
words that the lists are written with in roster_words.py; the values, and what an import would
change, in domain/roster.py.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from bot.cli.person_lines import PersonLines
from bot.cli.roster_words import alike, column_of, role_of, roles_alike
from bot.cli.spreadsheet import Table, read_tables
from bot.domain.people import Role
from bot.domain.roster import (
    FUNCTION,
    PERSON_COLUMNS,
    UNIT_COLUMNS,
    Code,
    Held,
    PersonRow,
    Roster,
    RosterInvalid,
    RosterProblem,
    UnitRow,
    unit_key,
)


def read_roster(
    paths: Sequence[Path],
    *,
    known_units: frozenset[str] = frozenset(),
    known_accounts: Mapping[str, str] | None = None,
    holds_identity_number: Callable[[str], bool],
) -> Roster:
    """Read units and persons from CSV files or a workbook, in any order.

    Args:
        paths: what to read; which file or sheet is which is told by its headings.
        known_units: units the database has, so that persons can be imported alone.
        known_accounts: by e-mail address, in lower case, the account that somebody has there.
        holds_identity_number: the privacy rule; a field it finds one in is refused, unquoted.

    Raises:
        RosterInvalid: with everything that is wrong in all of the files.
    """
    reading = _Reading(holds_identity_number)
    for path in paths:
        reading.read(path)
    readable = not reading.problems
    unit_names = {unit_key(name): name for name in sorted(known_units)}
    units = reading.units(unit_names)
    # A table or line that could not be read would make its units unknown: say the cause alone.
    certain = readable and UNIT_COLUMNS not in reading.passed_over
    persons = reading.persons(unit_names if certain else None, known_accounts or {})
    if reading.problems:
        raise RosterInvalid(sorted(reading.problems, key=lambda p: (p.file, p.line or 0)))
    return Roster(units=units, persons=persons, warnings=reading.warnings(units, persons))


class _Reading:
    """One reading of all the files, gathering what is wrong."""

    def __init__(self, holds_identity_number: Callable[[str], bool]) -> None:
        self.problems: list[RosterProblem] = []
        self.passed_over: set[Sequence[str]] = set()
        self._ignored: list[RosterProblem] = []
        self._holds = holds_identity_number
        self._tables: dict[Sequence[str], Table] = {}

    def read(self, path: Path) -> None:
        """Take the tables of one file."""
        try:
            tables = read_tables(path, column_of)
        except RosterInvalid as found:
            self.problems += found.problems
            return
        ours = [table for table in tables if any(table.columns)]
        if not ours:
            expected = (UNIT_COLUMNS, PERSON_COLUMNS)
            self._wrong(path.name, 1, "unknown_header", {"expected": expected})
        for table in tables:
            if table in ours:
                self._take(table)
            else:
                problem = RosterProblem(file=table.file, line=None, code="sheet_ignored")
                self._ignored.append(problem)

    def _take(self, table: Table) -> None:
        found = [column for column in table.columns if column]
        of_unit = len({"board", "place"} & set(found))
        kind = (
            UNIT_COLUMNS if of_unit > len(set(found) & set(PERSON_COLUMNS[:4])) else PERSON_COLUMNS
        )
        line = table.lines[0][0]
        missing = tuple(column for column in kind if column not in found)
        if missing:
            self._wrong(table.file, line, "missing_columns", {"columns": missing})
        read = (*PERSON_COLUMNS, FUNCTION) if kind is PERSON_COLUMNS else kind
        twice = tuple(column for column in read if found.count(column) > 1)
        if twice:
            self._wrong(table.file, line, "duplicate_column", {"columns": twice})
        if kind in self._tables:
            self._wrong(table.file, line, "second_table", {"first": self._tables[kind].file})
        elif not missing and not twice:
            self._tables[kind] = table

    def units(self, names: dict[str, str]) -> list[UnitRow]:
        """Check the units, adding their names to `names`."""
        rows: dict[str, UnitRow] = {}
        for file, line, value in self._lines(UNIT_COLUMNS):
            key = unit_key(value["unit"])
            if not key:
                self._wrong(file, line, "empty_field", {"column": "unit"})
            elif key in rows:
                about = {"unit": value["unit"], "first_line": rows[key].line}
                self._wrong(file, line, "duplicate_unit", about)
            else:
                rows[key] = UnitRow(
                    name=value["unit"], board=value["board"], place=value["place"], line=line
                )
                names[key] = value["unit"]
        return list(rows.values())

    def persons(
        self, unit_names: Mapping[str, str] | None, known_accounts: Mapping[str, str]
    ) -> Sequence[PersonRow]:
        """Check the persons; None means that the units are not known for certain."""
        persons = PersonLines(self._wrong)
        for file, line, value in self._lines(PERSON_COLUMNS):
            persons.check(file, line, value)
            persons.add(file, line, value, self._held(file, line, value, unit_names))
        return persons.rows(known_accounts)

    def _held(
        self, file: str, line: int, value: Mapping[str, str], units: Mapping[str, str] | None
    ) -> Held | None:
        unit, role = value["unit"], role_of(value["role"])
        if role is None:
            if value["role"]:
                about = {"role": value["role"], "suggestions": roles_alike(value["role"])}
                self._wrong(file, line, "unknown_role", about)
        elif not role.of_unit:
            if unit:
                self._wrong(file, line, "unit_unexpected", {"role": role, "unit": unit})
            return role, None
        elif not unit:
            self._wrong(file, line, "unit_missing", {"role": role})
        elif units is None or unit_key(unit) in units:
            return role, (units or {}).get(unit_key(unit), unit)
        else:
            about = {"unit": unit, "suggestions": alike(unit, units.values())}
            self._wrong(file, line, "unknown_unit", about)
        return None

    def warnings(
        self, units: Sequence[UnitRow], persons: Sequence[PersonRow]
    ) -> list[RosterProblem]:
        """Name sheets that were passed over, and units for which the files have no reporter."""
        without = []
        if PERSON_COLUMNS in self._tables and UNIT_COLUMNS in self._tables:
            file = self._tables[UNIT_COLUMNS].file
            held = {held for person in persons for held in person.holdings}
            without = [
                RosterProblem(
                    file=file,
                    line=row.line,
                    code="unit_without_reporter",
                    params={"unit": row.name},
                )
                for row in units
                if (Role.REPORTER, row.name) not in held
            ]
        return [*self._ignored, *without]

    def _lines(self, kind: Sequence[str]) -> Iterator[tuple[str, int, Mapping[str, str]]]:
        """Give each line whose fields can be told apart and quoted without harm."""
        if (table := self._tables.get(kind)) is None:
            return
        for number, (line, cells) in enumerate(table.lines):
            faults: list[tuple[Code, int]] = [
                (code, at) for at, cell in enumerate(cells, start=1) if (code := self._fault(cell))
            ]
            if any(cells[len(table.columns) :]):
                faults.append(("too_many_fields", len(table.columns) + 1))
            for code, at in faults:
                known = table.columns[at - 1] if at <= len(table.columns) else None
                self._wrong(table.file, line, code, {"column": known or str(at)})
            if faults:
                self.passed_over.add(kind)
            elif number:
                value = dict.fromkeys(kind, "")
                for column, cell in zip(table.columns, cells, strict=False):
                    if column:
                        value[column] = " ".join(cell.split())
                yield table.file, line, value

    def _fault(self, cell: str) -> Code | None:
        # A spreadsheet drops the zeros that a number begins with: 2000-01-01 leaves seven digits.
        cut = cell.isdecimal() and 7 <= len(cell) < 10
        if self._holds(cell) or (cut and self._holds(cell.zfill(10))):
            return "identity_number"
        if cell.startswith("="):
            return "formula"
        return "line_break" if len(cell.splitlines()) > 1 else None

    def _wrong(self, file: str, line: int, code: Code, params: Mapping[str, object]) -> None:
        self.problems.append(RosterProblem(file=file, line=line, code=code, params=params))

"""The administrator's lists of units and persons, checked: all that is wrong is told at once.

How files become tables belongs in spreadsheet.py; the values, and what an import would change, in
domain/roster.py.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

from bot.cli.spreadsheet import Table, read_tables
from bot.domain.people import Role
from bot.domain.roster import (
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

SWEDISH_HEADINGS = {
    "enhet": "unit", "nämnd": "board", "ort": "place",
    "namn": "name", "konto": "account", "e-post": "email", "epost": "email", "roll": "role",
}  # fmt: skip
SWEDISH_ROLES = {
    "rapportör": Role.REPORTER,
    "ersättare": Role.DEPUTY,
    "samordnare": Role.COORDINATOR,
    "ersättande samordnare": Role.SUBSTITUTE,
    "läsare BRÅ": Role.READER_BRA,
    "läsare SAMSA": Role.READER_SAMSA,
    "läsare ledning": Role.READER_MANAGEMENT,
    "läsare kommunstyrelseförvaltning": Role.READER_EXECUTIVE,
    "administratör": Role.ADMINISTRATOR,
}
"""The file format's Swedish words; the English ones are the columns' and roles' own names."""

# Matrix user ids of today (specification, "User Identifiers"): a capital letter before the colon is
# a slip, and would name an account that does not exist; a server's name may have them. At most 255
# characters.
_ACCOUNT = re.compile(
    r"(?=.{1,255}\Z)@[a-z0-9._=/+-]+:(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?"
)
_EMAIL = re.compile(r'(?!.*\.\.)[^\s@;,<>"()]+@(?:[\w-]+\.)+[\w-]{2,}')
_ALIKE, _SUGGESTIONS = 0.7, 3  # a likeness that found 11 of 12 Swedish slips of the key


def read_roster(
    paths: Sequence[Path],
    *,
    known_units: frozenset[str] = frozenset(),
    holds_identity_number: Callable[[str], bool],
) -> Roster:
    """Read units and persons from CSV files or a workbook, in any order.

    Args:
        paths: what to read; which file or sheet is which is told by its headings.
        known_units: units the database has, so that persons can be imported alone.
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
    persons = reading.persons(unit_names if certain else None)
    if reading.problems:
        raise RosterInvalid(sorted(reading.problems, key=lambda p: (p.file, p.line or 0)))
    return Roster(units=units, persons=persons, warnings=reading.warnings(units, persons))


@dataclass(slots=True, kw_only=True)
class _Draft:
    """A person while the lines of the account are gathered."""

    name: str = ""
    email: str = ""
    holdings: dict[Held, int] = field(default_factory=dict)
    lines: list[int] = field(default_factory=list)


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
            tables = read_tables(path, lambda heading: _COLUMNS.get(_fold(heading)))
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
        twice = tuple(column for column in kind if found.count(column) > 1)
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

    def persons(self, unit_names: Mapping[str, str] | None) -> list[PersonRow]:
        """Check the persons; None means that the units are not known for certain."""
        drafts: dict[str, _Draft] = {}
        for file, line, value in self._lines(PERSON_COLUMNS):
            account, email = value["account"], value["email"]
            for column in ("name", "account", "role"):
                if not value[column]:
                    self._wrong(file, line, "empty_field", {"column": column})
            if account and not _ACCOUNT.fullmatch(account):
                self._wrong(file, line, "malformed_account", {"account": account})
            if email and not _EMAIL.fullmatch(email):
                self._wrong(file, line, "malformed_email", {"email": email})
            held = self._held(file, line, value, unit_names)
            if not account:
                continue
            draft = drafts.setdefault(account, _Draft())
            draft.lines.append(line)
            first = {"account": account, "first_line": draft.lines[0]}
            draft.name = draft.name or value["name"]
            if value["name"] not in ("", draft.name):
                self._wrong(file, line, "different_name", first)
            # An e-mail written on one of several lines is enough.
            draft.email = draft.email or email
            if email.casefold() not in ("", draft.email.casefold()):
                self._wrong(file, line, "different_email", first)
            if held and draft.holdings.setdefault(held, line) != line:
                about = {"first_line": draft.holdings[held]}
                self._wrong(file, line, "duplicate_line", about)
        return [
            PersonRow(
                name=draft.name,
                account=account,
                email=draft.email or None,
                holdings=frozenset(draft.holdings),
                lines=tuple(draft.lines),
            )
            for account, draft in drafts.items()
        ]

    def _held(
        self, file: str, line: int, value: Mapping[str, str], units: Mapping[str, str] | None
    ) -> Held | None:
        unit, role = value["unit"], _ROLES.get(_fold(value["role"]))
        if role is None:
            if value["role"]:
                alike = _alike(value["role"], [*SWEDISH_ROLES, *Role])
                about = {"role": value["role"], "suggestions": alike}
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
            about = {"unit": unit, "suggestions": _alike(unit, units.values())}
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


def _fold(word: str) -> str:
    """Reduce a word of ours to what case, diacritics, hyphens and spaces leave the same."""
    parts = unicodedata.normalize("NFKD", word.casefold())
    bare = "".join(" " if c in "-_" else c for c in parts if not unicodedata.combining(c))
    return " ".join(bare.split())


def _alike(word: str, options: Iterable[str]) -> tuple[str, ...]:
    folded = {_fold(option): str(option) for option in options}
    return tuple(folded[f] for f in get_close_matches(_fold(word), folded, _SUGGESTIONS, _ALIKE))


_COLUMNS = {_fold(word): column for word, column in SWEDISH_HEADINGS.items()} | {
    column: column for column in (*UNIT_COLUMNS, *PERSON_COLUMNS)
}
_ROLES = {_fold(word): role for word, role in SWEDISH_ROLES.items()} | {
    _fold(role): role for role in Role
}

"""The administrator's lists as values, and what importing them would change.

How the files are read and checked belongs in bot/cli/roster.py; who may do what in people.py, and
the words for a problem's code in templates/.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from bot.domain.people import Role, Unit

Code = Literal[
    "unreadable_file", "unreadable_workbook", "not_utf8", "broken_csv",
    "unknown_header", "missing_columns", "duplicate_column", "second_table",
    "identity_number", "formula", "line_break", "too_many_fields", "empty_field",
    "duplicate_unit", "malformed_account", "malformed_email", "different_name", "different_email",
    "different_function", "no_address", "needs_account", "account_missing",
    "unknown_role", "unit_missing", "unit_unexpected", "unknown_unit", "duplicate_line",
    "no_administrator",
    "sheet_ignored", "unit_without_reporter",
]  # fmt: skip
"""What can be wrong; the last two are warnings."""

UNIT_COLUMNS = ("unit", "board", "place")
PERSON_COLUMNS = ("name", "account", "email", "role", "unit")
FUNCTION = "function"
"""A column that the list of persons may do without: what somebody is there for, e.g. "polis"."""

Held = tuple[Role, str | None]
"""A role, with the unit's name where the role is of a unit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterProblem:
    """One thing to mend. `line` counts from 1 as an editor does; None means the whole file.

    `params` never quote a field that holds an identity number; `column` there is one of our columns
    by its English name, or a number counted from 1 where the heading is not ours.
    """

    file: str
    line: int | None
    code: Code
    params: Mapping[str, object] = field(default_factory=dict)


class RosterInvalid(Exception):
    """The files can't be imported; nothing of them is."""

    def __init__(self, problems: Sequence[RosterProblem]) -> None:
        super().__init__(f"{len(problems)} problems in the roster")
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitRow:
    """A unit as the file has it."""

    name: str
    board: str
    place: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonRow:
    """A person as the file has it: all lines of one account, or of one address, together.

    `account` is None for somebody outside the chat, who then has an e-mail address. `function` is
    None where the file does not say, "" where it says that there is none.
    """

    name: str
    account: str | None
    email: str | None
    holdings: frozenset[Held]
    lines: Sequence[int]
    function: str | None = None

    @property
    def known_by(self) -> str:
        """What tells the person from others: the account, else the address."""
        return self.account or self.email or ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Roster:
    """What the files say, once nothing is wrong with them."""

    units: Sequence[UnitRow]
    persons: Sequence[PersonRow]
    warnings: Sequence[RosterProblem] = ()


class ChangeKind(StrEnum):
    """What an import does to somebody or something."""

    UNIT_ADDED = "unit_added"
    UNIT_CHANGED = "unit_changed"
    PERSON_ADDED = "person_added"
    PERSON_CHANGED = "person_changed"
    ROLE_GIVEN = "role_given"
    ROLE_TAKEN = "role_taken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One line of a plan to read. `held` is the role that is given or taken."""

    kind: ChangeKind
    subject: str
    before: str = ""
    after: str = ""
    held: Held | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPerson:
    """A person as the database has it, units by name; `account` is None outside the chat."""

    id: int
    name: str
    account: str | None
    email: str | None
    holdings: frozenset[Held]
    function: str = ""
    active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonUpdate:
    """What becomes of a known person; the units have the names they have after the import.

    `account` is given to somebody who was outside the chat until now, else it is None.
    """

    id: int
    name: str
    email: str | None
    given: frozenset[Held]
    taken: frozenset[Held]
    function: str = ""
    account: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportPlan:
    """What an import would do: `changes` to read, the rest to carry out, units first."""

    changes: Sequence[Change]
    units_added: Sequence[UnitRow]
    units_changed: Sequence[Unit]
    persons_added: Sequence[PersonRow]
    persons_changed: Sequence[PersonUpdate]


def plan_import(
    roster: Roster, *, units: Sequence[Unit], persons: Sequence[KnownPerson]
) -> ImportPlan:
    """Compare the files with what is there; carried out, the same files change nothing more.

    Units and persons that the files do not name are left untouched. For a person they do name the
    files are the whole truth: roles not in them are taken, an e-mail left empty is removed, and so
    is a function, where the files have that column. A unit is known by its name in any case, a
    person by the account, and outside the chat by the e-mail address; who or what is inactive and
    in the files comes back, told as added.
    """
    changes: list[Change] = []
    names = {unit_key(unit.name): unit.name for unit in units}
    names.update((unit_key(row.name), row.name) for row in roster.units)
    present = {unit_key(unit.name): unit for unit in units}
    units_added, units_changed = [], []
    for row in roster.units:
        old = present.get(unit_key(row.name))
        before = _told(old.name, old.board, old.place) if old and old.active else ""
        after = _told(row.name, row.board, row.place)
        if old is None:
            units_added.append(row)
        elif before != after:
            new = Unit(id=old.id, name=row.name, board=row.board, place=row.place)
            units_changed.append(new)
        if before != after:
            kind = ChangeKind.UNIT_CHANGED if before else ChangeKind.UNIT_ADDED
            changes.append(Change(kind=kind, subject=row.name, before=before, after=after))

    find = _Finder(persons)
    persons_added, persons_changed = [], []
    for person in roster.persons:
        known = find(person)
        function = (known.function if known else "") if person.function is None else person.function
        joins = person.account if known and known.account is None else None
        before = _person(known.name, known.email, known.function) if known and known.active else ""
        after = _person(person.name, person.email, function, joins)
        held = _named(known.holdings, names) if known else frozenset()
        wanted = _named(person.holdings, names)
        given, taken = wanted - held, held - wanted
        if known is None:
            persons_added.append(person)
        elif before != after or given or taken:
            update = PersonUpdate(
                id=known.id,
                name=person.name,
                email=person.email,
                given=given,
                taken=taken,
                function=function,
                account=joins,
            )
            persons_changed.append(update)
        subject = f"{person.name} ({person.known_by})"
        if before != after:
            kind = ChangeKind.PERSON_CHANGED if before else ChangeKind.PERSON_ADDED
            changes.append(Change(kind=kind, subject=subject, before=before, after=after))
        changes += (_role_change(ChangeKind.ROLE_GIVEN, subject, h) for h in _sorted(given))
        changes += (_role_change(ChangeKind.ROLE_TAKEN, subject, h) for h in _sorted(taken))
    return ImportPlan(
        changes=changes,
        units_added=units_added,
        units_changed=units_changed,
        persons_added=persons_added,
        persons_changed=persons_changed,
    )


class _Finder:
    """Finds a person of the files among those of the database."""

    def __init__(self, persons: Sequence[KnownPerson]) -> None:
        self._accounts = {p.account: p for p in persons if p.account}
        outside = [p for p in persons if p.account is None and p.email]
        # Of two with one address the active one is meant, else the one who has been there longest.
        outside.sort(key=lambda p: (p.active, -p.id))
        self._outside = {(p.email or "").casefold(): p for p in outside}

    def __call__(self, row: PersonRow) -> KnownPerson | None:
        """Find by account; outside the chat by address.

        Somebody outside who has got an account since is told by address and name together, because
        an address may be shared.
        """
        if row.account in self._accounts:
            return self._accounts[row.account]
        address = (row.email or "").casefold()
        found = self._outside.get(address)
        if found and row.account:
            if found.name.casefold() != row.name.casefold():
                return None
            del self._outside[address]  # one account can be theirs
        return found


def _told(*parts: str) -> str:
    return "; ".join(parts)


def _person(name: str, email: str | None, function: str, account: str | None = None) -> str:
    return _told(name, email or "", *(part for part in (function, account) if part))


def _named(holdings: frozenset[Held], names: Mapping[str, str]) -> frozenset[Held]:
    """Spell the units as they will be spelled after the import."""
    return frozenset((role, unit and names.get(unit_key(unit), unit)) for role, unit in holdings)


def _sorted(holdings: frozenset[Held]) -> list[Held]:
    return sorted(holdings, key=lambda held: (held[0], held[1] or ""))


def _role_change(kind: ChangeKind, subject: str, held: Held) -> Change:
    text = " ".join(part for part in held if part)
    if kind is ChangeKind.ROLE_GIVEN:
        return Change(kind=kind, subject=subject, after=text, held=held)
    return Change(kind=kind, subject=subject, before=text, held=held)


def clean(text: str) -> str:
    """Compose å, ä and ö (some programs write them in two parts) and trim."""
    return unicodedata.normalize("NFC", text).strip()


def unit_key(name: str) -> str:
    """What makes two units' names the same."""
    return clean(name).casefold()

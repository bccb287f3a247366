"""Carries out an import of the administrator's lists: all of it, or nothing.

How the lists are read belongs in roster.py, what they would change in domain/roster.py, and how it
is told in tasks.py.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bot.cli.roster import read_roster
from bot.domain.people import Holding, Role, Unit
from bot.domain.privacy import holds_identity_number
from bot.domain.roster import (
    Change,
    Held,
    ImportPlan,
    KnownPerson,
    RosterInvalid,
    RosterProblem,
    plan_import,
    unit_key,
)
from storage.database import Database
from storage.people import People
from storage.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportResult:
    """What an import did, and what is worth a second look."""

    changes: Sequence[Change]
    warnings: Sequence[RosterProblem]


def import_files(
    database: Database,
    paths: Sequence[Path],
    *,
    platform: str,
    language: str,
    now: datetime,
) -> ImportResult:
    """Bring units and persons into the database, in one transaction with its audit line.

    Args:
        database: where they go.
        paths: CSV files or workbooks.
        platform: what the accounts are accounts of.
        language: what new persons are spoken to in, until they choose.
        now: the time of the audit line.

    Raises:
        RosterInvalid: something is wrong; nothing has been changed.
    """

    def work(uow: UnitOfWork) -> ImportResult:
        known = _Known(uow, platform)
        roster = read_roster(
            paths,
            known_units=frozenset(u.name for u in known.units if u.active),
            known_accounts=known.accounts,
            holds_identity_number=holds_identity_number,
        )
        plan = plan_import(roster, units=known.units, persons=known.persons)
        administered = bool(uow.people.with_role(Role.ADMINISTRATOR))
        _carry_out(uow.people, plan, known.units, platform=platform, language=language)
        if administered and not uow.people.with_role(Role.ADMINISTRATOR):
            names = ", ".join(path.name for path in paths)
            raise RosterInvalid([RosterProblem(file=names, line=None, code="no_administrator")])
        uow.audit.add(
            at=now,
            action="cli:roster:import",
            outcome="done",
            person_id=None,
            subject=", ".join(path.name for path in paths),
            cause=f"{len(plan.changes)} changes",
        )
        return ImportResult(changes=plan.changes, warnings=roster.warnings)

    return database.now(work)


class _Known:
    """What the database has: active or not, since a name or an account is never free again.

    `accounts` tells by e-mail address, in lower case, who is there with which account.
    """

    def __init__(self, uow: UnitOfWork, platform: str) -> None:
        active = {p.id: p for p in uow.people.everybody()}
        people = active | {p.id: p for p in uow.people.left()}
        there = [a for a in uow.people.all_accounts() if a.platform == platform]
        held = [(account.person_id, account.address) for account in there]
        outside = people.keys() - {person_id for person_id, _ in held}
        accounts: list[tuple[int, str | None]] = [*held, *((n, None) for n in sorted(outside))]
        self.accounts = {
            email.casefold(): account
            for person_id, account in held
            if person_id in active and (email := people[person_id].email)
        }
        self.units = uow.people.all_units()
        names = {unit.id: unit.name for unit in self.units}
        self.persons = [
            KnownPerson(
                id=person.id,
                name=person.name,
                account=account,
                email=person.email,
                function=person.function,
                holdings=frozenset(
                    (h.role, names[h.unit_id] if h.unit_id else None) for h in person.holdings
                ),
                active=person.id in active,
            )
            for person_id, account in accounts
            for person in [people[person_id]]
        ]


def _carry_out(
    people: People, plan: ImportPlan, units: Sequence[Unit], *, platform: str, language: str
) -> None:
    ids = {unit_key(unit.name): unit.id for unit in units}
    for unit in plan.units_changed:
        people.save_unit(unit)
    for row in plan.units_added:
        new = Unit(id=0, name=row.name, board=row.board, place=row.place)
        ids[unit_key(row.name)] = people.save_unit(new).id
    for person in plan.persons_added:
        added = people.add_person(person.name, language, person.email)
        people.set_function(added.id, person.function or "")
        if person.account:
            people.add_account(added.id, platform, person.account)
        for held in person.holdings:
            people.give(added.id, _holding(held, ids))
    for update in plan.persons_changed:
        spoken = people.get(update.id).language
        people.change_person(update.id, name=update.name, email=update.email, language=spoken)
        people.set_function(update.id, update.function)
        people.set_active(update.id, True)
        if update.account:
            people.add_account(update.id, platform, update.account)
        for held in update.taken:
            people.take(update.id, _holding(held, ids))
        for held in update.given:
            people.give(update.id, _holding(held, ids))


def _holding(held: Held, ids: Mapping[str, int]) -> Holding:
    role, unit = held
    return Holding(role=role, unit_id=None if unit is None else ids[unit_key(unit)])

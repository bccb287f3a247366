"""Persons, accounts, roles, absences and rooms; the units are in units.py."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, Row, bindparam, update
from sqlalchemy import select as columns_of
from sqlmodel import Session, SQLModel, col, select

from bot.domain.errors import NotFound
from bot.domain.people import Forum, Holding, Person, Role
from bot.domain.question import fold
from storage.presence import who_where
from storage.tables import AbsenceRow, AccountRow, HoldingRow, PersonRow, RoomRow
from storage.units import Units

_PERSON, _ACCOUNT = (SQLModel.metadata.tables[row.__tablename__] for row in (PersonRow, AccountRow))
_CHANGE = update(_PERSON).where(_PERSON.c.id == bindparam("whose"))
_ACCOUNTS_OF = (
    columns_of(_ACCOUNT).where(_ACCOUNT.c.person_id == bindparam("whose")).order_by(_ACCOUNT.c.id)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A person's identity on one platform; `direct_room` is None until it is opened."""

    person_id: int
    platform: str
    address: str
    direct_room: str | None
    reachable: bool


class People(Units):
    """The register, changed in one place."""

    def __init__(self, session: Session, connection: Connection) -> None:
        super().__init__(session, connection)
        self._known: dict[int, Person] = {}
        """As read in this transaction; forgotten at every change of a person or a role."""

    def of_account(self, platform: str, address: str) -> Person | None:
        """Find who writes from this account; None for a stranger or somebody who has left."""
        self._session.flush()  # plain statements do not see what has not been written yet
        return who_where(self._connection, platform, address, "")[0]

    def who_where(
        self, platform: str, address: str, room: str
    ) -> tuple[Person | None, Forum | None, bool]:
        """Give who writes, the room's forum, and whether it is their own direct room."""
        return who_where(self._connection, platform, address, room)

    def get(self, person_id: int) -> Person:
        """Find a person by id.

        Raises:
            NotFound: `person`.
        """
        if person_id not in self._known:
            row = self._session.get(PersonRow, person_id)
            if row is None:
                raise NotFound("person", {"name": person_id})
            self._known[person_id] = self._person(row)
        return self._known[person_id]

    def everybody(self) -> Sequence[Person]:
        """List active persons by name, with their roles read in one query."""
        rows = self._session.exec(
            select(PersonRow).where(col(PersonRow.active)).order_by(PersonRow.name)
        ).all()
        held: dict[int, set[Holding]] = {}
        for holding in self._session.exec(select(HoldingRow)).all():
            held.setdefault(holding.person_id, set()).add(_holding(holding))
        found = [_to_person(row, frozenset(held.get(_id(row.id), set()))) for row in rows]
        self._known |= {person.id: person for person in found}
        return found

    def left(self) -> Sequence[Person]:
        """List who has left and may come back, by name."""
        rows = self._session.exec(
            select(PersonRow).where(col(PersonRow.active).is_(False)).order_by(PersonRow.name)
        ).all()
        return [self._person(row) for row in rows]

    def named(self, name: str) -> Person:
        """Find a person by short id, account or name.

        Raises:
            NotFound: `person`.
        """
        wanted = fold(name)
        row = self._session.exec(
            select(AccountRow).where(AccountRow.address == name.strip())
        ).first()
        for person in self.everybody():
            if (row and person.id == row.person_id) or wanted in (
                fold(person.name),
                f"p{person.id}",
            ):
                return person
        raise NotFound("person", {"name": name})

    def with_role(self, role: Role) -> Sequence[Person]:
        """List who holds a role."""
        return [p for p in self.everybody() if role in p.roles]

    def add_person(self, name: str, language: str, email: str | None = None) -> Person:
        """Add somebody without account or role."""
        row = PersonRow(name=name, language=language, email=email)
        self._session.add(row)
        self._session.flush()
        return _to_person(row, frozenset())

    def change_person(self, person_id: int, *, name: str, email: str | None, language: str) -> None:
        """Correct a person's name, address or language."""
        self._change(person_id, name=name, email=email, language=language)

    def set_function(self, person_id: int, function: str) -> None:
        """Say what somebody is there for, e.g. "polis"."""
        self._change(person_id, function=function)

    def set_active(self, person_id: int, active: bool) -> None:
        """Let somebody leave, or come back; nothing they wrote goes away."""
        self._change(person_id, active=active)

    def _change(self, person_id: int, **columns: object) -> None:
        self._session.flush()
        self._connection.execute(_CHANGE, {"whose": person_id, **columns})
        self._session.expire_all()  # rows already read do not see what a plain statement has done
        self._known.clear()

    def give(self, person_id: int, holding: Holding) -> None:
        """Give a role; one that is held already stays."""
        if holding not in self.get(person_id).holdings:
            self._known.clear()
            self._session.add(
                HoldingRow(person_id=person_id, role=holding.role, unit_id=holding.unit_id or 0)
            )
            self._session.flush()

    def take(self, person_id: int, holding: Holding) -> None:
        """Take a role away."""
        row = self._session.exec(
            select(HoldingRow).where(
                HoldingRow.person_id == person_id,
                HoldingRow.role == holding.role,
                HoldingRow.unit_id == (holding.unit_id or 0),
            )
        ).first()
        self._known.clear()
        if row:
            self._session.delete(row)
            self._session.flush()

    # Accounts

    def accounts(self, person_id: int) -> Sequence[Account]:
        """List a person's identities, the oldest first."""
        self._session.flush()  # here too
        rows = self._connection.execute(_ACCOUNTS_OF, {"whose": person_id})
        return [_account(row) for row in rows]

    def all_accounts(self) -> Sequence[Account]:
        """List every identity."""
        return [_account(row) for row in self._session.exec(select(AccountRow)).all()]

    def add_account(self, person_id: int, platform: str, address: str) -> None:
        """Give a person an identity on a platform."""
        self._session.add(AccountRow(person_id=person_id, platform=platform, address=address))
        self._session.flush()

    def direct_room_opened(self, platform: str, address: str, room: str) -> None:
        """Remember the one direct room of an account."""
        row = self._account_row(platform, address)
        if row:
            row.direct_room, row.reachable = room, True
            self._session.add(row)

    def set_reachable(self, platform: str, address: str, reachable: bool) -> None:
        """Remember whether somebody can be reached in their direct room."""
        row = self._account_row(platform, address)
        if row:
            row.reachable = reachable
            self._session.add(row)

    def owner_of_direct_room(self, platform: str, room: str) -> Account | None:
        """Tell whose direct room this is."""
        row = self._session.exec(
            select(AccountRow).where(
                AccountRow.platform == platform, AccountRow.direct_room == room
            )
        ).first()
        return _account(row) if row else None

    def _account_row(self, platform: str, address: str) -> AccountRow | None:
        return self._session.exec(
            select(AccountRow).where(AccountRow.platform == platform, AccountRow.address == address)
        ).first()

    # Absences: ISO dates, because a day is a day whatever the zone

    def add_absence(self, person_id: int, first: date, last: date) -> int:
        """Note that somebody is away; gives the id of the note."""
        row = AbsenceRow(
            person_id=person_id, first_day=first.isoformat(), last_day=last.isoformat()
        )
        self._session.add(row)
        self._session.flush()
        return _id(row.id)

    def cancel_absence(self, absence_id: int) -> None:
        """Take an absence back; the note remains on record."""
        row = self._session.get_one(AbsenceRow, absence_id)
        row.cancelled = True
        self._session.add(row)

    def away_on(self, day: date) -> frozenset[int]:
        """Name the persons who are away on a day."""
        text = day.isoformat()
        return frozenset(
            self._session.exec(
                select(AbsenceRow.person_id).where(
                    AbsenceRow.first_day <= text,
                    AbsenceRow.last_day >= text,
                    col(AbsenceRow.cancelled).is_(False),
                )
            ).all()
        )

    # Rooms

    def room(self, forum: Forum) -> tuple[str, str] | None:
        """Give platform and room of a forum, or None where none is set."""
        row = self._session.exec(select(RoomRow).where(RoomRow.forum == forum)).first()
        return (row.platform, row.room) if row else None

    def forum_of(self, platform: str, room: str) -> Forum | None:
        """Tell which forum a room belongs to."""
        row = self._session.exec(
            select(RoomRow).where(RoomRow.platform == platform, RoomRow.room == room)
        ).first()
        return Forum(row.forum) if row else None

    def set_room(self, forum: Forum, platform: str, room: str) -> None:
        """Bind a forum to a room; a platform holds one room a forum."""
        row = self._session.get(RoomRow, (forum, platform))
        if row is None:
            row = RoomRow(forum=forum, platform=platform, room=room)
        row.room = room
        self._session.add(row)
        self._session.flush()

    def _person(self, row: PersonRow) -> Person:
        held = self._session.exec(select(HoldingRow).where(HoldingRow.person_id == row.id)).all()
        return _to_person(row, frozenset(_holding(h) for h in held))


def _id(value: int | None) -> int:
    if value is None:
        raise ValueError("row has no id before flush")
    return value


def _holding(row: HoldingRow) -> Holding:
    return Holding(role=Role(row.role), unit_id=row.unit_id or None)


def _to_person(row: PersonRow, holdings: frozenset[Holding]) -> Person:
    return Person(
        id=_id(row.id),
        name=row.name,
        language=row.language,
        email=row.email,
        function=row.function,
        holdings=holdings,
    )


def _account(row: AccountRow | Row[tuple[object, ...]]) -> Account:
    return Account(
        person_id=row.person_id,
        platform=row.platform,
        address=row.address,
        direct_room=row.direct_room,
        reachable=row.reachable,
    )

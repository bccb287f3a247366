"""Who writes, and where: asked for every incoming event, and so by plain statements made once.

Through the session's objects the same costs about three times as much processor time.
"""

from sqlalchemy import Connection, bindparam, select
from sqlmodel import SQLModel

from bot.domain.people import Forum, Holding, Person, Role
from storage.tables import AccountRow, HoldingRow, PersonRow, RoomRow

_PERSON, _ACCOUNT, _HOLDING, _ROOM = (
    SQLModel.metadata.tables[row.__tablename__]
    for row in (PersonRow, AccountRow, HoldingRow, RoomRow)
)
_FORUM = select(_ROOM.c.forum).where(
    _ROOM.c.platform == bindparam("on"), _ROOM.c.room == bindparam("room")
)
_WRITER = (
    select(
        _PERSON.c.id,
        _PERSON.c.name,
        _PERSON.c.language,
        _PERSON.c.email,
        _PERSON.c.function,
        _ACCOUNT.c.direct_room,
        _HOLDING.c.role,
        _HOLDING.c.unit_id,
        _FORUM.scalar_subquery().label("forum"),
    )
    .join(_ACCOUNT, _ACCOUNT.c.person_id == _PERSON.c.id)
    .outerjoin(_HOLDING, _HOLDING.c.person_id == _PERSON.c.id)
    .where(
        _ACCOUNT.c.platform == bindparam("on"),
        _ACCOUNT.c.address == bindparam("address"),
        _PERSON.c.active,
    )
)


def who_where(
    connection: Connection, platform: str, address: str, room: str
) -> tuple[Person | None, Forum | None, bool]:
    """Give who writes from an account, the room's forum, and whether it is their direct room.

    The person is None for a stranger or somebody who has left. To be asked first in a transaction:
    what the session has not written yet is not seen.
    """
    where = {"on": platform, "room": room}
    rows = connection.execute(_WRITER, {**where, "address": address}).all()
    if not rows:
        return None, _forum(connection.execute(_FORUM, where).scalar()), False
    first = rows[0]
    person = Person(
        id=first.id,
        name=first.name,
        language=first.language,
        email=first.email,
        function=first.function,
        holdings=frozenset(
            Holding(role=Role(row.role), unit_id=row.unit_id or None) for row in rows if row.role
        ),
    )
    return person, _forum(first.forum), first.direct_room == room


def _forum(name: str | None) -> Forum | None:
    return Forum(name) if name else None

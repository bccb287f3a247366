"""What is to be said, each once: kept from the transaction that wants it until it is posted."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, bindparam, func, insert, literal, select, update
from sqlmodel import SQLModel

from storage.log_tables import OutboxRow

_OUTBOX = SQLModel.metadata.tables[OutboxRow.__tablename__]


@dataclass(slots=True, kw_only=True)
class Queued:
    """One thing to be said, as the relay carries it about; the fields are those of `OutboxRow`.

    A plain value: to make one of the table's own objects takes ten times as long, and each message
    needs one. `id` is 0 until it is stored.
    """

    id: int = 0
    key: str
    platform: str
    room: str = ""
    address: str = ""
    kind: str
    template: str = ""
    text: str = ""
    artifact_id: int | None = None
    subject: str = ""
    attachments: list[int] = field(default_factory=list)
    replaces: str | None = None
    thread_of: str | None = None
    thread: str | None = None
    target: str | None = None
    state: str = "pending"
    tries: int = 0
    reason: str = ""
    event_id: str | None = None
    created_at: datetime
    tried_at: datetime | None = None
    sent_at: datetime | None = None


# The statements are plain ones, made once, for every message passes through them: through the
# session's objects each costs about twice as much processor time.
_C = _OUTBOX.c
_NAMES = tuple(part.name for part in fields(Queued))
_SAID = tuple(name for name in _NAMES if name != "id")
_CHANGES = ("state", "tries", "reason", "event_id", "tried_at")
_POST = insert(_OUTBOX).returning(_C.id)
_CHANGE = update(_OUTBOX).where(_C.id == bindparam("row"))
_ROWS = select(*(_C[name] for name in _NAMES)).order_by(_C.id)
_WAITS = _C.state.in_(("pending", "sending"))
_MOVE = (
    update(_OUTBOX)
    .where(_C.id == bindparam("row"))
    .values(room=bindparam("place"), thread=bindparam("root"), thread_of=bindparam("root_key"))
)
_BY_ID, _BY_KEY, _BY_EVENT = (
    _ROWS.where(column == bindparam("wanted")) for column in (_C.id, _C.key, _C.event_id)
)
_WAITS_THERE = select(literal(1)).where(_C.room == bindparam("place"), _WAITS).limit(1)
_NEWER_EDIT = (
    select(literal(1))
    .where(
        _C.replaces == bindparam("edited"),
        _C.id > bindparam("row"),
        _C.state.in_(("pending", "sending", "sent")),
    )
    .limit(1)
)


class Outbox:
    """What is to be said, each once."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, row: Queued) -> None:
        """Add something to say; the row gets its id."""
        columns = {name: getattr(row, name) for name in _SAID}
        row.id = self._connection.execute(_POST, columns).scalar_one()

    def change(self, row: Queued) -> None:
        """Store how far the row has come: state, tries, reason, event id, time tried."""
        columns = {name: getattr(row, name) for name in _CHANGES}
        self._connection.execute(_CHANGE, {"row": row.id, **columns})

    def posted(self, rows: Sequence[tuple[int, str, datetime]]) -> None:
        """Note what has been posted: row id, event id, time; many rows in one statement."""
        self._connection.execute(
            _CHANGE,
            [
                {"row": row_id, "state": "sent", "event_id": event_id, "sent_at": at}
                for row_id, event_id, at in rows
            ],
        )

    def get(self, row_id: int) -> Queued:
        """Get a row by id."""
        rows = self._connection.execute(_BY_ID, {"wanted": row_id})
        return Queued(**rows.mappings().one())

    def by_key(self, key: str) -> Queued | None:
        """Find a row by its key."""
        found = self._connection.execute(_BY_KEY, {"wanted": key}).mappings().first()
        return Queued(**found) if found else None

    def by_event(self, event_id: str) -> Queued | None:
        """Find what was posted as this event."""
        rows = self._connection.execute(_BY_EVENT, {"wanted": event_id})
        found = rows.mappings().first()
        return Queued(**found) if found else None

    def take_up(self, platform: str) -> Sequence[Queued]:
        """List what an earlier life left, the oldest first, and note it as handed over.

        `platform` is the one whose rows are not noted so before each try.
        """
        self._connection.execute(
            update(_OUTBOX)
            .where(_C.platform == platform, _C.state == "pending")
            .values(state="sending")
        )
        return self._where(_WAITS)

    def trouble(self) -> Sequence[Queued]:
        """List what could not be delivered or whose outcome is unknown."""
        return self._where(_C.state.in_(("failed", "uncertain")))

    def waiting(self) -> int:
        """Count what waits to be sent."""
        count = select(func.count()).select_from(_OUTBOX).where(_WAITS)
        return int(self._connection.execute(count).scalar_one())

    def may_be_posting(self, room: str, event_id: str | None) -> bool:
        """Tell whether an event that we do not know may be one that we are posting in the room."""
        if event_id is None or self.by_event(event_id) is not None:
            return False
        waits = self._connection.execute(_WAITS_THERE, {"place": room})
        return waits.first() is not None

    def newer_edit(self, row: Queued) -> bool:
        """Tell whether a later edit of the same message waits, so that this one may be left out."""
        newer = self._connection.execute(_NEWER_EDIT, {"edited": row.replaces, "row": row.id})
        return newer.first() is not None

    def moved(self, rows: Sequence[Queued]) -> None:
        """Store the new room of rows, and what they answer there."""
        self._connection.execute(
            _MOVE,
            [
                {"row": r.id, "place": r.room, "root": r.thread, "root_key": r.thread_of}
                for r in rows
            ],
        )

    def address_rooms(self, platform: str, address: str, room: str) -> None:
        """Point what waits for somebody's direct room to it, now that it is open."""
        self._connection.execute(
            update(_OUTBOX)
            .where(_C.platform == platform, _C.address == address, _C.room == "")
            .values(room=room)
        )

    def _where(self, condition: ColumnElement[bool]) -> list[Queued]:
        rows = self._connection.execute(_ROWS.where(condition))
        return [Queued(**row) for row in rows.mappings()]

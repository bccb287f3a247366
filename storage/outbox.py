"""What is to be said, each once: kept from the transaction that wants it until it is posted."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, insert, update
from sqlmodel import Session, SQLModel, col, func, select

from storage.log_tables import OutboxRow

_OUTBOX = SQLModel.metadata.tables[OutboxRow.__tablename__]
# The statements that every message passes through are plain ones, made once: through the session's
# objects each costs about twice as much processor time.
_SAID = tuple(column.name for column in _OUTBOX.c if column.name != "id")
_POST = insert(_OUTBOX).returning(_OUTBOX.c.id)
_POSTED = update(_OUTBOX).where(_OUTBOX.c.id == bindparam("row"))


class Outbox:
    """What is to be said, each once."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, row: OutboxRow) -> None:
        """Add something to say; the row gets its id and stays outside the session."""
        columns = {name: getattr(row, name) for name in _SAID}
        row.id = self._session.connection().execute(_POST, columns).scalar_one()

    def todo(self, limit: int) -> Sequence[OutboxRow]:
        """List what waits to be sent, the oldest first."""
        return self._session.exec(
            select(OutboxRow)
            .where(col(OutboxRow.state).in_(("pending", "sending")))
            .order_by(col(OutboxRow.id))
            .limit(limit)
        ).all()

    def get(self, row_id: int) -> OutboxRow:
        """Get a row by id."""
        return self._session.get_one(OutboxRow, row_id)

    def posted(self, rows: Sequence[tuple[int, str, datetime]]) -> None:
        """Note what has been posted: row id, event id, time; many rows in one statement."""
        self._session.connection().execute(
            _POSTED,
            [
                {"row": row_id, "state": "sent", "event_id": event_id, "sent_at": at}
                for row_id, event_id, at in rows
            ],
        )

    def by_key(self, key: str) -> OutboxRow | None:
        """Find a row by its key."""
        return self._session.exec(select(OutboxRow).where(OutboxRow.key == key)).first()

    def by_event(self, event_id: str) -> OutboxRow | None:
        """Find what was posted as this event."""
        return self._session.exec(select(OutboxRow).where(OutboxRow.event_id == event_id)).first()

    def may_be_posting(self, room: str, event_id: str | None) -> bool:
        """Tell whether an event that we do not know may be one that we are posting in the room."""
        waits = select(OutboxRow.id).where(
            OutboxRow.room == room, col(OutboxRow.state).in_(("pending", "sending"))
        )
        if event_id is None or self.by_event(event_id) is not None:
            return False
        return self._session.exec(waits.limit(1)).first() is not None

    def newer_edit(self, row: OutboxRow) -> bool:
        """Tell whether a later edit of the same message waits, so that this one may be left out."""
        return (
            self._session.exec(
                select(OutboxRow.id).where(
                    OutboxRow.replaces == row.replaces,
                    col(OutboxRow.id) > row.id,
                    col(OutboxRow.state).in_(("pending", "sent")),
                )
            ).first()
            is not None
        )

    def trouble(self) -> Sequence[OutboxRow]:
        """List what could not be delivered or whose outcome is unknown."""
        return self._session.exec(
            select(OutboxRow)
            .where(col(OutboxRow.state).in_(("failed", "uncertain")))
            .order_by(col(OutboxRow.id))
        ).all()

    def waiting(self) -> int:
        """Count what waits to be sent."""
        return self._session.exec(
            select(func.count())
            .select_from(OutboxRow)
            .where(col(OutboxRow.state).in_(("pending", "sending")))
        ).one()

    def move_room(self, platform: str, old: str, new: str) -> None:
        """Point what waits for a room to the one that has taken its place."""
        self._session.exec(
            update(OutboxRow)
            .where(
                col(OutboxRow.platform) == platform,
                col(OutboxRow.room) == old,
                col(OutboxRow.state) == "pending",
            )
            .values(room=new)
        )

    def address_rooms(self, platform: str, address: str, room: str) -> None:
        """Point what waits for somebody's direct room to it, now that it is open."""
        self._session.exec(
            update(OutboxRow)
            .where(
                col(OutboxRow.platform) == platform,
                col(OutboxRow.address) == address,
                col(OutboxRow.room) == "",
            )
            .values(room=room)
        )

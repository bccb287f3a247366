"""Logs that never become domain values: inbox, audit, and small marks; the outbox is next door."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, delete, insert, update
from sqlalchemy import select as columns_of
from sqlmodel import Session, SQLModel, col, select

from bot.ports import IncomingMessage, Kind
from storage.log_tables import AuditRow, InboxRow, MarkRow, PositionRow, UndoRow

_INBOX, _AUDIT, _MARK, _POSITION, _UNDO = (
    SQLModel.metadata.tables[row.__tablename__]
    for row in (InboxRow, AuditRow, MarkRow, PositionRow, UndoRow)
)
# The few statements that every message passes through are plain ones, made once: through the
# session's objects each costs about twice as much processor time.
_SEEN = columns_of(_INBOX.c.event_id).where(
    _INBOX.c.platform == bindparam("on"), _INBOX.c.event_id.in_(bindparam("ids", expanding=True))
)
_ARRIVE = insert(_INBOX).returning(_INBOX.c.id, sort_by_parameter_order=True)
_TAKE = columns_of(
    *(column for column in _INBOX.c if column.name not in ("received_at", "done"))
).where(_INBOX.c.id == bindparam("row"), _INBOX.c.done.is_(False))
_FINISH = update(_INBOX).where(_INBOX.c.id == bindparam("row")).values(done=True)
_NOTE = insert(_AUDIT)
_MOVE = update(_POSITION).where(_POSITION.c.platform == bindparam("on"))
_READ_MARK = columns_of(_MARK.c.value).where(_MARK.c.name == bindparam("mark"))
_SET_MARK = update(_MARK).where(_MARK.c.name == bindparam("mark"))
_NEW_MARK = insert(_MARK)
_OFFERED = columns_of(_UNDO.c.verb, _UNDO.c.data, _UNDO.c.until).where(
    _UNDO.c.person_id == bindparam("whose")
)
_OFFER = update(_UNDO).where(_UNDO.c.person_id == bindparam("whose"))
_NEW_OFFER = insert(_UNDO)
_WITHDRAW = delete(_UNDO).where(_UNDO.c.person_id == bindparam("whose"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """A stored event, as the platform gave it but scrubbed.

    `withheld` is the number of identity numbers that were taken out of it.
    """

    id: int
    platform: str
    event: IncomingMessage
    withheld: int


class Inbox:
    """What has come in: each event once, with the position it was read at."""

    def __init__(self, session: Session, connection: Connection) -> None:
        self._session = session
        self._connection = connection

    def position(self, platform: str) -> str | None:
        """Give the position after the last stored batch."""
        row = self._session.get(PositionRow, platform)
        return row.token if row else None

    def move(self, platform: str, token: str, now: datetime) -> None:
        """Store how far the platform has been read."""
        if not self._connection.execute(
            _MOVE, {"on": platform, "token": token, "at": now}
        ).rowcount:
            self._connection.execute(
                insert(_POSITION), {"platform": platform, "token": token, "at": now}
            )

    def read_at(self, platform: str) -> datetime | None:
        """Tell when the platform was last read."""
        row = self._session.get(PositionRow, platform)
        return row.at if row else None

    def add(
        self, platform: str, events: Sequence[tuple[IncomingMessage, int]], now: datetime
    ) -> Sequence[tuple[int, str]]:
        """Store events that are new; gives their row ids and lanes (rooms) in order.

        Args:
            platform: where they come from.
            events: each with the number of identity numbers that were taken out of it.
            now: the time received.
        """
        if not events:
            return []
        ids = [event.event_id for event, _ in events]
        seen = set(self._connection.execute(_SEEN, {"on": platform, "ids": ids}).scalars())
        new = {}
        for event, withheld in events:
            if event.event_id not in seen and event.event_id not in new:
                new[event.event_id] = {
                    "platform": platform,
                    "event_id": event.event_id,
                    "room": event.room,
                    "sender": event.sender,
                    "kind": event.kind.value,
                    "text": event.text,
                    "target": event.target,
                    "thread": event.thread,
                    "mentions_me": event.mentions_me,
                    "is_direct": event.is_direct,
                    "withheld": withheld,
                    "received_at": now,
                    "done": False,
                }
        if not new:
            return []
        row_ids = self._connection.execute(_ARRIVE, list(new.values())).scalars()
        return [(n, str(row["room"])) for n, row in zip(row_ids, new.values(), strict=True)]

    def todo(self) -> Sequence[tuple[int, str]]:
        """List id and lane of what has no effect yet, in order."""
        rows = self._session.exec(
            select(InboxRow.id, InboxRow.room)
            .where(col(InboxRow.done).is_(False))
            .order_by(col(InboxRow.id))
        ).all()
        return [(row_id or 0, room) for row_id, room in rows]

    def take(self, row_id: int) -> Arrived | None:
        """Get an event that has no effect yet."""
        row = self._connection.execute(_TAKE, {"row": row_id}).first()
        if row is None:
            return None
        event = IncomingMessage(
            event_id=row.event_id,
            room=row.room,
            sender=row.sender,
            kind=Kind(row.kind),
            text=row.text,
            target=row.target,
            thread=row.thread,
            mentions_me=row.mentions_me,
            is_direct=row.is_direct,
        )
        return Arrived(id=row.id, platform=row.platform, event=event, withheld=row.withheld)

    def finish(self, arrived: Arrived) -> None:
        """Mark an event as done, in the transaction of its effect."""
        self._connection.execute(_FINISH, {"row": arrived.id})


class Audit:
    """Who did what; append-only."""

    def __init__(self, session: Session, connection: Connection) -> None:
        self._session = session
        self._connection = connection

    def add(
        self,
        *,
        at: datetime,
        action: str,
        outcome: str,
        person_id: int | None,
        subject: str = "",
        cause: str = "",
    ) -> None:
        """Write one line."""
        self._connection.execute(
            _NOTE,
            {
                "at": at,
                "action": action,
                "outcome": outcome,
                "person_id": person_id,
                "subject": subject,
                "cause": cause,
            },
        )

    def newest(self, count: int) -> Sequence[AuditRow]:
        """Give the newest lines, the newest first."""
        return self._session.exec(
            select(AuditRow).order_by(col(AuditRow.id).desc()).limit(count)
        ).all()


class Marks:
    """Small named facts, and what may be taken back."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, name: str) -> str | None:
        """Read a mark."""
        value = self._connection.execute(_READ_MARK, {"mark": name}).scalar()
        return None if value is None else str(value)

    def set(self, name: str, value: str) -> None:
        """Write a mark."""
        if not self._connection.execute(_SET_MARK, {"mark": name, "value": value}).rowcount:
            self._connection.execute(_NEW_MARK, {"name": name, "value": value})

    def offer_undo(
        self, person_id: int, verb: str, data: Mapping[str, object], now: datetime
    ) -> None:
        """Let a person take their last step back for ten minutes."""
        offer = {"verb": verb, "data": dict(data), "until": now + timedelta(minutes=10)}
        if not self._connection.execute(_OFFER, {"whose": person_id, **offer}).rowcount:
            self._connection.execute(_NEW_OFFER, {"person_id": person_id, **offer})

    def take_undo(self, person_id: int, now: datetime) -> tuple[str, dict[str, object]] | None:
        """Take what may be taken back, once."""
        row = self._connection.execute(_OFFERED, {"whose": person_id}).first()
        if row is None:
            return None
        self._connection.execute(_WITHDRAW, {"whose": person_id})
        return (row.verb, row.data) if row.until >= now else None

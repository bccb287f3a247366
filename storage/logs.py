"""Logs that never become domain values: inbox, outbox, audit, and small marks."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlmodel import Session, col, func, select, update

from bot.ports import IncomingMessage, Kind
from storage.log_tables import AuditRow, InboxRow, MarkRow, OutboxRow, PositionRow, UndoRow


class Inbox:
    """What has come in: each event once, with the position it was read at."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def position(self, platform: str) -> str | None:
        """Give the position after the last stored batch."""
        row = self._session.get(PositionRow, platform)
        return row.token if row else None

    def move(self, platform: str, token: str, now: datetime) -> None:
        """Store how far the platform has been read."""
        row = self._session.get(PositionRow, platform)
        if row is None:
            row = PositionRow(platform=platform, token=token, at=now)
        row.token, row.at = token, now
        self._session.add(row)

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
        ids = [event.event_id for event, _ in events]
        seen = set(
            self._session.exec(
                select(InboxRow.event_id).where(
                    InboxRow.platform == platform, col(InboxRow.event_id).in_(ids)
                )
            ).all()
        )
        added = []
        for event, withheld in events:
            if event.event_id in seen:
                continue
            seen.add(event.event_id)
            row = InboxRow(
                platform=platform,
                event_id=event.event_id,
                room=event.room,
                sender=event.sender,
                kind=event.kind,
                text=event.text,
                target=event.target,
                thread=event.thread,
                mentions_me=event.mentions_me,
                is_direct=event.is_direct,
                withheld=withheld,
                received_at=now,
            )
            self._session.add(row)
            added.append(row)
        self._session.flush()
        return [(row.id or 0, row.room) for row in added]

    def todo(self) -> Sequence[tuple[int, str]]:
        """List id and lane of what has no effect yet, in order."""
        rows = self._session.exec(
            select(InboxRow.id, InboxRow.room)
            .where(col(InboxRow.done).is_(False))
            .order_by(col(InboxRow.id))
        ).all()
        return [(row_id or 0, room) for row_id, room in rows]

    def take(self, row_id: int) -> InboxRow | None:
        """Get an event that has no effect yet."""
        row = self._session.get(InboxRow, row_id)
        return row if row and not row.done else None

    def finish(self, row: InboxRow) -> None:
        """Mark an event as done, in the transaction of its effect."""
        row.done = True
        self._session.add(row)


def incoming(row: InboxRow) -> IncomingMessage:
    """Give the stored event as the platform gave it, scrubbed."""
    return IncomingMessage(
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


class Outbox:
    """What is to be said, each once."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, row: OutboxRow) -> None:
        """Add something to say."""
        self._session.add(row)
        self._session.flush()

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
        self._session.execute(
            update(OutboxRow),
            [
                {"id": row_id, "state": "sent", "event_id": event_id, "sent_at": at}
                for row_id, event_id, at in rows
            ],
        )

    def by_key(self, key: str) -> OutboxRow | None:
        """Find a row by its key."""
        return self._session.exec(select(OutboxRow).where(OutboxRow.key == key)).first()

    def by_event(self, event_id: str) -> OutboxRow | None:
        """Find what was posted as this event."""
        return self._session.exec(select(OutboxRow).where(OutboxRow.event_id == event_id)).first()

    def last_to(self, platform: str, room: str, templates: Sequence[str]) -> OutboxRow | None:
        """Find the newest message of some templates that went to a room."""
        return self._session.exec(
            select(OutboxRow)
            .where(
                OutboxRow.platform == platform,
                OutboxRow.room == room,
                col(OutboxRow.template).in_(templates),
            )
            .order_by(col(OutboxRow.id).desc())
        ).first()

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


class Audit:
    """Who did what; append-only."""

    def __init__(self, session: Session) -> None:
        self._session = session

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
        self._session.add(
            AuditRow(
                at=at,
                action=action,
                outcome=outcome,
                person_id=person_id,
                subject=subject,
                cause=cause,
            )
        )

    def newest(self, count: int) -> Sequence[AuditRow]:
        """Give the newest lines, the newest first."""
        return self._session.exec(
            select(AuditRow).order_by(col(AuditRow.id).desc()).limit(count)
        ).all()


class Marks:
    """Small named facts, and what may be taken back."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get(self, name: str) -> str | None:
        """Read a mark."""
        row = self._session.get(MarkRow, name)
        return row.value if row else None

    def set(self, name: str, value: str) -> None:
        """Write a mark."""
        row = self._session.get(MarkRow, name) or MarkRow(name=name, value=value)
        row.value = value
        self._session.add(row)
        self._session.flush()

    def offer_undo(
        self, person_id: int, verb: str, data: Mapping[str, object], now: datetime
    ) -> None:
        """Let a person take their last step back for ten minutes."""
        row = self._session.get(UndoRow, person_id)
        if row is None:
            row = UndoRow(person_id=person_id, verb=verb, until=now)
        row.verb, row.data, row.until = verb, dict(data), now + timedelta(minutes=10)
        self._session.add(row)
        self._session.flush()

    def take_undo(self, person_id: int, now: datetime) -> tuple[str, dict[str, object]] | None:
        """Take what may be taken back, once."""
        row = self._session.get(UndoRow, person_id)
        if row is None:
            return None
        self._session.delete(row)
        return (row.verb, row.data) if row.until >= now else None

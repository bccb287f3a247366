"""Messages that can't be read yet: kept until their key comes, and never dropped in silence.

A message is handed on only once, and taken away here only after what became of it is stored.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.platforms.matrix.crypto.devices import MEGOLM, is_key
from bot.platforms.matrix.crypto.keystore import KeyStore
from bot.platforms.matrix.lenient import Json, section, text

PATIENCE = 10.0
"""Seconds until the sender is told: a key often comes just after its message."""
KEPT = 30 * 24 * 3600.0
MOST = 1000
MOST_OF_ROOM = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A message that waits: where, from whom, since when, and why it could not be read."""

    event_id: str
    room: str
    event: Json
    reason: str


class Waiting:
    """The messages that wait."""

    def __init__(self, store: KeyStore, patience: float = PATIENCE) -> None:
        """`patience`: how many seconds a message waits before its sender is told."""
        self._db = store.db
        self.patience = patience

    def add(self, room: str, event: Json, reason: str, now: float) -> bool:
        """Keep a message; False where that can't be, so that its sender must be told at once."""
        event_id, sender = text(event, "event_id"), text(event, "sender")
        session = text(section(event, "content"), "session_id")
        (all_of_them,) = self._db.execute("SELECT count(*) FROM waiting").fetchone()
        (here,) = self._db.execute(
            "SELECT count(*) FROM waiting WHERE room = ?", (room,)
        ).fetchone()
        known = self._db.execute("SELECT 1 FROM waiting WHERE event = ?", (event_id,)).fetchone()
        if not event_id or (not known and (all_of_them >= MOST or here >= MOST_OF_ROOM)):
            return False
        try:
            body = json.dumps(event)
        except RecursionError:
            return False
        self._db.execute(
            "INSERT INTO waiting VALUES (?, ?, ?, ?, ?, ?, ?, 0, 0, 0)"
            " ON CONFLICT (event) DO UPDATE SET reason = excluded.reason",
            (event_id, room, session, sender, body, now, reason),
        )
        return True

    def all(self) -> Sequence[Held]:
        """List what waits, the oldest first."""
        rows = self._db.execute(
            "SELECT event, room, body, reason FROM waiting ORDER BY since, rowid"
        )
        return [_held(row) for row in rows]

    def came(self, event_id: str) -> None:
        """Take away a message that came once more, before what it led to was stored, and is read.

        Should it not be stored now either, it comes again.
        """
        self._db.execute("DELETE FROM waiting WHERE event = ?", (event_id,))

    def explain(self, event_id: str, reason: str) -> None:
        """Note why a message can't be read now: it may be for another reason than at first."""
        self._db.execute("UPDATE waiting SET reason = ? WHERE event = ?", (reason, event_id))

    def not_fetched(self) -> Sequence[tuple[str, str]]:
        """List keys that the backup has not been asked for (room, session)."""
        rows = self._db.execute(
            "SELECT room, session FROM waiting WHERE session != ''"
            " GROUP BY room, session HAVING max(fetched) = 0"
        ).fetchall()
        return [(row[0], row[1]) for row in rows]

    def fetched(self, session: str) -> None:
        """Note that the backup has been asked for a key."""
        self._db.execute("UPDATE waiting SET fetched = 1 WHERE session = ?", (session,))

    def unasked(self) -> Sequence[tuple[str, Json]]:
        """List the keys to be asked for, and note that they have been.

        Returns:
            Whom to ask, and for what: the body of an m.room_key_request.
        """
        rows = self._db.execute(
            "SELECT sender, room, session, body FROM waiting"
            " GROUP BY room, session, sender HAVING max(asked) = 0"
        ).fetchall()
        self._db.execute("UPDATE waiting SET asked = 1 WHERE asked = 0")
        return [(row[0], _wanted(*row[1:])) for row in rows]

    def asked(self, session: str) -> bool:
        """Tell whether we have asked for the key."""
        row = self._db.execute(
            "SELECT 1 FROM waiting WHERE session = ? AND asked = 1", (session,)
        ).fetchone()
        return row is not None

    def overdue(self, now: float) -> Sequence[Held]:
        """List what its sender must be told about."""
        rows = self._db.execute(
            "SELECT event, room, body, reason FROM waiting WHERE told = 0 AND since <= ?"
            " ORDER BY since, rowid",
            (now - self.patience,),
        )
        return [_held(row) for row in rows]

    def told(self, event_ids: Sequence[str]) -> None:
        """Note that the senders of these are being told."""
        self._db.executemany(
            "UPDATE waiting SET told = 1 WHERE event = ?", [(e,) for e in event_ids]
        )

    def settle(self, event_ids: Sequence[str], now: float) -> None:
        """Take away what has been read and stored, and what is too old to be of use."""
        self._db.execute(
            "DELETE FROM waiting WHERE event IN (SELECT value FROM json_each(?))",
            (json.dumps(list(event_ids)),),
        )
        self._db.execute("DELETE FROM waiting WHERE since < ?", (now - KEPT,))

    def untold(self) -> bool:
        """Tell whether the sender of something that waits has not been told yet."""
        row = self._db.execute("SELECT 1 FROM waiting WHERE told = 0 LIMIT 1").fetchone()
        return row is not None

    def by_room(self) -> Mapping[str, int]:
        """Count what waits in each room."""
        rows = self._db.execute("SELECT room, count(*) FROM waiting GROUP BY room ORDER BY room")
        return dict(rows.fetchall())


def _wanted(room: str, session: str, body: str) -> Json:
    wanted = {"algorithm": MEGOLM, "room_id": room, "session_id": session}
    # The specification has given it up, but some clients read no request without it. It goes back
    # to whoever wrote it, and decides nothing here.
    sender_key = text(section(json.loads(body), "content"), "sender_key")
    return {**wanted, "sender_key": sender_key} if is_key(sender_key) else wanted


def _held(row: Sequence[str]) -> Held:
    return Held(event_id=row[0], room=row[1], event=json.loads(row[2]), reason=row[3])

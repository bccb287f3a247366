"""Which rooms are encrypted, by which rules, and who may read there.

Encryption once seen is never unseen, whatever the homeserver says later: otherwise it could make
the bot speak in clear.
"""

import json
from collections.abc import Iterable, Sequence

from bot.platforms.matrix.crypto.devices import is_account
from bot.platforms.matrix.crypto.keystore import KeyStore
from bot.platforms.matrix.crypto.sharing import Rotation
from bot.platforms.matrix.lenient import Json

_MOST_MESSAGES = 10_000
_LEAST_SECONDS, _MOST_SECONDS = 3600.0, 28 * 24 * 3600.0


class Members:
    """Encrypted rooms and the accounts in them."""

    def __init__(self, store: KeyStore) -> None:
        self._db = store.db

    def encrypted(self) -> Sequence[str]:
        """List the rooms known to be encrypted."""
        rows = self._db.execute("SELECT id FROM room WHERE encryption IS NOT NULL")
        return [row[0] for row in rows]

    def encrypt(self, room: str, content: Json) -> None:
        """Note a room's m.room.encryption; rules that are not understood leave the default."""
        messages, period = content.get("rotation_period_msgs"), content.get("rotation_period_ms")
        rules = {
            "messages": messages if _is_count(messages) else None,
            "period": period if _is_count(period) else None,
        }
        self._db.execute(
            "INSERT INTO room (id, encryption) VALUES (?, ?)"
            " ON CONFLICT (id) DO UPDATE SET encryption = excluded.encryption",
            (room, json.dumps(rules)),
        )

    def is_encrypted(self, room: str) -> bool:
        """Tell whether the room has ever been seen to be encrypted."""
        row = self._db.execute(
            "SELECT 1 FROM room WHERE id = ? AND encryption IS NOT NULL", (room,)
        ).fetchone()
        return row is not None

    def rotation(self, room: str) -> Rotation:
        """Give how long a key is used in the room, never longer than we find right."""
        row = self._db.execute("SELECT encryption FROM room WHERE id = ?", (room,)).fetchone()
        rules = json.loads(row[0]) if row is not None and row[0] else {}
        messages, period = rules.get("messages"), rules.get("period")
        default = Rotation()
        return Rotation(
            messages=min(messages, _MOST_MESSAGES) if messages else default.messages,
            seconds=min(max(period / 1000, _LEAST_SECONDS), _MOST_SECONDS)
            if period
            else default.seconds,
        )

    def of(self, room: str) -> Sequence[str] | None:
        """List who may read in the room, or give None where that must be asked."""
        row = self._db.execute("SELECT members_known FROM room WHERE id = ?", (room,)).fetchone()
        if row is None or not row[0]:
            return None
        rows = self._db.execute("SELECT account FROM member WHERE room = ?", (room,))
        return [row[0] for row in rows]

    def learn(self, room: str, accounts: Iterable[str]) -> None:
        """Take the whole list of who may read in the room."""
        self._db.execute("DELETE FROM member WHERE room = ?", (room,))
        self._db.executemany(
            "INSERT OR IGNORE INTO member VALUES (?, ?)",
            [(room, a) for a in accounts if is_account(a)],
        )
        self._db.execute(
            "INSERT INTO room (id, members_known) VALUES (?, 1)"
            " ON CONFLICT (id) DO UPDATE SET members_known = 1",
            (room,),
        )

    def moved(self, room: str, account: str, *, reads: bool) -> None:
        """Note that somebody came or left."""
        if not is_account(account):
            return
        if reads:
            self._db.execute("INSERT OR IGNORE INTO member VALUES (?, ?)", (room, account))
        else:
            self._db.execute("DELETE FROM member WHERE room = ? AND account = ?", (room, account))

    def unsure(self, room: str) -> None:
        """Forget who is in a room: events may have been missed, so it is asked when needed."""
        self._db.execute("UPDATE room SET members_known = 0 WHERE id = ?", (room,))

    def shares_room(self, account: str) -> bool:
        """Tell whether an encrypted room is shared with the account."""
        row = self._db.execute(
            "SELECT 1 FROM member JOIN room ON room.id = member.room"
            " WHERE member.account = ? AND room.encryption IS NOT NULL LIMIT 1",
            (account,),
        ).fetchone()
        return row is not None


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**53

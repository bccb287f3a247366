"""Reading encrypted rooms: the keys others gave us, and what they open.

A key belongs to the device that sent it, to one account and to one room; a message that another
account posts under it, or in another room, or a second time as another event, is not believed.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from vodozemac import ExportedSessionKey, InboundGroupSession, MegolmMessage, SessionKey

from bot.platforms.matrix.crypto.devices import MEGOLM
from bot.platforms.matrix.crypto.keystore import KeyStore
from bot.platforms.matrix.crypto.olm import Unreadable
from bot.platforms.matrix.lenient import Json, section, text

NO_KEY, UNKNOWN, UNSIGNED = "no key", "unknown device", "unsigned device"
PLAIN = "not encrypted"
"""Why a message can't be read; the words to each stand in the template errors/unreadable.md."""
NEVER_SEALED = ("m.room.redaction", "m.room.encrypted")
"""The homeserver decides who may delete what, so it must see it; and nothing is sealed twice."""


class NoKey(Unreadable):
    """The key of the message is not here; it may come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A message as it was before it was encrypted, and the device that vouches for it."""

    event: Json
    curve: str
    session: str
    number: int


class RoomKeys:
    """The keys to what others write."""

    def __init__(self, store: KeyStore) -> None:
        self._store = store
        self._db = store.db

    def add(self, sender: str, curve: str, content: Json) -> bool:
        """Take the content of an m.room_key that a device of `sender` gave us.

        Returns:
            Whether it opens more than we could open before.
        """
        if content.get("algorithm") != MEGOLM:
            return False
        try:
            session = InboundGroupSession(SessionKey(text(content, "session_key")))
        except ValueError:
            return False
        return self._take(content, session, sender, curve)

    def restore(self, sender: str, curve: str, content: Json, *, backed_up: bool) -> bool:
        """Take an exported key: from our backup, or forwarded by the device that made it.

        `sender` may be empty where the backup does not say whose it is: the device list tells.
        """
        if content.get("algorithm") != MEGOLM:
            return False
        try:
            exported = ExportedSessionKey(text(content, "session_key"))
            session = InboundGroupSession.import_session(exported)
        except ValueError:
            return False
        return self._take(content, session, sender, curve, backed_up=backed_up)

    def keep_own(self, room: str, key: SessionKey, sender: str, curve: str) -> None:
        """Keep the key to what we write ourselves, so that the backup has it."""
        session = InboundGroupSession(key)
        content = {"room_id": room, "session_id": session.session_id}
        self._take(content, session, sender, curve)

    def has(self, room: str, session: str) -> bool:
        """Tell whether there is a key."""
        row = self._db.execute(
            "SELECT 1 FROM inbound WHERE room = ? AND session = ?", (room, session)
        ).fetchone()
        return row is not None

    def open(self, room: str, event: Json) -> Opened:
        """Read an m.room.encrypted event of a room.

        Raises:
            NoKey: its key is not here.
            Unreadable: it is not what it claims to be.
        """
        content, sender = section(event, "content"), text(event, "sender")
        session_id = text(content, "session_id")
        if content.get("algorithm") != MEGOLM or not session_id or "state_key" in event:
            raise Unreadable("an encryption that we do not know")
        row = self._db.execute(
            "SELECT pickle, sender, curve FROM inbound WHERE room = ? AND session = ?",
            (room, session_id),
        ).fetchone()
        if row is None:
            raise NoKey(NO_KEY)
        pickle, owner, curve = row
        if owner and owner != sender:
            raise Unreadable("the key belongs to another account")
        session = InboundGroupSession.from_pickle(pickle, self._store.key)
        try:
            opened = session.decrypt(MegolmMessage.from_base64(text(content, "ciphertext")))
            plain = json.loads(opened.plaintext)
        except (ValueError, RecursionError) as error:
            raise self._why(session, content) from error
        if not isinstance(plain, dict) or plain.get("room_id") != room:
            raise Unreadable("written for another room")
        if plain.get("type") in NEVER_SEALED:
            raise Unreadable("a kind that is never encrypted")
        return Opened(
            event=_merged(event, plain),
            curve=curve,
            session=session_id,
            number=opened.message_index,
        )

    def to_back_up(self, limit: int) -> Sequence[tuple[str, str, Json]]:
        """List keys that the backup lacks: room, session, and the session as the backup has it."""
        rows = self._db.execute(
            "SELECT room, session, curve, pickle FROM inbound WHERE backed_up = 0 LIMIT ?", (limit,)
        ).fetchall()
        return list(self._exported(rows))

    def backed_up(self, keys: Sequence[tuple[str, str]]) -> None:
        """Note that the backup has these keys (room, session)."""
        self._db.executemany(
            "UPDATE inbound SET backed_up = 1 WHERE room = ? AND session = ?", list(keys)
        )

    def back_up_all_anew(self) -> None:
        """Note that a new backup has none of the keys."""
        self._db.execute("UPDATE inbound SET backed_up = 0")

    def _exported(self, rows: Sequence[Sequence[str]]) -> Iterator[tuple[str, str, Json]]:
        for room, session_id, curve, pickle in rows:
            session = InboundGroupSession.from_pickle(pickle, self._store.key)
            first = session.first_known_index
            exported = session.export_at(first)
            assert exported is not None
            yield (
                room,
                session_id,
                {
                    "algorithm": MEGOLM,
                    "sender_key": curve,
                    "sender_claimed_keys": {},
                    "forwarding_curve25519_key_chain": [],
                    "session_key": exported.to_base64(),
                    "first_message_index": first,
                },
            )

    def _take(
        self,
        content: Json,
        session: InboundGroupSession,
        sender: str,
        curve: str,
        *,
        backed_up: bool = False,
    ) -> bool:
        room = text(content, "room_id")
        if not room or session.session_id != text(content, "session_id"):
            return False
        row = self._db.execute(
            "SELECT pickle, sender, curve FROM inbound WHERE room = ? AND session = ?",
            (room, session.session_id),
        ).fetchone()
        if row is not None:
            pickle, owner, owning = row
            if (owner and sender and owner != sender) or (owning and curve and owning != curve):
                return False
            known = InboundGroupSession.from_pickle(pickle, self._store.key)
            if known.first_known_index <= session.first_known_index:
                return False
            if not _continues(session, known):
                return False
            sender, curve = owner or sender, owning or curve
        self._db.execute(
            "INSERT OR REPLACE INTO inbound VALUES (?, ?, ?, ?, ?, ?)",
            (
                room,
                session.session_id,
                sender,
                curve,
                session.pickle(self._store.key),
                int(backed_up),
            ),
        )
        return True

    def once(self, opened: Opened) -> None:
        """Note that a message has been read, once it is known who wrote it.

        Raises:
            Unreadable: its number was read before, in another event.
        """
        number = (opened.session, opened.number)
        event_id = text(opened.event, "event_id")
        row = self._db.execute(
            "SELECT event FROM read_once WHERE session = ? AND number = ?", number
        ).fetchone()
        if row is None:
            self._db.execute("INSERT INTO read_once VALUES (?, ?, ?)", (*number, event_id))
        elif row[0] != event_id:
            raise Unreadable("a repetition of another message")

    def _why(self, session: InboundGroupSession, content: Json) -> Unreadable:
        """Tell a message from before our key's first index, which an older key may open."""
        try:
            number = MegolmMessage.from_base64(text(content, "ciphertext")).message_index()
        except ValueError:
            return Unreadable("a broken message")
        if number < session.first_known_index:
            return NoKey(NO_KEY)
        return Unreadable("a broken message")


def _continues(older: InboundGroupSession, known: InboundGroupSession) -> bool:
    """Tell whether a key leads to the one we know: an exported key's name proves nothing."""
    first = known.first_known_index
    ahead, there = older.export_at(first), known.export_at(first)
    return ahead is not None and there is not None and ahead.to_base64() == there.to_base64()


def _merged(event: Json, plain: Json) -> Json:
    """Give the event as it was; a relation may stand outside, where the homeserver needs it."""
    content = dict(section(plain, "content"))
    relation = section(event, "content").get("m.relates_to")
    if relation is not None and "m.relates_to" not in content:
        content["m.relates_to"] = relation
    return {**event, "type": plain.get("type"), "content": content}

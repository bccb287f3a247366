"""Messages between two devices: how keys travel.

Each message is bound to sender and receiver by what it says inside, as the specification demands
("m.olm.v1.curve25519-aes-sha2"). Whatever a stranger sends ends in `Unreadable`, never in a defect.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from vodozemac import AnyOlmMessage, Curve25519PublicKey, Session

from bot.platforms.matrix.crypto.account import OwnDevice
from bot.platforms.matrix.crypto.devices import OLM, Device
from bot.platforms.matrix.crypto.keystore import KeyStore
from bot.platforms.matrix.crypto.signing import decode, encode, is_signed_by
from bot.platforms.matrix.lenient import Json, items, section, text

MOST_SESSIONS = 8
"""Kept with one device: one is in use, the others are for what was sent before."""
MOST_BYTES = 100_000

_T = TypeVar("_T")


class Unreadable(Exception):
    """A message that can't be read; `wedged` is the identity key to begin anew with."""

    def __init__(self, reason: str, wedged: str | None = None) -> None:
        super().__init__(reason)
        self.wedged = wedged


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What a device said to ours: from whom (account, identity key, signing key), and what."""

    sender: str
    curve: str
    ed: str
    kind: str
    content: Json


class Olm:
    """Conversations with other devices."""

    def __init__(self, store: KeyStore, device: OwnDevice) -> None:
        self._store = store
        self._db = store.db
        self._device = device

    def missing(self, devices: Sequence[Device]) -> Sequence[Device]:
        """List those with whom no conversation has begun."""
        rows = self._db.execute(
            "SELECT DISTINCT curve FROM olm WHERE curve IN (SELECT value FROM json_each(?))",
            (json.dumps([d.curve for d in devices]),),
        )
        met = {row[0] for row in rows}
        return [d for d in devices if d.curve not in met]

    def meet(self, device: Device, claimed: Json) -> bool:
        """Begin a conversation with the one-time key that /keys/claim gave for the device.

        Returns:
            Whether the key is there and holds.
        """
        for name, value in items(claimed):
            if not name.startswith("signed_curve25519:"):
                continue
            if not is_signed_by(value, device.account, f"ed25519:{device.id}", device.ed):
                continue
            try:
                theirs = Curve25519PublicKey.from_base64(device.curve)
                once = Curve25519PublicKey.from_base64(text(value, "key"))
                session = self._device.meet(theirs, once)  # refuses keys that give no secret
            except ValueError:
                continue
            self._keep(device.curve, session)
            return True
        return False

    def encrypt(self, device: Device, kind: str, content: Json, own_keys: Json) -> Json | None:
        """Write to a device, or give None where no conversation has begun.

        Args:
            device: to whom.
            kind: the event type.
            content: the event's content.
            own_keys: what we publish of our device, so that they know who writes.
        """
        row = self._db.execute(
            "SELECT pickle FROM olm WHERE curve = ? ORDER BY used DESC LIMIT 1", (device.curve,)
        ).fetchone()
        if row is None:
            return None
        session = Session.from_pickle(row[0], self._store.key)
        plain = {
            "type": kind,
            "content": content,
            "sender": self._device.own.account,
            "recipient": device.account,
            "recipient_keys": {"ed25519": device.ed},
            "keys": {"ed25519": self._device.ed},
            "sender_device_keys": own_keys,
        }
        message = session.encrypt(json.dumps(plain, separators=(",", ":")).encode())
        form, body = message.to_parts()
        # Writing does not move a conversation to the front: only being heard shows that it works.
        self._db.execute(
            "UPDATE olm SET pickle = ? WHERE curve = ? AND session = ?",
            (session.pickle(self._store.key), device.curve, session.session_id),
        )
        return {
            "algorithm": OLM,
            "sender_key": self._device.curve,
            "ciphertext": {device.curve: {"type": form, "body": encode(body)}},
        }

    def decrypt(self, event: Json) -> Letter:
        """Read what a device wrote to ours.

        Raises:
            Unreadable: it is not for us, not whole, or not what it claims to be.
        """
        sender, content = text(event, "sender"), section(event, "content")
        curve = text(content, "sender_key")
        part = section(section(content, "ciphertext"), self._device.curve)
        if content.get("algorithm") != OLM or not sender or not part:
            raise Unreadable("not an Olm message for this device")
        message = _message(part)
        plain = self._open(curve, message)
        return self._read(plain, sender, curve)

    def _open(self, curve: str, message: AnyOlmMessage) -> bytes:
        try:
            theirs = Curve25519PublicKey.from_base64(curve)
        except ValueError as error:
            raise Unreadable("no identity key") from error
        begins = message.to_pre_key()
        rows = self._db.execute(
            "SELECT pickle FROM olm WHERE curve = ? ORDER BY used DESC", (curve,)
        ).fetchall()
        for (pickle,) in rows:
            session = Session.from_pickle(pickle, self._store.key)
            if begins is not None and not session.session_matches(begins):
                continue
            plain = _try(partial(session.decrypt, message))
            if plain is not None:
                self._keep(curve, session)
                return plain
            if begins is not None:
                raise Unreadable("a repeated or broken message")
        if begins is None:
            raise Unreadable("no conversation fits", curve)
        answered = _try(partial(self._device.answer, theirs, begins))
        if answered is None:
            raise Unreadable("its one-time key is not ours, or used up", curve)
        session, plain = answered
        self._keep(curve, session)
        return plain

    def _read(self, plain: bytes, sender: str, curve: str) -> Letter:
        try:
            said = json.loads(plain)
        except (ValueError, RecursionError) as error:
            raise Unreadable("not JSON inside") from error
        if not isinstance(said, dict):
            raise Unreadable("not an object inside")
        ed = text(section(said, "keys"), "ed25519")
        bound = (
            said.get("sender") == sender
            and said.get("recipient") == self._device.own.account
            and section(said, "recipient_keys").get("ed25519") == self._device.ed
        )
        if not bound or not ed or not isinstance(said.get("content"), dict):
            raise Unreadable("it claims another sender or receiver")
        return Letter(
            sender=sender,
            curve=curve,
            ed=ed,
            kind=text(said, "type"),
            content=section(said, "content"),
        )

    def _keep(self, curve: str, session: Session) -> None:
        used = int(self._store.get("olm_used") or 0) + 1
        self._store.set("olm_used", str(used))
        self._db.execute(
            "INSERT OR REPLACE INTO olm VALUES (?, ?, ?, ?)",
            (curve, session.session_id, session.pickle(self._store.key), used),
        )
        self._db.execute(
            "DELETE FROM olm WHERE curve = ? AND session NOT IN"
            " (SELECT session FROM olm WHERE curve = ? ORDER BY used DESC LIMIT ?)",
            (curve, curve, MOST_SESSIONS),
        )


def _message(part: Json) -> AnyOlmMessage:
    form, body = part.get("type"), text(part, "body")
    if form not in (0, 1) or isinstance(form, bool) or not 0 < len(body) <= MOST_BYTES:
        raise Unreadable("no Olm message")
    try:
        return AnyOlmMessage.from_parts(int(str(form)), decode(body))
    except ValueError as error:
        raise Unreadable("a broken Olm message") from error


def _try(work: Callable[[], _T]) -> _T | None:
    try:
        return work()
    except ValueError:
        return None

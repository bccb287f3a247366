"""The least that can speak in encrypted rooms: vodozemac, and requests that ask for all at once.

It follows the specification as far as a receiver's device needs to read and check what was said,
and no further: it believes device keys unseen, keeps nothing on disk and forgets everything when it
ends. It shares no code with the bot.
"""

import base64
import json
import uuid
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

from vodozemac import Account, Curve25519PublicKey, GroupSession, Session

_CLIENT = "/_matrix/client/v3"
OLM = "m.olm.v1.curve25519-aes-sha2"
MEGOLM = "m.megolm.v1.aes-sha2"
_ONE_TIME = "signed_curve25519"
_KEYS_IN_ONE = 100

Call = Callable[[str, str, dict[str, Any]], Awaitable[dict[str, Any]]]
"""Makes a request of the client-server API: method, path, body."""


class Receiver(NamedTuple):
    """A device that is given keys; `curve` is its identity key, `ed` its signing key."""

    account: str
    device: str
    curve: str
    ed: str


class BareSealing:
    """Encrypts as one device; every room is a direct room with another person."""

    def __init__(self, call: Call, *, user_id: str, device_id: str, account: Account) -> None:
        self._call = call
        self._user_id = user_id
        self._device_id = device_id
        self._account = account
        self._rooms: dict[str, GroupSession] = {}

    async def share(self, rooms: Mapping[str, str]) -> None:
        """Give each room that has none a key, to every device of its other person (by room)."""
        new = {room: person for room, person in rooms.items() if room not in self._rooms}
        if not new:
            return
        receivers = await self._receivers(sorted(set(new.values())))
        met = await self._meet([r for devices in receivers.values() for r in devices])
        names = list(new)
        for start in range(0, len(names), _KEYS_IN_ONE):
            messages: dict[str, dict[str, object]] = {}
            for room in names[start : start + _KEYS_IN_ONE]:
                key = self._rooms[room] = GroupSession()
                for receiver in receivers[new[room]]:
                    gift = self._gift(room, key, receiver, met[receiver])
                    messages.setdefault(receiver.account, {})[receiver.device] = gift
            address = f"{_CLIENT}/sendToDevice/m.room.encrypted/{uuid.uuid4().hex}"
            await self._call("PUT", address, {"messages": messages})

    def seal(self, room: str, content: Mapping[str, object]) -> dict[str, object]:
        """Give the content of an m.room.encrypted event that holds a message."""
        key = self._rooms[room]
        plain = _encode({"type": "m.room.message", "content": content, "room_id": room})
        return {
            "algorithm": MEGOLM,
            "sender_key": self._account.curve25519_key.to_base64(),
            "device_id": self._device_id,
            "session_id": key.session_id,
            "ciphertext": key.encrypt(plain).to_base64(),
        }

    async def _receivers(self, people: list[str]) -> dict[str, list[Receiver]]:
        body = {"device_keys": {person: [] for person in people}}
        answer = await self._call("POST", f"{_CLIENT}/keys/query", body)
        return {
            person: [
                Receiver(
                    account=person,
                    device=device,
                    curve=value["keys"][f"curve25519:{device}"],
                    ed=value["keys"][f"ed25519:{device}"],
                )
                for device, value in answer["device_keys"][person].items()
            ]
            for person in people
        }

    async def _meet(self, receivers: list[Receiver]) -> dict[Receiver, Session]:
        wanted: dict[str, dict[str, str]] = {}
        for receiver in receivers:
            wanted.setdefault(receiver.account, {})[receiver.device] = _ONE_TIME
        answer = await self._call("POST", f"{_CLIENT}/keys/claim", {"one_time_keys": wanted})
        met = {}
        for receiver in receivers:
            (once,) = answer["one_time_keys"][receiver.account][receiver.device].values()
            met[receiver] = self._account.create_outbound_session(
                Curve25519PublicKey.from_base64(receiver.curve),
                Curve25519PublicKey.from_base64(once["key"]),
            )
        return met

    def _gift(
        self, room: str, key: GroupSession, receiver: Receiver, session: Session
    ) -> dict[str, object]:
        content = {
            "algorithm": MEGOLM,
            "room_id": room,
            "session_id": key.session_id,
            "session_key": key.session_key.to_base64(),
        }
        plain = {
            "type": "m.room_key",
            "content": content,
            "sender": self._user_id,
            "recipient": receiver.account,
            "recipient_keys": {"ed25519": receiver.ed},
            "keys": {"ed25519": self._account.ed25519_key.to_base64()},
        }
        form, raw = session.encrypt(_encode(plain)).to_parts()
        body = base64.b64encode(raw).rstrip(b"=").decode()
        return {
            "algorithm": OLM,
            "sender_key": self._account.curve25519_key.to_base64(),
            "ciphertext": {receiver.curve: {"type": form, "body": body}},
        }


def _encode(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()

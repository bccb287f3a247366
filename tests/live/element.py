"""A person's Element in its strictest mode: matrix-js-sdk with its Rust crypto, on Node.

It gives room keys to cross-signed devices only and reads nothing from others, so it can judge
what the bot encrypts and signs; nothing here may come from the bot. What arrives is in
element_receiver.py, the talk with the JavaScript side (the folder element/) in element_process.py.
"""

import base64
import uuid
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from tests.live.element_process import CALL_SECONDS, Details, ElementError, ElementProcess
from tests.live.element_receiver import ElementReceiver, Invitation, Message
from tests.live.homeserver import Homeserver

__all__ = [
    "Backup",
    "Device",
    "Element",
    "ElementError",
    "Identity",
    "Invitation",
    "Message",
    "Opened",
]

PASSWORD = "correct horse"


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """One of somebody's devices."""

    device_id: str
    name: str | None
    signed_by_owner: bool
    verified: bool
    """Cross-signed by an identity that the person has verified; their own, as a rule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What the client knows about somebody's cross-signing identity."""

    exists: bool
    known: bool
    needs_approval: bool
    """It is another one than the client saw first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """A key backup that a recovery key gave access to."""

    version: str
    trusted: bool
    enabled: bool
    total: int
    imported: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What a recovery key opened."""

    cross_signed: bool
    """The new device is signed, and its account's identity verified."""
    ready: bool
    backup: Backup | None
    """None when the secret storage has no key to a backup."""


class Element(ElementReceiver):
    """One person on one new device, listening from the log-in until closed.

    `async with await Element.login(…) as anna:` ends the process; the device remains.
    """

    def __init__(self) -> None:
        super().__init__()
        self.version = ""
        """Of the crypto library."""

    @classmethod
    async def login(
        cls,
        base_url: str,
        localpart: str,
        password: str,
        *,
        cross_sign: bool = True,
        strict: bool = True,
        auto_join: bool = False,
    ) -> Self:
        """Start a process, log in on a new device, sign it, and listen.

        Args:
            cross_sign: make a (new) identity for the person, and sign the device with it.
            strict: give keys to cross-signed devices only, and read no others.
            auto_join: accept each invitation at once.
        """
        element = cls()
        element._peer = await ElementProcess.start(element._hear)
        try:
            wishes = {"cross_sign": cross_sign, "strict": strict, "auto_join": auto_join}
            door = {"base_url": base_url, "user": localpart, "password": password}
            me = await element._peer.ask("login", door | wishes, within=3 * CALL_SECONDS)
        except BaseException:
            await element.close()
            raise
        element.user_id, element.device_id = me["user_id"], me["device_id"]
        element.version = me["version"]
        return element

    @classmethod
    async def register(
        cls,
        homeserver: Homeserver,
        name: str,
        *,
        cross_sign: bool = True,
        strict: bool = True,
        auto_join: bool = True,
    ) -> Self:
        """Make an account whose name nobody else has, and let it in; it joins where invited."""
        localpart = f"{name}-{uuid.uuid4().hex[:8]}"
        await homeserver.register(localpart, PASSWORD)
        return await cls.login(
            homeserver.base_url,
            localpart,
            PASSWORD,
            cross_sign=cross_sign,
            strict=strict,
            auto_join=auto_join,
        )

    async def replace_identity(self) -> None:
        """Make new cross-signing keys, as somebody does who lost theirs, and sign the device."""
        await self._peer.ask("replace_identity")

    async def create_recovery(self) -> str:
        """Make secret storage and a key backup; return the recovery key that people write down."""
        return str(await self._peer.ask("create_recovery"))

    async def open_recovery(self, recovery_key: str) -> Opened:
        """Sign this device and restore the key backup by the account's recovery key.

        Raises:
            ElementError: when the account has no secret storage, or the key does not fit it.
        """
        asked = {"recovery_key": recovery_key}
        found = await self._peer.ask("open_recovery", asked, within=2 * CALL_SECONDS)
        backup = found.pop("backup")
        return Opened(**found, backup=Backup(**backup) if backup else None)

    async def wait_for_backup(self, count: int) -> None:
        """Wait until the account's key backup holds that many room keys.

        Raises:
            ElementError: when it does not, after ten seconds.
        """
        await self._peer.ask("wait_for_backup", {"count": count})

    async def create_room(
        self,
        invite: list[str] | None = None,
        *,
        encrypted: bool = True,
        name: str | None = None,
        is_direct: bool = False,
        power_levels: Details | None = None,
        rotate_after: int | None = None,
    ) -> str:
        """Create a private room, where keys last `rotate_after` messages; return its id.

        Args:
            power_levels: replaces parts of the defaults.
        """
        wishes = {
            "invite": invite or [],
            "encrypted": encrypted,
            "name": name,
            "is_direct": is_direct,
            "power_levels": power_levels,
            "rotate_after": rotate_after,
        }
        return str(await self._peer.ask("create_room", wishes))

    async def set_power_levels(self, room: str, power_levels: Details) -> None:
        """Change parts of a room's power levels, keeping the others."""
        await self._peer.ask("set_power_levels", {"room": room, "power_levels": power_levels})

    async def join(self, room: str) -> None:
        """Join a room by id or alias, and wait until the client knows it."""
        await self._peer.ask("join", {"room": room})

    async def invite(self, room: str, user_id: str) -> None:
        """Invite somebody to a room."""
        await self._peer.ask("invite", {"room": room, "user_id": user_id})

    async def leave(self, room: str) -> None:
        """Leave a room, or decline its invitation."""
        await self._peer.ask("leave", {"room": room})

    async def send(
        self, room: str, text: str, *, reply_to: str | None = None, thread: str | None = None
    ) -> str:
        """Send text, encrypted when the room is; return the event id."""
        relation: Details = {}
        if reply_to is not None or thread is not None:
            relation["m.in_reply_to"] = {"event_id": reply_to or thread}
        if thread is not None:
            # "Falling back": the reply is there for clients that know no threads.
            falling_back = {"event_id": thread, "is_falling_back": reply_to is None}
            relation |= {"rel_type": "m.thread"} | falling_back
        content: Details = {"msgtype": "m.text", "body": text}
        return await self._send(room, content | ({"m.relates_to": relation} if relation else {}))

    async def edit(self, room: str, event_id: str, new_text: str) -> str:
        """Replace the text of an own message; return the edit's event id."""
        content = {
            "msgtype": "m.text",
            "body": f"* {new_text}",
            "m.new_content": {"msgtype": "m.text", "body": new_text},
            "m.relates_to": {"rel_type": "m.replace", "event_id": event_id},
        }
        return await self._send(room, content)

    async def react(self, room: str, event_id: str, key: str) -> str:
        """React with an emoji, never encrypted; return the reaction's event id."""
        asked = {"room": room, "event_id": event_id, "key": key}
        return str(await self._peer.ask("react", asked))

    async def redact(self, room: str, event_id: str) -> str:
        """Remove a message, an edit or a reaction; return the removal's event id."""
        return str(await self._peer.ask("redact", {"room": room, "event_id": event_id}))

    async def send_file(self, room: str, name: str, data: bytes, *, content_type: str) -> str:
        """Encrypt, upload and send a file, as a picture when it is one; return the event id."""
        file = {"name": name, "data": base64.b64encode(data).decode(), "content_type": content_type}
        return str(await self._peer.ask("send_file", {"room": room} | file))

    async def download(self, message: Message) -> bytes:
        """Fetch a message's attachment, and decrypt it when it is encrypted.

        Raises:
            ElementError: when the bytes are not those that the sender hashed.
        """
        asked = {"room": message.room, "event_id": message.event_id}
        return base64.b64decode(await self._peer.ask("download", asked))

    async def devices(self, user_id: str) -> dict[str, Device]:
        """Tell what the client thinks of each of somebody's devices, by its id."""
        found = await self._peer.ask("devices", {"user_id": user_id})
        return {one["device_id"]: Device(**one) for one in found}

    async def identity(self, user_id: str) -> Identity:
        """Tell whether somebody has a cross-signing identity, and whether it changed."""
        return Identity(**await self._peer.ask("identity", {"user_id": user_id}))

    async def approve(self, user_id: str) -> None:
        """Accept somebody's changed identity."""
        await self._peer.ask("approve", {"user_id": user_id})

    async def new_session(self, room: str) -> None:
        """Discard the outbound room key: the next message is encrypted with a new one."""
        await self._peer.ask("new_session", {"room": room})

    async def logout(self) -> None:
        """Stop listening, and let the homeserver forget the device."""
        await self._peer.ask("logout")

    async def close(self) -> None:
        """End the process; the device remains on the account, unless logged out."""
        await self._peer.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def _send(self, room: str, content: Details) -> str:
        return str(await self._peer.ask("send", {"room": room, "content": content}))

"""People of the disturbed line who encrypt: mautrix's device behind the bare client's face.

What arrives is given as events with the content that the person's own device has opened, so that a
round is played and judged as in rooms that are not encrypted. libolm has no wheels for Python 3.13
and later: this can't be imported there. What the judge makes of it belongs in faults_check.py.
"""

import asyncio
import json
from typing import Any

from mautrix.crypto.attachments import decrypt_attachment
from mautrix.types import JSON, EncryptedEvent, EncryptedFile, TrustState

from tests.live.client import Event, MatrixUser
from tests.live.crash_people import PASSWORD, Manner
from tests.live.faults_check import CAME_LATE, REASON, WAS_ENCRYPTED
from tests.live.homeserver import Homeserver
from tests.live.mautrix_mended import MendedClient
from tests.live.mautrix_peer import MautrixPeer

_MEMBER = "m.room.member"
_ROTATE_AFTER = 5
"""So many messages have the same key: handing out keys must be disturbed more than once a room."""


class Device(MautrixPeer):
    """A person's device; it keeps whole events, for tests look into fields that mautrix drops."""

    def __init__(self, client: MendedClient, *, min_trust: TrustState, auto_join: bool) -> None:
        super().__init__(client, min_trust=min_trust, auto_join=auto_join)
        self.events: list[Event] = []
        """What could be read so far, and who came and went, in the order it became known."""

    async def opened(self, wire: Event) -> Event:
        """Give an event of a room as this device reads it; an unreadable one with the reason."""
        try:
            return await self._open(EncryptedEvent.deserialize(JSON(wire)), wire)
        except Exception as error:
            return wire | {REASON: f"{type(error).__name__}: {error}"}

    async def more(self) -> None:
        """Wait until something has come.

        Raises:
            Exception: what ended the listening.
        """
        if self._listener is None or self._listener.done():
            raise RuntimeError(f"{self.user_id} no longer listens")
        await self._news.wait()
        if self._listener is not None and self._listener.done():
            self._listener.result()

    def listening(self) -> asyncio.Task[None]:
        """Give what listens since the log-in."""
        if self._listener is None:
            raise RuntimeError(f"{self.user_id} no longer listens")
        return self._listener

    async def _open(self, event: EncryptedEvent, wire: Event) -> Event:
        inner = await self._machine.decrypt_megolm_event(event)
        trust = inner["mautrix"]["trust_state"]
        if trust < self._min_trust:
            raise PermissionError(f"the sending device is {trust}")
        # mautrix has judged it; its values have lost the fields that it does not know.
        room, session_id = event.room_id, event.content.session_id
        session = await self._machine.crypto_store.get_group_session(room, session_id)
        if session is None:
            raise LookupError(f"the key of {event.event_id} is gone")
        plain: dict[str, Any] = json.loads(session.decrypt(event.content.ciphertext)[0])
        outside = wire["content"].get("m.relates_to")
        relation = {} if outside is None else {"m.relates_to": outside}
        content = relation | plain["content"]
        return wire | {"type": plain["type"], "content": content, WAS_ENCRYPTED: True}

    async def _read(self, event: EncryptedEvent) -> None:
        known = len(self.seen)
        await super()._read(event)
        if len(self.seen) > known:
            late = {CAME_LATE: True} if event.event_id in self.read_late else {}
            self.events.append(await self._open(event, event.serialize()) | late)

    async def _note_invitation(self, event: Any) -> None:
        self.events.append(
            {
                "room_id": event.room_id,
                "event_id": event.event_id,
                "sender": event.sender,
                "type": _MEMBER,
                "state_key": event.state_key,
                "content": {"membership": str(event.content.membership)},
            }
        )
        await super()._note_invitation(event)


class EncryptingUser(MatrixUser):
    """A person whose rooms are encrypted; what is not said here is done as the bare client does."""

    def __init__(self, base_url: str, device: Device) -> None:
        super().__init__(base_url, user_id=device.user_id, access_token=device.access_token)
        self.device = device
        self.seen = device.events
        self._files: dict[str, EncryptedFile] = {}

    async def send(
        self, room: str, text: str, *, thread: str | None = None, reply_to: str | None = None
    ) -> str:
        """Send text encrypted; return the event id."""
        return await self.device.send(room, text, thread=thread, reply_to=reply_to)

    async def edit(self, room: str, event_id: str, new_text: str) -> str:
        """Replace the text of an own message; return the edit's event id."""
        return await self.device.edit(room, event_id, new_text)

    async def create_room(
        self,
        name: str,
        invite: list[str] | None = None,
        *,
        is_direct: bool = False,
        power_levels: Event | None = None,
    ) -> str:
        """Create a private, encrypted room, where keys change often; return its id."""
        if power_levels is not None:
            raise NotImplementedError("encrypted rooms are made with the default power levels")
        return await self.device.create_room(
            invite, name=name, is_direct=is_direct, rotate_after=_ROTATE_AFTER
        )

    async def messages(self, room: str) -> list[Event]:
        """Read the whole history of a room from the homeserver as this device can read it."""
        events = [
            await self.device.opened(event | {"room_id": room})
            if event["type"] == "m.room.encrypted" and event["content"]
            else event
            for event in await super().messages(room)
        ]
        for event in events:
            file = event["content"].get("file")
            if file is not None:
                self._files[file["url"]] = EncryptedFile.deserialize(file)
        return events

    async def download(self, mxc: str) -> bytes:
        """Fetch the bytes behind an mxc address; those of a message read before are decrypted."""
        data = await super().download(mxc)
        file = self._files.get(mxc)
        if file is None:
            return data
        return bytes(decrypt_attachment(data, file.key.key, file.hashes["sha256"], file.iv))

    def listen(self, *, auto_join: bool = False) -> asyncio.Task[None]:
        """Give what listens already."""
        return self.device.listening()

    async def close(self) -> None:
        """End the listening and close the connections."""
        try:
            await self.device.close()
        finally:
            await super().close()

    async def _wait_for_more(self) -> None:
        await self.device.more()


async def arrive(server: Homeserver, name: str, *, address: str = "") -> EncryptingUser:
    """Register somebody and log them in on a signed device; they join where they are invited.

    Args:
        server: where the account is.
        name: the local part.
        address: to reach the homeserver by a detour.
    """
    await server.register(name, PASSWORD)
    address = address or server.base_url
    return EncryptingUser(address, await Device.login(address, name, PASSWORD, auto_join=True))


ENCRYPTED = Manner(arrive=arrive, encrypted=True)
"""Everybody encrypts, and every room is encrypted."""

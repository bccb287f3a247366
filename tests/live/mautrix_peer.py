"""A person's encrypting client, by a Matrix library that the bot knows nothing of.

mautrix (with libolm) judges what the bot encrypts and signs, so nothing here may come from the bot.
It keeps its keys in memory: a device lives as long as its object. What people do unencrypted
belongs in client.py. libolm has no wheels for Python 3.13 and later: this can't be imported
there.
"""

import asyncio
import uuid
from functools import reduce
from types import TracebackType
from typing import Any, Self

import aiohttp
from mautrix.api import Method, Path, PathBuilder
from mautrix.crypto.attachments import decrypt_attachment, encrypt_attachment
from mautrix.types import (
    FileInfo,
    MediaMessageEventContent,
    MessageType,
    TextMessageEventContent,
    TrustState,
)

from tests.live.homeserver import Homeserver
from tests.live.mautrix_mended import Invitation, MendedClient, Received, Unreadable
from tests.live.mautrix_receiver import CALL_SECONDS, MautrixReceiver, soon

__all__ = ["Invitation", "MautrixPeer", "Received", "TrustState", "Unreadable"]

PASSWORD = "correct horse"
_REQUEST_SECONDS = 25.0
_MEGOLM = {"algorithm": "m.megolm.v1.aes-sha2"}


class MautrixPeer(MautrixReceiver):
    """One person on one device, listening from the log-in until closed.

    Room keys go to cross-signed devices only, and what other devices send counts as unreadable.
    As a context manager it ends its listening and closes its connections; the device remains.
    """

    @classmethod
    async def login(
        cls,
        base_url: str,
        localpart: str,
        password: str,
        *,
        cross_sign: bool = True,
        recovery_key: str | None = None,
        min_trust: TrustState = TrustState.CROSS_SIGNED_TOFU,
        auto_join: bool = False,
    ) -> Self:
        """Log in on a new device, sign it, and start listening.

        Args:
            cross_sign: make the person's cross-signing keys and sign the device with them.
            recovery_key: that of an earlier device: sign with the person's existing keys instead.
            min_trust: what a device needs to get our room keys, and to be read.
            auto_join: accept each invitation at once.
        """
        http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_REQUEST_SECONDS))
        peer = cls(MendedClient(base_url, http), min_trust=min_trust, auto_join=auto_join)
        try:
            async with asyncio.timeout(2 * CALL_SECONDS):
                await peer._client.login(identifier=localpart, password=password)
                await peer._machine.load()
                await peer._machine.share_keys()
                peer.recovery_key = recovery_key
                if recovery_key is not None:
                    await peer._machine.verify_with_recovery_key(recovery_key)
                elif cross_sign:
                    await peer.sign()
                await peer._sync(0)
        except BaseException:
            await http.close()
            raise
        peer._listener = asyncio.create_task(peer._listen())
        peer._listener.add_done_callback(lambda _: peer._announce())
        return peer

    @classmethod
    async def register(
        cls, homeserver: Homeserver, name: str, *, cross_sign: bool = True, address: str = ""
    ) -> Self:
        """Make an account whose name nobody else has, and let it in; it joins where it is invited.

        Args:
            cross_sign: as in `login`.
            address: to reach the homeserver by a detour.
        """
        localpart = f"{name}-{uuid.uuid4().hex[:8]}"
        await homeserver.register(localpart, PASSWORD)
        return await cls.login(
            address or homeserver.base_url,
            localpart,
            PASSWORD,
            cross_sign=cross_sign,
            auto_join=True,
        )

    async def sign(self) -> None:
        """Make the person's cross-signing keys, and sign the device with them."""
        self.recovery_key = await soon(self._machine.generate_recovery_key())

    def share_on_request(self) -> None:
        """Hand our room keys to any device in the room that asks; by itself mautrix does not."""

        async def allow(device: object, request: object) -> bool:
            return True

        self._machine.allow_key_share = allow

    async def create_room(
        self,
        invite: list[str] | None = None,
        *,
        encrypted: bool = True,
        name: str | None = None,
        is_direct: bool = False,
        rotate_after: int | None = None,
    ) -> str:
        """Create a private room, where keys last `rotate_after` messages; return its id."""
        rotation = {} if rotate_after is None else {"rotation_period_msgs": rotate_after}
        state = {"type": "m.room.encryption", "content": {**_MEGOLM, **rotation}}
        creating = self._client.create_room(
            name=name,
            is_direct=is_direct,
            invitees=invite or [],
            initial_state=[state] if encrypted else [],
        )
        return str(await soon(creating))

    async def join(self, room: str) -> None:
        """Join a room by id or alias."""
        await soon(self._client.join_room(room, max_retries=0))

    async def invite(self, room: str, user_id: str) -> None:
        """Invite somebody to a room."""
        await soon(self._client.invite_user(room, user_id))

    async def leave(self, room: str) -> None:
        """Leave a room, or decline its invitation."""
        await soon(self._client.leave_room(room))

    async def send(
        self, room: str, text: str, *, reply_to: str | None = None, thread: str | None = None
    ) -> str:
        """Send text, encrypted when the room is; return the event id."""
        content = TextMessageEventContent(msgtype=MessageType.TEXT, body=text)
        if thread is not None:
            content.set_thread_parent(thread, last_event_in_thread=reply_to)
        elif reply_to is not None:
            content.set_reply(reply_to)
        return await soon(self._send(room, content))

    async def edit(self, room: str, event_id: str, new_text: str) -> str:
        """Replace the text of an own message; return the edit's event id."""
        content = TextMessageEventContent(msgtype=MessageType.TEXT, body=new_text)
        content.set_edit(event_id)
        return await soon(self._send(room, content))

    async def react(self, room: str, event_id: str, key: str) -> str:
        """React with an emoji, never encrypted; return the reaction's event id."""
        return str(await soon(self._client.react(room, event_id, key)))

    async def redact(self, room: str, event_id: str) -> str:
        """Remove a message, an edit or a reaction; return the removal's event id."""
        return str(await soon(self._client.redact(room, event_id)))

    async def send_file(self, room: str, name: str, data: bytes, *, content_type: str) -> str:
        """Encrypt, upload and send a file, as a picture when it is one; return the event id."""
        secret, file = encrypt_attachment(data)
        file.url = await soon(self._client.upload_media(secret, "application/octet-stream"))
        content = MediaMessageEventContent(
            msgtype=MessageType.IMAGE if content_type.startswith("image/") else MessageType.FILE,
            body=name,
            filename=name,
            file=file,
            info=FileInfo(mimetype=content_type, size=len(data)),
        )
        return await soon(self._send(room, content))

    async def download(self, message: Received) -> bytes:
        """Fetch a message's attachment, and decrypt it when it is encrypted.

        Raises:
            mautrix.errors.DecryptionError: when the bytes are not those that the sender hashed.
        """
        file = message.file
        data = await soon(self._client.download_media(file.url if file else message.url))
        if file is None:
            return data
        return decrypt_attachment(data, file.key.key, file.hashes["sha256"], file.iv)

    @property
    def access_token(self) -> str:
        """Give the device's token, for what has no method here."""
        return str(self._client.api.token)

    async def has_key(self, room: str, key: str) -> bool:
        """Tell whether a room key has come to the device."""
        return bool(await self._machine.crypto_store.has_group_session(room, key))

    async def raw(self, *parts: str) -> dict[str, Any]:
        """Read something as the homeserver has it, by its path below the client-server API."""
        path = reduce(PathBuilder.__getitem__, parts, Path.v3)
        return dict(await soon(self._client.api.request(Method.GET, path)))

    async def trust_of(self, user_id: str) -> dict[str, TrustState]:
        """Ask the homeserver for somebody's devices; tell what mautrix thinks of each, by id."""
        async with asyncio.timeout(CALL_SECONDS):
            async with self._machine._fetch_keys_lock:
                found = await self._machine._fetch_keys([user_id], include_untracked=True)
            devices = found.get(user_id, {})
            return {name: await self._machine.resolve_trust(each) for name, each in devices.items()}

    async def logout(self) -> None:
        """Stop listening, and let the homeserver forget the device."""
        await self._stop_listening()
        await soon(self._client.logout(clear_access_token=False))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def _send(self, room: str, content: TextMessageEventContent) -> str:
        if not await self._client.state_store.has_full_member_list(room):
            # Left alone mautrix shares with those who joined, and never with who is invited.
            await self._client.get_members(room)
        return str(await self._client.send_message(room, content))

"""Matrix as a `bot.ports.Platform`: the parts of this folder put together."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

from bot.platforms.matrix.content import (
    KEY_FIELD,
    MAX_PLAIN_BYTES,
    check_size,
    file_content,
    text_content,
    transaction_id,
)
from bot.platforms.matrix.crypto.account import Own
from bot.platforms.matrix.direct import DirectRooms
from bot.platforms.matrix.encryption import Encryption
from bot.platforms.matrix.errors import Refused, RequestFailed, as_outcome, before_posting
from bot.platforms.matrix.media import Uploads
from bot.platforms.matrix.pause import Pause
from bot.platforms.matrix.rooms import is_in_room, membership, room_health
from bot.platforms.matrix.session import begin
from bot.platforms.matrix.sync import Reader
from bot.platforms.matrix.transport import Transport, encode, path
from bot.platforms.matrix.upkeep import Secrecy, Upkeep
from bot.ports import (
    File,
    Letter,
    Mailbox,
    MayBeSent,
    NeverWillBe,
    Notice,
    Removal,
    RoomHealth,
    Text,
)

T = TypeVar("T")
_log = logging.getLogger(__name__)

# Synapse forgets transaction ids after 24 hours; half of that leaves room for its clock and ours.
REPLAY_WINDOW = timedelta(hours=12)
LONG_TEXT = 1_000
"""Signs of Markdown; what is longer is read beside the event loop (10 000 take 50 ms)."""


class MatrixPlatform:
    """The bot's account on one homeserver.

    Args:
        homeserver_url: where the client API answers, for example "https://matrix.example.se".
        user_id: the bot's full account id.
        password: for the first start only; None when a token is given or the device is stored.
        token: an access token in place of the password, for the first start only.
        device_file: where the one device is kept for life; it must survive reinstallation.
        secrecy: how it encrypts; None and it neither reads nor writes in encrypted rooms.
    """

    def __init__(
        self,
        homeserver_url: str,
        user_id: str,
        password: str | None,
        token: str | None,
        device_file: Path,
        secrecy: Secrecy | None = None,
    ) -> None:
        self._user_id = user_id
        self._password = password
        self._token = token
        self._device_file = device_file
        self._transport = Transport(homeserver_url, user_id, str(device_file))
        self._encryption = Encryption(self._transport)
        self._upkeep = Upkeep(self._transport, secrecy, password) if secrecy else None
        self._uploads = Uploads(self._transport)
        self._direct = DirectRooms(self._transport, user_id, self._upkeep)
        self._reader = Reader(self._transport, self.name, user_id, self._encryption, self._upkeep)

    @property
    def name(self) -> str:
        """The platform's word in addresses."""
        return "matrix"

    @property
    def replay_window(self) -> timedelta:
        """How long a repeated key is known to post once only."""
        return REPLAY_WINDOW

    @property
    def own_account(self) -> str:
        """The bot's own account id."""
        return self._user_id

    @property
    def dropped(self) -> int:
        """How many malformed events were left out since the start."""
        return self._reader.dropped

    async def start(self) -> None:
        """Restore the one device, or log in for the first and only time.

        A homeserver that does not answer, or asks us to wait, is waited for.

        Raises:
            LoggedOut: a person has to act; the text says how.
            NeverWillBe: the homeserver refuses what no other try will change.
        """
        device = await _once_answered(
            lambda: begin(
                self._transport, self._user_id, self._password, self._token, self._device_file
            )
        )
        upkeep = self._upkeep
        if upkeep is None:
            return
        own = Own(account=device.user_id, device=device.device_id)
        await _once_answered(lambda: upkeep.start(own))
        for room in await upkeep.encrypted_rooms():
            self._encryption.notice(room)

    async def stop(self) -> None:
        """Close the HTTP session; the device stays logged in."""
        await self._transport.close()
        if self._upkeep is not None:
            await asyncio.to_thread(self._upkeep.close)

    async def listen(self, mailbox: Mailbox) -> None:
        """Read for ever, leaving each batch in the mailbox; return only when cancelled.

        Raises:
            LoggedOut: the device is no longer accepted.
        """
        await self._reader.run(mailbox)

    async def send(self, key: str, room: str, payload: Text | File | Removal | Letter) -> str:
        """Post once per key, and give the event's id; a letter is nothing for a room.

        Raises:
            NotSent, MayBeSent, NeverWillBe: see `bot.ports.Platform.send`.
        """
        if isinstance(payload, Letter):
            raise NeverWillBe("a letter goes by e-mail, not to a chat room")
        try:
            address, body = await self._prepare(key, room, payload)
        except RequestFailed as failure:
            raise before_posting(failure) from failure
        try:
            answer = await self._transport.put(address, body)
        except RequestFailed as failure:
            raise as_outcome(failure) from failure
        event_id = answer.get("event_id")
        if not isinstance(event_id, str):
            raise MayBeSent("an answer without an event id")
        return event_id

    async def open_direct(self, key: str, account: str) -> str:
        """Find or make the one direct room with an account.

        Raises:
            NotSent, MayBeSent, NeverWillBe: as for send.
        """
        return await self._direct.open(key, account)

    async def join(self, room: str) -> None:
        """Accept an invitation.

        Raises:
            NotSent, MayBeSent, NeverWillBe: as for send.
        """
        try:
            await self._transport.post(path("rooms", room, "join"), {})
        except RequestFailed as failure:
            raise as_outcome(failure) from failure

    async def decline(self, room: str) -> None:
        """Turn an invitation down, or leave; being outside already is fine.

        Raises:
            NotSent, MayBeSent, NeverWillBe: as for send.
        """
        try:
            await self._transport.post(path("rooms", room, "leave"), {})
        except RequestFailed as failure:
            if isinstance(failure, Refused) and failure.absent:
                return
            raise as_outcome(failure) from failure

    async def health(self, room: str) -> RoomHealth:
        """Ask what the bot may do in the room.

        Raises:
            NotSent: it could not be asked now.
            NeverWillBe: the homeserver does not take this for a room.
        """
        try:
            return await room_health(self._transport, self._encryption, room, self._user_id)
        except RequestFailed as failure:
            raise before_posting(failure) from failure

    def expect(self, rooms: Sequence[str]) -> None:
        """Messages to these rooms follow: those that lack the keys are given them together."""
        if self._upkeep is not None:
            self._upkeep.sealing.expect(filter(self._encryption.is_known, rooms))

    async def reachable(self, room: str, account: str) -> bool:
        """Tell whether the account is in the room or invited to it.

        Raises:
            NotSent: it could not be asked now.
            NeverWillBe: the homeserver does not take this for a room.
        """
        try:
            return is_in_room(await membership(self._transport, room, account))
        except RequestFailed as failure:
            raise before_posting(failure) from failure

    async def notices(self) -> Sequence[Notice]:
        """Tell what a person should know: of encryption, and how much was malformed."""
        found = await self._upkeep.notices() if self._upkeep is not None else []
        if self.dropped:
            found.append(Notice(code="malformed", count=self.dropped))
        return found

    @property
    def encrypts(self) -> bool:
        """Tell whether direct rooms are made encrypted."""
        return self._upkeep is not None

    async def _prepare(
        self, key: str, room: str, payload: Text | File | Removal
    ) -> tuple[str, bytes]:
        """Give the address and the body of the one request that posts."""
        transaction = transaction_id(key)
        if isinstance(payload, Removal):
            # Nothing is said by a removal, so it may go into an encrypted room too.
            address = path("rooms", room, "redact", payload.target, transaction)
            return address, encode({KEY_FIELD: key})
        kind = "m.room.message"
        encrypted = await self._encryption.covers(room)
        if encrypted and self._upkeep is None:
            raise NeverWillBe(f"{room} is encrypted, and the bot is set not to encrypt")
        if isinstance(payload, Text) and len(payload.markdown) > LONG_TEXT:
            content = await asyncio.to_thread(text_content, key, payload)
        elif isinstance(payload, Text):
            content = text_content(key, payload)
        elif encrypted:
            content = file_content(key, payload, await self._uploads.put_sealed(key, payload))
        else:
            content = file_content(key, payload, await self._uploads.put(key, payload))
        if encrypted and self._upkeep is not None:
            check_size(encode(content), MAX_PLAIN_BYTES)
            kind, content = "m.room.encrypted", await self._upkeep.sealing.seal(room, kind, content)
        body = check_size(encode(content))
        return path("rooms", room, "send", kind, transaction), body


async def _once_answered(step: Callable[[], Awaitable[T]]) -> T:
    """Do a step of the start, again and again until the homeserver takes part.

    Raises:
        NeverWillBe: it refuses for good.
    """
    pause, waits = Pause(), False
    while True:
        try:
            return await step()
        except RequestFailed as failure:
            outcome = before_posting(failure)
            if isinstance(outcome, NeverWillBe):
                raise outcome from failure
            if not waits:
                _log.warning("the start waits for the homeserver: %s", failure)
            waits = True
            await asyncio.sleep(pause.after(failure))

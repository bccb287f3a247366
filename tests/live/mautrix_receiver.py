"""What arrives at an encrypting device: the sync, and what of it its person can read.

What a person does belongs in mautrix_peer.py. Between two answers of the homeserver it hears a
room's latest 100 events, and no others.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import TypeVar

from mautrix.client import DecryptionDispatcher
from mautrix.errors import MatrixConnectionError, MatrixRequestError, SessionNotFound
from mautrix.types import EncryptedEvent, Event, EventType, Member, Membership, TrustState

from tests.live.mautrix_mended import (
    Invitation,
    MendedClient,
    MendedMachine,
    Received,
    Unreadable,
    received,
    unreadable,
)

CALL_SECONDS = 15.0
_LONG_POLL_MS = 10_000
_RECONNECT_SECONDS = 0.2
_FILTER = json.dumps({"presence": {"not_types": ["*"]}, "room": {"timeline": {"limit": 100}}})

_Found = TypeVar("_Found")


class MautrixReceiver:
    """One device of a person: what came to it, kept in order."""

    def __init__(self, client: MendedClient, *, min_trust: TrustState, auto_join: bool) -> None:
        self.seen: list[Received] = []
        """Everything readable so far, our own included, in the order it became readable."""
        self.read_late: list[str] = []
        """Event ids that were unreadable until their key came."""
        self.invitations: list[Invitation] = []
        self.recovery_key: str | None = None
        self._client = client
        self._machine = MendedMachine(client)
        self._machine.send_keys_min_trust = self._machine.share_keys_min_trust = min_trust
        self._min_trust = min_trust
        self._auto_join = auto_join
        self._keyless: dict[str, EncryptedEvent] = {}
        self._withheld: dict[str, str] = {}
        self._refused: list[Unreadable] = []
        self._since: str | None = None
        self._news = asyncio.Event()
        self._listener: asyncio.Task[None] | None = None
        client.crypto = self._machine
        client.remove_dispatcher(DecryptionDispatcher)
        client.add_event_handler(EventType.ROOM_ENCRYPTED, self._read)
        client.add_event_handler(EventType.ROOM_KEY_WITHHELD, self._note_withheld)
        client.add_event_handler(EventType.ROOM_MEMBER, self._note_invitation)
        for kind in (EventType.ROOM_MESSAGE, EventType.REACTION, EventType.ROOM_REDACTION):
            client.add_event_handler(kind, self._take_plain)

    @property
    def user_id(self) -> str:
        """Tell who this is."""
        return str(self._client.mxid)

    @property
    def device_id(self) -> str:
        """Tell which of the person's devices this is."""
        return str(self._client.device_id)

    @property
    def failures(self) -> list[Unreadable]:
        """Tell what can't be read now, or may not be; what a late key opened is not among it."""
        waiting = [
            unreadable(event, "no key" + self._withheld.get(event.content.session_id, ""))
            for event in self._keyless.values()
        ]
        return self._refused + waiting

    async def wait_for(
        self,
        wanted: str | Callable[[Received], bool],
        *,
        room: str | None = None,
        sender: str | None = None,
        within: float = 10.0,
        after: int = 0,
    ) -> Received:
        """Wait for something readable, among what came already too.

        Args:
            wanted: a part of a message's text, or a test of any kind of event.
            room: only there.
            sender: only from this user; from anybody but ourselves by default.
            within: seconds to wait.
            after: how many of `seen` to pass over, to wait for something new.

        Raises:
            AssertionError: when none came in time; it tells what came, and what was unreadable.
        """

        def fits(one: Received) -> bool:
            from_whom = one.sender != self.user_id if sender is None else one.sender == sender
            if not from_whom or room not in (None, one.room):
                return False
            if callable(wanted):
                return wanted(one)
            return one.kind == "m.room.message" and wanted in one.body

        return await self.wait_until(
            lambda: next((one for one in self.seen[after:] if fits(one)), None), within=within
        )

    async def wait_for_member(self, room: str, user_id: str, *, within: float = 10.0) -> None:
        """Wait until somebody has joined a room, as far as we know."""
        members = self._client.state_store.members
        await self.wait_until(
            lambda: _membership(members.get(room, {}).get(user_id)) == Membership.JOIN or None,
            within=within,
        )

    async def wait_until(
        self, find: Callable[[], _Found | None], *, within: float = 10.0
    ) -> _Found:
        """Call something after each arrival, until it finds what it looks for.

        Raises:
            AssertionError: when it found nothing in time; it tells what came and was unreadable.
        """
        try:
            async with asyncio.timeout(within):
                while (found := find()) is None:
                    if self._listener is None:
                        raise AssertionError(f"{self.user_id} no longer listens")
                    if self._listener.done():
                        self._listener.result()  # raises what ended it
                    await self._news.wait()
        except TimeoutError:
            lines = [f"  {one.sender} {one.kind}: {one.body[:120]!r}" for one in self.seen]
            lines += [f"  unreadable: {one}" for one in self.failures]
            came = "\n".join(lines) or "  nothing"
            raise AssertionError(
                f"{self.user_id} waited {within:g} s in vain, and saw:\n{came}"
            ) from None
        return found

    async def close(self) -> None:
        """End the listening and close the connections; raise what ended the listening early."""
        try:
            await self._stop_listening()
        finally:
            for task in list(self._machine.unwedging):
                task.cancel()
            await self._client.api.session.close()

    async def _listen(self) -> None:
        while True:
            try:
                await self._sync(_LONG_POLL_MS)
            except (MatrixConnectionError, TimeoutError):
                await asyncio.sleep(_RECONNECT_SECONDS)
            except MatrixRequestError as error:
                if error.http_status < 500:
                    raise
                await asyncio.sleep(_RECONNECT_SECONDS)

    async def _stop_listening(self) -> None:
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.cancel()
            await asyncio.wait([listener])
            if not listener.cancelled():
                listener.result()

    async def _sync(self, timeout_ms: int) -> None:
        client = self._client
        answer = await client.sync(since=self._since, timeout=timeout_ms, filter_id=_FILTER)
        self._since = answer["next_batch"]
        client.handle_sync(answer)
        while client.due:
            handle, data = client.due.popleft()
            try:
                await handle(data)
            except Exception as error:
                # As in mautrix, which logs it: one bad item does not end the listening.
                self._refused.append(unreadable(data, f"{type(error).__name__}: {error}"))
        for event in list(self._keyless.values()):
            if await self._machine.crypto_store.has_group_session(
                event.room_id, event.content.session_id
            ):
                await self._read(event)
        self._announce()

    def _announce(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()

    async def _read(self, event: EncryptedEvent) -> None:
        was_keyless = self._keyless.pop(event.event_id, None) is not None
        try:
            inner = await self._machine.decrypt_megolm_event(event)
        except SessionNotFound:
            self._keyless[event.event_id] = event
            return
        except Exception as error:
            self._refused.append(unreadable(event, f"{type(error).__name__}: {error}"))
            return
        trust = inner["mautrix"]["trust_state"]
        if trust < self._min_trust:
            self._refused.append(unreadable(event, f"the sending device is {trust}"))
            return
        if was_keyless:
            self.read_late.append(event.event_id)
        self.seen.append(received(inner, trust))

    async def _take_plain(self, event: Event) -> None:
        self.seen.append(received(event, None))

    async def _note_withheld(self, event: Event) -> None:
        content = event.content
        self._withheld[content.session_id] = f", withheld: {content.code} {content.reason or ''}"

    async def _note_invitation(self, event: Event) -> None:
        if event.state_key == self.user_id and event.content.membership == Membership.INVITE:
            invitation = Invitation(
                room=event.room_id, sender=event.sender, is_direct=bool(event.content.is_direct)
            )
            self.invitations.append(invitation)
            if self._auto_join:
                await soon(self._client.join_room(event.room_id, max_retries=0))


async def soon(doing: Awaitable[_Found]) -> _Found:
    async with asyncio.timeout(CALL_SECONDS):
        return await doing


def _membership(member: Member | None) -> Membership | None:
    return member.membership if member else None

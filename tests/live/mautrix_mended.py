"""mautrix as its test peers need it: the values that it receives, and its classes with mends.

Nothing here talks or listens by itself; that belongs in mautrix_receiver.py and mautrix_peer.py.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

import aiohttp
from mautrix.client import Client
from mautrix.client.state_store import MemoryStateStore
from mautrix.crypto import MemoryCryptoStore, OlmMachine
from mautrix.types import (
    EncryptedFile,
    EventType,
    RelatesTo,
    RelationType,
    TOFUSigningKey,
    TrustState,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A message, an edit, a reaction or a removal, readable to the person."""

    room: str
    event_id: str
    sender: str
    kind: str
    """The event's type, as it was inside the encryption."""
    body: str
    """The text (of an edit: the new one), or a reaction's emoji."""
    html: str | None
    msgtype: str | None
    replaces: str | None
    reply_to: str | None
    thread: str | None
    target: str | None
    """What a reaction or a removal is about."""
    trust: TrustState | None
    """What mautrix thinks of the sending device; None when it was not encrypted."""
    url: str | None
    file: EncryptedFile | None
    """The key and address of an encrypted attachment."""

    @property
    def encrypted(self) -> bool:
        """Tell whether it came encrypted."""
        return self.trust is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """Something encrypted that the person can't read, or should not."""

    room: str | None
    """None when it was sent to the device, as room keys are."""
    event_id: str | None
    sender: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """A call to a room."""

    room: str
    sender: str
    is_direct: bool


class _Keys(MemoryCryptoStore):
    """mautrix's own store raises as soon as it hears of somebody's cross-signing keys again."""

    async def put_cross_signing_key(self, user_id: Any, usage: Any, key: Any) -> None:
        known = self._cross_signing_keys.setdefault(user_id, {})
        known[usage] = TOFUSigningKey(key=key, first=known[usage].first if usage in known else key)

    async def drop_signatures_by_key(self, signer: Any) -> int:
        return len(self._signatures.pop(signer, {}))


class _Rooms(MemoryStateStore):
    """mautrix's own store can't tell whose changed devices make room keys stale."""

    async def find_shared_rooms(self, user_id: Any) -> list[Any]:
        rooms = [room for room, how in self.encryption.items() if how is not None]
        return [room for room in rooms if user_id in await self.get_members(room)]


class MendedClient(Client):
    """mautrix's own dispatch runs handlers side by side; this one only notes them, in order."""

    def __init__(self, base_url: str, http: aiohttp.ClientSession) -> None:
        super().__init__(base_url=base_url, client_session=http, state_store=_Rooms())
        self.due: deque[tuple[Callable[[Any], Coroutine[Any, Any, None]], Any]] = deque()

    def dispatch_manual_event(
        self,
        event_type: Any,
        data: Any,
        include_global_handlers: bool = False,
        force_synchronous: bool = False,
        source: Any = None,
    ) -> list[Any]:
        everywhere = self.global_event_handlers if include_global_handlers else {}
        self.due += [(run, data) for run in (*everywhere, *self.event_handlers.get(event_type, {}))]
        return []


class MendedMachine(OlmMachine):
    def __init__(self, client: MendedClient) -> None:
        super().__init__(client, _Keys("", "in memory"), client.state_store)
        self.unwedging: set[asyncio.Task[None]] = set()

    async def _unwedge_session(self, sender: Any, sender_key: Any) -> None:
        task = asyncio.current_task()
        self.unwedging.add(task)
        task.add_done_callback(self.unwedging.discard)
        await super()._unwedge_session(sender, sender_key)


def unreadable(event: Any, reason: str) -> Unreadable:
    return Unreadable(
        room=getattr(event, "room_id", None),
        event_id=getattr(event, "event_id", None),
        sender=str(getattr(event, "sender", "")),
        reason=reason,
    )


def received(event: Any, trust: TrustState | None) -> Received:
    content = event.content
    relation = getattr(content, "relates_to", None)
    if not isinstance(relation, RelatesTo):
        relation = RelatesTo()
    about = {relation.rel_type: relation.event_id}
    body = relation.key if event.type == EventType.REACTION else getattr(content, "body", None)
    return Received(
        room=event.room_id,
        event_id=event.event_id,
        sender=event.sender,
        kind=str(event.type),
        body=body if isinstance(body, str) else "",
        html=getattr(content, "formatted_body", None) or None,
        msgtype=str(getattr(content, "msgtype", None) or "") or None,
        replaces=about.get(RelationType.REPLACE),
        reply_to=relation.in_reply_to.event_id if relation.in_reply_to else None,
        thread=about.get(RelationType.THREAD),
        target=about.get(RelationType.ANNOTATION) or getattr(event, "redacts", None),
        trust=trust,
        url=getattr(content, "url", None) or None,
        file=getattr(content, "file", None) or None,
    )

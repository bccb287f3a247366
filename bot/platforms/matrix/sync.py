"""The loop that reads the homeserver for ever and leaves what it read in the mailbox.

The next request carries the new position only after the mailbox has stored the events together with
it. What an event means is `parse`; which events there are is `history`.
"""

import asyncio
import json
import logging
from collections.abc import Iterable
from dataclasses import replace
from urllib.parse import urlencode

from bot.platforms.matrix.encryption import EVENT_TYPE, Encryption
from bot.platforms.matrix.errors import Lost, RequestFailed
from bot.platforms.matrix.history import TYPES, room_events
from bot.platforms.matrix.lenient import Json, items, objects, section, text
from bot.platforms.matrix.parse import Malformed, parse_invitation, read_event
from bot.platforms.matrix.pause import FIRST_PAUSE, Pause
from bot.platforms.matrix.transport import CLIENT, Transport
from bot.platforms.matrix.upkeep import Upkeep
from bot.ports import Batch, IncomingMessage, Mailbox

POLL_SECONDS = 30.0
GRACE_SECONDS = 15.0

_MANY, _ECHO_PAUSE = 20, 2.0
"""So many messages under way are a round. Between two answers that hold nothing but their echo so
many seconds pass: an answer to who is in hundreds of rooms costs the homeserver much."""

_NOTHING: dict[str, object] = {"types": [], "not_types": ["*"]}
_log = logging.getLogger(__name__)


def sync_filter(limit: int) -> str:
    """Say what we want to be told: the timelines, and which rooms become encrypted."""
    return json.dumps(
        {
            "presence": _NOTHING,
            "account_data": _NOTHING,
            "room": {
                "account_data": _NOTHING,
                "ephemeral": _NOTHING,
                "state": {"types": [EVENT_TYPE], "lazy_load_members": True},
                "timeline": {"types": TYPES, "limit": limit, "lazy_load_members": True},
            },
        },
        separators=(",", ":"),
    )


class Reader:
    """Reads for one account."""

    def __init__(
        self,
        transport: Transport,
        platform: str,
        own_user: str,
        encryption: Encryption,
        upkeep: Upkeep | None,
    ) -> None:
        """`upkeep` is that of encryption; without it encrypted messages stay unreadable."""
        self._transport = transport
        self._platform = platform
        self._own_user = own_user
        self._encryption = encryption
        self._upkeep = upkeep
        self._late: list[str] = []
        self._told: list[str] = []
        self.dropped = 0
        """How many malformed events were left out since the start."""

    async def run(self, mailbox: Mailbox) -> None:
        """Read until cancelled.

        Raises:
            LoggedOut: the device is no longer accepted.
        """
        try:
            await self._run(mailbox)
        finally:
            self._encryption.lose_track()

    async def _run(self, mailbox: Mailbox) -> None:
        since = stored = await mailbox.position(self._platform)
        if since is None and self._upkeep is not None:
            await self._upkeep.run(lambda machine: machine.doubt_all())
        pause, caught_up, loop = Pause(), False, asyncio.get_running_loop()
        patience = POLL_SECONDS
        while True:
            asked = loop.time()
            # To catch up we ask for what is there; only then do we wait for more.
            wait = min(POLL_SECONDS, patience) if caught_up else 0.0
            try:
                answer = await self._ask(since, wait)
                position = _position(answer)
                events = await self._events(answer, since)
            except RequestFailed as failure:
                self._encryption.lose_track()
                caught_up = False
                seconds = pause.after(failure)
                _log.warning("sync failed (%s), next try in %.1f s", failure, seconds)
                await asyncio.sleep(seconds)
                continue
            pause.reset()
            self._encryption.follow()
            # An answer without anything for us (the echo of what we posted ourselves) need not be
            # stored: reading it again after a restart does no harm. A quiet moment stores it.
            if events or stored is None or (position != stored and not _rooms(answer)):
                await mailbox.accept(self._platform, Batch(position=position, events=events))
                stored = position
            if self._upkeep is not None:
                await self._settle(self._upkeep)
                patience = await self._upkeep.after()
            if wait and position == since and loop.time() - asked < FIRST_PAUSE:
                await asyncio.sleep(FIRST_PAUSE)  # a server that does not wait must not spin us
            if not events and self._transport.writing >= _MANY:
                await asyncio.sleep(_ECHO_PAUSE)
            caught_up = True
            since = position

    async def _ask(self, since: str | None, wait: float) -> Json:
        if since is None:
            query = {"filter": sync_filter(1)}
            seconds = 300.0  # the very first answer holds every room and may take its time
        else:
            query = {"filter": sync_filter(100), "since": since, "timeout": str(int(wait * 1000))}
            seconds = wait + GRACE_SECONDS + (0 if wait else 60.0)
        return await self._transport.get(f"{CLIENT}/sync?{urlencode(query)}", seconds=seconds)

    async def _events(self, answer: Json, since: str | None) -> list[IncomingMessage]:
        rooms = section(answer, "rooms")
        found: list[IncomingMessage] = []
        if self._upkeep is not None:
            await self._upkeep.receive(answer)
        for room, part in items(rooms.get("invite")):
            state = objects(section(part, "invite_state").get("events"))
            invitation = parse_invitation(room, state, self._own_user, since or "")
            if invitation is None:
                self._drop("invitation", room)
            else:
                found.append(invitation)
        for membership in ("join", "leave"):
            for room, part in items(rooms.get(membership)):
                state = objects(section(part, "state").get("events"))
                timeline = section(part, "timeline")
                # What was said before our time is not for us; that the room is encrypted is.
                told = _encryption(objects(timeline.get("events")))
                self._notice_encryption(room, state + told)
                events: list[Json] = []
                if since is not None:
                    events = await room_events(
                        self._transport, room, timeline, since, self._own_user
                    )
                await self._opened(room, state + [event for event in told if event not in events])
                self._notice_encryption(room, events)
                found += self._read(room, await self._opened(room, events))
        return found + await self._waited()

    async def _opened(self, room: str, events: list[Json]) -> list[Json]:
        """Give the events as they were before they were encrypted."""
        if self._upkeep is None:
            return events
        return await self._upkeep.opening.read(room, events)

    async def _waited(self) -> list[IncomingMessage]:
        """Give what waited for its key and has it now, and what has waited too long."""
        if self._upkeep is None:
            return []
        found: list[IncomingMessage] = []
        opening = self._upkeep.opening
        if self._upkeep.take_news():
            for room, event in await opening.late():
                found += self._read(room, [event])
                self._late.append(text(event, "event_id"))
        for room, event, reason in await opening.overdue():
            # Under a name of its own: the message itself is still to come.
            told = {**event, "event_id": f"unreadable:{text(event, 'event_id')}"}
            found += [replace(message, text=reason) for message in self._read(room, [told])]
            self._told.append(text(event, "event_id"))
        return found

    async def _settle(self, upkeep: Upkeep) -> None:
        """What was late, and who is told, is stored now: it need not wait any longer."""
        if self._late or self._told:
            late, told, self._late, self._told = self._late, self._told, [], []
            await upkeep.opening.settle(late, told)

    def _read(self, room: str, events: Iterable[Json]) -> list[IncomingMessage]:
        found = []
        for event in events:
            try:
                message = read_event(event, room, self._own_user)
            except Malformed:
                self._drop(event.get("type"), event.get("event_id"))
            except Exception:  # a defect of ours costs one event, never the rest of the answer
                _log.exception("an event could not be read")
                self._drop(event.get("type"), event.get("event_id"))
            else:
                if message is not None:
                    found.append(message)
        return found

    def _notice_encryption(self, room: str, events: Iterable[Json]) -> None:
        if _encryption(events):
            self._encryption.notice(room)

    def _drop(self, kind: object, identifier: object) -> None:
        """Count and log what can't be read: never its content, which may be about somebody."""
        self.dropped += 1
        _log.warning(
            "malformed event left out: type %s, id %s (%d so far)",
            repr(kind)[:100],
            repr(identifier)[:300],
            self.dropped,
        )


def _encryption(events: Iterable[Json]) -> list[Json]:
    """Give the events that make a room encrypted."""
    return [event for event in events if event.get("type") == EVENT_TYPE and "state_key" in event]


def _position(answer: Json) -> str:
    position = answer.get("next_batch")
    if not isinstance(position, str) or not position:
        raise Lost("a sync answer without a position")
    return position


def _rooms(answer: Json) -> bool:
    rooms = section(answer, "rooms")
    return any(rooms.get(membership) for membership in ("join", "invite", "leave"))

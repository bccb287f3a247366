"""Reading encrypted rooms: every sync answer passes here before anything in it is believed.

What can't be read yet is kept by the machine in `crypto`, and handed on once its key has come.
"""

import logging
import time
from collections.abc import Callable, Sequence

from bot.platforms.matrix.crypto.machine import Machine
from bot.platforms.matrix.crypto.olm import Unreadable
from bot.platforms.matrix.crypto.room_keys import PLAIN
from bot.platforms.matrix.crypto.worker import Worker
from bot.platforms.matrix.encryption import EVENT_TYPE
from bot.platforms.matrix.lenient import Json, section, text
from bot.platforms.matrix.parse import UNREADABLE_FIELD

_log = logging.getLogger(__name__)


class Opening:
    """Decrypts for one account."""

    def __init__(self, worker: Worker, own: str, clock: Callable[[], float] = time.time) -> None:
        self._worker = worker
        self._own = own
        self._clock = clock

    async def receive(self, answer: Json) -> bool:
        """Take keys and device lists. Returns whether something that waited may be readable."""
        return await self._worker.run(lambda m: m.receive(answer))

    async def read(self, room: str, events: Sequence[Json]) -> list[Json]:
        """Give a room's events as they were before they were encrypted.

        What can't be read now is kept back until its key comes; what never can stays encrypted.
        """
        own, now = self._own, self._clock()
        if not any(self._concerns(event) for event in events):
            return list(events)

        def work(machine: Machine) -> list[Json]:
            found: list[Json] = []
            for event in events:
                _note(machine, room, event)
                if event.get("type") != "m.room.encrypted" or event.get("sender") == own:
                    plain = event.get("type") == "m.room.message" and event.get("sender") != own
                    refused = plain and machine.members.is_encrypted(room)
                    found.append(_not_believed(event) if refused else event)
                    continue
                try:
                    found.append(machine.read(room, event))
                    machine.waiting.came(text(event, "event_id"))
                except Unreadable as error:
                    if not machine.hold(room, event, error, now):
                        found.append(event)
                except BaseException:  # a panic in the library below is no Exception
                    _log.exception("an encrypted event brought a defect to light")
                    found.append(event)
            return found

        return await self._worker.run(work)

    def _concerns(self, event: Json) -> bool:
        """Tell whether the machine must see an event; the echo of our own messages it need not."""
        if event.get("type") in ("m.room.encrypted", "m.room.message"):
            return event.get("sender") != self._own
        return event.get("type") in ("m.room.member", EVENT_TYPE)

    async def late(self) -> Sequence[tuple[str, Json]]:
        """Give what waited and can be read now, with its room; it waits on until `settle`."""
        return await self._worker.run(lambda m: m.late())

    async def overdue(self) -> Sequence[tuple[str, Json, str]]:
        """Give what has waited too long to keep silent about: room, event, reason."""
        now = self._clock()
        return await self._worker.run(
            lambda m: [(h.room, h.event, h.reason) for h in m.waiting.overdue(now)]
        )

    async def settle(self, read: Sequence[str], told: Sequence[str]) -> None:
        """Note what has been stored: events read late, and events whose senders are told."""
        now = self._clock()

        def work(machine: Machine) -> None:
            machine.waiting.settle(read, now)
            machine.waiting.told(told)

        await self._worker.run(work)


def _not_believed(event: Json) -> Json:
    """Give a plain message of an encrypted room as one that can't be read: nobody vouches for it,
    and the homeserver could put any command into anybody's mouth."""
    return {**event, "type": "m.room.encrypted", "content": {UNREADABLE_FIELD: PLAIN}}


def _note(machine: Machine, room: str, event: Json) -> None:
    kind, key, content = event.get("type"), event.get("state_key"), section(event, "content")
    if kind == EVENT_TYPE and key == "":
        machine.members.encrypt(room, content)
    elif kind == "m.room.member" and isinstance(key, str):
        machine.came_or_left(room, key, text(content, "membership"))

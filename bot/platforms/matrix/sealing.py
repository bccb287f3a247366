"""Writing into encrypted rooms over the network: does what the machine in `crypto` needs done.

`seal` gives the encrypted content, after everybody who may read has been given the key. Many
messages at once share their requests: whoever comes first asks for all who wait. Reading stands in
opening.py.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice

from bot.platforms.matrix.crypto.devices import Device
from bot.platforms.matrix.crypto.machine import Machine
from bot.platforms.matrix.crypto.sharing import Parcel
from bot.platforms.matrix.crypto.worker import Worker
from bot.platforms.matrix.encryption import EVENT_TYPE
from bot.platforms.matrix.errors import Lost, Refused, RequestFailed
from bot.platforms.matrix.lenient import Json, objects, section, text
from bot.platforms.matrix.transport import CLIENT, Transport, path

_VISIBILITY = "m.room.history_visibility"
_ASKED_AT_ONCE = 250
_CLAIMED_AT_ONCE = 500
_PACKED_AT_ONCE = 50
"""Rooms whose parcels are filled together: a tenth of a second of the worker's thread."""
_MET_AT_ONCE = 50
_ROOMS_AT_ONCE = 20
_ALONG = 25
"""Rooms served along with those that are waited for: few enough that those before are still being
written in meanwhile."""
_TRIES = 5
HEARD_WITHIN = 60.0
"""Seconds without a reading, after which it is asked anew who may read in a room."""
KEYLESS_FOR = 3600.0
"""Seconds until a device that had no one-time key left is asked for one again."""

_log = logging.getLogger(__name__)


class Sealing:
    """Encrypts for one account."""

    def __init__(
        self, transport: Transport, worker: Worker, clock: Callable[[], float] = time.time
    ) -> None:
        self._transport = transport
        self._worker = worker
        self._clock = clock
        self._wanted: set[str] = set()
        self._expected: dict[str, None] = {}
        self._failed: dict[str, RequestFailed] = {}
        self._turn = asyncio.Lock()
        self._sending = asyncio.Lock()
        self._keyless: dict[str, float] = {}
        self._heard = float("-inf")
        self._asked: dict[str, float] = {}

    async def seal(self, room: str, kind: str, content: Json) -> dict[str, object]:
        """Encrypt for everybody who may read in the room.

        Returns:
            The content of an m.room.encrypted event.

        Raises:
            RequestFailed: a key could not be handed out; nothing has been said.
            LoggedOut: the device is no longer accepted.
        """
        last, asking = max(self._heard, self._asked.get(room, self._heard)), time.monotonic()
        if asking - last > HEARD_WITHIN:  # as after a restart: people and devices may have come
            self._asked[room] = asking
            await self._worker.run(lambda m: m.doubt(room))
        for _ in range(_TRIES):
            now = self._clock()
            sealed = await self._worker.run(lambda m: m.seal(room, kind, content, now))  # noqa: B023
            if sealed is not None:
                self._expected.pop(room, None)
                return sealed
            await self._share(room)
        raise Lost("the room's devices change faster than keys can be shared")

    def made(self, room: str, members: Iterable[str]) -> Callable[[Machine], None]:
        """Note an encrypted room of our own making, so that nothing need be asked about it."""
        known = list(members)
        self._asked[room] = time.monotonic()

        def note(machine: Machine) -> None:
            machine.members.encrypt(room, {"algorithm": "m.megolm.v1.aes-sha2"})
            machine.members.learn(room, known)

        return note

    # Handing out keys

    def expect(self, rooms: Iterable[str]) -> None:
        """Let rooms be served along with the next that lacks keys: they are about to be written in.

        With keys for one room or few at a time, three requests came before every other message.
        """
        self._expected.update(dict.fromkeys(rooms))

    async def _share(self, room: str) -> None:
        self._wanted.add(room)
        async with self._turn:
            if room in self._wanted:
                wanted, self._wanted = self._wanted, set()
                along = list(islice((r for r in self._expected if r not in wanted), _ALONG))
                for other in (*along, *wanted):
                    self._expected.pop(other, None)
                await self._hand_out([*sorted(wanted), *along])
                for other in along:  # nobody has asked for it: its own message will try again
                    self._failed.pop(other, None)
        failure = self._failed.pop(room, None)
        if failure is not None:
            raise failure

    async def _hand_out(self, rooms: Sequence[str]) -> None:
        known = await self._know(rooms)
        await self.refresh_devices()
        await self.send_parcels()
        now = self._clock()
        owed = await self._worker.run(lambda m: m.lacking(known, now))
        devices = {d.curve: d for lacking in owed.values() for d in lacking}
        await self._meet(list(devices.values()))
        names = list(owed)
        for start in range(0, len(names), _PACKED_AT_ONCE):
            part = {name: owed[name] for name in names[start : start + _PACKED_AT_ONCE]}
            await self._worker.run(lambda m, part=part: m.pack(part))  # type: ignore[misc]
        await self.send_parcels()

    async def _know(self, rooms: Sequence[str]) -> Sequence[str]:
        """Find out who may read where that is not known; gives the rooms of which it is."""
        unknown = await self._worker.run(
            lambda m: [room for room in rooms if m.members.of(room) is None]
        )
        for start in range(0, len(unknown), _ROOMS_AT_ONCE):
            part = unknown[start : start + _ROOMS_AT_ONCE]
            results = await asyncio.gather(
                *(self._ask_room(room) for room in part), return_exceptions=True
            )
            for room, result in zip(part, results, strict=True):
                if isinstance(result, RequestFailed):
                    self._failed[room] = result
                elif isinstance(result, BaseException):
                    raise result
        known = [room for room in rooms if room not in self._failed]

        def follow(machine: Machine) -> None:
            for room in known:
                machine.devices.track(machine.members.of(room) or ())

        await self._worker.run(follow)
        return known

    async def _ask_room(self, room: str) -> None:
        """Ask for a room's members and rules; those invited read too where the room lets them."""
        rules = await self._state(room, EVENT_TYPE)
        visibility = text(await self._state(room, _VISIBILITY), "history_visibility")
        answer = await self._transport.get(path("rooms", room, "members") + "?not_membership=leave")
        reading = {"join"} if visibility == "joined" else {"join", "invite"}
        members = [
            text(event, "state_key")
            for event in objects(answer.get("chunk"))
            if text(section(event, "content"), "membership") in reading
        ]

        def learn(machine: Machine) -> None:
            machine.members.encrypt(room, rules)
            machine.members.learn(room, members)

        await self._worker.run(learn)

    async def _state(self, room: str, kind: str) -> Json:
        try:
            return await self._transport.get(path("rooms", room, "state", kind) + "/")
        except Refused as refused:
            if refused.code != "M_NOT_FOUND":
                raise
            return {}

    async def refresh_devices(self) -> bool:
        """Ask for the device lists that have changed. Returns whether there were any."""
        stale = list((await self._worker.run(lambda m: m.devices.stale())).items())
        for start in range(0, len(stale), _ASKED_AT_ONCE):
            asked = dict(stale[start : start + _ASKED_AT_ONCE])
            await self._query(asked)
        return bool(stale)

    async def _query(self, asked: Mapping[str, int]) -> None:
        """Ask about accounts; one that the homeserver will not answer for costs only itself."""
        body = {"device_keys": {account: [] for account in asked}, "timeout": 10_000}
        answer: Json
        try:
            answer = await self._transport.post(f"{CLIENT}/keys/query", body)
        except Refused as refused:
            if refused.passing:
                raise
            if len(asked) > 1:
                half = len(asked) // 2
                await self._query(dict(list(asked.items())[:half]))
                await self._query(dict(list(asked.items())[half:]))
                return
            answer = {"failures": {account.partition(":")[2]: {} for account in asked}}
        now = self._clock()
        await self._worker.run(lambda m: m.devices.learn(asked, answer, now))

    async def _meet(self, devices: Sequence[Device], *, greet: bool = False) -> None:
        """Begin conversations with devices that we have none with."""
        now = self._clock()
        asked = [d for d in devices if now - self._keyless.get(d.curve, 0.0) >= KEYLESS_FOR]
        if not greet:
            asked = list(await self._worker.run(lambda m: m.unmet(asked)))
        for start in range(0, len(asked), _CLAIMED_AT_ONCE):
            part = asked[start : start + _CLAIMED_AT_ONCE]
            wanted: dict[str, dict[str, str]] = {}
            for device in part:
                wanted.setdefault(device.account, {})[device.id] = "signed_curve25519"
            body = {"one_time_keys": wanted, "timeout": 10_000}
            answer = await self._transport.post(f"{CLIENT}/keys/claim", body)
            for first in range(0, len(part), _MET_AT_ONCE):
                few = part[first : first + _MET_AT_ONCE]
                unmet = await self._worker.run(
                    lambda m, few=few, answer=answer: m.meet(few, answer, greet=greet)  # type: ignore[misc]
                )
                self._keyless.update({d.curve: now for d in unmet})

    async def send_parcels(self) -> None:
        """Send what is stored for devices; each parcel arrives once, however often it is tried."""
        async with self._sending:
            for parcel in await self._worker.run(lambda m: m.sharing.parcels()):
                await self._send_parcel(parcel)

    async def _send_parcel(self, parcel: Parcel) -> None:
        try:
            await self._transport.put(path("sendToDevice", parcel.kind, parcel.id), parcel.body)
        except Refused as refused:
            if refused.passing:
                raise
            _log.warning("a parcel for devices was refused for good: %s", refused)
            await self._worker.run(lambda m: m.sharing.drop(parcel.id))
        else:
            await self._worker.run(lambda m: m.sharing.delivered(parcel.id))

    def heard(self) -> None:
        """Note that everything has been read, so that what is known of rooms and devices holds."""
        self._heard = time.monotonic()

    async def begin_anew(self) -> None:
        """Begin anew with devices whose conversation with us is broken."""
        now = self._clock()
        wedged = await self._worker.run(lambda m: m.wedged(now))
        if wedged:
            await self._meet(wedged, greet=True)

    async def ask_for_keys(self) -> None:
        """Ask the senders' devices for keys that are missing, once per key."""
        await self._worker.run(lambda m: m.request_missing())

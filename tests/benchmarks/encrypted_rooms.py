"""The encrypted direct rooms of the benchmark, and the bot that has been told of them, no more.

As many rooms as the fan-outs need are made by the bot itself, as it makes them in earnest, each
with a person of its own who has joined. The rooms that chatting was measured in become encrypted
too: they are there to be many, nobody's device is in them.
"""

import asyncio
import json
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass

from bot.config import Settings
from bot.platforms.matrix import MatrixPlatform
from bot.platforms.matrix.crypto.keystore import KeyStore, store_key
from bot.platforms.matrix.upkeep import STORE, STORE_KEY
from tests.benchmarks import municipality
from tests.benchmarks.bare_sealing import MEGOLM
from tests.benchmarks.bot_process import secrecy
from tests.benchmarks.encrypted_people import Person
from tests.benchmarks.processes import Processes
from tests.benchmarks.stage import Stage, each
from tests.live.connection import API, path_of

_DEVICE = "matrix-device.json"
_FRESH = "matrix-keys.fresh"


@dataclass(frozen=True, slots=True, kw_only=True)
class EncryptedRooms:
    """`people[n]` is in `rooms[n]`; `seconds` is how long it took to make it all."""

    settings: Settings
    people: list[Person]
    rooms: list[str]
    seconds: float

    @classmethod
    async def build(
        cls, processes: Processes, others: Sequence[str], quiet: float
    ) -> "EncryptedRooms":
        """Make people, rooms and data folder, and let the bot read once where it is.

        Args:
            processes: of a stage whose bot is not running.
            others: the rooms that become encrypted too, those of the stage's users first.
            quiet: seconds until the bot, having read, has written down what it knows.
        """
        begun, stage = time.perf_counter(), processes.stage
        names = [f"person{n}" for n in range(len(others))]
        people = await each(names, lambda name: Person.register(stage.homeserver, name))
        await _encrypt(stage, others)
        settings = processes.settings("encrypted", encryption=True)
        municipality.fill(
            settings.database,
            units=len(people),
            months=0,
            accounts=[person.user_id for person in people],
            coordinator=stage.coordinator.user_id,
        )
        # A bot without a position takes nothing for known, so it reads before it makes rooms.
        await _life(processes, settings, quiet)
        rooms = await _opened(settings, people)
        await each(zip(people, rooms, strict=True), lambda pair: pair[0].join(pair[1]))
        municipality.set_direct_rooms(settings.database, rooms)
        await _life(processes, settings, quiet)
        shutil.copy(settings.data / STORE, settings.data / _FRESH)
        seconds = time.perf_counter() - begun
        return cls(settings=settings, people=people, rooms=rooms, seconds=seconds)

    def forget_shared(self) -> None:
        """Take the bot, which is not running, back to where it had met nobody's device.

        In earnest a store must never be put back; here nobody has answered in a conversation that
        is forgotten, and every later one begins with keys of its own.
        """
        data = self.settings.data
        for rest in ("-wal", "-shm"):
            (data / f"{STORE}{rest}").unlink(missing_ok=True)
        shutil.copy(data / _FRESH, data / STORE)

    def own_device(self) -> dict[str, str]:
        """Give what one needs to speak as the bot's device, which is not running."""
        data = self.settings.data
        device = json.loads((data / _DEVICE).read_text(encoding="utf-8"))
        store = KeyStore(data / STORE, store_key(data / STORE_KEY))
        pickle = store.get("account")
        store.close()
        assert pickle is not None
        return {**device, "pickle": pickle, "pickle_key": store.key.hex()}


async def _life(processes: Processes, settings: Settings, quiet: float) -> None:
    """Let the bot read; a sync that brings nothing for it is not announced."""
    stage = processes.stage
    await stage.coordinator.send(stage.office, "Hej!")
    async with processes.bot(settings):
        await asyncio.sleep(quiet)


async def _opened(settings: Settings, people: Sequence[Person]) -> list[str]:
    """Let the bot's own code make the direct rooms."""
    platform = MatrixPlatform(
        homeserver_url=settings.matrix.homeserver,
        user_id=settings.matrix.user,
        password=settings.password(),
        token=None,
        device_file=settings.data / _DEVICE,
        secrecy=secrecy(settings),
    )
    try:
        await platform.start()
        return await each(people, lambda p: platform.open_direct(f"room/{p.user_id}", p.user_id))
    finally:
        await platform.stop()


async def _encrypt(stage: Stage, rooms: Sequence[str]) -> None:
    """Turn encryption on, each room by whoever made it; where the bot is alone, one is invited."""

    async def one(numbered: tuple[int, str]) -> None:
        number, room = numbered
        user = stage.users[number % len(stage.users)]
        is_theirs = number < len(stage.users)
        by = user if is_theirs else stage.bot
        address = path_of("rooms", room, "state", "m.room.encryption")
        await by.call("PUT", f"{address}/", {"algorithm": MEGOLM})
        # A first sync tells of what stands before the last event, so another one follows.
        if is_theirs:
            await by.send(room, "Hej!")
        else:
            await by.invite(room, user.user_id)

    await each(enumerate(rooms), one)


async def position(stage: Stage) -> str:
    """Give the homeserver's present position, for who reads on from there."""
    nothing = json.dumps({"room": {"rooms": []}})
    query = {"timeout": "0", "filter": nothing}
    return str((await stage.bot.call("GET", f"{API}/sync", query=query))["next_batch"])

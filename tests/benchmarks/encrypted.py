"""What encryption costs: a prompt to everybody, cold and warm, and a start in many rooms.

*Cold* is a bot (or bare client) that has just been started, in rooms whose people it has never met:
it must ask for their devices, begin a conversation with each, and hand out a key of each room.
*Warm* is its next prompt to the same rooms. The two take turns, never running at once: both speak
as the bot's one device.
"""

import asyncio
import random
import time
from collections import defaultdict
from dataclasses import dataclass, field

from bot.platforms.matrix.content import KEY_FIELD
from tests.benchmarks.bare_process import FAN_OUT
from tests.benchmarks.chat import COMMAND
from tests.benchmarks.encrypted_people import Person
from tests.benchmarks.encrypted_rooms import EncryptedRooms, position
from tests.benchmarks.measured import Measured
from tests.benchmarks.processes import Processes
from tests.benchmarks.sizes import Sizes
from tests.benchmarks.stall import Stall
from tests.benchmarks.waiting import SEALED, all_posted, is_message, said_by_bare
from tests.live.client import MatrixUser
from tests.live.timeline import Event

_WITHIN = 180.0
_COLD, _WARM = "cold", "warm"


def _lists() -> defaultdict[str, list[float]]:
    return defaultdict(list)


@dataclass(slots=True, kw_only=True)
class EncryptedTimes:
    """Fan-outs by name: "bot_cold", "bot_warm", "bare_cold", "bare_warm", in the order measured.

    `fan_outs` in seconds, from the word that asks for it to the last event. Processor time and
    stalls reach on into the quiet after it: what is done in the background then counts too.
    """

    fan_outs: defaultdict[str, list[float]] = field(default_factory=_lists)
    cpu_ms: defaultdict[str, list[float]] = field(default_factory=_lists)
    stalls: defaultdict[str, list[Stall]] = field(default_factory=lambda: defaultdict(list))
    restarts: list[float] = field(default_factory=list)
    rss_mb: float = 0.0
    prepared_s: float = 0.0
    whole_s: float = 0.0


class EncryptedBench:
    """Runs the fan-outs, then the starts; comes after chatting has been measured.

    Args:
        processes: of a stage whose bot is not running.
        others: the direct rooms that the bot's account is in already.
        sizes: how much.
    """

    def __init__(self, processes: Processes, others: list[str], sizes: Sizes) -> None:
        self._processes = processes
        self._stage = processes.stage
        self._others = others
        self._sizes = sizes
        self._prompt: Event = {}
        self.times = EncryptedTimes()

    async def run(self) -> EncryptedTimes:
        """Measure everything."""
        begun = time.perf_counter()
        made = await EncryptedRooms.build(self._processes, self._others, self._sizes.quiet)
        self.times.prepared_s = made.seconds
        for turn in range(self._sizes.encrypted_pairs):
            # The bot begins: what the bare client is to say is known only then.
            for is_bot in (False, True) if turn % 2 else (True, False):
                await (self._bot_turn(made, turn) if is_bot else self._bare_turn(made))
        await self._check_readable(made)
        for number in range(self._sizes.starts):
            await self._restart(made, number % len(made.rooms))
        self.times.whole_s = time.perf_counter() - begun
        return self.times

    async def _bot_turn(self, made: EncryptedRooms, turn: int) -> None:
        stage = self._stage
        made.forget_shared()
        await stage.coordinator.send(stage.office, COMMAND)  # or it would have nothing to read
        async with self._processes.bot(made.settings) as bot:
            opening = "!öppna" if turn == 0 else "!påminn"
            for state, text in ((_COLD, opening), (_WARM, "!påminn")):
                await self._fan_out(bot, f"bot_{state}", made.rooms, text, stage.coordinator)
                if not self._prompt:
                    (said,) = await made.people[0].read(made.rooms[0], stage.bot.user_id)
                    self._prompt = said_by_bare(said)

    async def _bare_turn(self, made: EncryptedRooms) -> None:
        given = {
            **made.own_device(),
            "rooms": made.rooms,
            "people": [person.user_id for person in made.people],
            "content": self._prompt,
            "since": await position(self._stage),
        }
        async with self._processes.bare_encrypted(given) as bare:
            for state in (_COLD, _WARM):
                await self._fan_out(
                    bare, f"bare_{state}", made.rooms, FAN_OUT, self._stage.stranger
                )

    async def _fan_out(
        self, process: Measured, name: str, rooms: list[str], text: str, by: MatrixUser
    ) -> None:
        stage, times, watcher = self._stage, self.times, self._stage.bot
        await asyncio.sleep(self._sizes.quiet)
        process.watch_stalls()
        spent, after, begun = process.cpu_ms(), len(watcher.seen), time.perf_counter()
        await by.send(stage.office if by is stage.coordinator else stage.signal, text)
        await all_posted(watcher, set(rooms), len(rooms), after=after, within=_WITHIN, kind=SEALED)
        times.fan_outs[name].append(time.perf_counter() - begun)
        await asyncio.sleep(self._sizes.quiet)
        times.stalls[name].append(await process.stall())
        times.cpu_ms[name].append(process.cpu_ms() - spent)

    async def _check_readable(self, made: EncryptedRooms) -> None:
        """Let somebody's device decrypt all that both have said to it."""
        number = random.randrange(1, len(made.rooms))  # the first person has read already
        said = await made.people[number].read(made.rooms[number], self._stage.bot.user_id)
        by_bot = [content for content in said if KEY_FIELD in content]
        by_bare = [content for content in said if self._prompt.items() <= content.items()]
        each_said = 2 * self._sizes.encrypted_pairs
        assert (len(by_bot), len(by_bare)) == (each_said, each_said), said

    async def _restart(self, made: EncryptedRooms, number: int) -> None:
        """Let a person write while the bot is down, and time its start until it has replied."""
        watcher, room, person = self._stage.bot, made.rooms[number], made.people[number]
        await person.read(room, watcher.user_id)
        await person.write(room, watcher.user_id, COMMAND)
        after = len(watcher.seen)

        async def replied() -> float:
            await watcher.wait_for(
                lambda e: e["room_id"] == room and is_message(e, watcher.user_id, SEALED),
                within=_WITHIN,
                after=after,
            )
            return time.perf_counter()

        async with asyncio.TaskGroup() as group:
            begun = time.perf_counter()
            reply = group.create_task(replied())
            async with self._processes.bot(made.settings) as bot:
                self.times.restarts.append(await reply - begun)
                await asyncio.sleep(self._sizes.quiet)
                self.times.rss_mb = max(self.times.rss_mb, bot.rss_mb())
        await _check_reply(person, room, watcher.user_id)


async def _check_reply(person: Person, room: str, bot: str) -> None:
    said = await person.read(room, bot)
    assert len(said) == 1, said

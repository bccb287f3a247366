"""What chatting costs: one reply, a burst, a fan-out, a start; the bot beside the bare client.

The machine is shared and noisy, so the two always take turns and medians are compared.
"""

import asyncio
import time
from dataclasses import dataclass, field
from statistics import median

from bot.config import Settings
from tests.benchmarks import municipality
from tests.benchmarks.bare_process import FAN_OUT, PING
from tests.benchmarks.measured import Measured
from tests.benchmarks.processes import Processes
from tests.benchmarks.sizes import Sizes
from tests.benchmarks.stall import Stall
from tests.benchmarks.waiting import all_posted, is_message, said_by_bare
from tests.live.client import MatrixUser
from tests.live.timeline import Event

COMMAND = "!språk svenska"
"""A real command: it reads and changes the person, keeps an undo, writes the audit, and replies."""
_WITHIN = 90.0
_WARM_UP = 3


@dataclass(slots=True, kw_only=True)
class ChatTimes:
    """Seconds, in the order measured, unless a name says otherwise."""

    bot_replies: list[float] = field(default_factory=list)
    bare_replies: list[float] = field(default_factory=list)
    bot_bursts: list[float] = field(default_factory=list)
    bare_bursts: list[float] = field(default_factory=list)
    cpu_ms_per_command: list[float] = field(default_factory=list)
    bot_fan_outs: list[float] = field(default_factory=list)
    bare_fan_outs: list[float] = field(default_factory=list)
    starts: list[float] = field(default_factory=list)
    rss_mb: float = 0.0
    rss_after_mb: float = 0.0
    stalls: dict[str, Stall] = field(default_factory=dict)


class ChatBench:
    """Runs the stages one after another."""

    def __init__(self, processes: Processes, sizes: Sizes) -> None:
        self._processes = processes
        self._stage = processes.stage
        self._sizes = sizes
        self.times = ChatTimes()
        self.rooms: list[str] = []
        """The direct rooms with the bot, those of the stage's users first."""

    async def run(self) -> ChatTimes:
        """Measure everything."""
        settings = self._processes.settings("chat", encryption=False)
        municipality.fill(
            settings.database,
            units=self._sizes.rooms,
            months=0,
            accounts=[user.user_id for user in self._stage.users],
            coordinator=self._stage.coordinator.user_id,
        )
        municipality.set_direct_rooms(settings.database, self._stage.with_bot)
        watchers = [self._stage.bot, self._stage.bare, self._stage.users[0]]
        for watcher in watchers:
            await watcher.sync_once()
            watcher.listen()
        async with self._processes.bot(settings) as bot:
            reply = await self._first_reply()
            async with self._processes.bare(self._stage.bare, reply, []) as bare:
                await self._replies()
                await self._bursts(bot, bare)
        self.rooms = rooms = await self._stage.add_rooms(self._sizes.rooms)
        municipality.set_direct_rooms(settings.database, rooms)
        await self._starts(settings)
        await self._leave_something_to_read()
        async with self._processes.bot(settings) as bot:
            await asyncio.sleep(self._sizes.quiet)
            self.times.rss_mb = bot.rss_mb()
            await self._fan_outs(bot, rooms)
            self.times.rss_after_mb = bot.rss_mb()
        await self._compile()
        return self.times

    # One reply

    async def _first_reply(self) -> Event:
        """Give what the bot says, for the bare client to say it too."""
        user, room = self._stage.users[0], self._stage.with_bot[0]
        sent = asyncio.create_task(user.send(room, COMMAND))
        told = await user.wait_for(
            lambda e: e["room_id"] == room and is_message(e, self._stage.bot.user_id), within=30
        )
        await sent
        return said_by_bare(told["content"])

    async def _replies(self) -> None:
        stage = self._stage
        pairs = [
            (stage.with_bot[0], stage.bot, COMMAND, self.times.bot_replies),
            (stage.with_bare[0], stage.bare, PING, self.times.bare_replies),
        ]
        for turn in range(_WARM_UP + self._sizes.reply_pairs):
            for room, account, text, kept in pairs if turn % 2 else pairs[::-1]:
                seconds = await self._reply(stage.users[0], room, account.user_id, text)
                if turn >= _WARM_UP:
                    kept.append(seconds)

    async def _reply(self, user: MatrixUser, room: str, partner: str, text: str) -> float:
        after, begun = len(user.seen), time.perf_counter()
        sending = asyncio.create_task(user.send(room, text))
        await user.wait_for(
            lambda e: e["room_id"] == room and is_message(e, partner), within=30, after=after
        )
        seconds = time.perf_counter() - begun
        await sending
        return seconds

    # Many commands at once

    async def _bursts(self, bot: Measured, bare: Measured) -> None:
        stage, times = self._stage, self.times
        for turn in range(self._sizes.burst_pairs):
            for is_bot in (True, False) if turn % 2 else (False, True):
                if not is_bot:
                    times.bare_bursts.append(await self._burst(stage.bare, stage.with_bare, PING))
                    continue
                before = bot.cpu_ms()
                times.bot_bursts.append(await self._burst(stage.bot, stage.with_bot, COMMAND))
                await asyncio.sleep(1.0)  # what it does after the last reply counts too
                spent = bot.cpu_ms() - before
                times.cpu_ms_per_command.append(spent / self._sizes.burst)
        bare.watch_stalls()
        await self._burst(stage.bare, stage.with_bare, PING)
        times.stalls["bare_burst"] = await bare.stall()
        bot.watch_stalls()
        await self._burst(stage.bot, stage.with_bot, COMMAND)
        times.stalls["burst"] = await bot.stall()

    async def _burst(self, partner: MatrixUser, rooms: list[str], text: str) -> float:
        pairs = list(zip(self._stage.users, rooms, strict=True)) * self._sizes.commands_each
        after, begun = len(partner.seen), time.perf_counter()
        # Told apart: of two messages that are alike, from one person in one millisecond, a
        # homeserver makes one event, for an event's id is the hash of what it says.
        sends = [
            asyncio.create_task(
                user.send_raw(
                    room, "m.room.message", {"msgtype": "m.text", "body": text, "number": number}
                )
            )
            for number, (user, room) in enumerate(pairs)
        ]
        try:
            await all_posted(partner, set(rooms), len(pairs), after=after, within=_WITHIN)
        except AssertionError as error:
            error.add_note(f"{sum(send.done() for send in sends)} of {len(sends)} sends were done")
            failed = [send.exception() for send in sends if send.done() and send.exception()]
            error.add_note(f"of these failed: {failed}")
            raise
        seconds = time.perf_counter() - begun
        await asyncio.gather(*sends)
        return seconds

    # A start, with something to read

    async def _starts(self, settings: Settings) -> None:
        for _ in range(self._sizes.starts):
            await self._leave_something_to_read()
            async with self._processes.bot(settings) as bot:
                self.times.starts.append(bot.ready_after)

    async def _leave_something_to_read(self) -> None:
        """Write while the bot is down: a first sync that brings nothing is not stored."""
        await self._stage.users[0].send(self._stage.with_bot[0], COMMAND)

    # One word from the coordinator, a message to everybody

    async def _fan_outs(self, bot: Measured, rooms: list[str]) -> None:
        """Time rounds of both; of each the first is watched for stalls instead, for the watch takes
        a twentieth of a processor."""
        stage, times = self._stage, self.times
        after = len(stage.bot.seen)
        bot.watch_stalls()
        await self._fan_out(rooms, "!öppna", stage.coordinator)
        times.stalls["fan_out"] = await bot.stall()
        prompt = next(
            e["content"]
            for e in stage.bot.seen[after:]
            if e["room_id"] == rooms[0] and is_message(e, stage.bot.user_id)
        )
        async with self._processes.bare(stage.bot, said_by_bare(prompt), rooms) as bare:
            bare.watch_stalls()
            await self._fan_out(rooms, FAN_OUT, stage.stranger)
            times.stalls["bare_fan_out"] = await bare.stall()
            pairs = [
                ("!påminn", stage.coordinator, times.bot_fan_outs),
                (FAN_OUT, stage.stranger, times.bare_fan_outs),
            ]
            for turn in range(self._sizes.fan_out_pairs):
                for text, by, kept in pairs if turn % 2 else pairs[::-1]:
                    kept.append(await self._fan_out(rooms, text, by))

    async def _fan_out(self, rooms: list[str], text: str, by: MatrixUser) -> float:
        where = self._stage.office if by is self._stage.coordinator else self._stage.signal
        watcher = self._stage.bot
        await asyncio.sleep(self._sizes.quiet)
        after, begun = len(watcher.seen), time.perf_counter()
        await by.send(where, text)
        await all_posted(watcher, set(rooms), len(rooms), after=after, within=_WITHIN)
        return time.perf_counter() - begun

    # A year of answers, read and typeset by the running bot

    async def _compile(self) -> None:
        settings = self._processes.settings("compile", encryption=False)
        municipality.fill(
            settings.database,
            units=self._sizes.units[-1],
            months=self._sizes.months,
            accounts=[],
            coordinator=self._stage.coordinator.user_id,
        )
        watcher = self._stage.bot
        async with self._processes.bot(settings) as bot:
            await asyncio.sleep(self._sizes.quiet)
            bot.watch_stalls()
            after = len(watcher.seen)
            await self._stage.coordinator.send(self._stage.office, "!sammanställ")
            await watcher.wait_for(
                lambda e: (
                    e["room_id"] == self._stage.office
                    and is_message(e, watcher.user_id)
                    and e["content"]["msgtype"] in ("m.file", "m.image")
                ),
                within=_WITHIN,
                after=after,
            )
            await asyncio.sleep(self._sizes.quiet)
            self.times.stalls["compile"] = await bot.stall()


def ratio(ours: list[float], theirs: list[float]) -> float:
    """Compare medians."""
    return median(ours) / median(theirs)

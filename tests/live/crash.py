"""`make crash`: kill the bot at random moments of real rounds; all must stand exactly once.

Thirty units report month after month to a bot on a real Synapse; the bot's process is killed
without warning (SIGKILL) and started again, as often as asked for. Everybody says each thing once
and repeats nothing. Afterwards crash_check.py reads every room and the database. The last line is
`kills=200 lost=0 doubled=0`.
"""

import argparse
import asyncio
import contextlib
import json
import random
import re
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from bot.domain.calendar import Period, WorkCalendar
from bot.domain.schedule import RoundRule, closing, opening
from bot.holidays_se import swedish_calendar
from tests.live.crash_bot import SharedClock
from tests.live.crash_check import Register, Verdict, errors_in, judge
from tests.live.crash_people import WAIT_SECONDS, Member, Part, Town, Wave, move_in, share_out
from tests.live.crash_process import BotProcess
from tests.live.homeserver import Homeserver

UNITS = 30
SEED = 20261102

_FIRST = Period.of(2026, 10)
_BEFORE = timedelta(milliseconds=700)
"""So long before an instant the clock is set, and then runs into it at the machine's pace."""
_SECONDS_EACH = 12.0
_SECONDS_MORE = 300.0


@dataclass
class Trial:
    """Rounds with kills, until there have been enough."""

    town: Town
    process: BotProcess
    register: Register
    kills: int
    chance: random.Random
    calendar: WorkCalendar
    rule: RoundRule = field(default_factory=RoundRule)
    period: Period = _FIRST
    parts: Sequence[Part] = ()
    rounds: int = 0

    async def run(self) -> None:
        """Play whole rounds while the killer is at work, the last one to its end.

        Raises:
            TimeoutError: somebody was not told what they must be told.
            RuntimeError: the bot does not start any more.
        """
        killer = asyncio.create_task(self._kill())
        try:
            while not killer.done():
                await self._round()
            await killer
        finally:
            killer.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await killer
        await self.process.begun()
        await self.register.quiet()

    # The killer

    async def _kill(self) -> None:
        for _ in range(self.kills):
            kind = self.chance.random()
            if kind < 0.2:  # while it is still starting
                await asyncio.sleep(self.chance.uniform(0.0, 0.4))
            else:
                await self.process.begun()
            if kind > 0.6:  # just after something was said, by anybody
                await self._something()
                await asyncio.sleep(self.chance.uniform(0.0, 0.03))
            elif kind > 0.2:
                await asyncio.sleep(self.chance.uniform(0.05, 2.0))
            await self.process.kill()

    async def _something(self) -> None:
        happening = self.town.ledger.happening
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(2.0), happening:
                await happening.wait()

    # A round

    async def _round(self) -> None:
        began = time.monotonic()
        town, key = self.town, self.period.key
        self.parts = share_out(len(town.reporters), self.rounds, self.parts, self.chance)
        for reporter, part in zip(town.reporters, self.parts, strict=True):
            town.ledger.answers[key, reporter.unit_id] = part.meant
        opens = opening(self.period, self.rule, self.calendar)
        first = opens.astimezone(self.calendar.zone).date()
        await self._go_to(opens)
        await self._everybody(self._prompted, Wave.AT_ONCE)
        for number, wave in enumerate((Wave.REMINDED, Wave.REMINDED_AGAIN), start=1):
            day = self.calendar.add_working_days(first, self.rule.reminder_days[number - 1] - 1)
            await self._go_to(self.calendar.at(day, self.rule.reminder_time))
            cause = f"remind/{key}/{number}"
            await self._everybody(lambda m, p, c=cause, w=wave: self._reminded(m, p, c, w), wave)
        await self._deputies()
        closes = closing(opens, self.rule, self.calendar)
        await self._go_to(closes)
        await self.register.caused(f"close_cycle/{key}", WAIT_SECONDS)
        await self._everybody(self._late, Wave.LATE)
        told = self.calendar.add_working_days(closes.astimezone(self.calendar.zone).date(), 1)
        await self._go_to(self.calendar.at(told, self.rule.told_at))
        await self._publish()
        self.rounds += 1
        _say(
            f"{key}: published after {time.monotonic() - began:.0f} s,"
            f" {self.process.kills} kills so far"
        )
        self.period = Period.of(
            *divmod(self.period.start.year * 12 + self.period.start.month, 12)
        ) if False else _next(self.period)

    async def _go_to(self, instant: datetime) -> None:
        await self.process.go_to(instant - _BEFORE)

    async def _everybody(self, act, wave: Wave) -> None:
        pairs = zip(self.town.reporters, self.parts, strict=True)
        await asyncio.gather(*(act(member, part) for member, part in pairs))

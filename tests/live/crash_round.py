"""One month of the crash test: who is asked, reminded and told when, with the clock set between.

Time stands for people, not for the bot: before each instant that matters the clock is set shortly
before it, and then runs into it at the machine's pace while the killer is at work.
"""

import asyncio
import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.domain.calendar import Period, WorkCalendar
from bot.domain.schedule import RoundRule, closing, opening
from tests.live.crash_check import Register
from tests.live.crash_parts import Part, Wave, share_out
from tests.live.crash_people import DEPUTIES, KEY_FIELD, WAIT_SECONDS, Member, Town
from tests.live.crash_process import BotProcess

_BEFORE = timedelta(milliseconds=700)
_THINKING_SECONDS = 2.0
_FILES = ("text", "file0", "file1", "details")


@dataclass
class Year:
    """Month after month. `opened` is set once the first round is about to open."""

    town: Town
    process: BotProcess
    register: Register
    calendar: WorkCalendar
    rule: RoundRule
    chance: random.Random
    say: Callable[[str], None]
    period: Period = field(default_factory=lambda: Period.of(2026, 10))
    parts: Sequence[Part] = ()
    rounds: int = 0
    opened: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def opens(self) -> datetime:
        """When the present month's round opens."""
        return opening(self.period, self.rule, self.calendar)

    async def round(self) -> None:
        """Play one month from the prompt to the published report.

        Raises:
            TimeoutError: somebody was not told what they must be told.
            RuntimeError: the bot does not start any more.
        """
        key, kills = self.period.key, self.process.kills
        units = len(self.town.reporters)
        self.parts = share_out(units, self.rounds, self.parts, self.chance)
        for reporter, part in zip(self.town.reporters, self.parts, strict=True):
            self.town.ledger.answers[key, reporter.unit_id] = part.meant
        opens, closes = self.opens, closing(self.opens, self.rule, self.calendar)
        await self._go_to(opens)
        self.opened.set()
        await asyncio.gather(*(self._prompted(m, p) for m, p in self._all()))
        await self._remind(key, 1, {Wave.AT_ONCE})
        await self._play(Wave.REMINDED)
        await self._remind(key, 2, {Wave.AT_ONCE, Wave.REMINDED})
        await self._play(Wave.REMINDED_AGAIN)
        await self._deputy_answers()
        await self._go_to(closes)
        await self.register.caused(f"close_cycle/{key}", WAIT_SECONDS)
        await self._play(Wave.LATE)
        await self._publish(key, closes)
        self.rounds += 1
        kills = self.process.kills - kills
        self.say(f"{key}: asked {units}, published; {kills} kills, {self.process.kills} in all")
        after = self.period.end + timedelta(days=1)
        self.period = Period.of(after.year, after.month)

    def _all(self) -> Sequence[tuple[Member, Part]]:
        return list(zip(self.town.reporters, self.parts, strict=True))

    async def _go_to(self, instant: datetime) -> None:
        await self.process.go_to(instant - _BEFORE)

    async def _prompted(self, member: Member, part: Part) -> None:
        await member.asked(f"open_cycle/{self.period.key}", "the prompt")
        if part.wave is Wave.AT_ONCE:
            await asyncio.sleep(self.chance.uniform(0.0, _THINKING_SECONDS))
            await member.plays(part)

    async def _play(self, wave: Wave) -> None:
        await asyncio.gather(*(m.plays(part) for m, part in self._all() if part.wave is wave))

    async def _remind(self, key: str, number: int, answered: set[Wave]) -> None:
        """Let the reminder's day come; nobody answers before all have been asked."""
        first = self.opens.astimezone(self.calendar.zone).date()
        nth = self.rule.reminder_days[number - 1]
        day = self.calendar.add_working_days(first, nth - 1)
        await self._go_to(self.calendar.at(day, self.rule.reminder_time))
        owing = [m for m, part in self._all() if part.wave not in answered]
        asked = [m.asked(f"remind/{key}/{number}", f"reminder {number}") for m in owing]
        if nth == self.rule.deputy_day:
            units = {m.unit_id for m in owing}
            asked += [
                m.asked(f"ask_deputy/{key}", "the question to the deputy")
                for m in self.town.deputies
                if m.unit_id in units
            ]
        await asyncio.gather(*asked)

    async def _deputy_answers(self) -> None:
        for deputy, (reporter, part) in zip(
            self.town.deputies, self._all()[:DEPUTIES], strict=True
        ):
            if part.wave is Wave.DEPUTY:
                event = await deputy.plays(part)
                await reporter.told(rf"{re.escape(event)}#\d+", "who answered instead")

    async def _publish(self, key: str, closes: datetime) -> None:
        """Compile, look, publish; every part must stand in its room."""
        kim, office = self.town.coordinator, self.town.office
        day = self.calendar.add_working_days(closes.astimezone(self.calendar.zone).date(), 1)
        await self._go_to(self.calendar.at(day, self.rule.told_at))
        await kim.told(re.escape(f"tell_result/{key}#0"), "the result")
        seen = len(kim.user.seen)
        await kim.user.send(office, "!sammanställ")
        await self.town.ledger.happened()
        root = await kim.told(r"preview/\d+/[\d-]+", "the preview", after=seen)
        name = str(root["content"][KEY_FIELD])
        cycle = name.split("/")[1]
        await kim.told(re.escape(f"status/{cycle}"), "the status message")
        editions = {
            str(audience): f"{number}"
            for audience, number in self.register.rows(
                "select audience, id from edition where cycle_id = ? order by id", cycle
            )
        }
        for audience in editions:
            for part in ("", "/file0", "/file1", "/details"):
                await kim.told(re.escape(f"{name}/{audience}{part}"), f"the preview's {part}")
        event = await kim.user.send(office, "!publicera")
        await self.town.ledger.happened()
        await kim.told(rf"{re.escape(event)}#\d+", "the reply to !publicera")
        for audience, room in (("bra", self.town.bra), ("samsa", self.town.samsa)):
            stem = f"publish/{editions[audience]}"
            for part in _FILES:
                there = await kim.told(re.escape(f"{stem}/{part}"), f"the report's {part}")
                if there["room_id"] != room:
                    raise TimeoutError(f"{stem}/{part} stands in the wrong room")
            await kim.told(re.escape(f"posted/{stem}/details#0"), "that the report stands there")

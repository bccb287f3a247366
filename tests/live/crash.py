"""`make crash`: kill the bot at random moments of real rounds; all must stand exactly once.

Thirty units report month after month, in encrypted rooms, to a bot on a real Synapse, which is
killed without warning (SIGKILL) and started again, as often as asked for. Everybody says each thing
once and repeats nothing. Afterwards crash_check.py reads every room and the database, and what is
encrypted must be readable. The last line is `kills=200 lost=0 doubled=0`. What happens in a round
stands in crash_round.py.
"""

import argparse
import asyncio
import contextlib
import json
import logging
import random
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from bot.domain.schedule import RoundRule
from bot.holidays_se import swedish_calendar
from tests.live.crash_bot import SharedClock
from tests.live.crash_check import Register, Verdict, errors_in, judge
from tests.live.crash_people import PLAIN, Manner, Town, manner_of, move_in
from tests.live.crash_process import BotProcess
from tests.live.crash_round import Year
from tests.live.faults_check import look_for_leaks
from tests.live.homeserver import Homeserver

UNITS = 30
SEED = 20261102

_SECONDS_EACH = 12.0
_SECONDS_MORE = 300.0
_YEARS = range(2026, 2036)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a run came to."""

    kills: int
    verdict: Verdict

    @property
    def line(self) -> str:
        """The line that tells it all."""
        found = self.verdict
        return f"kills={self.kills} lost={len(found.lost)} doubled={len(found.doubled)}"

    @property
    def is_clean(self) -> bool:
        """Tell whether nothing at all was wrong."""
        found = self.verdict
        return not (found.lost or found.doubled or found.faults)


async def crash(
    kills: int, *, units: int = UNITS, manner: Manner = PLAIN, seed: int = SEED
) -> Outcome:
    """Kill the bot so many times during rounds, and judge what stands afterwards.

    Args:
        kills: how many times.
        units: how many report.
        manner: how people speak with the bot; ENCRYPTED of faults_people.py where they encrypt.
        seed: of all that is drawn by chance.
    """
    began = time.monotonic()
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="crash-") as name:
        folder = Path(name)
        async with Homeserver(folder / "homeserver") as server:
            town = await move_in(server, folder / "bot", units, manner)
            clock = SharedClock(folder / "clock")
            asked = {
                "settings": town.settings.model_dump(mode="json"),
                "clock": str(clock.file),
            }
            (folder / "bot.json").write_text(json.dumps(asked), encoding="utf-8")
            log = folder / "bot.log"
            process = BotProcess(folder / "bot.json", clock, log)
            register = Register(folder / "bot" / "bot.db")
            year = Year(
                town=town,
                process=process,
                register=register,
                calendar=swedish_calendar(town.settings.zone, _YEARS),
                rule=RoundRule(),
                chance=chance,
                say=lambda text: _say(f"{time.monotonic() - began:5.0f} s  {text}"),
            )
            clock.set(year.opens - timedelta(days=3))
            try:
                async with process.running():
                    verdict = await _play(year, kills, seed)
            finally:
                register.close()
                await town.close()
            verdict.faults += errors_in(log)
            if process.ended_by_itself:
                verdict.faults.append(f"{process.ended_by_itself} lives ended by themselves")
    return Outcome(kills=process.kills, verdict=verdict)


async def _play(year: Year, kills: int, seed: int) -> Verdict:
    """Let rounds follow each other while the killer is at work, the last one to its end."""
    failure = ""
    try:
        async with asyncio.timeout(kills * _SECONDS_EACH + _SECONDS_MORE):
            await _moved_in(year.town)
            killer = asyncio.create_task(_kill(year, kills, random.Random(seed + 1)))
            try:
                while not killer.done():
                    await year.round()
                await killer
            finally:
                killer.cancel()
                await asyncio.gather(killer, return_exceptions=True)
            await year.process.begun()
    except (TimeoutError, RuntimeError) as error:
        failure = str(error) or "the time ran out"
    await year.register.quiet()
    verdict = await judge(year.town, year.register)
    if year.town.encrypted:
        opened = await look_for_leaks(year.town.everybody, verdict)
        year.say(f"{opened} messages of the bot were opened by their readers")
    if failure:
        verdict.lost.append(failure)
    return verdict


async def _moved_in(town: Town) -> None:
    """Wait until the bot has come to the three rooms."""
    for room in (town.office, town.bra, town.samsa):
        await town.coordinator.user.wait_for(
            lambda event, room=room: (  # type: ignore[misc]
                event["room_id"] == room
                and event.get("state_key") == town.coordinator.bot
                and event["content"].get("membership") == "join"
            ),
            60,
        )


async def _kill(year: Year, kills: int, chance: random.Random) -> None:
    """Kill: while it still starts, some time after, or just after something was said."""
    process = year.process
    await year.opened.wait()
    for _ in range(kills):
        kind = chance.random()
        if kind < 0.2:
            await asyncio.sleep(chance.uniform(0.0, 0.5))
        elif kind < 0.6:
            await process.begun()
            await asyncio.sleep(chance.uniform(0.05, 2.0))
        else:
            await process.begun()
            await _something_said(year.town)
            await asyncio.sleep(chance.uniform(0.0, 0.03))
        await process.kill()


async def _something_said(town: Town) -> None:
    happening = town.ledger.happening
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(2.0), happening:
            await happening.wait()


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> int:
    """Run as asked on the command line; 0 when nothing was lost or doubled."""
    parser = argparse.ArgumentParser(description="Kill the bot during rounds; count what is lost.")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--units", type=int, default=UNITS)
    parser.add_argument("--plain", action="store_true", help="in rooms that are not encrypted")
    parser.add_argument("--seed", type=int, default=SEED)
    asked = parser.parse_args()
    logging.basicConfig(level=logging.ERROR)  # mautrix tells much of what it does
    manner = manner_of(plain=asked.plain)
    outcome = asyncio.run(crash(asked.kills, units=asked.units, manner=manner, seed=asked.seed))
    for kind in ("lost", "doubled", "faults"):
        for text in getattr(outcome.verdict, kind):
            _say(f"{kind}: {text}")
    _say(outcome.line)
    return 0 if outcome.is_clean else 1


if __name__ == "__main__":
    sys.exit(main())

"""`make faults`: disturb the line between the bot and its homeserver; all must stand exactly once.

A hundred units report month after month to a bot that speaks to a real Synapse through a proxy,
which drops, delays, refuses, cuts and answers nonsense as often as asked for. People speak to
Synapse directly, say each thing once and repeat nothing. Every room is encrypted, with `--plain`
none is. Each month the bot is killed once, so that what it asks only once in its life is disturbed
too. Afterwards every room, as its people can read it, and the database are compared. The last line
is `faults=1000 lost=0 doubled=0`. Which faults there are stands in faults_line.py, what happens in
a round in crash_round.py.
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
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from bot.domain.schedule import RoundRule
from bot.holidays_se import swedish_calendar
from tests.live.crash_bot import SharedClock
from tests.live.crash_check import Register, Verdict, errors_in, judge
from tests.live.crash_people import PLAIN, Manner, Member, Town, manner_of, move_in
from tests.live.crash_process import BotProcess
from tests.live.crash_round import Year
from tests.live.faults_check import compare, look_for_leaks
from tests.live.faults_line import Line
from tests.live.homeserver import Homeserver
from tests.live.proxy import Proxy

UNITS = 100
SEED = 20261203

_SECONDS_EACH = 1.2
_SECONDS_MORE = 300.0
_OPENED_AT_EASE, _ENCRYPTED_AT_EASE = 25, 10
"""So many rooms are opened in the time people wait, with every fault; more need fewer faults."""
_YEARS = range(2026, 2036)
_STILL_SECONDS = 120.0
_UNSAID = (
    "select 1 from outbox where state in ('pending', 'sending')"
    " union all select 1 from inbox where not done"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a run came to."""

    faults: int
    summary: str
    verdict: Verdict

    @property
    def line(self) -> str:
        """The line that tells it all."""
        found = self.verdict
        return f"faults={self.faults} lost={len(found.lost)} doubled={len(found.doubled)}"

    @property
    def is_clean(self) -> bool:
        """Tell whether nothing at all was wrong."""
        found = self.verdict
        return not (found.lost or found.doubled or found.faults)


class PatientProcess(BotProcess):
    """The bot's process, whose clock is not set while it tries to say something.

    A jump over days would age what was tried a second ago past the time in which it may be tried
    again; no disturbance of the line does that.
    """

    def __init__(self, file: Path, clock: SharedClock, log: Path, register: Register) -> None:
        super().__init__(file, clock, log)
        self._register = register

    async def go_to(self, instant: datetime) -> None:
        """Set the clock once everything is said.

        Raises:
            TimeoutError: the bot does not come to an end with something.
            RuntimeError: the bot stands still.
        """
        still = 0
        try:
            async with asyncio.timeout(_STILL_SECONDS):
                while still < 5:
                    still = 0 if self._register.rows(_UNSAID) else still + 1
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise TimeoutError("the bot does not come to an end with what it has to say") from None
        await super().go_to(instant)


async def disturb(
    faults: int,
    *,
    units: int = UNITS,
    manner: Manner = PLAIN,
    seed: int = SEED,
    say: Callable[[str], None] = lambda text: None,
    keep: Path | None = None,
) -> Outcome:
    """Disturb the bot's line so many times during rounds, and judge what stands afterwards.

    Args:
        faults: how many times.
        units: how many report.
        manner: how people speak with the bot; ENCRYPTED of faults_people.py where they encrypt.
        seed: of all that is drawn by chance.
        say: is told how far it has come.
        keep: a folder for databases and logs that stays, to look into; a temporary one by default.
    """
    with contextlib.ExitStack() as stack:
        name = keep or stack.enter_context(tempfile.TemporaryDirectory(prefix="faults-"))
        folder = Path(name).resolve()
        async with (
            Homeserver(folder / "homeserver") as server,
            Proxy(server.base_url) as proxy,
        ):
            town = await move_in(server, folder / "bot", units, manner)
            clock, register = SharedClock(folder / "clock"), Register(folder / "bot" / "bot.db")
            settings = town.settings.model_dump(mode="json")
            settings["matrix"]["homeserver"] = proxy.url
            asked = {"settings": settings, "clock": str(clock.file)}
            (folder / "bot.json").write_text(json.dumps(asked), encoding="utf-8")
            log = folder / "bot.log"
            process = PatientProcess(folder / "bot.json", clock, log, register)
            line = Line(proxy, faults, random.Random(seed + 1), say)
            year = Year(
                town=town,
                process=process,
                register=register,
                calendar=swedish_calendar(town.settings.zone, _YEARS),
                rule=RoundRule(),
                chance=random.Random(seed),
                say=lambda text: say(f"{text.partition(';')[0]}; {line.injected} faults in all"),
            )
            clock.set(year.opens - timedelta(days=3))
            try:
                async with process.running():
                    verdict = await _play(year, line, faults)
            finally:
                register.close()
                await town.close()
            verdict.faults += errors_in(log)
            if process.ended_by_itself:
                verdict.faults.append(f"{process.ended_by_itself} lives ended by themselves")
    return Outcome(faults=line.injected, summary=line.summary(), verdict=verdict)


async def _play(year: Year, line: Line, faults: int) -> Verdict:
    """Let rounds follow each other while the line is bad, the last one to its end."""
    failure, units = "", len(year.town.reporters)
    at_ease = _ENCRYPTED_AT_EASE if year.town.encrypted else _OPENED_AT_EASE
    line.open = True
    try:
        async with asyncio.timeout(faults * _SECONDS_EACH + _SECONDS_MORE):
            await _moved_in(year.town)
            while not (line.done and year.rounds):
                line.ease = 1.0 if year.rounds else min(1.0, at_ease / units)
                await year.process.kill()
                await year.round()
    except (TimeoutError, RuntimeError) as error:
        failure = str(error) or "the time ran out"
    await line.settle()
    await year.register.quiet()
    verdict = await judge(year.town, year.register)
    await compare(year.town, year.register, verdict)
    if year.town.encrypted:
        opened = await look_for_leaks(year.town.everybody, verdict)
        year.say(f"{opened} messages of the bot were opened by their readers")
    if failure:
        verdict.lost.append(failure)
    return verdict


async def _moved_in(town: Town) -> None:
    """Wait until the bot has come to the three rooms."""
    await asyncio.gather(
        *(_comes(town.coordinator, r) for r in (town.office, town.bra, town.samsa))
    )


async def _comes(host: Member, room: str) -> None:
    await host.user.wait_for(
        lambda event: (
            event["room_id"] == room
            and event.get("state_key") == host.bot
            and event["content"].get("membership") == "join"
        ),
        60,
    )


def main() -> int:
    """Run as asked on the command line; 0 when nothing was lost or doubled."""
    parser = argparse.ArgumentParser(description="Disturb the bot's line; count what is lost.")
    parser.add_argument("--faults", type=int, default=1000)
    parser.add_argument("--units", type=int, default=UNITS)
    parser.add_argument("--plain", action="store_true", help="in rooms that are not encrypted")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--keep", type=Path, help="a folder for databases and logs that stays")
    asked = parser.parse_args()
    logging.basicConfig(level=logging.ERROR)  # mautrix tells much of what it does
    began = time.monotonic()

    def say(text: str) -> None:
        _print(f"{time.monotonic() - began:5.0f} s  {text}")

    say(f"seed {asked.seed}, {asked.units} units")
    outcome = asyncio.run(
        disturb(
            asked.faults,
            units=asked.units,
            manner=manner_of(plain=asked.plain),
            seed=asked.seed,
            say=say,
            keep=asked.keep,
        )
    )
    for kind in ("lost", "doubled", "faults"):
        for text in getattr(outcome.verdict, kind):
            _print(f"{kind.rstrip('s')}: {text}")
    _print(outcome.summary)
    _print(outcome.line)
    return 0 if outcome.is_clean and outcome.faults >= asked.faults else 1


def _print(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())

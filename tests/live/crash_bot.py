"""The bot as a process that is killed and born again: `python -m tests.live.crash_bot <file>`.

The parent reads the program in once and forks each life from itself, so that a start costs no
import; everything after the import happens in each life as it does in earnest. What to do with the
lives belongs in crash_process.py.
"""

import asyncio
import json
import logging
import os
import signal
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.app import Runtime
from bot.config import Settings
from tests.live.process import die_with_parent

START, STARTED, BEGUN, AT, ENDED = "start", "started", "begun", "at", "ended"
"""The words spoken over the pipe."""

_LOOK_SECONDS = 0.03
# A timer may fire a little early by its own rounding; then nothing would be due.
_MARGIN = timedelta(milliseconds=10)


@dataclass(frozen=True, slots=True)
class SharedClock:
    """Our time as a file tells it: it runs like the machine's from the instant last set.

    Every process that reads the file agrees, before and after a restart.
    """

    file: Path

    def set(self, ours: datetime) -> None:
        """Let our time go on from an instant."""
        draft = self.file.with_suffix(".new")
        draft.write_text(f"{ours.isoformat()} {datetime.now(UTC).isoformat()}", encoding="ascii")
        draft.replace(self.file)

    def reading(self) -> str:
        """Give what the file says, to see whether it was set anew."""
        return self.file.read_text(encoding="ascii")

    def now(self) -> datetime:
        """Give the present instant."""
        ours, real = self._pair()
        return (ours + (datetime.now(UTC) - real)).astimezone(UTC)

    def to_real(self, instant: datetime) -> datetime:
        """Convert an instant of ours to the machine's."""
        ours, real = self._pair()
        return real + (instant - ours) + _MARGIN

    def _pair(self) -> tuple[datetime, datetime]:
        ours, real = self.reading().split()
        return datetime.fromisoformat(ours), datetime.fromisoformat(real)


class Life(Runtime):
    """One life of the bot; it tells when it has begun, and follows the clock when it is set."""

    def __init__(self, settings: Settings, clock: SharedClock) -> None:
        super().__init__(settings, clock=clock)
        self._shared = clock
        self._following: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        """Begin as always, and say so."""
        reading = self._shared.reading()
        await super().begin()
        self._following = asyncio.create_task(self._follow(reading))
        _say(BEGUN)

    async def _follow(self, reading: str) -> None:
        while True:
            if self._shared.reading() != reading:
                reading = self._shared.reading()
                await self.scheduler.replan()
                await self.tick()
                _say(AT)
            await asyncio.sleep(_LOOK_SECONDS)


def main(file: Path) -> None:
    """Fork a life whenever the word is given; end with the input."""
    asked = json.loads(file.read_text(encoding="utf-8"))
    settings, clock = Settings(**asked["settings"]), SharedClock(Path(asked["clock"]))
    bind = die_with_parent(signal.SIGKILL)
    child = 0
    try:
        for line in sys.stdin:
            if line.strip() != START:
                continue
            if child:
                _say(ENDED, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
            child = os.fork()
            if child == 0:
                if bind is not None:
                    bind()
                _live(settings, clock)
            _say(STARTED, child)
    finally:
        if child:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)


def _live(settings: Settings, clock: SharedClock) -> None:
    try:
        logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")
        asyncio.run(Life(settings, clock).run())
    except BaseException:
        logging.exception("a life ended by itself")
        os._exit(1)
    os._exit(0)


def _say(word: str, number: int = 0) -> None:
    os.write(1, f"{word} {number}\n".encode())


if __name__ == "__main__":
    main(Path(sys.argv[1]))

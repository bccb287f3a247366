"""The bot's process seen from outside: start it, kill it without warning, move its clock.

What happens inside it stands in crash_bot.py; when to kill is decided in crash.py.
"""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

from tests.live.crash_bot import AT, BEGUN, ENDED, START, STARTED, SharedClock
from tests.live.process import die_with_parent, log_tail

_START_SECONDS = 60.0


class BotProcess:
    """Lives of the bot, one after another.

    Args:
        file: the settings that crash_bot reads.
        clock: our time.
        log: where everything it logs goes.
    """

    def __init__(self, file: Path, clock: SharedClock, log: Path) -> None:
        self._file = file
        self._log = log
        self._parent: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._child = 0
        self._started = asyncio.Event()
        self._begun = asyncio.Event()
        self._arrived = asyncio.Event()
        self._steady = asyncio.Lock()
        self.clock = clock
        self.kills = 0
        self.ended_by_itself = 0

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Start the first life, and end the last."""
        with self._log.open("ab") as log:
            self._parent = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "tests.live.crash_bot",
                str(self._file),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                start_new_session=True,
                preexec_fn=die_with_parent(signal.SIGKILL),
            )
        self._reader = asyncio.create_task(self._read())
        try:
            await self._start()
            await self.begun()
            yield
        finally:
            assert self._parent.stdin is not None
            self._parent.stdin.close()
            try:
                await asyncio.wait_for(self._parent.wait(), 10)
            except TimeoutError:
                self._parent.kill()
            self._reader.cancel()

    async def begun(self) -> None:
        """Wait until the present life has taken up what the last one left.

        Raises:
            RuntimeError: it did not in a minute; with the end of its log.
        """
        try:
            await asyncio.wait_for(self._begun.wait(), _START_SECONDS)
        except TimeoutError:
            raise RuntimeError(f"the bot does not begin\n{log_tail([self._log])}") from None

    async def kill(self) -> None:
        """End the present life without warning, and start the next at once."""
        async with self._steady:
            os.kill(self._child, signal.SIGKILL)
            self.kills += 1
            await self._start()

    async def go_to(self, instant: datetime) -> None:
        """Set the clock while the bot is up, so that the pause is no downtime of the bot's."""
        async with self._steady:
            await self.begun()
            self._arrived.clear()
            self.clock.set(instant)
            try:
                await asyncio.wait_for(self._arrived.wait(), _START_SECONDS)
            except TimeoutError:
                raise RuntimeError(f"the bot stands still\n{log_tail([self._log])}") from None

    async def _start(self) -> None:
        assert self._parent is not None
        assert self._parent.stdin is not None
        self._started.clear()
        self._begun.clear()
        self._parent.stdin.write(f"{START}\n".encode())
        await self._parent.stdin.drain()
        try:
            await asyncio.wait_for(self._started.wait(), _START_SECONDS)
        except TimeoutError:
            raise RuntimeError(f"the bot does not start\n{log_tail([self._log])}") from None

    async def _read(self) -> None:
        assert self._parent is not None
        assert self._parent.stdout is not None
        async for line in self._parent.stdout:
            word, number = line.decode().split()
            if word == STARTED:
                self._child = int(number)
                self._begun.clear()  # a word of the last life may have stood in the pipe
                self._started.set()
            elif word == BEGUN:
                self._begun.set()
            elif word == AT:
                self._arrived.set()
            elif word == ENDED and int(number) != -signal.SIGKILL:
                self.ended_by_itself += 1

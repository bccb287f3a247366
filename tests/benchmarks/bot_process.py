"""The bot as a process of its own, so that its time and memory are its own and nobody else's.

Started with one file of JSON: the settings, and how far its clock is ahead of the machine's (a
reminder is only given in office hours). It tells when the first sync has been stored.
"""

# ruff: noqa: E402
from bot.interpreter import load_fast

load_fast()  # as the bot itself begins, before anything is loaded

import asyncio
import contextlib
import json
import logging
import signal
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.app import Runtime
from bot.config import Settings
from bot.platforms.matrix import MatrixPlatform, Policy, Secrecy
from bot.ports import Batch, Mailbox
from bot.process import ScrubbingFilter
from tests.benchmarks.stall import StallProbe, say


class ShiftedClock:
    """The machine's time and a fixed distance."""

    def __init__(self, ahead: timedelta) -> None:
        self._ahead = ahead

    def now(self) -> datetime:
        """Give the shifted instant."""
        return datetime.now(UTC) + self._ahead

    def to_real(self, instant: datetime) -> datetime:
        """Give the machine's instant."""
        return instant - self._ahead


class AnnouncingMailbox:
    """The bot's mailbox, which says when it has stored the first batch."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox
        self._announced = False

    async def position(self, platform: str) -> str | None:
        """Give the mailbox's own."""
        return await self._mailbox.position(platform)

    async def accept(self, platform: str, batch: Batch) -> None:
        """Store, then say so, once."""
        await self._mailbox.accept(platform, batch)
        if not self._announced:
            self._announced = True
            say(synced=True)


class AnnouncingMatrix(MatrixPlatform):
    """The real platform, listening into an announcing mailbox."""

    async def listen(self, mailbox: Mailbox) -> None:
        """Read for ever."""
        await super().listen(AnnouncingMailbox(mailbox))


def secrecy(settings: Settings) -> Secrecy | None:
    """Say how the account encrypts, where it does: keys go to cross-signed devices only."""
    return Secrecy(folder=settings.data, policy=Policy()) if settings.matrix.encryption else None


async def run(settings: Settings, ahead: timedelta) -> None:
    """Run until SIGTERM."""
    platform = AnnouncingMatrix(
        homeserver_url=settings.matrix.homeserver,
        user_id=settings.matrix.user,
        password=settings.password(),
        token=None,
        device_file=settings.data / "matrix-device.json",
        secrecy=secrecy(settings),
    )
    runtime = Runtime(settings, platform=platform, clock=ShiftedClock(ahead))
    StallProbe().obey()
    bot = asyncio.create_task(runtime.run())
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, bot.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await bot


def main() -> None:
    """Read the file that is named and run."""
    logging.basicConfig(level=logging.WARNING)
    for handler in logging.getLogger().handlers:
        handler.addFilter(ScrubbingFilter())
    given = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    ahead = timedelta(seconds=given["ahead_seconds"])
    asyncio.run(run(Settings(**given["settings"]), ahead))


if __name__ == "__main__":
    main()

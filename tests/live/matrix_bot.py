"""The bot's side of the live Matrix tests: an account, a mailbox in memory, and listening."""

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

from bot.platforms.matrix import LoggedOut, MatrixPlatform
from bot.ports import Batch, IncomingMessage, Kind
from tests.live.client import MatrixUser
from tests.live.homeserver import Homeserver

PASSWORD = "correct horse"


class Box:
    """A mailbox in memory that keeps its promises: each event once, with the position."""

    def __init__(self, stored: str | None = None) -> None:
        self.stored = stored
        self.events: list[IncomingMessage] = []
        self.news = asyncio.Condition()

    async def position(self, platform: str) -> str | None:
        """Give the position of the only platform."""
        assert platform == "matrix"
        return self.stored

    async def accept(self, platform: str, batch: Batch) -> None:
        """Keep a batch; an event that comes twice is a mistake of the adapter."""
        assert platform == "matrix"
        async with self.news:
            known = {event.event_id for event in self.events}
            assert not known & {event.event_id for event in batch.events}
            self.events += batch.events
            self.stored = batch.position
            self.news.notify_all()

    async def until(self, count: int, kind: Kind | None = None, within: float = 20) -> None:
        """Wait until that many events (of the kind) have come."""
        async with asyncio.timeout(within), self.news:
            await self.news.wait_for(lambda: len(self.of(kind)) >= count)

    async def ready(self, within: float = 20) -> None:
        """Wait until the first position is stored."""
        async with asyncio.timeout(within), self.news:
            await self.news.wait_for(lambda: self.stored is not None)

    def of(self, kind: Kind | None) -> list[IncomingMessage]:
        """Give the events of a kind, or all."""
        return [event for event in self.events if kind in (None, event.kind)]


class Bot:
    """A registered account and the folder of its device."""

    def __init__(self, homeserver: Homeserver, user_id: str, folder: Path) -> None:
        self.homeserver = homeserver
        self.user_id = user_id
        self.device_file = folder / "private" / "device.json"

    @classmethod
    async def register(cls, homeserver: Homeserver, folder: Path) -> "Bot":
        """Make a fresh account."""
        account = await homeserver.register(f"bot-{uuid.uuid4().hex[:8]}", PASSWORD)
        return cls(homeserver, account.user_id, folder)

    @contextlib.asynccontextmanager
    async def running(self, *, password: str | None = PASSWORD) -> AsyncIterator[MatrixPlatform]:
        """Run the platform for a while, as one life of the process."""
        platform = MatrixPlatform(
            self.homeserver.base_url, self.user_id, password, None, self.device_file
        )
        try:
            await platform.start()
            yield platform
        finally:
            await platform.stop()


@contextlib.asynccontextmanager
async def listening(platform: MatrixPlatform, box: Box) -> AsyncIterator[asyncio.Task[None]]:
    """Let the platform read into the box meanwhile."""
    task = asyncio.create_task(platform.listen(box))
    try:
        await box.ready()
        yield task
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError, LoggedOut):
            await task


async def person(homeserver: Homeserver, name: str) -> MatrixUser:
    """Register somebody whose name nobody else has, and let them in."""
    account = await homeserver.register(f"{name}-{uuid.uuid4().hex[:8]}", PASSWORD)
    return MatrixUser(
        homeserver.base_url, user_id=account.user_id, access_token=account.access_token
    )

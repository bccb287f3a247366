"""The relay on a chat service that limits or fails: whose turn it is, and how often it asks."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest

from bot.outbox import Relay
from bot.ports import File, Letter, MayBeSent, NotSent, Platform, Removal, Text
from storage.database import Database
from storage.outbox import Queued
from storage.unit_of_work import UnitOfWork
from tests.fakes import FakeClock, FakePlatform

pytestmark = [
    pytest.mark.asyncio,
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)


class Limited(FakePlatform):
    """A chat that takes `burst` messages at once and then one each so many seconds."""

    burst = 6
    seconds = 0.03

    def begin(self) -> None:
        """Begin with a full bucket."""
        self.order: list[str] = []
        self.asked: list[float] = []
        self.free = asyncio.get_running_loop().time() - self.burst * self.seconds

    async def send(self, key: str, room: str, payload: Text | File | Removal | Letter) -> str:
        """Post, or say when to come back."""
        now = asyncio.get_running_loop().time()
        self.asked.append(now)
        self.free = max(self.free, now - self.burst * self.seconds)
        if now < self.free:
            raise NotSent("429 M_LIMIT_EXCEEDED", timedelta(seconds=self.free - now))
        self.free += self.seconds
        self.order.append(room)
        return await super().send(key, room, payload)


class Failing(Limited):
    """A chat behind a proxy that answers 502 alone."""

    async def send(self, key: str, room: str, payload: Text | File | Removal | Letter) -> str:
        """Fail."""
        self.asked.append(asyncio.get_running_loop().time())
        raise MayBeSent("502 Bad Gateway")


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """Open an empty database."""
    database = Database(database_url)
    yield database
    database.close()


@asynccontextmanager
async def relay_of(
    database: Database, chat: Platform, jitter: Callable[[], float] = random.random
) -> AsyncIterator[Relay]:
    """Run a relay; leaving it kills whatever still runs."""
    tasks: list[asyncio.Task[None]] = []

    async def told(*_: object) -> None:
        return None

    def spawn(work: Coroutine[object, object, None]) -> None:
        async def run() -> None:
            await work

        tasks.append(asyncio.create_task(run()))

    yield Relay(
        platform=chat,
        database=database,
        clock=FakeClock(NOW),
        spawn=spawn,
        failed=told,
        completed=told,
        slow=told,
        jitter=jitter,
    )
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def waiting(database: Database, rooms: Sequence[str], each: int) -> Sequence[Queued]:
    """Let so many messages wait for each room."""
    rows = [
        Queued(
            key=f"{room}/{number}",
            platform="matrix",
            room=room,
            kind="text",
            text=f"{number}",
            created_at=NOW,
        )
        for room in rooms
        for number in range(each)
    ]

    def add(uow: UnitOfWork) -> None:
        for row in rows:
            uow.outbox.add(row)

    database.now(add)
    return rows


async def until(true: Callable[[], bool], within: float = 20.0) -> None:
    """Wait for something to be true."""
    async with asyncio.timeout(within):
        while not true():
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("rooms", [2, 3, 4])
async def test_limits_are_shared_by_the_rooms(database: Database, rooms: int) -> None:
    """While the server limits the account every room has its turn; each message arrives once."""
    chat, names = Limited(), [f"!{n}" for n in range(rooms)]
    chat.begin()
    for name in names:
        chat.add_room(name, set())
    # Limits of milliseconds want pauses of milliseconds.
    async with relay_of(database, chat, lambda: -0.45) as relay:
        relay.post(waiting(database, names, 20))
        await until(lambda: relay.idle)
    for name in names:
        assert [p.text for p in chat.rooms[name]] == [str(n) for n in range(20)]
    settled = chat.order[12 * rooms // 2 : -5 * rooms]  # once all lanes wait for their turns
    served = Counter(settled)
    assert max(served.values()) - min(served[n] for n in names) <= 3, chat.order


async def test_a_failing_server_is_asked_gently_whatever_waits(database: Database) -> None:
    """A hundred rooms wait while a proxy answers 502: two requests a second, not a hundred."""
    chat, names = Failing(), [f"!{n}" for n in range(100)]
    chat.begin()
    async with relay_of(database, chat) as relay:
        relay.post(waiting(database, names, 1))
        await asyncio.sleep(4)
    begin = chat.asked[0]
    # What had left before the first refusal was heard can't be taken back.
    assert len([at for at in chat.asked if at > begin + 0.5]) <= 8

"""A homeserver that is away for an hour: how often it is asked, and how soon the bot is back.

The hour takes no time: where nothing is left to do, the loop's clock goes on to the next timer.
"""

import asyncio
import selectors
from collections.abc import Awaitable, Callable
from itertools import pairwise
from statistics import pstdev
from typing import TypeVar

import pytest

from bot.platforms.matrix.encryption import Encryption
from bot.platforms.matrix.errors import Refused, RequestFailed, Unreachable
from bot.platforms.matrix.lenient import Json
from bot.platforms.matrix.sync import Reader
from bot.platforms.matrix.transport import Transport
from bot.ports import Batch

BOT, ROOM, HOUR = "@bot:hem.test", "!rum:hem.test", 3600.0
T = TypeVar("T")

ABSENT = Unreachable("nobody listens")
GATEWAY = Refused(502, "", "Bad Gateway")
DEFECT = Refused(500, "M_UNKNOWN", "Internal server error")
IMPATIENT = Refused(429, "M_LIMIT_EXCEEDED", "Too Many Requests")


class _Skipping(selectors.DefaultSelector):
    """Waits for nothing but remembers how long it should have."""

    skipped = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Look at once; in place of waiting let the time pass."""
        found = super().select(0)
        if not found and timeout is not None and timeout > 0:
            self.skipped += timeout
        return found


class _Loop(asyncio.SelectorEventLoop):
    """An event loop in which waiting takes no time. It knows no threads and no network."""

    def __init__(self) -> None:
        self._skipping = _Skipping()
        super().__init__(self._skipping)

    def time(self) -> float:
        """Give the machine's time, and what was skipped."""
        return super().time() + self._skipping.skipped


def in_no_time(work: Callable[[], Awaitable[T]]) -> T:
    """Do something that waits long."""

    async def run() -> T:
        return await work()

    with asyncio.Runner(loop_factory=_Loop) as runner:
        return runner.run(run())


class Away(Transport):
    """A homeserver that fails for an hour, then tells what was said meanwhile, then nothing."""

    def __init__(self, failure: RequestFailed) -> None:
        super().__init__("http://127.0.0.1:1", BOT, "matrix-device.json")
        self._failure = failure
        self._begins = asyncio.get_running_loop().time()
        self.asked: list[float] = []
        """Seconds after the beginning."""

    async def get(self, address: str, *, seconds: float = 0.0) -> Json:
        """Answer a request for what is new."""
        now = asyncio.get_running_loop().time() - self._begins
        if "since=s1" not in address:
            await asyncio.sleep(HOUR)
        self.asked.append(now)
        if now < HOUR:
            raise self._failure
        words = {"msgtype": "m.text", "body": "Är du där?"}
        said = {"type": "m.room.message", "event_id": "$1", "sender": "@a:b", "content": words}
        return {"next_batch": "s2", "rooms": {"join": {ROOM: {"timeline": {"events": [said]}}}}}


class Box:
    """A mailbox in memory that knows when something came."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.came = asyncio.Event()

    async def position(self, platform: str) -> str | None:
        """Give the position from before."""
        return "s1"

    async def accept(self, platform: str, batch: Batch) -> None:
        """Keep a batch."""
        self.heard += [event.text for event in batch.events]
        self.came.set()


async def ride_out(failure: RequestFailed) -> tuple[list[float], list[str]]:
    """Read until the hour is over; give when the homeserver was asked, and what was heard."""
    transport, box = Away(failure), Box()
    reader = Reader(transport, "matrix", BOT, Encryption(transport), None)
    reading = asyncio.create_task(reader.run(box))
    await box.came.wait()
    reading.cancel()
    await asyncio.wait([reading])
    return transport.asked, box.heard


@pytest.mark.parametrize(
    "failure",
    [Unreachable("refused"), GATEWAY, DEFECT, IMPATIENT],
    ids=["none", "502", "500", "429"],
)
def test_an_hour_without_a_homeserver(failure: RequestFailed) -> None:
    """Few requests, never two within a second, at uneven times; then back in a minute."""
    asked, heard = in_no_time(lambda: ride_out(failure))
    pauses = [later - earlier for earlier, later in pairwise(asked)]
    assert 60 <= len(asked) < 100
    assert min(pauses) >= 1.0
    assert max(pauses) <= 60.1
    assert pauses[:4] == sorted(pauses[:4])
    assert pstdev(pauses[8:]) > 2.0, "bots that fell silent together must not come back together"
    assert asked[-2] < HOUR <= asked[-1] <= HOUR + 60.1
    assert heard == ["Är du där?"]

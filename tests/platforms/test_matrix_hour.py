"""How often a homeserver is asked: one that is away for an hour, one that is told a round.

The waiting takes no time: where nothing is left to do, the loop's clock goes on to the next timer.
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
ECHOES = 5
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


class Echoing(Transport):
    """A homeserver that tells our own messages one by one, then somebody's, then nothing."""

    def __init__(self, writing: int) -> None:
        super().__init__("http://127.0.0.1:1", BOT, "matrix-device.json")
        self.writing = writing
        self.asked: list[float] = []

    async def get(self, address: str, *, seconds: float = 0.0) -> Json:
        """Answer a request for what is new."""
        number = len(self.asked)
        self.asked.append(asyncio.get_running_loop().time())
        if number > ECHOES:
            await asyncio.sleep(HOUR)
        sender = BOT if number < ECHOES else "@a:b"
        words = {"msgtype": "m.text", "body": "Jag hör"}
        said = {"type": "m.room.message", "sender": sender, "content": words}
        timeline = {"events": [{**said, "event_id": f"${number}"}]}
        return {"next_batch": f"s{number}", "rooms": {"join": {ROOM: {"timeline": timeline}}}}


async def listen_on(writing: int) -> list[float]:
    """Read until somebody is heard and asked after once more; give the pauses between requests."""
    transport, box = Echoing(writing), Box()
    reader = Reader(transport, "matrix", BOT, Encryption(transport), None)
    reading = asyncio.create_task(reader.run(box))
    await box.came.wait()
    while len(transport.asked) < ECHOES + 2:
        await asyncio.sleep(0)
    reading.cancel()
    await asyncio.wait([reading])
    assert box.heard == ["Jag hör"]
    return [later - earlier for earlier, later in pairwise(transport.asked)]


def test_echoes_of_a_round_are_asked_for_seldom() -> None:
    """Each answer costs the homeserver much; whoever has been heard may go on at once."""
    *echoes, heard = in_no_time(lambda: listen_on(50))
    assert len(echoes) == ECHOES
    assert min(echoes) >= 1.0
    assert heard < 0.5


def test_the_echo_of_a_reply_delays_nobody() -> None:
    """With a few messages under way the next request goes out at once."""
    assert max(in_no_time(lambda: listen_on(3))) < 0.5

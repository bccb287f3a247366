"""A homeserver that limits: each endpoint the bot needs says 429 before it does anything.

Time passes faster than on the wall, so that the pauses of the bot cost little.
"""

import asyncio
import selectors
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from bot.platforms.matrix import MatrixPlatform, Policy, Secrecy
from bot.ports import File, Kind, NotSent, Removal, Text
from tests.live.client import current_text
from tests.live.faults_line import endpoint
from tests.live.homeserver import Homeserver
from tests.live.matrix_bot import PASSWORD, Bot, Box, listening, person
from tests.live.proxy import Answer, Forward, Proxy, Request

HASTE = 25
"""So many seconds pass in one."""
POLL_MS = 400
T = TypeVar("T")

_NEEDED = {
    "POST login",
    "POST keys/upload",
    "POST keys/query",
    "POST keys/device_signing",
    "POST keys/signatures",
    "PUT account_data",
    "GET sync",
    "GET messages",
    "POST join",
    "POST leave",
    "GET state",
    "PUT send",
    "PUT redact",
    "GET media/config",
    "POST media/upload",
    "GET account_data",
    "GET joined_rooms",
    "GET profile",
    "PUT createRoom",
    "POST keys/claim",
    "PUT sendToDevice",
    "GET room_keys",
    "POST room_keys",
    "PUT room_keys",
}
_WHO = "GET account/whoami"


class _Hasty(selectors.DefaultSelector):
    """Waits for a fraction of the time."""

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Wait for something to happen."""
        return super().select(None if timeout is None else timeout / HASTE)


class _Loop(asyncio.SelectorEventLoop):
    """An event loop whose clock runs faster."""

    def __init__(self) -> None:
        super().__init__(_Hasty())

    def time(self) -> float:
        """Give the seconds that have passed here."""
        return super().time() * HASTE


class Line:
    """Between a client and the homeserver: nothing waits long, and new events come one by one."""

    def __init__(self) -> None:
        self.limited: set[str] = set()
        self.passed: set[str] = set()

    async def calm(self, request: Request, forward: Forward) -> Answer:
        """Let a reading wait no longer than this loop's clock allows."""
        if request.path.endswith("/sync"):
            query = request.query.replace("timeout=30000", f"timeout={POLL_MS}")
            # What is more than one event of a room has to be read from its history.
            request = replace(request, query=query.replace("%22limit%22%3A100", "%22limit%22%3A1"))
        return await forward(request)

    async def limit(self, request: Request, forward: Forward) -> Answer:
        """Refuse the first request of each kind, and say when to come back."""
        what = f"{request.method} {endpoint(request)}"
        if what in self.limited:
            answer = await self.calm(request, forward)
            self.passed |= {what} if answer.status in (200, 404) else set()
            return answer
        self.limited.add(what)
        refusal = {"errcode": "M_LIMIT_EXCEEDED", "error": "Too Many Requests"}
        return Answer.of_json(429, refusal | {"retry_after_ms": 75})

    async def all_passed(self) -> None:
        """Wait until each kind that was refused has been let through, in the background too."""
        async with asyncio.timeout(20 * HASTE):
            while not self.passed >= _NEEDED:
                await asyncio.sleep(1)


async def insist(step: Callable[[], Awaitable[T]]) -> T:
    """Do something, again when it was not done, after the time asked for."""
    while True:
        try:
            return await step()
        except NotSent as error:  # a limit leaves no doubt: MayBeSent is a mistake
            if error.retry_after is None:
                raise
            await asyncio.sleep(error.retry_after.total_seconds())


def platform_of(bot: Bot, address: str) -> MatrixPlatform:
    """Give an account that encrypts."""
    folder = bot.device_file.parent
    secrecy = Secrecy(folder=folder, policy=Policy())
    return MatrixPlatform(address, bot.user_id, PASSWORD, None, bot.device_file, secrecy)


async def _everything_limited(homeserver: Homeserver, folder: Path) -> None:
    ours = await Bot.register(homeserver, folder / "bot")
    theirs = await Bot.register(homeserver, folder / "anna")
    heard, read, line, calm = Box(), Box(), Line(), Line()
    async with (
        Proxy(homeserver.base_url, line.limit) as near,
        Proxy(homeserver.base_url, calm.calm) as far,
        await person(homeserver, "kim") as kim,
    ):
        bot, anna = platform_of(ours, near.url), platform_of(theirs, far.url)
        await anna.start()
        await bot.start()
        try:
            async with listening(anna, read), listening(bot, heard):
                room = await kim.create_room("BRÅ", [ours.user_id])
                await heard.until(1, Kind.INVITATION, within=20 * HASTE)
                await insist(lambda: bot.join(room))
                for words in ("ett", "två", "tre"):
                    await kim.send(room, words)
                hello = Text(markdown="Hej")
                event = await insist(lambda: bot.send("k1", room, hello))
                report = File(name="läge.pdf", media_type="application/pdf", content=b"%PDF")
                await insist(lambda: bot.send("k2", room, report))
                await insist(lambda: bot.send("k3", room, Removal(target=event)))
                assert (await insist(lambda: bot.health(room))).may_write
                direct = await insist(lambda: bot.open_direct("d", theirs.user_id))
                await read.until(1, Kind.INVITATION, within=20 * HASTE)
                await anna.join(direct)
                await insist(lambda: bot.send("k4", direct, Text(markdown="Hemligt")))
                await read.until(1, Kind.MESSAGE, within=20 * HASTE)
                await heard.until(3, Kind.MESSAGE, within=20 * HASTE)
                stands = [m.body for m in current_text(await kim.messages(room))]
                await insist(lambda: bot.decline(room))
                await line.all_passed()
        finally:
            await bot.stop()
            await anna.stop()
        again = platform_of(ours, near.url)
        await again.start()
        await again.stop()
    assert [m.text for m in heard.of(Kind.MESSAGE)] == ["ett", "två", "tre"]
    assert [(m.room, m.text) for m in read.of(Kind.MESSAGE)] == [(direct, "Hemligt")]
    assert stands == ["ett", "två", "tre", "läge.pdf"]
    assert line.limited == _NEEDED | {_WHO}


def test_every_endpoint_may_limit(homeserver: Homeserver, tmp_path: Path) -> None:
    """Start, reading, rooms, messages, files, keys: each gets its way in the end, and once."""
    with asyncio.Runner(loop_factory=_Loop) as runner:
        runner.run(_everything_limited(homeserver, tmp_path))

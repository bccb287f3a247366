"""The very first start beside a homeserver that does not answer yet: the bot waits and comes up."""

import asyncio
import contextlib
import json
import logging
import time
import uuid
from functools import partial
from pathlib import Path

import pytest

from bot.app import Runtime
from bot.config import Administrator, Matrix, Municipality, Rooms, Settings
from bot.platforms.matrix import MatrixPlatform, platform, sync
from bot.platforms.matrix.pause import Pause
from tests.live.client import MatrixUser, current_text
from tests.live.connection import API, Connection
from tests.live.homeserver import Homeserver
from tests.live.matrix_bot import PASSWORD, Bot, person
from tests.live.proxy import Answer, Cut, Forward, Proxy, Request
from tests.stories.world import TEMPLATES

pytestmark = pytest.mark.asyncio
WAITS = "the start waits for the homeserver"
BAD_GATEWAY = Answer.of(502, b"<h1>Bad Gateway</h1>", "text/html", {})
FORBIDDEN = Answer.of(403, b"<h1>Forbidden</h1>", "text/html", {})


class NotYet:
    """A proxy's hook: each kind of request fails twice before the first reading.

    First it never reaches the homeserver, then the homeserver acts and is not heard.
    """

    def __init__(self) -> None:
        self.seen: dict[str, int] = {}
        self.over = False

    async def __call__(self, request: Request, forward: Forward) -> Answer:
        """Refuse, cut, or pass on."""
        self.over = self.over or request.path.endswith("/sync")
        if self.over:
            return await forward(request)
        kind = f"{request.method} {request.path}"
        self.seen[kind] = self.seen.get(kind, 0) + 1
        if self.seen[kind] == 1:
            return FORBIDDEN if request.path.endswith("/login") else BAD_GATEWAY
        if self.seen[kind] == 2:
            raise Cut(await forward(request))
        return await forward(request)


def settings(address: str, bot: str, kim: MatrixUser, office: str, folder: Path) -> Settings:
    """Give the settings of an installation that encrypts."""
    return Settings(
        municipality=Municipality(name="Exempelby kommun", places=("Björbo",)),
        matrix=Matrix(homeserver=address, user=bot, password=PASSWORD),
        administrator=Administrator(name="Kim Samordnare", account=kim.user_id),
        rooms=Rooms(office=office),
        database=f"sqlite:///{folder / 'bot.db'}",
        data=folder,
        templates=TEMPLATES,
    )


async def test_every_request_of_the_first_start_may_be_lost(
    homeserver: Homeserver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bot comes up, replies, and has one device, one identity and one secret storage."""
    for module in (platform, sync):
        monkeypatch.setattr(module, "Pause", partial(Pause, 0.05, 0.1))
    bot = await homeserver.register(f"bot-{uuid.uuid4().hex[:8]}", PASSWORD)
    async with Connection(homeserver.base_url, access_token=bot.access_token) as door:
        await door.call("POST", f"{API}/logout", {})
    line = NotYet()
    async with await person(homeserver, "kim") as kim, Proxy(homeserver.base_url, line) as proxy:
        office = await kim.create_room("Samordning", [bot.user_id])
        runtime = Runtime(settings(proxy.url, bot.user_id, kim, office, tmp_path))
        running = asyncio.create_task(runtime.run())
        try:
            await answered(kim, bot.user_id, office, running)
            await one_of_each(homeserver, tmp_path / "matrix-device.json", bot.user_id)
        finally:
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running
    assert line.seen[f"POST {API}/login"] == 3
    assert len(line.seen) > 8


async def answered(kim: MatrixUser, bot: str, office: str, running: asyncio.Task[None]) -> None:
    """Wait until the bot has joined and answers."""
    asked = False
    async with asyncio.timeout(15):
        while True:
            assert not running.done(), running.exception()
            shown = current_text(await kim.messages(office))
            if any(message.sender == bot and "!" in message.body for message in shown):
                return
            members = await kim.call("GET", f"{API}/rooms/{office}/joined_members")
            if not asked and bot in members["joined"]:
                await kim.send(office, "!hjälp")
                asked = True
            await asyncio.sleep(0.1)


async def one_of_each(homeserver: Homeserver, file: Path, bot: str) -> None:
    """Look at what the account has."""
    device = json.loads(file.read_text(encoding="utf-8"))
    async with Connection(homeserver.base_url, access_token=device["access_token"]) as door:
        devices = (await door.call("GET", f"{API}/devices"))["devices"]
        data = await door.call("GET", f"{API}/sync", query={"timeout": "0"})
        keys = await door.call("POST", f"{API}/keys/query", {"device_keys": {bot: []}})
    assert [d["device_id"] for d in devices] == [device["device_id"]]
    kinds = [event["type"] for event in data["account_data"]["events"]]
    assert len([kind for kind in kinds if kind.startswith("m.secret_storage.key.")]) == 1
    signatures = keys["device_keys"][bot][device["device_id"]]["signatures"][bot]
    assert f"ed25519:{device['device_id']}" in signatures
    assert len(signatures) == 2
    assert [path.name for path in file.parent.glob("*.chosen")] == []


async def test_the_first_start_waits_politely_and_can_be_stopped(
    homeserver: Homeserver, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Two requests a second at the most, one line in the log, and a stop that is heard at once."""
    asked: list[float] = []

    async def refuse(request: Request, forward: Forward) -> Answer:
        asked.append(time.monotonic())
        if len(asked) == 1:
            raise Cut
        return BAD_GATEWAY

    bot = await Bot.register(homeserver, tmp_path)
    async with Proxy(homeserver.base_url, refuse) as proxy:
        platform = MatrixPlatform(proxy.url, bot.user_id, PASSWORD, None, bot.device_file)
        with caplog.at_level(logging.WARNING):
            start = asyncio.create_task(platform.start())
            await asyncio.sleep(3.5)
        began = time.monotonic()
        start.cancel()
        with pytest.raises(asyncio.CancelledError):
            await start
        await platform.stop()
    assert time.monotonic() - began < 1
    assert len(asked) >= 2
    assert all(later - earlier > 1 for earlier, later in zip(asked, asked[2:], strict=False))
    assert [r.getMessage()[: len(WAITS)] for r in caplog.records] == [WAITS]
    async with bot.running():
        pass


async def test_a_homeserver_that_is_not_up_yet_is_waited_for(
    homeserver: Homeserver, tmp_path: Path
) -> None:
    """Nobody listens when the bot is started for the first time; then somebody does."""
    bot = await Bot.register(homeserver, tmp_path)
    async with Proxy(homeserver.base_url) as proxy:
        platform = MatrixPlatform(proxy.url, bot.user_id, PASSWORD, None, bot.device_file)
        async with proxy.refusing():
            start = asyncio.create_task(platform.start())
            await asyncio.sleep(0.5)
            assert not start.done()
        async with asyncio.timeout(10):
            await start
        await platform.stop()
    assert bot.device_file.exists()

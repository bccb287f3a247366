"""A line that breaks after the homeserver has acted and before it is heard."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.platforms.matrix import MatrixPlatform
from bot.ports import MayBeSent, Text
from tests.live.client import current_text
from tests.live.homeserver import Homeserver
from tests.live.matrix_bot import PASSWORD, Bot, person

pytestmark = pytest.mark.asyncio


class BrokenLine:
    """Passes everything on, except the answer to the first request that holds certain words."""

    def __init__(self, port: int, words: bytes) -> None:
        self._port = port
        self._words = words
        self.broken = 0

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[str]:
        """Give the address to use instead of the homeserver's."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        async with server:
            yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"

    async def _serve(self, near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        far, forth = await asyncio.open_connection("127.0.0.1", self._port)
        with contextlib.suppress(ConnectionError):
            while request := await near.read(1 << 16):
                forth.write(request)
                answer = await far.read(1 << 16)
                if self._words in request and not self.broken:
                    self.broken += 1
                    break
                back.write(answer)
        forth.close()
        back.close()


async def test_a_room_made_unheard_is_found(homeserver: Homeserver, tmp_path: Path) -> None:
    """The answer to the making of a room is lost; the next try finds that room."""
    bot = await Bot.register(homeserver, tmp_path)
    line = BrokenLine(homeserver.port, b"createRoom")
    async with await person(homeserver, "anna") as anna, line.open() as address:
        platform = MatrixPlatform(address, bot.user_id, PASSWORD, None, bot.device_file)
        await platform.start()
        with contextlib.suppress(MayBeSent):  # the HTTP client may have tried again by itself
            await platform.open_direct("d", anna.user_id)
        room = await platform.open_direct("d", anna.user_id)
        await anna.sync_once()
        await platform.stop()
    assert line.broken == 1
    assert {event["room_id"] for event in anna.seen} == {room}


async def test_a_message_posted_unheard_stays_one(homeserver: Homeserver, tmp_path: Path) -> None:
    """The answer to a message is lost; trying again posts nothing more."""
    bot = await Bot.register(homeserver, tmp_path)
    line = BrokenLine(homeserver.port, b"/send/m.room.message/")
    async with await person(homeserver, "anna") as anna, line.open() as address:
        platform = MatrixPlatform(address, bot.user_id, PASSWORD, None, bot.device_file)
        await platform.start()
        room = await platform.open_direct("d", anna.user_id)
        await anna.join(room)
        with contextlib.suppress(MayBeSent):  # the HTTP client may have tried again by itself
            await platform.send("k", room, Text(markdown="Hej"))
        await platform.send("k", room, Text(markdown="Hej"))
        await platform.stop()
        shown = current_text(await anna.messages(room))
    assert line.broken == 1
    assert [message.body for message in shown] == ["Hej"]

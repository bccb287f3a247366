"""The Matrix adapter hearing, on a real homeserver: nothing twice, nothing lost, no storm."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import pytest
import pytest_asyncio

from bot.platforms.matrix import LoggedOut, MatrixPlatform
from bot.ports import Batch, Kind, NeverWillBe, Text
from tests.live.client import MatrixUser
from tests.live.connection import API, path_of
from tests.live.homeserver import Homeserver
from tests.live.matrix_bot import Bot, Box, listening, person

pytestmark = pytest.mark.asyncio


class Scene(NamedTuple):
    """The bot listening in Anna's room."""

    bot: Bot
    platform: MatrixPlatform
    box: Box
    task: asyncio.Task[None]
    anna: MatrixUser
    room: str


@pytest_asyncio.fixture
async def scene(homeserver: Homeserver, tmp_path: Path) -> AsyncIterator[Scene]:
    """Let the bot listen, be invited and accept."""
    bot, box = await Bot.register(homeserver, tmp_path), Box()
    async with (
        await person(homeserver, "anna") as anna,
        bot.running() as platform,
        listening(platform, box) as task,
    ):
        room = await anna.create_room("BRÅ", [bot.user_id])
        await box.until(1, Kind.INVITATION)
        await platform.join(room)
        yield Scene(bot, platform, box, task, anna, room)


async def test_all_kinds_are_heard_in_order(scene: Scene) -> None:
    """A message, edit, reaction, reply, thread, file and deletion, each once."""
    _, platform, box, _, anna, room = scene
    asked = await platform.send("k", room, Text(markdown="Hur många?"))
    first = await anna.send(room, "12")
    await anna.edit(room, first, "13")
    await anna.react(room, asked, "✅")
    await anna.send(room, "svar", reply_to=asked)
    await anna.send(room, "i tråden", thread=asked)
    await anna.send_file(room, "a.xlsx", b"PK")
    await anna.redact(room, first)
    await box.until(8)
    assert [(e.kind, e.text, e.target, e.thread) for e in box.events[1:]] == [
        (Kind.MESSAGE, "12", None, None),
        (Kind.EDIT, "13", first, None),
        (Kind.REACTION, "✅", asked, None),
        (Kind.MESSAGE, "svar", asked, None),
        (Kind.MESSAGE, "i tråden", None, asked),
        (Kind.FILE, "a.xlsx", None, None),
        (Kind.DELETION, "", first, None),
    ]
    assert {(e.room, e.sender) for e in box.events} == {(room, anna.user_id)}


async def test_people_coming_and_going_are_heard(scene: Scene) -> None:
    """Arrival, departure, and our own removal."""
    bot, _, box, _, anna, room = scene
    async with await person(bot.homeserver, "bo") as bo:
        await anna.invite(room, bo.user_id)
        await bo.join(room)
        await bo.leave(room)
        await anna.call("POST", path_of("rooms", room, "kick"), {"user_id": bot.user_id})
        await box.until(4)
        assert [(e.kind, e.sender) for e in box.events[1:]] == [
            (Kind.ARRIVAL, bo.user_id),
            (Kind.DEPARTURE, bo.user_id),
            (Kind.DEPARTURE, bot.user_id),
        ]


async def test_a_second_invitation_is_heard_too(scene: Scene) -> None:
    """Invited, gone and invited again: two invitations, the direct one marked."""
    bot, platform, box, _, anna, room = scene
    await platform.decline(room)
    await anna.invite(room, bot.user_id)
    await box.until(2, Kind.INVITATION)
    direct = await anna.create_room("", [bot.user_id], is_direct=True)
    await box.until(3, Kind.INVITATION)
    found = [(e.room, e.is_direct) for e in box.of(Kind.INVITATION)]
    assert found == [(room, False), (room, False), (direct, True)]


async def test_what_was_said_before_the_first_start_is_left_alone(
    homeserver: Homeserver, tmp_path: Path
) -> None:
    """Old messages are no commands, but an invitation that waits is answered."""
    bot, box = await Bot.register(homeserver, tmp_path), Box()
    async with await person(homeserver, "anna") as anna, bot.running() as platform:
        old = await anna.create_room("gammalt", [bot.user_id])
        await platform.join(old)
        await anna.send(old, "!öppna")
        waiting = await anna.create_room("väntar", [bot.user_id])
        async with listening(platform, box):
            await anna.send(old, "!läget")
            await box.until(1, Kind.MESSAGE)
    assert [(e.kind, e.room, e.text) for e in box.events] == [
        (Kind.INVITATION, waiting, ""),
        (Kind.MESSAGE, old, "!läget"),
    ]


async def test_a_rooms_past_is_not_ours(scene: Scene) -> None:
    """Only what was said since the invitation counts, also while we had not joined yet."""
    bot, platform, box, _, anna, _ = scene
    room = await anna.create_room("SAMSA")
    await anna.send(room, "!publicera")
    await anna.invite(room, bot.user_id)
    await box.until(2, Kind.INVITATION)
    await anna.send(room, "hjälp")
    await platform.join(room)
    await anna.send(room, "!läget")
    await box.until(2, Kind.MESSAGE)
    assert [e.text for e in box.of(Kind.MESSAGE)] == ["hjälp", "!läget"]


async def test_a_night_of_messages_arrives_in_order(scene: Scene) -> None:
    """More than one answer holds, said while the bot was down: all, once, in order."""
    bot, platform, box, task, anna, room = scene
    await anna.send(room, "god natt")
    await box.until(1, Kind.MESSAGE)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    await platform.stop()
    for n in range(150):
        await anna.send(room, f"nr {n}")
    async with bot.running() as reborn, listening(reborn, box):
        await anna.send(room, "god morgon")
        await box.until(152, Kind.MESSAGE)
    said = [e.text for e in box.of(Kind.MESSAGE)]
    assert said == ["god natt", *(f"nr {n}" for n in range(150)), "god morgon"]


class FullDisk(Exception):
    """Nothing can be stored at the moment."""


class ClumsyBox(Box):
    """A mailbox that fails the first time there is something to store."""

    failed = False

    async def accept(self, platform: str, batch: Batch) -> None:
        """Fail once, before anything is stored."""
        if batch.events and not self.failed:
            self.failed = True
            raise FullDisk
        await super().accept(platform, batch)


async def test_what_could_not_be_stored_comes_again(homeserver: Homeserver, tmp_path: Path) -> None:
    """The position moves with the events only; the mailbox's own failure is not hidden."""
    bot, box = await Bot.register(homeserver, tmp_path), ClumsyBox()
    async with await person(homeserver, "anna") as anna, bot.running() as platform:
        task = asyncio.create_task(platform.listen(box))
        await box.ready()
        room = await anna.create_room("BRÅ", [bot.user_id])
        with pytest.raises(FullDisk):
            await task
        async with listening(platform, box):
            await box.until(1, Kind.INVITATION)
    assert [e.room for e in box.events] == [room]


async def test_malformed_events_stop_nothing(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    """They are counted and logged without their content; the next message is heard."""
    _, platform, box, _, anna, room = scene
    garbled = {"rel_type": "m.thread", "event_id": 7}
    secret = {"msgtype": "m.text", "body": "personlig hemlighet", "m.relates_to": garbled}
    await anna.send_raw(room, "m.room.message", secret)
    await anna.send_raw(room, "m.reaction", {"m.relates_to": "personlig hemlighet"})
    await anna.send(room, "hej")
    await box.until(1, Kind.MESSAGE)
    assert [e.text for e in box.of(Kind.MESSAGE)] == ["hej"]
    assert platform.dropped == 2
    assert "m.room.message" in caplog.text
    assert "hemlighet" not in caplog.text


async def test_encryption_is_noticed_while_listening(scene: Scene) -> None:
    """A room that was open a moment ago gets no plain text once it is encrypted."""
    _, platform, box, _, anna, room = scene
    await anna.send(room, "hej")
    await box.until(1, Kind.MESSAGE)
    await platform.send("k1", room, Text(markdown="öppet"))
    state = path_of("rooms", room, "state", "m.room.encryption")
    await anna.call("PUT", state, {"algorithm": "m.megolm.v1.aes-sha2"})
    await anna.send_raw(room, "m.room.encrypted", {"algorithm": "x", "ciphertext": "y"})
    await box.until(1, Kind.UNREADABLE)
    with pytest.raises(NeverWillBe, match="encrypted"):
        await platform.send("k2", room, Text(markdown="hemligt"))


async def test_a_restart_of_the_homeserver_is_ridden_out(tmp_path: Path) -> None:
    """What is said afterwards is heard, once, without a hand on the bot."""
    async with Homeserver(tmp_path / "server") as server:
        bot, box = await Bot.register(server, tmp_path), Box()
        async with (
            await person(server, "anna") as anna,
            bot.running() as platform,
            listening(platform, box) as task,
        ):
            room = await anna.create_room("BRÅ", [bot.user_id])
            await box.until(1, Kind.INVITATION)
            await platform.join(room)
            await anna.send(room, "före")
            await box.until(1, Kind.MESSAGE)
            await server.restart()
            await anna.close()
            await anna.send(room, "efter")
            await box.until(2, Kind.MESSAGE, within=40)
            assert not task.done()
        assert [e.text for e in box.of(Kind.MESSAGE)] == ["före", "efter"]


async def test_a_revoked_device_ends_the_listening(scene: Scene) -> None:
    """It ends with the cure in words instead of asking for ever."""
    bot, _, _, task, anna, _ = scene
    token = json.loads(bot.device_file.read_text(encoding="utf-8"))["access_token"]
    async with MatrixUser(anna.base_url, user_id=bot.user_id, access_token=token) as own:
        await own.call("POST", f"{API}/logout", {})
    await asyncio.wait([task], timeout=40)
    assert task.done()
    with pytest.raises(LoggedOut, match="password"):
        await task


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 3\r\n\r\n<a>",
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{]}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        b'HTTP/1.1 200 OK\r\nContent-Length: 19\r\n\r\n{"next_batch": "s"}',
        b"",
    ],
)
async def test_a_failing_homeserver_is_asked_gently(
    answer: bytes, homeserver: Homeserver, tmp_path: Path
) -> None:
    """Never more than two requests a second, whatever it answers."""
    asked: list[float] = []

    async def fail(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while b"/sync" in await reader.readuntil(b"\r\n\r\n"):
                asked.append(time.monotonic())
                writer.write(answer)
                await writer.drain()
                if not answer:
                    break
        writer.close()

    bot = await Bot.register(homeserver, tmp_path)
    async with bot.running():
        pass
    server = await asyncio.start_server(fail, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    platform = MatrixPlatform(f"http://127.0.0.1:{port}", bot.user_id, None, None, bot.device_file)
    async with server:
        await platform.start()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(platform.listen(Box("s")), 3.2)
        await platform.stop()
    assert 2 <= len(asked) <= 7
    pairs = zip(asked, asked[2:], strict=False)
    assert all(later - earlier > 0.95 for earlier, later in pairs)

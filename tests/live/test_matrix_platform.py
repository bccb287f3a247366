"""The Matrix adapter posting, and reading rooms, on a real homeserver.

What it hears stands in test_matrix_listen.py.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
import pytest_asyncio

from bot.platforms.matrix import LoggedOut, MatrixPlatform
from bot.ports import File, MayBeSent, NeverWillBe, NotSent, Removal, RoomHealth, Text
from tests.live.client import MatrixUser, current_text
from tests.live.connection import API, path_of
from tests.live.homeserver import Homeserver
from tests.live.matrix_bot import Bot, person

pytestmark = pytest.mark.asyncio


class Scene(NamedTuple):
    """The bot and Anna in Anna's room."""

    bot: Bot
    platform: MatrixPlatform
    anna: MatrixUser
    room: str


@pytest_asyncio.fixture
async def scene(homeserver: Homeserver, tmp_path: Path) -> AsyncIterator[Scene]:
    """Let Anna invite the bot, which accepts."""
    bot = await Bot.register(homeserver, tmp_path)
    async with await person(homeserver, "anna") as anna, bot.running() as platform:
        room = await anna.create_room("BRÅ", [bot.user_id])
        await platform.join(room)
        yield Scene(bot, platform, anna, room)


async def test_the_same_key_posts_once(scene: Scene) -> None:
    """Ten tries at the same moment, and again with other words: one message, one id."""
    _, platform, anna, room = scene
    hello = Text(markdown="Hej **Anna**")
    ids = await asyncio.gather(*(platform.send("k1", room, hello) for _ in range(10)))
    assert {await platform.send("k1", room, Text(markdown="Hej igen"))} == set(ids)
    shown = current_text(await anna.messages(room))
    assert [message.body for message in shown] == ["Hej Anna"]
    assert shown[0].html == "<p>Hej <strong>Anna</strong></p>"


async def test_one_device_for_life(scene: Scene) -> None:
    """After a restart without the password the same key still posts once."""
    bot, platform, anna, room = scene
    first = await platform.send("k1", room, Text(markdown="Hej"))
    await platform.stop()
    device = json.loads(bot.device_file.read_text(encoding="utf-8"))
    async with bot.running(password=None) as reborn:
        assert await reborn.send("k1", room, Text(markdown="Hej")) == first
    assert json.loads(bot.device_file.read_text(encoding="utf-8")) == device
    assert bot.device_file.stat().st_mode & 0o777 == 0o600
    assert bot.device_file.parent.stat().st_mode & 0o777 == 0o700
    assert len(current_text(await anna.messages(room))) == 1


async def test_edits_threads_mentions_and_removals(scene: Scene) -> None:
    """The four ways a message can be about another."""
    _, platform, anna, room = scene
    first = await platform.send("k1", room, Text(markdown="Hur många?", mentions=[anna.user_id]))
    await platform.send("k2", room, Text(markdown="Hur **många** brott?", replaces=first))
    answer = await platform.send("k3", room, Text(markdown="detaljer", thread=first))
    gone = await platform.send("k4", room, Text(markdown="fel"))
    removal = await platform.send("k5", room, Removal(target=gone))
    assert await platform.send("k5", room, Removal(target=gone)) == removal
    events = await anna.messages(room)
    shown = current_text(events)
    assert [(m.event_id, m.body, m.edited) for m in shown] == [
        (first, "Hur många brott?", True),
        (answer, "detaljer", False),
    ]
    assert shown[1].thread == first
    contents = {event["event_id"]: event["content"] for event in events}
    assert contents[first]["m.mentions"] == {"user_ids": [anna.user_id]}
    assert contents[answer]["m.mentions"] == {}
    assert contents[answer]["se.lagesbot.key"] == "k3"


async def test_files_and_pictures(scene: Scene) -> None:
    """The bytes arrive, with name, type, size and caption."""
    _, platform, anna, room = scene
    report = File(name="Lägesbild 2026-10.pdf", media_type="application/pdf", content=b"%PDF" * 9)
    picture = File(
        name="läge.png",
        media_type="image/png",
        content=b"\x89PNG",
        caption="Fler inbrott",
        width=4,
        height=3,
    )
    ids = [await platform.send("f1", room, report), await platform.send("f2", room, picture)]
    assert await platform.send("f1", room, report) == ids[0]
    contents = {e["event_id"]: e["content"] for e in await anna.messages(room)}
    first, second = contents[ids[0]], contents[ids[1]]
    assert (first["msgtype"], first["body"]) == ("m.file", "Lägesbild 2026-10.pdf")
    assert (second["msgtype"], second["body"]) == ("m.image", "Fler inbrott")
    assert second["info"] == {"mimetype": "image/png", "size": 4, "w": 4, "h": 3}
    assert await anna.download(first["url"]) == report.content
    assert await anna.download(second["url"]) == picture.content


async def test_what_is_too_large_is_never_sent(scene: Scene) -> None:
    """Neither a message over the event's limit nor a file over the homeserver's."""
    _, platform, _, room = scene
    with pytest.raises(NeverWillBe, match="bytes"):
        await platform.send("k", room, Text(markdown="å" * 20_000))
    film = File(name="film.bin", media_type="application/octet-stream", content=bytes(51 << 20))
    with pytest.raises(NeverWillBe, match="bytes"):
        await platform.send("f", room, film)


async def test_a_closed_room_is_never_sent_to(scene: Scene) -> None:
    """A room that is unknown, left, or where the bot may not write."""
    _, platform, anna, room = scene
    for unknown in ("!ingen:bra.test", "skräp"):
        with pytest.raises(NeverWillBe):
            await platform.send("k", unknown, Text(markdown="Hej"))
    await anna.set_power_levels(room, {"events_default": 50})
    with pytest.raises(NeverWillBe):
        await platform.send("k", room, Text(markdown="Hej"))
    await platform.decline(room)
    await platform.decline(room)
    with pytest.raises(NeverWillBe):
        await platform.send("k", room, Text(markdown="Hej"))


async def test_no_plain_text_in_an_encrypted_room(scene: Scene) -> None:
    """A room that becomes encrypted gets nothing more, and health says why."""
    _, platform, anna, room = scene
    await platform.send("k1", room, Text(markdown="öppet"))
    encryption = path_of("rooms", room, "state", "m.room.encryption")
    await anna.call("PUT", encryption, {"algorithm": "m.megolm.v1.aes-sha2"})
    with pytest.raises(NeverWillBe, match="encrypted"):
        await platform.send("k2", room, Text(markdown="hemligt"))
    with pytest.raises(NeverWillBe, match="encrypted"):
        await platform.send("k3", room, File(name="a", media_type="text/plain", content=b"x"))
    assert (await platform.health(room)).encrypted
    assert [m.body for m in current_text(await anna.messages(room))] == ["öppet"]


async def test_one_direct_room_for_each_account(scene: Scene) -> None:
    """Opened twice, at once, by another key, and after a crash that lost the account data."""
    bot, platform, anna, _ = scene
    rooms = await asyncio.gather(*(platform.open_direct(f"d{n}", anna.user_id) for n in range(3)))
    assert len(set(rooms)) == 1
    token = json.loads(bot.device_file.read_text(encoding="utf-8"))["access_token"]
    own = MatrixUser(bot.homeserver.base_url, user_id=bot.user_id, access_token=token)
    data = path_of("user", bot.user_id, "account_data", "m.direct")
    async with own:
        assert await own.call("GET", data) == {anna.user_id: [rooms[0]]}
        await own.call("PUT", data, {})
        async with bot.running() as reborn:
            assert await reborn.open_direct("d9", anna.user_id) == rooms[0]
        assert await own.call("GET", data) == {anna.user_id: [rooms[0]]}
        joined = await own.call("GET", f"{API}/joined_rooms")
    assert len(joined["joined_rooms"]) == 2
    invitation = await anna.wait_for(lambda e: e["room_id"] == rooms[0])
    assert invitation["content"]["is_direct"] is True


async def test_a_person_who_left_is_asked_back(scene: Scene) -> None:
    """A direct room stays the one, also when it was declined."""
    _, platform, anna, _ = scene
    room = await platform.open_direct("d1", anna.user_id)
    assert await platform.reachable(room, anna.user_id)
    await anna.leave(room)
    assert not await platform.reachable(room, anna.user_id)
    assert await platform.open_direct("d2", anna.user_id) == room
    assert await platform.reachable(room, anna.user_id)


async def test_nobody_is_never_written_to(scene: Scene) -> None:
    """An account that does not exist, or is none, gets no room."""
    for account in ("@ingen:bra.test", "Anna", scene.bot.user_id):
        with pytest.raises(NeverWillBe):
            await scene.platform.open_direct("d", account)


async def test_health_tells_what_the_bot_may_do(scene: Scene) -> None:
    """In an ordinary room, in its own, with rights taken away, and outside."""
    bot, platform, anna, room = scene
    ordinary = RoomHealth(room=room, name="BRÅ", joined=True, may_write=True, may_attach=True)
    assert await platform.health(room) == ordinary
    await anna.set_power_levels(room, {"users": {bot.user_id: 50}})
    assert (await platform.health(room)).may_redact
    await anna.set_power_levels(room, {"users": {}, "events": {"m.room.message": 50}})
    assert await platform.health(room) == RoomHealth(room=room, name="BRÅ", joined=True)
    own = await platform.open_direct("d", anna.user_id)
    assert (await platform.health(own)).may_redact
    await platform.decline(room)
    assert await platform.health(room) == RoomHealth(room=room)
    assert await platform.health("!ingen:bra.test") == RoomHealth(room="!ingen:bra.test")


async def burst(platform: MatrixPlatform, room: str) -> None:
    """Post more at once than a homeserver usually allows."""
    for n in range(40):
        await platform.send(f"k{n}", room, Text(markdown="Hej"))


async def test_rate_limits_say_when_to_come_back(tmp_path: Path) -> None:
    """With a homeserver's usual limits a burst ends in "not sent", with a time."""
    async with Homeserver(default_limits=True) as strict:
        bot = await Bot.register(strict, tmp_path)
        async with bot.running() as platform, await person(strict, "anna") as anna:
            room = await platform.open_direct("d", anna.user_id)
            with pytest.raises(NotSent) as stopped:
                await burst(platform, room)
    assert stopped.value.retry_after is not None
    assert timedelta(0) < stopped.value.retry_after < timedelta(minutes=5)


async def test_a_homeserver_that_is_down_means_not_sent(tmp_path: Path) -> None:
    """No connection: nothing was posted. And a stored device starts without a homeserver."""
    server = Homeserver(tmp_path / "server")
    await server.start()
    try:
        bot = await Bot.register(server, tmp_path)
        async with bot.running():
            pass
    finally:
        await server.stop()
    async with bot.running() as platform:
        with pytest.raises(NotSent):
            await platform.send("k", "!rum:bra.test", Text(markdown="Hej"))


async def test_a_broken_answer_means_may_be_sent(scene: Scene) -> None:
    """When the line breaks after the request, the message may stand there."""

    async def break_off(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        if b"m.room.encryption" in request:  # first the question, then the message
            body = b'{"errcode":"M_NOT_FOUND","error":""}'
            head = b"HTTP/1.1 404 Not Found\r\nContent-Length: %d\r\n\r\n"
            writer.write(head % len(body) + body)
            await reader.readuntil(b"\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(break_off, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    platform = MatrixPlatform(
        f"http://127.0.0.1:{port}", scene.bot.user_id, None, None, scene.bot.device_file
    )
    async with server:
        await platform.start()
        with pytest.raises(MayBeSent):
            await platform.send("k", scene.room, Text(markdown="Hej"))
        await platform.stop()


async def test_a_revoked_device_is_told_clearly(scene: Scene) -> None:
    """No new login behind anybody's back: the cure is a person's."""
    bot, platform, anna, room = scene
    token = json.loads(bot.device_file.read_text(encoding="utf-8"))["access_token"]
    async with MatrixUser(anna.base_url, user_id=bot.user_id, access_token=token) as own:
        await own.call("POST", f"{API}/logout", {})
    with pytest.raises(LoggedOut, match=r"device\.json"):
        await platform.send("k", room, Text(markdown="Hej"))
    again = MatrixPlatform(anna.base_url, bot.user_id, "correct horse", None, bot.device_file)
    with pytest.raises(LoggedOut):
        await again.start()
    await again.stop()


async def test_a_wrong_password_is_told_clearly(homeserver: Homeserver, tmp_path: Path) -> None:
    """The first login fails once, without a stored device."""
    bot = await Bot.register(homeserver, tmp_path)
    with pytest.raises(LoggedOut, match="password"):
        async with bot.running(password="fel"):
            pass
    assert not bot.device_file.exists()


async def test_a_token_serves_in_place_of_a_password(scene: Scene, tmp_path: Path) -> None:
    """An administrator may hand over a token; its device is kept like any other."""
    account = await scene.bot.homeserver.register(f"t{tmp_path.name.lower()}", "x")
    file = tmp_path / "token" / "device.json"
    platform = MatrixPlatform(
        scene.anna.base_url, account.user_id, None, account.access_token, file
    )
    await platform.start()
    await platform.stop()
    assert json.loads(file.read_text(encoding="utf-8"))["device_id"] == account.device_id

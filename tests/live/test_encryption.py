"""Encrypted conversations with the bot, judged by a client that shares no code with it."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import TYPE_CHECKING

from bot.ports import File, Kind, Text
from tests.live.encrypted_bot import EncryptedBot, KeyTraffic, known_to
from tests.live.homeserver import Homeserver
from tests.live.matrix_bot import Box
from tests.live.olm import HAS_OLM, needs_olm, quiet_olm
from tests.live.proxy import Proxy

if TYPE_CHECKING or HAS_OLM:
    from tests.live.mautrix_peer import MautrixPeer, TrustState

pytestmark = [needs_olm, quiet_olm]

PDF = b"%PDF-1.7\n" + bytes(range(256)) * 300


async def test_a_direct_room_is_encrypted_both_ways(homeserver: Homeserver, tmp_path: Path) -> None:
    """In the room that the bot makes, text, edits, replies and files go both ways unseen."""
    bot, box = await EncryptedBot.register(homeserver, tmp_path), Box()
    async with await MautrixPeer.register(homeserver, "anna") as anna, bot.life(box) as platform:
        room = await platform.open_direct("d", anna.user_id)
        word = f"lugnt{uuid.uuid4().hex}"
        first = await platform.send("1", room, Text(markdown=f"Hej **{word}**"))
        read = await anna.wait_for(f"Hej {word}")
        assert (read.event_id, read.trust) == (first, TrustState.CROSS_SIGNED_TOFU)
        assert read.html == f"<p>Hej <strong>{word}</strong></p>"
        await platform.send("2", room, Text(markdown=f"Nytt {word}", replaces=first))
        assert (await anna.wait_for(f"Nytt {word}")).replaces == first
        await platform.send("3", room, Text(markdown="I tråden", thread=first))
        assert (await anna.wait_for("I tråden")).thread == first
        file = File(name="lägesbild.pdf", media_type="application/pdf", content=PDF)
        posted = await platform.send("4", room, file)
        arrived = await anna.wait_for("lägesbild.pdf")
        assert arrived.event_id == posted
        assert arrived.file is not None
        assert await anna.download(arrived) == PDF

        said = await anna.send(room, f"Svar {word}", reply_to=first)
        change = await anna.edit(room, said, f"Rättat {word}")
        threaded = await anna.send(room, "Tråd", thread=first)
        sent = await anna.send_file(room, "bild.pdf", PDF, content_type="application/pdf")
        await box.until(1, Kind.FILE)
        got = [(e.event_id, e.kind, e.text, e.target, e.thread) for e in box.events[1:]]
        assert got == [
            (said, Kind.MESSAGE, f"Svar {word}", first, None),
            (change, Kind.EDIT, f"Rättat {word}", said, None),
            (threaded, Kind.MESSAGE, "Tråd", None, first),
            (sent, Kind.FILE, "bild.pdf", None, None),
        ]
        assert (await platform.health(room)).encrypted
        assert anna.failures == []
        for event in (first, posted, said, sent):
            raw = await anna.raw("rooms", room, "event", event)
            assert raw["type"] == "m.room.encrypted"
            assert not {"body", "url", "file", "msgtype"} & set(raw["content"])
        assert known_to(homeserver, room.encode()) != []
        assert known_to(homeserver, word.encode()) == known_to(homeserver, PDF) == []


async def test_a_group_room_of_a_person_is_encrypted_both_ways(
    homeserver: Homeserver, tmp_path: Path
) -> None:
    """In a room that a person made and invited it to, the bot and two people read each other."""
    bot, box = await EncryptedBot.register(homeserver, tmp_path), Box()
    async with (
        await MautrixPeer.register(homeserver, "anna") as anna,
        await MautrixPeer.register(homeserver, "bo") as bo,
        bot.life(box) as platform,
    ):
        room = await anna.create_room([bo.user_id, bot.user_id], name="BRÅ")
        await box.until(1, Kind.INVITATION)
        await platform.join(room)
        await anna.wait_for_member(room, bot.user_id)
        await anna.wait_for_member(room, bo.user_id)
        assert (await platform.health(room)).encrypted
        for peer, words in ((anna, "Från Anna"), (bo, "Från Bo")):
            await peer.send(room, words)
            await box.until(1 if peer is anna else 2, Kind.MESSAGE)
        assert [(e.sender, e.text) for e in box.of(Kind.MESSAGE)] == [
            (anna.user_id, "Från Anna"),
            (bo.user_id, "Från Bo"),
        ]
        posted = await platform.send("1", room, Text(markdown="Till båda"))
        for peer in (anna, bo):
            assert (await peer.wait_for("Till båda", room=room)).event_id == posted
        raw = await anna.raw("rooms", room, "event", posted)
        assert raw["type"] == "m.room.encrypted"
        assert "body" not in raw["content"]
        assert anna.failures == bo.failures == box.of(Kind.UNREADABLE) == []


async def test_a_restart_goes_on_with_the_same_keys(homeserver: Homeserver, tmp_path: Path) -> None:
    """What was said meanwhile is read in order, and the next message needs no key to be shared."""
    registered, box, traffic = (
        await EncryptedBot.register(homeserver, tmp_path),
        Box(),
        KeyTraffic(),
    )
    async with (
        await MautrixPeer.register(homeserver, "anna") as anna,
        Proxy(homeserver.base_url, traffic) as proxy,
    ):
        bot = EncryptedBot(address=proxy.url, user_id=registered.user_id, folder=registered.folder)
        async with bot.life(box) as platform:
            room = await platform.open_direct("d", anna.user_id)
            await platform.send("1", room, Text(markdown="Före"))
            await anna.wait_for("Före")
            await anna.send(room, "Svar före")
            await box.until(1, Kind.MESSAGE)
        key, shared = bot.key_of(room), len(traffic.requests)
        assert shared > 0
        for number in range(25):
            await anna.send(room, f"Under tiden {number}")
        async with bot.life(box) as platform:
            await box.until(26, Kind.MESSAGE)
            await platform.send("2", room, Text(markdown="Efter"))
            await anna.wait_for("Efter")
            await anna.send(room, "Svar efter")
            await box.until(27, Kind.MESSAGE)
        meanwhile = [f"Under tiden {number}" for number in range(25)]
        texts = [event.text for event in box.of(Kind.MESSAGE)]
        assert texts == ["Svar före", *meanwhile, "Svar efter"]
        assert bot.key_of(room) == key
        assert len(traffic.requests) == shared
        assert anna.failures == box.of(Kind.UNREADABLE) == []


async def test_rooms_that_are_expected_get_their_keys_together(
    homeserver: Homeserver, tmp_path: Path
) -> None:
    """Keys for all go out with the first message; a room that nobody knows is no obstacle."""
    registered, box, traffic = (
        await EncryptedBot.register(homeserver, tmp_path),
        Box(),
        KeyTraffic(),
    )
    async with (
        await MautrixPeer.register(homeserver, "anna") as anna,
        await MautrixPeer.register(homeserver, "bo") as bo,
        Proxy(homeserver.base_url, traffic) as proxy,
    ):
        bot = EncryptedBot(address=proxy.url, user_id=registered.user_id, folder=registered.folder)
        async with bot.life(box) as platform:
            rooms = [await platform.open_direct(p.user_id, p.user_id) for p in (anna, bo)]
            assert traffic.requests == []
            platform.expect([*rooms, "!nowhere:bra.test", ""])
            for room, person in zip(rooms, (anna, bo), strict=True):
                await platform.send(room, room, Text(markdown="Hej"))
                await person.wait_for("Hej")
        assert len(traffic.requests) == 1
        assert anna.failures == bo.failures == []

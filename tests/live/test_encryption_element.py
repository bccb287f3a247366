"""Encrypted conversations with the bot, judged by Element's own library in its strictest mode."""

import asyncio
import uuid
from dataclasses import replace
from pathlib import Path

from bot.platforms.matrix import MatrixPlatform
from bot.platforms.matrix.offline import recovery_key
from bot.ports import File, Kind, Text
from tests.live.element import PASSWORD as PERSONS_PASSWORD
from tests.live.element import Element, Identity, Message
from tests.live.encrypted_bot import (
    EncryptedBot,
    Killer,
    Moment,
    killed_while_saying,
    known_to,
)
from tests.live.encrypted_month import asked, running, settle
from tests.live.homeserver import Homeserver
from tests.live.matrix_bot import PASSWORD, Box
from tests.live.proxy import Proxy

PDF = b"%PDF-1.7\n" + bytes(range(256)) * 300


def clean(message: Message) -> bool:
    """Tell whether a message came encrypted and is shown without any warning."""
    return (message.encrypted, message.failure, message.shield) == (True, None, "none")


async def meet(person: Element, user_id: str) -> None:
    """Let somebody's client learn who the bot is.

    A key that comes at the very moment when the client learns it may stay doubted for ever (its
    makers know of this race). A client that joins by itself can meet it; people join by hand.
    """
    async with asyncio.timeout(20):
        while not (await person.identity(user_id)).exists:
            await asyncio.sleep(0.2)


async def test_a_direct_room_is_encrypted_both_ways(homeserver: Homeserver, tmp_path: Path) -> None:
    """In the room that the bot makes, text, edits, threads and files go both ways unwarned."""
    bot, box = await EncryptedBot.register(homeserver, tmp_path), Box()
    async with await Element.register(homeserver, "anna") as anna, bot.life(box) as platform:
        room = await platform.open_direct("d", anna.user_id)
        await anna.wait_for_member(room, anna.user_id)
        await meet(anna, bot.user_id)
        await anna.devices(bot.user_id)
        word = f"lugnt{uuid.uuid4().hex}"
        first = await platform.send("1", room, Text(markdown=f"Hej **{word}**"))
        read = await anna.wait_for(f"Hej {word}")
        assert (read.event_id, clean(read)) == (first, True)
        change = await platform.send("2", room, Text(markdown=f"Nytt {word}", replaces=first))
        edited = await anna.wait_for(lambda one: one.replaced_by == change)
        assert (edited.event_id, edited.body, clean(edited)) == (first, f"Nytt {word}", True)
        await platform.send("3", room, Text(markdown="I tråden", thread=first))
        threaded = await anna.wait_for("I tråden")
        assert (threaded.thread, clean(threaded)) == (first, True)
        file = File(name="lägesbild.pdf", media_type="application/pdf", content=PDF)
        await platform.send("4", room, file)
        arrived = await anna.wait_for("lägesbild.pdf")
        assert clean(arrived)
        assert await anna.download(arrived) == PDF

        said = await anna.send(room, f"Svar {word}", reply_to=first)
        correction = await anna.edit(room, said, f"Rättat {word}")
        sent = await anna.send_file(room, "bild.pdf", PDF, content_type="application/pdf")
        await box.until(1, Kind.FILE)
        assert [(e.event_id, e.kind, e.text, e.target) for e in box.events[1:]] == [
            (said, Kind.MESSAGE, f"Svar {word}", first),
            (correction, Kind.EDIT, f"Rättat {word}", said),
            (sent, Kind.FILE, "bild.pdf", None),
        ]
        assert anna.failures == []
        assert known_to(homeserver, word.encode()) == known_to(homeserver, PDF) == []


async def test_a_rebuilt_bot_is_the_same_to_people(homeserver: Homeserver, tmp_path: Path) -> None:
    """From the recovery key a new device goes on, and nobody is asked to approve anything."""
    old, box = await EncryptedBot.register(homeserver, tmp_path), Box()
    async with await Element.register(homeserver, "anna") as anna:
        async with old.life(box) as platform:
            room = await platform.open_direct("d", anna.user_id)
            await anna.wait_for_member(room, anna.user_id)
            await meet(anna, old.user_id)
            await anna.devices(old.user_id)
            await platform.send("1", room, Text(markdown="Före"))
            assert clean(await anna.wait_for("Före"))
            await anna.send(room, "Svar före")
            await box.until(1, Kind.MESSAGE)
            await old.backed_up(2)
        waiting = await anna.send(room, "Medan disken var tom")
        new = replace(old, folder=tmp_path / "second")
        async with new.life(box, recovery_key=recovery_key(old.folder)) as platform:
            await box.until(2, Kind.MESSAGE)
            assert box.of(Kind.MESSAGE)[1].event_id == waiting
            await platform.send("2", room, Text(markdown="Efter"))
            assert clean(await anna.wait_for("Efter"))
            await anna.send(room, "Svar efter")
            await box.until(3, Kind.MESSAGE)
        devices = await anna.devices(old.user_id)
        assert [one.signed_by_owner for one in devices.values()] == [True, True]
        known = Identity(exists=True, known=True, needs_approval=False)
        assert await anna.identity(old.user_id) == known
        assert anna.changed == set()
        assert anna.failures == box.of(Kind.UNREADABLE) == []


async def test_people_read_on_after_every_blow(homeserver: Homeserver, tmp_path: Path) -> None:
    """A restart, somebody who leaves, a kill while keys are shared, a new device, a new key."""
    registered, box = await EncryptedBot.register(homeserver, tmp_path), Box()
    killer = Killer(Moment(words="/sendToDevice/m.room.encrypted/", acted=True))
    async with (
        await Element.register(homeserver, "anna") as anna,
        await Element.register(homeserver, "bo") as bo,
        Proxy(homeserver.base_url, killer) as proxy,
    ):
        room = await anna.create_room([bo.user_id, registered.user_id], rotate_after=4)
        bot = replace(registered, address=proxy.url)

        async def say(platform: MatrixPlatform, words: str, *readers: Element) -> str | None:
            event = await platform.send(words, room, Text(markdown=words))
            for reader in readers:
                read = await reader.wait_for(words, room=room)
                assert (read.event_id, clean(read)) == (event, True)
            return bot.key_of(room)

        async with registered.life(box) as platform:
            await box.until(1, Kind.INVITATION)
            await platform.join(room)
            for person in (anna, bo):
                for user in (registered.user_id, bo.user_id):
                    await person.wait_for_member(room, user)
                await meet(person, registered.user_id)
            first = await say(platform, "Före", anna, bo)
        async with registered.life(box) as platform:
            assert await say(platform, "Efter en omstart", anna, bo) == first
            await bo.send(room, "Jag läser")
            await box.until(1, Kind.MESSAGE)
            await bo.leave(room)
            await box.until(1, Kind.DEPARTURE)
        await killed_while_saying(bot, killer, "Bara en gång", room, "Bara en gång")
        async with bot.life(box) as platform:
            second = await say(platform, "Bara en gång", anna)
            assert second == bot.key_of(room) != first
            recovery = await anna.create_recovery()
            name = anna.user_id.partition(":")[0].removeprefix("@")
            async with await Element.login(
                homeserver.base_url, name, PERSONS_PASSWORD, cross_sign=False
            ) as other:
                assert (await other.open_recovery(recovery)).cross_signed
                await other.wait_for_member(room, registered.user_id)
                await meet(other, registered.user_id)
                keys = [await say(platform, f"Till båda {n}", anna, other) for n in range(5)]
                await other.send(room, "Från den nya")
                await box.until(2, Kind.MESSAGE)
                assert keys[0] == second != keys[-1]
        mine = [one.body for one in anna.seen if one.sender == registered.user_id]
        assert mine.count("Bara en gång") == killer.kills == 1
        assert [one.body for one in bo.seen if one.sender == registered.user_id] == [
            "Före",
            "Efter en omstart",
        ]
        assert anna.failures == bo.failures == box.of(Kind.UNREADABLE) == []


async def test_a_month_goes_by_encrypted(homeserver: Homeserver, tmp_path: Path) -> None:
    """Asked, answered, compiled, previewed and published: nothing is shown with a warning."""
    bot = await homeserver.register(f"lagesbot-{uuid.uuid4().hex[:8]}", PASSWORD)
    async with (
        await Element.register(homeserver, "kim") as kim,
        await Element.register(homeserver, "ria", auto_join=False) as ria,
    ):
        forums = [
            await kim.create_room([bot.user_id], name=name) for name in ("Kontor", "BRÅ", "SAMSA")
        ]
        office, bra, samsa = forums
        settings = settle(bot, homeserver, tmp_path, forums, kim.user_id, ria.user_id)
        async with running(settings, "2026-11-02 08:59:45"):
            await meet(kim, bot.user_id)
            await kim.wait_for("oktober 2026", room=office, within=30)
            # As people do it: she looks at her telephone when the question is there already.
            direct = (await ria.wait_for_invitation(sender=bot.user_id, within=30)).room
            await asked(settings)
            await ria.join(direct)
            await ria.wait_for("Fråga 1 av 8", room=direct)
            await ria.send(direct, "1")
            await ria.wait_for("Fråga 2 av 8", room=direct)
            await ria.send(direct, "2")
            await ria.wait_for("Skicka nu", room=direct)
            await ria.send(direct, "skicka")
            await ria.wait_for("Tack", room=direct)
            await kim.send(office, "!sammanställ")
            for name in ("BRÅ utgåva 1.pdf", "SAMSA utgåva 1.pdf"):
                await kim.wait_for(name, room=office, within=30)
            await kim.send(office, "!publicera")
            for forum, name in ((bra, "BRÅ utgåva 1.pdf"), (samsa, "SAMSA utgåva 1.pdf")):
                shown = await kim.wait_for(name, room=office)
                file = await kim.wait_for(name, room=forum, within=30)
                assert await kim.download(file) == await kim.download(shown)
            await kim.wait_for("ligger nu i rummet för SAMSA", room=office)
        told = [one for one in (*kim.seen, *ria.seen) if one.kind == "m.room.message"]
        assert len(told) > 20
        assert [one for one in told if not clean(one)] == []
        assert kim.failures == ria.failures == []

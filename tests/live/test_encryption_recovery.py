"""The bot's encryption after a blow: killed in the middle of it, or rebuilt on an empty disk."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bot.platforms.matrix import LoggedOut
from bot.platforms.matrix.identity import NotOurIdentity
from bot.platforms.matrix.offline import recovery_key
from bot.ports import Batch, Kind, Text
from tests.live.encrypted_bot import (
    EncryptedBot,
    Killer,
    LateKeys,
    Moment,
    killed_while_saying,
)
from tests.live.homeserver import Homeserver
from tests.live.matrix_bot import Box
from tests.live.olm import HAS_OLM, needs_olm, quiet_olm
from tests.live.proxy import Proxy

if TYPE_CHECKING or HAS_OLM:
    from tests.live.mautrix_peer import PASSWORD, MautrixPeer, TrustState

pytestmark = [needs_olm, quiet_olm]


MOMENTS = {
    "before the key is sent": Moment(words="/sendToDevice/m.room.encrypted/", acted=False),
    "after the key was sent": Moment(words="/sendToDevice/m.room.encrypted/", acted=True),
    "after the message stands": Moment(words="/send/m.room.encrypted/", acted=True),
}


@pytest.mark.parametrize("moment", MOMENTS.values(), ids=list(MOMENTS))
async def test_a_kill_while_sharing_keys_leaves_one_readable_message(
    homeserver: Homeserver, tmp_path: Path, moment: Moment
) -> None:
    """Killed without warning, the bot says it once after all, with one key that everybody has."""
    registered, box, killer = (
        await EncryptedBot.register(homeserver, tmp_path),
        Box(),
        Killer(moment),
    )
    async with (
        await MautrixPeer.register(homeserver, "anna") as anna,
        await MautrixPeer.register(homeserver, "bo") as bo,
        Proxy(homeserver.base_url, killer) as proxy,
    ):
        bot = replace(registered, address=proxy.url)
        async with registered.life(box) as platform:
            room = await anna.create_room([bo.user_id, bot.user_id])
            await box.until(1, Kind.INVITATION)
            await platform.join(room)
            for peer in (anna, bo):
                await peer.wait_for_member(room, bot.user_id)
                await peer.wait_for_member(room, bo.user_id)
        await killed_while_saying(bot, killer, "once", room, "Bara en gång")
        key = bot.key_of(room)
        async with bot.life(box) as platform:
            event = await platform.send("once", room, Text(markdown="Bara en gång"))
            for peer in (anna, bo):
                assert (await peer.wait_for("Bara en gång")).event_id == event
            await platform.send("end", room, Text(markdown="Slut"))
            await bo.send(room, "Tack")
            await box.until(1, Kind.MESSAGE)
        for peer in (anna, bo):
            await peer.wait_for("Slut")
            mine = [one.body for one in peer.seen if one.sender == bot.user_id]
            assert mine == ["Bara en gång", "Slut"]
            assert peer.failures == []
        raw = await anna.raw("rooms", room, "event", event)
        assert raw["content"]["session_id"] == key == bot.key_of(room)
        keys = {(r.path, r.body) for r in killer.requests if "m.room.encrypted" in r.path}
        assert len(keys) == 1
        assert killer.kills == 1


async def test_an_empty_disk_is_rebuilt_from_the_recovery_key(
    homeserver: Homeserver, tmp_path: Path
) -> None:
    """A new device of the same identity talks on at once, and reads what waited from the backup."""
    old, box = await EncryptedBot.register(homeserver, tmp_path), Box()
    async with (
        await MautrixPeer.register(homeserver, "anna") as anna,
        await MautrixPeer.register(homeserver, "bo") as bo,
    ):
        async with old.life(box) as platform:
            room = await platform.open_direct("d", anna.user_id)
            await platform.send("1", room, Text(markdown="Före"))
            await anna.wait_for("Före")
            await anna.send(room, "Svar före")
            await box.until(1, Kind.MESSAGE)
            await old.backed_up(2)
        before = await old.standing()
        (device,) = await anna.trust_of(old.user_id)
        key = recovery_key(old.folder)
        waiting = await anna.send(room, "Medan disken var tom")

        new = replace(old, folder=tmp_path / "second")
        async with new.life(box, recovery_key=key) as platform:
            await box.until(2, Kind.MESSAGE)
            assert box.of(Kind.MESSAGE)[1].event_id == waiting
            assert await platform.open_direct("d", anna.user_id) == room
            await platform.send("2", room, Text(markdown="Efter"))
            read = await anna.wait_for("Efter")
            assert read.trust == TrustState.CROSS_SIGNED_TOFU
            await anna.send(room, "Svar efter")
            await box.until(3, Kind.MESSAGE)
            other = await platform.open_direct("e", bo.user_id)
            await platform.send("3", other, Text(markdown="Hej Bo"))
            assert (await bo.wait_for("Hej Bo")).trust == TrustState.CROSS_SIGNED_TOFU
        assert [e.text for e in box.of(Kind.MESSAGE)] == [
            "Svar före",
            "Medan disken var tom",
            "Svar efter",
        ]
        trusted = await anna.trust_of(old.user_id)
        assert len(trusted) == 2
        assert device in trusted
        assert set(trusted.values()) == {TrustState.CROSS_SIGNED_TOFU}
        after = await new.standing()
        assert {**after, "backed up": 0} == {**before, "backed up": 0}
        assert anna.failures == box.of(Kind.UNREADABLE) == []


async def test_an_identity_is_never_taken_without_its_recovery_key(
    homeserver: Homeserver, tmp_path: Path
) -> None:
    """Without the recovery key, or with a wrong one, the start is refused and changes nothing."""
    old, box = await EncryptedBot.register(homeserver, tmp_path), Box()
    stranger = await EncryptedBot.register(homeserver, tmp_path / "other")
    async with old.life(box) as platform, stranger.running():
        room = await platform.open_direct("d", stranger.user_id)
        await platform.send("1", room, Text(markdown="Hej"))
        await old.backed_up(1)
    before = await old.standing()
    new = replace(old, folder=tmp_path / "second")
    for key, cure in (
        (None, "LAGESBOT_MATRIX__RECOVERY_KEY"),
        ("EsTx not a key", "does not fit"),
        (recovery_key(stranger.folder), "does not fit"),
    ):
        with pytest.raises(NotOurIdentity, match=cure) as refusal:
            async with new.running(recovery_key=key):
                pass
        assert isinstance(refusal.value, LoggedOut)
        assert await old.standing() == before
    async with new.running(recovery_key=recovery_key(old.folder)):
        assert await old.standing() == before


async def test_the_first_words_after_a_restart_reach_who_came_meanwhile(
    homeserver: Homeserver, tmp_path: Path
) -> None:
    """What is said before anything is read has a key for new devices and people, and no others."""
    bot, box = await EncryptedBot.register(homeserver, tmp_path), Box()
    async with (
        await MautrixPeer.register(homeserver, "anna") as anna,
        await MautrixPeer.register(homeserver, "bo") as bo,
        await MautrixPeer.register(homeserver, "cleo") as cleo,
    ):
        async with bot.life(box) as platform:
            room = await anna.create_room([bo.user_id, bot.user_id])
            await box.until(1, Kind.INVITATION)
            await platform.join(room)
            await platform.send("1", room, Text(markdown="Före"))
            await bo.wait_for("Före")
        await bo.leave(room)
        await anna.invite(room, cleo.user_id)
        await cleo.wait_for_member(room, cleo.user_id)
        name = anna.user_id.partition(":")[0].removeprefix("@")
        async with await MautrixPeer.login(
            homeserver.base_url, name, PASSWORD, recovery_key=anna.recovery_key
        ) as second:
            async with bot.running() as platform:
                await platform.send("2", room, Text(markdown="Genast"))
            for peer in (anna, second, cleo):
                await peer.wait_for("Genast", room=room)
            key = bot.key_of(room)
            assert key is not None
            assert not await bo.has_key(room, key)


class FullDisk(Box):
    """A mailbox that can't store messages for a while."""

    full = False

    async def accept(self, platform: str, batch: Batch) -> None:
        """Store, unless it is full."""
        if self.full and any(event.kind == Kind.MESSAGE for event in batch.events):
            raise OSError("no space left")
        await super().accept(platform, batch)


async def test_a_stop_between_a_key_and_its_message_loses_nothing(
    homeserver: Homeserver, tmp_path: Path
) -> None:
    """What could not be stored when its key had come is read once at the next start."""
    bot, box, late = await EncryptedBot.register(homeserver, tmp_path), FullDisk(), LateKeys()
    async with (
        Proxy(homeserver.base_url, late) as proxy,
        await MautrixPeer.register(homeserver, "anna", address=proxy.url) as anna,
    ):
        async with bot.running() as platform:
            reading = asyncio.create_task(platform.listen(box))
            await box.ready()
            room = await platform.open_direct("d", anna.user_id)
            await box.until(1, Kind.ARRIVAL)
            late.holds = True
            event = await anna.send(room, "Nyckeln dröjer")
            await bot.waits_for_a_key()
            box.full = True
            await late.let_go()
            with pytest.raises(OSError, match="no space left"):
                await asyncio.wait_for(reading, 10)
        box.full = False
        async with bot.life(box):
            await box.until(1, Kind.MESSAGE)
        assert [one.event_id for one in box.of(Kind.MESSAGE)] == [event]
        assert box.of(Kind.UNREADABLE) == []

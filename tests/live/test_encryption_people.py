"""Who gets the bot's keys and who is believed: devices that come, rooms that people leave."""

from __future__ import annotations

import asyncio
import contextlib
import json
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vodozemac import GroupSession, InboundGroupSession

from bot.platforms.matrix import MatrixPlatform
from bot.platforms.matrix.crypto.backup import BackupKey
from bot.platforms.matrix.crypto.waiting import PATIENCE
from bot.ports import Kind, Text
from tests.live.connection import API, Connection, MatrixError, path_of
from tests.live.encrypted_bot import EncryptedBot, LateKeys
from tests.live.homeserver import Homeserver
from tests.live.matrix_bot import Box
from tests.live.olm import HAS_OLM, needs_olm, quiet_olm
from tests.live.proxy import Proxy
from tests.live.timeline import Event

if TYPE_CHECKING or HAS_OLM:
    from tests.live.mautrix_peer import PASSWORD, MautrixPeer

pytestmark = [needs_olm, quiet_olm]

SHORT = 1.0
"""Seconds after which the bot tells here what it otherwise tells after ten."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """The bot alive and in a room of Anna's."""

    anna: MautrixPeer
    bot: EncryptedBot
    box: Box
    platform: MatrixPlatform
    room: str

    async def say(self, words: str, *listeners: MautrixPeer) -> str:
        """Let the bot say something that all these read; return the id of the key it took."""
        event = await self.platform.send(words, self.room, Text(markdown=words))
        for peer in listeners:
            assert (await peer.wait_for(words, room=self.room)).event_id == event
        raw = await self.anna.raw("rooms", self.room, "event", event)
        return str(raw["content"]["session_id"])


@contextlib.asynccontextmanager
async def talk(
    homeserver: Homeserver,
    folder: Path,
    *others: MautrixPeer,
    anna_by: str = "",
    unsigned_devices: bool = False,
    rotate_after: int | None = None,
    patience: float = PATIENCE,
) -> AsyncIterator[Talk]:
    """Let Anna make a room with the bot and these others; `anna_by` is her detour to the server."""
    bot, box = await EncryptedBot.register(homeserver, folder), Box()
    async with (
        await MautrixPeer.register(homeserver, "anna", address=anna_by) as anna,
        bot.life(box, unsigned_devices=unsigned_devices, patience=patience) as platform,
    ):
        invited = [bot.user_id, *(other.user_id for other in others)]
        room = await anna.create_room(invited, rotate_after=rotate_after)
        await box.until(1, Kind.INVITATION)
        await platform.join(room)
        for peer in (anna, *others):
            for user in (anna.user_id, *invited):
                await peer.wait_for_member(room, user)
        yield Talk(anna=anna, bot=bot, box=box, platform=platform, room=room)


async def test_a_members_new_device_reads_what_comes_after(
    homeserver: Homeserver, tmp_path: Path
) -> None:
    """A second, signed device gets the key of later messages, and what it writes is read."""
    async with talk(homeserver, tmp_path) as scene:
        anna = scene.anna
        key = await scene.say("Till den ena", anna)
        (early,) = [one.event_id for one in anna.seen if one.body == "Till den ena"]
        name = anna.user_id.partition(":")[0].removeprefix("@")
        async with await MautrixPeer.login(
            homeserver.base_url, name, PASSWORD, recovery_key=anna.recovery_key
        ) as second:
            await second.wait_for_member(scene.room, scene.bot.user_id)
            assert await scene.say("Till båda", anna, second) == key
            await second.send(scene.room, "Från den nya")
            await scene.box.until(1, Kind.MESSAGE)
            assert scene.box.of(Kind.MESSAGE)[0].text == "Från den nya"
            assert {one.event_id for one in second.failures} <= {early}
            assert anna.failures == scene.box.of(Kind.UNREADABLE) == []


async def test_an_unsigned_device_gets_no_keys(homeserver: Homeserver, tmp_path: Path) -> None:
    """A device that its owner has not cross-signed is told that, and the others read on."""
    async with (
        await MautrixPeer.register(homeserver, "cleo", cross_sign=False) as cleo,
        talk(homeserver, tmp_path, cleo) as scene,
    ):
        await scene.say("Bara för signerade", scene.anna)
        refusal = await cleo.wait_until(lambda: next(iter(cleo.failures), None))
        await cleo.wait_until(lambda: "m.unverified" in cleo.failures[0].reason or None)
        assert refusal.sender == scene.bot.user_id
        assert [one for one in cleo.seen if one.sender == scene.bot.user_id] == []


async def test_an_unsigned_device_is_let_in_where_that_is_set(
    homeserver: Homeserver, tmp_path: Path
) -> None:
    """With `unsigned_devices` such a device reads the bot and is read by it."""
    async with (
        await MautrixPeer.register(homeserver, "cleo", cross_sign=False) as cleo,
        talk(homeserver, tmp_path, cleo, unsigned_devices=True) as scene,
    ):
        await scene.say("För alla", scene.anna, cleo)
        await cleo.send(scene.room, "Tack")
        await scene.box.until(1, Kind.MESSAGE)
        assert scene.box.of(Kind.MESSAGE)[0].sender == cleo.user_id
        assert cleo.failures == scene.box.of(Kind.UNREADABLE) == []


async def test_what_an_unsigned_device_writes_is_told_and_not_believed(
    homeserver: Homeserver, tmp_path: Path
) -> None:
    """Its owner is told why, once; and the message counts as soon as the device is signed."""
    async with (
        await MautrixPeer.register(homeserver, "cleo", cross_sign=False) as cleo,
        talk(homeserver, tmp_path, cleo, patience=SHORT) as scene,
    ):
        event = await cleo.send(scene.room, "Är det jag?")
        await scene.box.until(1, Kind.UNREADABLE)
        (told,) = scene.box.of(Kind.UNREADABLE)
        assert (told.sender, told.room) == (cleo.user_id, scene.room)
        assert told.text == "unsigned device"
        unread = [n for n in await scene.platform.notices() if n.code == "unreadable"]
        assert [(n.about, n.count) for n in unread] == [(scene.room, 1)]
        assert scene.box.of(Kind.MESSAGE) == []
        await cleo.sign()
        await scene.box.until(1, Kind.MESSAGE)
        (read,) = scene.box.of(Kind.MESSAGE)
        assert (read.event_id, read.text) == (event, "Är det jag?")
        await scene.say("Nu läser du", scene.anna, cleo)
        assert len(scene.box.of(Kind.UNREADABLE)) == 1


async def test_keys_follow_those_who_leave_and_come(homeserver: Homeserver, tmp_path: Path) -> None:
    """Who has left does not get the next key, and who has come reads what is said after that."""
    async with (
        await MautrixPeer.register(homeserver, "bo") as bo,
        await MautrixPeer.register(homeserver, "cleo") as cleo,
        talk(homeserver, tmp_path, bo) as scene,
    ):
        first = await scene.say("Till alla", scene.anna, bo)
        await bo.leave(scene.room)
        await scene.box.until(1, Kind.DEPARTURE)
        second = await scene.say("Till en", scene.anna)
        assert second != first
        arrivals = len(scene.box.of(Kind.ARRIVAL))
        await scene.anna.invite(scene.room, cleo.user_id)
        await scene.box.until(arrivals + 1, Kind.ARRIVAL)
        third = await scene.say("Till två", scene.anna, cleo)
        await cleo.send(scene.room, "Hej alla")
        await scene.box.until(1, Kind.MESSAGE)
        assert third == second
        assert not await bo.has_key(scene.room, second)
        assert await cleo.has_key(scene.room, third)
        assert [m.body for m in cleo.seen if m.sender == scene.bot.user_id] == ["Till två"]
        assert scene.anna.failures == []


async def test_a_rooms_own_rule_changes_the_key(homeserver: Homeserver, tmp_path: Path) -> None:
    """Where the room says three messages, the fourth has another key, and all are read."""
    async with talk(homeserver, tmp_path, rotate_after=3) as scene:
        keys = [await scene.say(f"Nummer {n}", scene.anna) for n in range(7)]
        assert [keys.index(key) for key in keys] == [0, 0, 0, 3, 3, 3, 6]
        assert scene.anna.failures == []


async def test_a_late_key_is_waited_for(homeserver: Homeserver, tmp_path: Path) -> None:
    """The sender is told once that a message can't be read; once its key comes, it is."""
    late = LateKeys()
    async with (
        Proxy(homeserver.base_url, late) as proxy,
        talk(homeserver, tmp_path, anna_by=proxy.url, patience=SHORT) as scene,
    ):
        late.holds = True
        event = await scene.anna.send(scene.room, "Nyckeln dröjer")
        await scene.anna.send(scene.room, "Den här med")
        await scene.box.until(2, Kind.UNREADABLE)
        told = scene.box.of(Kind.UNREADABLE)
        assert {one.text for one in told} == {"no key"}
        assert scene.box.of(Kind.MESSAGE) == []
        assert await late.let_go() > 0
        await scene.box.until(2, Kind.MESSAGE)
        read = scene.box.of(Kind.MESSAGE)
        assert [one.text for one in read] == ["Nyckeln dröjer", "Den här med"]
        assert read[0].event_id == event
        await scene.anna.send(scene.room, "Och nu som vanligt")
        await scene.box.until(3, Kind.MESSAGE)
        assert len(scene.box.of(Kind.UNREADABLE)) == 2


async def the_backup(door: Connection) -> Event:
    """Wait until the bot's upkeep, which comes after what it says, has made its backup."""
    async with asyncio.timeout(10):
        while True:
            try:
                return await door.call("GET", f"{API}/room_keys/version")
            except MatrixError as error:
                if error.errcode != "M_NOT_FOUND":
                    raise
            await asyncio.sleep(0.05)


async def test_a_key_put_into_the_backup_proves_nothing(
    homeserver: Homeserver, tmp_path: Path
) -> None:
    """A homeserver that makes up a key and a message of Anna's in the backup is not believed."""
    async with talk(homeserver, tmp_path, patience=SHORT) as scene:
        anna, room = scene.anna, scene.room
        await scene.say("Nu finns en säkerhetskopia", anna)
        async with (
            scene.bot.door() as door,
            Connection(homeserver.base_url, access_token=anna.access_token) as hers,
        ):
            query = {"device_keys": {anna.user_id: []}}
            listed = await door.call("POST", f"{API}/keys/query", query)
            keys = listed["device_keys"][anna.user_id][anna.device_id]["keys"]
            curve = keys[f"curve25519:{anna.device_id}"]
            backup = await the_backup(door)
            made_up = GroupSession()
            exported = InboundGroupSession(made_up.session_key).export_at(0)
            assert exported is not None
            inside = {
                "algorithm": "m.megolm.v1.aes-sha2",
                "sender_key": curve,
                "session_key": exported.to_base64(),
                "sender_claimed_keys": {"ed25519": keys[f"ed25519:{anna.device_id}"]},
                "forwarding_curve25519_key_chain": [],
            }
            sealing = BackupKey(seed=b"", public=backup["auth_data"]["public_key"])
            entry = {
                "first_message_index": 0,
                "forwarded_count": 0,
                "is_verified": True,
                "session_data": sealing.seal(inside),
            }
            address = path_of("room_keys", "keys", room, made_up.session_id)
            await door.call("PUT", address, entry, query={"version": backup["version"]})
            plain = {
                "type": "m.room.message",
                "room_id": room,
                "content": {"msgtype": "m.text", "body": "!publicera"},
            }
            event = {
                "algorithm": "m.megolm.v1.aes-sha2",
                "sender_key": curve,
                "device_id": anna.device_id,
                "session_id": made_up.session_id,
                "ciphertext": made_up.encrypt(json.dumps(plain).encode()).to_base64(),
            }
            path = path_of("rooms", room, "send", "m.room.encrypted", uuid.uuid4().hex)
            await hers.call("PUT", path, event)
        await scene.box.until(1, Kind.UNREADABLE)
        assert scene.box.of(Kind.MESSAGE) == []

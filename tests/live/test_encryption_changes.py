"""What goes wrong between people's devices and the bot: a new identity, a key that is lost."""

from __future__ import annotations

import asyncio
from pathlib import Path

from bot.platforms.matrix.crypto.identity import Identity
from bot.ports import Kind
from tests.live.connection import API, Connection
from tests.live.encrypted_bot import LateKeys
from tests.live.homeserver import Homeserver
from tests.live.matrix_bot import PASSWORD
from tests.live.proxy import Proxy
from tests.live.test_encryption_people import SHORT, pytestmark, talk

__all__ = ["pytestmark"]


async def test_a_new_identity_is_told_of(homeserver: Homeserver, tmp_path: Path) -> None:
    """Anna resets her identity in another app, with her password: the bot names her."""
    async with (
        talk(homeserver, tmp_path) as scene,
        Connection(homeserver.base_url, access_token=scene.anna.access_token) as hers,
    ):
        await scene.say("Före", scene.anna)
        assert [n for n in await scene.platform.notices() if n.code == "new_identity"] == []
        identifier = {"type": "m.id.user", "user": scene.anna.user_id}
        proof = {"type": "m.login.password", "identifier": identifier, "password": PASSWORD}
        keys = Identity.new().keys(scene.anna.user_id)
        await hers.call("POST", f"{API}/keys/device_signing/upload", {**keys, "auth": proof})
        async with asyncio.timeout(10):
            while not (
                told := [n for n in await scene.platform.notices() if n.code == "new_identity"]
            ):
                await asyncio.sleep(0.1)
        assert [n.about for n in told] == [scene.anna.user_id]


async def test_a_lost_key_is_given_by_its_maker(homeserver: Homeserver, tmp_path: Path) -> None:
    """A client that shares no code with the bot understands what it asks for, and answers."""
    lost = LateKeys()
    async with (
        Proxy(homeserver.base_url, lost) as proxy,
        talk(homeserver, tmp_path, anna_by=proxy.url, patience=SHORT) as scene,
    ):
        scene.anna.share_on_request()
        lost.holds = True
        event = await scene.anna.send(scene.room, "Nyckeln är borta")
        lost.holds = False
        await scene.box.until(1, Kind.MESSAGE)
        (read,) = scene.box.of(Kind.MESSAGE)
        assert (read.event_id, read.text) == (event, "Nyckeln är borta")

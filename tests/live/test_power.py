"""The bot in other people's rooms on a real homeserver: its power taken, thrown out, renamed."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import pytest
import pytest_asyncio

from bot.app import Runtime
from bot.config import Administrator, Matrix, Municipality, Rooms, Settings
from tests.fakes import ShiftedClock
from tests.live.client import MatrixUser, current_text
from tests.live.connection import path_of
from tests.live.homeserver import Homeserver
from tests.live.matrix_bot import PASSWORD, Bot, person
from tests.stories.world import TEMPLATES, at

pytestmark = pytest.mark.asyncio


class Scene(NamedTuple):
    """The whole bot in the office and in BRÅ's room, which are Kim's."""

    bot: Bot
    kim: MatrixUser
    office: str
    bra: str

    async def stands(self, room: str) -> list[str]:
        """List what the bot has said in a room."""
        shown = current_text(await self.kim.messages(room))
        return [m.body for m in shown if m.sender == self.bot.user_id]

    async def hears(self, room: str, count: int, within: float = 20) -> list[str]:
        """Wait until the bot has said so much in a room."""
        async with asyncio.timeout(within):
            while len(found := await self.stands(room)) < count:
                await asyncio.sleep(0.05)
        return found

    async def bra_health(self) -> str:
        """Ask `!hälsa` in the office; give what it says of BRÅ's room."""
        before = len(await self.stands(self.office))
        await self.kim.send(self.office, "!hälsa")
        answer = (await self.hears(self.office, before + 1))[-1]
        return next(line for line in answer.splitlines() if "BRÅ:" in line)


@pytest_asyncio.fixture
async def scene(homeserver: Homeserver, tmp_path: Path) -> AsyncIterator[Scene]:
    """Run the bot, and let Kim invite it."""
    bot = await Bot.register(homeserver, tmp_path)
    async with await person(homeserver, "kim") as kim:
        office, bra = [await kim.create_room(name, [bot.user_id]) for name in ("Office", "BRÅ")]
        settings = Settings(
            municipality=Municipality(name="Exempelby kommun"),
            matrix=Matrix(
                homeserver=homeserver.base_url,
                user=bot.user_id,
                password=PASSWORD,
                encryption=False,
            ),
            administrator=Administrator(name="Kim Samordnare", account=kim.user_id),
            rooms=Rooms(office=office, bra=bra),
            database=f"sqlite:///{tmp_path / 'bot.db'}",
            data=tmp_path,
            templates=TEMPLATES,
        )
        runtime = Runtime(settings, clock=ShiftedClock(at("2026-11-02 10:00")))
        running = asyncio.create_task(runtime.run())
        there = Scene(bot, kim, office, bra)
        try:
            await _joined(there, office)
            await _joined(there, bra)
            yield there
        finally:
            running.cancel()
            await asyncio.wait([running])


async def _joined(scene: Scene, room: str, within: float = 20) -> None:
    state = path_of("rooms", room, "state", "m.room.member", scene.bot.user_id)
    async with asyncio.timeout(within):
        while (await scene.kim.call("GET", state))["membership"] != "join":
            await asyncio.sleep(0.05)


async def test_power_taken_away_and_given_back(scene: Scene) -> None:
    """What it may not say is told in the office once, with the cure; then it speaks again."""
    await scene.kim.set_power_levels(scene.bra, {"events_default": 50})
    silent = len(await scene.stands(scene.bra))
    told = len(await scene.stands(scene.office))
    await scene.kim.send(scene.bra, "!hjälp")
    alarm = (await scene.hears(scene.office, told + 1))[-1]
    assert "i rummet för BRÅ. Se !hälsa" in alarm
    assert "M_FORBIDDEN" in alarm
    assert "Ge mig rätt att skicka meddelanden" in await scene.bra_health()
    assert len(await scene.stands(scene.office)) == told + 2
    await scene.kim.set_power_levels(scene.bra, {"events_default": 0})
    await scene.kim.send(scene.bra, "!hjälp")
    assert len(await scene.hears(scene.bra, silent + 1)) == silent + 1
    assert "fungerar" in await scene.bra_health()


async def test_thrown_out_and_invited_again(scene: Scene) -> None:
    """The office is told once, with the cure; the bot comes back by itself and answers."""
    told = len(await scene.stands(scene.office))
    await scene.kim.call(
        "POST", path_of("rooms", scene.bra, "kick"), {"user_id": scene.bot.user_id}
    )
    alarm = (await scene.hears(scene.office, told + 1))[-1]
    assert "inte längre med i rummet för BRÅ. Bjud in mig igen" in alarm
    assert "Bjud in mig" in await scene.bra_health()
    await scene.kim.invite(scene.bra, scene.bot.user_id)
    await _joined(scene, scene.bra)
    silent = len(await scene.stands(scene.bra))
    await scene.kim.send(scene.bra, "!hjälp")
    await scene.hears(scene.bra, silent + 1)
    assert "fungerar" in await scene.bra_health()
    assert len(await scene.stands(scene.office)) == told + 3


async def test_an_alias_that_moves_moves_nothing(scene: Scene) -> None:
    """Rooms are known by their ids: where a name points concerns people alone."""
    name = f"#bra-{scene.bot.user_id.split(':')[0][1:]}:{scene.bot.homeserver.server_name}"
    alias = path_of("directory", "room", name)
    canonical = path_of("rooms", scene.bra, "state", "m.room.canonical_alias")
    await scene.kim.call("PUT", alias, {"room_id": scene.bra})
    await scene.kim.call("PUT", canonical, {"alias": name})
    await scene.kim.send(scene.bra, "!hjälp")
    before = len(await scene.hears(scene.bra, 1))
    other = await scene.kim.create_room("Ett annat rum")
    await scene.kim.call("DELETE", alias)
    await scene.kim.call("PUT", alias, {"room_id": other})
    await scene.kim.send(scene.bra, "!hjälp")
    assert len(await scene.hears(scene.bra, before + 1)) == before + 1
    assert await scene.stands(other) == []
    assert "fungerar" in await scene.bra_health()


async def test_a_direct_room_left_is_entered_again_through_a_new_one(scene: Scene) -> None:
    """Who left the chat with the bot and begins another is answered there."""
    first = await scene.kim.create_room("", [scene.bot.user_id], is_direct=True)
    await _joined(scene, first)
    await scene.kim.send(first, "!hjälp")
    await scene.hears(first, 1)
    told = len(await scene.stands(scene.office))
    await scene.kim.leave(first)
    left = (await scene.hears(scene.office, told + 1))[-1]
    assert "har lämnat chatten" in left
    second = await scene.kim.create_room("", [scene.bot.user_id], is_direct=True)
    await _joined(scene, second)
    await scene.kim.send(second, "!hjälp")
    await scene.hears(second, 1)
    assert len(await scene.stands(scene.office)) == told + 1

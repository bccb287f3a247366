"""The whole bot on a real homeserver: the path walked once, with limits and with a restart."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from bot.app import Runtime
from bot.config import Administrator, Matrix, Municipality, Rooms, Settings
from bot.domain.people import Holding, Role, Unit
from storage.unit_of_work import UnitOfWork
from tests.fakes import ShiftedClock
from tests.live.client import MatrixUser, current_text
from tests.live.connection import path_of
from tests.live.homeserver import Homeserver
from tests.stories.world import TEMPLATES, at


@dataclass
class Scene:
    """A running bot, its coordinator and its reporters."""

    server: Homeserver
    settings: Settings
    kim: MatrixUser
    reporters: list[MatrixUser]
    listeners: list[asyncio.Task[None]]
    office: str
    bra: str
    samsa: str

    @contextlib.asynccontextmanager
    async def running(self, begins: str) -> AsyncIterator[Runtime]:
        """Run the bot for a while."""
        runtime = Runtime(self.settings, clock=ShiftedClock(at(begins)))
        task = asyncio.create_task(runtime.run())
        try:
            yield runtime
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def heard(self, user: MatrixUser, room: str, words: str, within: float = 30) -> str:
        """Wait until a message of the bot with these words stands in a room; gives its text."""
        async with asyncio.timeout(within):
            while True:
                for shown in current_text(await user.messages(room)):
                    if shown.sender == self.settings.matrix.user and words in shown.body:
                        return shown.body
                await asyncio.sleep(0.2)

    async def direct(self, user: MatrixUser, within: float = 30) -> str:
        """Wait for the bot's direct room with somebody, who joins by themselves."""
        async with asyncio.timeout(within):
            while True:
                rooms = (await user.call("GET", path_of("joined_rooms")))["joined_rooms"]
                if rooms:
                    return str(rooms[0])
                await asyncio.sleep(0.2)


async def _scene(server: Homeserver, folder: Path, reporters: int) -> Scene:
    bot = await server.register("lagesbot", "secret")
    kim = await _login(server, "kim")
    people = [await _login(server, f"rapport{n}") for n in range(reporters)]
    listeners = [user.listen(auto_join=True) for user in people]
    office, bra, samsa = [
        await kim.create_room(name, [bot.user_id]) for name in ("Samordning", "BRÅ", "SAMSA")
    ]
    settings = Settings(
        municipality=Municipality(name="Exempelby kommun", places=("Björbo",)),
        matrix=Matrix(
            homeserver=server.base_url, user=bot.user_id, password="secret", encryption=False
        ),
        administrator=Administrator(name="Kim Samordnare", account=kim.user_id),
        rooms=Rooms(office=office, bra=bra, samsa=samsa),
        database=f"sqlite:///{folder / 'bot.db'}",
        data=folder,
        templates=TEMPLATES,
    )
    runtime = Runtime(settings)
    runtime.database.migrate()

    def register(uow: UnitOfWork) -> None:
        coordinator = uow.people.add_person("Kim Samordnare", "sv")
        uow.people.add_account(coordinator.id, "matrix", kim.user_id)
        uow.people.give(coordinator.id, Holding(role=Role.COORDINATOR))
        uow.people.give(coordinator.id, Holding(role=Role.ADMINISTRATOR))
        for number, user in enumerate(people):
            unit = uow.people.save_unit(
                Unit(id=0, name=f"Enhet {number}", board="Nämnden", place="Björbo")
            )
            person = uow.people.add_person(f"Rapportör {number}", "sv")
            uow.people.add_account(person.id, "matrix", user.user_id)
            uow.people.give(person.id, Holding(role=Role.REPORTER, unit_id=unit.id))

    runtime.database.now(register)
    runtime.database.close()
    return Scene(server, settings, kim, people, listeners, office, bra, samsa)


async def _login(server: Homeserver, name: str) -> MatrixUser:
    account = await server.register(name, "secret")
    return MatrixUser(server.base_url, user_id=account.user_id, access_token=account.access_token)


async def _close(scene: Scene) -> None:
    for task in scene.listeners:
        task.cancel()
    await asyncio.gather(*scene.listeners, return_exceptions=True)
    for user in (scene.kim, *scene.reporters):
        await user.close()


async def test_a_month_with_a_restart_of_bot_and_homeserver(tmp_path: Path) -> None:
    """Prompt, answer, restart of both in between, compile, publish: everything stands once."""
    async with Homeserver() as server:
        scene = await _scene(server, tmp_path, reporters=3)
        async with scene.running("2026-11-02 08:59:56"):
            await scene.heard(scene.kim, scene.office, "oktober 2026")
            first = scene.reporters[0]
            room = await scene.direct(first)
            await scene.heard(first, room, "Fråga 1 av 8")
            await first.send(room, "1")
            await scene.heard(first, room, "Fråga 2 av 8")
            await server.restart()
            await first.send(room, "2")
            await scene.heard(first, room, "Skicka nu")
        await first.send(room, "skicka")
        async with scene.running("2026-11-02 09:20"):
            await scene.heard(first, room, "Tack")
            await scene.kim.send(scene.office, "!sammanställ")
            await scene.heard(scene.kim, scene.office, "publicera")
            await scene.kim.send(scene.office, "!publicera")
            for forum in (scene.bra, scene.samsa):
                await scene.heard(scene.kim, forum, "Exempelby kommun")
            await scene.heard(scene.kim, scene.office, "SAMSA", within=40)
        prompts = [m for m in current_text(await first.messages(room)) if "Fråga 1 av 8" in m.body]
        assert len(prompts) == 1
        await _close(scene)


async def test_the_servers_own_limits_are_lived_with(tmp_path: Path) -> None:
    """With Synapse's default limits everybody is asked and reminded, once each, only slower."""
    async with Homeserver(default_limits=True) as server:
        scene = await _scene(server, tmp_path, reporters=4)
        async with scene.running("2026-11-02 08:59:56"):
            rooms = [(user, await scene.direct(user, within=60)) for user in scene.reporters]
            for user, room in rooms:
                await scene.heard(user, room, "Fråga 1 av 8", within=60)
            await scene.kim.send(scene.office, "!påminn")
            for user, room in rooms:
                await scene.heard(user, room, "Jag saknar svar", within=90)
            for user, room in rooms:
                texts = [m.body for m in current_text(await user.messages(room))]
                assert len([t for t in texts if "Jag saknar svar" in t]) == 1
        await _close(scene)

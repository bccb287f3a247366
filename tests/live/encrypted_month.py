"""The whole bot as an encrypted municipality runs it: a coordinator, a reporter, three rooms."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from sqlmodel import select

from bot.app import Runtime
from bot.config import Administrator, Matrix, Municipality, Rooms, Settings
from bot.domain.people import Holding, Role, Unit
from storage.database import Database
from storage.log_tables import OutboxRow
from storage.unit_of_work import UnitOfWork
from tests.fakes import ShiftedClock
from tests.live.homeserver import Homeserver, Registered
from tests.live.matrix_bot import PASSWORD
from tests.stories.world import TEMPLATES, at


def settle(
    bot: Registered, homeserver: Homeserver, folder: Path, forums: list[str], kim: str, ria: str
) -> Settings:
    """Set the bot up with Kim as its coordinator and Ria as the only reporter."""
    office, bra, samsa = forums
    settings = Settings(
        municipality=Municipality(name="Exempelby kommun", places=("Björbo",)),
        matrix=Matrix(homeserver=homeserver.base_url, user=bot.user_id, password=PASSWORD),
        administrator=Administrator(name="Kim Samordnare", account=kim),
        rooms=Rooms(office=office, bra=bra, samsa=samsa),
        database=f"sqlite:///{folder / 'bot.db'}",
        data=folder,
        templates=TEMPLATES,
    )
    runtime = Runtime(settings)
    runtime.database.migrate()

    def register(uow: UnitOfWork) -> None:
        coordinator = uow.people.add_person("Kim Samordnare", "sv")
        uow.people.add_account(coordinator.id, "matrix", kim)
        uow.people.give(coordinator.id, Holding(role=Role.COORDINATOR))
        uow.people.give(coordinator.id, Holding(role=Role.ADMINISTRATOR))
        unit = uow.people.save_unit(Unit(id=0, name="Skolan", board="Nämnden", place="Björbo"))
        reporter = uow.people.add_person("Ria Rapportör", "sv")
        uow.people.add_account(reporter.id, "matrix", ria)
        uow.people.give(reporter.id, Holding(role=Role.REPORTER, unit_id=unit.id))

    runtime.database.now(register)
    runtime.database.close()
    return settings


@contextlib.asynccontextmanager
async def running(settings: Settings, begins: str) -> AsyncIterator[None]:
    """Run the whole bot from an instant of ours."""
    task = asyncio.create_task(Runtime(settings, clock=ShiftedClock(at(begins))).run())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def asked(settings: Settings) -> None:
    """Wait until everybody's question has been posted."""
    database = Database(settings.database)
    waits = select(OutboxRow.state).where(OutboxRow.template == "prompt")
    try:
        async with asyncio.timeout(30):
            while set(database.now(lambda uow: list(uow.people._session.exec(waits)))) != {"sent"}:
                await asyncio.sleep(0.2)
    finally:
        database.close()

"""A municipality to tell stories in: people say things, time passes, rooms are looked at.

The whole bot runs as in earnest, on a real database; only the chat service and the clock are ours.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import ClassVar
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement
from sqlmodel import col, select

from bot.app import Runtime
from bot.config import Administrator, Mail, Matrix, Municipality, Privacy, Rooms, Settings
from bot.domain.people import Forum, Holding, Role, Unit
from bot.ports import Batch, IncomingMessage, Kind
from bot.texts import Texts, read_texts
from storage.log_tables import OutboxRow
from storage.unit_of_work import UnitOfWork
from tests.fakes import Delivered, FakeClock, FakeMail, FakePlatform, Posted

ZONE = ZoneInfo("Europe/Stockholm")
TEMPLATES = Path(__file__).parents[2] / "templates"
ADMIN = "@alva:bra.test"
OFFICE, BRA, SAMSA, MANAGEMENT = "!office", "!bra", "!samsa", "!management"


def at(text: str) -> datetime:
    """Read "2026-10-01 09:00" as Swedish local time."""
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


class World:
    """The bot with its municipality; `restart` ends one process and begins the next."""

    _texts: ClassVar[Texts | None] = None
    """Read once for every story: they are the same, and to read and compile them takes longer than
    most stories."""

    def __init__(self, database_url: str, folder: Path, now: datetime, **privacy: object) -> None:
        self.clock = FakeClock(now)
        self.platform = FakePlatform()
        self.mail = FakeMail()
        self._settings = Settings(
            municipality=Municipality(name="Exempelby kommun", places=("Björbo", "Djurås")),
            matrix=Matrix(homeserver="http://127.0.0.1:1", user="@lagesbot:bra.test"),
            administrator=Administrator(name="Alva Admin", account=ADMIN),
            rooms=Rooms(bra=BRA, samsa=SAMSA, office=OFFICE),
            mail=Mail(host="127.0.0.1", sender="bra@exempelby.test"),
            privacy=Privacy(**privacy),  # type: ignore[arg-type]
            database=database_url,
            data=folder,
            templates=TEMPLATES,
        )
        self.runtime = self._process()
        for room in (OFFICE, BRA, SAMSA):
            self.platform.add_room(room, {ADMIN})
        self._read: dict[str, int] = {}

    def _process(self) -> Runtime:
        World._texts = World._texts or read_texts(self._settings)
        return Runtime(
            self._settings,
            platform=self.platform,
            clock=self.clock,
            mail=self.mail,
            texts=World._texts,
        )

    async def begin(self) -> None:
        """Start the process."""
        await self.runtime.begin()
        await self.settle()

    async def end(self) -> None:
        """Stop the process."""
        await self.runtime.end()

    async def restart(self) -> None:
        """Begin a new process on what the old one left."""
        self.runtime = self._process()
        await self.begin()

    async def settle(self) -> None:
        """Wait until everything has been handled and said; at most 30 seconds."""
        async with asyncio.timeout(30):
            await asyncio.sleep(0)
            while not self.runtime.idle:
                await asyncio.sleep(0.002)

    async def until(self, moment: datetime) -> None:
        """Let time pass; the clock's jobs run at their instants, as APScheduler would wake them."""
        last = ""
        while True:
            coming = [o for o in await self.runtime.plan() if o.at <= moment]
            if not coming:
                break
            assert coming[0].key != last, f"{last} failed, or did not note that it happened"
            last = coming[0].key
            self.clock.instant = max(self.clock.instant, coming[0].at)
            await self.runtime.tick()
            await self.settle()
        self.clock.instant = moment

    # Who there is

    def unit(
        self, name: str, place: str = "Björbo", board: str = "Barn- och utbildningsnämnden"
    ) -> int:
        """Add a unit."""
        return self.runtime.database.now(
            lambda uow: uow.people.save_unit(Unit(id=0, name=name, board=board, place=place)).id
        )

    def person(self, name: str, *roles: tuple[Role, int | None]) -> str:
        """Add a person with roles; gives the account."""
        account = f"@{name.split()[0].lower()}:bra.test"

        def add(uow: UnitOfWork) -> None:
            person = uow.people.add_person(name, "sv")
            uow.people.add_account(person.id, "matrix", account)
            for role, unit in roles:
                uow.people.give(person.id, Holding(role=role, unit_id=unit))

        self.runtime.database.now(add)
        for room, forum in ((OFFICE, Forum.OFFICE), (BRA, Forum.BRA), (SAMSA, Forum.SAMSA)):
            if forum is Forum.OFFICE and any(r is Role.COORDINATOR for r, _ in roles):
                self.platform.members[room].add(account)
        return account

    def outsider(self, name: str, role: Role, function: str = "") -> str:
        """Add a member outside the chat; gives the e-mail address."""
        address = f"{name.split()[0].lower()}@post.test"

        def add(uow: UnitOfWork) -> None:
            person = uow.people.add_person(name, "sv", address)
            uow.people.set_function(person.id, function)
            uow.people.give(person.id, Holding(role=role))

        self.runtime.database.now(add)
        return address

    def management_room(self) -> None:
        """Give the management group a room."""
        self.platform.add_room(MANAGEMENT, {ADMIN})
        self.runtime.database.now(
            lambda uow: uow.people.set_room(Forum.MANAGEMENT, "matrix", MANAGEMENT)
        )

    # What they do

    def direct(self, account: str) -> str:
        """Name somebody's direct room, which the bot has opened."""
        return self.platform.direct[account]

    async def says(
        self, account: str, *texts: str, room: str | None = None, thread: str | None = None
    ) -> str:
        """Write messages, one after another; gives the last one's event id.

        `thread` is the first message of the thread they are written in.
        """
        event_id = ""
        for text in texts:
            where = room or self.direct(account)
            event_id = await self.platform.happens(
                self.runtime.mailbox, where, account, text, thread=thread
            )
            await self.settle()
            self.clock.instant += timedelta(seconds=20)
        return event_id

    async def edits(self, account: str, event_id: str, text: str, room: str | None = None) -> None:
        """Edit a message."""
        await self._act(account, text, Kind.EDIT, event_id, room)

    async def deletes(self, account: str, event_id: str, room: str | None = None) -> None:
        """Delete a message."""
        await self._act(account, "", Kind.DELETION, event_id, room)

    async def reacts(self, account: str, key: str, event_id: str, room: str | None = None) -> None:
        """React to a message."""
        await self._act(account, key, Kind.REACTION, event_id, room)

    async def receives(self, event: IncomingMessage) -> None:
        """Let an event come in as it is, for what the verbs above can't say."""
        self.platform.position += 1
        batch = Batch(position=str(self.platform.position), events=[event])
        await self.runtime.mailbox.accept(self.platform.name, batch)
        await self.settle()

    async def _act(
        self, account: str, text: str, kind: Kind, target: str, room: str | None
    ) -> None:
        where = room or self.direct(account)
        await self.platform.happens(
            self.runtime.mailbox, where, account, text, kind=kind, target=target
        )
        await self.settle()

    # What they see

    def sees(self, room: str) -> list[Posted]:
        """List what the bot has posted in a room since this was asked last, edits apart."""
        mine = [
            p for p in self.platform.rooms.get(room, []) if p.sender == self.platform.own_account
        ]
        new = mine[self._read.get(room, 0) :]
        self._read[room] = len(mine)
        return new

    def told(self, account: str) -> list[str]:
        """List what somebody has been told in their direct room since this was asked last."""
        return [p.text for p in self.sees(self.platform.direct.get(account, f"!direct-{account}"))]

    def letters(self, address: str) -> list[Delivered]:
        """List what has come to a mailbox since this was asked last."""
        mine = [letter for letter in self.mail.letters if letter.to == address]
        new = mine[self._read.get(address, 0) :]
        self._read[address] = len(mine)
        return new

    def rows_of(self, template: str) -> list[OutboxRow]:
        """List whatever was ever said by one template, the oldest first."""
        return self._rows(col(OutboxRow.template) == template)

    def rows_to(self, room: str) -> list[OutboxRow]:
        """List whatever was ever said in a room, or to an address, the oldest first."""
        return self._rows(col(OutboxRow.room) == room)

    def _rows(self, condition: ColumnElement[bool]) -> list[OutboxRow]:
        query = select(OutboxRow).where(condition).order_by(col(OutboxRow.id))
        return self.runtime.database.now(lambda uow: list(uow.people._session.exec(query)))

    def last(self, room: str) -> Posted:
        """Give the newest message of the bot in a room."""
        return [p for p in self.platform.rooms[room] if p.sender == self.platform.own_account][-1]


@asynccontextmanager
async def world(
    database_url: str, folder: Path, now: str, **privacy: object
) -> AsyncIterator[World]:
    """Begin a world at a moment, and end it."""
    there = World(database_url, folder, at(now), **privacy)
    await there.begin()
    try:
        yield there
    finally:
        await there.end()

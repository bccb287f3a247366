"""The people of the crash test: what each one answers, says once, and must be told once.

Everything a person does leaves an expectation in the ledger; whether it was met is judged in
crash_check.py. When people are asked to act is decided in crash.py.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bot.config import Administrator, Matrix, Municipality, Rooms, Settings
from bot.domain.people import Holding, Role, Unit
from storage.database import Database
from storage.unit_of_work import UnitOfWork
from tests.live.client import Event, MatrixUser
from tests.live.crash_parts import Meant, Part
from tests.live.homeserver import Homeserver

PASSWORD = "secret"
KEY_FIELD = "se.lagesbot.key"
DEPUTIES = 2
WAIT_SECONDS = 300.0

_TEMPLATES = Path(__file__).parents[2] / "templates"


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """One message of the bot that must stand exactly once in a room."""

    room: str
    key: str
    what: str


@dataclass
class Ledger:
    """What must be found afterwards, and a signal at each thing that happens on the way."""

    messages: list[Expected] = field(default_factory=list)
    answers: dict[tuple[str, int], Meant] = field(default_factory=dict)
    happening: asyncio.Condition = field(default_factory=asyncio.Condition)

    def expect(self, room: str, key: str, what: str) -> None:
        """Note a message that must stand once."""
        self.messages.append(Expected(room=room, key=key, what=what))

    async def happened(self) -> None:
        """Tell whoever waits for a moment at which something has just happened."""
        async with self.happening:
            self.happening.notify_all()


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How people speak with the bot."""

    arrive: Callable[[Homeserver, str], Awaitable[MatrixUser]]
    """Register somebody by a name, and log them in."""
    encrypted: bool
    """Whether every room is encrypted."""


@dataclass
class Member:
    """Somebody with an account; `unit_id` is the unit they answer for, 0 for the coordinator."""

    user: MatrixUser
    ledger: Ledger
    bot: str
    person_id: int = 0
    unit_id: int = 0
    room: str = ""
    question: str = ""
    """The event that asked last, which a reaction answers."""

    @property
    def name(self) -> str:
        """The name to log in by."""
        return self.user.user_id[1:].split(":")[0]

    async def told(self, key: str, what: str, *, after: int = 0) -> Event:
        """Wait for a message of the bot, which from now on must stand once.

        Args:
            key: a pattern of the message's key.
            what: what it is, for people.
            after: how many of the events seen to pass over.

        Raises:
            TimeoutError: it did not come.
        """

        def fits(event: Event) -> bool:
            said = str(event["content"].get(KEY_FIELD, ""))
            return event["sender"] == self.bot and re.fullmatch(key, said) is not None

        try:
            event = await self.user.wait_for(fits, WAIT_SECONDS, after=after)
        except AssertionError:
            raise TimeoutError(f"{self.user.user_id} was not given {what} ({key})") from None
        self.ledger.expect(event["room_id"], event["content"][KEY_FIELD], what)
        await self.ledger.happened()
        return event

    async def asked(self, cause: str, what: str) -> None:
        """Wait for a question that the clock has caused."""
        key = re.escape(f"{cause}/ask/{self.person_id}/{self.unit_id}")
        event = await self.told(key, what)
        self.room, self.question = event["room_id"], event["event_id"]

    async def says(self, text: str) -> str:
        """Write one message, once, and wait for what the bot says to it."""
        return await self._answered(await self.user.send(self.room, text), text)

    async def plays(self, part: Part) -> str:
        """Do one's part in a round; give the event that sent the answer in."""
        first = last = ""
        if part.reaction:
            event = await self.user.react(self.room, self.question, part.reaction)
            await self._answered(event, part.reaction)
        for text in part.messages:
            last = await self.says(text)
            first = first or last
        if part.edit:
            await self._answered(await self.user.edit(self.room, first, part.edit), part.edit)
        return last

    async def _answered(self, event_id: str, text: str) -> str:
        await self.ledger.happened()
        await self.told(rf"{re.escape(event_id)}(#0|/ask/.*)", f"a reply to {text!r}")
        return event_id


@dataclass
class Town:
    """Everybody, and the three rooms."""

    settings: Settings
    ledger: Ledger
    coordinator: Member
    reporters: list[Member]
    deputies: list[Member]
    office: str
    bra: str
    samsa: str
    encrypted: bool

    @property
    def everybody(self) -> Sequence[Member]:
        """List all members."""
        return [self.coordinator, *self.reporters, *self.deputies]

    async def close(self) -> None:
        """Let everybody go home."""
        await asyncio.gather(*(m.user.close() for m in self.everybody), return_exceptions=True)


async def _arrive(server: Homeserver, name: str) -> MatrixUser:
    account = await server.register(name, PASSWORD)
    return MatrixUser(server.base_url, user_id=account.user_id, access_token=account.access_token)


PLAIN = Manner(arrive=_arrive, encrypted=False)
"""Nobody encrypts."""


def manner_of(*, plain: bool) -> Manner:
    """Give the manner that is asked for on a command line."""
    if plain:
        return PLAIN
    # Its library is not there on Python 3.13 and later, where only the plain play is possible.
    from tests.live.faults_people import ENCRYPTED

    return ENCRYPTED


async def move_in(server: Homeserver, folder: Path, units: int, manner: Manner = PLAIN) -> Town:
    """Register the bot and its people, in the homeserver and in the bot's register."""
    bot = await server.register("lagesbot", PASSWORD)
    ledger = Ledger()

    async def member(name: str) -> Member:
        user = await manner.arrive(server, name)
        return Member(user=user, ledger=ledger, bot=bot.user_id)

    kim = await member("kim")
    reporters = [await member(f"rapport{n}") for n in range(units)]
    deputies = [await member(f"ersatt{n}") for n in range(DEPUTIES)]
    office, bra, samsa = [
        await kim.user.create_room(name, [bot.user_id]) for name in ("Samordning", "BRÅ", "SAMSA")
    ]
    settings = Settings(
        municipality=Municipality(name="Exempelby kommun", places=("Björbo",)),
        matrix=Matrix(
            homeserver=server.base_url,
            user=bot.user_id,
            password=PASSWORD,
            encryption=manner.encrypted,
        ),
        administrator=Administrator(name="Kim Samordnare", account=kim.user.user_id),
        rooms=Rooms(office=office, bra=bra, samsa=samsa),
        database=f"sqlite:///{folder / 'bot.db'}",
        data=folder,
        templates=_TEMPLATES,
    )
    database = Database(settings.database)
    database.migrate()
    database.now(lambda uow: _register(uow, kim, reporters, deputies))
    database.close()
    for each in (kim, *reporters, *deputies):
        each.user.listen(auto_join=True)
    return Town(
        settings=settings,
        ledger=ledger,
        coordinator=kim,
        reporters=reporters,
        deputies=deputies,
        office=office,
        bra=bra,
        samsa=samsa,
        encrypted=manner.encrypted,
    )


def _register(
    uow: UnitOfWork, kim: Member, reporters: Sequence[Member], deputies: Sequence[Member]
) -> None:
    def add(member: Member, name: str, *holdings: Holding) -> None:
        member.person_id = uow.people.add_person(name, "sv").id
        uow.people.add_account(member.person_id, "matrix", member.user.user_id)
        for holding in holdings:
            uow.people.give(member.person_id, holding)

    add(kim, "Kim Samordnare", Holding(role=Role.COORDINATOR), Holding(role=Role.ADMINISTRATOR))
    for number, reporter in enumerate(reporters):
        unit = Unit(id=0, name=f"Enhet {number}", board="Nämnden", place="Björbo")
        reporter.unit_id = uow.people.save_unit(unit).id
        add(
            reporter,
            f"Rapportör {number}",
            Holding(role=Role.REPORTER, unit_id=reporter.unit_id),
        )
    for number, deputy in enumerate(deputies):
        deputy.unit_id = reporters[number].unit_id
        add(deputy, f"Ersättare {number}", Holding(role=Role.DEPUTY, unit_id=deputy.unit_id))

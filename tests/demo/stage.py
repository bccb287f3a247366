"""What the story is played on: homeserver, rooms, people, the real bot, and time that waits for it.

What is played belongs in story.py.
"""

import asyncio
import contextlib
import logging
import sqlite3
import tempfile
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TextIO
from zoneinfo import ZoneInfo

from bot.app import Runtime
from bot.cli.importing import import_files
from bot.config import Administrator, Mail, Matrix, Municipality, Privacy, Settings
from bot.meeting_settings import ForumMeetings, Meetings
from bot.process import ScrubbingFilter
from storage.database import Database
from tests.demo.cast import PASSWORD, Player
from tests.demo.clock import FastClock
from tests.demo.people import filled, names_of, parts_of
from tests.demo.transcript import Transcript
from tests.live.client import Event, MatrixUser
from tests.live.homeserver import Homeserver
from tests.live.mailserver import HOST, MailServer, mail_server

ZONE = ZoneInfo("Europe/Stockholm")
TEMPLATES = Path(__file__).parents[2] / "templates"
MUNICIPALITY = "Exempelby kommun"
PLACES = ("Exempelby", "Granvik", "Norrsjö", "Lillfors", "Strömnäs", "Tallåsen", "Åbyn")
SERVER = "exempelby.test"
PLACE = "Kommunhuset, sal Skogen"
SENDER = "lagesbot@exempelby.example"

TALKING = 60.0
"""While people talk, a second is a minute."""
TRAVELLING = 8 * 86_400.0
"""Between, a second is eight days."""
_POLL = 0.02
_PATIENCE = 60.0


class StageError(Exception):
    """The bot did not do what the story waited for, or reported a defect."""


class Stage:
    """A running bot and everybody around it; made by `stage`."""

    def __init__(
        self,
        server: Homeserver,
        post: MailServer,
        runtime: Runtime,
        clock: FastClock,
        transcript: Transcript,
    ) -> None:
        self.server = server
        self.post = post
        self.runtime = runtime
        self.clock = clock
        self.transcript = transcript
        self.players: dict[str, Player] = {}
        self.groups: set[str] = set()
        self.office = self.bra = self.samsa = self.management = ""
        self.parts: dict[str, list[str]] = {}
        """Account's first part → what its owner does, in words."""
        self.kept: dict[str, str] = {}
        """Event ids that the story comes back to, by a name."""
        self._told: dict[str, int] = {}
        self._letters = 0
        self._database = ""

    def __getitem__(self, localpart: str) -> Player:
        return self.players[localpart]

    async def until(self, moment: str) -> None:
        """Let time run to "2026-10-01 09:00"; nothing planned before it is left behind.

        The clock stands still at each planned instant until the scheduler's job has done its work.
        """
        goal = at(moment)
        while self.clock.now() < goal:
            stop = min([o.at for o in await self.runtime.plan()] + [goal])
            stop = max(stop, self.clock.now())
            self.clock.go(TRAVELLING, stop=stop)
            await self.runtime.scheduler.replan()
            while self.clock.now() < stop:
                await asyncio.sleep(_POLL)
            await self._pass(stop)
        await self.talk()

    async def talk(self) -> None:
        """Let time go at people's pace, up to the next planned instant."""
        plan = await self.runtime.plan()
        self.clock.go(TALKING, stop=plan[0].at if plan else None)
        await self.runtime.scheduler.replan()

    async def free(self) -> None:
        """Let time go as in the world, with nobody to stop it."""
        self.clock.go(1.0, stop=None)
        await self.runtime.scheduler.replan()

    async def _pass(self, instant: datetime) -> None:
        try:
            async with asyncio.timeout(_PATIENCE):
                while any(o.at <= instant for o in await self.runtime.plan()):
                    await asyncio.sleep(_POLL)
        except TimeoutError:
            left = [o.key for o in await self.runtime.plan() if o.at <= instant]
            raise StageError(f"the clock's jobs did not run: {left}") from None
        await self.settle()

    async def handled(self, event_id: str) -> None:
        """Wait until an event has had its effect and everybody has seen what came of it."""
        try:
            async with asyncio.timeout(_PATIENCE):
                while not self._ask("select 1 from inbox where event_id=? and done", event_id):
                    await asyncio.sleep(_POLL)
        except TimeoutError:
            raise StageError(f"the bot did not handle {event_id}") from None
        await self.settle()

    async def told(self, event_id: str) -> None:
        """Wait until an event that the bot has nothing to do with has been told."""
        async with asyncio.timeout(_PATIENCE):
            while event_id not in self.transcript.told:
                await asyncio.sleep(_POLL)

    async def settle(self) -> None:
        """Wait until nothing is to be handled or sent, and all that was sent has been told."""
        try:
            async with asyncio.timeout(_PATIENCE):
                calm = 0
                while calm < 2:
                    await asyncio.sleep(_POLL)
                    calm = calm + 1 if self.runtime.idle and not self._behind() else 0
        except TimeoutError:
            raise StageError(f"the bot did not come to rest: {self._behind()}") from None

    def _behind(self) -> Sequence[str]:
        """List what waits to be sent, and what was sent and has not reached its readers."""
        waiting = self._ask("select key from outbox where state in ('pending', 'sending')")
        sent = self._ask("select event_id from outbox where state='sent' and event_id<>''")
        return [*waiting, *(e for e in sent if e not in self.transcript.told)]

    def files_sent(self, room: str) -> list[str]:
        """List the files that the bot has sent to a room, each by name and SHA-256."""
        return self._ask(
            "select file.name || ' ' || file.sha256 from outbox "
            "join artifact file on file.id = outbox.artifact_id "
            "where outbox.room = ? and outbox.state = 'sent'",
            room,
        )

    def _ask(self, question: str, *values: str) -> list[str]:
        with contextlib.closing(
            sqlite3.connect(f"file:{self._database}?mode=ro", uri=True)
        ) as door:
            return [str(row[0]) for row in door.execute(question, values)]

    async def watch(self) -> None:
        """Tell what arrives at anybody's device, for ever."""
        while True:
            self.transcript.tell(self._fresh())
            for letter in self.post.letters[self._letters :]:
                self.transcript.letter(letter)
                self._letters += 1
            await asyncio.sleep(_POLL)

    def _fresh(self) -> list[Event]:
        fresh: list[Event] = []
        for localpart, player in self.players.items():
            seen = player.user.seen
            fresh += [e | {"told_by": player.name} for e in seen[self._told.get(localpart, 0) :]]
            self._told[localpart] = len(seen)
        return fresh


def at(moment: str) -> datetime:
    """Read "2026-10-01 09:00" as Swedish local time."""
    return datetime.fromisoformat(moment).replace(tzinfo=ZONE)


@contextlib.asynccontextmanager
async def stage(begins: str, out: TextIO) -> AsyncIterator[Stage]:
    """Start homeserver, people and bot; end them all, and leave nothing behind."""
    clock = FastClock(at(begins))
    transcript = Transcript(out, clock.now, ZONE)
    defects = _Defects()
    with tempfile.TemporaryDirectory(prefix="demo-") as folder, defects:
        async with (
            Homeserver(Path(folder) / "homeserver", server_name=SERVER) as server,
            mail_server() as post,
            contextlib.AsyncExitStack() as stack,
        ):
            try:
                yield await _set(server, post, Path(folder), clock, transcript, stack)
            except StageError as error:
                raise StageError("\n".join([str(error), *defects.lines])) from error
    if defects.lines:
        raise StageError("\n".join(["the bot reported defects", *defects.lines]))


async def _set(
    server: Homeserver,
    post: MailServer,
    folder: Path,
    clock: FastClock,
    transcript: Transcript,
    stack: contextlib.AsyncExitStack,
) -> Stage:
    files = [filled(name, folder, SERVER) for name in ("enheter.csv", "personer.csv")]
    names = names_of(files[1])
    bot = await server.register("lagesbot", PASSWORD, displayname="Lägesbot")
    accounts = await asyncio.gather(
        *(server.register(who, PASSWORD, displayname=name) for who, name in names.items())
    )
    url = f"sqlite:///{folder / 'lagesbot.db'}"
    settings = Settings(
        municipality=Municipality(name=MUNICIPALITY, places=PLACES),
        matrix=Matrix(
            homeserver=server.base_url, user=bot.user_id, password=PASSWORD, encryption=False
        ),
        administrator=Administrator(name=names["sara"], account=f"@sara:{SERVER}"),
        privacy=Privacy(redact=True),
        meetings=Meetings(bra=ForumMeetings(place=PLACE)),
        mail=Mail(host=HOST, port=post.port, security="none", sender=SENDER),
        database=url,
        data=folder / "data",
        templates=TEMPLATES,
    )
    await asyncio.to_thread(_import, url, files, clock.now())
    runtime = Runtime(settings, clock=clock)
    there = Stage(server, post, runtime, clock, transcript)
    there._database = str(folder / "lagesbot.db")
    there.parts = parts_of(files[1])
    transcript.bot = bot.user_id
    transcript.names = {bot.user_id: "Lägesbot"}
    for localpart, account in zip(names, accounts, strict=True):
        user = MatrixUser(
            server.base_url, user_id=account.user_id, access_token=account.access_token
        )
        await stack.enter_async_context(user)
        user.listen(auto_join=True)
        transcript.names[account.user_id] = names[localpart]
        there.players[localpart] = Player(
            names[localpart],
            user,
            bot=bot.user_id,
            handled=there.handled,
            groups=there.groups,
        )
    for task in (asyncio.create_task(runtime.run()), asyncio.create_task(there.watch())):
        stack.push_async_callback(_ended, task)
    return there


def _import(url: str, files: Sequence[Path], now: datetime) -> None:
    database = Database(url)
    try:
        database.migrate()
        import_files(database, files, platform="matrix", language="sv", now=now)
    finally:
        database.close()


async def _ended(task: "asyncio.Task[None]") -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


class _Defects(logging.Handler):
    """Keeps what the bot logs as an error: the demonstration may not end well with one."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.lines: list[str] = []
        self.addFilter(ScrubbingFilter())

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one record."""
        self.lines.append(f"{record.name}: {record.getMessage()}")

    def __enter__(self) -> "_Defects":
        logging.getLogger().addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        logging.getLogger().removeHandler(self)

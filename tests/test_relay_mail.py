"""The relay with e-mail beside the chat: a real database, a real mail server, the stories' chat."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from bot.cli.phrases import read_phrases
from bot.cli.tasks import outbox
from bot.config import Administrator, Matrix, Municipality, Settings
from bot.handouts import Artifact
from bot.outbox import Relay
from bot.platforms.mail import MailSender
from bot.ports import File, Letter, NotSent, Platform, Removal, Sender, Text
from storage.database import Database
from storage.outbox import Queued
from tests.fakes import FakeClock, FakePlatform
from tests.live.mailserver import HOST, Fault, MailServer, mail_server

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
ASA = "asa@polisen.test"
ICS = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nMETHOD:REQUEST\r\nEND:VCALENDAR\r\n"


@dataclass
class Office:
    """What outlives the process: the database, the chat, the mail server."""

    database: Database
    server: MailServer
    chat: FakePlatform
    told: list[tuple[str, str]] = field(default_factory=list)

    def mail(self, timeout: float = 5.0) -> MailSender:
        """Give a mail sender."""
        return MailSender(
            host=HOST,
            port=self.server.port,
            security="none",
            user="",
            password=None,
            sender_address="bot@kommun.test",
            sender_name="Exempelby kommun",
            timeout=timeout,
        )

    def write(self, key: str, to: str = ASA, files: Sequence[int] = ()) -> Queued:
        """Put a letter into the outbox."""
        row = Queued(
            key=key,
            platform="mail",
            room=to,
            kind="letter",
            subject=f"Om {key}",
            text="Hej **Åsa**",
            attachments=list(files),
            created_at=NOW,
        )
        self.database.now(lambda uow: uow.outbox.add(row))
        return row

    def say(self, key: str) -> Queued:
        """Put a chat message into the outbox."""
        row = Queued(key=key, platform="matrix", room="!bra", kind="text", text=key, created_at=NOW)
        self.database.now(lambda uow: uow.outbox.add(row))
        return row

    def keep(self, name: str, media_type: str, content: bytes) -> int:
        """Keep a file; gives its id."""
        artifact = Artifact(name=name, media_type=media_type, content=content, sha256="0" * 64)
        return self.database.now(lambda uow: uow.papers.keep(artifact))

    def row(self, key: str) -> Queued:
        """Read a row anew."""
        row = self.database.now(lambda uow: uow.outbox.by_key(key))
        assert row is not None
        return row

    def subjects(self, to: str = ASA) -> list[str]:
        """List what somebody got, in order."""
        return [str(m["subject"]) for m in self.server.to(to)]

    @asynccontextmanager
    async def life(
        self,
        *,
        mail: Sender | None = None,
        chat: Platform | None = None,
        away: timedelta = timedelta(0),
        killed_at_the_end: bool = False,
    ) -> AsyncIterator[Relay]:
        """Run one process's relay; leaving it kills whatever still runs."""
        tasks: list[asyncio.Task[None]] = []

        async def failed(rows: Sequence[Queued]) -> None:
            self.told += [(row.key, row.state) for row in rows]

        async def completed(_: Sequence[Queued]) -> None:
            if killed_at_the_end:
                raise asyncio.CancelledError

        async def slow(*_: object) -> None:
            return None

        def spawn(work: Coroutine[object, object, None]) -> None:
            async def run() -> None:
                await work

            tasks.append(asyncio.create_task(run()))

        relay = Relay(
            platform=chat or self.chat,
            senders={"mail": mail} if mail else {},
            database=self.database,
            clock=FakeClock(NOW),
            spawn=spawn,
            failed=failed,
            completed=completed,
            slow=slow,
            jitter=lambda: -0.45,
        )
        await relay.resume(away)
        try:
            yield relay
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def until(true: Callable[[], bool], within: float = 8.0) -> None:
    """Wait for something to be true."""
    async with asyncio.timeout(within):
        while not true():
            await asyncio.sleep(0.01)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """Open an empty database."""
    database = Database(database_url)
    yield database
    database.close()


@pytest_asyncio.fixture
async def office(database: Database) -> AsyncIterator[Office]:
    """Set up chat, mail server and database."""
    async with mail_server() as server:
        chat = FakePlatform()
        chat.add_room("!bra", set())
        yield Office(database, server, chat)


only_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def test_a_letter_is_delivered_once_with_its_files(office: Office) -> None:
    """The invitation and the document; a later life does not repeat it."""
    files = [
        office.keep("BRÅ.ics", "text/calendar; method=REQUEST", ICS),
        office.keep("Dagordning.pdf", "application/pdf", b"%PDF-1.7"),
    ]
    office.write("call/1", files=files)
    for _ in range(2):
        async with office.life(mail=office.mail()) as relay:
            await until(lambda r=relay: r.idle)  # type: ignore[misc]
    [message] = office.server.to(ASA)
    assert message["subject"] == "Om call/1"
    attached = {p.get_filename(): p.get_payload(decode=True) for p in message.iter_attachments()}
    assert attached == {"BRÅ.ics": ICS, "Dagordning.pdf": b"%PDF-1.7"}
    row = office.row("call/1")
    assert (row.state, row.event_id) == ("sent", message["message-id"])
    assert office.told == []


async def test_who_is_killed_while_a_letter_is_sent_never_sends_it_again(office: Office) -> None:
    """The next life shows it to a person; what waited behind it goes out."""
    office.server.faults.append(Fault.SLOW_AFTER_DATA)
    office.write("a")
    office.write("b")
    async with office.life(mail=office.mail()):
        await until(lambda: bool(office.server.letters))
    assert [office.row(key).state for key in "ab"] == ["sending", "pending"]
    async with office.life(mail=office.mail()) as relay:
        await until(lambda: relay.idle)
    assert office.subjects() == ["Om a", "Om b"]
    assert [office.row(key).state for key in "ab"] == ["uncertain", "sent"]
    assert office.told == [("a", "uncertain")]


@only_sqlite
async def test_who_is_killed_between_sending_and_noting_does_not_double(office: Office) -> None:
    """Nobody can tell it from a letter that never left, so a person is asked."""
    office.write("a")
    async with office.life(mail=office.mail(), killed_at_the_end=True):
        await until(lambda: bool(office.server.letters))
        await asyncio.sleep(0.1)
    async with office.life(mail=office.mail()) as relay:
        await until(lambda: relay.idle)
    assert office.subjects() == ["Om a"]
    assert office.row("a").state == "uncertain"


@only_sqlite
async def test_a_server_that_says_later_is_asked_again_in_order(office: Office) -> None:
    """Greylisting, at the recipient and at the end; the letters keep their order."""
    office.server.at_recipient += ["451 4.7.1 Greylisted"]
    office.server.at_end += ["451 4.3.0 Try again"]
    office.write("a")
    office.write("b")
    async with office.life(mail=office.mail()) as relay:
        await until(lambda: relay.idle)
    assert office.subjects() == ["Om a", "Om b"]
    assert (office.row("a").state, office.row("a").tries) == ("sent", 2)


@only_sqlite
async def test_between_two_tries_a_letter_is_pending_again(office: Office) -> None:
    """So that a life that ends there loses nothing and asks nobody."""
    office.server.at_recipient += ["451 4.7.1 Greylisted"] * 3
    office.write("a")
    async with office.life(mail=office.mail()):
        await until(lambda: office.row("a").tries == 1)
    row = office.row("a")
    assert row.state == "pending"
    assert "Greylisted" in row.reason
    async with office.life(mail=office.mail(), away=timedelta(days=9)) as relay:
        await until(lambda: relay.idle)
    assert (office.subjects(), office.told) == (["Om a"], [])


@only_sqlite
async def test_an_outcome_that_nobody_knows_is_told_and_not_tried_again(office: Office) -> None:
    """The server took it and hung up: once there, and the coordinator hears."""
    office.server.faults.append(Fault.DROP_AFTER_DATA)
    office.write("a")
    async with office.life(mail=office.mail()) as relay:
        await until(lambda: relay.idle)
    assert office.subjects() == ["Om a"]
    assert office.told == [("a", "uncertain")]


@only_sqlite
async def test_a_letter_that_is_refused_or_can_not_be_made_fails(office: Office) -> None:
    """An unknown mailbox, a broken address, a file that is not there: told, and the next goes."""
    office.server.refused.add("bo@kommun.test")
    office.write("refused", to="bo@kommun.test")
    office.write("broken", to="nobody")
    office.write("fileless", files=[4711])
    office.write("good")
    async with office.life(mail=office.mail()) as relay:
        await until(lambda: relay.idle)
    assert sorted(office.told) == [
        ("broken", "failed"),
        ("fileless", "failed"),
        ("refused", "failed"),
    ]
    assert "No such mailbox" in office.row("refused").reason
    assert office.subjects() == ["Om good"]


@only_sqlite
async def test_without_a_mail_server_a_letter_fails_and_the_chat_goes_on(office: Office) -> None:
    """The reason says what is missing; a letter that was on its way before is uncertain."""
    office.write("a")
    office.say("hej")
    handed_over = office.write("b")
    office.database.now(lambda uow: uow.outbox.change(replace(handed_over, state="sending")))
    async with office.life() as relay:
        await until(lambda: relay.idle)
    assert sorted(office.told) == [("a", "failed"), ("b", "uncertain")]
    assert office.row("a").reason == "no mail is set up"
    assert [p.text for p in office.chat.rooms["!bra"]] == ["hej"]


@only_sqlite
async def test_a_long_stop_makes_the_chat_uncertain_and_not_the_letters(office: Office) -> None:
    """A letter that was never handed over is known not to have been sent."""
    office.write("a")
    office.say("hej")
    async with office.life(mail=office.mail(), away=timedelta(days=3)) as relay:
        await until(lambda: relay.idle)
    assert office.subjects() == ["Om a"]
    assert office.told == [("hej", "uncertain")]


@only_sqlite
async def test_a_person_may_send_an_uncertain_letter_again(office: Office, tmp_path: Path) -> None:
    """`outbox retry`: from the next start on it is a letter like any other."""
    office.server.faults.append(Fault.DROP_AFTER_DATA)
    row = office.write("a")
    async with office.life(mail=office.mail()) as relay:
        await until(lambda: relay.idle)
    settings = Settings(
        municipality=Municipality(name="Exempelby"),
        matrix=Matrix(homeserver="http://localhost", user="@bot:bra.test"),
        administrator=Administrator(name="Alva", account="@alva:bra.test"),
        data=tmp_path,
    )
    done = outbox(office.database, settings, read_phrases("sv"), "retry", row.id or 0, NOW)
    assert done == 0
    async with office.life(mail=office.mail()) as relay:
        await until(lambda: relay.idle)
    assert office.row("a").state == "sent"
    first, second = office.server.to(ASA)
    assert first["message-id"] == second["message-id"]


@only_sqlite
async def test_a_mail_server_that_hangs_does_not_hold_the_chat(office: Office) -> None:
    """Sixty people wait for their letters; the room hears at once, and three at most are asked."""
    office.server.faults += [Fault.SLOW_BEFORE_DATA] * 60
    for n in range(60):
        office.write(f"l{n}", to=f"p{n}@kommun.test")
    office.say("hej")
    async with office.life(mail=office.mail()):
        await until(lambda: bool(office.chat.rooms["!bra"]), within=0.5)
        await until(lambda: office.server.attempts == 3)
        rows = [office.row(f"l{n}").state for n in range(60)]
        assert rows.count("sending") <= 3


class Limited(FakePlatform):
    """A chat that asks to wait, for ever."""

    async def send(self, key: str, room: str, payload: Text | File | Removal | Letter) -> str:
        """Post nothing."""
        raise NotSent("limited", retry_after=timedelta(seconds=30))


@only_sqlite
async def test_a_limit_of_the_chat_does_not_hold_the_letters(office: Office) -> None:
    """Each waits for its own server; a letter that has to wait does not spin either."""
    chat = Limited()
    office.say("hej")
    async with office.life(mail=office.mail(), chat=chat) as relay:
        await until(lambda: office.row("hej").tries == 1)
        office.server.at_recipient += ["451 4.7.1 Greylisted"] * 100
        relay.post([office.write("a"), office.write("b", to="bo@kommun.test")])
        await asyncio.sleep(0.5)
        assert office.server.attempts < 12
        office.server.at_recipient.clear()
        await until(lambda: office.row("a").state == office.row("b").state == "sent")

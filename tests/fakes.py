"""A chat service and clocks of our own; the contract suite holds the first to its port.

Nothing else is faked: stories run on real databases, real templates and real documents.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from bot.ports import (
    Batch,
    File,
    IncomingMessage,
    Kind,
    Letter,
    Mailbox,
    NeverWillBe,
    Notice,
    Removal,
    RoomHealth,
    Text,
)

BOT = "@lagesbot:bra.test"


class FakeClock:
    """A clock that stands still until it is moved."""

    def __init__(self, now: datetime) -> None:
        self.instant = now

    def now(self) -> datetime:
        """Give the present instant."""
        return self.instant

    def to_real(self, instant: datetime) -> datetime:
        """Give the same instant."""
        return instant


@dataclass
class Posted:
    """One message in a fake room, as people see it now."""

    event_id: str
    sender: str
    text: str
    file: File | None = None
    thread: str | None = None
    edits: int = 0
    removed: bool = False


@dataclass
class FakePlatform:
    """Rooms in memory. `closed` rooms can't be posted in; `members` says who is where."""

    own_account: str = BOT
    replay_window: timedelta = timedelta(hours=12)
    rooms: dict[str, list[Posted]] = field(default_factory=dict)
    members: dict[str, set[str]] = field(default_factory=dict)
    closed: set[str] = field(default_factory=set)
    known: dict[str, str] = field(default_factory=dict)
    direct: dict[str, str] = field(default_factory=dict)
    unknown_accounts: set[str] = field(default_factory=set)
    position: int = 0
    events: int = 0

    @property
    def name(self) -> str:
        """The platform's word."""
        return "matrix"

    async def start(self) -> None:
        """Nothing to log in to."""

    async def stop(self) -> None:
        """Nothing to let go of."""

    async def listen(self, mailbox: Mailbox) -> None:
        """Wait to be cancelled: stories put events into the mailbox themselves."""
        await asyncio.Event().wait()

    async def send(self, key: str, room: str, payload: Text | File | Removal | Letter) -> str:
        """Post once per key."""
        await asyncio.sleep(0)
        if isinstance(payload, Letter):
            raise NeverWillBe("a chat carries no letters")
        if key in self.known:
            return self.known[key]
        if room in self.closed or room not in self.rooms:
            raise NeverWillBe(f"no room {room}")
        if isinstance(payload, Removal):
            for posted in self.rooms[room]:
                posted.removed = posted.removed or posted.event_id == payload.target
            self.known[key] = self._next_event()
            return self.known[key]
        event_id = self.known[key] = self._next_event()
        if isinstance(payload, Text) and payload.replaces is not None:
            for posted in self.rooms[room]:
                if posted.event_id == payload.replaces:
                    posted.text, posted.edits = payload.markdown, posted.edits + 1
        elif isinstance(payload, Text):
            self.rooms[room].append(
                Posted(event_id, self.own_account, payload.markdown, thread=payload.thread)
            )
        else:
            self.rooms[room].append(
                Posted(
                    event_id, self.own_account, payload.name, file=payload, thread=payload.thread
                )
            )
        return event_id

    async def open_direct(self, key: str, account: str) -> str:
        """Make the one direct room."""
        if account in self.unknown_accounts:
            raise NeverWillBe("no such account")
        if account not in self.direct:
            self.add_room(f"!direct-{account}", {account})
            self.direct[account] = f"!direct-{account}"
        return self.direct[account]

    async def join(self, room: str) -> None:
        """Accept an invitation."""
        self.members.setdefault(room, set()).add(self.own_account)
        self.rooms.setdefault(room, [])

    async def decline(self, room: str) -> None:
        """Turn an invitation down."""
        self.members.setdefault(room, set()).discard(self.own_account)

    async def health(self, room: str) -> RoomHealth:
        """Tell what may be done."""
        open_ = room in self.rooms and room not in self.closed
        return RoomHealth(
            room=room, name=room, joined=open_, may_write=open_, may_attach=open_, may_redact=open_
        )

    async def reachable(self, room: str, account: str) -> bool:
        """Tell whether the account is in the room."""
        return account in self.members.get(room, set())

    def expect(self, rooms: Sequence[str]) -> None:
        """Do nothing: here no room needs anything beforehand."""

    async def notices(self) -> Sequence[Notice]:
        """Tell nothing: nothing is wrong here."""
        return []

    @property
    def encrypts(self) -> bool:
        """This platform does not encrypt."""
        return False

    # What people do

    def add_room(self, room: str, members: set[str]) -> None:
        """Make a room with the bot and these people."""
        self.rooms[room] = []
        self.members[room] = {*members, self.own_account}

    async def happens(
        self,
        mailbox: Mailbox,
        room: str,
        sender: str,
        text: str,
        *,
        kind: Kind = Kind.MESSAGE,
        target: str | None = None,
        event_id: str | None = None,
        thread: str | None = None,
        is_direct: bool = False,
    ) -> str:
        """Let somebody do something in a room; gives the event's id."""
        event_id = event_id or self._next_event()
        self.position += 1
        if kind is Kind.MESSAGE and room in self.rooms:
            self.rooms[room].append(Posted(event_id, sender, text))
        event = IncomingMessage(
            event_id=event_id,
            room=room,
            sender=sender,
            kind=kind,
            text=text,
            target=target,
            thread=thread,
            is_direct=is_direct,
        )
        await mailbox.accept(self.name, Batch(position=str(self.position), events=[event]))
        return event_id

    def _next_event(self) -> str:
        self.events += 1
        return f"$event{self.events}"


@dataclass
class Delivered:
    """One letter in a fake mailbox."""

    to: str
    subject: str
    text: str
    files: list[File]


@dataclass
class FakeMail:
    """Mailboxes in memory, by address. `refused` addresses take nothing."""

    letters: list[Delivered] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)
    replay_window: timedelta = timedelta(0)

    @property
    def name(self) -> str:
        """The sender's word."""
        return "mail"

    async def send(self, key: str, room: str, payload: Text | File | Removal | Letter) -> str:
        """Deliver; a mail server knows no keys, so the relay must not ask twice."""
        await asyncio.sleep(0)
        if room in self.refused or not isinstance(payload, Letter):
            raise NeverWillBe(f"no mailbox {room}")
        self.letters.append(
            Delivered(room, payload.subject, payload.markdown, list(payload.attachments))
        )
        return f"<{len(self.letters)}@bra.test>"


class ShiftedClock:
    """The machine's clock, moved so that the test begins at a chosen moment."""

    def __init__(self, begins: datetime) -> None:
        self._shift = begins - datetime.now(begins.tzinfo)

    def now(self) -> datetime:
        """Give the machine's time, moved."""
        return datetime.now(UTC) + self._shift

    def to_real(self, instant: datetime) -> datetime:
        """Move an instant back to the machine's time."""
        return instant - self._shift

"""What the core needs from the outside: small Protocols and the plain values that cross them.

No vendor's type is named here; an adapter translates at its own edge. The contract that every
platform must keep stands in tests/contracts/.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol


class Clock(Protocol):
    """Our time, which in a rehearsal or a test need not be the machine's."""

    def now(self) -> datetime:
        """Give the present instant, aware."""
        ...

    def to_real(self, instant: datetime) -> datetime:
        """Convert an instant of ours to the machine's, for the timer that wakes us."""
        ...


class Kind(StrEnum):
    """What happened in a room."""

    MESSAGE = "message"
    EDIT = "edit"
    DELETION = "deletion"
    REACTION = "reaction"
    FILE = "file"
    UNREADABLE = "unreadable"
    INVITATION = "invitation"
    ARRIVAL = "arrival"
    DEPARTURE = "departure"
    MOVED = "moved"


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingMessage:
    """One thing that happened (a Matrix event, a Teams activity).

    `target` is the event that an edit, deletion, reaction or reply is about, or the room that takes
    the place of one that has moved. `text` is the new text of a message or edit, the key of a
    reaction, or the file's name; of what can't be read, why.
    """

    event_id: str
    room: str
    sender: str
    kind: Kind
    text: str = ""
    target: str | None = None
    thread: str | None = None
    mentions_me: bool = False
    is_direct: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What one reading of the platform brought, with the position to go on from."""

    position: str
    events: Sequence[IncomingMessage]


class Mailbox(Protocol):
    """Where a platform leaves what it has read: stored before anything is done about it."""

    async def position(self, platform: str) -> str | None:
        """Give the position after the last stored batch, or None at the very first start."""
        ...

    async def accept(self, platform: str, batch: Batch) -> None:
        """Store the events (each once) together with the position, in one transaction."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A message in Markdown; the platform derives its rich and its plain form.

    `replaces` is the event id of the message that this one edits; `thread` the event id of a
    thread's first message. `choices` are reactions that the platform may offer as buttons.
    """

    markdown: str
    replaces: str | None = None
    thread: str | None = None
    mentions: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A document or picture. `caption` is shown beside a picture and is its alternative text."""

    name: str
    media_type: str
    content: bytes
    caption: str = ""
    thread: str | None = None
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """An e-mail: Markdown, which becomes plain text and HTML, with its files."""

    subject: str
    markdown: str
    attachments: Sequence[File] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """Take a message out of the room (a Matrix redaction)."""

    target: str


class NotSent(Exception):
    """Nothing was posted; try again, at the earliest after `retry_after`."""

    def __init__(self, reason: str, retry_after: timedelta | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class MayBeSent(Exception):
    """The outcome is unknown: the same key makes another try harmless inside the replay window."""


class NeverWillBe(Exception):
    """It can't be posted there, and trying again will not help."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomHealth:
    """What the bot can really do in a room, as the platform says now."""

    room: str
    name: str = ""
    joined: bool = False
    may_write: bool = False
    may_attach: bool = False
    may_redact: bool = False
    encrypted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something about the platform that a person should know, and how often.

    `about` is the room or account that it is about, where it is about one; `since` is when.
    The words to each code, with what to do, stand in templates/messages/<language>/health.md.
    """

    code: str
    count: int = 1
    about: str = ""
    since: datetime | None = None


class Sender(Protocol):
    """Whatever carries a message out: a chat service, or e-mail."""

    @property
    def name(self) -> str:
        """Its word in addresses, e.g. "matrix" or "mail"."""
        ...

    @property
    def replay_window(self) -> timedelta:
        """How long the same key is known to post once only; zero where there is no such key."""
        ...

    async def send(self, key: str, room: str, payload: Text | File | Removal | Letter) -> str:
        """Post once per key; the room of a letter is its address.

        Returns:
            The id of the posted event.

        Raises:
            NotSent: nothing was posted, try later.
            MayBeSent: it may stand there; the same key is safe inside the replay window.
            NeverWillBe: no use in trying again.
        """
        ...


class Platform(Sender, Protocol):
    """One chat service. A letter is nothing for it: NeverWillBe."""

    @property
    def own_account(self) -> str:
        """The bot's own account id, whose events are not commands."""
        ...

    async def start(self) -> None:
        """Log in, or take up the session there is.

        Raises:
            Exception: the platform's own, saying the cure, where the account is refused.
        """
        ...

    async def stop(self) -> None:
        """Let the connections go."""
        ...

    async def listen(self, mailbox: Mailbox) -> None:
        """Read for ever, leaving each batch in the mailbox; return only when cancelled."""
        ...

    async def open_direct(self, key: str, account: str) -> str:
        """Find or make the one direct room with an account; `key` makes it once.

        Raises:
            NotSent, MayBeSent, NeverWillBe: as for send.
        """
        ...

    async def join(self, room: str) -> None:
        """Accept an invitation."""
        ...

    async def decline(self, room: str) -> None:
        """Turn an invitation down, or leave."""
        ...

    async def health(self, room: str) -> RoomHealth:
        """Ask the platform what the bot may do in the room."""
        ...

    def expect(self, rooms: Sequence[str]) -> None:
        """Messages to these rooms follow: what each needs beforehand may be done for all at once.

        A hint, which promises and changes nothing.
        """
        ...

    async def notices(self) -> Sequence[Notice]:
        """Tell what a person should know about the account."""
        ...

    @property
    def encrypts(self) -> bool:
        """Tell whether rooms are meant to be encrypted."""
        ...

    async def reachable(self, room: str, account: str) -> bool:
        """Tell whether the account is in the room (invited counts, left or banned does not)."""
        ...

"""What is handed out as a file: plain values for documents and calendar entries, and their makers.

How a document looks and which library draws it belongs in bot/documents/.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol

from bot.domain.report import Report


class Method(StrEnum):
    """What a calendar entry asks its reader to do (RFC 5546). PUBLISH is for a room: it has no
    attendees, and a calendar that reads it sends nobody an answer."""

    PUBLISH = "PUBLISH"
    REQUEST = "REQUEST"
    CANCEL = "CANCEL"


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarEntry:
    """A meeting's one entry as it stands now; a higher `sequence` replaces a lower one.

    Attributes:
        attendees: name and e-mail address of whom the file is for; nobody else's, who reads it sees
            them all.
        organizer: name and e-mail address of the sender.
        stamp: when this state of the entry was made (DTSTAMP).
    """

    uid: str
    sequence: int
    method: Method
    summary: str
    description: str
    location: str
    url: str
    starts_at: datetime
    ends_at: datetime
    stamp: datetime
    organizer: tuple[str, str]
    attendees: Sequence[tuple[str, str]] = ()


class CalendarWriter(Protocol):
    """Turns an entry into the file that calendars read."""

    def write(self, entry: CalendarEntry) -> bytes:
        """Give an iCalendar file (RFC 5545) with its time zone, Europe/Stockholm."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """Frozen bytes of an edition; `sha256` is the lower-case hex digest of `content`."""

    name: str
    media_type: str
    content: bytes
    sha256: str
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WheelMark:
    """A day on the year wheel.

    `kind` is "bra", "samsa", "management", "round" or "deadline"; `label` is what stands beside
    the mark, a few signs such as "12/2".
    """

    day: date
    kind: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wheel:
    """A year on one round picture. `kinds` is the legend, outermost ring first; `alt` tells it all.

    `months` are the twelve names. A mark of another year is not drawn.
    """

    year: int
    title: str
    marks: Sequence[WheelMark]
    alt: str
    kinds: Mapping[str, str]
    months: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Manuscript:
    """A document in Markdown, with people's words escaped in it as in a message.

    `name` is the file's, without ending; `day` the document's only idea of time; `draft` the words
    of a mark such as "UTKAST", "" once approved; `picture` asks for the wheel as a PNG besides.
    """

    name: str
    title: str
    language: str
    municipality: str
    markdown: str
    day: date
    draft: str = ""
    footer: str = ""
    wheel: Wheel | None = None
    picture: bool = False


class Typesetter(Protocol):
    """Turns reports and papers into the documents that are posted."""

    async def typeset(self, report: Report, language: str) -> Sequence[Artifact]:
        """Make the PDF (PDF/A-2a, PDF/UA-1) and the PNG picture, outside this process."""
        ...

    async def print(self, paper: Manuscript) -> Sequence[Artifact]:
        """Make the PDF (PDF/A-2a, PDF/UA-1), then the wheel's PNG where it is asked for."""
        ...

"""How a verb is declared, and what it is given: one file in commands/ = one verb = one transaction.

A command is a plain function from a Context to messages. It cannot send: what it returns is
stored with its effect and sent by the relay. Permission, audit, language and help come from the
dispatcher.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol

from bot.domain.agenda import StandingPoint
from bot.domain.calendar import WorkCalendar
from bot.domain.conversation import Vocabulary
from bot.domain.meeting import Reply
from bot.domain.meeting_clock import MeetingRules
from bot.domain.people import EVERYONE, Forum, Person, Role
from bot.domain.plan_check import PlanRules
from bot.domain.question import QuestionSet
from bot.domain.report import Report
from bot.domain.schedule import Occurrence, RoundRule
from bot.handouts import Artifact, CalendarWriter, Manuscript
from bot.ports import IncomingMessage, Notice, RoomHealth
from storage.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class Here:
    """Where the command was given: the same room and thread."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToPerson:
    """Somebody's direct room."""

    person_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ToForum:
    """The room of a forum, in the municipality's language."""

    forum: Forum


@dataclass(frozen=True, slots=True, kw_only=True)
class ToMail:
    """Somebody's e-mail address; the first line of the rendered template is the subject."""

    person_id: int


Target = Here | ToPerson | ToForum | ToMail


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What a command wants said.

    `key` makes the message's own key readable and stable where another message must name it;
    `replaces` and `thread_of` name such keys. A message carries a template with data, a document,
    or text that is already rendered and approved (`verbatim`). `language` overrules the reader's.
    `attachments` are the artifacts that an e-mail carries.
    """

    template: str
    data: Mapping[str, object] = field(default_factory=dict)
    to: Target = field(default_factory=Here)
    key: str | None = None
    replaces: str | None = None
    thread_of: str | None = None
    artifact_id: int | None = None
    verbatim: str | None = None
    language: str | None = None
    attachments: Sequence[int] = ()


class Words(Protocol):
    """Rendering and vocabulary of every language, as far as a command needs them."""

    def render(self, template: str, language: str, data: Mapping[str, object]) -> str:
        """Render a message template to Markdown."""
        ...

    @property
    def vocabulary(self) -> Vocabulary:
        """Folded spelling → reserved word."""
        ...

    @property
    def languages(self) -> Sequence[str]:
        """The codes of every language there is."""
        ...

    @property
    def language_names(self) -> Mapping[str, str]:
        """Each language's own name, by code."""
        ...

    def verb(self, spelling: str) -> str | None:
        """Find the verb that a word means."""
        ...

    def command_words(self, verb: str, language: str) -> "CommandWords":
        """Give a verb's spellings, arguments, summary and example."""
        ...

    def role(self, spelling: str) -> Role | None:
        """Find the role that words mean, in any language."""
        ...

    def forum(self, spelling: str) -> Forum | None:
        """Find the forum that a word means, in any language."""
        ...

    def key(self, kind: str, spelling: str) -> str | None:
        """Find what a word names among the names of a kind ("term_kind"), in any language."""
        ...

    def reply(self, text: str) -> tuple[Reply, str] | None:
        """Read an answer to a call, with the substitute's name where one is named."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandWords:
    """A verb in one language: its spellings, the pattern of its arguments, summary and example.

    `rank` orders the help: what is used most stands first. `member` is what a council's member sees
    of a verb that the coordinator may do more with.
    """

    words: Sequence[str]
    args: str
    summary: str
    example: str
    details: str
    rank: int
    member: "CommandWords | None" = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The municipality's settings that commands depend on. `minimum` is k of small numbers."""

    municipality: str
    language: str
    minimum: int
    round: RoundRule
    platform: str
    redact: bool = False
    meetings: MeetingRules = field(default_factory=MeetingRules)
    plan: PlanRules = field(default_factory=PlanRules)
    mail: tuple[str, str] | None = None
    """Name and address that e-mail is sent from; None where no mail server is set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Typeset:
    """An errand: make the documents of these reports."""

    reports: Sequence[Report]


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspect:
    """An errand: ask about rooms, and about accounts in their direct rooms (room, account)."""

    rooms: Sequence[str]
    accounts: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Print:
    """An errand: make the documents of these manuscripts."""

    manuscripts: Sequence[Manuscript]


Errand = Typeset | Inspect | Print


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """What an errand brought back. A room that could not be asked about is None."""

    documents: Sequence[tuple[Report, Sequence[Artifact]]] = ()
    papers: Sequence[tuple[Manuscript, Sequence[Artifact]]] = ()
    rooms: Mapping[str, RoomHealth | None] = field(default_factory=dict)
    reachable: Mapping[str, bool] = field(default_factory=dict)
    notices: Sequence[Notice] = ()
    encrypts: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Everything a verb may use. `actor` is None where the clock asks."""

    uow: UnitOfWork
    now: datetime
    actor: Person | None
    args: str
    rules: Rules
    calendar: WorkCalendar
    question_sets: Mapping[str, QuestionSet]
    words: Words
    commands: Mapping[str, "Command"]
    agendas: Mapping[str, Sequence[StandingPoint]]
    """Standing agendas by forum, and "extra"."""
    entries: CalendarWriter
    incoming: IncomingMessage | None = None
    occurrence: Occurrence | None = None
    forum: Forum | None = None
    direct: bool = False
    """It was said in the actor's own direct room."""
    product: Product | None = None
    confirmed: bool = False
    """The actor has seen what this verb will do with these words, and said yes."""

    @property
    def today(self) -> date:
        """The present day in the municipality's zone."""
        return self.now.astimezone(self.calendar.zone).date()

    @property
    def person(self) -> Person:
        """The person who asked; only for verbs that the clock never asks for."""
        if self.actor is None:
            raise ValueError("no person behind this")
        return self.actor

    @property
    def language(self) -> str:
        """The language to speak here: a forum's room has the municipality's."""
        if self.forum is None and self.actor is not None:
            return self.actor.language
        return self.rules.language

    @property
    def cause(self) -> str:
        """What set this off: the platform's event or the clock's occurrence."""
        if self.occurrence is not None:
            return self.occurrence.key
        return self.incoming.event_id if self.incoming else "system"


Run = Callable[[Context], Iterable[Message]]
Prepare = Callable[[Context], Errand | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A verb; `subject` is what it acts on, for the audit. `prepare` names an errand to run before
    `run`, outside the transaction: documents to make, rooms to ask about.

    `listed` verbs stand in the help; the others are answers, edits and what the clock does.
    `rooms` are the forums where it may be given; in a direct room it always may. `anywhere` is for
    what tells nothing: it may be given in a room that is no forum's, where nobody knows who sits.
    """

    name: str
    subject: str
    run: Run
    may: frozenset[Role] = EVERYONE
    rooms: frozenset[Forum] = frozenset({Forum.OFFICE})
    prepare: Prepare | None = None
    listed: bool = True
    anywhere: bool = False

    def fits(self, forum: Forum | None, *, direct: bool) -> bool:
        """Tell whether it may be given here."""
        return direct or (self.anywhere if forum is None else forum in self.rooms)


def command(
    name: str,
    *,
    subject: str,
    may: frozenset[Role] = EVERYONE,
    rooms: frozenset[Forum] = frozenset({Forum.OFFICE}),
    prepare: Prepare | None = None,
    listed: bool = True,
    anywhere: bool = False,
) -> Callable[[Run], Command]:
    """Declare a function as the verb `name`; its words, help and example stand in templates."""

    def declare(run: Run) -> Command:
        return Command(
            name=name,
            subject=subject,
            run=run,
            may=may,
            rooms=rooms,
            prepare=prepare,
            listed=listed,
            anywhere=anywhere,
        )

    return declare

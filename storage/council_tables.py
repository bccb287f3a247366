"""The tables of the council's year: meetings, what is followed up, unrest, papers.

A row has the columns that its domain value has fields (mapping.py joins them by name).
"""

from datetime import date, datetime
from enum import StrEnum
from typing import Any, TypeVar

from sqlalchemy import JSON, Column, Date, Dialect, String, TypeDecorator, UniqueConstraint
from sqlmodel import Field

from bot.domain.agenda import NoteKind
from bot.domain.follow_up import (
    AssignmentState,
    CaseState,
    Level,
    MeasureState,
    Phase,
    Prevention,
)
from bot.domain.meeting import MeetingState, Reply
from bot.domain.people import Forum
from bot.domain.term import Stage, TermKind
from bot.domain.unrest import Mode
from storage.tables import Row, instant

E = TypeVar("E", bound=StrEnum)


class Word(TypeDecorator[E]):
    """A StrEnum, kept as its word."""

    impl = String
    cache_ok = True

    def __init__(self, kind: type[E]) -> None:
        super().__init__()
        self.kind = kind

    def process_bind_param(self, value: E | None, dialect: Dialect) -> str | None:
        """Keep the word."""
        return None if value is None else self.kind(value).value

    def process_result_value(self, value: str | None, dialect: Dialect) -> E | None:
        """Give the member back."""
        return None if value is None else self.kind(value)


class Many(TypeDecorator[tuple[Any, ...]]):
    """A tuple of numbers or words, kept as JSON."""

    impl = JSON
    cache_ok = True

    def process_bind_param(self, value: tuple[Any, ...] | None, dialect: Dialect) -> list[Any]:
        """Keep a list."""
        return list(value or ())

    def process_result_value(self, value: list[Any] | None, dialect: Dialect) -> tuple[Any, ...]:
        """Give a tuple back."""
        return tuple(value or ())


def word(kind: type[E], *, nullable: bool = False) -> Column[E]:
    return Column(Word(kind), nullable=nullable)


def day(*, nullable: bool = False) -> Column[date]:
    return Column(Date(), nullable=nullable)


class MeetingRow(Row, table=True):
    """A meeting. The UID of its calendar entry is unique for ever."""

    __tablename__ = "meeting"
    id: int | None = Field(default=None, primary_key=True)
    uid: str = Field(unique=True)
    forum: Forum = Field(sa_column=word(Forum))
    starts_at: datetime = Field(sa_column=instant(index=True))
    minutes: int
    place: str = ""
    link: str = ""
    state: MeetingState = Field(sa_column=word(MeetingState))
    sequence: int = -1
    asked: int = 0
    extra: bool = False
    reason: str = ""
    called_by: int | None = Field(default=None, foreign_key="person.id")
    called_at: datetime | None = Field(default=None, sa_column=instant(nullable=True))
    notes_approved: bool = False


class RsvpRow(Row, table=True):
    """An answer to a call; append-only, the last one counts."""

    __tablename__ = "rsvp"
    id: int | None = Field(default=None, primary_key=True)
    meeting_id: int = Field(foreign_key="meeting.id", index=True)
    person_id: int = Field(foreign_key="person.id")
    asked: int
    reply: Reply = Field(sa_column=word(Reply))
    substitute: str = ""
    at: datetime = Field(sa_column=instant())
    by_person: int = Field(foreign_key="person.id")


class AgendaItemRow(Row, table=True):
    """Something somebody wants on an agenda."""

    __tablename__ = "agenda_item"
    id: int | None = Field(default=None, primary_key=True)
    meeting_id: int = Field(foreign_key="meeting.id", index=True)
    text: str
    by_person: int = Field(foreign_key="person.id")
    at: datetime = Field(sa_column=instant())
    position: int = 0
    addition: bool = False
    withdrawn: bool = False


class NoteRow(Row, table=True):
    """A line of a meeting's notes."""

    __tablename__ = "note"
    id: int | None = Field(default=None, primary_key=True)
    meeting_id: int = Field(foreign_key="meeting.id", index=True)
    kind: NoteKind = Field(sa_column=word(NoteKind))
    text: str
    by_person: int = Field(foreign_key="person.id")
    at: datetime = Field(sa_column=instant())
    about: str = ""
    point: int = 0
    withdrawn: bool = False


class CaseRow(Row, table=True):
    """A case. A unit's answer proposes one for a forum at most once a round."""

    __tablename__ = "case"
    __table_args__ = (UniqueConstraint("cycle_id", "unit_id", "wanted"),)
    id: int | None = Field(default=None, primary_key=True)
    title: str
    state: CaseState = Field(sa_column=word(CaseState))
    wanted: Forum = Field(sa_column=word(Forum))
    unit_id: int | None = Field(default=None, foreign_key="unit.id")
    cycle_id: int | None = Field(default=None, foreign_key="cycle.id")
    meeting_id: int | None = Field(default=None, foreign_key="meeting.id")
    cause: str = ""
    proposal: str = ""
    owner: str = ""
    due: date | None = Field(default=None, sa_column=day(nullable=True))
    decision: str = ""


class AssignmentRow(Row, table=True):
    """What somebody is to do, by when."""

    __tablename__ = "assignment"
    id: int | None = Field(default=None, primary_key=True)
    text: str
    owner: str
    owner_id: int | None = Field(default=None, foreign_key="person.id")
    due: date | None = Field(default=None, sa_column=day(nullable=True))
    state: AssignmentState = Field(sa_column=word(AssignmentState))
    level: Level = Field(sa_column=word(Level))
    report: str = ""
    case_id: int | None = Field(default=None, foreign_key="case.id")
    meeting_id: int | None = Field(default=None, foreign_key="meeting.id")
    cycle_id: int | None = Field(default=None, foreign_key="cycle.id")
    members: tuple[str, ...] = Field(sa_column=Column(Many(), nullable=False))
    phase: Phase | None = Field(default=None, sa_column=word(Phase, nullable=True))


class MeasureRow(Row, table=True):
    """A row of the action plan."""

    __tablename__ = "measure"
    id: int | None = Field(default=None, primary_key=True)
    cause: str
    action: str
    goal: str
    due: date | None = Field(default=None, sa_column=day(nullable=True))
    owner: str
    board: str
    follow_up: str
    prevention: Prevention = Field(sa_column=word(Prevention))
    state: MeasureState = Field(sa_column=word(MeasureState))
    level: Level = Field(sa_column=word(Level))
    outcome: str = ""
    assignment_id: int | None = Field(default=None, foreign_key="assignment.id")
    case_id: int | None = Field(default=None, foreign_key="case.id")
    meeting_id: int | None = Field(default=None, foreign_key="meeting.id")
    cycle_id: int | None = Field(default=None, foreign_key="cycle.id")


class TrailRow(Row, table=True):
    """What has happened to a case, assignment, measure or term; append-only."""

    __tablename__ = "trail"
    id: int | None = Field(default=None, primary_key=True)
    about: str = Field(index=True)
    at: datetime = Field(sa_column=instant())
    by_person: int | None = Field(default=None, foreign_key="person.id")
    state: str
    text: str = ""
    meeting_id: int | None = Field(default=None, foreign_key="meeting.id")


class TermRow(Row, table=True):
    """Something that ends by law, agreement or promise."""

    __tablename__ = "term"
    id: int | None = Field(default=None, primary_key=True)
    kind: TermKind = Field(sa_column=word(TermKind))
    title: str
    ends: date = Field(sa_column=day())
    stage: Stage = Field(sa_column=word(Stage))
    ended: bool = False


class UnrestRow(Row, table=True):
    """A time of unrest."""

    __tablename__ = "unrest"
    id: int | None = Field(default=None, primary_key=True)
    mode: Mode = Field(sa_column=word(Mode))
    reason: str
    area: str = ""
    unit_ids: tuple[int, ...] = Field(sa_column=Column(Many(), nullable=False))
    begins_at: datetime = Field(sa_column=instant())
    last_day: date = Field(sa_column=day())
    started_by: int = Field(foreign_key="person.id")
    ended_at: datetime | None = Field(default=None, sa_column=instant(nullable=True))


class PaperRow(Row, table=True):
    """A document that is previewed, approved and posted: notes, presentation, year plan.

    `subject` says what it is about ("m12", "2026-Q4"); a newer draft replaces an older one.
    """

    __tablename__ = "paper"
    id: int | None = Field(default=None, primary_key=True)
    kind: str
    subject: str = Field(index=True)
    audience: str
    number: int
    state: str
    text: str
    basis: str = ""
    sha256: str
    made_at: datetime = Field(sa_column=instant())
    approved_at: datetime | None = Field(default=None, sa_column=instant(nullable=True))
    approved_by: int | None = Field(default=None, foreign_key="person.id")

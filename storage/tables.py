"""The tables: thin rows with the constraints that "exactly once" rests on.

A row does not validate; domain values do (mapping in repositories.py). Nothing is ever deleted here
by default: public records may only be destroyed under a gallringsbeslut.
"""

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    Column,
    DateTime,
    Dialect,
    LargeBinary,
    TypeDecorator,
    UniqueConstraint,
)
from sqlmodel import Field, SQLModel


class Instant(TypeDecorator[datetime]):
    """An aware instant, kept as UTC; SQLite has no time zones of its own."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive times and store UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("naive datetime")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the instant back aware."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def instant(*, nullable: bool = False, index: bool = False) -> Column[datetime]:
    return Column(Instant(), nullable=nullable, index=index)


class Row(SQLModel):
    """What every row is: never validated, and so without a validator that takes time to build."""

    model_config = {"defer_build": True}


class PersonRow(Row, table=True):
    """Somebody known to the bot."""

    __tablename__ = "person"
    id: int | None = Field(default=None, primary_key=True)
    name: str
    language: str = "sv"
    email: str | None = None
    function: str = ""
    active: bool = True


class AccountRow(Row, table=True):
    """A person's identity on one platform, with the one direct room."""

    __tablename__ = "account"
    __table_args__ = (UniqueConstraint("platform", "address"),)
    id: int | None = Field(default=None, primary_key=True)
    person_id: int = Field(foreign_key="person.id", index=True)
    platform: str
    address: str
    direct_room: str | None = Field(default=None, index=True)
    reachable: bool = True


class UnitRow(Row, table=True):
    """A reporting unit."""

    __tablename__ = "unit"
    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    board: str
    place: str
    active: bool = True


class HoldingRow(Row, table=True):
    """A role that a person holds; `unit_id` 0 where the role is of the municipality."""

    __tablename__ = "holding"
    __table_args__ = (UniqueConstraint("person_id", "role", "unit_id"),)
    id: int | None = Field(default=None, primary_key=True)
    person_id: int = Field(foreign_key="person.id", index=True)
    role: str
    unit_id: int = 0


class AbsenceRow(Row, table=True):
    """Days on which somebody is away, both included."""

    __tablename__ = "absence"
    id: int | None = Field(default=None, primary_key=True)
    person_id: int = Field(foreign_key="person.id", index=True)
    first_day: str
    last_day: str
    cancelled: bool = False


class RoomRow(Row, table=True):
    """The room of a forum on a platform."""

    __tablename__ = "room"
    forum: str = Field(primary_key=True)
    platform: str = Field(primary_key=True)
    room: str


class CycleRow(Row, table=True):
    """A reporting round. One real round per period; rehearsals are numbered by their own key."""

    __tablename__ = "cycle"
    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(unique=True)
    period: str
    question_set: str
    state: str
    rehearsal: bool = False
    delayed: bool = False
    opens_at: datetime = Field(sa_column=instant())
    closes_at: datetime = Field(sa_column=instant())
    used: str = ""
    unrest_id: int | None = Field(default=None, foreign_key="unrest.id")


class SubmissionRow(Row, table=True):
    """One unit's part in a round: what stands now."""

    __tablename__ = "submission"
    __table_args__ = (UniqueConstraint("cycle_id", "unit_id"),)
    id: int | None = Field(default=None, primary_key=True)
    cycle_id: int = Field(foreign_key="cycle.id", index=True)
    unit_id: int = Field(foreign_key="unit.id", index=True)
    state: str
    version: int = 0
    answers: dict[str, object] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    by_person: int | None = Field(default=None, foreign_key="person.id")
    received_at: datetime | None = Field(default=None, sa_column=instant(nullable=True))
    on_behalf: bool = False
    late: bool = False
    internal: bool = False
    registry_number: int | None = Field(default=None, unique=True)
    case_number: str = ""


class VersionRow(Row, table=True):
    """Every version of a submission that was ever sent; append-only, the public record."""

    __tablename__ = "submission_version"
    __table_args__ = (UniqueConstraint("submission_id", "version"),)
    id: int | None = Field(default=None, primary_key=True)
    submission_id: int = Field(foreign_key="submission.id", index=True)
    version: int
    state: str
    answers: dict[str, object] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    by_person: int | None = None
    at: datetime = Field(sa_column=instant())


class ConversationRow(Row, table=True):
    """A draft: where a person is in the form for one unit. Not a public record until sent."""

    __tablename__ = "conversation"
    __table_args__ = (UniqueConstraint("person_id", "cycle_id", "unit_id"),)
    id: int | None = Field(default=None, primary_key=True)
    person_id: int = Field(foreign_key="person.id", index=True)
    cycle_id: int = Field(foreign_key="cycle.id", index=True)
    unit_id: int = Field(foreign_key="unit.id", index=True)
    at: str
    answers: dict[str, object] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    changing: bool = False
    unchanged: bool = False
    base: int = 0
    warned: bool = False
    touched_at: datetime = Field(sa_column=instant())


class ReplyRow(Row, table=True):
    """Which message answered which question, so that an edit changes the right answer.

    `question` is a question id, or "*" where one message carried a whole answer.
    """

    __tablename__ = "reply"
    event_id: str = Field(primary_key=True)
    person_id: int = Field(foreign_key="person.id")
    cycle_id: int = Field(foreign_key="cycle.id")
    unit_id: int = Field(foreign_key="unit.id")
    question: str


class EditionRow(Row, table=True):
    """A compiled report for one audience, frozen. `basis` tells which answers it stands on."""

    __tablename__ = "edition"
    __table_args__ = (UniqueConstraint("cycle_id", "audience", "number", "draft"),)
    id: int | None = Field(default=None, primary_key=True)
    cycle_id: int = Field(foreign_key="cycle.id", index=True)
    audience: str
    number: int
    draft: int
    state: str
    basis: str
    text: str
    details: str = ""
    sha256: str
    compiled_at: datetime = Field(sa_column=instant())
    published_at: datetime | None = Field(default=None, sa_column=instant(nullable=True))
    published_by: int | None = None


class ArtifactRow(Row, table=True):
    """Frozen bytes of an edition or of a paper, or a meeting's calendar entry (neither)."""

    __tablename__ = "artifact"
    id: int | None = Field(default=None, primary_key=True)
    edition_id: int | None = Field(default=None, foreign_key="edition.id", index=True)
    paper_id: int | None = Field(default=None, foreign_key="paper.id", index=True)
    name: str
    media_type: str
    content: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    sha256: str
    width: int | None = None
    height: int | None = None


class SummaryRow(Row, table=True):
    """The coordinator's own summary words for a round."""

    __tablename__ = "summary"
    cycle_id: int = Field(primary_key=True, foreign_key="cycle.id")
    text: str

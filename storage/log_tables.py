"""The tables of what has happened and what is to be said: logs, rows that never become values."""

from datetime import datetime

from sqlalchemy import JSON, Column, Index, UniqueConstraint
from sqlmodel import Field

from storage.tables import Row, instant


class OccurrenceRow(Row, table=True):
    """What the clock has caused, each once: `remind/2026-10/2`."""

    __tablename__ = "occurrence"
    key: str = Field(primary_key=True)
    at: datetime = Field(sa_column=instant())


class PositionRow(Row, table=True):
    """How far a platform has been read."""

    __tablename__ = "position"
    platform: str = Field(primary_key=True)
    token: str
    at: datetime = Field(sa_column=instant())


class InboxRow(Row, table=True):
    """An incoming event, stored once, its text scrubbed. `done` once its effect is committed."""

    __tablename__ = "inbox"
    __table_args__ = (
        UniqueConstraint("platform", "event_id"),
        Index("ix_inbox_todo", "done", "id"),
    )
    id: int | None = Field(default=None, primary_key=True)
    platform: str
    event_id: str
    room: str
    sender: str
    kind: str
    text: str = ""
    target: str | None = None
    thread: str | None = None
    mentions_me: bool = False
    is_direct: bool = False
    withheld: int = 0
    received_at: datetime = Field(sa_column=instant())
    done: bool = False


class OutboxRow(Row, table=True):
    """Something to be posted. The key never changes and becomes the platform's own.

    `room` is empty until the direct room with `address` is open. `replaces` and `thread_of` name
    the key of another row, whose event id is looked up when this one is sent. A letter (e-mail) has
    a subject, and artifacts as attachments.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        UniqueConstraint("key"),
        Index("ix_outbox_todo", "state", "id"),
        Index("ix_outbox_event", "event_id"),
    )
    id: int | None = Field(default=None, primary_key=True)
    key: str
    platform: str
    room: str = ""
    address: str = ""
    kind: str
    template: str = ""
    text: str = ""
    artifact_id: int | None = None
    subject: str = ""
    attachments: list[int] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    replaces: str | None = None
    thread_of: str | None = None
    thread: str | None = None
    target: str | None = None
    state: str = "pending"
    tries: int = 0
    reason: str = ""
    event_id: str | None = None
    created_at: datetime = Field(sa_column=instant())
    not_before: datetime | None = Field(default=None, sa_column=instant(nullable=True))
    tried_at: datetime | None = Field(default=None, sa_column=instant(nullable=True))
    sent_at: datetime | None = Field(default=None, sa_column=instant(nullable=True))


class AuditRow(Row, table=True):
    """Who did what, when, on what, with what outcome; append-only (`source:subject:action`)."""

    __tablename__ = "audit"
    id: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(sa_column=instant())
    action: str = Field(index=True)
    person_id: int | None = None
    subject: str = ""
    outcome: str
    cause: str = ""


class UndoRow(Row, table=True):
    """What a person may take back for a few minutes: the verb and the data to restore."""

    __tablename__ = "undo"
    person_id: int = Field(primary_key=True, foreign_key="person.id")
    verb: str
    data: dict[str, object] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    until: datetime = Field(sa_column=instant())


class MarkRow(Row, table=True):
    """Small named facts that must survive a restart, e.g. the key of the live status message."""

    __tablename__ = "mark"
    name: str = Field(primary_key=True)
    value: str

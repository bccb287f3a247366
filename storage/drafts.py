"""Drafts, and which message answered which question."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Row, and_, bindparam, delete, insert, update
from sqlalchemy import select as columns_of
from sqlmodel import Session, SQLModel

from bot.domain.conversation import Conversation
from bot.domain.question import Value
from storage.tables import ConversationRow, ReplyRow

_DRAFT = SQLModel.metadata.tables[ConversationRow.__tablename__]
# Plain statements, made once: every answer passes through them, and a whole round at once.
_THEIRS = _DRAFT.c.person_id == bindparam("whose")
_SAME = and_(
    _THEIRS, _DRAFT.c.cycle_id == bindparam("round"), _DRAFT.c.unit_id == bindparam("about")
)
_TOUCHED_LAST = (_DRAFT.c.touched_at.desc(), _DRAFT.c.id.desc())
_CURRENT = columns_of(_DRAFT).where(_THEIRS).order_by(*_TOUCHED_LAST).limit(1)
_CURRENT_IN = _CURRENT.where(_DRAFT.c.cycle_id == bindparam("round"))
_ALL_OF = columns_of(_DRAFT).where(_DRAFT.c.cycle_id == bindparam("round")).order_by(_DRAFT.c.id)
_KEPT = columns_of(_DRAFT).where(_SAME)
_CHANGE, _DROP, _BEGIN = update(_DRAFT).where(_SAME), delete(_DRAFT).where(_SAME), insert(_DRAFT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """Which answer a message gave; `question` "*" is a whole answer in one message."""

    event_id: str
    person_id: int
    cycle_id: int
    unit_id: int
    question: str


class Drafts:
    """Where people are in their forms; Cycles builds on it."""

    def __init__(self, session: Session, connection: Connection) -> None:
        self._session = session
        self._connection = connection

    def current(self, person_id: int, cycle_id: int | None = None) -> Conversation | None:
        """Give the draft that a person is in: the one touched last, of any round or of one."""
        if cycle_id is None:
            row = self._connection.execute(_CURRENT, {"whose": person_id}).first()
        else:
            row = self._connection.execute(
                _CURRENT_IN, {"whose": person_id, "round": cycle_id}
            ).first()
        return _conversation(row) if row else None

    def drafts(self, cycle_id: int) -> Sequence[Conversation]:
        """List every draft of a round."""
        rows = self._connection.execute(_ALL_OF, {"round": cycle_id})
        return [_conversation(row) for row in rows]

    def kept(self, same: Conversation | Reply) -> Conversation | None:
        """Give a person's draft for the same unit and round, or None."""
        row = self._connection.execute(_KEPT, _which(same)).first()
        return _conversation(row) if row else None

    def save_draft(self, draft: Conversation, now: datetime) -> None:
        """Keep a draft, so that a restart in the middle of a form loses nothing."""
        state = {
            "at": draft.at,
            "answers": to_json(draft.answers),
            "changing": draft.changing,
            "unchanged": draft.unchanged,
            "base": draft.base,
            "warned": draft.warned,
            "touched_at": now,
        }
        if not self._connection.execute(_CHANGE, {**_which(draft), **state}).rowcount:
            self._connection.execute(
                _BEGIN,
                {
                    "person_id": draft.person_id,
                    "cycle_id": draft.cycle_id,
                    "unit_id": draft.unit_id,
                    **state,
                },
            )

    def drop_draft(self, draft: Conversation) -> None:
        """Let a draft go once it is sent or cancelled; a draft is no public record (TF 2 kap.)."""
        self._connection.execute(_DROP, _which(draft))

    # Which message answered what

    def add_reply(self, reply: Reply) -> None:
        """Remember what a message answered."""
        if self._session.get(ReplyRow, reply.event_id) is None:
            self._session.add(
                ReplyRow(
                    event_id=reply.event_id,
                    person_id=reply.person_id,
                    cycle_id=reply.cycle_id,
                    unit_id=reply.unit_id,
                    question=reply.question,
                )
            )
            self._session.flush()

    def reply(self, event_id: str) -> Reply | None:
        """Find what a message answered."""
        row = self._session.get(ReplyRow, event_id)
        if row is None:
            return None
        return Reply(
            event_id=row.event_id,
            person_id=row.person_id,
            cycle_id=row.cycle_id,
            unit_id=row.unit_id,
            question=row.question,
        )


def to_json(answers: Mapping[str, Value]) -> dict[str, object]:
    """Turn answers into what a JSON column holds."""
    return {q: {"chosen": list(v.chosen), "text": v.text} for q, v in answers.items()}


def from_json(data: Mapping[str, object]) -> dict[str, Value]:
    """Read answers back.

    Raises:
        TypeError: the column holds something else, which is a defect.
    """
    answers = {}
    for question, raw in data.items():
        if not isinstance(raw, dict):
            raise TypeError(f"answer to {question} is no object")
        answers[question] = Value(chosen=tuple(raw["chosen"]), text=raw["text"])
    return answers


def _which(draft: Conversation | Reply) -> dict[str, int]:
    return {"whose": draft.person_id, "round": draft.cycle_id, "about": draft.unit_id}


def _conversation(row: Row[tuple[object, ...]]) -> Conversation:
    return Conversation(
        person_id=row.person_id,
        cycle_id=row.cycle_id,
        unit_id=row.unit_id,
        at=row.at,
        answers=from_json(row.answers),
        changing=row.changing,
        unchanged=row.unchanged,
        base=row.base,
        warned=row.warned,
    )

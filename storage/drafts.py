"""Drafts, and which message answered which question."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import true
from sqlmodel import Session, col, select

from bot.domain.conversation import Conversation
from bot.domain.question import Value
from storage.tables import ConversationRow, ReplyRow


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

    def __init__(self, session: Session) -> None:
        self._session = session

    def current(self, person_id: int, cycle_id: int | None = None) -> Conversation | None:
        """Give the draft that a person is in: the one touched last, of any round or of one."""
        here = true() if cycle_id is None else col(ConversationRow.cycle_id) == cycle_id
        row = self._session.exec(
            select(ConversationRow)
            .where(ConversationRow.person_id == person_id, here)
            .order_by(col(ConversationRow.touched_at).desc(), col(ConversationRow.id).desc())
        ).first()
        return _conversation(row) if row else None

    def drafts(self, cycle_id: int) -> Sequence[Conversation]:
        """List every draft of a round."""
        rows = self._session.exec(
            select(ConversationRow).where(ConversationRow.cycle_id == cycle_id)
        ).all()
        return [_conversation(row) for row in rows]

    def kept(self, same: Conversation | Reply) -> Conversation | None:
        """Give a person's draft for the same unit and round, or None."""
        row = self._draft_row(same)
        return _conversation(row) if row else None

    def save_draft(self, draft: Conversation, now: datetime) -> None:
        """Keep a draft, so that a restart in the middle of a form loses nothing."""
        row = self._draft_row(draft)
        if row is None:
            row = ConversationRow(
                person_id=draft.person_id,
                cycle_id=draft.cycle_id,
                unit_id=draft.unit_id,
                at=draft.at,
                touched_at=now,
            )
        row.at, row.answers = draft.at, to_json(draft.answers)
        row.changing, row.unchanged, row.warned = draft.changing, draft.unchanged, draft.warned
        row.base = draft.base
        row.touched_at = now
        self._session.add(row)
        self._session.flush()

    def drop_draft(self, draft: Conversation) -> None:
        """Let a draft go once it is sent or cancelled; a draft is no public record (TF 2 kap.)."""
        row = self._draft_row(draft)
        if row:
            self._session.delete(row)
            self._session.flush()

    def _draft_row(self, draft: Conversation | Reply) -> ConversationRow | None:
        return self._session.exec(
            select(ConversationRow).where(
                ConversationRow.person_id == draft.person_id,
                ConversationRow.cycle_id == draft.cycle_id,
                ConversationRow.unit_id == draft.unit_id,
            )
        ).first()

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


def _conversation(row: ConversationRow) -> Conversation:
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

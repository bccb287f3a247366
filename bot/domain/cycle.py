"""One reporting round and each unit's part in it: open, answer, edit, withdraw, close, publish.

The unit owes the answer, not the person (routine: "The monthly round"). How a reply is read belongs
in question.py; what the answers come to belongs in report.py; when things fall due in schedule.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from bot.domain.calendar import Period
from bot.domain.errors import Conflict
from bot.domain.question import QuestionKind, QuestionSet, Value


class CycleState(StrEnum):
    """Where a round is. Answers are taken until PUBLISHED, early ones also while PLANNED."""

    PLANNED = "planned"
    OPEN = "open"
    CLOSED = "closed"
    PREVIEWED = "previewed"
    PUBLISHED = "published"


CYCLE_STEPS: Mapping[CycleState, frozenset[CycleState]] = {
    CycleState.PLANNED: frozenset({CycleState.OPEN}),
    CycleState.OPEN: frozenset({CycleState.CLOSED, CycleState.PUBLISHED}),
    CycleState.CLOSED: frozenset({CycleState.OPEN, CycleState.PREVIEWED, CycleState.PUBLISHED}),
    CycleState.PREVIEWED: frozenset({CycleState.PREVIEWED, CycleState.PUBLISHED}),
    CycleState.PUBLISHED: frozenset({CycleState.PUBLISHED}),
}


class SubmissionState(StrEnum):
    """The states that must never be mixed (routine: five states, and the way to them)."""

    AWAITED = "awaited"
    DRAFT = "draft"
    SUBMITTED = "submitted"
    NO_CHANGE = "no_change"
    NOTHING_TO_REPORT = "nothing_to_report"
    ABSENT = "absent"
    UNREACHABLE = "unreachable"

    @property
    def is_answer(self) -> bool:
        """Tell whether the unit has said something that counts."""
        return self in ANSWERED

    @property
    def is_owed(self) -> bool:
        """Tell whether an answer is still waited for, and so may be reminded about."""
        return self in (SubmissionState.AWAITED, SubmissionState.DRAFT)


ANSWERED = frozenset(
    {SubmissionState.SUBMITTED, SubmissionState.NO_CHANGE, SubmissionState.NOTHING_TO_REPORT}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cycle:
    """One round about a period. `rehearsal` marks an ÖVNING that touches nothing real."""

    id: int
    period: Period
    question_set: str
    state: CycleState
    opens_at: datetime
    closes_at: datetime
    rehearsal: bool = False
    delayed: bool = False
    """The round opened late because the bot was down; the deadline moved with it."""
    unrest_id: int | None = None
    """The time of unrest that it belongs to; None for a month's round."""

    @property
    def short_id(self) -> str:
        """The id people type: `o3` (omgång)."""
        return f"o{self.id}"

    def to(self, state: CycleState) -> "Cycle":
        """Move to another state.

        Raises:
            Conflict: `cycle_state`, where the table has no such step.
        """
        if state not in CYCLE_STEPS[self.state]:
            raise Conflict("cycle_state", {"state": self.state, "period": self.period})
        return replace(self, state=state)

    @property
    def takes_answers(self) -> bool:
        """Tell whether reporters may still answer; late answers count until it is published."""
        return self.state is not CycleState.PUBLISHED

    @property
    def refusal(self) -> Conflict:
        """Say why no answer is taken or changed any more."""
        return Conflict(
            "cycle_closed" if self.unrest_id is None else "unrest_round_over",
            {"period": self.period},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """One unit's part in a round. `version` rises with each change; 0 means nothing sent yet.

    `registry_number` is the sequence number given at the first sending (OSL 5 kap.).
    """

    id: int
    cycle_id: int
    unit_id: int
    state: SubmissionState
    version: int = 0
    answers: Mapping[str, Value] = field(default_factory=dict)
    by_person: int | None = None
    received_at: datetime | None = None
    on_behalf: bool = False
    late: bool = False
    internal: bool = False
    registry_number: int | None = None


def submit(
    submission: Submission,
    cycle: Cycle,
    answers: Mapping[str, Value],
    *,
    by: int,
    now: datetime,
    state: SubmissionState = SubmissionState.SUBMITTED,
    on_behalf: bool = False,
) -> Submission:
    """Let a unit's answer stand: a first one, a changed one, or one entered for somebody.

    Answers to all questions are replaced. An answer that came in time stays so when it is corrected
    later. The coordinator may correct also after publishing, which then needs a new edition.

    Raises:
        Conflict: `cycle_closed`, where the round takes no answers any more.
    """
    if not cycle.takes_answers and not on_behalf:
        raise cycle.refusal
    if answers.get("lage", Value()).chosen == ("inget",):
        state = SubmissionState.NOTHING_TO_REPORT
    return replace(
        submission,
        state=state,
        version=submission.version + 1,
        answers=dict(answers),
        by_person=by,
        received_at=now,
        on_behalf=on_behalf,
        late=now > cycle.closes_at and (submission.late or not submission.state.is_answer),
    )


def merge(
    first: Mapping[str, Value], second: Mapping[str, Value], form: QuestionSet
) -> dict[str, Value]:
    """Join two reporters' answers for one unit: choices of many add up, texts follow one another.

    A single choice that both made is the later one's, unless that one says "nothing to report",
    which takes nothing away; nothing that was written goes away.
    """
    joined = dict(first)
    for asked, value in second.items():
        old, question = joined.get(asked, Value()), form.by_id.get(asked)
        chosen = value.chosen or old.chosen
        if question is not None and question.kind is QuestionKind.MANY:
            both = tuple(dict.fromkeys(old.chosen + value.chosen))
            alone = {choice.id for choice in question.choices if choice.exclusive}
            chosen = tuple(c for c in both if c not in alone) or both[-1:]
        elif old.chosen and value.chosen == ("inget",):
            chosen = old.chosen
        texts = [t for t in (old.text, value.text) if t]
        joined[asked] = Value(chosen=chosen, text="\n".join(dict.fromkeys(texts)))
    return joined


def unchanged(answers: Mapping[str, Value]) -> dict[str, Value]:
    """Give last month's answers as this month's: all the same, so the comparison is "the same"."""
    same = {"jamfort": Value(chosen=("samma",))} if "jamfort" in answers else {}
    return {**answers, **same}


def withdraw(submission: Submission, cycle: Cycle, *, by: int, now: datetime) -> Submission:
    """Take a unit's answer back; the unit is awaited again and its versions remain on record.

    Raises:
        Conflict: `cycle_closed` after publishing, `nothing_to_withdraw` where none was sent.
    """
    if not cycle.takes_answers:
        raise cycle.refusal
    if not submission.state.is_answer:
        raise Conflict("nothing_to_withdraw")
    return replace(
        submission,
        state=SubmissionState.AWAITED,
        version=submission.version + 1,
        answers={},
        by_person=by,
        received_at=now,
        on_behalf=False,
    )


def excuse(submission: Submission, state: SubmissionState) -> Submission:
    """Mark a unit that owes an answer as absent or unreachable, which is not "missing".

    Raises:
        Conflict: `already_answered`, where an answer stands.
    """
    if submission.state.is_answer:
        raise Conflict("already_answered")
    return replace(submission, state=state)

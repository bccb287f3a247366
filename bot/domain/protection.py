"""Small-number protection: the units behind each figure, and the figures an edition may show.

The answers' free words, a unit's own line and the report as a whole belong in compilation.py, which
numbers the rules about what leaves 1 to 4. These are the rest (routine: "The report, and its two
audiences"), for the SAMSA edition:

5. A figure is shown only where at least k units stand behind it, this month as well as in the
   comparisons. A figure of nought is left out too, so that a gap says little.
6. Nor may subtraction find the rest: where the figures shown leave some units over, the next
   smallest is withheld until two figures and k units are hidden, or all. Each month is protected by
   its own answers alone, so that a comparison shows nothing that month's own edition withheld.
7. Nor may two months laid beside each other: who said "oförändrat" is public, so where fewer than
   k units can have changed the figures, all of them are withheld. Where none can have, the figures
   are last month's and are shown if those were.

Everywhere k = 0 means no protection, as in the BRÅ edition.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.domain.cycle import Submission, SubmissionState
from bot.domain.question import Answers, Question, QuestionKind, QuestionSet, Value
from bot.domain.report import Count, Tally

LEVEL, TREND = "lage", "jamfort"
"""The questions whose answers are public by unit (routine)."""

NOTHING, OTHER_PLACE = "inget", "annan"
SKIPPED = Value()

# The receipt shows the text as it will appear, so the mark is read generously.
_INTERNAL = re.compile(
    r"^[\W_]*(?:internt|internal)[\s*_)\]]*(?:[:\uff1a]|\s[-–—]\s)",
    re.IGNORECASE | re.MULTILINE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """One round: its submissions, the answers that may leave, the units behind each choice.

    `steady` is False where rule 7 withholds every figure.
    """

    submissions: Mapping[int, Submission]
    open: Mapping[int, Answers]
    rows: Mapping[str, Mapping[str, set[int]]]
    steady: bool

    def level(self, unit_id: int) -> str | None:
        """Give the level a unit named, None where it named none or has not answered."""
        submission = self.submissions.get(unit_id)
        if submission is None or not submission.state.is_answer:
            return None
        if submission.state is SubmissionState.NOTHING_TO_REPORT:
            return NOTHING
        return first_choice(submission.answers.get(LEVEL))

    def mark(self, unit_id: int) -> str | None:
        """Give what the picture shows: the level, else the state, None where nothing is known."""
        submission = self.submissions.get(unit_id)
        if submission is None:
            return None
        return self.level(unit_id) or standing_state(submission).value


def has_figures(question: Question) -> bool:
    """Tell whether a question has figures: colour and trend are public, a gate is not kept."""
    kinds = (QuestionKind.ONE, QuestionKind.MANY, QuestionKind.PLACE)
    return question.kind in kinds and question.id not in (LEVEL, TREND)


def read_months(
    rounds: Iterable[tuple[str, Mapping[int, Submission]]], counted: Sequence[Question], k: int
) -> dict[str, Month]:
    """Read the rounds, oldest first, so that marks and protection pass from one to the next."""
    months: dict[str, Month] = {}
    internal: set[int] = set()
    before: Month | None = None
    for key, submissions in rounds:
        _pass_on(internal, submissions)
        open_answers = {
            unit_id: {q: _without_internal(value) for q, value in submission.answers.items()}
            for unit_id, submission in submissions.items()
            if submission.state.is_answer and unit_id not in internal
        }
        rows = {question.id: _rows(question, open_answers) for question in counted}
        month = Month(submissions=submissions, open=open_answers, rows=rows, steady=True)
        if before is not None:
            moved = len(_movers(month, before))
            month = replace(month, steady=moved >= k or (not moved and before.steady))
        before = months[key] = month
    return months


def tally(
    question: Question,
    question_set: QuestionSet,
    *,
    now: Month,
    last: Month | None,
    year: Month | None,
    k: int,
) -> Tally:
    """Count one question in the set's own order; alternatives it no longer has come last."""
    current, *earlier = (_figures(month, question, k) for month in (now, last, year))
    figures = current or {}
    # Where nothing is protected, what was named then but not now is told as well.
    ids = set(figures).union(*(column or {} for column in earlier if not k))
    order = {choice.id: n for n, choice in enumerate(question_set.choices_of(question))}
    unknown = None if k else 0
    return Tally(
        question=question.id,
        counts=tuple(
            Count(
                id=choice_id,
                units=figures.get(choice_id, 0),
                last_month=None if earlier[0] is None else earlier[0].get(choice_id, unknown),
                last_year=None if earlier[1] is None else earlier[1].get(choice_id, unknown),
            )
            for choice_id in sorted(ids, key=lambda c: (order.get(c, len(order)), c))
        ),
        withheld=len(now.rows[question.id]) - len(figures),
    )


def standing_state(submission: Submission | None) -> SubmissionState:
    """Give the state others may see: a draft is not sent, and nobody may see that there is one."""
    if submission is None or submission.state is SubmissionState.DRAFT:
        return SubmissionState.AWAITED
    return submission.state


def first_choice(value: Value | None) -> str | None:
    """Give what was chosen, None where the question was skipped."""
    return value.chosen[0] if value is not None and value.chosen else None


def _pass_on(internal: set[int], submissions: Mapping[int, Submission]) -> None:
    """Keep the set of units whose standing answer is internal; "oförändrat" does not lift it."""
    for unit_id, submission in submissions.items():
        if submission.internal:
            internal.add(unit_id)
        elif submission.state.is_answer and submission.state is not SubmissionState.NO_CHANGE:
            internal.discard(unit_id)


def _without_internal(value: Value) -> Value:
    return replace(value, text="") if _INTERNAL.search(value.text) else value


def _rows(question: Question, answers: Mapping[int, Answers]) -> dict[str, set[int]]:
    """Sort units by what they chose; an alternative that excludes the others means "none of these"
    and is no figure ("Behöver ni stöd? Nej")."""
    none_of_these = {c.id for c in question.choices if c.exclusive}
    rows: dict[str, set[int]] = {}
    for unit_id, given in answers.items():
        value = given.get(question.id, SKIPPED)
        chosen = value.chosen
        if question.kind is QuestionKind.PLACE and value.text and not chosen:
            chosen = (OTHER_PLACE,)
        for choice_id in set(chosen) - none_of_these:
            rows.setdefault(choice_id, set()).add(unit_id)
    return rows


def _movers(now: Month, before: Month) -> set[int]:
    """Find the units that may be behind a difference: any behind a figure, but the unchanged."""
    behind = {
        unit_id
        for month in (now, before)
        for rows in month.rows.values()
        for units in rows.values()
        for unit_id in units
    }
    unchanged = {
        unit_id
        for unit_id, submission in now.submissions.items()
        if submission.state is SubmissionState.NO_CHANGE
        and unit_id in before.submissions
        and before.submissions[unit_id].state.is_answer
    }
    return behind - unchanged


def _shown(rows: Mapping[str, set[int]], k: int) -> dict[str, int]:
    """Give the figures that may be shown (rules 5 and 6); k = 0 shows all.

    A unit most often names one alternative, so the rule asks only whether the figures leave units
    over, not of what kind the question is.
    """
    hidden = [units for units in rows.values() if len(units) < k]
    left = sorted((len(units), choice_id) for choice_id, units in rows.items() if len(units) >= k)
    respondents = len(set().union(*rows.values()))
    behind = set().union(*hidden)
    while hidden and left and (len(hidden) < 2 or len(behind) < k):
        if sum(size for size, _ in left) >= respondents:
            break
        _, choice_id = left.pop(0)
        hidden.append(rows[choice_id])
        behind |= rows[choice_id]
    return {choice_id: size for size, choice_id in left}


def _figures(month: Month | None, question: Question, k: int) -> Mapping[str, int] | None:
    """Give a month's figures that may be shown, None where no unit answered that month."""
    if month is None or not any(s.state.is_answer for s in month.submissions.values()):
        return None
    return _shown(month.rows[question.id], k) if month.steady else {}

"""The way through a form: which question the answers so far lead to, and which they leave behind.

Only the form and its answers are known here. What a reply means and what the person is told belong
in question.py and conversation.py.
"""

from collections.abc import Sequence

from bot.domain.question import Answers, Question, QuestionKind, QuestionSet, Value

SUBMIT = "$submit"
REVIEW = "$review"
LANDINGS = (SUBMIT, REVIEW)
"""Where a gate may lead instead of to a question."""


def target(
    question_set: QuestionSet, question: Question, goto: str | None, answers: Answers
) -> Question | None:
    """Give the question that `goto` names, or the next in order, among those that apply."""
    named = question_set.by_id[goto] if goto else None
    if named is not None and question_set.applies(named, answers):
        return named
    return question_set.after((named or question).id, answers)


def through(question_set: QuestionSet, gate: Question, answers: Answers) -> Question | None:
    """Give the question behind a gate that is passed by without a word."""
    ways = [c.goto for c in gate.choices if c.goto not in LANDINGS]
    targets = [target(question_set, gate, goto, answers) for goto in ways]
    answered = [q for q in targets if q is not None and q.id in answers]
    return (answered or targets or [None])[0]


def next_unanswered(question_set: QuestionSet, answers: Answers) -> Question | None:
    """Give the first question still to be answered, or None where the review is due.

    A change that opens new ground is followed up by it; one that does not leads straight back.
    """
    last = where(question_set, answers)
    waiting = last.kind is not QuestionKind.GATE and last.id not in answers
    return last if waiting else None


def where(question_set: QuestionSet, answers: Answers) -> Question:
    """Give the question that the answers lead up to: the first unanswered one, else the last.

    A gate keeps no answer. It was passed if something behind it is answered; else it was left by.
    """
    last = question_set.questions[0]
    question = question_set.after(None, answers)
    while question is not None:
        last = question
        if question.kind is QuestionKind.GATE:
            if not answered_after(question_set, question, answers):
                break
            question = through(question_set, question, answers)
        elif question.id in answers:
            question = question_set.after(question.id, answers)
        else:
            break
    return last


def answered_after(question_set: QuestionSet, question: Question, answers: Answers) -> bool:
    """Tell whether any question behind this one has an answer, a skipped one included."""
    ids = [q.id for q in question_set.questions]
    return any(later in answers for later in ids[ids.index(question.id) + 1 :])


def unanswered(question_set: QuestionSet, answers: Answers) -> Sequence[Question]:
    """List the questions that apply and were never put, or not answered."""
    return [
        q
        for q in question_set.questions
        if q.kind is not QuestionKind.GATE
        and q.id not in answers
        and question_set.applies(q, answers)
    ]


def skip_rest(question_set: QuestionSet, answers: Answers) -> dict[str, Value]:
    """Count what was never answered as skipped, where that is allowed.

    Whoever asks for question 6 from behind a closed gate wants that one, not 3 to 8.
    """
    rest = [q for q in unanswered(question_set, answers) if q.optional]
    return {**answers, **{q.id: Value() for q in rest}}


def prune(question_set: QuestionSet, answers: Answers) -> dict[str, Value]:
    """Drop answers to questions that no longer apply, so that no stale branch is reported."""
    kept: dict[str, Value] = {}
    for question in question_set.questions:
        if question.id in answers and question_set.applies(question, kept):
            kept[question.id] = answers[question.id]
    return kept

"""The one step through a form: pure, so that a restart loses nothing.

`step` takes what was said and gives the new place and what is to be told. Words that mean the same
everywhere ("hoppa över", "tillbaka") come in as a Vocabulary, because languages live in templates.
The values are drawn in place.py, the order of the questions in path.py, the last stop in review.py.
Storing the answers belongs in cycle.py.
"""

from collections.abc import Sequence
from dataclasses import replace

from bot.domain.errors import Invalid
from bot.domain.path import (
    REVIEW,
    SUBMIT,
    answered_after,
    next_unanswered,
    prune,
    target,
    through,
    unanswered,
)
from bot.domain.place import (
    Conversation,
    Outcome,
    Step,
    Told,
    Vocabulary,
    Word,
    ask,
    problem,
    review,
    word_of,
)
from bot.domain.question import (
    Question,
    QuestionKind,
    QuestionSet,
    Value,
    parse,
    plain,
    whole_choice,
)
from bot.domain.review import at_review

__all__ = [
    "REVIEW",
    "SUBMIT",
    "Conversation",
    "Outcome",
    "Told",
    "Vocabulary",
    "Word",
    "begin",
    "next_unanswered",
    "prune",
    "step",
]

_ALWAYS = {
    Word.HELP: Outcome.HELP,
    Word.LATER: Outcome.PAUSED,
    Word.CANCEL: Outcome.CANCELLED,
}


def begin(person_id: int, cycle_id: int, unit_id: int, question_set: QuestionSet) -> Conversation:
    """Place somebody at the first question."""
    first = question_set.after(None, {})
    if first is None:
        raise ValueError(f"question set {question_set.id} has no questions")
    return Conversation(person_id=person_id, cycle_id=cycle_id, unit_id=unit_id, at=first.id)


def step(
    conversation: Conversation, question_set: QuestionSet, said: str, vocabulary: Vocabulary
) -> Step:
    """Take one message to the next place in the form.

    Several lines at the first question are read as one answer a line; the first line that does
    not fit stops the reading there and is named. Never raises, whatever is said.
    """
    word = word_of(said, vocabulary)
    if word in _ALWAYS:
        return conversation, Told(outcome=_ALWAYS[word])
    if conversation.at == REVIEW:
        return at_review(conversation, question_set, said, vocabulary)
    question = question_set.by_id.get(conversation.at)
    if question is None or not question_set.applies(question, conversation.answers):
        return _found_again(conversation, question_set)
    if word is Word.BACK:
        return _back(conversation, question_set, question)
    if word is Word.NOTHING and not conversation.answers:
        return conversation, Told(outcome=Outcome.NOTHING)
    # "Oförändrat" is also a fair reply to "Jämfört med förra månaden?".
    named = bool(conversation.answers) and whole_choice(question_set, question, said) is not None
    if word is Word.NO_CHANGE and not named:
        return conversation, Told(outcome=Outcome.NO_CHANGE)
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    first = question_set.after(None, {})
    if len(lines) > 1 and question == first and question.kind is not QuestionKind.TEXT:
        return _all_at_once(conversation, question_set, lines, vocabulary)
    return _reply(conversation, question_set, question, said, vocabulary)


def _found_again(conversation: Conversation, question_set: QuestionSet) -> Step:
    """Place somebody whose question the form has lost since: nothing said is read as an answer."""
    kept = replace(conversation, answers=prune(question_set, conversation.answers), changing=False)
    question = next_unanswered(question_set, kept.answers)
    return ask(kept, question) if question else review(kept)


def _back(conversation: Conversation, question_set: QuestionSet, question: Question) -> Step:
    """Go to the question before; from one that is being changed, to the review."""
    before = question_set.before(question.id, conversation.answers)
    together = before.number == question.number or question.id not in conversation.answers
    follows = together and before.kind is not QuestionKind.GATE and before != question
    if conversation.changing and not follows:
        return review(conversation)
    return ask(conversation, before)


def _reply(
    conversation: Conversation,
    question_set: QuestionSet,
    question: Question,
    said: str,
    vocabulary: Vocabulary,
) -> Step:
    """Take an answer, "hoppa över" or "skicka" at one question."""
    word = word_of(said, vocabulary)
    if word is Word.SKIP:
        if not question.optional or question.kind is QuestionKind.GATE:
            return problem(conversation, Invalid("reply_required"))
        return _advance(conversation, question_set, question, Value())
    bare = word is Word.SUBMIT and whole_choice(question_set, question, said) is None
    if bare and all(q.optional for q in unanswered(question_set, conversation.answers)):
        # Half-way "skicka" is not a text to report: it shows what there is so far.
        return review(conversation)
    try:
        value = parse(question_set, question, said)
    except Invalid as reason:
        return problem(conversation, reason)
    return _advance(conversation, question_set, question, value)


def _advance(
    conversation: Conversation, question_set: QuestionSet, question: Question, value: Value
) -> Step:
    """Keep the value and go where the question or the chosen alternative leads."""
    gate = question.kind is QuestionKind.GATE
    answered = () if gate else (question.id,)
    answers = conversation.answers if gate else {**conversation.answers, question.id: value}
    moved = replace(conversation, answers=prune(question_set, answers), unchanged=False)
    goto = question.choice(value.chosen[0]).goto if gate else None
    if goto == SUBMIT:
        return review(moved)[0], Told(outcome=Outcome.SUBMIT, answered=answered)
    if goto == REVIEW:
        return review(moved, answered)
    following = target(question_set, question, goto, moved.answers)
    together = following is not None and _belong_together(question, following)
    if conversation.changing and not together:
        following = next_unanswered(question_set, moved.answers)
    if following is None:
        return review(moved, answered)
    more = together or answered_after(question_set, following, moved.answers)
    return ask(replace(moved, changing=conversation.changing and more), following, answered)


def _belong_together(question: Question, following: Question) -> bool:
    """Tell whether both stand under one number, so that "ändra 4" asks both."""
    gate = following.kind is QuestionKind.GATE
    return following.number == question.number and not gate


def _all_at_once(
    conversation: Conversation,
    question_set: QuestionSet,
    lines: Sequence[str],
    vocabulary: Vocabulary,
) -> Step:
    """Read one answer a line. A gate is passed by, unless the line names one of its ways in words.

    A digit never answers a gate here: in a form filled in at one go it belongs to the question
    behind it, and nothing is to be sent by a misunderstanding.
    """
    answered: list[str] = []
    told = Told(outcome=Outcome.ASK)
    most = len(question_set.questions) + 1
    if len(lines) > most:
        reason = _too_many(most + 1, lines)
        return conversation, Told(outcome=Outcome.PROBLEM, problem=reason, line=most + 1)
    for number, line in enumerate(lines, start=1):
        before = conversation
        question = _to_answer(conversation, question_set, line, vocabulary)
        conversation = replace(conversation, at=question.id if question else REVIEW)
        if question is not None:
            conversation, told = _reply(conversation, question_set, question, line, vocabulary)
        elif word_of(line, vocabulary) is Word.SUBMIT:
            told = Told(outcome=Outcome.SUBMIT)
        else:
            told = Told(outcome=Outcome.PROBLEM, problem=_too_many(number, lines))
        if told.outcome is Outcome.PROBLEM:
            return before, replace(told, line=number, answered=answered)
        answered += told.answered
    return conversation, replace(told, answered=answered)


def _to_answer(
    conversation: Conversation, question_set: QuestionSet, line: str, vocabulary: Vocabulary
) -> Question | None:
    """Give the question that a line is for: the one at hand, or the one behind its gate."""
    question = question_set.by_id.get(conversation.at)
    while question is not None and question.kind is QuestionKind.GATE:
        choice = whole_choice(question_set, question, line)
        if choice is not None and plain(line) != plain(choice.key):
            break
        if word_of(line, vocabulary) is Word.SUBMIT:
            break
        question = through(question_set, question, conversation.answers)
    return question


def _too_many(line: int, lines: Sequence[str]) -> Invalid:
    return Invalid("reply_too_many_lines", {"line": line, "count": len(lines)})

"""The review: the place where all is answered, and what may be said there.

The questions before it belong in conversation.py.
"""

import re
from dataclasses import replace

from bot.domain.errors import Invalid
from bot.domain.path import skip_rest, unanswered, where
from bot.domain.place import (
    LONGEST_WORD,
    Conversation,
    Outcome,
    Step,
    Told,
    Vocabulary,
    Word,
    ask,
    problem,
    word_of,
)
from bot.domain.question import Question, QuestionKind, QuestionSet, fold, plain


def at_review(
    conversation: Conversation, question_set: QuestionSet, said: str, vocabulary: Vocabulary
) -> Step:
    """Take "skicka", "tillbaka", "ändra 4" or a question's heading."""
    word = word_of(said, vocabulary)
    if word is Word.NO_CHANGE and not conversation.unchanged:
        return conversation, Told(outcome=Outcome.NO_CHANGE)
    if word in (Word.SUBMIT, Word.YES, Word.NO_CHANGE):
        missing = [q for q in unanswered(question_set, conversation.answers) if not q.optional]
        if missing:
            return ask(conversation, missing[0])
        return conversation, Told(outcome=Outcome.SUBMIT)
    if word is Word.BACK:
        return ask(conversation, where(question_set, conversation.answers))
    if word in (Word.CHANGE, Word.NO):
        return conversation, Told(outcome=Outcome.WHICH)
    try:
        question = _named(conversation, question_set, said, vocabulary)
    except Invalid as reason:
        return problem(conversation, reason)
    answers = conversation.answers
    if question.id not in answers:
        answers = skip_rest(question_set, answers)
    return ask(replace(conversation, answers=answers, changing=True), question)


def _named(
    conversation: Conversation, question_set: QuestionSet, said: str, vocabulary: Vocabulary
) -> Question:
    """Find the question that is to be changed, by its number, heading or id.

    Raises:
        Invalid: `reply_at_review`, or `reply_no_question` (`number`, `count`) for a number that
            nothing was asked under.
    """
    words = said.split(maxsplit=1) if len(said) <= LONGEST_WORD else []
    change = len(words) > 1 and vocabulary.get(fold(words[0])) is Word.CHANGE
    name = plain(words[1] if change else said) if words else ""
    asked = [
        q
        for q in question_set.questions
        if q.kind is not QuestionKind.GATE and question_set.applies(q, conversation.answers)
    ]
    for question in asked:
        if name and name in (plain(question.id), *map(plain, question.heading.values())):
            return question
    digits = re.findall(r"\d+", name) if change or name.isdecimal() else []
    if len(digits) != 1:
        raise Invalid("reply_at_review")
    for question in asked:
        if question.number == int(digits[0]):
            return question
    raise Invalid("reply_no_question", {"number": int(digits[0]), "count": question_set.count})

"""A person's place in a form, and the moves from one place to another that every step is made of.

What a message means at a place belongs in conversation.py, or in review.py once all is answered.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from bot.domain.errors import Invalid
from bot.domain.path import REVIEW
from bot.domain.question import SKIPPED, Question, Value, fold

LONGEST_WORD = 60
"""Characters; nothing longer is a reserved word, and a huge message is not folded to find out."""


class Word(StrEnum):
    """A reserved word; it counts only as the whole message."""

    SKIP = "skip"
    BACK = "back"
    CANCEL = "cancel"
    LATER = "later"
    HELP = "help"
    SUBMIT = "submit"
    CHANGE = "change"
    NO_CHANGE = "no_change"
    NOTHING = "nothing"
    YES = "yes"
    NO = "no"


Vocabulary = Mapping[str, Word]
"""Folded spelling → reserved word, every language together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """Where somebody is in a form for one unit. `at` is a question's id or REVIEW."""

    person_id: int
    cycle_id: int
    unit_id: int
    at: str
    answers: Mapping[str, Value] = field(default_factory=dict)
    changing: bool = False
    """One question is asked again from the review; then the review comes back."""
    unchanged: bool = False
    """The answers are last month's, shown for an explicit "oförändrat"."""
    base: int = 0
    """The submission's version when this began; a higher one at sending means a colleague came
    first."""
    warned: bool = False
    """The personal-data warning of this text has been shown once."""


class Outcome(StrEnum):
    """What the person is to be told."""

    ASK = "ask"
    PROBLEM = "problem"
    REVIEW = "review"
    SUBMIT = "submit"
    PAUSED = "paused"
    CANCELLED = "cancelled"
    HELP = "help"
    WHICH = "which"
    """"Ändra" was said: which question?"""
    NO_CHANGE = "no_change"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An outcome with the reason where a reply did not fit, and the questions answered by it.

    `answered` holds skipped questions too, so that an edited "hoppa över" finds its question; a
    gate keeps no answer and is never in it. `line` counts the lines that are not blank, from 1.
    """

    outcome: Outcome
    problem: Invalid | None = None
    line: int | None = None
    answered: Sequence[str] = ()


Step = tuple[Conversation, Told]
"""A new place and what is to be told."""


def word_of(said: str, vocabulary: Vocabulary) -> Word | None:
    said = said.strip()
    if len(said) > LONGEST_WORD:
        return None
    return Word.SKIP if said in (SKIPPED, "–", "—") else vocabulary.get(fold(said))


def problem(conversation: Conversation, problem: Invalid) -> Step:
    return conversation, Told(outcome=Outcome.PROBLEM, problem=problem)


def ask(conversation: Conversation, question: Question, answered: Sequence[str] = ()) -> Step:
    moved = replace(conversation, at=question.id, unchanged=False, warned=False)
    return moved, Told(outcome=Outcome.ASK, answered=answered)


def review(conversation: Conversation, answered: Sequence[str] = ()) -> Step:
    moved = replace(conversation, at=REVIEW, changing=False, warned=False)
    return moved, Told(outcome=Outcome.REVIEW, answered=answered)

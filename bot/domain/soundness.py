"""Whether a form hangs together: every rule that a question set must keep before anyone is asked.

Reading the file belongs in bot/questions.py. Each fault says what is wrong and how to cure it, to
the person who edits the file.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bot.domain.path import LANDINGS
from bot.domain.place import Vocabulary, Word
from bot.domain.question import (
    SKIPPED,
    Choice,
    Question,
    QuestionKind,
    QuestionSet,
    fold,
    names,
)

_ALWAYS_RESERVED = frozenset({Word.SKIP, Word.BACK, Word.CANCEL, Word.LATER, Word.HELP})
"""Words that never reach a question. "Skicka" and "nej" do, so a choice may be called so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault: its words, and where: positions from 0, and the field of the file."""

    what: str
    question: int | None = None
    choice: int | None = None
    field: str = ""


def faults(question_set: QuestionSet, vocabulary: Vocabulary) -> Sequence[Fault]:
    """List every fault of a form."""
    if not question_set.questions:
        return [Fault(what="no questions: add at least one [[question]]")]
    found: list[Fault] = []
    for position, question in enumerate(question_set.questions):
        found += _identity(question_set.questions, position)
        found += _kind(question, position)
        found += _names(question_set, question, position, vocabulary)
        found += _when(question_set.questions, position)
        found += _goto(question_set.questions, position)
    if not any(fault.field in ("id", "goto") for fault in found):
        found += _unreachable(question_set.questions)
    return found


def _identity(questions: Sequence[Question], position: int) -> Iterator[Fault]:
    question, earlier = questions[position], questions[:position]
    if question.id and question.id in [q.id for q in earlier]:
        what = f'the id "{question.id}" is taken by an earlier question: choose another'
        yield Fault(what=what, question=position, field="id")
    if question.id in LANDINGS or question.id == SKIPPED:
        what = f'"{question.id}" has a meaning of its own: choose another id'
        yield Fault(what=what, question=position, field="id")
    least = max((q.number for q in earlier), default=1)
    if question.number < least:
        what = f"number {question.number} comes after {least}: numbers start at 1 and never fall"
        yield Fault(what=what, question=position, field="number")


def _kind(question: Question, position: int) -> Iterator[Fault]:
    kind, count = question.kind, len(question.choices)
    if position == 0 and kind is QuestionKind.GATE:
        what = "a form cannot begin with a gate: put a question before it"
        yield Fault(what=what, question=position, field="kind")
    least = {QuestionKind.ONE: 2, QuestionKind.MANY: 1, QuestionKind.GATE: 2}.get(kind, 0)
    if count < least:
        what = f"a question of kind {kind} needs at least {least} [[question.choice]], not {count}"
        yield Fault(what=what, question=position, field="kind")
    if question.max_length < 1:
        what = "max_length must be 1 or more"
        yield Fault(what=what, question=position, field="max_length")
    keys = [choice.key for choice in question.choices]
    if kind is QuestionKind.PLACE and keys != [str(n) for n in range(1, count + 1)]:
        what = f"the keys of a place question must be 1 to {count}: the places follow upon them"
        yield Fault(what=what, question=position)


def _names(
    question_set: QuestionSet, question: Question, position: int, vocabulary: Vocabulary
) -> Iterator[Fault]:
    """Find two choices by one name, and names that never reach the question."""
    owners: dict[str, Choice] = {}
    ids: set[str] = set()
    for number, choice in enumerate(question_set.choices_of(question)):
        at = number if number < len(question.choices) else None
        if choice.id and choice.id in ids:
            what = f'the id "{choice.id}" stands for two choices of "{question.id}": change one'
            yield Fault(what=what, question=position, choice=at, field="id")
        ids.add(choice.id)
        for name in names(choice):
            owner = owners.setdefault(name, choice)
            if owner is not choice and owner.id != choice.id:
                what = f'"{name}" means both "{owner.id}" and "{choice.id}": take it from one'
                field = "key" if name == choice.key else "words"
                yield Fault(what=what, question=position, choice=at, field=field)
        # As it is typed: "-" and a reserved word are read before the question is.
        typed = [choice.key, *choice.words, *choice.label.values()]
        for word in dict.fromkeys(typed):
            if vocabulary.get(fold(word)) in _ALWAYS_RESERVED or word == SKIPPED:
                what = f'"{word}" is a reserved word and never reaches the question: remove it'
                yield Fault(what=what, question=position, choice=at, field="words")


def _when(questions: Sequence[Question], position: int) -> Iterator[Fault]:
    question = questions[position]
    earlier = {q.id: q for q in questions[:position]}
    for asked, ids in ((q, ids) for way in question.when for q, ids in way.items()):
        source = earlier.get(asked)
        if source is None:
            later = any(q.id == asked for q in questions[position:])
            cure = "which is not asked before this one" if later else "which does not exist"
            what = f'`when` names the question "{asked}", {cure}: name an earlier question'
        elif source.kind is QuestionKind.GATE:
            what = (
                f'`when` names the gate "{asked}", whose answer is not kept: use its goto instead'
            )
        else:
            known = {SKIPPED, *(choice.id for choice in source.choices)}
            unknown = [i for i in ids if i not in known]
            if not unknown:
                continue
            what = (
                f'`when` names "{unknown[0]}", which is no choice of "{asked}": '
                f"use {', '.join(sorted(known))}"
            )
        yield Fault(what=what, question=position, field="when")


def _goto(questions: Sequence[Question], position: int) -> Iterator[Fault]:
    question = questions[position]
    later = [q.id for q in questions[position + 1 :]]
    for number, choice in enumerate(question.choices):
        if choice.goto is None or (
            question.kind is QuestionKind.GATE and choice.goto in (*LANDINGS, *later)
        ):
            continue
        if question.kind is not QuestionKind.GATE:
            what = "only a gate has goto: give the questions that follow a `when` instead"
        elif choice.goto in [q.id for q in questions]:
            what = f'goto "{choice.goto}" leads backwards: name a later question'
        else:
            what = f'goto "{choice.goto}" leads nowhere: use a later id or {" or ".join(LANDINGS)}'
        yield Fault(what=what, question=position, choice=number, field="goto")


def _unreachable(questions: Sequence[Question]) -> Iterator[Fault]:
    """Find questions that no answers lead to, because every gate before them leads past."""
    index = {q.id: i for i, q in enumerate(questions)}
    reached: set[int] = set()
    starts = {0}
    while starts:
        position = starts.pop()
        if position in reached or position >= len(questions):
            continue
        reached.add(position)
        question = questions[position]
        gotos = [choice.goto for choice in question.choices]
        if question.kind is not QuestionKind.GATE or question.when or None in gotos:
            starts.add(position + 1)
        starts |= {index[goto] for goto in gotos if goto is not None and goto in index}
    for position, question in enumerate(questions):
        if position not in reached:
            what = f'no answer leads to "{question.id}": let a gate before it lead on'
            yield Fault(what=what, question=position)

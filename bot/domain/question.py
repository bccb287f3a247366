"""Questions: what is asked, what a reply may be, and why one does not fit.

A question set is data (templates/questions/*.toml, read by bot/questions.py). Where a person *is*
in it belongs in conversation.py; what the answers come to belongs in report.py.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from itertools import islice

from bot.domain.errors import Invalid

MAX_TEXT = 600
"""Longest free text in characters, where a question sets no other (routine: question 4)."""

SKIPPED = "-"
"""Stands in `Question.when` for "no choice was made"; typed alone it skips a question."""

_ROOM_FOR_NAMES = 900
"""Characters that names of choices may take beside a note: all fifteen categories in full."""
_LONGEST_NAME = 120
_MOST_WORDS = 12


class QuestionKind(StrEnum):
    """How a reply is read."""

    ONE = "one"
    MANY = "many"
    TEXT = "text"
    PLACE = "place"
    GATE = "gate"
    """A fork in the road: its answer decides what comes next and is not kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One alternative. `id` never changes, so trends survive renaming; `key` is what is typed.

    `label` and `words` go by language. `short` is the label for receipts and lists, where it is
    not the label. `goto` names the question to go on with, or a landing of conversation.py.
    """

    id: str
    key: str
    label: Mapping[str, str]
    words: Sequence[str] = ()
    short: Mapping[str, str] = field(default_factory=dict)
    goto: str | None = None
    exclusive: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """An answer to one question: the choices' ids, free words, or both. Empty means skipped."""

    chosen: tuple[str, ...] = ()
    text: str = ""


Answers = Mapping[str, Value]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One item of a form. `number` is the n in "fråga n av 8"; several items may share it.

    `when` lists alternatives; each maps question ids to the choice ids of which one must have been
    given (SKIPPED for none at all). An empty list means always. `heading` names the question in
    receipts and lists, and `example` is a reply for the form that takes all answers at once. A
    question of kind `text` may have choices too ("nej"); they count as the whole reply only.
    """

    id: str
    kind: QuestionKind
    number: int
    text: Mapping[str, str]
    choices: Sequence[Choice] = ()
    when: Sequence[Mapping[str, Sequence[str]]] = ()
    max_length: int = MAX_TEXT
    with_note: bool = False
    optional: bool = True
    heading: Mapping[str, str] = field(default_factory=dict)
    example: Mapping[str, str] = field(default_factory=dict)

    def choice(self, choice_id: str) -> Choice:
        """Find a choice by its id.

        Raises:
            KeyError: the question has no such choice.
        """
        return {choice.id: choice for choice in self.choices}[choice_id]


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionSet:
    """A form, with the places of the municipality for its questions of kind `place`.

    `joiners` are the words that may stand between choices ("och").
    """

    id: str
    questions: Sequence[Question]
    places: Sequence[str] = ()
    joiners: Sequence[str] = ()
    by_id: Mapping[str, Question] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_id", {q.id: q for q in self.questions})

    @property
    def count(self) -> int:
        """The 8 in "fråga 2 av 8"."""
        return max(q.number for q in self.questions)

    def applies(self, question: Question, answers: Answers) -> bool:
        """Tell whether a question is to be asked after these answers."""
        return not question.when or any(
            all(
                set(answers.get(asked, Value()).chosen or (SKIPPED,)) & set(ids)
                for asked, ids in way.items()
            )
            for way in question.when
        )

    def after(self, question_id: str | None, answers: Answers) -> Question | None:
        """Give the next question that applies, or None at the end. None asks for the first."""
        ids = [q.id for q in self.questions]
        start = 0 if question_id is None else ids.index(question_id) + 1
        return next((q for q in self.questions[start:] if self.applies(q, answers)), None)

    def before(self, question_id: str, answers: Answers) -> Question:
        """Give the question before this one among those that apply; the first has none before."""
        ids = [q.id for q in self.questions]
        earlier = [q for q in self.questions[: ids.index(question_id)] if self.applies(q, answers)]
        return earlier[-1] if earlier else self.questions[0]

    def choices_of(self, question: Question) -> Sequence[Choice]:
        """List the choices of a question, the municipality's places included."""
        if question.kind is not QuestionKind.PLACE:
            return question.choices
        fixed = list(question.choices)
        places = [
            Choice(id=name, key=str(n), label=dict.fromkeys(question.text, name))
            for n, name in enumerate(self.places, start=len(fixed) + 1)
        ]
        return fixed + places

    def chosen_of(self, question: Question, value: Value) -> Sequence[Choice]:
        """Give the choices of an answer; one that the form has lost since is shown by its id."""
        known = {choice.id: choice for choice in self.choices_of(question)}
        return [
            known.get(i) or Choice(id=i, key=i, label=dict.fromkeys(question.text, i))
            for i in value.chosen
        ]


def parse(question_set: QuestionSet, question: Question, said: str) -> Value:
    """Read a reply as an answer to a question.

    Digits, a choice's words or its label all count, in any case; many choices are parted by commas,
    spaces or a joiner. What follows the choices is kept as a note where the question takes one: a
    `place` after the place, a `many` with `with_note` also alone.

    Raises:
        Invalid: with code `reply_unknown` (`said`: the part not understood), `reply_too_many`,
            `reply_exclusive`, `reply_too_long` (`limit`, `length`) or `reply_empty`.
    """
    said = said.strip()
    if question.kind is QuestionKind.TEXT:
        named = whole_choice(question_set, question, said)
        return Value(chosen=(named.id,)) if named else Value(text=_words(said, question.max_length))
    if not said:
        raise Invalid("reply_empty")
    if len(said) > question.max_length + _ROOM_FOR_NAMES:
        # Said before anything is read, so that a huge message costs nothing.
        raise Invalid("reply_too_long", {"limit": question.max_length, "length": len(said)})
    chosen, rest = _read_choices(question_set, question, said)
    _check(question, chosen, rest)
    return Value(
        chosen=tuple(choice.id for choice in chosen),
        text=_words(rest, question.max_length) if rest else "",
    )


def whole_choice(question_set: QuestionSet, question: Question, said: str) -> Choice | None:
    """Find the choice that a reply names and nothing else."""
    if len(said) > _LONGEST_NAME:
        return None
    return names_of(question_set.choices_of(question)).get(plain(said))


def names_of(choices: Sequence[Choice]) -> Mapping[str, Choice]:
    """Map everything that a choice may be called, made plain, to the choice."""
    return {name: choice for choice in choices for name in names(choice)}


def names(choice: Choice) -> Sequence[str]:
    """List what a choice may be called, made plain: key, id, words, labels and their beginnings."""
    labels = [*choice.label.values(), *choice.short.values()]
    heads = [re.split(r"\s[–-]\s", label)[0] for label in labels]
    said = (choice.key, choice.id, *choice.words, *labels, *heads)
    return [name for name in dict.fromkeys(map(plain, said)) if name]


@lru_cache(maxsize=4_096)  # the words of forms and languages are asked for again and again
def fold(text: str) -> str:
    """Make two spellings of a word comparable: case, the dots and rings of å, ä, ö, keycaps."""
    lower = unicodedata.normalize("NFKD", text).casefold()  # what comes apart may be a capital
    parts = unicodedata.normalize("NFKD", lower).translate(_NORTHERN)
    return "".join(c for c in parts if unicodedata.category(c) not in _MARKS).strip(" \t\r\n.!?,:;")


def plain(text: str) -> str:
    """Fold, and let every run of spaces, dashes and marks be one space."""
    return " ".join(_NOT_IN_NAMES.sub(" ", fold(text)).split())


_NORTHERN = str.maketrans({"æ": "a", "ø": "o"})
_MARKS = frozenset({"Mn", "Me", "Cf"})
_NOT_IN_NAMES = re.compile(r"[\s,;.:!?()+&/•*–—-]+")
_GAP = re.compile(r"(?:[\s,;.:!?()+&/•*]|(?<!\S)[–—-](?!\S))+")
"""What may part two choices. A dash counts only on its own: "1-3" may mean 2 as well."""


def _read_choices(
    question_set: QuestionSet, question: Question, said: str
) -> tuple[Sequence[Choice], str]:
    """Read choices from the beginning of `said`; return them and the words that remain."""
    known = names_of(question_set.choices_of(question))
    joiners = {fold(word) for word in question_set.joiners} - {""}
    whole = whole_choice(question_set, question, said)
    if whole is not None:
        return [whole], ""
    found: dict[str, Choice] = {}
    position = 0
    while position < len(said):
        gap = _GAP.match(said, position)
        start = gap.end() if gap else position
        hit = _longest_name(known, said, start)
        if hit is not None:
            choice, position = hit
            found.setdefault(choice.id, choice)
            continue
        word = _GAP.split(said[start:], maxsplit=1)[0]
        if not found or fold(word) not in joiners:
            break
        position = start + len(word)
    rest = said[position:].lstrip(" \t\r\n,;.:!?+&/–—-)").rstrip() if found else said
    if found and not any(c.isalnum() for c in rest):
        rest = ""
    return list(found.values()), rest


def _longest_name(known: Mapping[str, Choice], text: str, start: int) -> tuple[Choice, int] | None:
    """Find the longest name of a choice that begins at `start` and ends at a word's end."""
    near = text[: start + _LONGEST_NAME]
    ends = [gap.start() for gap in islice(_GAP.finditer(near, start + 1), _MOST_WORDS)]
    if len(near) == len(text):
        ends.append(len(text))
    for end in reversed(ends):
        choice = known.get(plain(text[start:end]))
        if choice is not None:
            return choice, end
    return None


def _check(question: Question, chosen: Sequence[Choice], rest: str) -> None:
    """Refuse what does not go with the kind of the question."""
    alone = question.kind is QuestionKind.MANY and question.with_note
    noted = question.with_note or question.kind is QuestionKind.PLACE
    # A note has letters: "1 17" names an alternative that is not there.
    note_fits = noted and any(c.isalpha() for c in rest) and (bool(chosen) or alone)
    if not note_fits and (rest or not chosen):
        raise Invalid("reply_unknown", {"said": _clean(rest)[:80]})
    if len(chosen) > 1 and question.kind in (QuestionKind.ONE, QuestionKind.GATE):
        raise Invalid("reply_too_many", {"count": len(chosen)})
    if len(chosen) > 1 and any(choice.exclusive for choice in chosen):
        raise Invalid("reply_exclusive")


def _words(text: str, limit: int) -> str:
    """Accept free text of a bearable length that says something."""
    if len(text) > limit:
        raise Invalid("reply_too_long", {"limit": limit, "length": len(text)})
    text = _clean(text)
    if not any(c.isalnum() for c in text):
        raise Invalid("reply_empty")
    return text


def _clean(text: str) -> str:
    """Drop what no database and no page can hold: control characters and half characters."""
    kept = (c for c in text if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cs"))
    return unicodedata.normalize("NFC", "".join(kept)).strip()

"""Reads the question sets from templates/questions/: one TOML file, one form.

Here stands how a file is written and where in it a mistake is. What makes a form sound belongs in
domain/soundness.py; what the questions mean, in domain/question.py.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TypeVar

from bot.domain.place import Vocabulary
from bot.domain.question import MAX_TEXT, Choice, Question, QuestionKind, QuestionSet
from bot.domain.soundness import faults

LANGUAGES = ("sv", "en")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """What is wrong in a file, and how to cure it. `line` is None where it cannot be found."""

    file: str
    line: int | None
    what: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.what}" if self.line else f"{self.file}: {self.what}"


class BadQuestionSet(Exception):
    """Question sets that cannot be used; every mistake of every file, in order."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        super().__init__("\n".join(str(mistake) for mistake in mistakes))
        self.mistakes = tuple(mistakes)


def load_question_sets(
    folder: Path,
    places: Sequence[str],
    *,
    vocabulary: Vocabulary | None = None,
    languages: Sequence[str] = LANGUAGES,
) -> Mapping[str, QuestionSet]:
    """Read every `*.toml` of a folder; the file's name without the ending is the set's id.

    Args:
        folder: where the files are.
        places: the municipality's places, in the order in which they are offered.
        vocabulary: the reserved words, so that no choice is called by one.
        languages: the languages that every text must exist in.

    Raises:
        BadQuestionSet: anything is wrong in any file, or there is none.
    """
    loaded: dict[str, QuestionSet] = {}
    mistakes: list[Mistake] = []
    for path in sorted(folder.glob("*.toml")):
        reader = _Reader(path, languages)
        question_set = reader.read(places, vocabulary or {})
        mistakes += sorted(reader.mistakes, key=lambda m: m.line or 0)
        loaded[path.stem] = question_set
    if not loaded:
        what = "no question sets here: put at least one .toml file in the folder"
        mistakes.append(Mistake(file=str(folder), line=None, what=what))
    if mistakes:
        raise BadQuestionSet(mistakes)
    return loaded


_Table = Mapping[str, object]
_Simple = TypeVar("_Simple", str, int, bool)

_SET_FIELDS = ("joiners", "question")
_QUESTION_FIELDS = (
    *("id", "kind", "number", "optional", "when", "max_length", "with_note"),
    *("heading", "text", "example", "choice"),
)
_CHOICE_FIELDS = ("id", "key", "label", "short", "words", "goto", "exclusive")
_TYPE_NAMES = {str: "a text in quotes", int: "a whole number", bool: "true or false"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Spot:
    """A table of the file: the set's own, a question's, or a choice's; positions from 0."""

    question: int | None = None
    choice: int | None = None


class _Reader:
    """Reads one file, and goes on after a mistake so that all are found in one go."""

    def __init__(self, path: Path, languages: Sequence[str]) -> None:
        self.mistakes: list[Mistake] = []
        self._path = path
        self._languages = languages
        self._lines: Sequence[str] = ()

    def read(self, places: Sequence[str], vocabulary: Vocabulary) -> QuestionSet:
        """Read the file into a question set, sound only if `mistakes` stays empty."""
        data = self._data()
        if data is None:
            return QuestionSet(id=self._path.stem, questions=())
        top = _Spot()
        self._known(data, _SET_FIELDS, top)
        tables = self._tables(data, "question", top)
        question_set = QuestionSet(
            id=self._path.stem,
            questions=[self._question(t, _Spot(question=n)) for n, t in enumerate(tables)],
            places=tuple(places),
            joiners=self._texts(data, "joiners", top),
        )
        for fault in faults(question_set, vocabulary):
            spot = _Spot(question=fault.question, choice=fault.choice)
            self._say(fault.what, spot, fault.field)
        return question_set

    def _data(self) -> _Table | None:
        try:
            source = self._path.read_text(encoding="utf-8-sig")
            self._lines = source.splitlines()
            return tomllib.loads(source)
        except UnicodeDecodeError:
            self._mistake(None, "the file is not UTF-8: save it as UTF-8")
        except tomllib.TOMLDecodeError as error:
            line = re.search(r"line (\d+)", str(error))
            at = int(line[1]) if line else len(self._lines)
            self._mistake(at, f"the line cannot be read as TOML: {error}")
        return None

    def _question(self, table: _Table, spot: _Spot) -> Question:
        self._known(table, _QUESTION_FIELDS, spot)
        choices = self._tables(table, "choice", spot)
        return Question(
            id=self._required(table, "id", spot),
            kind=self._kind(table, spot),
            number=self._get(table, "number", 1, spot),
            text=self._by_language(table, "text", spot, required=True),
            choices=[
                self._choice(c, _Spot(question=spot.question, choice=n))
                for n, c in enumerate(choices)
            ],
            when=self._when(table, spot),
            max_length=self._get(table, "max_length", MAX_TEXT, spot),
            with_note=self._get(table, "with_note", False, spot),
            optional=self._get(table, "optional", True, spot),
            heading=self._by_language(table, "heading", spot, required=False),
            example=self._by_language(table, "example", spot, required=False),
        )

    def _choice(self, table: _Table, spot: _Spot) -> Choice:
        self._known(table, _CHOICE_FIELDS, spot)
        return Choice(
            id=self._required(table, "id", spot),
            key=self._required(table, "key", spot),
            label=self._by_language(table, "label", spot, required=True),
            words=self._texts(table, "words", spot),
            short=self._by_language(table, "short", spot, required=False),
            goto=self._get(table, "goto", "", spot) or None,
            exclusive=self._get(table, "exclusive", False, spot),
        )

    def _kind(self, table: _Table, spot: _Spot) -> QuestionKind:
        said = self._required(table, "kind", spot)
        if said in list(QuestionKind):
            return QuestionKind(said)
        if said:
            kinds = ", ".join(QuestionKind)
            self._say(f'"{said}" is no kind of question: use one of {kinds}', spot, "kind")
        return QuestionKind.TEXT

    def _when(self, table: _Table, spot: _Spot) -> Sequence[Mapping[str, Sequence[str]]]:
        ways = self._tables(table, "when", spot)
        return [{asked: self._texts(way, asked, spot, "when") for asked in way} for way in ways]

    def _required(self, table: _Table, field: str, spot: _Spot) -> str:
        value = self._get(table, field, "", spot).strip()
        if not value and isinstance(table.get(field, ""), str):
            self._say(f"`{field}` is missing: add it", spot, field)
        return value

    def _get(self, table: _Table, field: str, default: _Simple, spot: _Spot) -> _Simple:
        value = table.get(field, default)
        # By type(), because True is an int to isinstance.
        if type(value) is type(default):
            return value
        self._say(f"`{field}` must be {_TYPE_NAMES[type(default)]}", spot, field)
        return default

    def _by_language(
        self, table: _Table, field: str, spot: _Spot, *, required: bool
    ) -> Mapping[str, str]:
        """Read a text that exists in every language, or, if not required, in none."""
        value = table.get(field, {})
        if not isinstance(value, dict):
            example = ", ".join(f'{language} = "…"' for language in self._languages)
            self._say(f"`{field}` goes by language: write {{ {example} }}", spot, field)
            return {}
        texts = {k: v.strip() for k, v in value.items() if isinstance(v, str) and v.strip()}
        missing = [language for language in self._languages if language not in texts]
        if missing and (required or value):
            self._say(f"`{field}` has no text in {', '.join(missing)}: add it", spot, field)
        return texts

    def _texts(self, table: _Table, field: str, spot: _Spot, shown: str = "") -> Sequence[str]:
        value = table.get(field, [])
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return tuple(value)
        self._say(f'`{field}` must be a list of texts, as ["a", "b"]', spot, shown or field)
        return ()

    def _tables(self, table: _Table, field: str, spot: _Spot) -> Sequence[_Table]:
        value = table.get(field, [])
        if isinstance(value, list) and all(isinstance(item, dict) for item in value):
            return value
        cure = "[{ question = [choices] }]" if field == "when" else "[[question]] for each"
        self._say(f"`{field}` must be a list of tables: write {cure}", spot, field)
        return ()

    def _known(self, table: _Table, fields: Sequence[str], spot: _Spot) -> None:
        for field in table:
            if field not in fields:
                near = get_close_matches(field, fields, 1)
                cure = f"did you mean `{near[0]}`?" if near else f"use {', '.join(fields)}"
                self._say(f"`{field}` is not a field here: {cure}", spot, field)

    def _say(self, what: str, spot: _Spot, field: str) -> None:
        self._mistake(self._line(spot, field), what)

    def _mistake(self, line: int | None, what: str) -> None:
        self.mistakes.append(Mistake(file=self._path.name, line=line, what=what))

    def _line(self, spot: _Spot, field: str) -> int | None:
        """Find the line of a field, or of the table that should have it."""
        question, choice = -1, -1
        header: int | None = None
        for number, line in enumerate(self._lines, start=1):
            if re.match(r"\s*\[\[\s*question\s*\]\]", line):
                question, choice = question + 1, -1
            elif re.match(r"\s*\[\[\s*question\s*\.\s*choice\s*\]\]", line):
                choice += 1
            here = (question, choice) == (
                -1 if spot.question is None else spot.question,
                -1 if spot.choice is None else spot.choice,
            )
            if here and spot.question is not None:
                header = header or number
            if here and field and re.match(rf"\s*{re.escape(field)}\s*[=.]", line):
                return number
        return header

"""Templates and languages are whole: nothing that code names is missing, nothing is left over."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bot.domain.cycle import CycleState, SubmissionState
from bot.domain.date_words import DateFault
from bot.domain.follow_up import (
    AssignmentState,
    CaseState,
    Level,
    MeasureState,
    Phase,
    Prevention,
)
from bot.domain.meeting import MeetingState, Reply
from bot.domain.people import Forum, Role
from bot.domain.place import Word
from bot.domain.privacy import Finding
from bot.domain.question import fold
from bot.domain.term import Stage, TermKind
from bot.questions import load_question_sets
from bot.render import Renderer, squeeze
from commands import load

ROOT = Path(__file__).parent.parent
MESSAGES = ROOT / "templates" / "messages"
RENDERER = Renderer(ROOT / "templates", ZoneInfo("Europe/Stockholm"), default="sv")
LANGUAGES = RENDERER.languages
COMMANDS = load()
LISTED = [command.name for command in COMMANDS.values() if command.listed]
CLOCK_VERBS = (
    *("ask_items", "call_meeting", "remind_meeting", "begin_meeting", "end_meeting", "ask_notes"),
    *("open_cycle", "remind", "ask_deputy", "close_cycle", "tell_result"),
    "remind_due",
    *("warn_term", "quarter_due"),
    *("open_unrest", "close_unrest", "unrest_ends", "end_unrest", "propose_year"),
)
FAULTS = ("Conflict", "Invalid", "NotFound", "Refused")


def files(language: str) -> set[str]:
    """Name a language's messages, partials included."""
    folder = MESSAGES / language
    return {str(path.relative_to(folder).with_suffix("")) for path in folder.rglob("*.md")}


def sources() -> list[ast.Module]:
    """Parse what may name a message; platforms speak to nobody."""
    paths = [*(ROOT / "commands").glob("*.py"), *(ROOT / "bot").rglob("*.py")]
    wanted = [path for path in paths if "platforms" not in path.parts]
    wanted += (ROOT / "storage").glob("*.py")
    return [ast.parse(path.read_text(encoding="utf-8")) for path in wanted]


def named_in_code() -> set[str]:
    """Name every message that code renders, errors included."""
    trees = sources()
    everywhere = {name: text for tree in trees for name, text in _constants(tree)}
    found = {f"errors/{fault}" for fault in DateFault}
    for tree in trees:
        constants = {**everywhere, **dict(_constants(tree))}  # a module's own name comes first
        for node in ast.walk(tree):
            found |= set(_named(node, constants))
    return found


def _constants(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=str(text))):
                yield name, text


def _named(node: ast.AST, constants: dict[str, str]) -> Iterator[str]:
    match node:
        case ast.Call():
            callee = node.func
            name = callee.attr if isinstance(callee, ast.Attribute) else getattr(callee, "id", "")
            keywords = {keyword.arg: keyword.value for keyword in node.keywords}
            if name in FAULTS and node.args:
                yield from (f"errors/{code}" for code in _texts(node.args[0], constants))
            elif name in ("to_office", "_to_office", "render") and node.args:
                yield from _texts(node.args[0], constants)
            elif "letter" in keywords and "what" in keywords:
                # What a shelf of values calls the one that it lacks; nobody names a reply.
                missing = set(_texts(keywords["what"], constants)) - {"reply"}
                yield from (f"errors/{code}" for code in missing)
            elif "template" in keywords and "verbatim" not in keywords:
                for keyword in {"template", "letter"} & keywords.keys():
                    yield from _texts(keywords[keyword], constants)
        case ast.Assign(targets=[ast.Name(id="template")], value=value):
            yield from _texts(value, constants)
        case ast.arguments():
            for argument, default in zip(node.kwonlyargs, node.kw_defaults, strict=True):
                if argument.arg == "template" and default is not None:
                    yield from _texts(default, constants)


def _texts(node: ast.expr, constants: dict[str, str]) -> Iterator[str]:
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.Name(id=name) if name in constants:
            yield constants[name]
        case ast.IfExp():
            yield from _texts(node.body, constants)
            yield from _texts(node.orelse, constants)


def test_every_language_has_every_message() -> None:
    """Each language has exactly the files that the others have."""
    expected = files("sv")
    assert {language: files(language) ^ expected for language in LANGUAGES} == {
        language: set() for language in LANGUAGES
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_code_says_is_written(language: str) -> None:
    """Every message and every error that code names has its words."""
    assert named_in_code() - files(language) == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_message_is_left_over(language: str) -> None:
    """A message that no code names, and a partial that no message includes, is removed."""
    text = "\n".join(p.read_text(encoding="utf-8") for p in (MESSAGES / language).rglob("*.md"))
    used = {name.removesuffix(".md") for name in re.findall(r'"([\w/]+\.md)"', text)}
    assert files(language) - named_in_code() - used == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_listed_command_has_words(language: str) -> None:
    """Whatever the help lists can be typed and is explained with an example, and nothing else."""
    commands = RENDERER.by_code[language].commands
    assert sorted(commands) == sorted(LISTED)
    for name, words in commands.items():
        assert words.summary
        assert words.details
        spelling = words.example.removeprefix("!").split()[0]
        assert RENDERER.verb(spelling) == name


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_command_has_a_name_in_the_log(language: str) -> None:
    """The log names what was done in words, also what nobody types."""
    assert set(COMMANDS) - set(RENDERER.by_code[language].names["action"]) == set()


def test_no_spelling_means_two_verbs() -> None:
    """One spelling is one verb, whichever language it belongs to."""
    meanings: dict[str, set[str]] = {}
    for language in RENDERER.by_code.values():
        for name, words in language.commands.items():
            for spelling in words.words:
                meanings.setdefault(squeeze(spelling), set()).add(name)
    assert {s: names for s, names in meanings.items() if len(names) > 1} == {}


def test_no_spelling_means_two_reserved_words() -> None:
    """One spelling is one reserved word, whichever language it belongs to."""
    meanings: dict[str, set[Word]] = {}
    for language in RENDERER.by_code.values():
        for word, spellings in language.reserved.items():
            for spelling in spellings:
                meanings.setdefault(fold(spelling), set()).add(word)
    assert "" not in meanings
    assert {s: words for s, words in meanings.items() if len(words) > 1} == {}


def test_no_verb_is_a_reserved_word() -> None:
    """A verb and a word of the form never share a spelling, but for help."""
    verbs = {squeeze(s) for code in LANGUAGES for s in _spellings(code)}
    reserved = {squeeze(s): word for s, word in RENDERER.vocabulary.items()}
    assert {s for s, word in reserved.items() if s in verbs and word is not Word.HELP} == set()


def _spellings(code: str) -> list[str]:
    return [s for words in RENDERER.by_code[code].commands.values() for s in words.words]


def test_no_choice_is_called_by_a_reserved_word() -> None:
    """The question sets are sound with the reserved words of every language."""
    folder = ROOT / "templates" / "questions"
    assert load_question_sets(folder, ["Djurås"], vocabulary=RENDERER.vocabulary)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_state_and_role_has_a_name(language: str) -> None:
    """Whatever may be shown by name has one, in each language."""
    names = RENDERER.by_code[language].names
    assert set(names["role"]) == set(Role)
    assert set(names["forum"]) == set(names["forum_word"]) == set(Forum)
    assert set(names["state"]) == set(SubmissionState)
    assert set(names["cycle_state"]) == set(CycleState)
    assert set(names["finding"]) == set(Finding)
    assert set(names["meeting_state"]) == set(MeetingState)
    assert set(names["term_kind"]) == set(TermKind)
    assert set(names["term_stage"]) == set(Stage)
    assert set(names["term_step"]) == {*Stage, "added", "renewed", "ended", "undone"}
    assert set(names["reply"]) == set(RENDERER.by_code[language].replies) == set(Reply)
    assert set(names["case_state"]) == set(CaseState)
    assert set(names["assignment_state"]) == set(AssignmentState)
    assert set(names["measure_state"]) == set(MeasureState)
    assert set(names["follow_level"]) == set(Level)
    assert set(names["phase"]) == set(Phase)
    assert set(names["prevention"]) == set(Prevention)
    assert set(names["trail"]) >= {*CaseState, *AssignmentState, *MeasureState}
    assert set(names["verb_name"]) == set(CLOCK_VERBS)
    assert set(RENDERER.by_code[language].reserved) == set(Word)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_role_is_found_by_its_name(language: str) -> None:
    """A role's name in any language, in any case, is that role and no other."""
    names = RENDERER.by_code[language].names["role"]
    assert {RENDERER.role(name.upper()): role for role, name in names.items()} == {
        role: role for role in Role
    }


def test_every_reaction_is_understood() -> None:
    """A reaction stands for a digit, or for a word that the form reserves."""
    for language in RENDERER.by_code.values():
        for key, word in language.reactions.items():
            assert "\ufe0f" not in key
            assert word.isdecimal() or fold(word) in RENDERER.vocabulary


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_a_calendar(language: str) -> None:
    """Twelve months, seven days, and every format."""
    words = RENDERER.by_code[language]
    assert (len(words.months), len(words.weekdays)) == (12, 7)
    assert set(words.formats) == {"day", "moment", "span", "stamp", "clock", "and"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_messages_are_plain(language: str) -> None:
    """No headings and no tables: a phone cuts them off. Papers have both."""
    papers = set((MESSAGES / language / "papers").glob("*.md"))
    for path in set((MESSAGES / language).rglob("*.md")) - papers:
        lines = path.read_text(encoding="utf-8").splitlines()
        assert [line for line in lines if re.match(r"\s*(#|\|)", line)] == [], path.name

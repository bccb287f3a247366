"""`check`: every mistake in settings, templates and question sets at once, with line and cure.

What makes each of them right belongs where it is read: config.py, render.py, questions.py.
"""

import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from jinja2 import TemplateSyntaxError

from bot.cli.phrases import Phrases, read_settings, said_in
from bot.config import BadSettings, Settings
from bot.languages import BadTemplates
from bot.questions import LANGUAGES, BadQuestionSet, Mistake, load_question_sets
from bot.render import Renderer
from bot.standing import BadAgenda, load_agendas

_ANY = ZoneInfo("UTC")
_HEADER = re.compile(r"\s*\[+\s*([^\]]+?)\s*\]")


def check_settings(path: Path, phrases: Phrases) -> tuple[Settings | None, Sequence[Mistake]]:
    """Give the settings, where they can be read, and what is wrong with them and their secrets."""
    try:
        settings = read_settings(path)
    except BadSettings as error:
        return None, [*_in_settings(path, str(error), phrases)]
    mistakes: list[Mistake] = []
    for secret in _secrets(settings):
        try:
            secret()
        except BadSettings as error:
            mistakes += _in_settings(path, str(error), phrases)
    return settings, mistakes


def check(path: Path, phrases: Phrases) -> Sequence[Mistake]:
    """List what is wrong, in the order of settings, templates, question sets."""
    settings, found = check_settings(path, phrases)
    mistakes = [*found]
    language, folder = said_in(path)
    if settings:
        language, folder = settings.municipality.language, settings.templates
    broken = [*_unreadable(folder, phrases)]
    mistakes += broken
    renderer: Renderer | None = None
    if not broken:
        try:
            renderer = Renderer(folder, settings.zone if settings else _ANY, default=language)
        except BadTemplates as error:
            file, _, what = str(error).partition(": ")
            file, what = file.removesuffix(" is missing"), what or phrases("no_language")
            mistakes.append(Mistake(file=file, line=None, what=what))
    if renderer:
        mistakes += _in_messages(folder, renderer, phrases)
    try:
        load_question_sets(
            folder / "questions",
            settings.municipality.places if settings else (),
            vocabulary=renderer.vocabulary if renderer else None,
            languages=renderer.languages if renderer else LANGUAGES,
        )
    except BadQuestionSet as error:
        mistakes += (
            Mistake(file=str(folder / "questions" / m.file), line=m.line, what=m.what)
            for m in error.mistakes
        )
    try:
        load_agendas(folder / "agendas")
    except BadAgenda as error:
        for told in error.mistakes:
            file, _, what = told.partition(": ")
            mistakes.append(Mistake(file=str(folder.parent / file), line=None, what=what))
    return mistakes


def _secrets(settings: Settings) -> Sequence[Callable[[], object]]:
    return settings.password, partial(_read_recovery_key, settings), settings.mail_password


def _read_recovery_key(settings: Settings) -> None:
    """Read the recovery key, where one is set.

    Raises:
        BadSettings: its file can't be read, or it is none. The text never repeats the key.
    """
    written = settings.recovery_key()
    if written is None:
        return
    from bot.platforms.matrix.crypto.recovery import (  # loads the library of keys
        BadRecoveryKey,
        decode_recovery_key,
    )

    name = "recovery_key" if settings.matrix.recovery_key_file is None else "recovery_key_file"
    try:
        decode_recovery_key(written)
    except BadRecoveryKey as error:
        raise BadSettings(f"matrix.{name}: not a recovery key") from error


def _in_settings(path: Path, said: str, phrases: Phrases) -> Iterator[Mistake]:
    """Find the line of each mistake that config.py tells, and say its cure in words of ours."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        what = phrases("settings_missing" if not path.exists() else "not_utf8")
        yield Mistake(file=str(path), line=None, what=what)
        return
    for mistake in said.splitlines():
        told = mistake.removeprefix(f"{path}: ")
        name, _, cause = told.partition(": ")
        if found := re.search(r"\(at line (\d+)", told):
            what = phrases("not_toml", {"cause": told})
            yield Mistake(file=str(path), line=int(found[1]), what=what)
        elif cause:
            what = f"{name}: {phrases.name('settings', cause)}"
            yield Mistake(file=str(path), line=_line_of(lines, name.split(".")), what=what)
        else:
            yield Mistake(file=str(path), line=None, what=told)


def _line_of(lines: Sequence[str], names: Sequence[str]) -> int | None:
    """Find the line of a setting, or of the section that should have it."""
    table: Sequence[str] = ()
    best: tuple[int, int | None] = (0, None)
    for number, line in enumerate(lines, start=1):
        key = re.match(r"\s*([\w-]+)\s*=", line)
        if header := _HEADER.match(line):
            table = header[1].split(".")
            here = table
        elif key:
            here = [*table, key[1]]
        else:
            continue
        if list(here) == list(names[: len(here)]) and len(here) > best[0]:
            best = (len(here), number)
    return best[1]


def _unreadable(folder: Path, phrases: Phrases) -> Iterator[Mistake]:
    """Find files of words that are not the TOML or JSON that they should be."""
    for path in sorted([*folder.glob("languages/*.toml"), *folder.glob("cli/*.toml")]):
        try:
            tomllib.loads(path.read_text(encoding="utf-8"))
        except UnicodeDecodeError:
            yield Mistake(file=str(path), line=None, what=phrases("not_utf8"))
        except tomllib.TOMLDecodeError as error:
            line = re.search(r"\(at line (\d+)", str(error))
            what = phrases("not_toml", {"cause": error})
            yield Mistake(file=str(path), line=int(line[1]) if line else None, what=what)
    for path in sorted(folder.glob("documents/*.json")):
        try:
            json.loads(path.read_text(encoding="utf-8"))
        except UnicodeDecodeError:
            yield Mistake(file=str(path), line=None, what=phrases("not_utf8"))
        except json.JSONDecodeError as error:
            what = phrases("not_json", {"cause": error.msg})
            yield Mistake(file=str(path), line=error.lineno, what=what)


def _in_messages(folder: Path, renderer: Renderer, phrases: Phrases) -> Iterator[Mistake]:
    """Find messages that are missing in a language or that Jinja2 can't read."""
    there: Mapping[str, frozenset[str]] = {
        code: frozenset(
            p.relative_to(folder / "messages" / code).with_suffix("").as_posix()
            for p in (folder / "messages" / code).rglob("*.md")
        )
        for code in renderer.languages
    }
    if not any(there.values()):
        yield Mistake(file=str(folder / "messages"), line=None, what=phrases("no_messages"))
    for code, names in there.items():
        for name in sorted(frozenset().union(*there.values())):
            path = folder / "messages" / code / f"{name}.md"
            if name not in names:
                yield Mistake(file=str(path), line=None, what=phrases("message_missing"))
                continue
            try:
                renderer.render(name, code, {})
            except TemplateSyntaxError as error:
                what = phrases("not_jinja", {"cause": error.message})
                yield Mistake(file=error.filename or str(path), line=error.lineno, what=what)
            except UnicodeDecodeError:
                yield Mistake(file=str(path), line=None, what=phrases("not_utf8"))
            except Exception:  # noqa: S112  it was read; without data it can't be filled in
                continue

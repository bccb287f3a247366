"""Words: Jinja2 templates and the vocabulary of each language.

Every word a person reads stands in templates/. What people wrote enters a message as data: it is
escaped here so that it can never become Markdown, HTML or a mention.
"""

import difflib
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bot.command import CommandWords
from bot.domain.calendar import Period, week_number
from bot.domain.conversation import Vocabulary
from bot.domain.meeting import Reply
from bot.domain.people import Forum, Role
from bot.domain.question import QuestionSet, fold
from bot.languages import BadTemplates, Language, read_language

_MARKDOWN = re.compile(r"([\\`*_{}\[\]()<>#+!|~&@$=-])")
_LIST_NUMBER = re.compile(r"^(\s*\d+)([.)])", re.MULTILINE)
_LONGEST_NAME = 80
"""Characters of a substitute's name."""


class Markdown(str):
    """Text that is Markdown already, and so is not escaped again."""

    __slots__ = ()


def escape(text: str) -> Markdown:
    """Make people's words harmless inside Markdown; their line breaks stay."""
    escaped = _LIST_NUMBER.sub(r"\1\\\2", _MARKDOWN.sub(r"\\\1", text))
    return Markdown(escaped.replace("\r\n", "\n").replace("\n", "  \n"))


class Renderer:
    """Message + language → Markdown."""

    def __init__(self, folder: Path, zone: ZoneInfo, *, default: str) -> None:
        self._zone = zone
        self._default = default
        self.by_code = {
            path.stem: read_language(path) for path in sorted((folder / "languages").glob("*.toml"))
        }
        if default not in self.by_code:
            raise BadTemplates(f"templates/languages/{default}.toml is missing")
        self._vocabulary = {
            fold(spelling): word
            for language in self.by_code.values()
            for word, spellings in language.reserved.items()
            for spelling in spellings
        }
        self._verbs = {
            squeeze(spelling): name
            for language in self.by_code.values()
            for name, verb in language.commands.items()
            for spelling in verb.words
        }
        self._environment = {
            code: self._make_environment(folder, language)
            for code, language in self.by_code.items()
        }

    @property
    def vocabulary(self) -> Vocabulary:
        """Folded spelling → reserved word, every language together."""
        return self._vocabulary

    @property
    def languages(self) -> Sequence[str]:
        """The codes of every language there is."""
        return list(self.by_code)

    def language(self, code: str) -> Language:
        """Give a language, or the municipality's where there is no such."""
        return self.by_code.get(code, self.by_code[self._default])

    def verb(self, spelling: str) -> str | None:
        """Find the verb that a word means, in any language, case and without diacritics."""
        return self._verbs.get(squeeze(spelling))

    @property
    def language_names(self) -> Mapping[str, str]:
        """Each language's own name, by code."""
        return {code: language.name for code, language in self.by_code.items()}

    def command_words(self, verb: str, language: str) -> CommandWords:
        """Give a verb's spellings, arguments, summary and example."""
        return self.language(language).commands[verb]

    def role(self, spelling: str) -> Role | None:
        """Find the role that words mean, in any language."""
        wanted = squeeze(spelling)
        for language in self.by_code.values():
            for role, name in language.names["role"].items():
                if wanted in (squeeze(name), squeeze(role)):
                    return Role(role)
        return None

    def forum(self, spelling: str) -> Forum | None:
        """Find the forum that a word means, in any language."""
        wanted = squeeze(spelling)
        for language in self.by_code.values():
            for kind in ("forum_word", "forum"):
                for forum, name in language.names[kind].items():
                    if wanted == squeeze(name):
                        return Forum(forum)
        return None

    def key(self, kind: str, spelling: str) -> str | None:
        """Find what a word names among the names of a kind ("term_kind"), in any language."""
        wanted = squeeze(spelling)
        for language in self.by_code.values():
            for key, name in language.names[kind].items():
                if wanted == squeeze(name):
                    return key
        return None

    def reply(self, text: str) -> tuple[Reply, str] | None:
        """Read an answer to a call, with the substitute's name where one is named.

        A plain answer is the whole text; a substitute is named before or after the words for it
        ("Anna Berg kommer i mitt ställe", "ersättare: Anna Berg").
        """
        plain = fold(text.replace("\ufe0f", "").strip(" .!"))
        for language in self.by_code.values():
            for reply, spellings in language.replies.items():
                if reply is not Reply.SUBSTITUTE and plain in map(fold, spellings):
                    return reply, ""
        for language in self.by_code.values():
            for phrase in language.replies[Reply.SUBSTITUTE]:
                before, found, after = _parted(text, phrase)
                name = (before or after).strip(" ,:;.!")
                if found and name and len(name) <= _LONGEST_NAME and "\n" not in name:
                    return Reply.SUBSTITUTE, name
        return None

    def near(self, spelling: str, allowed: Sequence[str], code: str) -> Sequence[str]:
        """Suggest at most three verbs for a typo, in the person's language (difflib at 0.7)."""
        spellings = {s: n for s, n in self._verbs.items() if n in allowed}
        hits = difflib.get_close_matches(squeeze(spelling), spellings, n=6, cutoff=0.7)
        names = list(dict.fromkeys(spellings[hit] for hit in hits))[:3]
        return [self.language(code).commands[name].words[0] for name in names]

    def reaction(self, key: str) -> str:
        """Turn a reaction into the word it stands for; an unknown one stays as it is."""
        plain = key.replace("\ufe0f", "")
        for language in self.by_code.values():
            if plain in language.reactions:
                return language.reactions[plain]
        return plain.replace("\u20e3", "")

    def render(self, template: str, language: str, data: Mapping[str, object]) -> str:
        """Render templates/messages/<language>/<template>.md."""
        code = language if language in self._environment else self._default
        text = self._environment[code].get_template(f"{template}.md").render(**data)
        return re.sub(r"\n{3,}", "\n\n", text).strip()

    def _make_environment(self, folder: Path, language: Language) -> Environment:
        environment = Environment(  # noqa: S701  Markdown, escaped by finalize
            loader=FileSystemLoader(folder / "messages" / language.code),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            finalize=_finalize,
            auto_reload=False,
        )
        environment.filters |= {
            "day": lambda d: Markdown(self._day(language, d)),
            "moment": lambda d: Markdown(self._moment(language, d)),
            "span": lambda d, ends: Markdown(self._moment(language, d, ends)),
            "clock": lambda d: Markdown(self._clock(language, d)),
            "stamp": lambda d: Markdown(self._stamp(language, d)),
            "weekday": lambda number: Markdown(language.weekdays[number - 1]),
            "period": lambda p: Markdown(_period(language, p)),
            "name": lambda key, kind: language.names[kind].get(str(key), str(key)),
            "label": lambda choice: choice.label.get(language.code, choice.id),
            "choice": lambda id_, form, asked: _choice_name(language, form, asked, id_),
            "here": lambda texts: texts.get(language.code, next(iter(texts.values()), "")),
            "md": Markdown,
            "listing": lambda items: Markdown(_listing(language, [escape(str(i)) for i in items])),
            "verb": lambda name: Markdown(f"`{_verb(language, name)}`"),
            "plural": lambda n, one, many: Markdown(f"{n} {one if n == 1 else many}"),
            "inside": lambda text: Markdown(escape(str(text)).replace("\n", "\n  ")),
            "quote": lambda text: Markdown(
                "\n".join(f"> {line}" for line in escape(str(text)).split("\n"))
            ),
        }
        return environment

    def _day(self, language: Language, d: date | datetime) -> str:
        d = d.astimezone(self._zone).date() if isinstance(d, datetime) else d
        return language.formats["day"].format(
            weekday=language.weekdays[d.weekday()],
            day=d.day,
            month=language.months[d.month - 1],
            year=d.year,
            week=week_number(d),
        )

    def _moment(self, language: Language, at: datetime, ends: datetime | None = None) -> str:
        local = at.astimezone(self._zone)
        return language.formats["moment" if ends is None else "span"].format(
            weekday=language.weekdays[local.weekday()],
            day=local.day,
            month=language.months[local.month - 1],
            year=local.year,
            clock=self._clock(language, at),
            ends=self._clock(language, ends or at),
            week=week_number(local.date()),
        )

    def _stamp(self, language: Language, at: datetime) -> str:
        local = at.astimezone(self._zone)
        return language.formats["stamp"].format(
            day=local.day,
            month=language.months[local.month - 1],
            number=local.month,
            clock=self._clock(language, at),
        )

    def _clock(self, language: Language, at: datetime) -> str:
        return at.astimezone(self._zone).strftime(language.formats["clock"])


def squeeze(spelling: str) -> str:
    """Make two spellings of a command comparable."""
    return fold(spelling).replace("-", "").replace("_", "").replace(" ", "")


def _parted(text: str, phrase: str) -> tuple[str, str, str]:
    """Cut a text at a phrase, whatever its case; the phrase must stand as words of its own."""
    found = re.search(rf"(?<!\w){re.escape(phrase)}(?!\w)", text, re.IGNORECASE)
    if found is None:
        return text, "", ""
    return text[: found.start()], found.group(), text[found.end() :]


def _verb(language: Language, name: str) -> str:
    """Give a verb as it is typed; what nobody types keeps its own name."""
    return f"!{language.commands[name].words[0]}" if name in language.commands else name


def _choice_name(language: Language, form: QuestionSet, asked: str, choice_id: str) -> str:
    """Name a choice by its id, shortly; one that the form has lost since keeps its id."""
    question = form.by_id.get(asked)
    for choice in form.choices_of(question) if question else ():
        if choice.id == choice_id:
            return (choice.short or choice.label).get(language.code, choice_id)
    return choice_id


def _finalize(value: object) -> object:
    if isinstance(value, Markdown | int | float):
        return value
    return escape(str(value))


def _period(language: Language, period: Period) -> str:
    first, last = period.start, period.end
    if first.month == last.month:
        return f"{language.months[first.month - 1]} {first.year}"
    return f"{language.months[first.month - 1]}–{language.months[last.month - 1]} {last.year}"


def _listing(language: Language, items: Sequence[str]) -> str:
    if len(items) < 2:
        return "".join(items)
    if any("," in item for item in items):  # "Socialtjänsten, barn och unga" is one name
        return "; ".join(items)
    return f"{', '.join(items[:-1])} {language.formats['and']} {items[-1]}"

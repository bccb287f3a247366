"""The command line's sentences, from templates/cli/<language>.toml, and where templates are.

What the bot says in rooms belongs in render.py; this is read before there is a bot. Only what
states are called is taken from there.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path

from bot.config import Settings, load

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"
"""What is delivered."""


def read_settings(path: Path) -> Settings:
    """Read the settings; a relative path to templates leads into the repository, from whichever
    folder the program is started.

    Raises:
        BadSettings: as config.load does.
    """
    settings = load(path)
    return settings.model_copy(update={"templates": TEMPLATES.parent / settings.templates})


def said_in(path: Path) -> tuple[str, Path]:
    """Find language and templates in settings that have mistakes, to tell those in that language
    and to look for more in those templates; what can't be found is as delivered.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        data = {}
    municipality = data.get("municipality")
    language = municipality.get("language") if isinstance(municipality, dict) else None
    return str(language or "sv"), TEMPLATES.parent / str(data.get("templates") or "templates")


class Phrases:
    """The sentences of one language. `code` is its language code."""

    def __init__(self, code: str, content: Mapping[str, object]) -> None:
        self.code = code
        self._content = content

    def __call__(self, sentence: str, params: Mapping[str, object] | None = None) -> str:
        """Give a sentence with its blanks filled in.

        Raises:
            KeyError: the file has no such sentence, or the sentence a blank that is not given.
        """
        return self._in("sentences", sentence).format_map(dict(params or {}))

    def name(self, table: str, key: str) -> str:
        """Give what something is called; what has no name is called by its key."""
        names = self._content.get(table)
        found = names.get(key, key) if isinstance(names, dict) else key
        return str(found)

    def problem(self, code: str, params: Mapping[str, object]) -> str:
        """Give the sentence of a roster problem.

        Raises:
            KeyError: as for any sentence.
        """
        return self._in("problems", code).format_map(dict(params))

    def change(self, kind: str, params: Mapping[str, object]) -> str:
        """Give the sentence of a change that an import made.

        Raises:
            KeyError: as for any sentence.
        """
        return self._in("changes", kind).format_map(dict(params))

    def _in(self, table: str, key: str) -> str:
        sentences = self._content[table]
        if not isinstance(sentences, dict):
            raise KeyError(table)
        return str(sentences[key])


def read_phrases(code: str, templates: Path = TEMPLATES) -> Phrases:
    """Read a language's sentences; in another language where they are missing or broken.

    Raises:
        FileNotFoundError: there are none at all.
    """
    for folder in (templates / "cli", TEMPLATES / "cli"):
        for spoken in dict.fromkeys((code, "sv", "en")):
            try:
                content = tomllib.loads((folder / f"{spoken}.toml").read_text(encoding="utf-8"))
            except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
                continue  # `check` tells what is wrong with it
            return Phrases(spoken, content)
    raise FileNotFoundError(TEMPLATES / "cli")


def read_names(code: str, templates: Path = TEMPLATES) -> Phrases:
    """Read what roles, states and kinds are called in the rooms; without names where there are none
    or they are broken.
    """
    try:
        text = (templates / "languages" / f"{code}.toml").read_text(encoding="utf-8")
        names = tomllib.loads(text).get("names")
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        names = None  # `check` tells what is wrong with it
    return Phrases(code, names if isinstance(names, dict) else {})

"""Standing agendas: the files that come with the bot, and every mistake one can make in them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bot.domain.agenda import Feed
from bot.standing import AGENDAS, BadAgenda, load_agendas
from tests.samples.cast import TEMPLATES

GOOD = """
[[point]]
heading.sv = "Öppnande"
heading.en = "Opening"
feeds = ["items"]
"""

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Give a folder with good agendas, but for what is named otherwise."""

    def files(**other: str) -> Path:
        for name in {*AGENDAS, *other}:
            (tmp_path / f"{name}.toml").write_text(other.get(name, GOOD), encoding="utf-8")
        return tmp_path

    return files


def refused(folder: Path) -> str:
    """Give what the reader says about a folder."""
    with pytest.raises(BadAgenda) as caught:
        load_agendas(folder)
    return str(caught.value)


def test_the_agendas_that_come_along_have_their_points() -> None:
    """BRÅ and SAMSA have ten points each, and SAMSA is told not to talk about persons."""
    agendas = load_agendas(TEMPLATES / "agendas")
    assert {name: len(points) for name, points in agendas.items()} == {
        "bra": 10,
        "samsa": 10,
        "management": 5,
        "extra": 6,
    }
    note = agendas["samsa"][0].note
    assert note is not None
    assert "enskilda personer" in note["sv"]


@pytest.mark.parametrize("name", AGENDAS)
def test_each_agenda_has_one_place_for_peoples_own_items(name: str) -> None:
    """Exactly one point takes what people ask for."""
    points = load_agendas(TEMPLATES / "agendas")[name]
    assert sum(Feed.ITEMS in point.feeds for point in points) == 1


def test_good_files_are_read(write: Write) -> None:
    """Headings by language, feeds in order."""
    point = load_agendas(write())["bra"][0]
    assert (point.heading, list(point.feeds)) == (
        {"sv": "Öppnande", "en": "Opening"},
        [Feed.ITEMS],
    )


def test_a_missing_file_is_named(write: Write) -> None:
    """Every forum needs an agenda."""
    folder = write()
    (folder / "samsa.toml").unlink()
    assert refused(folder) == (
        "templates/agendas/samsa.toml: the file is missing; each forum needs its own"
    )


def test_a_stray_file_is_named(write: Write) -> None:
    """A file that is no forum's would never be read."""
    assert "styrgrupp.toml: no forum is called so" in refused(write(styrgrupp=GOOD))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("point = [", "not TOML"),
        ("", "no points; begin each with [[point]]"),
        ("point = [1]", "point 1: must be a table"),
        (f'title = "x"\n{GOOD}', '"title" means nothing here'),
        (GOOD.replace("feeds", "feed"), 'point 1: "feed" means nothing here'),
        (GOOD.replace('heading.en = "Opening"', ""), 'point 1: "heading.en" is missing'),
        (GOOD.replace("heading.en", "heading.de"), '"heading.de" is in no known language'),
        (GOOD.replace('"Opening"', f'"{"x" * 121}"'), "one line of at most 120 signs"),
        (GOOD.replace('["items"]', '["cake"]'), 'point 1: no feed is called "cake"'),
        (GOOD.replace('["items"]', '["items", "items"]'), "the same feed stands twice"),
        (GOOD.replace('["items"]', "[]"), '0 points have the feed "items"'),
        (GOOD + GOOD, '2 points have the feed "items"'),
        (GOOD + 'note = "x"\n', '"note" must have a text for each language'),
    ],
)
def test_each_mistake_says_where_and_what(write: Write, text: str, expected: str) -> None:
    """The file, the point, and what to do."""
    said = refused(write(extra=text))
    assert said.startswith("templates/agendas/extra.toml: ")
    assert expected in said


def test_all_mistakes_are_told_at_once(write: Write) -> None:
    """Nobody has to start the bot once per mistake."""
    assert len(refused(write(bra="", extra="")).splitlines()) == 2

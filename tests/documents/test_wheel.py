"""The year wheel: every day of the year stands where it belongs, and can be read."""

import io
import itertools
import math
import random
import re
from dataclasses import replace
from datetime import date, timedelta

import pypdf
import pytest

from bot.documents.typesetter import TypstTypesetter
from bot.documents.wheel_view import HUB, RIM, SIGN, place, wheel_view
from bot.handouts import Artifact, Manuscript, Wheel, WheelMark
from tests.documents.making import TEMPLATES, read, words

KINDS = {
    "deadline": "Sista dag",
    "round": "Månadens frågor",
    "samsa": "SAMSA",
    "bra": "BRÅ-möte",
    "management": "Kommunledning",
}
DAYS = {
    "bra": ("2-12", "5-7", "9-17", "12-3"),
    "samsa": ("1-22", "2-19", "3-19", "4-23", "5-21", "8-27", "9-24", "11-26"),
    "management": ("3-25", "10-14"),
    "round": tuple(f"{month}-1" for month in range(1, 13)),
    "deadline": ("1-31", "3-31", "6-30", "10-15", "12-31"),
}
ALT = "Årshjul för 2026: BRÅ möts 12/2, 7/5, 17/9 och 3/12."


def mark(day: date, kind: str) -> WheelMark:
    return WheelMark(day=day, kind=kind, label=f"{day.day}/{day.month}")


def make_wheel(year: int = 2026) -> Wheel:
    """Build an ordinary year: 14 meetings, 12 rounds and 5 last days."""
    marks = [
        mark(date(year, *map(int, day.split("-"))), kind)
        for kind, days in DAYS.items()
        for day in days
    ]
    return Wheel(
        year=year,
        title="Årshjul",
        marks=marks,
        alt=ALT,
        kinds=KINDS,
        months=words().lists["months"],
    )


def make_paper(markdown: str = "Alla möten står här.", draft: str = "") -> Manuscript:
    return Manuscript(
        name="Årshjul 2026",
        title="Årshjul 2026",
        language="sv",
        municipality="Gagnefs kommun",
        markdown=markdown,
        day=date(2026, 1, 8),
        draft=draft,
        wheel=make_wheel(),
        picture=True,
    )


async def make(paper: Manuscript) -> list[Artifact]:
    return list(await TypstTypesetter(TEMPLATES, {}).print(paper))


def covered(wheel: Wheel) -> float:
    """Add up the area where signs and labels cover each other."""
    placed = place(wheel)
    boxes = [box for one in placed for box in (one.sign, one.label)]
    return sum(one.overlap(other) for one, other in itertools.combinations(boxes, 2))


async def test_files() -> None:
    """The PDF comes first, then a picture fit for a phone; the bytes are the same twice."""
    pdf, png = await make(make_paper())
    assert (pdf.name, png.name) == ("Årshjul 2026.pdf", "Årshjul 2026.png")
    assert (pdf.media_type, png.media_type) == ("application/pdf", "image/png")
    assert png.content.startswith(b"\x89PNG")
    assert png.width == 1220
    assert png.height is not None
    assert 1220 <= png.height <= 1400
    assert len(png.content) < 1_000_000
    assert [a.content for a in await make(make_paper())] == [pdf.content, png.content]


async def test_picture_only_when_asked_for() -> None:
    """Without a wish for it, or without a wheel, there is only the PDF."""
    assert len(await make(replace(make_paper(), picture=False))) == 1
    assert len(await make(replace(make_paper(), wheel=None))) == 1


async def test_figure() -> None:
    """In the PDF the wheel is a figure with alternative text, its dates and legend as text."""
    pdf, _ = await make(make_paper())
    reader = pypdf.PdfReader(io.BytesIO(pdf.content))
    found = [reader.get_object(n) for n in range(1, len(reader.xref[0]) + 1)]
    alts = [str(o["/Alt"]) for o in found if isinstance(o, dict) and "/Alt" in o]
    assert alts == [ALT]
    text = read(pdf)
    for expected in (*KINDS.values(), "2026", "17/9", "31/12", "Gagnefs kommun", "Alla möten"):
        assert expected in text, text
    xmp = reader.root_object["/Metadata"].get_data().decode()
    assert "pdfuaid:part>1<" in xmp


async def test_first_page_stands() -> None:
    """The wheel's page stands upright even where a wide table follows."""
    table = "| a | b | c | d | e | f |\n|---|---|---|---|---|---|\n| 1 | 2 | 3 | 4 | 5 | 6 |"
    pdf, _ = await make(make_paper(table))
    pages = pypdf.PdfReader(io.BytesIO(pdf.content)).pages
    assert [page.mediabox.width > page.mediabox.height for page in pages] == [False, True]


async def test_draft_is_marked_on_the_picture() -> None:
    """A draft's picture says that it is one: it is higher by a band."""
    _, plain = await make(make_paper())
    _, draft = await make(make_paper(draft="UTKAST"))
    assert plain.height is not None
    assert draft.height is not None
    assert draft.height > plain.height + 40


def test_nothing_covers_anything() -> None:
    """In an ordinary year no label and no sign covers another."""
    assert covered(make_wheel()) == 0


@pytest.mark.parametrize("seed", range(12))
def test_nothing_covers_anything_in_other_years(seed: int) -> None:
    """Nor do they when the days fall otherwise, some of them on the same day."""
    chance = random.Random(seed)
    year = 2026 + seed
    months = [date(year, month, 1) for month in range(1, 13)]
    days = [(first + timedelta(days=chance.randrange(5)), "round") for first in months]
    for kind, n in (("samsa", 8), ("bra", 4), ("management", 2), ("deadline", 5)):
        chosen = chance.sample(months, n)
        days += [(first + timedelta(days=chance.randrange(28)), kind) for first in chosen]
    days.append((days[0][0], "deadline"))
    assert covered(replace(make_wheel(year), marks=[mark(*day) for day in days])) == 0


def test_everything_within_the_rings() -> None:
    """Signs and labels keep between the middle and the months, also where many days crowd."""
    crowd = [mark(date(2026, 3, 1) + timedelta(days=n), "samsa") for n in range(40)]
    wheel = replace(make_wheel(), marks=[*make_wheel().marks, *crowd])
    placed = place(wheel)
    assert len(placed) == len(wheel.marks)
    for one in placed:
        assert one.sign.within(HUB, RIM[0])
        assert one.label.within(HUB, RIM[0])


def test_days_in_their_place() -> None:
    """The year begins at the top and runs clockwise; a kind's days stand on one ring."""
    placed = place(make_wheel())
    by_label = {(one.mark.kind, one.mark.label): one.sign for one in placed}
    top, right = by_label["round", "1/1"], by_label["round", "1/4"]
    bottom, left = by_label["round", "1/7"], by_label["round", "1/10"]
    assert top.y < 0 < bottom.y
    assert left.x < 0 < right.x
    assert abs(top.x) < SIGN / 2
    assert abs(right.y) < SIGN / 2
    radii = {
        round(math.hypot(sign.x, sign.y)) for (kind, _), sign in by_label.items() if kind == "bra"
    }
    assert len(radii) == 1


def test_same_day_twice() -> None:
    """Two meetings of one kind on one day both stand there, side by side."""
    day = date(2026, 5, 7)
    wheel = replace(make_wheel(), marks=[mark(day, "bra"), mark(day, "bra")])
    assert len(place(wheel)) == 2
    assert covered(wheel) == 0


def test_only_what_there_is() -> None:
    """A kind without days has no ring and no word, an unexplained kind its own name."""
    day = date(2026, 5, 7)
    view = wheel_view(replace(make_wheel(), marks=[mark(day, "bra"), mark(day, "annat")]), "X")
    assert view["legend"] == [
        {"kind": "bra", "word": "BRÅ-möte"},
        {"kind": "annat", "word": "annat"},
    ]
    other_year = replace(make_wheel(), marks=[mark(date(2027, 1, 1), "bra")])
    assert wheel_view(other_year, "X")["marks"] == []


@pytest.mark.parametrize(
    "marks", [[], [mark(date(2028, 2, 29), "annat"), mark(date(2028, 12, 31), "bra")]]
)
async def test_odd_wheels(marks: list[WheelMark]) -> None:
    """An empty year, a leap day and a kind without a look of its own can be drawn."""
    wheel = replace(
        make_wheel(2028), marks=marks, title="Årshjul för det brottsförebyggande arbetet"
    )
    assert len(await make(replace(make_paper(), wheel=wheel))) == 2


async def test_labels_are_never_markup() -> None:
    """A label, a legend's word and a title are shown as they stand."""
    hostile = "#eval(1) $x$ @a <b>"
    wheel = replace(
        make_wheel(),
        title=hostile,
        kinds={"bra": f"L {hostile}"},
        marks=[WheelMark(day=date(2026, 5, 7), kind="bra", label="#1 $")],
    )
    pdf, _ = await make(replace(make_paper(), wheel=wheel))
    text = read(pdf)
    assert f"L {hostile}" in text
    assert "#1 $" in text
    assert text.count("#eval(1)") == 2


def test_contrast() -> None:
    """Each kind's colour has at least 4.5:1 against white, and each kind a sign of its own."""
    source = (TEMPLATES / "documents" / "wheel.typ").read_text(encoding="utf-8")
    looks = re.findall(r'(\w+): \(colour: rgb\("#(\w{6})"\), sign: "(\w+)"\)', source)
    assert {kind for kind, _, _ in looks} == set(KINDS)
    assert len({sign for _, _, sign in looks}) == len(KINDS)
    assert all(1.05 / (_luminance(colour) + 0.05) >= 4.5 for _, colour, _ in looks)


def _luminance(colour: str) -> float:
    """Compute a colour's relative luminance as WCAG 2 defines it."""
    parts = [int(colour[n : n + 2], 16) / 255 for n in (0, 2, 4)]
    red, green, blue = (v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue

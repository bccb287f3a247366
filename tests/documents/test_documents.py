"""The documents: what they say, that everybody can read them, that people's words stay words."""

import io
import time
from collections.abc import Sequence
from pathlib import Path

import pypdf
import pytest

from bot.document_picture import picture_view
from bot.document_words import Words, drawable
from bot.documents import TypesettingFailed, TypstTypesetter
from bot.domain.report import Audience, Report
from bot.ports import Artifact
from tests.documents.sample import LABELS, make_report

TEMPLATES = Path(__file__).parents[2] / "templates"


def words(language: str = "sv") -> Words:
    return Words.read(TEMPLATES / "documents", language, LABELS[language])


async def make(report: Report, language: str = "sv") -> Sequence[Artifact]:
    return await TypstTypesetter(TEMPLATES, LABELS).typeset(report, language)


def read(artifact: Artifact) -> str:
    """Give the PDF's text with single spaces and without hyphenation marks."""
    pages = pypdf.PdfReader(io.BytesIO(artifact.content)).pages
    text = " ".join(page.extract_text() for page in pages)
    return " ".join(text.replace("\u200b", "").replace("\u00ad", "").split())


async def test_names() -> None:
    """A file's name says period, room and edition, and whether it is an exercise."""
    pdf, png = await make(make_report(1))
    assert (pdf.name, png.name) == (
        "Lägesbild 2026-10 BRÅ utgåva 1.pdf",
        "Lägesbild 2026-10 BRÅ utgåva 1.png",
    )
    rehearsal = make_report(1, audience=Audience.SAMSA, number=2, rehearsal=True)
    assert words().file_name(rehearsal) == "ÖVNING Lägesbild 2026-10 SAMSA utgåva 2"
    assert words("en").file_name(make_report(1)) == "Situation report 2026-10 BRÅ edition 1"


async def test_accessible() -> None:
    """The PDF is PDF/A-2a and PDF/UA-1: titled, in Swedish, tagged, with headers and alt text."""
    pdf, _ = await make(make_report())
    reader = pypdf.PdfReader(io.BytesIO(pdf.content))
    root = reader.root_object
    assert root["/Lang"] == "sv"
    assert root["/MarkInfo"]["/Marked"]
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    xmp = root["/Metadata"].get_data().decode()
    for statement in ("pdfaid:part>2<", "pdfaid:conformance>A<", "pdfuaid:part>1<"):
        assert statement in xmp, xmp
    objects = [reader.get_object(n) for n in range(1, len(reader.xref[0]) + 1)]
    elements = [o for o in objects if isinstance(o, pypdf.generic.DictionaryObject)]
    tags = {str(o["/S"]) for o in elements if "/S" in o}
    alts = [str(o["/Alt"]) for o in elements if "/Alt" in o]
    assert {"/TH", "/TD", "/H1", "/Figure", "/L"} <= tags
    assert any("Nu: 1 röd, 3 gula" in alt for alt in alts), alts
    assert reader.metadata is not None
    assert reader.metadata.title == "Lägesbild oktober 2026 – BRÅ, utgåva 1"
    titles = [str(entry["/Title"]) for entry in reader.outline if not isinstance(entry, list)]
    assert len([title for title in titles if title[:1].isdigit()]) == 9, titles


async def test_content() -> None:
    """Levels stand in words, late and entered answers are marked, and the limits are told."""
    text = read((await make(make_report()))[0])
    for expected in (
        "Djuråsskolan",
        "Rött",
        "Sämre (förra månaden: gult)",
        "Svarat, sent",
        "inlagt av samordnaren",
        "Oförändrat",
        "Ordningsstörning, oroande samlingar 5 3 –",
        "2 rader visas inte",
        "Samlingar vid busstorget",
        "Ta upp i SAMSA, Närvaro av polis",
        "Inga öppna uppdrag registrerade.",
        "10 av 12 enheter har svarat (83 procent).",
        "Har inte svarat: Näringslivsenheten",
        "Frånvarande: Receptionen i kommunhuset",
        "iakttagelser, inte brottsstatistik",
        "(2023:196)",
    ):
        assert expected in text


async def test_marked() -> None:
    """An exercise and a corrected edition say what they are."""
    text = read((await make(make_report(rehearsal=True, corrected=True, number=2)))[0])
    assert "Det här är en övning." in text
    assert "Rättad – utgåva 2 ersätter tidigare utgåvor" in text
    plain = read((await make(make_report()))[0])
    assert "ÖVNING" not in plain
    assert "Rättad" not in plain


async def test_english() -> None:
    """In English the document is English, whatever language its words of data have."""
    pdf, _ = await make(make_report(), "en")
    text = read(pdf)
    assert "observations, not crime statistics" in text
    assert "Disorder" in text
    assert "Enhet " not in text


@pytest.mark.parametrize(
    "said",
    [
        '#image("/etc/passwd")',
        '#eval("1+1") \\ #sys.inputs',
        "$x^2$ *bold* _it_ `raw`",
        "@ref <label> = Rubrik // borta",
        "{lang} {0} %s {{x}}",
    ],
)
async def test_injection(said: str) -> None:
    """Markup in an answer or a unit's name is shown as it was written."""
    text = read((await make(make_report(1, text=said, unit_name=said, summary=[said])))[0])
    assert text.count(said) >= 3, text


@pytest.mark.parametrize(
    "odd",
    [
        "😀👍🏽",
        "مرحبا שלום",
        "中文",
        "a\x00\x07\u202eb",
        "\ue000\ufffe",
        "e\u0301\u0327",
        "ქართ",
        "x" * 600,
    ],
)
async def test_odd_signs(odd: str) -> None:
    """No sign that a person can type keeps the report from being made."""
    text = read((await make(make_report(2, text=f"Före {odd} efter", unit_name=odd)))[0])
    assert "Före" in text
    assert "efter" in text


async def test_every_drawable_sign() -> None:
    """Each sign that is let through can really be drawn."""
    signs = [chr(n) for n in range(0x20, 0x2700)]
    shown = str(drawable({"": " ".join(signs)})[""])
    assert "Å" in shown
    pdf, _ = await make(make_report(1, text=shown))
    assert pdf.content.startswith(b"%PDF")


@pytest.mark.parametrize("units", [0, 1, 39, 40, 120])
async def test_picture(units: int) -> None:
    """The picture keeps within 1600 pixels and a megabyte, however many units there are."""
    _, png = await make(make_report(units))
    assert png.content.startswith(b"\x89PNG")
    assert png.width is not None
    assert png.width <= 1600
    assert png.height is not None
    assert len(png.content) < 1_000_000


def test_picture_of_many() -> None:
    """From 40 units on only those that stand out have rows; the others are counted in words."""
    few = picture_view(make_report(39), words())
    assert isinstance(few["rows"], list)
    assert (len(few["rows"]), few["rest"]) == (39, [])
    many = picture_view(make_report(120), words())
    assert isinstance(many["rows"], list)
    assert isinstance(many["rest"], list)
    assert len(many["rows"]) == 40
    assert many["rows"][0]["now"] == "rod"
    assert "och 50 enheter med grönt läge" in many["rest"]
    assert sum(int(line.split()[1]) for line in many["rest"]) == 80


async def test_same_bytes() -> None:
    """The same report gives the same bytes, and the digest is theirs."""
    first, second = await make(make_report()), await make(make_report())
    assert [a.sha256 for a in first] == [a.sha256 for a in second]
    assert [a.content for a in first] == [a.content for a in second]


async def test_time_grows_with_units() -> None:
    """Four times the units take nowhere near sixteen times the time."""

    async def seconds(units: int) -> float:
        report = make_report(units)
        started = time.perf_counter()
        await make(report)
        return time.perf_counter() - started

    await seconds(1)
    assert await seconds(400) < 10 * max(await seconds(100), 0.2)


async def test_failure(tmp_path: Path) -> None:
    """A template that doesn't compile gives an error that says why."""
    folder = tmp_path / "documents"
    folder.mkdir()
    for source in (TEMPLATES / "documents").iterdir():
        (folder / source.name).write_bytes(source.read_bytes())
    (folder / "report.typ").write_text("#nothing-like-this")
    with pytest.raises(TypesettingFailed, match="unknown variable"):
        await TypstTypesetter(tmp_path, LABELS).typeset(make_report(1), "sv")


def test_languages_agree() -> None:
    """Every language has the same words, and every section of the table exists."""
    swedish, english = words("sv"), words("en")
    for part in ("text", "lists", "groups", "marks", "basis"):
        assert getattr(swedish, part).keys() == getattr(english, part).keys()
    for name, group in swedish.groups.items():
        assert group.keys() == english.groups[name].keys()
    assert set(swedish.sections.values()) <= swedish.groups["sections"].keys()

"""The documents: what they say, that everybody can read them."""

import io
import time
from dataclasses import replace
from datetime import date
from pathlib import Path

import pypdf
import pytest

from bot.documents.picture_view import picture_view
from bot.documents.report_view import report_view
from bot.documents.typesetter import TypesettingFailed, TypstTypesetter
from bot.domain.cycle import SubmissionState
from bot.domain.follow_up import AssignmentState, CaseState, Level
from bot.domain.report import Audience, FollowUpLine, Support
from tests.documents.making import TEMPLATES, make, read, words
from tests.documents.sample import LABELS, make_report


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
        "Kategori: 2 rader visas inte",
        "Samlingar vid busstorget",
        "Ta upp i SAMSA; Närvaro av polis",
        "Inga öppna uppdrag registrerade.",
        "10 av 12 enheter har svarat (83 procent).",
        "Har inte svarat: Näringslivsenheten",
        "Frånvarande: Receptionen i kommunhuset",
        "iakttagelser, inte brottsstatistik",
        "(2023:196)",
    ):
        assert expected in text


async def test_follow_up() -> None:
    """Open assignments and cases stand in a table with role, day and state in words."""
    lines = [
        FollowUpLine(
            kind="assignment",
            short_id="u3",
            title="Fler vuxna ute på fredagar",
            owner="fritidschefen",
            due=date(2026, 9, 30),
            state=AssignmentState.ONGOING,
            level=Level.YELLOW,
            overdue=True,
        ),
        FollowUpLine(
            kind="case",
            short_id="a2",
            title="Trafiken vid skolan",
            owner="",
            due=None,
            state=CaseState.TO_BRA,
        ),
    ]
    text = read((await make(replace(make_report(1), follow_up=lines)))[0])
    for expected in (
        "Id Vad Vem När Läge",
        "Fler vuxna ute på fredagar fritidschefen 2026-09-30",
        "Pågår, försenat, gult – avviker från planen",
        "Trafiken vid skolan – – Ärende till BRÅ för beslut",
    ):
        assert expected in text
    assert "Inga öppna uppdrag" not in text
    states = words().groups["follow_up_states"].keys()
    assert states >= {s.value for s in (*CaseState, *AssignmentState) if s.is_open}


async def test_marked() -> None:
    """An exercise and a corrected edition say what they are."""
    text = read((await make(make_report(rehearsal=True, corrected=True, number=2)))[0])
    assert "Det här är en övning." in text
    assert "Rättad – utgåva 2 ersätter tidigare utgåvor" in text
    plain = read((await make(make_report()))[0])
    assert "ÖVNING" not in plain
    assert "Rättad" not in plain


async def test_samsa() -> None:
    """SAMSA's edition has no free text, and says which tables lack rows."""
    text = read((await make(make_report(audience=Audience.SAMSA)))[0])
    assert "Utgåva för SAMSA" in text
    assert "I utgåvan för SAMSA visas fritext inte alls" in text
    assert "Samlingar vid busstorget" not in text
    assert "Kategori: 2 rader visas inte" in text
    assert "Behov: 1 rad visas inte" in text


def test_first_month() -> None:
    """Without a month before there is one bar, its heading says so, and the picture one column."""
    report = make_report()
    lines = [
        replace(line, previous_level=None, history=[*[None] * 11, line.history[-1]])
        for line in report.lines
    ]
    first = replace(report, lines=lines, previous_levels={}, rose=[], sank=[])
    shown = str(report_view(first, words()))
    assert "'Enheternas läge nu'" in shown
    assert "nu och förra månaden" not in shown
    assert picture_view(first, words())["months"] == [["okt", "2026"]]


def test_months_with_figures() -> None:
    """The picture begins with the first month that holds anything of any unit."""
    report = make_report(3)
    lines = [replace(line, history=[*[None] * 9, *line.history[-3:]]) for line in report.lines]
    later = [replace(lines[0], history=[*[None] * 11, "gul"]), *lines[1:]]
    shown = picture_view(replace(report, lines=later), words())
    assert shown["months"] == [["aug", "2026"], ["sep", "2026"], ["okt", "2026"]]
    assert isinstance(shown["rows"], list)
    assert shown["rows"][0] == {"unit": "Djuråsskolan", "past": ["unknown"] * 2, "now": "gul"}


def test_bars_hold_every_unit() -> None:
    """The bars count units without an answer as well, this month and last."""
    report = make_report(12)
    lines = [replace(report.lines[0], state=SubmissionState.UNREACHABLE, level=None)]
    lines += [replace(ln, history=[*ln.history[:-2], "awaited", "gul"]) for ln in report.lines[1:2]]
    lines += report.lines[2:]
    before = {"gul": 3, "gron": 7, "inget": 1}
    shown = str(report_view(replace(report, lines=lines, previous_levels=before), words()))
    assert (
        "Nu: 1 röd, 2 gula, 5 gröna, 1 utan något att rapportera, 1 som inte har svarat, "
        "1 frånvarande, 1 som inte kunde nås; Förra månaden: 3 gula, 7 gröna, "
        "1 utan något att rapportera, 1 som inte har svarat."
    ) in shown


def test_support_without_words() -> None:
    """A column that nobody wrote in is left out."""
    report = make_report()
    silent = [Support(unit="Djuråsskolan", wishes=["samsa"], text="")]
    assert "Med egna ord" in str(report_view(report, words()))
    assert "Med egna ord" not in str(report_view(replace(report, support=silent), words()))


async def test_comma_in_names() -> None:
    """Where a unit's name holds a comma, a row of names is parted by semicolons."""
    rose = ["Skolan, norra", "Biblioteken"]
    text = read((await make(replace(make_report(3), rose=rose)))[0])
    assert "Allvarligare läge än förra månaden: Skolan, norra; Biblioteken" in text


async def test_english() -> None:
    """In English the document is English, whatever language its words of data have."""
    pdf, _ = await make(make_report(), "en")
    text = read(pdf)
    assert "observations, not crime statistics" in text
    assert "Disorder" in text
    assert "Enhet " not in text


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
    """Four times the units take less than eight times the time."""

    async def seconds(units: int) -> float:
        report = make_report(units)
        started = time.perf_counter()
        await make(report)
        return time.perf_counter() - started

    await seconds(1)
    assert await seconds(400) < 8 * max(await seconds(100), 0.2)


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

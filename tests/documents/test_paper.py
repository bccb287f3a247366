"""Papers from Markdown: everything arrives on the page, and nothing in it is ever markup."""

import io
from dataclasses import replace
from datetime import date

import pypdf
import pytest

from bot.documents.paper import paper_view, read_blocks
from bot.documents.typesetter import TypstTypesetter
from bot.handouts import Manuscript
from bot.render import escape
from tests.documents.making import TEMPLATES, read, words

PLAN = """
Planen bygger på **lägesbilden** och *samtal*.

## Bakgrund

- Första punkten
  - Inuti den första
- Andra punkten

3. Tredje steget
4. Fjärde steget

> Det har varit lugnt
> vid busstorget.

Se [lagen](https://exempel.se/lag) och `!status`.

---

### Möten

| Datum | Möte | Antal |
|---|---|---:|
| 12/2 | BRÅ | 12 |
"""
WIDE = """
## Åtgärder

| Orsak | Åtgärd | Operativa mål | När | Vem | Uppföljning |
|---|---|---|---|---|---|
| Mörkt på torget | Ny belysning | Färre iakttagelser | 31/10 | Gatukontoret | I november |
"""
LONG = "Kommunens enheter har svarat varje månad. " * 30


def make_paper(markdown: str = PLAN) -> Manuscript:
    return Manuscript(
        name="Handlingsplan 2026",
        title="Handlingsplan för 2026",
        language="sv",
        municipality="Gagnefs kommun",
        markdown=markdown,
        day=date(2026, 2, 12),
    )


async def print_pdf(paper: Manuscript) -> pypdf.PdfReader:
    pdf, *_ = await TypstTypesetter(TEMPLATES, {}).print(paper)
    return pypdf.PdfReader(io.BytesIO(pdf.content))


async def print_text(paper: Manuscript) -> str:
    pdf, *_ = await TypstTypesetter(TEMPLATES, {}).print(paper)
    return read(pdf)


def elements(reader: pypdf.PdfReader) -> list[pypdf.generic.DictionaryObject]:
    found = [reader.get_object(n) for n in range(1, len(reader.xref[0]) + 1)]
    return [o for o in found if isinstance(o, pypdf.generic.DictionaryObject)]


async def lying(paper: Manuscript) -> list[bool]:
    """Tell of each page whether it is wider than high."""
    pages = (await print_pdf(paper)).pages
    return [page.mediabox.width > page.mediabox.height for page in pages]


async def test_content() -> None:
    """Every kind of block and its words arrive on the page, links with their address."""
    text = await print_text(make_paper())
    for expected in (
        "Gagnefs kommun Handlingsplan för 2026",
        "Planen bygger på lägesbilden och samtal.",
        "– Första punkten – Inuti den första – Andra punkten",
        "3. Tredje steget 4. Fjärde steget",
        "Det har varit lugnt vid busstorget.",
        "Se lagen (https://exempel.se/lag) och !status.",
        "Datum Möte Antal 12/2 BRÅ 12",
        "Gagnefs kommun · Handlingsplan för 2026",
        "Sida 1 av 1",
    ):
        assert expected in text, text


async def test_accessible() -> None:
    """The PDF is PDF/A-2a and PDF/UA-1: titled, in its language, tagged, tables with headers."""
    reader = await print_pdf(make_paper())
    root = reader.root_object
    assert root["/Lang"] == "sv"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    xmp = root["/Metadata"].get_data().decode()
    for statement in ("pdfaid:part>2<", "pdfaid:conformance>A<", "pdfuaid:part>1<"):
        assert statement in xmp, xmp
    tags = {str(o["/S"]) for o in elements(reader) if "/S" in o}
    assert {"/H1", "/H2", "/P", "/L", "/Table", "/TH", "/TD", "/BlockQuote"} <= tags
    assert reader.metadata is not None
    assert reader.metadata.title == "Handlingsplan för 2026"


async def test_files() -> None:
    """There is one file, named as asked, and the same paper gives the same bytes."""
    typesetter = TypstTypesetter(TEMPLATES, {})
    first, second = await typesetter.print(make_paper()), await typesetter.print(make_paper())
    assert [a.name for a in first] == ["Handlingsplan 2026.pdf"]
    assert [a.content for a in first] == [a.content for a in second]
    later = await typesetter.print(replace(make_paper(), day=date(2026, 2, 13)))
    assert later[0].sha256 != first[0].sha256


async def test_draft() -> None:
    """A draft says so before its title and on every page; what is approved does not."""
    draft = replace(make_paper(PLAN + WIDE + LONG * 5), draft="UTKAST")
    reader = await print_pdf(draft)
    # The mark's letters stand apart, which reads as spaces.
    marks = [page.extract_text().replace(" ", "").count("UTKAST") for page in reader.pages]
    assert marks[0] == 2, marks
    assert marks[1:] == [1] * (len(marks) - 1), marks
    assert "UTKAST" not in (await print_text(make_paper())).replace(" ", "")


async def test_own_footer() -> None:
    """A paper's own footer stands instead of municipality and title."""
    text = await print_text(replace(make_paper(), footer="Förvaras i tio år"))
    assert "Förvaras i tio år Sida 1 av 1" in text
    assert "Gagnefs kommun · " not in text


@pytest.mark.parametrize(
    "said",
    [
        '#import "style.typ": *',
        '#eval("1+1") #sys.inputs.data',
        "$x^2$ och $ y $",
        "@ref <label> = Rubrik // borta /* här */",
        r"C:\temp\ny \\ \#hej \* \|",
        "<script>alert(1)</script> <b>fet</b> &amp; &#35;",
        "*fet* _lutad_ **mer** `kod` ~~struken~~ ![bild](x) [text](https://y)",
        "# Rubrik",
        "1. Ett | två | tre",
        "- punkt --- ===",
        "> citat ``` ~~~",
        "{lang} {{ x }} {% y %} %s",
    ],
)
async def test_people_s_words_are_literal(said: str) -> None:
    """What people wrote stands as they wrote it: in a paragraph, list, quote, table and heading."""
    safe = escape(said)
    markdown = f"{safe}\n\n- {safe}\n\n> {safe}\n\n| A | {safe} |\n|---|---|\n| 1 | {safe} |\n\n"
    text = await print_text(make_paper(f"{markdown}## {safe}\n\n**{safe}**\n"))
    assert text.count(" ".join(said.split())) >= 7, text


@pytest.mark.parametrize(
    "raw",
    ["#import $x$ @ref <label>", r"\frac{a} #sys.inputs", "<div>rest</div>", "&copy <!-- x -->"],
)
async def test_no_html_and_no_typst(raw: str) -> None:
    """Typst's markup and HTML mean nothing even in Markdown that nobody escaped."""
    assert raw in await print_text(make_paper(f"Före {raw} efter"))


async def test_every_line_stays() -> None:
    """Line breaks stay lines, in words of people and of templates, and in a cell as U+2028."""
    shown = read_blocks(escape("ett\ntvå") + "\ntre\n\n| a |\n|---|\n| fyra\u2028fem |")
    kinds = [run.get("text", "/") for run in _runs(shown[0]["runs"])]
    assert kinds == ["ett", "/", "två", "/", "tre"]
    reader = await print_pdf(make_paper("ett  \ntvå\n\n| a |\n|---|\n| fyra\u2028fem |"))
    lines = [line.strip() for line in reader.pages[0].extract_text().splitlines()]
    assert {"ett", "två", "fyra", "fem"} <= set(lines), lines


def _runs(value: object) -> list[dict[str, object]]:
    assert isinstance(value, list)
    return value


async def test_nothing_unknown_is_lost() -> None:
    """Pictures, code blocks, HTML, deep headings and odd links keep their words."""
    markdown = (
        "![bildtext](x.png)\n\n```\nkod\nrad två\n```\n\n    indragen\n\n<p>html</p>\n\n"
        "##### djup\n\n[felaktig](javascript:alert)\n\n<namn@exempel.se> <https://a.se/å>\n\n"
        "> - i citat\n>\n>   | t |\n>   |---|\n>   | cell |\n\n1) ett\n\n   stycke\n\n***båda***"
    )
    text = await print_text(make_paper(markdown))
    for expected in (
        *("bildtext", "kod rad två", "indragen", "<p>html</p>", "djup", "javascript:alert"),
        *("namn@exempel.se https://a.se/å", "i citat", "cell", "1. ett", "stycke", "båda"),
    ):
        assert expected in text, text


@pytest.mark.parametrize(
    ("markdown", "levels"),
    [
        ("## a\n### b\n## c", [1, 2, 1]),
        ("# a\n### b\n# c\n## d", [1, 2, 1, 2]),
        ("### a\n## b\n#### c", [1, 1, 2]),
    ],
)
async def test_heading_ranks(markdown: str, levels: list[int]) -> None:
    """Headings begin with rank one and skip none, whatever the template began with."""
    paper = make_paper(markdown)
    view = paper_view(paper, words())
    assert str(levels) == str([int(n) for n in _levels(view)])
    assert "/H1" in {str(o["/S"]) for o in elements(await print_pdf(paper)) if "/S" in o}


def _levels(value: object) -> list[str]:
    if isinstance(value, dict):
        own = [str(value["level"])] if value.get("kind") == "heading" else []
        return own + [level for part in value.values() for level in _levels(part)]
    return [level for part in value for level in _levels(part)] if isinstance(value, list) else []


def test_title_stands_once() -> None:
    """A first heading that only repeats the title is left out."""
    view = str(paper_view(make_paper("# Handlingsplan för 2026\n\nText"), words()))
    assert view.count("'Handlingsplan för 2026'") == 1
    assert "'text': 'Text'" in view


async def test_six_columns_lie() -> None:
    """A table of six columns makes its page lie, and only that; its words are all there."""
    assert await lying(make_paper(LONG + WIDE + "\n## Sedan\n\n" + LONG)) == [False, True, False]
    text = await print_text(make_paper(WIDE))
    assert "Orsak Åtgärd Operativa mål När Vem Uppföljning" in text
    assert "Mörkt på torget Ny belysning" in text


async def test_few_lines_lie_with_their_table() -> None:
    """A few lines before or after a lying table get no page of their own."""
    assert await lying(make_paper("Kort inledning." + WIDE + "\n## Slut\n\nKort.")) == [True]
    assert await lying(make_paper()) == [False]


async def test_header_on_each_page() -> None:
    """A table that goes on over several pages repeats its header."""
    row = WIDE.rstrip().splitlines()[-1]
    reader = await print_pdf(make_paper(WIDE + "\n".join([row] * 60)))
    assert len(reader.pages) > 2
    assert all("Uppföljning" in page.extract_text() for page in reader.pages)


@pytest.mark.parametrize(
    "markdown", ["", "#", "| a |\n|---|", "- ", ">", "* * *", "x" * 5000, "a\x00\ud800b 😀"]
)
async def test_odd_papers(markdown: str) -> None:
    """Next to nothing, too long a word, or a sign without a picture never stops a paper."""
    assert "Handlingsplan för 2026" in await print_text(make_paper(markdown))


async def test_lost_sign_is_told() -> None:
    """Where a sign can't be drawn, the paper says what the square stands for."""
    assert "□ står för ett tecken" in await print_text(make_paper("Bra 😀"))
    assert "□" not in await print_text(make_paper("Bra"))


async def test_english() -> None:
    """The paper's language is the document's, and its page numbers speak it."""
    reader = await print_pdf(replace(make_paper("Text"), language="en"))
    assert reader.root_object["/Lang"] == "en"
    assert "Page 1 of 1" in reader.pages[0].extract_text()

"""People's words in the documents: every sign is shown as written, or says that it is lost."""

import pytest

from bot.documents.picture_view import picture_view
from bot.documents.report_view import report_view
from bot.documents.words import drawable
from tests.documents.making import make, read, words
from tests.documents.sample import make_report


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


@pytest.mark.parametrize(
    ("said", "lost"),
    [
        ("vanlig text", False),
        ("en ruta □ och ◆ ▲ ● ○ ■", False),
        ("fast\u00a0mellanslag\u202fsmalt\ttab\x07\u200d\r\nrad\u2028rad", False),
        ("glad 😀", True),
        ("مرحبا", True),
        ("eget \ue000", True),
    ],
)
def test_note_on_lost_signs(*, said: str, lost: bool) -> None:
    """The note on □ stands only where a sign somebody wrote couldn't be drawn."""
    shown = report_view(make_report(text=said), words())
    assert (shown["note"] is not None) is lost
    assert (picture_view(make_report(unit_name=said), words())["note"] is not None) is lost


@pytest.mark.parametrize("long", ["Det var stökigt igår. " * 2_750, "x" * 60_000])
async def test_long_words(long: str) -> None:
    """Sixty kilobytes from one unit run on over the pages, with or without spaces."""
    pdf, png = await make(make_report(1, text=f"Början {long} slutet"))
    text = read(pdf)
    assert "Början" in text
    assert "slutet" in text
    assert len(png.content) < 1_000_000


async def test_every_drawable_sign() -> None:
    """Each sign that is let through can really be drawn."""
    signs = [chr(n) for n in range(0x20, 0x2700)]
    shown = str(drawable({"": " ".join(signs)})[""])
    assert "Å" in shown
    pdf, _ = await make(make_report(1, text=shown))
    assert pdf.content.startswith(b"%PDF")

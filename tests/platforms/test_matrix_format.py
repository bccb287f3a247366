"""Markdown as Matrix clients get it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.markdown import to_html, to_plain

ALLOWED = {
    *("p", "br", "strong", "em", "code", "pre", "a", "ul", "ol", "li", "blockquote", "hr"),
    *("h1", "h2", "h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td"),
}


@pytest.mark.parametrize(
    ("markdown", "plain"),
    [
        ("Hej **Anna**, *läget*?", "Hej Anna, läget?"),
        ("första\nandra", "första\nandra"),
        ("ett\n\ntvå", "ett\n\ntvå"),
        ("# Rubrik\n\ntext", "Rubrik\n\ntext"),
        ("- ett\n- två", "• ett\n• två"),
        ("- ett\n  - inre\n- två", "• ett\n  • inre\n• två"),
        ("3. tre\n4. fyra", "3. tre\n4. fyra"),
        ("[sidan](https://bra.se/a?b=1&c=2)", "sidan (https://bra.se/a?b=1&c=2)"),
        ("<https://bra.se>", "https://bra.se"),
        ("[skriv](mailto:a@bra.se)", "skriv (mailto:a@bra.se)"),
        ("| a | b |\n|---|--:|\n| 1 | **2** |", "a | b\n1 | 2"),
        ("> citat\n> mer", "> citat\n> mer"),
        ("`!ja` eller `!nej`", "!ja eller !nej"),
        ("```\n!hjälp\n  nu\n```", "!hjälp\n  nu"),
        (r"\*inte fet\* 1\. 2\_3", "*inte fet* 1. 2_3"),
        ("R&amp;D &lt;3 &ouml;", "R&D <3 ö"),
        ("![en bild](https://ond.se/x.png)", "en bild"),
        ("<b>rå</b>", "<b>rå</b>"),
        ("", ""),
    ],
)
def test_the_plain_form_reads_like_text(markdown: str, plain: str) -> None:
    """Marks become what a person would type, and nothing of the text is lost."""
    assert to_plain(markdown) == plain


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("Hej **Anna**", "<p>Hej <strong>Anna</strong></p>"),
        ("första\nandra", "<p>första<br />\nandra</p>"),
        ("<script>x</script>", "<p>&lt;script&gt;x&lt;/script&gt;</p>"),
        ("![en bild](https://ond.se/x.png)", "<p>en bild</p>"),
        ("[sida](https://bra.se)", '<p><a href="https://bra.se">sida</a></p>'),
        ("[ond](javascript:alert(1))", "<p>[ond](javascript:alert(1))</p>"),
        ("[data](data:image/png;base64,AA)", "<p>[data](data:image/png;base64,AA)</p>"),
        ("[fil](file:///etc/passwd)", "<p>[fil](file:///etc/passwd)</p>"),
    ],
)
def test_the_html_form_holds_no_surprises(markdown: str, html: str) -> None:
    """Raw HTML is shown as text, pictures are not fetched, only web and mail links are links."""
    assert to_html(markdown) == html


def test_a_table_has_no_styles() -> None:
    """Cells carry no alignment, which clients drop anyway."""
    html = to_html("| a | b |\n|:--|--:|\n| 1 | 2 |")
    assert "<td>2</td>" in html
    assert "style" not in html


@given(st.text())
def test_any_text_has_both_forms(markdown: str) -> None:
    """Whatever somebody writes, both forms come out, with none but known tags."""
    to_plain(markdown)
    assert set(re.findall(r"</?([a-zA-Z0-9]+)", to_html(markdown))) <= ALLOWED
    assert "<img" not in to_html(markdown)


@given(st.text(st.characters(categories=["Lu", "Ll", "Nd", "Zs"]), min_size=1))
def test_plain_words_stay_as_they_are(words: str) -> None:
    """Text without marks keeps its words, in order."""
    assert to_plain(words).split() == words.split()

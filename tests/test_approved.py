"""Every message in every language, as a reader sees it, beside the text that was approved.

The approved texts stand in tests/approved/<language>/. After a change of wording, write them anew
with `APPROVE=1 pytest tests/test_approved.py`, and read the difference before it is kept.
"""

import os
import re
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bot.markdown import to_html, to_plain
from bot.render import Renderer
from tests.samples import messages
from tests.samples.cast import HOSTILE, TEMPLATES

APPROVED = Path(__file__).parent / "approved"
RENDERER = Renderer(TEMPLATES, ZoneInfo("Europe/Stockholm"), default="sv")
SAMPLES = {
    language: messages(RENDERER.by_code[language].commands) for language in RENDERER.languages
}
CASES = [(language, name) for language in SAMPLES for name in SAMPLES[language]]


def rendered(language: str, template: str) -> str:
    """Render a template's samples, one after another, each under its name."""
    parts = []
    for name, data in SAMPLES[language][template].items():
        text = RENDERER.render(template, language, data)
        parts.append(f"=== {name}\n\n{text}\n" if name else f"{text}\n")
    return "\n".join(parts)


@pytest.mark.parametrize(("language", "template"), CASES)
def test_message_is_the_approved_one(language: str, template: str) -> None:
    """A message reads exactly as it was approved."""
    path = APPROVED / language / f"{template}.txt"
    actual = rendered(language, template)
    if os.environ.get("APPROVE"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(actual, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == actual


@pytest.mark.parametrize("language", RENDERER.languages)
def test_nothing_is_approved_that_is_not_said(language: str) -> None:
    """Each approved text belongs to a message that exists, and each message has one."""
    folder = APPROVED / language
    approved = {str(p.relative_to(folder).with_suffix("")) for p in folder.rglob("*.txt")}
    written = {
        str(p.relative_to(TEMPLATES / "messages" / language).with_suffix(""))
        for p in (TEMPLATES / "messages" / language).rglob("*.md")
        if not p.name.startswith("_")
    }
    assert approved == written


@pytest.mark.parametrize(("language", "template"), CASES)
def test_peoples_words_stay_words(language: str, template: str) -> None:
    """What people wrote becomes neither link, heading, mention nor code, and loses no sign."""
    for data in SAMPLES[language][template].values():
        markdown = RENDERER.render(template, language, data)
        html = to_html(markdown)
        wanted = "" if template.startswith("papers/") else "h[1-6]|table|"  # papers have both
        assert not re.search(rf"<({wanted}a|b|img)[ >]", html)
        assert "<code>kod</code>" not in html
        assert "<strong>fet</strong>" not in html
        if r"\# rubrik" in markdown:
            assert [line for line in HOSTILE.splitlines() if line not in to_plain(markdown)] == []


@pytest.mark.parametrize(("language", "template"), CASES)
def test_a_message_fits_a_phone(language: str, template: str) -> None:
    """No message but the lists, the help of the form and papers is longer than two screens."""
    long = {"form_help", "report_details", "question", "people", "units", "log", "status"}
    for data in SAMPLES[language][template].values():
        text = to_plain(RENDERER.render(template, language, data))
        paper = template.startswith("papers/")
        assert template in long or paper or len(text.splitlines()) <= 40

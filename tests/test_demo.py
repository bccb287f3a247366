"""The demonstration itself, run as a person runs it."""

import asyncio
import contextlib
import hashlib
import re
import sys
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

import pytest

from bot.domain.report import Audience
from bot.handouts import Artifact
from storage.editions import Edition, EditionState
from storage.papers import Paper, PaperKind, PaperState
from tests.demo.reading import Read, beside
from tests.demo.verify import compare
from tests.demo.verify_meeting import LETTERS, calendar_differs, letters_differ, notes_differ
from tests.live.client import Shown

MOST_SECONDS = 240
"""It takes about 75 on two idle cores, and up to twice that beside other tests."""


@pytest.mark.whole
async def test_the_demonstration_ends_well_and_leaves_its_report(tmp_path: Path) -> None:
    """Two months and a meeting are played in earnest, and what was posted is what was approved."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.demo", "--once", "--output", str(tmp_path),
        cwd=Path(__file__).parents[1],
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    try:
        async with asyncio.timeout(MOST_SECONDS):
            said = (await process.communicate())[0].decode()
    finally:
        if process.returncode is None:
            process.terminate()  # it then ends its homeserver and removes its folder
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(process.communicate(), 30)
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, said[-3000:]
    names = {
        f"Lägesbild {month} {room} utgåva 1{ending}"
        for month in ("2026-09", "2026-10")
        for room in ("BRÅ", "SAMSA")
        for ending in (".md", ".pdf", ".png")
    }
    names |= {
        "Minnesanteckningar BRÅ 2026-11-26.pdf",
        "Kalender BRÅ 2026-11-26.ics",
        "Årshjul 2027.pdf",
        "Årshjul 2027.png",
    }
    assert {file.name for file in tmp_path.iterdir()} == names | {"transcript.txt"}
    for name in names:
        head = (tmp_path / name).read_bytes()[:8]
        assert name.endswith(".md") or head[:4] in (b"%PDF", b"\x89PNG", b"BEGI")
    whole = (tmp_path / "transcript.txt").read_text(encoding="utf-8")
    assert whole.count("Lägesbilden ligger nu i rummet för") == 4
    assert re.search(r"• Ej svarat: Hemtjänsten norr$", whole, re.MULTILINE)
    assert whole.count("Ämne: Kallelse: BRÅ torsdag 26 november 2026 kl. 13.00") == 1
    assert "[direkt: Ingrid Palm]  Lägesbot\n      Påminnelse: uppdraget u1" in whole


def test_one_changed_byte_or_word_is_noticed() -> None:
    """The proof fails for another text, other bytes, a part that is missing or stands twice."""
    picture = _artifact("a.png", "image/png", b"picture")
    document = _artifact("a.pdf", "application/pdf", b"document")
    digest = hashlib.sha256(b"text\0details")
    for artifact in (document, picture):
        digest.update(artifact.sha256.encode())
    edition = Edition(
        id=1, cycle_id=1, audience=Audience.BRA, number=1, state=EditionState.PUBLISHED,
        basis="", text="text", details="details", sha256=digest.hexdigest(),
    )  # fmt: skip
    right = [
        _read("text"), _read("details"), _read("a.pdf", b"document"), _read("a.png", b"picture"),
    ]  # fmt: skip
    assert compare(right, edition, [document, picture])[1] == []
    for wrong in (
        [_read("other text"), *right[1:]],
        [*right[:3], _read("a.png", b"other picture")],
        right[:3],
        [*right, right[0]],
        [*right, right[2]],
    ):
        assert compare(wrong, edition, [document, picture])[1]


def test_notes_that_are_not_the_approved_ones_are_noticed() -> None:
    """Other words, other bytes, a missing part or one that stands twice; files beside are found."""
    document = _artifact("n.pdf", "application/pdf", b"notes")
    text = "**Minnes**anteckningar"
    paper = Paper(
        id=1, kind=PaperKind.NOTES, subject="m1", audience="bra", number=1,
        state=PaperState.APPROVED, text=text, basis="",
        sha256=hashlib.sha256(f"{text}{document.sha256}".encode()).hexdigest(),
        made_at=datetime(2026, 11, 26, tzinfo=UTC),
    )  # fmt: skip
    words, file = _read("Minnesanteckningar"), _read("n.pdf", b"notes")
    assert notes_differ([words, file], paper, [document]) == ([words, file], [])
    for wrong in (
        [file],
        [words],
        [words, words, file],
        [words, file, file],
        [words, _read("n.pdf", b"other notes")],
    ):
        assert notes_differ(wrong, paper, [document])[1]
    assert beside([_read("Hej"), words, file, _read("Nej"), file], "Minnes") == [file]


def test_a_calendar_with_another_meeting_is_noticed() -> None:
    """The call changes the entry that people have; another hour or another entry is an error."""
    year = [_entry(f"{n}@x", f"2027{n:02}01T130000") for n in range(1, 5)]
    planned, called = _entry("m@x", "20261126T130000"), _entry("m@x", "20261126T130000", 1)
    assert calendar_differs([planned, called, *year], "m@x") == []
    for wrong in (
        [planned, *year],
        [planned, called, *year[:3]],
        [planned, called, *year, _entry("other@x", "20261126T130000")],
        [planned, _entry("m@x", "20261126T140000", 1), *year],
    ):
        assert calendar_differs(wrong, "m@x")


def test_a_letter_too_many_or_too_few_is_noticed() -> None:
    """Each letter arrives once, in the order of what happened."""
    right = [_letter(f"{words} BRÅ") for words in LETTERS]
    assert letters_differ(right) == []
    for wrong in (right[1:], [*right, right[0]], right[::-1]):
        assert letters_differ(wrong)


def _letter(subject: str) -> EmailMessage:
    letter = EmailMessage()
    letter["Subject"] = subject
    return letter


def _entry(uid: str, starts: str, sequence: int = 0) -> bytes:
    ends = f"{starts[:9]}{int(starts[9:11]) + 2}{starts[11:]}"
    zone = "DTSTART;TZID=Europe/Stockholm", "DTEND;TZID=Europe/Stockholm"
    lines = [
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:x", "BEGIN:VEVENT", f"UID:{uid}",
        "DTSTAMP:20261101T080000Z", f"SEQUENCE:{sequence}", f"{zone[0]}:{starts}",
        f"{zone[1]}:{ends}", "END:VEVENT", "END:VCALENDAR", "",
    ]  # fmt: skip
    return "\r\n".join(lines).encode()


def _artifact(name: str, media_type: str, content: bytes) -> Artifact:
    sha256 = hashlib.sha256(content).hexdigest()
    return Artifact(name=name, media_type=media_type, content=content, sha256=sha256)


def _read(body: str, content: bytes = b"") -> Read:
    shown = Shown(
        event_id="$1", sender="@bot:x", body=body, html=None, msgtype="m.text",
        thread=None, url=None, edited=False,
    )  # fmt: skip
    return Read(shown=shown, name=body if content else "", content=content)

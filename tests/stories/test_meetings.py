"""Meetings as people see them: called, answered, moved, cancelled; by chat, e-mail and calendar."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from ical.calendar_stream import IcsCalendarStream

from bot.domain.meeting import MeetingState
from bot.domain.people import Forum
from tests.fakes import Posted
from tests.stories.council import Council
from tests.stories.world import BRA, OFFICE, SAMSA, at, world

# What is told here does not depend on the database; the council's years run on both.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
async def council(tmp_path: Path, database_url: str) -> AsyncIterator[Council]:
    """Begin on Monday 16 November 2026, with no meeting planned."""
    async with world(database_url, tmp_path, "2026-11-16 08:30") as there:
        yield Council(there)


def texts(posted: list[Posted]) -> str:
    """Join what was said, files by their names."""
    return "\n\n".join(p.text for p in posted)


async def test_the_year_rolls_by_itself(council: Council) -> None:
    """Items are asked for three weeks ahead, the call goes out a week ahead, the day before reminds
    and the start opens the meeting; by chat and by e-mail."""
    there = council.world
    council.plan(Forum.SAMSA, at("2026-12-17 13:00"))
    await there.until(at("2026-11-26 08:59"))
    assert there.sees(SAMSA) == []
    await there.until(at("2026-11-26 09:00"))
    assert "Har du något till dagordningen?" in texts(there.sees(SAMSA))
    await there.until(at("2026-12-10 08:59"))
    assert there.sees(SAMSA) == []
    await there.until(at("2026-12-10 09:00"))
    called = there.sees(SAMSA)
    assert "Kallelse till SAMSA" in called[0].text
    assert "torsdag 17 december 2026 kl. 13.00–15.00 (v. 51)" in called[0].text
    assert "Kommunhuset" in called[0].text
    assert called[1].text == "Kalender SAMSA 2026-12-17.ics"
    letter = there.letters(council.rikard)[0]
    assert letter.subject == "Kallelse: SAMSA torsdag 17 december 2026 kl. 13.00 (v. 51)"
    assert [f.name for f in letter.files] == ["Kalender SAMSA 2026-12-17.ics"]
    await there.until(at("2026-12-16 09:00"))
    assert "Påminnelse" in texts(there.sees(SAMSA))
    assert there.letters(council.rikard)[0].subject.startswith("Påminnelse: SAMSA")
    assert there.letters(council.nils) == []
    assert there.sees(BRA) == []


async def test_answers_count_however_they_are_given(council: Council) -> None:
    """A reaction, a reply, a word in the thread, a command and the coordinator's hand all count;
    the coordinator sees who comes and who is missing."""
    there = council.world
    meeting = await council.call(Forum.BRA, at("2026-12-10 13:00"))
    call = next(p for p in there.sees(BRA) if "Kallelse till BRÅ" in p.text)
    await there.reacts(council.inga, "👍", call.event_id, room=BRA)
    await there.says(council.karl, "Vera Vice kommer i mitt ställe", room=BRA, thread=call.event_id)
    await there.says(council.kim, f"!möte svar {meeting.short_id} Nils Närpolis: ja", room=OFFICE)
    office = [p for p in there.platform.rooms[OFFICE] if "Svar till BRÅ" in p.text]
    assert len(office) == 1
    assert "Kommer: 3 (Inga Ordförande och Nils Närpolis)." in office[0].text
    assert "Vera Vice kommer i stället för Karl Kommunchef." in office[0].text
    await there.reacts(council.inga, "👎", call.event_id, room=BRA)
    assert "Kommer inte: Inga Ordförande." in office[0].text
    thread = [p for p in there.platform.rooms[BRA] if p.thread == call.event_id]
    assert "Kommer inte: Inga Ordförande." in thread[-1].text


async def test_talk_in_the_thread_is_no_answer(council: Council) -> None:
    """What members say to each other under a call is left alone."""
    there = council.world
    await council.call(Forum.BRA, at("2026-12-10 13:00"))
    call = next(p for p in there.sees(BRA) if "Kallelse till BRÅ" in p.text)
    await there.says(council.inga, "Finns det kaffe?", room=BRA, thread=call.event_id)
    assert there.sees(BRA) == []


async def test_an_extra_meeting_is_read_back_first(council: Council) -> None:
    """Nothing is sent before the coordinator's yes; then everybody is called, a day ahead."""
    there = council.world
    await there.until(at("2026-12-02 10:00"))
    order = '!möte extra samsa torsdag 3 december 14.00 "oro kring skolan"'
    await there.says(council.kim, order, room=OFFICE)
    back = there.sees(OFFICE)[-1]
    assert "torsdag 3 december 2026 kl. 14.00–16.00 (v. 49)" in back.text
    assert "Ingenting skickas innan dess." in back.text
    assert there.sees(SAMSA) == []
    await there.says(council.kim, "ja", room=OFFICE)
    called = there.sees(SAMSA)
    assert "Extrainsatt möte med SAMSA" in called[0].text
    assert "oro kring skolan" in called[0].text
    assert "Kallat av Kim Samordnare" in called[0].text
    assert there.letters(council.rikard)[0].subject.startswith("Extrainsatt möte: SAMSA")
    await there.says(council.kim, "ja", room=OFFICE)
    assert there.sees(SAMSA) == []
    assert len(there.runtime.database.now(lambda uow: uow.meetings.where())) == 1


async def test_a_no_sends_nothing(council: Council) -> None:
    """A no lets it be; so does somebody else's yes."""
    there = council.world
    order = '!möte extra bra 3 december 14.00 "oro"'
    await there.says(council.kim, order, room=OFFICE)
    back = there.last(OFFICE)
    await there.reacts(council.lo, "✅", back.event_id, room=OFFICE)
    assert there.sees(BRA) == []
    await there.says(council.kim, "nej", room=OFFICE)
    assert "Ingenting har skickats" in there.last(OFFICE).text
    await there.reacts(council.kim, "✅", back.event_id, room=OFFICE)
    assert there.sees(BRA) == []


async def test_one_entry_lives_through_move_and_cancellation(council: Council) -> None:
    """Call, move over the change of the clocks, and cancellation keep one UID, rise in SEQUENCE and
    show Swedish time; whoever had answered is asked again."""
    there = council.world
    await there.until(at("2027-03-01 10:00"))
    meeting = await council.call(Forum.BRA, at("2027-03-25 13:00"))
    call = next(p for p in there.sees(BRA) if "Kallelse till BRÅ" in p.text)
    await there.reacts(council.inga, "👍", call.event_id, room=BRA)
    await there.says(
        council.kim, f"!möte flytta {meeting.short_id} torsdag 1 april 13.00 sjukdom", room=OFFICE
    )
    await there.says(council.kim, "ja", room=OFFICE)
    assert "BRÅ är flyttat" in texts(there.sees(BRA))
    assert "Kommer: 0." in there.runtime.texts.renderer.render(
        "_replies", "sv", _facts(council, "m1")
    )
    await there.says(council.kim, f"!möte ställ in {meeting.short_id}", room=OFFICE)
    await there.reacts(council.kim, "✅", there.last(OFFICE).event_id, room=OFFICE)
    assert "är inställt" in texts(there.sees(BRA))
    entries = []
    for letter in there.letters(council.nils):
        for file in letter.files:
            calendar = IcsCalendarStream.calendar_from_ics(file.content.decode())
            entries.append((calendar.method, calendar.events[0]))
    assert [method for method, _ in entries] == ["REQUEST", "REQUEST", "CANCEL"]
    assert len({event.uid for _, event in entries}) == 1
    assert [event.sequence for _, event in entries] == [0, 1, 2]
    starts = [event.dtstart for _, event in entries]
    assert [s.astimezone(UTC) for s in starts if isinstance(s, datetime)] == [
        datetime(2027, 3, 25, 12, tzinfo=UTC),
        datetime(2027, 4, 1, 11, tzinfo=UTC),
        datetime(2027, 4, 1, 11, tzinfo=UTC),
    ]
    await there.until(at("2027-04-02 12:00"))
    assert there.sees(BRA) == []
    assert council.meeting("m1").state is MeetingState.CANCELLED


def _facts(council: Council, short_id: str) -> dict[str, object]:
    """Count the answers as the bot would, without a member's room in between."""
    from bot.domain.meeting import attendance

    meeting = council.meeting(short_id)
    replies = council.world.runtime.database.now(lambda uow: uow.meetings.rsvps(meeting))
    people = council.world.runtime.database.now(lambda uow: uow.people.everybody())
    invited = [p for p in people if p.roles & meeting.forum.members]
    return {"comes": attendance(meeting, invited, replies, required=(), quorum=0.0)}


@pytest.mark.parametrize(
    ("order", "answer"),
    [
        ("!möte extra samsa fredag 25 december 14.00 oro", "juldagen"),
        ("!möte extra samsa lördag 5 december 14.00 oro", "det är helg"),
        ("!möte extra samsa 7 juli 2027 14.00 oro", "inga möten i juli"),
        ("!möte extra samsa idag 14.00 oro", "tidigast till dagen efter"),
        ("!möte extra samsa torsdag 3 december oro", "Vilken tid"),
        ("!möte extra samsa torsdag 3 december 14.00", "varför mötet kallas"),
        ("!möte extra samsa fredag 3 december 14.00 oro", "är inte en fredag"),
        ("!möte extra fotboll torsdag 3 december 14.00 oro", "Så här kan du skriva"),
        ("!möte flytta m99 torsdag 3 december 14.00", "inget möte som heter m99"),
        ("!möte dansa", "Så här kan du skriva"),
    ],
)
async def test_what_cannot_be_is_refused(council: Council, order: str, answer: str) -> None:
    """Red days, weekends, July, the same day, contradictions and half orders are refused."""
    await council.world.says(council.kim, order, room=OFFICE)
    assert answer.casefold() in council.world.last(OFFICE).text.casefold()
    assert council.world.runtime.database.now(lambda uow: uow.meetings.where()) == []


async def test_only_the_coordinator_calls(council: Council) -> None:
    """A member may look, and nothing more."""
    there = council.world
    await council.call(Forum.BRA, at("2026-12-10 13:00"))
    there.sees(BRA)
    await there.says(council.inga, "!möte", room=BRA)
    assert "torsdag 10 december 2026 kl. 13.00" in there.last(BRA).text
    await there.says(council.inga, "!möte ställ in m1", room=BRA)
    assert "bara samordnaren" in there.last(BRA).text
    assert council.meeting("m1").state is MeetingState.CALLED


async def test_downtime_neither_skips_nor_doubles(council: Council) -> None:
    """A call that fell due while the bot was away goes out when it is back, once, and says why; a
    meeting that has been is not called any more."""
    there = council.world
    council.plan(Forum.SAMSA, at("2026-12-17 13:00"))
    council.plan(Forum.BRA, at("2026-12-09 13:00"))
    await there.end()
    there.clock.instant = at("2026-12-14 20:00")
    await there.restart()
    await there.until(at("2026-12-15 12:00"))
    called = [p for p in there.sees(SAMSA) if "Kallelse till SAMSA" in p.text]
    assert len(called) == 1
    assert "senare än vanligt" in called[0].text
    assert not any("Kallelse till BRÅ" in p.text for p in there.sees(BRA))
    assert any("BRÅ" in p.text and "m2" in p.text for p in there.sees(OFFICE))
    await there.restart()
    await there.until(at("2026-12-15 15:00"))
    assert there.sees(SAMSA) == []

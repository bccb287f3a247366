"""Two council years, on both databases: what each room and each mailbox saw.

Meetings moved across both changes of the clocks, an extra one called the day before, a cancelled
one, a substitute, an assignment that overruns, a case that travels from a unit to BRÅ and back, an
agreement that ends, unrest over a month's end, and a bot that is away for two weeks.
"""

from collections import Counter
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from ical.calendar_stream import IcsCalendarStream

from bot.domain.follow_up import AssignmentState, CaseState
from bot.domain.meeting import Meeting, MeetingState
from bot.domain.people import Forum
from bot.domain.term import Stage
from tests.fakes import Posted
from tests.stories.council import Council
from tests.stories.world import BRA, MANAGEMENT, OFFICE, SAMSA, ZONE, World, at, world

ROOMS = {Forum.BRA: BRA, Forum.SAMSA: SAMSA, Forum.MANAGEMENT: MANAGEMENT}


@pytest.fixture
async def council(tmp_path: Path, database_url: str) -> AsyncIterator[Council]:
    """Begin on Monday 26 October 2026, before next year's plan is proposed."""
    async with world(database_url, tmp_path, "2026-10-26 08:30") as there:
        there.management_room()
        yield Council(there)


class Year:
    """The story's own hands: what the coordinator does again and again."""

    def __init__(self, council: Council) -> None:
        self.council = council
        self.there: World = council.world
        self.kim = council.kim

    async def office(self, *said: str) -> str:
        """Say something in the coordinator's room; gives the newest answer there."""
        await self.there.says(self.kim, *said, room=OFFICE)
        return self.there.last(OFFICE).text

    def meetings(self, year: int) -> list[Meeting]:
        """List a year's meetings, the cancelled too."""
        noon = datetime(year, 6, 1, 12, tzinfo=ZONE)
        return list(self.there.runtime.database.now(lambda uow: uow.meetings.of_year(year, noon)))

    def nth(self, forum: Forum, number: int, year: int) -> Meeting:
        """Give a forum's meeting of a year by its place among them, from 0."""
        return [m for m in self.meetings(year) if m.forum is forum and not m.extra][number]

    async def until(self, moment: str | datetime) -> None:
        """Let time pass."""
        await self.there.until(at(moment) if isinstance(moment, str) else moment)

    def posted(self, room: str, words: str) -> list[Posted]:
        """List what the bot has ever said in a room with some words in it."""
        bot = self.there.platform.own_account
        return [p for p in self.there.platform.rooms[room] if p.sender == bot and words in p.text]

    async def in_meeting(self, meeting: Meeting, *said: str) -> None:
        """Say something in the meeting's own thread, once it has begun."""
        await self.until(meeting.starts_at + timedelta(minutes=5))
        root = self.posted(ROOMS[meeting.forum], "!beslut")[-1]
        room = ROOMS[meeting.forum]
        await self.there.says(self.kim, *said, room=room, thread=root.event_id)

    async def approve(self, words: str) -> None:
        """Approve the newest preview that names something, by ✅."""
        preview = self.posted(OFFICE, words)[-1]
        await self.there.reacts(self.kim, "✅", preview.event_id, room=OFFICE)

    async def answer_round(self, *lines: str) -> None:
        """Let both units answer the round that is open; the school says `lines`, or green."""
        await self.there.says(self.council.rut, *(lines or ("1", "2", "1")))
        await self.there.says(self.council.bo, "1", "2", "1")


async def test_two_council_years(council: Council) -> None:
    """The council's year runs by itself for two years; nothing is lost, doubled or forgotten."""
    year, there = Year(council), council.world
    await _plan_2027(year)
    await _a_case_is_born(year)
    await _samsa_prepares(year)
    await _bra_decides(year)
    await _an_assignment_overruns(year)
    await _moved_over_summer_time(year)
    await _cancelled_and_extra(year)
    await _unrest_over_a_months_end(year)
    await _second_year(year)
    await year.until("2028-12-20 12:00")
    _everything_once(year)
    _each_room_saw(year)
    _calendars_agree(year)
    await there.restart()
    before = {room: len(posts) for room, posts in there.platform.rooms.items()}
    await there.settle()
    assert {room: len(posts) for room, posts in there.platform.rooms.items()} == before


async def _plan_2027(year: Year) -> None:
    """The plan is proposed by itself in November, changed by hand, fixed and sent once."""
    there = year.there
    await year.until("2026-11-02 12:00")
    assert year.posted(OFFICE, "2027")
    proposed = year.meetings(2027)
    assert Counter(m.forum for m in proposed) == {
        Forum.BRA: 4,
        Forum.SAMSA: 6,
        Forum.MANAGEMENT: 4,
    }
    assert {m.state for m in proposed} == {MeetingState.PROPOSED}
    first = year.nth(Forum.SAMSA, 0, 2027)
    await year.office(f"!årsplan {first.short_id} tisdag 26 januari 2027 13.00")
    assert year.nth(Forum.SAMSA, 0, 2027).starts_at == at("2027-01-26 13:00")
    assert year.posted(SAMSA, "2027") == []
    await year.office("!bevaka överenskommelse 2028-03-31 Överenskommelsen med polisen")
    await year.office("!årsplan fastställ 2027", "ja")
    assert {m.state for m in year.meetings(2027)} == {MeetingState.PLANNED}
    assert year.posted(BRA, "2027")
    assert year.posted(SAMSA, "2027")
    (letter,) = [x for x in there.letters(year.council.nils) if "2027" in x.subject + x.text]
    assert sum(file.name.endswith(".ics") for file in letter.files) == 4
    assert sum(file.name.endswith(".pdf") for file in letter.files) == 1


async def _a_case_is_born(year: Year) -> None:
    """A unit's answer proposes a case; the coordinator takes it with a title of her own."""
    await year.until("2027-01-04 12:00")
    await year.answer_round(
        "2", "3", "3, 12", "Mörkt och bråkigt bakom skolan.", "2", "mer", "Björbo", "3", "1", "3",
        "nej", "skicka",
    )  # fmt: skip
    proposed = year.there.runtime.database.now(lambda uow: uow.follow_ups.cases.named("a1"))
    assert proposed.state is CaseState.PROPOSED
    assert "Mörkt" not in proposed.title
    await year.office("!ärende a1 ta Belysningen bakom skolan")
    assert year.posted(SAMSA, "Björbo skola") == []


async def _samsa_prepares(year: Year) -> None:
    """SAMSA is called with the case on its agenda, and sends it on to BRÅ."""
    meeting = year.nth(Forum.SAMSA, 0, 2027)
    await year.until(meeting.starts_at - timedelta(days=6))
    call = year.posted(SAMSA, "Kallelse till SAMSA")[-1]
    assert "Belysningen bakom skolan" in call.text
    await year.there.reacts(year.council.sara, "👍", call.event_id, room=SAMSA)
    await year.office(f"!möte svar {meeting.short_id} Rikard Räddare: ja")
    await year.in_meeting(meeting, "!notering Alla är överens om att det är mörkt.")
    await year.office("!ärende a1 bered Trasiga armaturer; Byt armaturerna", "!ärende a1 till brå")
    await year.until(meeting.ends_at + timedelta(hours=2))
    await year.approve(f"{meeting.short_id}")
    assert [p for p in year.posted(SAMSA, "nteckningar") if p.file is not None]


async def _bra_decides(year: Year) -> None:
    """BRÅ gives an assignment; a substitute comes, and the police and the chair answer."""
    meeting = year.nth(Forum.BRA, 0, 2027)
    await year.until(meeting.starts_at - timedelta(days=8))
    call = year.posted(BRA, "Kallelse till BRÅ")[-1]
    assert "Belysningen bakom skolan" in call.text
    assert "Byt armaturerna" in call.text
    await year.there.says(
        year.council.karl, "Vera Vice kommer i mitt ställe", room=BRA, thread=call.event_id
    )
    await year.there.reacts(year.council.inga, "👍", call.event_id, room=BRA)
    assert "Vera Vice kommer i stället för Karl Kommunchef" in year.posted(OFFICE, "Vera")[-1].text
    await year.in_meeting(
        meeting, "!beslut a1 uppdrag Byt armaturerna; gatuchefen; 15 mars", "!beslut Möte i maj."
    )
    (given,) = year.there.runtime.database.now(lambda uow: uow.follow_ups.open_assignments())
    assert (given.short_id, given.owner, given.case_id) == ("u1", "gatuchefen", 1)
    await year.until(meeting.ends_at + timedelta(hours=2))
    await year.approve(f"{meeting.short_id}")
    assert [p for p in year.posted(BRA, "nteckningar") if p.file is not None]
    assert any(
        file.name.endswith(".pdf")
        for letter in year.there.letters(year.council.nils)
        if "nteckning" in letter.subject
        for file in letter.files
    )


async def _an_assignment_overruns(year: Year) -> None:
    """It is reminded of a week before and once overdue, then reported and closed, the case too."""
    await year.until("2027-03-08 12:00")
    assert len(year.posted(OFFICE, "u1")) >= 1
    await year.until("2027-03-17 12:00")
    late = [p for p in year.posted(OFFICE, "u1") if "skulle ha" in p.text or "örsen" in p.text]
    assert len(late) == 1
    assert "örsen" in await year.office("!uppdrag")
    await year.office("!uppdrag u1 rapportera Alla armaturer är bytta.")
    case = year.there.runtime.database.now(lambda uow: uow.follow_ups.cases.named("a1"))
    assert case.state is CaseState.REPORTED
    await year.office("!uppdrag u1 avsluta")
    case, given = year.there.runtime.database.now(
        lambda uow: (uow.follow_ups.cases.named("a1"), uow.follow_ups.assignments.named("u1"))
    )
    assert (case.state, given.state) == (CaseState.CLOSED, AssignmentState.CLOSED)


async def _moved_over_summer_time(year: Year) -> None:
    """A called meeting moves over the change to summer time, and keeps its hour in Sweden."""
    meeting = year.nth(Forum.SAMSA, 1, 2027)
    assert meeting.state is MeetingState.CALLED
    await year.office(f"!möte flytta {meeting.short_id} torsdag 1 april 13.00 sjukdom")
    await year.office("ja")
    moved = year.council.meeting(meeting.short_id)
    assert moved.starts_at == at("2027-04-01 13:00")
    assert moved.starts_at - meeting.starts_at == timedelta(days=14) - timedelta(hours=1)
    await year.until("2027-04-01 16:30")
    assert year.council.meeting(meeting.short_id).state is MeetingState.HELD


async def _cancelled_and_extra(year: Year) -> None:
    """One BRÅ is cancelled, and an extra SAMSA is called the day before it meets."""
    cancelled = year.nth(Forum.BRA, 1, 2027)
    await year.until("2027-05-20 10:00")
    await year.office(f"!möte ställ in {cancelled.short_id} valet", "ja")
    await year.until("2027-06-01 10:00")
    await year.office('!möte extra samsa onsdag 2 juni 09.00 "bråk på badplatsen"', "ja")
    extra = next(m for m in year.meetings(2027) if m.extra)
    assert extra.state is MeetingState.CALLED
    assert len(year.posted(SAMSA, "Extrainsatt möte med SAMSA")) == 1
    await year.in_meeting(extra, "!beslut Vuxna på badplatsen varje kväll.")
    await year.until("2027-06-03 10:00")
    assert year.council.meeting(extra.short_id).state is MeetingState.HELD
    assert year.council.meeting(cancelled.short_id).state is MeetingState.CANCELLED


async def _unrest_over_a_months_end(year: Year) -> None:
    """High unrest runs over a month's end beside the monthly round, and returns by itself."""
    await year.until("2027-09-28 10:00")
    await year.office("!oro hög till 5 oktober; Björbo; bråk efter fotbollen", "ja")
    await year.until("2027-09-30 09:30")
    await year.there.says(year.council.rut, "2", "Lugnare i dag.", "nej")
    await year.until("2027-10-01 09:30")
    monthly = year.there.runtime.database.now(lambda uow: uow.cycles.by_key("2027-09"))
    assert monthly is not None
    await year.until("2027-10-07 12:00")
    assert year.there.runtime.database.now(lambda uow: uow.unrests.running()) == []
    assert year.posted(BRA, "Björbo")
    assert not any("fotboll" in p.text for p in year.there.platform.rooms[BRA])
    assert not any("fotboll" in p.text for p in year.there.platform.rooms[SAMSA])
    assert any("fotboll" in p.text for p in year.there.platform.rooms[MANAGEMENT])


async def _second_year(year: Year) -> None:
    """The agreement is renewed in order, the next plan is fixed, and the bot is away awhile."""
    there = year.there
    warned = there.runtime.database.now(lambda uow: uow.follow_ups.terms.named("b1"))
    assert warned.stage is not Stage.WAITING
    await year.until("2027-11-02 12:00")
    await year.office("!årsplan fastställ 2028", "ja")
    assert {m.state for m in year.meetings(2028)} == {MeetingState.PLANNED}
    await year.until("2027-12-06 12:00")
    ready = there.runtime.database.now(lambda uow: uow.follow_ups.terms.named("b1"))
    assert ready.stage is Stage.BOARD
    await year.office("!bevaka b1 förnyad 2030-03-31")
    await year.until("2028-03-08 18:00")
    await there.end()
    there.clock.instant = at("2028-03-20 07:00")
    await there.restart()
    await year.until("2028-10-20 12:00")
    autumn = next(m for m in year.meetings(2028) if m.starts_at > there.clock.instant)
    await year.office(f"!möte flytta {autumn.short_id} måndag 30 oktober 15.00", "ja")


def _everything_once(year: Year) -> None:
    """Each meeting was called once, opened once, and asked for items at most once, in its room."""
    for forum, room in ROOMS.items():
        held = [
            m
            for n in (2027, 2028)
            for m in year.meetings(n)
            if m.forum is forum and m.state is MeetingState.HELD
        ]
        assert len(held) >= {Forum.BRA: 7, Forum.SAMSA: 12, Forum.MANAGEMENT: 8}[forum]
        keys = Counter(row.key for row in year.there.rows_of("call") if row.room == room)
        called = {key.split("/")[1] for key in keys}
        assert {m.short_id for m in held} <= called
        assert set(keys.values()) == {1}
    rounds = year.there.runtime.database.now(lambda uow: uow.cycles.all())
    assert [c.period.key for c in rounds] == [
        f"{n}-{m:02}" for n in (2026, 2027, 2028) for m in range(1, 13)
    ][9:35]


def _seen(year: Year, room: str) -> Counter[str]:
    """Count what a room or a mailbox was ever told, by kind; edits of a message apart."""
    return Counter(row.template for row in year.there.rows_to(room) if not row.replaces)


def _each_room_saw(year: Year) -> None:
    """Each room and each mailbox saw what is theirs, so many times, and nothing else."""
    meetings = {"meeting_begins", "meeting_howto", "meeting_reminder", "items_asked", "call"}
    plans = {"year_room": 2, "unrest_outside": 2, "paper": 1, "paper_file": 1, "call_answers": 1}
    assert _seen(year, BRA) == {
        **dict.fromkeys(meetings, 7),
        **plans,
        "call": 8,
        "items_asked": 8,
        "call_cancelled": 1,
        "call_file": 9,
        "noted": 2,
        "year_file": 12,
    }
    assert _seen(year, SAMSA) == {
        **dict.fromkeys(meetings, 12),
        **plans,
        "call_moved": 2,
        "call_file": 14,
        "noted": 2,
        "year_file": 16,
    }
    assert _seen(year, MANAGEMENT) == {
        **dict.fromkeys(meetings, 8),
        "call_file": 8,
        "unrest_told": 2,
        "year_room": 2,
        "year_file": 12,
    }
    letters = {"mail_year": 2, "mail_paper": 1}
    assert _seen(year, year.council.nils) == {
        **letters,
        "mail_call": 8,
        "mail_call_cancelled": 1,
        "mail_meeting_reminder": 7,
    }
    assert _seen(year, year.council.rikard) == {
        **letters,
        "mail_call": 12,
        "mail_call_moved": 2,
        "mail_meeting_reminder": 12,
    }


def _calendars_agree(year: Year) -> None:
    """Whoever opened every file in order has each meeting once and right, and no cancelled one."""
    for address, forum in (
        (year.council.nils, Forum.BRA),
        (year.council.rikard, Forum.SAMSA),
    ):
        entries: dict[str, tuple[int, datetime]] = {}
        for letter in year.there.mail.letters:
            for file in letter.files:
                if letter.to != address or not file.name.endswith(".ics"):
                    continue
                calendar = IcsCalendarStream.calendar_from_ics(file.content.decode())
                (event,) = calendar.events
                sequence = event.sequence or 0
                assert event.uid not in entries or entries[event.uid][0] < sequence
                assert isinstance(event.dtstart, datetime)
                if calendar.method == "CANCEL":
                    del entries[event.uid]
                else:
                    entries[event.uid] = (sequence, event.dtstart)
        stand = {
            m.uid: (m.sequence, m.starts_at)
            for n in (2027, 2028)
            for m in year.meetings(n)
            if m.forum is forum and m.state is not MeetingState.CANCELLED
        }
        assert entries == stand

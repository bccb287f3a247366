"""Who may do what in the council's work, what must not leave its room, and what nothing may break.

What the verbs do for those who may stands in the other stories.
"""

import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, select
from sqlmodel import SQLModel

from bot.domain.follow_up import Assignment, Case, CaseState, Measure, Prevention
from bot.domain.meeting import Meeting, MeetingState
from bot.domain.people import Forum, Role
from bot.domain.term import Term, TermKind
from bot.domain.unrest import Mode, Unrest
from storage.tables import RoomRow
from storage.unit_of_work import UnitOfWork
from tests.fakes import Posted
from tests.stories.council import Council
from tests.stories.world import BRA, OFFICE, SAMSA, at, world

# Rights do not depend on the database.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

ELSEWHERE = "!elsewhere"


@pytest.fixture
async def council(tmp_path: Path, database_url: str) -> AsyncIterator[Council]:
    """Begin on Monday 16 November 2026, with no meeting planned and a room that is no forum's."""
    async with world(database_url, tmp_path, "2026-11-16 08:30") as there:
        there.platform.add_room(ELSEWHERE, set())
        here = Council(there)
        for account in (here.kim, here.inga, here.sara, here.rut):
            await write_to(here, account)
        yield here


async def write_to(council: Council, account: str) -> None:
    """Let somebody have the direct room that the bot opens when it first writes to them."""
    there = council.world
    room = await there.platform.open_direct(f"open/{account}", account)
    there.runtime.database.now(
        lambda uow: uow.people.direct_room_opened(there.platform.name, account, room)
    )


def texts(posted: Sequence[Posted]) -> str:
    """Join what was said, files by their names."""
    return "\n\n".join(p.text for p in posted)


def events(council: Council, template: str) -> list[str]:
    """List the event ids of what was said by one template."""
    return [row.event_id or "" for row in council.world.rows_of(template)]


# Where


async def test_a_room_that_is_no_forums_is_told_nothing(council: Council) -> None:
    """Nobody knows who sits there, so meetings, agendas and notes are not for that room."""
    there = council.world
    await council.call(Forum.BRA, at("2026-12-10 13:00"))
    there.sees(ELSEWHERE)
    for account in (council.kim, council.inga):
        for said in ("!möte", "!möte m1", "!punkt", "!punkt m1", "!kommer m1 ja", "!ärende"):
            await there.says(account, said, room=ELSEWHERE)
    await there.until(at("2026-12-10 13:00"))
    for said in ("!notering m1", "!notering m1 hemligt", "!beslut m1 hemligt", "!avsluta m1"):
        await there.says(council.kim, said, room=ELSEWHERE)
    answers = there.sees(ELSEWHERE)
    assert len(answers) == 16
    for secret in ("december", "Kommunhuset", "Inga", "hemligt", "Dagordning"):
        assert secret not in texts(answers)
    assert council.meeting("m1").state is MeetingState.BEGUN


async def test_a_forums_room_is_told_of_its_own_meetings_only(council: Council) -> None:
    """Who comes to BRÅ is not shown in SAMSA's room, whoever asks; nor whom no call reaches."""
    there = council.world
    there.outsider("Ulla Utanför", Role.READER_SAMSA)
    ulla = there.runtime.database.now(lambda uow: uow.people.named("Ulla Utanför"))
    there.runtime.database.now(
        lambda uow: uow.people.change_person(ulla.id, name=ulla.name, email=None, language="sv")
    )
    await council.call(Forum.BRA, at("2026-12-10 13:00"))
    await council.call(Forum.SAMSA, at("2026-12-11 13:00"))
    there.sees(SAMSA)
    await there.says(council.kim, "!möte m1", room=SAMSA)
    [refusal] = there.sees(SAMSA)
    assert "Kommunhuset" not in refusal.text
    assert "Inga" not in refusal.text
    await there.says(council.kim, "!möte m2", room=SAMSA)
    [shown] = there.sees(SAMSA)
    assert "Kommunhuset" in shown.text
    assert "Nås inte" not in shown.text
    await there.says(council.kim, "!möte m2", room=OFFICE)
    assert "Nås inte av kallelsen: Ulla Utanför" in there.last(OFFICE).text


async def test_a_proposed_meeting_is_the_offices(council: Council) -> None:
    """Members neither see nor write on a meeting of a year that is not fixed."""
    there = council.world
    council.plan(Forum.BRA, at("2027-02-18 13:00"), state=MeetingState.PROPOSED)
    there.told(council.inga)
    for said in ("möte m1", "punkt m1", "punkt m1 Trygghetsvandring", "kommer m1 ja"):
        await there.says(council.inga, said)
    told = there.told(council.inga)
    assert len(told) == 4
    for answer in told:
        assert "februari" not in answer
        assert "föreslaget" not in answer
    await there.says(council.kim, "!möte m1", room=OFFICE)
    assert "18 februari 2027" in there.last(OFFICE).text


# Yes and no


async def test_a_yes_counts_for_its_giver_in_its_room_and_for_half_an_hour(
    council: Council,
) -> None:
    """Somebody else's yes, a yes elsewhere and one that comes too late send nothing."""
    there = council.world
    order = "!möte extra samsa 30 november kl 13 bråk på stan"
    await there.says(council.kim, order, room=OFFICE)
    asked = there.last(OFFICE).event_id
    await there.says(council.lo, "ja", room=OFFICE)
    await there.reacts(council.lo, "✅", asked, room=OFFICE)
    await there.reacts("@alva:bra.test", "✅", asked, room=OFFICE)
    await there.says(council.kim, "!ja", room=SAMSA)
    await there.reacts(council.kim, "✅", asked, room=SAMSA)
    await there.says(council.kim, "ja")
    there.clock.instant += timedelta(minutes=31)
    await there.says(council.kim, "ja", room=OFFICE)
    await there.reacts(council.kim, "✅", asked, room=OFFICE)
    assert there.letters(council.rikard) == []
    assert "Extrainsatt" not in texts(there.sees(SAMSA))


async def test_a_yes_means_the_meeting_as_it_was_read_back(council: Council) -> None:
    """What somebody else has changed meanwhile is not cancelled or moved by an older yes."""
    there = council.world
    council.plan(Forum.SAMSA, at("2026-12-10 13:00"))
    for order in ("!möte ställ in m1 få anmälda", "!möte flytta m1 15 december kl 9"):
        await there.says(council.kim, order, room=OFFICE)
        await there.says(council.lo, "!möte flytta m1 14 december kl 10", "ja", room=OFFICE)
        council_moved = council.meeting("m1")
        await there.says(council.kim, "ja", room=OFFICE)
        assert council.meeting("m1") == council_moved
        assert "har ändrats" in there.last(OFFICE).text


async def test_only_coordinators_approve_a_paper_and_only_the_current_one(
    council: Council,
) -> None:
    """A ✅ of an administrator, of a member or on a replaced preview posts nothing."""
    there = council.world
    there.platform.members[OFFICE].add(council.inga)
    await council.call(Forum.SAMSA, at("2026-12-10 13:00"))
    await there.until(at("2026-12-10 13:30"))
    await there.says(council.kim, "!notering m1 Första", "!avsluta m1", room=OFFICE)
    await there.says(council.kim, "!notering m1 Andra", room=OFFICE)
    old, new = events(council, "paper_preview")
    there.sees(SAMSA)
    for account, preview in (
        ("@alva:bra.test", new),
        (council.inga, new),
        (council.rut, new),
        ("@frammande:bra.test", new),
        (council.kim, old),
    ):
        await there.reacts(account, "✅", preview, room=OFFICE)
    await there.says("@alva:bra.test", "!godkänn h2", room=OFFICE)
    await there.says(council.inga, "godkänn h2")
    assert there.sees(SAMSA) == []
    assert not council.meeting("m1").notes_approved
    await there.reacts(council.kim, "✅", new, room=OFFICE)
    assert "Minnesanteckningar" in texts(there.sees(SAMSA))


async def test_only_those_called_can_answer(council: Council) -> None:
    """A reporter, a stranger, another forum's member and a reaction on an old call count for
    nobody."""
    there = council.world
    await council.call(Forum.SAMSA, at("2026-12-10 13:00"))
    [call] = events(council, "call")
    await there.says(council.kim, "!möte flytta m1 15 december kl 9", "ja", room=OFFICE)
    [moved] = events(council, "call_moved")
    for account in (council.rut, "@frammande:bra.test", council.inga):
        await there.reacts(account, "👍", moved, room=SAMSA)
        await there.says(account, "ja", room=SAMSA, thread=moved)
    await there.reacts(council.sara, "👍", call, room=SAMSA)
    there.told(council.rut)
    await there.says(council.rut, "!kommer m1 ja", "!möte", "!punkt", "!ärende a1", "!möte m1")
    rsvps = there.runtime.database.now(lambda uow: uow.meetings.rsvps(uow.meetings.named("m1")))
    assert rsvps == []
    refused = there.told(council.rut)
    assert len(refused) == 5
    assert "december" not in "".join(refused)


# What leaves


async def test_nobody_sees_others_addresses_in_a_calendar_entry(council: Council) -> None:
    """Each letter's entry names its own recipient only, and the room's file nobody."""
    there = council.world
    nora = there.outsider("Nora Näringsliv", Role.READER_SAMSA)
    there.outsider("Rolf Räddare", Role.READER_BRA)
    await council.call(Forum.SAMSA, at("2026-12-10 13:00"))
    await there.says(council.kim, "!möte flytta m1 15 december kl 9", "ja", room=OFFICE)
    await there.says(council.kim, "!möte ställ in m1 få anmälda", "ja", room=OFFICE)
    await there.says(council.kim, "!årsplan 2027", room=OFFICE)
    await there.says(council.kim, "!årsplan fastställ 2027", "ja", room=OFFICE)
    posted = [p.file.content for p in [*there.sees(SAMSA), *there.sees(BRA)] if p.file is not None]
    entries = [content for content in posted if content.startswith(b"BEGIN:VCALENDAR")]
    assert len(entries) == 3 + 10
    assert not any(b"@post.test" in content or b"ATTENDEE" in content for content in entries)
    assert sum(b"METHOD:PUBLISH" in content for content in entries) == 2 + 10
    for address, count in ((nora, 3 + 6), (council.rikard, 3 + 6), (council.nils, 4)):
        files = [
            f.content
            for letter in there.letters(address)
            for f in letter.files
            if f.media_type.startswith("text/calendar")
        ]
        assert len(files) == count
        for content in files:
            plain = content.replace(b"\r\n ", b"").decode()
            assert set(re.findall(r"[\w.]+@post\.test", plain)) == {address}


async def test_rooms_with_outsiders_hear_of_unrest_by_village(council: Council) -> None:
    """Neither the unit nor the reason is named there: places stand at village level."""
    there = council.world
    await there.says(
        council.kim, "!oro förhöjd till 25 november; Björbo skola; bråk vid skåpen", "ja"
    )
    for room in (BRA, SAMSA):
        said = texts(there.sees(room))
        assert "Björbo" in said
        assert "skola" not in said
        assert "bråk" not in said
    await there.says(council.kim, "!oro slut lugnt i korridoren", "ja")
    for room in (BRA, SAMSA):
        said = texts(there.sees(room))
        assert "Björbo" in said
        assert "skola" not in said
        assert "lugnt" not in said


async def test_nobody_who_has_left_is_written_to(council: Council) -> None:
    """Who has taken an assignment and has left is not asked about it for a meeting."""
    there = council.world
    order = "!uppdrag ny Belysning; Teknik; 15 december 2026"
    await there.says(council.kim, order, room=OFFICE)
    await there.says(council.kim, "!uppdrag u1 ta Karl Kommunchef", room=OFFICE)
    await there.says(council.kim, "!person avsluta Karl Kommunchef", room=OFFICE)
    council.plan(Forum.BRA, at("2026-12-10 13:00"))
    there.told(council.karl)
    await there.until(at("2026-12-20 13:00"))
    assert there.told(council.karl) == []
    assert "Belysning" in texts(there.sees(OFFICE))


# What nothing may break

VERBS = (
    *("möte", "kommer", "punkt", "notering", "beslut", "avsluta", "ärende", "uppdrag", "åtgärd"),
    *("bevaka", "oro", "årsplan", "kvartal", "godkänn", "handling", "ångra", "hjälp", "läget"),
)
FIRST = (
    *("m1", "m999999999", "m99999999999999999999", "m١", "m²", "h1", "a1", "u1", "t1", "b1", "d1"),
    *("extra", "flytta", "ställ in", "plats", "svar", "stryk", "ny", "fastställ", "förläng"),
    *("förhöjd", "överenskommelse", "2027", "20٢٧", "2026 99", "pdf", ":", ";;;;;;;;", ""),
    *("call/", "call/m1/", f"call/m1/{'9' * 5000}", "remind/m1/x", "paper_preview/", "/"),
)
REST = (
    "",
    "svar : ja",
    "m1 : ja",
    "m1 99 december 2026 kl 99",
    "samsa 31 december 9999 kl 13 skäl",
    "bra 2099-01-05 kl 13 skäl",
    "vad; vem; 9999-12-31",
    "9999-12-31",
    "till 0001-01-01; Björbo; x",
    "ta rubrik | *fet* [länk](javascript:alert(1)) <b>@room</b>\n# rubrik\n`kod`",
    "uppdrag =1+1; ../../etc/passwd; om 999999999999999999 dagar",
    "a\u2028bc\x1b\u202edlrow\u200b\ufffd 🇸🇪",
    "٣ ١",
    "-1",
    "x" * 5000,
    "%s {0} {{ 7*7 }} {% raw %} ' OR 1=1 --",
)


async def test_nothing_that_is_typed_breaks_a_verb(council: Council) -> None:
    """Odd words get an ordinary answer, in the room they were said in, whoever says them."""
    there = council.world
    await council.call(Forum.BRA, at("2026-12-10 13:00"))
    await there.says(
        council.kim,
        "!ärende ny Skadegörelse",
        "!uppdrag ny Belysning; Teknik; 15 december 2026",
        "!åtgärd ny Mörkt; Lampor; Ljust; 15 december 2026; Teknik; Mäts; situationell; KS; u1",
        "!bevaka överenskommelse 2027-12-31",
        "!punkt bra Trygghetsvandring",
        room=OFFICE,
    )
    there.management_room()
    broken: list[tuple[str, str]] = []
    for account, rooms, words in (
        (council.kim, {OFFICE, BRA}, FIRST),
        (council.inga, {OFFICE, BRA}, FIRST[::3]),
        (council.rut, set[str](), FIRST[::9]),
    ):
        direct = there.direct(account)
        for number, verb in enumerate(VERBS):
            before = _posts(council)
            said = {}
            for step, first in enumerate(words):
                text = f"!{verb} {first} {REST[(number + step) % len(REST)]}"
                mailbox = there.runtime.mailbox
                said[await there.platform.happens(mailbox, direct, account, text)] = text
            await there.settle()
            after = _posts(council)
            assert {room for room in after if after[room] != before[room]} <= {*rooms, direct}
            incidents = there.rows_of("incident")
            keys = {row.key.partition("#")[0] for row in incidents}
            broken += [(account, said[key][:60]) for key in keys if key in said]
    assert broken == []
    assert await there.runtime.plan()
    assert there.runtime.database.now(lambda uow: uow.outbox.trouble()) == []


async def test_odd_words_in_a_meetings_thread_break_nothing(council: Council) -> None:
    """Notes, decisions and what comes of them take any words, and the paper is still made."""
    there = council.world
    await council.call(Forum.BRA, at("2026-12-10 13:00"))
    await there.until(at("2026-12-10 13:10"))
    [opening] = events(council, "meeting_begins")
    for verb in ("notering", "notering 5:", "beslut", "beslut a1", "uppdrag", "ärende"):
        for rest in REST:
            await there.platform.happens(
                there.runtime.mailbox, BRA, council.kim, f"!{verb} {rest}", thread=opening
            )
            await there.platform.happens(
                there.runtime.mailbox, BRA, council.inga, f"!{verb} {rest}", thread=opening
            )
        await there.settle()
    writers = there.runtime.database.now(
        lambda uow: {uow.people.get(n.by_person).name for n in uow.meetings.notes.where()}
    )
    assert writers == {"Kim Samordnare"}
    await there.says(council.kim, "!avsluta", room=BRA, thread=opening)
    assert there.rows_of("incident") == []
    assert [f for f in events(council, "paper_preview") if f]


async def test_no_identity_number_is_kept_of_the_councils_words(council: Council) -> None:
    """A number in any verb's words, in a reply to a call or in an edited message is withheld."""
    there = council.world
    await council.call(Forum.BRA, at("2026-12-10 13:00"))
    [call] = events(council, "call")
    number = "19811218-9876"
    for said in (
        f"!möte extra bra 30 november kl 13 {number}",
        f"!möte svar m1 Inga Ordförande: {number} kommer i mitt ställe",
        f"!punkt bra {number}",
        f"!ärende ny {number}",
        f"!uppdrag ny {number}; Teknik; 1 december",
        f"!åtgärd ny {number}; b; c; 1 december; e; f; social; KS",
        f"!bevaka löfte 2027-03-01 {number}",
        f"!oro förhöjd till 25 november; Björbo; {number}",
        f"!{number}",
    ):
        await there.says(council.kim, said, room=OFFICE)
    await there.says(council.inga, f"{number} kommer i mitt ställe", room=BRA, thread=call)
    await there.reacts(council.inga, number, call, room=BRA)
    said = await there.says(council.inga, "!punkt bra Belysning", room=BRA)
    await there.edits(council.inga, said, f"!punkt bra {number}", room=BRA)
    dump = "\n".join(there.runtime.database.now(_everything))
    assert "Belysning" in dump
    assert "9876" not in dump
    assert "9876" not in texts([*there.sees(OFFICE), *there.sees(BRA)])


def _everything(uow: UnitOfWork) -> list[str]:
    """Read every row of every table as text."""
    session = uow.people._session
    return [
        str(tuple(row))
        for table in SQLModel.metadata.sorted_tables
        for row in session.execute(select(table)).all()
    ]


def _posts(council: Council) -> dict[str, int]:
    """Count what the bot has posted in each room."""
    platform = council.world.platform
    own = platform.own_account
    return {room: sum(p.sender == own for p in posted) for room, posted in platform.rooms.items()}


async def test_a_day_far_ahead_stops_no_clock(council: Council) -> None:
    """What is due in a century is refused or waits; the plan is still made."""
    there = council.world
    for said in (
        "!bevaka överenskommelse 2099-12-31",
        "!bevaka löfte 9999-12-31",
        "!bevaka lägesbild 2026-11-17",
        "!uppdrag ny Belysning; Teknik; 2099-12-31",
        "!uppdrag ny Belysning; Teknik; 9999-12-31",
        "!uppdrag u1 flytta 9999-12-31",
        "!åtgärd ny Mörkt; Lampor; Ljust; 9999-12-31; Teknik; Mäts; situationell; KS",
        "!åtgärd ny Mörkt; Lampor; Ljust; 2099-12-31; Teknik; Mäts; situationell; KS",
        "!möte extra bra 2099-12-30 kl 13 skäl",
        "ja",
        "!möte extra bra 9999-12-30 kl 13 skäl",
        "ja",
        "!oro förhöjd till 9999-12-31; Björbo; skäl",
    ):
        await there.says(council.kim, said, room=OFFICE)
        assert await there.runtime.plan(), said
    assert there.rows_of("incident") == []
    for said in ("!läget", "!årsplan 2026", "!punkt bra", "!möte"):
        await there.says(council.kim, said, room=OFFICE)
    assert there.rows_of("incident") == []
    await there.until(at("2026-12-24 12:00"))


async def test_the_clock_survives_a_municipality_without_rooms_or_people(
    tmp_path: Path, database_url: str
) -> None:
    """A year of meetings, deadlines and unrest goes by with nobody to tell and nowhere to say
    it; nothing is asked for again and again."""
    async with world(database_url, tmp_path, "2026-11-16 08:30") as there:
        there.runtime.database.now(_no_rooms)
        school = there.unit("Björbo skola")
        ghost = there.person("Gun Borta", (Role.COORDINATOR, None), (Role.READER_BRA, None))
        there.person("Rune Rektor", (Role.REPORTER, school))
        mail = there.outsider("Olle Utanför", Role.READER_SAMSA)
        there.runtime.database.now(lambda uow: _work(uow, school, ghost, mail))
        await there.until(at("2028-01-31 12:00"))
        states = there.runtime.database.now(
            lambda uow: {meeting.state for meeting in uow.meetings.where()}
        )
        assert states == {MeetingState.HELD}
        assert not there.runtime.database.now(lambda uow: uow.unrests.running())


async def test_the_clock_survives_rooms_that_are_gone(council: Council) -> None:
    """Where the rooms can't be written in any more, the year goes on."""
    there = council.world
    there.management_room()
    await council.call(Forum.SAMSA, at("2026-12-10 13:00"))
    for account in (council.rut, council.bo, council.sara, council.stig):
        name = {"@rut:bra.test": "Rut Rektor", "@bo:bra.test": "Bo Bibliotekarie"}.get(account)
        if name is not None:
            await there.says(council.kim, f"!person avsluta {name}", room=OFFICE)
    for forum in (Forum.BRA, Forum.MANAGEMENT):
        council.plan(forum, at("2027-02-18 13:00"))
    there.platform.closed |= {OFFICE, BRA, SAMSA, "!management"}
    there.runtime.database.now(lambda uow: _work(uow, council.school, council.karl, ""))
    await there.until(at("2027-06-30 12:00"))
    assert council.meeting("m1").state is MeetingState.HELD


def _no_rooms(uow: UnitOfWork) -> None:
    """Unbind every forum, as where the rooms have not been chosen yet."""
    uow.people._session.execute(delete(RoomRow))


def _work(uow: UnitOfWork, unit_id: int, account: str, mail: str) -> None:
    """Leave behind everything that the clock looks at, in the hands of somebody who has left."""
    owner = uow.people.named(account)
    for forum in (Forum.BRA, Forum.SAMSA, Forum.MANAGEMENT):
        for number, day in enumerate(("2026-12-10 13:00", "2027-04-15 13:00")):
            uow.meetings.add(
                Meeting(
                    uid=f"work-{forum}-{number}@bra.test",
                    forum=forum,
                    starts_at=at(day),
                    minutes=90,
                    called_by=owner.id,
                )
            )
    case = uow.follow_ups.cases.add(
        Case(title="Oro", wanted=Forum.BRA, unit_id=unit_id, state=CaseState.TO_BRA)
    )
    uow.follow_ups.assignments.add(
        Assignment(
            text="Belysning",
            owner="Teknik",
            due=at("2026-12-15 12:00").date(),
            case_id=case.id,
            owner_id=owner.id,
        )
    )
    uow.follow_ups.measures.add(
        Measure(
            cause="Mörkt",
            action="Lampor",
            goal="Ljust",
            due=at("2026-12-15 12:00").date(),
            owner="Teknik",
            board="KS",
            follow_up="Mäts",
            prevention=Prevention.SITUATIONAL,
        )
    )
    for kind in TermKind:
        ends = at("2027-03-31 12:00").date()
        uow.follow_ups.terms.add(Term(kind=kind, title=str(kind), ends=ends))
    uow.unrests.add(
        Unrest(
            mode=Mode.HIGH,
            reason="oro",
            area="",
            unit_ids=(unit_id,),
            begins_at=at("2026-11-16 09:00"),
            last_day=at("2026-11-27 12:00").date(),
            started_by=owner.id,
        )
    )
    uow.people.set_active(owner.id, False)
    if mail:
        uow.people.set_active(uow.people.named("Olle Utanför").id, False)
    unit = uow.people.unit(unit_id)
    uow.people.save_unit(replace(unit, active=False))

"""The council's year: proposed, changed by hand, fixed, handed out once, then running by itself."""

import io
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pypdf
import pytest
from ical.calendar_stream import IcsCalendarStream

from bot.domain.meeting import Meeting, MeetingState
from bot.domain.meeting_rule import BRA_RULE, SAMSA_RULE, WeekSlot
from bot.domain.people import Forum, Role
from bot.domain.plan_check import PlanRules, SchoolHoliday
from tests.fakes import Posted
from tests.stories.council import Council
from tests.stories.world import BRA, MANAGEMENT, OFFICE, SAMSA, at, world

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
async def council(tmp_path: Path, database_url: str) -> AsyncIterator[Council]:
    """Begin on Monday 12 October 2026, with no meeting planned."""
    async with world(database_url, tmp_path, "2026-10-12 08:30") as there:
        yield Council(there)


def texts(posted: list[Posted]) -> str:
    """Join what was said, files by their names."""
    return "\n\n".join(p.text for p in posted)


def meetings(council: Council, state: MeetingState) -> list[Meeting]:
    """List the meetings in a state, in order of time."""
    found = council.world.runtime.database.now(lambda uow: uow.meetings.where())
    return sorted((m for m in found if m.state is state), key=lambda m: m.starts_at)


def of_forum(council: Council, forum: Forum, state: MeetingState) -> list[Meeting]:
    """List a forum's meetings in a state, in order of time."""
    return [m for m in meetings(council, state) if m.forum is forum]


def decide(council: Council, plan: PlanRules) -> None:
    """Let the municipality have other rules than the routine's, as its settings would."""
    runtime = council.world.runtime
    runtime.rules = runtime.dispatcher._rules = replace(runtime.rules, plan=plan)


async def fix(council: Council, year: int = 2027) -> None:
    """Let the coordinator fix a year and say yes."""
    await council.world.says(council.kim, f"!årsplan fastställ {year}", "ja", room=OFFICE)


async def test_the_year_is_proposed_fixed_and_runs(council: Council) -> None:
    """In November the dates are proposed; one is changed and all are fixed; then each meeting is
    called by itself, BRÅ ten days before and SAMSA seven."""
    there = council.world
    await there.until(at("2026-11-02 08:59"))
    assert meetings(council, MeetingState.PROPOSED) == []
    await there.until(at("2026-11-02 09:00"))
    [proposal] = [p.text for p in there.sees(OFFICE) if "Förslag till årsplan 2027" in p.text]
    assert "Ingen utom du har fått veta något" in proposal
    assert "**SAMSA** torsdag 28 januari 2027 kl. 13.00 (v. 4)" in proposal
    assert "onsdag 5 maj 2027 kl. 13.00 (v. 18), flyttad från torsdag 6 maj 2027 (v. 18): " in (
        proposal
    )
    assert "Kristi himmelsfärdsdag" in proposal
    assert len(meetings(council, MeetingState.PROPOSED)) == 14
    [bra, *_] = of_forum(council, Forum.BRA, MeetingState.PROPOSED)
    await there.restart()
    await there.says(council.kim, f"!årsplan {bra.short_id} fredag 19 februari", room=OFFICE)
    assert "fredag 19 februari 2027 kl. 13.00 (v. 7)" in there.last(OFFICE).text
    assert "från torsdag 18 februari 2027" in there.last(OFFICE).text
    await there.says(council.kim, "!årsplan fastställ", room=OFFICE)
    back = there.last(OFFICE).text
    assert "14 möten skickas ut" in back
    assert "**BRÅ:** 4 möten till rummet, och med e-post till Nils Närpolis" in back
    assert "**Rummet saknas**, skriv `!rum ledning`" in back
    assert there.sees(BRA) == [], "nothing is sent before the yes"
    await there.says(council.kim, "ja", room=OFFICE)
    assert "Årsplanen 2027 är fastställd: 14 möten." in there.last(OFFICE).text
    dates, pdf, picture, *entries = there.sees(BRA)
    assert "fredag 19 februari 2027 kl. 13.00 (v. 7)" in dates.text
    assert "SAMSA" not in dates.text
    assert (pdf.text, picture.text) == ("Årshjul 2027.pdf", "Årshjul 2027.png")
    assert picture.file is not None
    assert "Samma uppgifter finns i text" in picture.file.caption
    assert [e.text for e in entries] == [
        f"Kalender BRÅ 2027-{day}.ics" for day in ("02-19", "05-27", "09-16", "12-02")
    ]
    assert {e.thread for e in entries} == {dates.event_id}
    assert len(there.sees(SAMSA)) == 3 + 6
    await there.until(at("2027-01-21 08:59"))
    assert there.sees(SAMSA)[-1].text.count("Har du något till dagordningen?") == 1
    await there.until(at("2027-01-21 09:00"))
    assert "Kallelse till SAMSA" in there.sees(SAMSA)[0].text
    await there.until(at("2027-02-09 08:59"))
    assert "Kallelse till BRÅ" not in texts(there.sees(BRA))
    await there.until(at("2027-02-09 09:00"))
    assert "Kallelse till BRÅ" in there.sees(BRA)[0].text


@on_sqlite
async def test_calendars_and_letters(council: Council) -> None:
    """Every meeting has one calendar entry with a name of its own; a member outside the chat gets
    one letter, also where they sit in two forums, and later calls change the same entries."""
    there = council.world
    both = there.outsider("Ove Överallt", Role.READER_BRA, "polis")
    there.runtime.database.now(
        lambda uow: uow.people.give(
            uow.people.named("Ove Överallt").id,
            next(iter(uow.people.named("Rikard Räddare").holdings)),
        )
    )
    await there.says(council.kim, "!årsplan 2027", room=OFFICE)
    await fix(council)
    [letter] = there.letters(council.nils)
    assert letter.subject == "Möten 2027: BRÅ"
    assert "torsdag 18 februari 2027 kl. 13.00 (v. 7)" in letter.text
    assert [f.name for f in letter.files][:2] == [
        "Årshjul 2027.pdf",
        "Kalender BRÅ 2027-02-18.ics",
    ]
    assert len(letter.files) == 5
    [letter] = there.letters(both)
    assert letter.subject == "Möten 2027: BRÅ, SAMSA"
    invited = letter.files[1:]
    events = [IcsCalendarStream.calendar_from_ics(f.content.decode()).events[0] for f in invited]
    assert len({e.uid for e in events}) == 10
    assert {e.sequence for e in events} == {0}
    planned = meetings(council, MeetingState.PLANNED)
    assert {e.uid for e in events} == {m.uid for m in planned if m.forum is not Forum.MANAGEMENT}
    await there.until(at("2027-01-21 09:00"))
    call = next(x for x in there.letters(council.rikard) if x.subject.startswith("Kallelse"))
    [event] = IcsCalendarStream.calendar_from_ics(call.files[0].content.decode()).events
    assert (event.uid, event.sequence) == (events[4].uid, 1)


@on_sqlite
async def test_fixing_twice_does_nothing_twice(council: Council) -> None:
    """What is fixed stays fixed and is sent once; a meeting added later is sent alone."""
    there = council.world
    await there.says(council.kim, "!årsplan 2027", room=OFFICE)
    await fix(council)
    sent = len(there.mail.letters), len(there.platform.rooms[BRA])
    await there.says(council.kim, "ja", "!årsplan fastställ 2027", room=OFFICE)
    assert "redan fastställt" in there.last(OFFICE).text
    await there.says(council.kim, "!årsplan 2027 nytt", room=OFFICE)
    assert "`!möte flytta`" in there.last(OFFICE).text
    assert (len(there.mail.letters), len(there.platform.rooms[BRA])) == sent
    [first, *_] = meetings(council, MeetingState.PLANNED)
    await there.says(council.kim, f"!årsplan {first.short_id} 3 mars 2027", room=OFFICE)
    assert f"`!möte flytta {first.short_id}" in there.last(OFFICE).text
    there.sees(BRA)
    there.letters(council.nils)
    await there.says(council.kim, "!årsplan ny brå 21 oktober 2027 15.00", room=OFFICE)
    await fix(council)
    dates, _, _, *entries = there.sees(BRA)
    assert dates.text.count("kl. 13.00") == 4
    assert [e.text for e in entries] == ["Kalender BRÅ 2027-10-21.ics"]
    assert [f.name for f in there.letters(council.nils)[0].files] == [
        "Årshjul 2027.pdf",
        "Kalender BRÅ 2027-10-21.ics",
    ]


@on_sqlite
async def test_what_was_read_back_is_what_is_sent(council: Council) -> None:
    """A proposal that somebody changes before the yes has to be read back again."""
    there = council.world
    await there.says(council.kim, "!årsplan 2027", "!årsplan fastställ 2027", room=OFFICE)
    [first, *_] = meetings(council, MeetingState.PROPOSED)
    await there.says(council.lo, f"!årsplan stryk {first.short_id}", room=OFFICE)
    await there.says(council.kim, "ja", room=OFFICE)
    assert "har ändrats sedan du såg" in there.last(OFFICE).text
    assert there.sees(BRA) == []
    assert meetings(council, MeetingState.PLANNED) == []


@on_sqlite
async def test_a_proposal_is_changed_by_hand(council: Council) -> None:
    """Days are moved, added and struck, with their warnings; what is forbidden says why; each
    change can be undone."""
    there = council.world
    await there.says(council.kim, "!årsplan 2027", room=OFFICE)
    bra = of_forum(council, Forum.BRA, MeetingState.PROPOSED)
    m = bra[1].short_id

    async def answer(*said: str) -> str:
        await there.says(council.kim, *said, room=OFFICE)
        return there.last(OFFICE).text

    assert "Kristi himmelsfärdsdag" in await answer(f"!årsplan {m} torsdag 6 maj 13.00")
    assert "inga möten i juli" in await answer(f"!årsplan {m} 8 juli")
    assert "helg" in await answer(f"!årsplan {m} 22 maj")
    assert "vardag" not in await answer(f"!årsplan {m} torsdag 19 mars 2027")
    assert council.meeting(m).starts_at == bra[1].starts_at
    squeezed = await answer(f"!årsplan {m} fredag 7 maj 9.30")
    assert "fredag 7 maj 2027 kl. 09.30 (v. 18)" in squeezed
    assert "många är lediga" in squeezed
    assert "mindre än två veckor efter SAMSA" in squeezed
    assert "som förut" in await answer("!ångra")
    assert council.meeting(m).starts_at == bra[1].starts_at
    struck = await answer(f"!årsplan stryk {m}")
    assert "BRÅ har 3 möten. Rutinen säger minst 4." in struck
    assert council.meeting(m).state is MeetingState.CANCELLED
    assert "BRÅ har 3 möten" in await answer("!årsplan fastställ 2027")
    added = await answer("nej", "!årsplan ny BRÅ torsdag 20 maj 13.00")
    assert "Tillagt i förslaget" in added
    assert "Rutinen säger" not in added
    assert "som förut" in await answer("!ångra")
    assert len(of_forum(council, Forum.BRA, MeetingState.PROPOSED)) == 3
    await answer("!årsplan 2027 nytt")
    assert len(meetings(council, MeetingState.PROPOSED)) == 14


@on_sqlite
@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("!årsplan 2040", "åren 2025–2029"),
        ("!årsplan bra", "Så här kan du skriva"),
        ("!årsplan ny", "Så här kan du skriva"),
        ("!årsplan ny samsa", "Jag förstår inte"),
        ("!årsplan ny samsa 4 mars 13.00 i aulan", "Så här kan du skriva"),
        ("!årsplan stryk m99", "inget möte som heter m99"),
        ("!årsplan fastställ", "Det finns inget förslag för 2027"),
        ("!årsplan 2027 kanske", "Så här kan du skriva"),
    ],
)
async def test_what_does_not_fit_is_refused(council: Council, said: str, answer: str) -> None:
    """The answer says what to do, and nothing is proposed or sent."""
    await council.world.says(council.kim, said, room=OFFICE)
    assert answer in council.world.last(OFFICE).text
    assert meetings(council, MeetingState.PROPOSED) == []


@on_sqlite
async def test_only_the_coordinator_plans(council: Council) -> None:
    """Members see their own forum's fixed days, and the wheel; never a proposal."""
    there = council.world
    await there.says(council.kim, "!årsplan 2027", room=OFFICE)
    for said in ("!årsplan 2027 nytt", "!årsplan stryk m1", "!årsplan fastställ 2027"):
        await there.says(council.inga, said, room=BRA)
        assert "bara samordnaren" in there.last(BRA).text
    await there.says(council.inga, "!årsplan 2027", room=BRA)
    assert "inga möten är fastställda för 2027 än" in there.last(BRA).text
    await there.says(council.rut, "!årsplan 2027", room=OFFICE)
    assert "får" in there.last(OFFICE).text
    await there.says(council.kim, "!årsplan fastställ 2027", room=BRA)
    assert there.last(BRA).text != "Så här läser jag det"
    await fix(council)
    await there.says(council.inga, "!årsplan", room=BRA)
    assert "**BRÅ 2027:**" in there.last(BRA).text
    assert "SAMSA" not in there.last(BRA).text
    direct = await there.platform.open_direct("sara", council.sara)
    there.runtime.database.now(
        lambda uow: uow.people.direct_room_opened("matrix", council.sara, direct)
    )
    await there.says(council.sara, "!årsplan 2027", room=direct)
    assert "**SAMSA 2027:**" in there.last(direct).text
    assert "BRÅ" not in there.last(direct).text


async def test_the_year_wheel(council: Council) -> None:
    """The picture, its facts as a list, and the document with both; in the office as a proposal."""
    there = council.world
    await there.says(council.kim, "!bevaka överenskommelse 2027-04-30 Hemlig", room=OFFICE)
    await there.says(council.kim, "!årsplan 2027", room=OFFICE)
    there.sees(OFFICE)
    await there.says(council.kim, "!årshjul", room=OFFICE)
    listed, picture, document = there.sees(OFFICE)
    assert "(förslag, inte fastställt)" in listed.text
    assert "**BRÅ:** torsdag 18 februari 2027 (v. 7)," in listed.text
    assert "**Månadens fråga öppnar:** 4/1, 1/2, 1/3, 1/4, 3/5," in listed.text
    assert "överenskommelse fredag 30 april 2027" in listed.text
    assert "Hemlig" not in listed.text
    assert document.file is not None
    pages = pypdf.PdfReader(io.BytesIO(document.file.content)).pages
    words = " ".join(" ".join(page.extract_text() for page in pages).split())
    assert words.startswith("F Ö R S L AG"), "in letters set wide apart"
    assert "torsdag 18 februari 2027 kl. 13.00" in words
    assert picture.file is not None
    assert picture.file.media_type == "image/png"
    there.sees(SAMSA)
    await there.says(council.sara, "!årshjul 2027", room=SAMSA)
    listed, *_ = there.sees(SAMSA)
    assert "Inga möten är fastställda." in listed.text


@on_sqlite
async def test_december_asks_once(council: Council) -> None:
    """What is not fixed by December is asked for, once and in the office."""
    there = council.world
    await there.until(at("2026-12-01 08:59"))
    there.sees(OFFICE)
    await there.until(at("2026-12-31 12:00"))
    asked = [p.text for p in there.sees(OFFICE) if "2027 är inte fastställd än" in p.text]
    assert len(asked) == 1
    assert "14 möten väntar" in asked[0]


@on_sqlite
async def test_what_is_fixed_is_not_asked_for(council: Council) -> None:
    """Neither November nor December says a word about a year that is fixed."""
    there = council.world
    await there.says(council.kim, "!årsplan 2027", room=OFFICE)
    await fix(council)
    there.sees(OFFICE)
    await there.until(at("2026-12-20 12:00"))
    assert not any("årsplan" in p.text.casefold() for p in there.sees(OFFICE))


@on_sqlite
async def test_who_has_planned_already_is_left_alone(council: Council) -> None:
    """No second proposal comes in November, and no word after downtime over the new year."""
    there = council.world
    await there.says(council.kim, "!årsplan", room=OFFICE)
    await there.end()
    there.clock.instant = at("2026-11-07 20:00")
    await there.restart()
    await there.until(at("2026-11-20 12:00"))
    assert len(meetings(council, MeetingState.PROPOSED)) == 14
    await there.end()
    there.clock.instant = at("2027-01-08 12:00")
    await there.restart()
    there.sees(OFFICE)
    await there.until(at("2027-01-20 12:00"))
    assert not any("årsplan" in p.text.casefold() for p in there.sees(OFFICE))


@on_sqlite
async def test_rules_that_give_too_little(council: Council) -> None:
    """Too few meetings are named beside the routine's number, and so is what found no day; blocked
    days are moved from, school holidays warned about, and the place stands where people look."""
    there = council.world
    few = tuple(WeekSlot(week=week) for week in (7, 21, 53))
    decide(
        council,
        PlanRules(
            rules=[replace(BRA_RULE, when=few, place="Kommunhuset"), replace(SAMSA_RULE, when=())],
            blocked={date(2027, 2, 18): "Kommunfullmäktige"},
            school_holidays=[
                SchoolHoliday(name="Studiedagar", first=date(2027, 5, 26), last=date(2027, 5, 28))
            ],
        ),
    )
    await there.says(council.kim, "!årsplan 2027", room=OFFICE)
    proposal = there.last(OFFICE).text
    assert "flyttad från torsdag 18 februari 2027 (v. 7): Kommunfullmäktige" in proposal
    assert "27 maj 2027 kl. 13.00 (v. 21). **Obs:** Studiedagar: skolan är stängd." in proposal
    assert "BRÅ har 2 möten. Rutinen säger minst 4." in proposal
    assert "SAMSA har 0 möten. Rutinen säger minst 6." in proposal
    assert "BRÅ vecka 53: det finns ingen sådan dag" in proposal
    await fix(council)
    dates, *_ = there.sees(BRA)
    assert "(v. 7), Kommunhuset" in dates.text
    assert there.sees(SAMSA) == []
    assert there.letters(council.rikard) == []


@on_sqlite
async def test_a_day_blocked_since_stops_the_fixing(council: Council) -> None:
    """What was allowed when it was proposed is looked at again before anybody is told."""
    there = council.world
    await there.says(council.kim, "!årsplan 2027", room=OFFICE)
    decide(council, PlanRules(blocked={date(2027, 9, 16): "Kommunfullmäktige"}))
    await there.says(council.kim, "!årsplan fastställ 2027", room=OFFICE)
    assert "spärrad (Kommunfullmäktige)" in there.last(OFFICE).text
    await there.says(council.kim, "!årsplan 2027", room=OFFICE)
    assert "**Går inte längre:** Kommunfullmäktige" in there.last(OFFICE).text


@on_sqlite
async def test_the_present_year(council: Council) -> None:
    """Who begins in the middle of a year plans what is left of it."""
    there = council.world
    await there.says(council.kim, "!årsplan 2026", room=OFFICE)
    found = meetings(council, MeetingState.PROPOSED)
    assert [str(m.starts_at.date()) for m in found] == ["2026-10-15", "2026-11-12", "2026-11-26"]
    assert "BRÅ har 1 möte." in there.last(OFFICE).text


@on_sqlite
async def test_the_management_group_too(council: Council) -> None:
    """With a room it gets its four days like the others."""
    there = council.world
    there.management_room()
    await there.says(council.kim, "!årsplan 2027", room=OFFICE)
    await fix(council)
    dates, *_, last = there.sees(MANAGEMENT)
    assert "torsdag 21 januari 2027 kl. 13.00 (v. 3)" in dates.text
    assert last.text == "Kalender ledningsgruppen 2027-10-21.ics"

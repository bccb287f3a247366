"""From a unit's wish to a decision and what became of it: cases, assignments, measures."""

import io
from dataclasses import replace
from datetime import date

import pypdf
import pytest

from bot.domain.cycle import SubmissionState
from bot.domain.follow_up import Assignment, AssignmentState, Case, CaseState, Level, MeasureState
from bot.domain.meeting import Meeting, MeetingState
from bot.domain.people import Forum, Role
from storage.unit_of_work import UnitOfWork
from tests.stories.conftest import Town
from tests.stories.world import BRA, OFFICE, SAMSA, World, at

OPENS = at("2026-11-02 09:00")
ABOUT = r"Skadegörelse, klotter, anlagd brand; Trafik, A\-traktor, buskörning"
TITLE = f"Björbo skola, oktober 2026: {ABOUT}"
MEASURE = (
    "Mörkt vid torget; Ny belysning; Halva antalet anmälningar; 15 mars; gatuchefen; "
    "Varje kvartal; situationell; Tekniska nämnden"
)

sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""What does not depend on the database; the long stories run on both."""


def cases(w: World) -> list[Case]:
    """List every case there is."""
    return list(w.runtime.database.now(lambda uow: uow.follow_ups.cases.where()))


def states(w: World) -> dict[str, str]:
    """Name the state of every case."""
    return {case.short_id: case.state.value for case in cases(w)}


def assignment(w: World, number: int = 1) -> Assignment:
    """Get an assignment."""
    return w.runtime.database.now(lambda uow: uow.follow_ups.assignments.get(number))


async def wishes(town: Town, choices: str) -> str:
    """Let the head teacher answer and wish; gives the event that holds the wish."""
    w = town.world
    await w.says(town.rut, "2", "3", "2, 6", "Elever klottrar vid kuren", "1", "1", "ändra 7")
    event = await w.says(town.rut, choices)
    await w.says(town.rut, "skicka")
    return event


async def office(town: Town, *texts: str) -> str:
    """Let the coordinator write in their room; gives what the bot answered last."""
    for text in texts:
        await town.world.says(town.kim, text, room=OFFICE)
    return town.world.last(OFFICE).text


async def test_a_wish_becomes_a_case_a_decision_and_a_report(town: Town) -> None:
    """The unit proposes, the coordinator takes, SAMSA prepares, BRÅ decides, the owner reports."""
    w = town.world
    await w.until(OPENS)
    await wishes(town, "3")
    told = await office(town, "!ärende")
    assert f"`a1` **{TITLE}**: föreslaget till SAMSA" in told
    assert "Elever klottrar" not in await office(town, "!ärende a1")
    told = await office(town, "!ärende a1 ta Skadegörelse vid torget")
    assert "**Skadegörelse vid torget** är taget" in told
    await office(town, "!ärende a1 bered Torget är mörkt; Ny belysning", "!ärende a1 till brå")
    await office(town, "!ärende a1 ansvar gatuchefen; 1 mars")
    told = await office(town, "!ärende a1 beslut uppdrag Sätt upp lampor; gatuchefen; 15 mars")
    assert "Uppdrag `u1`: Sätt upp lampor. Ansvar: gatuchefen" in told
    assert "klart senast måndag 15 mars 2027 (v. 11)" in told
    assert states(w) == {"a1": CaseState.ONGOING}
    assert (assignment(w).case_id, assignment(w).cycle_id) == (1, cases(w)[0].cycle_id)
    told = await office(town, "!uppdrag u1 rapportera Lamporna är uppe.")
    assert "återrapporterat, och ärendet som det kommer från också" in told
    assert states(w) == {"a1": CaseState.REPORTED}
    await office(town, "!uppdrag u1 avsluta")
    assert states(w) == {"a1": CaseState.CLOSED}
    told = await office(town, "!ärende a1")
    for expected in (
        "Björbo skola, lägesbilden för oktober 2026",
        "**Orsak:** Torget är mörkt",
        "**Beslut:** Sätt upp lampor",
        "2/11 kl. 09.02: föreslogs i ett svar",
        "beslutades som uppdrag",
        "avslutades",
    ):
        assert expected in told
    assert "inga öppna ärenden" in await office(town, "!ärende")


@sqlite
async def test_brå_may_say_no_or_send_back(town: Town) -> None:
    """A rejection ends the case; återremiss lets SAMSA prepare it further; no step is skipped."""
    w = town.world
    await office(town, "!ärende ny Buskörning", "!ärende ny Klotter")
    told = await office(town, "!ärende a1 beslut avslag Inget behov")
    assert "ärendet `a1` är nu *bereds i SAMSA*" in told
    await office(town, "!ärende a1 till brå", "!ärende a2 till BRÅ")
    told = await office(town, "!ärende a1 beslut återremiss Fråga vägföreningen först")
    assert "återremitterat till SAMSA: Fråga vägföreningen först" in told
    assert "avslaget: Inget behov" in await office(town, "!ärende a2 beslut avslag Inget behov")
    assert states(w) == {"a1": CaseState.PREPARING, "a2": CaseState.REJECTED}
    assert "beslut avslag skäl" in await office(town, "!ärende a1 beslut kanske")
    assert "Så här kan du skriva" in await office(town, "!ärende a1 till samsa")
    assert "Jag hittar inget ärende som heter a9" in await office(town, "!ärende a9")


@sqlite
async def test_a_proposal_follows_the_answer(town: Town) -> None:
    """An edit may take the wish away and renew it; what was declined is not proposed at each edit,
    and what was taken is the coordinator's."""
    w = town.world
    await w.until(OPENS)
    event = await wishes(town, "3, 4")
    assert states(w) == {"a1": "proposed", "a2": "proposed"}
    assert {case.wanted for case in cases(w)} == {Forum.SAMSA, Forum.BRA}
    await w.edits(town.rut, event, "3")
    assert states(w) == {"a1": "proposed", "a2": "dropped"}
    await w.edits(town.rut, event, "3, 4")
    assert states(w) == {"a1": "proposed", "a2": "proposed"}
    await office(town, "!ärende a1 avstå finns redan", "!ärende a2 ta Trafiken vid skolan")
    await w.edits(town.rut, event, "3, 4, 5")
    assert states(w) == {"a1": "dropped", "a2": "preparing"}
    await w.edits(town.rut, event, "1")
    await w.edits(town.rut, event, "3")
    assert states(w) == {"a1": "proposed", "a2": "preparing"}
    assert "tog tillbaka sitt önskemål" in await office(town, "!ärende a2")


@sqlite
async def test_a_withdrawn_answer_takes_its_proposals_back(town: Town) -> None:
    """So does deleting it; an answer that the coordinator entered proposes too."""
    w = town.world
    await w.until(OPENS)
    event = await wishes(town, "3")
    await w.deletes(town.rut, event)
    assert states(w) == {"a1": "dropped"}
    await w.says(town.kim, "!svara Biblioteket", room=OFFICE)
    await w.says(town.kim, "3", "3", "6", "Buskörning", "1", "1", "ändra 7", "4", "skicka")
    assert cases(w)[-1].title == "Biblioteket, oktober 2026: Trafik, A-traktor, buskörning"


@sqlite
async def test_a_rehearsal_proposes_nothing(town: Town) -> None:
    """Wishes of invented answers stay wishes."""
    w = town.world
    await w.says(town.kim, "!övning", room=OFFICE)
    await w.says(town.kim, "2", "3", "2", "Påhittat", "1", "1", "ändra 7", "3, 4", "skicka")
    assert "ÖVNING" in w.told(town.kim)[-2]
    assert cases(w) == []


@sqlite
async def test_what_is_proposed_stays_in_the_office(town: Town) -> None:
    """The rooms see what the coordinator has taken, under a title that names no unit."""
    w = town.world
    siri = w.person("Siri Samsa", (Role.READER_SAMSA, None))
    await w.until(OPENS)
    await wishes(town, "3, 4")
    for account, room in ((siri, SAMSA), (town.kim, BRA)):
        await w.says(account, "!ärende", room=room)
        assert "inga öppna ärenden" in w.last(room).text
        await w.says(account, "!ärende a1", room=room)
        assert "inget ärende som heter a1" in w.last(room).text
    await office(town, "!ärende a1 ta", "!ärende a2 avstå")
    await w.says(siri, "!ärende a2", room=SAMSA)
    assert "inget ärende som heter a2" in w.last(SAMSA).text
    await w.says(siri, "!ärende", room=SAMSA)
    assert rf"**{ABOUT} \(oktober 2026\)**" in w.last(SAMSA).text
    await w.says(siri, "!ärende a1", room=SAMSA)
    assert "lägesbilden för oktober 2026" in w.last(SAMSA).text
    assert "Björbo" not in w.last(SAMSA).text
    assert "Det här har hänt" not in w.last(SAMSA).text
    await w.says(siri, "!ärende a1 avsluta", room=SAMSA)
    assert "Det får bara samordnaren" in w.last(SAMSA).text
    await w.says(town.rut, "!ärende")
    assert "får du inte använda" in w.told(town.rut)[-1]


@sqlite
async def test_an_internal_answer_is_taken_only_under_a_title_of_ones_own(town: Town) -> None:
    """Its categories would otherwise leave the office with the case."""
    w = town.world
    await w.until(OPENS)
    await wishes(town, "4")
    await office(town, "!internt e1")
    assert "stannar hos dig" in await office(town, "!ärende a1")
    assert "märkt internt" in await office(town, "!ärende a1 till brå")
    assert "märkt internt" in await office(town, "!ärende a1 ta")
    await office(town, "!ärende a1 ta Trygghet på vägen till skolan")
    assert states(w) == {"a1": "preparing"}


@sqlite
async def test_an_assignment_is_taken_and_reported_by_who_has_it(town: Town) -> None:
    """A member takes it in the room; others may not report it, nor push them aside."""
    w = town.world
    bea = w.person("Bea BRÅ", (Role.READER_BRA, None))
    siri = w.person("Siri Samsa", (Role.READER_SAMSA, None))
    told = await office(town, "!uppdrag ny Fler vuxna ute\nfritidschefen\nv 50")
    assert "Klart senast söndag 13 december 2026 (v. 50)" in told
    await office(town, "!uppdrag ny Kartlägg klottret; gatuchefen; utan datum")
    await w.says(siri, "!uppdrag u1 rapportera Klart", room=SAMSA)
    assert "Bara den som har tagit uppdraget" in w.last(SAMSA).text
    await w.says(bea, "!uppdrag u1 ta", room=BRA)
    assert "Du har tagit `u1`" in w.last(BRA).text
    await w.says(siri, "!uppdrag u1 ta", room=SAMSA)
    assert "Någon annan har redan tagit" in w.last(SAMSA).text
    await w.says(bea, "!uppdrag u1 gult", room=BRA)
    assert "Det får bara samordnaren" in w.last(BRA).text
    assert "taget av Bea BRÅ" in await office(town, "!uppdrag u1")
    await w.says(siri, "!uppdrag u1", room=SAMSA)
    assert "Bea" not in w.last(SAMSA).text
    await w.says(bea, "!uppdrag u1 rapportera Två fältare är ute.", room=BRA)
    assert "**Bea BRÅ** har återrapporterat uppdraget `u1`" in w.last(OFFICE).text
    assert assignment(w).report == "Två fältare är ute."
    assert assignment(w).state is AssignmentState.REPORTED
    await w.says(bea, "!uppdrag", room=BRA)
    lines = w.last(BRA).text.splitlines()
    assert [line[2:6] for line in lines if line.startswith("- ")] == ["`u1`", "`u2`"]


@sqlite
async def test_an_assignment_is_followed_in_words(town: Town) -> None:
    """Levels, a moved day, a working group whose phases go forwards only, an end."""
    w = town.world
    await office(town, "!uppdrag ny Kartlägg klottret; gatuchefen; 15 november")
    told = await office(town, "!uppdrag u1 gult väntar på underlag")
    assert "gult – avviker från planen" in told
    assert assignment(w).level is Level.YELLOW
    told = await office(town, "!uppdrag u1 flytta torsdag 13 juni")
    assert "är inte en torsdag" in told
    told = await office(town, "!uppdrag u1 fas analysera")
    assert "har ingen arbetsgrupp" in told
    told = await office(town, "!uppdrag u1 grupp polis, socialtjänst, skola; 30 juni")
    assert "polis, socialtjänst och skola" in told
    assert "klar senast onsdag 30 juni 2027 (v. 26)" in told
    await office(town, "!uppdrag u1 fas analysera")
    assert "går bara framåt" in await office(town, "!uppdrag u1 fas kartlägga")
    assert "föreslår åtgärder" in await office(town, "!uppdrag u1 fas föreslå")
    assert "Så här kan du skriva" in await office(town, "!uppdrag u1 måla")
    assert "tillbakadraget" in await office(town, "!uppdrag u1 dra tillbaka behövs inte")
    assert "är redan *tillbakadraget*" in await office(town, "!uppdrag u1 gult")
    assert "pågår igen" in await office(town, "!uppdrag u1 öppna")


async def test_reminders_come_once_and_to_those_concerned(town: Town) -> None:
    """A week before to whoever has taken it; overdue to the office too; not after the report."""
    w = town.world
    bea = w.person("Bea BRÅ", (Role.READER_BRA, None))
    await office(town, "!uppdrag ny Fler vuxna ute; fritidschefen; 13 november")
    await office(town, "!uppdrag ny Kartlägg klottret; gatuchefen; 13 november")
    await office(town, "!uppdrag ny Ring polisen; chefen; 3 november")
    await w.says(bea, "!uppdrag u1 ta", room=BRA)
    w.sees(OFFICE)
    await w.until(at("2026-11-06 12:00"))
    assert "ska vara klart senast fredag 13 november 2026" in w.told(bea)[-1]
    late, untaken = [p.text for p in w.sees(OFFICE) if "Ansvar:" in p.text]
    assert "`u3` **Ring polisen** är försenat" in late, "given too late to be reminded before"
    assert "`u2` **Kartlägg klottret** ska vara klart" in untaken
    assert "Ingen har tagit det" in untaken
    await office(town, "!uppdrag u2 rapportera Klart")
    w.sees(OFFICE)
    await w.end()
    w.clock.instant = at("2026-11-18 07:00")  # past the day, early in the morning
    await w.restart()
    assert w.told(bea) == []
    await w.until(at("2026-11-19 12:00"))
    assert ["skulle ha varit klart" in text for text in w.told(bea)] == [True]
    overdue = [p.text for p in w.sees(OFFICE) if "är försenat" in p.text]
    assert ["`u1`" in text and "Bea BRÅ är påmind" in text for text in overdue] == [True]
    assert "**försenat**" in await office(town, "!uppdrag")


@sqlite
async def test_changes_are_taken_back(town: Town) -> None:
    """A new one is dropped, a changed one is as it was, with the case that it came from."""
    w = town.world
    await office(town, "!ärende ny Klotter", "!ångra")
    assert states(w) == {"a1": "dropped"}
    await office(town, "!ärende ny Trafik", "!ärende a2 ansvar polisen; 1 mars", "!ångra")
    assert (cases(w)[1].owner, cases(w)[1].due) == ("", None)
    await office(town, "!ärende a2 ansvar polisen; 1 mars", "!ärende a2 till brå")
    await office(town, "!ärende a2 beslut uppdrag Mät farten; polisen; 15 mars", "!ångra")
    assert states(w)["a2"] == "to_bra"
    assert cases(w)[1].due == date(2027, 3, 1)
    assert assignment(w).state is AssignmentState.WITHDRAWN
    await office(town, "!ärende a2 beslut uppdrag Mät farten; polisen; 15 mars")
    await office(town, "!uppdrag u2 grupp polis, skola", "!ångra")
    assert (assignment(w, 2).members, assignment(w, 2).phase) == ((), None)
    await office(town, "!uppdrag u2 avsluta", "!ångra")
    assert states(w)["a2"] == "ongoing"
    await office(town, f"!åtgärd ny {MEASURE}; u2", "!åtgärd t1 klar", "!ångra")
    row = w.runtime.database.now(lambda uow: uow.follow_ups.measures.get(1))
    assert (row.state, row.case_id) == (MeasureState.PLANNED, 2)


@sqlite
async def test_the_action_plan_has_brås_columns(town: Town) -> None:
    """Fields by semicolon or line, each row linked; the whole as a document in the office only."""
    w = town.world
    bea = w.person("Bea BRÅ", (Role.READER_BRA, None))
    await office(town, "!ärende ny Trafik", f"!åtgärd ny {MEASURE}; a1")
    lines = MEASURE.replace("situationell", "social").replace("; ", "\n")
    await office(town, f"!åtgärd ny\n{lines}")
    assert "Så här kan du skriva" in await office(town, "!åtgärd ny Mörkt; Ljus")
    assert "inget ärende som heter a9" in await office(town, f"!åtgärd ny {MEASURE}; a9")
    await w.says(bea, "!åtgärd", room=BRA)
    told = w.last(BRA).text
    names = ("Orsak", "Åtgärd", "Operativa mål", "När", "Vem", "Uppföljning")
    assert [told.index(f"**{name}:**") for name in names] == sorted(
        told.index(f"**{name}:**") for name in names
    )
    assert "Ny belysning (situationell)" in told
    assert "gatuchefen, Tekniska nämnden" in told
    await office(town, "!åtgärd t1 pågår", "!åtgärd t1 rött offerten är för dyr")
    await office(town, "!åtgärd t1 följ upp Halvvägs")
    told = await office(town, "!åtgärd t1")
    assert "rött – har stannat av eller behöver beslut" in told
    assert "**Senaste uppföljning:** Halvvägs" in told
    assert "**Ärende** `a1`: Trafik" in told
    await office(town, "!åtgärd t2 klar Lyser")
    assert "redan *genomförd*" in await office(town, "!åtgärd t2 gult")
    await w.says(bea, "!åtgärd pdf", room=BRA)
    assert "fungerar inte i det här rummet" in w.last(BRA).text
    await office(town, "!åtgärd pdf")
    paper = w.last(OFFICE).file
    assert paper is not None
    assert paper.name == "Åtgärdsplan 2026-10-30.pdf"
    pages = [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(paper.content)).pages]
    assert "Tekniska nämnden" in pages[0]
    assert "Halvvägs" in "".join(pages)


@sqlite
async def test_measures_are_reminded_of_in_the_office(town: Town) -> None:
    """They are a role's and nobody's own; one that is done is left alone."""
    w = town.world
    await office(town, f"!åtgärd ny {MEASURE.replace('15 mars', '13 november')}")
    await office(town, f"!åtgärd ny {MEASURE.replace('15 mars', '13 november')}", "!åtgärd t2 klar")
    w.sees(OFFICE)
    await w.until(at("2026-11-17 12:00"))
    told = [p.text for p in w.sees(OFFICE) if "Åtgärden `t" in p.text]
    assert ["är försenad" in text for text in told] == [False, True]
    assert all("`t1`" in text for text in told)


@sqlite
async def test_each_edition_has_what_its_room_may_read(town: Town) -> None:
    """Section 8: BRÅ sees what units propose, SAMSA what is taken; neither what is internal."""
    w = town.world
    await w.until(OPENS)
    await wishes(town, "3, 4")
    await w.says(town.bo, "2", "3", "6", "Buskörning", "1", "1", "ändra 7", "4", "skicka")
    assert len(cases(w)) == 3
    await office(town, "!internt e2", "!uppdrag ny Fler vuxna ute; fritidschefen; 15 mars")
    await w.until(at("2026-11-09 09:00"))
    result = next(p.text for p in w.sees(OFFICE) if "Nästa steg" in p.text)
    assert "3 föreslagna ärenden väntar" in result
    await office(town, "!sammanställ")
    found = w.runtime.database.now(lambda uow: uow.editions.previewed(1))
    bra, samsa = (edition.details for edition in found)  # BRÅ comes first
    line = "`u1` Fler vuxna ute: fritidschefen, senast måndag 15 mars 2027 (v. 11), pågår, grönt"
    assert line in bra
    assert line in samsa
    assert bra.count(TITLE) == 1
    assert "Biblioteket, oktober 2026" not in bra
    assert "oktober 2026:" not in samsa
    await office(town, "!uppdrag u1 avsluta")
    await office(town, "!publicera")
    assert "ändrats" not in w.last(OFFICE).text, "what is followed up is no answer"
    posted = [p.text for p in w.platform.rooms[SAMSA]]
    assert any(line in text for text in posted)
    standing = w.runtime.database.now(lambda uow: uow.cycles.submission(1, town.school))
    assert standing.state is SubmissionState.SUBMITTED


@sqlite
async def test_a_meetings_thread_makes_new_ones(town: Town) -> None:
    """There the words alone are enough, the notes have them, and undoing takes both back."""
    w = town.world
    meeting = w.runtime.database.now(
        lambda uow: uow.meetings.add(
            Meeting(
                uid="m1@bra.test",
                forum=Forum.BRA,
                starts_at=at("2026-10-30 13:00"),
                minutes=120,
                state=MeetingState.CALLED,
                called_at=at("2026-10-20 09:00"),
            )
        )
    )
    await w.until(meeting.starts_at)
    begun = w.runtime.database.now(lambda uow: uow.outbox.by_key("begin/m1"))
    assert begun is not None

    async def said(text: str) -> str:
        await w.says(town.kim, text, room=BRA, thread=begun.event_id)
        return w.last(BRA).text

    def noted() -> list[str]:
        notes = w.runtime.database.now(lambda uow: uow.meetings.notes_of(meeting))
        return [note.about for note in notes if not note.withdrawn]

    assert "Nytt uppdrag `u1`" in await said("!uppdrag Fler vuxna ute; fritidschefen; 15 mars")
    assert "Nytt ärende `a1`" in await said("!ärende Buskörning vid skolan")
    assert (assignment(w).meeting_id, cases(w)[0].meeting_id) == (meeting.id, meeting.id)
    assert noted() == ["u1", "a1"]
    await said("!ångra")
    assert noted() == ["u1"]
    assert states(w) == {"a1": "dropped"}
    assert "BRÅ fredag 30 oktober 2026" in await said("!uppdrag u1")


@sqlite
async def test_what_the_management_group_takes_up_stays_there(town: Town) -> None:
    """An assignment given at its meeting is in no other forum's list, and in neither edition."""
    w = town.world
    await office(town, "!uppdrag ny Se över jouren; kommundirektören; 15 mars")

    def give_to_management(uow: UnitOfWork) -> None:
        held = uow.meetings.add(
            Meeting(
                uid="l1@bra.test",
                forum=Forum.MANAGEMENT,
                starts_at=at("2026-10-01 13:00"),
                minutes=60,
                state=MeetingState.HELD,
            )
        )
        given = uow.follow_ups.assignments.get(1)
        uow.follow_ups.assignments.save(replace(given, meeting_id=held.id))

    w.runtime.database.now(give_to_management)
    await w.says(town.kim, "!uppdrag", room=BRA)
    assert "inga öppna uppdrag" in w.last(BRA).text
    await w.says(town.kim, "!uppdrag u1", room=BRA)
    assert "inget uppdrag som heter u1" in w.last(BRA).text
    assert "Se över jouren" in await office(town, "!uppdrag")


@sqlite
async def test_who_is_outside_the_chat_is_reminded_by_mail(town: Town) -> None:
    """The first line is the subject; nothing names a command that they can't give."""
    w = town.world
    await office(town, "!uppdrag ny Fler poliser ute; polisen; 13 november")
    w.outsider("Nils Närpolis", Role.READER_BRA, "polis")

    told = await office(town, "!uppdrag u1 ta Nils Närpolis")
    assert "Nils Närpolis har tagit `u1`" in told
    await w.until(at("2026-11-06 12:00"))
    row = w.runtime.database.now(
        lambda uow: uow.outbox.by_key("remind_due/u1/2026-11-13/before/mail")
    )
    assert row is not None
    assert row.subject == "Påminnelse om uppdrag: fredag 13 november 2026 (v. 46)"
    assert row.text.startswith("Hej Nils!")
    assert "!uppdrag" not in row.text

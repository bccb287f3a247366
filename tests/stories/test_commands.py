"""What each verb does in the turns that a month may take: early, late, for others, undone, anew."""

from datetime import timedelta

import pytest

from bot.domain.people import Holding, Role, Unit
from bot.outgoing import MOST_SIGNS
from bot.platforms.matrix.content import MAX_PLAIN_BYTES, check_size, text_content
from bot.platforms.matrix.transport import encode
from bot.ports import IncomingMessage, Kind, Text
from storage.unit_of_work import UnitOfWork
from tests.stories.conftest import Town
from tests.stories.world import BRA, OFFICE, SAMSA, at

OPENS = at("2026-11-02 09:00")

# What is told here does not depend on the database; the other stories run on both.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def _invited(room: str, account: str) -> IncomingMessage:
    """Make an invitation to somebody's direct room."""
    return IncomingMessage(
        event_id=f"invitation-{room}",
        room=room,
        sender=account,
        kind=Kind.INVITATION,
        is_direct=True,
    )


async def test_who_chose_english_is_answered_in_english(town: Town) -> None:
    """Refusals, prompts and privacy too; the rooms keep the municipality's language."""
    w = town.world
    await w.until(OPENS)
    await w.says(town.rut, "!språk english")
    assert "English" in w.told(town.rut)[-1]
    await w.says(town.rut, "!sammanställ", "!compile", "!absence 31 February", "19121212-1212")
    *refusals, date, privacy = w.told(town.rut)
    assert all("You may not use" in r or "may not" in r for r in refusals), refusals
    assert "date" in date
    assert "personal identity number" in privacy
    await w.says(town.rut, "!läget", room=OFFICE)
    assert "Lägesbild" in w.last(OFFICE).text
    await w.says(town.rut, "!språk klingonska")
    assert "svenska" in w.told(town.rut)[-1]
    await w.says(town.rut, "1", "2", "send")
    assert "Thank you" in w.told(town.rut)[-1]


async def test_undo_takes_back_each_thing_it_names(town: Town) -> None:
    """Absence, summary, language, unit, role, person and internal mark, each once."""
    w = town.world
    await w.until(OPENS)
    await w.says(town.rut, "1", "2", "skicka")
    w.sees(OFFICE)

    async def undone(command: str, expected: str) -> None:
        await w.says(town.kim, command, "!ångra", room=OFFICE)
        assert expected in w.last(OFFICE).text, command
        await w.says(town.kim, "!ångra", room=OFFICE)
        assert "inget att ångra" in w.last(OFFICE).text

    def units() -> list[Unit]:
        return list(w.runtime.database.now(lambda uow: uow.people.units()))

    before = units()
    everybody = w.runtime.database.now(lambda uow: uow.people.everybody())
    await undone("!frånvaro Bo Bibliotekarie: 3–6 november", "frånvaron är borttagen")
    await undone("!sammanfattning Lugnt.", "tidigare sammanfattningen")
    await undone("!språk english", "språket är som förut")
    await undone("!enhet ny Ridhuset; Kulturnämnden; Djurås", "enheten är som förut")
    await undone("!enhet ändra e2 Läshuset; Kulturnämnden; Djurås", "enheten är som förut")
    await undone("!enhet stäng e2", "enheten är som förut")
    await undone("!person ge p3 ersättare; Biblioteket", "rollen är som förut")
    await undone("!person ta @bo:bra.test rapportör; Biblioteket", "rollen är som förut")
    await undone("!person ny Eva; @eva:bra.test; läsare i BRÅ", "personen är som förut")
    await undone("!person avsluta Bo Bibliotekarie", "personen är som förut")
    await undone("!internt e1", "markeringen är som förut")
    assert units() == before
    assert w.runtime.database.now(lambda uow: uow.people.everybody()) == everybody
    status = next(p for p in w.platform.rooms[OFFICE] if "har svarat" in p.text and p.edits)
    assert "internt" not in status.text, "the live status shows it too"
    await w.says(town.kim, "!sammanfattning", room=OFFICE)
    assert "ingen sammanfattning" in w.last(OFFICE).text


async def test_undo_is_for_ten_minutes_and_for_oneself(town: Town) -> None:
    """Later, or by somebody else, nothing is taken back."""
    w = town.world
    await w.until(OPENS)
    await w.says(town.bo, "!frånvaro 1–15 december")
    await w.says(town.rut, "!ångra")
    assert "inget att ångra" in w.told(town.rut)[-1]
    w.clock.instant += timedelta(minutes=10)
    await w.says(town.bo, "!angra")
    assert "inget att ångra" in w.told(town.bo)[-1]


async def test_a_rehearsal_goes_all_the_way_and_touches_nothing_real(town: Town) -> None:
    """Prompts, preview and posting say ÖVNING and stay in the office; real numbers go on from 1."""
    w = town.world
    await w.says(town.kim, "!övning", room=OFFICE)
    assert "ÖVNING" in w.told(town.kim)[0]
    await w.says(town.kim, "!övning", room=OFFICE)
    assert "pågår redan" in w.last(OFFICE).text
    await w.says(town.kim, "1", "2", "skicka")
    receipt, following = w.told(town.kim)[-2:]
    assert "ÖVNING" in receipt
    assert "nummer" not in receipt.split("ÖVNING")[1].split("- **")[0]
    assert "Biblioteket" in following
    await w.says(town.kim, "3\n3\n1\nPåhittat bråk\n1", "räcker", "skicka")
    w.sees(OFFICE)
    await w.says(town.kim, "!sammanställ", "!publicera", room=OFFICE)
    posted = w.sees(OFFICE)
    assert all("ÖVNING" in p.text for p in posted if p.text.startswith("**Lägesbild"))
    assert any("ingen annanstans" in p.text for p in posted)
    assert w.sees(BRA) == w.sees(SAMSA) == []
    assert all(w.platform.direct.get(a) is None for a in (town.rut, town.bo, town.dan))
    await w.until(OPENS)
    assert "Björbo skola" in w.told(town.rut)[0]
    await w.says(town.rut, "1", "2", "skicka")
    assert "nummer 1" in w.told(town.rut)[-1].lower()
    await w.says(town.kim, "!läget e2", room=OFFICE)
    assert "Påhittat" not in w.last(OFFICE).text


async def test_an_unfinished_rehearsal_disturbs_nobody_and_stops_nothing(town: Town) -> None:
    """No reminders go out for it, the real round opens on its day, and ending it lets it go."""
    w = town.world
    w.clock.instant = at("2026-10-20 10:00")
    await w.says(town.kim, "!övning", room=OFFICE)
    await w.says(town.kim, "2", "2")
    await w.until(at("2026-11-02 08:59"))
    assert all(w.platform.direct.get(a) is None for a in (town.rut, town.bo, town.dan))
    await w.until(OPENS)
    [prompt] = w.told(town.rut)
    assert "ÖVNING" not in prompt
    await w.says(town.rut, "1", "2", "skicka")
    w.told(town.kim)
    await w.says(town.kim, "!övning slut", room=OFFICE)
    assert "slut" in w.last(OFFICE).text
    await w.says(town.kim, "5")
    assert "Det förstod jag inte" in w.told(town.kim)[-1], "its draft is gone"
    await w.says(town.kim, "!övning", room=OFFICE)
    assert "riktig omgång pågår" in w.last(OFFICE).text


async def test_an_early_answer_counts_and_spares_the_prompt(town: Town) -> None:
    """Answered on 30 October: no prompt, no reminder; the others are asked as usual."""
    w = town.world
    w.platform.add_room("!rut", {town.rut})
    await w.receives(_invited("!rut", town.rut))
    await w.says(town.rut, "!svara", "1", "2", "skicka", room="!rut")
    texts = [p.text for p in w.sees("!rut")]
    assert "i förväg" in texts[0]
    assert "Tack" in texts[-1]
    await w.until(at("2026-11-06 17:00"))
    assert w.sees("!rut") == []
    assert len(w.told(town.bo)) == 3
    await w.says(town.kim, "!läget", room=OFFICE)
    assert "**Grönt:** Björbo skola" in w.last(OFFICE).text


async def test_a_half_finished_early_answer_survives_the_opening(town: Town) -> None:
    """The prompt asks where the draft stopped; nothing written before is lost."""
    w = town.world
    w.platform.add_room("!rut", {town.rut})
    await w.receives(_invited("!rut", town.rut))
    await w.says(town.rut, "!svara", "2\n2\n2\nKlotter på gaveln", room="!rut")
    w.sees("!rut")
    await w.until(OPENS)
    [prompt] = w.sees("!rut")
    assert "Nu samlar jag in" in prompt.text
    assert "Hur ofta" in prompt.text
    await w.says(town.rut, "2", "1", room="!rut")
    assert "Klotter på gaveln" in w.last("!rut").text


async def test_a_late_answer_counts_and_is_marked(town: Town) -> None:
    """After the deadline, until publishing, with the mark in receipt and status."""
    w = town.world
    await w.until(at("2026-11-09 09:00"))
    await w.says(town.rut, "1", "2", "skicka")
    assert "märkt *sent*" in w.told(town.rut)[-1]
    await w.says(town.kim, "!läget", room=OFFICE)
    assert "Björbo skola \\(sent\\)" in w.last(OFFICE).text


@pytest.mark.parametrize("said", ["!svara för e2", "!svara För Biblioteket", "!respond for e2"])
async def test_the_coordinator_answers_for_a_unit(town: Town, said: str) -> None:
    """The form comes in the direct room; everywhere it says who entered it, also after an edit."""
    w = town.world
    await w.until(OPENS)
    w.told(town.bo)
    await w.says(town.kim, said, room=OFFICE)
    assert "skrivit till dig direkt om Biblioteket" in w.last(OFFICE).text
    first = await w.says(town.kim, "1")
    await w.says(town.kim, "2", "skicka")
    assert "inlagt av samordnaren" in w.told(town.kim)[-1]
    [told] = w.told(town.bo)
    assert "Kim Samordnare har svarat för Biblioteket" in told
    await w.edits(town.kim, first, "2")
    assert "inlagt av samordnaren" in w.told(town.kim)[-1]
    await w.says(town.kim, "!läget e2", room=OFFICE)
    assert "inlagt av samordnaren" in w.last(OFFICE).text


async def test_who_has_two_units_is_asked_in_turn(town: Town) -> None:
    """One prompt; the second unit follows the first receipt, whichever was answered first."""
    w = town.world
    tea = w.person("Tea Två", (Role.REPORTER, w.unit("Simhallen")))
    ridhuset = w.unit("Ridhuset")
    w.runtime.database.now(
        lambda uow: uow.people.give(
            uow.people.named("Tea Två").id, Holding(role=Role.REPORTER, unit_id=ridhuset)
        )
    )
    await w.until(OPENS)
    [prompt] = w.told(tea)
    assert "Simhallen och Ridhuset" in prompt
    await w.says(tea, "!svara")
    assert "Vilken enhet" in w.told(tea)[-1]
    await w.says(tea, "!svara Ridhuset", "1", "2", "skicka")
    *_, receipt, following = w.told(tea)
    assert "Ridhuset" in receipt
    assert "Nu gäller det **Simhallen**" in following, "what is asked next is shown"
    await w.says(tea, "1", "2", "skicka")
    assert "Simhallen" in w.told(tea)[-1]
    await w.says(tea, "1")
    assert "ingen fråga" in w.told(tea)[-1]


async def test_an_answer_withdrawn_may_be_given_again(town: Town) -> None:
    """It is awaited in between, and both the old and the new remain on record."""
    w = town.world
    await w.until(OPENS)
    first = await w.says(town.rut, "1")
    await w.says(town.rut, "2", "skicka")
    await w.deletes(town.rut, first)
    await w.says(town.kim, "!läget", room=OFFICE)
    assert "Björbo skola" in w.last(OFFICE).text.split("Väntar på")[1]
    await w.says(town.rut, "!svara", "2", "2", "5", "hoppa över", "hoppa över", "1", "skicka")
    assert "Gult" in w.told(town.rut)[-1]

    states = w.runtime.database.now(lambda uow: [state for _, state, _ in uow.cycles.versions(1)])
    assert states == ["submitted", "awaited", "submitted"]


async def test_a_correction_after_publishing_is_a_second_edition(town: Town) -> None:
    """The first one's message says that it is corrected; an internal answer stays out of both."""
    w = town.world
    await w.until(OPENS)
    await w.says(town.rut, "2\n2\n2\nHemligt klotter på gaveln\n1", "räcker", "skicka")
    await w.says(town.bo, "2\n2\n2\nSynligt klotter på väggen\n1", "räcker", "skicka")
    await w.until(at("2026-11-09 09:00"))
    await w.says(town.kim, "!internt e1", "!sammanställ", "!publicera", room=OFFICE)
    first = {room: w.sees(room) for room in (BRA, SAMSA)}
    await w.says(town.kim, "!svara för e2", room=OFFICE)
    await w.says(town.kim, "ändra 1", "3", "skicka")
    assert "inlagt av samordnaren" in w.told(town.kim)[-1]
    await w.says(town.kim, "!sammanställ", "!publicera", room=OFFICE)
    for room in (BRA, SAMSA):
        second = w.sees(room)
        assert len(second) == 4
        assert "Utgåva 2" in second[0].text
        assert first[room][0].edits == 1
        assert "Rättad" in first[room][0].text
        assert "Utgåva 2 längre ner" in first[room][0].text
        everything = "\n".join(p.text for p in w.platform.rooms[room])
        assert "Hemligt" not in everything
        assert ("Synligt" in everything) is (room == BRA)
    assert not any("Hemligt" in p.text for p in w.platform.rooms[OFFICE])


async def test_a_unit_added_in_mid_round_may_answer_and_is_counted(town: Town) -> None:
    """`!enhet ny` and `!person ny` are enough; the next round asks by itself."""
    w = town.world
    await w.until(OPENS)
    await w.says(
        town.kim,
        "!enhet ny Ridhuset; Kulturnämnden; Djurås",
        "!person ny Rita Ryttare; @rita:bra.test; rapportör; Ridhuset",
        "!läget",
        room=OFFICE,
    )
    assert "0 av 3" in w.last(OFFICE).text
    rita = "@rita:bra.test"
    w.platform.add_room("!rita", {rita})
    await w.receives(_invited("!rita", rita))
    await w.says(rita, "!svara", "1", "2", "skicka", room="!rita")
    assert "Tack" in w.last("!rita").text
    await w.says(town.kim, "!läget", room=OFFICE)
    assert "1 av 4" in w.last(OFFICE).text
    await w.until(at("2026-12-01 09:00"))
    assert "Ridhuset" in w.last("!rita").text


async def test_a_closed_unit_and_an_ended_person_may_come_back(town: Town) -> None:
    """By the same name and account; the person without the roles of before."""
    w = town.world
    await w.says(town.kim, "!enhet stäng e2", "!person avsluta Bo Bibliotekarie", room=OFFICE)
    w.sees(OFFICE)
    await w.says(
        town.kim,
        "!enhet ny biblioteket; Kulturnämnden; Djurås",
        "!person ny Bo B; @bo:bra.test; läsare i BRÅ",
        "!person ny Bo C; @bo:bra.test; läsare i BRÅ",
        "!enhet ändra e1 Biblioteket; Nämnden; Björbo",
        "!person",
        room=OFFICE,
    )
    unit, back, taken, twice, listed = (p.text for p in w.sees(OFFICE))
    assert "`e2`" in unit
    assert "är tillagd" in back
    assert "hör redan till någon" in taken
    assert "finns redan" in twice
    assert "**Bo B**: läsare i BRÅ" in listed.replace("\\", "")


async def test_cancelling_one_unit_shows_the_question_of_the_other(town: Town) -> None:
    """After "avbryt" what is written next never answers a question that was not shown."""
    w = town.world
    await w.until(OPENS)
    await w.says(town.kim, "!svara e1", "!svara e2", room=OFFICE)
    w.told(town.kim)
    await w.says(town.kim, "avbryt")
    gone, following = w.told(town.kim)
    assert "Biblioteket är borttaget" in gone
    assert "Nu gäller det **Björbo skola**" in following


async def test_what_the_chat_cannot_hold_ends_at_a_line_and_says_so(town: Town) -> None:
    """A list of many units is posted as far as it goes, and fits an encrypted event."""
    w = town.world

    def add(uow: UnitOfWork) -> None:
        for number in range(500):
            uow.people.save_unit(Unit(id=0, name=f"Skola {number}", board="KSN", place="Björbo"))

    w.runtime.database.now(add)
    await w.says(town.kim, "!enhet", room=OFFICE)
    told = w.last(OFFICE).text
    *_, line, end = [line for line in told.splitlines() if line]
    assert line.startswith("- ") and line.endswith("ingen rapportör")  # noqa: PT018
    assert "mer får inte plats" in end
    assert MOST_SIGNS - 200 < len(told) < MOST_SIGNS + 200
    check_size(encode(text_content("k", Text(markdown=told))), MAX_PLAIN_BYTES)

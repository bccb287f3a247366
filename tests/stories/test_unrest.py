"""Social unrest: for a while some units are asked more often, beside the month's round."""

import pytest

from bot.domain.cycle import CycleState
from bot.domain.people import Role
from tests.stories.conftest import Town
from tests.stories.world import BRA, MANAGEMENT, OFFICE, SAMSA, World, at

# What is told here does not depend on the database, but for the first story, told on both.
SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
STATE = "Hur är läget hos er just nu?"
MONTH = "Hur är läget hos er?"


async def begin(town: Town, words: str) -> None:
    """Begin a time of unrest, as the coordinator."""
    await town.world.says(town.kim, f"!oro {words}", "ja", room=OFFICE)


def prompts(texts: list[str]) -> list[str]:
    """Pick the questions of unrest."""
    return [text for text in texts if STATE in text and "Svara senast" in text]


def office(w: World) -> str:
    """Read what is new in the coordinator's room, as one text."""
    return "\n".join(posted.text for posted in w.sees(OFFICE))


async def test_high_over_the_end_of_a_month_while_the_months_round_opens(town: Town) -> None:
    """One person answers both forms, each in the middle of the other, and loses nothing."""
    w = town.world
    await begin(town, "hög till 6 november; Björbo; oro i centrum")
    [prompt] = w.told(town.rut)
    assert STATE in prompt
    await w.says(town.rut, "2", "Bråk vid affären", "1", "skicka")
    assert "Tack" in w.told(town.rut)[-1]
    await w.until(at("2026-11-02 09:00"))
    month, unrest = w.told(town.rut)
    assert MONTH in month
    assert STATE in unrest
    await w.says(town.rut, "3", "Slagsmål vid skolan", "2", "skicka")
    *_, receipt, again = w.told(town.rut)
    assert "Läget vid oro" in receipt
    assert "Nu fortsätter vi där du var" in again
    assert "oktober 2026" in again
    assert MONTH in again
    await w.says(town.rut, "2", "3", "Skadegörelse")
    assert "Vad har hänt" in w.told(town.rut)[-1]
    await w.until(at("2026-11-03 09:00"))
    [unrest] = w.told(town.rut)
    assert "Det du höll på med är sparat" in unrest
    await w.says(town.rut, "oförändrat", "ja")
    *_, receipt, again = w.told(town.rut)
    assert "inget nytt" in receipt
    assert "Vad har hänt" in again
    await w.says(town.rut, "Klotter vid ån", "skicka")
    assert "Klotter vid ån" in w.told(town.rut)[-1]
    await w.says(town.rut, "skicka")
    receipt = w.told(town.rut)[-1]
    assert "Oktober 2026" in receipt
    assert "Klotter vid ån" in receipt
    w.sees(OFFICE)
    await w.says(town.kim, "!läget", room=OFFICE)
    assert "oktober 2026" in office(w)
    await w.until(at("2026-11-06 17:00"))
    asked = w.runtime.database.now(lambda uow: uow.cycles.of_unrest(1))
    assert [(c.period.key, c.state) for c in asked] == [
        ("2026-10", CycleState.PUBLISHED),
        *[("2026-11", CycleState.PUBLISHED)] * 5,
    ]
    months = w.runtime.database.now(lambda uow: uow.cycles.all())
    assert [c.period.key for c in months] == ["2026-10"]
    numbers = w.runtime.database.now(
        lambda uow: [
            s.registry_number
            for c in [*uow.cycles.all(), *uow.cycles.of_unrest(1)]
            for s in uow.cycles.submissions(c.id)
            if s.registry_number
        ]
    )
    assert sorted(numbers) == [1, 2, 3, 4], "answers of both kinds share one register"


@SQLITE
async def test_it_is_read_back_before_anybody_hears_of_it(town: Town) -> None:
    """Level, last day with weekday and week, units by name, pace and first question; then a yes."""
    w = town.world
    w.management_room()
    await w.until(at("2026-11-10 10:00"))
    w.sees(OFFICE)
    w.told(town.rut)
    await w.says(
        town.kim, "!oro förhöjd till fredag 20 november; Björbo; bråk vid skolan", room=OFFICE
    )
    back = w.last(OFFICE).text
    for part in (
        *("fredag 20 november 2026 (v. 47)", "en gång i veckan", "nu direkt", "Björbo skola"),
        *("Fritidsgården", "bråk vid skolan", "*ja*"),
    ):
        assert part in back, part
    assert w.sees(BRA) == w.sees(SAMSA) == w.sees(MANAGEMENT) == []
    assert w.told(town.rut) == []
    await w.says(town.kim, "ja", room=OFFICE)
    for room in (BRA, SAMSA):
        [said] = w.sees(room)
        assert "förhöjt i Björbo till och med fredag 20 november" in said.text
        assert "bråk" not in said.text
    [told] = w.sees(MANAGEMENT)
    assert "bråk vid skolan" in told.text
    [prompt] = w.told(town.rut)
    assert STATE in prompt
    assert "förhöjt" in prompt
    assert "bråk" not in prompt
    assert "tisdag 10 november 2026 kl. 14.00" in prompt
    await w.says(town.kim, "!logg", room=OFFICE)
    assert "hanterade läget vid oro" in w.last(OFFICE).text


@SQLITE
async def test_elevated_asks_once_a_week_and_only_the_units_concerned(town: Town) -> None:
    """Each Tuesday for two weeks; a unit elsewhere hears nothing but the month's question."""
    w = town.world
    far = w.unit("Djuråsskolan", place="Djurås")
    disa = w.person("Disa Djurås", (Role.REPORTER, far))
    await w.until(at("2026-11-10 10:00"))
    w.told(town.rut), w.told(disa)
    await begin(town, "till 24 november; förhöjd; Björbo; rykten")
    days = []
    for day in ("10", "11", "13", "16", "17", "18", "23", "24", "27"):
        await w.until(at(f"2026-11-{day} 12:00"))
        days += [day] * len(prompts(w.told(town.rut)))
    assert days == ["10", "17", "24"]
    assert w.told(disa) == []


@SQLITE
async def test_what_is_said_reaches_the_management_group_when_it_is_approved(town: Town) -> None:
    """Figures, change, silence, need and own words: first in the office, then as they were seen."""
    w = town.world
    w.management_room()
    await w.until(at("2026-11-10 10:00"))
    await begin(town, "hög till 12 november; hela kommunen; oro")
    await w.says(town.rut, "2", "Bråk i korridoren", "1", "skicka")
    await w.says(town.bo, "1", "nej", "1", "skicka")
    w.sees(MANAGEMENT), w.sees(OFFICE)
    await w.until(at("2026-11-10 14:30"))
    assert w.sees(MANAGEMENT) == []
    first = office(w)
    assert "2 av 3 enheter har svarat" in first
    assert "Bråk i korridoren" in first
    assert "**Ej svarat:** Fritidsgården" in first
    await w.until(at("2026-11-11 09:00"))
    await w.says(town.rut, "3", "Slagsmål", "2 ring före kl 15", "skicka")
    await w.says(town.bo, "oförändrat", "ja")
    await w.until(at("2026-11-11 14:30"))
    w.sees(OFFICE)
    await w.says(town.kim, "!godkänn h2", room=OFFICE)
    [posted] = w.sees(MANAGEMENT)
    text = posted.text
    assert "**Björbo skola:** rött – sämre, gult förra gången" in text
    assert "**Biblioteket:** grönt – som förra gången" in text
    assert text.index("Björbo skola") < text.index("Biblioteket"), "the most serious first"
    assert "Samordnaren hör av sig" in text
    assert "Slagsmål" in text
    assert "Bråk i korridoren" not in text
    assert w.sees(BRA)[1:] == w.sees(SAMSA)[1:] == []


@SQLITE
async def test_late_answers_count_until_the_next_question(town: Town) -> None:
    """After 14.00 they are marked late and compiled anew when asked; then the question is over."""
    w = town.world
    await w.until(at("2026-11-10 10:00"))
    await begin(town, "hög till 12 november; e1; oro")
    await w.until(at("2026-11-10 15:00"))
    event = await w.says(town.rut, "2")
    await w.says(town.rut, "Stökigt", "1", "skicka")
    assert "märkt *sent*" in w.told(town.rut)[-1]
    w.sees(OFFICE)
    await w.says(town.kim, "!oro rapport", room=OFFICE)
    assert "Stökigt" in office(w)
    await w.until(at("2026-11-11 09:00"))
    w.told(town.rut)
    await w.edits(town.rut, event, "3")
    assert "tar inte emot svar längre" in w.told(town.rut)[-1]


@SQLITE
async def test_a_draft_that_was_never_sent_gives_way_to_the_next_question(town: Town) -> None:
    """It is removed and said so; what is written next belongs to the new question."""
    w = town.world
    await w.until(at("2026-11-10 10:00"))
    await begin(town, "hög till 12 november; Björbo skola; oro")
    await w.says(town.rut, "2")
    await w.until(at("2026-11-11 09:00"))
    assert "aldrig och är borttaget" in w.told(town.rut)[-1]
    await w.says(town.rut, "1", "nej", "nej", "skicka")
    assert "Grönt" in w.told(town.rut)[-1]


@SQLITE
async def test_an_answer_can_be_asked_for_changed_and_entered_for_others(town: Town) -> None:
    """`!svara` takes the question that is owed, `!svara oro` the one that is answered already."""
    w = town.world
    await w.until(at("2026-11-10 10:00"))
    await begin(town, "hög till 12 november; e1, e2; oro")
    await w.says(town.rut, "avbryt", "!svara")
    assert STATE in w.told(town.rut)[-1]
    await w.says(town.rut, "inget att rapportera")
    assert STATE in w.told(town.rut)[-1]
    await w.says(town.rut, "1\nnej\nnej", "skicka", "!svara oro")
    assert "läget vid oro" in w.told(town.rut)[-1]
    await w.says(town.rut, "ändra 1", "3", "skicka")
    assert "Rött" in w.told(town.rut)[-1]
    await w.says(town.rut, "!svara")
    assert "oktober 2026" in w.told(town.rut)[-1]
    await w.says(town.kim, "!svara oro Biblioteket", room=OFFICE)
    assert STATE in w.told(town.kim)[-1]
    await w.says(town.kim, "1", "nej", "nej", "skicka")
    assert "inlagt av samordnaren" in w.told(town.kim)[-1]
    await w.says(town.frida, "!svara oro")
    assert "ingen fråga om oro" in w.told(town.frida)[-1]
    w.told(town.bo)
    await w.says(town.bo, "!svara oro")
    assert "läget vid oro" in w.told(town.bo)[-1]


@SQLITE
async def test_who_reports_for_two_units_is_asked_about_both_before_going_on(town: Town) -> None:
    """One prompt, one unit after the other; then the month's form, where it was."""
    w = town.world
    berta = w.person("Berta Båda", (Role.REPORTER, town.library), (Role.REPORTER, town.centre))
    await w.until(at("2026-11-02 09:00"))
    await w.says(berta, "2", "3")
    w.told(berta)
    await begin(town, "hög till 6 november; e2, e3; oro")
    [prompt] = w.told(berta)
    assert "Biblioteket och Fritidsgården, en i taget" in prompt
    await w.says(berta, "1\nnej\nnej", "skicka")
    assert "Nu gäller det **Fritidsgården** (läget vid oro)" in w.told(berta)[-1]
    await w.says(town.frida, "2\nStökigt\nnej", "skicka")
    told, again = w.told(berta)
    assert "Frida Fritid har svarat för Fritidsgården om läget vid oro" in told
    assert "Nu fortsätter vi där du var: **Biblioteket** (oktober 2026)" in again
    assert "Vad handlar det om?" in again


@SQLITE
async def test_it_is_renewed_after_a_word_the_day_before_it_ends(town: Town) -> None:
    """The office hears a working day ahead; a later end is read back, told, and kept to."""
    w = town.world
    await w.until(at("2026-11-10 10:00"))
    await begin(town, "förhöjd till söndag 15 november; Björbo; oro")
    w.sees(OFFICE), w.sees(BRA), w.told(town.rut)
    await w.until(at("2026-11-13 10:00"))
    assert "slutar söndag 15 november 2026" in office(w)
    await w.says(town.kim, "!oro förläng till 30 november", room=OFFICE)
    assert "senast fredag 27 november" in office(w)
    await w.says(town.kim, "!oro förläng till 14 november", room=OFFICE)
    assert "gäller redan till och med söndag 15 november" in office(w)
    await w.says(town.kim, "!oro förläng till fredag 20 november", "ja", room=OFFICE)
    assert "nu till och med fredag 20 november" in w.sees(BRA)[-1].text
    assert "fortsatt" in w.told(town.rut)[-1]
    await w.until(at("2026-11-20 15:59"))
    assert len(prompts(w.told(town.rut))) == 1
    assert w.sees(BRA) == []
    await w.until(at("2026-11-20 16:00"))
    assert "inte förhöjt längre" in w.sees(BRA)[-1].text


@SQLITE
async def test_it_returns_by_itself_and_the_months_go_on(town: Town) -> None:
    """The same rooms and the units are told; then nothing but the month's round is left."""
    w = town.world
    w.management_room()
    await w.until(at("2026-11-10 10:00"))
    await begin(town, "hög till söndag 15 november; Björbo; oro")
    await w.says(town.bo, "1")
    for room in (OFFICE, BRA, SAMSA, MANAGEMENT):
        w.sees(room)
    await w.until(at("2026-11-15 23:00"))
    w.told(town.rut)
    assert w.sees(BRA) == []
    await w.until(at("2026-11-16 08:00"))
    for room in (OFFICE, BRA, SAMSA, MANAGEMENT):
        assert "inte högt längre" in "".join(p.text for p in w.sees(room)), room
    assert "Tack för hjälpen" in w.told(town.rut)[-1]
    assert w.runtime.database.now(lambda uow: uow.cycles.current(1)) is None
    w.sees(OFFICE)
    await w.says(town.kim, "!oro", room=OFFICE)
    assert "en gång i månaden" in office(w)
    await w.until(at("2026-12-01 09:00"))
    [month] = w.told(town.rut)
    assert "november 2026" in month


@SQLITE
async def test_it_can_be_ended_early_and_what_had_come_in_is_shown(town: Town) -> None:
    """A yes is needed; open questions close, and who was in one is led back to the month's form."""
    w = town.world
    await w.until(at("2026-11-02 09:00"))
    await w.says(town.rut, "2", "3")
    await begin(town, "hög till 10 november; e1, e2; oro")
    await w.says(town.bo, "3", "Inbrott", "1", "skicka")
    await w.says(town.rut, "2")
    w.sees(OFFICE), w.told(town.rut)
    await w.says(town.kim, "!oro slut lugnt igen", room=OFFICE)
    assert "Stämmer det?" in w.last(OFFICE).text
    assert w.told(town.rut) == []
    await w.says(town.kim, "ja", room=OFFICE)
    said = office(w)
    assert "Inbrott" in said
    assert "avslutade det i förtid" in said
    assert "lugnt igen" in said
    told, again = w.told(town.rut)
    assert "inga fler frågor" in told
    assert "Vad handlar det om?" in again
    await w.until(at("2026-11-03 12:00"))
    assert prompts(w.told(town.rut)) == []


@SQLITE
async def test_three_days_of_downtime_are_not_asked_for_afterwards(town: Town) -> None:
    """The open question is closed, the missed ones are let be, the newest is asked, late."""
    w = town.world
    await w.until(at("2026-11-09 10:00"))
    await begin(town, "hög till 16 november; Björbo skola; oro")
    await w.says(town.rut, "2", "Bråk", "1", "skicka")
    w.told(town.rut), w.sees(OFFICE)
    await w.end()
    w.clock.instant = at("2026-11-12 10:30")
    await w.restart()
    await w.until(at("2026-11-12 11:00"))
    [prompt] = w.told(town.rut)
    assert "senare än planerat" in prompt
    assert "torsdag 12 november 2026 kl. 14.00" in prompt
    assert "Bråk" in office(w), "the question from before the pause is compiled"
    asked = w.runtime.database.now(lambda uow: uow.cycles.of_unrest(1))
    assert len(asked) == 2
    await w.end()
    w.clock.instant = at("2026-11-18 20:00")
    await w.restart()
    assert w.told(town.rut) == [], "not in the evening"
    await w.until(at("2026-11-19 08:00"))
    [over] = w.told(town.rut)
    assert "inte högt längre" in over


@SQLITE
async def test_a_missed_weekly_question_is_asked_later_the_same_week(town: Town) -> None:
    """Weeks are too long to skip: after downtime it goes out the next working hours."""
    w = town.world
    await w.until(at("2026-11-09 10:00"))
    await begin(town, "förhöjd till 20 november; Björbo skola; oro")
    w.told(town.rut)
    await w.end()
    w.clock.instant = at("2026-11-17 15:00")
    await w.restart()
    await w.until(at("2026-11-17 15:10"))
    [prompt] = prompts(w.told(town.rut))
    assert "onsdag 18 november 2026 kl. 14.00" in prompt


@SQLITE
async def test_the_level_is_raised_and_lowered_without_asking_twice_a_day(town: Town) -> None:
    """Raised before 13.00 today's question goes out at once; the end stays as it was."""
    w = town.world
    await w.until(at("2026-11-09 10:00"))
    await begin(town, "förhöjd till 20 november; Björbo skola; oro")
    await w.until(at("2026-11-11 11:00"))
    w.told(town.rut), w.sees(OFFICE), w.sees(SAMSA)
    await w.says(town.kim, "!oro förhöjd", room=OFFICE)
    assert "redan förhöjt" in office(w)
    await w.says(town.kim, "!oro hög", "ja", room=OFFICE)
    assert "Läget är högt i" in w.sees(SAMSA)[-1].text or "högt vid" in w.last(SAMSA).text
    await w.until(at("2026-11-11 11:05"))
    told = w.told(town.rut)
    assert "nu högt" in told[0]
    assert len(prompts(told)) == 1
    await w.until(at("2026-11-12 11:00"))
    assert len(prompts(w.told(town.rut))) == 1
    await w.says(town.kim, "!oro förhöjd r1", "ja", room=OFFICE)
    await w.until(at("2026-11-16 08:59"))
    assert prompts(w.told(town.rut)) == []
    await w.until(at("2026-11-16 09:00"))
    assert len(prompts(w.told(town.rut))) == 1


@SQLITE
async def test_two_times_of_unrest_for_different_units(town: Town) -> None:
    """A unit is in one at most; with two running, one must say which."""
    w = town.world
    await w.until(at("2026-11-09 10:00"))
    await begin(town, "förhöjd till 20 november; Björbo skola; oro")
    w.sees(OFFICE)
    await w.says(town.kim, "!oro hög till 20 november; Björbo; mer oro", room=OFFICE)
    assert "redan förhöjt för Björbo skola (r1)" in office(w)
    await begin(town, "hög till 20 november; Biblioteket och Fritidsgården; mer oro")
    w.sees(OFFICE)
    await w.says(town.kim, "!oro", room=OFFICE)
    both = office(w)
    assert "r1" in both
    assert "r2" in both
    await w.says(town.kim, "!oro slut", room=OFFICE)
    assert "mer än en tid av oro" in office(w)
    await w.says(town.kim, "!oro slut r2", "ja", room=OFFICE)
    await w.says(town.kim, "!oro slut r2", "!oro slut r9", room=OFFICE)
    said = office(w)
    assert "redan slut" in said
    assert "*r9*" in said
    running = w.runtime.database.now(lambda uow: uow.unrests.running())
    assert [unrest.id for unrest in running] == [1]


@SQLITE
async def test_who_may_begin_it(town: Town) -> None:
    """The coordinator and the management group; reporters and SAMSA's readers are refused."""
    w = town.world
    w.management_room()
    sam = w.person("Sam Förening", (Role.READER_SAMSA, None))
    lena = w.person("Lena Ledning", (Role.READER_MANAGEMENT, None))
    w.platform.members[SAMSA].add(sam)
    await w.until(at("2026-11-10 10:00"))
    w.told(town.rut), w.sees(SAMSA)
    order = "!oro hög till 12 november; Björbo; oro"
    await w.says(town.rut, order)
    assert "får du inte" in w.told(town.rut)[-1]
    await w.says(sam, order, room=SAMSA)
    assert all("Så här läser jag det" not in p.text for p in w.sees(SAMSA))
    assert w.runtime.database.now(lambda uow: uow.unrests.running()) == []
    await w.says(lena, order, "ja", room=MANAGEMENT)
    [unrest] = w.runtime.database.now(lambda uow: uow.unrests.running())
    assert unrest.area == "Björbo"
    assert "Lena Ledning" in office(w)


@SQLITE
@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("hög; Björbo; oro", "sista dag"),
        ("hög till 12 november; förhöjd; Björbo; oro", "bara en av dem"),
        ("till 12 november; Björbo; oro", "nivå"),
        ("hög till 12 november; till 13 november; Björbo; oro", "bara en"),
        ("hög till 12 november; Björbo", "Det behövs ett skäl"),
        ("hög till 12 november; bråk vid skolan", "område"),
        ("hög till 12 november; Atlantis; oro", "Atlantis"),
        ("hög till torsdag 13 november; Björbo; oro", "är inte en torsdag"),
        ("hög till 9 november; Björbo; oro", "tisdag 24 november"),
        ("hög till 25 november; Björbo; oro", "tisdag 24 november"),
        (f"hög till 12 november; Björbo; {'oro ' * 100}", "300"),
        ("sådär", "nivå"),
    ],
)
async def test_what_does_not_fit_is_refused_with_an_example(
    town: Town, words: str, answer: str
) -> None:
    """Each refusal says what is wrong; nothing begins, and nobody else hears."""
    w = town.world
    w.clock.instant = at("2026-11-10 10:00")
    await w.says(town.kim, f"!oro {words}", "ja", room=OFFICE)
    said = office(w)
    assert answer in said, said
    assert w.runtime.database.now(lambda uow: uow.unrests.running()) == []
    assert w.sees(BRA) == []


@SQLITE
async def test_without_management_room_the_preview_says_so(town: Town) -> None:
    """Nothing fails; the coordinator sees that the paper has nowhere to go."""
    w = town.world
    await w.until(at("2026-11-10 10:00"))
    await begin(town, "hög till 10 november; Björbo; oro")
    await w.until(at("2026-11-10 14:00"))
    said = office(w)
    assert "0 av 3 enheter har svarat" in said
    assert "rum" in said
    await w.says(town.kim, "!oro hög till 10 november; e1; oro", room=OFFICE)
    assert "r1" in office(w)


@SQLITE
async def test_a_reason_that_may_point_out_somebody_is_remarked_on(town: Town) -> None:
    """The read-back says so before anything is posted; the words may be said anew."""
    w = town.world
    w.clock.instant = at("2026-11-10 10:00")
    await w.says(town.kim, "!oro hög till 12 november; e1; rykten om Kalle Karlsson", room=OFFICE)
    assert "personnamn" in office(w)
    await w.says(town.kim, "nej", room=OFFICE)
    assert w.runtime.database.now(lambda uow: uow.unrests.running()) == []


@SQLITE
async def test_a_last_day_too_near_for_any_question_is_refused(town: Town) -> None:
    """After 13.00 the first question waits for the next working day, so today is no end."""
    w = town.world
    w.clock.instant = at("2026-11-10 13:30")
    await w.says(town.kim, "!oro hög till idag; Björbo; oro", room=OFFICE)
    assert "onsdag 11 november 2026 kl. 09.00" in office(w)

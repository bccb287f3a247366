"""The month, as each person sees it. Read this file to know what the product does."""

from bot.domain.people import Role
from tests.stories.conftest import Town
from tests.stories.world import BRA, OFFICE, SAMSA, at


async def test_a_normal_month_takes_three_words_and_two_messages(town: Town) -> None:
    """Who answers at once sees the prompt, the next question, a gate and a receipt."""
    w = town.world
    await w.until(at("2026-11-02 09:00"))
    [prompt] = w.told(town.rut)
    assert "Björbo skola" in prompt
    assert "oktober 2026" in prompt
    assert "fredag 6 november 2026 kl. 16.00" in prompt
    await w.says(town.rut, "1", "2", "skicka")
    *_, receipt = w.told(town.rut)
    assert "Grönt" in receipt
    assert "allmän handling" in receipt
    await w.until(at("2026-11-09 12:00"))
    assert w.told(town.rut) == [], "who has answered is left in peace"


async def test_who_answers_in_one_message_sees_two_messages_a_month(town: Town) -> None:
    """The prompt and the receipt, and nothing more."""
    w = town.world
    await w.until(at("2026-11-02 09:00"))
    await w.says(town.bo, "1\n2\nskicka")
    await w.until(at("2026-11-30 12:00"))
    prompt, receipt = w.told(town.bo)
    assert "Biblioteket" in prompt
    assert "Tack" in receipt


async def test_everything_in_one_message(town: Town) -> None:
    """One answer a line goes straight to the review."""
    w = town.world
    await w.until(at("2026-11-02 09:00"))
    await w.says(
        town.frida,
        "2\n3\n1, 5\nBråk vid ån två kvällar\n2\nBjörbo\n3\nPratat med föräldrar\n2\nHalloween",
    )
    review = w.told(town.frida)[-1]
    assert "Bråk vid ån två kvällar" in review
    await w.says(town.frida, "skicka")
    assert "Tack" in w.told(town.frida)[-1]


async def test_reminders_only_to_those_who_owe(town: Town) -> None:
    """Day 3 and day 4 name what is missing; the deputy is asked on day 4; nobody else hears."""
    w = town.world
    await w.until(at("2026-11-02 09:00"))
    await w.says(town.bo, "1", "2", "skicka")
    w.told(town.bo), w.told(town.rut)
    await w.until(at("2026-11-04 10:00"))
    assert w.told(town.bo) == []
    [first] = w.told(town.rut)
    assert "Björbo skola" in first
    assert w.told(town.dan) == []
    await w.until(at("2026-11-05 10:00"))
    assert len(w.told(town.rut)) == 1
    [asked] = w.told(town.dan)
    assert "Björbo skola" in asked
    await w.says(town.dan, "1", "2", "skicka")
    assert any("Dan" in text for text in w.told(town.rut)), "colleagues see who answered"
    await w.until(at("2026-11-09 12:00"))
    assert w.told(town.rut) == []


async def test_the_report_is_previewed_and_what_was_approved_is_posted(town: Town) -> None:
    """Both rooms get ten lines, PDF and picture; the bytes are those that were previewed."""
    w = town.world
    await w.until(at("2026-11-02 09:00"))
    for account in (town.rut, town.bo):
        await w.says(account, "1", "2", "skicka")
    await w.until(at("2026-11-09 09:00"))
    w.sees(OFFICE)
    await w.says(town.kim, "!sammanfattning Lugn månad i hela kommunen.", room=OFFICE)
    await w.says(town.kim, "!sammanställ", room=OFFICE)
    preview, *parts = [p for p in w.sees(OFFICE) if "sammanfattning" not in p.text.lower()][-11:]
    assert w.sees(BRA) == []
    root = next(p for p in w.platform.rooms[OFFICE] if p.text.startswith(preview.text[:20]))
    await w.reacts(town.kim, "✅", root.event_id, room=OFFICE)
    for room in (BRA, SAMSA):
        posted = w.sees(room)
        assert "Lugn månad i hela kommunen" in posted[0].text
        files = [p.file for p in posted if p.file]
        assert [f.media_type for f in files] == ["application/pdf", "image/png"]
        seen = {p.file.content for p in parts if p.file}
        assert {f.content for f in files} <= seen
    await w.until(at("2026-12-01 09:00"))
    prompt = w.told(town.rut)[-1]
    assert "BRÅ" in prompt.splitlines()[0], "the first line says how the answers were used"


async def test_an_answer_changed_after_the_preview_is_asked_about_once(town: Town) -> None:
    """Publishing asks; compiling again takes the change in."""
    w = town.world
    await w.until(at("2026-11-02 09:00"))
    await w.says(town.rut, "1", "2", "skicka")
    await w.until(at("2026-11-09 09:00"))
    await w.says(town.kim, "!sammanställ", room=OFFICE)
    await w.says(town.bo, "3", "3")
    await w.says(town.bo, "2", "Skadegörelse", "1", "racker", "skicka")
    w.sees(OFFICE)
    await w.says(town.kim, "!publicera", room=OFFICE)
    assert w.sees(BRA) == []
    assert any("ändrats" in p.text for p in w.sees(OFFICE))
    await w.says(town.kim, "!publicera", room=OFFICE)
    assert len(w.sees(BRA)) == 4


async def test_a_personal_identity_number_is_refused_everywhere(town: Town) -> None:
    """The message is not acted on, nothing of it is stored, and the right road is named."""
    w = town.world
    await w.until(at("2026-11-02 09:00"))
    w.told(town.rut)
    await w.says(town.rut, "Pelle 19121212-1212 slogs")
    [refusal] = w.told(town.rut)
    assert "orosanmälan" in refusal
    stored = w.runtime.database.now(
        lambda uow: [uow.inbox.take(n).text for n in range(1, 50) if uow.inbox.take(n)]
    )
    assert not any("1212" in text for text in stored)


async def test_editing_changes_and_deleting_withdraws(town: Town) -> None:
    """The receipt shows the new text; a deleted answer is awaited again."""
    w = town.world
    await w.until(at("2026-11-02 09:00"))
    first = await w.says(town.bo, "1")
    await w.says(town.bo, "2", "skicka")
    w.told(town.bo)
    await w.edits(town.bo, first, "2")
    assert "Gult" in w.told(town.bo)[-1]
    await w.deletes(town.bo, first)
    assert "tillbakataget" in w.told(town.bo)[-1]


async def test_downtime_over_the_opening_is_made_up_for(town: Town) -> None:
    """A week away over the first: the round opens late, says so, and the deadline moves along."""
    w = town.world
    await w.end()
    w.clock.instant = at("2026-11-07 11:00")  # a Saturday
    await w.restart()
    assert w.told(town.rut) == [], "nobody is asked at a weekend"
    await w.until(at("2026-11-09 08:30"))
    [prompt] = w.told(town.rut)
    assert "fredag 13 november 2026 kl. 16.00" in prompt


async def test_absence_hands_the_duty_to_the_deputy(town: Town) -> None:
    """The deputy is asked instead, and the reporter is left in peace."""
    w = town.world
    await w.says(town.kim, "!frånvaro Rut Rektor: 1–15 november", room=OFFICE)
    await w.until(at("2026-11-02 09:00"))
    assert w.told(town.rut) == []
    assert "Björbo skola" in w.told(town.dan)[-1]


async def test_a_stranger_and_an_onlooker_change_nothing(town: Town) -> None:
    """Commands without the right are refused with who may; strangers are not answered."""
    w = town.world
    await w.until(at("2026-11-02 09:00"))
    await w.says("@stranger:bra.test", "!sammanställ", room=BRA)
    assert w.sees(BRA) == []
    w.told(town.rut)
    await w.says(town.rut, "!sammanställ")
    assert "samordnare" in w.told(town.rut)[-1]


async def test_a_correction_does_not_show_by_subtraction_what_one_unit_said(town: Town) -> None:
    """Edition 2 for SAMSA, with one unit changed, holds no figures; BRÅ's does."""
    w = town.world
    for number in range(4):
        w.person(f"Rapport{number} Extra", (Role.REPORTER, w.unit(f"Skola {number}")))
    await w.until(at("2026-11-02 09:00"))
    for number in range(4):
        await w.says(f"@rapport{number}:bra.test", "2\n2\n1\n-\n-\nskicka", "skicka")
    await w.until(at("2026-11-09 09:00"))
    for command in ("!sammanställ", "!publicera"):
        await w.says(town.kim, command, room=OFFICE)
    assert "Narkotika" in w.sees(SAMSA)[-1].text
    w.sees(BRA)
    await w.says(town.kim, "!svara e1", room=OFFICE)
    await w.says(town.kim, "3\n3\n1, 6\n-\n-\nracker", "skicka")
    for command in ("!sammanställ", "!publicera"):
        await w.says(town.kim, command, room=OFFICE)
    samsa, bra = w.sees(SAMSA), w.sees(BRA)
    assert "utgåva 2" in samsa[0].text.lower()
    assert [p.text for p in samsa if "Narkotika" in p.text] == []
    assert any("Narkotika" in p.text for p in bra)
    assert "Rättad" in w.platform.rooms[SAMSA][0].text


async def test_a_look_at_the_report_does_not_stop_the_round(town: Town) -> None:
    """Compiling while the round is open leaves reminders, deputy and closing as they were."""
    w = town.world
    await w.until(at("2026-11-02 09:00"))
    await w.says(town.kim, "!sammanställ", room=OFFICE)
    w.told(town.rut)
    await w.until(at("2026-11-09 12:00"))
    assert len(w.told(town.rut)) == 2
    assert len(w.told(town.dan)) == 1
    assert any("är stängd" in p.text for p in w.sees(OFFICE))
    await w.says(town.kim, "!publicera", room=OFFICE)
    assert len(w.sees(BRA)) == 4

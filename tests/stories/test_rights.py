"""Who may do what, from which room, and by which sign; and who is not answered at all."""

import pytest

from bot.domain.people import Forum, Role
from bot.ports import IncomingMessage, Kind
from tests.stories.conftest import Town
from tests.stories.world import BRA, OFFICE, SAMSA, at

# What is told here does not depend on the database; the other stories run on both.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def message(
    number: int,
    room: str,
    sender: str,
    text: str,
    *,
    mentions: bool = True,
    reply: str | None = None,
) -> IncomingMessage:
    """Make a message that mentions the bot."""
    return IncomingMessage(
        event_id=f"$mention{number}",
        room=room,
        sender=sender,
        kind=Kind.MESSAGE,
        text=text,
        target=reply,
        mentions_me=mentions,
    )


async def test_each_verb_is_refused_to_a_reporter_with_who_may(town: Town) -> None:
    """A refusal names the roles that may, and nothing happens."""
    w = town.world
    await w.until(at("2026-11-02 09:00"))
    w.sees(OFFICE)
    for command, who in (
        ("!sammanställ", "samordnare"),
        ("!publicera", "samordnare"),
        ("!sammanfattning Lugnt.", "samordnare"),
        ("!påminn", "samordnare"),
        ("!internt e1", "samordnare"),
        ("!öppna", "samordnare"),
        ("!stäng", "samordnare"),
        ("!övning", "samordnare"),
        ("!enhet", "administratör"),
        ("!person", "administratör"),
        ("!rum bra", "administratör"),
        ("!hälsa", "administratör"),
        ("!logg", "administratör"),
    ):
        w.told(town.rut)
        await w.says(town.rut, command)
        [refusal] = w.told(town.rut)
        assert "får du inte använda" in refusal
        assert who in refusal
    for command in ("!svara e2", "!läget e2", "!frånvaro Bo Bibliotekarie: 1–15 december"):
        await w.says(town.rut, command)
        [refusal] = w.told(town.rut)
        assert "svarar inte för" in refusal or "Bara samordnaren" in refusal
    assert w.sees(OFFICE) == []


async def test_who_has_no_role_is_told_so_and_a_stranger_nothing(town: Town) -> None:
    """A known person without roles learns whom to ask; an unknown one gets silence everywhere."""
    w = town.world
    nils = w.person("Nils Ny")
    w.platform.add_room("!nils", {nils})
    await w.platform.happens(
        w.runtime.mailbox, "!nils", nils, "", kind=Kind.INVITATION, is_direct=True
    )
    await w.settle()
    await w.says(nils, "!läget", room="!nils")
    [told] = w.sees("!nils")
    assert "ingen roll" in told.text
    w.platform.add_room("!stranger", {"@x:y.test"})
    await w.says("@x:y.test", "hej", "!hjälp", "!sammanställ", room="!stranger")
    for room in (OFFICE, BRA):
        await w.says("@x:y.test", "!hjälp", room=room)
    assert w.sees("!stranger") == w.sees(BRA) == []


async def test_an_onlookers_sign_approves_nothing(town: Town) -> None:
    """✅ counts from a coordinator, once, on the bot's current preview in the office only."""
    w = town.world
    rea = w.person("Rea Läsare", (Role.READER_BRA, None))
    lars = w.person("Lars Ersättare", (Role.SUBSTITUTE, None))
    await w.until(at("2026-11-02 09:00"))
    await w.says(town.rut, "1", "2", "skicka")
    await w.until(at("2026-11-09 09:00"))
    await w.says(town.kim, "!sammanställ", room=OFFICE)
    preview = next(p for p in w.platform.rooms[OFFICE] if "Förhandsvisning" in p.text)
    w.sees(OFFICE)
    await w.reacts(rea, "✅", preview.event_id, room=OFFICE)
    [refusal] = w.sees(OFFICE)
    assert "samordnare" in refusal.text
    await w.reacts(town.rut, "✅", preview.event_id, room=OFFICE)
    assert len(w.sees(OFFICE)) == 1
    await w.reacts("@stranger:bra.test", "✅", preview.event_id, room=OFFICE)
    await w.reacts(town.kim, "✅", preview.event_id, room=BRA)
    await w.reacts(town.kim, "👍", preview.event_id, room=OFFICE)
    await w.reacts(town.kim, "✅", "$another", room=OFFICE)
    said = await w.says(town.kim, "Ser bra ut!", room=OFFICE)
    await w.reacts(town.kim, "✅", said, room=OFFICE)
    assert w.sees(OFFICE) == w.sees(BRA) == w.sees(SAMSA) == []
    await w.reacts(lars, "✔️", preview.event_id, room=OFFICE)
    await w.reacts(town.kim, "✅", preview.event_id, room=OFFICE)
    assert len(w.sees(BRA)) == len(w.sees(SAMSA)) == 4
    assert "ingen förhandsvisning" in w.last(OFFICE).text


async def test_a_reaction_answers_ones_own_current_question_only(town: Town) -> None:
    """Digits on an old question, on another's, or by a guest in the room change nothing."""
    w = town.world
    await w.until(at("2026-11-02 09:00"))
    room = w.direct(town.rut)
    first = w.last(room)
    w.told(town.rut)
    await w.reacts(town.bo, "1️⃣", first.event_id, room=room)
    await w.reacts("@stranger:bra.test", "1️⃣", first.event_id, room=room)
    assert w.told(town.rut) == []
    await w.reacts(town.rut, "2️⃣", first.event_id)
    second = w.last(room)
    assert "Jämfört" in second.text or "jämfört" in second.text
    w.told(town.rut)
    await w.reacts(town.rut, "3️⃣", first.event_id)
    assert w.told(town.rut) == []
    await w.reacts(town.rut, "2️⃣", second.event_id)
    await w.says(town.rut, "5", "hoppa över", "hoppa över", "1")
    review = w.last(room)
    assert "Gult" in review.text
    await w.reacts(town.rut, "✅", review.event_id)
    assert "Tack" in w.last(room).text


async def test_a_reaction_on_the_privacy_warning_counts(town: Town) -> None:
    """The newest message of the form is the one that may be reacted to, the warning too."""
    w = town.world
    await w.until(at("2026-11-02 09:00"))
    await w.says(town.rut, "2", "2", "2", "Eleven Pelle Svensson klottrade", "1", "1", "skicka")
    warning = w.last(w.direct(town.rut))
    assert "Inget är skickat än" in warning.text
    await w.reacts(town.rut, "✅", warning.event_id)
    assert "Tack" in w.last(w.direct(town.rut)).text


async def test_a_reply_to_the_bot_is_an_answer_and_calls_nobody_in_a_room(town: Town) -> None:
    """Clients mention whom they reply to: a reply answers in the form and is talk in a room."""
    w = town.world
    await w.until(at("2026-11-02 09:00"))
    prompt = w.last(w.direct(town.rut)).event_id
    await w.receives(message(1, w.direct(town.rut), town.rut, "1", reply=prompt))
    assert "Jämfört" in w.last(w.direct(town.rut)).text or "jämfört" in w.told(town.rut)[-1]
    await w.receives(message(2, w.direct(town.rut), town.rut, "Lägesbot: 2"))
    assert "skicka" in w.last(w.direct(town.rut)).text.lower()
    rea = w.person("Rea Läsare", (Role.READER_BRA, None))
    w.sees(BRA)
    for number, words in enumerate(("Tack!", "Läget verkar bättre", "Status quo alltså"), start=3):
        await w.receives(message(number, BRA, rea, words, reply="$report"))
    assert w.sees(BRA) == []


@pytest.mark.parametrize(
    "said",
    [
        "! Läget",
        "!LÄGET:",
        "  !läget  ",
        "!laget",
        "!status",
        "! STATUS ",
        "!läge",
    ],
)
async def test_a_command_is_known_however_it_is_written(town: Town, said: str) -> None:
    """Spaces, a colon, case, diacritics and language make no difference."""
    w = town.world
    await w.says(town.kim, said, room=OFFICE)
    assert "Det här händer av sig självt" in w.last(OFFICE).text


async def test_a_mention_calls_the_bot_by_whatever_name_the_client_writes(town: Town) -> None:
    """A colon, no colon, an account or a name of several words; unknown words get a hint."""
    w = town.world
    w.sees(OFFICE)
    for number, words in enumerate(
        (
            "Lägesbot: läget",
            "Lägesbot läget",
            "Lägesbot, Läget",
            "@lagesbot:bra.test läget",
            "@lagesbot:bra.test: läget",
            "Exempelby Lägesbot: läget",
            "läget",
        )
    ):
        await w.receives(message(number, OFFICE, town.kim, words))
        [status] = w.sees(OFFICE)
        assert "Det här händer av sig självt" in status.text, words
    await w.receives(message(10, OFFICE, town.kim, "Lägesbot: sammanstäl"))
    assert "`!sammanställ`" in w.sees(OFFICE)[0].text
    await w.receives(message(11, OFFICE, town.kim, "Lägesbot: kaffe?"))
    assert "kaffe" in w.sees(OFFICE)[0].text
    assert w.sees(BRA) == []


async def test_other_bots_words_pass_and_typos_get_suggestions(town: Town) -> None:
    """In rooms an unknown `!word` is another bot's; a near miss gets at most three, never run."""
    w = town.world
    w.sees(OFFICE)
    for words in ("!weather Björbo", "!roll 2d6", "!", "!!", "!?", "! 7", "hej allihop"):
        await w.says(town.kim, words, room=OFFICE)
    assert w.sees(OFFICE) == []
    await w.says(town.kim, "!sammanstäl", room=OFFICE)
    [hint] = w.sees(OFFICE)
    assert "Menade du" in hint.text
    assert "`!sammanställ`" in hint.text
    assert hint.text.count("`") <= 6
    await w.until(at("2026-11-02 09:00"))
    await w.says(town.rut, "!publicer", "!sammanstäl")
    assert not any("publicera" in t or "sammanställ`" in t for t in w.told(town.rut)), (
        "nobody is led to what they may not do"
    )
    await w.says(town.rut, "!frånvro")
    assert "!frånvaro" in w.told(town.rut)[-1]


async def test_help_fits_the_role_and_the_room(town: Town) -> None:
    """A reader in the BRÅ room, a reporter in the direct room, the coordinator in the office."""
    w = town.world
    rea = w.person("Rea Läsare", (Role.READER_BRA, None))
    await w.says(rea, "!hjälp", room=BRA)
    [shown] = w.sees(BRA)
    assert "Här läser ni lägesbilden" in shown.text
    assert "!kommer" in shown.text
    assert "ställ in" not in shown.text, "what only the coordinator may is left out"
    assert "!publicera" not in shown.text
    assert shown.text.count("\n- ") <= 8
    await w.says(rea, "!läget", room=BRA)
    assert "fungerar inte i det här rummet" in w.sees(BRA)[0].text
    await w.until(at("2026-11-02 09:00"))
    await w.says(town.rut, "!hjälp", "!hjälp frånvaro", "!hjälp nonsens")
    *_, listed, one, none = w.told(town.rut)
    assert "!svara" in listed
    assert "!sammanställ" not in listed
    assert "vecka 29" in one
    assert "nonsens" in none
    await w.says(town.kim, "!hjälp", room=OFFICE)
    assert "!sammanställ" in w.last(OFFICE).text


async def test_an_edited_command_is_never_executed(town: Town) -> None:
    """Neither anew nor for the first time; in the direct room this is said."""
    w = town.world
    await w.until(at("2026-11-02 09:00"))
    typed = await w.says(town.kim, "!enhet ny Ridhuset; Nämnden; Björbo", room=OFFICE)
    wrong = await w.says(town.kim, "!stän", room=OFFICE)
    w.sees(OFFICE)
    await w.edits(town.kim, typed, "!enhet ny Simhallen; Nämnden; Björbo", room=OFFICE)
    await w.edits(town.kim, wrong, "!stäng", room=OFFICE)
    assert w.sees(OFFICE) == []
    asked = await w.says(town.rut, "!läget")
    w.told(town.rut)
    await w.edits(town.rut, asked, "!frånvaro 1–15 november")
    [told] = w.told(town.rut)
    assert "ändrade ingenting" in told
    await w.edits(town.rut, asked, "1")
    assert "ändrade ingenting" in w.told(town.rut)[-1], "nor does it become an answer"
    await w.says(town.kim, "!enhet", room=OFFICE)
    assert "Simhallen" not in w.last(OFFICE).text
    await w.says(town.rut, "!ångra")
    assert "inget att ångra" in w.told(town.rut)[-1]


async def test_a_room_of_unknown_purpose_gets_no_answers_but_may_be_bound(town: Town) -> None:
    """Whoever else sits there is not known: only `!rum` and `!hjälp` are answered."""
    w = town.world
    w.platform.add_room("!new", {town.kim, "@guest:else.test"})
    for command in ("!läget e1", "!logg", "!person", "!sammanställ"):
        await w.says(town.kim, command, room="!new")
        [refusal] = w.sees("!new")
        assert "fungerar inte i det här rummet" in refusal.text
    await w.says(town.kim, "!hjälp", "!rum ledning", "!rum", room="!new")
    _, bound, listed = w.sees("!new")
    assert "ledningsgruppen" in bound.text
    assert "!new" in listed.text.replace("\\", "")


async def test_binding_a_room_lasts_and_confuses_no_editions(town: Town) -> None:
    """A direct room and another forum's room are refused; the choice outlives a restart."""
    w = town.world
    await w.says(town.kim, "!svara e1", room=OFFICE)
    await w.says(town.kim, "!rum bra")
    assert "Skriv i rummet som det gäller" in w.told(town.kim)[-1]
    await w.says(town.kim, "!rum bra", room=SAMSA)
    assert "redan rummet för SAMSA" in w.last(SAMSA).text
    await w.says(town.kim, "!rum köket", room="!office")
    assert "!rum bra" in w.last(OFFICE).text
    w.platform.add_room("!bra2", {town.kim})
    await w.says(town.kim, "!rum bra", room="!bra2")
    assert "rummet för BRÅ" in w.last("!bra2").text
    await w.end()
    await w.restart()
    place = w.runtime.database.now(lambda uow: uow.people.room(Forum.BRA))
    assert place == ("matrix", "!bra2")
    assert w.runtime.database.now(lambda uow: uow.people.room(Forum.SAMSA)) == ("matrix", SAMSA)


async def test_invitations_are_accepted_from_the_known_only(town: Town) -> None:
    """A stranger is declined, and so is a reporter's group room; not what the office invites to."""
    w = town.world
    for number, (account, direct, welcome) in enumerate(
        (
            ("@stranger:bra.test", True, False),
            ("@stranger:bra.test", False, False),
            (town.rut, False, False),
            (town.rut, True, True),
            (town.kim, False, True),
        )
    ):
        room = f"!invited{number}"
        await w.platform.happens(
            w.runtime.mailbox, room, account, "", kind=Kind.INVITATION, is_direct=direct
        )
        await w.settle()
        assert (w.platform.own_account in w.platform.members.get(room, set())) is welcome, room


async def test_who_leaves_is_reported_and_comes_back_through_a_new_chat(town: Town) -> None:
    """The office is told, closing says "kunde inte nås", and a new direct room is the room."""
    w = town.world
    await w.until(at("2026-11-02 09:00"))
    old = w.direct(town.rut)
    w.sees(OFFICE)
    await w.platform.happens(w.runtime.mailbox, old, town.rut, "", kind=Kind.DEPARTURE)
    await w.settle()
    [told] = w.sees(OFFICE)
    assert "Rut Rektor har lämnat" in told.text
    await w.until(at("2026-11-06 16:30"))
    await w.says(town.kim, "!läget", room=OFFICE)
    assert "**Kunde inte nås:** Björbo skola" in w.last(OFFICE).text
    await w.platform.happens(
        w.runtime.mailbox, "!fresh", town.rut, "", kind=Kind.INVITATION, is_direct=True
    )
    await w.settle()
    await w.says(town.rut, "!svara", "1", "2", "skicka", room="!fresh")
    assert "Tack" in w.last("!fresh").text
    await w.until(at("2026-12-01 09:00"))
    assert "november 2026" in w.last("!fresh").text
    await w.platform.happens(
        w.runtime.mailbox, BRA, w.platform.own_account, "", kind=Kind.DEPARTURE
    )
    await w.settle()
    assert "inte längre med i rummet för BRÅ" in w.last(OFFICE).text


async def test_the_administrators_are_the_administrators_concern(town: Town) -> None:
    """A coordinator neither makes, takes nor ends one, and the last one stays."""
    w = town.world
    w.person("Adam Admin", (Role.ADMINISTRATOR, None))
    w.sees(OFFICE)
    for command, expected in (
        ("!person avsluta Adam Admin", "Bara en administratör"),
        ("!person ge @adam:bra.test administratör", "Bara en administratör"),
        ("!person ta @adam:bra.test administratör", "Bara en administratör"),
        ("!person ge p2 kung", "kung"),
    ):
        await w.says(town.kim, command, room=OFFICE)
        [refusal] = w.sees(OFFICE)
        assert expected in refusal.text
    await w.says("@alva:bra.test", "!person avsluta Adam Admin", room=OFFICE)
    assert "är avslutad" in w.last(OFFICE).text
    await w.says("@alva:bra.test", "!person avsluta Alva Admin", room=OFFICE)
    assert "minst en administratör" in w.last(OFFICE).text


async def test_the_administrator_of_the_settings_may_be_ended(town: Town) -> None:
    """The next start neither fails nor brings back somebody whom another has replaced."""
    w = town.world
    adam = w.person("Adam Admin", (Role.ADMINISTRATOR, None))
    await w.says(adam, "!person avsluta Alva Admin", room=OFFICE)
    await w.end()
    await w.restart()
    await w.says(adam, "!person", room=OFFICE)
    assert "Alva Admin" not in w.last(OFFICE).text

"""Whatever is written, drawn or uploaded: a clear answer, nothing changed that should not be, and
nothing lost.
"""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from bot.domain.cycle import Submission
from bot.domain.people import Role
from bot.mailbox import StoredMailbox
from bot.ports import Batch, IncomingMessage, Kind
from storage.unit_of_work import UnitOfWork
from tests.stories.conftest import Town
from tests.stories.world import BRA, OFFICE, SAMSA, World, at, world

NUMBER = "19121212-1212"
TRACES = ("19121212-1212", "191212121212", "121212-1212", "1212121212")

# What is told here does not depend on the database; the other stories run on both.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def standing(town: Town, unit: int) -> Submission:
    """Give a unit's part in the newest real round."""

    def read(uow: UnitOfWork) -> Submission:
        cycle = uow.cycles.latest(rehearsal=False)
        assert cycle is not None
        return uow.cycles.submission(cycle.id, unit)

    return town.world.runtime.database.now(read)


def everything_stored(database_url: str, folder: Path) -> Iterator[str]:
    """Give every stored row as text, and for SQLite the files' bytes, the WAL's too."""
    engine = create_engine(database_url)
    with engine.connect() as connection:
        names = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
        if engine.dialect.name == "sqlite":
            names = "SELECT name FROM sqlite_master WHERE type = 'table'"
        for table in connection.execute(text(names)).scalars().all():
            for row in connection.execute(text(f'SELECT * FROM "{table}"')):
                yield f"{table}: {tuple(row)}"
    engine.dispose()
    for file in folder.rglob("*"):
        if file.is_file():
            yield f"{file.name}: {file.read_bytes().decode('utf-8', 'replace')}"


def event(number: int, room: str, sender: str, what: str = NUMBER) -> IncomingMessage:
    """Make a message from somebody."""
    return IncomingMessage(
        event_id=f"$number{number}", room=room, sender=sender, kind=Kind.MESSAGE, text=what
    )


async def test_a_number_is_refused_wherever_it_stands(
    town: Town, database_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Each known person is told in the direct room; no table, file or log holds the number."""
    caplog.set_level(logging.DEBUG)
    w = town.world
    await w.until(at("2026-11-02 09:00"))
    answered = await w.says(town.rut, "2")
    await w.says(town.kim, "!hjälp", room=OFFICE)
    direct = w.direct(town.rut)
    prompt = w.platform.rooms[direct][0].event_id
    for room, account, kind, words, target, thread in (
        (direct, town.rut, Kind.MESSAGE, f"Pelle {NUMBER}", None, None),
        (direct, town.rut, Kind.MESSAGE, "191212121212", prompt, None),
        (direct, town.rut, Kind.MESSAGE, "121212-1212", None, prompt),
        (direct, town.rut, Kind.EDIT, f"3 {NUMBER}", answered, None),
        (direct, town.rut, Kind.REACTION, NUMBER, prompt, None),
        (direct, town.rut, Kind.FILE, f"anmälan {NUMBER}.pdf", None, None),
        (BRA, town.rut, Kind.MESSAGE, f"@lagesbot {NUMBER}", None, None),
        (SAMSA, town.rut, Kind.MESSAGE, f"vi såg {NUMBER} igen", None, None),
        (direct, town.rut, Kind.MESSAGE, f"!läget {NUMBER}", None, None),
        (direct, town.rut, Kind.MESSAGE, f"!hjälp {NUMBER}", None, None),
        (direct, town.rut, Kind.MESSAGE, f"!frånvaro {NUMBER}", None, None),
        (direct, town.rut, Kind.MESSAGE, f"!svara {NUMBER}", None, None),
        (direct, town.rut, Kind.MESSAGE, f"!språk {NUMBER}", None, None),
    ):
        w.told(town.rut)
        before = standing(town, town.school)
        await w.receives(
            IncomingMessage(
                event_id=f"$n{w.platform.position}",
                room=room,
                sender=account,
                kind=kind,
                text=words,
                target=target,
                thread=thread,
            )
        )
        [refusal] = w.told(town.rut)
        assert "personnummer" in refusal
        assert "12" not in refusal
        assert standing(town, town.school) == before
    w.sees(OFFICE)
    await w.says(town.kim, "!svara för e2", room=OFFICE)
    for command in (
        f"!enhet ny {NUMBER}; Nämnd; Ort",
        f"!enhet ändra e1 Skolan; Nämnd; {NUMBER}",
        f"!person ny Pelle {NUMBER}; @pelle:bra.test; läsare i BRÅ",
        f"!person ny Pelle; @{NUMBER}:bra.test; läsare i BRÅ",
        f"!person ge p1 {NUMBER}",
        f"!sammanfattning Det gällde {NUMBER}.",
        f"!internt {NUMBER}",
        f"!rum {NUMBER}",
        f"!publicera {NUMBER}",
        f"!{NUMBER}",
    ):
        w.told(town.kim)
        await w.says(town.kim, command, room=OFFICE)
        [refusal] = w.told(town.kim)
        assert "personnummer" in refusal
    await w.says("@stranger:bra.test", f"Hej {NUMBER}", room=BRA)
    assert w.sees(BRA) == []
    assert w.sees(SAMSA) == []
    assert not any(p.removed for room in w.platform.rooms.values() for p in room)
    for stored in everything_stored(database_url, tmp_path):
        assert not any(trace in stored for trace in TRACES), stored[:200]
    assert not any(trace in caplog.text for trace in TRACES)
    await w.says(town.rut, "2", "Skadegörelse")
    assert "Skadegörelse" not in w.told(town.rut)[-1], "the form goes on where it was"


async def test_a_number_is_refused_once_after_a_crash_and_a_second_delivery(
    town: Town, database_url: str, tmp_path: Path
) -> None:
    """Stored, not yet handled, the process ends: the next one refuses it, once."""
    w = town.world
    await w.until(at("2026-11-02 09:00"))
    room = w.direct(town.rut)
    w.told(town.rut)
    deaf = StoredMailbox(w.runtime.database, w.clock, lambda _: None)
    await deaf.accept("matrix", Batch(position="p1", events=[event(1, room, town.rut)]))
    await w.end()
    await w.restart()
    await w.receives(event(1, room, town.rut))
    [refusal] = w.told(town.rut)
    assert "personnummer" in refusal
    for stored in everything_stored(database_url, tmp_path):
        assert not any(trace in stored for trace in TRACES), stored[:200]


async def test_a_refused_message_is_taken_out_where_the_settings_say_so(
    database_url: str, tmp_path: Path
) -> None:
    """Message, edit and file go; the refusal and everything else stay, also after a restart."""
    async with world(database_url, tmp_path, "2026-10-30 12:00", redact=True) as there:
        town = Town(there)
        await there.until(at("2026-11-02 09:00"))
        await there.says(town.rut, "2", f"Pelle {NUMBER}")
        await there.says(town.rut, f"Pelle {NUMBER}", room=BRA)
        await there.end()
        await there.restart()
        gone = [p.text for room in there.platform.rooms.values() for p in room if p.removed]
        assert gone == [f"Pelle {NUMBER}"] * 2
        assert "personnummer" in there.told(town.rut)[-1]


async def test_a_message_that_may_not_be_taken_out_is_told_in_plain_words(
    database_url: str, tmp_path: Path
) -> None:
    """The office learns what to remove by hand, not that something could not be posted."""
    async with world(database_url, tmp_path, "2026-10-30 12:00", redact=True) as there:
        town = Town(there)
        there.platform.closed.add(BRA)
        there.sees(OFFICE)
        await there.says(town.rut, f"Pelle {NUMBER}", room=BRA)
        [told] = there.sees(OFFICE)
        assert "BRÅ" in told.text
        assert "ta bort" in told.text.lower()


async def test_a_number_edited_out_is_read_as_the_answer_it_is(town: Town) -> None:
    """Who edits the refused or misunderstood message has answered; others' edits do nothing."""
    w = town.world
    await w.until(at("2026-11-02 09:00"))
    await w.says(town.rut, "2", "2", "Skadegörelse")
    refused = await w.says(town.rut, f"Pelle {NUMBER} slog sönder rutor")
    await w.edits(town.rut, refused, "Någon slog sönder rutor")
    assert "Hur ofta" in w.told(town.rut)[-1]
    unclear = await w.says(town.rut, "lila")
    assert "lila" in w.told(town.rut)[-1]
    await w.edits(town.rut, unclear, "2")
    assert "Räcker" in w.told(town.rut)[-1]
    await w.edits(town.rut, unclear, "3")
    [changed] = w.told(town.rut)
    assert "sparad i ditt utkast" in changed, "from now on it is an answer like others"
    await w.says(town.rut, "1")
    review = w.told(town.rut)[-1]
    assert "Någon slog sönder rutor" in review
    assert "Fler än 5" in review


async def test_garbage_gets_an_answer_and_the_question_again(town: Town) -> None:
    """Signs, control characters, emoji and empty words never answer a question."""
    w = town.world
    await w.until(at("2026-11-02 09:00"))
    w.told(town.rut)
    for garbage in (
        "asdf qwer",
        "\u202e\u200b",
        "¯\\_(ツ)_/¯",
        "9",
        "1, 2",
        "🦄",
        "   ",
        "!",
    ):
        await w.says(town.rut, garbage)
        [answer] = w.told(town.rut)
        assert answer.strip()
        assert "felnummer" not in answer, garbage
    await w.says(town.rut, "1", "2", "skicka")
    assert standing(town, town.school).state.is_answer


async def test_sixty_kilobytes_are_answered_in_a_few_lines(town: Town) -> None:
    """However long the message or command is, the answer fits a phone and the form goes on."""
    w = town.world
    await w.until(at("2026-11-02 09:00"))
    await w.says(town.kim, "!hjälp", room=OFFICE)
    huge = "lång text " * 6000
    for said in (huge, "x" * 60_000, "1\n" * 30_000, f"!{huge}", f"!frånvaro {huge}"):
        w.told(town.rut)
        await w.says(town.rut, said)
        [answer] = w.told(town.rut)
        assert 0 < len(answer) < 2500, said[:20]
        assert "felnummer" not in answer
    for said in (
        f"!läget {huge}",
        f"!svara {huge}",
        f"!internt {huge}",
        f"!hjälp {huge}",
        f"!språk {huge}",
        f"!sammanfattning {huge}",
        f"!enhet ny {huge}; Nämnd; Ort",
        f"!enhet stäng {huge}",
        f"!person ny {huge}; @pelle:bra.test; läsare i BRÅ",
        f"!person ny Pelle; @{'p' * 60_000}:bra.test; läsare i BRÅ",
        f"!person ge {huge}",
        f"!person avsluta {huge}",
        f"!rum {huge}",
        f"!logg {'9' * 60_000}",
        f"!frånvaro {huge}: 1–2 december",
    ):
        w.sees(OFFICE)
        await w.says(town.kim, said, room=OFFICE)
        [reply] = w.sees(OFFICE)
        assert 0 < len(reply.text) < 2500, said[:20]
        assert "felnummer" not in reply.text, said[:20]
    await w.says(town.rut, "1", "2", "skicka")
    assert standing(town, town.school).state.is_answer


async def test_markup_in_an_answer_stays_words(town: Town) -> None:
    """HTML, Markdown and template signs are shown as they were written."""
    w = town.world
    await w.until(at("2026-11-02 09:00"))
    evil = "<b>fet</b> [länk](http://x.test) {{ 7*7 }} `kod` @room # rubrik"
    await w.says(town.rut, "2", "2", "Skadegörelse", evil, "2", "räcker", "skicka", "skicka")
    assert standing(town, town.school).answers["handelse"].text == evil
    await w.says(town.kim, "!läget e1", room=OFFICE)
    shown = w.last(OFFICE).text
    assert "\\<b\\>" in shown
    assert "\\[länk\\]" in shown
    assert "\\`kod\\`" in shown
    assert "49" not in shown


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        ("31 februari", "inget sådant datum"),
        ("torsdag 13 juni", "är inte en torsdag"),
        ("", "Skriv vilka dagar"),
        ("någon gång", "förstår inte"),
        ("26–1 juli", "första dagen först"),
        ("1 januari 2020", "har redan varit"),
        ("1 januari 2099", "för långt fram"),
    ],
)
async def test_wrong_dates_are_told_and_note_nothing(town: Town, days: str, expected: str) -> None:
    """The answer says what is wrong with the date; nobody is away afterwards."""
    w = town.world
    await w.until(at("2026-11-02 09:00"))
    w.told(town.rut)
    await w.says(town.rut, f"!frånvaro {days}")
    [answer] = w.told(town.rut)
    assert expected in answer
    await w.says(town.rut, "!ångra")
    assert "inget att ångra" in w.told(town.rut)[-1]


async def test_an_edit_after_closing_is_late_and_after_publishing_refused(town: Town) -> None:
    """Closed, the change counts; published, the coordinator is named instead."""
    w = town.world
    await w.until(at("2026-11-02 09:00"))
    first = await w.says(town.rut, "1")
    await w.says(town.rut, "2", "skicka")
    half = await w.says(town.bo, "2")
    await w.until(at("2026-11-09 09:00"))
    w.told(town.rut)
    await w.edits(town.rut, first, "2")
    [receipt] = w.told(town.rut)
    assert "Gult" in receipt
    assert "märkt *sent*" not in receipt, "what was in time stays so"
    await w.says(town.frida, "1", "2", "skicka")
    assert "märkt *sent*" in w.told(town.frida)[-1]
    await w.says(town.kim, "!sammanställ", "!publicera", room=OFFICE)
    published = standing(town, town.school)
    await w.edits(town.rut, first, "3")
    assert "redan publicerad" in w.told(town.rut)[-1]
    await w.deletes(town.rut, first)
    assert "redan publicerad" in w.told(town.rut)[-1]
    assert standing(town, town.school) == published
    await w.edits(town.bo, half, "3")
    assert "redan publicerad" in w.told(town.bo)[-1], "an unsent draft is no exception"
    await w.deletes(town.bo, half)
    assert "redan publicerad" in w.told(town.bo)[-1]


async def test_two_reporters_at_once_lose_nothing(town: Town) -> None:
    """The second answer is added to the first; both see what stands."""
    w = town.world
    signe = w.person("Signe Skolsköterska", (Role.REPORTER, town.school))
    await w.until(at("2026-11-02 09:00"))
    await w.says(town.rut, "2\n2\n2\nKlotter på gaveln\n1")
    await w.says(signe, "3\n3\n3\nBråk i matsalen\n2")
    await w.says(town.rut, "räcker", "skicka")
    [told] = [t for t in w.told(signe) if "har svarat för" in t]
    assert "utkast finns kvar" in told
    await w.says(signe, "räcker", "skicka")
    [receipt] = [t for t in w.told(signe) if "sparat" in t and "Tack" in t]
    for both in ("Klotter på gaveln", "Bråk i matsalen", "Skadegörelse", "Våld"):
        assert both in receipt
    stands = standing(town, town.school)
    assert stands.answers["kategori"].chosen == ("skadegorelse", "vald_hot")


async def test_a_second_answer_that_says_nothing_takes_nothing_away(town: Town) -> None:
    """ "Inget att rapportera" or "oförändrat" after a colleague's red answer leaves it red."""
    w = town.world
    signe = w.person("Signe Skolsköterska", (Role.REPORTER, town.school))
    await w.until(at("2026-11-02 09:00"))
    await w.says(signe, "0")
    await w.says(town.rut, "3\n3\n3\nBråk i matsalen\n2", "räcker", "skicka")
    await w.says(signe, "skicka")
    stands = standing(town, town.school)
    assert stands.answers["lage"].chosen == ("rod",)
    assert stands.state == "submitted"
    assert "Bråk i matsalen" in w.told(signe)[-1]


async def test_two_answers_in_the_same_instant_both_count(town: Town) -> None:
    """Handled side by side, one of them is the addition."""
    w = town.world
    signe = w.person("Signe Skolsköterska", (Role.REPORTER, town.school))
    await w.until(at("2026-11-02 09:00"))
    await w.says(town.rut, "2\n2\n2\nKlotter på gaveln\n1", "räcker")
    await w.says(signe, "3\n3\n3\nBråk i matsalen\n2", "räcker")
    rooms = (w.direct(town.rut), town.rut), (w.direct(signe), signe)
    batch = [event(n, room, who, "skicka") for n, (room, who) in enumerate(rooms)]
    await w.runtime.mailbox.accept("matrix", Batch(position="p", events=batch))
    await w.settle()
    stands = standing(town, town.school)
    assert stands.version == 2
    assert stands.answers["handelse"].text.splitlines() == ["Klotter på gaveln", "Bråk i matsalen"]


async def test_a_file_is_answered_in_the_direct_room_only(town: Town) -> None:
    """The person is told to write instead; in rooms people may share what they like."""
    w = town.world
    await w.until(at("2026-11-02 09:00"))
    w.told(town.rut)
    for room in (w.direct(town.rut), BRA):
        await w.platform.happens(w.runtime.mailbox, room, town.rut, "bild.jpg", kind=Kind.FILE)
    await w.settle()
    [told] = w.told(town.rut)
    assert "filer" in told
    assert w.sees(BRA) == []


async def test_whoever_wrote_what_cannot_be_read_is_told_in_person(town: Town) -> None:
    """Each time in the direct room; of a forum's room once a day, and nothing is said there."""
    w = town.world

    async def writes(*rooms: str, by: str = town.rut) -> list[str]:
        for room in rooms:
            await w.platform.happens(w.runtime.mailbox, room, by, "no key", kind=Kind.UNREADABLE)
        await w.settle()
        return w.told(town.rut)

    await w.until(at("2026-11-02 09:00"))
    w.told(town.rut)
    for _ in range(2):
        [told] = await writes(w.direct(town.rut))
        assert "krypterat" in told
        assert "rummet för" not in told
    [told] = await writes(BRA, SAMSA, BRA)
    assert "ditt meddelande i rummet för BRÅ" in told
    assert await writes(BRA) == []
    assert await writes(BRA, by="@främling:test") == []
    await w.until(at("2026-11-03 09:00"))
    w.told(town.rut)
    [told] = await writes(SAMSA)
    assert "SAMSA" in told
    assert w.sees(BRA) == w.sees(SAMSA) == []


async def test_a_missing_room_stops_the_publishing_before_anything_is_posted(
    town: Town, database_url: str
) -> None:
    """The preview and the refusal name the room and its cure; the approval is still possible."""
    w = town.world

    engine = create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM room WHERE forum = 'samsa'"))
    engine.dispose()
    await w.until(at("2026-11-02 09:00"))
    await w.says(town.rut, "1", "2", "skicka")
    w.sees(OFFICE)
    await w.says(town.kim, "!sammanställ", room=OFFICE)
    assert any("rummet saknas" in p.text and "!rum samsa" in p.text for p in w.sees(OFFICE))
    await w.says(town.kim, "!publicera", room=OFFICE)
    [refusal] = w.sees(OFFICE)
    assert "SAMSA" in refusal.text
    assert "inget är publicerat" in refusal.text
    assert w.sees(BRA) == []
    w.platform.add_room("!nya-samsa", {town.kim})
    await w.says(town.kim, "!rum samsa", room="!nya-samsa")
    w.platform.closed.add(BRA)
    w.sees(OFFICE)
    await w.says(town.kim, "!publicera", room=OFFICE)
    assert len(w.platform.rooms["!nya-samsa"]) == 2 + 4
    alarms = [p.text for p in w.sees(OFFICE) if "kunde inte lägga ut" in p.text]
    assert len(alarms) == 1, "a room where the bot may not post is told once, with the cure"
    assert "BRÅ" in alarms[0]
    await w.says(town.kim, "!hälsa", room=OFFICE)
    assert "jag är inte med" in w.last(OFFICE).text


async def test_a_direct_room_that_cannot_be_opened_is_told_once(town: Town) -> None:
    """The others are asked all the same."""
    w = town.world
    w.platform.unknown_accounts.add(town.rut)
    await w.until(at("2026-11-02 09:00"))
    assert len([p for p in w.sees(OFFICE) if "når inte Rut Rektor" in p.text]) == 1
    assert "Biblioteket" in w.told(town.bo)[0]


async def test_a_room_closed_to_the_bot_harms_nobody_else(town: Town) -> None:
    """A command from a room where the bot may not answer has its effect and no echo elsewhere."""
    w: World = town.world
    w.platform.closed.add(OFFICE)
    await w.says(town.kim, "!enhet ny Ridhuset; Kulturnämnden; Djurås", room=OFFICE)
    w.platform.closed.discard(OFFICE)
    await w.says(town.kim, "!enhet", room=OFFICE)
    assert "Ridhuset" in w.last(OFFICE).text

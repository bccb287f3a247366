"""Agendas, notes in a meeting's thread, minutes and the approval of papers."""

import io
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from pypdf import PdfReader

from bot.domain.agenda import NoteKind
from bot.domain.follow_up import (
    Assignment,
    AssignmentState,
    Case,
    CaseState,
    Level,
    Measure,
    Prevention,
)
from bot.domain.meeting import Meeting, MeetingState
from bot.domain.people import Forum, Role
from bot.domain.term import Stage, Term, TermKind
from bot.ports import File
from storage.papers import PaperState
from tests.stories.conftest import Town
from tests.stories.world import BRA, OFFICE, SAMSA, at

# What is told here does not depend on the database; the other stories run on both.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


class Council:
    """A town with members, and a BRÅ and a SAMSA meeting that have been called."""

    def __init__(self, town: Town) -> None:
        self.town, self.world = town, town.world
        self.maja = town.world.person("Maja Ledamot", (Role.READER_BRA, None))
        self.sam = town.world.person("Sam Förening", (Role.READER_SAMSA, None))
        self.samsa = self.meeting(Forum.SAMSA, at("2026-11-12 13:00"))
        self.bra = self.meeting(Forum.BRA, at("2026-10-30 13:00"), MeetingState.CALLED)

    def meeting(
        self, forum: Forum, starts: datetime, state: MeetingState = MeetingState.PLANNED
    ) -> Meeting:
        """Fix a meeting."""
        called = at("2026-10-20 09:00") if state is MeetingState.CALLED else None
        return self.world.runtime.database.now(
            lambda uow: uow.meetings.add(
                Meeting(
                    uid=f"{forum}-{starts.isoformat()}@test",
                    forum=forum,
                    starts_at=starts,
                    minutes=120,
                    place="Kommunhuset",
                    state=state,
                    called_at=called,
                )
            )
        )

    def now(self, meeting: Meeting) -> Meeting:
        """Give a meeting as it stands now."""
        return self.world.runtime.database.now(lambda uow: uow.meetings.get(meeting.id))

    def posted(self, key: str) -> str:
        """Give the event of what the bot posted under a key."""
        row = self.world.runtime.database.now(lambda uow: uow.outbox.by_key(key))
        assert row is not None, key
        assert row.event_id is not None, key
        return row.event_id

    async def notes(self, text: str, *, who: str = "") -> str:
        """Write in the BRÅ meeting's thread; gives what the bot answers there."""
        thread = self.posted(f"begin/{self.bra.short_id}")
        await self.world.says(who or self.town.kim, text, room=BRA, thread=thread)
        return self.world.last(BRA).text

    async def begin(self) -> None:
        """Let time pass until the BRÅ meeting has begun."""
        await self.world.until(self.bra.starts_at)


@pytest.fixture
def council(town: Town) -> Council:
    """Give the town its council."""
    return Council(town)


def pdf_text(files: list[File]) -> str:
    """Read the words of the PDF among some files."""
    content = next(f.content for f in files if f.media_type == "application/pdf")
    words = " ".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)
    return " ".join(words.split())


# The agenda


async def test_an_agenda_is_fed_with_everything_that_belongs_there(council: Council) -> None:
    """Last decisions, assignments, cases, measures, terms, items and the next meeting."""
    w = council.world
    held = council.meeting(Forum.BRA, at("2026-09-10 13:00"), MeetingState.HELD)
    later = council.meeting(Forum.BRA, at("2027-02-18 13:00"))

    def fill() -> None:
        with_ = w.runtime.database
        with_.now(lambda uow: uow.meetings.save(replace(held, notes_approved=True)))
        with_.now(
            lambda uow: uow.follow_ups.assignments.add(
                Assignment(text="Kartlägg stationen", owner="socialchef", due=date(2026, 10, 1))
            )
        )
        with_.now(
            lambda uow: uow.follow_ups.assignments.add(
                Assignment(text="Belys gångvägen", owner="teknisk chef", due=date(2027, 3, 1))
            )
        )
        with_.now(
            lambda uow: uow.follow_ups.cases.add(
                Case(title="Otrygg skolgård", state=CaseState.TO_BRA, wanted=Forum.BRA)
            )
        )
        with_.now(
            lambda uow: uow.follow_ups.cases.add(
                Case(title="Bara ett förslag", state=CaseState.PROPOSED, wanted=Forum.BRA)
            )
        )
        with_.now(
            lambda uow: uow.follow_ups.measures.add(
                Measure(
                    cause="Mörkt",
                    action="Fler vuxna ute",
                    goal="Två kvällar i veckan",
                    due=date(2027, 6, 1),
                    owner="fritidschef",
                    board="Kulturnämnden",
                    follow_up="Varje kvartal",
                    prevention=Prevention.SOCIAL,
                    level=Level.RED,
                )
            )
        )
        with_.now(
            lambda uow: uow.follow_ups.terms.add(
                Term(
                    kind=TermKind.AGREEMENT,
                    title="Samverkan med polisen",
                    ends=date(2027, 3, 31),
                    stage=Stage.BRA,
                )
            )
        )

    fill()
    await w.says(council.maja, "!punkt Grannsamverkan", "!punkt", room=BRA)
    text = w.last(BRA).text
    assert "10. **Nästa möte**" in text
    assert "**Försenat:** `u1` Kartlägg stationen (socialchef, senast torsdag 1 oktober" in text
    assert text.index("Kartlägg stationen") < text.index("Belys gångvägen")
    assert "Ingen lägesbild är godkänd än" in text
    assert "`a1` Otrygg skolgård" in text
    assert "Bara ett förslag" not in text
    assert "Fler vuxna ute (rött – " in text
    assert "Samverkan med polisen, gäller till onsdag 31 mars 2027" in text
    assert "`d1` Grannsamverkan *(tillägg)*" in text
    assert f"torsdag 18 februari 2027 kl. 13.00 (v. 7) (`{later.short_id}`)" in text
    assert "Förra mötet torsdag 10 september 2026 (v. 37): 0 beslut" in text


async def test_the_newest_report_stands_on_the_agenda(council: Council) -> None:
    """SAMSA talks about its own edition, by period and number."""
    w, town = council.world, council.town
    await w.until(at("2026-11-02 09:00"))
    await w.says(town.rut, "1", "2", "skicka")
    await w.says(town.kim, "!sammanställ", "!publicera", room=OFFICE)
    await w.says(council.sam, "!punkt", room=SAMSA)
    text = w.last(SAMSA).text
    assert "Lägesbild oktober 2026, utgåva 1" in text
    assert "Vi talar inte om enskilda personer" in text


async def test_items_are_put_moved_and_taken_off_before_the_call(council: Council) -> None:
    """Members write freely, change their own, and undo."""
    w = council.world
    await w.says(council.sam, "!punkt Fritidsgården", "!punkt Torget", room=SAMSA)
    await w.says(council.sam, "!punkt flytta d2 1", room=SAMSA)
    order = w.last(SAMSA).text
    assert order.index("Torget") < order.index("Fritidsgården")
    await w.says(council.sam, "!punkt stryk d1", room=SAMSA)
    assert "`d1` är struken" in w.last(SAMSA).text
    await w.says(council.sam, "!ångra", room=SAMSA)
    assert "dagordningen är som förut" in w.last(SAMSA).text
    await w.says(council.sam, "!punkt", room=SAMSA)
    assert "`d1` Fritidsgården" in w.last(SAMSA).text
    assert "tillägg)" not in w.last(SAMSA).text
    await w.says(council.town.kim, "!punkt flytta d1 m2", "!punkt bra", room=OFFICE)
    assert "`d1` Fritidsgården *(tillägg)*" in w.last(OFFICE).text
    await w.says(council.town.kim, "!punkt", room=OFFICE)
    assert "Vilket forum" in w.last(OFFICE).text


async def test_what_comes_after_the_call_is_told_once_and_stays(council: Council) -> None:
    """An addition is announced in the room; only the coordinator takes it off."""
    w = council.world
    await w.says(council.maja, "!punkt Valborg", room=BRA)
    receipt, announced = w.sees(BRA)[-2:]
    assert "som tillägg" in receipt.text
    assert announced.text.startswith("**Tillägg till dagordningen**")
    await w.says(council.maja, "!punkt stryk d1", room=BRA)
    assert "bara samordnaren" in w.last(BRA).text
    await w.says(council.town.kim, "!punkt stryk d1", room=OFFICE)
    assert "`d1` är struken" in w.last(OFFICE).text


async def test_an_agenda_is_for_those_who_are_called(council: Council) -> None:
    """Nobody reads or changes another forum's agenda; the rooms are kept apart."""
    w = council.world
    await w.says(council.maja, "!punkt Hemligt ärende", room=BRA)
    await w.says(council.sam, "!punkt m2", room=SAMSA)
    assert "inte det här rummets möte" in w.last(SAMSA).text
    await w.says(council.sam, "!punkt stryk d1", room=SAMSA)
    assert "Hemligt" not in w.last(SAMSA).text
    await w.says(council.town.kim, "!punkt flytta d1 1", room=SAMSA)
    assert "Hemligt" not in w.last(SAMSA).text
    await w.says(council.sam, "!punkt", room=BRA)
    assert "får du inte använda" in w.last(BRA).text
    await w.says(council.town.rut, "!punkt Nytt", room=BRA)
    assert "får du inte använda" in w.last(BRA).text
    await w.says(council.maja, f"!punkt {'x' * 301}", room=BRA)
    assert "högst 300 tecken" in w.last(BRA).text


# The meeting and its notes


async def test_a_meeting_opens_with_its_agenda_and_a_thread(council: Council) -> None:
    """The opening message has the agenda; how to take notes stands in its thread."""
    w = council.world
    await council.begin()
    opening, howto = [p for p in w.sees(BRA) if p.file is None][-2:]
    assert "**Mötet med BRÅ börjar**" in opening.text
    assert "1. **Öppnande och närvaro**" in opening.text
    assert "`!beslut`" in howto.text
    assert howto.thread == opening.event_id
    assert council.now(council.bra).state is MeetingState.BEGUN


async def test_a_meeting_that_was_never_called_is_not_opened(council: Council) -> None:
    """The coordinator is told instead."""
    w = council.world
    quiet = council.meeting(Forum.BRA, at("2026-11-02 10:00"))
    w.clock.instant = at("2026-11-02 10:30")
    w.runtime.database.now(
        lambda uow: uow.cycles.note(f"call_meeting/{quiet.short_id}", w.clock.instant)
    )
    await w.runtime.tick()
    await w.settle()
    assert any("kallelsen har aldrig gått ut" in p.text for p in w.sees(OFFICE))
    assert council.now(quiet).state is MeetingState.PLANNED


async def test_after_long_downtime_a_meeting_has_begun_in_silence(council: Council) -> None:
    """Nobody is told in the evening that a meeting begins."""
    w = council.world
    w.sees(BRA)
    w.clock.instant = council.bra.ends_at + timedelta(minutes=10)
    await w.runtime.tick()
    await w.settle()
    assert council.now(council.bra).state is MeetingState.BEGUN
    assert not any("börjar" in p.text for p in w.sees(BRA))
    await w.says(council.town.kim, "!notering m2 Mötet hölls ändå", room=OFFICE)
    assert "Antecknat som notering (`n1`)" in w.last(OFFICE).text


async def test_notes_are_written_in_the_thread_by_the_coordinator(council: Council) -> None:
    """Decisions, remarks, undo; nowhere else, and by nobody else."""
    w = council.world
    await w.says(council.town.kim, "!beslut För tidigt", room=BRA)
    assert "mötets egen tråd" in w.last(BRA).text
    await council.begin()
    answer = await council.notes("!beslut 4: Lägesbilden godkänns")
    assert answer == "Antecknat som beslut (`n1`, punkt 4): Lägesbilden godkänns"
    assert w.last(BRA).thread == council.posted("begin/m2")
    await council.notes("!notering Lugnt på torget")
    assert "ångrat" in await council.notes("!ångra")
    assert "Lugnt" not in await council.notes("!notering")
    assert "får du inte använda" in await council.notes("!beslut Kupp", who=council.maja)
    await w.says(council.town.kim, "!beslut Utanför tråden", room=BRA)
    assert "mötets egen tråd" in w.last(BRA).text
    assert "struken ur anteckningarna" in await council.notes("!notering stryk n1")
    assert "Inget är antecknat" in await council.notes("!notering")
    assert "Skriv texten efter" in await council.notes("!beslut")


async def test_a_decision_lets_a_case_go_its_way_and_can_be_undone(council: Council) -> None:
    """The case, the assignment and both notes come together and go together."""
    w = council.world
    case = w.runtime.database.now(
        lambda uow: uow.follow_ups.cases.add(
            Case(title="Otrygg skolgård", state=CaseState.TO_BRA, wanted=Forum.BRA)
        )
    )
    secret = w.runtime.database.now(
        lambda uow: uow.follow_ups.cases.add(Case(title="Bara föreslaget", wanted=Forum.BRA))
    )
    await council.begin()
    assert "Bara föreslaget" not in await council.notes(f"!beslut {secret.short_id} avslag nej")
    said = f"!beslut {case.short_id} uppdrag Belys gården; teknisk chef; 12 mars 2027"
    answer = await council.notes(said)
    assert "Otrygg skolgård blir ett uppdrag. Belys gården" in answer
    assert r"Belys gården (teknisk chef, senast fredag 12 mars 2027" in answer
    assert "Nytt uppdrag `u1`" in answer

    def state() -> tuple[CaseState, AssignmentState, list[NoteKind]]:
        return w.runtime.database.now(
            lambda uow: (
                uow.follow_ups.cases.get(case.id).state,
                uow.follow_ups.assignments.get(1).state,
                [n.kind for n in uow.meetings.notes_of(council.bra) if not n.withdrawn],
            )
        )

    both = [NoteKind.DECISION, NoteKind.ASSIGNMENT]
    assert state() == (CaseState.ONGOING, AssignmentState.ONGOING, both)
    await council.notes("!ångra")
    assert state() == (CaseState.TO_BRA, AssignmentState.WITHDRAWN, [])
    assert "återremiss" in await council.notes(f"!beslut {case.short_id} återremiss Mer underlag")


# Minutes and approval


async def test_notes_become_a_paper_that_is_approved_and_posted(council: Council) -> None:
    """The clock ends the meeting; ✅ posts what was previewed; the next agenda opens with it."""
    w = council.world
    await council.begin()
    await council.notes("!beslut 4: Lägesbilden **godkänns** av BRÅ")
    await council.notes("!uppdrag Kartlägg stationen; socialchef; 12 mars 2027")
    await council.notes("!notering Polisen såg lugnare kvällar")
    w.sees(OFFICE)
    await w.until(council.bra.ends_at + timedelta(hours=1))
    assert council.now(council.bra).state is MeetingState.HELD
    seen = w.sees(OFFICE)
    preview = next(p for p in seen if p.text.startswith("**Utkast: minnesanteckningar**"))
    lines = next(p for p in seen if p.text.startswith("**Minnesanteckningar från BRÅ"))
    assert lines.thread == preview.event_id
    w.sees(BRA)
    await w.reacts(council.town.kim, "✅", preview.event_id, room=OFFICE)
    text, file = w.sees(BRA)
    assert text.text == lines.text
    assert file.file is not None
    assert file.file.name == "Minnesanteckningar BRÅ 2026-10-30.pdf"
    words = pdf_text([file.file])
    assert "UTKAST" not in words
    assert "Beslut: Lägesbilden **godkänns** av BRÅ" in words
    assert "Kartlägg stationen" in words
    assert "socialchef" in words
    assert "Notering: Polisen såg lugnare kvällar" in words
    assert "Kommunhuset" in words
    assert council.now(council.bra).notes_approved
    assert "godkänt av Kim" in w.last(OFFICE).text
    await w.reacts(council.town.kim, "✅", preview.event_id, room=OFFICE)
    assert "redan godkänd" in w.last(OFFICE).text
    assert w.sees(BRA) == []
    council.meeting(Forum.BRA, at("2027-02-18 13:00"))
    await w.says(council.maja, "!punkt", room=BRA)
    assert "(v. 44): 1 beslut" in w.last(BRA).text
    await w.says(council.town.kim, "!notering m2 Försent", room=OFFICE)
    assert "är godkända och kan inte ändras" in w.last(OFFICE).text


async def test_a_stale_draft_is_refused(council: Council) -> None:
    """A line from the office makes a new draft; the old one, and an outdated one, can't be."""
    w = council.world
    await council.begin()
    await council.notes("!beslut Första beslutet")
    await council.notes("!avsluta")
    first = council.posted("paper_preview/h1")
    await w.says(council.town.kim, "!notering m2 Tillagt efteråt", room=OFFICE)
    await w.reacts(council.town.kim, "✅", first, room=OFFICE)
    assert "ersatt av ett nyare" in w.last(OFFICE).text
    assert "`h2`" in w.last(OFFICE).text
    await w.says(council.town.kim, "!ångra", "!godkänn h2", room=OFFICE)
    assert "har ändrats sedan utkastet gjordes" in w.last(OFFICE).text
    assert not council.now(council.bra).notes_approved
    w.sees(BRA)
    await w.says(council.town.kim, "!avsluta m2", "!handlingar", room=OFFICE)
    assert "`h3` minnesanteckningar (m2), till BRÅ" in w.last(OFFICE).text
    await w.says(council.town.kim, "!publicera h3", room=OFFICE)
    words = pdf_text([p.file for p in w.sees(BRA) if p.file is not None])
    assert "Första beslutet" in words
    assert "Tillagt efteråt" not in words
    states = w.runtime.database.now(lambda uow: [uow.papers.get(n).state for n in (1, 2, 3)])
    assert states == [PaperState.REPLACED, PaperState.REPLACED, PaperState.APPROVED]


async def test_a_meeting_without_notes_asks_for_them(council: Council) -> None:
    """Nothing to print: the office is asked the next day and on the last, not when approved."""
    w = council.world
    await council.begin()
    w.sees(OFFICE)
    await w.until(council.bra.ends_at + timedelta(hours=1))
    assert w.sees(OFFICE) == [], "nobody has had time to write them"
    await w.until(at("2026-11-02 10:00"))
    assert any("inga anteckningar är skrivna" in p.text for p in w.sees(OFFICE))
    await w.says(council.town.kim, "!notering m2 Kort möte", room=OFFICE)
    assert any("Utkast: minnesanteckningar" in p.text for p in w.sees(OFFICE))
    await w.until(at("2026-11-06 10:00"))
    assert any("sista dagen" in p.text for p in w.sees(OFFICE))


async def test_only_coordinators_approve(council: Council) -> None:
    """A member who reacts on a preview, or writes its id, posts nothing."""
    w = council.world
    await council.begin()
    await council.notes("!beslut Något")
    await council.notes("!avsluta")
    w.sees(BRA)
    await w.reacts(council.maja, "✅", council.posted("paper_preview/h1"), room=OFFICE)
    await w.says(council.maja, "!handling h1", room=OFFICE)
    assert w.sees(BRA) == []
    assert not council.now(council.bra).notes_approved
    await w.says(council.town.kim, "!godkänn h99", room=OFFICE)
    assert "ingen handling ”h99”" in w.last(OFFICE).text


async def test_who_is_outside_the_chat_gets_the_notes_by_mail(council: Council) -> None:
    """A member with an address and no account gets the approved document."""
    w = council.world

    address = w.outsider("Polly Polis", Role.READER_BRA)
    await council.begin()
    await council.notes("!beslut Något")
    await council.notes("!avsluta")
    preview = next(p for p in w.sees(OFFICE) if "Utkast: minnesanteckningar" in p.text)
    assert "Med e-post till Polly Polis" in preview.text
    await w.says(council.town.kim, "!godkänn h1", room=OFFICE)
    letter = w.letters(address)[-1]
    assert letter.subject == "Minnesanteckningar: BRÅ fredag 30 oktober 2026 (v. 44)"
    assert "Något" in letter.text
    assert "Något" in pdf_text(letter.files)


async def test_terms_go_on_when_the_meeting_has_been_held(council: Council) -> None:
    """What stood on BRÅ's agenda is the board's after the meeting, once."""
    w = council.world
    term = w.runtime.database.now(
        lambda uow: uow.follow_ups.terms.add(
            Term(
                kind=TermKind.AGREEMENT,
                title="Samverkan med polisen",
                ends=date(2027, 3, 31),
                stage=Stage.BRA,
            )
        )
    )
    await council.begin()
    await council.notes("!notering Genomgången")
    await council.notes("!avsluta")
    await w.says(council.town.kim, "!avsluta m2", room=OFFICE)
    kept = w.runtime.database.now(lambda uow: uow.follow_ups.terms.get(term.id))
    assert kept.stage is Stage.BOARD


async def test_an_extra_meeting_has_its_own_agenda(council: Council) -> None:
    """Reason, what is known, spokesperson; whatever the forum."""
    w = council.world
    extra = council.meeting(Forum.SAMSA, at("2026-11-05 10:00"))
    w.runtime.database.now(
        lambda uow: uow.meetings.save(replace(extra, extra=True, reason="Bränder vid skolan"))
    )
    await w.says(council.sam, "!punkt Vem ringer vem?", "!punkt", room=SAMSA)
    text = w.last(SAMSA).text
    assert "1. **Läget just nu**\n    - Bränder vid skolan" in text
    assert "`d1` Vem ringer vem?" in text
    assert "5. **Talesperson**" in text
    assert "6. **Nästa avstämning**\n    - torsdag 12 november 2026" in text


async def test_notes_are_sorted_under_what_they_are_about(council: Council) -> None:
    """A point's number, an item's id or a case tells where a note belongs."""
    w = council.world
    case = w.runtime.database.now(
        lambda uow: uow.follow_ups.cases.add(
            Case(title="Otrygg skolgård", state=CaseState.TO_BRA, wanted=Forum.BRA)
        )
    )
    await w.says(council.maja, "!punkt Valborg", room=BRA)
    await council.begin()
    assert "punkt 9)" in await council.notes("!notering d1: Fler vuxna ute")
    answer = await council.notes(f"!beslut {case.short_id} avslag Redan belyst")
    assert "punkt 5): Otrygg skolgård: avslag. Redan belyst" in answer
    assert "punkt" not in await council.notes("!notering 2026: ett lugnt år")
    assert "punkt" not in await council.notes("!notering 11: utanför dagordningen")
    await council.notes("!avsluta")
    files = [p.file for p in w.sees(OFFICE) if p.file is not None]
    words = pdf_text(files)
    assert words.index("9. Övrigt") < words.index("Fler vuxna ute") < words.index("10. Nästa")
    assert "Anmäld punkt: Valborg" in words


async def test_approved_notes_are_not_undone(council: Council) -> None:
    """Within the ten minutes too: what has been posted stands."""
    await council.begin()
    await council.notes("!avsluta")
    await council.world.says(council.town.kim, "!beslut m2 Något", "!godkänn h1", room=OFFICE)
    assert council.now(council.bra).notes_approved
    await council.world.says(council.town.kim, "!ångra", room=OFFICE)
    assert "är godkända och kan inte ändras" in council.world.last(OFFICE).text

"""Every quarter the management group gets what was approved, and the executive the follow-up."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from bot.domain.agenda import Note, NoteKind
from bot.domain.calendar import Period
from bot.domain.cycle import CycleState, SubmissionState
from bot.domain.follow_up import Assignment, Level, Measure, MeasureState, Prevention
from bot.domain.meeting import Meeting, MeetingState
from bot.domain.people import Forum, Holding, Role
from bot.domain.question import Value
from bot.domain.report import Audience
from storage.papers import Paper, PaperState
from storage.unit_of_work import UnitOfWork
from tests.stories.conftest import Town
from tests.stories.world import OFFICE, World, at, world

MANAGEMENT = "!management"

# What is told with this mark does not depend on the database.
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def add_management_room(w: World) -> None:
    """Give the management group a room."""
    w.platform.add_room(MANAGEMENT, set())
    w.runtime.database.now(lambda uow: uow.people.set_room(Forum.MANAGEMENT, "matrix", MANAGEMENT))


def approve_month(
    w: World,
    key: str,
    levels: Mapping[int, str | None],
    *,
    categories: tuple[str, ...] = (),
    text: str = "",
    internal: int = 0,
    published: bool = True,
) -> None:
    """Let a round have been held and its report approved; None is a unit that did not answer."""

    def work(uow: UnitOfWork) -> None:
        period = Period.parse(key)
        opened = at(f"{period.end.isoformat()} 12:00")
        cycle = uow.cycles.plan(period, opens_at=opened, closes_at=opened)
        state = CycleState.PUBLISHED if published else CycleState.CLOSED
        uow.cycles.save(replace(cycle, state=state))
        uow.cycles.expect(cycle.id, levels)
        for unit_id, level in levels.items():
            if level is None:
                continue
            answers = {"lage": Value(chosen=(level,))}
            if level != "gron":
                answers |= {
                    "kategori": Value(chosen=categories),
                    "handelse": Value(text=text),
                    "stod": Value(chosen=("samsa",)),
                }
            said = replace(
                uow.cycles.submission(cycle.id, unit_id),
                state=SubmissionState.SUBMITTED,
                version=1,
                answers=answers,
                internal=unit_id == internal,
            )
            uow.cycles.save_submission(said, opened)
        if not published:
            return
        basis = {
            str(s.unit_id): [s.version, s.state, s.internal]
            for s in uow.cycles.submissions(cycle.id)
        }
        for audience in Audience:
            edition = uow.editions.add(
                cycle_id=cycle.id,
                audience=audience,
                number=1,
                basis=json.dumps({**basis, "": ""}),
                text="",
                details="",
                sha256="",
                artifacts=[],
                now=opened,
            )
            uow.editions.publish(edition, by=1, now=opened)

    w.runtime.database.now(work)


def papers(w: World) -> list[Paper]:
    """List the papers that wait."""
    return list(w.runtime.database.now(lambda uow: uow.papers.waiting()))


def plan_meeting(w: World, when: str, forum: Forum = Forum.MANAGEMENT, **state: str) -> Meeting:
    """Fix a meeting, or let it have been held."""
    meeting = Meeting(
        uid=f"{forum}-{when}",
        forum=forum,
        starts_at=at(when),
        minutes=60,
        state=MeetingState(state.get("state", "planned")),
    )
    return w.runtime.database.now(lambda uow: uow.meetings.add(meeting))


def third_quarter(town: Town) -> None:
    """Let July and September have been approved, and August not; October and Q2 are apart."""
    w, (school, library, centre) = town.world, (town.school, town.library, town.centre)
    approve_month(
        w, "2026-06", {school: "gron", library: "gul", centre: None}, categories=("trafik",)
    )
    approve_month(
        w,
        "2026-07",
        {school: "rod", library: "gron", centre: None},
        categories=("nat",),
        text="HEMLIGT",
    )
    approve_month(w, "2026-08", {school: "rod", library: "rod", centre: "rod"}, published=False)
    approve_month(
        w,
        "2026-09",
        {school: "gul", library: "gron", centre: "rod"},
        categories=("nat", "trafik"),
        text="HEMLIGT",
    )


@on_sqlite
async def test_the_drafts_tell_the_quarter_and_name_the_gap(town: Town) -> None:
    """At most ten lines: trend, red, changed, categories, support, decisions, answers, gap."""
    w = town.world
    third_quarter(town)
    held = plan_meeting(w, "2026-09-10 13:00", Forum.BRA, state="held")
    w.runtime.database.now(
        lambda uow: uow.meetings.notes.add(
            Note(
                meeting_id=held.id,
                kind=NoteKind.DECISION,
                text="Fler vuxna ute",
                by_person=1,
                at=held.starts_at,
            )
        )
    )
    given = Assignment(text="Vuxenvandring", owner="fritidschef", meeting_id=held.id)
    w.runtime.database.now(lambda uow: uow.follow_ups.assignments.add(given))
    await w.says(town.kim, "!kvartal", room=OFFICE)
    for_management, for_executive = papers(w)
    assert (for_management.audience, for_management.subject) == ("management", "2026-Q3")
    assert (for_executive.audience, for_executive.subject) == ("executive", "2026-Q3")
    text = for_management.text
    assert len([line for line in text.splitlines() if line.strip()]) <= 10, text
    assert "juli 2026: 1 rött, 1 grönt; september 2026: 1 rött, 1 gult, 1 grönt" in text
    assert "Björbo skola (juli 2026)" in text
    assert "Fritidsgården (september 2026)" in text
    assert "Björbo skola från grönt till gult" in text
    assert "Biblioteket från gult till grönt" in text
    assert "Nätet: hat, hot, utpressning, rekrytering (2 enheter, kvartalet före 0)" in text
    assert "1 beslut på 1 möte, 1 nytt uppdrag, 1 öppet uppdrag" in text
    assert "juli 2026 2 av 3, september 2026 3 av 3" in text
    assert "Godkänd lägesbild saknas för augusti 2026" in text
    assert "Iakttagelser, inte brottsstatistik" in text
    assert "Ersätter inte lägesbilden enligt lag" in text
    assert "HEMLIGT" not in text
    assert "**Åtgärder:** inga i planen" in for_executive.text


async def test_approval_posts_to_the_room_and_to_the_executive(
    database_url: str, tmp_path: Path
) -> None:
    """Each draft on its own: the group's room, and the executive's readers by chat and e-mail."""
    async with world(database_url, tmp_path, "2026-10-30 12:00") as w:
        town = Town(w)
        add_management_room(w)
        third_quarter(town)
        eva = w.person("Eva Exekutiv", (Role.READER_EXECUTIVE, None))

        def add_outsider(uow: UnitOfWork) -> None:
            person = uow.people.add_person("Mats Mejl", "sv", "mats@kommun.example")
            uow.people.give(person.id, Holding(role=Role.READER_EXECUTIVE))
            measure = Measure(
                cause="Få vuxna ute",
                action="Vuxenvandring",
                goal="Tio kvällar",
                due=date(2026, 12, 1),
                owner="fritidschef",
                board="Kulturnämnden",
                follow_up="Varje månad",
                prevention=Prevention.SITUATIONAL,
                state=MeasureState.ONGOING,
                level=Level.YELLOW,
            )
            uow.follow_ups.measures.add(measure)

        w.runtime.database.now(add_outsider)
        await w.says(town.kim, "!kvartal 2026 3", room=OFFICE)
        assert w.sees(MANAGEMENT) == [], "nothing goes out before it is approved"
        first, second = papers(w)
        assert {p.kind for p in (first, second)} == {"quarter", "follow_up"}
        await w.says(town.kim, f"!godkänn {first.short_id}", room=OFFICE)
        text, document = w.sees(MANAGEMENT)
        assert "kvartal 3 2026" in text.text
        assert document.file is not None
        assert document.file.name.endswith(".pdf")
        assert w.told(eva) == []
        preview = next(p for p in w.platform.rooms[OFFICE] if f"`{second.short_id}`" in p.text)
        await w.reacts(town.kim, "✅", preview.event_id, room=OFFICE)
        assert "pågår 1; 1 går inte som planerat" in second.text
        told = w.sees(w.direct(eva))
        assert "Uppföljning kvartal 3 2026" in told[-2].text
        assert told[-1].file is not None
        letter = w.runtime.database.now(
            lambda uow: uow.outbox.by_key(
                f"paper/{second.short_id}/mail/{uow.people.named('Mats Mejl').id}"
            )
        )
        assert letter is not None
        assert letter.room == "mats@kommun.example"
        assert len(letter.attachments) == 1
        assert w.sees(MANAGEMENT) == []
        approved = w.runtime.database.now(lambda uow: uow.papers.get(second.id))
        assert approved.state is PaperState.APPROVED


@on_sqlite
async def test_what_is_internal_gives_its_colour_only(town: Town) -> None:
    """A unit marked internal is counted red, and its category and wish are not."""
    w = town.world
    approve_month(w, "2026-09", {town.school: "rod"}, categories=("nat",), internal=town.school)
    await w.says(town.kim, "!kvartal", room=OFFICE)
    text = papers(w)[0].text
    assert "Björbo skola" in text
    assert "Nätet" not in text
    assert "Önskat stöd" not in text


@on_sqlite
async def test_only_what_is_approved_counts_also_after_a_correction(town: Town) -> None:
    """A changed answer counts when its corrected edition is published, and not before."""
    w = town.world
    await w.until(at("2026-11-02 09:00"))
    await w.says(town.rut, "1", "2", "skicka")
    await w.says(town.kim, "!sammanställ", "!publicera", "!svara för e1", room=OFFICE)
    await w.says(town.kim, "ändra 1", "3", "skicka", "skicka")
    w.clock.instant = at("2027-01-04 08:00")
    await w.says(town.kim, "!kvartal", room=OFFICE)
    assert "Rött:** ingen enhet" in papers(w)[0].text
    await w.says(town.kim, "!sammanställ", "!publicera", room=OFFICE)
    await w.says(town.kim, "!kvartal", room=OFFICE)
    first, second = papers(w)
    assert "oktober 2026" in first.text
    assert "Björbo skola (oktober 2026)" in first.text
    assert "november 2026, december 2026" in second.text.split("saknas för")[1]


@on_sqlite
async def test_what_cannot_be_compiled_is_said(town: Town) -> None:
    """A quarter that is not over, no quarter at all, and one without any approved report."""
    w = town.world
    third_quarter(town)
    for said, answer in (
        ("!kvartal 2026 4", "inte slut än"),
        ("!kvartal 2031 1", "inte slut än"),
        ("!kvartal 7", "Skriv vilket kvartal"),
        ("!kvartal hösten", "Skriv vilket kvartal"),
        ("!kvartal 4", "kvartal 4 2025 är godkänd"),
        ("!kvartal 1", "januari 2026, februari 2026, mars 2026"),
    ):
        await w.says(town.kim, said, room=OFFICE)
        assert answer in w.last(OFFICE).text, said
    assert papers(w) == []
    await w.says(town.rut, "!kvartal", room=OFFICE)
    assert "får" in w.last(OFFICE).text
    assert papers(w) == []


@on_sqlite
async def test_the_drafts_are_made_before_the_management_group_meets(town: Town) -> None:
    """Ten days before, on a working day; a last word three days before if not approved."""
    w = town.world
    add_management_room(w)
    third_quarter(town)
    plan_meeting(w, "2026-11-19 10:00")
    await w.until(at("2026-11-09 08:59"))
    assert papers(w) == []
    await w.until(at("2026-11-09 09:00"))
    assert [p.subject for p in papers(w)] == ["2026-Q3", "2026-Q3"]
    told = [p.text for p in w.sees(OFFICE)]
    assert [t for t in told if "Ledningsgruppen träffas torsdag 19 november 2026" in t]
    await w.until(at("2026-11-16 09:00"))
    [last] = [p.text for p in w.sees(OFFICE) if "inte godkänt än" in p.text]
    assert f"!godkänn {papers(w)[0].short_id}" in last


@on_sqlite
async def test_what_is_approved_is_not_asked_about_again(town: Town) -> None:
    """The coordinator was early: the clock is silent before the meeting."""
    w = town.world
    add_management_room(w)
    third_quarter(town)
    plan_meeting(w, "2026-11-19 10:00")
    await w.says(town.kim, "!kvartal", room=OFFICE)
    await w.says(town.kim, f"!godkänn {papers(w)[0].short_id}", room=OFFICE)
    w.sees(OFFICE)
    await w.until(at("2026-11-19 09:00"))
    assert [p.text for p in w.sees(OFFICE) if "vartal 3 2026" in p.text] == []


@on_sqlite
async def test_drafts_of_older_reports_are_made_anew(town: Town) -> None:
    """August was approved after the drafts: three days before there are new ones with it."""
    w = town.world
    approve_month(w, "2026-09", {town.school: "gul"})
    plan_meeting(w, "2026-11-19 10:00")
    await w.until(at("2026-11-10 12:00"))
    old = papers(w)[0]
    assert "saknas för juli 2026, augusti 2026" in old.text
    approve_month(w, "2026-08", {town.school: "rod"})
    await w.until(at("2026-11-16 12:00"))
    assert papers(w)[0].id > old.id
    assert "saknas för juli 2026." in papers(w)[0].text


@on_sqlite
async def test_an_empty_quarter_is_said_before_the_meeting(town: Town) -> None:
    """Without any approved report there is no empty document, but word in the office."""
    w = town.world
    plan_meeting(w, "2026-11-19 10:00")
    await w.until(at("2026-11-09 09:00"))
    [said] = [p.text for p in w.sees(OFFICE) if "inget att sammanställa" in p.text]
    assert "torsdag 19 november 2026" in said
    assert papers(w) == []


@on_sqlite
async def test_months_asked_about_together_are_told_in_the_quarter_they_end_in(
    town: Town,
) -> None:
    """June and July in one round: told in the third quarter, named in the second."""
    w = town.world
    approve_month(w, "2026-05", {town.school: "gron"})
    approve_month(w, "2026-06--07", {town.school: "gul"})
    await w.says(town.kim, "!kvartal 2", room=OFFICE)
    second = papers(w)[0].text
    assert "Juni–juli 2026 redovisas tillsammans, i nästa kvartal" in second
    assert "saknas för april 2026." in second
    await w.says(town.kim, "!kvartal 3", room=OFFICE)
    third = papers(w)[2].text
    assert "juni–juli 2026: 1 gult" in third
    assert "saknas för augusti 2026, september 2026" in third

"""What ends by law, agreement or promise: said in time, and carried SAMSA → BRÅ → KS."""

from datetime import timedelta
from pathlib import Path

import pytest

from bot.council.terms import terms_of_year
from bot.domain.meeting import Meeting
from bot.domain.people import Forum, Role
from bot.domain.term import Stage, Term, TermKind
from storage.follow_ups import Step
from tests.stories.conftest import Town
from tests.stories.world import BRA, OFFICE, SAMSA, World, at, world

# What is told with this mark does not depend on the database; the journey runs on both.
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def terms_of(w: World) -> list[Term]:
    """List what is watched."""
    return list(w.runtime.database.now(lambda uow: uow.follow_ups.open_terms()))


def trail(w: World, about: str) -> list[Step]:
    """List what has happened to a term."""
    return list(w.runtime.database.now(lambda uow: uow.follow_ups.trail(about)))


def plan_meeting(w: World, forum: Forum, when: str) -> Meeting:
    """Fix a meeting."""
    meeting = Meeting(uid=f"{forum}-{when}", forum=forum, starts_at=at(when), minutes=90)
    return w.runtime.database.now(lambda uow: uow.meetings.add(meeting))


def warnings_in(w: World) -> list[str]:
    """List the warnings and alarms said in the office since this was asked last."""
    return [p.text for p in w.sees(OFFICE) if " går ut " in p.text or " gick ut " in p.text]


@on_sqlite
async def test_a_term_is_read_back_with_its_warnings(town: Town) -> None:
    """Weekday, date, week and every warning; a date more than three years ahead too."""
    w = town.world
    await w.says(town.kim, "!bevaka överenskommelse 2028-03-31 Polisen *norr*", room=OFFICE)
    text = w.last(OFFICE).text
    assert "fredag 31 mars 2028 (v. 13)" in text
    assert "Polisen \\*norr\\*" in text
    assert "onsdag 30 juni 2027 kl. 09.00 (v. 26), 9 månader före" in text
    assert "torsdag 30 september 2027" in text
    assert "fredag 31 december 2027" not in text, "New Year's Eve is no working day"
    assert "torsdag 30 december 2027" in text
    await w.says(town.kim, "!bevaka lägesbild 31 mars 2032", room=OFFICE)
    assert "onsdag 31 mars 2032" in w.last(OFFICE).text
    assert [(t.kind, t.title) for t in terms_of(w)] == [
        (TermKind.AGREEMENT, "Polisen *norr*"),
        (TermKind.PICTURE, "Lägesbild"),
    ]
    await w.says(town.kim, "!watch action plan 2029-03-31", "!ångra", room=OFFICE)
    await w.says(town.kim, "!bevaka", room=OFFICE)
    assert "17 månader kvar" in w.last(OFFICE).text
    assert "Ännu ingens tur" in w.last(OFFICE).text
    added = w.runtime.database.now(lambda uow: uow.follow_ups.terms.get(3))
    assert (added.kind, added.title) == (TermKind.PLAN, "Åtgärdsplan")


@on_sqlite
@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("!bevaka polisen 2028-03-31", "Skriv vad som går ut"),
        ("!bevaka överenskommelse", "Skriv vad som går ut"),
        ("!bevaka överenskommelse 2020-03-31", "har redan varit"),
        ("!bevaka överenskommelse 2112-03-31", "för långt fram"),
        ("!bevaka överenskommelse torsdag 31 mars 2028", "2028"),
        (f"!bevaka årsrapport 2027-03-31 {'x' * 121}", "högst 120 tecken"),
        ("!bevaka b7", "Jag hittar ingen bevakning"),
        ("!bevaka b7 avsluta", "Jag hittar ingen bevakning"),
    ],
)
async def test_what_does_not_fit_is_refused(town: Town, said: str, answer: str) -> None:
    """Nothing is watched, and the answer says what to do."""
    w = town.world
    await w.says(town.kim, said, room=OFFICE)
    assert answer in w.last(OFFICE).text
    assert terms_of(w) == []


@on_sqlite
async def test_only_the_office_may(town: Town) -> None:
    """A reporter is refused."""
    await town.world.says(town.rut, "!bevaka", room=OFFICE)
    assert "får" in town.world.last(OFFICE).text
    assert "bevaka" in town.world.last(OFFICE).text


@on_sqlite
async def test_each_change_can_be_undone(town: Town) -> None:
    """Entering, renewing, handing on and closing; the trail tells of all."""
    w = town.world
    await w.says(town.kim, "!bevaka årsrapport 2027-12-31", "!ångra", room=OFFICE)
    assert "bevakningen är som förut" in w.last(OFFICE).text
    assert terms_of(w) == []
    await w.says(town.kim, "!bevaka årsrapport 2027-12-31", room=OFFICE)
    before = terms_of(w)
    for change in ("förnyad 2028-12-31", "till brå", "till KS", "avsluta"):
        await w.says(town.kim, f"!bevaka b2 {change}", room=OFFICE)
        assert terms_of(w) != before, change
        await w.says(town.kim, "!ångra", room=OFFICE)
        assert terms_of(w) == before, change
    assert [s.state for s in trail(w, "b2")] == [
        *("added", "renewed", "undone", "bra", "undone", "board", "undone", "ended", "undone")
    ]
    await w.says(town.kim, "!bevaka b2", room=OFFICE)
    assert "förnyad till söndag 31 december 2028" in w.last(OFFICE).text
    await w.says(town.kim, "!bevaka b1 avsluta", room=OFFICE)
    assert "bevakas inte längre" in w.last(OFFICE).text


async def test_an_agreement_travels_and_is_renewed(database_url: str, tmp_path: Path) -> None:
    """Warned nine months before, prepared in SAMSA, taken up in BRÅ, then to KS, then renewed."""
    async with world(database_url, tmp_path, "2026-06-01 12:00") as w:
        kim = w.person("Kim Samordnare", (Role.COORDINATOR, None))
        await w.says(kim, "!bevaka överenskommelse 2027-04-30", room=OFFICE)
        samsa = plan_meeting(w, Forum.SAMSA, "2026-08-20 13:00")
        plan_meeting(w, Forum.BRA, "2026-08-13 13:00")
        bra = plan_meeting(w, Forum.BRA, "2026-09-10 13:00")
        w.sees(OFFICE)
        await w.until(at("2026-07-30 08:59"))
        assert warnings_in(w) == []
        await w.until(at("2026-07-30 09:00"))
        [warning] = warnings_in(w)
        assert "fredag 30 april 2027" in warning
        assert "9 månader kvar" in warning
        assert "SAMSA bereder: torsdag 20 augusti 2026" in warning
        assert "BRÅ tar ställning: torsdag 10 september 2026" in warning, "after SAMSA's"
        assert "KS beslutar" in warning
        [term] = terms_of(w)
        assert term.stage is Stage.SAMSA
        await w.until(at("2026-08-14 12:00"))
        assert terms_of(w) == [term], "it was not BRÅ's turn yet"
        assert not [p for p in w.sees(OFFICE) if "har haft sitt möte" in p.text]
        assert [p for p in w.sees(SAMSA) if "Överenskommelse" in p.text], "it is in the call"
        assert not [p for p in w.sees(BRA) if "Överenskommelse" in p.text]
        await w.until(at("2026-08-21 12:00"))
        assert terms_of(w)[0].stage is Stage.BRA
        await w.until(at("2026-09-10 20:00"))
        assert terms_of(w)[0].stage is Stage.BOARD
        assert [p for p in w.sees(OFFICE) if "För den nu till KS" in p.text]
        assert [(s.state, s.meeting_id) for s in trail(w, "b1")] == [
            ("added", None),
            ("samsa", None),
            ("bra", samsa.id),
            ("board", bra.id),
        ]
        await w.says(kim, "!bevaka b1 förnyad 2029-04-30", room=OFFICE)
        assert terms_of(w) == [
            Term(id=1, kind=term.kind, title=term.title, ends=at("2029-04-30 00:00").date())
        ]
        coming = [o.key for o in await w.runtime.plan() if o.verb == "warn_term"]
        assert coming == [f"warn_term/b1/2029-04-30/{months}" for months in (9, 6, 3, 0)]


@on_sqlite
async def test_after_downtime_only_the_latest_warning_is_said(
    database_url: str, tmp_path: Path
) -> None:
    """Two warnings fell due meanwhile: one is said, in working hours, and how long is left."""
    async with world(database_url, tmp_path, "2026-06-01 12:00") as w:
        kim = w.person("Kim Samordnare", (Role.COORDINATOR, None))
        await w.says(kim, "!bevaka åtgärdsplan 2027-06-30", room=OFFICE)
        await w.end()
        w.clock.instant = at("2027-04-03 12:00")
        await w.restart()
        w.sees(OFFICE)
        await w.until(at("2027-04-10 12:00"))
        [warning] = warnings_in(w)
        assert "2 månader kvar" in warning
        assert "inget möte är planerat" in warning
        assert terms_of(w)[0].stage is Stage.SAMSA
        await w.until(at("2027-06-29 12:00"))
        assert warnings_in(w) == []


@on_sqlite
async def test_what_ends_unrenewed_is_said_once_and_stands(
    database_url: str, tmp_path: Path
) -> None:
    """The office is told on the last day; the list says "inte förnyad" until it is renewed."""
    async with world(database_url, tmp_path, "2026-06-01 12:00") as w:
        kim = w.person("Kim Samordnare", (Role.COORDINATOR, None))
        await w.says(kim, "!bevaka medborgarlöfte 2026-12-31", room=OFFICE)
        await w.until(at("2026-12-29 12:00"))
        assert [text for text in warnings_in(w) if "inte förnyad" in text] == []
        await w.until(at("2027-03-01 12:00"))
        [alarm] = [text for text in warnings_in(w) if "inte förnyad" in text]
        assert "går ut torsdag 31 december 2026" in alarm
        await w.says(kim, "!bevaka", room=OFFICE)
        assert "gick ut torsdag 31 december 2026 (v. 53), inte förnyad" in w.last(OFFICE).text
        await w.says(kim, "!bevaka b1 förnyad 2027-06-30", "!bevaka", room=OFFICE)
        assert "3 månader kvar" in w.last(OFFICE).text


@on_sqlite
async def test_a_term_written_in_late_is_warned_of_at_once(town: Town) -> None:
    """Two months before the end only the last warning remains, and comes in working hours."""
    w = town.world
    await w.says(town.kim, "!bevaka överenskommelse 2026-12-31", room=OFFICE)
    assert "kommer genast" in w.last(OFFICE).text
    w.sees(OFFICE)
    await w.until(w.clock.instant + timedelta(days=20))
    [warning] = warnings_in(w)
    assert "1 månad kvar" in warning or "2 månader kvar" in warning


@on_sqlite
async def test_the_year_wheel_knows_what_ends(town: Town) -> None:
    """Day, kind and title of a year; what is closed is left out."""
    w = town.world
    await w.says(
        town.kim,
        "!bevaka årsrapport 2027-12-31",
        "!bevaka överenskommelse 2027-03-31 Polisen",
        "!bevaka lägesbild 2028-03-31",
        "!bevaka åtgärdsplan 2027-05-31",
        "!bevaka b4 avsluta",
        room=OFFICE,
    )
    found = w.runtime.database.now(lambda uow: terms_of_year(uow, 2027))
    assert [(str(day), kind, title) for day, kind, title in found] == [
        ("2027-03-31", TermKind.AGREEMENT, "Polisen"),
        ("2027-12-31", TermKind.YEARLY, "Årsrapport"),
    ]

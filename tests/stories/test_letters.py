"""Letters that do not arrive: the coordinator is told what, to whom, and what to do about it."""

import tomllib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.domain.people import Forum
from storage.unit_of_work import UnitOfWork
from tests.stories.council import Council
from tests.stories.world import OFFICE, TEMPLATES, at, world

# What is told here does not depend on the database.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
async def council(tmp_path: Path, database_url: str) -> AsyncIterator[Council]:
    """Begin on Monday 16 November 2026, with no meeting planned."""
    async with world(database_url, tmp_path, "2026-11-16 08:30") as there:
        yield Council(there)


async def test_a_refused_letter_is_told_with_its_cure(council: Council) -> None:
    """The coordinator hears who was not reached, and the cure works: the next letter arrives."""
    there = council.world
    there.mail.refused.add(council.rikard)
    await council.call(Forum.SAMSA, at("2026-11-30 13:00"))

    [told] = [p.text for p in there.sees(OFFICE) if "kom inte fram" in p.text]
    rikard = there.runtime.database.now(lambda uow: uow.people.named("Rikard Räddare"))
    assert "Rikard Räddare" in told
    assert "kom inte fram: kallelsen till ett möte" in told
    assert f"`!person epost p{rikard.id} adress`" in told
    assert "Orsak enligt e-posten: no mailbox" in told

    await there.says(council.kim, f"!person epost p{rikard.id} ny@post.test", room=OFFICE)
    await there.until(at("2026-11-27 12:00"))
    assert [x.subject[:16] for x in there.letters("ny@post.test")] == ["Påminnelse: SAMS"]


async def test_an_address_that_is_nobodys_is_told_as_it_is(council: Council) -> None:
    """Where nobody has the address any more, the address itself is named."""
    there = council.world
    there.mail.refused.add(council.rikard)
    await council.call(Forum.SAMSA, at("2026-11-30 13:00"))
    there.sees(OFFICE)

    def leave(uow: UnitOfWork) -> int | None:
        uow.people.set_active(uow.people.named("Rikard Räddare").id, False)
        return uow.outbox.trouble()[0].id

    row_id = there.runtime.database.now(leave)
    await there.runtime.dispatcher.ask("delivery_failed", str(row_id), cause="failed/again")
    await there.settle()
    told = there.last(OFFICE).text
    assert told.startswith("E-post till rikard")
    assert "!person" not in told


@pytest.mark.parametrize("language", ["sv", "en"])
def test_every_letter_has_a_name(database_url: str, language: str) -> None:
    """Whatever goes out by e-mail, and to the rooms at a meeting, is called by words of ours."""
    words = tomllib.loads((TEMPLATES / "languages" / f"{language}.toml").read_text("utf-8"))
    letters = {p.stem for p in (TEMPLATES / "messages" / language).glob("mail_*.md")}
    posted = {"call", "call_file", "call_moved", "call_cancelled", "call_place", "meeting_reminder"}

    assert letters | posted | {"paper", "paper_file"} <= set(words["names"]["what"])

"""A short run of `make crash`, with fewer units; and the judge, who must see what is wrong."""

import asyncio
import sqlite3
from collections.abc import Coroutine, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.outbox import Relay
from storage.database import Database
from storage.outbox import Queued
from tests.fakes import FakeClock, FakePlatform
from tests.live.crash import crash
from tests.live.crash_check import Register, errors_in
from tests.live.crash_people import manner_of
from tests.live.olm import HAS_OLM, quiet_olm


@quiet_olm
async def test_kills_at_random_moments_lose_and_double_nothing() -> None:
    """Eight kills in a month: every answer is there, every message stands exactly once."""
    outcome = await crash(8, units=8, manner=manner_of(plain=not HAS_OLM))
    found = outcome.verdict
    assert outcome.line == "kills=8 lost=0 doubled=0", [*found.lost, *found.doubled]
    assert not found.faults


async def test_who_is_killed_between_posting_and_telling_tells_in_the_next_life(
    tmp_path: Path,
) -> None:
    """The posting stands once, and what its completion causes is not forgotten."""
    database = Database(f"sqlite:///{tmp_path / 'bot.db'}")
    database.migrate()
    clock, platform = FakeClock(datetime(2026, 11, 9, 9, tzinfo=UTC)), FakePlatform()
    platform.add_room("!bra", set())
    row = Queued(
        key="publish/1/details",
        platform="matrix",
        room="!bra",
        kind="text",
        template="publish_last",
        text="Detaljer",
        created_at=clock.now(),
    )
    database.now(lambda uow: uow.outbox.add(row))
    told: list[str] = []

    async def live(*, killed: bool) -> None:
        lanes: list[asyncio.Task[None]] = []

        async def completed(rows: Sequence[Queued]) -> None:
            if killed:
                raise asyncio.CancelledError
            told.extend(r.key for r in rows)

        async def nothing(*_: object) -> None:
            return None

        async def lane(work: Coroutine[object, object, None]) -> None:
            await work

        relay = Relay(
            platform=platform,
            database=database,
            clock=clock,
            spawn=lambda work: lanes.append(asyncio.create_task(lane(work))),
            failed=nothing,
            completed=completed,
            slow=nothing,
        )
        await relay.resume(timedelta(0))
        while not all(lane.done() for lane in lanes):
            await asyncio.gather(*lanes, return_exceptions=True)

    await live(killed=True)
    assert told == []
    await live(killed=False)
    assert told == ["publish/1/details"]
    assert [posted.text for posted in platform.rooms["!bra"]] == ["Detaljer"]
    await live(killed=False)
    assert told == ["publish/1/details"], "once noted, it is left in peace"
    database.close()


async def test_what_the_clock_never_caused_is_not_waited_for_for_ever(tmp_path: Path) -> None:
    """The wait for an occurrence ends with its name."""
    with sqlite3.connect(tmp_path / "bot.db") as database:
        database.execute("create table occurrence (key text)")
        database.execute("insert into occurrence values ('close_cycle/2026-10')")
    register = Register(tmp_path / "bot.db")
    await register.caused("close_cycle/2026-10", 1)
    with pytest.raises(TimeoutError, match="close_cycle/2026-11"):
        await register.caused("close_cycle/2026-11", 0.2)
    register.close()


def test_an_error_in_the_log_is_found(tmp_path: Path) -> None:
    """Errors and traces count; warnings do not."""
    log = tmp_path / "bot.log"
    log.write_text("WARNING bot.outbox x\nERROR bot.app it broke\nTraceback (most recent)\n")
    assert len(errors_in(log)) == 2

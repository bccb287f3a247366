"""A short run of `make crash`, with fewer units; and the judge, who must see what is wrong."""

import sqlite3
from pathlib import Path

import pytest

from tests.live.crash import crash
from tests.live.crash_check import Register, errors_in


async def test_kills_at_random_moments_lose_and_double_nothing() -> None:
    """Eight kills in a month: every answer is there, every message stands exactly once."""
    outcome = await crash(8, units=8)
    found = outcome.verdict
    assert outcome.line == "kills=8 lost=0 doubled=0", [*found.lost, *found.doubled]
    assert not found.faults


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

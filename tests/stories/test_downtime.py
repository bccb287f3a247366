"""The council's winter with a bot that is away now and then, against one that never is.

Whatever it would have said it says, late where need be and never twice; but for what has become
useless meanwhile. The month's rounds, whose deadlines move, are told in test_monthly_cycle.py.
"""

import shutil
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import pytest
import pytest_asyncio

from bot.domain.people import Forum
from storage.log_tables import OutboxRow
from tests.stories.council import Council
from tests.stories.world import OFFICE, World, at, world

BEGINS, ENDS = "2026-11-16 08:30", "2027-01-22 12:00"
Keys = frozenset[str]
SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
OTHERS = (
    "prompt",
    "reminder",
    "live_status",
    "result",
    "deadline_moved",
    "opened_late",
    "was_down",
)
"""Templates that are the month's round's, or tell of the pause itself."""

OPENED = frozenset({"begin/{}", "begin/{}/howto"})
REMINDED = frozenset({"remind/{}/0", "remind_meeting/{}/0#1", "remind_meeting/{}/0#2"})
CALLED = frozenset({"call/{}", "call/{}/entry", "attendance/{}"})


def about(meeting: str, *kinds: Keys) -> Keys:
    """Name a meeting's messages of some kinds."""
    return frozenset(key.format(meeting) for kind in kinds for key in kind)


async def winter(
    database_url: str, folder: Path, *pauses: tuple[str, str], ends: str = ENDS
) -> dict[str, datetime]:
    """Let a winter pass with the bot away at times; gives what the council was told, by key, and
    when.

    `m1` SAMSA on 3 December, `m2` BRÅ on 17 December, `m3` SAMSA on 14 January; unrest until 27
    November; `u1` to be done by 15 January; `b1` ends on 15 March.
    """
    async with world(database_url, folder, BEGINS) as there:
        council = Council(there)
        council.plan(Forum.SAMSA, at("2026-12-03 13:00"))
        council.plan(Forum.BRA, at("2026-12-17 13:00"))
        council.plan(Forum.SAMSA, at("2027-01-14 13:00"))
        await there.says(
            council.kim,
            "!oro förhöjd till 27 november; Björbo skola; oro kring skolan",
            "ja",
            "!uppdrag ny Byt armaturerna; gatuchefen; 15 januari 2027",
            "!bevaka medborgarlöfte 2027-03-15",
            room=OFFICE,
        )
        for down, up in pauses:
            await there.until(at(down))
            await there.end()
            there.clock.instant = at(up)
            await there.restart()
        await there.until(at(ends))
        places = {*there.platform.rooms, *(letter.to for letter in there.mail.letters)}
        rows = [row for place in places for row in there.rows_to(place)]
        _stands_once(there, rows)
        return {row.key: row.created_at for row in rows if row.template not in OTHERS}


def _stands_once(there: World, rows: Sequence[OutboxRow]) -> None:
    """See that everything was delivered, and that nothing stands in a room but that, once."""
    assert {row.state for row in rows} == {"sent"}
    assert len({row.key for row in rows}) == len(rows)
    said = Counter(row.room for row in rows if row.replaces is None)
    bot = there.platform.own_account
    stands = Counter(
        room for room, posts in there.platform.rooms.items() for p in posts if p.sender == bot
    )
    assert said == stands + Counter(letter.to for letter in there.mail.letters)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def undisturbed(
    blank_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, datetime]:
    """Give what the council is told by a bot that is never away."""
    folder = tmp_path_factory.mktemp("undisturbed")
    shutil.copy(blank_file, folder / "test.db")
    return await winter(f"sqlite:///{folder / 'test.db'}", folder)


def told_by(undisturbed: dict[str, datetime], moment: str) -> Keys:
    """Give what a bot that is never away has said by then."""
    return frozenset(key for key, said in undisturbed.items() if said <= at(moment))


async def test_short_pauses_lose_nothing(
    undisturbed: dict[str, datetime], database_url: str, tmp_path: Path
) -> None:
    """Away right before a call and right after it, over the end of the unrest, over a reminder and
    the start of a meeting: everything is said, and once."""
    ends = "2026-12-03 14:00"
    told = await winter(
        database_url,
        tmp_path,
        ("2026-11-23 08:30", "2026-11-23 10:00"),  # over the question of the unrest
        ("2026-11-26 08:59", "2026-11-26 09:01"),  # m1 is called, m2's items are asked for
        ("2026-11-26 09:01", "2026-11-26 09:30"),
        ("2026-11-27 15:59", "2026-11-27 16:01"),  # the unrest ends
        ("2026-12-01 20:00", "2026-12-02 12:00"),  # m1 is reminded of
        ("2026-12-03 12:59", "2026-12-03 13:01"),  # m1 begins
        ends=ends,
    )
    assert told.keys() == told_by(undisturbed, ends)
    late = {key for key, said in told.items() if said != undisturbed[key] and key[0] != "$"}
    assert {"call/m1", "remind/m1/0", "begin/m1", "end_unrest/r1/2026-11-27#0"} <= late
    assert told["end_unrest/r1/2026-11-27#0"] == at("2026-11-27 16:01")


@SQLITE
async def test_longer_pauses_lose_nothing(
    undisturbed: dict[str, datetime], database_url: str, tmp_path: Path
) -> None:
    """Away over a call into the evening, between call and reminder, over the first hour of a
    meeting, over Christmas, over an assignment's days: all is said, by day."""
    told = await winter(
        database_url,
        tmp_path,
        ("2026-12-04 10:00", "2026-12-08 20:00"),  # m2 is called
        ("2026-12-10 12:00", "2026-12-15 12:00"),  # between its call and reminder; b1's warning
        ("2026-12-17 12:30", "2026-12-17 14:00"),  # m2 begins
        ("2026-12-22 18:00", "2027-01-03 12:00"),  # m3's items, m2's notes
        ("2027-01-06 12:00", "2027-01-08 18:00"),  # m3 is called, u1 comes near
        ("2027-01-16 12:00", "2027-01-20 20:00"),  # u1 is overdue
    )
    assert told.keys() == undisturbed.keys()
    assert told["call/m2"] == at("2026-12-09 08:00")
    assert told["warn_term/b1/2027-03-15/3#0"] == at("2026-12-15 12:00")
    assert told["begin/m2"] == at("2026-12-17 14:00")
    assert told["ask_items/m3#0"] == told["ask_notes/m2/2#0"] == at("2027-01-04 08:00")
    assert told["call/m3"] == told["remind_due/u1/2027-01-15/before#0"] == at("2027-01-11 08:00")
    assert told["remind_due/u1/2027-01-15/over#0"] == at("2027-01-21 08:00")


@SQLITE
async def test_meeting_that_has_been_is_not_opened(
    undisturbed: dict[str, datetime], database_url: str, tmp_path: Path
) -> None:
    """Away over a whole meeting, and over another with its reminder: both are held all the same."""
    told = await winter(
        database_url,
        tmp_path,
        ("2026-12-03 12:00", "2026-12-03 17:30"),
        ("2027-01-13 08:00", "2027-01-14 16:30"),
    )
    assert undisturbed.keys() - told.keys() == about("m1", OPENED) | about("m3", OPENED, REMINDED)
    assert told.keys() <= undisturbed.keys()


@SQLITE
async def test_two_weeks_over_a_meeting_that_was_called(
    undisturbed: dict[str, datetime], database_url: str, tmp_path: Path
) -> None:
    """Reminder, opening and first word about the notes are useless; the last word, the warning and
    the question about items for the next meeting are said when the bot is back."""
    told = await winter(database_url, tmp_path, ("2026-12-11 12:00", "2026-12-28 07:00"))
    useless = about("m2", OPENED, REMINDED) | {"ask_notes/m2/1#0"}
    assert undisturbed.keys() - told.keys() == useless
    assert told.keys() <= undisturbed.keys()
    back = {key for key, said in told.items() if said == at("2026-12-28 08:00")}
    assert back == {"ask_items/m3#0", "ask_notes/m2/2#0", "warn_term/b1/2027-03-15/3#0"}


@SQLITE
async def test_two_weeks_over_a_meeting_that_was_not(
    undisturbed: dict[str, datetime], database_url: str, tmp_path: Path
) -> None:
    """Nobody is called to what has been; the coordinator is told so, once."""
    told = await winter(database_url, tmp_path, ("2026-12-04 18:00", "2026-12-18 12:00"))
    useless = undisturbed.keys() - told.keys()
    notes = {"ask_notes/m2/1#0", "ask_notes/m2/2#0"}
    assert useless == about("m2", CALLED, OPENED, REMINDED) | notes | {"call/m2/mail/10"}
    assert told.keys() - undisturbed.keys() == {"begin_meeting/m2/0#0"}


@SQLITE
async def test_two_weeks_over_a_time_of_unrest(
    undisturbed: dict[str, datetime], database_url: str, tmp_path: Path
) -> None:
    """It has ended when the bot is back: its question is not asked, its end is told; a call comes
    late, on the day of the reminder, which it makes useless."""
    ends = "2026-12-05 12:00"
    told = await winter(database_url, tmp_path, ("2026-11-18 12:00", "2026-12-01 20:00"), ends=ends)
    asked = {"open_unrest/r1/2026-11-23/ask/2/1", "paper_preview/h2", "paper_preview/h2/text"}
    useless = about("m1", REMINDED) | asked | {"unrest_ends/r1/2026-11-26#0"}
    assert told_by(undisturbed, ends) - told.keys() == useless
    assert told.keys() <= undisturbed.keys()
    assert told["call/m1"] == told["end_unrest/r1/2026-11-27#3"] == at("2026-12-02 08:00")

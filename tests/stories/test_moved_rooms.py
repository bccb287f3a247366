"""A room that is replaced by a new one, as a room upgrade does: the bot goes along."""

import pytest

from bot.ports import Kind
from tests.stories.conftest import Town
from tests.stories.world import BRA, OFFICE, SAMSA, at

pytestmark = pytest.mark.asyncio


async def moves(town: Town, old: str, new: str, *, by: str) -> None:
    """Let somebody with power over a room replace it."""
    w = town.world
    event_id = f"$move-{old}-{new}"
    await w.platform.happens(
        w.runtime.mailbox, old, by, "", kind=Kind.MOVED, target=new, event_id=event_id
    )
    await w.settle()


async def test_a_forums_room_is_followed_and_the_office_is_told(town: Town) -> None:
    """The bot joins the new room, says so once, and the report is posted there."""
    w = town.world
    w.sees(OFFICE)
    await moves(town, BRA, "!new-bra", by=town.kim)
    assert w.platform.own_account in w.platform.members["!new-bra"]
    [told] = w.sees(OFFICE)
    assert "Rummet för BRÅ har uppgraderats" in told.text
    await w.says(town.kim, "!rum", room=OFFICE)
    assert r"**BRÅ:** \!new\-bra" in w.last(OFFICE).text


async def test_a_direct_room_is_followed(town: Town) -> None:
    """The next question stands in the new direct room."""
    w = town.world
    await w.until(at("2026-11-02 09:00"))
    old = w.direct(town.rut)
    await moves(town, old, "!new-direct", by=town.rut)
    await w.says(town.rut, "!svara", "1", room="!new-direct")
    assert w.sees("!new-direct")
    w.sees(old)
    await w.until(at("2026-11-04 10:00"))
    assert (len(w.sees("!new-direct")), len(w.sees(old))) == (1, 0)


async def test_a_room_of_ours_is_never_taken_over(town: Town) -> None:
    """BRÅ's room can't be moved into SAMSA's, and a stranger's room concerns nobody."""
    w = town.world
    w.sees(OFFICE)
    await moves(town, "!elsewhere", "!anywhere", by="@stranger:bra.test")
    assert w.platform.own_account not in w.platform.members.get("!anywhere", set())
    await w.platform.happens(
        w.runtime.mailbox, BRA, town.kim, "", kind=Kind.MOVED, target=SAMSA, event_id="$x"
    )
    await w.settle()
    assert w.sees(OFFICE) == []
    await w.says(town.kim, "!rum", room=OFFICE)
    assert r"**BRÅ:** \!bra" in w.last(OFFICE).text
    assert r"**SAMSA:** \!samsa" in w.last(OFFICE).text

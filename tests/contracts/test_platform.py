"""The contract of ports.Platform, held by the stories' fake and by Matrix on a real server."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from bot.ports import File, NeverWillBe, Platform, Removal, Text
from tests.fakes import BOT, FakePlatform
from tests.live.client import current_text
from tests.live.homeserver import Homeserver
from tests.live.matrix_bot import Bot, person


@dataclass
class Stage:
    """A platform with a room, somebody in it, and what that somebody sees there."""

    platform: Platform
    room: str
    account: str
    sees: Callable[[str], Awaitable[list[str]]]


@pytest_asyncio.fixture(params=["fake", "matrix"])
async def stage(
    request: pytest.FixtureRequest, homeserver: Homeserver, tmp_path: Path
) -> AsyncIterator[Stage]:
    """Set the same stage on both."""
    if request.param == "fake":
        fake = FakePlatform()
        fake.add_room("!room", {"@anna:bra.test"})

        async def seen(room: str) -> list[str]:
            return [p.text for p in fake.rooms[room] if not p.removed]

        fake.unknown_accounts.add("@nobody:bra.test")
        yield Stage(fake, "!room", "@anna:bra.test", seen)
        return
    bot = await Bot.register(homeserver, tmp_path)
    async with await person(homeserver, "anna") as anna, bot.running() as platform:
        room = await anna.create_room("BRÅ", [bot.user_id])
        await platform.join(room)

        async def shown(room: str) -> list[str]:
            if room not in joined:
                await anna.join(room)
                joined.add(room)
            return [m.body for m in current_text(await anna.messages(room))]

        joined = {room}
        yield Stage(platform, room, anna.user_id, shown)


async def test_the_same_key_posts_once(stage: Stage) -> None:
    """Whatever the content, and however many at the same time."""
    ids = await asyncio.gather(
        *(stage.platform.send("k", stage.room, Text(markdown=f"Hej {n}")) for n in range(3))
    )
    assert len(set(ids)) == 1
    assert len(await stage.sees(stage.room)) == 1


async def test_an_edit_replaces_the_text_and_posts_nothing_new(stage: Stage) -> None:
    """The message stands with its last text."""
    first = await stage.platform.send("a", stage.room, Text(markdown="Hej"))
    await stage.platform.send("b", stage.room, Text(markdown="Hej då", replaces=first))
    assert await stage.sees(stage.room) == ["Hej då"]


async def test_a_removed_message_is_gone(stage: Stage) -> None:
    """Removal is idempotent like everything else."""
    first = await stage.platform.send("a", stage.room, Text(markdown="Hej"))
    for _ in range(2):
        await stage.platform.send("b", stage.room, Removal(target=first))
    assert await stage.sees(stage.room) == []


async def test_a_file_is_posted_under_its_name(stage: Stage) -> None:
    """The name says it all."""
    file = File(name="Lägesbild 2026-10.pdf", media_type="application/pdf", content=b"%PDF-1.7")
    await stage.platform.send("f", stage.room, file)
    assert await stage.sees(stage.room) == ["Lägesbild 2026-10.pdf"]


async def test_a_room_that_is_not_there_is_final(stage: Stage) -> None:
    """No use in trying again."""
    with pytest.raises(NeverWillBe):
        await stage.platform.send("k", f"!{uuid.uuid4().hex}:bra.test", Text(markdown="Hej"))


async def test_one_direct_room_per_account(stage: Stage) -> None:
    """Asking again gives the same room; the account counts as reachable there."""
    room = await stage.platform.open_direct("d", stage.account)
    assert await stage.platform.open_direct("d", stage.account) == room
    assert await stage.platform.reachable(room, stage.account)
    await stage.platform.send("hello", room, Text(markdown="Hej"))
    assert await stage.sees(room) == ["Hej"]


async def test_an_account_that_does_not_exist_is_final(stage: Stage) -> None:
    """It is told, not waited for."""
    with pytest.raises(NeverWillBe):
        await stage.platform.open_direct("d", f"@nobody:{stage.account.split(':')[1]}")


async def test_health_tells_what_may_be_done(stage: Stage) -> None:
    """In a joined room everything, in an unknown one nothing."""
    good = await stage.platform.health(stage.room)
    bad = await stage.platform.health("!gone:bra.test")
    assert (good.joined, good.may_write, good.may_attach) == (True, True, True)
    assert (bad.joined, bad.may_write) == (False, False)


async def test_the_platform_says_who_it_is_and_how_long_a_key_lasts(stage: Stage) -> None:
    """The relay depends on both."""
    assert stage.platform.name == "matrix"
    assert stage.platform.own_account.startswith("@")
    assert stage.platform.own_account == BOT or "bot-" in stage.platform.own_account
    assert stage.platform.replay_window > timedelta(hours=1)

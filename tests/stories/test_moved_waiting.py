"""Messages that wait while their room is replaced: each stands once, in the old room or the new."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta

import pytest

from bot.ports import File, Kind, Letter, MayBeSent, NotSent, Removal, Text
from tests.fakes import FakePlatform
from tests.stories.conftest import Town
from tests.stories.world import OFFICE, World, at

pytestmark = pytest.mark.asyncio
NEW = "!new"


class Slow(FakePlatform):
    """A chat that asks to come back later in the rooms of `later`, and takes its time to let in.

    As on a homeserver, a key is known in its room only.
    """

    def begin(self) -> None:
        """Make what the test turns."""
        self.later: set[str] = set()
        self.unheard: set[str] = set()
        self.tried, self.posts_first = 0, False
        self.answers, self.doors = asyncio.Event(), asyncio.Event()
        self.answers.set()
        self.doors.set()

    async def send(self, key: str, room: str, payload: Text | File | Removal | Letter) -> str:
        """Post, or not; in the rooms of `unheard` the answer is lost once."""
        self.tried += 1
        if room in self.later:
            raise NotSent("busy", retry_after=timedelta(0))
        if room in self.unheard:
            self.unheard.discard(room)
            await super().send(f"{room} {key}", room, payload)
            self.later.add(room)
            raise MayBeSent("the line broke")
        if self.posts_first:
            await super().send(f"{room} {key}", room, payload)
        await self.answers.wait()
        return await super().send(f"{room} {key}", room, payload)

    async def join(self, room: str) -> None:
        """Go in when the doors are open."""
        await self.doors.wait()
        await super().join(room)


async def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(10):
        while not holds():
            await asyncio.sleep(0.01)


@pytest.fixture
async def slow(town: Town) -> AsyncIterator[Slow]:
    """Let the month begin, on a chat that can be slow."""
    w = town.world
    await w.until(at("2026-11-02 09:00"))
    await w.end()
    platform = Slow(**vars(w.platform))
    platform.begin()
    w.platform = platform
    await w.restart()
    for room in w.platform.rooms:
        w.sees(room)
    platform.tried = 0
    return platform


async def says(w: World, account: str, *texts: str, room: str) -> list[str]:
    """Write without waiting for what it brings; gives what is then waiting to be said."""
    causes = [await w.platform.happens(w.runtime.mailbox, room, account, text) for text in texts]
    await until(lambda: w.runtime.database.now(lambda uow: uow.outbox.waiting()) == len(texts))
    rows = [w.runtime.database.now(lambda uow, c=c: uow.outbox.by_key(f"{c}#0")) for c in causes]  # type: ignore[misc]
    return [row.text for row in rows if row is not None]


async def moves(w: World, old: str, *, by: str) -> None:
    """Let a room be replaced: nothing can be posted in the old one any more."""
    w.platform.closed.add(old)
    await w.platform.happens(
        w.runtime.mailbox, old, by, "", kind=Kind.MOVED, target=NEW, event_id=f"$move{old}"
    )


def trouble(w: World) -> list[str]:
    """List what could not be delivered, or may not have been."""
    return [row.key for row in w.runtime.database.now(lambda uow: uow.outbox.trouble())]


async def test_what_waits_goes_to_the_new_room(town: Town, slow: Slow) -> None:
    """Two answers wait because the chat is busy; they come in the new room, once and in order."""
    w, old = town.world, town.world.direct(town.rut)
    slow.later.add(old)
    wanted = await says(w, town.rut, "!status", "!hjälp", room=old)
    await until(lambda: slow.tried > 0)
    slow.doors.clear()
    await moves(w, old, by=town.rut)
    await asyncio.sleep(0.1)
    slow.later.clear()
    await asyncio.sleep(2)
    slow.doors.set()
    await w.settle()
    assert len(wanted) == 2
    assert [posted.text for posted in w.sees(NEW)] == wanted
    assert (w.sees(old), w.sees(OFFICE), trouble(w)) == ([], [], [])


async def test_what_is_refused_because_of_the_move_goes_to_the_new_room(
    town: Town, slow: Slow
) -> None:
    """A message is on its way while the room is closed and replaced: the refusal is no failure."""
    w, old = town.world, town.world.direct(town.rut)
    slow.answers.clear()
    await says(w, town.rut, "!hjälp", room=old)
    await until(lambda: slow.tried == 1)
    await moves(w, old, by=town.rut)
    await asyncio.sleep(0.1)
    slow.answers.set()
    await w.settle()
    assert (len(w.sees(NEW)), w.sees(old), w.sees(OFFICE), trouble(w)) == (1, [], [], [])


async def test_what_may_stand_in_the_old_room_is_not_said_again(town: Town, slow: Slow) -> None:
    """The answer to a message was lost: it is asked for in the old room, where it stands."""
    w, old = town.world, town.world.direct(town.rut)
    slow.unheard.add(old)
    await says(w, town.rut, "!hjälp", room=old)
    await until(lambda: old in slow.later)
    await moves(w, old, by=town.rut)
    await asyncio.sleep(0.1)
    slow.later.clear()
    await w.settle()
    assert (w.sees(NEW), len(w.sees(old)), w.sees(OFFICE), trouble(w)) == ([], 1, [], [])


async def test_what_an_earlier_life_left_is_not_said_again(town: Town, slow: Slow) -> None:
    """Killed while a message was on its way, nobody knows whether it stands in the old room."""
    w, old = town.world, town.world.direct(town.rut)
    slow.answers.clear()
    slow.posts_first = True
    await says(w, town.rut, "!hjälp", room=old)
    await until(lambda: any(key.startswith(old) for key in slow.known))
    await w.end()
    slow.answers.set()
    slow.later.add(old)
    w.runtime = w._process()
    await w.runtime.begin()
    await until(lambda: slow.tried == 2)
    await moves(w, old, by=town.rut)
    await asyncio.sleep(0.1)
    slow.later.clear()
    await w.settle()
    assert (w.sees(NEW), len(w.sees(old)), w.sees(OFFICE), trouble(w)) == ([], 1, [], [])


async def test_an_invitation_to_the_new_room_may_come_first(town: Town, slow: Slow) -> None:
    """The bot is invited, and going in, when it hears of the move: what waits comes after that."""
    w = town.world
    slow.later.add(OFFICE)
    slow.doors.clear()
    await says(w, town.kim, "!rum", room=OFFICE)
    await until(lambda: slow.tried > 0)
    await w.platform.happens(w.runtime.mailbox, NEW, town.kim, "", kind=Kind.INVITATION)
    await asyncio.sleep(0.1)
    await moves(w, OFFICE, by=town.kim)
    await asyncio.sleep(2)
    slow.doors.set()
    await w.settle()
    rooms, moved = sorted(w.sees(NEW), key=lambda posted: "uppgraderats" in posted.text)
    assert "**BRÅ:**" in rooms.text
    assert "uppgraderats" in moved.text
    assert (w.sees(OFFICE), trouble(w)) == ([], [])

"""Rights that are taken away: the bot muted, thrown out, left alone. It says so, and comes back."""

from dataclasses import dataclass, field, replace

import pytest

from bot.ports import File, Kind, Letter, NeverWillBe, Removal, RoomHealth, Text
from tests.fakes import FakePlatform
from tests.stories.conftest import Town
from tests.stories.world import ADMIN, BRA, OFFICE, at

pytestmark = [
    pytest.mark.asyncio,
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]


@dataclass
class Strict(FakePlatform):
    """A chat where the bot is in the rooms of `muted`, but may say nothing there."""

    muted: set[str] = field(default_factory=set)

    async def send(self, key: str, room: str, payload: Text | File | Removal | Letter) -> str:
        """Refuse as a homeserver does."""
        if room in self.muted:
            raise NeverWillBe("403 M_FORBIDDEN: User level (0) too low (50)")
        return await super().send(key, room, payload)

    async def health(self, room: str) -> RoomHealth:
        """Tell that nothing may be written."""
        found, may = await super().health(room), room not in self.muted
        return replace(found, may_write=may, may_attach=may, may_redact=may)


@pytest.fixture
async def strict(town: Town) -> Strict:
    """Let the month begin, on a chat that refuses where the bot has no power."""
    w = town.world
    await w.end()
    platform = Strict(**vars(w.platform))
    w.platform = platform
    await w.restart()
    await w.until(at("2026-11-02 09:00"))
    w.sees(OFFICE)
    return platform


async def health_of_bra(town: Town) -> str:
    """Let the coordinator ask; give the line about BRÅ's room."""
    await town.world.says(town.kim, "!hälsa", room=OFFICE)
    [answer] = town.world.sees(OFFICE)
    return next(line for line in answer.text.splitlines() if "**BRÅ:**" in line)


async def test_a_room_without_the_right_to_write(town: Town, strict: Strict) -> None:
    """The office is told once, with the cure; with the right given back the bot answers again."""
    w = town.world
    strict.muted.add(BRA)
    await w.says(town.kim, "!hjälp", room=BRA)
    [told] = w.sees(OFFICE)
    assert "i rummet för BRÅ. Se `!hälsa`" in told.text
    assert "too low" in told.text
    assert "Ge mig rätt att skicka meddelanden" in await health_of_bra(town)
    await w.end()
    await w.restart()
    assert w.sees(OFFICE) == []
    strict.muted.clear()
    await w.says(town.kim, "!hjälp", room=BRA)
    assert len(w.sees(BRA)) == 1
    assert "fungerar" in await health_of_bra(town)


async def test_the_office_without_the_right_to_write(town: Town, strict: Strict) -> None:
    """Whoever runs it is told in their direct chats: once a day, however much fails."""
    w = town.world
    strict.muted.add(OFFICE)
    await w.says(town.kim, "!status", "!hjälp", "!rum", room=OFFICE)
    for account in (town.kim, ADMIN):
        [told] = w.told(account)
        assert "i rummet för samordningen. Se `!hälsa`" in told
    assert w.told(town.rut) != []
    await w.says(town.kim, "!hälsa")
    [answer] = w.told(town.kim)
    assert "**samordningen:** jag får inte skriva. Ge mig rätt" in answer
    w.clock.instant = at("2026-11-03 08:00")
    await w.says(town.kim, "!hjälp", room=OFFICE)
    assert (len(w.told(town.kim)), len(w.told(ADMIN))) == (1, 1)
    strict.muted.clear()
    await w.says(town.kim, "!hjälp", room=OFFICE)
    assert (len(w.sees(OFFICE)), w.told(town.kim)) == (1, [])


async def test_an_office_nobody_can_be_told_about_ends(town: Town, strict: Strict) -> None:
    """Where the direct chats are closed too, the bot does not tell itself in circles."""
    w = town.world
    strict.unknown_accounts |= {town.kim, ADMIN}
    strict.muted.add(OFFICE)
    await w.says(town.kim, "!hjälp", room=OFFICE)
    strict.muted.clear()
    await w.says(town.kim, "!hälsa", room=OFFICE)
    [answer] = w.sees(OFFICE)
    assert "kom inte fram" in answer.text


async def test_thrown_out_and_invited_again(town: Town, strict: Strict) -> None:
    """The office is told once; whoever invites, the forum's room is gone into and used again."""
    w, own = town.world, strict.own_account
    strict.closed.add(BRA)
    strict.members[BRA].discard(own)
    await strict.happens(w.runtime.mailbox, BRA, own, "", kind=Kind.DEPARTURE)
    await w.settle()
    [told] = w.sees(OFFICE)
    assert "inte längre med i rummet för BRÅ. Bjud in mig igen" in told.text
    assert "Bjud in mig" in await health_of_bra(town)
    strict.closed.discard(BRA)
    await strict.happens(w.runtime.mailbox, BRA, town.rut, "", kind=Kind.INVITATION)
    await w.settle()
    assert own in strict.members[BRA]
    await w.says(town.kim, "!hjälp", room=BRA)
    assert len(w.sees(BRA)) == 1
    assert "fungerar" in await health_of_bra(town)


async def test_a_direct_room_left_and_entered_again(town: Town, strict: Strict) -> None:
    """Told once when they leave; back in the same room they are no longer out of reach."""
    w, room = town.world, town.world.direct(town.rut)
    await strict.happens(w.runtime.mailbox, room, town.rut, "", kind=Kind.DEPARTURE)
    await strict.happens(w.runtime.mailbox, room, town.rut, "", kind=Kind.DEPARTURE)
    await w.settle()
    [told] = w.sees(OFFICE)
    assert "Rut Rektor har lämnat chatten" in told.text
    await strict.happens(w.runtime.mailbox, room, town.rut, "", kind=Kind.ARRIVAL)
    await w.settle()
    w.told(town.rut)
    await w.says(town.rut, "1", "2", "skicka")
    assert "Tack" in w.told(town.rut)[-1]
    await w.until(at("2026-11-06 16:30"))
    w.sees(OFFICE)
    await w.says(town.kim, "!läget", room=OFFICE)
    [state] = w.sees(OFFICE)
    assert "Kunde inte nås" not in state.text


async def test_thrown_out_of_a_direct_room_and_asked_back(town: Town, strict: Strict) -> None:
    """Their own room is gone into again, though an invitation to an old room is not marked."""
    w, own, room = town.world, strict.own_account, town.world.direct(town.rut)
    strict.closed.add(room)
    strict.members[room].discard(own)
    await strict.happens(w.runtime.mailbox, room, own, "", kind=Kind.DEPARTURE)
    await w.settle()
    strict.closed.discard(room)
    for stranger in (town.bo, "@stranger:bra.test"):
        await strict.happens(w.runtime.mailbox, room, stranger, "", kind=Kind.INVITATION)
        await w.settle()
        assert own not in strict.members[room]
    await strict.happens(w.runtime.mailbox, room, town.rut, "", kind=Kind.INVITATION)
    await w.settle()
    assert own in strict.members[room]
    w.told(town.rut)
    await w.says(town.rut, "!hjälp")
    assert len(w.told(town.rut)) == 1

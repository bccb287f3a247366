"""What `!hälsa` tells of the chat service: where it could not read, and whose identity is new."""

from collections.abc import Sequence
from datetime import UTC, datetime

from bot.ports import Notice
from tests.fakes import FakePlatform
from tests.stories.conftest import Town
from tests.stories.world import OFFICE, SAMSA, at


class Troubled(FakePlatform):
    """A chat service with things to tell."""

    told: Sequence[Notice] = ()

    async def notices(self) -> Sequence[Notice]:
        """Tell them."""
        return self.told


async def ask(town: Town, *told: Notice) -> list[str]:
    """Let the coordinator ask, after these notices; give the points of the answer about them."""
    w = town.world
    platform = Troubled(
        rooms=w.platform.rooms, members=w.platform.members, direct=w.platform.direct
    )
    platform.told = told
    platform.events, platform.position = w.platform.events, w.platform.position
    w.platform = platform
    await w.restart()
    await w.says(town.kim, "!hälsa", room=OFFICE)
    _, _, after = w.last(OFFICE).text.partition("**Att veta:**")
    return [line for line in after.splitlines() if line.startswith("- ")]


async def test_rooms_with_unread_messages_are_named(town: Town) -> None:
    """A forum by its name, another room by its id; direct chats together, for there they know."""
    await town.world.until(at("2026-11-02 09:00"))  # when the direct rooms are opened
    direct, samsa, other = await ask(
        town,
        Notice(code="unreadable", about=town.world.direct(town.rut), count=2),
        Notice(code="unreadable", about=SAMSA, count=3),
        Notice(code="unreadable", about="!okänt", count=1),
        Notice(code="unreadable", about=town.world.direct(town.bo), count=1),
    )
    assert direct.startswith("- 3 meddelanden i direktchattar kan jag inte läsa.")
    assert samsa.startswith("- 3 meddelanden i rummet SAMSA kan jag inte läsa.")
    assert "vet inte om det" in samsa
    assert other.startswith("- 1 meddelande i rummet \\!okänt kan jag inte läsa.")


async def test_whose_identity_is_new_is_named(town: Town) -> None:
    """With their name where they are known, since when, and what to do."""
    since = datetime(2026, 10, 28, 8, 15, tzinfo=UTC)
    rut, stranger = await ask(
        town,
        Notice(code="new_identity", about=town.rut, since=since),
        Notice(code="new_identity", about="@okänd:bra.test", since=since),
    )
    whose = "har en ny krypteringsidentitet, upptäckt 28/10 kl. 09.15."
    assert rut.startswith(f"- Rut Rektor (\\{town.rut}) {whose} Fråga personen")
    assert "kontakta administratören" in rut
    assert stranger.startswith(f"- \\@okänd:bra.test {whose}")


async def test_nothing_to_tell_is_not_told(town: Town) -> None:
    """Without notices the heading is not there either."""
    assert await ask(town) == []
    assert "Att veta" not in town.world.last(OFFICE).text

"""The contract of ports.Sender, held by both chats and by the mail sender on a real server."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from bot.platforms.mail import MailSender
from bot.ports import File, Letter, NeverWillBe, Removal, Sender, Text
from tests.fakes import FakePlatform
from tests.live.client import current_text
from tests.live.homeserver import Homeserver
from tests.live.mailserver import HOST, mail_server
from tests.live.matrix_bot import Bot, person

LETTER = Letter(subject="Kallelse", markdown="Hej")
MESSAGE = Text(markdown="Hej")
Payload = Text | File | Removal | Letter


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A sender, a room of its kind and one that is not there, and how much stands in the room."""

    sender: Sender
    name: str
    room: str
    nowhere: str
    carried: Payload
    foreign: Payload
    count: Callable[[], Awaitable[int]]


@pytest_asyncio.fixture(params=["fake", "matrix", "mail"])
async def stage(
    request: pytest.FixtureRequest, homeserver: Homeserver, tmp_path: Path
) -> AsyncIterator[Stage]:
    """Set the same stage for each."""
    setting = {"fake": _fake, "mail": _mail}.get(request.param)
    if setting is not None:
        async for stage in setting():
            yield stage
        return
    bot = await Bot.register(homeserver, tmp_path)
    async with await person(homeserver, "anna") as anna, bot.running() as platform:
        room = await anna.create_room("BRÅ", [bot.user_id])
        await platform.join(room)

        async def count() -> int:
            return len(current_text(await anna.messages(room)))

        yield _chat(platform, room, count)


async def _fake() -> AsyncIterator[Stage]:
    chat = FakePlatform()
    chat.add_room("!room", set())

    async def count() -> int:
        return len(chat.rooms["!room"])

    yield _chat(chat, "!room", count)


async def _mail() -> AsyncIterator[Stage]:
    async with mail_server() as server:
        server.refused.add("nobody@kommun.test")

        async def count() -> int:
            return len(server.to("anna@kommun.test"))

        yield Stage(
            sender=MailSender(
                host=HOST,
                port=server.port,
                security="none",
                user="",
                password=None,
                sender_address="bot@kommun.test",
                sender_name="Exempelby",
            ),
            name="mail",
            room="anna@kommun.test",
            nowhere="nobody@kommun.test",
            carried=LETTER,
            foreign=MESSAGE,
            count=count,
        )


def _chat(sender: Sender, room: str, count: Callable[[], Awaitable[int]]) -> Stage:
    return Stage(
        sender=sender,
        name="matrix",
        room=room,
        nowhere="!gone:bra.test",
        carried=MESSAGE,
        foreign=LETTER,
        count=count,
    )


async def test_a_key_posts_once_or_is_known_not_to(stage: Stage) -> None:
    """With a replay window once; without one twice, but under one id that shows the copy."""
    ids = [await stage.sender.send("k", stage.room, stage.carried) for _ in range(2)]
    assert ids[0] == ids[1] != ""
    assert await stage.count() == (1 if stage.sender.replay_window else 2)


async def test_another_key_is_another_message(stage: Stage) -> None:
    """Though the words are the same."""
    ids = [await stage.sender.send(key, stage.room, stage.carried) for key in ("a", "b")]
    assert len(set(ids)) == 2
    assert await stage.count() == 2


async def test_what_it_does_not_carry_is_final(stage: Stage) -> None:
    """A letter is nothing for a chat room, a message nothing for an address."""
    with pytest.raises(NeverWillBe):
        await stage.sender.send("k", stage.room, stage.foreign)
    assert await stage.count() == 0


async def test_a_recipient_that_is_not_there_is_final(stage: Stage) -> None:
    """Whether the other side says so or the name can't be one."""
    for where in (stage.nowhere, "x"):
        with pytest.raises(NeverWillBe):
            await stage.sender.send(f"k{where}", where, stage.carried)


async def test_it_says_its_word_and_how_long_a_key_lasts(stage: Stage) -> None:
    """The relay depends on both; nothing and a few minutes are different things."""
    assert stage.sender.name == stage.name
    window = stage.sender.replay_window
    assert window == timedelta(0) or window > timedelta(hours=1)

"""The rooms and people that the chat benchmarks need, on one homeserver without rate limits."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from tests.live.client import MatrixUser
from tests.live.homeserver import Homeserver

PASSWORD = "correct horse"
_AT_ONCE = 8

Given = TypeVar("Given")
Made = TypeVar("Made")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """`bot` and `bare` are second devices of the two accounts: they see what is posted.

    `with_bot[n]` and `with_bare[n]` are the direct rooms of `users[n]`. The coordinator writes in
    `office`; the stranger, whom the bot doesn't know, writes in `signal`.
    """

    homeserver: Homeserver
    bot: MatrixUser
    bare: MatrixUser
    users: list[MatrixUser]
    coordinator: MatrixUser
    stranger: MatrixUser
    with_bot: list[str]
    with_bare: list[str]
    office: str
    signal: str

    @classmethod
    async def build(cls, homeserver: Homeserver, users: int) -> "Stage":
        """Register everybody and make the rooms that a first life of the bot is in."""

        async def register(name: str) -> MatrixUser:
            account = await homeserver.register(name, PASSWORD)
            return MatrixUser(
                homeserver.base_url, user_id=account.user_id, access_token=account.access_token
            )

        people = ["lagesbot", "bare", "coordinator", "stranger"]
        people += [f"user{n}" for n in range(1, users + 1)]
        bot, bare, coordinator, stranger, *rest = await each(people, register)

        async def direct(pair: tuple[MatrixUser, MatrixUser]) -> str:
            user, partner = pair
            room = await user.create_room("Direkt", [partner.user_id], is_direct=True)
            await partner.join(room)
            return room

        return cls(
            homeserver=homeserver,
            bot=bot,
            bare=bare,
            users=rest,
            coordinator=coordinator,
            stranger=stranger,
            with_bot=await each([(user, bot) for user in rest], direct),
            with_bare=await each([(user, bare) for user in rest], direct),
            office=await direct((coordinator, bot)),
            signal=await direct((stranger, bot)),
        )

    async def add_rooms(self, count: int) -> list[str]:
        """Let the bot's account make so many rooms that all the direct rooms are `count`."""
        names = [f"Rum {n}" for n in range(len(self.with_bot), count)]
        return [*self.with_bot, *await each(names, self.bot.create_room)]

    async def close(self) -> None:
        """Close every connection."""
        everybody = [self.bot, self.bare, self.coordinator, self.stranger, *self.users]
        await asyncio.gather(*(user.close() for user in everybody))


async def each(given: Iterable[Given], do: Callable[[Given], Awaitable[Made]]) -> list[Made]:
    """Do something with each, a few at a time; gives what came of it, in order."""
    slots = asyncio.Semaphore(_AT_ONCE)

    async def one(item: Given) -> Made:
        async with slots:
            return await do(item)

    return list(await asyncio.gather(*(one(item) for item in given)))

"""The people of the story: one real Matrix client each, and what they can do with it."""

import asyncio
from collections.abc import Awaitable, Callable

from tests.live.client import MatrixUser
from tests.live.timeline import current_text

PASSWORD = "exempelby"
"""Everybody's, on a homeserver that only this machine sees, as long as the demonstration lasts."""


class Player:
    """One person. `handled` waits until the bot has done what an event asked for.

    Args:
        name: what the person is called.
        user: the client, listening.
        bot: the bot's account.
        handled: waits for the event with this id.
        groups: ids of the rooms that are nobody's direct room.
    """

    def __init__(
        self,
        name: str,
        user: MatrixUser,
        *,
        bot: str,
        handled: Callable[[str], Awaitable[None]],
        groups: set[str],
    ) -> None:
        self.name = name
        self.user = user
        self._bot, self._handled, self._groups = bot, handled, groups
        self._direct: str | None = None

    async def begins(self) -> None:
        """Start a direct chat with the bot, and wait until it has come."""
        room = await self.user.create_room("", [self._bot], is_direct=True)
        await self.user.wait_for(
            lambda e: (
                e["room_id"] == room
                and e["type"] == "m.room.member"
                and e.get("state_key") == self._bot
                and e["content"].get("membership") == "join"
            ),
            within=20,
        )
        self._direct = room

    async def direct(self) -> str:
        """Give the direct room with the bot, once it has written there."""
        if self._direct is None:
            event = await self.user.wait_for(
                lambda e: (
                    e["type"] == "m.room.message"
                    and e["sender"] == self._bot
                    and e["room_id"] not in self._groups
                ),
                within=20,
            )
            self._direct = str(event["room_id"])
        return self._direct

    async def says(self, *texts: str, room: str | None = None, thread: str | None = None) -> str:
        """Write messages, each when the bot has answered the one before; give the last one's id."""
        where = room or await self.direct()
        event_id = ""
        for text in texts:
            event_id = await self.user.send(where, text, thread=thread)
            await self._handled(event_id)
        return event_id

    async def remarks(self, text: str, room: str) -> str:
        """Write something that is not for the bot; give its id."""
        return await self.user.send(room, text)

    async def edits(self, event_id: str, text: str, room: str | None = None) -> None:
        """Edit an own message."""
        where = room or await self.direct()
        await self._handled(await self.user.edit(where, event_id, text))

    async def reacts(self, *keys: str, room: str | None = None, to: str | None = None) -> None:
        """React to the bot's newest message (or to the one given), key after key."""
        where = room or await self.direct()
        for key in keys:
            target = to or await self.newest(where)
            await self._handled(await self.user.react(where, target, key))

    async def newest(self, room: str, words: str = "") -> str:
        """Give the id of the bot's newest message (with these words) in a room's main timeline."""
        shown = [
            message
            for message in current_text(await self.user.messages(room))
            if message.sender == self._bot and message.thread is None and words in message.body
        ]
        return shown[-1].event_id

    async def reads(self, words: str, room: str, *, times: int = 1, within: float = 60) -> None:
        """Wait until the bot has written these words so many times in a room."""
        async with asyncio.timeout(within):
            while True:
                said = [
                    e
                    for e in self.user.seen
                    if e["room_id"] == room
                    and e.get("sender") == self._bot
                    and words in str(e["content"].get("body", ""))
                ]
                if len(said) >= times:
                    return
                await asyncio.sleep(0.05)

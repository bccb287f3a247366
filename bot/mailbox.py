"""The way in: each event is scrubbed in memory and stored once, before anything is done about it.

This is the privacy brake's only gate: what a platform reads passes here and nowhere else, so no
personal identity number reaches the database.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from bot.domain.privacy import scrub
from bot.ports import Batch, Clock, IncomingMessage
from storage.database import Database
from storage.unit_of_work import UnitOfWork


class StoredMailbox:
    """Implements ports.Mailbox over the database; `arrived` gets the row ids with their lanes."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        arrived: Callable[[Sequence[tuple[int, str]]], None],
    ) -> None:
        self._database = database
        self._clock = clock
        self._arrived = arrived

    async def position(self, platform: str) -> str | None:
        """Give the position after the last stored batch."""
        return await self._database.transact(lambda uow: uow.inbox.position(platform))

    async def accept(self, platform: str, batch: Batch) -> None:
        """Store the events, each once, together with the position."""
        now = self._clock.now()

        def store(uow: UnitOfWork) -> Sequence[tuple[int, str]]:
            scrubbed = [_scrub(event) for event in batch.events]  # here, off the event loop
            uow.inbox.move(platform, batch.position, now)
            return uow.inbox.add(platform, scrubbed, now)

        self._arrived(await self._database.transact(store))


def _scrub(event: IncomingMessage) -> tuple[IncomingMessage, int]:
    text = scrub(event.text)
    return replace(event, text=text.text), text.identity_numbers

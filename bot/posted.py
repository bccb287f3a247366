"""What has been posted, until it is written down: many rows in one transaction.

What is sent, when and how often belongs in outbox.py.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from datetime import datetime

from storage.database import Database
from storage.outbox import Queued

_JOINED = 0.1
"""Seconds that a row waits for those under way; no longer, since a reaction to a message finds it
only once it is written down."""


class Posted:
    """Rows with their event ids; `spawn` runs the writing, `completed` is told before it."""

    def __init__(
        self,
        database: Database,
        spawn: Callable[[Coroutine[object, object, None]], object],
        completed: Callable[[Sequence[Queued]], Awaitable[None]],
    ) -> None:
        self._database = database
        self._spawn = spawn
        self._completed = completed
        self._rows: list[tuple[Queued, str, datetime]] = []
        self._writing = asyncio.Lock()
        self._announced = False
        self._under_way = 0
        self._calm = asyncio.Event()

    @property
    def written(self) -> bool:
        """Tell whether everything is written down."""
        return not self._rows

    @contextlib.contextmanager
    def under_way(self) -> Iterator[None]:
        """Let what has been posted wait a moment for the row that is being sent here."""
        self._under_way += 1
        self._calm.clear()
        try:
            yield
        finally:
            self._under_way -= 1
            if not self._under_way:
                self._calm.set()

    def add(self, row: Queued, event_id: str, at: datetime) -> None:
        """Take a row that was posted; it is written down soon."""
        self._rows.append((row, event_id, at))
        if not self._announced:
            self._announced = True
            self._spawn(self._write_soon())

    async def write(self) -> None:
        """Write down what there is, now."""
        async with self._writing:
            rows = list(self._rows)
            if not rows:
                return
            # First: a row that is written down is never looked at again. Killed in between, we post
            # it once more under its key, and what completion causes knows that it has happened.
            await self._completed([row for row, _, _ in rows])
            posted = [(row.id, event_id, at) for row, event_id, at in rows]
            await self._database.transact(lambda uow: uow.outbox.posted(posted))
            del self._rows[: len(rows)]

    async def _write_soon(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_JOINED):
                await self._calm.wait()
        self._announced = False
        await self.write()

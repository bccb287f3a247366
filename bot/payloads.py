"""From a row of the outbox to what a sender carries: files fetched, keys turned into event ids.

Whether, when and how often it is sent belongs in outbox.py.
"""

from bot.handouts import Artifact
from bot.ports import File, Letter, Removal, Text
from storage.database import Database
from storage.outbox import Queued
from storage.unit_of_work import UnitOfWork


class Unresolved(Exception):
    """The message that this one edits or answers has itself not been posted."""


class Payloads:
    """Makes payloads; remembers the event ids of what was posted in this life."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._events: dict[str, str] = {}

    def posted(self, key: str, event_id: str) -> None:
        """Remember what a row was posted as, for those that edit or answer it."""
        self._events[key] = event_id

    async def of(self, row: Queued) -> Text | File | Removal | Letter:
        """Give what the row says.

        Raises:
            Unresolved: what it edits or answers was never posted.
        """
        if row.kind == "removal":
            return Removal(target=row.target or "")
        if row.kind == "letter":
            return await self._database.transact(lambda uow: _letter(uow, row))
        thread = row.thread
        if row.thread_of:
            thread = await self._event_of(row.thread_of)
        if row.kind == "file" and row.artifact_id is not None:
            wanted = row.artifact_id
            artifact = await self._database.transact(lambda uow: uow.editions.artifact(wanted))
            return _file(artifact, caption=row.text, thread=thread)
        replaces = await self._event_of(row.replaces) if row.replaces else None
        return Text(markdown=row.text, replaces=replaces, thread=thread)

    async def _event_of(self, key: str) -> str:
        if key not in self._events:
            row = await self._database.transact(lambda uow: uow.outbox.by_key(key))
            if row is None or not row.event_id:
                raise Unresolved(f"{key} was never posted")
            self._events[key] = row.event_id
        return self._events[key]


def _letter(uow: UnitOfWork, row: Queued) -> Letter:
    return Letter(
        subject=row.subject,
        markdown=row.text,
        attachments=[_file(uow.editions.artifact(artifact)) for artifact in row.attachments],
    )


def _file(artifact: Artifact, caption: str = "", thread: str | None = None) -> File:
    return File(
        name=artifact.name,
        media_type=artifact.media_type,
        content=artifact.content,
        caption=caption,
        thread=thread,
        width=artifact.width,
        height=artifact.height,
    )

"""Rooms that were replaced in this life, and what of the outbox goes along to the new one.

A key posts once per room: what the old room may hold already stays with it. When and in which order
rows are sent belongs in outbox.py.
"""

from collections.abc import Iterable, Sequence

from storage.outbox import Queued


class Moves:
    """Which room took the place of which."""

    def __init__(self) -> None:
        self._new: dict[str, str] = {}

    def note(self, old: str, new: str) -> None:
        """Remember that a room was replaced; one that is moved back to is no old one any more."""
        self._new[old] = new
        self._new.pop(new, None)

    def of(self, row: Queued) -> str | None:
        """Give the room that a row is to go to in place of its own, or None where it stays.

        An edit stays with what it edits, unless that goes along too: see `take`.
        """
        return self._new.get(row.room) if _may_move(row) and not row.replaces else None

    def take(self, rows: Iterable[Queued], old: str) -> Sequence[Queued]:
        """Address those that wait for a room to the new one, and give them.

        What they answer in the old room can't be answered in the new one: they stand by themselves.
        """
        new, keys, moving = self._new[old], set[str](), []
        for row in rows:
            if row.room == old and _may_move(row) and (not row.replaces or row.replaces in keys):
                keys.add(row.key)
                moving.append(row)
                row.room, row.thread = new, None
                row.thread_of = row.thread_of if row.thread_of in keys else None
        return moving


def _may_move(row: Queued) -> bool:
    """Tell whether a row says something that has surely not been posted."""
    return row.kind in ("text", "file") and row.state == "pending" and row.tried_at is None

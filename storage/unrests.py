"""Times of unrest."""

from collections.abc import Sequence

from sqlmodel import Session, col

from bot.domain.unrest import Unrest
from storage.council_tables import UnrestRow
from storage.mapping import Shelf


class Unrests(Shelf[Unrest, UnrestRow]):
    """Everything about unrest but its rounds, which are rounds like others (cycles.py)."""

    def __init__(self, session: Session) -> None:
        super().__init__(session, Unrest, UnrestRow, letter="r", what="unrest")

    def running(self) -> Sequence[Unrest]:
        """List the times of unrest that have not ended."""
        return self.where(col(UnrestRow.ended_at).is_(None))

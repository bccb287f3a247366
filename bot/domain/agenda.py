"""The agenda of a meeting: a standing list of points, each fed with what belongs there.

The standing points are files (templates/agendas/), words included; what feeds them is worked out in
bot/council/. A point's number is its place in the list.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Feed(StrEnum):
    """What a standing point may be fed with by itself."""

    PREVIOUS = "previous"
    """What was decided at the last meeting of the forum."""
    ASSIGNMENTS = "assignments"
    """Open assignments, the overdue first."""
    REPORT = "report"
    """The newest approved situation report."""
    CASES = "cases"
    """Cases prepared for this forum."""
    MEASURES = "measures"
    """Rows of the action plan that fall due or are not green."""
    DEADLINES = "deadlines"
    """Agreements, plans and promises that end."""
    ITEMS = "items"
    """What people have asked to talk about."""
    NEXT = "next"
    """The forum's next meeting."""
    AHEAD = "ahead"
    """School holidays and events to come."""
    REASON = "reason"
    """Why an extra meeting was called."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingPoint:
    """One point of a standing agenda: heading by language, and its feeds in order."""

    heading: Mapping[str, str]
    feeds: Sequence[Feed] = ()
    note: Mapping[str, str] | None = None
    """A standing reminder under the heading, e.g. that no single persons are talked about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgendaItem:
    """Something somebody wants on the agenda. `position` orders items; the lowest comes first."""

    id: int = 0
    meeting_id: int
    text: str
    by_person: int
    at: datetime
    position: int = 0
    addition: bool = False
    """It came after the call."""
    withdrawn: bool = False

    @property
    def short_id(self) -> str:
        """The id people type: `d4` (dagordningspunkt)."""
        return f"d{self.id}"


class NoteKind(StrEnum):
    """What is written down during a meeting."""

    DECISION = "decision"
    ASSIGNMENT = "assignment"
    CASE = "case"
    REMARK = "remark"


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """One line of a meeting's notes; `about` is the short id of the case, assignment … it made."""

    id: int = 0
    meeting_id: int
    kind: NoteKind
    text: str
    by_person: int
    at: datetime
    about: str = ""
    point: int = 0
    """The number of the agenda's point that it belongs to; 0 where none was named."""
    withdrawn: bool = False

    @property
    def short_id(self) -> str:
        """The id people type: `n4`."""
        return f"n{self.id}"


def in_order(items: Sequence[AgendaItem]) -> Sequence[AgendaItem]:
    """List what stands on the agenda, in its order."""
    return sorted((i for i in items if not i.withdrawn), key=lambda i: (i.position, i.id))

"""A meeting of the council, the working group or the management group, and who comes to it.

States, calendar entry and replies stand here (routine: "Meetings"). When the year's meetings lie
belongs in year_plan.py, what is on the agenda in agenda.py, when a call falls due in
meeting_clock.py.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.errors import Conflict
from bot.domain.people import Forum, Person
from bot.domain.question import fold


class MeetingState(StrEnum):
    """Where a meeting is. PROPOSED stands in a year plan that is not fixed yet."""

    PROPOSED = "proposed"
    PLANNED = "planned"
    CALLED = "called"
    BEGUN = "begun"
    HELD = "held"
    CANCELLED = "cancelled"

    @property
    def is_to_come(self) -> bool:
        """Tell whether it is fixed and has not begun."""
        return self in (MeetingState.PLANNED, MeetingState.CALLED)


MEETING_STEPS: Mapping[MeetingState, frozenset[MeetingState]] = {
    MeetingState.PROPOSED: frozenset({MeetingState.PLANNED, MeetingState.CANCELLED}),
    MeetingState.PLANNED: frozenset({MeetingState.CALLED, MeetingState.CANCELLED}),
    MeetingState.CALLED: frozenset({MeetingState.BEGUN, MeetingState.CANCELLED}),
    MeetingState.BEGUN: frozenset({MeetingState.HELD}),
    MeetingState.HELD: frozenset(),
    MeetingState.CANCELLED: frozenset(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """One meeting, with one calendar entry for life (RFC 5545: UID, SEQUENCE; RFC 5546: iTIP).

    `sequence` is the SEQUENCE of the entry last handed out, -1 before the first. `asked` rises when
    the time changes: an answer to an earlier time does not count for the new one.
    """

    id: int = 0
    uid: str
    forum: Forum
    starts_at: datetime
    minutes: int
    place: str = ""
    link: str = ""
    state: MeetingState = MeetingState.PLANNED
    sequence: int = -1
    asked: int = 0
    extra: bool = False
    reason: str = ""
    """Why it was called, moved or cancelled; the last one said."""
    called_by: int | None = None
    called_at: datetime | None = None
    notes_approved: bool = False

    @property
    def short_id(self) -> str:
        """The id people type: `m3`."""
        return f"m{self.id}"

    @property
    def is_known(self) -> bool:
        """Tell whether people have been told of it: it is fixed, or was before it was cancelled."""
        if self.state is MeetingState.CANCELLED:
            return self.sequence >= 0
        return self.state is not MeetingState.PROPOSED

    @property
    def ends_at(self) -> datetime:
        """When it is planned to end."""
        return self.starts_at + timedelta(minutes=self.minutes)

    def to(self, state: MeetingState) -> "Meeting":
        """Move to another state.

        Raises:
            Conflict: `meeting_state`, where the table has no such step.
        """
        if state not in MEETING_STEPS[self.state]:
            raise Conflict("meeting_state", {"meeting": self, "state": self.state})
        return replace(self, state=state)

    def moved(self, starts_at: datetime, *, reason: str) -> "Meeting":
        """Give the meeting at another time; whoever had answered is asked again.

        Raises:
            Conflict: `meeting_state`, where it has begun or is cancelled.
        """
        if self.state not in (MeetingState.PROPOSED, MeetingState.PLANNED, MeetingState.CALLED):
            raise Conflict("meeting_state", {"meeting": self, "state": self.state})
        return replace(self, starts_at=starts_at, asked=self.asked + 1, reason=reason)

    def issued(self) -> "Meeting":
        """Give the meeting whose calendar entry is handed out once more: SEQUENCE rises."""
        return replace(self, sequence=self.sequence + 1)


class Reply(StrEnum):
    """What somebody says to a call; the first three are PARTSTAT of RFC 5545."""

    YES = "accepted"
    NO = "declined"
    MAYBE = "tentative"
    SUBSTITUTE = "substitute"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rsvp:
    """One person's answer to a meeting at the time it had when they were `asked`."""

    id: int = 0
    meeting_id: int
    person_id: int
    asked: int
    reply: Reply
    substitute: str = ""
    """Who comes instead, in their own words."""
    at: datetime
    by_person: int
    """Who entered it; the coordinator may for those outside the chat."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attendance:
    """Who comes, of those invited."""

    yes: Sequence[Person] = ()
    no: Sequence[Person] = ()
    maybe: Sequence[Person] = ()
    substitutes: Sequence[tuple[Person, str]] = ()
    silent: Sequence[Person] = ()
    missing: Sequence[str] = field(default_factory=tuple)
    """Functions that should be there (police, rescue service) and from which nobody comes."""
    needed: int = 0
    """How many must come for the meeting to have a quorum; 0 where no quorum is set."""

    @property
    def coming(self) -> int:
        """How many come, substitutes counted."""
        return len(self.yes) + len(self.substitutes)

    @property
    def quorate(self) -> bool:
        """Tell whether enough have said yes."""
        return self.coming >= self.needed


def attendance(
    meeting: Meeting,
    invited: Sequence[Person],
    replies: Sequence[Rsvp],
    *,
    required: Collection[str],
    quorum: float,
) -> Attendance:
    """Count who comes.

    Args:
        meeting: which; answers to an earlier time of it do not count.
        invited: the forum's members.
        replies: every answer; the last of each person counts.
        required: functions from which somebody should come, as the settings name them.
        quorum: the part of those invited that must come, 0 to 1; 0 where none is set.
    """
    last = {r.person_id: r for r in replies if r.asked == meeting.asked}
    sorted_: dict[Reply | None, list[Person]] = {}
    for person in invited:
        reply = last[person.id].reply if person.id in last else None
        sorted_.setdefault(reply, []).append(person)
    stand_ins = sorted_.get(Reply.SUBSTITUTE, [])
    coming = {fold(p.function) for p in sorted_.get(Reply.YES, []) + stand_ins if p.function}
    return Attendance(
        yes=sorted_.get(Reply.YES, []),
        no=sorted_.get(Reply.NO, []),
        maybe=sorted_.get(Reply.MAYBE, []),
        substitutes=[(p, last[p.id].substitute) for p in stand_ins],
        silent=sorted_.get(None, []),
        missing=[f for f in required if not any(fold(f) in has for has in coming)],
        needed=-(-len(invited) * round(quorum * 100) // 100) if quorum else 0,
    )

"""Meetings with their replies, agenda items and notes."""

from collections.abc import Sequence
from datetime import date, datetime, time

from sqlmodel import Session, col

from bot.domain.agenda import AgendaItem, Note
from bot.domain.meeting import Meeting, MeetingState, Rsvp
from bot.domain.people import Forum
from storage.council_tables import AgendaItemRow, MeetingRow, NoteRow, RsvpRow
from storage.mapping import Shelf

_TO_COME = (MeetingState.PLANNED, MeetingState.CALLED)


class Meetings(Shelf[Meeting, MeetingRow]):
    """Everything about meetings."""

    def __init__(self, session: Session) -> None:
        super().__init__(session, Meeting, MeetingRow, letter="m", what="meeting")
        self.items = Shelf(session, AgendaItem, AgendaItemRow, letter="d", what="agenda_item")
        self.notes = Shelf(session, Note, NoteRow, letter="n", what="note")
        self._rsvps = Shelf(session, Rsvp, RsvpRow, letter="s", what="reply")

    def between(self, first: datetime, last: datetime) -> Sequence[Meeting]:
        """List meetings that start in a span, whatever their state, in order of time."""
        found = self.where(MeetingRow.starts_at >= first, MeetingRow.starts_at < last)
        return sorted(found, key=lambda m: (m.starts_at, m.id))

    def of_year(self, year: int, zone_start: datetime) -> Sequence[Meeting]:
        """List a year's meetings; `zone_start` is any instant of the zone that the year is in."""
        zone = zone_start.tzinfo
        first = datetime.combine(date(year, 1, 1), time(), tzinfo=zone)
        return self.between(first, datetime.combine(date(year + 1, 1, 1), time(), tzinfo=zone))

    def unfinished(self) -> Sequence[Meeting]:
        """List what the clock has to do with: fixed meetings whose notes are not approved."""
        done = (MeetingState.CANCELLED, MeetingState.PROPOSED)
        found = self.where(
            col(MeetingRow.state).not_in(done), col(MeetingRow.notes_approved).is_(False)
        )
        return sorted(found, key=lambda m: (m.starts_at, m.id))

    def to_come(self, now: datetime, forum: Forum | None = None) -> Sequence[Meeting]:
        """List fixed meetings that have not begun, the next first.

        One that was never called stays planned when its time has passed: it comes no more.
        """
        found = self.where(col(MeetingRow.state).in_(_TO_COME), MeetingRow.starts_at > now)
        mine = [m for m in found if forum in (None, m.forum)]
        return sorted(mine, key=lambda m: (m.starts_at, m.id))

    def last_held(self, forum: Forum, before: datetime) -> Meeting | None:
        """Give the forum's latest meeting that has been held."""
        found = self.where(
            MeetingRow.state == MeetingState.HELD,
            MeetingRow.forum == forum,
            MeetingRow.starts_at < before,
        )
        return max(found, key=lambda m: m.starts_at, default=None)

    def items_of(self, meeting: Meeting) -> Sequence[AgendaItem]:
        """List every item of a meeting, the withdrawn too."""
        return self.items.where(AgendaItemRow.meeting_id == meeting.id)

    def notes_of(self, meeting: Meeting) -> Sequence[Note]:
        """List every note of a meeting, the withdrawn too."""
        return self.notes.where(NoteRow.meeting_id == meeting.id)

    def rsvps(self, meeting: Meeting) -> Sequence[Rsvp]:
        """List every answer to a meeting's calls, the oldest first."""
        return self._rsvps.where(RsvpRow.meeting_id == meeting.id)

    def answer(self, rsvp: Rsvp) -> Rsvp:
        """Keep an answer."""
        return self._rsvps.add(rsvp)

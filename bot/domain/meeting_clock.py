"""When a meeting's own steps fall due: items, call, reminder, start, end, notes.

Lead times are calendar days counted back to a working day (routine: "Meetings"). Pure; what is done
stands in commands/.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta

from bot.domain.calendar import WorkCalendar
from bot.domain.meeting import Meeting, MeetingState
from bot.domain.meeting_rule import lead
from bot.domain.people import Forum
from bot.domain.schedule import Occurrence


@dataclass(frozen=True, slots=True, kw_only=True)
class MeetingRules:
    """How meetings are prepared. Days are calendar days before the meeting, or after it for notes.

    `quorum` and `required` are by forum: the part of the members that must come, and the functions
    (police, rescue service) of which somebody should.
    """

    items_days: int = 21
    call_days: Mapping[Forum, int] = field(
        default_factory=lambda: {Forum.BRA: 10, Forum.SAMSA: 7, Forum.MANAGEMENT: 7}
    )
    at: time = time(9)
    notes_days: int = 7
    quorum: Mapping[Forum, float] = field(default_factory=dict)
    required: Mapping[Forum, Sequence[str]] = field(default_factory=dict)


def call_time(meeting: Meeting, rules: MeetingRules, calendar: WorkCalendar) -> datetime:
    """Give the instant at which an ordinary meeting is called."""
    day = meeting.starts_at.astimezone(calendar.zone).date()
    return calendar.at(lead(day, rules.call_days[meeting.forum], calendar), rules.at)


def meeting_steps(
    meeting: Meeting, rules: MeetingRules, calendar: WorkCalendar
) -> Sequence[Occurrence]:
    """List what the clock does about a meeting from its present state on, in order.

    A step's `before` is the instant from which on it would be of no use: nobody is reminded of a
    meeting that has begun.
    """
    day = meeting.starts_at.astimezone(calendar.zone).date()
    found: list[Occurrence] = []

    def add(verb: str, at: datetime, suffix: str = "", *, before: datetime | None = None) -> None:
        key = f"{verb}/{meeting.short_id}{suffix}"
        found.append(Occurrence(key=key, verb=verb, at=at, subject_id=meeting.id, before=before))

    begins = meeting.starts_at
    if meeting.state is MeetingState.PLANNED:
        asking = calendar.at(lead(day, rules.items_days, calendar), rules.at)
        calling = call_time(meeting, rules, calendar)
        if not meeting.extra and asking < calling:
            add("ask_items", asking, before=calling)
        add("call_meeting", calling, before=begins)
    if meeting.state is MeetingState.CALLED:
        reminding = calendar.at(lead(day, 1, calendar), rules.at)
        called = meeting.called_at.astimezone(calendar.zone).date() if meeting.called_at else None
        if called is None or called < lead(day, 1, calendar):
            add("remind_meeting", reminding, f"/{meeting.asked}", before=begins)
    if meeting.state in (MeetingState.PLANNED, MeetingState.CALLED):
        add("begin_meeting", begins, f"/{meeting.asked}")
    if meeting.state in (MeetingState.CALLED, MeetingState.BEGUN):
        add("end_meeting", meeting.ends_at + timedelta(hours=1), f"/{meeting.asked}")
    if meeting.state is MeetingState.HELD and not meeting.notes_approved:
        asking = calendar.at(calendar.add_working_days(day, 1), rules.at)
        last = calendar.at(
            calendar.previous_working_day(day + timedelta(days=rules.notes_days)), rules.at
        )
        if asking < last:
            add("ask_notes", asking, "/1", before=last)
        add("ask_notes", last, "/2")
    return found

"""The council's year: proposed from the rules, changed by hand, judged alike each time it is shown.

Which day is which stands in domain/year_plan.py; the picture and the papers of a year, and how they
reach people, in year_papers.py.
"""

import hashlib
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from bot.command import Context, Rules
from bot.domain.calendar import Period, WorkCalendar
from bot.domain.meeting import Meeting, MeetingState
from bot.domain.meeting_rule import MonthSlot
from bot.domain.people import MEETING_FORUMS, Forum
from bot.domain.plan_check import PlanWarning, Shortfall, check
from bot.domain.schedule import Occurrence
from bot.domain.year_plan import Forbidden, Proposed, Unplaced, YearPlan, forbidden, propose
from storage.unit_of_work import UnitOfWork

PROPOSED_AT = time(9)
AUTUMN = 10
"""From October on it is the next year that is planned."""

FIXED = frozenset(
    {MeetingState.PLANNED, MeetingState.CALLED, MeetingState.BEGUN, MeetingState.HELD}
)
"""What people have been told about."""

_BEFORE = timedelta(days=62)
"""What of the year before may prepare a BRÅ in January."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One meeting of a year with what should be known about its day."""

    meeting: Meeting
    moved: Proposed | None = None
    """How the rules put it here, where they had to move it."""
    hindered: Forbidden | None = None
    """Why it can't stay: the day has been blocked since."""
    warnings: Sequence[PlanWarning] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Year:
    """A year's meetings in order of time, without what is cancelled, and what is missing."""

    number: int
    planned: Sequence[Planned]
    shortfalls: Sequence[Shortfall]
    unplaced: Sequence[tuple[Unplaced, Period]]
    """What of the rules has no meeting, with the month it names (January for a week)."""

    @property
    def proposed(self) -> Sequence[Meeting]:
        """The meetings that nobody has been told about yet."""
        return [p.meeting for p in self.planned if p.meeting.state is MeetingState.PROPOSED]

    @property
    def fixed(self) -> Sequence[Meeting]:
        """The meetings that stand in people's calendars; extra ones are no part of a plan."""
        return [p.meeting for p in self.planned if _is_fixed(p.meeting)]

    @property
    def digest(self) -> str:
        """A name for the proposal as it stands, so that a yes means what was read back."""
        facts = [
            f"{m.id} {m.starts_at.astimezone(UTC).isoformat()} {m.minutes} {m.place} {m.link}"
            for m in self.proposed
        ]
        return hashlib.sha256("\n".join(facts).encode()).hexdigest()[:8]


def year_to_plan(today: date) -> int:
    """Name the year that a coordinator thinks of: the next one from October on."""
    return today.year + (today.month >= AUTUMN)


def year_of(ctx: Context, number: int) -> Year:
    """Read a year as it is stored, and judge it."""
    meetings = _meetings(ctx.uow, ctx.calendar, number)
    plan, begins = ctx.rules.plan, ctx.calendar.at(date(number, 1, 1), time())
    earlier = [
        m
        for m in ctx.uow.meetings.between(begins - _BEFORE, begins)
        if m.state is not MeetingState.CANCELLED
    ]
    judged, _ = check(
        [*earlier, *meetings], ctx.calendar, plan.blocked, plan.school_holidays, number
    )
    ordinary = [m for m in meetings if not m.extra]
    _, shortfalls = check(ordinary, ctx.calendar, plan.blocked, plan.school_holidays, number)
    rules = _propose(ctx, number)
    moved = {(m.forum, m.day): m for m in rules.meetings if m.moved_from is not None}
    return Year(
        number=number,
        planned=[
            _planned(ctx, meeting, moved, warnings)
            for meeting, warnings in zip(meetings, judged[len(earlier) :], strict=True)
        ],
        shortfalls=shortfalls,
        unplaced=[
            (u, Period.of(number, u.slot.month if isinstance(u.slot, MonthSlot) else 1))
            for u in rules.unplaced
            if _still_missing(ctx, u, ordinary)
        ],
    )


def store_proposal(ctx: Context, number: int) -> Year:
    """Propose a year anew from the rules; what was proposed before and not fixed goes away.

    Days that have been are left out.
    """
    for meeting in year_of(ctx, number).proposed:
        ctx.uow.meetings.save(meeting.to(MeetingState.CANCELLED))
    for wanted in _propose(ctx, number).meetings:
        if wanted.day > ctx.today:
            ctx.uow.meetings.add(
                new_meeting(
                    wanted.forum,
                    wanted.starts_at,
                    wanted.minutes,
                    place=wanted.place,
                    link=wanted.link,
                )
            )
    return year_of(ctx, number)


def new_meeting(
    forum: Forum, starts_at: datetime, minutes: int, *, place: str, link: str
) -> Meeting:
    """Make a proposed meeting with the calendar entry's name that it keeps for life."""
    return Meeting(
        uid=f"{uuid.uuid4()}@lagesbot",
        forum=forum,
        starts_at=starts_at,
        minutes=minutes,
        place=place,
        link=link,
        state=MeetingState.PROPOSED,
    )


def put_back(ctx: Context, was: Mapping[str, object]) -> bool:
    """Put a proposed meeting back as it was; not one that people have been told about since."""
    meeting = ctx.uow.meetings.get(int(str(was["meeting"])))
    if meeting.state in FIXED or meeting.sequence >= 0:
        return False
    starts = datetime.fromisoformat(str(was["at"]))
    state = MeetingState(str(was["state"]))
    ctx.uow.meetings.save(replace(meeting, starts_at=starts, state=state))
    return True


def year_plans(
    uow: UnitOfWork, rules: Rules, calendar: WorkCalendar, now: datetime
) -> Iterable[Occurrence]:
    """List when next year is proposed (November), and when its fixing is asked for (December)."""
    local = now.astimezone(calendar.zone)
    number = local.year + 1
    planned = _meetings(uow, calendar, number)
    proposed = any(m.state is MeetingState.PROPOSED for m in planned)
    fixed = any(_is_fixed(m) for m in planned)
    installed = uow.marks.get("installed")
    for month, suffix, wanted in (
        (11, "", not proposed and not fixed),
        (12, "/2", proposed or not fixed),
    ):
        at = calendar.at(calendar.nth_working_day(local.year, month, 1), PROPOSED_AT)
        early = installed is not None and at < datetime.fromisoformat(installed)
        if wanted and not early:
            yield Occurrence(
                key=f"propose_year/{number}{suffix}",
                verb="propose_year",
                at=at,
                subject_id=number,
                before=calendar.at(date(number, 1, 1), time()),
            )


def _meetings(uow: UnitOfWork, calendar: WorkCalendar, number: int) -> Sequence[Meeting]:
    begins = calendar.at(date(number, 1, 1), time())
    found = uow.meetings.of_year(number, begins)
    return [m for m in found if m.state is not MeetingState.CANCELLED]


def _is_fixed(meeting: Meeting) -> bool:
    return meeting.state in FIXED and not meeting.extra


def _propose(ctx: Context, number: int) -> YearPlan:
    plan = ctx.rules.plan
    rules = [plan.of(forum) for forum in MEETING_FORUMS]
    return propose(
        number,
        rules,
        ctx.calendar,
        blocked=plan.blocked,
        school_holidays=plan.school_holidays,
    )


def _planned(
    ctx: Context,
    meeting: Meeting,
    moved: dict[tuple[Forum, date], Proposed],
    warnings: Sequence[PlanWarning],
) -> Planned:
    day = meeting.starts_at.astimezone(ctx.calendar.zone).date()
    if day <= ctx.today:
        return Planned(meeting=meeting)
    open_ = meeting.state is MeetingState.PROPOSED
    return Planned(
        meeting=meeting,
        moved=moved.get((meeting.forum, day)) if open_ else None,
        hindered=forbidden(day, ctx.calendar, ctx.rules.plan.blocked) if open_ else None,
        warnings=warnings,
    )


def _still_missing(ctx: Context, unplaced: Unplaced, meetings: Sequence[Meeting]) -> bool:
    """Tell whether nobody has put a meeting in the place of one that the rules could not place."""
    held = sum(m.forum is unplaced.forum for m in meetings)
    return bool(meetings) and held < len(ctx.rules.plan.of(unplaced.forum).when)

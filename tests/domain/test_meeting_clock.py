"""When a meeting's steps fall due, and a whole council year played by the clock alone.

The play (`Clockwork`) does what bot/app.py's tick and the clock's verbs do, without database and
chat: the plan is asked for anew after everything that happens, and the timer wakes a little late.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from functools import cache, lru_cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.meeting import Meeting, MeetingState
from bot.domain.meeting_clock import MeetingRules, call_time, meeting_steps
from bot.domain.meeting_rule import DEFAULT_RULES, forbidden, lead
from bot.domain.people import Forum
from bot.domain.schedule import Occurrence, due
from bot.domain.year_plan import propose
from bot.holidays_se import swedish_calendar
from bot.plan import waiting

STOCKHOLM = ZoneInfo("Europe/Stockholm")
CALENDAR = swedish_calendar(STOCKHOLM, range(2024, 2039))
RULES = MeetingRules()
LATE = timedelta(milliseconds=20)
"""How long after its instant the timer wakes."""


def at(text: str) -> datetime:
    """Read "2026-10-01 09:00" as Swedish local time."""
    return datetime.fromisoformat(text).replace(tzinfo=STOCKHOLM)


def meeting(starts: str, forum: Forum = Forum.SAMSA, **fields: object) -> Meeting:
    """Give a meeting of two hours, planned where nothing else is said."""
    made = Meeting(id=1, uid="m", forum=forum, starts_at=at(starts), minutes=120)
    return replace(made, **fields)  # type: ignore[arg-type]


def called(starts: str, told: str, forum: Forum = Forum.SAMSA, **fields: object) -> Meeting:
    """Give a meeting whose members were called then."""
    return meeting(starts, forum, state=MeetingState.CALLED, called_at=at(told), **fields)


def steps(about: Meeting, rules: MeetingRules = RULES) -> dict[str, str]:
    """Give the steps by verb, as the office clock shows them."""
    return {step.key: f"{step.at:%Y-%m-%d %H:%M}" for step in meeting_steps(about, rules, CALENDAR)}


# --- lead times


@pytest.mark.parametrize(
    ("forum", "starts", "items", "call"),
    [
        (Forum.SAMSA, "2026-10-08 13:00", "2026-09-17", "2026-10-01"),
        (Forum.BRA, "2026-02-12 13:00", "2026-01-22", "2026-02-02"),
        (Forum.MANAGEMENT, "2026-10-15 13:00", "2026-09-24", "2026-10-08"),
        (Forum.SAMSA, "2026-04-10 13:00", "2026-03-20", "2026-04-02"),  # 3 April: långfredag
        (Forum.BRA, "2026-04-15 13:00", "2026-03-25", "2026-04-02"),  # the 5th: påskdagen
        (Forum.BRA, "2027-01-07 13:00", "2026-12-17", "2026-12-28"),
        (Forum.SAMSA, "2027-01-08 13:00", "2026-12-18", "2026-12-30"),  # nyårsdagen, nyårsafton
        (Forum.BRA, "2027-01-04 13:00", "2026-12-14", "2026-12-23"),  # juldagen, julafton
        (Forum.SAMSA, "2026-04-01 13:00", "2026-03-11", "2026-03-25"),  # over 29 March
        (Forum.SAMSA, "2026-10-29 13:00", "2026-10-08", "2026-10-22"),  # over 25 October
    ],
)
def test_lead_times(forum: Forum, starts: str, items: str, call: str) -> None:
    """Items are asked for 21 days before, the call goes 7 or 10 before, counted back to a working
    day, at 09.00 by the office clock on both sides of summer time."""
    found = steps(meeting(starts, forum))
    assert found == {
        "ask_items/m1": f"{items} 09:00",
        "call_meeting/m1": f"{call} 09:00",
        "begin_meeting/m1/0": starts,
    }


@pytest.mark.parametrize(
    ("starts", "reminded"),
    [
        ("2026-10-08 13:00", "2026-10-07"),
        ("2026-10-12 13:00", "2026-10-09"),
        ("2026-04-07 13:00", "2026-04-02"),  # the Tuesday after Easter
        ("2026-12-28 13:00", "2026-12-23"),
        ("2026-10-26 08:30", "2026-10-23"),
    ],
)
def test_reminder_lies_on_the_working_day_before(starts: str, reminded: str) -> None:
    """Who is called is reminded on the last working day before the meeting."""
    found = steps(called(starts, "2026-03-01 09:00"))
    assert found["remind_meeting/m1/0"] == f"{reminded} 09:00"


def test_an_instant_keeps_its_hour_in_sweden() -> None:
    """A step before the change of the clocks and its meeting after it both show Swedish time."""
    call = next(s for s in meeting_steps(meeting("2026-10-29 13:00"), RULES, CALENDAR) if s.before)
    assert call.at.utcoffset() == timedelta(hours=2)
    begins = at("2026-10-29 13:00")
    assert begins.utcoffset() == timedelta(hours=1)
    assert call_time(meeting("2026-10-29 13:00"), RULES, CALENDAR) == at("2026-10-22 09:00")


# --- what follows from a meeting's state


@pytest.mark.parametrize(
    ("starts", "told"),
    [
        ("2026-12-03 14:00", "2026-12-02 10:00"),
        ("2026-12-03 14:00", "2026-12-02 08:30"),
        ("2026-12-07 14:00", "2026-12-04 15:00"),  # on the Friday about the Monday
        ("2026-12-07 14:00", "2026-12-06 15:00"),
    ],
)
def test_extra_meeting_called_the_day_before_has_no_reminder(starts: str, told: str) -> None:
    """A call that comes on the day of the reminder is reminder enough."""
    assert steps(called(starts, told, extra=True)) == {
        "begin_meeting/m1/0": starts,
        "end_meeting/m1/0": f"{starts[:10]} 17:00",
    }


def test_extra_meeting_called_earlier_has_one() -> None:
    """An extra meeting called two days ahead is reminded of; nobody is asked for items."""
    found = steps(called("2026-12-03 14:00", "2026-12-01 10:00", extra=True))
    assert found["remind_meeting/m1/0"] == "2026-12-02 09:00"
    assert "ask_items/m1" not in steps(meeting("2026-12-03 14:00", extra=True))


def test_reminder_follows_a_meeting_that_is_moved() -> None:
    """Reminder, start and end go with it, each with a key of its own for the new time."""
    old = called("2026-10-08 13:00", "2026-10-01 09:00")
    new = old.moved(at("2026-10-27 13:00"), reason="sjukdom")
    assert steps(new) == {
        "remind_meeting/m1/1": "2026-10-26 09:00",
        "begin_meeting/m1/1": "2026-10-27 13:00",
        "end_meeting/m1/1": "2026-10-27 16:00",
    }
    assert not steps(old).keys() & steps(new).keys()


@pytest.mark.parametrize("state", [MeetingState.PROPOSED, MeetingState.CANCELLED])
def test_nothing_is_due_about_what_is_not_fixed(state: MeetingState) -> None:
    """A proposed or cancelled meeting has no steps."""
    assert steps(meeting("2026-10-08 13:00", state=state)) == {}


def test_items_are_not_asked_for_with_the_call() -> None:
    """Where the call goes out as early as the question would, it stands alone."""
    early = MeetingRules(call_days={Forum.SAMSA: 21})
    assert "ask_items/m1" not in steps(meeting("2026-10-08 13:00"), early)


def test_notes_are_asked_for_twice_at_most() -> None:
    """The next working day and on the last day for them; the first is useless on the last day."""
    held = meeting("2026-04-02 13:00", state=MeetingState.HELD)
    first, last = meeting_steps(held, RULES, CALENDAR)
    assert (first.key, first.at) == ("ask_notes/m1/1", at("2026-04-07 09:00"))
    assert (last.key, last.at) == ("ask_notes/m1/2", at("2026-04-09 09:00"))
    assert (first.before, last.before) == (last.at, None)
    assert steps(replace(held, notes_approved=True)) == {}
    soon = MeetingRules(notes_days=5)
    assert steps(held, soon) == {"ask_notes/m1/2": "2026-04-07 09:00"}


# --- lateness


def test_late_steps_wait_for_the_morning() -> None:
    """What fell due while the bot was away speaks in working hours, or at once where the morning
    would be too late; what the meeting has overtaken is not said at all."""
    found = meeting_steps(meeting("2026-10-09 13:00"), RULES, CALENDAR)

    def offered(now: str) -> dict[str, str]:
        left = waiting(found, frozenset(), CALENDAR, at(now))
        return {step.verb: f"{step.at:%m-%d %H:%M}" for step in left}

    assert offered("2026-10-03 12:00")["call_meeting"] == "10-05 08:00"
    assert offered("2026-10-05 10:00")["call_meeting"] == "10-05 10:00"
    assert offered("2026-10-05 16:00")["call_meeting"] == "10-06 08:00"
    assert "ask_items" not in offered("2026-10-03 12:00")
    assert "call_meeting" not in offered("2026-10-09 13:00")
    evening = meeting_steps(meeting("2026-10-09 08:00"), RULES, CALENDAR)
    call, begins = waiting(evening, frozenset(), CALENDAR, at("2026-10-08 20:00"))
    assert call.at < at("2026-10-08 20:00")  # due at once: at 08.00 it begins
    assert begins.at == at("2026-10-09 08:00")
    told = meeting_steps(called("2026-10-09 08:00", "2026-10-02 09:00"), RULES, CALENDAR)
    remind = waiting(told, frozenset(), CALENDAR, at("2026-10-08 20:00"))[0]
    assert (remind.verb, remind.at) == ("remind_meeting", at("2026-10-08 09:00"))
    left = waiting(told, frozenset(), CALENDAR, at("2026-10-09 08:00"))
    assert [step.verb for step in left] == ["begin_meeting", "end_meeting"]


def test_timer_that_wakes_a_moment_after_is_not_late() -> None:
    """What falls due when the working day ends is done then and not the next morning."""
    ends = Occurrence(key="end_unrest/r1", verb="end_unrest", at=at("2026-10-09 16:00"))
    for late in (timedelta(0), LATE, timedelta(minutes=1)):
        (step,) = waiting([ends], frozenset(), CALENDAR, ends.at + late)
        assert step.at == ends.at
    (step,) = waiting([ends], frozenset(), CALENDAR, ends.at + timedelta(hours=1))
    assert step.at == at("2026-10-12 08:00")


# --- a year, played


@lru_cache(maxsize=1000)
def cached_steps(about: Meeting) -> Sequence[Occurrence]:
    """Give a meeting's steps, which are a matter of its present state alone."""
    return meeting_steps(about, RULES, CALENDAR)


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What a person does: moves a meeting, cancels it, calls an extra one, approves notes."""

    what: str
    index: int
    days: int
    hour: time
    when: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What the bot said; `about` is the meeting as it was right before."""

    verb: str
    now: datetime
    about: Meeting
    step: Occurrence | None


@dataclass(slots=True, kw_only=True)
class Clockwork:
    """The bot without database and chat: the plan, the tick, and what the verbs change."""

    meetings: dict[int, Meeting]
    now: datetime
    happened: set[str] = field(default_factory=set)
    said: list[Said] = field(default_factory=list)
    history: list[tuple[datetime, Meeting]] = field(default_factory=list)
    """Every meeting as people's hands left it, with when."""

    def plan(self) -> Sequence[Occurrence]:
        """List what will happen, as bot/plan.py does."""
        found = [
            step
            for about in self.meetings.values()
            if not about.notes_approved
            for step in cached_steps(about)
        ]
        plan = waiting(found, self.happened, CALENDAR, self.now)
        assert [step.at for step in plan] == sorted(step.at for step in plan)
        assert len({step.key for step in plan}) == len(plan) <= 4 * len(self.meetings)
        return plan

    def tick(self) -> None:
        """Do what is due, as bot/app.py does; the plan is not read anew in between."""
        for step in due(self.plan(), now=self.now):
            assert step.key not in self.happened
            self.happened.add(step.key)
            VERBS[step.verb](self, self.meetings[step.subject_id or 0], step)

    def until(self, moment: datetime) -> None:
        """Wake at every instant of the plan before a moment."""
        self.tick()
        while plan := self.plan():
            wakes = max(self.now, plan[0].at + LATE)
            if plan[0].at >= moment:
                break
            before = len(self.happened)
            self.now = wakes
            self.tick()
            assert len(self.happened) > before, f"{plan[0]} is never done"
        self.now = max(self.now, moment)

    def say(self, verb: str, about: Meeting, step: Occurrence | None = None) -> None:
        """Speak."""
        self.said.append(Said(verb=verb, now=self.now, about=about, step=step))

    def act(self, act: Act) -> None:
        """Do what a person asks for, where the bot would not refuse it."""
        if act.what == "extra":
            starts = self._day(act, self.now)
            number = len(self.meetings) + 1
            extra = Meeting(
                id=number,
                uid=str(number),
                forum=Forum.SAMSA,
                starts_at=starts,
                minutes=120,
                extra=True,
                state=MeetingState.CALLED,
                called_at=self.now,
            )
            self.say("call_meeting", extra)
            self._keep(extra)
            return
        about = self.meetings[1 + act.index]
        if act.what == "approve" and about.state is MeetingState.HELD:
            self._keep(replace(about, notes_approved=True))
        elif about.state.is_to_come and act.what == "cancel":
            self._keep(about.to(MeetingState.CANCELLED))
        elif about.state.is_to_come and act.what == "move":
            self._keep(about.moved(self._day(act, about.starts_at), reason=""))

    def _keep(self, changed: Meeting) -> None:
        self.meetings[changed.id] = changed
        self.history.append((self.now, changed))

    def _day(self, act: Act, of: datetime) -> datetime:
        """Give the first allowed day from tomorrow on, some days from another."""
        today = self.now.astimezone(STOCKHOLM).date()
        wanted = of.astimezone(STOCKHOLM).date() + timedelta(days=act.days)
        day = max(wanted, today + timedelta(days=1))
        while forbidden(day, CALENDAR, {}):
            day += timedelta(days=1)
        return CALENDAR.at(day, act.hour)

    # The clock's verbs, as in commands/

    def ask_items(self, about: Meeting, step: Occurrence) -> None:
        """Ask until the call goes out."""
        if about.state is MeetingState.PLANNED:
            self.say("ask_items", about, step)

    def call_meeting(self, about: Meeting, step: Occurrence) -> None:
        """Call what is planned."""
        if about.state is MeetingState.PLANNED:
            self.say("call_meeting", about, step)
            self.meetings[about.id] = replace(about.to(MeetingState.CALLED), called_at=self.now)

    def remind_meeting(self, about: Meeting, step: Occurrence) -> None:
        """Remind of what is called."""
        if about.state is MeetingState.CALLED:
            self.say("remind_meeting", about, step)

    def begin_meeting(self, about: Meeting, step: Occurrence) -> None:
        """Open what is called; say of what is not that nobody was called."""
        if about.state is MeetingState.PLANNED:
            self.say("meeting_not_called", about, step)
        if about.state is MeetingState.CALLED and about.starts_at <= self.now:
            self.meetings[about.id] = about.to(MeetingState.BEGUN)
            if self.now < about.ends_at:
                self.say("begin_meeting", about, step)

    def end_meeting(self, about: Meeting, step: Occurrence) -> None:
        """End what has begun."""
        begun = about.state in (MeetingState.CALLED, MeetingState.BEGUN)
        if begun and about.ends_at <= self.now:
            self.say("end_meeting", about, step)
            self.meetings[about.id] = replace(about, state=MeetingState.HELD)

    def ask_notes(self, about: Meeting, step: Occurrence) -> None:
        """Ask for notes that are not approved."""
        if about.state is MeetingState.HELD and not about.notes_approved:
            self.say("ask_notes", about, step)


VERBS: dict[str, Callable[[Clockwork, Meeting, Occurrence], None]] = {
    "ask_items": Clockwork.ask_items,
    "call_meeting": Clockwork.call_meeting,
    "remind_meeting": Clockwork.remind_meeting,
    "begin_meeting": Clockwork.begin_meeting,
    "end_meeting": Clockwork.end_meeting,
    "ask_notes": Clockwork.ask_notes,
}

Away = tuple[datetime, datetime]
"""A downtime: from, and until when."""


@cache
def fixed_plan(year: int) -> Sequence[Meeting]:
    """Give a year's meetings by the default rules, fixed."""
    plan = propose(year, DEFAULT_RULES, CALENDAR, blocked={}, school_holidays=())
    return [
        Meeting(id=n, uid=str(n), forum=m.forum, starts_at=m.starts_at, minutes=m.minutes)
        for n, m in enumerate(plan.meetings, start=1)
    ]


def end_of(away: Sequence[Away], instant: datetime) -> datetime:
    """Give the first instant from this one on at which the bot is awake."""
    for down, up in sorted(away):
        if down <= instant < up:
            instant = up
    return instant


def speaks_at(wanted: datetime, before: datetime, away: Sequence[Away]) -> datetime | None:
    """Give when something wanted at an instant is said, told apart from the code: at once where
    the bot is awake; else in the first working hour that it is awake, or, where the next morning
    would be too late, as soon as it is awake; None where that is too late too."""
    instant = end_of(away, wanted)
    if instant == wanted and CALENDAR.in_office_hours(wanted):
        return wanted
    while instant < before:
        morning = CALENDAR.next_office_time(instant)
        if morning == instant or morning >= before:
            return instant
        instant = end_of(away, morning)
    return None


def play(meetings: Sequence[Meeting], away: Sequence[Away], acts: Iterable[Act]) -> Clockwork:
    """Play from a month before the year of the meetings until all is over."""
    year = meetings[0].starts_at.year
    begins = CALENDAR.at(date(year - 1, 12, 1), time(12))
    ends = CALENDAR.at(date(year + 1, 8, 1), time(12))
    bot = Clockwork(meetings={m.id: m for m in meetings}, now=begins)
    bot.history += [(begins, m) for m in meetings]
    todo = sorted(acts, key=lambda act: act.when)
    for down, up in [*sorted(away), (ends, ends)]:
        while todo and todo[0].when < down:
            bot.until(max(todo[0].when, bot.now + timedelta(seconds=1)))
            bot.act(todo.pop(0))
        bot.until(down)
        bot.now = max(bot.now, up)  # what people wrote meanwhile comes when it is awake
    bot.tick()
    return bot


offsets = st.one_of(
    st.integers(-30, 30).map(lambda hours: timedelta(hours=hours)),
    st.integers(-30 * 24, 10 * 24).map(lambda hours: timedelta(hours=hours)),
)
"""From a meeting's start: around reminder, start and end; and around items, call and notes too."""
lengths = st.one_of(
    st.integers(1, 120).map(lambda minutes: timedelta(minutes=minutes)),
    st.integers(1, 96).map(lambda hours: timedelta(hours=hours)),
    st.integers(4, 120).map(lambda days: timedelta(days=days)),
)
numbers = st.integers(0, 13)


@st.composite
def played_years(draw: st.DrawFn) -> tuple[Sequence[Meeting], list[Away], list[Act]]:
    """Draw a year with what happens to it, most of it near some meeting's steps."""
    meetings = fixed_plan(draw(st.sampled_from(range(2026, 2037))))
    away: list[Away] = []
    drawn = draw(st.lists(st.tuples(numbers, offsets, lengths), max_size=6))
    for down, length in sorted((meetings[n].starts_at + off, long) for n, off, long in drawn):
        if not away or down > away[-1][1] + timedelta(minutes=1):
            away.append((down, down + length))
    act = st.builds(
        lambda what, index, off, days, hour: Act(
            what=what, index=index, days=days, hour=hour, when=meetings[index].starts_at + off
        ),
        st.sampled_from(["move", "move", "cancel", "extra", "approve"]),
        numbers,
        offsets,
        st.integers(-40, 40),
        st.sampled_from([time(7, 30), time(8), time(9), time(13), time(15), time(19)]),
    )
    return meetings, away, draw(st.lists(act, max_size=8))


@settings(max_examples=75, deadline=None)
@given(played=played_years())
def test_any_year_with_any_downtime(
    played: tuple[Sequence[Meeting], list[Away], list[Act]],
) -> None:
    """Whatever is moved, cancelled and called in between, and whenever the bot is away: every lead
    time is kept, nothing comes twice, nothing is skipped, and in the end nothing is left."""
    meetings, away, acts = played
    bot = play(meetings, away, acts)
    _nothing_twice(bot)
    _nothing_useless(bot)
    for number in bot.meetings:
        _called_in_time(bot, number, away)
        _reminded_in_time(bot, number, away)
        _opened_and_ended(bot, number, away)
    assert bot.plan() == []


def _nothing_twice(bot: Clockwork) -> None:
    """A meeting is called once, and reminded of, opened and ended once at each of its times."""
    calls = Counter(
        (s.verb, s.about.id) for s in bot.said if s.verb in ("ask_items", "call_meeting")
    )
    times = Counter((s.verb, s.about.id, s.about.asked) for s in bot.said if s.verb != "ask_notes")
    notes = Counter(s.step.key for s in bot.said if s.verb == "ask_notes" and s.step)
    assert {*calls.values(), *times.values(), *notes.values()} <= {1}


def _nothing_useless(bot: Clockwork) -> None:
    """Nothing speaks of a meeting that has begun, or by night where the morning would do."""
    for said in bot.said:
        if said.verb in ("call_meeting", "remind_meeting"):
            assert said.now < said.about.starts_at
        if said.verb == "ask_items":
            assert said.now < call_time(said.about, RULES, CALENDAR)
        if said.verb in ("ask_items", "call_meeting", "remind_meeting", "ask_notes") and said.step:
            before = said.step.before
            morning = CALENDAR.next_office_time(said.now)
            assert morning == said.now or (before is not None and morning >= before)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A meeting as it stood from one instant until people changed it or it was called."""

    first: datetime
    until: datetime
    about: Meeting


def _spans(bot: Clockwork, number: int, state: MeetingState) -> Sequence[Span]:
    """List how a meeting stood while it was in a state; a call by the clock begins a span."""
    marks = [(when, found) for when, found in bot.history if found.id == number]
    for said in bot.said:
        if said.verb == "call_meeting" and said.about.id == number and said.step:
            told = replace(said.about, state=MeetingState.CALLED, called_at=said.now)
            marks.append((said.now, told))
    marks.sort(key=lambda mark: mark[0])
    ends = [*(when for when, _ in marks[1:]), bot.now]
    return [
        Span(first=first, until=until, about=found)
        for (first, found), until in zip(marks, ends, strict=True)
        if found.state is state
    ]


def _is_said_when(
    bot: Clockwork, verb: str, span: Span, wanted: datetime, away: Sequence[Away]
) -> None:
    """See that something is said once, when it should be; or not in this span, or not at all."""
    about = span.about
    said = [
        s.now
        for s in bot.said
        if (s.verb, s.about.id, s.about.asked) == (verb, about.id, about.asked) and s.step
    ]
    expected = speaks_at(max(wanted, span.first), about.starts_at, away)
    if expected == span.until:
        return  # at the very instant of the change either may come first
    if expected is None or expected > span.until:
        assert said == []
    else:
        assert [s - expected <= timedelta(seconds=1) for s in said] == [True]
        assert said[0] >= expected


def _called_in_time(bot: Clockwork, number: int, away: Sequence[Away]) -> None:
    """The call comes at its lead time where the bot is awake then, else as soon as may be."""
    for span in _spans(bot, number, MeetingState.PLANNED):
        wanted = call_time(span.about, RULES, CALENDAR)
        _is_said_when(bot, "call_meeting", span, wanted, away)


def _reminded_in_time(bot: Clockwork, number: int, away: Sequence[Away]) -> None:
    """Who was called on an earlier day is reminded on the working day before."""
    for span in _spans(bot, number, MeetingState.CALLED):
        assert span.about.called_at is not None
        eve = lead(span.about.starts_at.astimezone(STOCKHOLM).date(), 1, CALENDAR)
        if span.about.called_at.astimezone(STOCKHOLM).date() < eve:
            _is_said_when(bot, "remind_meeting", span, CALENDAR.at(eve, RULES.at), away)


def _opened_and_ended(bot: Clockwork, number: int, away: Sequence[Away]) -> None:
    """What was called is opened if the bot is awake before its end, and is held; of what nobody
    was called to the coordinator is told; then the notes are asked for, twice at most."""
    said = [s for s in bot.said if s.about.id == number]
    called = [s for s in _spans(bot, number, MeetingState.CALLED) if s.about.starts_at < s.until]
    opened = [s for s in called if end_of(away, s.about.starts_at) < s.about.ends_at]
    missed = [s for s in _spans(bot, number, MeetingState.PLANNED) if s.about.starts_at < s.until]
    verbs = Counter(s.verb for s in said)
    assert verbs["begin_meeting"] == len(opened) <= 1
    assert verbs["end_meeting"] == len(called) <= 1
    assert verbs["meeting_not_called"] == len(missed)
    assert (bot.meetings[number].state is MeetingState.HELD) == bool(called)
    assert verbs["ask_notes"] <= 2
    if called and not bot.meetings[number].notes_approved:
        assert verbs["ask_notes"] >= 1

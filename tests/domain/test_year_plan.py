"""The council's year, on the real Swedish calendar: where its meetings lie and what is wrong."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.meeting_rule import BRA_RULE, MonthSlot, WeekSlot
from bot.domain.people import Forum
from bot.domain.year_plan import (
    DEFAULT_RULES,
    Forbidden,
    Hindrance,
    MeetingRule,
    PlanWarning,
    Proposed,
    SchoolHoliday,
    Shortfall,
    Slot,
    Unplaced,
    WarningCode,
    YearPlan,
    check,
    forbidden,
    lead,
    parse_slot,
    propose,
)
from bot.holidays_se import swedish_calendar

STOCKHOLM = ZoneInfo("Europe/Stockholm")
YEARS = range(2026, 2037)
CALENDAR = swedish_calendar(STOCKHOLM, range(2024, 2039))


def plan(
    year: int,
    rules: Sequence[MeetingRule] = DEFAULT_RULES,
    *,
    blocked: Mapping[date, str] | None = None,
    school_holidays: Sequence[SchoolHoliday] = (),
) -> YearPlan:
    """Propose a year of the real calendar."""
    return propose(year, rules, CALENDAR, blocked=blocked or {}, school_holidays=school_holidays)


def days(found: YearPlan, forum: Forum) -> list[str]:
    """Give a forum's days, as "MM-DD"."""
    return [f"{m.day:%m-%d}" for m in found.meetings if m.forum is forum]


def only(*slots: str, forum: Forum = Forum.SAMSA) -> list[MeetingRule]:
    """Give the one rule with these slots."""
    return [MeetingRule(forum=forum, when=[parse_slot(slot) for slot in slots])]


def blocked_days(*texts: str) -> dict[date, str]:
    """Block these days."""
    return {date.fromisoformat(text): "Stämma" for text in texts}


def held(forum: Forum, day: str, at: str = "13:00", minutes: int = 120) -> Proposed:
    """Give a meeting that somebody put there."""
    starts = datetime.fromisoformat(f"{day}T{at}").replace(tzinfo=STOCKHOLM)
    return Proposed(forum=forum, starts_at=starts, minutes=minutes, place="", link="")


def distances(found: YearPlan) -> Iterator[int | None]:
    """Give the days from the last SAMSA before it to each BRÅ that lies 14 to 28 days after."""
    samsa = [m.day for m in found.meetings if m.forum is Forum.SAMSA]
    for meeting in found.meetings:
        if meeting.forum is Forum.BRA:
            gaps = [(meeting.day - day).days for day in samsa]
            yield next((gap for gap in gaps if 14 <= gap <= 28), None)


# --- slots


@pytest.mark.parametrize(
    ("text", "slot"),
    [
        ("v 7", WeekSlot(week=7)),
        ("V. 7", WeekSlot(week=7)),
        ("v7", WeekSlot(week=7)),
        ("vecka 53", WeekSlot(week=53)),
        ("week 7", WeekSlot(week=7)),
        ("v 7 torsdag", WeekSlot(week=7, weekday=4)),
        ("vecka 7 torsdag", WeekSlot(week=7, weekday=4)),
        ("torsdag v 7", WeekSlot(week=7, weekday=4)),
        ("torsdagen i vecka 7", WeekSlot(week=7, weekday=4)),
        ("tuesday week 11", WeekSlot(week=11, weekday=2)),
        ("andra torsdagen i februari", MonthSlot(ordinal=2, weekday=4, month=2)),
        ("Den andra torsdagen i februari", MonthSlot(ordinal=2, weekday=4, month=2)),
        ("2:a torsdagen i februari", MonthSlot(ordinal=2, weekday=4, month=2)),
        ("sista onsdagen i november", MonthSlot(ordinal=-1, weekday=3, month=11)),
        ("fjärde måndagen i mars", MonthSlot(ordinal=4, weekday=1, month=3)),
        ("second thursday of february", MonthSlot(ordinal=2, weekday=4, month=2)),
        ("the last Wednesday in November", MonthSlot(ordinal=-1, weekday=3, month=11)),
    ],
)
def test_slot(text: str, slot: Slot) -> None:
    """A place in the year is read as a week or as a numbered weekday of a month."""
    assert parse_slot(text) == slot


@pytest.mark.parametrize(
    "text",
    [
        "",
        "7",
        "v",
        "v 0",
        "v 54",
        "v 7 kl 13",
        "v 7 2027",
        "v 7-8",
        "torsdag",
        "nästa vecka",
        "om två veckor",
        "första torsdagen",
        "första februari",
        "torsdag i februari",
        "sjätte torsdagen i februari",
        "12 februari",
        "februari",
        "varannan torsdag",
    ],
)
def test_refused_slot(text: str) -> None:
    """What names no place in every year is refused with its text or the number that is wrong."""
    with pytest.raises(ValueError, match=r'write "v 7"|no year has a week'):
        parse_slot(text)


@pytest.mark.parametrize(
    ("slot", "year", "day"),
    [
        ("v 7", 2026, "2026-02-12"),
        ("v 53", 2026, "2026-12-31"),
        ("v 53", 2027, None),
        ("v 1 måndag", 2026, "2025-12-29"),
        ("första torsdagen i oktober", 2026, "2026-10-01"),
        ("femte torsdagen i oktober", 2026, "2026-10-29"),
        ("femte torsdagen i november", 2026, None),
        ("sista torsdagen i november", 2026, "2026-11-26"),
        ("sista måndagen i februari", 2028, "2028-02-28"),
    ],
)
def test_day_of_slot(slot: str, year: int, day: str | None) -> None:
    """A slot gives its day in a year, and none where the year has no such week or weekday."""
    assert parse_slot(slot).day(year, 4) == (date.fromisoformat(day) if day else None)


def test_week_takes_the_weekday_of_the_rule() -> None:
    """A week without a weekday lies on the rule's; one with a weekday of its own keeps it."""
    rules = [replace(only("v 7", "v 11 fredag")[0], weekday=2)]
    assert days(plan(2026, rules), Forum.SAMSA) == ["02-10", "03-13"]


@pytest.mark.parametrize("wrong", [{"weekday": 0}, {"weekday": 8}, {"minutes": 0}])
def test_impossible_rule_is_refused(wrong: dict[str, int]) -> None:
    """A rule with a weekday that no week has, or without length, is not made."""
    with pytest.raises(ValueError, match=r"weekday|minute"):
        replace(BRA_RULE, **wrong)  # type: ignore[arg-type]


# --- proposals


def test_default_year() -> None:
    """The year 2026 as it is proposed: nothing moved, one eve that ends early warned about."""
    found = plan(2026)
    assert days(found, Forum.BRA) == ["02-12", "05-21", "09-10", "11-26"]
    assert days(found, Forum.SAMSA) == ["01-22", "03-12", "04-30", "08-20", "10-08", "11-12"]
    assert days(found, Forum.MANAGEMENT) == ["01-15", "04-23", "06-11", "10-15"]
    assert [m.day for m in found.meetings] == sorted(m.day for m in found.meetings)
    assert {m.at for m in found.meetings} == {time(13)}
    assert {m.forum: m.minutes for m in found.meetings} == {
        Forum.BRA: 120,
        Forum.SAMSA: 120,
        Forum.MANAGEMENT: 60,
    }
    warned = {f"{m.day:%m-%d}": m.warnings for m in found.meetings if m.warnings}
    eve = PlanWarning(code=WarningCode.SQUEEZE_DAY, name="Valborgsmässoafton (från kl. 14.00)")
    assert warned == {"04-30": [eve]}
    assert not any(m.moved_from for m in found.meetings)
    assert (found.shortfalls, found.unplaced) == ([], [])


def test_red_day_gives_way_to_the_day_beside_it() -> None:
    """Kristi himmelsfärdsdag moves to the Wednesday, for the Friday is a squeeze day."""
    moved = [m for m in plan(2027).meetings if m.moved_from]
    assert [(m.forum, m.moved_from, m.day) for m in moved] == [
        (Forum.SAMSA, date(2027, 5, 6), date(2027, 5, 5))
    ]
    assert moved[0].moved_code is Hindrance.RED_DAY
    assert moved[0].moved_because == "Kristi himmelsfärdsdag"


@pytest.mark.parametrize(
    ("slot", "day", "code", "name"),
    [
        ("v 7 lördag", "2026-02-13", Hindrance.WEEKEND, ""),
        ("v 7 söndag", "2026-02-13", Hindrance.WEEKEND, ""),
        ("v 28", "2026-06-30", Hindrance.JULY, ""),
        ("v 30", "2026-08-06", Hindrance.JULY, ""),
        ("v 53", "2026-12-30", Hindrance.RED_DAY, "Nyårsafton"),
        ("v 1 måndag", "2026-01-02", Hindrance.OTHER_YEAR, ""),
        ("v 53 fredag", "2026-12-30", Hindrance.OTHER_YEAR, ""),
        ("v 11", "2026-03-11", Hindrance.BLOCKED, "Stämma"),
        ("v 45", "2026-10-29", Hindrance.BLOCKED, "Stämma"),
    ],
)
def test_forbidden_day_is_left(slot: str, day: str, code: Hindrance, name: str) -> None:
    """A forbidden day gives way within its week, else to the nearest week, and says why."""
    week_45 = [f"2026-11-0{n}" for n in range(2, 7)]
    found = plan(2026, only(slot), blocked=blocked_days("2026-03-12", *week_45)).meetings[0]
    assert found.day == date.fromisoformat(day)
    assert (found.moved_code, found.moved_because) == (code, name)
    assert found.moved_from == parse_slot(slot).day(2026, 4)


def test_school_holiday_is_passed_by_where_another_day_is_as_near() -> None:
    """Of two days as near the one without a warning is taken; a wished day is kept and warned."""
    break_ = SchoolHoliday(name="Lovdag", first=date(2026, 3, 11), last=date(2026, 3, 11))
    moved = plan(
        2026, only("v 11"), blocked=blocked_days("2026-03-12"), school_holidays=[break_]
    ).meetings[0]
    assert (moved.day, moved.warnings) == (date(2026, 3, 13), [])
    kept = plan(2026, only("v 11 onsdag"), school_holidays=[break_]).meetings[0]
    warning = PlanWarning(code=WarningCode.SCHOOL_HOLIDAY, name="Lovdag")
    assert (kept.day, kept.moved_from, kept.warnings) == (date(2026, 3, 11), None, [warning])


def test_bra_is_not_moved_too_near_its_samsa() -> None:
    """The last BRÅ lies 14 days after its SAMSA: it may be moved to the Friday only."""
    found = plan(2026, blocked=blocked_days("2026-11-26"))
    assert days(found, Forum.BRA)[-1] == "11-27"
    assert list(distances(found))[-1] == 15


def test_bra_follows_a_samsa_that_was_moved() -> None:
    """Where SAMSA had to go to the Friday, the BRÅ two weeks later goes there too and says why."""
    week = [f"2026-11-{n:02}" for n in range(9, 13)]
    found = plan(2026, blocked=blocked_days(*week))
    assert (days(found, Forum.SAMSA)[-1], days(found, Forum.BRA)[-1]) == ("11-13", "11-27")
    bra = [m for m in found.meetings if m.forum is Forum.BRA][-1]
    assert (bra.moved_from, bra.moved_code) == (date(2026, 11, 26), Hindrance.SAMSA_MOVED)
    assert bra.warnings == []


def test_bra_that_no_day_can_help_stays_and_is_warned_about() -> None:
    """A BRÅ without a day at the right distance keeps its own day, with the warning."""
    rules = [*only("v 46"), *only("v 48", forum=Forum.BRA)]
    november = [date(2026, 11, 9) + timedelta(days=n) for n in range(4)]
    window = [date(2026, 11, 27) + timedelta(days=n) for n in range(15)]
    found = plan(2026, rules, blocked=dict.fromkeys([*november, *window], "Flytt"))
    assert (days(found, Forum.SAMSA), days(found, Forum.BRA)) == (["11-13"], ["11-26"])
    assert found.meetings[-1].warnings == [PlanWarning(code=WarningCode.BRA_TOO_SOON)]
    assert found.meetings[-1].moved_from is None


def test_own_rule_at_another_distance_is_kept() -> None:
    """A municipality that wants BRÅ a week after SAMSA gets it, with a warning."""
    found = plan(2026, [*only("v 6"), *only("v 7", "v 20", forum=Forum.BRA)])
    assert days(found, Forum.BRA) == ["02-12", "05-13"]
    assert [m.warnings for m in found.meetings if m.forum is Forum.BRA] == [
        [PlanWarning(code=WarningCode.BRA_TOO_SOON)],
        [PlanWarning(code=WarningCode.BRA_TOO_LATE)],
    ]


def test_clash_is_warned_about_and_never_made_by_moving() -> None:
    """Two rules for one hour both stand, warned; what is moved takes a day that is free."""
    rules = [*only("v 11 onsdag"), *only("v 11", "v 12 onsdag", forum=Forum.MANAGEMENT)]
    found = plan(2026, rules, blocked=blocked_days("2026-03-12"))
    assert days(found, Forum.MANAGEMENT) == ["03-13", "03-18"]
    both = plan(2026, [*only("v 11"), *only("v 11", forum=Forum.MANAGEMENT)])
    assert [m.warnings for m in both.meetings] == [
        [PlanWarning(code=WarningCode.CLASH, name=Forum.SAMSA)],
        [PlanWarning(code=WarningCode.CLASH, name=Forum.MANAGEMENT)],
    ]


def test_what_gives_no_meeting_is_told() -> None:
    """A week that the year lacks, a place named twice and a hopeless month are listed."""
    april = dict.fromkeys((date(2027, 3, 1) + timedelta(days=n) for n in range(92)), "Ombyggnad")
    found = plan(2027, only("v 7", "andra torsdagen i februari"), blocked=april)
    assert len(found.meetings) == 2  # 11 and 18 February
    found = plan(2026, only("v 7", "andra torsdagen i februari"))
    assert (len(found.meetings), len(found.unplaced)) == (1, 1)
    found = plan(2027, only("v 7", "v 53", "v 15"), blocked=april)
    slots = [WeekSlot(week=15), WeekSlot(week=53)]
    assert sorted(found.unplaced, key=repr) == [
        Unplaced(forum=Forum.SAMSA, slot=slot) for slot in slots
    ]
    assert Shortfall(forum=Forum.SAMSA, wanted=6, planned=1) in found.shortfalls
    assert Shortfall(forum=Forum.BRA, wanted=4, planned=0) in found.shortfalls


# --- judgement


def test_plan_changed_by_hand_is_judged_alike() -> None:
    """A proposed plan that nobody changed is judged as it was when it was proposed."""
    found = plan(2026)
    warnings, shortfalls = check(found.meetings, CALENDAR, {}, (), 2026)
    assert list(warnings) == [m.warnings for m in found.meetings]
    assert shortfalls == []


@pytest.mark.parametrize(
    ("day", "code"),
    [
        ("2026-02-04", WarningCode.BRA_TOO_SOON),
        ("2026-02-05", None),
        ("2026-02-19", None),
        ("2026-02-20", WarningCode.BRA_TOO_LATE),
        ("2026-01-22", WarningCode.BRA_TOO_SOON),
        ("2026-01-21", WarningCode.BRA_TOO_LATE),
    ],
)
def test_distance_from_samsa(day: str, code: WarningCode | None) -> None:
    """A BRÅ lies 14 to 28 days after a SAMSA, both included; one that comes later is no help."""
    meetings = [held(Forum.BRA, day), held(Forum.SAMSA, "2026-01-22", at="08:00", minutes=60)]
    warnings, _ = check(meetings, CALENDAR, {}, (), 2026)
    assert [list(found) for found in warnings] == [[PlanWarning(code=code)] if code else [], []]


def test_january_bra_is_measured_from_december() -> None:
    """A SAMSA of the year before counts for the distance, and not among the year's six."""
    meetings = [held(Forum.SAMSA, "2025-12-18"), held(Forum.BRA, "2026-01-08")]
    warnings, shortfalls = check(meetings, CALENDAR, {}, (), 2026)
    assert [list(found) for found in warnings] == [[], []]
    assert shortfalls == [
        Shortfall(forum=Forum.BRA, wanted=4, planned=1),
        Shortfall(forum=Forum.SAMSA, wanted=6, planned=0),
        Shortfall(forum=Forum.MANAGEMENT, wanted=4, planned=0),
    ]


def test_management_meets_in_four_months() -> None:
    """Four meetings of the management group in January are no meeting each quarter."""
    meetings = [held(Forum.MANAGEMENT, f"2026-01-{day}") for day in (12, 15, 22, 29)]
    _, shortfalls = check(meetings, CALENDAR, {}, (), 2026)
    assert shortfalls[-1] == Shortfall(forum=Forum.MANAGEMENT, wanted=4, planned=1)


def test_meeting_on_a_forbidden_day_does_not_count() -> None:
    """A date that was blocked afterwards leaves its forum one meeting short."""
    _, shortfalls = check(plan(2026).meetings, CALENDAR, blocked_days("2026-02-12"), (), 2026)
    assert shortfalls == [Shortfall(forum=Forum.BRA, wanted=4, planned=3)]


def test_clash_is_by_the_hour() -> None:
    """Meetings that follow each other do not clash; an instant in UTC is compared as it is."""
    late = replace(held(Forum.BRA, "2026-01-22"), starts_at=datetime(2026, 1, 22, 14, tzinfo=UTC))
    meetings = [
        held(Forum.SAMSA, "2026-01-22"),
        late,
        held(Forum.MANAGEMENT, "2026-01-22", "16:30"),
    ]
    warnings, _ = check(meetings, CALENDAR, {}, (), 2026)
    clash = WarningCode.CLASH
    assert [[w.name for w in found if w.code is clash] for found in warnings] == [
        [],
        [Forum.MANAGEMENT],
        [Forum.BRA],
    ]


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2026-06-19", Forbidden(code=Hindrance.RED_DAY, name="Midsommarafton")),
        ("2026-06-06", Forbidden(code=Hindrance.RED_DAY, name="Nationaldagen")),
        ("2026-06-07", Forbidden(code=Hindrance.WEEKEND)),
        ("2026-07-01", Forbidden(code=Hindrance.JULY)),
        ("2026-07-31", Forbidden(code=Hindrance.JULY)),
        ("2026-08-03", None),
        ("2026-11-03", Forbidden(code=Hindrance.BLOCKED, name="Stämma")),
        ("2026-05-15", None),
    ],
)
def test_forbidden(day: str, expected: Forbidden | None) -> None:
    """A forbidden day is told by what forbids it; a squeeze day is allowed."""
    blocked = blocked_days("2026-11-03")
    assert forbidden(date.fromisoformat(day), CALENDAR, blocked) == expected


@pytest.mark.parametrize(
    ("day", "ahead", "expected"),
    [
        ("2026-02-12", 7, "2026-02-05"),
        ("2026-05-21", 7, "2026-05-13"),  # the 14th is Kristi himmelsfärdsdag
        ("2026-04-13", 7, "2026-04-02"),  # over Easter
        ("2026-01-07", 1, "2026-01-05"),
        ("2026-01-15", 0, "2026-01-15"),
    ],
)
def test_lead(day: str, ahead: int, expected: str) -> None:
    """Lead times count calendar days back, and then on to a working day."""
    assert lead(date.fromisoformat(day), ahead, CALENDAR) == date.fromisoformat(expected)


# --- any year

years = st.sampled_from(YEARS)


@st.composite
def blocked_sets(draw: st.DrawFn) -> dict[date, str]:
    """Draw single days all over the year, at most 20, and two stretches of at most four days.

    In 15 days in a row, of which a BRÅ needs one, there are thus always some left.
    """
    year = draw(years)
    first = date(year, 1, 1)
    single = draw(st.sets(st.integers(0, 364), max_size=20))
    stretches = draw(st.lists(st.tuples(st.integers(0, 360), st.integers(1, 4)), max_size=2))
    offsets = single | {start + n for start, length in stretches for n in range(length)}
    return {first: "Nyår"} | {first + timedelta(days=n): f"Spärrat {n}" for n in sorted(offsets)}


holidays = st.builds(
    lambda year, start, length: SchoolHoliday(
        name="Lov",
        first=date(year, 1, 1) + timedelta(days=start),
        last=date(year, 1, 1) + timedelta(days=start + length),
    ),
    years,
    st.integers(0, 350),
    st.integers(0, 10),
)
slots = st.builds(
    WeekSlot, week=st.integers(1, 53), weekday=st.none() | st.integers(1, 7)
) | st.builds(
    MonthSlot,
    ordinal=st.sampled_from([1, 2, 3, 4, 5, -1]),
    weekday=st.integers(1, 7),
    month=st.integers(1, 12),
)
any_rules = st.lists(
    st.builds(
        MeetingRule,
        forum=st.sampled_from([Forum.BRA, Forum.SAMSA, Forum.MANAGEMENT]),
        when=st.lists(slots, max_size=5),
        weekday=st.integers(1, 7),
        at=st.sampled_from([time(8, 30), time(13), time(14, 30)]),
        minutes=st.sampled_from([60, 120]),
    ),
    max_size=4,
)


@pytest.mark.parametrize("year", YEARS)
def test_default_rules_hold_every_year(year: int) -> None:
    """The default weeks give 4, 6 and 4 meetings, in years with a week 53 too, and no warning
    but the one of an eve that ends early."""
    found = plan(year)
    assert [len(days(found, rule.forum)) for rule in DEFAULT_RULES] == [4, 6, 4]
    assert None not in list(distances(found))
    assert {w.code for m in found.meetings for w in m.warnings} <= {WarningCode.SQUEEZE_DAY}
    assert all(abs((m.day - m.moved_from).days) == 1 for m in found.meetings if m.moved_from)


@settings(max_examples=150, deadline=None)
@given(blocked=blocked_sets(), school_holidays=st.lists(holidays, max_size=5))
def test_default_rules_with_blocked_days(
    blocked: dict[date, str], school_holidays: list[SchoolHoliday]
) -> None:
    """Whatever is blocked, the numbers of the routine and the two to four weeks are kept."""
    found = plan(min(blocked).year, blocked=blocked, school_holidays=school_holidays)
    assert [len(days(found, rule.forum)) for rule in DEFAULT_RULES] == [4, 6, 4]
    assert found.shortfalls == []
    assert None not in list(distances(found))
    for meeting in found.meetings:
        assert forbidden(meeting.day, CALENDAR, blocked) is None
        if meeting.moved_from and meeting.moved_code is not Hindrance.SAMSA_MOVED:
            assert forbidden(meeting.moved_from, CALENDAR, blocked) == Forbidden(
                code=meeting.moved_code or Hindrance.WEEKEND, name=meeting.moved_because
            )


@settings(max_examples=100, deadline=None)
@given(blocked=blocked_sets(), rules=any_rules, data=st.data())
def test_any_rules(blocked: dict[date, str], rules: list[MeetingRule], data: st.DataObject) -> None:
    """Any rules give a plan of allowed days in the year, the same in whatever order they stand."""
    year = min(blocked).year
    found = plan(year, rules, blocked=blocked)
    assert all(m.day.year == year for m in found.meetings)
    assert all(forbidden(m.day, CALENDAR, blocked) is None for m in found.meetings)
    assert [m.starts_at for m in found.meetings] == sorted(m.starts_at for m in found.meetings)
    assert len({(m.forum, m.day) for m in found.meetings}) == len(found.meetings)
    wished = sum(len(rule.when) for rule in rules)
    assert len(found.meetings) + len(found.unplaced) == wished
    assert plan(year, data.draw(st.permutations(rules)), blocked=blocked) == found
    moved = [m for m in found.meetings if m.moved_from]
    assert not any(w.code is WarningCode.CLASH for m in moved for w in m.warnings)


@given(
    day=st.dates(min_value=date(2026, 1, 1), max_value=date(2036, 12, 31)),
    ahead=st.integers(0, 30),
)
def test_lead_is_never_late(day: date, ahead: int) -> None:
    """A lead time ends on a working day, no later than wanted and no further back than need be."""
    found = lead(day, ahead, CALENDAR)
    wanted = day - timedelta(days=ahead)
    assert found <= wanted
    assert CALENDAR.is_working_day(found)
    between = (found + timedelta(days=n) for n in range(1, (wanted - found).days + 1))
    assert not any(map(CALENDAR.is_working_day, between))

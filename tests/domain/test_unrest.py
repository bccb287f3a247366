"""When units are asked at a time of unrest, and when it ends."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.errors import Conflict, Invalid
from bot.domain.question import Value
from bot.domain.unrest import (
    ASKED_AT,
    CLOSES_AT,
    LAST_ASKED,
    LONGEST,
    Mode,
    Unrest,
    UnrestRound,
    deadline,
    first_asked,
    returns_at,
    rounds,
    still,
    warned_at,
)
from bot.holidays_se import swedish_calendar

ZONE = ZoneInfo("Europe/Stockholm")
CALENDAR = swedish_calendar(ZONE, range(2025, 2029))
NOW = datetime(2026, 11, 10, 10, 0, tzinfo=ZONE)

begins = st.integers(0, 700 * 24 * 60).map(
    lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)


def unrest(begins_at: datetime, last_day: date, mode: Mode = Mode.HIGH) -> Unrest:
    """Make a time of unrest for one unit."""
    return Unrest(
        mode=mode,
        reason="oro",
        area="Björbo",
        unit_ids=(1,),
        begins_at=begins_at,
        last_day=last_day,
        started_by=1,
    )


@st.composite
def unrests(draw: st.DrawFn) -> Unrest:
    """Make a time of unrest that lasts at least until somebody can be asked, renewed or not."""
    begin = draw(begins)
    first = first_asked(unrest(begin, date.max), CALENDAR).date()
    last = first + timedelta(days=draw(st.integers(0, 40)))
    return unrest(begin, last, draw(st.sampled_from(Mode)))


def local(found: UnrestRound) -> datetime:
    """Give a round's opening by the clock on the wall."""
    return found.opens_at.astimezone(ZONE)


@given(unrests())
def test_units_are_asked_on_working_days_only(there: Unrest) -> None:
    """At least once, each day at most once, in working hours, never after the last day."""
    found = rounds(there, CALENDAR)
    days = [local(each).date() for each in found]
    assert found
    assert days == sorted(set(days))
    assert all(CALENDAR.is_working_day(day) and day <= there.last_day for day in days)
    assert all(CALENDAR.in_office_hours(each.opens_at) for each in found)
    assert found[0].opens_at >= there.begins_at
    assert [each.number for each in found] == list(range(1, len(found) + 1))


@given(unrests())
def test_there_is_an_hour_to_answer_and_late_asking_stops_before_the_next(there: Unrest) -> None:
    """Every deadline is 14.00 of the same day; whoever is not asked by 13.00 waits for the next."""
    found = rounds(there, CALENDAR)
    for each, following in zip(found, [*found[1:], None], strict=True):
        assert each.closes_at == CALENDAR.at(local(each).date(), CLOSES_AT)
        assert each.closes_at - each.opens_at > timedelta(hours=1)
        assert each.opens_at < each.before
        assert local(each).time() < LAST_ASKED
        if following is not None:
            assert each.before < following.opens_at


@given(unrests())
def test_high_asks_every_working_day_and_elevated_once_a_week(there: Unrest) -> None:
    """No working day is left out when high; when elevated each week counts from the first day."""
    days = [local(each).date() for each in rounds(there, CALENDAR)]
    if there.mode is Mode.HIGH:
        span = (there.last_day - days[0]).days
        every = [days[0] + timedelta(days=n) for n in range(span + 1)]
        assert days == [day for day in every if CALENDAR.is_working_day(day)]
    else:
        weeks = [days[0] + timedelta(weeks=n) for n in range(len(days))]
        assert days == [CALENDAR.next_working_day(week) for week in weeks]


@given(unrests())
def test_it_returns_after_its_last_question_in_working_hours(there: Unrest) -> None:
    """16.00 on the last day, or the next working morning; the word comes a working day ahead."""
    ends = returns_at(there, CALENDAR).astimezone(ZONE)
    assert ends > rounds(there, CALENDAR)[-1].closes_at
    assert ends.date() >= there.last_day
    assert CALENDAR.is_working_day(ends.date())
    assert ends.time() in (time(16), time(8))
    warned = warned_at(there, CALENDAR).astimezone(ZONE)
    assert CALENDAR.is_working_day(warned.date())
    assert warned.date() < there.last_day


@given(begins)
def test_a_question_asked_at_any_time_leaves_an_hour(asked: datetime) -> None:
    """The deadline is 14.00 of the same day, or of the next working day."""
    assert deadline(asked, CALENDAR) - asked > timedelta(hours=1)


@pytest.mark.parametrize(
    ("begin", "first"),
    [
        ("2026-11-10 10:17", "2026-11-10 10:17"),
        ("2026-11-10 06:00", "2026-11-10 08:00"),
        ("2026-11-10 12:59", "2026-11-10 12:59"),
        ("2026-11-10 13:00", "2026-11-11 09:00"),
        ("2026-11-10 21:00", "2026-11-11 08:00"),
        ("2026-11-13 15:00", "2026-11-16 09:00"),
        ("2026-12-24 10:00", "2026-12-28 08:00"),
    ],
)
def test_the_first_question_goes_out_as_soon_as_there_is_time_to_answer(
    begin: str, first: str
) -> None:
    """At once in working hours before 13.00, else the next working morning."""
    there = unrest(datetime.fromisoformat(begin).replace(tzinfo=ZONE), date(2027, 1, 5))
    assert local(rounds(there, CALENDAR)[0]).strftime("%Y-%m-%d %H:%M") == first


def test_the_wall_clock_counts_when_summer_time_ends() -> None:
    """The question goes out at 09.00 before and after the night with the extra hour."""
    there = unrest(datetime(2026, 10, 22, 10, tzinfo=ZONE), date(2026, 10, 27))
    asked = [local(each) for each in rounds(there, CALENDAR)]
    assert [moment.time() for moment in asked[1:]] == [ASKED_AT] * 3
    assert asked[1].utcoffset() != asked[2].utcoffset()


def test_nobody_is_asked_where_it_ends_before_the_first_working_day() -> None:
    """A weekend alone has no question; whoever begins it must choose a later end."""
    there = unrest(datetime(2026, 11, 13, 15, tzinfo=ZONE), date(2026, 11, 15))
    assert list(rounds(there, CALENDAR)) == []


def test_an_end_may_be_fourteen_days_away_and_renewing_makes_it_later() -> None:
    """Fifteen days, an earlier day and what is over are refused; the rest stays as it was."""
    today = date(2026, 11, 10)
    there = unrest(NOW, date(2026, 11, 12))
    assert there.renewed(today + LONGEST, today).last_day == date(2026, 11, 24)
    for last_day, code in (
        (today + LONGEST + timedelta(days=1), "unrest_too_long"),
        (date(2026, 11, 12), "unrest_not_longer"),
        (date(2026, 11, 9), "unrest_too_long"),
    ):
        with pytest.raises(Invalid, match=code):
            there.renewed(last_day, today)


def test_what_is_over_is_neither_renewed_nor_changed() -> None:
    """A new one is begun instead; a level that holds already is said to hold."""
    there = unrest(NOW, date(2026, 11, 12))
    over = Unrest(
        mode=there.mode,
        reason=there.reason,
        area=there.area,
        unit_ids=there.unit_ids,
        begins_at=there.begins_at,
        last_day=there.last_day,
        started_by=1,
        ended_at=NOW,
    )
    with pytest.raises(Conflict, match="unrest_over"):
        over.renewed(date(2026, 11, 20), date(2026, 11, 10))
    with pytest.raises(Conflict, match="unrest_over"):
        over.at_level(Mode.ELEVATED)
    with pytest.raises(Conflict, match="unrest_same_level"):
        there.at_level(Mode.HIGH)
    assert there.at_level(Mode.ELEVATED).last_day == there.last_day


def test_unchanged_means_that_nothing_new_has_happened() -> None:
    """State and need are the last ones; yesterday's words are not said again."""
    before = {
        "lage": Value(chosen=("gul",)),
        "handelse": Value(text="Bråk"),
        "stod": Value(chosen=("narvaro",)),
    }
    assert still(before) == {**before, "handelse": Value(chosen=("nej",))}
    assert still({"lage": Value(chosen=("gron",))}) == {"lage": Value(chosen=("gron",))}

"""The working-day rule, office hours and periods, by example and by property."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.calendar import Period, WorkCalendar, week_number
from bot.holidays_se import swedish_calendar

STOCKHOLM = ZoneInfo("Europe/Stockholm")
CALENDAR = swedish_calendar(STOCKHOLM, range(2024, 2036))
SUMMER = frozenset({(6, 7)})

days = st.dates(min_value=date(2025, 1, 1), max_value=date(2034, 12, 31))
periods = st.builds(
    lambda year, month, more: Period(
        first=date(year, month, 1),
        last=date(year + (month + more - 1) // 12, (month + more - 1) % 12 + 1, 1),
    ),
    st.integers(2020, 2040),
    st.integers(1, 12),
    st.integers(0, 3),
)


@pytest.mark.parametrize(
    ("day", "reason"),
    [
        ("2026-06-19", "Midsommarafton"),
        ("2026-12-24", "Julafton"),
        ("2026-12-31", "Nyårsafton"),
        ("2026-05-14", "Kristi himmelsfärdsdag"),
        ("2026-06-06", "Nationaldagen"),
        ("2026-10-03", ""),
        ("2026-10-04", ""),
        ("2026-10-05", None),
        ("2026-05-15", None),
    ],
)
def test_reason_for_no_work(day: str, reason: str | None) -> None:
    """A red day gives its Swedish name, a plain weekend nothing, and a working day no reason."""
    assert CALENDAR.why_not_working(date.fromisoformat(day)) == reason
    assert CALENDAR.is_working_day(date.fromisoformat(day)) is (reason is None)


def test_every_year_has_the_three_eves() -> None:
    """Midsummer, Christmas and New Year's Eve are never working days, whatever the year."""
    names = {(d.year, name) for d, name in CALENDAR.red_days.items()}
    eves = ("Midsommarafton", "Julafton", "Nyårsafton")
    assert {(y, eve) for y in range(2024, 2036) for eve in eves} <= names


def test_squeeze_days_are_worked() -> None:
    """A squeeze day is warned about and worked; a Saturday eve is no news."""
    assert CALENDAR.squeeze_days[date(2026, 5, 15)] == "Klämdag"
    assert CALENDAR.squeeze_days[date(2026, 4, 2)].startswith("Skärtorsdagen")
    assert all(CALENDAR.is_working_day(d) for d in CALENDAR.squeeze_days)


def test_firsts_of_month_in_2026() -> None:
    """Six of the twelve firsts of the month in 2026 are not working days, and the round moves."""
    moved = {
        month: CALENDAR.nth_working_day(2026, month, 1).day
        for month in range(1, 13)
        if not CALENDAR.is_working_day(date(2026, month, 1))
    }
    assert moved == {1: 2, 2: 2, 3: 2, 5: 4, 8: 3, 11: 2}


def test_fifth_working_day_of_january() -> None:
    """The fifth working day of January 2026 counts past New Year and Epiphany."""
    assert CALENDAR.nth_working_day(2026, 1, 5) == date(2026, 1, 9)


@pytest.mark.parametrize("n", [-1, 0, 24])
def test_no_such_working_day(n: int) -> None:
    """A month has no working day number 0, none before it, and no 24th."""
    with pytest.raises(ValueError, match="no working day"):
        CALENDAR.nth_working_day(2026, 10, n)


@pytest.mark.parametrize(
    ("day", "n", "expected"),
    [
        ("2026-10-05", 0, "2026-10-05"),
        ("2026-10-03", 0, "2026-10-05"),
        ("2026-10-03", 1, "2026-10-05"),
        ("2026-10-03", -1, "2026-10-02"),
        ("2026-10-02", 1, "2026-10-05"),
        ("2026-06-18", 1, "2026-06-22"),
        ("2026-06-22", -1, "2026-06-18"),
        ("2026-12-23", 1, "2026-12-28"),
    ],
)
def test_add_working_days(day: str, n: int, expected: str) -> None:
    """Weekends and red days are stepped over in both directions."""
    found = CALENDAR.add_working_days(date.fromisoformat(day), n)
    assert found == date.fromisoformat(expected)


def test_lead_time_counts_back() -> None:
    """A call due on Midsummer's Eve goes out on the working day before it."""
    assert CALENDAR.previous_working_day(date(2026, 6, 19)) == date(2026, 6, 18)


@given(d=days, n=st.integers(1, 15))
def test_nth_working_day_counts(d: date, n: int) -> None:
    """The n-th working day is worked, lies in its month and has n-1 working days before it."""
    found = CALENDAR.nth_working_day(d.year, d.month, n)
    earlier = [found.replace(day=day) for day in range(1, found.day)]
    assert CALENDAR.is_working_day(found)
    assert sum(map(CALENDAR.is_working_day, earlier)) == n - 1


@given(d=days, later=st.integers(0, 40), n=st.integers(-15, 15), more=st.integers(0, 10))
def test_add_working_days_is_monotone(d: date, later: int, n: int, more: int) -> None:
    """A later start or a longer lead never gives an earlier day, and the day is always worked."""
    found = CALENDAR.add_working_days(d, n)
    assert CALENDAR.is_working_day(found)
    assert found <= CALENDAR.add_working_days(d + timedelta(days=later), n)
    assert found <= CALENDAR.add_working_days(d, n + more)


@given(d=days, n=st.integers(1, 15))
def test_working_days_can_be_taken_back(d: date, n: int) -> None:
    """From a working day, going forward and back again ends where it began."""
    start = CALENDAR.next_working_day(d)
    assert CALENDAR.add_working_days(CALENDAR.add_working_days(start, n), -n) == start


@pytest.mark.parametrize(
    ("day", "clock", "expected"),
    [
        ("2026-03-29", "02:30", "2026-03-29T01:30+00:00"),  # skipped: 03.30 summer time
        ("2026-10-25", "02:30", "2026-10-25T00:30+00:00"),  # twice: the first
        ("2026-07-01", "09:00", "2026-07-01T07:00+00:00"),
        ("2026-12-01", "09:00", "2026-12-01T08:00+00:00"),
    ],
)
def test_at_summer_time(day: str, clock: str, expected: str) -> None:
    """A skipped time moves forward and a doubled time is the first of the two."""
    found = CALENDAR.at(date.fromisoformat(day), time.fromisoformat(clock))
    assert found.astimezone(UTC) == datetime.fromisoformat(expected)
    assert found.tzinfo is STOCKHOLM


def test_skipped_time_is_shown_as_it_is() -> None:
    """A skipped 02.30 is read back as 03.30, the time that the clocks really show."""
    assert CALENDAR.at(date(2026, 3, 29), time(2, 30)).time() == time(3, 30)


clock_changes = st.sampled_from([date(2026, 3, 29), date(2026, 10, 25), date(2027, 3, 28)])


@given(d=days | clock_changes, t=st.times(), fold=st.integers(0, 1))
def test_at_round_trip(d: date, t: time, fold: int) -> None:
    """Through UTC and back the wall time is the same, save for the hour that does not exist."""
    found = CALENDAR.at(d, t.replace(fold=fold))
    again = found.astimezone(UTC).astimezone(STOCKHOLM)
    wanted = datetime.combine(d, t)
    skipped = again.replace(tzinfo=None) - wanted
    assert again == found
    assert again.fold == 0
    assert skipped in (timedelta(0), timedelta(hours=1))
    assert (skipped == timedelta(0)) or (t.hour == 2 and d.month == 3 and d.isoweekday() == 7)


@pytest.mark.parametrize(
    ("instant", "expected"),
    [
        ("2026-10-05T09:00+02:00", "2026-10-05T09:00+02:00"),
        ("2026-10-05T08:00+02:00", "2026-10-05T08:00+02:00"),
        ("2026-10-05T15:59+02:00", "2026-10-05T15:59+02:00"),
        ("2026-10-05T16:00+02:00", "2026-10-06T08:00+02:00"),
        ("2026-10-05T06:00+02:00", "2026-10-05T08:00+02:00"),
        ("2026-10-05T06:00+00:00", "2026-10-05T06:00+00:00"),  # 08.00 in Stockholm
        ("2026-10-02T17:00+02:00", "2026-10-05T08:00+02:00"),
        ("2026-10-04T06:00+02:00", "2026-10-05T08:00+02:00"),
        ("2026-06-18T18:00+02:00", "2026-06-22T08:00+02:00"),
        ("2026-10-23T16:30+02:00", "2026-10-26T08:00+01:00"),  # over the end of summer time
    ],
)
def test_next_office_time(instant: str, expected: str) -> None:
    """An instant inside office hours stays; any other waits for the next 08.00 of work."""
    asked = datetime.fromisoformat(instant)
    assert CALENDAR.next_office_time(asked) == datetime.fromisoformat(expected)
    assert CALENDAR.in_office_hours(asked) is (instant == expected)


@given(instant=st.datetimes(datetime(2025, 1, 1), datetime(2034, 12, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - Hypothesis wants naive bounds
def test_office_time_is_in_office_hours(instant: datetime) -> None:
    """The next office time is never before the instant and always inside office hours."""
    found = CALENDAR.next_office_time(instant)
    assert found >= instant
    assert CALENDAR.in_office_hours(found)


@pytest.mark.parametrize(
    ("day", "week"), [("2026-01-01", 1), ("2026-12-31", 53), ("2027-01-03", 53), ("2026-11-04", 45)]
)
def test_week_number(day: str, week: int) -> None:
    """Weeks are ISO weeks, also around New Year."""
    assert week_number(date.fromisoformat(day)) == week


def test_calendar_without_red_days() -> None:
    """Where no red days are given, weekends still are no working days."""
    bare = WorkCalendar(zone=STOCKHOLM, red_days={}, squeeze_days={})
    assert bare.next_working_day(date(2026, 12, 26)) == date(2026, 12, 28)


@pytest.mark.parametrize(
    ("key", "start", "end"),
    [
        ("2026-10", "2026-10-01", "2026-10-31"),
        ("2028-02", "2028-02-01", "2028-02-29"),
        ("2026-06--07", "2026-06-01", "2026-07-31"),
        ("2026-12--2027-01", "2026-12-01", "2027-01-31"),
    ],
)
def test_period_bounds(key: str, start: str, end: str) -> None:
    """A period's key tells its first and last day."""
    period = Period.parse(key)
    assert (period.start, period.end) == (date.fromisoformat(start), date.fromisoformat(end))
    assert period.key == key


@given(period=periods)
def test_period_key_round_trip(period: Period) -> None:
    """Every period can be read from its own key."""
    assert Period.parse(period.key) == period


@given(period=periods)
def test_periods_leave_no_gap(period: Period) -> None:
    """The previous period ends on the day before, so no month falls between two rounds."""
    assert period.previous().end + timedelta(days=1) == period.start


@pytest.mark.parametrize(
    "key",
    ["", "2026", "2026-13", "2026-1", "2026-07--06", "2026-06--06", "2026-06--2026-07", "x2026-10"],
)
def test_bad_period_key(key: str) -> None:
    """A key that no period would write is refused."""
    with pytest.raises(ValueError, match=r"."):
        Period.parse(key)


@pytest.mark.parametrize(
    ("opened", "joined", "key"),
    [
        ("2026-11-02", frozenset(), "2026-10"),
        ("2027-01-04", frozenset(), "2026-12"),
        ("2026-06-01", SUMMER, "2026-05"),
        ("2026-07-01", SUMMER, "2026-05"),  # already asked about: no round in July
        ("2026-08-03", SUMMER, "2026-06--07"),
        ("2026-09-01", SUMMER, "2026-08"),
        ("2027-02-01", frozenset({(12, 1)}), "2026-12--2027-01"),
        ("2027-01-04", frozenset({(12, 1)}), "2026-11"),
        ("2026-09-01", frozenset({(6, 8)}), "2026-06--08"),
        ("2026-08-03", frozenset({(6, 8)}), "2026-05"),
    ],
)
def test_period_a_round_asks_about(
    opened: str, joined: frozenset[tuple[int, int]], key: str
) -> None:
    """A round asks about the latest period that is over when its month begins."""
    assert Period.before(date.fromisoformat(opened), joined).key == key


def test_previous_of_joined_period() -> None:
    """August is compared with June and July together where they were one round."""
    assert Period.of(2026, 8).previous(SUMMER).key == "2026-06--07"
    assert Period.parse("2026-06--07").previous(SUMMER).key == "2026-05"

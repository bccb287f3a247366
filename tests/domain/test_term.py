"""What ends is said in time: each warning once, in order, on a working day, and never too late."""

from calendar import monthrange
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.date_words import DateProblem
from bot.domain.term import (
    STAGES,
    WARNED,
    Stage,
    Term,
    TermKind,
    months_before,
    months_left,
    split_end,
    term_steps,
    warnings,
)
from bot.holidays_se import swedish_calendar

ZONE = ZoneInfo("Europe/Stockholm")
CALENDAR = swedish_calendar(ZONE, range(2024, 2038))
NOW = datetime(2026, 11, 2, 9, 0, tzinfo=ZONE)
DAYS = st.dates(date(2026, 1, 1), date(2036, 12, 31))
TERMS = st.builds(
    lambda kind, ends: Term(id=3, kind=kind, title="Polisen", ends=ends),
    st.sampled_from(TermKind),
    DAYS,
)


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2028, 3, 31), 9, date(2027, 6, 30)),
        (date(2028, 3, 31), 1, date(2028, 2, 29)),
        (date(2027, 3, 31), 1, date(2027, 2, 28)),
        (date(2028, 2, 29), 12, date(2027, 2, 28)),
        (date(2027, 1, 15), 1, date(2026, 12, 15)),
        (date(2027, 1, 15), 0, date(2027, 1, 15)),
    ],
)
def test_months_before(day: date, months: int, expected: date) -> None:
    """The same day of the month, or the last day of a shorter one."""
    assert months_before(day, months) == expected


@given(DAYS, st.integers(0, 36))
def test_months_before_is_as_many_months_and_never_later(day: date, months: int) -> None:
    """The month is exactly so many earlier, and the day is kept where the month has it."""
    found = months_before(day, months)
    assert (day.year - found.year) * 12 + day.month - found.month == months
    assert found.day == min(day.day, monthrange(found.year, found.month)[1])


@given(DAYS, st.integers(0, 1200))
def test_months_left_are_whole_months(ends: date, before: int) -> None:
    """So many months before the end the day has not been passed; one more and it has."""
    today = ends - timedelta(days=before)
    left = months_left(today, ends)
    assert months_before(ends, left) >= today
    assert months_before(ends, left + 1) < today
    assert months_left(ends + timedelta(days=1), ends) == -1


@given(TERMS)
def test_each_warning_comes_once_in_order_on_a_working_day(term: Term) -> None:
    """At 09.00 in the municipality's zone, not before its month's day back to a working day, and
    never after the end."""
    told = warnings(term, CALENDAR)
    assert [w.months for w in told] == [*WARNED[term.kind], 0]
    assert [w.at for w in told] == sorted({w.at for w in told})
    for warned in told:
        local = warned.at.astimezone(ZONE)
        assert local.time() == time(9)
        assert CALENDAR.is_working_day(local.date())
        wanted = months_before(term.ends, warned.months)
        assert local.date() <= wanted <= term.ends
        assert not any(
            CALENDAR.is_working_day(local.date() + timedelta(days=n + 1))
            for n in range((wanted - local.date()).days)
        )


@given(TERMS, st.dates(date(2024, 6, 1), date(2036, 12, 31)))
def test_at_most_one_warning_is_due_at_a_time(term: Term, today: date) -> None:
    """Whenever the clock looks, the latest due step is of use and the earlier ones are not."""
    now = CALENDAR.at(today, time(10))
    steps = term_steps(term, CALENDAR)
    due = [s for s in steps if s.at <= now and (s.before is None or s.before > now)]
    assert len(due) == (1 if steps[0].at <= now else 0)
    assert due == [s for s in steps if s.at <= now][-1:]
    assert len({s.key for s in steps}) == len(steps)


def test_a_step_is_named_by_term_end_and_months() -> None:
    """A renewed term has other keys, so that its warnings come anew."""
    term = Term(id=3, kind=TermKind.PROMISE, title="Löfte", ends=date(2027, 12, 31))
    assert [s.key for s in term_steps(term, CALENDAR)] == [
        "warn_term/b3/2027-12-31/3",
        "warn_term/b3/2027-12-31/1",
        "warn_term/b3/2027-12-31/0",
    ]
    renewed = term.advanced().renewed(date(2028, 6, 30))
    assert renewed.stage is Stage.WAITING
    assert {s.key for s in term_steps(term, CALENDAR)} & {
        s.key for s in term_steps(renewed, CALENDAR)
    } == set()


def test_a_term_is_handed_on_in_order_and_stops() -> None:
    """SAMSA, BRÅ, KS, done."""
    term = Term(kind=TermKind.PLAN, title="Plan", ends=date(2028, 1, 1))
    passed = [term.stage]
    for _ in range(6):
        term = term.advanced()
        passed.append(term.stage)
    assert passed == [*STAGES, Stage.DONE, Stage.DONE]


@pytest.mark.parametrize(
    ("text", "day", "rest"),
    [
        ("2028-03-31", date(2028, 3, 31), ""),
        ("31 mars 2028", date(2028, 3, 31), ""),
        ("2028-03-31 Överenskommelse 2026–2028", date(2028, 3, 31), "Överenskommelse 2026–2028"),
        ("2032-03-31: Åtgärdsplan", date(2032, 3, 31), "Åtgärdsplan"),
        ("onsdag 31 mars 2032 – planen", date(2032, 3, 31), "planen"),
        ("31 december", date(2026, 12, 31), ""),
    ],
)
def test_an_end_may_lie_six_years_ahead(text: str, day: date, rest: str) -> None:
    """Dates as people write them, with a title after."""
    assert split_end(text, now=NOW) == (day, rest)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("2033-01-01", "too_far"),
        ("2112-03-31 planen", "too_far"),
        ("2020-03-31", "past"),
        ("torsdag 31 mars 2032", "contradiction"),
        ("mars 2028", "which_day"),
        ("snart", "not_understood"),
        ("31 februari 2028", "no_such_date"),
    ],
)
def test_what_is_no_end_is_refused(text: str, code: str) -> None:
    """With the date's own words for why."""
    with pytest.raises(DateProblem) as refused:
        split_end(text, now=NOW)
    assert refused.value.code == code

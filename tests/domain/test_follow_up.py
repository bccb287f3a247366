"""What a case, an assignment and a measure may become, and when they are reminded of."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.errors import Conflict
from bot.domain.follow_up import (
    ASSIGNMENT_STEPS,
    CASE_STEPS,
    MEASURE_STEPS,
    Assignment,
    AssignmentState,
    Case,
    CaseState,
    Measure,
    MeasureState,
    Phase,
    Prevention,
    most_urgent,
    reminder_days,
)
from bot.domain.people import Forum
from bot.holidays_se import swedish_calendar

CALENDAR = swedish_calendar(ZoneInfo("Europe/Stockholm"), range(2025, 2030))
TODAY = date(2026, 11, 4)

CASE = Case(id=3, title="Trafik", wanted=Forum.SAMSA)
ASSIGNMENT = Assignment(id=4, text="Mät farten", owner="polisen", due=date(2026, 11, 3))
MEASURE = Measure(
    id=5,
    cause="Mörkt",
    action="Lampor",
    goal="Halva antalet",
    due=date(2026, 11, 3),
    owner="gatuchefen",
    board="Tekniska nämnden",
    follow_up="Varje kvartal",
    prevention=Prevention.SITUATIONAL,
)


def test_every_state_has_its_steps() -> None:
    """The tables name every state, so that none is a dead end by mistake."""
    assert set(CASE_STEPS) == set(CaseState)
    assert set(ASSIGNMENT_STEPS) == set(AssignmentState)
    assert set(MEASURE_STEPS) == set(MeasureState)


def test_a_case_goes_the_routines_way() -> None:
    """Föreslaget, bereds, till BRÅ, beslutat, återrapporterat, avslutat; no step is skipped."""
    case = CASE
    for state in (
        CaseState.PREPARING,
        CaseState.TO_BRA,
        CaseState.ONGOING,
        CaseState.REPORTED,
        CaseState.CLOSED,
    ):
        case = case.to(state)
    assert not case.state.is_open
    with pytest.raises(Conflict, match="case_state"):
        CASE.to(CaseState.ONGOING)
    with pytest.raises(Conflict, match="case_state"):
        case.to(CaseState.PREPARING)


def test_a_working_group_goes_forwards_only() -> None:
    """Kartlägga, analysera, föreslå; a phase may be skipped but none comes back."""
    with pytest.raises(Conflict, match="no_group"):
        ASSIGNMENT.in_phase(Phase.ANALYSE)
    group = Assignment(id=6, text="Kartlägg", owner="polisen", members=("polis",), phase=Phase.MAP)
    assert group.in_phase(Phase.ANALYSE).in_phase(Phase.PROPOSE).phase is Phase.PROPOSE
    assert group.in_phase(Phase.PROPOSE).phase is Phase.PROPOSE
    for phase in (Phase.MAP, Phase.ANALYSE):
        with pytest.raises(Conflict, match="phase_order"):
            group.in_phase(Phase.ANALYSE).in_phase(phase)


def test_what_is_reported_is_not_overdue() -> None:
    """Nor is what has no day, or is due today."""
    assert ASSIGNMENT.overdue(TODAY)
    assert not ASSIGNMENT.overdue(date(2026, 11, 3))
    assert not ASSIGNMENT.to(AssignmentState.REPORTED).overdue(TODAY)
    assert MEASURE.overdue(TODAY)
    assert not MEASURE.to(MeasureState.DONE).overdue(TODAY)


def test_a_measure_that_is_done_may_begin_again() -> None:
    """Done and stopped are ends that only a new start leaves."""
    done = MEASURE.to(MeasureState.DONE)
    assert done.to(MeasureState.ONGOING).state is MeasureState.ONGOING
    with pytest.raises(Conflict, match="measure_state"):
        done.to(MeasureState.STOPPED)


def test_the_overdue_stand_first() -> None:
    """Then by day, those without one last; what is closed is left out."""
    soon = Assignment(id=7, text="b", owner="x", due=date(2026, 11, 20))
    undated = Assignment(id=8, text="c", owner="x")
    closed = Assignment(id=9, text="d", owner="x", state=AssignmentState.CLOSED)
    reported = Assignment(
        id=10, text="e", owner="x", due=date(2026, 11, 1), state=AssignmentState.REPORTED
    )
    ordered = most_urgent([closed, undated, soon, reported, ASSIGNMENT], TODAY)
    assert [a.id for a in ordered] == [4, 10, 7, 8]


def test_reminders_fall_on_working_days() -> None:
    """A week before, counted back; overdue is said on the first working day after."""
    assert reminder_days(date(2026, 11, 13), CALENDAR) == (date(2026, 11, 6), date(2026, 11, 16))
    assert reminder_days(date(2027, 1, 3), CALENDAR) == (date(2026, 12, 23), date(2027, 1, 4))


@given(st.dates(min_value=date(2026, 1, 10), max_value=date(2028, 12, 20)))
def test_the_first_reminder_leaves_at_least_a_week(due: date) -> None:
    """Whatever the day, there is a week before it and the second comes after it."""
    before, over = reminder_days(due, CALENDAR)
    assert CALENDAR.is_working_day(before)
    assert due - before >= timedelta(days=7)
    assert CALENDAR.is_working_day(over)
    assert over > due

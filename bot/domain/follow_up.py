"""What BRÅ and SAMSA send each other, and what becomes of it: cases, assignments, measures.

A case goes up (unit → SAMSA → BRÅ), an assignment down (BRÅ → SAMSA, a unit, a working group), a
measure is a row of the action plan in Brå's own columns (routine: "Cases and assignments"). Each
keeps its origin: report, meeting and decision. Terms that end by law or agreement are term.py's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum

from bot.domain.calendar import WorkCalendar
from bot.domain.errors import Conflict
from bot.domain.people import Forum


class CaseState(StrEnum):
    """föreslaget → bereds → till BRÅ → beslutat → pågår → återrapporterat → avslutat."""

    PROPOSED = "proposed"
    PREPARING = "preparing"
    TO_BRA = "to_bra"
    ONGOING = "ongoing"
    """Decided: an assignment was given."""
    REPORTED = "reported"
    CLOSED = "closed"
    REJECTED = "rejected"
    """Decided: no."""
    DROPPED = "dropped"
    """The coordinator did not take it, or the unit took it back."""

    @property
    def is_open(self) -> bool:
        """Tell whether something remains to be done."""
        return self not in (CaseState.CLOSED, CaseState.REJECTED, CaseState.DROPPED)


CASE_STEPS: Mapping[CaseState, frozenset[CaseState]] = {
    CaseState.PROPOSED: frozenset({CaseState.PREPARING, CaseState.TO_BRA, CaseState.DROPPED}),
    CaseState.PREPARING: frozenset({CaseState.TO_BRA, CaseState.CLOSED, CaseState.DROPPED}),
    CaseState.TO_BRA: frozenset({CaseState.ONGOING, CaseState.REJECTED, CaseState.PREPARING}),
    CaseState.ONGOING: frozenset({CaseState.REPORTED, CaseState.CLOSED}),
    CaseState.REPORTED: frozenset({CaseState.CLOSED, CaseState.ONGOING}),
    CaseState.CLOSED: frozenset(),
    CaseState.REJECTED: frozenset(),
    CaseState.DROPPED: frozenset({CaseState.PROPOSED}),
}
"""From TO_BRA back to PREPARING is återremiss."""


class Level(StrEnum):
    """How it goes; never shown by colour alone."""

    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Something to talk about and decide. `wanted` is the forum that the unit asked for."""

    id: int = 0
    title: str
    state: CaseState = CaseState.PROPOSED
    wanted: Forum
    unit_id: int | None = None
    cycle_id: int | None = None
    """The month's round that it comes from."""
    meeting_id: int | None = None
    """The meeting where it was brought up, or last decided on."""
    cause: str = ""
    proposal: str = ""
    owner: str = ""
    """The role that answers for it, e.g. "socialchef"."""
    due: date | None = None
    decision: str = ""

    @property
    def short_id(self) -> str:
        """The id people type: `a3` (ärende)."""
        return f"a{self.id}"

    def to(self, state: CaseState) -> "Case":
        """Move to another state.

        Raises:
            Conflict: `case_state`, where the table has no such step.
        """
        if state not in CASE_STEPS[self.state]:
            raise Conflict("case_state", {"case": self, "state": self.state})
        return replace(self, state=state)


class AssignmentState(StrEnum):
    """pågår → återrapporterat → avslutat."""

    ONGOING = "ongoing"
    REPORTED = "reported"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"

    @property
    def is_open(self) -> bool:
        """Tell whether something remains to be done."""
        return self in (AssignmentState.ONGOING, AssignmentState.REPORTED)


ASSIGNMENT_STEPS: Mapping[AssignmentState, frozenset[AssignmentState]] = {
    AssignmentState.ONGOING: frozenset(
        {AssignmentState.REPORTED, AssignmentState.CLOSED, AssignmentState.WITHDRAWN}
    ),
    AssignmentState.REPORTED: frozenset(
        {AssignmentState.REPORTED, AssignmentState.CLOSED, AssignmentState.ONGOING}
    ),
    AssignmentState.CLOSED: frozenset({AssignmentState.ONGOING}),
    AssignmentState.WITHDRAWN: frozenset({AssignmentState.ONGOING}),
}


class Phase(StrEnum):
    """A working group's three phases (routine: map, analyse, propose)."""

    MAP = "map"
    ANALYSE = "analyse"
    PROPOSE = "propose"


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """What somebody is to do, by when. With `members` and a `phase` it is a working group's."""

    id: int = 0
    text: str
    owner: str
    """The role that answers for it."""
    owner_id: int | None = None
    """The person who has taken it, and is reminded."""
    due: date | None = None
    state: AssignmentState = AssignmentState.ONGOING
    level: Level = Level.GREEN
    report: str = ""
    case_id: int | None = None
    meeting_id: int | None = None
    cycle_id: int | None = None
    members: tuple[str, ...] = ()
    phase: Phase | None = None

    @property
    def short_id(self) -> str:
        """The id people type: `u12`."""
        return f"u{self.id}"

    def overdue(self, today: date) -> bool:
        """Tell whether it should have been reported by now."""
        late = self.due is not None and self.due < today
        return late and self.state is AssignmentState.ONGOING

    def in_phase(self, phase: Phase) -> "Assignment":
        """Move the working group on to a later phase.

        Raises:
            Conflict: `no_group`, where nobody is named; `phase_order`, where it has come further.
        """
        if self.phase is None:
            raise Conflict("no_group", {"assignment": self})
        order = list(Phase)
        if order.index(phase) <= order.index(self.phase):
            raise Conflict("phase_order", {"assignment": self, "phase": phase})
        return replace(self, phase=phase)

    def to(self, state: AssignmentState) -> "Assignment":
        """Move to another state.

        Raises:
            Conflict: `assignment_state`, where the table has no such step.
        """
        if state not in ASSIGNMENT_STEPS[self.state]:
            raise Conflict("assignment_state", {"assignment": self, "state": self.state})
        return replace(self, state=state)


class MeasureState(StrEnum):
    """planerad → pågår → genomförd, or avbruten."""

    PLANNED = "planned"
    ONGOING = "ongoing"
    DONE = "done"
    STOPPED = "stopped"

    @property
    def is_open(self) -> bool:
        """Tell whether something remains to be done."""
        return self in (MeasureState.PLANNED, MeasureState.ONGOING)


MEASURE_STEPS: Mapping[MeasureState, frozenset[MeasureState]] = {
    MeasureState.PLANNED: frozenset(
        {MeasureState.ONGOING, MeasureState.DONE, MeasureState.STOPPED}
    ),
    MeasureState.ONGOING: frozenset({MeasureState.DONE, MeasureState.STOPPED}),
    MeasureState.DONE: frozenset({MeasureState.ONGOING}),
    MeasureState.STOPPED: frozenset({MeasureState.ONGOING}),
}


class Prevention(StrEnum):
    """Social: the conditions that make crime likely. Situational: the opportunity (Brå)."""

    SOCIAL = "social"
    SITUATIONAL = "situational"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A row of the action plan: Orsak | Åtgärd | Operativa mål | När | Vem | Uppföljning."""

    id: int = 0
    cause: str
    action: str
    goal: str
    due: date | None
    owner: str
    """The role that answers for it."""
    board: str
    """The nämnd that the owner role belongs to."""
    follow_up: str
    """How and when it is followed up."""
    prevention: Prevention
    state: MeasureState = MeasureState.PLANNED
    level: Level = Level.GREEN
    outcome: str = ""
    """What the last follow-up found."""
    assignment_id: int | None = None
    case_id: int | None = None
    meeting_id: int | None = None
    cycle_id: int | None = None

    @property
    def short_id(self) -> str:
        """The id people type: `t3` (åtgärd)."""
        return f"t{self.id}"

    def overdue(self, today: date) -> bool:
        """Tell whether it should have been carried out by now."""
        return self.due is not None and self.due < today and self.state.is_open

    def to(self, state: MeasureState) -> "Measure":
        """Move to another state.

        Raises:
            Conflict: `measure_state`, where the table has no such step.
        """
        if state not in MEASURE_STEPS[self.state]:
            raise Conflict("measure_state", {"measure": self, "state": self.state})
        return replace(self, state=state)


def most_urgent(assignments: Sequence[Assignment], today: date) -> Sequence[Assignment]:
    """Order open assignments: the overdue first, then by due date, those without one last."""
    return sorted(
        (a for a in assignments if a.state.is_open),
        key=lambda a: (not a.overdue(today), a.due or date.max, a.id),
    )


WARNED = timedelta(days=7)
"""How long before its day something is reminded of."""


def reminder_days(due: date, calendar: WorkCalendar) -> tuple[date, date]:
    """Give the day to remind of what is due (counted back to a working day), and the first working
    day on which it is overdue."""
    return calendar.previous_working_day(due - WARNED), calendar.add_working_days(due, 1)

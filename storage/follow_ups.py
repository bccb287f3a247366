"""Cases, assignments, measures and terms, each with the trail of what has happened to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from bot.domain.follow_up import (
    Assignment,
    AssignmentState,
    Case,
    CaseState,
    Measure,
    MeasureState,
)
from bot.domain.people import Forum
from bot.domain.term import Term
from storage.council_tables import AssignmentRow, CaseRow, MeasureRow, TermRow, TrailRow
from storage.mapping import Shelf


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that happened to what has the short id `about`."""

    about: str
    at: datetime
    by_person: int | None
    state: str
    text: str
    meeting_id: int | None


class FollowUps:
    """What is followed up from meeting to meeting."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.cases = Shelf(session, Case, CaseRow, letter="a", what="case")
        self.assignments = Shelf(session, Assignment, AssignmentRow, letter="u", what="assignment")
        self.measures = Shelf(session, Measure, MeasureRow, letter="t", what="measure")
        self.terms = Shelf(session, Term, TermRow, letter="b", what="term")

    def open_cases(self) -> Sequence[Case]:
        """List cases with something left to do, the oldest first."""
        return self.cases.where(col(CaseRow.state).in_([s for s in CaseState if s.is_open]))

    def open_assignments(self) -> Sequence[Assignment]:
        """List assignments with something left to do, the oldest first."""
        still = [s for s in AssignmentState if s.is_open]
        return self.assignments.where(col(AssignmentRow.state).in_(still))

    def open_measures(self) -> Sequence[Measure]:
        """List measures that are planned or going on, the oldest first."""
        still = [s for s in MeasureState if s.is_open]
        return self.measures.where(col(MeasureRow.state).in_(still))

    def open_terms(self) -> Sequence[Term]:
        """List what is watched, what ends first first."""
        found = self.terms.where(col(TermRow.ended).is_(False))
        return sorted(found, key=lambda t: (t.ends, t.id))

    def of_answer(self, cycle_id: int, unit_id: int, wanted: Forum) -> Case | None:
        """Find the case that a unit's answer in a round proposed for a forum."""
        found = self.cases.where(
            CaseRow.cycle_id == cycle_id, CaseRow.unit_id == unit_id, CaseRow.wanted == wanted
        )
        return found[0] if found else None

    def proposed_cases(self) -> int:
        """Count what waits for the coordinator to take or decline."""
        return len(self.cases.where(CaseRow.state == CaseState.PROPOSED))

    def assignments_of(self, case_id: int) -> Sequence[Assignment]:
        """List every assignment that a case led to, the oldest first."""
        return self.assignments.where(AssignmentRow.case_id == case_id)

    def measures_of(self, *, case_id: int = 0, assignment_id: int = 0) -> Sequence[Measure]:
        """List the measures that come from a case or an assignment, the oldest first."""
        if case_id:
            return self.measures.where(MeasureRow.case_id == case_id)
        return self.measures.where(MeasureRow.assignment_id == assignment_id)

    def note(
        self,
        about: str,
        state: str,
        *,
        at: datetime,
        by: int | None,
        text: str = "",
        meeting_id: int | None = None,
    ) -> None:
        """Write a step into the trail."""
        row = TrailRow(
            about=about, at=at, by_person=by, state=state, text=text, meeting_id=meeting_id
        )
        self._session.add(row)
        self._session.flush()

    def trail(self, about: str) -> Sequence[Step]:
        """List what has happened, the oldest first."""
        rows = self._session.exec(
            select(TrailRow).where(TrailRow.about == about).order_by(col(TrailRow.id))
        ).all()
        return [
            Step(
                about=row.about,
                at=row.at,
                by_person=row.by_person,
                state=row.state,
                text=row.text,
                meeting_id=row.meeting_id,
            )
            for row in rows
        ]

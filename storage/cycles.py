"""Rounds, and submissions with every version that was sent."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, Row, inspect
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, func, select

from bot.domain.calendar import Period
from bot.domain.cycle import Cycle, CycleState, Submission, SubmissionState
from bot.domain.question import Value
from storage.drafts import Drafts, from_json, to_json
from storage.log_tables import OccurrenceRow
from storage.tables import CycleRow, SubmissionRow, SummaryRow, VersionRow

_MONTHLY = col(CycleRow.unrest_id).is_(None)
_UNFINISHED = (
    select_columns(*inspect(CycleRow).columns)
    .where(_MONTHLY, col(CycleRow.state) != CycleState.PUBLISHED)
    .order_by(col(CycleRow.opens_at))
)
_OPENED = select_columns(col(CycleRow.period)).where(
    _MONTHLY, col(CycleRow.rehearsal).is_(False), col(CycleRow.state) != CycleState.PLANNED
)


class Cycles(Drafts):
    """Everything about rounds. Where nothing else is said, a month's rounds: those of unrest are
    listed by `of_unrest` alone."""

    def __init__(self, session: Session, connection: Connection) -> None:
        super().__init__(session, connection)
        self._read: dict[int, Cycle] = {}
        self._keyed: dict[str, Cycle | None] = {}
        """Rounds as read in this transaction; forgotten when one is planned or saved."""

    def plan(
        self,
        period: Period,
        *,
        opens_at: datetime,
        closes_at: datetime,
        question_set: str = "monthly",
        rehearsal: str = "",
        unrest: tuple[int, int] | None = None,
    ) -> Cycle:
        """Add a planned round; its key is unique, so that no period is opened twice.

        `rehearsal` is the key of a practice round, "" for a real one; `unrest` is the time of
        unrest that a round belongs to, and its number there.
        """
        key = f"unrest/{unrest[0]}/{unrest[1]}" if unrest else rehearsal or period.key
        row = CycleRow(
            key=key,
            period=period.key,
            question_set=question_set,
            state=CycleState.PLANNED,
            rehearsal=bool(rehearsal),
            opens_at=opens_at,
            closes_at=closes_at,
            unrest_id=unrest[0] if unrest else None,
        )
        self._session.add(row)
        self._session.flush()
        self._forget()
        return _cycle(row)

    def of_unrest(self, unrest_id: int) -> Sequence[Cycle]:
        """List the rounds of a time of unrest, in order."""
        rows = self._session.exec(
            select(CycleRow).where(CycleRow.unrest_id == unrest_id).order_by(col(CycleRow.id))
        ).all()
        return [_cycle(row) for row in rows]

    def get(self, cycle_id: int) -> Cycle:
        """Get a round by id."""
        if cycle_id not in self._read:
            self._read[cycle_id] = _cycle(self._session.get_one(CycleRow, cycle_id))
        return self._read[cycle_id]

    def by_key(self, key: str) -> Cycle | None:
        """Find a round by its key (the period's key, or the rehearsal's)."""
        if key not in self._keyed:
            row = self._session.exec(select(CycleRow).where(CycleRow.key == key)).first()
            self._keyed[key] = _cycle(row) if row else None
        return self._keyed[key]

    def save(self, cycle: Cycle) -> None:
        """Store a round's state and times."""
        row = self._session.get_one(CycleRow, cycle.id)
        row.state, row.delayed = cycle.state, cycle.delayed
        row.opens_at, row.closes_at = cycle.opens_at, cycle.closes_at
        self._session.add(row)
        self._session.flush()
        self._forget()

    def all(self) -> Sequence[Cycle]:
        """List every round, the newest last."""
        rows = self._session.exec(select(CycleRow).where(_MONTHLY).order_by(col(CycleRow.id))).all()
        return [_cycle(row) for row in rows]

    def unfinished(self) -> Sequence[Cycle]:
        """List the rounds that are not published, the oldest first."""
        return [_cycle(row) for row in self._connection.execute(_UNFINISHED)]

    def opened(self) -> frozenset[str]:
        """Name the periods whose real rounds have opened, whatever their state now."""
        return frozenset(self._connection.execute(_OPENED).scalars())

    def latest(self, *, rehearsal: bool) -> Cycle | None:
        """Give the newest round that has opened, published or not."""
        row = self._session.exec(
            select(CycleRow)
            .where(
                _MONTHLY,
                CycleRow.state != CycleState.PLANNED,
                col(CycleRow.rehearsal).is_(rehearsal),
            )
            .order_by(col(CycleRow.opens_at).desc(), col(CycleRow.id).desc())
        ).first()
        return _cycle(row) if row else None

    def used(self, cycle_id: int) -> str:
        """Give the sentence that tells how a round's answers were used, or ""."""
        return self._session.get_one(CycleRow, cycle_id).used

    def set_used(self, cycle_id: int, sentence: str) -> None:
        """Keep that sentence."""
        row = self._session.get_one(CycleRow, cycle_id)
        row.used = sentence
        self._session.add(row)

    def _forget(self) -> None:
        self._read.clear()
        self._keyed.clear()

    # Submissions

    def expect(self, cycle_id: int, unit_ids: Iterable[int]) -> None:
        """Add an awaited submission for each unit that has none in the round yet."""
        there = {s.unit_id for s in self.submissions(cycle_id)}
        for unit_id in unit_ids:
            if unit_id not in there:
                self._session.add(
                    SubmissionRow(cycle_id=cycle_id, unit_id=unit_id, state=SubmissionState.AWAITED)
                )
        self._session.flush()

    def submissions(self, cycle_id: int) -> Sequence[Submission]:
        """List every unit's part in a round."""
        rows = self._session.exec(
            select(SubmissionRow)
            .where(SubmissionRow.cycle_id == cycle_id)
            .order_by(col(SubmissionRow.unit_id))
        ).all()
        return [_submission(row) for row in rows]

    def history(self, period_keys: Sequence[str]) -> Mapping[str, Mapping[int, Submission]]:
        """Read the real rounds of some periods, in pages, by period key and unit."""
        rounds = select(CycleRow.id, CycleRow.period).where(
            _MONTHLY, col(CycleRow.period).in_(period_keys), col(CycleRow.rehearsal).is_(False)
        )
        periods = dict(iter(self._session.exec(rounds)))
        found: dict[str, dict[int, Submission]] = {period: {} for period in periods.values()}
        # Plain columns: to make an object of each of 24 000 rows takes longer than to read them.
        query = select_columns(*inspect(SubmissionRow).columns).where(
            col(SubmissionRow.cycle_id).in_(list(periods))
        )
        for row in self._session.execute(query.execution_options(yield_per=500)):
            found[periods[row.cycle_id]][row.unit_id] = _submission(row)
        return found

    def submission(self, cycle_id: int, unit_id: int) -> Submission:
        """Get one unit's part in a round, adding it where the unit is new."""
        row = self._submission_row(cycle_id, unit_id)
        if row is None:
            self.expect(cycle_id, [unit_id])
            row = self._submission_row(cycle_id, unit_id)
            assert row is not None
        return _submission(row)

    def save_submission(self, submission: Submission, now: datetime) -> Submission:
        """Store what stands now; a new version is kept for ever, the first gets its number.

        A rehearsal takes no number: the register has no gaps.
        """
        row = self._session.get_one(SubmissionRow, submission.id)
        risen = submission.version > row.version
        row.state, row.version = submission.state, submission.version
        row.answers = to_json(submission.answers)
        row.by_person, row.received_at = submission.by_person, submission.received_at
        row.on_behalf, row.late, row.internal = (
            submission.on_behalf,
            submission.late,
            submission.internal,
        )
        real = not self._session.get_one(CycleRow, submission.cycle_id).rehearsal
        if risen and real and row.registry_number is None:
            row.registry_number = (
                self._session.exec(select(func.max(SubmissionRow.registry_number))).one() or 0
            ) + 1
        self._session.add(row)
        if risen:
            self._session.add(
                VersionRow(
                    submission_id=submission.id,
                    version=submission.version,
                    state=submission.state,
                    answers=row.answers,
                    by_person=submission.by_person,
                    at=now,
                )
            )
        self._session.flush()
        return _submission(row)

    def versions(self, submission_id: int) -> Sequence[tuple[int, str, Mapping[str, Value]]]:
        """List number, state and answers of every version of a submission."""
        rows = self._session.exec(
            select(VersionRow)
            .where(VersionRow.submission_id == submission_id)
            .order_by(col(VersionRow.version))
        ).all()
        return [(row.version, row.state, from_json(row.answers)) for row in rows]

    def _submission_row(self, cycle_id: int, unit_id: int) -> SubmissionRow | None:
        return self._session.exec(
            select(SubmissionRow).where(
                SubmissionRow.cycle_id == cycle_id, SubmissionRow.unit_id == unit_id
            )
        ).first()

    # Summary and clock

    def summary(self, cycle_id: int) -> str:
        """Give the coordinator's own summary words, or ""."""
        row = self._session.get(SummaryRow, cycle_id)
        return row.text if row else ""

    def set_summary(self, cycle_id: int, text: str) -> None:
        """Keep the coordinator's own summary words."""
        row = self._session.get(SummaryRow, cycle_id) or SummaryRow(cycle_id=cycle_id, text="")
        row.text = text
        self._session.add(row)

    def happened(self, key: str) -> bool:
        """Tell whether the clock has already caused this."""
        return self._session.get(OccurrenceRow, key) is not None

    def happened_of(self, keys: Sequence[str]) -> frozenset[str]:
        """Name those of some keys that the clock has already caused, in one query."""
        there = select_columns(col(OccurrenceRow.key)).where(col(OccurrenceRow.key).in_(keys))
        return frozenset(self._connection.execute(there).scalars())

    def note(self, key: str, at: datetime) -> None:
        """Note that the clock has caused this; twice is an integrity error by design."""
        self._session.add(OccurrenceRow(key=key, at=at))
        self._session.flush()


def _cycle(row: CycleRow | Row[tuple[object, ...]]) -> Cycle:
    assert row.id is not None
    return Cycle(
        id=row.id,
        period=Period.parse(row.period),
        question_set=row.question_set,
        state=CycleState(row.state),
        opens_at=row.opens_at,
        closes_at=row.closes_at,
        rehearsal=row.rehearsal,
        delayed=row.delayed,
        unrest_id=row.unrest_id,
    )


def _submission(row: SubmissionRow | Row[tuple[object, ...]]) -> Submission:
    assert row.id is not None
    return Submission(
        id=row.id,
        cycle_id=row.cycle_id,
        unit_id=row.unit_id,
        state=SubmissionState(row.state),
        version=row.version,
        answers=from_json(row.answers),
        by_person=row.by_person,
        received_at=row.received_at,
        on_behalf=row.on_behalf,
        late=row.late,
        internal=row.internal,
        registry_number=row.registry_number,
    )

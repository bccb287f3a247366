"""Three months for the management group: trend, red units, what changed most, need of support.

The lägesbild is presented to the management group every quarter (routine: "Follow-up"). Only months
whose report has been approved count; one without is named as a gap, never left out in silence. What
leaves is what the BRÅ edition lets out, without any free words: an answer marked *internt* gives
its colour and nothing else (compilation.py, rule 2). Figures count reporting units, never crimes.
Words belong in templates; the meetings' decisions are read in bot/council/quarter.py.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from bot.domain.calendar import Period, month_end
from bot.domain.cycle import Submission
from bot.domain.people import Unit
from bot.domain.protection import NOTHING, Month, read_months
from bot.domain.question import QuestionSet, fold

CATEGORY, SUPPORT = "kategori", "stod"
RED = "rod"
LEVELS = (RED, "gul", "gron", NOTHING)

_RANK: Mapping[str, int] = {NOTHING: 0, "gron": 0, "gul": 1, RED: 2}
_SAID = re.compile(r"(?:(20\d\d)\D+)?(?:kvartal|quarter|kv|q|k)?[ .]*([1-4])(?:\D+(20\d\d))?")
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Quarter:
    """A quarter of a calendar year; `number` is 1 to 4."""

    year: int
    number: int

    def __post_init__(self) -> None:
        if not 1 <= self.number <= 4:
            raise ValueError(f"no year has a quarter {self.number}")

    @classmethod
    def of(cls, day: date) -> "Quarter":
        """Give the quarter that a day lies in."""
        return cls(year=day.year, number=(day.month + 2) // 3)

    @classmethod
    def last_whole(cls, today: date) -> "Quarter":
        """Give the latest quarter that is over."""
        return cls.of(cls.of(today).first - _DAY)

    @classmethod
    def read(cls, said: str, today: date) -> "Quarter | None":
        """Read "3", "2026 3", "Q3 2026" or nothing at all, which is the last whole quarter.

        Without a year it is the latest quarter of that number that is over. None where the words
        are something else.
        """
        if not said.strip():
            return cls.last_whole(today)
        found = _SAID.fullmatch(fold(said))
        if found is None or (found[1] and found[3]):
            return None
        if year := found[1] or found[3]:
            return cls(year=int(year), number=int(found[2]))
        this = cls(year=today.year, number=int(found[2]))
        return this if this.end < today else replace(this, year=today.year - 1)

    @property
    def key(self) -> str:
        """The stable name: "2026-Q3"."""
        return f"{self.year}-Q{self.number}"

    @property
    def months(self) -> Sequence[date]:
        """The first day of each of its months."""
        return [date(self.year, 3 * self.number - 2 + n, 1) for n in range(3)]

    @property
    def first(self) -> date:
        """The first day."""
        return self.months[0]

    @property
    def end(self) -> date:
        """The last day."""
        return month_end(self.months[-1])

    @property
    def previous(self) -> "Quarter":
        """The quarter before."""
        return Quarter.of(self.first - _DAY)

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.end


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """A month's real round. `submissions` are those that its newest approved report stands on, or
    what is stored where none is approved (which then counts for nothing but internal marks)."""

    period: Period
    approved: bool
    submissions: Mapping[int, Submission]


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthFigures:
    """One approved month: units by level, and how many answered of those asked."""

    period: Period
    levels: Mapping[str, int]
    answered: int
    expected: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RedUnit:
    """A unit that was red, and in which months."""

    unit: str
    periods: Sequence[Period]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """How a unit went, from the last level known before (or the quarter's first) to the last."""

    unit: str
    before: str
    before_period: Period
    after: str
    after_period: Period
    steps: int
    """How far it rose; below nought it sank."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """So many units named a choice in some month of the quarter, and of the quarter before."""

    id: str
    units: int
    before: int | None
    """None where the quarter before has no approved month."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Presentation:
    """Everything about a quarter that comes from the months' reports.

    Attributes:
        gaps: periods that have no approved report.
        ahead: a period that has begun but is told with the next quarter (June–July in one round).
        months_before: approved months in the quarter before, which comparisons rest on.
    """

    quarter: Quarter
    months: Sequence[MonthFigures]
    gaps: Sequence[Period]
    ahead: Period | None
    red: Sequence[RedUnit]
    changed: Sequence[Change]
    support: Sequence[Named]
    categories: Sequence[Named]
    months_before: int


def compile_quarter(
    *,
    quarter: Quarter,
    rounds: Iterable[Round],
    units: Sequence[Unit],
    form: QuestionSet,
    joined: Collection[tuple[int, int]] = (),
) -> Presentation:
    """Compile a quarter; the same input gives the same result in any order.

    A round about several months belongs to the quarter that it ends in.

    Args:
        rounds: the quarter's rounds and a year's before it, so that internal marks pass on from one
            to the next as they did in the reports.
        units: every unit there ever was.
        joined: months asked about in one round, as the settings have it.
    """
    ordered = sorted(rounds, key=lambda r: r.period)
    counted = [q for q in form.questions if q.id in (CATEGORY, SUPPORT)]
    read = read_months([(r.period.key, r.submissions) for r in ordered], counted, 0)
    approved = [(r.period, read[r.period.key]) for r in ordered if r.approved]
    now = [(p, m) for p, m in approved if p.last in quarter]
    last = [(p, m) for p, m in approved if p.last in quarter.previous]
    asked, ahead = _periods(quarter, [r.period for r in ordered], joined)
    names, told = {unit.id: unit.name for unit in units}, {period for period, _ in now}
    return Presentation(
        quarter=quarter,
        months=[_figures(period, month) for period, month in now],
        gaps=[period for period in asked if period not in told],
        ahead=ahead,
        red=_red(now, names),
        changed=_changed(last, now, names),
        support=_named(SUPPORT, last, now, form),
        categories=_named(CATEGORY, last, now, form),
        months_before=len(last),
    )


_Months = Sequence[tuple[Period, Month]]


def _periods(
    quarter: Quarter, known: Sequence[Period], joined: Collection[tuple[int, int]]
) -> tuple[Sequence[Period], Period | None]:
    """List what the quarter should tell of, and what covers its end but is told with the next."""
    found = [
        next((p for p in known if p.first <= month <= p.last), None) or _covering(month, joined)
        for month in quarter.months
    ]
    ahead = [period for period in found if period.last not in quarter]
    return list(dict.fromkeys(p for p in found if p.last in quarter)), next(iter(ahead), None)


def _covering(month: date, joined: Collection[tuple[int, int]]) -> Period:
    """Give the period that the settings let a month be asked about in."""
    after = month_end(month) + _DAY
    while (period := Period.before(after, joined)).last < month:
        after = month_end(after) + _DAY
    return period


def _figures(period: Period, month: Month) -> MonthFigures:
    levels = Counter(filter(None, map(month.level, month.submissions)))
    return MonthFigures(
        period=period,
        levels={level: levels[level] for level in dict.fromkeys([*LEVELS, *sorted(levels)])},
        answered=sum(s.state.is_answer for s in month.submissions.values()),
        expected=len(month.submissions),
    )


def _red(months: _Months, names: Mapping[int, str]) -> Sequence[RedUnit]:
    found: dict[int, list[Period]] = {}
    for period, month in months:
        for unit_id in month.submissions:
            if month.level(unit_id) == RED:
                found.setdefault(unit_id, []).append(period)
    red = [RedUnit(unit=names[unit_id], periods=when) for unit_id, when in found.items()]
    return sorted(red, key=lambda r: (-len(r.periods), r.unit))


def _changed(last: _Months, now: _Months, names: Mapping[int, str]) -> Sequence[Change]:
    changes = []
    for unit_id in {unit_id for _, month in now for unit_id in month.submissions}:
        path = _said(last, unit_id)[-1:] + _said(now, unit_id)
        steps = _RANK[path[-1][1]] - _RANK[path[0][1]] if len(path) > 1 else 0
        if steps:
            (before_period, before), (after_period, after) = path[0], path[-1]
            changes.append(
                Change(
                    unit=names[unit_id],
                    before=before,
                    before_period=before_period,
                    after=after,
                    after_period=after_period,
                    steps=steps,
                )
            )
    return sorted(changes, key=lambda c: (-abs(c.steps), -c.steps, c.unit))


def _said(months: _Months, unit_id: int) -> list[tuple[Period, str]]:
    """List the levels that a unit has named, with their months."""
    return [(p, level) for p, m in months if (level := m.level(unit_id)) in _RANK and level]


def _named(asked: str, last: _Months, now: _Months, form: QuestionSet) -> Sequence[Named]:
    """Count the units behind each choice, each unit once a quarter, the most named first."""
    if asked not in form.by_id:
        return []
    current, earlier = _behind(asked, now), _behind(asked, last)
    order = [choice.id for choice in form.choices_of(form.by_id[asked])]
    named = [
        Named(
            id=choice_id,
            units=len(current.get(choice_id, ())),
            before=len(earlier.get(choice_id, ())) if last else None,
        )
        for choice_id in current.keys() | earlier.keys()
    ]
    return sorted(named, key=lambda n: (-n.units, [*order, n.id].index(n.id), n.id))


def _behind(asked: str, months: _Months) -> Mapping[str, set[int]]:
    found: dict[str, set[int]] = {}
    for _, month in months:
        for choice_id, unit_ids in month.rows[asked].items():
            found.setdefault(choice_id, set()).update(unit_ids)
    return found

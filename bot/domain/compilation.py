"""Compile one edition of the report: from units and submissions to what a room may read.

The rules of what stays inside live here, each with its source. What a report consists of
belongs in report.py; words, order of sections and layout belong in templates.

What leaves (routine: "The report, and its two audiences"):

1. Only answers that stand count; a draft is not sent, so it shows as awaited (TF 2 kap.).
2. What is marked *internt* enters neither edition. A whole answer so marked keeps colour and trend,
   which may be published, and loses all else; "oförändrat" passes the mark on to the next month.
   A single text that begins a line with "internt:" is left out alone.
3. Places at village level: a place in free words counts as "annan", its words stay inside.
4. The SAMSA edition has no free text and no unit's wishes: one unit always stands behind them.

Rules 5 to 7, small-number protection, stand in protection.py.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bot.domain.calendar import Period
from bot.domain.cycle import Submission, SubmissionState
from bot.domain.people import Unit
from bot.domain.protection import (
    LEVEL,
    NOTHING,
    SKIPPED,
    TREND,
    Month,
    first_choice,
    has_figures,
    read_months,
    standing_state,
    tally,
)
from bot.domain.question import QuestionKind, QuestionSet, fold
from bot.domain.report import Audience, FollowUpLine, Remark, Report, Support, UnitLine

MINIMUM_UNITS = 3
"""The k of small-number protection where the settings name no other (routine)."""

CATEGORY, EVENT, SUPPORT = "kategori", "handelse", "stod"
SAME, NO_SUPPORT = "samma", "nej"

_NOTHING_SAID = frozenset({"", "nej", "no"})
_RANK: Mapping[str, int] = {NOTHING: 0, "gron": 0, "gul": 1, "rod": 2}
_SWEDISH = str.maketrans("åäö", "{|}")
"""Å, ä and ö come after z, in this order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One figure that a drafted summary line may be made from; the words live in templates."""

    code: str
    params: Mapping[str, object]


def compile_report(
    *,
    period: Period,
    audience: Audience,
    number: int,
    rehearsal: bool,
    municipality: str,
    units: Sequence[Unit],
    submissions: Mapping[int, Submission],
    history: Mapping[str, Mapping[int, Submission]],
    period_keys: Sequence[str],
    question_set: QuestionSet,
    summary: Sequence[str],
    last_year_key: str | None = None,
    minimum: int = MINIMUM_UNITS,
    corrected: bool = False,
    follow_up: Sequence[FollowUpLine] = (),
) -> Report:
    """Compile one edition for one audience; the same input gives the same report in any order.

    All active units are expected to answer. A unit without a submission is awaited.

    Args:
        submissions: this period's, by unit id.
        history: earlier periods' submissions by period key and unit id, of all units of that time,
            so that a comparison gives the figure that was published then.
        period_keys: the columns of the picture, oldest first; the last is this period and the one
            before it is what "last month" means.
        last_year_key: the period that "the same month last year" means.
        minimum: k, the least number of units behind a figure in the SAMSA edition.
        follow_up: the open cases and assignments that this audience may read of.

    Raises:
        ValueError: `period_keys` does not end with this period.
    """
    if not period_keys or period_keys[-1] != period.key:
        raise ValueError(f"the columns {period_keys!r} do not end with {period.key}")
    active = sorted((unit for unit in units if unit.active), key=_order)
    current = {unit.id: submissions[unit.id] for unit in active if unit.id in submissions}
    protected = audience is Audience.SAMSA
    k = max(minimum, 1) if protected else 0
    counted = [question for question in question_set.questions if has_figures(question)]
    earlier = {key for key in (last_year_key, *period_keys[:-1]) if key in history}
    rounds = [(key, history[key]) for key in sorted(key for key in earlier if key is not None)]
    months = read_months([*rounds, (period.key, current)], counted, k)
    now, year = months[period.key], months.get(last_year_key or "")
    last = months.get(period_keys[-2]) if len(period_keys) > 1 else None
    columns = [months.get(key) for key in period_keys]
    lines = [_line(unit, now, last, columns, k) for unit in active]
    return Report(
        period=period,
        audience=audience,
        number=number,
        rehearsal=rehearsal,
        municipality=municipality,
        summary=tuple(summary),
        lines=tuple(lines),
        period_keys=tuple(period_keys),
        levels=_levels(now, question_set),
        previous_levels=_levels(last, question_set) if last is not None else {},
        rose=tuple(line.unit for line in lines if _step(line) > 0),
        sank=tuple(line.unit for line in lines if _step(line) < 0),
        missing=_names(lines, SubmissionState.AWAITED),
        absent=_names(lines, SubmissionState.ABSENT),
        unreachable=_names(lines, SubmissionState.UNREACHABLE),
        answered=sum(line.state.is_answer for line in lines),
        expected=len(lines),
        tallies=tuple(
            tally(question, question_set, now=now, last=last, year=year, k=k)
            for question in counted
        ),
        remarks=() if protected else tuple(_remarks(active, now, question_set)),
        support=() if protected else tuple(_support(active, now)),
        corrected=corrected,
        follow_up=tuple(follow_up),
    )


def draft_summary(report: Report) -> Sequence[Point]:
    """Draw the at most five points the coordinator's summary is drafted from (routine: section 1).

    They are taken from the edition itself and so are as protected as it is.
    """
    tallies = {part.question: part.counts for part in report.tallies}
    top = sorted(tallies.get(CATEGORY, ()), key=lambda count: (-count.units, count.id))
    categories = [count for count in top if count.units][:3]
    wishes = [c for c in tallies.get(SUPPORT, ()) if c.units and c.id != NO_SUPPORT]
    at = {level: [ln.unit for ln in report.lines if ln.level == level] for level in ("rod", "gul")}
    points = [
        Point(
            code="levels",
            params={
                "levels": report.levels,
                "red": at["rod"],
                "yellow": at["gul"],
                "answered": report.answered,
                "expected": report.expected,
            },
        )
    ]
    if report.rose or report.sank:
        points.append(Point(code="changed", params={"rose": report.rose, "sank": report.sank}))
    if categories:
        points.append(Point(code="top_categories", params={"categories": categories}))
    if report.missing or report.absent or report.unreachable:
        params = {
            "missing": report.missing,
            "absent": report.absent,
            "unreachable": report.unreachable,
        }
        points.append(Point(code="missing", params=params))
    if wishes:
        points.append(Point(code="support", params={"wishes": wishes}))
    return points


def affected(a: Report, b: Report) -> Sequence[str]:
    """Name the units whose line, words or wishes differ between two compilations, in order.

    What shows in a joint figure only has no name; `Report.fingerprint` tells that it differs.
    """
    old, new = _by_unit(a), _by_unit(b)
    return [unit for unit in dict.fromkeys([*new, *old]) if old.get(unit) != new.get(unit)]


def _by_unit(report: Report) -> dict[str, list[UnitLine | Remark | Support]]:
    found: dict[str, list[UnitLine | Remark | Support]] = {}
    parts: list[UnitLine | Remark | Support] = [*report.lines, *report.remarks, *report.support]
    for part in parts:
        found.setdefault(part.unit, []).append(part)
    return found


def _order(unit: Unit) -> tuple[str, str, int]:
    board, name = (word.casefold().translate(_SWEDISH) for word in (unit.board, unit.name))
    return board, name, unit.id


def _line(
    unit: Unit, now: Month, last: Month | None, columns: Sequence[Month | None], k: int
) -> UnitLine:
    submission = now.submissions.get(unit.id)
    state = standing_state(submission)
    given = submission if submission is not None and state.is_answer else None
    trend = first_choice(given.answers.get(TREND)) if given is not None else None
    return UnitLine(
        unit=unit.name,
        board=unit.board,
        place=unit.place,
        state=state,
        level=now.level(unit.id),
        # The answers carried over hold the trend of the month they were given in.
        trend=SAME if state is SubmissionState.NO_CHANGE else trend,
        previous_level=last.level(unit.id) if last is not None else None,
        late=given is not None and given.late,
        on_behalf=given is not None and given.on_behalf,
        text="" if k else _words(now, unit, EVENT),
        history=tuple(column.mark(unit.id) if column else None for column in columns),
    )


def _words(month: Month, unit: Unit, question_id: str) -> str:
    """Give a unit's free words that may leave; a bare "no" says nothing."""
    text = month.open.get(unit.id, {}).get(question_id, SKIPPED).text.strip()
    return "" if fold(text) in _NOTHING_SAID else text


def _remarks(units: Sequence[Unit], month: Month, question_set: QuestionSet) -> Iterable[Remark]:
    """List the free words; those about a place stay inside, those about support stand with it."""
    for unit in units:
        for question in question_set.questions:
            text = _words(month, unit, question.id)
            if text and question.kind is not QuestionKind.PLACE and question.id != SUPPORT:
                yield Remark(unit=unit.name, question=question.id, text=text)


def _support(units: Sequence[Unit], month: Month) -> Iterable[Support]:
    for unit in units:
        chosen = month.open.get(unit.id, {}).get(SUPPORT, SKIPPED).chosen
        wishes = tuple(wish for wish in chosen if wish != NO_SUPPORT)
        text = _words(month, unit, SUPPORT)
        if wishes or text:
            yield Support(unit=unit.name, wishes=wishes, text=text)


def _levels(month: Month, question_set: QuestionSet) -> dict[str, int]:
    """Count the levels named, in the set's order; "nothing to report" is one of them."""
    question = question_set.by_id.get(LEVEL)
    ids = [choice.id for choice in question.choices] if question is not None else []
    named = Counter(filter(None, (month.level(unit_id) for unit_id in month.submissions)))
    return {level: named[level] for level in dict.fromkeys([*ids, NOTHING, *sorted(named)])}


def _step(line: UnitLine) -> int:
    """Give how far a unit's level rose since last month; below nought it sank.

    "Nothing to report" ranks with green, for from there to yellow or red is a change as well.
    """
    now, before = _RANK.get(line.level or ""), _RANK.get(line.previous_level or "")
    return 0 if now is None or before is None else now - before


def _names(lines: Sequence[UnitLine], state: SubmissionState) -> tuple[str, ...]:
    return tuple(line.unit for line in lines if line.state is state)

"""Long clocks: what ends by law, agreement or promise, and when to say so in time.

The agreement with the police is written every second year (routine), lägesbild and åtgärdsplan are
followed up at least every second year (lag 2023:196, 6 §), the report to KF is continuous (13 §).
Each goes SAMSA → BRÅ → KS.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from enum import StrEnum

from bot.domain.calendar import WorkCalendar, month_end
from bot.domain.dates import DateFault, DateProblem, split_moment
from bot.domain.people import Forum
from bot.domain.schedule import Occurrence


class TermKind(StrEnum):
    """What ends."""

    AGREEMENT = "agreement"
    """Samverkansöverenskommelse with the police."""
    PICTURE = "picture"
    """The statutory lägesbild (4 §)."""
    PLAN = "plan"
    """The statutory åtgärdsplan (5 §)."""
    PROMISE = "promise"
    """Medborgarlöfte."""
    YEARLY = "yearly"
    """The yearly report to KS and KF."""


WARNED: Mapping[TermKind, Sequence[int]] = {
    TermKind.AGREEMENT: (9, 6, 3),
    TermKind.PICTURE: (12, 6, 3),
    TermKind.PLAN: (12, 6, 3),
    TermKind.PROMISE: (3, 1),
    TermKind.YEARLY: (4, 2, 1),
}
"""Months before the end at which the coordinator is told (domain: "Long clocks")."""


class Stage(StrEnum):
    """Whose turn it is. A term begins to WAIT and enters the agendas at its first warning."""

    WAITING = "waiting"
    SAMSA = "samsa"
    BRA = "bra"
    BOARD = "board"
    """KS decides; outside the chat."""
    DONE = "done"


STAGES = (Stage.WAITING, Stage.SAMSA, Stage.BRA, Stage.BOARD, Stage.DONE)
TURN: Mapping[Forum, Stage] = {Forum.SAMSA: Stage.SAMSA, Forum.BRA: Stage.BRA}
"""The stage in which a term stands on a forum's agenda."""

WARNED_AT = time(9)
LAST_YEAR = 6
"""Years ahead that an end may lie: an agreement for two years may be signed early, a plan for four;
other dates that far ahead are slips of the finger (dates.py)."""
_BETWEEN = " \t\r\n,;:-\u2013\u2014"


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """Something with an end date. Renewing gives it a new end and begins again."""

    id: int = 0
    kind: TermKind
    title: str
    ends: date
    stage: Stage = Stage.WAITING
    ended: bool = False
    """It is not watched any more."""

    @property
    def short_id(self) -> str:
        """The id people type: `b3` (bevakning)."""
        return f"b{self.id}"

    def advanced(self) -> "Term":
        """Give it to the next in the order SAMSA → BRÅ → KS."""
        return replace(self, stage=STAGES[min(STAGES.index(self.stage) + 1, len(STAGES) - 1)])

    def renewed(self, ends: date) -> "Term":
        """Give it a new end; the warnings and the way through the forums begin again."""
        return replace(self, ends=ends, stage=Stage.WAITING, ended=False)


def months_before(day: date, months: int) -> date:
    """Give the same day some months earlier, or the last day of a shorter month."""
    count = day.year * 12 + day.month - 1 - months
    first = date(count // 12, count % 12 + 1, 1)
    return min(first.replace(day=min(day.day, month_end(first).day)), month_end(first))


def months_left(today: date, ends: date) -> int:
    """Count the whole months from a day to the end; below nought once it has ended."""
    if today > ends:
        return -1
    count = 0
    while months_before(ends, count + 1) >= today:
        count += 1
    return count


@dataclass(frozen=True, slots=True, kw_only=True)
class Warned:
    """When the coordinator is told, `months` before the end; 0 is the end itself."""

    months: int
    at: datetime


def warnings(term: Term, calendar: WorkCalendar) -> Sequence[Warned]:
    """List a term's warnings in order, and what is said when it ends; counted back to a working
    day, at 09.00."""
    return [
        Warned(
            months=months,
            at=calendar.at(
                calendar.previous_working_day(months_before(term.ends, months)), WARNED_AT
            ),
        )
        for months in (*WARNED[term.kind], 0)
    ]


def term_steps(term: Term, calendar: WorkCalendar) -> Sequence[Occurrence]:
    """List what the clock does about a term.

    A warning is of no use once the next one is due, so that after downtime, or where the term is
    written in late, only the latest is said. That it has ended is said however late.
    """
    told = warnings(term, calendar)
    befores = [*(following.at for following in told[1:]), None]
    return [
        Occurrence(
            key=f"warn_term/{term.short_id}/{term.ends.isoformat()}/{warned.months}",
            verb="warn_term",
            at=warned.at,
            subject_id=term.id,
            before=before,
        )
        for warned, before in zip(told, befores, strict=True)
    ]


def split_end(text: str, *, now: datetime) -> tuple[date, str]:
    """Read an end date at the start of a text, and give the rest.

    Args:
        text: e.g. "2028-03-31 Överenskommelse med polisen", "31 mars 2030".
        now: the present in the municipality's own zone.

    Raises:
        DateProblem: there is no date, one that has been, or one more than six years ahead.
    """
    try:
        moment, rest = split_moment(text.strip(), now=now)
    except DateProblem as problem:
        day, phrase = problem.params.get("day"), str(problem.params["text"])
        too_far = problem.code == DateFault.TOO_FAR
        if not too_far or not isinstance(day, date) or day.year > now.year + LAST_YEAR:
            raise
        return day, text.strip()[len(phrase) :].strip(_BETWEEN)
    return moment.day, rest

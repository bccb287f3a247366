"""The joint report: figures, comparisons and gaps from submissions, one edition per audience.

Plain values. Figures count *reporting units*, never crimes (routine: "Never turn reports into crime
counts"). How they come about stands in compilation.py; words and layout belong in templates.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from enum import StrEnum

from bot.domain.calendar import Period
from bot.domain.cycle import SubmissionState


class Audience(StrEnum):
    """Who reads an edition. Both rooms have outsiders, so both leave the municipality."""

    BRA = "bra"
    SAMSA = "samsa"


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitLine:
    """Section 2: one unit. `level` and `trend` are choice ids, None where the unit said none.

    `text` is free text and stands in the BRÅ edition only. `history` holds the levels (or states)
    of the last twelve periods, oldest first, this one last; None where nothing is known.
    """

    unit: str
    board: str
    place: str
    state: SubmissionState
    level: str | None
    trend: str | None
    previous_level: str | None
    late: bool
    on_behalf: bool
    text: str
    history: Sequence[str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """So many units named a choice; before, a month and a year ago, where known."""

    id: str
    units: int
    last_month: int | None = None
    last_year: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Section 3–6: the counts of one question, and how many rows small-number protection took."""

    question: str
    counts: Sequence[Count]
    withheld: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """Free words of a unit to one question, with the place it reports for."""

    unit: str
    question: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Support:
    """Section 6: a unit's need of support, which becomes a proposal for SAMSA or BRÅ."""

    unit: str
    wishes: Sequence[str]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUpLine:
    """Section 8: an open case or assignment. `state` and `level` are the words of follow_up.py."""

    kind: str
    """"case" or "assignment"."""
    short_id: str
    title: str
    owner: str
    due: date | None
    state: str
    level: str | None = None
    """How it goes; a case has none."""
    overdue: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One edition's whole content: what the documents and the ten lines are made from.

    `period_keys` are the twelve column keys of the picture, oldest first.
    """

    period: Period
    audience: Audience
    number: int
    rehearsal: bool
    municipality: str
    summary: Sequence[str]
    lines: Sequence[UnitLine]
    period_keys: Sequence[str]
    levels: Mapping[str, int]
    previous_levels: Mapping[str, int]
    rose: Sequence[str]
    sank: Sequence[str]
    missing: Sequence[str]
    absent: Sequence[str]
    unreachable: Sequence[str]
    answered: int
    expected: int
    tallies: Sequence[Tally]
    remarks: Sequence[Remark]
    support: Sequence[Support]
    corrected: bool = False
    follow_up: Sequence[FollowUpLine] = ()

    def fingerprint(self) -> str:
        """Hash the content (SHA-256, hex), so that two compilations can be told apart."""
        data = asdict(self) | {"period": self.period.key}
        text = json.dumps(data, sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()

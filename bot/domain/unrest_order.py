"""How an order to begin a time of unrest is read: level, end, area and reason, in any order.

The fields are divided by semicolons: "förhöjd till 12 december; Björbo; bråk vid skolan". Dates are
read in dates.py; when the questions go out is decided in unrest.py.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from bot.domain.date_words import DateFault, DateProblem
from bot.domain.dates import parse_moment
from bot.domain.errors import Invalid
from bot.domain.people import Unit
from bot.domain.question import fold
from bot.domain.unrest import Mode, check_end

LONGEST_REASON = 300

MODES = {
    **dict.fromkeys(("forhojd", "forhojt", "forhojda", "elevated", "raised"), Mode.ELEVATED),
    **dict.fromkeys(("hog", "hogt", "hoga", "high"), Mode.HIGH),
}
"""Folded words for a level, Swedish and English."""

_EVERYWHERE = frozenset(
    {"hela kommunen", "kommunen", "alla", "alla enheter"}
    | {"whole municipality", "the whole municipality", "all", "all units"}
)
_UNTIL = re.compile(r"^(?:till och med|till|t\.?\s?o\.?\s?m\.?|until|through|to)\s+", re.IGNORECASE)
_LEVEL = re.compile(r"^(?:läget?|level)\b", re.IGNORECASE)
_IN = re.compile(r"^(?:i|in)\s+", re.IGNORECASE)
_AND = re.compile(r"\s*,\s*|\s+(?:och|samt|and)\s+", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What somebody wants to begin. `area` is "" where units are named instead."""

    mode: Mode
    last_day: date
    area: str
    units: Sequence[Unit]
    reason: str

    @property
    def words(self) -> str:
        """The same order with its day written absolutely, as it can be read again."""
        where = self.area or ", ".join(unit.short_id for unit in self.units)
        return f"{self.mode} till {self.last_day.isoformat()}; {where}; {self.reason}"


def read_order(text: str, *, units: Sequence[Unit], municipality: str, now: datetime) -> Order:
    """Read an order.

    Args:
        text: the four fields; the level and the end may share one.
        units: the active units.
        municipality: its name, which also means every unit.
        now: the present in the municipality's own zone.

    Raises:
        Invalid: `unrest_form` with what is missing ("mode", "end", "area", "reason"), `unrest_area`
            with what was said, `unrest_too_long`, `too_long`.
        DateProblem: the end is no day, or one that has been.
    """
    fields = [" ".join(field.split()) for field in text.split(";") if field.strip()]
    mode, last_day = None, None
    rest = []
    for field in fields:
        first, _, after = field.partition(" ")
        if fold(first) in MODES:
            if mode not in (None, MODES[fold(first)]):
                raise Invalid("unrest_form", {"missing": "mode"})
            mode, field = MODES[fold(first)], _LEVEL.sub("", after).strip()
        ends = _end(field, now) if field else None
        if ends is not None and last_day not in (None, ends):
            raise Invalid("unrest_form", {"missing": "end"})
        last_day = ends or last_day
        if field and ends is None:
            rest.append(field)
    if mode is None:
        raise Invalid("unrest_form", {"missing": "mode"})
    if last_day is None:
        raise Invalid("unrest_form", {"missing": "end"})
    check_end(last_day, now.date())
    area, concerned, reason = _where(rest, units, municipality)
    if len(reason) > LONGEST_REASON:
        raise Invalid("too_long", {"longest": LONGEST_REASON})
    return Order(mode=mode, last_day=last_day, area=area, units=concerned, reason=reason)


def read_end(text: str, *, now: datetime) -> date:
    """Read the day that something lasts to, with or without "till" before it.

    Raises:
        DateProblem: the words give no one day, or one that has been.
    """
    return parse_moment(_UNTIL.sub("", text.strip()), now=now).day


def _end(field: str, now: datetime) -> date | None:
    """Read a field as the end; None where it is something else."""
    said = _UNTIL.sub("", field)
    try:
        return parse_moment(said, now=now).day
    except DateProblem as problem:
        if said == field and problem.code == DateFault.NOT_UNDERSTOOD:
            return None
        raise


def _where(
    fields: Sequence[str], units: Sequence[Unit], municipality: str
) -> tuple[str, Sequence[Unit], str]:
    """Tell the area from the reason: the first field that names places or units is the area."""
    for number, field in enumerate(fields):
        area, found = _area(field, units, municipality)
        if found:
            reason = "; ".join([*fields[:number], *fields[number + 1 :]])
            if not reason:
                raise Invalid("unrest_form", {"missing": "reason"})
            return area, found, reason
    if len(fields) < 2:
        raise Invalid("unrest_form", {"missing": "area"})
    places = sorted({unit.place for unit in units if unit.place})
    raise Invalid("unrest_area", {"said": fields[0], "places": places})


def _area(field: str, units: Sequence[Unit], municipality: str) -> tuple[str, Sequence[Unit]]:
    """Give an area's name and its units; "" and the units where they are named themselves."""
    wanted = fold(_IN.sub("", field))
    if wanted in _EVERYWHERE or wanted == fold(municipality):
        return municipality, units
    there = [unit for unit in units if fold(unit.place) == wanted]
    if there:
        return there[0].place, there
    found = [_unit(name, units) for name in (field, *_AND.split(field))]
    if found[0] is not None:
        return "", [found[0]]
    named = [unit for unit in found[1:] if unit is not None]
    return "", list(dict.fromkeys(named)) if len(named) == len(found) - 1 else []


def _unit(name: str, units: Sequence[Unit]) -> Unit | None:
    wanted = fold(name)
    exact = [unit for unit in units if wanted in (unit.short_id, fold(unit.name))]
    near = [unit for unit in units if len(wanted) > 3 and fold(unit.name).startswith(wanted)]
    return exact[0] if exact else near[0] if len(near) == 1 else None

"""Where everything stands on the year wheel, as plain data for wheel.typ.

The year runs clockwise from the top, one ring for each kind of day. A mark stands at its own day;
its label stands close by, wherever no other mark or label is. Lengths are in points on a canvas of
SIDE by SIDE with its origin in the middle, y downwards. Shapes and colours are wheel.typ's.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from bot.documents.words import View, drawable
from bot.handouts import Manuscript, Wheel, WheelMark

SIDE = 1200.0
RIM = (508.0, 586.0)
"""Inner and outer radius of the ring with the months' names."""
HUB = 158.0
"""Radius of the disc in the middle, where the title stands."""
SIGN = 33.0
"""Width and height of a mark's sign."""
LETTERS = 32.0
"""Size of the labels' type: about ten pixels on a phone held upright, before anybody zooms."""

_LINE = 29.0
"""A label's height: its figures and capitals, and a little air."""
_APART = 48.0
"""Least distance between the middles of two signs on one ring: a sign's diagonal."""
_AIR = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A rectangle by its middle."""

    x: float
    y: float
    width: float
    height: float

    def overlap(self, other: "Box") -> float:
        """Give the area that both cover."""
        across = (self.width + other.width) / 2 - abs(self.x - other.x)
        down = (self.height + other.height) / 2 - abs(self.y - other.y)
        return max(0.0, across) * max(0.0, down)

    def within(self, inner: float, outer: float) -> bool:
        """Tell whether it keeps between two circles round the origin."""
        half_width, half_height = self.width / 2, self.height / 2
        near = math.hypot(max(0.0, abs(self.x) - half_width), max(0.0, abs(self.y) - half_height))
        return (
            near >= inner
            and math.hypot(abs(self.x) + half_width, abs(self.y) + half_height) <= outer
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A mark on the wheel: its sign, its label, and whether the label stands too far off alone."""

    mark: WheelMark
    sign: Box
    label: Box
    leader: bool


def wheel_view(wheel: Wheel, municipality: str) -> View:
    """Build what wheel.typ draws."""
    kinds = _kinds(wheel)
    starts = [_turn(date(wheel.year, month, 1), at_noon=False) for month in range(1, 13)]
    return drawable(
        {
            "title": wheel.title,
            "year": str(wheel.year),
            "municipality": municipality,
            "alt": wheel.alt,
            "side": SIDE,
            "rim": list(RIM),
            "hub": HUB,
            "sign": SIGN,
            "letters": LETTERS,
            "rings": [_radius(n, len(kinds)) for n in range(len(kinds))],
            "legend": [{"kind": kind, "word": wheel.kinds.get(kind, kind)} for kind in kinds],
            "months": [
                {"name": name, "from": start, "to": end}
                for name, start, end in zip(wheel.months, starts, [*starts[1:], 360.0], strict=True)
            ],
            "marks": [_mark_view(placed) for placed in place(wheel)],
        }
    )


def poster_view(paper: Manuscript, wheel: Wheel) -> View:
    """Build what wheel.typ shows when it stands alone, as a picture."""
    own = {"lang": paper.language, "title": wheel.title, "draft": paper.draft}
    return drawable({"picture": {**own, "wheel": wheel_view(wheel, paper.municipality)}})


def place(wheel: Wheel) -> list[Placed]:
    """Find a place for each mark of the year and for its label, ring by ring, in day order."""
    kinds = _kinds(wheel)
    signs: list[tuple[WheelMark, Box, float]] = []
    for n, kind in enumerate(kinds):
        radius = _radius(n, len(kinds))
        marks = sorted(
            (mark for mark in wheel.marks if mark.kind == kind and mark.day.year == wheel.year),
            key=lambda mark: (mark.day, mark.label),
        )
        turns = _spread([_turn(mark.day, at_noon=True) for mark in marks], radius)
        for mark, turn in zip(marks, turns, strict=True):
            x, y = radius * math.sin(math.radians(turn)), -radius * math.cos(math.radians(turn))
            signs.append((mark, Box(x=x, y=y, width=SIGN, height=SIGN), turn))
    taken = [sign for _, sign, _ in signs]
    placed = []
    for mark, sign, _ in signs:
        label, leader = _find(mark.label, sign, taken)
        taken.append(label)
        placed.append(Placed(mark=mark, sign=sign, label=label, leader=leader))
    return placed


def label_width(text: str) -> float:
    """Estimate how wide a label gets, rather too much than too little (the bold face's widths)."""
    wide = sum(0.85 if c.isupper() else 0.3 if c in " .,:;/|il" else 0.56 for c in text)
    return wide * LETTERS + 4.0


def _kinds(wheel: Wheel) -> list[str]:
    """List the kinds that have a day this year, as the legend stands, the unexplained ones last."""
    found = {mark.kind for mark in wheel.marks if mark.day.year == wheel.year}
    return [kind for kind in [*wheel.kinds, *sorted(found - {*wheel.kinds})] if kind in found]


def _radius(n: int, rings: int) -> float:
    """Give the n-th ring's radius, from the outside in."""
    inner, outer = HUB, RIM[0]
    return outer - (n + 0.5) * (outer - inner) / rings


def _turn(day: date, *, at_noon: bool) -> float:
    """Give the day's direction in degrees, clockwise from the top, at midnight or at noon."""
    first, last = date(day.year, 1, 1), date(day.year, 12, 31)
    return ((day - first).days + 0.5 * at_noon) / ((last - first).days + 1) * 360.0


def _spread(turns: Sequence[float], radius: float) -> list[float]:
    """Push the signs of one ring apart until none covers another; the labels tell the true days."""
    least = min(math.degrees(_APART / radius), 360.0 / max(len(turns), 1))
    spread = list(turns)
    for _ in range(200):
        moved = False
        for n in range(len(spread)):
            ahead = (n + 1) % len(spread)
            gap = spread[ahead] - spread[n] + (360.0 if ahead <= n else 0.0)
            if ahead != n and gap < least - 1e-6:
                spread[n] -= (least - gap) / 2
                spread[ahead] += (least - gap) / 2
                moved = True
        if not moved:
            break
    return spread


def _find(text: str, sign: Box, taken: Sequence[Box]) -> tuple[Box, bool]:
    """Find the nearest place for a label; where all are taken, the one that covers least."""
    best, least = None, math.inf
    for label, leader in _around(sign, label_width(text)):
        if not label.within(HUB + _AIR, RIM[0] - _AIR):
            continue
        air = Box(x=label.x, y=label.y, width=label.width + _AIR, height=label.height + _AIR)
        covered = sum(air.overlap(other) for other in taken)
        if covered < least:
            best, least = (label, leader), covered
        if not covered:
            break
    return best or next(_around(sign, label_width(text)))


def _around(sign: Box, width: float) -> Iterator[tuple[Box, bool]]:
    """Try below, above, right and left of a sign, then askew, then farther off with a line."""
    down, across = (SIGN + _LINE) / 2 + 1.0, (SIGN + width) / 2 + 4.0
    for dx, dy in ((0, 1), (0, -1), (1, 0), (-1, 0)):
        yield Box(x=sign.x + dx * across, y=sign.y + dy * down, width=width, height=_LINE), False
    for share in (0.3, -0.3, 0.6, -0.6):
        for side in (1, -1):
            for x, y in ((share * across, side * down), (side * across, share * down)):
                yield Box(x=sign.x + x, y=sign.y + y, width=width, height=_LINE), False
    for far in (1.3, 1.6, 2.0, 2.5, 3.0):
        for step in range(16):
            angle = math.radians(90 + step * 22.5)
            x, y = sign.x + math.cos(angle) * across * far, sign.y + math.sin(angle) * down * far
            yield Box(x=x, y=y, width=width, height=_LINE), True


def _mark_view(placed: Placed) -> View:
    sign, label = placed.sign, placed.label
    return {
        "kind": placed.mark.kind,
        "text": placed.mark.label,
        "at": [round(sign.x, 2), round(sign.y, 2)],
        "label": [round(label.x, 2), round(label.y, 2)],
        "size": [round(label.width, 2), round(label.height, 2)],
        "leader": placed.leader,
    }

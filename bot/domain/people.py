"""Who is who: persons, what they may do, the units that report, the forums that read.

Rights follow the role and never the person, because the members change after each election
(routine: "People"). What a person answered belongs in cycle.py.
"""

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What somebody may do. The first two are held for one unit, the others for all."""

    REPORTER = "reporter"
    DEPUTY = "deputy"
    COORDINATOR = "coordinator"
    SUBSTITUTE = "substitute"
    READER_BRA = "reader_bra"
    READER_SAMSA = "reader_samsa"
    READER_MANAGEMENT = "reader_management"
    READER_EXECUTIVE = "reader_executive"
    ADMINISTRATOR = "administrator"

    @property
    def of_unit(self) -> bool:
        """Tell whether the role is held for one unit."""
        return self in UNIT_ROLES


UNIT_ROLES = frozenset({Role.REPORTER, Role.DEPUTY})
COORDINATORS = frozenset({Role.COORDINATOR, Role.SUBSTITUTE})
OFFICE = COORDINATORS | {Role.ADMINISTRATOR}
EVERYONE = frozenset(Role)


class Forum(StrEnum):
    """A room of the municipality, by what it is for."""

    BRA = "bra"
    SAMSA = "samsa"
    MANAGEMENT = "management"
    OFFICE = "office"
    """The coordinator's own room: previews, status and alarms."""

    @property
    def members(self) -> frozenset[Role]:
        """The roles whose holders are called to its meetings."""
        return MEMBERS.get(self, frozenset())


MEETING_FORUMS = (Forum.BRA, Forum.SAMSA, Forum.MANAGEMENT)
MEMBERS = {
    Forum.BRA: frozenset({Role.READER_BRA}),
    Forum.SAMSA: frozenset({Role.READER_SAMSA}),
    Forum.MANAGEMENT: frozenset({Role.READER_MANAGEMENT}),
}
MEMBER_ROLES = frozenset(role for roles in MEMBERS.values() for role in roles)
READERS = MEMBER_ROLES | {Role.READER_EXECUTIVE}
"""Who is told, without being asked or deciding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """One role that somebody holds, for a unit where the role is of a unit."""

    role: Role
    unit_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody known to the bot. `language` is a language code of templates/languages/."""

    id: int
    name: str
    language: str
    email: str | None = None
    function: str = ""
    """What somebody is there for, e.g. "polis"; the quorum's roles go by it."""
    holdings: frozenset[Holding] = frozenset()

    @property
    def roles(self) -> frozenset[Role]:
        """Every role held, for whichever unit."""
        return frozenset(holding.role for holding in self.holdings)

    def reports_for(self, unit_id: int) -> bool:
        """Tell whether this person may answer for the unit, as reporter or deputy."""
        return any(h.unit_id == unit_id and h.role.of_unit for h in self.holdings)

    def units(self, role: Role) -> frozenset[int]:
        """Name the units for which this person holds `role`."""
        return frozenset(
            h.unit_id for h in self.holdings if h.role is role and h.unit_id is not None
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A reporting unit (verksamhet) with the board (nämnd) it answers to and its village."""

    id: int
    name: str
    board: str
    place: str
    active: bool = True

    @property
    def short_id(self) -> str:
        """The id people type: `e7`."""
        return f"e{self.id}"

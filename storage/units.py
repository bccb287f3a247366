"""The units that report."""

from collections.abc import Sequence

from sqlalchemy import Connection, Row
from sqlalchemy import select as columns_of
from sqlmodel import Session, SQLModel, select

from bot.domain.errors import NotFound
from bot.domain.people import Unit
from bot.domain.question import fold
from storage.tables import UnitRow

_UNIT = SQLModel.metadata.tables[UnitRow.__tablename__]
_ACTIVE = columns_of(_UNIT).where(_UNIT.c.active).order_by(_UNIT.c.id)


class Units:
    """Units, the closed ones too; a part of the register in people.py."""

    def __init__(self, session: Session, connection: Connection) -> None:
        self._session = session
        self._connection = connection
        self._active: dict[int, Unit] | None = None
        """Read once in a transaction: a round asks for each of them several times."""

    def units(self) -> Sequence[Unit]:
        """List active units in the order they were added."""
        if self._active is None:
            self._session.flush()  # a plain statement does not see what has not been written yet
            rows = self._connection.execute(_ACTIVE)
            self._active = {unit.id: unit for unit in map(_unit, rows)}
        return list(self._active.values())

    def all_units(self) -> Sequence[Unit]:
        """List every unit there ever was, the closed ones too."""
        return [_unit(row) for row in self._session.exec(select(UnitRow)).all()]

    def unit(self, unit_id: int) -> Unit:
        """Get a unit, active or not."""
        known = self._active.get(unit_id) if self._active else None
        return known or _unit(self._session.get_one(UnitRow, unit_id))

    def unit_named(self, name: str) -> Unit:
        """Find a unit by short id or name, without regard to case and diacritics.

        Raises:
            NotFound: `unit`.
        """
        wanted = fold(name)
        units = self.units()
        for unit in units:
            if wanted in (unit.short_id, fold(unit.name)):
                return unit
        near = [u for u in units if wanted and fold(u.name).startswith(wanted)]
        if len(near) == 1:
            return near[0]
        raise NotFound("unit", {"name": name, "near": [u.name for u in near[:3]]})

    def save_unit(self, unit: Unit) -> Unit:
        """Add a unit (id 0) or change one."""
        self._active = None
        row = self._session.get(UnitRow, unit.id) if unit.id else None
        if row is None:
            row = UnitRow(name=unit.name, board=unit.board, place=unit.place)
        row.name, row.board, row.place, row.active = unit.name, unit.board, unit.place, unit.active
        self._session.add(row)
        self._session.flush()
        return _unit(row)


def _unit(row: UnitRow | Row[tuple[object, ...]]) -> Unit:
    assert row.id is not None
    return Unit(id=row.id, name=row.name, board=row.board, place=row.place, active=row.active)

"""Row ↔ domain value, joined by the names of the value's fields.

For values whose row has the same columns; what is stored otherwise has its own repository.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import Field, fields
from datetime import date
from functools import cache
from typing import Any, ClassVar, Generic, Protocol, TypeVar, cast

from sqlalchemy import ColumnElement, Date, Select, select
from sqlmodel import Session, SQLModel

from bot.domain.errors import NotFound


class Value(Protocol):
    """A frozen dataclass with an id, 0 until it is stored."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    @property
    def id(self) -> int:
        """The row's id."""
        ...


V = TypeVar("V", bound=Value)
R = TypeVar("R", bound=SQLModel)


def number_of(short_id: str, *, letter: str, what: str) -> int:
    """Read an id as people type it, in any case, with or without its letter.

    Raises:
        NotFound: `what`.
    """
    number = short_id.strip().casefold().removeprefix(letter)
    if not number.isdecimal() or len(number) > 9:
        raise NotFound(what, {"said": short_id[:40]})
    return int(number)


class Shelf(Generic[V, R]):
    """The values of one table. `letter` begins their short ids; `what` names a missing one."""

    def __init__(
        self, session: Session, make: Callable[..., V], row: type[R], *, letter: str, what: str
    ) -> None:
        self._session = session
        self._make = make
        self._row = row
        self._letter = letter
        self.what = what

    def add(self, value: V) -> V:
        """Store a new value; gives it with its id."""
        row = self._row(**{name: part for name, part in _parts(value).items() if name != "id"})
        self._session.add(row)
        self._session.flush()
        return self._value(row)

    def save(self, value: V) -> V:
        """Store a changed value."""
        row = self._session.get_one(self._row, value.id)
        for name, part in _parts(value).items():
            setattr(row, name, part)
        self._session.add(row)
        self._session.flush()
        return value

    def get(self, value_id: int) -> V:
        """Get a value by id.

        Raises:
            NotFound: named after what it is.
        """
        row = self._session.get(self._row, value_id)
        if row is None:
            raise NotFound(self.what, {"said": f"{self._letter}{value_id}"})
        return self._value(row)

    def named(self, short_id: str) -> V:
        """Find a value by the id people type, in any case.

        Raises:
            NotFound: named after what it is.
        """
        return self.get(number_of(short_id, letter=self._letter, what=self.what))

    def is_name(self, text: str) -> bool:
        """Tell whether a word has the form of the short ids here."""
        letter, number = text[:1].casefold(), text[1:]
        return letter == self._letter and number.isdecimal() and len(number) <= 9

    def where(self, *conditions: "ColumnElement[bool] | bool") -> Sequence[V]:
        """List values, the oldest first.

        The rows come without the session's objects, which take longer to make than the values; what
        `add` and `save` wrote is in the database already.
        """
        names = _names(self._made)
        # The columns of a row's class are typed as its values are: a comparison looks like a bool.
        asked = cast("Sequence[ColumnElement[bool]]", conditions)
        rows = self._session.connection().execute(_all_of(self._row, names).where(*asked))
        return [self._make(**dict(zip(names, row, strict=True))) for row in rows]

    def as_kept(self, value: V) -> dict[str, object]:
        """Give a value as JSON can hold it, to be put back as it was."""
        return {
            name: part.isoformat() if isinstance(part, date) else part
            for name, part in _parts(value).items()
        }

    def put_back(self, kept: Mapping[str, object]) -> V:
        """Let a value be again what `as_kept` gave."""
        row = self._session.get_one(self._row, kept["id"])
        days = {
            c.name
            for c in SQLModel.metadata.tables[str(row.__tablename__)].c
            if isinstance(c.type, Date)
        }
        for name, part in kept.items():
            is_day = name in days and isinstance(part, str)
            setattr(row, name, date.fromisoformat(str(part)) if is_day else part)
        self._session.add(row)
        self._session.flush()
        self._session.refresh(row)
        return self._value(row)

    def _value(self, row: R) -> V:
        return self._make(**{name: getattr(row, name) for name in _names(self._made)})

    @property
    def _made(self) -> type[V]:
        return self._make  # type: ignore[return-value]


@cache
def _names(made: type[Value]) -> tuple[str, ...]:
    return tuple(f.name for f in fields(made))


@cache
def _all_of(row: type[SQLModel], names: tuple[str, ...]) -> Select[Any]:
    columns = SQLModel.metadata.tables[str(row.__tablename__)].c
    return select(*(columns[name] for name in names)).order_by(columns.id)


def _parts(value: Value) -> dict[str, Any]:
    return {name: getattr(value, name) for name in _names(type(value))}

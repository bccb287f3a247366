"""`!enhet`: list, add, change and close units."""

from collections.abc import Iterable
from dataclasses import replace

from bot.command import Context, Message, command
from bot.domain.errors import Conflict, Invalid
from bot.domain.people import OFFICE, Unit
from bot.domain.question import fold

LONGEST = 100
"""Characters in a name, board or place."""


@command("unit", subject="unit", may=OFFICE)
def unit(ctx: Context) -> Iterable[Message]:
    """Without words list; `ny Namn; nämnd; ort`, `ändra e3 Namn; nämnd; ort`, `stäng e3`.

    Raises:
        Invalid: `unit_form`. NotFound: `unit`. Conflict: `unit_exists`.
    """
    word, _, rest = ctx.args.strip().partition(" ")
    match fold(word):
        case "":
            yield Message(template="units", data={"units": _with_people(ctx)})
        case "ny" | "new" | "add":
            added = ctx.uow.people.save_unit(_read(ctx, rest, None))
            _offer_undo(ctx, replace(added, active=False))
            yield Message(template="unit_saved", data={"unit": added, "what": "added"})
        case "andra" | "change":
            name, _, fields = rest.strip().partition(" ")
            old = ctx.uow.people.unit_named(name)
            changed = ctx.uow.people.save_unit(_read(ctx, fields, old))
            _offer_undo(ctx, old)
            yield Message(template="unit_saved", data={"unit": changed, "what": "changed"})
        case "stang" | "close":
            old = ctx.uow.people.unit_named(rest)
            ctx.uow.people.save_unit(replace(old, active=False))
            _offer_undo(ctx, old)
            yield Message(template="unit_saved", data={"unit": old, "what": "closed"})
        case _:
            raise Invalid("unit_form")


def _read(ctx: Context, text: str, old: Unit | None) -> Unit:
    """Read a unit's fields; a new one by the name of a closed one is that one, opened again."""
    fields = [" ".join(field.split()) for field in text.split(";")]
    if len(fields) != 3 or not all(0 < len(field) <= LONGEST for field in fields):
        raise Invalid("unit_form")
    name, board, place = fields
    for other in ctx.uow.people.all_units():
        if fold(other.name) != fold(name) or (old is not None and other.id == old.id):
            continue
        if other.active or old is not None:
            raise Conflict("unit_exists", {"unit": other})
        old = other
    unit = old or Unit(id=0, name="", board="", place="")
    return replace(unit, name=name, board=board, place=place, active=True)


def _offer_undo(ctx: Context, old: Unit) -> None:
    ctx.uow.marks.offer_undo(
        ctx.person.id,
        "unit",
        {
            "unit": old.id,
            "name": old.name,
            "board": old.board,
            "place": old.place,
            "active": old.active,
        },
        ctx.now,
    )


def _with_people(ctx: Context) -> list[tuple[Unit, list[str]]]:
    people = ctx.uow.people.everybody()
    return [(u, [p.name for p in people if p.reports_for(u.id)]) for u in ctx.uow.people.units()]

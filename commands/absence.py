"""`!frånvaro 1–26 juli`: the duty goes to the deputy meanwhile, and nobody is "missing"."""

import re
from collections.abc import Iterable, Sequence

from bot.command import Context, Message, command
from bot.domain.dates import parse_range
from bot.domain.errors import Invalid, Refused
from bot.domain.people import COORDINATORS, Person, Role
from bot.round.form import to_office


@command("absence", subject="person")
def absence(ctx: Context) -> Iterable[Message]:
    """Note that somebody is away: oneself, or as coordinator `namn: 1–26 juli`.

    Raises:
        Invalid: `absence_empty`, or what dates.py says.
        Refused: `not_yourself`.
        NotFound: `person`.
    """
    person, dates = _whom(ctx)
    days = parse_range(dates, now=ctx.now.astimezone(ctx.calendar.zone))
    noted = ctx.uow.people.add_absence(person.id, days.first, days.last)
    ctx.uow.marks.offer_undo(ctx.person.id, "absence", {"absence": noted}, ctx.now)
    oneself = person.id == ctx.person.id
    data = {
        "person": person,
        "days": days,
        "oneself": oneself,
        "deputies": _deputies(ctx, person),
    }
    yield Message(template="absence_noted", data=data)
    if oneself and ctx.forum is None:
        yield to_office("absence_told", data)


def _whom(ctx: Context) -> tuple[Person, str]:
    if not ctx.args.strip():
        raise Invalid("absence_empty")
    name, colon, dates = ctx.args.partition(":")
    if not colon or re.search(r"\d\s*$", name):
        return ctx.person, ctx.args
    if not ctx.person.roles & COORDINATORS:
        raise Refused("not_yourself")
    return ctx.uow.people.named(name), dates


def _deputies(ctx: Context, person: Person) -> Sequence[str]:
    mine = person.units(Role.REPORTER)
    return [p.name for p in ctx.uow.people.with_role(Role.DEPUTY) if p.units(Role.DEPUTY) & mine]

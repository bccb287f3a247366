"""`!svara`: begin, go on with or add to a unit's answer; the coordinator may do it for a unit."""

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from bot.command import Context, Message, ToPerson, command
from bot.domain.cycle import Cycle, CycleState
from bot.domain.errors import Conflict, Invalid, Refused
from bot.domain.people import COORDINATORS, Role, Unit
from bot.domain.question import fold
from bot.domain.schedule import closing, opening, period_to_open
from bot.round.form import ask, start

_UNREST = frozenset({"oro", "unrest"})
_FOR = re.compile(r"^(?:för|for|åt)\s+", re.IGNORECASE)


@command("respond", subject="submission", may=COORDINATORS | {Role.REPORTER, Role.DEPUTY})
def respond(ctx: Context) -> Iterable[Message]:
    """Open the form for a unit: one's own, or as coordinator any.

    Raises:
        NotFound: `unit`.
        Refused: `not_your_unit`.
        Invalid: `which_unit`.
        Conflict: `no_open_cycle`, `no_unrest_round`.
    """
    words, unrest = _about(ctx.args)
    unit = _unit(ctx, words)
    cycle = _of_unrest(ctx, unit, wanted=unrest) or _cycle(ctx)
    draft = start(ctx, ctx.person, cycle, unit)
    question = ask(ctx, draft, template="respond", to=ToPerson(person_id=ctx.person.id))
    yield replace(question, data={**question.data, "early": cycle.state is CycleState.PLANNED})
    if ctx.forum is not None:
        yield Message(template="see_direct", data={"unit": unit})


def _about(args: str) -> tuple[str, bool]:
    """Take away the word that asks for the question at a time of unrest."""
    first, _, rest = args.strip().partition(" ")
    return (rest.strip(), True) if fold(first) in _UNREST else (args.strip(), False)


def _of_unrest(ctx: Context, unit: Unit, *, wanted: bool) -> Cycle | None:
    """Give the question at a time of unrest that takes the unit's answer: it goes before the
    month's while it is owed, and later where it is asked for by its word.

    Raises:
        Conflict: `no_unrest_round`.
    """
    for unrest in ctx.uow.unrests.running():
        for cycle in ctx.uow.cycles.of_unrest(unrest.id):
            if not cycle.takes_answers:
                continue
            mine = [s for s in ctx.uow.cycles.submissions(cycle.id) if s.unit_id == unit.id]
            if any(wanted or standing.state.is_owed for standing in mine):
                return cycle
    if wanted:
        raise Conflict("no_unrest_round", {"unit": unit.name})
    return None


def _unit(ctx: Context, words: str) -> Unit:
    """Read whose answer it is about: the one named, or the only one this person reports for."""
    name = _FOR.sub("", words)
    if name:
        unit = ctx.uow.people.unit_named(name)
        if not ctx.person.reports_for(unit.id) and not ctx.person.roles & COORDINATORS:
            raise Refused("not_your_unit", {"unit": unit.name})
        return unit
    mine = [u for u in ctx.uow.people.units() if ctx.person.reports_for(u.id)]
    if len(mine) == 1:
        return mine[0]
    raise Invalid("which_unit", {"units": mine})


def _cycle(ctx: Context) -> Cycle:
    """Give the round to answer in: an open one, or early the one to come.

    The coordinator may correct the last round also after publishing.
    """
    begun = [c for c in ctx.uow.cycles.unfinished() if c.state is not CycleState.PLANNED]
    real = [c for c in begun if not c.rehearsal]
    if begun:
        return (real or begun)[-1]
    latest = ctx.uow.cycles.latest(rehearsal=False)
    if ctx.person.roles & COORDINATORS and latest is not None:
        return latest
    today = ctx.now.astimezone(ctx.calendar.zone).date()
    following = (today.replace(day=1) + timedelta(days=32)).replace(day=1)
    period = period_to_open(following, ctx.rules.round)
    if period is None:
        raise Conflict("no_open_cycle")
    opens = opening(period, ctx.rules.round, ctx.calendar)
    return ctx.uow.cycles.by_key(period.key) or ctx.uow.cycles.plan(
        period, opens_at=opens, closes_at=closing(opens, ctx.rules.round, ctx.calendar)
    )

"""`!läget`: where we stand and what comes next by itself; `!läget e3` shows one unit's answer."""

from collections.abc import Iterable, Mapping

from bot.command import Context, Message, command
from bot.domain.calendar import Period
from bot.domain.cycle import Cycle
from bot.domain.errors import NotFound, Refused
from bot.domain.people import COORDINATORS, OFFICE
from bot.domain.schedule import Occurrence
from bot.plan import planned
from bot.round.form import question_set, shown
from bot.round.progress import progress


@command("status", subject="cycle")
def status(ctx: Context) -> Iterable[Message]:
    """Tell the coordinator the whole, a reporter their own units.

    Raises:
        NotFound: `unit`, `no_cycle_yet`. Refused: `not_your_unit`.
    """
    cycle = ctx.uow.cycles.latest(rehearsal=False)
    if ctx.args.strip():
        yield _one_unit(ctx, cycle)
    elif ctx.person.roles & OFFICE:
        yield Message(template="status", data=_whole(ctx, cycle))
    else:
        mine = [u for u in ctx.uow.people.units() if ctx.person.reports_for(u.id)]
        parts = [(u, ctx.uow.cycles.submission(cycle.id, u.id)) for u in mine] if cycle else []
        yield Message(template="status_own", data={"cycle": cycle, "parts": parts})


def _whole(ctx: Context, cycle: Cycle | None) -> Mapping[str, object]:
    plan = planned(ctx.uow, ctx.rules.round, ctx.calendar, ctx.now)
    return {
        "cycle": cycle,
        "progress": progress(ctx, cycle) if cycle else None,
        "previewed": ctx.uow.editions.previewed(cycle.id) if cycle else [],
        "published": ctx.uow.editions.published(cycle.id) if cycle else [],
        "plan": [(step, _period_of(step)) for step in plan[:6]],
        "waiting": ctx.uow.outbox.waiting(),
        "trouble": len(ctx.uow.outbox.trouble()),
    }


def _period_of(step: Occurrence) -> Period | None:
    """Tell which period an opening is about; the other steps belong to the round shown."""
    return Period.parse(step.key.split("/")[1]) if step.verb == "open_cycle" else None


def _one_unit(ctx: Context, cycle: Cycle | None) -> Message:
    unit = ctx.uow.people.unit_named(ctx.args)
    if not ctx.person.reports_for(unit.id) and not ctx.person.roles & COORDINATORS:
        raise Refused("not_your_unit", {"unit": unit.name})
    if cycle is None:
        raise NotFound("no_cycle_yet")
    standing = ctx.uow.cycles.submission(cycle.id, unit.id)
    return Message(
        template="unit_answer",
        data={
            "unit": unit,
            "cycle": cycle,
            "submission": standing,
            "shown": shown(question_set(ctx, cycle), standing.answers),
            "by": ctx.uow.people.get(standing.by_person) if standing.by_person else None,
        },
    )

"""`!internt e3`: keep a unit's answer out of both editions, but for its colour."""

from collections.abc import Iterable
from dataclasses import replace

from bot.command import Context, Message, command
from bot.domain.errors import Conflict, NotFound
from bot.domain.people import COORDINATORS
from bot.round.progress import live_status


@command("internal", subject="submission", may=COORDINATORS)
def internal(ctx: Context) -> Iterable[Message]:
    """Mark a unit's answer in the running round as internal, or no longer.

    Raises:
        NotFound: `unit`, `no_cycle_yet`. Conflict: `not_answered`.
    """
    unit = ctx.uow.people.unit_named(ctx.args)
    cycle = ctx.uow.cycles.latest(rehearsal=False)
    if cycle is None:
        raise NotFound("no_cycle_yet")
    standing = ctx.uow.cycles.submission(cycle.id, unit.id)
    if not standing.state.is_answer:
        raise Conflict("not_answered", {"unit": unit.name})
    marked = replace(standing, internal=not standing.internal)
    ctx.uow.cycles.save_submission(marked, ctx.now)
    ctx.uow.marks.offer_undo(
        ctx.person.id,
        "internal",
        {"cycle": cycle.id, "unit": unit.id, "internal": standing.internal},
        ctx.now,
    )
    yield Message(template="internal_marked", data={"unit": unit, "submission": marked})
    yield from live_status(ctx, cycle)

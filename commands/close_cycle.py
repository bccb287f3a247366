"""Close the round at its deadline; late answers still count until the report is published."""

from collections.abc import Iterable

from bot.command import Context, Message, command
from bot.domain.cycle import CycleState
from bot.domain.people import COORDINATORS
from bot.round.asking import running_cycle
from bot.round.duty import mark_unreachable
from bot.round.progress import live_status, progress


@command("close_cycle", subject="cycle", may=COORDINATORS)
def close_cycle(ctx: Context) -> Iterable[Message]:
    """Close the round; units whose people could not be reached are told apart from silent ones.

    Raises:
        Conflict: `no_open_cycle`.
    """
    cycle = running_cycle(ctx)
    if cycle.state is not CycleState.OPEN:
        return
    ctx.uow.cycles.save(cycle.to(CycleState.CLOSED))
    mark_unreachable(ctx, cycle)
    yield from live_status(ctx, ctx.uow.cycles.get(cycle.id))
    if ctx.occurrence is None:
        yield Message(template="closed", data={"progress": progress(ctx, cycle)})

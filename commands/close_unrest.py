"""Close a question at a time of unrest at its deadline; what it came to is shown for approval."""

from collections.abc import Iterable

from bot.command import Context, Message, command
from bot.council.unrest import close_round
from bot.domain.cycle import CycleState


@command("close_unrest", subject="unrest", listed=False)
def close_unrest(ctx: Context) -> Iterable[Message]:
    """Close and compile; late answers are taken until the next question."""
    assert ctx.occurrence is not None
    cycle = ctx.uow.cycles.get(ctx.occurrence.subject_id or 0)
    if cycle.state is CycleState.OPEN and cycle.unrest_id is not None:
        yield from close_round(ctx, ctx.uow.unrests.get(cycle.unrest_id), cycle)

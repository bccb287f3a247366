"""Tell the coordinator, the morning after the deadline, who answered and what comes next."""

from collections.abc import Iterable

from bot.command import Context, Message, command
from bot.round.asking import running_cycle
from bot.round.form import to_office
from bot.round.progress import progress


@command("tell_result", subject="cycle", listed=False)
def tell_result(ctx: Context) -> Iterable[Message]:
    """Sum the round up in the coordinator's room."""
    data = {
        "progress": progress(ctx, running_cycle(ctx)),
        "proposed": ctx.uow.follow_ups.proposed_cases(),
    }
    yield to_office("result", data)

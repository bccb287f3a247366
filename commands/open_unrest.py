"""Ask the units concerned by a time of unrest, on each of its days."""

from collections.abc import Iterable

from bot.command import Context, Message, command
from bot.council.unrest import due_round, open_round


@command("open_unrest", subject="unrest", listed=False)
def open_unrest(ctx: Context) -> Iterable[Message]:
    """Ask, unless it has ended or its level has changed meanwhile."""
    assert ctx.occurrence is not None
    unrest = ctx.uow.unrests.get(ctx.occurrence.subject_id or 0)
    planned = due_round(ctx, unrest)
    if planned is not None:
        yield from open_round(ctx, unrest, planned.opens_at)

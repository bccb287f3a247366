"""Return from a time of unrest by itself, at the end of its last day."""

from collections.abc import Iterable

from bot.command import Context, Message, command
from bot.council.unrest import end
from bot.domain.unrest import returns_at


@command("end_unrest", subject="unrest", listed=False)
def end_unrest(ctx: Context) -> Iterable[Message]:
    """End it, unless it has ended already or been given a later end meanwhile."""
    assert ctx.occurrence is not None
    unrest = ctx.uow.unrests.get(ctx.occurrence.subject_id or 0)
    if unrest.ended_at is None and returns_at(unrest, ctx.calendar) <= ctx.now:
        yield from end(ctx, unrest, "")

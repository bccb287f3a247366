"""Tell the coordinator that a time of unrest ends soon, and how to renew it."""

from collections.abc import Iterable

from bot.command import Context, Message, command
from bot.council.unrest import units_of
from bot.domain.unrest import returns_at, warned_at
from bot.round.form import to_office


@command("unrest_ends", subject="unrest", listed=False)
def unrest_ends(ctx: Context) -> Iterable[Message]:
    """Say so a working day ahead, unless it has ended or been renewed meanwhile."""
    assert ctx.occurrence is not None
    unrest = ctx.uow.unrests.get(ctx.occurrence.subject_id or 0)
    if unrest.ended_at is None and warned_at(unrest, ctx.calendar) <= ctx.now:
        data = {"unrest": unrest, "units": units_of(ctx, unrest)}
        yield to_office("unrest_ends", {**data, "at": returns_at(unrest, ctx.calendar)})

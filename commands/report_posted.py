"""Tell the coordinator, room by room, that a report really stands there."""

from collections.abc import Iterable

from bot.command import Context, Message, command
from bot.round.form import to_office


@command("report_posted", subject="report", listed=False)
def report_posted(ctx: Context) -> Iterable[Message]:
    """Name the room; `args` is the outbox row of the posting's last part."""
    row = ctx.uow.outbox.get(int(ctx.args))
    forum = ctx.uow.people.forum_of(row.platform, row.room)
    yield to_office("report_posted", {"forum": forum, "at": ctx.now})

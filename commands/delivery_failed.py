"""Tell the coordinator what could not be delivered, once, with the cure."""

from collections.abc import Iterable

from bot.command import Context, Message, command
from bot.domain.people import Forum
from bot.form import to_office


@command("delivery_failed", subject="outbox", listed=False)
def delivery_failed(ctx: Context) -> Iterable[Message]:
    """Name the person or room that was not reached; `args` is the outbox row's id."""
    row = ctx.uow.outbox.get(int(ctx.args))
    office = ctx.uow.people.room(Forum.OFFICE)
    if office is None or row.room == office[1]:
        return
    person = None
    if row.address:
        known = ctx.uow.people.of_account(row.platform, row.address)
        person = known.name if known else None
        if row.state == "failed":
            ctx.uow.people.set_reachable(row.platform, row.address, False)
    yield to_office(
        "delivery_failed",
        {
            "person": person,
            "forum": ctx.uow.people.forum_of(row.platform, row.room),
            "room": row.room,
            "uncertain": row.state == "uncertain",
            "reason": row.reason,
            "what": row.template,
        },
    )

"""`!hälsa`: ask the platform what the bot can really do, and say what is wrong with its cure."""

from collections.abc import Iterable

from bot.command import Context, Errand, Inspect, Message, command
from bot.domain.people import OFFICE, Forum


def prepare(ctx: Context) -> Errand | None:
    """List every forum's room and every direct room."""
    rooms = [place[1] for forum in Forum if (place := ctx.uow.people.room(forum))]
    accounts = [(a.direct_room, a.address) for a in ctx.uow.people.all_accounts() if a.direct_room]
    return Inspect(rooms=rooms, accounts=accounts)


@command("health", subject="health", may=OFFICE, prepare=prepare)
def health(ctx: Context) -> Iterable[Message]:
    """Show rooms, people out of reach, what waits and what failed."""
    assert ctx.product is not None
    rooms = []
    for forum in Forum:
        place = ctx.uow.people.room(forum)
        rooms.append((forum, place is not None, ctx.product.rooms.get(place[1]) if place else None))
    unreachable = []
    for account in ctx.uow.people.all_accounts():
        if account.direct_room is None:
            continue
        there = ctx.product.reachable.get(account.address, False)
        ctx.uow.people.set_reachable(account.platform, account.address, there)
        if not there:
            unreachable.append(ctx.uow.people.get(account.person_id).name)
    yield Message(
        template="health",
        data={
            "rooms": rooms,
            "notices": ctx.product.notices,
            "encrypts": ctx.product.encrypts,
            "unreachable": unreachable,
            "waiting": ctx.uow.outbox.waiting(),
            "trouble": ctx.uow.outbox.trouble()[-5:],
            "read_at": ctx.uow.inbox.read_at(ctx.rules.platform),
        },
    )

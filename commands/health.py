"""`!hälsa`: ask the platform what the bot can really do, and say what is wrong with its cure."""

from collections.abc import Iterable, Mapping

from bot.command import Context, Errand, Inspect, Message, command
from bot.domain.people import OFFICE, Forum
from bot.ports import Notice

_UNREAD, _IDENTITY = "unreadable", "new_identity"
_NAMED = (_UNREAD, _IDENTITY)


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
            "notices": [n for n in ctx.product.notices if n.code not in _NAMED],
            **_unread(ctx, [n for n in ctx.product.notices if n.code == _UNREAD]),
            "identities": [
                (_name(ctx, notice.about), notice.about, notice.since)
                for notice in ctx.product.notices
                if notice.code == _IDENTITY
            ],
            "encrypts": ctx.product.encrypts,
            "unreachable": unreachable,
            "waiting": ctx.uow.outbox.waiting(),
            "trouble": ctx.uow.outbox.trouble()[-5:],
            "read_at": ctx.uow.inbox.read_at(ctx.rules.platform),
        },
    )


def _unread(ctx: Context, notices: Iterable[Notice]) -> Mapping[str, object]:
    """Tell what could not be read: in direct chats together, for there they know, else by room."""
    direct = {account.direct_room for account in ctx.uow.people.all_accounts()}
    rooms = []
    in_direct = 0
    for notice in notices:
        if notice.about in direct:
            in_direct += notice.count
        else:
            forum = ctx.uow.people.forum_of(ctx.rules.platform, notice.about)
            rooms.append((forum, notice.about, notice.count))
    return {"unread_direct": in_direct, "unread": rooms}


def _name(ctx: Context, account: str) -> str:
    """Name whose account it is, or nobody."""
    person = ctx.uow.people.of_account(ctx.rules.platform, account)
    return "" if person is None else person.name

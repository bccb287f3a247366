"""Tell the coordinator what could not be delivered, once, with the cure."""

from collections.abc import Iterable, Mapping

from bot.command import Context, Message, ToPerson, command
from bot.domain.people import OFFICE, Forum, Person
from bot.round.form import to_office
from storage.outbox import Queued


@command("delivery_failed", subject="outbox", listed=False)
def delivery_failed(ctx: Context) -> Iterable[Message]:
    """Name the person, address or room that was not reached; `args` is the outbox row's id."""
    row = ctx.uow.outbox.get(int(ctx.args))
    office = ctx.uow.people.room(Forum.OFFICE)
    removal, letter = row.kind == "removal", row.kind == "letter"
    if office is None or _told(ctx, row):
        return
    beside_office = row.room == office[1] and not removal
    if beside_office and row.state != "failed":
        return
    person = None
    owner = ctx.uow.people.owner_of_direct_room(row.platform, row.room) if removal else None
    if owner is not None:
        person = ctx.uow.people.get(owner.person_id).name
    if row.address:
        known = ctx.uow.people.of_account(row.platform, row.address)
        person = known.name if known else None
        if row.state == "failed":
            ctx.uow.people.set_reachable(row.platform, row.address, False)
    reader = _of_address(ctx, row.room) if letter else None
    data = {
        "person": reader.name if reader else person,
        "person_id": f"p{reader.id}" if reader else "",
        "address": row.room if letter else "",
        "forum": ctx.uow.people.forum_of(row.platform, row.room),
        "room": row.room,
        "uncertain": row.state == "uncertain",
        "reason": row.reason,
        "what": row.template or row.kind,
    }
    if beside_office:
        yield from _in_person(ctx, data)
    else:
        yield to_office("delivery_failed", data)


def _in_person(ctx: Context, data: Mapping[str, object]) -> Iterable[Message]:
    """Tell whoever runs the office that their own room is closed, each once a day."""
    for person in ctx.uow.people.everybody():
        key = f"office_closed/{ctx.now:%Y-%m-%d}/{person.id}"
        if person.roles & OFFICE and ctx.uow.outbox.by_key(key) is None:
            to = ToPerson(person_id=person.id)
            yield Message(template="delivery_failed", data=data, to=to, key=key)


def _of_address(ctx: Context, address: str) -> Person | None:
    """Find who has an e-mail address; of several, whoever has no other way to be reached."""
    there = [
        person
        for person in ctx.uow.people.everybody()
        if (person.email or "").casefold() == address.casefold()
    ]
    return min(there, key=lambda p: len(ctx.uow.people.accounts(p.id)), default=None)


def _told(ctx: Context, row: Queued) -> bool:
    """Tell whether this is a later part of a report whose first part did not arrive either."""
    posting, part = row.key.rpartition("/")[::2]
    if not posting.startswith("publish/") or part == "text":
        return False
    first = ctx.uow.outbox.by_key(f"{posting}/text")
    return first is not None and first.state == row.state

"""What happens to a message with a personal identity number in it: nothing of it is kept."""

from collections.abc import Sequence

from bot.command import Context, Message, ToPerson
from bot.outgoing import action, enqueue
from bot.ports import Kind
from bot.round.form import unclear_mark
from storage.outbox import Queued


def withhold(ctx: Context) -> Sequence[Queued]:
    """Refuse the message, whose number never was stored, and act on none of it."""
    event = ctx.incoming
    assert event is not None
    message = Message(template="privacy_refused", to=ToPerson(person_id=ctx.person.id))
    rows = list(enqueue(ctx, [message]))
    if ctx.rules.redact and event.kind in (Kind.MESSAGE, Kind.EDIT, Kind.FILE):
        key = f"remove/{event.event_id}"
        rows.append(action(ctx, "removal", room=event.room, target=event.event_id, key=key))
    if event.kind is Kind.MESSAGE and not event.text.lstrip().startswith("!"):
        ctx.uow.marks.set(unclear_mark(ctx.person.id), event.event_id)
    ctx.uow.audit.add(
        at=ctx.now,
        action=f"{ctx.rules.platform}:message:withhold",
        outcome="refused",
        person_id=ctx.person.id,
        cause=event.event_id,
    )
    return rows

"""What it means that somebody invites, comes or leaves: for rooms, and for who can be reached."""

from collections.abc import Sequence

from bot.command import Context, Message, ToForum
from bot.domain.people import OFFICE, Forum
from bot.outgoing import action, enqueue
from bot.ports import Kind
from storage.log_tables import OutboxRow


def settle(ctx: Context, own_account: str) -> Sequence[OutboxRow]:
    """Take the consequences of a change of membership.

    Invitations are accepted from known people only: to a direct room from anybody known, to a
    group room from the coordinators and the administrator.
    """
    event = ctx.incoming
    if event is None:
        return []
    if event.kind is Kind.INVITATION:
        return [_answer_invitation(ctx)]
    owner = ctx.uow.people.owner_of_direct_room(ctx.rules.platform, event.room)
    if event.kind is Kind.ARRIVAL:
        if owner is not None and owner.address == event.sender:
            ctx.uow.people.set_reachable(owner.platform, owner.address, True)
        return []
    if owner is not None and owner.address == event.sender and owner.reachable:
        ctx.uow.people.set_reachable(owner.platform, owner.address, False)
        person = ctx.uow.people.get(owner.person_id)
        return enqueue(ctx, [_to_office("left_direct", name=person.name)])
    if event.sender == own_account and ctx.forum not in (None, Forum.OFFICE):
        return enqueue(ctx, [_to_office("removed_from_room", forum=ctx.forum)])
    return []


def _answer_invitation(ctx: Context) -> OutboxRow:
    event = ctx.incoming
    assert event is not None
    actor = ctx.actor
    welcome = actor is not None and (event.is_direct or bool(actor.roles & OFFICE))
    if welcome and event.is_direct:
        # Whoever begins a new chat wants to talk there, also after having left the old one.
        ctx.uow.people.direct_room_opened(ctx.rules.platform, event.sender, event.room)
    ctx.uow.audit.add(
        at=ctx.now,
        action=f"{ctx.rules.platform}:room:{'join' if welcome else 'decline'}",
        outcome="done",
        person_id=actor.id if actor else None,
        cause=event.event_id,
    )
    return action(
        ctx,
        "join" if welcome else "decline",
        room=event.room,
        target=None,
        key=f"invitation/{event.event_id}",
    )


def _to_office(template: str, **data: object) -> Message:
    return Message(template=template, data=data, to=ToForum(forum=Forum.OFFICE))

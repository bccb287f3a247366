"""What it means that somebody invites, comes or leaves, or that a room moves.

For rooms, and for who can be reached.
"""

from collections.abc import Sequence

from bot.command import Context, Message, ToForum
from bot.domain.people import OFFICE, Forum
from bot.outgoing import action, enqueue
from bot.ports import Kind
from storage.outbox import Queued


def settle(ctx: Context, own_account: str) -> Sequence[Queued]:
    """Take the consequences of a change of membership.

    Invitations are accepted from known people only: to a direct room from anybody known, to a
    group room from the coordinators and the administrator.
    """
    event = ctx.incoming
    if event is None:
        return []
    if event.kind is Kind.INVITATION:
        return [_answer_invitation(ctx)]
    if event.kind is Kind.MOVED:
        return _follow(ctx)
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


def _answer_invitation(ctx: Context) -> Queued:
    event = ctx.incoming
    assert event is not None
    actor = ctx.actor
    ours = ctx.forum is not None  # a forum's room that we are not in any more, or not yet
    owner = ctx.uow.people.owner_of_direct_room(ctx.rules.platform, event.room)
    # Asked back into a direct room; an invitation to a room that is there already does not say so.
    direct = event.is_direct or (owner is not None and owner.address == event.sender)
    welcome = ours or (actor is not None and (direct or bool(actor.roles & OFFICE)))
    if welcome and actor is not None and direct:
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


def _follow(ctx: Context) -> Sequence[Queued]:
    """Go along when a room that matters is replaced (a room upgrade).

    Only who has power over a room can replace it, and with the same power they could let anybody
    in: so the new room is trusted as the old one was, and the coordinator is told.
    """
    event = ctx.incoming
    assert event is not None
    assert event.target is not None
    old, new, people = event.room, event.target, ctx.uow.people
    platform = ctx.rules.platform
    owner = people.owner_of_direct_room(platform, old)
    if ctx.forum is None and owner is None:
        return []
    if people.forum_of(platform, new) is not None or people.owner_of_direct_room(platform, new):
        return []  # a room of ours is never taken over by another
    # The relay addresses what waits for the old room to the new one, where that is safe.
    join = action(ctx, "join", room=new, target=old, key=f"follow/{event.event_id}")
    if ctx.forum is None and owner is not None:
        people.direct_room_opened(platform, owner.address, new)
        return [join]
    assert ctx.forum is not None
    people.set_room(ctx.forum, platform, new)
    return [join, *enqueue(ctx, [_to_office("room_moved", forum=ctx.forum)])]


def _to_office(template: str, **data: object) -> Message:
    return Message(template=template, data=data, to=ToForum(forum=Forum.OFFICE))

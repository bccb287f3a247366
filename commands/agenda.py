"""`!punkt`: see a meeting's agenda, put something on it, move it, take it off.

Until the call everybody writes freely; what comes later is marked, and told once in the room.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from bot.command import Context, Message, ToForum, command
from bot.council.agendas import compose, items_of, next_to_come, offer_undo
from bot.council.calls import call_key
from bot.domain.agenda import AgendaItem
from bot.domain.errors import Conflict, Invalid, NotFound, Refused
from bot.domain.meeting import Meeting, MeetingState
from bot.domain.people import COORDINATORS, MEETING_FORUMS, Forum, Role
from bot.domain.question import fold

LONGEST = 300
"""Signs of an item."""
MOST = 30
"""Items of one meeting."""

_MEMBERS = frozenset({Role.READER_BRA, Role.READER_SAMSA, Role.READER_MANAGEMENT})


@command(
    "agenda",
    subject="agenda",
    may=COORDINATORS | _MEMBERS,
    rooms=frozenset({*MEETING_FORUMS, Forum.OFFICE}),
)
def agenda(ctx: Context) -> Iterable[Message]:
    """Show the next meeting's agenda; a text is put on it; `flytta d4 1`, `stryk d4`.

    Which meeting is told by the room, or by a forum or a meeting named first.

    Raises:
        Invalid: `agenda_form`, `agenda_which`, `agenda_elsewhere`,
        `too_long`. NotFound: `meeting`, `agenda_item`,
        `no_meeting_planned`. Conflict: `agenda_full`, `agenda_closed`, `agenda_called`. Refused:
        `refused`, `not_your_item`.
    """
    word, _, rest = ctx.args.strip().partition(" ")
    match fold(word):
        case "flytta" | "move" if _is_item(ctx, rest):
            yield from _move(ctx, rest)
        case "stryk" | "drop" if _is_item(ctx, rest):
            yield from _drop(ctx, rest)
        case "flytta" | "move" | "stryk" | "drop" if not rest.strip():
            raise Invalid("agenda_form")
        case _:
            meeting, text = _meeting(ctx)
            if text:
                yield from _add(ctx, meeting, text)
            else:
                data = {"meeting": meeting, "points": compose(ctx, meeting)}
                yield Message(template="agenda", data=data)


def _meeting(ctx: Context) -> tuple[Meeting, str]:
    """Tell which meeting is meant, and the words that remain."""
    said = ctx.args.strip()
    word, _, rest = said.partition(" ")
    here = ctx.forum if ctx.forum in MEETING_FORUMS else None
    if ctx.uow.meetings.is_name(word):
        named = ctx.uow.meetings.named(word)
        if here is not None and named.forum is not here:
            raise Invalid("agenda_elsewhere", {"meeting": named})
        return _for_me(ctx, named), rest.strip()
    if here is not None:
        return _for_me(ctx, next_to_come(ctx, here)), said
    forum = ctx.words.forum(word) if word else None
    if forum in MEETING_FORUMS:
        return _for_me(ctx, next_to_come(ctx, forum)), rest.strip()
    mine = [f for f in MEETING_FORUMS if _reads(ctx, f)]
    if len(mine) != 1:
        raise Invalid("agenda_which", {"forums": mine})
    return next_to_come(ctx, mine[0]), said


def _reads(ctx: Context, forum: Forum) -> bool:
    return bool(ctx.person.roles & (forum.members | COORDINATORS))


def _for_me(ctx: Context, meeting: Meeting) -> Meeting:
    """Give the meeting, if the actor is called to it or is the coordinator.

    What is only proposed is nobody's but the coordinator's, in the coordinator's own rooms.
    """
    inside = ctx.forum not in MEETING_FORUMS and ctx.person.roles & COORDINATORS
    if not meeting.is_known and not inside:
        raise NotFound("meeting", {"said": meeting.short_id})
    if not _reads(ctx, meeting.forum):
        roles = sorted(meeting.forum.members | COORDINATORS)
        raise Refused("refused", {"verb": "agenda", "roles": roles})
    return meeting


def _is_item(ctx: Context, rest: str) -> bool:
    return ctx.uow.meetings.items.is_name(rest.strip().partition(" ")[0])


def _add(ctx: Context, meeting: Meeting, text: str) -> Iterable[Message]:
    _check_open(meeting)
    said = " ".join(text.split())
    if len(said) > LONGEST:
        raise Invalid("too_long", {"longest": LONGEST})
    standing = items_of(ctx, meeting)
    if len(standing) >= MOST:
        raise Conflict("agenda_full", {"most": MOST})
    item = ctx.uow.meetings.items.add(
        AgendaItem(
            meeting_id=meeting.id,
            text=said,
            by_person=ctx.person.id,
            at=ctx.now,
            position=_last(standing) + 1,
            addition=meeting.state is MeetingState.CALLED,
        )
    )
    offer_undo(ctx, replace(item, withdrawn=True))
    yield Message(template="agenda_item", data={"item": item, "meeting": meeting, "what": "added"})
    yield from _announced(ctx, meeting, item)


def _move(ctx: Context, text: str) -> Iterable[Message]:
    """Move an item among the others of its meeting, or to another meeting."""
    named, _, where = text.strip().partition(" ")
    item = _mine(ctx, named)
    meeting = ctx.uow.meetings.get(item.meeting_id)
    if ctx.uow.meetings.is_name(where.strip()):
        other = _for_me(ctx, ctx.uow.meetings.named(where))
        _check_open(other)
        offer_undo(ctx, item)
        standing = items_of(ctx, other)
        if len(standing) >= MOST:
            raise Conflict("agenda_full", {"most": MOST})
        moved = replace(
            item,
            meeting_id=other.id,
            position=_last(standing) + 1,
            addition=other.state is MeetingState.CALLED,
        )
        ctx.uow.meetings.items.save(moved)
        yield Message(
            template="agenda_item", data={"item": moved, "meeting": other, "what": "moved"}
        )
        if other.id != meeting.id:
            yield from _announced(ctx, other, moved)
        return
    if not where.strip().isdecimal() or len(where.strip()) > 2:
        raise Invalid("agenda_form")
    offer_undo(ctx, *items_of(ctx, meeting))
    others = [i for i in items_of(ctx, meeting) if i.id != item.id]
    others.insert(max(int(where) - 1, 0), item)
    for position, each in enumerate(others, start=1):
        ctx.uow.meetings.items.save(replace(each, position=position))
    data = {"items": others, "meeting": meeting}
    yield Message(template="agenda_order", data=data)


def _drop(ctx: Context, text: str) -> Iterable[Message]:
    item = _mine(ctx, text.strip().partition(" ")[0])
    meeting = ctx.uow.meetings.get(item.meeting_id)
    offer_undo(ctx, item)
    ctx.uow.meetings.items.save(replace(item, withdrawn=True))
    data = {"item": item, "meeting": meeting, "what": "dropped"}
    yield Message(template="agenda_item", data=data)


def _mine(ctx: Context, name: str) -> AgendaItem:
    """Find an item that the actor may change: their own, or any for the coordinator."""
    item = ctx.uow.meetings.items.named(name)
    meeting = _for_me(ctx, ctx.uow.meetings.get(item.meeting_id))
    if item.by_person != ctx.person.id and not ctx.person.roles & COORDINATORS:
        raise Refused("not_your_item", {"item": item})
    if ctx.forum in MEETING_FORUMS and ctx.forum is not meeting.forum:
        raise Invalid("agenda_elsewhere", {"meeting": meeting})
    _check_open(meeting)
    if meeting.state is MeetingState.CALLED and not ctx.person.roles & COORDINATORS:
        raise Conflict("agenda_called", {"meeting": meeting})  # people have prepared for it
    if item.withdrawn:
        raise Conflict("item_dropped", {"item": item})
    return item


def _check_open(meeting: Meeting) -> None:
    if not meeting.state.is_to_come:
        raise Conflict("agenda_closed", {"meeting": meeting})


def _announced(ctx: Context, meeting: Meeting, item: AgendaItem) -> Iterable[Message]:
    """Tell once, in the call's own thread, what has come to the agenda after the call."""
    if not item.addition or ctx.uow.people.room(meeting.forum) is None:
        return
    key = f"addition/{meeting.short_id}/{item.short_id}"
    if ctx.uow.outbox.by_key(key) is None:
        call = call_key(meeting)
        yield Message(
            template="agenda_addition",
            data={"item": item, "meeting": meeting},
            to=ToForum(forum=meeting.forum),
            key=key,
            thread_of=call if ctx.uow.outbox.by_key(call) is not None else None,
        )


def _last(items: Sequence[AgendaItem]) -> int:
    return max((item.position for item in items), default=0)

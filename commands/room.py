"""`!rum bra`: make the room where it is said the room of a forum."""

from collections.abc import Iterable

from bot.command import Context, Message, command
from bot.domain.errors import Conflict, Invalid
from bot.domain.people import OFFICE, Forum
from bot.domain.question import fold

_FORUMS = {
    "bra": Forum.BRA,
    "samsa": Forum.SAMSA,
    "ledning": Forum.MANAGEMENT,
    "ledningsgrupp": Forum.MANAGEMENT,
    "management": Forum.MANAGEMENT,
    "samordnare": Forum.OFFICE,
    "office": Forum.OFFICE,
}


@command("room", subject="room", may=OFFICE, rooms=frozenset(Forum), anywhere=True)
def room(ctx: Context) -> Iterable[Message]:
    """Bind a forum to this room; without words, show which room each forum has.

    Raises:
        Invalid: `room_form`. Conflict: `room_taken`, by another forum.
    """
    name = fold(ctx.args)
    if not name:
        bound = {forum: ctx.uow.people.room(forum) for forum in Forum}
        yield Message(template="rooms", data={"bound": bound})
        return
    if name not in _FORUMS or ctx.incoming is None or ctx.direct:
        raise Invalid("room_form")
    if ctx.forum not in (None, _FORUMS[name]):
        raise Conflict("room_taken", {"forum": ctx.forum})
    ctx.uow.people.set_room(_FORUMS[name], ctx.rules.platform, ctx.incoming.room)
    yield Message(template="room_set", data={"forum": _FORUMS[name]})

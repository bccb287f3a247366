"""`!kommer`: answer a call by word; a reaction or a reply to the call comes here too."""

from collections.abc import Iterable

from bot.command import Context, Message, command
from bot.council.calls import keep_reply, members
from bot.council.replies import CALL, meeting_of
from bot.domain.errors import Conflict, Invalid, NotFound
from bot.domain.meeting import Meeting, MeetingState
from bot.domain.people import MEETING_FORUMS, MEMBER_ROLES, Forum


@command("rsvp", subject="meeting", may=MEMBER_ROLES, rooms=frozenset(Forum))
def rsvp(ctx: Context) -> Iterable[Message]:
    """Keep the answer: yes, no, maybe, or who comes instead.

    Raises:
        Invalid: `reply_form`. NotFound: `meeting`, `meeting_call_old`, `no_call_here`.
        Conflict: `which_meeting`.
    """
    word, _, rest = ctx.args.strip().partition(" ")
    by_hand = CALL.match(word) is None
    if not by_hand:
        meeting = meeting_of(ctx, word)
    elif ctx.uow.meetings.is_name(word):
        meeting = ctx.uow.meetings.named(word)
    else:
        meeting, rest = _only_one(ctx), ctx.args.strip()
    answer = ctx.words.reply(rest or "ja")
    if answer is None:
        raise Invalid("reply_form")
    if ctx.person.id not in {p.id for p in members(ctx, meeting.forum)}:
        if by_hand:
            raise NotFound("no_call_here")
        return
    if not meeting.is_known:
        raise NotFound("meeting", {"said": meeting.short_id})
    if meeting.state is not MeetingState.CALLED:
        raise NotFound("meeting_call_old", {"meeting": meeting})
    reply, substitute = answer
    yield from keep_reply(ctx, meeting, ctx.person, reply, substitute)
    if by_hand:
        data = {"meeting": meeting, "reply": reply, "substitute": substitute}
        yield Message(template="reply_kept", data=data)


def _only_one(ctx: Context) -> Meeting:
    """Find the call that is meant: this room's, or the only one that this person has."""
    forum = ctx.forum if ctx.forum in MEETING_FORUMS else None
    called = [
        m
        for m in ctx.uow.meetings.to_come(ctx.now, forum)
        if m.state is MeetingState.CALLED and ctx.person.roles & m.forum.members
    ]
    if not called:
        raise NotFound("no_call_here")
    if forum is None and len(called) > 1:
        raise Conflict("which_meeting", {"meetings": called})
    return called[0]

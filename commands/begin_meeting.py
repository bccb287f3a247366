"""The clock opens a meeting in its room: the agenda, and the thread where its notes are written."""

from collections.abc import Iterable

from bot.command import Context, Message, ToForum, command
from bot.council.agendas import compose
from bot.council.notes import begin_key
from bot.domain.meeting import MeetingState
from bot.round.form import to_office


@command("begin_meeting", subject="meeting", listed=False)
def begin_meeting(ctx: Context) -> Iterable[Message]:
    """Open what was called; after downtime longer than the meeting it has begun in silence."""
    assert ctx.occurrence is not None
    meeting = ctx.uow.meetings.get(ctx.occurrence.subject_id or 0)
    if meeting.state is MeetingState.PLANNED:
        yield to_office("meeting_not_called", {"meeting": meeting})
    if meeting.state is not MeetingState.CALLED or meeting.starts_at > ctx.now:
        return
    ctx.uow.meetings.save(meeting.to(MeetingState.BEGUN))
    if ctx.now >= meeting.ends_at:
        return
    if ctx.uow.people.room(meeting.forum) is None:
        yield to_office("meeting_no_thread", {"meeting": meeting})
        return
    room, root = ToForum(forum=meeting.forum), begin_key(meeting)
    data = {"meeting": meeting, "points": compose(ctx, meeting)}
    yield Message(template="meeting_begins", data=data, to=room, key=root)
    yield Message(
        template="meeting_howto",
        data={"meeting": meeting},
        to=room,
        key=f"{root}/howto",
        thread_of=root,
    )

"""Remind of a meeting the working day before: when, where, and who has not answered."""

from collections.abc import Iterable

from bot.command import Context, Message, ToForum, ToMail, command
from bot.council.calls import outside, who_comes
from bot.domain.meeting import MeetingState, Reply
from bot.round.form import to_office


@command("remind_meeting", subject="meeting", listed=False)
def remind_meeting(ctx: Context) -> Iterable[Message]:
    """Remind once a time; whoever has said no is left alone, and the coordinator sees who comes."""
    assert ctx.occurrence is not None
    meeting = ctx.uow.meetings.get(ctx.occurrence.subject_id or 0)
    if meeting.state is not MeetingState.CALLED:
        return
    comes = who_comes(ctx, meeting)
    data = {"meeting": meeting, "comes": comes}
    key = f"remind/{meeting.short_id}/{meeting.asked}"
    if ctx.uow.people.room(meeting.forum) is not None:
        room = ToForum(forum=meeting.forum)
        yield Message(template="meeting_reminder", data=data, to=room, key=key)
    declined = {
        r.person_id
        for r in ctx.uow.meetings.rsvps(meeting)
        if r.asked == meeting.asked and r.reply is Reply.NO
    }
    for person in outside(ctx, meeting.forum):
        if person.id not in declined:
            yield Message(
                template="mail_meeting_reminder",
                data={**data, "person": person},
                to=ToMail(person_id=person.id),
            )
    yield to_office("meeting_tomorrow", data)

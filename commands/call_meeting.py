"""Call the members to a meeting, at its lead time: agenda, newest report and calendar entry."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from bot.command import Context, Message, command
from bot.council.calls import send_call
from bot.domain.meeting import MeetingState
from bot.domain.meeting_clock import call_time

LATE = timedelta(days=1)
"""A call this much after its lead time says that it is late."""


@command("call_meeting", subject="meeting", listed=False)
def call_meeting(ctx: Context) -> Iterable[Message]:
    """Send the call once; one that is late because the bot was down says so."""
    assert ctx.occurrence is not None
    meeting = ctx.uow.meetings.get(ctx.occurrence.subject_id or 0)
    if meeting.state is not MeetingState.PLANNED:
        return
    wanted = call_time(meeting, ctx.rules.meetings, ctx.calendar)
    called = replace(meeting.to(MeetingState.CALLED), called_at=ctx.now).issued()
    ctx.uow.meetings.save(called)
    yield from send_call(ctx, called, late=ctx.now - wanted > LATE)

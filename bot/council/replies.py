"""Answers to a call, in whatever way people give them: a reaction, a reply, a word in its thread.

What an answer means for the meeting stands in domain/meeting.py.
"""

import re

from bot.command import Context
from bot.domain.errors import NotFound
from bot.domain.meeting import Meeting, MeetingState
from bot.ports import IncomingMessage
from storage.outbox import Queued

CALL = re.compile(r"(?:call|remind)/m\d+")
"""How the keys of messages begin that may be answered by a reaction, a reply or a word in their
thread: calls, new times, reminders of a meeting. A round's reminders name a month."""


def is_call(row: Queued) -> bool:
    """Tell whether a message asks whether people come."""
    return row.kind == "text" and CALL.match(row.key) is not None


def called_in(ctx: Context, event: IncomingMessage) -> Queued | None:
    """Find the call that an event replies to, or in whose thread it stands."""
    for event_id in (event.target, event.thread):
        row = ctx.uow.outbox.by_event(event_id) if event_id else None
        if row is not None and is_call(row) and row.room == event.room:
            return row
    return None


def meeting_of(ctx: Context, key: str) -> Meeting:
    """Find the meeting that a message's key is about ("call/m3/1").

    Raises:
        NotFound: `meeting`, where it is to come no more or has another time by now.
    """
    parts = key.split("/")
    meeting = ctx.uow.meetings.named(parts[1])
    asked = parts[2] if len(parts) > 2 else "0"
    if meeting.state is not MeetingState.CALLED or asked != str(meeting.asked):
        raise NotFound("meeting_call_old", {"meeting": meeting})
    return meeting

"""The clock asks for a meeting's notes: the next working day, and on the last day for them."""

from collections.abc import Iterable

from bot.command import Context, Message, command
from bot.council.notes import waiting_draft
from bot.domain.meeting import MeetingState
from bot.round.form import to_office


@command("ask_notes", subject="meeting", listed=False)
def ask_notes(ctx: Context) -> Iterable[Message]:
    """Remind the coordinator while the notes are not approved."""
    assert ctx.occurrence is not None
    meeting = ctx.uow.meetings.get(ctx.occurrence.subject_id or 0)
    if meeting.state is not MeetingState.HELD or meeting.notes_approved:
        return
    late = ctx.occurrence.key.endswith("/2")
    paper = waiting_draft(ctx, meeting)
    if paper is None:
        yield to_office("notes_missing", {"meeting": meeting, "late": late})
    else:
        yield to_office("notes_waiting", {"meeting": meeting, "paper": paper, "late": late})

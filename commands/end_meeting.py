"""`!avsluta`, or the clock an hour after the planned end: a meeting is held, its notes drafted."""

from collections.abc import Iterable
from dataclasses import replace

from bot.command import Context, Errand, Message, command
from bot.council.notes import draft, kept_notes, meeting_here, printing
from bot.council.terms import advance
from bot.domain.errors import Conflict
from bot.domain.meeting import Meeting, MeetingState
from bot.domain.people import COORDINATORS, MEETING_FORUMS, Forum
from bot.round.form import to_office


def prepare(ctx: Context) -> Errand | None:
    """Print the notes, where there are any."""
    meeting = _meeting(ctx)
    return printing(ctx, meeting, kept_notes(ctx, meeting)) if meeting is not None else None


@command(
    "end_meeting",
    subject="meeting",
    may=COORDINATORS,
    rooms=frozenset({*MEETING_FORUMS, Forum.OFFICE}),
    prepare=prepare,
)
def end_meeting(ctx: Context) -> Iterable[Message]:
    """End a meeting and show the coordinator the draft of its notes; later, make the draft anew.

    Raises:
        Conflict: `not_in_meeting`, `meeting_not_begun`, `meeting_notes_closed`. NotFound:
        `meeting`.
    """
    meeting = _meeting(ctx)
    if meeting is None:
        return
    if meeting.state is not MeetingState.HELD:
        meeting = ctx.uow.meetings.save(replace(meeting, state=MeetingState.HELD))
        yield from advance(ctx, meeting)
    if ctx.product is not None:
        yield from draft(ctx, meeting)
    elif ctx.occurrence is None:  # the clock asks for them the next working day
        yield to_office("notes_missing", {"meeting": meeting, "late": False})
    if ctx.incoming is not None and ctx.forum is not Forum.OFFICE:
        yield Message(template="meeting_ended", data={"drafted": ctx.product is not None})


def _meeting(ctx: Context) -> Meeting | None:
    """Tell which meeting is to end; None where the clock is behind what has happened."""
    if ctx.occurrence is not None:
        found = ctx.uow.meetings.get(ctx.occurrence.subject_id or 0)
        begun = found.state in (MeetingState.CALLED, MeetingState.BEGUN)
        return found if begun and found.ends_at <= ctx.now else None
    here = meeting_here(ctx)
    if here is not None:
        return here
    word = ctx.args.strip()
    if not ctx.uow.meetings.is_name(word) or ctx.forum not in (None, Forum.OFFICE):
        raise Conflict("not_in_meeting")
    named = ctx.uow.meetings.named(word)
    if named.state not in (MeetingState.BEGUN, MeetingState.HELD):
        raise Conflict("meeting_not_begun", {"meeting": named})
    if named.notes_approved:
        raise Conflict("meeting_notes_closed", {"meeting": named})
    return named

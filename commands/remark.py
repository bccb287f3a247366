"""`!notering`: a line in a meeting's notes, in its thread or, with `m3` first, from the office."""

from collections.abc import Iterable

from bot.command import Context, Errand, Message, command
from bot.council.notes import (
    draft,
    kept_notes,
    meeting_meant,
    note_of,
    record,
    redrafting,
    withdraw,
)
from bot.domain.agenda import Note, NoteKind
from bot.domain.errors import Conflict
from bot.domain.meeting import Meeting
from bot.domain.people import COORDINATORS, MEETING_FORUMS, Forum
from bot.domain.question import fold


def prepare(ctx: Context) -> Errand | None:
    """Print the notes as they will be, where the meeting has been held."""
    meeting, text = meeting_meant(ctx)
    dropped = _dropped(ctx, meeting, text)
    notes = list(kept_notes(ctx, meeting))
    if dropped is not None:
        notes.remove(dropped)
    elif text:
        notes.append(note_of(ctx, meeting, NoteKind.REMARK, text))
    else:
        return None
    return redrafting(ctx, meeting, notes)


@command(
    "remark",
    subject="note",
    may=COORDINATORS,
    rooms=frozenset({*MEETING_FORUMS, Forum.OFFICE}),
    prepare=prepare,
)
def remark(ctx: Context) -> Iterable[Message]:
    """Write a line; `stryk n4` takes one out; without words list what has been written.

    Raises:
        Conflict: `not_in_meeting`, `meeting_notes_closed`, `not_this_note`. Invalid:
        `note_empty`, `too_long`. NotFound: `meeting`, `note`.
    """
    meeting, text = meeting_meant(ctx)
    dropped = _dropped(ctx, meeting, text)
    if dropped is not None:
        withdraw(ctx, dropped)
        yield Message(template="note_dropped", data={"note": dropped})
    elif text:
        note = record(ctx, meeting, NoteKind.REMARK, text)
        yield Message(template="noted", data={"note": note, "meeting": meeting, "made": None})
    else:
        named = bool(ctx.args.strip())
        data = {"meeting": meeting, "notes": kept_notes(ctx, meeting), "named": named}
        yield Message(template="notes_so_far", data=data)
        return
    yield from draft(ctx, meeting)


def _dropped(ctx: Context, meeting: Meeting, text: str) -> Note | None:
    """Find the note that is to be taken out, if that is what the words say.

    Raises:
        Conflict: `not_this_note`, where it is another meeting's or out already.
    """
    word, _, rest = text.partition(" ")
    if fold(word) not in ("stryk", "drop") or not ctx.uow.meetings.notes.is_name(rest.strip()):
        return None
    named = ctx.uow.meetings.notes.named(rest)
    if named not in kept_notes(ctx, meeting):
        raise Conflict("not_this_note", {"said": rest.strip()})
    return named

"""A meeting's notes: written in its thread, printed, and approved as a paper.

The thread begins with the message that opened the meeting (commands/begin_meeting.py). What a
decision does to a case stands in follow_up.py, a paper's way in papers.py.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.command import Context, Message, Print
from bot.council.agendas import following, items_of, point_with, standing_points
from bot.council.calls import who_comes
from bot.council.follow_up import offer_undo
from bot.council.papers import keep_draft, manuscript_of, preview_paper
from bot.domain.agenda import AgendaItem, Feed, Note, NoteKind
from bot.domain.errors import Conflict, Invalid
from bot.domain.follow_up import Assignment, AssignmentState
from bot.domain.meeting import Meeting, MeetingState
from bot.domain.people import Forum
from bot.handouts import Manuscript
from storage.papers import Paper, PaperKind, PaperState

BEGIN = "begin"
"""Keys of opening messages begin so; each is its thread's first message."""

LONGEST = 1000
"""Signs of one note."""

_POINT = re.compile(r"(\d{1,2})\s*[.:)]\s+(\S.*)", re.DOTALL)
"""A note may name the agenda's point that it belongs to: "4: Lägesbilden godkänns."."""

_FEED_OF = {"a": Feed.CASES, "u": Feed.ASSIGNMENTS, "t": Feed.MEASURES, "b": Feed.DEADLINES}
_FEED_OF |= {"d": Feed.ITEMS}


@dataclass(frozen=True, slots=True, kw_only=True)
class NotedPoint:
    """A point of the agenda as the notes show it: what people had put there, and what was noted."""

    number: int
    heading: Mapping[str, str]
    items: Sequence[AgendaItem]
    notes: Sequence[Note]
    tells_next: bool = False
    """The forum's next meeting stands here."""


def begin_key(meeting: Meeting) -> str:
    """Name the message that opens a meeting and begins its thread."""
    return f"{BEGIN}/{meeting.short_id}"


def meeting_here(ctx: Context) -> Meeting | None:
    """Give the meeting in whose thread this was written, while its notes are open."""
    event = ctx.incoming
    posted = ctx.uow.outbox.by_event(event.thread) if event and event.thread else None
    if event is None or posted is None or posted.room != event.room:
        return None
    if not posted.key.startswith(f"{BEGIN}/"):
        return None
    meeting = ctx.uow.meetings.named(posted.key.split("/")[1])
    return meeting if _is_open(meeting) else None


def meeting_meant(ctx: Context) -> tuple[Meeting, str]:
    """Tell which meeting's notes are written in, and the words for them.

    In the meeting's thread that meeting; in the coordinator's room or one's own the one named
    first: `m3 …`.

    Raises:
        Conflict: `not_in_meeting`, `meeting_notes_closed`. NotFound: `meeting`.
    """
    here = meeting_here(ctx)
    if here is not None:
        return here, ctx.args.strip()
    word, _, rest = ctx.args.strip().partition(" ")
    if not ctx.uow.meetings.is_name(word) or ctx.forum not in (None, Forum.OFFICE):
        raise Conflict("not_in_meeting")
    meeting = ctx.uow.meetings.named(word)
    if not _is_open(meeting):
        raise Conflict("meeting_notes_closed", {"meeting": meeting})
    return meeting, rest.strip()


def note_of(ctx: Context, meeting: Meeting, kind: NoteKind, text: str, *, about: str = "") -> Note:
    """Make a note that is not kept yet; a point's number or an item's id may stand first.

    Raises:
        Invalid: `note_empty`, `too_long`.
    """
    said, point = " ".join(text.split()), 0
    found = _POINT.fullmatch(said)
    if found is not None and 0 < int(found[1]) <= len(standing_points(ctx, meeting)):
        point, said = int(found[1]), found[2]
    first, _, rest = said.partition(" ")
    if not about and rest and _is_item(ctx, meeting, first.rstrip(":.")):
        about, said = first.rstrip(":.").casefold(), rest
    if not said:
        raise Invalid("note_empty")
    if len(said) > LONGEST:
        raise Invalid("too_long", {"longest": LONGEST})
    if not point and about and kind is not NoteKind.ASSIGNMENT:
        point = point_with(ctx, meeting, _FEED_OF[about[0]]) if about[0] in _FEED_OF else 0
    return Note(
        meeting_id=meeting.id,
        kind=kind,
        text=said,
        by_person=ctx.person.id,
        at=ctx.now,
        about=about,
        point=point,
    )


def record(ctx: Context, meeting: Meeting, kind: NoteKind, text: str, about: str = "") -> Note:
    """Keep a note, which its writer may take back for ten minutes.

    Args:
        ctx: who writes, and when.
        meeting: the meeting whose notes it belongs to.
        kind: what it is.
        text: the words; a point's number or an item's id may stand first.
        about: the short id of what it is about, or of what it made.

    Raises:
        Invalid: `note_empty`, `too_long`.
    """
    note = ctx.uow.meetings.notes.add(note_of(ctx, meeting, kind, text, about=about))
    offer_undo(ctx, made=[note])
    return note


def withdraw(ctx: Context, note: Note) -> Meeting:
    """Take a note out of its meeting's notes.

    Raises:
        Conflict: `meeting_notes_closed`, where the notes are approved.
    """
    meeting = ctx.uow.meetings.get(note.meeting_id)
    if not _is_open(meeting):
        raise Conflict("meeting_notes_closed", {"meeting": meeting})
    ctx.uow.meetings.notes.save(replace(note, withdrawn=True))
    return meeting


def check_open(ctx: Context, made: Sequence[str]) -> None:
    """Refuse to take back what was made, where it stands in notes that are approved by now.

    Raises:
        Conflict: `meeting_notes_closed`.
    """
    shelf = ctx.uow.meetings.notes
    for note in [shelf.named(name) for name in made if shelf.is_name(name)]:
        meeting = ctx.uow.meetings.get(note.meeting_id)
        if not _is_open(meeting):
            raise Conflict("meeting_notes_closed", {"meeting": meeting})


def kept_notes(ctx: Context, meeting: Meeting) -> Sequence[Note]:
    """List a meeting's notes, those taken back left out."""
    return [note for note in ctx.uow.meetings.notes_of(meeting) if not note.withdrawn]


def basis(notes: Sequence[Note]) -> str:
    """Name what a draft of the notes stands on, so that a later change is noticed."""
    return ",".join(note.short_id for note in notes)


def printing(ctx: Context, meeting: Meeting, notes: Sequence[Note]) -> Print | None:
    """Ask for the document of a meeting with these notes; None where there are none."""
    return Print(manuscripts=[_manuscript(ctx, meeting, notes)]) if notes else None


def redrafting(ctx: Context, meeting: Meeting, notes: Sequence[Note]) -> Print | None:
    """Ask for the document anew where the meeting has been held already."""
    return printing(ctx, meeting, notes) if meeting.state is MeetingState.HELD else None


def draft(ctx: Context, meeting: Meeting) -> Iterable[Message]:
    """Freeze the notes as a draft and show it to the coordinator; an earlier draft is replaced."""
    if ctx.product is None or not ctx.product.papers:
        return
    manuscript, artifacts = ctx.product.papers[0]
    notes = kept_notes(ctx, meeting)
    same = _manuscript(ctx, meeting, notes) == manuscript
    paper = keep_draft(
        ctx,
        PaperKind.NOTES,
        meeting.short_id,
        audience=meeting.forum,
        text=ctx.words.render("notes", ctx.rules.language, _facts(ctx, meeting, notes)),
        artifacts=artifacts,
        basis=basis(notes) if same else "",  # a note came in while the document was made
    )
    yield from preview_paper(ctx, paper, {"meeting": meeting})


def outdated(ctx: Context, paper: Paper) -> bool:
    """Tell whether a draft of notes is not what the notes say now."""
    meeting = ctx.uow.meetings.named(paper.subject)
    return paper.basis != basis(kept_notes(ctx, meeting))


def waiting_draft(ctx: Context, meeting: Meeting) -> Paper | None:
    """Give the draft of a meeting's notes that waits for approval."""
    papers = ctx.uow.papers.of(PaperKind.NOTES, meeting.short_id)
    return next((p for p in papers if p.state is PaperState.DRAFT), None)


def _is_open(meeting: Meeting) -> bool:
    held = meeting.state is MeetingState.HELD and not meeting.notes_approved
    return meeting.state is MeetingState.BEGUN or held


def _is_item(ctx: Context, meeting: Meeting, word: str) -> bool:
    if not ctx.uow.meetings.items.is_name(word):
        return False
    return any(item.short_id == word.casefold() for item in items_of(ctx, meeting))


def _manuscript(ctx: Context, meeting: Meeting, notes: Sequence[Note]) -> Manuscript:
    """Write the document; the template's first line is its title and the file's name."""
    text = ctx.words.render("papers/notes", ctx.rules.language, _facts(ctx, meeting, notes))
    title, _, _ = text.partition("\n")
    day = meeting.starts_at.astimezone(ctx.calendar.zone).date()
    return replace(manuscript_of(ctx, f"{title}\n{text}"), day=day)


def _facts(ctx: Context, meeting: Meeting, notes: Sequence[Note]) -> Mapping[str, object]:
    return {
        "meeting": meeting,
        "day": meeting.starts_at.astimezone(ctx.calendar.zone).date().isoformat(),
        "comes": who_comes(ctx, meeting),
        "points": _by_point(ctx, meeting, notes),
        "other": [n for n in notes if n.point == 0 and n.kind is not NoteKind.ASSIGNMENT],
        "assignments": _assignments(ctx, notes),
        "decisions": [n for n in notes if n.kind is NoteKind.DECISION],
        "cases": [n for n in notes if n.kind is NoteKind.CASE],
        "next": following(ctx, meeting),
    }


def _by_point(ctx: Context, meeting: Meeting, notes: Sequence[Note]) -> Sequence[NotedPoint]:
    return [
        NotedPoint(
            number=number,
            heading=point.heading,
            items=items_of(ctx, meeting) if Feed.ITEMS in point.feeds else (),
            notes=[note for note in notes if note.point == number],
            tells_next=Feed.NEXT in point.feeds,
        )
        for number, point in enumerate(standing_points(ctx, meeting), start=1)
    ]


def _assignments(ctx: Context, notes: Sequence[Note]) -> Sequence[Assignment]:
    shelf = ctx.uow.follow_ups.assignments
    made = [n for n in notes if n.kind is NoteKind.ASSIGNMENT and shelf.is_name(n.about)]
    given = [shelf.named(n.about) for n in made]
    return [a for a in given if a.state is not AssignmentState.WITHDRAWN]

"""`!beslut`: what a meeting decided, in its thread; about a case BRÅ's assignment, no, or back."""

from collections.abc import Iterable
from datetime import date

from bot.command import Context, Errand, Message, command
from bot.council.follow_up import Decision, decide, offer_undo
from bot.council.notes import draft, kept_notes, meeting_meant, note_of, record, redrafting
from bot.council.typed import due_day, fields, first_word, named, words
from bot.domain.agenda import NoteKind
from bot.domain.errors import Conflict, Invalid
from bot.domain.follow_up import Case
from bot.domain.meeting import Meeting
from bot.domain.people import COORDINATORS, MEETING_FORUMS, Forum
from bot.domain.question import fold

FORM = "decision_form"


def prepare(ctx: Context) -> Errand | None:
    """Print the notes as they will be, where the meeting has been held."""
    meeting, text = meeting_meant(ctx)
    if _case(ctx, meeting, text) is not None:
        return None  # the case changes too: the draft is made anew by `!avsluta`
    return redrafting(
        ctx,
        meeting,
        [*kept_notes(ctx, meeting), note_of(ctx, meeting, NoteKind.DECISION, text)],
    )


@command(
    "decision",
    subject="note",
    may=COORDINATORS,
    rooms=frozenset({*MEETING_FORUMS, Forum.OFFICE}),
    prepare=prepare,
)
def decision(ctx: Context) -> Iterable[Message]:
    """Write down a decision; `a3 uppdrag vad; vem; när`, `a3 avslag skäl`, `a3 återremiss skäl`
    also let the case go its way.

    Raises:
        Conflict: `not_in_meeting`, `meeting_notes_closed`, `case_state`, `decided_elsewhere`.
        Invalid: `note_empty`, `too_long`, `decision_form`, or what dates.py says. NotFound:
        `meeting`, `case`.
    """
    meeting, text = meeting_meant(ctx)
    case = _case(ctx, meeting, text)
    if case is not None:
        yield _decided(ctx, meeting, case, first_word(text)[1])
        return
    note = record(ctx, meeting, NoteKind.DECISION, text)
    yield Message(template="noted", data={"note": note, "meeting": meeting, "made": None})
    yield from draft(ctx, meeting)


def _case(ctx: Context, meeting: Meeting, text: str) -> Case | None:
    """Find the case that is decided on, if the words begin with one.

    Raises:
        NotFound: `case`, where the meeting's forum may not read of it.
    """
    return named(ctx, ctx.uow.follow_ups.cases, first_word(text)[0], meeting.forum)


def _decided(ctx: Context, meeting: Meeting, case: Case, text: str) -> Message:
    """Let BRÅ's decision change the case, and write it down."""
    if meeting.forum is not Forum.BRA:
        raise Conflict("decided_elsewhere", {"case": case})
    word, rest = first_word(text)
    owner, due = "", None
    match fold(word):
        case "uppdrag" | "assignment":
            outcome = Decision.ASSIGNMENT
            what, owner, day = [*fields(rest, form=FORM, least=2, most=3), ""][:3]
            due = due_day(ctx, day)
        case "avslag" | "avsla" | "no" | "reject":
            outcome, what = Decision.REJECTION, words(rest, form=FORM)
        case "aterremiss" | "back" | "referral":
            outcome, what = Decision.REFERRAL, words(rest, form=FORM)
        case _:
            raise Invalid(FORM)
    _, made = decide(ctx, case, outcome, what, owner, due, meeting)
    line = _line(ctx, case, outcome, what, owner, due)
    notes = [record(ctx, meeting, NoteKind.DECISION, line, case.short_id)]
    if made is not None:
        notes.append(record(ctx, meeting, NoteKind.ASSIGNMENT, what, made.short_id))
    offer_undo(ctx, case, made=[*notes, *([made] if made else [])])
    return Message(template="noted", data={"note": notes[0], "meeting": meeting, "made": made})


def _line(
    ctx: Context, case: Case, outcome: Decision, what: str, owner: str, due: date | None
) -> str:
    """Say in the municipality's language what was decided, as plain words for the notes."""
    data = {"case": case, "outcome": outcome, "what": what, "owner": owner, "due": due}
    return ctx.words.render("decision_line", ctx.rules.language, data)

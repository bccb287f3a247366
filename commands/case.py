"""`!ärende`: what units and SAMSA bring up, and how it goes to BRÅ and comes back."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from bot.command import Context, Message, command
from bot.council.follow_up import (
    Decision,
    decide,
    keep,
    leaves,
    offer_undo,
    open_cases,
    propose_case,
)
from bot.council.notes import meeting_here, record
from bot.council.proposals import is_internal, title_without_unit
from bot.council.typed import (
    due_day,
    fields,
    first_word,
    named,
    only_coordinators,
    viewpoint,
    words,
)
from bot.domain.agenda import Note, NoteKind
from bot.domain.errors import Conflict, Invalid
from bot.domain.follow_up import Assignment, Case, CaseState
from bot.domain.people import COORDINATORS, READERS, Forum
from bot.domain.question import fold

CASE_FORM = "case_form"


@command("case", subject="case", may=COORDINATORS | READERS, rooms=frozenset(Forum))
def case(ctx: Context) -> Iterable[Message]:
    """Without words list; `a3` show; `ny titel`; `a3 ta`, `avstå`, `bered`, `till brå`, `ansvar`,
    `beslut`, `avsluta`. In a meeting's thread other words are a new case's title.

    Raises:
        NotFound: `case`. Refused: `coordinator_only`, `wrong_room`. Conflict: `case_state`.
        Invalid: `case_form`, `case_decision_form`, `title_needed`, or what dates.py says.
    """
    place = viewpoint(ctx, "case")
    word, rest = first_word(ctx.args)
    found = named(ctx, ctx.uow.follow_ups.cases, word, place)
    if not word:
        yield Message(template="cases", data={"cases": open_cases(ctx, place), "today": ctx.today})
    elif found and not rest:
        yield Message(template="case", data=_whole(ctx, found, place))
    elif found:
        only_coordinators(ctx)
        yield _change(ctx, found, rest)
    elif fold(word) in ("ny", "nytt", "new"):
        yield _new(ctx, rest)
    elif meeting_here(ctx) is not None:
        yield _new(ctx, ctx.args)
    else:
        raise Invalid(CASE_FORM)


def _new(ctx: Context, text: str) -> Message:
    only_coordinators(ctx)
    meeting = meeting_here(ctx)
    made = propose_case(ctx, words(text, form=CASE_FORM), meeting=meeting)
    notes: list[Note] = []
    if meeting is not None:
        notes.append(record(ctx, meeting, NoteKind.CASE, made.title, made.short_id))
    offer_undo(ctx, made=[made, *notes])
    return _saved(ctx, made, "made")


def _change(ctx: Context, old: Case, text: str) -> Message:
    verb, rest = first_word(text)
    match fold(verb):
        case "ta" | "take":
            title = _title(ctx, old, rest)
            new = replace(old.to(CaseState.PREPARING), title=title)
            return _done(ctx, old, new, CaseState.PREPARING)
        case "rubrik" | "titel" | "title":
            return _done(ctx, old, replace(old, title=words(rest, form=CASE_FORM)), "titled")
        case "avsta" | "drop" | "decline":
            new = old.to(CaseState.DROPPED)
            reason = words(rest, form=CASE_FORM) if rest else ""
            return _done(ctx, old, new, CaseState.DROPPED, reason)
        case "bered" | "prepare":
            if old.state not in (CaseState.PREPARING, CaseState.TO_BRA):
                raise Conflict("case_state", {"case": old, "state": CaseState.PREPARING})
            cause, proposal = fields(rest, form=CASE_FORM, least=2, most=2)
            return _done(ctx, old, replace(old, cause=cause, proposal=proposal), "prepared")
        case "till" | "to":
            if fold(rest) != "bra":
                raise Invalid(CASE_FORM)
            new = replace(old.to(CaseState.TO_BRA), title=_title(ctx, old, ""))
            return _done(ctx, old, new, CaseState.TO_BRA)
        case "ansvar" | "ansvarig" | "owner":
            owner, day = [*fields(rest, form=CASE_FORM, least=1, most=2), ""][:2]
            _open(old)
            new = replace(old, owner=owner, due=due_day(ctx, day))
            return _done(ctx, old, new, "owner", owner)
        case "beslut" | "besluta" | "decision" | "decide":
            return _decided(ctx, old, rest)
        case "oppna" | "reopen":
            return _done(ctx, old, old.to(CaseState.PROPOSED), "reopened")
        case "avsluta" | "stang" | "close":
            reason = words(rest, form=CASE_FORM) if rest else ""
            return _done(ctx, old, old.to(CaseState.CLOSED), CaseState.CLOSED, reason)
        case _:
            raise Invalid(CASE_FORM)


def _title(ctx: Context, old: Case, text: str) -> str:
    """Give the title under which a case leaves the office: the coordinator's, or a neutral one.

    Raises:
        Invalid: `title_needed`, where the answer it comes from is internal.
    """
    if text:
        return words(text, form=CASE_FORM)
    if old.state is not CaseState.PROPOSED:
        return old.title
    if is_internal(ctx, old):
        raise Invalid("title_needed", {"case": old})
    return title_without_unit(ctx, old)


def _decided(ctx: Context, old: Case, text: str) -> Message:
    """Read BRÅ's decision where no meeting's thread is: `uppdrag vad; vem; när`, `avslag skäl`."""
    word, rest = first_word(text)
    assignment: Assignment | None = None
    match fold(word):
        case "uppdrag" | "assignment":
            form = "case_decision_form"
            what, owner, day = [*fields(rest, form=form, least=2, most=3), ""][:3]
            due = due_day(ctx, day)
            new, assignment = decide(ctx, old, Decision.ASSIGNMENT, what, owner, due)
        case "avslag" | "avsla" | "no" | "reject":
            reason = words(rest, form="case_decision_form")
            new, _ = decide(ctx, old, Decision.REJECTION, reason)
        case "aterremiss" | "back" | "referral":
            reason = words(rest, form="case_decision_form")
            new, _ = decide(ctx, old, Decision.REFERRAL, reason)
        case _:
            raise Invalid("case_decision_form")
    offer_undo(ctx, old, made=[assignment] if assignment else [])
    what_happened = "referred" if new.state is CaseState.PREPARING else str(new.state)
    return _saved(ctx, new, what_happened, assignment)


def _open(old: Case) -> None:
    if not old.state.is_open:
        raise Conflict("case_state", {"case": old, "state": old.state})


def _done(ctx: Context, old: Case, new: Case, event: str, text: str = "") -> Message:
    keep(ctx, new, event, text)
    offer_undo(ctx, old)
    return _saved(ctx, new, event)


def _saved(ctx: Context, kept: Case, what: str, assignment: Assignment | None = None) -> Message:
    data = {"case": kept, "what": what, "assignment": assignment}
    return Message(template="case_saved", data=data)


def _whole(ctx: Context, found: Case, place: Forum) -> Mapping[str, object]:
    """Give everything about a case; which unit brought it up is for the office only."""
    inside = place is Forum.OFFICE
    shelves = ctx.uow.follow_ups
    return {
        "case": found,
        "unit": ctx.uow.people.unit(found.unit_id) if inside and found.unit_id else None,
        "internal": inside and is_internal(ctx, found),
        "period": ctx.uow.cycles.get(found.cycle_id).period if found.cycle_id else None,
        "meeting": ctx.uow.meetings.get(found.meeting_id) if found.meeting_id else None,
        "assignments": [a for a in shelves.assignments_of(found.id) if leaves(ctx, a, place)],
        "measures": [m for m in shelves.measures_of(case_id=found.id) if leaves(ctx, m, place)],
        "trail": shelves.trail(found.short_id) if inside else [],
        "today": ctx.today,
    }

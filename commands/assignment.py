"""`!uppdrag`: what somebody is to do and by when; coloured in words, reported, closed."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from bot.command import Context, Message, command
from bot.council.due_clock import not_late
from bot.council.follow_up import case_follows, give, keep, leaves, offer_undo, open_assignments
from bot.council.notes import meeting_here, record
from bot.council.typed import (
    LEVELS,
    due_day,
    fields,
    first_word,
    named,
    only_coordinators,
    viewpoint,
    words,
)
from bot.domain.agenda import Note, NoteKind
from bot.domain.errors import Conflict, Invalid, Refused
from bot.domain.follow_up import Assignment, AssignmentState, Phase
from bot.domain.people import COORDINATORS, READERS, Forum
from bot.domain.question import fold
from bot.round.form import to_office

ASSIGNMENT_FORM = "assignment_form"
MOST_MEMBERS = 12
REPORT = ("rapportera", "rapport", "report")

PHASES = {
    **dict.fromkeys(("kartlagga", "kartlagg", "kartlaggning", "map"), Phase.MAP),
    **dict.fromkeys(("analysera", "analys", "analyse", "analyze"), Phase.ANALYSE),
    **dict.fromkeys(("foresla", "forslag", "propose"), Phase.PROPOSE),
}


@command("assignment", subject="assignment", may=COORDINATORS | READERS, rooms=frozenset(Forum))
def assignment(ctx: Context) -> Iterable[Message]:
    """Without words list; `u3` show; `ny vad; vem; när`; `u3 ta [person]`, `rapportera`,
    `gult`, `flytta`, `grupp`, `fas`, `avsluta`, `dra tillbaka`. In a meeting's thread other words
    give a new one.

    Raises:
        NotFound: `assignment`. Refused: `coordinator_only`, `wrong_room`, `not_your_assignment`.
        Conflict: `assignment_state`, `no_group`, `phase_order`.
        Invalid: `assignment_form`, `group_form`, or what dates.py says.
    """
    place = viewpoint(ctx, "assignment")
    word, rest = first_word(ctx.args)
    found = named(ctx, ctx.uow.follow_ups.assignments, word, place)
    if not word:
        listed = open_assignments(ctx, place)
        yield Message(template="assignments", data={"assignments": listed, "today": ctx.today})
    elif found and not rest:
        yield Message(template="assignment", data=_whole(ctx, found, place))
    elif found:
        yield _change(ctx, found, rest)
        if fold(first_word(rest)[0]) in REPORT and not ctx.person.roles & COORDINATORS:
            told = ctx.uow.follow_ups.assignments.get(found.id)
            yield to_office("assignment_told", {"assignment": told, "person": ctx.person})
    elif fold(word) in ("ny", "nytt", "new"):
        yield _new(ctx, rest)
    elif meeting_here(ctx) is not None:
        yield _new(ctx, ctx.args)
    else:
        raise Invalid(ASSIGNMENT_FORM)


def _new(ctx: Context, text: str) -> Message:
    only_coordinators(ctx)
    what, owner, day = [*fields(text, form=ASSIGNMENT_FORM, least=2, most=3), ""][:3]
    meeting = meeting_here(ctx)
    made = give(ctx, what, owner, due_day(ctx, day), meeting=meeting)
    notes: list[Note] = []
    if meeting is not None:
        notes.append(record(ctx, meeting, NoteKind.ASSIGNMENT, what, made.short_id))
    offer_undo(ctx, made=[made, *notes])
    return _saved(made, "made")


def _change(ctx: Context, old: Assignment, text: str) -> Message:
    verb, rest = first_word(text)
    said = fold(verb)
    if said in ("ta", "tar", "take"):
        return _taken(ctx, old, rest)
    if said in REPORT:
        if old.owner_id != ctx.person.id and not ctx.person.roles & COORDINATORS:
            raise Refused("not_your_assignment", {"assignment": old})
        report = words(rest, form=ASSIGNMENT_FORM)
        new = replace(old.to(AssignmentState.REPORTED), report=report)
        return _moved(ctx, old, new, report)
    only_coordinators(ctx)
    reason = words(rest, form=ASSIGNMENT_FORM) if rest else ""
    match said:
        case _ if said in LEVELS:
            _open(old)
            new = replace(old, level=LEVELS[said])
            return _done(ctx, old, new, f"level_{new.level}", reason)
        case "flytta" | "move":
            _open(old)
            new = replace(old, due=due_day(ctx, words(rest, form=ASSIGNMENT_FORM)))
            not_late(ctx, new)
            return _done(ctx, old, new, "moved", new.due.isoformat() if new.due else "")
        case "grupp" | "group":
            return _grouped(ctx, old, rest)
        case "fas" | "phase":
            _open(old)
            if fold(rest) not in PHASES:
                raise Invalid("group_form")
            new = old.in_phase(PHASES[fold(rest)])
            return _done(ctx, old, new, f"phase_{new.phase}")
        case "avsluta" | "stang" | "close":
            return _moved(ctx, old, old.to(AssignmentState.CLOSED), reason)
        case "oppna" | "reopen":
            return _moved(ctx, old, old.to(AssignmentState.ONGOING), reason, event="reopened")
        case "dra" if fold(first_word(rest)[0]) == "tillbaka":
            new = old.to(AssignmentState.WITHDRAWN)
            return _moved(ctx, old, new, first_word(rest)[1])
        case "withdraw":
            return _moved(ctx, old, old.to(AssignmentState.WITHDRAWN), reason)
        case _:
            raise Invalid(ASSIGNMENT_FORM)


def _taken(ctx: Context, old: Assignment, name: str) -> Message:
    """Let somebody in a forum answer for it; who has it already is not pushed aside.

    The coordinator may name somebody else, such as one outside the chat.
    """
    _open(old)
    if name:
        only_coordinators(ctx)
        other = ctx.uow.people.named(name)
        new = replace(old, owner_id=other.id)
        saved = _done(ctx, old, new, "taken")
        return replace(saved, data={**saved.data, "person": other})
    holder = old.owner_id
    if holder not in (None, ctx.person.id) and not ctx.person.roles & COORDINATORS:
        raise Conflict("assignment_taken", {"assignment": old})
    return _done(ctx, old, replace(old, owner_id=ctx.person.id), "taken")


def _grouped(ctx: Context, old: Assignment, text: str) -> Message:
    """Make it a working group's: members, and the day it ends."""
    _open(old)
    names, day = [*fields(text, form="group_form", least=1, most=2), ""][:2]
    members = tuple(filter(None, (" ".join(m.split()) for m in names.split(","))))
    if not 1 <= len(members) <= MOST_MEMBERS:
        raise Invalid("group_form")
    new = replace(old, members=members, phase=old.phase or Phase.MAP)
    if day:
        new = replace(new, due=due_day(ctx, day))
        not_late(ctx, new)
    return _done(ctx, old, new, "group", ", ".join(members))


def _open(old: Assignment) -> None:
    if not old.state.is_open:
        raise Conflict("assignment_state", {"assignment": old, "state": old.state})


def _moved(
    ctx: Context, old: Assignment, new: Assignment, text: str, *, event: str = ""
) -> Message:
    """Keep a change of state, which the case it came from follows."""
    keep(ctx, new, event or new.state, text)
    case = case_follows(ctx, new, text)
    offer_undo(ctx, old, case)
    return _saved(new, str(new.state), followed=case is not None)


def _done(ctx: Context, old: Assignment, new: Assignment, event: str, text: str = "") -> Message:
    keep(ctx, new, event, text)
    offer_undo(ctx, old)
    return _saved(new, event.partition("_")[0])


def _saved(kept: Assignment, what: str, *, followed: bool = False) -> Message:
    data = {"assignment": kept, "what": what, "followed": followed, "person": None}
    return Message(template="assignment_saved", data=data)


def _whole(ctx: Context, found: Assignment, place: Forum) -> Mapping[str, object]:
    """Give everything about an assignment; who has taken it and its trail are for the office."""
    inside = place is Forum.OFFICE
    shelves = ctx.uow.follow_ups
    case = shelves.cases.get(found.case_id) if found.case_id else None
    rows = shelves.measures_of(assignment_id=found.id)
    return {
        "assignment": found,
        "person": ctx.uow.people.get(found.owner_id) if inside and found.owner_id else None,
        "case": case if case and leaves(ctx, case, place) else None,
        "period": ctx.uow.cycles.get(found.cycle_id).period if found.cycle_id else None,
        "meeting": ctx.uow.meetings.get(found.meeting_id) if found.meeting_id else None,
        "measures": [row for row in rows if leaves(ctx, row, place)],
        "trail": shelves.trail(found.short_id) if inside else [],
        "today": ctx.today,
    }

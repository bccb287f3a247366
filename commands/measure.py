"""`!åtgärd`: the action plan in Brå's own columns, each row linked to what it comes from."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from bot.command import Context, Message, Print, command
from bot.council.due_clock import not_late
from bot.council.follow_up import keep, leaves, offer_undo, plan_measure
from bot.council.notes import meeting_here
from bot.council.papers import manuscript_of
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
from bot.domain.errors import Conflict, Invalid, Refused
from bot.domain.follow_up import Measure, MeasureState, Prevention
from bot.domain.people import COORDINATORS, READERS, Forum
from bot.domain.question import fold

MEASURE_FORM = "measure_form"
MOST_IN_FULL = 5
"""Rows of the plan that a message shows with all their columns."""

PREVENTIONS = {
    **dict.fromkeys(("social", "socialt", "sociala"), Prevention.SOCIAL),
    **dict.fromkeys(("situationell", "situationellt", "situational"), Prevention.SITUATIONAL),
}

FOLLOW_UP = (("folj", "upp"), ("follow", "up"))


def _paper(ctx: Context) -> Print | None:
    """Ask for the plan as a document; it is for the office and for one's own room only."""
    if fold(ctx.args) != "pdf":
        return None
    place = viewpoint(ctx, "measure")
    if not ctx.direct and place is not Forum.OFFICE:
        raise Refused("wrong_room", {"verb": "measure"})
    rows = _open_rows(ctx, place)
    if not rows:
        return None
    boards = sorted({row.board for row in rows})
    data = {
        "boards": [(board, [r for r in rows if r.board == board]) for board in boards],
        "today": ctx.today,
        "day": ctx.today.isoformat(),
    }
    text = ctx.words.render("papers/action_plan", ctx.rules.language, data)
    return Print(manuscripts=[manuscript_of(ctx, text)])


@command(
    "measure",
    subject="measure",
    may=COORDINATORS | READERS,
    rooms=frozenset(Forum),
    prepare=_paper,
)
def measure(ctx: Context) -> Iterable[Message]:
    """Without words list; `t3` show; `ny` with the columns; `t3 pågår`, `följ upp`, `gult`, `klar`,
    `avbryt`, `flytta`; `pdf` gives the whole plan as a file.

    Raises:
        NotFound: `measure`, and what the link names. Refused: `coordinator_only`, `wrong_room`.
        Conflict: `measure_state`. Invalid: `measure_form`, or what dates.py says.
    """
    place = viewpoint(ctx, "measure")
    word, rest = first_word(ctx.args)
    found = named(ctx, ctx.uow.follow_ups.measures, word, place)
    if ctx.product is not None and ctx.product.papers:
        for artifact in ctx.product.papers[0][1]:
            kept = ctx.uow.papers.keep(artifact)
            yield Message(template="action_plan_file", artifact_id=kept, verbatim="")
    elif not word or fold(ctx.args) == "pdf":
        rows = _open_rows(ctx, place)
        data = {"measures": rows, "full": len(rows) <= MOST_IN_FULL, "today": ctx.today}
        yield Message(template="measures", data=data)
    elif found and not rest:
        yield Message(template="measure", data=_whole(ctx, found, place))
    elif found:
        only_coordinators(ctx)
        yield _change(ctx, found, rest)
    elif fold(word) in ("ny", "nytt", "new"):
        only_coordinators(ctx)
        yield _new(ctx, rest)
    else:
        raise Invalid(MEASURE_FORM)


def _open_rows(ctx: Context, place: Forum) -> Sequence[Measure]:
    return [m for m in ctx.uow.follow_ups.open_measures() if leaves(ctx, m, place)]


def _new(ctx: Context, text: str) -> Message:
    said = [*fields(text, form=MEASURE_FORM, least=8, most=9), ""]
    cause, action, goal, day, owner, follow_up, kind, board, origin = said[:9]
    if fold(kind) not in PREVENTIONS:
        raise Invalid(MEASURE_FORM)
    meeting = meeting_here(ctx)
    row = Measure(
        cause=cause,
        action=action,
        goal=goal,
        due=due_day(ctx, day),
        owner=owner,
        board=board,
        follow_up=follow_up,
        prevention=PREVENTIONS[fold(kind)],
        meeting_id=meeting.id if meeting else None,
    )
    made = plan_measure(ctx, _linked(ctx, row, origin), meeting=meeting)
    offer_undo(ctx, made=[made])
    return _saved(made, "made")


def _linked(ctx: Context, row: Measure, origin: str) -> Measure:
    """Link a row to the assignment, case or meeting that it comes from, and to their report."""
    shelves = ctx.uow.follow_ups
    if not origin:
        return row
    if shelves.assignments.is_name(origin):
        given = shelves.assignments.named(origin)
        return replace(
            row,
            assignment_id=given.id,
            case_id=given.case_id,
            meeting_id=row.meeting_id or given.meeting_id,
            cycle_id=given.cycle_id,
        )
    if shelves.cases.is_name(origin):
        case = shelves.cases.named(origin)
        meeting_id = row.meeting_id or case.meeting_id
        return replace(row, case_id=case.id, meeting_id=meeting_id, cycle_id=case.cycle_id)
    if ctx.uow.meetings.is_name(origin):
        return replace(row, meeting_id=ctx.uow.meetings.named(origin).id)
    raise Invalid(MEASURE_FORM)


def _change(ctx: Context, old: Measure, text: str) -> Message:
    verb, rest = first_word(text)
    said = fold(verb)
    reason = words(rest, form=MEASURE_FORM) if rest else ""
    match said:
        case "pagar" | "ongoing" | "started":
            new = old.to(MeasureState.ONGOING)
            return _done(ctx, old, new, MeasureState.ONGOING, reason)
        case _ if (said, fold(first_word(rest)[0])) in FOLLOW_UP:
            found = words(first_word(rest)[1], form=MEASURE_FORM)
            return _done(ctx, old, replace(old, outcome=found), "followed", found)
        case "klar" | "klart" | "genomford" | "done":
            new = replace(old.to(MeasureState.DONE), outcome=reason or old.outcome)
            return _done(ctx, old, new, MeasureState.DONE, reason)
        case "avbryt" | "avbruten" | "stop":
            new = old.to(MeasureState.STOPPED)
            return _done(ctx, old, new, MeasureState.STOPPED, reason)
        case _ if not old.state.is_open:
            raise Conflict("measure_state", {"measure": old, "state": old.state})
        case "flytta" | "move":
            new = replace(old, due=due_day(ctx, words(rest, form=MEASURE_FORM)))
            not_late(ctx, new)
            return _done(ctx, old, new, "moved", new.due.isoformat() if new.due else "")
        case _ if said in LEVELS:
            new = replace(old, level=LEVELS[said])
            return _done(ctx, old, new, f"level_{new.level}", reason)
        case _:
            raise Invalid(MEASURE_FORM)


def _done(ctx: Context, old: Measure, new: Measure, event: str, text: str) -> Message:
    keep(ctx, new, event, text)
    offer_undo(ctx, old)
    return _saved(new, event.partition("_")[0])


def _saved(kept: Measure, what: str) -> Message:
    return Message(template="measure_saved", data={"measure": kept, "what": what})


def _whole(ctx: Context, found: Measure, place: Forum) -> Mapping[str, object]:
    """Give everything about a row of the plan; its trail is for the office."""
    shelves = ctx.uow.follow_ups
    inside = place is Forum.OFFICE
    given = shelves.assignments.get(found.assignment_id) if found.assignment_id else None
    case = shelves.cases.get(found.case_id) if found.case_id else None
    return {
        "measure": found,
        "assignment": given if given and leaves(ctx, given, place) else None,
        "case": case if case and leaves(ctx, case, place) else None,
        "meeting": ctx.uow.meetings.get(found.meeting_id) if found.meeting_id else None,
        "period": ctx.uow.cycles.get(found.cycle_id).period if found.cycle_id else None,
        "trail": shelves.trail(found.short_id) if inside else [],
        "today": ctx.today,
    }

"""What becomes of cases, assignments and measures: each change with its step in the trail.

Also what is open for whom. Rules of states stand in domain/follow_up.py, how people's words are
read in typed.py, what units propose in proposals.py, and when the clock reminds in due_clock.py.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from enum import StrEnum

from bot.command import Context
from bot.council.due_clock import not_late
from bot.council.proposals import is_internal
from bot.domain.agenda import Note
from bot.domain.cycle import Cycle
from bot.domain.follow_up import (
    CASE_STEPS,
    Assignment,
    AssignmentState,
    Case,
    CaseState,
    Level,
    Measure,
    MeasureState,
    most_urgent,
)
from bot.domain.meeting import Meeting
from bot.domain.people import Forum
from bot.domain.report import FollowUpLine

Thing = Case | Assignment | Measure

SOON = timedelta(days=30)
"""A measure due within so long is on the agenda."""


class Decision(StrEnum):
    """What BRÅ may decide about a case."""

    ASSIGNMENT = "assignment"
    REJECTION = "rejection"
    REFERRAL = "referral"
    """Återremiss: back to SAMSA, to be prepared further."""


_DECIDED = {
    Decision.ASSIGNMENT: (CaseState.ONGOING, "decided"),
    Decision.REJECTION: (CaseState.REJECTED, "rejected"),
    Decision.REFERRAL: (CaseState.PREPARING, "referred"),
}
"""What a decision makes of a case, and the step in its trail."""


# Changes


def keep(
    ctx: Context, thing: Thing, event: str, text: str = "", *, meeting: Meeting | None = None
) -> None:
    """Store what has changed, with a step in its trail; `event` is a word of [names.trail]."""
    shelves = ctx.uow.follow_ups
    match thing:
        case Case():
            shelves.cases.save(thing)
        case Assignment():
            shelves.assignments.save(thing)
        case Measure():
            shelves.measures.save(thing)
    by = ctx.actor.id if ctx.actor else None
    meeting_id = meeting.id if meeting else None
    shelves.note(thing.short_id, event, at=ctx.now, by=by, text=text, meeting_id=meeting_id)


def give(
    ctx: Context,
    text: str,
    owner: str,
    due: date | None,
    *,
    case: Case | None = None,
    meeting: Meeting | None = None,
    cycle: Cycle | None = None,
) -> Assignment:
    """Give an assignment to a role; it comes from a case's round where no other is named."""
    made = ctx.uow.follow_ups.assignments.add(
        Assignment(
            text=text,
            owner=owner,
            due=due,
            case_id=case.id if case else None,
            meeting_id=meeting.id if meeting else None,
            cycle_id=cycle.id if cycle else case.cycle_id if case else None,
        )
    )
    keep(ctx, made, "given", meeting=meeting)
    not_late(ctx, made)
    return made


def propose_case(ctx: Context, title: str, *, meeting: Meeting | None = None) -> Case:
    """Bring a case up by hand: it is prepared in SAMSA, but what the management group brings up
    waits for the coordinator to take it there."""
    waits = meeting is not None and meeting.forum is Forum.MANAGEMENT
    made = ctx.uow.follow_ups.cases.add(
        Case(
            title=title,
            state=CaseState.PROPOSED if waits else CaseState.PREPARING,
            wanted=Forum.SAMSA,
            meeting_id=meeting.id if meeting else None,
        )
    )
    keep(ctx, made, "brought_up", meeting=meeting)
    return made


def plan_measure(ctx: Context, measure: Measure, *, meeting: Meeting | None = None) -> Measure:
    """Put a row into the action plan."""
    made = ctx.uow.follow_ups.measures.add(measure)
    keep(ctx, made, MeasureState.PLANNED, meeting=meeting)
    not_late(ctx, made)
    return made


def decide(
    ctx: Context,
    case: Case,
    outcome: Decision,
    text: str,
    owner: str = "",
    due: date | None = None,
    meeting: Meeting | None = None,
) -> tuple[Case, Assignment | None]:
    """Let BRÅ decide about a case: an assignment (what, to whom, by when), no, or back to SAMSA.

    Raises:
        Conflict: `case_state`, where it has not been sent to BRÅ.
    """
    state, event = _DECIDED[outcome]
    decided = replace(case.to(state), decision=text)
    if meeting is not None:
        decided = replace(decided, meeting_id=meeting.id)
    if outcome is Decision.ASSIGNMENT:
        decided = replace(decided, owner=owner, due=due)
    keep(ctx, decided, event, text, meeting=meeting)
    if outcome is not Decision.ASSIGNMENT:
        return decided, None
    return decided, give(ctx, text, owner, due, case=decided, meeting=meeting)


def case_follows(ctx: Context, assignment: Assignment, text: str = "") -> Case | None:
    """Let the case that an assignment came from go as far as all its assignments have come.

    Returns:
        The case as it was, where it moved.
    """
    if assignment.case_id is None:
        return None
    case = ctx.uow.follow_ups.cases.get(assignment.case_id)
    states = {a.state for a in ctx.uow.follow_ups.assignments_of(case.id)}
    state = CaseState.CLOSED
    if AssignmentState.ONGOING in states:
        state = CaseState.ONGOING
    elif AssignmentState.REPORTED in states:
        state = CaseState.REPORTED
    if state not in CASE_STEPS[case.state]:
        return None
    keep(ctx, case.to(state), state, text)
    return case


def offer_undo(ctx: Context, *was: Thing | None, made: Sequence[Thing | Note] = ()) -> None:
    """Let the actor take back a change for ten minutes: `was` is how it stood, `made` is new."""
    shelves = ctx.uow.follow_ups
    kept = []
    for thing in was:
        match thing:
            case Case():
                kept.append([thing.short_id, shelves.cases.as_kept(thing)])
            case Assignment():
                kept.append([thing.short_id, shelves.assignments.as_kept(thing)])
            case Measure():
                kept.append([thing.short_id, shelves.measures.as_kept(thing)])
    new = [f"n{thing.id}" if isinstance(thing, Note) else thing.short_id for thing in made]
    ctx.uow.marks.offer_undo(ctx.person.id, "follow_up", {"was": kept, "made": new}, ctx.now)


def take_back(
    ctx: Context, was: Sequence[tuple[str, Mapping[str, object]]], made: Sequence[str]
) -> None:
    """Undo: let what changed be as it was; what was made is dropped, and stays in the trail."""
    shelves = ctx.uow.follow_ups
    for name in made:
        match name[0]:
            case "n":
                note = ctx.uow.meetings.notes.named(name)
                ctx.uow.meetings.notes.save(replace(note, withdrawn=True))
            case "a":
                dropped = replace(shelves.cases.named(name), state=CaseState.DROPPED)
                keep(ctx, dropped, "undone")
            case "u":
                given = shelves.assignments.named(name)
                keep(ctx, replace(given, state=AssignmentState.WITHDRAWN), "undone")
            case "t":
                row = shelves.measures.named(name)
                keep(ctx, replace(row, state=MeasureState.STOPPED), "undone")
    for name, before in was:
        match name[0]:
            case "a":
                keep(ctx, shelves.cases.put_back(before), "undone")
            case "u":
                keep(ctx, shelves.assignments.put_back(before), "undone")
            case "t":
                keep(ctx, shelves.measures.put_back(before), "undone")


# What is open, and for whom


def leaves(ctx: Context, thing: Thing, forum: Forum) -> bool:
    """Tell whether a forum may read of it: what the management group took up stays there, and what
    a unit proposes stays with the coordinator until it is taken."""
    if forum is Forum.OFFICE:
        return True
    if isinstance(thing, Case):
        untaken = thing.state in (CaseState.PROPOSED, CaseState.DROPPED)
        return not untaken or (forum is Forum.MANAGEMENT and thing.unit_id is None)
    if thing.meeting_id is None or forum is Forum.MANAGEMENT:
        return True
    return ctx.uow.meetings.get(thing.meeting_id).forum is not Forum.MANAGEMENT


def open_cases(ctx: Context, forum: Forum) -> Sequence[Case]:
    """List the open cases that a forum may read of, the oldest first."""
    return [case for case in ctx.uow.follow_ups.open_cases() if leaves(ctx, case, forum)]


def open_assignments(ctx: Context, forum: Forum) -> Sequence[Assignment]:
    """List the open assignments that a forum may read of, the overdue first."""
    found = [a for a in ctx.uow.follow_ups.open_assignments() if leaves(ctx, a, forum)]
    return most_urgent(found, ctx.today)


def cases_for(ctx: Context, forum: Forum) -> Sequence[Case]:
    """List what a meeting is to talk about: SAMSA prepares, BRÅ decides."""
    states = {Forum.SAMSA: CaseState.PREPARING, Forum.BRA: CaseState.TO_BRA}
    return [case for case in open_cases(ctx, forum) if case.state is states.get(forum)]


def measures_due(ctx: Context, forum: Forum = Forum.BRA) -> Sequence[Measure]:
    """List the rows of the action plan that fall due soon or do not go as planned, urgent first."""
    last = ctx.today + SOON
    found = [
        m
        for m in ctx.uow.follow_ups.open_measures()
        if leaves(ctx, m, forum)
        and (m.level is not Level.GREEN or (m.due is not None and m.due <= last))
    ]
    return sorted(found, key=lambda m: (m.due or date.max, m.id))


def report_lines(ctx: Context, forum: Forum) -> Sequence[FollowUpLine]:
    """List section 8 of the report: open assignments, then open cases.

    The BRÅ edition also has what units propose, but for what is marked internal; the SAMSA edition
    only what the coordinator has taken and titled.
    """
    cases = list(open_cases(ctx, forum))
    if forum is Forum.BRA:
        waiting = [c for c in ctx.uow.follow_ups.open_cases() if c.state is CaseState.PROPOSED]
        of_units = [c for c in waiting if c.unit_id is not None and not is_internal(ctx, c)]
        cases += {c.title: c for c in of_units}.values()  # wished for both forums: one line
    return [
        *(
            FollowUpLine(
                kind="assignment",
                short_id=a.short_id,
                title=a.text,
                owner=a.owner,
                due=a.due,
                state=a.state,
                level=a.level,
                overdue=a.overdue(ctx.today),
            )
            for a in open_assignments(ctx, forum)
        ),
        *(
            FollowUpLine(
                kind="case",
                short_id=c.short_id,
                title=c.title,
                owner=c.owner,
                due=c.due,
                state=c.state,
            )
            for c in cases
        ),
    ]

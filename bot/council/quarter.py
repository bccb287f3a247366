"""The quarter for the management group: what was approved, decided and given out, as two papers.

What is counted stands in domain/quarter.py, a paper's way to its readers in papers.py.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from bot.command import Context, Message, Print, Rules
from bot.council.papers import EXECUTIVE, keep_draft, manuscript_of, preview_paper
from bot.domain.agenda import Note, NoteKind
from bot.domain.calendar import WorkCalendar
from bot.domain.cycle import Cycle, CycleState, Submission, SubmissionState
from bot.domain.follow_up import Assignment, Level, Measure, MeasureState, most_urgent
from bot.domain.meeting import Meeting, MeetingState
from bot.domain.meeting_rule import lead
from bot.domain.people import Forum
from bot.domain.quarter import Presentation, Quarter, Round, compile_quarter
from bot.domain.report import Audience
from bot.domain.schedule import Occurrence
from bot.handouts import Manuscript
from storage.papers import Paper, PaperKind, PaperState
from storage.unit_of_work import UnitOfWork

FORM = "monthly"
MONTHS_READ = 12
"""Months before the quarter that are read, so that internal marks pass on as in the reports."""

DRAFTED_DAYS, REMINDED_DAYS = 10, 3
"""Calendar days before the management group's meeting, counted back to a working day: three days
before its call the coordinator has the drafts, and three days before the meeting a last word."""

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """A meeting of the quarter with what was decided there."""

    meeting: Meeting
    decisions: Sequence[Note]


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarterFacts:
    """Everything that the two papers tell. `basis` names the editions that it stands on."""

    picture: Presentation
    decided: Sequence[Decided]
    given: Sequence[Assignment]
    """Assignments given in the quarter, as they stand now."""
    assignments: Sequence[Assignment]
    """All open assignments, the most urgent first."""
    boards: Sequence[tuple[str, Sequence[Measure]]]
    """Every row of the action plan, by nämnd."""
    basis: str

    @property
    def decisions(self) -> int:
        """How many decisions were taken."""
        return sum(len(decided.decisions) for decided in self.decided)

    @property
    def measure_states(self) -> Sequence[tuple[int, MeasureState]]:
        """How many measures there are in each state that any is in."""
        states = [measure.state for _, measures in self.boards for measure in measures]
        return [(states.count(state), state) for state in MeasureState if state in states]

    @property
    def astray(self) -> int:
        """How many open measures do not go as planned."""
        rows = [measure for _, measures in self.boards for measure in measures]
        return sum(row.state.is_open and row.level is not Level.GREEN for row in rows)


def quarters(
    uow: UnitOfWork, rules: Rules, calendar: WorkCalendar, now: datetime
) -> Iterable[Occurrence]:
    """List when the drafts are made, and the last word, before each meeting of the group."""
    for meeting in uow.meetings.to_come(now, Forum.MANAGEMENT):
        day = meeting.starts_at.astimezone(calendar.zone).date()
        drafted, reminded = (
            calendar.at(lead(day, days, calendar), rules.meetings.at)
            for days in (DRAFTED_DAYS, REMINDED_DAYS)
        )
        for number, at, before in (
            (1, drafted, reminded),
            (2, reminded, meeting.starts_at),
        ):
            yield Occurrence(
                key=f"quarter_due/{meeting.short_id}/{number}",
                verb="quarter_due",
                at=at,
                subject_id=meeting.id,
                before=before,
            )


def facts_of(ctx: Context, quarter: Quarter) -> QuarterFacts:
    """Gather a quarter from what is stored now."""
    follow_ups = ctx.uow.follow_ups
    measures = [m for m in follow_ups.measures.where() if m.state.is_open or not _undone(ctx, m)]
    given = [
        a
        for a in follow_ups.assignments.where()
        if _given_on(ctx, a) in quarter and (a.state.is_open or not _undone(ctx, a))
    ]
    cycles = _cycles(ctx, quarter)
    editions = {c.id: e for c in cycles if (e := _newest(ctx, c)) is not None}
    rounds = [
        Round(
            period=cycle.period,
            approved=cycle.id in editions,
            submissions=_submissions(ctx, cycle, editions.get(cycle.id)),
        )
        for cycle in cycles
    ]
    return QuarterFacts(
        picture=compile_quarter(
            quarter=quarter,
            rounds=rounds,
            units=ctx.uow.people.all_units(),
            form=ctx.question_sets[FORM],
            joined=ctx.rules.round.joined,
        ),
        decided=_decided(ctx, quarter),
        given=given,
        assignments=most_urgent(follow_ups.open_assignments(), ctx.today),
        boards=[
            (board, [m for m in measures if m.board == board])
            for board in sorted({m.board for m in measures})
        ],
        basis=",".join(str(editions[c.id][0]) for c in cycles if c.id in editions),
    )


def manuscripts(ctx: Context, facts: QuarterFacts) -> Print:
    """Write the two documents: the management group's, and the follow-up as a whole."""
    return Print(
        manuscripts=[_manuscript(ctx, facts, whole=False), _manuscript(ctx, facts, whole=True)]
    )


def draft(ctx: Context, facts: QuarterFacts) -> Iterable[Message]:
    """Freeze both papers with the documents just made, and show them to the coordinator."""
    assert ctx.product is not None
    kinds = ((PaperKind.QUARTER, Forum.MANAGEMENT), (PaperKind.FOLLOW_UP, EXECUTIVE))
    for (kind, audience), (_, artifacts) in zip(kinds, ctx.product.papers, strict=True):
        data = {**_data(ctx, facts), "whole": kind is PaperKind.FOLLOW_UP}
        paper = keep_draft(
            ctx,
            kind,
            facts.picture.quarter.key,
            audience=audience,
            text=ctx.words.render("quarter", ctx.rules.language, data),
            artifacts=artifacts,
            basis=facts.basis,
        )
        yield from preview_paper(ctx, paper)


def newest_paper(ctx: Context, quarter: Quarter) -> Paper | None:
    """Give the management group's latest paper about a quarter, draft or approved."""
    papers = ctx.uow.papers.of(PaperKind.QUARTER, quarter.key)
    return papers[-1] if papers else None


def is_approved(ctx: Context, quarter: Quarter) -> bool:
    """Tell whether the management group has got the quarter."""
    papers = ctx.uow.papers.of(PaperKind.QUARTER, quarter.key)
    return any(paper.state is PaperState.APPROVED for paper in papers)


def _manuscript(ctx: Context, facts: QuarterFacts, *, whole: bool) -> Manuscript:
    """Write one of the two documents."""
    template = "papers/follow_up" if whole else "papers/quarter"
    return manuscript_of(ctx, ctx.words.render(template, ctx.rules.language, _data(ctx, facts)))


def _data(ctx: Context, facts: QuarterFacts) -> Mapping[str, object]:
    return {
        "facts": facts,
        "picture": facts.picture,
        "quarter": facts.picture.quarter,
        "municipality": ctx.rules.municipality,
        "form": ctx.question_sets[FORM],
        "today": ctx.today,
    }


def _cycles(ctx: Context, quarter: Quarter) -> Sequence[Cycle]:
    """List the real rounds that have opened about the quarter or the year before it, in order."""
    first = quarter.first
    for _ in range(MONTHS_READ):
        first = (first - _DAY).replace(day=1)
    found = [
        cycle
        for cycle in ctx.uow.cycles.all()
        if not cycle.rehearsal
        and cycle.state is not CycleState.PLANNED
        and first <= cycle.period.first <= quarter.end
    ]
    return sorted(found, key=lambda cycle: cycle.period)


def _newest(ctx: Context, cycle: Cycle) -> tuple[int, str] | None:
    """Give id and basis of the newest published BRÅ edition, which a correction replaces."""
    found = [e for e in ctx.uow.editions.published(cycle.id) if e.audience is Audience.BRA]
    return (found[-1].id, found[-1].basis) if found else None


def _submissions(
    ctx: Context, cycle: Cycle, edition: tuple[int, str] | None
) -> Mapping[int, Submission]:
    """Give the answers as they were approved: the versions that the edition stands on.

    What was changed later and is in no approved edition yet stays out. Where nothing is approved
    the answers are those stored now.
    """
    standing = {s.unit_id: s for s in ctx.uow.cycles.submissions(cycle.id)}
    if edition is None:
        return standing
    stood_on: Mapping[str, Sequence[object]] = json.loads(edition[1])
    return {
        int(unit): _as_approved(ctx, standing[int(unit)], *parts)
        for unit, parts in stood_on.items()
        if unit and int(unit) in standing
    }


def _as_approved(
    ctx: Context, standing: Submission, version: object, state: object, internal: object
) -> Submission:
    answers = standing.answers
    if standing.version != version:
        kept = {number: said for number, _, said in ctx.uow.cycles.versions(standing.id)}
        answers = kept.get(int(str(version)), {})
    return replace(
        standing,
        version=int(str(version)),
        state=SubmissionState(str(state)),
        answers=answers,
        internal=bool(internal),
    )


def _decided(ctx: Context, quarter: Quarter) -> Sequence[Decided]:
    """List the quarter's meetings that have been held, with their decisions."""
    begins = ctx.calendar.at(quarter.first, time())
    ends = ctx.calendar.at(quarter.end + _DAY, time())
    held = [m for m in ctx.uow.meetings.between(begins, ends) if m.state is MeetingState.HELD]
    return [
        Decided(
            meeting=meeting,
            decisions=[
                note
                for note in ctx.uow.meetings.notes_of(meeting)
                if note.kind is NoteKind.DECISION and not note.withdrawn
            ],
        )
        for meeting in held
    ]


def _undone(ctx: Context, thing: Assignment | Measure) -> bool:
    """Tell whether it was written in by mistake and taken back at once."""
    return [step.state for step in ctx.uow.follow_ups.trail(thing.short_id)][-1:] == ["undone"]


def _given_on(ctx: Context, assignment: Assignment) -> date:
    """Tell on which day an assignment was given: its trail's first step, else its meeting's."""
    steps = ctx.uow.follow_ups.trail(assignment.short_id)
    if steps:
        at = steps[0].at
    elif assignment.meeting_id is not None:
        at = ctx.uow.meetings.get(assignment.meeting_id).starts_at
    else:
        return date.min
    return at.astimezone(ctx.calendar.zone).date()

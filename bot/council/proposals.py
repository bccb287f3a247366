"""What a unit wants to be talked about becomes a proposed case by itself, when its answer is sent.

The title is made of unit, period and categories, never of free text. What the coordinator makes of
a proposal stands in commands/case.py.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from bot.command import Context
from bot.domain.cycle import Cycle, Submission, SubmissionState
from bot.domain.follow_up import Case, CaseState
from bot.domain.people import Forum, Unit
from bot.domain.question import QuestionSet, Value

WISH, CATEGORY = "stod", "kategori"
"""The questions that hold the wish, and what it is about."""

WISHED = (Forum.SAMSA, Forum.BRA)
"""A wish's choice has the id of its forum."""

TAKEN_BACK = "taken_back"
"""The step of the trail that says that the unit no longer wishes it."""


def sync_proposals(ctx: Context, cycle: Cycle, unit: Unit, submission: Submission) -> None:
    """Let the proposed cases of a unit's answer be those that the answer wishes now.

    What the coordinator has taken is no longer the answer's; what the coordinator has declined is
    proposed again only if the unit takes its wish back and renews it.
    """
    if cycle.rehearsal:
        return
    for forum in WISHED:
        wish = submission.answers.get(WISH, Value()).chosen if submission.state.is_answer else ()
        standing = ctx.uow.follow_ups.of_answer(cycle.id, unit.id, forum)
        if forum.value in wish:
            _propose(ctx, cycle, unit, submission, forum, standing)
        elif standing is not None:
            _take_back(ctx, standing)


def neutral_title(
    ctx: Context, cycle: Cycle, answers: Mapping[str, Value], unit: Unit | None
) -> str:
    """Make a title of the period and the categories; with the unit's name for the office only."""
    form = ctx.question_sets[cycle.question_set]
    data = {
        "unit": unit,
        "period": cycle.period,
        "categories": _categories(form, answers, ctx.rules.language),
    }
    return ctx.words.render("case_title", ctx.rules.language, data)


def title_without_unit(ctx: Context, case: Case) -> str:
    """Give a proposed case the title under which it may leave the office."""
    if case.unit_id is None or case.cycle_id is None:
        return case.title
    standing = ctx.uow.cycles.submission(case.cycle_id, case.unit_id)
    return neutral_title(ctx, ctx.uow.cycles.get(case.cycle_id), standing.answers, None)


def is_internal(ctx: Context, case: Case) -> bool:
    """Tell whether a case comes from an answer that stays in the office.

    "Oförändrat" passes the mark on to the next month (routine: "Two audiences").
    """
    if case.unit_id is None or case.cycle_id is None:
        return False
    cycle: Cycle | None = ctx.uow.cycles.get(case.cycle_id)
    while cycle is not None:
        standing = ctx.uow.cycles.submission(cycle.id, case.unit_id)
        if standing.internal or standing.state is not SubmissionState.NO_CHANGE:
            return standing.internal
        cycle = ctx.uow.cycles.by_key(cycle.period.previous(ctx.rules.round.joined).key)
    return False


def _propose(
    ctx: Context,
    cycle: Cycle,
    unit: Unit,
    submission: Submission,
    forum: Forum,
    standing: Case | None,
) -> None:
    title = neutral_title(ctx, cycle, submission.answers, unit)
    cases = ctx.uow.follow_ups.cases
    if standing is None:
        standing = cases.add(Case(title=title, wanted=forum, unit_id=unit.id, cycle_id=cycle.id))
        _note(ctx, standing, CaseState.PROPOSED)
    elif standing.state is CaseState.PROPOSED:
        cases.save(replace(standing, title=title))
    elif standing.state is CaseState.DROPPED and _is_taken_back(ctx, standing):
        cases.save(replace(standing.to(CaseState.PROPOSED), title=title))
        _note(ctx, standing, CaseState.PROPOSED)


def _take_back(ctx: Context, standing: Case) -> None:
    if standing.state is CaseState.PROPOSED:
        ctx.uow.follow_ups.cases.save(standing.to(CaseState.DROPPED))
    if not _is_taken_back(ctx, standing):
        _note(ctx, standing, TAKEN_BACK)


def _note(ctx: Context, case: Case, event: str) -> None:
    by = ctx.actor.id if ctx.actor else None
    ctx.uow.follow_ups.note(case.short_id, event, at=ctx.now, by=by)


def _is_taken_back(ctx: Context, case: Case) -> bool:
    """Tell whether the unit has taken its wish back since it last wished it."""
    wishes = (CaseState.PROPOSED, TAKEN_BACK)
    steps = [s.state for s in ctx.uow.follow_ups.trail(case.short_id) if s.state in wishes]
    return steps[-1:] == [TAKEN_BACK]


def _categories(form: QuestionSet, answers: Mapping[str, Value], language: str) -> Sequence[str]:
    """Name what the answer is about, by each category's label."""
    question = form.by_id.get(CATEGORY)
    chosen = form.chosen_of(question, answers.get(CATEGORY, Value())) if question else ()
    return [choice.label.get(language, choice.id) for choice in chosen]

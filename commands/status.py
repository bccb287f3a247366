"""`!läget`: where we stand and what comes next by itself; `!läget e3` shows one unit's answer."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bot.command import Context, Message, command
from bot.council.calls import who_comes
from bot.council.unrest import running_facts
from bot.domain.calendar import Period
from bot.domain.cycle import Cycle
from bot.domain.errors import NotFound, Refused
from bot.domain.follow_up import CaseState
from bot.domain.meeting import Meeting, MeetingState
from bot.domain.people import COORDINATORS, MEETING_FORUMS, OFFICE
from bot.domain.schedule import Occurrence
from bot.domain.term import Stage
from bot.plan import planned
from bot.round.form import question_set, shown
from bot.round.progress import progress

SHOWN = 8
"""Steps of the plan that are shown; the rest is counted."""
_SHORT_ID = re.compile(r"[a-z]\d+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Coming:
    """A step of the plan with what it is about: a period, a meeting, or a short id."""

    step: Occurrence
    period: Period | None = None
    meeting: Meeting | None = None
    about: str = ""


@command("status", subject="cycle")
def status(ctx: Context) -> Iterable[Message]:
    """Tell the coordinator the whole, a reporter their own units.

    Raises:
        NotFound: `unit`, `no_cycle_yet`. Refused: `not_your_unit`.
    """
    cycle = ctx.uow.cycles.latest(rehearsal=False)
    if ctx.args.strip():
        yield _one_unit(ctx, cycle)
    elif ctx.person.roles & OFFICE:
        yield Message(template="status", data=_whole(ctx, cycle))
    else:
        mine = [u for u in ctx.uow.people.units() if ctx.person.reports_for(u.id)]
        parts = [(u, ctx.uow.cycles.submission(cycle.id, u.id)) for u in mine] if cycle else []
        yield Message(template="status_own", data={"cycle": cycle, "parts": parts})


def _whole(ctx: Context, cycle: Cycle | None) -> Mapping[str, object]:
    plan = planned(ctx.uow, ctx.rules, ctx.calendar, ctx.now)
    return {
        "cycle": cycle,
        "progress": progress(ctx, cycle) if cycle else None,
        "previewed": ctx.uow.editions.previewed(cycle.id) if cycle else [],
        "published": ctx.uow.editions.published(cycle.id) if cycle else [],
        "plan": [_coming(ctx, step) for step in plan[:SHOWN]],
        "later": max(len(plan) - SHOWN, 0),
        "council": _council(ctx),
        "running": running_facts(ctx),
        "now": ctx.now,
        "waiting": ctx.uow.outbox.waiting(),
        "trouble": len(ctx.uow.outbox.trouble()),
    }


def _council(ctx: Context) -> Mapping[str, object]:
    """Say where meetings, papers and what is followed up stand, for who takes over."""
    cases, assignments = ctx.uow.follow_ups.open_cases(), ctx.uow.follow_ups.open_assignments()
    nearest = [m[0] for f in MEETING_FORUMS if (m := ctx.uow.meetings.to_come(ctx.now, f))]
    year = ctx.now.astimezone(ctx.calendar.zone)
    proposed = [
        m
        for n in (year.year, year.year + 1)
        for m in ctx.uow.meetings.of_year(n, year)
        if m.state is MeetingState.PROPOSED
    ]
    return {
        "meetings": [(m, who_comes(ctx, m)) for m in sorted(nearest, key=lambda m: m.starts_at)],
        "papers": ctx.uow.papers.waiting(),
        "proposed_year": proposed[0].starts_at.year if proposed else None,
        "new_cases": sum(1 for c in cases if c.state is CaseState.PROPOSED),
        "cases": sum(1 for c in cases if c.state is not CaseState.PROPOSED),
        "assignments": len(assignments),
        "overdue": [a for a in assignments if a.overdue(ctx.today)],
        "terms": [t for t in ctx.uow.follow_ups.open_terms() if t.stage is not Stage.WAITING],
    }


def _coming(ctx: Context, step: Occurrence) -> Coming:
    """Tell what a step of the plan is about; the round's other steps belong to the one shown."""
    period, about = None, ""
    match step.key.split("/"):
        case ["open_cycle", key]:
            period = Period.parse(key)
        case [_, short_id, *_] if ctx.uow.meetings.is_name(short_id):
            return Coming(step=step, meeting=ctx.uow.meetings.named(short_id))
        case [_, short_id, *_] if _SHORT_ID.fullmatch(short_id):
            about = short_id
    return Coming(step=step, period=period, about=about)


def _one_unit(ctx: Context, cycle: Cycle | None) -> Message:
    unit = ctx.uow.people.unit_named(ctx.args)
    if not ctx.person.reports_for(unit.id) and not ctx.person.roles & COORDINATORS:
        raise Refused("not_your_unit", {"unit": unit.name})
    if cycle is None:
        raise NotFound("no_cycle_yet")
    standing = ctx.uow.cycles.submission(cycle.id, unit.id)
    return Message(
        template="unit_answer",
        data={
            "unit": unit,
            "cycle": cycle,
            "submission": standing,
            "shown": shown(question_set(ctx, cycle), standing.answers),
            "by": ctx.uow.people.get(standing.by_person) if standing.by_person else None,
        },
    )

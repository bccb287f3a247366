"""Open the round about the past period: ask every unit, once, by one message a person."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from bot.command import Context, Message, ToPerson, command
from bot.domain.calendar import Period
from bot.domain.cycle import Cycle, CycleState, SubmissionState, excuse
from bot.domain.errors import Conflict
from bot.domain.people import COORDINATORS, Person, Role, Unit
from bot.domain.schedule import closing, opening, period_to_open
from bot.round.duty import deputies, duty
from bot.round.form import ask, start, to_office, used_last_time
from bot.round.progress import live_status


@command("open_cycle", subject="cycle", may=COORDINATORS)
def open_cycle(ctx: Context) -> Iterable[Message]:
    """Open the round that is due, or the one that the coordinator asks for.

    Raises:
        Conflict: `cycle_open`, where it has been opened already.
    """
    period = _period(ctx)
    planned = opening(period, ctx.rules.round, ctx.calendar)
    late = ctx.occurrence is not None and (ctx.now - planned).total_seconds() > 3600
    cycle = _open(ctx, period, late=late)
    named = duty(ctx, ctx.now.astimezone(ctx.calendar.zone).date())
    ctx.uow.cycles.expect(cycle.id, named)
    nobody = _mark_absent(ctx, cycle, named)
    yield from _ask_each(ctx, cycle, named)
    if late:
        yield to_office("opened_late", {"cycle": cycle, "planned": planned})
    if nobody:
        yield to_office("nobody_to_ask", {"cycle": cycle, "units": [u.name for u in nobody]})
    yield from live_status(ctx, cycle)


def _period(ctx: Context) -> Period:
    if ctx.occurrence is not None:
        return Period.parse(ctx.occurrence.key.split("/", 1)[1])
    today = ctx.now.astimezone(ctx.calendar.zone).date()
    period = period_to_open(today, ctx.rules.round)
    return period or Period.before(today, ctx.rules.round.joined)


def _open(ctx: Context, period: Period, *, late: bool) -> Cycle:
    cycle = ctx.uow.cycles.by_key(period.key)
    if cycle is not None and cycle.state is not CycleState.PLANNED:
        raise Conflict("cycle_open", {"period": period})
    closes = closing(ctx.now, ctx.rules.round, ctx.calendar)
    if cycle is None:
        cycle = ctx.uow.cycles.plan(period, opens_at=ctx.now, closes_at=closes)
    cycle = replace(cycle.to(CycleState.OPEN), opens_at=ctx.now, closes_at=closes, delayed=late)
    ctx.uow.cycles.save(cycle)
    return cycle


def _mark_absent(
    ctx: Context, cycle: Cycle, named: Mapping[int, Sequence[Person]]
) -> Sequence[Unit]:
    """Mark units with nobody there as absent, which is not the same as silent."""
    nobody = []
    for unit in ctx.uow.people.units():
        standing = ctx.uow.cycles.submission(cycle.id, unit.id)
        if not named[unit.id] and standing.state.is_owed:
            ctx.uow.cycles.save_submission(excuse(standing, SubmissionState.ABSENT), ctx.now)
            nobody.append(unit)
    return nobody


def _ask_each(
    ctx: Context, cycle: Cycle, named: Mapping[int, Sequence[Person]]
) -> Iterable[Message]:
    """Send one message a person, about the first of the units they are asked for."""
    units = {unit.id: unit for unit in ctx.uow.people.units()}
    owed = {s.unit_id for s in ctx.uow.cycles.submissions(cycle.id) if s.state.is_owed}
    theirs: dict[int, tuple[Person, list[Unit]]] = {}
    for unit_id, persons in named.items():
        for person in persons:
            if unit_id in owed:
                theirs.setdefault(person.id, (person, []))[1].append(units[unit_id])
    used = used_last_time(ctx, cycle)
    backed = deputies(ctx, ctx.now.astimezone(ctx.calendar.zone).date())
    for person, mine in theirs.values():
        draft = start(ctx, person, cycle, mine[0])
        prompt = ask(ctx, draft, template="prompt", to=ToPerson(person_id=person.id))
        stands_in = mine[0].id not in person.units(Role.REPORTER)
        data = {
            **prompt.data,
            "units": mine,
            "used": used,
            "delayed": cycle.delayed,
            "stands_in": stands_in,
            "deputy": not stands_in and any(unit.id in backed for unit in mine),
        }
        yield replace(prompt, template="prompt", data=data)

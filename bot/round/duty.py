"""Who owes an answer: the unit does, and here is who answers for it on a given day."""

from collections.abc import Mapping, Sequence
from datetime import date

from bot.command import Context
from bot.domain.cycle import Cycle, SubmissionState, excuse
from bot.domain.people import Person, Role, Unit


def duty(ctx: Context, day: date) -> Mapping[int, Sequence[Person]]:
    """Name who is asked for each active unit on a day: its reporters, or while they are all away
    its deputies. A unit without anybody there is named with nobody."""
    away = ctx.uow.people.away_on(day)
    people = [p for p in ctx.uow.people.everybody() if p.id not in away]
    named: dict[int, list[Person]] = {unit.id: [] for unit in ctx.uow.people.units()}
    for role in (Role.REPORTER, Role.DEPUTY):
        open_units = {unit_id for unit_id, persons in named.items() if not persons}
        for person in people:
            for unit_id in person.units(role) & open_units:
                named[unit_id].append(person)
    return named


def deputies(ctx: Context, day: date) -> Mapping[int, Sequence[Person]]:
    """Name the deputies who are there on a day, by unit."""
    away = ctx.uow.people.away_on(day)
    named: dict[int, list[Person]] = {}
    for person in ctx.uow.people.everybody():
        for unit_id in person.units(Role.DEPUTY):
            if person.id not in away:
                named.setdefault(unit_id, []).append(person)
    return named


def owed_by(ctx: Context, cycle: Cycle, person: Person) -> Sequence[Unit]:
    """List the units whose answer is still owed and that this person is asked about."""
    owed = {s.unit_id for s in ctx.uow.cycles.submissions(cycle.id) if s.state.is_owed}
    if cycle.rehearsal:
        mine = frozenset(owed)  # whoever rehearses answers for every unit in it
    else:
        named = duty(ctx, ctx.now.astimezone(ctx.calendar.zone).date())
        mine = frozenset(u for u, persons in named.items() if person in persons)
    return [unit for unit in ctx.uow.people.units() if unit.id in owed and unit.id in mine]


def mark_unreachable(ctx: Context, cycle: Cycle) -> None:
    """Mark units of which every person has left their direct room (routine: five states)."""
    named = duty(ctx, ctx.today)
    out_of_reach = {a.person_id for a in ctx.uow.people.all_accounts() if not a.reachable}
    for standing in ctx.uow.cycles.submissions(cycle.id):
        persons = named.get(standing.unit_id, ())
        if standing.state.is_owed and persons and all(p.id in out_of_reach for p in persons):
            lost = excuse(standing, SubmissionState.UNREACHABLE)
            ctx.uow.cycles.save_submission(lost, ctx.now)

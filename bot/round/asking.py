"""Asking people again: who owes what, and the reminder that names it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from bot.command import Context, Message, ToPerson
from bot.domain.cycle import Cycle, CycleState
from bot.domain.errors import Conflict
from bot.domain.people import Person, Unit
from bot.round.form import ask, start


def running_cycle(ctx: Context) -> Cycle:
    """Give the round that the occurrence is about, or the one that is open now.

    Raises:
        Conflict: `no_open_cycle`.
    """
    if ctx.occurrence is not None and ctx.occurrence.subject_id is not None:
        return ctx.uow.cycles.get(ctx.occurrence.subject_id)
    for cycle in ctx.uow.cycles.unfinished():
        if cycle.state is CycleState.OPEN and not cycle.rehearsal:
            return cycle
    raise Conflict("no_open_cycle")


def owing(
    ctx: Context, cycle: Cycle, named: Mapping[int, Sequence[Person]]
) -> Sequence[tuple[Person, Sequence[Unit]]]:
    """List the persons among `named` (by unit) whose units owe an answer, each once."""
    owed = {s.unit_id for s in ctx.uow.cycles.submissions(cycle.id) if s.state.is_owed}
    theirs: dict[int, tuple[Person, list[Unit]]] = {}
    for unit in ctx.uow.people.units():
        for person in named.get(unit.id, ()):
            if unit.id in owed:
                theirs.setdefault(person.id, (person, []))[1].append(unit)
    return list(theirs.values())


def asked_again(
    ctx: Context, cycle: Cycle, person: Person, units: Sequence[Unit], *, template: str
) -> Message:
    """Make the message that asks a person again, at the place in the form where they stopped.

    Somebody who has no draft (a deputy, a new colleague) is placed at the first question.
    """
    draft = ctx.uow.cycles.current(person.id, cycle.id)
    if draft is None:
        draft = start(ctx, person, cycle, units[0])
    else:  # it is the one they are in from now on, also where another round came in between
        ctx.uow.cycles.save_draft(draft, ctx.now)
    question = ask(ctx, draft, template=template, to=ToPerson(person_id=person.id))
    begun = bool(draft.answers)
    data = {
        **question.data,
        "units": units,
        "begun": begun,
        "closes": cycle.closes_at,
        "days_left": ctx.calendar.working_days_between(ctx.now, cycle.closes_at),
    }
    return replace(question, template=template, data=data)

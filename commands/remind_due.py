"""Remind of an assignment or measure a week before its day, and when the day has passed."""

from collections.abc import Iterable
from datetime import date

from bot.command import Context, Message, ToMail, ToPerson, command
from bot.council.papers import mailed
from bot.domain.follow_up import Assignment, AssignmentState, Measure
from bot.domain.people import Person
from bot.round.form import to_office


@command("remind_due", subject="assignment", listed=False)
def remind_due(ctx: Context) -> Iterable[Message]:
    """Remind whoever has taken it; the office too, where it is overdue or nobody has taken it.

    Nothing is said of what has been reported, moved or closed meanwhile.
    """
    assert ctx.occurrence is not None
    _, name, day, step = ctx.occurrence.key.split("/")
    thing = _still_due(ctx, name, date.fromisoformat(day))
    if thing is None:
        return
    overdue = step == "over"
    person = _taker(ctx, thing)
    data = {"thing": thing, "measure": isinstance(thing, Measure), "overdue": overdue}
    if person is not None:
        own = {**data, "person": person}
        if mailed(ctx, person):
            to = ToMail(person_id=person.id)
            yield Message(template="mail_due", data=own, to=to, key=f"{ctx.cause}/mail")
        else:
            yield Message(template="due", data=own, to=ToPerson(person_id=person.id))
    if overdue or person is None:
        yield to_office("due_office", {**data, "person": person})


def _still_due(ctx: Context, name: str, day: date) -> Assignment | Measure | None:
    shelves = ctx.uow.follow_ups
    if shelves.measures.is_name(name):
        row = shelves.measures.named(name)
        return row if row.state.is_open and row.due == day else None
    given = shelves.assignments.named(name)
    ongoing = given.state is AssignmentState.ONGOING
    return given if ongoing and given.due == day else None


def _taker(ctx: Context, thing: Assignment | Measure) -> Person | None:
    """Give whoever has taken it and can be reached; a measure is nobody's but its role's."""
    if isinstance(thing, Measure) or thing.owner_id is None:
        return None
    here = [p for p in ctx.uow.people.everybody() if p.id == thing.owner_id]
    reached = here and (mailed(ctx, here[0]) or ctx.uow.people.accounts(here[0].id))
    return here[0] if reached else None

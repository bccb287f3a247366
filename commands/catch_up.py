"""Say, after downtime, that the bot was away, and move the deadlines that it made shorter."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from bot.command import Context, Message, ToPerson, command
from bot.domain.cycle import CycleState
from bot.domain.schedule import moved_deadline
from bot.round.asking import owing
from bot.round.duty import duty
from bot.round.form import to_office


@command("catch_up", subject="cycle", listed=False)
def catch_up(ctx: Context) -> Iterable[Message]:
    """Move open rounds' deadlines by the working days lost; `args` is when the bot went away."""
    down_from = datetime.fromisoformat(ctx.args)
    today = ctx.now.astimezone(ctx.calendar.zone).date()
    moved = []
    for cycle in ctx.uow.cycles.unfinished():
        if cycle.state is not CycleState.OPEN or cycle.rehearsal:
            continue
        closes = moved_deadline(cycle, ctx.calendar, down_from=down_from, now=ctx.now)
        if closes == cycle.closes_at:
            continue
        later = replace(cycle, closes_at=closes, delayed=True)
        ctx.uow.cycles.save(later)
        moved.append(later)
        for person, _ in owing(ctx, later, duty(ctx, today)):
            yield Message(
                template="deadline_moved",
                data={"cycle": later, "person": person},
                to=ToPerson(person_id=person.id),
            )
    yield to_office("was_down", {"since": down_from, "now": ctx.now, "moved": moved})

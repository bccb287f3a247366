"""Ask the deputies of units that still owe an answer, as the prompt announced."""

from collections.abc import Iterable

from bot.command import Context, Message, command
from bot.round.asking import asked_again, owing, running_cycle
from bot.round.duty import deputies


@command("ask_deputy", subject="cycle", listed=False)
def ask_deputy(ctx: Context) -> Iterable[Message]:
    """Ask each deputy about the units that their reporters have not answered for."""
    cycle = running_cycle(ctx)
    there = deputies(ctx, ctx.now.astimezone(ctx.calendar.zone).date())
    for person, units in owing(ctx, cycle, there):
        yield asked_again(ctx, cycle, person, units, template="deputy_asked")

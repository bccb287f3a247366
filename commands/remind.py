"""Remind those who owe an answer, and nobody else; each is told what is missing and until when."""

from collections.abc import Iterable

from bot.command import Context, Message, command
from bot.domain.errors import Conflict
from bot.domain.people import COORDINATORS
from bot.round.asking import asked_again, owing, running_cycle
from bot.round.duty import duty


@command("remind", subject="cycle", may=COORDINATORS)
def remind(ctx: Context) -> Iterable[Message]:
    """Remind now: by the clock on the announced days, or when the coordinator asks.

    Raises:
        Conflict: `no_open_cycle`, `outside_hours`, `nobody_owes`.
    """
    cycle = running_cycle(ctx)
    if ctx.occurrence is not None:
        _note_skipped(ctx, ctx.occurrence.key)
    elif not ctx.calendar.in_office_hours(ctx.now):
        raise Conflict("outside_hours", {"next": ctx.calendar.next_office_time(ctx.now)})
    asked = owing(ctx, cycle, duty(ctx, ctx.now.astimezone(ctx.calendar.zone).date()))
    for person, units in asked:
        yield asked_again(ctx, cycle, person, units, template="reminder")
    if ctx.occurrence is None:
        if not asked:
            raise Conflict("nobody_owes", {"period": cycle.period})
        yield Message(template="reminded", data={"names": [p.name for p, _ in asked]})


def _note_skipped(ctx: Context, key: str) -> None:
    """Note the earlier reminders that this one stands for after downtime."""
    stem, number = key.rsplit("/", 1)
    for earlier in range(1, int(number)):
        if not ctx.uow.cycles.happened(f"{stem}/{earlier}"):
            ctx.uow.cycles.note(f"{stem}/{earlier}", ctx.now)

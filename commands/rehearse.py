"""`!övning`: a practice round marked ÖVNING, with oneself alone, that touches nothing real."""

from collections.abc import Iterable
from dataclasses import replace

from bot.command import Context, Message, ToPerson, command
from bot.domain.calendar import Period
from bot.domain.cycle import CycleState
from bot.domain.errors import Conflict
from bot.domain.people import COORDINATORS
from bot.domain.question import fold
from bot.domain.schedule import closing
from bot.round.form import ask, start

UNITS = 2


@command("rehearse", subject="cycle", may=COORDINATORS)
def rehearse(ctx: Context) -> Iterable[Message]:
    """Begin a practice round about the first units, or end it with `slut`.

    Compiling and publishing go as in earnest, but only into the coordinator's room.

    Raises:
        Conflict: `rehearsal_running`, `real_round_running`, `no_units`, `no_rehearsal`.
    """
    running = [c for c in ctx.uow.cycles.unfinished() if c.rehearsal]
    if fold(ctx.args) in ("slut", "end", "stop"):
        if not running:
            raise Conflict("no_rehearsal")
        ctx.uow.cycles.save(replace(running[0], state=CycleState.PUBLISHED))
        for draft in ctx.uow.cycles.drafts(running[0].id):
            ctx.uow.cycles.drop_draft(draft)
        for draft in ctx.uow.cycles.drafts(running[0].id):
            ctx.uow.cycles.drop_draft(draft)
        yield Message(template="rehearsal_ended")
        return
    if running:
        raise Conflict("rehearsal_running")
    if any(c.state is not CycleState.PLANNED for c in ctx.uow.cycles.unfinished()):
        raise Conflict("real_round_running")
    units = ctx.uow.people.units()[:UNITS]
    if not units:
        raise Conflict("no_units")
    today = ctx.now.astimezone(ctx.calendar.zone).date()
    cycle = ctx.uow.cycles.plan(
        Period.before(today, ctx.rules.round.joined),
        opens_at=ctx.now,
        closes_at=closing(ctx.now, ctx.rules.round, ctx.calendar),
        rehearsal=f"rehearsal/{ctx.cause}",
    )
    cycle = cycle.to(CycleState.OPEN)
    ctx.uow.cycles.save(cycle)
    ctx.uow.cycles.expect(cycle.id, [u.id for u in units])
    draft = start(ctx, ctx.person, cycle, units[0])
    question = ask(ctx, draft, template="prompt", to=ToPerson(person_id=ctx.person.id))
    yield replace(
        question,
        data={
            **question.data,
            "units": units,
            "used": "",
            "delayed": False,
            "stands_in": False,
            "deputy": False,
        },
    )
    if ctx.forum is not None:
        yield Message(template="see_direct", data={"unit": units[0]})

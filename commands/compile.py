"""`!sammanställ`: freeze both editions with their documents and show them to the coordinator."""

from collections.abc import Iterable

from bot.command import Context, Errand, Message, Typeset, command
from bot.domain.cycle import Cycle, CycleState
from bot.domain.errors import Conflict, NotFound
from bot.domain.people import COORDINATORS, Forum
from bot.round.editions import basis, compiled, freeze, preview


def prepare(ctx: Context) -> Errand | None:
    """Compile the figures that the documents are made from."""
    return Typeset(reports=compiled(ctx, cycle_to_compile(ctx)))


def cycle_to_compile(ctx: Context) -> Cycle:
    """Give the round to compile: the one that runs, or the last published for a correction."""
    begun = [c for c in ctx.uow.cycles.unfinished() if c.state is not CycleState.PLANNED]
    real = [c for c in begun if not c.rehearsal]
    if begun:
        return (real or begun)[0]
    latest = ctx.uow.cycles.latest(rehearsal=False)
    if latest is None:
        raise NotFound("no_cycle_yet")
    return latest


@command("compile", subject="report", may=COORDINATORS, prepare=prepare)
def compile_report(ctx: Context) -> Iterable[Message]:
    """Keep the editions and preview them in the coordinator's room.

    Raises:
        NotFound: `no_cycle_yet`. Conflict: `no_office_room`.
    """
    if ctx.uow.people.room(Forum.OFFICE) is None:
        raise Conflict("no_office_room")
    cycle = cycle_to_compile(ctx)
    assert ctx.product is not None
    stands_on = basis(ctx, cycle)
    editions = [
        freeze(ctx, cycle, report, artifacts, stands_on)
        for report, artifacts in ctx.product.documents
    ]
    if cycle.state is CycleState.CLOSED:  # an open round stays open: reminders go on
        ctx.uow.cycles.save(cycle.to(CycleState.PREVIEWED))
    yield from preview(ctx, cycle, editions)
    if ctx.forum is not Forum.OFFICE:
        yield Message(template="see_office", data={"cycle": cycle})

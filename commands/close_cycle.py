"""Close the round at its deadline; late answers still count until the report is published."""

from collections.abc import Iterable

from bot.command import Context, Message, command
from bot.domain.cycle import CycleState, SubmissionState, excuse
from bot.domain.people import COORDINATORS
from bot.round.asking import running_cycle
from bot.round.duty import duty
from bot.round.progress import live_status, progress


@command("close_cycle", subject="cycle", may=COORDINATORS)
def close_cycle(ctx: Context) -> Iterable[Message]:
    """Close the round; units whose people could not be reached are told apart from silent ones.

    Raises:
        Conflict: `no_open_cycle`.
    """
    cycle = running_cycle(ctx)
    if cycle.state is not CycleState.OPEN:
        return
    ctx.uow.cycles.save(cycle.to(CycleState.CLOSED))
    _mark_unreachable(ctx, cycle.id)
    yield from live_status(ctx, ctx.uow.cycles.get(cycle.id))
    if ctx.occurrence is None:
        yield Message(template="closed", data={"progress": progress(ctx, cycle)})


def _mark_unreachable(ctx: Context, cycle_id: int) -> None:
    """Mark units of which every person has left their direct room (routine: five states)."""
    named = duty(ctx, ctx.now.astimezone(ctx.calendar.zone).date())
    out_of_reach = {a.person_id for a in ctx.uow.people.all_accounts() if not a.reachable}
    for standing in ctx.uow.cycles.submissions(cycle_id):
        persons = named.get(standing.unit_id, ())
        if standing.state.is_owed and persons and all(p.id in out_of_reach for p in persons):
            lost = excuse(standing, SubmissionState.UNREACHABLE)
            ctx.uow.cycles.save_submission(lost, ctx.now)

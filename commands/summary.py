"""`!sammanfattning`: the coordinator's own words at the top of the report."""

from collections.abc import Iterable

from bot.command import Context, Message, command
from bot.domain.errors import Conflict, Invalid
from bot.domain.people import COORDINATORS

MAX_LINES = 5
MAX_LENGTH = 900


@command("summary", subject="report", may=COORDINATORS)
def summary(ctx: Context) -> Iterable[Message]:
    """Keep at most five lines; without words, show what is kept.

    Raises:
        Conflict: `no_cycle_yet`. Invalid: `summary_too_long`.
    """
    begun = [c for c in ctx.uow.cycles.unfinished() if c.opens_at <= ctx.now]
    cycle = begun[-1] if begun else ctx.uow.cycles.latest(rehearsal=False)
    if cycle is None:
        raise Conflict("no_cycle_yet")
    text = ctx.args.strip()
    before = ctx.uow.cycles.summary(cycle.id)
    if not text:
        yield Message(template="summary_shown", data={"cycle": cycle, "text": before})
        return
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) > MAX_LINES or len(text) > MAX_LENGTH:
        raise Invalid("summary_too_long", {"lines": MAX_LINES, "limit": MAX_LENGTH})
    kept = "\n".join(lines)
    ctx.uow.cycles.set_summary(cycle.id, kept)
    ctx.uow.marks.offer_undo(ctx.person.id, "summary", {"cycle": cycle.id, "text": before}, ctx.now)
    again = bool(ctx.uow.editions.previewed(cycle.id))
    yield Message(template="summary_kept", data={"cycle": cycle, "text": kept, "again": again})

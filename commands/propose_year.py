"""In November: propose next year's meetings. In December: ask for what nobody has fixed yet."""

from collections.abc import Iterable

from bot.command import Context, Message, command
from bot.council.year import store_proposal, year_of
from bot.domain.people import Forum
from bot.round.form import to_office


@command("propose_year", subject="meeting", listed=False)
def propose_year(ctx: Context) -> Iterable[Message]:
    """Propose once, unless somebody has begun already; remind once, unless it is fixed."""
    assert ctx.occurrence is not None
    number, again = ctx.occurrence.subject_id or 0, ctx.occurrence.key.endswith("/2")
    year = year_of(ctx, number)
    if again and (year.proposed or not year.fixed):
        yield to_office("year_waits", {"year": year})
    elif not again and not year.planned and ctx.uow.people.room(Forum.OFFICE) is not None:
        proposed = store_proposal(ctx, number)
        yield to_office("year_plan", {"year": proposed, "made": True, "by_itself": True})

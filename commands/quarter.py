"""`!kvartal`: compile three months for the management group, and show the drafts in the office."""

from collections.abc import Iterable

from bot.command import Context, Errand, Message, command
from bot.council.quarter import draft, facts_of, manuscripts
from bot.domain.errors import Conflict, Invalid
from bot.domain.people import COORDINATORS, Forum
from bot.domain.quarter import Quarter


def prepare(ctx: Context) -> Errand | None:
    """Print both papers, unless no month of the quarter has an approved report."""
    facts = facts_of(ctx, _meant(ctx))
    return manuscripts(ctx, facts) if facts.picture.months else None


@command("quarter", subject="paper", may=COORDINATORS, prepare=prepare)
def quarter(ctx: Context) -> Iterable[Message]:
    """Compile the last whole quarter, or the one named: `3`, `2026 3`.

    Raises:
        Invalid: `quarter_form`. Conflict: `quarter_not_over`, `no_office_room`.
    """
    facts = facts_of(ctx, _meant(ctx))
    if ctx.product is None or not facts.picture.months:
        yield Message(template="quarter_empty", data={"picture": facts.picture, "meeting": None})
        return
    yield from draft(ctx, facts)
    if ctx.forum is not Forum.OFFICE:
        yield Message(template="quarter_made", data={"quarter": facts.picture.quarter})


def _meant(ctx: Context) -> Quarter:
    meant = Quarter.read(ctx.args, ctx.today)
    if meant is None:
        raise Invalid("quarter_form")
    if meant.end >= ctx.today:
        raise Conflict("quarter_not_over", {"quarter": meant, "day": meant.end})
    if ctx.uow.people.room(Forum.OFFICE) is None:
        raise Conflict("no_office_room")
    return meant

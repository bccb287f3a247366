"""`!logg`: the newest lines of the audit."""

from collections.abc import Iterable

from bot.command import Context, Message, command
from bot.domain.people import OFFICE

MOST = 50


@command("log", subject="audit", may=OFFICE)
def log(ctx: Context) -> Iterable[Message]:
    """Show the last 15 lines, or as many as are asked for, at most 50."""
    words = ctx.args.split()
    asked = words[0] if words and words[0].isdecimal() else "15"
    count = min(int(asked), MOST) if len(asked) <= 4 else MOST
    names = {p.id: p.name for p in ctx.uow.people.everybody()}
    lines = [(row, names.get(row.person_id or 0)) for row in ctx.uow.audit.newest(count)]
    yield Message(template="log", data={"lines": lines})

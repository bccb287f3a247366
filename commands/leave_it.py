"""A no to what was read back: nothing is sent."""

from collections.abc import Iterable

from bot.command import Context, Message, command
from bot.confirming import forget
from bot.domain.people import Forum


@command("leave_it", subject="confirmation", rooms=frozenset(Forum), listed=False)
def leave_it(ctx: Context) -> Iterable[Message]:
    """Let it be, and say so."""
    forget(ctx)
    yield Message(template="left_alone")

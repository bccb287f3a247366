"""Tell the coordinator that the homeserver limits the bot, and when everybody has been reached."""

from collections.abc import Iterable
from datetime import datetime

from bot.command import Context, Message, command
from bot.round.form import to_office


@command("slow_sending", subject="outbox", listed=False)
def slow_sending(ctx: Context) -> Iterable[Message]:
    """Name the time; `args` is the instant at which the queue should be empty."""
    data = {"ready": datetime.fromisoformat(ctx.args), "waiting": ctx.uow.outbox.waiting()}
    yield to_office("slow_sending", data)

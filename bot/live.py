"""A message that shows how something stands now: posted once, and edited in its place from then on.

What it shows is its own module's (bot/round/progress.py, bot/council/calls.py).
"""

from collections.abc import Iterable, Mapping

from bot.command import Context, Message, ToForum
from bot.domain.people import Forum


def live(
    ctx: Context,
    key: str,
    data: Mapping[str, object],
    forum: Forum,
    *,
    template: str,
    thread_of: str | None = None,
) -> Iterable[Message]:
    """Post a message in a forum's room, or edit it where it stands already.

    Args:
        ctx: what made it change.
        key: names the message that was posted first, which every later one replaces.
        data: what the template shows now.
        forum: whose room it stands in; without a room nothing is said.
        template: how it looks.
        thread_of: key of the message in whose thread it stands, if in one.
    """
    if ctx.uow.people.room(forum) is None:
        return
    exists = ctx.uow.outbox.by_key(key) is not None
    yield Message(
        template=template,
        data=data,
        to=ToForum(forum=forum),
        key=f"{key}/{ctx.cause}" if exists else key,
        replaces=key if exists else None,
        thread_of=thread_of,
    )

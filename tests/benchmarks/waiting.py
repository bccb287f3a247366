"""What was posted: waiting for what a stage of the benchmark asked for, and telling who spoke."""

from collections.abc import Collection

from tests.live.client import Event, MatrixUser

PLAIN, SEALED = "m.room.message", "m.room.encrypted"


def said_by_bare(content: Event) -> Event:
    """Give what the bot has said for the bare client to say: the same, but told from the bot's."""
    return {name.replace("lagesbot", "theother"): part for name, part in content.items()}


def is_message(event: Event, sender: str, kind: str = PLAIN) -> bool:
    """Tell whether the account has said something there."""
    return bool(event["type"] == kind and event["sender"] == sender)


async def all_posted(
    watcher: MatrixUser,
    rooms: Collection[str],
    count: int,
    *,
    after: int,
    within: float,
    kind: str = PLAIN,
) -> None:
    """Wait until the watcher's account has posted so many messages in these rooms.

    Args:
        watcher: another device of that account.
        rooms: where.
        count: in all of them together.
        after: how many events the watcher had seen before.
        within: seconds to wait.
        kind: the event type of a message there.
    """
    missing = count

    def is_last(event: Event) -> bool:
        nonlocal missing
        missing -= event["room_id"] in rooms and is_message(event, watcher.user_id, kind)
        return missing == 0

    await watcher.wait_for(is_last, within=within, after=after)

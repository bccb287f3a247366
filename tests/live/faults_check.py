"""What the rooms hold after disturbances, against what the bot's database says it has posted.

Beyond crash_check.py, which looks for what people must have been told: each posted row stands once,
as the event the bot knows, and what is edited shows its last edit; where rooms are encrypted,
everything in them is, and whoever is there can read it.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from tests.live.connection import path_of
from tests.live.crash_check import Register, Verdict
from tests.live.crash_people import KEY_FIELD, Member, Town
from tests.live.timeline import edited_event


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One message of the bot, as a reader finds it."""

    event_id: str
    key: str
    edits: str | None = None
    """The event that this one replaces."""


WAS_ENCRYPTED, CAME_LATE, REASON = "was encrypted", "its key came late", "unreadable because"
"""Fields of an event as an encrypting device gives it: beside what it could open, or could not."""

Reading = Callable[[Town], Awaitable[Mapping[str, Sequence[Said]]]]
"""Give what the bot has said in each room of the town, oldest first."""


async def read_rooms(town: Town) -> Mapping[str, Sequence[Said]]:
    """Read every room as the people who are in it, by the devices they have had all the time."""
    bot = town.coordinator.bot
    rooms: dict[str, Sequence[Said]] = {}
    for member in town.everybody:
        for room in await _joined(member) - rooms.keys():
            rooms[room] = [
                Said(
                    event_id=str(event["event_id"]),
                    key=str(event["content"].get(KEY_FIELD)),
                    edits=edited_event(event),
                )
                for event in await member.user.messages(room)
                if event["sender"] == bot and event["type"] == "m.room.message"
            ]
    return rooms


async def compare(
    town: Town, register: Register, verdict: Verdict, read: Reading = read_rooms
) -> None:
    """Add to the verdict what stands not at all, more than once, or with an older text."""
    rooms = await read(town)
    stands = Counter((room, said.key) for room, messages in rooms.items() for said in messages)
    events = {said.event_id: said.key for messages in rooms.values() for said in messages}
    for key, room, event_id in register.rows(
        "select key, room, event_id from outbox"
        " where state = 'sent' and kind in ('text', 'file') and platform = 'matrix'"
    ):
        times = stands[str(room), str(key)]
        if times == 0:
            verdict.lost.append(f"{key} is said to be sent, and stands nowhere in {room}")
        elif times > 1:
            verdict.doubled.append(f"{key} stands {times} times in {room}")
        elif events.get(str(event_id)) != key:
            verdict.faults.append(f"{key} is known as {event_id}, which is another event")
    shown = _last_edits(rooms.values())
    for event_id, key, _ in register.rows(
        "select first.event_id, edit.key, max(edit.id) from outbox edit"
        " join outbox first on first.key = edit.replaces group by first.event_id"
    ):
        if shown.get(str(event_id)) != key:
            verdict.lost.append(f"{event_id} shows {shown.get(str(event_id))}, not {key}")


async def look_for_leaks(readers: Iterable[Member], verdict: Verdict) -> int:
    """Add to the verdict what somebody can't read, and what stands in clear in an encrypted room.

    Args:
        readers: people who encrypt; all their rooms are encrypted.
        verdict: what was found so far.

    Returns:
        how many messages of the bot were opened, counted for each reader.
    """
    opened = 0
    for member in readers:
        verdict.faults += [
            f"{member.name} could read {event['event_id']} only when its key came at last"
            for event in member.user.seen
            if CAME_LATE in event
        ]
        for room in await _joined(member):
            for event in await member.user.messages(room):
                at = f"{event['event_id']} in {room}"
                if REASON in event:
                    verdict.lost.append(f"{member.name} can't read {at}: {event[REASON]}")
                elif event["sender"] == member.bot and event["type"] == "m.room.message":
                    opened += 1
                    if not event.get(WAS_ENCRYPTED):
                        verdict.faults.append(f"{at} was said in clear")
                    elif "url" in event["content"]:
                        verdict.faults.append(f"the file of {at} was sent in clear")
    return opened


async def _joined(member: Member) -> set[str]:
    return set((await member.user.call("GET", path_of("joined_rooms")))["joined_rooms"])


def _last_edits(rooms: Iterable[Sequence[Said]]) -> Mapping[str, str]:
    return {said.edits: said.key for messages in rooms for said in messages if said.edits}

"""The events of a room that one sync answer tells of, complete and in order.

A sync answer brings the newest events only; what lies between the last position and those is read
from the room's history. And a room's past is not ours: only what happened since the bot was
invited counts.
"""

import json
import logging
from collections.abc import Sequence
from urllib.parse import urlencode

from bot.platforms.matrix.encryption import EVENT_TYPE
from bot.platforms.matrix.errors import Lost, Refused
from bot.platforms.matrix.lenient import Json, objects, section
from bot.platforms.matrix.parse import HANDLED
from bot.platforms.matrix.transport import Transport, path

PAGE = 500
MAX_PAGES = 100
TYPES = [*HANDLED, EVENT_TYPE]

_FILTER = json.dumps({"types": TYPES, "lazy_load_members": True}, separators=(",", ":"))
_log = logging.getLogger(__name__)


async def room_events(
    transport: Transport, room: str, timeline: Json, since: str, own_user: str
) -> list[Json]:
    """Give the new events of a room, each once, oldest first.

    Raises:
        RequestFailed, LoggedOut: the gap could not be read; ask again from the same position.
    """
    events = objects(timeline.get("events"))
    until = timeline.get("prev_batch")
    if (
        timeline.get("limited") is True
        and isinstance(until, str)
        and _arrival(events, own_user) is None
    ):
        events = await _gap(transport, room, since, until) + events
    arrival = _arrival(events, own_user)
    fresh = events if arrival is None else events[arrival + 1 :]
    return list({str(event.get("event_id")): event for event in fresh}.values())


async def _gap(transport: Transport, room: str, since: str, until: str) -> list[Json]:
    events: list[Json] = []
    position = since
    for _ in range(MAX_PAGES):
        query = {
            "dir": "f",
            "from": position,
            "to": until,
            "limit": str(PAGE),
            "filter": _FILTER,
        }
        try:
            page = await transport.get(f"{path('rooms', room, 'messages')}?{urlencode(query)}")
        except Refused as refused:
            if refused.passing:
                raise
            _log.warning("the history of %s is closed to us: %s", room, refused)
            return events
        if not isinstance(page.get("chunk"), list):
            raise Lost("a page of history without events")
        events += objects(page["chunk"])
        end = page.get("end")
        if not isinstance(end, str) or end in (position, until):
            return events
        position = end
    _log.error("more than %d events missed in %s: the later ones are left out", len(events), room)
    return events


def _arrival(events: Sequence[Json], own_user: str) -> int | None:
    """Find where the room begins for us: our latest join, or the invitation that led to it."""
    begin = None
    invited = None
    for index, event in enumerate(events):
        if event.get("type") != "m.room.member" or event.get("state_key") != own_user:
            continue
        membership = section(event, "content").get("membership")
        before = section(section(event, "unsigned"), "prev_content").get("membership")
        if membership == "invite":
            invited = index
        elif membership == "join" and before != "join":
            begin = index if invited is None else invited
        else:
            invited = None if membership != "join" else invited
    return begin

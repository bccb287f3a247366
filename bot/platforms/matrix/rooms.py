"""What the bot may do in a room, read from the room's own state.

The Matrix library's view of power levels is empty or wrong in rooms of version 12, whose creators
have endless power without standing in any list.
"""

from bot.platforms.matrix.encryption import Encryption
from bot.platforms.matrix.errors import Refused
from bot.platforms.matrix.lenient import Json, section
from bot.platforms.matrix.transport import Transport, path
from bot.ports import RoomHealth

_ENDLESS = 2**53
# Versions before 12; anything else, known or not, follows the newer rule.
_CREATORS_LISTED = frozenset(str(version) for version in range(1, 12))


async def membership(transport: Transport, room: str, account: str) -> str:
    """Give the membership of an account: join, invite, leave, ban, knock, or "" when unknown.

    Raises:
        RequestFailed, LoggedOut: it could not be asked.
    """
    member = await _state(transport, room, "m.room.member", account)
    found = (member or {}).get("membership")
    return found if isinstance(found, str) else ""


async def room_health(
    transport: Transport, encryption: Encryption, room: str, own_user: str
) -> RoomHealth:
    """Ask what the bot may do.

    Raises:
        RequestFailed, LoggedOut: it could not be asked.
    """
    if await membership(transport, room, own_user) != "join":
        return RoomHealth(room=room)
    name = (await _state(transport, room, "m.room.name") or {}).get("name")
    levels = await _state(transport, room, "m.room.power_levels")
    create = await _state(transport, room, "m.room.create", query="?format=event") or {}
    own = _own_power(create, levels, own_user)
    write = _needed(levels, "m.room.message")
    redact = max(_number((levels or {}).get("redact"), 50), _needed(levels, "m.room.redaction"))
    return RoomHealth(
        room=room,
        name=name if isinstance(name, str) else "",
        joined=True,
        may_write=own >= write,
        may_attach=own >= write,
        may_redact=own >= redact,
        encrypted=await encryption.covers(room),
    )


async def _state(
    transport: Transport, room: str, kind: str, key: str = "", *, query: str = ""
) -> Json | None:
    """Read one piece of state, None when it is not there or the room is not open to us."""
    try:
        return await transport.get(path("rooms", room, "state", kind, key) + query)
    except Refused as refused:
        if refused.absent:
            return None
        raise


def _own_power(create: Json, levels: Json | None, own_user: str) -> int:
    content, creator = section(create, "content"), create.get("sender")
    version = content.get("room_version", "1")
    additional = content.get("additional_creators")
    creators = [creator, *(additional if isinstance(additional, list) else [])]
    if version not in _CREATORS_LISTED and own_user in creators:
        return _ENDLESS
    if levels is None:
        return 100 if own_user in (creator, content.get("creator")) else 0
    default = _number(levels.get("users_default"), 0)
    return _number(section(levels, "users").get(own_user), default)


def _needed(levels: Json | None, kind: str) -> int:
    if levels is None:
        return 0
    default = _number(levels.get("events_default"), 0)
    return _number(section(levels, "events").get(kind), default)


def _number(value: object, default: int) -> int:
    """Read a level; old rooms write them as text too."""
    if isinstance(value, str):
        value = int(value) if value.strip().lstrip("+-").isdecimal() else default
    return int(value) if isinstance(value, int | float) and abs(value) < 2**60 else default


def is_in_room(value: str) -> bool:
    """Tell whether a membership reaches its account: an invited person sees the room too."""
    return value in {"join", "invite"}

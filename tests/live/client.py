"""A bare Matrix client that plays a person, written against the specification alone.

It shares no code with the bot and knows no Matrix library, so it can judge both; benchmarks use
it as the baseline. It does not encrypt. What a room looks like to a reader belongs in timeline.py.
"""

import json
import mimetypes
import uuid
from typing import Self
from urllib.parse import quote

from tests.live.connection import API, Connection, MatrixError, path_of
from tests.live.receiver import Receiver
from tests.live.timeline import Event, Shown, body_of, current_text

__all__ = ["Event", "MatrixError", "MatrixUser", "Shown", "body_of", "current_text"]

_MEDIA = "/_matrix/client/v1/media/download"
_UPLOAD = "/_matrix/media/v3/upload"


class MatrixUser(Receiver):
    """One person on one device.

    As a context manager it ends its listening and closes its connections.
    """

    @classmethod
    async def login(cls, base_url: str, localpart: str, password: str) -> Self:
        """Log in on a new device."""
        request = {
            "type": "m.login.password",
            "identifier": {"type": "m.id.user", "user": localpart},
            "password": password,
        }
        async with Connection(base_url, access_token="") as door:
            answer = await door.call("POST", f"{API}/login", request)
        return cls(base_url, user_id=answer["user_id"], access_token=answer["access_token"])

    async def send(
        self, room: str, text: str, *, thread: str | None = None, reply_to: str | None = None
    ) -> str:
        """Send plain text, in a thread or as a reply when asked to; return the event id."""
        content: Event = {"msgtype": "m.text", "body": text}
        return await self.send_raw(room, "m.room.message", content | _relation(thread, reply_to))

    async def send_raw(self, room: str, event_type: str, content: Event) -> str:
        """Send any event with a transaction id of its own; return the event id."""
        path = path_of("rooms", room, "send", event_type, uuid.uuid4().hex)
        return str((await self.call("PUT", path, content))["event_id"])

    async def edit(self, room: str, event_id: str, new_text: str) -> str:
        """Replace the text of an own message; return the edit's event id."""
        content = {
            "msgtype": "m.text",
            "body": f"* {new_text}",
            "m.new_content": {"msgtype": "m.text", "body": new_text},
            "m.relates_to": {"rel_type": "m.replace", "event_id": event_id},
        }
        return await self.send_raw(room, "m.room.message", content)

    async def react(self, room: str, event_id: str, key: str) -> str:
        """React with an emoji; return the reaction's event id."""
        relation = {"rel_type": "m.annotation", "event_id": event_id, "key": key}
        return await self.send_raw(room, "m.reaction", {"m.relates_to": relation})

    async def redact(self, room: str, event_id: str) -> str:
        """Remove a message, an edit or a reaction; return the redaction's event id."""
        path = path_of("rooms", room, "redact", event_id, uuid.uuid4().hex)
        return str((await self.call("PUT", path, {}))["event_id"])

    async def send_file(
        self,
        room: str,
        name: str,
        data: bytes,
        *,
        content_type: str | None = None,
        thread: str | None = None,
    ) -> str:
        """Upload a file and send it, as a picture when its type says so; return the event id."""
        mime = content_type or mimetypes.guess_type(name)[0] or "application/octet-stream"
        answer = await self.request("POST", _UPLOAD, data, mime, {"filename": name})
        content: Event = {
            "msgtype": "m.image" if mime.startswith("image/") else "m.file",
            "body": name,
            "filename": name,
            "url": json.loads(answer)["content_uri"],
            "info": {"mimetype": mime, "size": len(data)},
        }
        return await self.send_raw(room, "m.room.message", content | _relation(thread, None))

    async def download(self, mxc: str) -> bytes:
        """Fetch the bytes behind an mxc address, as a logged-in user."""
        server, _, media = mxc.removeprefix("mxc://").partition("/")
        path = f"{_MEDIA}/{quote(server, safe='')}/{quote(media, safe='')}"
        return await self.request("GET", path, None, "application/json", {})

    async def create_room(
        self,
        name: str,
        invite: list[str] | None = None,
        *,
        is_direct: bool = False,
        power_levels: Event | None = None,
    ) -> str:
        """Create a private room; `power_levels` replaces parts of the defaults; return its id."""
        request: Event = {
            "name": name,
            "preset": "private_chat",
            "invite": invite or [],
            "is_direct": is_direct,
        }
        if power_levels is not None:
            request["power_level_content_override"] = power_levels
        return str((await self.call("POST", f"{API}/createRoom", request))["room_id"])

    async def invite(self, room: str, user_id: str) -> None:
        """Invite somebody to a room."""
        await self.call("POST", path_of("rooms", room, "invite"), {"user_id": user_id})

    async def leave(self, room: str) -> None:
        """Leave a room, or decline its invitation."""
        await self.call("POST", path_of("rooms", room, "leave"), {})

    async def set_power_levels(self, room: str, power_levels: Event) -> None:
        """Change parts of a room's power levels, keeping the others."""
        path = path_of("rooms", room, "state", "m.room.power_levels")
        await self.call("PUT", f"{path}/", await self.call("GET", f"{path}/") | power_levels)


def _relation(thread: str | None, reply_to: str | None) -> Event:
    if thread is None and reply_to is None:
        return {}
    relation: Event = {"m.in_reply_to": {"event_id": reply_to or thread}}
    if thread is not None:
        # "Falling back": the reply is there for clients that know no threads.
        relation |= {
            "rel_type": "m.thread",
            "event_id": thread,
            "is_falling_back": reply_to is None,
        }
    return {"m.relates_to": relation}

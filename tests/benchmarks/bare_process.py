"""The least that can answer: a long poll, and a plain send for each command. The baseline.

It stores nothing, checks nobody, forgets everything when it ends and may say a thing twice or not
at all; the bot's price for not doing so is what the benchmark shows. It shares no code with the
bot, asks the homeserver for just as little, has as many sends under way at once, and says the very
same: how long a homeserver takes for a message depends on what stands in it.
"""

import asyncio
import contextlib
import itertools
import json
import signal
import sys
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp

from tests.benchmarks.stall import StallProbe, say

PING, FAN_OUT = "!ping", "!fan-out"
_AT_ONCE = 50
_NOTHING = {"types": [], "not_types": ["*"]}
_TYPES = ["m.room.message", "m.room.member", "m.reaction", "m.room.redaction", "m.room.encrypted"]
_FILTER = json.dumps(
    {
        "presence": _NOTHING,
        "account_data": _NOTHING,
        "room": {
            "account_data": _NOTHING,
            "ephemeral": _NOTHING,
            "state": {"types": ["m.room.encryption"], "lazy_load_members": True},
            "timeline": {"types": _TYPES, "limit": 100, "lazy_load_members": True},
        },
    }
)


class BareClient:
    """Answers `!ping` with `content`, and `!fan-out` by saying it in every one of `rooms`."""

    def __init__(self, http: aiohttp.ClientSession, given: dict[str, Any]) -> None:
        self._http = http
        self._client = f"{given['base_url']}/_matrix/client/v3"
        self._user_id: str = given["user_id"]
        self._content: dict[str, object] = given["content"]
        self._rooms: list[str] = given["rooms"]
        self._since: str | None = given.get("since")
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._numbers = itertools.count()
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Read for ever, from `since` on where that is given."""
        query = {"filter": _FILTER, "timeout": "0"}
        if self._since is not None:
            query["since"] = self._since
        answer = await self._sync(query)
        say(synced=True)
        while True:
            query |= {"since": answer["next_batch"], "timeout": "30000"}
            answer = await self._sync(query)
            self._read(answer)

    async def speak(self, rooms: Sequence[str]) -> None:
        """Say it in all these rooms."""
        await asyncio.gather(*(self._send(room) for room in rooms))

    def event(self, room: str) -> tuple[str, dict[str, object]]:
        """Give the type and the content of what is said in a room."""
        # Numbered: what is said twice in a room in one millisecond would be one event.
        return "m.room.message", {**self._content, "number": next(self._numbers)}

    async def _sync(self, query: dict[str, str]) -> dict[str, Any]:
        async with self._http.get(f"{self._client}/sync", params=query) as response:
            answer: dict[str, Any] = await response.json()
            response.raise_for_status()
        return answer

    def _read(self, answer: dict[str, Any]) -> None:
        for room, part in answer.get("rooms", {}).get("join", {}).items():
            for event in part["timeline"]["events"]:
                body = event["content"].get("body")
                if event["sender"] == self._user_id or event["type"] != "m.room.message":
                    continue
                targets = [room] if body == PING else self._rooms if body == FAN_OUT else []
                task = asyncio.create_task(self.speak(targets))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def _send(self, room: str) -> None:
        async with self._slots:
            kind, content = self.event(room)
            address = f"{self._client}/rooms/{quote(room)}/send/{kind}/{uuid.uuid4().hex}"
            async with self._http.put(address, json=content) as response:
                await response.read()
                response.raise_for_status()


async def run(
    given: dict[str, Any], make: Callable[[aiohttp.ClientSession, dict[str, Any]], BareClient]
) -> None:
    """Run a client until SIGTERM."""
    StallProbe().obey()
    headers = {"Authorization": f"Bearer {given['access_token']}"}
    timeout = aiohttp.ClientTimeout(total=120)
    async with aiohttp.ClientSession(headers=headers, timeout=timeout) as http:
        task = asyncio.create_task(make(http, given).run())
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        with contextlib.suppress(asyncio.CancelledError):
            await task


if __name__ == "__main__":
    asyncio.run(run(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")), BareClient))

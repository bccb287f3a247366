"""The least that can answer: a long poll, and a plain send for each command. The baseline.

It stores nothing, checks nobody, forgets everything when it ends and may say a thing twice or not
at all; the bot's price for not doing so is what the benchmark shows. It shares no code with the
bot, asks the homeserver for just as little, and has as many sends under way at once.
"""

import asyncio
import contextlib
import json
import signal
import sys
import uuid
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
    """Answers `!ping` with `text`, and `!fan-out` by saying `text` in every one of `rooms`."""

    def __init__(
        self, http: aiohttp.ClientSession, base_url: str, user_id: str, text: str, rooms: list[str]
    ) -> None:
        self._http = http
        self._client = f"{base_url}/_matrix/client/v3"
        self._user_id = user_id
        self._text = text
        self._rooms = rooms
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Read for ever."""
        query = {"filter": _FILTER, "timeout": "0"}
        while True:
            async with self._http.get(f"{self._client}/sync", params=query) as response:
                answer = await response.json()
            if "since" in query:
                self._read(answer)
            else:
                say(synced=True)
            query |= {"since": answer["next_batch"], "timeout": "30000"}

    def _read(self, answer: dict[str, Any]) -> None:
        for room, part in answer.get("rooms", {}).get("join", {}).items():
            for event in part["timeline"]["events"]:
                body = event["content"].get("body")
                if event["sender"] == self._user_id or event["type"] != "m.room.message":
                    continue
                for target in [room] if body == PING else self._rooms if body == FAN_OUT else []:
                    task = asyncio.create_task(self._send(target))
                    self._tasks.add(task)
                    task.add_done_callback(self._tasks.discard)

    async def _send(self, room: str) -> None:
        address = f"{self._client}/rooms/{quote(room)}/send/m.room.message/{uuid.uuid4().hex}"
        content = {"msgtype": "m.text", "body": self._text}
        async with self._slots, self._http.put(address, json=content) as response:
            await response.read()
            response.raise_for_status()


async def run(given: dict[str, Any]) -> None:
    """Run until SIGTERM."""
    StallProbe().obey()
    headers = {"Authorization": f"Bearer {given['access_token']}"}
    timeout = aiohttp.ClientTimeout(total=120)
    async with aiohttp.ClientSession(headers=headers, timeout=timeout) as http:
        client = BareClient(
            http, given["base_url"], given["user_id"], given["text"], given["rooms"]
        )
        task = asyncio.create_task(client.run())
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        with contextlib.suppress(asyncio.CancelledError):
            await task


if __name__ == "__main__":
    asyncio.run(run(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))))

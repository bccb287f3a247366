"""The bare client in encrypted rooms: as `bare_process`, and each message is sealed.

It speaks as the bot's own device, while the bot is not running: so the homeserver has the same to
do for both, in the same rooms.
"""

import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import aiohttp
from vodozemac import Account

from tests.benchmarks.bare_process import BareClient, run
from tests.benchmarks.bare_sealing import BareSealing


class BareEncrypted(BareClient):
    """Says `content` in every one of the rooms, encrypted for the one person in each."""

    def __init__(self, http: aiohttp.ClientSession, given: dict[str, Any]) -> None:
        super().__init__(http, given)
        self._people: dict[str, str] = dict(zip(given["rooms"], given["people"], strict=True))
        self._base_url = given["base_url"]
        self._sealing = BareSealing(
            self._call,
            user_id=given["user_id"],
            device_id=given["device_id"],
            account=Account.from_pickle(given["pickle"], bytes.fromhex(given["pickle_key"])),
        )

    async def speak(self, rooms: Sequence[str]) -> None:
        """Share what keys are missing, all at once, then say it everywhere."""
        await self._sealing.share({room: self._people[room] for room in rooms})
        await super().speak(rooms)

    def event(self, room: str) -> tuple[str, dict[str, object]]:
        """Give the type and the content of what is said in a room."""
        _, content = super().event(room)
        return "m.room.encrypted", self._sealing.seal(room, content)

    async def _call(self, method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        async with self._http.request(method, self._base_url + path, json=body) as response:
            answer: dict[str, Any] = await response.json()
            response.raise_for_status()
        return answer


if __name__ == "__main__":
    asyncio.run(run(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")), BareEncrypted))

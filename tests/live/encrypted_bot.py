"""The bot's side of the live encryption tests: an account with its keys, and what its store says.

As a program, `python -m tests.live.encrypted_bot <json>`, it says one thing in one room and is made
to be killed while it does. The people are those of mautrix_peer.py and element.py.
"""

import asyncio
import contextlib
import json
import os
import signal
import sqlite3
import sys
import uuid
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from pathlib import Path

from bot.platforms.matrix import MatrixPlatform, Policy, Secrecy
from bot.platforms.matrix.crypto.waiting import PATIENCE
from bot.ports import Text
from tests.live.connection import API, Connection, MatrixError
from tests.live.homeserver import Homeserver
from tests.live.matrix_bot import PASSWORD, Box, listening
from tests.live.process import die_with_parent
from tests.live.proxy import Answer, Cut, Forward, Request

_STORE = "matrix-keys.db"


@dataclass(frozen=True, slots=True, kw_only=True)
class EncryptedBot:
    """A registered account that encrypts, and the folder of its device and its keys."""

    address: str
    user_id: str
    folder: Path

    @classmethod
    async def register(cls, homeserver: Homeserver, folder: Path) -> "EncryptedBot":
        """Make a fresh account."""
        account = await homeserver.register(f"bot-{uuid.uuid4().hex[:8]}", PASSWORD)
        return cls(address=homeserver.base_url, user_id=account.user_id, folder=folder / "first")

    @contextlib.asynccontextmanager
    async def running(
        self,
        *,
        recovery_key: str | None = None,
        unsigned_devices: bool = False,
        patience: float = PATIENCE,
    ) -> AsyncIterator[MatrixPlatform]:
        """Run the platform for a while without reading, as one life of the process."""
        platform = MatrixPlatform(
            self.address,
            self.user_id,
            PASSWORD,
            None,
            self.folder / "device.json",
            Secrecy(
                folder=self.folder,
                policy=Policy(unsigned_devices=unsigned_devices),
                recovery_key=recovery_key,
                patience=patience,
            ),
        )
        try:
            await platform.start()
            yield platform
        finally:
            await platform.stop()

    @contextlib.asynccontextmanager
    async def life(
        self,
        box: Box,
        *,
        recovery_key: str | None = None,
        unsigned_devices: bool = False,
        patience: float = PATIENCE,
    ) -> AsyncIterator[MatrixPlatform]:
        """Run the platform for a while, reading into the box."""
        running = self.running(
            recovery_key=recovery_key, unsigned_devices=unsigned_devices, patience=patience
        )
        async with running as platform, listening(platform, box):
            yield platform

    def key_of(self, room: str) -> str | None:
        """Tell the id of the key that the bot writes with in a room."""
        return self._ask("SELECT session FROM outbound WHERE room = ?", room)

    async def waits_for_a_key(self) -> None:
        """Wait until a message has been kept that can't be read yet."""
        async with asyncio.timeout(10):
            while not self._ask("SELECT event FROM waiting"):
                await asyncio.sleep(0.05)

    def _ask(self, question: str, *values: str) -> str | None:
        with contextlib.closing(sqlite3.connect(self.folder / _STORE)) as store:
            row = store.execute(question, values).fetchone()
        return None if row is None else str(row[0])

    async def standing(self) -> dict[str, object]:
        """Tell what the homeserver has of the account: its identity, its secrets, its backup."""
        async with self.door() as door:
            keys = await door.call("POST", f"{API}/keys/query", {"device_keys": {self.user_id: []}})
            data = await door.call("GET", f"{API}/sync", query={"timeout": "0"})
            backup = await door.call("GET", f"{API}/room_keys/version")
        return {
            "identity": [keys["master_keys"], keys["self_signing_keys"], keys["user_signing_keys"]],
            "secrets": sorted(
                json.dumps(event, sort_keys=True)
                for event in data["account_data"]["events"]
                if event["type"].startswith(("m.secret_storage", "m.cross_signing", "m.megolm"))
            ),
            "backup": backup["version"],
            "backed up": backup["count"],
        }

    def door(self) -> Connection:
        """Give a connection of the bot's own device."""
        token = json.loads((self.folder / "device.json").read_text())["access_token"]
        return Connection(self.address, access_token=token)

    async def backed_up(self, count: int) -> None:
        """Wait until there is a backup and it holds that many keys."""
        async with asyncio.timeout(10):
            while await self._backed_up() != count:
                await asyncio.sleep(0.1)

    async def _backed_up(self) -> object:
        try:
            return (await self.standing())["backed up"]
        except MatrixError as error:
            if error.errcode != "M_NOT_FOUND":
                raise
            return None  # the bot has not made it yet


class KeyTraffic:
    """A proxy's hook that notes what is sent to devices."""

    def __init__(self) -> None:
        self.requests: list[Request] = []

    async def __call__(self, request: Request, forward: Forward) -> Answer:
        """Pass on, and note."""
        if "/sendToDevice/" in request.path:
            self.requests.append(request)
        return await forward(request)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """When a process dies: at a request, before or after the homeserver has acted on it."""

    words: str
    acted: bool


class Killer(KeyTraffic):
    """A proxy's hook that kills a process at a moment, and notes what is sent to devices."""

    def __init__(self, moment: Moment) -> None:
        super().__init__()
        self.moment = moment
        self.pid: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.kills = 0

    async def __call__(self, request: Request, forward: Forward) -> Answer:
        """Pass on, unless the moment has come."""
        if self.kills or self.moment.words not in request.path:
            return await super().__call__(request, forward)
        self.kills += 1
        if self.moment.acted:
            await super().__call__(request, forward)
        os.kill(await self.pid, signal.SIGKILL)
        raise Cut


class LateKeys:
    """A proxy's hook that keeps keys for devices back until they are let go."""

    def __init__(self) -> None:
        self.holds = False
        self._held: list[tuple[Request, Forward]] = []

    async def __call__(self, request: Request, forward: Forward) -> Answer:
        """Pass on, or pretend to."""
        if self.holds and "/sendToDevice/m.room.encrypted/" in request.path:
            self._held.append((request, forward))
            return Answer.of_json(200, {})
        return await forward(request)

    async def let_go(self) -> int:
        """Pass on what was kept back; return how much that was."""
        held, self._held, self.holds = self._held, [], False
        for request, forward in held:
            await forward(request)
        return len(held)


def known_to(homeserver: Homeserver, secret: bytes) -> list[str]:
    """List the homeserver's files that hold some bytes in clear."""
    files = [file for file in homeserver.folder.rglob("*") if file.is_file()]
    return [file.name for file in files if secret in file.read_bytes()]


@dataclass(frozen=True, slots=True, kw_only=True)
class Saying:
    """What the program is asked to say."""

    address: str
    user_id: str
    folder: str
    key: str
    room: str
    words: str

    async def begin(self) -> asyncio.subprocess.Process:
        """Start the program; whoever starts it waits for its end."""
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.live.encrypted_bot",
            json.dumps(asdict(self)),
            start_new_session=True,
            preexec_fn=die_with_parent(signal.SIGKILL),
        )

    async def say(self) -> None:
        """Do it."""
        bot = EncryptedBot(address=self.address, user_id=self.user_id, folder=Path(self.folder))
        async with bot.running() as platform:
            await platform.send(self.key, self.room, Text(markdown=self.words))


async def killed_while_saying(
    bot: EncryptedBot, killer: Killer, key: str, room: str, words: str
) -> None:
    """Let a process say something, and see it killed when the moment has come."""
    saying = Saying(
        address=bot.address,
        user_id=bot.user_id,
        folder=str(bot.folder),
        key=key,
        room=room,
        words=words,
    )
    process = await saying.begin()
    killer.pid.set_result(process.pid)
    assert await asyncio.wait_for(process.wait(), 20) == -signal.SIGKILL


if __name__ == "__main__":
    asyncio.run(Saying(**json.loads(sys.argv[1])).say())

"""What encryption needs done between two readings, and at the start: all of it may fail and be
tried again, none of it holds the reading up."""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bot.platforms.matrix.crypto.account import Own
from bot.platforms.matrix.crypto.keystore import DamagedStore, KeyStore, store_key
from bot.platforms.matrix.crypto.machine import Machine, Policy
from bot.platforms.matrix.crypto.waiting import PATIENCE
from bot.platforms.matrix.crypto.worker import Worker
from bot.platforms.matrix.errors import LoggedOut, RequestFailed
from bot.platforms.matrix.identity import ESTABLISHED_FACT, RECOVERY_FACT, Standing
from bot.platforms.matrix.key_backup import FOREIGN_BACKUP_FACT, KeyBackup
from bot.platforms.matrix.lenient import Json
from bot.platforms.matrix.opening import Opening
from bot.platforms.matrix.pause import Pause
from bot.platforms.matrix.sealing import Sealing
from bot.platforms.matrix.transport import Transport
from bot.ports import Notice

STORE, STORE_KEY = "matrix-keys.db", "matrix-keys.key"
_FIRST_PAUSE, _LONGEST_PAUSE = 5.0, 300.0
UNREACHED_EVERY = 600.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrecy:
    """How the account encrypts.

    `folder` holds the store of keys and its key. `recovery_key` opens an identity that the account
    already has.
    """

    folder: Path
    policy: Policy
    recovery_key: str | None = None
    patience: float = PATIENCE
    """Seconds until a sender is told that a message can't be read."""


class Upkeep:
    """Owns the machine's worker and keeps its published side in order."""

    def __init__(
        self,
        transport: Transport,
        secrecy: Secrecy,
        password: str | None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._secrecy = secrecy
        self._clock = clock
        self._own: Own | None = None
        self._worker = Worker(self._open)
        self.sealing = Sealing(transport, self._worker)
        self.opening = Opening(self._worker, transport.user_id)
        self._standing = Standing(
            transport,
            self._worker,
            password=password,
            recovery_key=secrecy.recovery_key,
        )
        self._backup = KeyBackup(transport, self._worker)
        self._established = False
        self._retry_at = 0.0
        self._pause = Pause(_FIRST_PAUSE, _LONGEST_PAUSE)
        self._unreached_at = 0.0
        self._news = True  # a stop may have come between a key and the message that waited for it

    async def start(self, own: Own) -> None:
        """Open the store and publish who we are; what was published before can wait.

        Raises:
            LoggedOut: a person has to act; the text says how.
            RequestFailed: the homeserver does not take part now, and has never.
        """
        self._own = own
        try:
            known = await self._worker.run(lambda m: m.store.get(ESTABLISHED_FACT)) is not None
            await self._establish()
        except DamagedStore as error:
            raise LoggedOut(str(error)) from error
        except RequestFailed as failure:
            if not known:
                raise
            _log.warning("encryption is looked over later: %s", failure)

    async def _establish(self) -> None:
        await self._standing.establish()
        self._established = True

    def close(self) -> None:
        """Close the store."""
        self._worker.close()

    async def run(self, machine: Callable[[Machine], None]) -> None:
        """Let the machine note something."""
        await self._worker.run(machine)

    async def encrypted_rooms(self) -> list[str]:
        """List the rooms known to be encrypted."""
        return list(await self._worker.run(lambda m: m.members.encrypted()))

    async def notices(self) -> list[Notice]:
        """Tell what a person should know or do."""
        now = self._clock()

        def work(machine: Machine) -> list[Notice]:
            store = machine.store
            facts = {"recovery_key": RECOVERY_FACT, "foreign_backup": FOREIGN_BACKUP_FACT}
            found = [
                Notice(code=code) for code, fact in facts.items() if store.get(fact) is not None
            ]
            for room, count in machine.waiting.by_room().items():
                found.append(Notice(code="unreadable", about=room, count=count))
            for account, changed in machine.devices.new_identities(now):
                since = datetime.fromtimestamp(changed, UTC)
                found.append(Notice(code="new_identity", about=account, since=since))
            return found

        return await self._worker.run(work)

    async def receive(self, answer: Json) -> None:
        """Take from a sync answer what is about keys and devices."""
        self._news = await self.opening.receive(answer) or self._news

    def take_news(self) -> bool:
        """Tell, once, whether messages that waited may be readable now."""
        news, self._news = self._news, False
        return news

    async def after(self) -> float:
        """Do what a reading has made necessary.

        Returns:
            The most seconds that the next reading may wait for something new.

        Raises:
            LoggedOut: the device is no longer accepted.
        """
        now = asyncio.get_running_loop().time()
        self.sealing.heard()
        if now >= self._retry_at:
            try:
                await self._do(now)
                self._pause.reset()
            except RequestFailed as failure:
                seconds = self._pause.after(failure)
                _log.warning("encryption's upkeep failed, next try in %.0f s: %s", seconds, failure)
                self._retry_at = now + seconds
        if self._news:
            return 0.0
        untold = await self._worker.run(lambda m: m.waiting.untold())
        return self._secrecy.patience / 5 if untold else float("inf")

    async def _do(self, now: float) -> None:
        if now - self._unreached_at >= UNREACHED_EVERY:
            self._unreached_at = now
            await self._worker.run(lambda m: m.devices.try_unreached())
        if not self._established:
            await self._establish()
        await self._standing.upload()
        self._news = await self.sealing.refresh_devices() or self._news
        await self.sealing.begin_anew()
        self._news = await self._backup.fetch() or self._news
        await self.sealing.ask_for_keys()
        await self.sealing.send_parcels()
        await self._backup.save()

    def _open(self) -> Machine:
        assert self._own is not None
        folder = self._secrecy.folder
        store = KeyStore(folder / STORE, store_key(folder / STORE_KEY))
        return Machine(store, self._own, self._secrecy.policy, self._secrecy.patience)

"""The backup of room keys on the homeserver, sealed so that only the bot can open it.

A bot rebuilt from its recovery key reads on: a key that is missing is fetched when a message needs
it, one at a time, so that a rebuilt bot starts as fast as any other.
"""

import hmac
import logging
from collections.abc import Sequence

from bot.platforms.matrix.crypto import identity as kept_identity
from bot.platforms.matrix.crypto.backup import BackupKey
from bot.platforms.matrix.crypto.identity import Identity
from bot.platforms.matrix.crypto.machine import Machine
from bot.platforms.matrix.crypto.signing import signed
from bot.platforms.matrix.crypto.worker import Worker
from bot.platforms.matrix.errors import Refused
from bot.platforms.matrix.lenient import Json, section, text
from bot.platforms.matrix.transport import CLIENT, Transport, path

ALGORITHM = "m.megolm_backup.v1.curve25519-aes-sha2"
MARK = "se.lagesbot.mark"
_AT_ONCE = 100
BACKUP_FACT = "backup"
REPLACE_BACKUP_FACT = "replace_backup"
FOREIGN_BACKUP_FACT = "foreign_backup"
_log = logging.getLogger(__name__)


class KeyBackup:
    """Saves room keys, and fetches those that are missing."""

    def __init__(self, transport: Transport, worker: Worker) -> None:
        self._transport = transport
        self._worker = worker

    async def save(self) -> None:
        """Save what the backup lacks.

        Raises:
            RequestFailed, LoggedOut: not now.
        """
        if await self._worker.run(lambda m: m.store.get(FOREIGN_BACKUP_FACT)) is not None:
            return
        keys = await self._worker.run(lambda m: m.keys.to_back_up(_AT_ONCE))
        while keys:
            identity = await self._identity()
            version = await self._usable(identity) if identity else None
            if identity is None or version is None:
                return
            body = await self._worker.run(lambda m, k=keys, i=identity: _sealed(k, i.backup))  # type: ignore[misc]
            try:
                await self._transport.put(f"{CLIENT}/room_keys/keys?version={version}", body)
            except Refused as refused:
                if refused.code not in ("M_WRONG_ROOM_KEYS_VERSION", "M_NOT_FOUND"):
                    raise
                # Somebody has made another backup, or deleted ours: look anew the next time.
                await self._worker.run(lambda m: m.store.forget(BACKUP_FACT))
                return
            saved = [(room, session) for room, session, _ in keys]
            await self._worker.run(lambda m, saved=saved: m.keys.backed_up(saved))  # type: ignore[misc]
            keys = await self._worker.run(lambda m: m.keys.to_back_up(_AT_ONCE))

    async def fetch(self) -> bool:
        """Fetch keys of messages that wait, each asked for once. Returns whether any came.

        Raises:
            RequestFailed, LoggedOut: not now.
        """
        missing = await self._worker.run(lambda m: m.waiting.not_fetched())
        identity = await self._identity() if missing else None
        if identity is None:
            return False
        version = await self._usable(identity)
        came = False
        for room, session in missing:
            found = await self._fetch(identity, version, room, session) if version else None
            came = found is not None or came

            def take(machine: Machine, found: Json | None = found, session: str = session) -> None:
                machine.waiting.fetched(session)
                if found is not None:
                    curve = text(found, "sender_key")
                    machine.keys.restore("", curve, found, backed_up=True)

            await self._worker.run(take)
        return came

    async def _fetch(
        self, identity: Identity, version: str, room: str, session: str
    ) -> Json | None:
        address = path("room_keys", "keys", room, session) + f"?version={version}"
        try:
            answer = await self._transport.get(address)
            opened = identity.backup.unseal(section(answer, "session_data"))
        except ValueError:
            _log.warning("a key in the backup does not open")
            return None
        except Refused as refused:
            if not refused.absent and refused.code != "M_WRONG_ROOM_KEYS_VERSION":
                raise
            return None
        mark = identity.backup.mark(room, session, opened)
        if not hmac.compare_digest(text(opened, MARK).encode(), mark.encode()):
            _log.warning("a key in the backup is not of our making: left out")
            return None
        return {**opened, "room_id": room, "session_id": session}

    async def _usable(self, identity: Identity) -> str | None:
        """Give the version of the backup that is ours, made now if there is none.

        None where somebody else's backup is in place: it is not replaced.
        """
        known = await self._worker.run(lambda m: m.store.get(BACKUP_FACT))
        if known is not None:
            return known
        try:
            there = await self._transport.get(f"{CLIENT}/room_keys/version")
        except Refused as refused:
            if refused.code != "M_NOT_FOUND":
                raise
            version = await self._create(identity)
        else:
            version = text(there, "version")
            if section(there, "auth_data").get("public_key") != identity.backup.public:
                if await self._worker.run(lambda m: m.store.get(REPLACE_BACKUP_FACT)) is None:
                    await self._worker.run(lambda m: m.store.set(FOREIGN_BACKUP_FACT, version))
                    return None
                version = await self._create(identity)
        await self._worker.run(lambda m: _use(m, version))
        return version

    async def _create(self, identity: Identity) -> str:
        own = await self._worker.run(lambda m: m.own)
        auth: dict[str, object] = {"public_key": identity.backup.public}
        master = identity.master
        auth = signed(auth, own.account, f"ed25519:{master.public}", master.sign)
        name = f"ed25519:{own.device}"
        auth = await self._worker.run(lambda m: signed(auth, own.account, name, m.device.sign))
        body = {"algorithm": ALGORITHM, "auth_data": auth}
        answer = await self._transport.post(f"{CLIENT}/room_keys/version", body)
        await self._worker.run(lambda m: m.keys.back_up_all_anew())
        return text(answer, "version")

    async def _identity(self) -> Identity | None:
        return await self._worker.run(lambda m: kept_identity.kept(m.store))


def _use(machine: Machine, version: str) -> None:
    machine.store.set(BACKUP_FACT, version)
    for fact in (FOREIGN_BACKUP_FACT, REPLACE_BACKUP_FACT):
        machine.store.forget(fact)


def _sealed(keys: Sequence[tuple[str, str, Json]], key: BackupKey) -> Json:
    """Give the body that saves keys."""
    rooms: dict[str, dict[str, dict[str, object]]] = {}
    for room, session, exported in keys:
        content = {name: value for name, value in exported.items() if name != "first_message_index"}
        content[MARK] = key.mark(room, session, content)
        rooms.setdefault(room, {"sessions": {}})["sessions"][session] = {
            "first_message_index": exported["first_message_index"],
            "forwarded_count": 0,
            "is_verified": True,
            "session_data": key.seal(content),
        }
    return {"rooms": rooms}

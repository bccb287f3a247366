"""Standing as somebody: publishes our device, and the identity that vouches for it.

At the first start the identity is made; later starts find it and mend what is missing. An identity
on the server that is not ours is never replaced by itself: the people who trust it would be asked
to approve a new one, and whoever made it may have had a reason.
"""

import hashlib
import logging
import secrets

from bot.platforms.matrix.crypto import identity as kept_identity
from bot.platforms.matrix.crypto import secret_storage
from bot.platforms.matrix.crypto.devices import read_device, signing_key
from bot.platforms.matrix.crypto.identity import SECRETS, Identity
from bot.platforms.matrix.crypto.machine import Machine
from bot.platforms.matrix.crypto.recovery import BadRecoveryKey, decode_recovery_key
from bot.platforms.matrix.crypto.worker import Worker
from bot.platforms.matrix.errors import LoggedOut, Refused
from bot.platforms.matrix.key_backup import (
    BACKUP_FACT,
    FOREIGN_BACKUP_FACT,
    REPLACE_BACKUP_FACT,
)
from bot.platforms.matrix.lenient import Json, items, section, text
from bot.platforms.matrix.transport import CLIENT, Transport, path

_PASSWORD = "m.login.password"  # noqa: S105 the name of a way to log in
_DEFAULT_KEY = "m.secret_storage.default_key"
RECOVERY_FACT = "recovery_key"
STORAGE_FACT = "storage"
ESTABLISHED_FACT = "established"
REPLACE_FACT = "replace_identity"
"""A person has said that an identity that is not ours may be replaced, once."""
_log = logging.getLogger(__name__)


class NotOurIdentity(LoggedOut):
    """The account has a cross-signing identity that is not the bot's; a person has to act."""


class Standing:
    """Publishes and mends what others know of us."""

    def __init__(
        self,
        transport: Transport,
        worker: Worker,
        *,
        password: str | None,
        recovery_key: str | None,
    ) -> None:
        self._transport = transport
        self._worker = worker
        self._own = transport.user_id
        self._password = password
        self._recovery_key = recovery_key
        self._replace = False

    async def establish(self) -> None:
        """Publish the device and let an identity of ours vouch for it.

        Raises:
            NotOurIdentity: the account has another identity, and nothing opens it.
            RequestFailed, LoggedOut: the homeserver did not take part.
        """
        identity = await self._worker.run(_take_up)
        self._replace = await self._worker.run(lambda m: m.store.get(REPLACE_FACT)) is not None
        await self._confirm_device(await self._own_keys())
        await self._claim_counts()
        await self.upload()
        answer = await self._own_keys()
        theirs = signing_key(section(answer, "master_keys").get(self._own), self._own, "master")
        if identity is None:
            identity = await self._make(theirs)
        elif theirs not in (None, identity.master.public) and not self._replace:
            raise NotOurIdentity(
                f"somebody has replaced the cross-signing identity of {self._own}. If that was on"
                " purpose, let the bot make its own again: `python -m bot encryption replace`"
            )
        if theirs != identity.master.public:
            await self._publish(identity)
        if self._replace:
            await self._worker.run(_begin_storage_anew)
        await self._vouch(identity, answer)
        await self._store_secrets(identity)
        await self._worker.run(_established)

    async def _own_keys(self) -> Json:
        """Ask what others see of us."""
        body = {"device_keys": {self._own: []}, "timeout": 10_000}
        return await self._transport.post(f"{CLIENT}/keys/query", body)

    async def _confirm_device(self, answer: Json) -> None:
        """Refuse to speak as a device that others know by another key: nobody would read us."""
        own, ours = await self._worker.run(lambda m: (m.own, m.device.curve))
        listed = dict(items(section(answer, "device_keys").get(self._own))).get(own.device, {})
        theirs = text(section(listed, "keys"), f"curve25519:{own.device}")
        if theirs and theirs != ours:
            raise NotOurIdentity(
                "the store of keys is not the one that belongs to the bot's device. Move the device"
                " file and the store away and start with the password and the recovery key"
            )

    async def _claim_counts(self) -> None:
        """Ask how many one-time keys the homeserver has left, before the first sync tells."""
        answer = await self._transport.post(f"{CLIENT}/keys/upload", {})
        counts = section(answer, "one_time_key_counts")
        told = {"device_one_time_keys_count": counts}
        await self._worker.run(lambda m: m.receive(told))

    async def upload(self) -> None:
        """Publish keys where some are missing."""
        body = await self._worker.run(lambda m: m.upload())
        if not body:
            return
        try:
            await self._transport.post(f"{CLIENT}/keys/upload", body)
        except Refused as refused:
            if refused.status != 400:
                raise
            # Keys of these names lie on the server already: they stay there, and others are made.
            _log.warning("one-time keys were refused, others will be made: %s", refused)
            rest = {name: value for name, value in body.items() if name != "one_time_keys"}
            if rest:
                await self._transport.post(f"{CLIENT}/keys/upload", rest)
        await self._worker.run(lambda m: m.uploaded())

    async def _make(self, theirs: str | None) -> Identity:
        """Give the identity that this account is to have: recovered, or new."""
        if theirs is not None and not self._replace:
            if not self._recovery_key:
                raise NotOurIdentity(
                    f"{self._own} has a cross-signing identity already. Give its recovery key in"
                    " LAGESBOT_MATRIX__RECOVERY_KEY, or let the bot make a new identity:"
                    " `python -m bot encryption replace`"
                )
            identity = await self._recover(theirs)
        else:
            identity = Identity.new()
        await self._worker.run(lambda m: kept_identity.keep(m.store, identity))
        await self._worker.run(_take_up)
        return identity

    async def _recover(self, theirs: str) -> Identity:
        """Open the account's secret storage with the recovery key."""
        try:
            key = decode_recovery_key(self._recovery_key or "")
            key_id = text(await self._data(_DEFAULT_KEY), "key")
            if not secret_storage.fits(key, await self._data(f"m.secret_storage.key.{key_id}")):
                raise BadRecoveryKey("it is not the key of this account's secret storage")
            found = {}
            for name in SECRETS:
                sealed = section(section(await self._data(name), "encrypted"), key_id)
                if sealed:
                    found[name] = secret_storage.unseal(key, name, sealed)
            identity = Identity.from_secrets(found)
            if identity.master.public != theirs:
                raise BadRecoveryKey("it opens an identity that has been replaced since")
        except ValueError as error:
            raise NotOurIdentity(
                f"the recovery key of {self._own} does not fit: {error}"
            ) from error

        def keep(machine: Machine) -> None:
            machine.store.set(STORAGE_FACT, key_id)

        await self._worker.run(keep)
        return identity

    async def _publish(self, identity: Identity) -> None:
        """Upload the identity; the first needs no password, a replacement does."""
        address = f"{CLIENT}/keys/device_signing/upload"
        body = identity.keys(self._own)
        try:
            await self._transport.post(address, body)
            return
        except Refused as refused:
            if refused.status != 401 or "session" not in refused.answer:
                raise
            session = text(refused.answer, "session")
        if not self._password:
            raise NotOurIdentity(
                "the homeserver wants the bot's password before it takes a cross-signing identity:"
                " set it and start again"
            )
        auth = {
            "type": _PASSWORD,
            "identifier": {"type": "m.id.user", "user": self._own},
            "password": self._password,
            "session": session,
        }
        await self._transport.post(address, {**body, "auth": auth})

    async def _vouch(self, identity: Identity, answer: Json) -> None:
        """Sign our device with our identity where it is not signed yet."""
        own = await self._worker.run(lambda m: m.own)
        listed = dict(items(section(answer, "device_keys").get(self._own))).get(own.device, {})
        device = read_device(self._own, own.device, listed, identity.self_signing.public)
        if device is not None and device.signed:
            return
        keys = await self._worker.run(lambda m: m.published_keys())
        body = {self._own: {own.device: keys}}
        answer = await self._transport.post(f"{CLIENT}/keys/signatures/upload", body)
        if section(answer, "failures"):
            raise Refused(400, "M_INVALID_SIGNATURE", "the signature of our device was refused")

    async def _store_secrets(self, identity: Identity) -> None:
        """Put the identity into the account's secret storage, under a recovery key shown once."""
        key = await self._worker.run(_recovery_key)
        if key is None:
            return
        # By its key, so that a storage begun twice is one; what is described of it tells no more.
        key_id = hashlib.sha256(b"secret storage" + key).hexdigest()[:32]
        await self._put_data(f"m.secret_storage.key.{key_id}", secret_storage.describe(key))
        for name, secret in identity.secrets().items():
            sealed = secret_storage.seal(key, name, secret)
            await self._put_data(name, {"encrypted": {key_id: sealed}})
        await self._put_data(_DEFAULT_KEY, {"key": key_id})
        await self._worker.run(lambda m: m.store.set(STORAGE_FACT, key_id))

    async def _data(self, name: str) -> Json:
        try:
            return await self._transport.get(path("user", self._own, "account_data", name))
        except Refused as refused:
            if refused.code != "M_NOT_FOUND":
                raise
            return {}

    async def _put_data(self, name: str, content: Json) -> None:
        await self._transport.put(path("user", self._own, "account_data", name), content)


def _established(machine: Machine) -> None:
    machine.store.forget(REPLACE_FACT)
    machine.store.forget(FOREIGN_BACKUP_FACT)  # looked at anew with the first key to save
    machine.store.set(ESTABLISHED_FACT, "1")


def _begin_storage_anew(machine: Machine) -> None:
    """With the identity, secret storage and backup are replaced: whose they were nobody knows."""
    for fact in (STORAGE_FACT, BACKUP_FACT):
        machine.store.forget(fact)
    machine.store.set(REPLACE_BACKUP_FACT, "1")


def _take_up(machine: Machine) -> Identity | None:
    """Let the identity that is kept vouch for this device."""
    identity = kept_identity.kept(machine.store)
    if identity is not None:
        machine.sign_with(identity.self_signing)
    return identity


def _recovery_key(machine: Machine) -> bytes | None:
    """Give the recovery key that the secret storage is to have; None where it has one."""
    if machine.store.get(STORAGE_FACT) is not None:
        return None
    kept = machine.store.secret(RECOVERY_FACT)
    if kept is not None:
        return bytes.fromhex(kept)
    key = secrets.token_bytes(32)
    machine.store.keep_secret(RECOVERY_FACT, key.hex())
    return key

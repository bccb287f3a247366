"""Our own device: its keys, the one-time keys that others begin a conversation with.

The account is stored before anything of it is published. Killed in between, the next start
publishes the same keys again, which the homeserver takes for a repetition; the other way round dead
keys would lie on the server for ever.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from vodozemac import Account, Curve25519PublicKey, PickleException, PreKeyMessage, Session

from bot.platforms.matrix.crypto.devices import MEGOLM, OLM
from bot.platforms.matrix.crypto.keystore import DamagedStore, KeyStore
from bot.platforms.matrix.crypto.signing import SigningKey, signed
from bot.platforms.matrix.lenient import Json, texts

_KIND = "signed_curve25519"


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """Who we are."""

    account: str
    device: str


class OwnDevice:
    """The device's keys. The store must be in a transaction for all that changes them."""

    def __init__(self, store: KeyStore, own: Own) -> None:
        self._store = store
        self.own = own
        self._account: Account | None = None

    @property
    def account(self) -> Account:
        """The keys, read from the store once and made at the first start.

        Raises:
            DamagedStore: the store can't be opened with its key.
        """
        if self._account is None:
            kept = self._store.get("account")
            owner = f"{self.own.account} {self.own.device}"
            if kept is None:
                self._account = Account()
                self._store.set("owner", owner)
                self._keep()
            elif self._store.get("owner") != owner:
                raise DamagedStore(
                    f"the store of keys belongs to {self._store.get('owner')}, not to {owner}:"
                    " restore the device file that belongs to it, or move the store away"
                )
            else:
                try:
                    self._account = Account.from_pickle(kept, self._store.key)
                except PickleException as error:
                    raise DamagedStore("the store of keys and its key do not fit") from error
        return self._account

    def undone(self) -> None:
        """Read the keys anew: what was changed in memory has not been stored."""
        self._account = None

    @property
    def _fallback(self) -> dict[str, Curve25519PublicKey]:
        keys: dict[str, Curve25519PublicKey] = self.account.fallback_key  # type: ignore[attr-defined]
        return keys  # the library has it, its stubs do not

    @property
    def curve(self) -> str:
        """Our identity key."""
        return self.account.curve25519_key.to_base64()

    @property
    def ed(self) -> str:
        """Our signing key."""
        return self.account.ed25519_key.to_base64()

    def sign(self, message: bytes) -> str:
        """Sign as this device."""
        return self.account.sign(message).to_base64()

    def device_keys(self, self_signing: SigningKey | None) -> dict[str, object]:
        """Give what we publish of this device, signed by it and by our identity if there is one."""
        account, device = self.own.account, self.own.device
        keys: dict[str, object] = {
            "user_id": account,
            "device_id": device,
            "algorithms": [OLM, MEGOLM],
            "keys": {f"curve25519:{device}": self.curve, f"ed25519:{device}": self.ed},
        }
        keys = signed(keys, account, f"ed25519:{device}", self.sign)
        if self_signing is not None:
            keys = signed(keys, account, f"ed25519:{self_signing.public}", self_signing.sign)
        return keys

    def wanted(self, count: int | None, *, fallback_used: bool) -> Json:
        """Give the body of an upload that fills up what is missing, empty when nothing is.

        Args:
            count: how many one-time keys the homeserver has left, None when it did not say.
            fallback_used: the key of last resort is missing, or has been used.
        """
        body: dict[str, object] = {}
        most = self.account.max_number_of_one_time_keys // 2
        unpublished = len(self.account.one_time_keys)
        if count is not None and count < most and not unpublished:
            self.account.generate_one_time_keys(most - count)
            self._keep()
        if self.account.one_time_keys:
            body["one_time_keys"] = self._signed(self.account.one_time_keys, fallback=False)
        if fallback_used and not self._fallback:
            self.account.generate_fallback_key()  # type: ignore[attr-defined]
            self._keep()
        if self._fallback:
            body["fallback_keys"] = self._signed(self._fallback, fallback=True)
        return body

    def published(self) -> None:
        """The homeserver has what `wanted` gave."""
        self.account.mark_keys_as_published()
        self._keep()

    def meet(self, curve: Curve25519PublicKey, one_time: Curve25519PublicKey) -> Session:
        """Begin a conversation with a device."""
        return self.account.create_outbound_session(curve, one_time)

    def answer(self, curve: Curve25519PublicKey, message: PreKeyMessage) -> tuple[Session, bytes]:
        """Take up a conversation that a device began; its one-time key is gone then.

        Raises:
            ValueError: the message does not hold.
        """
        session, plain = self.account.create_inbound_session(curve, message)
        self._keep()
        return session, plain

    def _keep(self) -> None:
        self._store.set("account", self.account.pickle(self._store.key))

    def _signed(
        self, keys: Mapping[str, Curve25519PublicKey], *, fallback: bool
    ) -> dict[str, object]:
        found: dict[str, object] = {}
        for key_id, key in keys.items():
            value: dict[str, object] = {"key": key.to_base64()}
            if fallback:
                value["fallback"] = True
            name = f"ed25519:{self.own.device}"
            found[f"{_KIND}:{key_id}"] = signed(value, self.own.account, name, self.sign)
        return found


def one_time_count(answer: Json) -> int | None:
    """Read from a sync answer how many one-time keys are left; a kind not named counts as none."""
    counts = answer.get("device_one_time_keys_count")
    if not isinstance(counts, Mapping):
        return None
    count = counts.get(_KIND, 0)
    return max(count, 0) if isinstance(count, int) and not isinstance(count, bool) else None


def fallback_used(answer: Json) -> bool:
    """Read from a sync answer whether the key of last resort must be made anew."""
    unused = answer.get("device_unused_fallback_key_types")
    return isinstance(unused, list) and _KIND not in texts(unused)

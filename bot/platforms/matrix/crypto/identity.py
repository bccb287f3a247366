"""Our cross-signing identity: three keys that vouch for each device we ever have.

Kept sealed in the store, and under the recovery key in the account's secret storage (specification:
"Cross-signing", "Secrets"). Stored before it is published, so that it is never lost half-way.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from bot.platforms.matrix.crypto.backup import BackupKey
from bot.platforms.matrix.crypto.keystore import KeyStore
from bot.platforms.matrix.crypto.signing import SigningKey, decode, encode, signed

MASTER = "m.cross_signing.master"
SELF_SIGNING = "m.cross_signing.self_signing"
USER_SIGNING = "m.cross_signing.user_signing"
BACKUP = "m.megolm_backup.v1"
SECRETS = (MASTER, SELF_SIGNING, USER_SIGNING, BACKUP)
_FACT = "identity"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """The three signing keys, and the key of the backup of room keys."""

    master: SigningKey
    self_signing: SigningKey
    user_signing: SigningKey
    backup: BackupKey

    @classmethod
    def new(cls) -> "Identity":
        """Make an identity."""
        return cls(
            master=SigningKey.new(),
            self_signing=SigningKey.new(),
            user_signing=SigningKey.new(),
            backup=BackupKey.new(),
        )

    @classmethod
    def from_secrets(cls, found: Mapping[str, str]) -> "Identity":
        """Make the identity from its secrets, as `secrets` gives them.

        Raises:
            ValueError: a secret is missing or is no key. A missing backup key is made anew.
        """
        seeds = {name: decode(found[name]) for name in SECRETS if name in found}
        if not {MASTER, SELF_SIGNING, USER_SIGNING} <= seeds.keys():
            raise ValueError("the secret storage does not hold the whole identity")
        backup = seeds.get(BACKUP)
        return cls(
            master=SigningKey.from_seed(seeds[MASTER]),
            self_signing=SigningKey.from_seed(seeds[SELF_SIGNING]),
            user_signing=SigningKey.from_seed(seeds[USER_SIGNING]),
            backup=BackupKey.from_seed(backup) if backup else BackupKey.new(),
        )

    def secrets(self) -> dict[str, str]:
        """Give the secrets by the names under which the secret storage has them."""
        return {
            MASTER: encode(self.master.seed),
            SELF_SIGNING: encode(self.self_signing.seed),
            USER_SIGNING: encode(self.user_signing.seed),
            BACKUP: encode(self.backup.seed),
        }

    def keys(self, account: str) -> dict[str, object]:
        """Give what /keys/device_signing/upload wants."""
        usages = {
            "master": self.master,
            "self_signing": self.self_signing,
            "user_signing": self.user_signing,
        }
        body: dict[str, object] = {}
        for usage, key in usages.items():
            public: dict[str, object] = {
                "user_id": account,
                "usage": [usage],
                "keys": {f"ed25519:{key.public}": key.public},
            }
            if usage != "master":
                name = f"ed25519:{self.master.public}"
                public = signed(public, account, name, self.master.sign)
            body[f"{usage}_key"] = public
        return body


def keep(store: KeyStore, identity: Identity) -> None:
    """Keep the identity, sealed with the store's own key."""
    store.keep_secret(_FACT, json.dumps(identity.secrets()))


def kept(store: KeyStore) -> Identity | None:
    """Give the identity that is kept.

    Raises:
        DamagedStore: there is one, but the store's key does not open it.
    """
    secrets = store.secret(_FACT)
    return None if secrets is None else Identity.from_secrets(json.loads(secrets))

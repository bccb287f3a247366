"""The backup of room keys on the homeserver.

Specification: "Server-side key backups", algorithm m.megolm_backup.v1.curve25519-aes-sha2. Its
authentication code covers nothing (an old mistake that the specification keeps), and the public
key is enough to seal: what is opened here may have been written or changed by the homeserver. So
the bot puts a mark of its own inside, and believes no other key. Uploading, and signing the public
key, are not done here.
"""

import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from vodozemac import Curve25519PublicKey, Curve25519SecretKey, Message, PkDecryption, PkEncryption

from bot.platforms.matrix.crypto.signing import decode, encode
from bot.platforms.matrix.lenient import Json, text

_KEY_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupKey:
    """The key that opens the backup; its public half is enough to seal.

    Attributes:
        seed: 32 bytes, the secret.
        public: in unpadded base64.
    """

    seed: bytes = field(repr=False)
    public: str

    @classmethod
    def new(cls) -> "BackupKey":
        """Make a key."""
        return cls.from_seed(secrets.token_bytes(_KEY_BYTES))

    @classmethod
    def from_seed(cls, seed: bytes) -> "BackupKey":
        """Give the key of a seed.

        Raises:
            ValueError: the seed does not have 32 bytes.
        """
        if len(seed) != _KEY_BYTES:
            raise ValueError("a backup key's seed has 32 bytes")
        return cls(seed=seed, public=Curve25519SecretKey.from_bytes(seed).public_key().to_base64())

    def mark(self, room: str, session: str, content: Json) -> str:
        """Give the mark of a room key that we have put here: it takes the seed to make it."""
        key = hmac.digest(self.seed, b"se.lagesbot.room_key", "sha256")
        said = [room, session, text(content, "sender_key"), text(content, "session_key")]
        return hmac.digest(key, json.dumps(said).encode(), "sha256").hex()

    def seal(self, session: Json) -> dict[str, str]:
        """Give the session_data of a room key."""
        encryption = PkEncryption.from_key(Curve25519PublicKey.from_base64(self.public))
        message = encryption.encrypt(json.dumps(dict(session)).encode())
        return {
            "ephemeral": encode(message.ephemeral_key),
            "ciphertext": encode(message.ciphertext),
            "mac": encode(message.mac),
        }

    def unseal(self, session_data: Json) -> dict[str, object]:
        """Open the session_data of a room key.

        Raises:
            ValueError: it was sealed with another key, or is damaged. The text repeats nothing of
                what is inside.
        """
        if not isinstance(session_data, Mapping):
            raise ValueError("no sealed room key")
        ciphertext, mac, ephemeral = (
            decode(text(session_data, name)) for name in ("ciphertext", "mac", "ephemeral")
        )
        secret = PkDecryption.from_key(Curve25519SecretKey.from_bytes(self.seed))
        opened = _read(secret.decrypt(Message(ciphertext, mac, ephemeral)))
        if not isinstance(opened, dict):
            raise ValueError("no room key inside")
        return opened


def _read(raw: bytes) -> object:
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        raise ValueError("no room key inside") from None  # the error would carry the plain text

"""Encrypted files (specification: "Sending encrypted attachments", EncryptedFile v2)."""

import base64
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256

from bot.platforms.matrix.crypto.primitives import count
from bot.platforms.matrix.crypto.signing import decode, encode
from bot.platforms.matrix.lenient import Json, section, text

_KEY_BYTES = 32
_IV_BYTES = 16
_URL_SAFE = str.maketrans("-_", "+/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """An encrypted file.

    Attributes:
        content: what is uploaded.
        file: what the event says of it, the key among it; its "url" is left out.
    """

    content: bytes = field(repr=False)
    file: dict[str, object] = field(repr=False)


def seal(content: bytes) -> Sealed:
    """Encrypt a file under a key of its own."""
    key = secrets.token_bytes(_KEY_BYTES)
    iv = secrets.token_bytes(8) + bytes(8)  # the lower half counts, so it never overflows
    sealed = count(key, iv, content)
    return Sealed(
        content=sealed,
        file={
            "v": "v2",
            "key": {
                "kty": "oct",
                "key_ops": ["encrypt", "decrypt"],
                "alg": "A256CTR",
                "k": base64.urlsafe_b64encode(key).rstrip(b"=").decode(),
                "ext": True,
            },
            "iv": encode(iv),
            "hashes": {"sha256": encode(sha256(sealed).digest())},
        },
    )


def unseal(content: bytes, file: Json) -> bytes:
    """Decrypt a file.

    Raises:
        ValueError: it is not the file that the event describes, or the description is none.
    """
    if not isinstance(file, Mapping):
        raise ValueError("no description of an encrypted file")
    key = decode(text(section(file, "key"), "k").translate(_URL_SAFE))
    iv = decode(text(file, "iv"))
    digest = decode(text(section(file, "hashes"), "sha256"))
    if len(key) != _KEY_BYTES or len(iv) != _IV_BYTES:
        raise ValueError("no description of an encrypted file")
    if not hmac.compare_digest(digest, sha256(content).digest()):
        raise ValueError("the file is not the one that was sent")
    return count(key, iv, content)

"""Secrets in the account's data, under a key that only people hold.

Specification: "Secret storage" and "Key storage", algorithm m.secret_storage.v1.aes-hmac-sha2. All
base64 is written without padding and read with or without it, as the specification asks.
"""

import hmac
import secrets
from collections.abc import Mapping
from hashlib import sha256

from bot.platforms.matrix.crypto.primitives import count, derive
from bot.platforms.matrix.crypto.signing import decode, encode
from bot.platforms.matrix.lenient import Json, text

ALGORITHM = "m.secret_storage.v1.aes-hmac-sha2"
_KEY_BYTES = 32
_IV_BYTES = 16
_ZEROS = bytes(32)


def describe(key: bytes) -> dict[str, object]:
    """Give the description of a storage key, by which whoever holds it knows it again.

    Raises:
        ValueError: the key does not have 32 bytes.
    """
    iv = _new_iv()
    _, mac = _encrypt(key, "", iv, _ZEROS)
    return {"algorithm": ALGORITHM, "iv": encode(iv), "mac": encode(mac)}


def fits(key: bytes, description: Json) -> bool:
    """Tell whether the key is the one described; never raises.

    Element Web has left the check out at times, so the specification lets any key fit a
    description without one; `unseal` still finds out.
    """
    if not isinstance(description, Mapping) or description.get("algorithm") != ALGORITHM:
        return False
    if len(key) != _KEY_BYTES:
        return False
    if "mac" not in description:
        return True
    try:
        iv, mac = decode(text(description, "iv")), decode(text(description, "mac"))
    except ValueError:
        return False
    return len(iv) == _IV_BYTES and hmac.compare_digest(_encrypt(key, "", iv, _ZEROS)[1], mac)


def seal(key: bytes, name: str, secret: str) -> dict[str, str]:
    """Encrypt a secret under its name.

    Raises:
        ValueError: the key does not have 32 bytes.
    """
    iv = _new_iv()
    ciphertext, mac = _encrypt(key, name, iv, secret.encode())
    return {"iv": encode(iv), "ciphertext": encode(ciphertext), "mac": encode(mac)}


def unseal(key: bytes, name: str, sealed: Json) -> str:
    """Decrypt a secret.

    Raises:
        ValueError: it was sealed with another key, under another name, or is damaged. The text
            says which of them and repeats nothing of the secret.
    """
    if not isinstance(sealed, Mapping):
        raise ValueError("no sealed secret")
    iv, ciphertext = decode(text(sealed, "iv")), decode(text(sealed, "ciphertext"))
    mac = decode(text(sealed, "mac"))
    if len(iv) != _IV_BYTES:
        raise ValueError("no sealed secret")
    aes_key, mac_key = _keys(key, name)
    if not hmac.compare_digest(hmac.digest(mac_key, ciphertext, sha256), mac):
        raise ValueError("the secret was sealed with another key, or is damaged")
    try:
        return count(aes_key, iv, ciphertext).decode()
    except UnicodeDecodeError:
        # The vector is not part of what is authenticated. The error would carry the plain bytes.
        raise ValueError("the secret is damaged") from None


def _encrypt(key: bytes, name: str, iv: bytes, plain: bytes) -> tuple[bytes, bytes]:
    """Give the ciphertext and its authentication code."""
    aes_key, mac_key = _keys(key, name)
    ciphertext = count(aes_key, iv, plain)
    return ciphertext, hmac.digest(mac_key, ciphertext, sha256)


def _keys(key: bytes, name: str) -> tuple[bytes, bytes]:
    if len(key) != _KEY_BYTES:
        raise ValueError("a storage key has 32 bytes")
    both = derive(key, 64, bytes(32), name.encode())
    return both[:32], both[32:]


def _new_iv() -> bytes:
    iv = bytearray(secrets.token_bytes(_IV_BYTES))
    iv[8] &= 0x7F  # bit 63: some implementations count in 64 bits and would overflow
    return bytes(iv)

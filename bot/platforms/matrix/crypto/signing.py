"""Canonical JSON, Ed25519 keys of ours, and signatures of JSON (specification: "Signing JSON").

Whose key may vouch for what is decided elsewhere.
"""

import base64
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from vodozemac import Ed25519PublicKey, Ed25519Signature

from bot.platforms.matrix.crypto.primitives import public_key, sign
from bot.platforms.matrix.lenient import Json, section, text

_LARGEST = 2**53 - 1
_SEED_BYTES = 32
_PUBLIC_BYTES = 32
_SIGNATURE_BYTES = 64


def encode(raw: bytes) -> str:
    """Write bytes as unpadded base64 (specification: "Unpadded Base64")."""
    return base64.b64encode(raw).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """Read base64, padded or not.

    Spare bits in the last character are let through: the specification's own examples have some.

    Raises:
        ValueError: it is no base64.
    """
    padded = text if "=" in text else text + "=" * (-len(text) % 4)
    try:
        return base64.b64decode(padded, validate=True)
    except ValueError:
        raise ValueError("not base64") from None


def canonical(value: Json) -> bytes:
    """Write an object the one way that is signed (specification: "Canonical JSON").

    Raises:
        ValueError: it holds a fraction, a number beyond 53 bits, a key that is no text, half a
            character or something that JSON does not have, or it nests too deep.
    """
    try:
        plain = _plain(value)
        written = json.dumps(plain, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    except RecursionError as error:
        raise ValueError("nested too deep") from error
    return written.encode()  # half a character raises UnicodeEncodeError, which is a ValueError


def _plain(value: object) -> object:
    """Give the value in types that json knows, having checked each part of it."""
    match value:
        case None | bool() | str():
            return value
        case int() if abs(value) <= _LARGEST:
            return value
        case list() | tuple():
            return [_plain(item) for item in value]
        case Mapping():
            if not all(isinstance(key, str) for key in value):
                raise ValueError("a key that is no text")
            return {key: _plain(item) for key, item in value.items()}
    raise ValueError("a value that canonical JSON does not have")


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """An Ed25519 key of ours (RFC 8032); the seed is the secret.

    Attributes:
        seed: 32 bytes.
        public: in unpadded base64.
    """

    seed: bytes = field(repr=False)
    public: str

    @classmethod
    def new(cls) -> "SigningKey":
        """Make a key."""
        return cls.from_seed(secrets.token_bytes(_SEED_BYTES))

    @classmethod
    def from_seed(cls, seed: bytes) -> "SigningKey":
        """Give the key of a seed.

        Raises:
            ValueError: the seed does not have 32 bytes.
        """
        if len(seed) != _SEED_BYTES:
            raise ValueError("a signing key's seed has 32 bytes")
        return cls(seed=seed, public=encode(public_key(seed)))

    def sign(self, message: bytes) -> str:
        """Sign; give the signature in unpadded base64."""
        return encode(sign(self.seed, message))


def signed(value: Json, user: str, key_id: str, sign: Callable[[bytes], str]) -> dict[str, object]:
    """Give a copy with one more signature (specification: "Signing Details").

    Args:
        value: its "signatures" stay; neither they nor "unsigned" are part of what is signed.
        user: who signs.
        key_id: with the algorithm, as in "ed25519:ABCDEF".
        sign: gives the signature of a message in unpadded base64.

    Raises:
        ValueError: it can't be written as canonical JSON.
    """
    standing = section(value, "signatures")
    signatures = {name: dict(section(standing, name)) for name in standing}
    signatures.setdefault(user, {})[key_id] = sign(_covered(value))
    return {**value, "signatures": signatures}


def is_signed_by(value: Json, user: str, key_id: str, public: str) -> bool:
    """Tell whether that key has signed it (specification: "Checking for a Signature").

    Never raises: what is no object, key or signature is not signed by anybody.
    """
    if not isinstance(value, Mapping) or not isinstance(public, str):
        return False
    try:
        key = decode(public)
        signature = decode(text(section(section(value, "signatures"), user), key_id))
        # vodozemac panics (no Exception!) over keys of more than 32 bytes, so it never sees them.
        if len(key) != _PUBLIC_BYTES or len(signature) != _SIGNATURE_BYTES:
            return False
        Ed25519PublicKey.from_base64(encode(key)).verify_signature(
            _covered(value), Ed25519Signature.from_base64(encode(signature))
        )
    except ValueError:
        return False
    return True


def _covered(value: Json) -> bytes:
    rest = {name: item for name, item in value.items() if name not in ("signatures", "unsigned")}
    return canonical(rest)

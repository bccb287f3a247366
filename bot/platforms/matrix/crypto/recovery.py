"""The recovery key as people write it down (specification: "Cryptographic key representation")."""

from functools import reduce
from operator import xor

_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"  # base58 of Bitcoin
_PREFIX = b"\x8b\x01"
_KEY_BYTES = 32
_RAW_BYTES = len(_PREFIX) + _KEY_BYTES + 1
_CHARACTERS = 48  # with this prefix it is always as many
_GROUP = 4


class BadRecoveryKey(ValueError):
    """It is no recovery key, or not the right one. The text never repeats the key."""


def encode_recovery_key(key: bytes) -> str:
    """Write a key of 32 bytes in groups of four characters.

    Raises:
        ValueError: the key does not have 32 bytes.
    """
    if len(key) != _KEY_BYTES:
        raise ValueError("a recovery key has 32 bytes")
    raw = _PREFIX + key
    number = int.from_bytes(raw + bytes([reduce(xor, raw)]))
    digits = ""
    while number:
        number, rest = divmod(number, len(_ALPHABET))
        digits = _ALPHABET[rest] + digits
    groups = (digits[start : start + _GROUP] for start in range(0, len(digits), _GROUP))
    return " ".join(groups)


def decode_recovery_key(text: str) -> bytes:
    """Read what `encode_recovery_key` wrote; white space does not matter.

    Raises:
        BadRecoveryKey: a character is wrong, missing or too many.
    """
    digits = "".join(text.split())
    for digit in digits:
        if digit not in _ALPHABET:
            raise BadRecoveryKey(f"no recovery key has the character {digit!r}")
    if len(digits) != _CHARACTERS:
        raise BadRecoveryKey(f"a recovery key has {_CHARACTERS} characters, not {len(digits)}")
    number = 0
    for digit in digits:
        number = number * len(_ALPHABET) + _ALPHABET.index(digit)
    # One more byte than there can be: 48 characters say a little more than 35 bytes hold.
    excess, *raw = number.to_bytes(_RAW_BYTES + 1)
    if excess or bytes(raw[: len(_PREFIX)]) != _PREFIX or reduce(xor, raw):
        raise BadRecoveryKey("the recovery key is mistyped")
    return bytes(raw[len(_PREFIX) : -1])

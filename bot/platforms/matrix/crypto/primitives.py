"""What vodozemac does not show to Python, from pycryptodome: AES in counter mode, HKDF, Ed25519.

Imported where it is used, for it takes a twentieth of a start to load and most lives of the bot
need none of it. What is encrypted or signed, and in what form, belongs to those who ask.
"""


def count(key: bytes, iv: bytes, data: bytes) -> bytes:
    """Encrypt with AES-256-CTR, or decrypt: in counter mode that is the same.

    Args:
        key: 32 bytes.
        iv: 16 bytes, the counter's first value.
        data: of any length.
    """
    from Crypto.Cipher import AES

    return AES.new(key, AES.MODE_CTR, nonce=b"", initial_value=iv).encrypt(data)


def derive(key: bytes, length: int, salt: bytes, about: bytes) -> bytes:
    """Derive `length` bytes with HKDF and SHA-256 (RFC 5869)."""
    from Crypto.Hash import SHA256
    from Crypto.Protocol.KDF import HKDF

    derived = HKDF(key, length, salt, SHA256, context=about)
    assert isinstance(derived, bytes)  # a tuple only when more than one key is asked for
    return derived


def public_key(seed: bytes) -> bytes:
    """Give the public Ed25519 key (RFC 8032) of a seed; both have 32 bytes."""
    from Crypto.PublicKey import ECC

    key = ECC.construct(curve="Ed25519", seed=seed)
    return bytes(key.public_key().export_key(format="raw"))


def sign(seed: bytes, message: bytes) -> bytes:
    """Sign with the Ed25519 key of a seed; gives 64 bytes."""
    from Crypto.PublicKey import ECC
    from Crypto.Signature import eddsa

    return bytes(eddsa.new(ECC.construct(curve="Ed25519", seed=seed), "rfc8032").sign(message))

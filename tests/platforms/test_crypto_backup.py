"""The backup of room keys."""

import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from vodozemac import Curve25519PublicKey, Curve25519SecretKey, Message, PkDecryption, PkEncryption

from bot.platforms.matrix.crypto.backup import BackupKey
from bot.platforms.matrix.crypto.signing import decode, encode

# RFC 7748, 6.1: Alice's private and public key.
SEED = bytes.fromhex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a")
PUBLIC = "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"
SESSION: dict[str, object] = {
    "algorithm": "m.megolm.v1.aes-sha2",
    "forwarding_curve25519_key_chain": [],
    "sender_claimed_keys": {"ed25519": "nyckel"},
    "sender_key": "avsändare",
    "session_key": "AQ" * 100,
}
GARBAGE = (
    st.none()
    | st.integers()
    | st.text(st.characters(), max_size=8)
    | st.binary(max_size=70).map(encode)
    | st.binary(min_size=32, max_size=32).map(encode)
)


def sealed_raw(plain: bytes) -> dict[str, str]:
    """Seal any bytes for the key, as somebody may who knows no more than its public half."""
    public = Curve25519PublicKey.from_bytes(bytes.fromhex(PUBLIC))
    message = PkEncryption.from_key(public).encrypt(plain)
    return {
        "ciphertext": encode(message.ciphertext),
        "mac": encode(message.mac),
        "ephemeral": encode(message.ephemeral_key),
    }


def test_the_public_key_is_that_of_the_rfc() -> None:
    """The seed is the private key of Curve25519, and the public key the one that belongs to it."""
    assert decode(BackupKey.from_seed(SEED).public).hex() == PUBLIC


def test_a_room_key_comes_back() -> None:
    """What is sealed is unsealed, also with padding, and in other bytes each time."""
    key = BackupKey.new()
    first, second = key.seal(SESSION), key.seal(SESSION)
    padded = {name: text + "=" * (-len(text) % 4) for name, text in first.items()}
    assert key.unseal(first) == key.unseal(second) == key.unseal(padded) == SESSION
    assert first["ephemeral"] != second["ephemeral"]
    assert BackupKey.from_seed(key.seed) == key
    assert BackupKey.new() != key


def test_it_has_the_specifications_shape() -> None:
    """There is an ephemeral key of 32 bytes, a code of 8 and whole blocks, all without padding."""
    sealed = BackupKey.new().seal(SESSION)
    assert sealed.keys() == {"ephemeral", "ciphertext", "mac"}
    assert len(decode(sealed["ephemeral"])) == 32
    assert len(decode(sealed["mac"])) == 8
    assert len(decode(sealed["ciphertext"])) % 16 == 0
    assert "=" not in "".join(sealed.values())


def test_vodozemac_opens_what_we_seal_and_the_other_way_round() -> None:
    """The wire form is that of the library which other clients use."""
    key = BackupKey.from_seed(SEED)
    sealed = key.seal(SESSION)
    message = Message.from_base64(sealed["ciphertext"], sealed["mac"], sealed["ephemeral"])
    opened = PkDecryption.from_key(Curve25519SecretKey.from_bytes(SEED)).decrypt(message)
    assert json.loads(opened) == SESSION
    assert key.unseal(sealed_raw(json.dumps(SESSION).encode())) == SESSION


def test_another_key_does_not_open_it() -> None:
    """A room key sealed for another backup is refused."""
    with pytest.raises(ValueError, match=r".+"):
        BackupKey.new().unseal(BackupKey.from_seed(SEED).seal(SESSION))


def test_a_key_does_not_print_its_seed() -> None:
    """The secret stays out of logs and tracebacks."""
    assert repr(SEED) not in repr(BackupKey.from_seed(SEED))


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_seed_has_32_bytes(length: int) -> None:
    """A seed of another length is refused."""
    with pytest.raises(ValueError, match="32 bytes"):
        BackupKey.from_seed(bytes(length))


@pytest.mark.parametrize(
    "plain",
    [b"", b"\xff\xfe\xfa", b"{", b"[]", b"null", b'"text"', b"[" * 100_000, b'{"a":' * 100_000],
)
def test_what_is_inside_must_be_an_object(plain: bytes) -> None:
    """Anybody can seal anything for us: what is no room key is refused, and not repeated."""
    with pytest.raises(ValueError, match="no room key inside") as caught:
        BackupKey.from_seed(SEED).unseal(sealed_raw(plain))
    assert type(caught.value) is ValueError
    assert caught.value.__cause__ is None


@given(st.sampled_from(["ephemeral", "mac", "ciphertext"]), GARBAGE)
@example("ephemeral", encode(bytes(32)))
@example("ephemeral", encode(bytes(33)))
@example("ciphertext", "")
@example("ciphertext", encode(bytes(16)))
@settings(max_examples=80, deadline=None)
def test_garbage_is_a_value_error(part: str, garbage: object) -> None:
    """Session data with a part exchanged for garbage raises ValueError and nothing else."""
    key = BackupKey.from_seed(SEED)
    with pytest.raises(ValueError, match=r".*"):
        key.unseal({**key.seal(SESSION), part: garbage})


@pytest.mark.parametrize("value", [None, [], "text", 1, {}])
def test_what_is_no_object_is_no_room_key(value: Any) -> None:
    """Anything but an object with these parts is refused."""
    with pytest.raises(ValueError, match=r".+"):
        BackupKey.from_seed(SEED).unseal(value)

"""Secrets in the account's data, by the specification and by force."""

import hmac
from typing import Any

import pytest
from Crypto.Cipher import AES
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.platforms.matrix.crypto.recovery import decode_recovery_key
from bot.platforms.matrix.crypto.secret_storage import ALGORITHM, describe, fits, seal, unseal
from bot.platforms.matrix.crypto.signing import decode, encode

KEY, OTHER = bytes(range(32)), bytes(range(1, 33))
# A key and its description as Element wrote them, known from the tests of the Matrix Rust SDK.
ELEMENT_KEY = "EsTj 3yST y93F SLpB jJsz eAXc 2XzA ygD3 w69H fGaN TKBj jXEd"
ELEMENT_IV, ELEMENT_MAC = "xv5b6/p3ExEw++wTyfSHEg==", "ujBBbXahnTAMkmPUX2/0+VTfUh63pGyVRuBcDMgmJC8="
GARBAGE = (
    st.none()
    | st.integers()
    | st.text(st.characters(), max_size=8)
    | st.binary(max_size=40).map(encode)
    | st.lists(st.none(), max_size=2)
)


def derived(name: str) -> tuple[bytes, bytes]:
    """Derive both keys as RFC 5869 says, with the standard library alone."""
    root = hmac.digest(bytes(32), KEY, "sha256")
    first = hmac.digest(root, name.encode() + b"\x01", "sha256")
    return first, hmac.digest(root, first + name.encode() + b"\x02", "sha256")


def test_element_s_description_fits_its_key() -> None:
    """A description that another client wrote, with padding, is recognised; so without padding."""
    key = decode_recovery_key(ELEMENT_KEY)
    description = {"algorithm": ALGORITHM, "iv": ELEMENT_IV, "mac": ELEMENT_MAC}
    bare = {name: text.rstrip("=") for name, text in description.items()}
    assert fits(key, description)
    assert fits(key, bare)
    assert not fits(KEY, description)


def test_a_description_fits_its_key_alone() -> None:
    """The key is known again by its description, and no other key is taken for it."""
    description = describe(KEY)
    assert description.keys() == {"algorithm", "iv", "mac"}
    assert fits(KEY, description)
    assert not fits(OTHER, description)
    assert not fits(KEY[:31], description)
    assert not fits(KEY, {**description, "algorithm": "m.secret_storage.custom"})
    assert not fits(KEY, {**description, "iv": encode(bytes(14))})
    assert not fits(KEY, {**description, "mac": encode(bytes(10))})


def test_a_description_without_a_check_fits_any_key() -> None:
    """The check is optional: without one the key has to be assumed right."""
    assert fits(KEY, {"algorithm": ALGORITHM})
    assert fits(OTHER, {"algorithm": ALGORITHM, "name": "m.default"})
    assert not fits(KEY[:31], {"algorithm": ALGORITHM})
    assert not fits(KEY, {"algorithm": ALGORITHM, "mac": ELEMENT_MAC})


def test_the_derivation_is_the_specifications() -> None:
    """Keys, counter and authentication code are recomputed by other means and are the same."""
    sealed = seal(KEY, "m.cross_signing.master", "hemligt" * 5)
    aes_key, mac_key = derived("m.cross_signing.master")
    iv, ciphertext = decode(sealed["iv"]), decode(sealed["ciphertext"])
    start, block = int.from_bytes(iv), AES.new(aes_key, AES.MODE_ECB)
    mask = b"".join(block.encrypt(((start + n) % 2**128).to_bytes(16)) for n in range(3))
    plain = bytes(a ^ b for a, b in zip(ciphertext, mask, strict=False))
    assert plain == b"hemligt" * 5
    assert decode(sealed["mac"]) == hmac.digest(mac_key, ciphertext, "sha256")


def test_what_we_write_has_no_padding_and_bit_63_clear() -> None:
    """The vector's bit 63 is clear in each of many, and all base64 is unpadded."""
    for _ in range(64):
        sealed = seal(KEY, "namn", "hemligt")
        assert len(decode(sealed["iv"])) == 16
        assert decode(sealed["iv"])[8] < 0x80
        assert "=" not in "".join(sealed.values())
        description = describe(KEY)
        assert decode(str(description["iv"]))[8] < 0x80
        assert "=" not in f"{description['iv']}{description['mac']}"


@given(st.text(max_size=30), st.text(max_size=30))
@settings(max_examples=40, deadline=None)
def test_a_secret_comes_back(name: str, secret: str) -> None:
    """What is sealed under a name is unsealed under it, padded or not."""
    sealed = seal(KEY, name, secret)
    padded = {part: text + "=" * (-len(text) % 4) for part, text in sealed.items()}
    assert unseal(KEY, name, sealed) == unseal(KEY, name, padded) == secret


def test_another_key_or_name_does_not_open_it() -> None:
    """A secret opens with its key and under its name only, so the server can't swap two."""
    sealed = seal(KEY, "m.cross_signing.master", "hemligt")
    for key, name in ((OTHER, "m.cross_signing.master"), (KEY, "m.cross_signing.self_signing")):
        with pytest.raises(ValueError, match="another key"):
            unseal(key, name, sealed)


def test_a_changed_secret_is_refused() -> None:
    """One bit changed, or a part cut off, is noticed."""
    sealed = seal(KEY, "namn", "hemligt")
    raw = decode(sealed["ciphertext"])
    changed = {**sealed, "ciphertext": encode(bytes([raw[0] ^ 1]) + raw[1:])}
    for damaged in (
        changed,
        {**sealed, "ciphertext": encode(raw[:-1])},
        {**sealed, "mac": encode(decode(sealed["mac"])[:16])},
        {**sealed, "mac": ""},
    ):
        with pytest.raises(ValueError, match="damaged"):
            unseal(KEY, "namn", damaged)


def test_an_error_does_not_carry_the_secret() -> None:
    """With another vector no text comes out; the error has neither bytes nor a cause."""
    sealed = seal(KEY, "namn", "hemligt" * 20)
    for number in range(1, 20):  # 140 random bytes are never UTF-8
        with pytest.raises(ValueError, match="damaged") as caught:
            unseal(KEY, "namn", {**sealed, "iv": encode(number.to_bytes(16))})
        assert type(caught.value) is ValueError
        assert caught.value.__suppress_context__


@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_a_storage_key_has_32_bytes(length: int) -> None:
    """A key of another length seals and opens nothing."""
    with pytest.raises(ValueError, match="32 bytes"):
        describe(bytes(length))
    with pytest.raises(ValueError, match="32 bytes"):
        seal(bytes(length), "namn", "hemligt")
    with pytest.raises(ValueError, match="32 bytes"):
        unseal(bytes(length), "namn", seal(KEY, "namn", "hemligt"))


@given(st.sampled_from(["iv", "mac", "ciphertext", "algorithm"]), GARBAGE)
@settings(max_examples=60, deadline=None)
def test_garbage_is_a_value_error_or_does_not_fit(part: str, garbage: object) -> None:
    """Garbage in any place makes a key not fit and a secret a ValueError."""
    if part != "ciphertext":
        assert not fits(KEY, {**describe(KEY), part: garbage})
    if part != "algorithm":
        try:
            opened = unseal(KEY, "namn", {**seal(KEY, "namn", "hej"), part: garbage})
        except ValueError:
            return
        assert part == "iv"  # the authentication code does not cover the vector
        assert len(opened) <= 3


@pytest.mark.parametrize("value", [None, [], "text", 1, {}])
def test_what_is_no_object_is_no_secret(value: Any) -> None:
    """Anything but an object with these parts is refused."""
    assert not fits(KEY, value)
    with pytest.raises(ValueError, match=r".+"):
        unseal(KEY, "namn", value)

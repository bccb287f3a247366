"""The recovery key as people write it down and type it in."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.platforms.matrix.crypto.recovery import (
    BadRecoveryKey,
    decode_recovery_key,
    encode_recovery_key,
)

# The private key of RFC 7748, 6.1, and its written form in the tests of several Matrix clients.
KEY = bytes.fromhex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a")
WRITTEN = "EsTc LW2K PGiF wKEA 3As5 g5c4 BXwk qeeJ ZJV8 Q9fu gUMN UE4d"


def test_a_key_is_written_as_other_clients_write_it() -> None:
    """The example that other clients are tested with comes out, and can be read."""
    assert encode_recovery_key(KEY) == WRITTEN
    assert decode_recovery_key(WRITTEN) == KEY


@pytest.mark.parametrize(
    "typed", [WRITTEN.replace(" ", ""), f"  {WRITTEN}\n", WRITTEN.replace(" ", " \t\u00a0\r\n")]
)
def test_white_space_does_not_matter(typed: str) -> None:
    """The key can be typed with any spaces or none."""
    assert decode_recovery_key(typed) == KEY


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("", "48 characters, not 0"),
        ("abc", "48 characters, not 3"),
        (WRITTEN[:-1], "48 characters, not 47"),
        (WRITTEN + "1", "48 characters, not 49"),
        ("1" + WRITTEN, "48 characters, not 49"),
        ("0" + WRITTEN[1:], "the character '0'"),
        (WRITTEN[:-1] + "å", "the character 'å'"),
        (WRITTEN.replace(" ", "-"), "the character '-'"),
        ("F" + WRITTEN[1:], "mistyped"),
        ("EqTc" + WRITTEN[4:], "mistyped"),
        (WRITTEN[:-1] + "e", "mistyped"),
        ("1" * 48, "mistyped"),
        ("z" * 48, "mistyped"),
    ],
)
def test_a_mistyped_key_is_refused_with_a_reason(typed: str, reason: str) -> None:
    """A person who mistypes the key is told what is wrong with it."""
    with pytest.raises(BadRecoveryKey, match=reason):
        decode_recovery_key(typed)


@given(st.binary(min_size=32, max_size=32))
@example(bytes(32))
@example(b"\xff" * 32)
@settings(max_examples=60, deadline=None)
def test_every_key_can_be_read_again(key: bytes) -> None:
    """Any key has twelve groups of four and reads as itself."""
    written = encode_recovery_key(key)
    assert [len(group) for group in written.split(" ")] == [4] * 12
    assert decode_recovery_key(written) == key


@given(st.text(max_size=60))
@settings(max_examples=60, deadline=None)
def test_garbage_is_refused(typed: str) -> None:
    """Whatever is typed, nothing but BadRecoveryKey is raised."""
    with pytest.raises(BadRecoveryKey):
        decode_recovery_key(typed)


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_key_of_another_length_is_not_written(length: int) -> None:
    """A key that could not be read again is refused at once."""
    with pytest.raises(ValueError, match="32 bytes"):
        encode_recovery_key(bytes(length))

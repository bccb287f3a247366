"""Canonical JSON, base64 and signatures, by the specification's own examples and by force."""

import base64
import json
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from vodozemac import Account

from bot.platforms.matrix.crypto.signing import (
    SigningKey,
    canonical,
    decode,
    encode,
    is_signed_by,
    signed,
)

ANNA = "@anna:bra.test"
# Specification, appendix "Cryptographic Test Vectors".
SPEC_SEED = "YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA1"
SPEC_SIGNED = [
    (
        {},
        "K8280/U9SSy9IVtjBuVeLr+HpOB4BQFWbg+UZaADMtTdGYI7Geitb76LTrr5QV/7Xg4ahLwYGYZzuHGZKM5ZAQ",
    ),
    (
        {"one": 1, "two": "Two"},
        "KqmLSbO39/Bzb0QIYE82zqLwsA+PDzYIpIRA2sRQ4sL53+sN6/fpNSoqE7BP7vBZhG6kYdD13EIMJpvhJI+6Bw",
    ),
]
ZERO = SigningKey.from_seed(bytes(32))
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
SOUND = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("raw", "text"),
    [(b"", ""), (b"f", "Zg"), (b"fo", "Zm8"), (b"foo", "Zm9v"), (b"foobar", "Zm9vYmFy")],
)
def test_base64_is_the_specifications(raw: bytes, text: str) -> None:
    """Bytes are written without padding, and read with and without it."""
    assert encode(raw) == text
    assert decode(text) == decode(base64.b64encode(raw).decode()) == raw


@pytest.mark.parametrize(
    "text",
    ["A", "=", "Zg=", "Zg===", "Zg==Zg", "Zg=g", "Zm 8", "Zg\n", "Zg-_", "å", "\ud800", "٣٣"],
)
def test_what_is_no_base64_is_refused(text: str) -> None:
    """Text that is no base64 raises ValueError and nothing else."""
    with pytest.raises(ValueError, match="base64"):
        decode(text)


@given(st.text(max_size=12) | st.text("ABCabc019+/=-_", max_size=12))
@settings(max_examples=100, deadline=None)
def test_decoding_raises_nothing_but_value_errors(text: str) -> None:
    """Any text is base64 or a ValueError."""
    try:
        raw = decode(text)
    except ValueError:
        return
    assert len(raw) == len(text.rstrip("=")) * 3 // 4


@pytest.mark.parametrize(
    ("source", "written"),
    [
        ("{}", "{}"),
        ('{ "one": 1, "two": "Two" }', '{"one":1,"two":"Two"}'),
        ('{"b":"2","a":"1"}', '{"a":"1","b":"2"}'),
        (
            '{"auth": {"success": true, "mxid": "@john.doe:example.com", "profile":'
            ' {"display_name": "John Doe", "three_pids": [{"medium": "email", "address":'
            ' "john.doe@example.org"}, {"medium": "msisdn", "address": "123456789"}]}}}',
            '{"auth":{"mxid":"@john.doe:example.com","profile":{"display_name":"John Doe",'
            '"three_pids":[{"address":"john.doe@example.org","medium":"email"},'
            '{"address":"123456789","medium":"msisdn"}]},"success":true}}',
        ),
        ('{"a": "日本語"}', '{"a":"日本語"}'),
        ('{"本": 2, "日": 1}', '{"日":1,"本":2}'),
        ('{"a": "\\u65E5"}', '{"a":"日"}'),
        ('{"a": null}', '{"a":null}'),
        ('{"a": -0}', '{"a":0}'),
        ('{"a": "\\u0000\\b\\u001f\\u007f/\\""}', '{"a":"\\u0000\\b\\u001f\x7f/\\""}'),
        ('{"\\ufb01": 1, "\\ud83d\\ude00": 2}', '{"ﬁ":1,"😀":2}'),
    ],
)
def test_canonical_json_is_the_specifications(source: str, written: str) -> None:
    """Each example of the specification is written as it says; keys sort by code point."""
    assert canonical(json.loads(source)) == written.encode()


def test_any_kind_of_mapping_can_be_written() -> None:
    """A read-only mapping and a tuple are written like an object and a list."""
    assert (
        canonical(MappingProxyType({"b": (1,), "a": MappingProxyType({})})) == b'{"a":{},"b":[1]}'
    )


def nested(depth: int) -> dict[str, Any]:
    """Make an object within an object, that deep."""
    value: dict[str, Any] = {}
    for _ in range(depth):
        value = {"a": value}
    return value


@pytest.mark.parametrize(
    "value",
    [
        {"a": 1.0},
        {"a": [float("nan")]},
        {"a": 2**53},
        {"a": -(2**53)},
        {1: "a"},
        {"a": {None: 1}},
        {"a": "\ud800"},
        {"\udfff": 1},
        {"a": b"bytes"},
        nested(100_000),
    ],
)
def test_what_canonical_json_does_not_have_is_refused(value: dict[str, Any]) -> None:
    """Fractions, large numbers, odd keys, half characters and bottomless nests are ValueErrors."""
    with pytest.raises(ValueError, match=r".+"):
        canonical(value)
    assert not is_signed_by(value, ANNA, "ed25519:A", SigningKey.new().public)


def test_the_largest_numbers_can_be_written() -> None:
    """Both ends of the range are inside it."""
    assert (
        canonical({"a": [2**53 - 1, -(2**53) + 1]}) == b'{"a":[9007199254740991,-9007199254740991]}'
    )


@given(st.dictionaries(st.text(), SOUND, max_size=4))
@settings(max_examples=30, deadline=None)
def test_canonical_json_means_the_same(value: dict[str, Any]) -> None:
    """What is written reads as the same value and is written the same again."""
    written = canonical(value)
    assert json.loads(written) == value
    assert canonical(json.loads(written)) == written


@pytest.mark.parametrize(
    ("seed", "public", "message", "signature"),
    [
        (  # RFC 8032, 7.1, test 1
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
            "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
        ),
        (  # test 2
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
            "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        ),
    ],
)
def test_signatures_are_those_of_rfc_8032(
    seed: str, public: str, message: str, signature: str
) -> None:
    """A seed gives the public key and the signatures that the RFC prints."""
    key = SigningKey.from_seed(bytes.fromhex(seed))
    assert decode(key.public).hex() == public
    assert decode(key.sign(bytes.fromhex(message))).hex() == signature


@pytest.mark.parametrize(("value", "signature"), SPEC_SIGNED)
def test_signed_json_is_the_specifications(value: dict[str, Any], signature: str) -> None:
    """The specification's seed signs its examples as it prints them."""
    key = SigningKey.from_seed(decode(SPEC_SEED))
    result = signed(value, "domain", "ed25519:1", key.sign)
    assert result == {**value, "signatures": {"domain": {"ed25519:1": signature}}}
    assert is_signed_by(result, "domain", "ed25519:1", key.public)


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_seed_has_32_bytes(length: int) -> None:
    """A seed of another length is refused."""
    with pytest.raises(ValueError, match="32 bytes"):
        SigningKey.from_seed(bytes(length))


def test_a_key_does_not_print_its_seed() -> None:
    """The secret stays out of logs and tracebacks."""
    key = SigningKey.new()
    assert repr(key.seed) not in repr(key)
    assert key.public in repr(key)
    assert key.public != SigningKey.new().public


def test_signatures_stand_side_by_side() -> None:
    """A signature comes beside those that stand there, and "unsigned" may change afterwards."""
    first, second = SigningKey.new(), SigningKey.new()
    value = {"a": 1, "unsigned": {"age": 1}}
    once = signed(value, ANNA, "ed25519:A", first.sign)
    twice = signed(once, ANNA, "ed25519:B", second.sign)
    both = signed(twice, "@bo:bra.test", "ed25519:C", second.sign)
    aged = {**both, "unsigned": {"age": 2}}
    assert is_signed_by(aged, ANNA, "ed25519:A", first.public)
    assert is_signed_by(aged, ANNA, "ed25519:B", second.public)
    assert is_signed_by(aged, "@bo:bra.test", "ed25519:C", second.public)
    assert value == {"a": 1, "unsigned": {"age": 1}}
    assert list(once["signatures"][ANNA]) == ["ed25519:A"]  # type: ignore[index]


def test_a_signature_holds_for_its_key_name_and_content_only() -> None:
    """Another key, user, key id or content is not signed."""
    key = SigningKey.new()
    value = signed({"a": 1}, ANNA, "ed25519:A", key.sign)
    assert is_signed_by(value, ANNA, "ed25519:A", key.public)
    assert not is_signed_by(value, ANNA, "ed25519:A", SigningKey.new().public)
    assert not is_signed_by(value, "@bo:bra.test", "ed25519:A", key.public)
    assert not is_signed_by(value, ANNA, "ed25519:B", key.public)
    assert not is_signed_by({**value, "a": 2}, ANNA, "ed25519:A", key.public)


def test_padding_does_not_matter() -> None:
    """A key and a signature with padding are read like those without."""
    key = SigningKey.new()
    padded = signed({}, ANNA, "ed25519:A", lambda message: key.sign(message) + "==")
    assert is_signed_by(padded, ANNA, "ed25519:A", key.public + "=")


def test_an_olm_account_and_our_keys_agree() -> None:
    """What vodozemac's account signs is signed, and what our key signs over it as well."""
    account, ours = Account(), SigningKey.new()
    value = signed({"å": "ä"}, ANNA, "ed25519:A", lambda m: account.sign(m).to_base64())
    value = signed(value, ANNA, "ed25519:B", ours.sign)
    assert is_signed_by(value, ANNA, "ed25519:A", account.ed25519_key.to_base64())
    assert is_signed_by(value, ANNA, "ed25519:B", ours.public)


@pytest.mark.parametrize("length", [0, 31, 33, 34, 64, 1000])
def test_a_key_of_another_length_signs_nothing(length: int) -> None:
    """A key that is too long, over which vodozemac would panic, is just no key."""
    value = signed({}, ANNA, "ed25519:A", SigningKey.new().sign)
    assert not is_signed_by(value, ANNA, "ed25519:A", encode(bytes(length)))


def test_a_weak_key_signs_nothing() -> None:
    """The neutral point, under which an empty signature would hold for everything, is refused."""
    neutral = b"\x01" + bytes(31)
    value = {"signatures": {ANNA: {"ed25519:A": encode(neutral + bytes(32))}}}
    assert not is_signed_by(value, ANNA, "ed25519:A", encode(neutral))


@given(
    ANYTHING,
    ANYTHING | st.binary(min_size=64, max_size=64).map(encode),
    ANYTHING | st.binary(min_size=32, max_size=32).map(encode),
)
@example({}, None, "A" * 44)
@settings(max_examples=60, deadline=None)
def test_garbage_is_not_signed(value: Any, signature: Any, public: Any) -> None:
    """Nothing that anybody may send raises, wherever in the object it stands."""
    for garbage in (
        value,
        {"signatures": value},
        {"signatures": {ANNA: value}},
        {"a": value, "signatures": {ANNA: {"ed25519:A": signature}}},
    ):
        assert not is_signed_by(garbage, ANNA, "ed25519:A", public)
        assert not is_signed_by(garbage, ANNA, "ed25519:A", ZERO.public)

"""Encrypted files."""

import base64
from hashlib import sha256
from typing import Any

import pytest
from Crypto.Cipher import AES
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.platforms.matrix.crypto.attachments import seal, unseal
from bot.platforms.matrix.crypto.signing import decode, encode

GARBAGE = (
    st.none()
    | st.integers()
    | st.text(max_size=8)
    | st.binary(max_size=40).map(encode)
    | st.dictionaries(st.sampled_from(["k", "sha256"]), st.text(max_size=8) | st.none())
)


@given(st.binary(max_size=200))
@settings(max_examples=40, deadline=None)
def test_a_file_comes_back(content: bytes) -> None:
    """What is sealed is unsealed."""
    sealed = seal(content)
    assert len(sealed.content) == len(content)
    assert unseal(sealed.content, sealed.file) == content


def test_the_event_says_what_the_specification_asks() -> None:
    """The description has the version, a JSON Web Key, a vector and a hash of what is uploaded."""
    sealed = seal(b"protokoll")
    assert sealed.file.keys() == {"v", "key", "iv", "hashes"}
    assert sealed.file["v"] == "v2"
    key: Any = sealed.file["key"]
    assert {name: key[name] for name in key if name != "k"} == {
        "kty": "oct",
        "key_ops": ["encrypt", "decrypt"],
        "alg": "A256CTR",
        "ext": True,
    }
    assert len(base64.urlsafe_b64decode(key["k"] + "=")) == 32
    assert "=" not in key["k"]
    assert sealed.file["hashes"] == {"sha256": encode(sha256(sealed.content).digest())}
    iv = decode(str(sealed.file["iv"]))
    assert iv[8:] == bytes(8)
    assert any(iv[:8])


def test_the_counter_starts_at_zero_and_counts_blocks() -> None:
    """Each block is masked with the encrypted number of the block, as counter mode says."""
    sealed = seal(bytes(48))
    key: Any = sealed.file["key"]
    prefix = decode(str(sealed.file["iv"]))[:8]
    block = AES.new(base64.urlsafe_b64decode(key["k"] + "="), AES.MODE_ECB)
    assert sealed.content == b"".join(
        block.encrypt(prefix + number.to_bytes(8)) for number in range(3)
    )


def test_two_files_share_no_key() -> None:
    """The same content sealed twice has nothing in common, and its key is not printed."""
    first, second = seal(b"samma"), seal(b"samma")
    assert first.file["key"] != second.file["key"]
    assert first.file["iv"] != second.file["iv"]
    assert str(first.file["key"]) not in repr(first)


def test_padded_and_plain_base64_are_read_as_well() -> None:
    """A client that writes padding, or the key in the plain alphabet, is understood."""
    sealed = seal(b"bild")
    key: Any = sealed.file["key"]
    file = {
        **sealed.file,
        "iv": f"{sealed.file['iv']}==",
        "key": {**key, "k": key["k"].replace("-", "+").replace("_", "/") + "="},
    }
    assert unseal(sealed.content, file) == b"bild"


def test_another_file_is_refused() -> None:
    """A file that was exchanged or cut on the homeserver is refused."""
    sealed = seal(b"beslut")
    for content in (b"", sealed.content[:-1], sealed.content + b"!", seal(b"beslut").content):
        with pytest.raises(ValueError, match="not the one that was sent"):
            unseal(content, sealed.file)


@given(st.sampled_from(["key", "iv", "hashes"]), GARBAGE)
@settings(max_examples=60, deadline=None)
def test_garbage_is_a_value_error(name: str, garbage: object) -> None:
    """A description with a part exchanged for garbage raises ValueError and nothing else."""
    sealed = seal(b"beslut")
    file = {**sealed.file, name: garbage}
    try:
        opened = unseal(sealed.content, file)
    except ValueError:
        return
    assert name == "iv"  # another vector can't be noticed: the hash covers the content alone
    assert len(opened) == len(b"beslut")


@pytest.mark.parametrize("file", [None, [], "v2", 1, {}])
def test_what_is_no_description_is_a_value_error(file: Any) -> None:
    """Anything but an object with these parts is refused."""
    with pytest.raises(ValueError, match=r".+"):
        unseal(b"", file)

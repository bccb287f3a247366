"""The poisons written by hand: each has a name and a reason to be here.

The first ones of each family are those that brought other bots down in our measurements. What is
made by the thousand stands in hostile_strategies.py.
"""

from collections.abc import Iterator, Sequence

from tests.live.hostile_poison import (
    BACK,
    DEEP,
    DIGITS,
    HUGE,
    Family,
    Poison,
    Sealed,
    Where,
)
from tests.live.hostile_room_examples import HALF, room_examples, without
from tests.live.hostile_templates import (
    CROSS_SIGNING,
    DEVICE,
    INNER,
    KEY,
    MEGOLM,
    NORMAL,
    OLM,
    ONE_TIME_KEY,
    SESSION_KEY,
    TO_DEVICE,
)
from tests.live.timeline import Event

TO_DEVICE_AT = ("to_device", "events", BACK)
_WRONG: dict[str, object] = {"a list": [], "null": None, "text": "x"}


def examples() -> Sequence[Poison]:
    """Give all of them."""
    return [*_olm(), *_to_device(), *_keys(), *room_examples()]


def _olm() -> Iterator[Poison]:
    good = TO_DEVICE["m.room.encrypted"]

    def to_me(kind: object, body: object) -> Event:
        return good | {"ciphertext": {"@@curve@@": {"type": kind, "body": body}}}

    contents: dict[str, object] = {
        "an unknown one-time key": good,
        "garbage": to_me(0, "garbage"),
        "invalid base64": to_me(0, "%%%=?"),
        "a normal message without a session": to_me(1, NORMAL),
        "an empty body": to_me(0, ""),
        "a body that is a number": to_me(0, 17),
        "a body that is null": to_me(1, None),
        "a type that is text": to_me("0", NORMAL),
        "an unknown type": to_me(7, NORMAL),
        "a type beyond 64 bits": to_me(2**70, NORMAL),
        "a negative type": to_me(-1, NORMAL),
        "a type that is true": to_me(True, NORMAL),
        "a huge body": to_me(0, HUGE),
        "a nested body": to_me(0, DEEP),
        "half a character in the body": to_me(0, HALF),
        "another version of the message": to_me(0, "/" + NORMAL[1:]),
        "no ciphertext": without(good, "ciphertext"),
        "a ciphertext that is text": good | {"ciphertext": "x"},
        "a ciphertext that is a list": good | {"ciphertext": [{"type": 0, "body": "x"}]},
        "a ciphertext for somebody else": good | {"ciphertext": {KEY: {"type": 0, "body": "x"}}},
        "a ciphertext of null": good | {"ciphertext": {"@@curve@@": None}},
        "no algorithm": without(good, "algorithm"),
        "a list of algorithms": good | {"algorithm": [OLM]},
        "megolm to a device": good | {"algorithm": MEGOLM},
        "no sender key": without(good, "sender_key"),
        "a short sender key": good | {"sender_key": "AAAA"},
        "a sender key that is an object": good | {"sender_key": {"k": 1}},
        "our own sender key": good | {"sender_key": "@@curve@@"},
        "an all-zero sender key": good | {"sender_key": "A" * 43},
    }
    for name, content in contents.items():
        yield _device_event(f"olm: {name}", "m.room.encrypted", content)
    inner = INNER["m.room_key"]
    insides: dict[str, object] = {
        "not an object": ["m.room_key"],
        "null": None,
        "no type": without(inner, "type"),
        "a type that is a list": inner | {"type": ["m.room_key"]},
        "no content": without(inner, "content"),
        "a content that is text": inner | {"content": "x"},
        "another sender": inner | {"sender": "@@kim@@"},
        "another recipient": inner | {"recipient": "@@kim@@"},
        "no recipient's keys": without(inner, "recipient_keys"),
        "recipient's keys that are a list": inner | {"recipient_keys": ["x"]},
        "no keys": without(inner, "keys"),
        "a short own key": inner | {"keys": {"ed25519": "AAAA"}},
        "a room key that is garbage": inner,
        "a room key in bad base64": inner
        | {"content": TO_DEVICE["m.room_key"] | {"session_key": "%%"}},
        "a room key that is a number": inner
        | {"content": TO_DEVICE["m.room_key"] | {"session_key": 4}},
        "a room key of another version": inner
        | {"content": TO_DEVICE["m.room_key"] | {"session_key": "B" + SESSION_KEY[1:]}},
        "a room key for no room": inner | {"content": TO_DEVICE["m.room_key"] | {"room_id": None}},
        "encrypted again": inner | {"type": "m.room.encrypted", "content": good},
        "nested": inner | {"content": DEEP},
        "half a character": inner | {"type": HALF},
    }
    for name, inside in insides.items():
        yield Poison(
            name=f"inside olm: {name}",
            family=Family.TO_DEVICE,
            at=TO_DEVICE_AT,
            value=inside,
            sealed=Sealed.OLM,
        )


def _to_device() -> Iterator[Poison]:
    for kind, content in TO_DEVICE.items():
        yield _device_event(f"{kind}: well-formed", kind, content)
        yield _device_event(f"{kind}: empty", kind, {})
        yield _device_event(f"{kind}: text for content", kind, "x")
    start = TO_DEVICE["m.key.verification.start"]
    events: dict[str, object] = {
        "no sender": {"type": "m.room_key", "content": TO_DEVICE["m.room_key"]},
        "a sender that is an object": {"type": "m.dummy", "content": {}, "sender": {}},
        "no content": {"type": "m.room.encrypted", "sender": "@@stranger@@"},
        "a content that is a list": {"type": "m.dummy", "content": [], "sender": "@@stranger@@"},
        "no type": {"content": {}, "sender": "@@stranger@@"},
        "a type that is a number": {"type": 1, "content": {}, "sender": "@@stranger@@"},
        "text": "m.dummy",
        "a list": [[]],
        "null": None,
        "a number": 1,
        "nested": {"type": "m.dummy", "content": {"x": DEEP}, "sender": "@@stranger@@"},
        "huge": {"type": HUGE, "content": {}, "sender": HUGE},
        "a number without end": {"type": "m.dummy", "content": {"x": DIGITS}, "sender": "@a:b"},
        "half a character": {"type": "m.dummy", "content": {HALF: HALF}, "sender": f"@{HALF}:b"},
        "from ourselves": {"type": "m.dummy", "content": {}, "sender": "@@bot@@"},
    }
    for name, value in events.items():
        alone = Where.ALONE if "end" in name else Where.SYNC  # it may spoil the whole answer
        yield Poison(
            name=f"to-device: {name}",
            family=Family.TO_DEVICE,
            where=alone,
            at=TO_DEVICE_AT,
            value=value,
        )
    yield _device_event(
        "verification: methods that are a number",
        "m.key.verification.start",
        start | {"key_agreement_protocols": 1, "hashes": None, "method": ["m.sas.v1"]},
    )
    yield _device_event(
        "key request: a body that is a list",
        "m.room_key_request",
        TO_DEVICE["m.room_key_request"] | {"body": [1]},
    )


def _keys() -> Iterator[Poison]:
    me = "@@reporter@@"
    devices: dict[str, object] = {
        "an invalid Ed25519 key": DEVICE | {"keys": _keys_of(KEY, "%" * 43)},
        "a short Ed25519 key": DEVICE | {"keys": _keys_of(KEY, "AAAA")},
        "an Ed25519 key that is no point": DEVICE | {"keys": _keys_of(KEY, "/" * 42 + "8")},
        "a short Curve25519 key": DEVICE | {"keys": _keys_of("AAAA", KEY)},
        "an all-zero Curve25519 key": DEVICE | {"keys": _keys_of("A" * 43, KEY)},
        "keys that are numbers": DEVICE | {"keys": _keys_of(1, 2)},
        "keys that are a list": DEVICE | {"keys": [KEY]},
        "no keys": without(DEVICE, "keys"),
        "another user": DEVICE | {"user_id": "@@kim@@"},
        "another device id": DEVICE | {"device_id": "ANNAN"},
        "no user": without(DEVICE, "user_id"),
        "wrong signatures": DEVICE,
        "signatures that are a list": DEVICE | {"signatures": [me]},
        "a short signature": DEVICE | {"signatures": {me: {"ed25519:@@self@@": "AAAA"}}},
        "a signature that is null": DEVICE | {"signatures": {me: {"ed25519:@@self@@": None}}},
        "no signatures": without(DEVICE, "signatures"),
        "no algorithms": without(DEVICE, "algorithms"),
        "algorithms that are text": DEVICE | {"algorithms": OLM},
        "a display name that is a list": DEVICE | {"unsigned": {"device_display_name": []}},
        "text": "device",
        "a list": [DEVICE],
        "nested": DEVICE | {"unsigned": DEEP},
    }
    for number, (name, device) in enumerate(devices.items()):
        at = ("device_keys", me, f"GIFT{number}")
        yield _keys_answer(f"device: {name}", at, device)
    for name, wrong in _WRONG.items():
        yield _keys_answer(f"devices of a user: {name}", ("device_keys", me), wrong)
        yield _keys_answer(f"all devices: {name}", ("device_keys",), wrong)
    yield _keys_answer("devices: nothing at all", (), {})
    yield _keys_answer(
        "devices: of somebody not asked for",
        ("device_keys", "@ingen:bra.test", "X"),
        DEVICE | {"user_id": "@ingen:bra.test"},
    )
    yield _keys_answer("failures that are a list", ("failures",), ["x"])
    for usage in ("master", "self_signing", "user_signing"):
        good = CROSS_SIGNING | {"usage": [usage]}
        forms: dict[str, object] = {
            "with a wrong signature": good,
            "with a key that is no key": good | {"keys": {"ed25519:x": "x"}},
            "without keys": good | {"keys": {}},
            "with a usage that is text": good | {"usage": usage},
            "of somebody else": good | {"user_id": "@@kim@@"},
            "that is a list": [good],
        }
        for name, value in forms.items():
            yield _keys_answer(f"{usage} key {name}", (f"{usage}_keys", me), value)
    claims: dict[str, object] = {
        "with a wrong signature": {"signed_curve25519:AAAA": ONE_TIME_KEY},
        "too short": {"signed_curve25519:AAAA": ONE_TIME_KEY | {"key": "AAAA"}},
        "without signatures": {"signed_curve25519:AAAA": {"key": KEY}},
        "that is text": {"signed_curve25519:AAAA": "x"},
        "of another kind": {"curve25519:AAAA": KEY},
        "that is null": {"signed_curve25519:AAAA": None},
        "missing": {},
    }
    for name, value in claims.items():
        at = ("one_time_keys", "@@kim@@", "@@kim-device@@")
        yield _keys_answer(f"one-time key {name}", at, value, Where.CLAIM)
    for name, wrong in _WRONG.items():
        yield _keys_answer(f"one-time keys: {name}", ("one_time_keys",), wrong, Where.CLAIM)
    sections: list[tuple[tuple[str, ...], Sequence[object]]] = [
        (("device_lists", "changed", BACK), (1, None, [], {}, "", "x", HALF, HUGE, "@@bot@@")),
        (("device_lists", "left", BACK), (1, None, [], {}, "", "x", HALF, "@@reporter@@")),
        (("device_lists", "changed"), ("x", None, {"a": 1})),
        (("device_lists",), ([], "x", None, 5)),
        (("device_one_time_keys_count",), ([], "x", None, 5, {})),
        (("device_one_time_keys_count", "signed_curve25519"), ("50", None, -1, 2**70, 0.5, [], 0)),
        (("device_unused_fallback_key_types",), ({}, "x", None, 5, [1, None, []], [])),
    ]
    for way, values in sections:
        for value in values:
            name = f"{'.'.join(way)}: {value!r:.20}"
            yield Poison(name=name, family=Family.KEYS, at=way, value=value)


def _keys_of(curve: object, ed: object) -> Event:
    return {"curve25519:@@self@@": curve, "ed25519:@@self@@": ed}


def _device_event(name: str, kind: str, content: object) -> Poison:
    value = {"type": kind, "content": content, "sender": "@@stranger@@"}
    return Poison(name=name, family=Family.TO_DEVICE, at=TO_DEVICE_AT, value=value)


def _keys_answer(
    name: str, at: tuple[str, ...], value: object, where: Where = Where.QUERY
) -> Poison:
    return Poison(name=name, family=Family.KEYS, where=where, at=at, value=value)

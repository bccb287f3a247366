"""The poisons written by hand that stand in rooms: state, messages, whole sections of an answer.

Those that come to a device or about devices stand in hostile_examples.py.
"""

from collections.abc import Iterator, Sequence

from tests.live.hostile_poison import (
    BACK,
    DEEP,
    DIGITS,
    FRONT,
    HUGE,
    IDENTIFIER,
    Family,
    Poison,
    Sealed,
    Where,
)
from tests.live.hostile_templates import KEY, MEGOLM, MESSAGES, STATE, TO_DEVICE
from tests.live.timeline import Event

HALF = "\ud83d"  # a surrogate without its other half


def event(kind: object, content: object, more: Event | None = None) -> Event:
    """Make an event of a room; `more` replaces fields."""
    whole = {
        "type": kind,
        "content": content,
        "sender": "@@reporter@@",
        "event_id": IDENTIFIER,
        "origin_server_ts": 1_790_000_000_000,
    }
    return whole | (more or {})


def without(whole: Event, *names: str) -> Event:
    """Give an object without some of its fields."""
    return {name: value for name, value in whole.items() if name not in names}


def timeline(room: str, end: str = FRONT) -> tuple[str, ...]:
    """Give the way to the timeline of a room."""
    return ("rooms", "join", room, "timeline", "events", end)


def state(room: str) -> tuple[str, ...]:
    """Give the way to the state section of a room."""
    return ("rooms", "join", room, "state", "events", BACK)


def room_examples() -> Iterator[Poison]:
    """Give all of them."""
    yield from _states()
    yield from _messages()
    yield from _sections()


def _states() -> Iterator[Poison]:
    crypto = "m.room.encryption"
    kinds: list[tuple[str, object, object]] = [
        (crypto, "", {"algorithm": "org.example.rot13"}),
        (crypto, "", {"algorithm": 7}),
        (crypto, "", {"algorithm": [MEGOLM], "rotation_period_ms": "x"}),
        (
            crypto,
            "",
            {"algorithm": MEGOLM, "rotation_period_ms": 1e300},
        ),
        (crypto, "", {}),
        (crypto, "", "x"),
        (crypto, ["x"], {"algorithm": MEGOLM}),
        ("m.room.member", "@@stranger@@", {}),
        ("m.room.member", "@@stranger@@", {"membership": ["join"]}),
        ("m.room.member", "@@stranger@@", {"membership": "dancing"}),
        ("m.room.member", 5, {"membership": "join"}),
        ("m.room.member", "", {"membership": "leave"}),
        ("m.room.member", "@" + "x" * 400 + ":b", {"membership": "join"}),
        ("m.room.member", f"@{HALF}:b", {"membership": "join"}),
        ("m.room.member", "@@stranger@@", None),
        ("m.room.tombstone", "", {"body": 1, "replacement_room": []}),
        ("m.room.power_levels", "", {"users": [], "events": "x", "users_default": {}}),
        ("m.room.power_levels", "", {"users": {"@@bot@@": "none"}, "ban": None}),
        ("m.room.create", "", {"room_version": 12, "creator": [], "predecessor": "x"}),
        ("m.room.create", None, {"additional_creators": "@@bot@@"}),
        ("m.room.name", "", {"name": DEEP}),
    ]
    for number, (kind, key, content) in enumerate(kinds):
        value = event(kind, content, {"state_key": key, "sender": "@@stranger@@"})
        for place in (timeline("@@decoy@@"), state("@@decoy@@"), state("!okänt:bra.test")):
            name = f"state {number + 1}, {kind}, in {place[2]} {place[3]}"
            yield Poison(name=name, family=Family.STATE, at=place, value=value)
    for kind, (key, content) in STATE.items():
        odd = event(kind, content, {"state_key": key, "unsigned": {"prev_content": "x"}})
        yield Poison(
            name=f"{kind}: unsigned odd",
            family=Family.STATE,
            at=timeline("@@decoy@@"),
            value=odd | {"prev_content": []},
        )


def _messages() -> Iterator[Poison]:
    text, megolm = MESSAGES["text"][1], MESSAGES["megolm"][1]
    edit, related = MESSAGES["edit"][1], "m.relates_to"
    contents: dict[str, tuple[str, object]] = {
        "without msgtype": ("m.room.message", {"body": "hej"}),
        "a body that is an object": ("m.room.message", text | {"body": {"x": 1}}),
        "a body that is a number": ("m.room.message", text | {"body": 5}),
        "a msgtype that is a list": ("m.room.message", text | {"msgtype": ["m.text"]}),
        "new_content that is text": ("m.room.message", edit | {"m.new_content": "x"}),
        "new_content that is a list": ("m.room.message", edit | {"m.new_content": [1]}),
        "an edit of nothing": ("m.room.message", edit | {related: {"rel_type": "m.replace"}}),
        "a reaction without key": ("m.reaction", {related: {"event_id": "$x"}}),
        "a reaction to a number": ("m.reaction", {related: {"event_id": 1, "key": 2}}),
        "a relation that is text": ("m.room.message", text | {related: "x"}),
        "a reply to a list": ("m.room.message", text | {related: {"m.in_reply_to": [1]}}),
        "a reply to null": ("m.room.message", text | {related: {"m.in_reply_to": {}}}),
        "mentions that are text": ("m.room.message", text | {"m.mentions": "@@bot@@"}),
        "mentions of objects": ("m.room.message", text | {"m.mentions": {"user_ids": [{}, []]}}),
        "a content that is text": ("m.room.message", "hej"),
        "a content that is null": ("m.room.message", None),
        "a huge body": ("m.room.message", text | {"body": HUGE}),
        "a nested body": ("m.room.message", text | {"body": DEEP}),
        "something nested beside": ("m.room.message", text | {"x": DEEP}),
        "half a character": ("m.room.message", text | {"body": f"hej {HALF}"}),
        "half a character as a name": ("m.room.message", text | {HALF: HALF}),
        "a NUL": ("m.room.message", text | {"body": "!hjälp\x00"}),
        "only white space": ("m.room.message", text | {"body": "\u2028\u200b\r\n"}),
        "right to left": ("m.room.message", text | {"body": "\u202e!plejh"}),
        "a command of 9 000 words": ("m.room.message", text | {"body": "!hjälp " + "x " * 9000}),
        "a quote without end": (
            "m.room.message",
            text | {"body": "> <@a:b> x\n" * 3000, related: {"m.in_reply_to": {"event_id": "$x"}}},
        ),
        "template words": ("m.room.message", text | {"body": "!hjälp {{ 7*7 }} {% for %}"}),
        "a file without a name": ("m.room.message", {"msgtype": "m.file"}),
        "a file with odd keys": ("m.room.message", {"msgtype": "m.file", "file": [], "body": "x"}),
        "a redaction of an object": ("m.room.redaction", {"redacts": {}}),
        "a redaction of nothing": ("m.room.redaction", {}),
        "megolm garbage, known session": ("m.room.encrypted", megolm),
        "megolm, unknown session": ("m.room.encrypted", megolm | {"session_id": KEY}),
        "megolm, no session": ("m.room.encrypted", without(megolm, "session_id")),
        "megolm, a session that is a list": ("m.room.encrypted", megolm | {"session_id": []}),
        "megolm, an object for ciphertext": ("m.room.encrypted", megolm | {"ciphertext": {}}),
        "megolm, invalid base64": ("m.room.encrypted", megolm | {"ciphertext": "%%"}),
        "megolm, an empty ciphertext": ("m.room.encrypted", megolm | {"ciphertext": ""}),
        "megolm, a huge ciphertext": ("m.room.encrypted", megolm | {"ciphertext": HUGE}),
        "an unknown algorithm": ("m.room.encrypted", megolm | {"algorithm": {"x": 1}}),
        "olm in a room": ("m.room.encrypted", TO_DEVICE["m.room.encrypted"]),
        "a thread of a number": (
            "m.room.encrypted",
            megolm | {related: {"rel_type": "m.thread", "event_id": 4}},
        ),
    }
    for name, (kind, content) in contents.items():
        for room in ("@@direct@@", "@@vault@@"):
            yield _message(f"message: {name}, in {room}", event(kind, content), room)
    whole = event("m.room.message", text)
    events: dict[str, object] = {
        "null": None,
        "text": "x",
        "a list": [[whole]],
        "a number": 7,
        "true": True,
        "no type": without(whole, "type"),
        "a type that is a list": whole | {"type": ["m.room.message"]},
        "a type that is an object": whole | {"type": {}},
        "no sender": without(whole, "sender"),
        "a sender that is a number": whole | {"sender": 1},
        "a sender with a NUL": whole | {"sender": "@a\x00:b"},
        "no event id": without(whole, "event_id"),
        "an event id that is an object": whole | {"event_id": {"x": 1}},
        "a huge event id": whole | {"event_id": HUGE},
        "half a character in the id": whole | {"event_id": f"${HALF}"},
        "a time that is text": whole | {"origin_server_ts": "nu"},
        "a time beyond all years": whole | {"origin_server_ts": 10**18},
        "unsigned that is a list": whole | {"unsigned": [1]},
        "another room": whole | {"room_id": "!annat:bra.test"},
        "a state key that is a list": whole | {"state_key": []},
    }
    for name, value in events.items():
        yield _message(f"event: {name}", value, "@@direct@@")
    insides: dict[str, object] = {
        "not an object": [1],
        "no type": {"content": text, "room_id": "@@vault@@"},
        "another room": {"type": "m.room.message", "content": text, "room_id": "!annat:bra.test"},
        "no room": {"type": "m.room.message", "content": text},
        "no msgtype": {"type": "m.room.message", "content": {}, "room_id": "@@vault@@"},
        "a type that is a list": {"type": [], "content": text, "room_id": "@@vault@@"},
        "nested": {"type": "m.room.message", "content": DEEP, "room_id": "@@vault@@"},
        "state": {
            "type": "m.room.member",
            "state_key": "@@bot@@",
            "content": {"membership": "leave"},
            "room_id": "@@vault@@",
        },
    }
    for name, value in insides.items():
        yield Poison(
            name=f"inside megolm: {name}",
            family=Family.MESSAGE,
            at=timeline("@@vault@@"),
            value=value,
            sealed=Sealed.MEGOLM,
        )


def _sections() -> Iterator[Poison]:
    room = ("rooms", "join", "!okänt:bra.test")
    parts: list[tuple[tuple[str, ...], Sequence[object]]] = [
        (("rooms",), ([], "x", None, 3)),
        (("rooms", "join"), ([], "x", None, [{"x": 1}])),
        (("rooms", "invite"), ([], "x", {"!x:b": []}, {"!x:b": {"invite_state": []}})),
        (("rooms", "leave"), ("x", {"!x:b": 4})),
        (("to_device",), ([], "x", {"events": {}}, {"events": "x"})),
        (("account_data",), ([], {"events": [None]})),
        (room, ([], None, "x")),
        ((*room, "timeline"), ([], {"events": {}}, {"limited": True, "prev_batch": "s0_x"})),
        ((*room, "timeline", "events"), ({"limited": True}, "x")),
        ((*room, "state"), ([], {"events": "x"})),
        (("rooms", "join", ""), ({"timeline": {"events": [{"type": "m.room.message"}]}},)),
        (("rooms", "join", HALF), ({"timeline": {"events": [event("m.room.message", {})]}},)),
        (("x",), (DEEP, DIGITS, HUGE)),
    ]
    for at, values in parts:
        for number, value in enumerate(values):
            yield Poison(
                name=f"section {'.'.join(at)!r} {number + 1}",
                family=Family.MESSAGE if at[:1] == ("rooms",) else Family.TO_DEVICE,
                where=Where.ALONE,
                at=at,
                value=value,
            )
    odd: list[object] = [
        [None, 1, "x"],
        [event("m.room.member", {"membership": "invite"}, {"state_key": "@@bot@@", "sender": 4})],
        [event("m.room.member", {"membership": ["invite"]}, {"state_key": "@@bot@@"})],
        [event("m.room.member", "x", {"state_key": "@@bot@@"})],
        [event("m.room.member", {"membership": "invite", "is_direct": "ja"}, {"state_key": "x"})],
    ]
    for number, events in enumerate(odd):
        at = ("rooms", "invite", f"!inbjudan{number}:bra.test", "invite_state", "events")
        yield Poison(name=f"invitation {number + 1}", family=Family.STATE, at=at, value=events)


def _message(name: str, value: object, room: str) -> Poison:
    return Poison(name=name, family=Family.MESSAGE, at=timeline(room), value=value)

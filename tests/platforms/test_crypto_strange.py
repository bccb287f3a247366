"""Answers and events that nobody should send: none of them disturbs what is good beside it."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from vodozemac import GroupSession

from bot.platforms.matrix.crypto.olm import Letter, Unreadable
from bot.platforms.matrix.crypto.worker import Worker
from bot.platforms.matrix.lenient import Json, objects, section
from bot.platforms.matrix.opening import Opening
from bot.platforms.matrix.parse import read_event
from bot.ports import Kind
from tests.platforms.crypto_pair import (
    ENCRYPTED,
    ROOM,
    SAID,
    Client,
    Homeserver,
    event,
    meeting,
)

ANNA, BOT = "@anna:hem.test", "@bot:hem.test"
KNOWN_WORDS = (
    "m.room.encrypted m.room.member m.room.encryption m.room_key m.megolm.v1.aes-sha2 join"
    " m.olm.v1.curve25519-aes-sha2 m.forwarded_room_key \ud800 \0 @anna:hem.test"
)
KNOWN_NAMES = (
    "type sender content algorithm sender_key ciphertext session_id body device_lists changed left"
    " to_device events event_id state_key device_one_time_keys_count signed_curve25519 membership"
    " device_unused_fallback_key_types device_id rotation_period_msgs rotation_period_ms \udfff"
)
WORDS, NAMES = st.sampled_from(KNOWN_WORDS.split(" ")), st.sampled_from(KNOWN_NAMES.split(" "))
LEAVES = (
    st.none() | st.booleans() | st.integers() | st.just(10**400) | st.floats() | WORDS | st.text()
)
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=5),
    max_leaves=12,
)
OBJECTS = st.dictionaries(NAMES, JSON, max_size=6)
QUICK = settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def nested(depth: int) -> Any:
    """Make JSON that is `depth` lists deep."""
    value: Any = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Client, Client]:
    """Give the bot and Anna in one encrypted room."""
    server = Homeserver()
    bot, anna = Client(server, tmp_path, BOT, "B"), Client(server, tmp_path, ANNA, "A")
    meeting(bot, anna)
    return bot, anna


@settings(QUICK, max_examples=25)
@given(answer=OBJECTS, item=JSON)
@example(answer={"device_lists": {"changed": [ANNA, "\ud800", 3], "left": {}}}, item={"type": 0})
@example(answer={"device_one_time_keys_count": {"signed_curve25519": 10**400}}, item=[])
def test_no_answer_is_too_strange(
    pair: tuple[Client, Client], answer: dict[str, Any], item: Any
) -> None:
    """Whatever else stands in an answer, the letter in it is read, and writing goes on."""
    bot, anna = pair
    anna.do(lambda m: m.sharing.renew(ROOM))
    sealed = anna.seal(ROOM, "$1")
    good = objects(section(bot.server.sync(bot.owner), "to_device").get("events"))
    events = [item, {**good[0], "content": item}, *good, item, *good]
    bot.do(lambda m: m.receive({**answer, "to_device": {"events": events}}))
    bot.ask()
    assert bot.read(ROOM, sealed)["content"] == SAID
    assert bot.do(lambda m: m.upload()) is not None
    bot.seal(ROOM, "$2")


def test_a_defect_costs_one_letter(
    pair: tuple[Client, Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also one of the library below, whose panics are no Exceptions: the next letter is read."""
    bot, anna = pair
    sealed = anna.seal(ROOM, "$1")
    told = objects(section(bot.server.sync(bot.owner), "to_device").get("events"))
    decrypt = bot.machine.olm.decrypt

    def panics(event: Json) -> Letter:
        if event.get("sender") == BOT:
            raise SystemExit("the library below gave up")
        return decrypt(event)

    monkeypatch.setattr(bot.machine.olm, "decrypt", panics)
    events = [{**told[0], "sender": BOT}, *told]
    assert bot.do(lambda m: m.receive({"to_device": {"events": events}}))
    assert bot.machine.dropped == 1
    bot.ask()
    assert bot.read(ROOM, sealed)["content"] == SAID


@QUICK
@given(strange=OBJECTS, content=OBJECTS, plain=JSON)
def test_no_event_is_too_strange(
    pair: tuple[Client, Client], strange: dict[str, Any], content: dict[str, Any], plain: Any
) -> None:
    """Nothing in a room's events disturbs the reading of the good one among them."""
    bot, anna = pair
    good = anna.seal(ROOM, "$good")
    bot.sync()
    bot.ask()
    wholes = [
        {**odd, **more, "type": kind}
        for odd in (strange, {**strange, "content": {**ENCRYPTED, **content}}, {"content": plain})
        for more in ({}, {"event_id": "$x", "sender": ANNA, "state_key": strange.get("type")})
        for kind in ("m.room.encrypted", "m.room.member", "m.room.encryption")
    ]
    worker = Worker(lambda: bot.machine)
    opening = Opening(worker, BOT)
    read = asyncio.run(opening.read(ROOM, [*wholes, good, {"type": 3}]))
    assert SAID in [e.get("content") for e in read]
    assert {"type": 3} in read
    worker._thread.shutdown()


def test_what_nobody_vouches_for_is_not_believed(pair: tuple[Client, Client]) -> None:
    """A plain message in an encrypted room may be the homeserver's: it is told, and not acted on;
    where nothing is encrypted it is read as ever."""
    bot, _ = pair
    plain = {
        "type": "m.room.message",
        "event_id": "$plain",
        "sender": ANNA,
        "content": {"msgtype": "m.text", "body": "!publicera"},
    }
    worker = Worker(lambda: bot.machine)
    opening = Opening(worker, BOT)
    [here] = asyncio.run(opening.read(ROOM, [plain]))
    [there] = asyncio.run(opening.read("!plain:hem.test", [plain]))
    worker._thread.shutdown()
    told, said = read_event(here, ROOM, BOT), read_event(there, "!plain:hem.test", BOT)
    assert told is not None
    assert (told.kind, told.text) == (Kind.UNREADABLE, "not encrypted")
    assert said is not None
    assert (said.kind, said.text) == (Kind.MESSAGE, "!publicera")


def test_no_depth_is_too_deep(pair: tuple[Client, Client]) -> None:
    """An event that can be taken in but hardly written out again is no defect either."""
    bot, anna = pair
    good = anna.seal(ROOM, "$good")
    bot.sync()
    bot.ask()
    worker = Worker(lambda: bot.machine)
    opening = Opening(worker, BOT)
    deep = [
        {"type": kind, "event_id": f"${d}", "sender": ANNA, "state_key": BOT, "content": content}
        for d in range(100, 1500, 40)
        for kind in ("m.room.encrypted", "m.room.member", "m.room.encryption")
        for content in ({**ENCRYPTED, "session_id": "s", "x": nested(d)},)
    ]
    plain = [{k: v for k, v in e.items() if k != "state_key"} for e in deep]
    read = asyncio.run(opening.read(ROOM, [*deep, *plain, good]))
    assert read[-1]["content"] == SAID
    bot.do(lambda m: m.receive({"to_device": {"events": deep}}))
    worker._thread.shutdown()


@QUICK
@given(said=JSON)
@example(said={"msgtype": 1, "body": []})
def test_any_plain_text_of_a_member_is_read_or_unreadable(
    pair: tuple[Client, Client], said: Any
) -> None:
    """A member may encrypt whatever is JSON; what comes out of it has content, or is refused."""
    bot, anna = pair
    bot.ask()
    session = GroupSession()
    curve = anna.machine.device.curve
    bot.do(lambda m: m.keys.keep_own(ROOM, session.session_key, ANNA, curve))
    plains = [said, {"room_id": ROOM, "content": said}, {"room_id": ROOM, "type": said}]
    for number, plain in enumerate(plains):
        content = {
            **ENCRYPTED,
            "session_id": session.session_id,
            "ciphertext": session.encrypt(json.dumps(plain).encode()).to_base64(),
        }
        try:
            read = bot.read(ROOM, event(ANNA, f"${session.session_id}{number}", content))
        except Unreadable:
            continue
        assert isinstance(read["content"], dict)

"""Whose key opens what, and which keys are believed."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from vodozemac import ExportedSessionKey, GroupSession, InboundGroupSession

from bot.platforms.matrix.crypto.machine import Machine, UnknownDevice
from bot.platforms.matrix.crypto.olm import Unreadable
from bot.platforms.matrix.crypto.room_keys import NoKey, RoomKeys
from bot.platforms.matrix.crypto.signing import decode, encode
from bot.platforms.matrix.lenient import Json, section
from tests.platforms.crypto_pair import (
    ENCRYPTED,
    NOW,
    ROOM,
    SAID,
    Client,
    Homeserver,
    event,
    meeting,
)

ANNA, BOT, EVE = "@anna:hem.test", "@bot:hem.test", "@eve:borta.test"
OTHER_ROOM = "!annat:hem.test"


@pytest.fixture
def trio(tmp_path: Path) -> tuple[Client, Client, Client]:
    """Give the bot, Anna and Eve in one encrypted room, their device lists known to the bot."""
    server = Homeserver()
    bot, anna, eve = (
        Client(server, tmp_path, account, account[1].upper()) for account in (BOT, ANNA, EVE)
    )
    meeting(bot, anna, eve)
    bot.ask()
    return bot, anna, eve


def key_of(client: Client, sealed: Json) -> Json:
    """Give the content of the m.room_key that belongs to an event a device wrote."""
    row = client.machine.store.db.execute(
        "SELECT pickle FROM outbound WHERE session = ?", (section(sealed, "content")["session_id"],)
    ).fetchone()
    session = GroupSession.from_pickle(row[0], client.machine.store.key)
    return {
        **ENCRYPTED,
        "room_id": ROOM,
        "session_id": session.session_id,
        "session_key": session.session_key.to_base64(),
    }


def exported(session: InboundGroupSession, index: int) -> Json:
    """Give a key as a backup or another device hands it on."""
    key = session.export_at(index)
    assert key is not None
    content = {"room_id": ROOM, "session_id": session.session_id, "session_key": key.to_base64()}
    return {**ENCRYPTED, **content}


def write(session: GroupSession, sender: str, event_id: str) -> dict[str, object]:
    """Encrypt by hand."""
    said = {"type": "m.room.message", "room_id": ROOM, "content": {"body": "hej"}}
    ciphertext = session.encrypt(json.dumps(said).encode()).to_base64()
    content = {**ENCRYPTED, "session_id": session.session_id, "ciphertext": ciphertext}
    return event(sender, event_id, content)


def test_a_message_belongs_to_its_room_and_sender(trio: tuple[Client, Client, Client]) -> None:
    """Carried into another room, or shown as another member's, it is not believed."""
    bot, anna, _ = trio
    sealed = anna.seal(ROOM, "$1")
    bot.sync()
    with pytest.raises(NoKey):
        bot.read(OTHER_ROOM, sealed)
    with pytest.raises(Unreadable, match="another account"):
        bot.read(ROOM, {**sealed, "sender": EVE})
    key = key_of(anna, sealed)
    curve = anna.machine.device.curve
    assert bot.do(lambda m: m.keys.add(ANNA, curve, {**key, "room_id": OTHER_ROOM}))
    moved = anna.do(lambda m: m.seal(ROOM, "m.room.message", SAID, NOW))
    assert moved is not None
    with pytest.raises(Unreadable, match="another room"):
        bot.read(OTHER_ROOM, event(ANNA, "$2", moved))
    assert bot.read(ROOM, event(ANNA, "$2", moved))["content"] == SAID


def test_a_message_is_believed_once(trio: tuple[Client, Client, Client]) -> None:
    """The same bytes as another event are a repetition; the same event may be read again."""
    bot, anna, _ = trio
    sealed = anna.seal(ROOM, "$1")
    bot.sync()
    bot.read(ROOM, sealed)
    bot.restart()
    assert bot.read(ROOM, sealed)["content"] == SAID
    with pytest.raises(Unreadable, match="repetition"):
        bot.read(ROOM, {**sealed, "event_id": "$2"})


def test_who_repeats_first_does_not_take_the_message_away(
    trio: tuple[Client, Client, Client],
) -> None:
    """Where a key's owner is unknown, another's copy of a message does not hide the message."""
    bot, anna, _ = trio
    session = GroupSession()
    key = exported(InboundGroupSession(session.session_key), 0)
    bot.do(lambda m: m.keys.restore("", anna.machine.device.curve, key, backed_up=True))
    sealed = write(session, ANNA, "$1")

    def read(machine: Machine) -> Json:
        with pytest.raises(UnknownDevice):
            machine.read(ROOM, {**sealed, "sender": EVE, "event_id": "$2"})
        return machine.read(ROOM, sealed)

    assert bot.do(read)["content"] == {"body": "hej"}


def test_an_older_key_replaces_a_later_one(trio: tuple[Client, Client, Client]) -> None:
    """A key that opens more takes the place of one that opens less, never the other way round."""
    bot, anna, _ = trio
    session = GroupSession()
    whole = InboundGroupSession(session.session_key)
    events = [write(session, ANNA, f"${n}") for n in range(4)]
    curve = anna.machine.device.curve

    def restore(index: int) -> bool:
        key = exported(whole, index)
        return bot.do(lambda m: m.keys.restore(ANNA, curve, key, backed_up=True))

    def readable() -> list[bool]:
        found = []
        for sealed in events:
            try:
                bot.read(ROOM, sealed)
            except NoKey:
                found.append(False)
            else:
                found.append(True)
        return found

    assert [restore(3), restore(3), readable()] == [True, False, [False, False, False, True]]
    assert [restore(1), restore(2), readable()] == [True, False, [False, True, True, True]]
    assert [restore(0), restore(1), readable()] == [True, False, [True] * 4]


def test_a_key_of_the_same_name_that_leads_elsewhere_is_refused(
    trio: tuple[Client, Client, Client],
) -> None:
    """An exported key is not signed: with another's name on it, it would close what was open."""
    bot, anna, _ = trio
    session = GroupSession()
    curve = anna.machine.device.curve
    whole = InboundGroupSession(session.session_key)
    sealed = [write(session, ANNA, f"${n}") for n in range(2)]
    bot.do(lambda m: m.keys.restore(ANNA, curve, exported(whole, 1), backed_up=True))
    true_key = whole.export_at(0)
    assert true_key is not None
    raw = bytearray(decode(true_key.to_base64()))
    raw[10] ^= 1  # in the ratchet, behind version and index
    forged = InboundGroupSession.import_session(ExportedSessionKey(encode(bytes(raw))))
    assert forged.session_id == whole.session_id
    content = exported(forged, 0)
    assert not bot.do(lambda m: m.keys.restore("", curve, content, backed_up=True))
    assert bot.read(ROOM, sealed[1])["content"] == {"body": "hej"}


def test_another_device_can_not_take_a_key_over(trio: tuple[Client, Client, Client]) -> None:
    """Neither another member nor another identity key, though it offers more than is known."""
    bot, anna, eve = trio
    session, keys = GroupSession(), bot.machine.keys
    own, other = anna.machine.device.curve, eve.machine.device.curve
    whole = InboundGroupSession(session.session_key)
    sealed = [write(session, ANNA, f"${n}") for n in range(2)]
    assert bot.do(lambda m: m.keys.restore(ANNA, own, exported(whole, 1), backed_up=True))
    for sender, curve in ((EVE, other), (ANNA, other), (EVE, own)):
        assert not keys.restore(sender, curve, exported(whole, 0), backed_up=True)
    assert bot.read(ROOM, sealed[1])["content"] == {"body": "hej"}
    assert keys.restore(ANNA, own, exported(whole, 0), backed_up=True)
    assert bot.read(ROOM, sealed[0])["content"] == {"body": "hej"}


@pytest.mark.parametrize("maker", [True, False])
@pytest.mark.parametrize("asked", [True, False])
def test_a_forwarded_key_is_taken_if_asked_for_and_from_its_maker(
    trio: tuple[Client, Client, Client], *, maker: bool, asked: bool
) -> None:
    """Nobody may give us a key in another's name, nor one that nobody asked for."""
    bot, anna, eve = trio
    session = GroupSession()
    key = exported(InboundGroupSession(session.session_key), 0)
    sealed = write(session, ANNA, "$1")
    with pytest.raises(NoKey) as missing:
        bot.read(ROOM, sealed)
    if asked:
        bot.do(lambda m: m.hold(ROOM, sealed, missing.value, NOW))
        bot.do(lambda m: m.request_missing())
    giver = anna if maker else eve
    giver.ask()
    giver.meet([giver.device(bot)])
    forwarded = {**key, "sender_key": anna.machine.device.curve, "sender_claimed_ed25519_key": "x"}
    message = giver.machine.olm.encrypt(
        giver.device(bot), "m.forwarded_room_key", forwarded, giver.machine.published_keys()
    )
    assert message is not None
    told = {"type": "m.room.encrypted", "sender": giver.own.account, "content": message}
    news = bot.do(lambda m: m.receive({"to_device": {"events": [told]}}))
    assert news == bot.machine.keys.has(ROOM, session.session_id) == (maker and asked)


def test_a_backed_up_key_comes_back(trio: tuple[Client, Client, Client], tmp_path: Path) -> None:
    """What the backup was given opens the same messages for a bot that begins anew."""
    bot, anna, _ = trio
    sealed = anna.seal(ROOM, "$1")
    bot.sync()
    saved = bot.do(lambda m: m.keys.to_back_up(10))
    bot.do(lambda m: m.keys.backed_up([(room, session) for room, session, _ in saved]))
    assert bot.machine.keys.to_back_up(10) == []
    bot.do(lambda m: m.keys.back_up_all_anew())
    assert bot.machine.keys.to_back_up(10) == saved
    rebuilt = Client(bot.server, tmp_path, BOT, "B2")
    rebuilt.enter(ROOM, [ANNA, BOT])
    rebuilt.ask()
    for room, session, key in saved:
        content = {**key, "room_id": room, "session_id": session}
        curve = str(key["sender_key"])
        assert rebuilt.do(lambda m, c=content, k=curve: m.keys.restore("", k, c, backed_up=True))  # type: ignore[misc]
    assert rebuilt.read(ROOM, sealed)["content"] == SAID
    assert rebuilt.machine.keys.to_back_up(10) == []


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(key=st.none() | st.text() | st.binary(max_size=240).map(encode), name=st.text(max_size=3))
def test_no_key_is_too_strange(trio: tuple[Client, Client, Client], key: object, name: str) -> None:
    """Whatever is called a key is taken or not, and nothing is raised."""
    keys: RoomKeys = trio[0].machine.keys
    content = {**ENCRYPTED, "room_id": ROOM, "session_id": name, "session_key": key}
    assert not keys.add(ANNA, "k", content)
    assert not keys.restore("", "k", content, backed_up=True)
    assert not keys.add(ANNA, "k", {"algorithm": key})

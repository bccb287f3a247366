"""Conversations between two devices: what is read, what is refused, and how they begin anew."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from vodozemac import Account, Curve25519PublicKey

from bot.platforms.matrix.crypto.devices import OLM, Device
from bot.platforms.matrix.crypto.machine import MOST_WEDGED, UNWEDGE_EVERY
from bot.platforms.matrix.crypto.olm import MOST_SESSIONS, Letter, Unreadable
from bot.platforms.matrix.crypto.signing import encode, signed
from bot.platforms.matrix.lenient import Json
from tests.platforms.crypto_pair import NOW, Client, Homeserver, meeting

ANNA, BOT, EVE = "@anna:hem.test", "@bot:hem.test", "@eve:borta.test"
QUICK = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
GARBAGE = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.binary(max_size=80).map(encode)
    | st.binary(max_size=80).map(lambda raw: encode(b"\x03" + raw))
    | st.lists(st.integers(), max_size=2)
)


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Client, Client]:
    """Give the bot and Anna, who know each other's devices."""
    server = Homeserver()
    bot, anna = Client(server, tmp_path, BOT, "B"), Client(server, tmp_path, ANNA, "A")
    meeting(bot, anna)
    bot.ask()
    anna.ask()
    return bot, anna


def write(writer: Client, reader: Client, said: str) -> Json:
    """Write a message to a device, as it travels."""
    device = writer.device(reader)
    message = writer.do(lambda m: m.olm.encrypt(device, "m.note", {"said": said}, {}))
    assert message is not None
    return {"type": "m.room.encrypted", "sender": writer.own.account, "content": message}


def read(reader: Client, event: Json) -> object:
    """Read what a device wrote."""
    letter: Letter = reader.do(lambda m: m.olm.decrypt(event))
    return letter.content["said"]


def by_hand(reader: Client, plain: object, *, sender: str = ANNA) -> Json:
    """Write anything at all to a device, with the keys of a device that nobody knows."""
    keys, device = Account(), reader.machine.device
    (once,) = reader.server.claim([_listed(reader)])["one_time_keys"][  # type: ignore[index]
        reader.own.account
    ][reader.own.device].values()
    session = keys.create_outbound_session(
        Curve25519PublicKey.from_base64(device.curve), Curve25519PublicKey.from_base64(once["key"])
    )
    form, body = session.encrypt(json.dumps(plain).encode()).to_parts()
    content = {
        "algorithm": OLM,
        "sender_key": keys.curve25519_key.to_base64(),
        "ciphertext": {device.curve: {"type": form, "body": encode(body)}},
    }
    return {"type": "m.room.encrypted", "sender": sender, "content": content}


def _listed(client: Client) -> Device:
    own, keys = client.own, client.machine.device
    return Device(account=own.account, id=own.device, curve=keys.curve, ed=keys.ed, signed=True)


def inside(reader: Client, **other: object) -> dict[str, object]:
    """Give what a proper letter of Anna's says, with some of it otherwise."""
    return {
        "type": "m.note",
        "content": {"said": "hej"},
        "sender": ANNA,
        "recipient": reader.own.account,
        "recipient_keys": {"ed25519": reader.machine.device.ed},
        "keys": {"ed25519": "x" * 43},
        **other,
    }


def test_a_letter_written_by_hand_is_read(pair: tuple[Client, Client]) -> None:
    """The counter-proof: the letters that the next test spoils are good ones before."""
    bot, _ = pair
    assert read(bot, by_hand(bot, inside(bot))) == "hej"


@pytest.mark.parametrize(
    "other",
    [
        {"sender": EVE},
        {"sender": None},
        {"recipient": EVE},
        {"recipient_keys": {"ed25519": "x"}},
        {"recipient_keys": []},
        {"keys": {}},
        {"keys": {"ed25519": 3}},
        {"content": "hej"},
    ],
)
def test_a_letter_is_bound_to_sender_and_receiver(
    pair: tuple[Client, Client], other: dict[str, object]
) -> None:
    """What claims another sender or receiver inside than outside is not believed."""
    bot, _ = pair
    with pytest.raises(Unreadable):
        read(bot, by_hand(bot, inside(bot, **other)))


def test_a_letter_that_is_refused_leaves_no_trace(pair: tuple[Client, Client]) -> None:
    """Neither the conversation nor the loss of the one-time key is kept, in memory or on disk."""
    bot, _ = pair
    event = by_hand(bot, inside(bot, recipient=EVE))
    bot.do(lambda m: m.receive({"to_device": {"events": [event]}}))
    assert bot.machine.dropped == 1
    with pytest.raises(Unreadable, match="another sender or receiver"):
        bot.do(lambda m: m.olm.decrypt(event))
    assert bot.machine.store.db.execute("SELECT count(*) FROM olm").fetchone() == (0,)


def test_a_repeated_letter_is_refused(pair: tuple[Client, Client]) -> None:
    """The first letter of a conversation, and a later one, are read once."""
    bot, anna = pair
    anna.meet([anna.device(bot)])
    first = write(anna, bot, "ett")
    assert read(bot, first) == "ett"
    answer = write(bot, anna, "två")
    assert read(anna, answer) == "två"
    later = write(anna, bot, "tre")
    assert read(bot, later) == "tre"
    bot.restart()
    for event in (first, later):
        with pytest.raises(Unreadable):
            read(bot, event)


def test_a_one_time_key_is_used_up(pair: tuple[Client, Client]) -> None:
    """A second conversation with the same one-time key is not taken up, also after a restart."""
    bot, anna = pair
    claimed = bot.server.claim([_listed(bot)])
    device = anna.device(bot)
    letters = []
    for _ in range(2):
        assert anna.do(lambda m: m.meet([device], claimed, greet=False)) == []
        letters.append(write(anna, bot, "hej"))
    assert read(bot, letters[0]) == "hej"
    bot.restart()
    with pytest.raises(Unreadable, match="used up") as broken:
        read(bot, letters[1])
    assert broken.value.wedged == anna.machine.device.curve


def test_one_time_keys_that_do_not_hold_are_not_used(pair: tuple[Client, Client]) -> None:
    """Unsigned, signed by another, of another kind, or such as give no secret: none is met."""
    bot, anna = pair
    device, keys = bot.device(anna), anna.machine.device
    good = next(iter(bot.server.one_time[anna.owner].values()))
    zero = signed({"key": encode(bytes(32))}, ANNA, "ed25519:A", keys.sign)
    for name, value in [
        ("signed_curve25519:a", {"key": good["key"]}),
        ("signed_curve25519:a", signed({"key": good["key"]}, ANNA, "ed25519:A", lambda _: "x")),
        ("signed_curve25519:a", {**good, "key": encode(bytes(31))}),
        ("signed_curve25519:a", signed({"key": 3}, ANNA, "ed25519:A", keys.sign)),
        ("signed_curve25519:a", zero),
        ("curve25519:a", good),
        ("signed_curve25519:a", []),
    ]:
        claimed = {"one_time_keys": {ANNA: {"A": {name: value}}}}
        assert bot.do(lambda m, c=claimed: m.meet([device], c, greet=True)) == [device]  # type: ignore[misc]
    assert bot.machine.sharing.parcels() == []


def test_a_broken_conversation_begins_anew_at_most_once_an_hour(
    pair: tuple[Client, Client],
) -> None:
    """After a letter that no conversation fits, a known device is greeted, and is heard again."""
    bot, anna = pair
    anna.meet([anna.device(bot)])
    read(bot, write(anna, bot, "ett"))
    read(anna, write(bot, anna, "två"))
    bot.do(lambda m: m.store.db.execute("DELETE FROM olm"))

    def lost(now: float) -> int:
        event = write(anna, bot, "hörs jag?")
        bot.do(lambda m: m.receive({"to_device": {"events": [event] * 3}}))
        wedged = bot.do(lambda m: m.wedged(now))
        bot.meet(wedged, greet=True)
        return len(wedged)

    assert [lost(NOW), lost(NOW + UNWEDGE_EVERY - 1), lost(NOW + UNWEDGE_EVERY)] == [1, 0, 1]
    bot.restart()
    assert lost(NOW + UNWEDGE_EVERY + 1) == 0
    bot.post()
    anna.sync()
    assert read(bot, write(anna, bot, "nu då?")) == "nu då?"


def test_only_known_devices_are_greeted(pair: tuple[Client, Client]) -> None:
    """A stranger's letters make the bot write nothing, and remember no more than so many."""
    bot, _ = pair
    spent = by_hand(bot, inside(bot))
    read(bot, spent)
    strange = []
    for _ in range(MOST_WEDGED + 5):
        content = {**spent["content"], "sender_key": Account().curve25519_key.to_base64()}  # type: ignore[dict-item]
        strange.append({**spent, "content": content})
    bot.do(lambda m: m.receive({"to_device": {"events": strange}}))
    assert bot.machine.dropped == MOST_WEDGED + 5
    assert bot.do(lambda m: m.wedged(NOW)) == []


def test_only_so_many_conversations_are_kept(pair: tuple[Client, Client]) -> None:
    """The oldest go, those last heard stay."""
    bot, anna = pair
    device = anna.device(bot)
    letters = []
    for number in range(MOST_SESSIONS + 3):
        anna.meet([device])
        letters.append(write(anna, bot, str(number)))
    for number, letter in enumerate(letters):
        assert read(bot, letter) == str(number)
    count = "SELECT count(*) FROM olm"
    assert bot.machine.store.db.execute(count).fetchone() == (MOST_SESSIONS,)
    assert anna.machine.store.db.execute(count).fetchone() == (MOST_SESSIONS,)
    assert read(anna, write(bot, anna, "svar")) == "svar"


@settings(QUICK, max_examples=50)
@given(steps=st.lists(st.sampled_from(["bot", "anna", "to bot", "to anna", "stop"]), max_size=14))
@example(steps=["anna", "bot", "to bot", "to anna", "anna", "bot"])
def test_two_that_begin_at_once_understand_each_other(
    pair: tuple[Client, Client], steps: list[str]
) -> None:
    """Whatever the order in which they write and read, each letter is read, and the next ones."""
    bot, anna = pair
    for client in pair:
        client.do(lambda m: m.store.db.execute("DELETE FROM olm"))
        client.publish()
    bot.meet([bot.device(anna)])
    anna.meet([anna.device(bot)])
    way: dict[str, list[tuple[str, Json]]] = {"bot": [], "anna": []}
    said = 0
    for step in [*steps, "bot", "anna", "bot", "to bot", "anna", "to anna", "to anna", "to bot"]:
        writer, reader = (bot, anna) if step in ("bot", "to anna") else (anna, bot)
        if step == "stop":
            bot.restart()
        elif step in way:
            said += 1
            way["anna" if step == "bot" else "bot"].append(
                (str(said), write(writer, reader, str(said)))
            )
        elif way[step.removeprefix("to ")]:
            text, event = way[step.removeprefix("to ")].pop(0)
            assert read(reader, event) == text
    for name, reader in (("bot", bot), ("anna", anna)):
        for text, event in way[name]:
            assert read(reader, event) == text
    for client in pair:
        client.sync()


@settings(QUICK, max_examples=80)
@given(form=GARBAGE | st.sampled_from([0, 1]), body=GARBAGE, key=GARBAGE)
def test_garbage_is_unreadable_and_nothing_else(
    pair: tuple[Client, Client], form: object, body: object, key: object
) -> None:
    """Anything in the place of a letter, a key or a body."""
    bot, anna = pair
    own, known = bot.machine.device.curve, anna.machine.device.curve
    for sender_key in (key, known, own):
        for part in ({"type": form, "body": body}, body):
            content = {"algorithm": OLM, "sender_key": sender_key, "ciphertext": {own: part}}
            with pytest.raises(Unreadable):
                bot.machine.olm.decrypt({"sender": ANNA, "content": content})


@settings(QUICK, max_examples=30)
@given(plain=st.recursive(GARBAGE, lambda i: st.dictionaries(st.text(), i, max_size=3)))
@example(plain="\ud800")
def test_garbage_inside_is_unreadable(pair: tuple[Client, Client], plain: object) -> None:
    """A stranger's letter may say anything."""
    bot, _ = pair
    event = by_hand(bot, plain)
    bot.do(lambda m: m.receive({"to_device": {"events": [event]}}))
    with pytest.raises(Unreadable):
        bot.machine.olm.decrypt(event)
    bot.sync()

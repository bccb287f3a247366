"""Whom a room's key goes to, when it is made anew, and how it travels."""

from pathlib import Path

import pytest
from vodozemac import Account

from bot.platforms.matrix.crypto.members import Members
from bot.platforms.matrix.crypto.sharing import GIVEN, PARCEL_SIZE, Rotation
from bot.platforms.matrix.crypto.signing import encode, signed
from bot.platforms.matrix.lenient import section
from tests.platforms.crypto_pair import (
    ENCRYPTED,
    NOW,
    ROOM,
    SAID,
    Client,
    Homeserver,
    addressed,
    codes,
    device_keys,
    meeting,
)

ANNA, BOT, EVE = "@anna:hem.test", "@bot:hem.test", "@eve:borta.test"
DAY = 24 * 3600.0


@pytest.fixture
def server() -> Homeserver:
    """Give a homeserver with nobody on it."""
    return Homeserver()


@pytest.fixture
def bot(server: Homeserver, tmp_path: Path) -> Client:
    """Give the bot's device."""
    return Client(server, tmp_path, BOT, "B")


@pytest.fixture
def anna(server: Homeserver, tmp_path: Path) -> Client:
    """Give Anna's device."""
    return Client(server, tmp_path, ANNA, "A")


@pytest.fixture
def eve(server: Homeserver, tmp_path: Path) -> Client:
    """Give Eve's device."""
    return Client(server, tmp_path, EVE, "E")


def session(sealed: dict[str, object]) -> str:
    """Give the name of the key that an event is written with."""
    return str(section(sealed, "content")["session_id"])


def told(client: Client, about: str, *, membership: str) -> None:
    """Let a device hear that somebody came or left."""
    client.do(lambda m: m.came_or_left(ROOM, about, membership))
    client.do(lambda m: m.devices.track([about]))


def readable(client: Client, *events: dict[str, object]) -> list[bool]:
    """Tell for which of the events the device has been given a key."""
    client.sync()
    client.ask()
    found = []
    for sealed in events:
        try:
            client.read(ROOM, sealed)
        except Exception:
            found.append(False)
        else:
            found.append(True)
    return found


def test_a_key_is_renewed_by_count(bot: Client, anna: Client) -> None:
    """After as many messages as the room says, and not before."""
    meeting(bot, anna)
    bot.do(lambda m: m.members.encrypt(ROOM, {**ENCRYPTED, "rotation_period_msgs": 3}))
    events = [bot.seal(ROOM, f"${n}") for n in range(7)]
    names = [session(e) for e in events]
    assert [names.index(n) for n in names] == [0, 0, 0, 3, 3, 3, 6]
    assert readable(anna, *events) == [True] * 7


def test_a_key_is_renewed_by_age(bot: Client, anna: Client) -> None:
    """After a week where the room says nothing; never so soon that nothing could be written."""
    meeting(bot, anna)
    first, before = bot.seal(ROOM, "$1"), bot.seal(ROOM, "$2", NOW + 7 * DAY - 1)
    after = bot.seal(ROOM, "$3", NOW + 7 * DAY)
    assert session(first) == session(before) != session(after)
    bot.do(lambda m: m.members.encrypt(ROOM, {**ENCRYPTED, "rotation_period_ms": 1}))
    assert bot.do(lambda m: m.members.rotation(ROOM)).seconds == 3600.0
    for odd in (0, -1, True, 2**53, "1", None, 1.5):
        rules = {**ENCRYPTED, "rotation_period_ms": odd, "rotation_period_msgs": odd}
        bot.do(lambda m, r=rules: m.members.encrypt(ROOM, r))  # type: ignore[misc]
        assert Members(bot.machine.store).rotation(ROOM) == Rotation()


def test_who_leaves_can_not_read_on(bot: Client, anna: Client, eve: Client) -> None:
    """A key that somebody had who left is made anew before the next message."""
    meeting(bot, anna, eve)
    first = bot.seal(ROOM, "$1")
    told(bot, EVE, membership="leave")
    second = bot.seal(ROOM, "$2")
    assert session(first) != session(second)
    assert readable(eve, first, second) == [True, False]
    assert readable(anna, first, second) == [True, True]


def test_a_device_that_is_logged_out_can_not_read_on(
    bot: Client, anna: Client, tmp_path: Path
) -> None:
    """The same when one of a member's devices goes."""
    other = Client(bot.server, tmp_path, ANNA, "A2")
    meeting(bot, anna, other)
    first = bot.seal(ROOM, "$1")
    del bot.server.devices[ANNA]["A2"]
    bot.changed(ANNA)
    second = bot.seal(ROOM, "$2")
    assert readable(other, first, second) == [True, False]
    assert readable(anna, first, second) == [True, True]


def test_who_left_before_the_answer_came_can_not_read_on(
    bot: Client, anna: Client, eve: Client
) -> None:
    """A key may have arrived although the homeserver's answer was lost: then it counts as given."""
    meeting(bot, anna)
    told(bot, EVE, membership="leave")
    first = bot.seal(ROOM, "$1")
    told(bot, EVE, membership="join")
    bot.pack([ROOM])
    for parcel in bot.machine.sharing.parcels():
        bot.server.send(BOT, parcel)  # and the answer is lost
    told(bot, EVE, membership="leave")
    second = bot.seal(ROOM, "$2")
    assert session(first) != session(second)
    assert readable(eve, second) == [False]
    assert readable(anna, first, second) == [True, True]


def test_who_joins_reads_from_now_on(bot: Client, anna: Client, eve: Client) -> None:
    """The key stays; the newcomer is given it as it is now, and can't read what was before."""
    meeting(bot, anna)
    first = bot.seal(ROOM, "$1")
    told(bot, EVE, membership="join")
    second = bot.seal(ROOM, "$2")
    assert session(first) == session(second)
    eve.enter(ROOM, [ANNA, BOT, EVE])
    assert readable(eve, first, second) == [False, True]


def test_a_device_that_becomes_signed_is_given_the_key(
    server: Homeserver, bot: Client, tmp_path: Path
) -> None:
    """Until then it is told once why it has none."""
    anna = Client(server, tmp_path, ANNA, "A", signed=False)
    meeting(bot, anna)
    first, second = bot.seal(ROOM, "$1"), bot.seal(ROOM, "$2")
    assert codes(server) == [("A", "m.unverified")]
    assert readable(anna, first, second) == [False, False]
    anna.signed = True
    anna.restart()
    anna.do(lambda m: m.store.forget("device_keys"))
    anna.publish()
    bot.changed(ANNA)
    third = bot.seal(ROOM, "$3")
    assert session(second) == session(third)
    assert readable(anna, second, third) == [False, True]
    assert codes(server) == [("A", "m.unverified")]


def test_a_device_without_one_time_keys_gets_the_key_later(
    server: Homeserver, bot: Client, anna: Client
) -> None:
    """It is told so once, holds nobody up, and has the key when a conversation has begun."""
    taken = server.one_time[anna.owner], server.fallback.pop(anna.owner)
    server.one_time[anna.owner] = {}
    meeting(bot, anna)
    first, second = bot.seal(ROOM, "$1"), bot.seal(ROOM, "$2")
    assert codes(server) == [("A", "m.no_olm")]
    server.one_time[anna.owner], server.fallback[anna.owner] = taken
    bot.meet([bot.device(anna)])
    third = bot.seal(ROOM, "$3")
    assert readable(anna, first, second, third) == [False, False, True]


def test_a_device_whose_keys_give_no_secret_holds_nobody_up(
    server: Homeserver, bot: Client, anna: Client
) -> None:
    """A member's device with an identity key of zeros is left without; the others are served."""
    keys, zero = Account(), encode(bytes(32))
    by = server.identity(ANNA).self_signing
    server.devices[ANNA]["Z"] = device_keys(ANNA, "Z", keys=keys, by=by, curve=zero)
    key = {"key": keys.curve25519_key.to_base64()}
    once = signed(key, ANNA, "ed25519:Z", lambda raw: keys.sign(raw).to_base64())
    server.one_time[ANNA, "Z"] = {"signed_curve25519:z": once}
    meeting(bot, anna)
    assert readable(anna, bot.seal(ROOM, "$1")) == [True]
    assert codes(server) == [("Z", "m.no_olm")]


def test_each_device_stands_once_in_a_parcel(
    server: Homeserver, bot: Client, anna: Client, eve: Client
) -> None:
    """Keys of many rooms for one device go into as many parcels, and are read in their order."""
    rooms = [f"!{n}:hem.test" for n in range(60)]
    for room in rooms:
        bot.enter(room, [ANNA, BOT, EVE])
    bot.pack(rooms)
    parcels = bot.machine.sharing.parcels()
    assert len(parcels) == 60
    assert all(sorted(addressed(p)) == [(ANNA, "A"), (EVE, "E")] for p in parcels)
    bot.restart()
    bot.post()
    anna.sync()
    kept = anna.machine.store.db.execute("SELECT count(*) FROM inbound").fetchone()
    assert kept == (60,)  # a receiver keeps 40 keys of messages that were overtaken


def test_a_parcel_is_not_too_large(server: Homeserver, bot: Client) -> None:
    """More devices than one parcel takes are shared out over several."""
    accounts = [f"@p{n}:hem.test" for n in range(PARCEL_SIZE + 5)]
    for account in accounts:
        server.devices[account] = {"P": device_keys(account, "P")}
    bot.enter(ROOM, [*accounts, BOT])
    bot.pack([ROOM])
    sizes = [len(addressed(p)) for p in bot.machine.sharing.parcels()]
    assert sizes == [PARCEL_SIZE, 5]


def test_a_stop_between_packing_and_answer_sends_the_same_parcel(
    server: Homeserver, bot: Client, anna: Client
) -> None:
    """The same transaction id and the same bytes, so that nothing arrives twice."""
    meeting(bot, anna)
    bot.pack([ROOM])
    before = bot.machine.sharing.parcels()
    server.send(BOT, before[0])
    bot.restart()
    assert bot.machine.sharing.parcels() == before
    assert bot.do(lambda m: m.seal(ROOM, "m.room.message", SAID, NOW)) is None  # not before
    bot.post()
    assert bot.machine.sharing.parcels() == []
    assert len(server.boxes[anna.owner]) == 1
    sealed = bot.seal(ROOM, "$1")
    assert [p.id for p in server.sent] == [before[0].id] * 2
    assert readable(anna, sealed) == [True]
    bot.do(lambda m: m.sharing.delivered(before[0].id))  # a second answer changes nothing


def test_a_refused_parcel_is_packed_anew(bot: Client, anna: Client) -> None:
    """What will never be taken counts as not given."""
    meeting(bot, anna)
    bot.pack([ROOM])
    (parcel,) = bot.machine.sharing.parcels()
    bot.do(lambda m: m.sharing.drop(parcel.id))
    outcomes = bot.machine.store.db.execute("SELECT outcome FROM shared").fetchall()
    assert (GIVEN,) not in outcomes
    sealed = bot.seal(ROOM, "$1")
    assert readable(anna, sealed) == [True]

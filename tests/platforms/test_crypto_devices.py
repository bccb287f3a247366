"""Device lists: whose devices count, and what the homeserver may say of them without harm."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from vodozemac import Account

from bot.platforms.matrix.crypto.devices import CHANGE_TOLD_FOR, MOST_DEVICES, Devices, is_account
from bot.platforms.matrix.crypto.identity import Identity
from bot.platforms.matrix.crypto.keystore import KeyStore
from bot.platforms.matrix.crypto.signing import encode
from tests.platforms.crypto_pair import (
    NOW,
    ROOM,
    STORE_KEY,
    Client,
    Homeserver,
    device_keys,
    meeting,
)

ANNA, BOT, FAR = "@anna:hem.test", "@bot:hem.test", "@far:borta.test"
IDENTITY = Identity.new()
OTHER = Identity.new()
KEYS = Account()
GOOD = device_keys(ANNA, "A", keys=KEYS, by=IDENTITY.self_signing)
GARBAGE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from([ANNA, "A", "\ud800"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["keys", "user_id", "device_id", "signatures", "usage", ANNA, "A"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=6,
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[KeyStore]:
    """Give an empty store."""
    store = KeyStore(tmp_path / "keys.db", STORE_KEY)
    store.db.execute("PRAGMA synchronous=OFF")
    yield store
    store.close()


@pytest.fixture
def devices(store: KeyStore) -> Devices:
    """Give the device lists of a bot that follows Anna and someone on another server."""
    devices = Devices(store, (BOT, "B"))
    devices.track([ANNA, FAR])
    return devices


def answer(identity: Identity | None = IDENTITY, **listed: object) -> dict[str, Any]:
    """Make an answer about Anna."""
    found: dict[str, Any] = {"device_keys": {ANNA: listed or {"A": GOOD}}}
    if identity is not None:
        keys = identity.keys(ANNA)
        found["master_keys"] = {ANNA: keys["master_key"]}
        found["self_signing_keys"] = {ANNA: keys["self_signing_key"]}
    copy: dict[str, Any] = json.loads(json.dumps(found))
    return copy


def learn(devices: Devices, told: dict[str, Any], now: float = NOW) -> list[tuple[str, bool]]:
    """Take an answer; give Anna's devices and whether they are signed."""
    devices.changed([ANNA])
    devices.learn({ANNA: devices.stale()[ANNA]}, told, now)
    return sorted((d.id, d.signed) for d in devices.of([ANNA]))


def test_a_signed_device_is_signed(devices: Devices) -> None:
    """The counter-proof of all that follows."""
    assert learn(devices, answer()) == [("A", True)]
    found = devices.by_key(ANNA, KEYS.curve25519_key.to_base64())
    assert found is not None
    assert found.ed == KEYS.ed25519_key.to_base64()
    assert devices.by_key(FAR, found.curve) is None


def test_an_invented_namesake_does_not_hide_a_device(devices: Devices) -> None:
    """Anybody can copy an identity key into a device that nobody vouches for."""
    curve = KEYS.curve25519_key.to_base64()
    for name in ("0", "Z"):
        copied: Any = device_keys(ANNA, name, curve=curve)
        assert learn(devices, answer(A=GOOD, **{name: copied})) == sorted(
            [("A", True), (name, False)]
        )
        found = devices.by_key(ANNA, curve)
        assert found is not None
        assert found.id == "A"


@pytest.mark.parametrize(
    "changed",
    [
        {"user_id": FAR},
        {"device_id": "X"},
        {"keys": {**GOOD["keys"], "curve25519:A": encode(bytes(32))}},  # type: ignore[dict-item]
        {"keys": {"curve25519:A": "x", "ed25519:A": "y"}},
        {"keys": []},
        {"signatures": {}},
        {"signatures": {ANNA: {"ed25519:A": encode(bytes(64))}}},
        {"algorithms": ["another"]},
    ],
)
def test_device_keys_that_do_not_hold_are_left_out(
    devices: Devices, changed: dict[str, object]
) -> None:
    """What a device says of itself holds whole or not at all; the good one beside it stays."""
    other = device_keys(ANNA, "A2")
    assert learn(devices, answer(A={**GOOD, **changed}, A2=other)) == [("A2", False)]


def test_another_key_under_a_known_name_is_never_believed(devices: Devices) -> None:
    """However often it is shown: the device stays what it was, and counts as unsigned."""
    learn(devices, answer())
    swapped = device_keys(ANNA, "A", by=IDENTITY.self_signing)
    for _ in range(3):
        assert learn(devices, answer(A=swapped)) == [("A", False)]
        assert devices.by_key(ANNA, KEYS.curve25519_key.to_base64()) is not None
    assert learn(devices, answer()) == [("A", True)]


def test_a_new_identity_is_told_of_for_a_while(tmp_path: Path, devices: Devices) -> None:
    """Each change once, also after a restart, until it is too old; a first identity is none."""
    learn(devices, answer(None))
    learn(devices, answer())
    learn(devices, answer(None))
    assert devices.new_identities(NOW) == []
    for later in (1, 50):
        learn(devices, answer(OTHER), NOW + later)
    after = Devices(KeyStore(tmp_path / "keys.db", STORE_KEY), (BOT, "B"))
    for now in (NOW + 1, NOW + CHANGE_TOLD_FOR):
        assert after.new_identities(now) == [(ANNA, NOW + 1)]
    assert after.new_identities(NOW + 1 + CHANGE_TOLD_FOR) == []
    learn(devices, answer(), NOW + 100)
    assert devices.new_identities(NOW + 100) == [(ANNA, NOW + 100)]


def test_old_changes_leave_nothing_behind(store: KeyStore, devices: Devices) -> None:
    """The next change takes away those that nobody is told of any more."""
    facts = "SELECT count(*) FROM fact WHERE name LIKE 'identity changed/%'"
    for account, now in ((ANNA, NOW), (FAR, NOW + CHANGE_TOLD_FOR)):
        for identity in (IDENTITY, OTHER):
            devices.changed([account])
            keys = {"master_keys": {account: identity.keys(account)["master_key"]}}
            devices.learn({account: devices.stale()[account]}, keys, now)
    assert devices.new_identities(NOW + CHANGE_TOLD_FOR) == [(FAR, NOW + CHANGE_TOLD_FOR)]
    assert store.db.execute(facts).fetchone() == (1,)


def test_the_bots_own_identity_is_not_told_of(devices: Devices) -> None:
    """It was replaced by the administrator, or the bot has stopped: nobody can be asked."""
    devices.track([BOT])
    for identity in (IDENTITY, OTHER):
        devices.changed([BOT])
        keys = {"master_keys": {BOT: identity.keys(BOT)["master_key"]}}
        devices.learn({BOT: devices.stale()[BOT]}, keys, NOW)
    assert devices.new_identities(NOW) == []


@pytest.mark.parametrize(
    ("where", "what"),
    [
        ("master_keys", None),
        ("self_signing_keys", None),
        ("master_keys", OTHER.keys(ANNA)["master_key"]),
        ("self_signing_keys", OTHER.keys(ANNA)["self_signing_key"]),
        ("self_signing_keys", IDENTITY.keys(ANNA)["user_signing_key"]),
        ("master_keys", IDENTITY.keys(FAR)["master_key"]),
        ("self_signing_keys", IDENTITY.keys(FAR)["self_signing_key"]),
        ("self_signing_keys", {**IDENTITY.keys(ANNA)["self_signing_key"], "signatures": {}}),  # type: ignore[dict-item]
    ],
)
def test_a_broken_chain_signs_nothing(devices: Devices, where: str, what: object) -> None:
    """From the device up to the master key each link must be there, and hold."""
    told = answer()
    told[where] = {ANNA: what}
    assert learn(devices, told) == [("A", False)]


def test_a_new_identity_signs_nothing_that_the_old_one_signed(devices: Devices) -> None:
    """After a new identity, a device counts only when that one vouches for it."""
    assert learn(devices, answer()) == [("A", True)]
    assert learn(devices, answer(OTHER)) == [("A", False)]
    again = device_keys(ANNA, "A", keys=KEYS, by=OTHER.self_signing)
    assert learn(devices, answer(OTHER, A=again)) == [("A", True)]


def test_an_identity_that_changes_is_noticed(
    devices: Devices, caplog: pytest.LogCaptureFixture
) -> None:
    """Also when the homeserver keeps silent about it in between."""
    learn(devices, answer())
    learn(devices, answer(None))
    assert "has changed" not in caplog.text
    learn(devices, answer(OTHER))
    assert f"the cross-signing identity of {ANNA} has changed" in caplog.text


def test_our_own_account_is_vouched_for_by_our_own_key_alone(tmp_path: Path) -> None:
    """A homeserver that invents an identity for the bot's account gets no keys by that."""
    server = Homeserver()
    bot, anna = Client(server, tmp_path, BOT, "B"), Client(server, tmp_path, ANNA, "A")
    other = Client(server, tmp_path, BOT, "B2")
    meeting(bot, anna)
    bot.ask()
    assert [d.signed for d in bot.machine.devices.of([BOT])] == [True]
    invented = Identity.new()
    server.identity_keys[BOT] = invented.keys(BOT)
    evil = device_keys(BOT, "EVIL", by=invented.self_signing)
    server.devices[BOT] = {**server.devices[BOT], "EVIL": evil}
    bot.changed(BOT)
    found = {d.id: d.signed for d in bot.machine.devices.of([BOT])}
    assert found == {other.own.device: False, "EVIL": False}  # and never the device itself


def test_a_list_that_changes_while_it_is_asked_for_stays_to_be_asked(devices: Devices) -> None:
    """What is newer than the answer makes another question."""
    asked = devices.stale()
    devices.changed([ANNA])
    devices.learn(asked, answer(), NOW)
    assert list(devices.stale()) == [ANNA]
    assert not devices.follows([ANNA])
    devices.learn(devices.stale(), answer(), NOW)
    assert devices.stale() == {}
    assert devices.follows([ANNA, FAR])


def test_a_server_that_is_away_holds_nobody_up(devices: Devices) -> None:
    """Its people's lists are as fresh as they can be, until it is time to try again."""
    devices.learn(devices.stale(), {**answer(), "failures": {"borta.test": {}}}, NOW)
    assert devices.stale() == {}
    assert devices.follows([ANNA, FAR])
    devices.try_unreached()
    assert list(devices.stale()) == [FAR]
    devices.learn(devices.stale(), {"failures": {"borta.test": {}}}, NOW)
    devices.changed([FAR])
    assert list(devices.stale()) == [FAR]
    learned = answer(A=GOOD)
    devices.learn(devices.stale(), learned, NOW)
    assert devices.of([FAR]) == []


def test_only_so_many_devices_of_one_account_are_taken(devices: Devices) -> None:
    """More than that is nobody's daily life."""
    listed: dict[str, Any] = {
        f"A{n:03}": device_keys(ANNA, f"A{n:03}") for n in range(MOST_DEVICES + 3)
    }
    assert len(learn(devices, answer(**listed))) == MOST_DEVICES


def test_who_leaves_is_forgotten(devices: Devices) -> None:
    """Those we do not follow are not asked about, whatever the homeserver says."""
    learn(devices, answer())
    devices.left([ANNA, "@nobody:hem.test"])
    devices.changed([ANNA, "@nobody:hem.test"])
    assert devices.of([ANNA]) == []
    assert list(devices.stale()) == [FAR]
    assert not devices.follows([ANNA])


def test_names_that_are_no_accounts_do_not_spoil_the_question(tmp_path: Path) -> None:
    """A homeserver refuses a whole question over one such name, and any member can invite it."""
    bot = Client(Homeserver(), tmp_path, BOT, "B")
    wrong = ["", "anna", "@anna", "@anna:", "anna:hem.test", "@\0:hem.test", "@a b:hem.test"]
    wrong += ["@å:\ud800", "@" + "a" * 250 + ":hem.test", "@a:hem test", "@a:hem.test\n"]
    assert not any(map(is_account, wrong))
    good = [ANNA, "@:hem.test", "@A/b=c+d:[::1]:8448", "@ü:127.0.0.1"]
    assert all(map(is_account, good))
    bot.enter(ROOM, [BOT, *[w for w in wrong if "\ud800" not in w]])
    for name in wrong:
        bot.do(lambda m, n=name: m.came_or_left(ROOM, n, "invite"))  # type: ignore[misc]
        bot.do(lambda m, n=name: m.devices.track([n]))  # type: ignore[misc]
    assert bot.machine.members.of(ROOM) == [BOT]
    assert list(bot.machine.devices.stale()) == [BOT]
    bot.seal(ROOM, "$1", NOW)


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    where=st.sampled_from(["device_keys", "master_keys", "self_signing_keys", "failures"]),
    what=GARBAGE,
    deeper=st.booleans(),
)
def test_no_answer_is_too_strange(
    devices: Devices, where: str, what: object, *, deeper: bool
) -> None:
    """Garbage in any place is left out, and what is good is learned the next time."""
    learn(devices, {**answer(), where: {ANNA: what, FAR: what} if deeper else what})
    learn(devices, {where: {ANNA: {"A": what, "B": {**GOOD, "keys": what}}}})
    devices.left([ANNA])
    devices.track([ANNA])
    assert learn(devices, answer()) == [("A", True)]

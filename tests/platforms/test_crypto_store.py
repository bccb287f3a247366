"""What must survive a stop: our own keys, and the messages that wait for theirs."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.platforms.matrix.crypto import waiting
from bot.platforms.matrix.crypto.account import Own, OwnDevice, fallback_used, one_time_count
from bot.platforms.matrix.crypto.devices import MEGOLM
from bot.platforms.matrix.crypto.identity import Identity, keep, kept
from bot.platforms.matrix.crypto.keystore import DamagedStore, KeyStore, store_key
from bot.platforms.matrix.crypto.machine import Machine, Policy
from bot.platforms.matrix.crypto.signing import encode, is_signed_by
from bot.platforms.matrix.crypto.waiting import KEPT, MOST, MOST_OF_ROOM, PATIENCE, Waiting
from bot.platforms.matrix.lenient import Json, section
from tests.platforms.crypto_pair import NOW, ONE_TIME, ROOM, STORE_KEY, event

BOT, ANNA = "@bot:hem.test", "@anna:hem.test"
OWN = Own(account=BOT, device="B")
KEYS = 25
"""How many one-time keys are kept on the homeserver: half of what the library keeps."""
KEY = encode(bytes(range(32)))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[KeyStore]:
    """Give an empty store."""
    store = KeyStore(tmp_path / "keys.db", STORE_KEY)
    yield store
    store.close()


def again(file: Path) -> Machine:
    """Open a store as the next start of the bot does."""
    return Machine(KeyStore(file, STORE_KEY), OWN, Policy())


def once(body: Json) -> set[str]:
    """Give the names of the one-time keys in an upload."""
    return set(section(body, "one_time_keys"))


def test_a_stop_before_publishing_publishes_the_same_keys(tmp_path: Path) -> None:
    """Otherwise dead keys would lie on the homeserver for ever."""
    file = tmp_path / "keys.db"
    bodies = []
    for _ in range(3):
        machine = again(file)
        with machine.store.transaction():
            machine.receive({"device_one_time_keys_count": {}})
        with machine.store.transaction():
            bodies.append(machine.upload())
        machine.store.close()
    assert bodies[0] == bodies[1] == bodies[2]
    assert len(once(bodies[0])) == KEYS
    assert len(section(bodies[0], "fallback_keys")) == 1
    machine = again(file)
    with machine.store.transaction():
        machine.uploaded()
        assert machine.upload() == {}
        machine.receive({"device_one_time_keys_count": {ONE_TIME: KEYS - 2}})
        body = machine.upload()
    machine.store.close()
    assert len(once(body)) == 2
    assert again(file).upload() == body


@pytest.mark.parametrize(
    ("counts", "made"),
    [
        ({}, KEYS),
        ({ONE_TIME: 0}, KEYS),
        ({ONE_TIME: -5}, KEYS),
        ({"another": 3}, KEYS),
        ({ONE_TIME: KEYS - 1}, 1),
        ({ONE_TIME: KEYS}, 0),
        ({ONE_TIME: 2**63}, 0),
        ({ONE_TIME: 10**4000}, 0),
        ({ONE_TIME: True}, 0),
        ({ONE_TIME: "0"}, 0),
        ({ONE_TIME: 0.0}, 0),
        (None, 0),
        ([], 0),
    ],
)
def test_one_time_keys_fill_up_what_is_missing(store: KeyStore, counts: object, made: int) -> None:
    """A count of none is a count; what is no count says nothing."""
    machine = Machine(store, OWN, Policy())
    machine.upload()
    machine.uploaded()
    machine.receive({"device_one_time_keys_count": counts})
    body = machine.upload()
    assert len(once(body)) == made
    ed = machine.device.ed
    for keys in (body.get("one_time_keys"), body.get("fallback_keys")):
        assert keys is None or isinstance(keys, dict)
        assert all(is_signed_by(k, BOT, "ed25519:B", ed) for k in (keys or {}).values())


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=3))
def test_no_count_is_too_strange(strange: object) -> None:
    """Whatever stands in the place of a count or of the fallback keys gives one, or nothing."""
    for counts in (strange, {ONE_TIME: strange}):
        count = one_time_count({"device_one_time_keys_count": counts})
        assert count is None or count >= 0
    assert fallback_used({"device_unused_fallback_key_types": strange}) == isinstance(strange, list)
    assert not fallback_used({"device_unused_fallback_key_types": [strange, ONE_TIME]})


def test_what_others_know_of_us_is_signed_by_our_identity(store: KeyStore) -> None:
    """From the moment on at which there is one, and by the device itself at all times."""
    machine, key = Machine(store, OWN, Policy()), Identity.new().self_signing
    bare = machine.published_keys()
    machine.sign_with(key)
    ed, whole = machine.device.ed, machine.published_keys()
    assert is_signed_by(bare, BOT, "ed25519:B", ed)
    assert is_signed_by(whole, BOT, "ed25519:B", ed)
    assert is_signed_by(whole, BOT, f"ed25519:{key.public}", key.public)
    assert machine.upload()["device_keys"] == whole


def test_the_fallback_key_is_made_anew_when_it_was_used(store: KeyStore) -> None:
    """One is made at the start, and another only when the homeserver says that it is used."""
    machine = Machine(store, OWN, Policy())
    keys = []
    for unused in (None, [ONE_TIME], [], [ONE_TIME], ["another"]):
        if unused is not None:
            machine.receive({"device_unused_fallback_key_types": unused})
        fallback = section(machine.upload(), "fallback_keys")
        assert all(section(fallback, name)["fallback"] is True for name in fallback)
        keys.append(set(fallback))
        machine.uploaded()
    assert [len(names) for names in keys] == [1, 0, 1, 0, 1]
    assert len(keys[0] | keys[2] | keys[4]) == 3


def test_a_store_belongs_to_one_device(tmp_path: Path) -> None:
    """Another device or account with the same store would speak with the first one's keys."""
    file = tmp_path / "keys.db"
    curve = again(file).device.curve
    assert again(file).device.curve == curve
    for own in (Own(account=BOT, device="B2"), Own(account=ANNA, device="B")):
        with pytest.raises(DamagedStore, match=r"belongs to @bot:hem\.test B"):
            assert OwnDevice(KeyStore(file, STORE_KEY), own).curve


def test_a_store_is_opened_by_its_own_key(tmp_path: Path) -> None:
    """With another key nothing opens, and nothing is made anew in its place."""
    key_file, file = tmp_path / "folder" / "keys.key", tmp_path / "folder" / "keys.db"
    key = store_key(key_file)
    assert store_key(key_file) == key
    store = KeyStore(file, key)
    curve = OwnDevice(store, OWN).curve
    identity = Identity.new()
    keep(store, identity)
    assert kept(store) == identity
    store.close()
    for path in (file, key_file):
        assert path.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    assert key not in file.read_bytes()
    assert identity.master.seed.hex().encode() not in file.read_bytes()

    key_file.unlink()
    other = KeyStore(file, store_key(key_file))
    with pytest.raises(DamagedStore):
        assert OwnDevice(other, OWN).curve
    with pytest.raises(DamagedStore):
        kept(other)
    assert OwnDevice(KeyStore(file, key), OWN).curve == curve
    key_file.write_bytes(b"short")
    with pytest.raises(DamagedStore, match="damaged"):
        store_key(key_file)


def test_what_is_no_store_is_refused(tmp_path: Path, store: KeyStore) -> None:
    """Neither another file nor a later version is touched."""
    store.db.execute("PRAGMA user_version=99")
    store.close()
    shutil.copy(tmp_path / "keys.db", tmp_path / "later.db")
    with pytest.raises(DamagedStore, match="version 99"):
        KeyStore(tmp_path / "later.db", STORE_KEY)
    (tmp_path / "noise.db").write_bytes(b"no database at all" * 100)
    with pytest.raises(DamagedStore, match="can't be read"):
        KeyStore(tmp_path / "noise.db", STORE_KEY)


def held(number: object, *, session: str = "s", sender: str = ANNA, **more: object) -> Json:
    """Make a message that can't be read."""
    return event(sender, f"${number}", {"session_id": session, "ciphertext": "x", **more})


def test_a_message_waits_once_and_in_order(tmp_path: Path, store: KeyStore) -> None:
    """The oldest first, each once, with the last reason, also after a stop."""
    before = Waiting(store)
    for number, since in ((2, NOW + 1), (1, NOW), (2, NOW + 9)):
        assert before.add(ROOM, held(number), f"reason {since - NOW}", since)
    after = Waiting(again(tmp_path / "keys.db").store)
    assert [(h.event_id, h.reason) for h in after.all()] == [
        ("$1", "reason 0.0"),
        ("$2", "reason 9.0"),
    ]
    assert [h.event for h in after.all()] == [held(1), held(2)]
    assert not after.add(ROOM, {"sender": ANNA}, "no id", NOW)


def test_only_so_many_messages_wait(store: KeyStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """A room can't take all places; one that waits already goes on waiting when all are taken."""
    queue = Waiting(store)
    monkeypatch.setattr(waiting, "MOST", 2 * MOST_OF_ROOM + 1)
    assert MOST > waiting.MOST
    store.db.execute("BEGIN")
    taken = [queue.add("!a:x", held(n), "", NOW) for n in range(MOST_OF_ROOM + 1)]
    assert taken == [True] * MOST_OF_ROOM + [False]
    assert queue.add("!a:x", held(0), "again", NOW)
    assert all(queue.add("!b:x", held(f"b{n}"), "", NOW) for n in range(MOST_OF_ROOM))
    assert [queue.add("!c:x", held(f"c{n}"), "", NOW) for n in range(2)] == [True, False]
    assert queue.by_room() == {"!a:x": MOST_OF_ROOM, "!b:x": MOST_OF_ROOM, "!c:x": 1}
    store.db.execute("COMMIT")


def test_a_sender_is_told_once(store: KeyStore) -> None:
    """Not before the key has had time to come, and not a second time."""
    queue = Waiting(store)
    queue.add(ROOM, held(1), "no key", NOW)
    assert queue.untold()
    assert queue.overdue(NOW + PATIENCE - 1) == []
    for _ in range(2):  # until it is noted, a stop in between repeats it
        assert [h.event_id for h in queue.overdue(NOW + PATIENCE)] == ["$1"]
    queue.told(["$1"])
    queue.add(ROOM, held(1), "unknown device", NOW)
    assert queue.overdue(NOW + PATIENCE) == []
    assert not queue.untold()
    assert queue.by_room() == {ROOM: 1}


def test_how_long_a_sender_waits_can_be_set(store: KeyStore) -> None:
    """The machine hands on what it was given."""
    queue = Machine(store, OWN, Policy(), 1.0).waiting
    queue.add(ROOM, held(1), "no key", NOW)
    assert queue.overdue(NOW + 0.9) == []
    assert len(queue.overdue(NOW + 1.0)) == 1


def test_what_is_settled_waits_no_longer(store: KeyStore) -> None:
    """What was stored goes, and so does what is too old to be of use."""
    queue = Waiting(store)
    for number, since in ((1, NOW), (2, NOW), (3, NOW - KEPT - 1)):
        queue.add(ROOM, held(number), "", since)
    queue.settle(["$1", "$nothing"], NOW)
    assert [h.event_id for h in queue.all()] == ["$2"]


def test_each_key_is_asked_for_once(store: KeyStore) -> None:
    """However many messages wait for it; of the backup and of the sender alike."""
    machine = Machine(store, OWN, Policy())
    queue = machine.waiting
    for number in range(3):
        queue.add(ROOM, held(number), "", NOW)
    queue.add(ROOM, held(9, session="t"), "", NOW)
    assert not queue.asked("s")
    machine.request_missing()
    assert queue.asked("s")
    assert queue.asked("t")
    queue.add(ROOM, held(10), "", NOW)
    queue.add(ROOM, held(11, sender=BOT), "", NOW)  # only its maker has the key, whoever says so
    machine.request_missing()
    machine.request_missing()
    parcels = machine.sharing.parcels()
    assert [p.kind for p in parcels] == ["m.room_key_request"] * 3
    assert all(b'"requesting_device_id":"B"' in p.body for p in parcels)
    assert sorted(queue.not_fetched()) == [(ROOM, "s"), (ROOM, "t")]
    queue.fetched("s")
    queue.add(ROOM, held(12), "", NOW)
    assert queue.not_fetched() == [(ROOM, "t")]


@pytest.mark.parametrize("sender_key", [KEY, None, "", "short", 7, {"k": KEY}, [KEY]])
def test_a_request_names_the_key_of_the_sender(store: KeyStore, sender_key: object) -> None:
    """Some clients read no request without it; what is no key is left out."""
    machine = Machine(store, OWN, Policy())
    machine.waiting.add(ROOM, held(1, sender_key=sender_key), "", NOW)
    machine.request_missing()
    (parcel,) = machine.sharing.parcels()
    request = section(section(json.loads(parcel.body)["messages"], ANNA), "*")
    wanted = {"algorithm": MEGOLM, "room_id": ROOM, "session_id": "s"}
    assert request["body"] == ({**wanted, "sender_key": KEY} if sender_key == KEY else wanted)

"""A homeserver in memory, and machines of devices on it, so that tests read like stories.

It knows no rooms: the tests carry the sealed events themselves.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from vodozemac import Account

from bot.platforms.matrix.crypto.account import Own
from bot.platforms.matrix.crypto.devices import MEGOLM, OLM, Device
from bot.platforms.matrix.crypto.identity import Identity
from bot.platforms.matrix.crypto.keystore import KeyStore
from bot.platforms.matrix.crypto.machine import Machine, Policy
from bot.platforms.matrix.crypto.sharing import Parcel
from bot.platforms.matrix.crypto.signing import SigningKey, signed
from bot.platforms.matrix.lenient import Json, section

T = TypeVar("T")
NOW = 1_790_000_000.0
ROOM = "!rum:hem.test"
STORE_KEY = bytes(range(32))
ONE_TIME = "signed_curve25519"
SAID: dict[str, object] = {"msgtype": "m.text", "body": "Vi ses klockan sju."}
ENCRYPTED: dict[str, object] = {"algorithm": "m.megolm.v1.aes-sha2"}


class Homeserver:
    """What a homeserver knows of devices."""

    def __init__(self) -> None:
        self.identities: dict[str, Identity] = {}
        self.identity_keys: dict[str, dict[str, object]] = {}
        self.devices: dict[str, dict[str, Json]] = {}
        self.one_time: dict[tuple[str, str], dict[str, Json]] = {}
        self.fallback: dict[tuple[str, str], dict[str, Json]] = {}
        self.unused_fallback: dict[tuple[str, str], bool] = {}
        self.boxes: dict[tuple[str, str], list[Json]] = {}
        self.sent: list[Parcel] = []
        self.claims = 0

    def identity(self, account: str) -> Identity:
        """Give the account's cross-signing identity, made and published at first."""
        if account not in self.identities:
            self.identities[account] = Identity.new()
            self.identity_keys[account] = self.identities[account].keys(account)
        return self.identities[account]

    def upload(self, owner: tuple[str, str], body: Json) -> None:
        """Take /keys/upload; a name that is there already with another key is refused."""
        keys = body.get("device_keys")
        if isinstance(keys, Mapping):
            self.devices.setdefault(owner[0], {})[owner[1]] = over_the_wire(keys)
        standing = self.one_time.setdefault(owner, {})
        for name, key in _objects(body.get("one_time_keys")):
            assert standing.get(name, key) == key
            standing[name] = key
        for name, key in _objects(body.get("fallback_keys")):
            self.fallback[owner], self.unused_fallback[owner] = {name: key}, True

    def query(self, accounts: Iterable[str]) -> dict[str, object]:
        """Answer /keys/query."""
        keys = {a: self.identity_keys[a] for a in accounts if a in self.identity_keys}
        return {
            "device_keys": {a: dict(self.devices.get(a, {})) for a in accounts},
            "master_keys": {a: own["master_key"] for a, own in keys.items()},
            "self_signing_keys": {a: own["self_signing_key"] for a, own in keys.items()},
            "failures": {},
        }

    def claim(self, devices: Iterable[Device]) -> dict[str, object]:
        """Answer /keys/claim; the fallback key is given when the others are used up."""
        self.claims += 1
        found: dict[str, dict[str, object]] = {}
        for device in devices:
            owner = (device.account, device.id)
            keys = self.one_time.get(owner, {})
            if keys:
                name = next(iter(keys))
                given: dict[str, Json] = {name: keys.pop(name)}
            else:
                given = self.fallback.get(owner, {})
                self.unused_fallback[owner] = False
            found.setdefault(device.account, {})[device.id] = given
        return {"one_time_keys": found, "failures": {}}

    def send(self, sender: str, parcel: Parcel) -> None:
        """Take /sendToDevice; the same transaction id again does nothing more."""
        known = any(p.id == parcel.id for p in self.sent)
        self.sent.append(parcel)
        if known:
            return
        for account, messages in _objects(section(json.loads(parcel.body), "messages")):
            for device, content in _objects(messages):
                event = {"type": parcel.kind, "sender": sender, "content": content}
                for owner, box in self.boxes.items():
                    if owner[0] == account and device in ("*", owner[1]):
                        box.append(event)

    def sync(self, owner: tuple[str, str]) -> dict[str, object]:
        """Give what has come for a device, each message once, and what is left of its keys."""
        events, self.boxes[owner] = self.boxes[owner], []
        return {
            "to_device": {"events": events},
            "device_one_time_keys_count": {ONE_TIME: len(self.one_time.get(owner, {}))},
            "device_unused_fallback_key_types": [ONE_TIME] if self.unused_fallback[owner] else [],
        }


class Client:
    """One device with its machine over a real file."""

    def __init__(
        self,
        server: Homeserver,
        folder: Path,
        account: str,
        device: str,
        *,
        signed: bool = True,
        policy: Policy | None = None,
    ) -> None:
        self.server = server
        self.own = Own(account=account, device=device)
        self.owner = (account, device)
        self.policy = policy or Policy()
        self.file = folder / f"{account.strip('@').partition(':')[0]}-{device}" / "keys.db"
        self.signed = signed
        self.restless = False  # whether the store is closed and opened again after each step
        self.restarts = 0
        server.boxes[self.owner] = []
        server.unused_fallback[self.owner] = False
        self.machine = self._open()
        self.publish()
        self.sync()

    def _open(self) -> Machine:
        machine = Machine(KeyStore(self.file, STORE_KEY), self.own, self.policy)
        machine.store.db.execute("PRAGMA synchronous=OFF")  # no test cuts the power
        if self.signed:
            machine.sign_with(self.server.identity(self.own.account).self_signing)
        return machine

    def restart(self) -> None:
        """Close the store and open it again."""
        self.machine.store.close()
        self.machine = self._open()
        self.restarts += 1

    def do(self, work: Callable[[Machine], T]) -> T:
        """Run a step in a transaction of its own."""
        with self.machine.store.transaction():
            result = work(self.machine)
        if self.restless:
            self.restart()
        return result

    def publish(self) -> None:
        """Upload what keys are wanted."""
        body = self.do(lambda m: m.upload())
        if body:
            self.server.upload(self.owner, over_the_wire(body))
            self.do(lambda m: m.uploaded())

    def sync(self, **more: object) -> bool:
        """Read what has come, with `more` in the same answer, and publish keys where they lack."""
        answer = over_the_wire({**self.server.sync(self.owner), **more})
        news = self.do(lambda m: m.receive(answer))
        self.publish()
        return news

    def enter(self, room: str, accounts: Sequence[str]) -> None:
        """Learn who is in an encrypted room."""

        def learn(machine: Machine) -> None:
            machine.members.encrypt(room, ENCRYPTED)
            machine.members.learn(room, accounts)
            machine.devices.track(accounts)

        self.do(learn)

    def ask(self) -> None:
        """Ask for the device lists that may have changed."""
        asked = self.do(lambda m: m.devices.stale())
        if asked:
            answer = over_the_wire(self.server.query(asked))
            self.do(lambda m: m.devices.learn(asked, answer, NOW))

    def changed(self, *accounts: str) -> None:
        """Be told of changed device lists, and ask for them."""
        self.sync(device_lists={"changed": list(accounts), "left": []})
        self.ask()

    def meet(self, devices: Sequence[Device], *, greet: bool = False) -> None:
        """Claim keys of devices and begin conversations."""
        if devices:
            answer = over_the_wire(self.server.claim(devices))
            self.do(lambda m: m.meet(devices, answer, greet=greet))

    def pack(self, rooms: Sequence[str], now: float = NOW) -> None:
        """Write the parcels that the rooms lack, and send nothing."""
        self.ask()
        owed = self.do(lambda m: m.lacking(rooms, now))
        lacking = {d.curve: d for devices in owed.values() for d in devices}
        self.meet(self.do(lambda m: m.unmet(list(lacking.values()))))
        self.do(lambda m: m.pack(owed))

    def post(self) -> None:
        """Send the parcels that are stored."""
        for parcel in self.do(lambda m: m.sharing.parcels()):
            self.server.send(self.own.account, parcel)
            self.do(lambda m, p=parcel: m.sharing.delivered(p.id))  # type: ignore[misc]

    def seal(
        self, room: str, event_id: str, now: float = NOW, content: Json = SAID
    ) -> dict[str, object]:
        """Encrypt for a room, sharing its key first where that is due; gives the whole event."""
        for _ in range(3):
            sealed = self.do(lambda m: m.seal(room, "m.room.message", content, now))
            if sealed is not None:
                return event(self.own.account, event_id, over_the_wire(sealed))
            self.pack([room], now)
            self.post()
        raise AssertionError("the key could not be shared")

    def read(self, room: str, sealed: Json) -> Json:
        """Decrypt an event of a room."""
        return self.do(lambda m: m.read(room, sealed))

    def device(self, of: "Client") -> Device:
        """Give what this machine knows of another's device."""
        found = self.machine.devices.of([of.own.account])
        return next(d for d in found if d.id == of.own.device)


def event(sender: str, event_id: str, content: Json) -> dict[str, object]:
    """Make an encrypted room event."""
    about: dict[str, object] = {"type": "m.room.encrypted", "event_id": event_id, "sender": sender}
    return {**about, "content": content}


def device_keys(
    account: str,
    device: str,
    *,
    keys: Account | None = None,
    by: SigningKey | None = None,
    curve: str | None = None,
) -> dict[str, object]:
    """Make what a device publishes, signed by itself and by its owner's identity `by`."""
    keys = keys or Account()
    value: dict[str, object] = {
        "user_id": account,
        "device_id": device,
        "algorithms": [OLM, MEGOLM],
        "keys": {
            f"curve25519:{device}": curve or keys.curve25519_key.to_base64(),
            f"ed25519:{device}": keys.ed25519_key.to_base64(),
        },
    }
    value = signed(value, account, f"ed25519:{device}", lambda raw: keys.sign(raw).to_base64())
    return value if by is None else signed(value, account, f"ed25519:{by.public}", by.sign)


def over_the_wire(value: Json) -> dict[str, object]:
    """Give a value as it is after a journey as JSON, so that nobody shares an object."""
    copy: dict[str, object] = json.loads(json.dumps(dict(value)))
    return copy


def meeting(*clients: Client, room: str = ROOM) -> None:
    """Let all these be in one encrypted room."""
    accounts = sorted({client.own.account for client in clients})
    for client in clients:
        client.enter(room, accounts)


def addressed(parcel: Parcel) -> list[tuple[str, str]]:
    """List the account and device of each message in a parcel."""
    messages = section(json.loads(parcel.body), "messages")
    return [(a, device) for a, part in _objects(messages) for device in part]


def codes(server: Homeserver) -> list[tuple[str, object]]:
    """List the refusals that were sent: device and code."""
    found = []
    for parcel in server.sent:
        if parcel.kind == "m.room_key.withheld":
            for _, part in _objects(section(json.loads(parcel.body), "messages")):
                found += [(device, content["code"]) for device, content in _objects(part)]
    return found


def _objects(value: object) -> list[tuple[str, dict[str, object]]]:
    assert value is None or isinstance(value, dict)
    return [(name, dict(part)) for name, part in (value or {}).items()]

"""The encryption machine: one door to keys, devices and rooms, without any network.

Every method is one transaction of the store and runs in the worker's thread. What others send is
data: a piece that can't be read is counted and left out, and the rest goes on.
"""

import logging
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bot.platforms.matrix.crypto.account import Own, OwnDevice, fallback_used, one_time_count
from bot.platforms.matrix.crypto.devices import Device, Devices
from bot.platforms.matrix.crypto.keystore import KeyStore
from bot.platforms.matrix.crypto.members import Members
from bot.platforms.matrix.crypto.olm import Letter, Olm, Unreadable
from bot.platforms.matrix.crypto.room_keys import UNKNOWN, UNSIGNED, NoKey, RoomKeys
from bot.platforms.matrix.crypto.sharing import Sharing
from bot.platforms.matrix.crypto.signing import SigningKey
from bot.platforms.matrix.crypto.waiting import PATIENCE, Waiting
from bot.platforms.matrix.lenient import Json, objects, section, text, texts

UNWEDGE_EVERY = 3600.0
"""Seconds between two attempts to begin anew with a device (specification: at most one an hour)."""
MOST_WEDGED = 50
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Whom keys go to and whose messages are believed."""

    unsigned_devices: bool = False
    """Devices that their owner has not cross-signed count too. Element no longer does that."""


class UnknownDevice(Unreadable):
    """Nothing is known of the device that wrote; its list may not have been asked for yet."""


class UnsignedDevice(Unreadable):
    """The device that wrote is not cross-signed, and the policy does not believe such ones."""


class Machine:
    """All that encryption needs to know, over one store."""

    def __init__(
        self, store: KeyStore, own: Own, policy: Policy, patience: float = PATIENCE
    ) -> None:
        self.store = store
        self.own = own
        self.policy = policy
        self.device = OwnDevice(store, own)
        self.devices = Devices(store, (own.account, own.device))
        self.olm = Olm(store, self.device)
        self.keys = RoomKeys(store)
        self.members = Members(store)
        self.sharing = Sharing(
            store, self.device, self.olm, self.keys, to_unsigned=policy.unsigned_devices
        )
        self.waiting = Waiting(store, patience)
        self.self_signing: SigningKey | None = None
        self.dropped = 0
        """How many to-device messages could not be read since the start."""
        self._wedged: dict[str, str] = {}
        self._published: Json = {}

    # What the homeserver tells

    def receive(self, answer: Json) -> bool:
        """Take what a sync answer says about keys and devices.

        Returns:
            Whether a message that waited may be readable now.
        """
        lists = section(answer, "device_lists")
        changed = texts(lists.get("changed"))
        self.devices.changed(changed)
        self.devices.left(a for a in texts(lists.get("left")) if not self.members.shares_room(a))
        count = one_time_count(answer)
        if count is not None:
            self.store.set("one_time_keys", str(count))
        if fallback_used(answer):
            self.store.set("fallback_used", "1")
        news = False
        for event in objects(section(answer, "to_device").get("events")):
            try:
                with self.store.part():
                    news = self._to_device(event) or news
            except Unreadable as error:
                self.device.undone()  # a one-time key may have been used up in memory
                self._wedge(event, error)
            except BaseException:  # a panic in the library below is no Exception
                self.device.undone()
                self._drop(event, "a defect")
                _log.exception("a to-device message brought a defect to light")
        return news or bool(changed)

    def _to_device(self, event: Json) -> bool:
        if text(event, "type") == "m.room.encrypted":
            return self._letter(self.olm.decrypt(event))
        return False  # requests for our keys, verification and the like are not answered

    def _letter(self, letter: Letter) -> bool:
        device = self.devices.by_key(letter.sender, letter.curve)
        if device is not None and device.ed != letter.ed:
            raise Unreadable("it claims another signing key than its device has")
        if letter.kind == "m.room_key":
            members = self.members.of(text(letter.content, "room_id"))
            if members is not None and letter.sender not in members:
                raise Unreadable("a key to a room that its sender is not in")
            return self.keys.add(letter.sender, letter.curve, letter.content)
        if letter.kind == "m.forwarded_room_key":
            # Only from the device that made it, and only where we asked for it.
            content = letter.content
            made_by = text(content, "sender_key")
            if made_by == letter.curve and self.waiting.asked(text(content, "session_id")):
                return self.keys.restore(letter.sender, letter.curve, content, backed_up=False)
        return False

    def _wedge(self, event: Json, error: Unreadable) -> None:
        self._drop(event, str(error))
        known = error.wedged and self.devices.by_key(text(event, "sender"), error.wedged)
        if known and len(self._wedged) < MOST_WEDGED:
            self._wedged.setdefault(error.wedged or "", known.account)

    def _drop(self, event: Json, reason: str) -> None:
        self.dropped += 1
        _log.warning(
            "to-device message left out: %s, type %r (%d so far)",
            reason,
            text(event, "type")[:100],
            self.dropped,
        )

    # What must be asked and told

    def upload(self) -> Json:
        """Give what /keys/upload must say now, empty when nothing."""
        count = self.store.get("one_time_keys")
        body: dict[str, object] = dict(
            self.device.wanted(
                int(count) if count is not None else None,
                fallback_used=self.store.get("fallback_used") != "0",
            )
        )
        if self.store.get("device_keys") != "published":
            body["device_keys"] = self.device.device_keys(self.self_signing)
        return body

    def uploaded(self) -> None:
        """Note that the homeserver has it."""
        self.device.published()
        self.store.set("fallback_used", "0")
        self.store.set("device_keys", "published")
        self.store.forget("one_time_keys")

    def published_keys(self) -> Json:
        """Give our device's keys as others know them."""
        if not self._published:
            self._published = self.device.device_keys(self.self_signing)
        return self._published

    def sign_with(self, self_signing: SigningKey) -> None:
        """Let our identity vouch for this device from now on."""
        self.self_signing = self_signing
        self.devices.own_self_signing = self_signing.public
        self._published = {}

    def wedged(self, now: float) -> Sequence[Device]:
        """Give devices with whom a conversation must begin anew, each at most once an hour."""
        found = []
        for curve, account in self._wedged.items():
            device = self.devices.by_key(account, curve)
            last = float(self.store.get(f"unwedged/{curve}") or 0.0)
            if device is not None and now - last >= UNWEDGE_EVERY:
                self.store.set(f"unwedged/{curve}", str(now))
                found.append(device)
        self._wedged.clear()
        return found

    def unmet(self, devices: Sequence[Device]) -> Sequence[Device]:
        """List those that may have keys and with whom no conversation has begun."""
        return self.olm.missing([d for d in devices if self.sharing.may(d)])

    def meet(self, devices: Iterable[Device], answer: Json, *, greet: bool) -> Sequence[Device]:
        """Begin conversations with what /keys/claim gave; `greet` tells them so at once.

        Returns:
            Those that had no key to begin with.
        """
        claimed = section(answer, "one_time_keys")
        unmet = []
        for device in devices:
            once = section(section(claimed, device.account), device.id)
            if not self.olm.meet(device, once):
                unmet.append(device)
                continue
            if not greet:
                continue
            message = self.olm.encrypt(device, "m.dummy", {}, self.published_keys())
            if message is not None:
                self.sharing.post("m.room.encrypted", {device.account: {device.id: message}})
        return unmet

    def pack(self, wanted: Mapping[str, Sequence[Device]]) -> None:
        """Write the parcels that give each room's key to its devices."""
        self.sharing.pack(wanted, self.published_keys())

    # Rooms

    def read(self, room: str, event: Json) -> Json:
        """Give an encrypted event as it was before.

        Raises:
            Unreadable: not now, or never; `Waiting` tells which reasons may pass.
        """
        opened = self.keys.open(room, event)
        sender = text(event, "sender")
        device = self.devices.by_key(sender, opened.curve)
        if device is None:
            raise UnknownDevice(UNKNOWN)
        if not device.signed and not self.policy.unsigned_devices:
            raise UnsignedDevice(UNSIGNED)
        self.keys.once(opened)
        return opened.event

    def hold(self, room: str, event: Json, error: Unreadable, now: float) -> bool:
        """Keep a message that may be readable later; False where that can't be hoped for."""
        if not isinstance(error, NoKey | UnknownDevice | UnsignedDevice):
            return False
        self.devices.track([text(event, "sender")])
        return self.waiting.add(room, event, str(error), now)

    def late(self) -> Sequence[tuple[str, Json]]:
        """Give what waited and can be read now, with its room."""
        found = []
        for held in self.waiting.all():
            try:
                found.append((held.room, self.read(held.room, held.event)))
                self.waiting.told([held.event_id])  # nobody need be told any more
            except Unreadable as error:
                self.waiting.explain(held.event_id, str(error))
            except BaseException:  # a panic in the library below is no Exception
                _log.exception("an encrypted event brought a defect to light")
        return found

    def request_missing(self) -> None:
        """Ask the senders' devices for keys that are missing, once per key."""
        for sender, body in self.waiting.unasked():
            request = {
                "action": "request",
                "requesting_device_id": self.own.device,
                "request_id": secrets.token_hex(8),
                "body": body,
            }
            self.sharing.post("m.room_key_request", {sender: {"*": request}})

    def came_or_left(self, room: str, account: str, membership: str) -> None:
        """Take a change of membership in an encrypted room."""
        if account == self.own.account and membership != "join":
            self.members.unsure(room)
        elif self.members.of(room) is not None:
            self.members.moved(room, account, reads=membership in ("join", "invite"))

    def doubt(self, room: str) -> None:
        """Take nothing for known of who may read in a room, so that it is asked anew."""
        members = self.members.of(room) or ()
        self.devices.changed(account for account in members if account != self.own.account)
        self.members.unsure(room)

    def doubt_all(self) -> None:
        """Take nothing for known of anybody: what happened since the last reading is lost."""
        for room in self.members.encrypted():
            self.doubt(room)

    def lacking(self, rooms: Iterable[str], now: float) -> Mapping[str, Sequence[Device]]:
        """Give, by room, the devices that must be told something before a message goes out."""
        found = {}
        for room in rooms:
            devices = self.devices.of(self.members.of(room) or ())
            owed = self.sharing.lacking(room, devices, self.members.rotation(room), now)
            if owed:
                found[room] = owed
        return found

    def seal(self, room: str, kind: str, content: Json, now: float) -> dict[str, object] | None:
        """Encrypt, or give None where the key must be shared first."""
        members = self.members.of(room)
        if members is None or not self.devices.follows(members):
            return None
        devices = self.devices.of(members)
        if self.sharing.lacking(room, devices, self.members.rotation(room), now):
            return None
        return self.sharing.encrypt(room, kind, content)

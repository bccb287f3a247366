"""Writing into encrypted rooms: our key of a room, and who has been given it.

Every step is stored before it leaves: a key goes out as a *parcel* with a transaction id of its
own, so that a stop in the middle ends in the same parcel sent once more. A key is made anew when
somebody who had it may no longer read, and when the room's own rules say so.
"""

import json
import secrets
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from vodozemac import GroupSession

from bot.platforms.matrix.crypto.account import OwnDevice
from bot.platforms.matrix.crypto.devices import MEGOLM, Device
from bot.platforms.matrix.crypto.keystore import KeyStore
from bot.platforms.matrix.crypto.olm import Olm
from bot.platforms.matrix.crypto.room_keys import RoomKeys
from bot.platforms.matrix.lenient import Json

GIVEN, PACKED, WITHHELD, UNREACHED = "given", "packed", "withheld", "unreached"
PARCEL_SIZE = 100
_RELATION = "m.relates_to"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """How long a key is used: so many messages, so many seconds."""

    messages: int = 100
    seconds: float = 7 * 24 * 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """One /sendToDevice request: its transaction id, the event type, the body."""

    id: str
    kind: str
    body: bytes


@dataclass(slots=True)
class _Packing:
    """A parcel being filled: each device stands once in it, as the protocol wants."""

    kind: str
    messages: defaultdict[str, dict[str, Json]] = field(default_factory=lambda: defaultdict(dict))
    shares: list[tuple[str, str, str]] = field(default_factory=list)

    def takes(self, device: Device) -> bool:
        return len(self.shares) < PARCEL_SIZE and device.id not in self.messages.get(
            device.account, ()
        )


class Sharing:
    """Our keys, and who has them."""

    def __init__(
        self, store: KeyStore, own: OwnDevice, olm: Olm, keys: RoomKeys, *, to_unsigned: bool
    ) -> None:
        """`to_unsigned`: devices without a cross-signature get keys too."""
        self._store = store
        self._db = store.db
        self._own = own
        self._olm = olm
        self._keys = keys
        self._to_unsigned = to_unsigned

    def lacking(
        self, room: str, devices: Sequence[Device], rotation: Rotation, now: float
    ) -> Sequence[Device]:
        """Give who still lacks the room's present key, made anew first where that is due."""
        row = self._db.execute(
            "SELECT session, since, said FROM outbound WHERE room = ?", (room,)
        ).fetchone()
        if row is not None:
            session, since, said = row
            outcomes: dict[str, str] = dict(
                self._db.execute("SELECT curve, outcome FROM shared WHERE session = ?", (session,))
            )
            mine = {d.curve for d in devices if self.may(d)}
            # What was packed may have arrived, though the homeserver's answer never came.
            had = {curve for curve, outcome in outcomes.items() if outcome in (GIVEN, PACKED)}
            gone = not had <= mine
            old = said >= rotation.messages or now - since >= rotation.seconds
            if not gone and not old:
                return [d for d in devices if self._owed(d, outcomes.get(d.curve))]
        self._begin(room, now)
        return devices

    def pack(self, wanted: Mapping[str, Sequence[Device]], own_keys: Json) -> None:
        """Write parcels that give each room's key to its devices, and refusals to the others."""
        gifts, refusals = [_Packing("m.room.encrypted")], [_Packing("m.room_key.withheld")]
        for room, devices in wanted.items():
            pickle, session_id = self._db.execute(
                "SELECT pickle, session FROM outbound WHERE room = ?", (room,)
            ).fetchone()
            session = GroupSession.from_pickle(pickle, self._store.key)
            content = {
                "algorithm": MEGOLM,
                "room_id": room,
                "session_id": session_id,
                "session_key": session.session_key.to_base64(),
            }
            for device in devices:
                message = None
                if self.may(device):
                    message = self._olm.encrypt(device, "m.room_key", content, own_keys)
                if message is not None:
                    _put(gifts, device, message, (session_id, device.curve, GIVEN))
                    self._db.execute(
                        "INSERT OR REPLACE INTO shared VALUES (?, ?, ?)",
                        (session_id, device.curve, PACKED),
                    )
                    continue
                refusal = self._refusal(room, session_id, device)
                outcome = UNREACHED if self.may(device) else WITHHELD
                _put(refusals, device, refusal, (session_id, device.curve, outcome))
        for packing in (*gifts, *refusals):
            if packing.shares:
                self.post(packing.kind, packing.messages, packing.shares)

    def post(
        self,
        kind: str,
        messages: Mapping[str, Mapping[str, Json]],
        shares: Iterable[tuple[str, str, str]] = (),
    ) -> None:
        """Store a parcel to be sent."""
        body = json.dumps({"messages": messages}, separators=(",", ":"))
        self._db.execute(
            "INSERT INTO parcel VALUES (?, ?, ?, ?)",
            (secrets.token_hex(16), kind, body, json.dumps(list(shares))),
        )

    def parcels(self) -> Sequence[Parcel]:
        """List what must be sent before anything is encrypted, in the order it was written.

        A receiver keeps the keys of 40 overtaken messages, not more.
        """
        rows = self._db.execute("SELECT id, kind, body FROM parcel ORDER BY rowid").fetchall()
        return [Parcel(id=row[0], kind=row[1], body=row[2].encode()) for row in rows]

    def delivered(self, parcel_id: str) -> None:
        """The homeserver took the parcel: who is in it has the key."""
        row = self._db.execute("SELECT shares FROM parcel WHERE id = ?", (parcel_id,)).fetchone()
        if row is not None:
            self._db.executemany(
                "INSERT OR REPLACE INTO shared VALUES (?, ?, ?)", json.loads(row[0])
            )
            self.drop(parcel_id)

    def drop(self, parcel_id: str) -> None:
        """The homeserver will never take the parcel: what is in it is packed anew."""
        self._db.execute("DELETE FROM parcel WHERE id = ?", (parcel_id,))

    def encrypt(self, room: str, kind: str, content: Json) -> dict[str, object]:
        """Write an event with the room's present key. The message number is never used again."""
        pickle, said = self._db.execute(
            "SELECT pickle, said FROM outbound WHERE room = ?", (room,)
        ).fetchone()
        session = GroupSession.from_pickle(pickle, self._store.key)
        plain = json.dumps(
            {"type": kind, "content": content, "room_id": room},
            ensure_ascii=False,
            separators=(",", ":"),
        ).encode("utf-8", "replace")
        sealed: dict[str, object] = {
            "algorithm": MEGOLM,
            "sender_key": self._own.curve,
            "device_id": self._own.own.device,
            "session_id": session.session_id,
            "ciphertext": session.encrypt(plain).to_base64(),
        }
        if _RELATION in content:
            sealed[_RELATION] = content[_RELATION]  # the homeserver collects edits and threads
        self._db.execute(
            "UPDATE outbound SET pickle = ?, said = ? WHERE room = ?",
            (session.pickle(self._store.key), said + 1, room),
        )
        return sealed

    def renew(self, room: str) -> None:
        """Begin with a new key at the next message."""
        self._db.execute("DELETE FROM outbound WHERE room = ?", (room,))

    def _begin(self, room: str, now: float) -> None:
        row = self._db.execute("SELECT session FROM outbound WHERE room = ?", (room,)).fetchone()
        if row is not None:
            self._db.execute("DELETE FROM shared WHERE session = ?", row)
        session = GroupSession()
        self._db.execute(
            "INSERT OR REPLACE INTO outbound VALUES (?, ?, ?, ?, 0)",
            (room, session.session_id, session.pickle(self._store.key), now),
        )
        self._keys.keep_own(room, session.session_key, self._own.own.account, self._own.curve)

    def may(self, device: Device) -> bool:
        """Tell whether the device may have keys."""
        return device.signed or self._to_unsigned

    def _owed(self, device: Device, outcome: str | None) -> bool:
        """Tell whether something must be sent to the device before the next message."""
        if outcome is None or outcome == PACKED:
            return True
        if outcome == WITHHELD:
            return self.may(device)
        return outcome == UNREACHED and not self._olm.missing([device])

    def _refusal(self, room: str, session: str, device: Device) -> Json:
        """Tell a device why it gets no key, so that its owner sees the reason."""
        reached = not self.may(device)
        code = "m.unverified" if reached else "m.no_olm"
        refusal = {"algorithm": MEGOLM, "code": code, "sender_key": self._own.curve}
        if not reached:
            return refusal
        return {**refusal, "room_id": room, "session_id": session}


def _put(
    packings: list[_Packing], device: Device, message: Json, share: tuple[str, str, str]
) -> None:
    packing = next((p for p in packings if p.takes(device)), None)
    if packing is None:
        packing = _Packing(packings[0].kind)
        packings.append(packing)
    packing.messages[device.account][device.id] = message
    packing.shares.append(share)

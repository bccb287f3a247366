"""A device that encrypts, held by a person of the test: it makes poisons that decrypt.

Only the outside of an Olm or Megolm message can be poisoned by who has no keys; who has them can
put anything inside. Written against the specification on vodozemac; it decrypts nothing but the
first letter of a conversation.
"""

import base64
import json
import uuid
from collections.abc import Mapping

from Crypto.PublicKey import ECC
from Crypto.Signature import eddsa
from vodozemac import Account, AnyOlmMessage, Curve25519PublicKey, GroupSession, Session

from tests.live.client import MatrixUser
from tests.live.connection import path_of
from tests.live.hostile_templates import MEGOLM, OLM
from tests.live.timeline import Event

_ONE_TIME_KEYS = 20


class Device:
    """The keys of a person's device, and its talk with the bot's.

    Until `publish` and `meet` have been called, what it seals is garbage of the right form.

    Args:
        user: the person, logged in on this device.
        first: the device of the same person that has published an identity, for a further one.
    """

    def __init__(self, user: MatrixUser, first: "Device | None" = None) -> None:
        self.user = user
        self._first = first
        self._signing: ECC.EccKey | None = None
        self.device_id = "OKAND"
        self._account = Account()
        self._olm: Session | None = None
        self._group = GroupSession()
        self._theirs = {"user": "", "device": "", "curve": "", "ed": ""}

    @property
    def curve(self) -> str:
        """The identity key that messages are sent from."""
        return self._account.curve25519_key.to_base64()

    @property
    def ed(self) -> str:
        """The key that the device signs with."""
        return self._account.ed25519_key.to_base64()

    @property
    def session_id(self) -> str:
        """The Megolm session it writes in."""
        return self._group.session_id

    @property
    def has_met(self) -> bool:
        """Tell whether the bot could decrypt what is sealed here."""
        return self._olm is not None

    async def publish(self) -> None:
        """Upload the device's keys, cross-signed by the person's identity; the first makes it."""
        who = await self.user.call("GET", path_of("account", "whoami"))
        self.device_id = str(who["device_id"])
        user_id, name = self.user.user_id, f"ed25519:{self.device_id}"
        device: Event = {
            "user_id": user_id,
            "device_id": self.device_id,
            "algorithms": [OLM, MEGOLM],
            "keys": {name: self.ed, f"curve25519:{self.device_id}": self.curve},
        }
        self._account.generate_one_time_keys(_ONE_TIME_KEYS)
        one_time = {
            f"signed_curve25519:{key_id}": self._signed({"key": key.to_base64()})
            for key_id, key in self._account.one_time_keys.items()
        }
        signed = self._signed(device)
        await self.user.call(
            "POST", path_of("keys", "upload"), {"device_keys": signed, "one_time_keys": one_time}
        )
        self._account.mark_keys_as_published()
        own = self._first._signing if self._first else await self._publish_identity()
        assert own is not None
        await self.user.call(
            "POST",
            path_of("keys", "signatures", "upload"),
            {user_id: {self.device_id: _sign(signed, user_id, own)}},
        )

    async def _publish_identity(self) -> ECC.EccKey:
        user_id = self.user.user_id
        master, own, others = (ECC.generate(curve="ed25519") for _ in range(3))
        await self.user.call(
            "POST",
            path_of("keys", "device_signing", "upload"),
            {
                "master_key": _identity(user_id, "master", master),
                "self_signing_key": _sign(_identity(user_id, "self_signing", own), user_id, master),
                "user_signing_key": _sign(
                    _identity(user_id, "user_signing", others), user_id, master
                ),
            },
        )
        self._signing = own
        return own

    async def meet(self, bot: str, room: str) -> None:
        """Begin an Olm session with the bot's device and give it the Megolm session of a room.

        Raises:
            LookupError: the bot has no device that encrypts, or no key for us.
        """
        answer = await self.user.call("POST", path_of("keys", "query"), {"device_keys": {bot: []}})
        devices = answer.get("device_keys", {}).get(bot, {})
        if not devices:
            raise LookupError(f"{bot} has no device that encrypts")
        device_id, device = next(iter(devices.items()))
        self._theirs = {
            "user": bot,
            "device": device_id,
            "curve": device["keys"][f"curve25519:{device_id}"],
            "ed": device["keys"][f"ed25519:{device_id}"],
        }
        claim = {"one_time_keys": {bot: {device_id: "signed_curve25519"}}}
        answer = await self.user.call("POST", path_of("keys", "claim"), claim)
        keys = answer.get("one_time_keys", {}).get(bot, {}).get(device_id, {})
        if not keys:
            raise LookupError(f"{bot} has no one-time key")
        key = next(iter(keys.values()))["key"]
        self._olm = self._account.create_outbound_session(
            Curve25519PublicKey.from_base64(self._theirs["curve"]),
            Curve25519PublicKey.from_base64(key),
        )
        content = {
            "algorithm": MEGOLM,
            "room_id": room,
            "session_id": self.session_id,
            "session_key": self._group.session_key.to_base64(),
        }
        inner = {
            "type": "m.room_key",
            "content": content,
            "sender": self.user.user_id,
            "sender_device": self.device_id,
            "recipient": bot,
            "recipient_keys": {"ed25519": self._theirs["ed"]},
            "keys": {"ed25519": self.ed},
        }
        path = path_of("sendToDevice", "m.room.encrypted", uuid.uuid4().hex)
        sealed = {"messages": {bot: {device_id: self.olm(json.dumps(inner))}}}
        await self.user.call("PUT", path, sealed)

    def meanings(self, name: str) -> Mapping[str, str]:
        """Give what the words of a poison mean that begin with this name."""
        return {
            f"@@{name}-curve@@": self.curve,
            f"@@{name}-ed@@": self.ed,
            f"@@{name}-device@@": self.device_id,
        }

    def olm(self, text: str) -> Event:
        """Seal a text for the bot's device; give the content of the event."""
        kind, body = 0, text.encode("utf-8", "replace")
        if self._olm is not None:
            kind, body = self._olm.encrypt(body).to_parts()
        ciphertext = {"type": kind, "body": _base64(body)}
        curve = self._theirs["curve"] or "@@curve@@"
        return {"algorithm": OLM, "sender_key": self.curve, "ciphertext": {curve: ciphertext}}

    def megolm(self, text: str) -> Event:
        """Seal a text for the room; give the content of the event."""
        return {
            "algorithm": MEGOLM,
            "sender_key": self.curve,
            "device_id": self.device_id,
            "session_id": self.session_id,
            "ciphertext": self._group.encrypt(text.encode("utf-8", "replace")).to_base64(),
        }

    def first_letter(self, sender: str, sealed: Event) -> Event:
        """Decrypt what begins a conversation, and used up a one-time key of ours.

        Args:
            sender: the identity key of who writes.
            sealed: the ciphertext for this device, with its type.

        Raises:
            ValueError: it does not hold.
        """
        body = base64.b64decode(sealed["body"] + "=" * (-len(sealed["body"]) % 4))
        message = AnyOlmMessage.from_parts(sealed["type"], body).to_pre_key()
        if message is None:
            raise ValueError("it begins no conversation")
        curve = Curve25519PublicKey.from_base64(sender)
        _, plain = self._account.create_inbound_session(curve, message)
        return dict(json.loads(plain))

    def _signed(self, value: Event) -> Event:
        signature = self._account.sign(_canonical(value)).to_base64()
        return value | {"signatures": {self.user.user_id: {f"ed25519:{self.device_id}": signature}}}


def _identity(user_id: str, usage: str, key: ECC.EccKey) -> Event:
    public = _public(key)
    return {"user_id": user_id, "usage": [usage], "keys": {f"ed25519:{public}": public}}


def _sign(value: Event, user_id: str, key: ECC.EccKey) -> Event:
    plain = {name: part for name, part in value.items() if name not in ("signatures", "unsigned")}
    signature = _base64(eddsa.new(key, "rfc8032").sign(_canonical(plain)))
    signatures = value.get("signatures", {}).get(user_id, {})
    return value | {"signatures": {user_id: signatures | {f"ed25519:{_public(key)}": signature}}}


def _public(key: ECC.EccKey) -> str:
    return _base64(key.public_key().export_key(format="raw"))


def _canonical(value: Event) -> bytes:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode("utf-8")


def _base64(value: bytes | str) -> str:
    data = value.encode() if isinstance(value, str) else value
    return base64.b64encode(data).decode().rstrip("=")

"""People with one device each that encrypts: its keys, what it writes and what it can read.

Each is cross-signed by an identity of its owner, as the bot demands before it hands out keys. What
such a device believes it checks as the specification wants: that is how the benchmark knows that
what it measured was more than noise.
"""

import base64
import json
import uuid

from vodozemac import (
    Account,
    AnyOlmMessage,
    Curve25519PublicKey,
    InboundGroupSession,
    MegolmMessage,
    Session,
    SessionKey,
)

from bot.platforms.matrix.crypto.identity import Identity
from bot.platforms.matrix.crypto.signing import signed
from tests.benchmarks.bare_sealing import MEGOLM, OLM, BareSealing
from tests.benchmarks.stage import PASSWORD
from tests.live.connection import API, Connection, path_of
from tests.live.homeserver import Homeserver
from tests.live.timeline import Event

_ONE_TIME_KEYS = 12
"""Each conversation that begins uses one up: the bot's and the bare client's, once a pair."""
_FILTER = json.dumps({"room": {"timeline": {"limit": 100}}})


class Person(Connection):
    """An account on one device that encrypts."""

    def __init__(self, base_url: str, *, user_id: str, device_id: str, access_token: str) -> None:
        super().__init__(base_url, access_token=access_token)
        self.user_id = user_id
        self._device_id = device_id
        self._account = Account()
        self._olm: list[Session] = []
        self._keys: dict[tuple[str, str], InboundGroupSession] = {}
        self._since: str | None = None
        self._sealing = BareSealing(
            self.call, user_id=user_id, device_id=device_id, account=self._account
        )

    @classmethod
    async def register(cls, homeserver: Homeserver, name: str) -> "Person":
        """Make the account and publish its keys."""
        made = await homeserver.register(name, PASSWORD)
        person = cls(
            homeserver.base_url,
            user_id=made.user_id,
            device_id=made.device_id,
            access_token=made.access_token,
        )
        async with person:
            await person._publish()
        return person

    async def join(self, room: str) -> None:
        """Accept an invitation."""
        async with self:
            await self.call("POST", path_of("join", room), {})

    async def write(self, room: str, partner: str, text: str) -> None:
        """Say something in the direct room with the partner, encrypted."""
        async with self:
            await self._sealing.share({room: partner})
            sealed = self._sealing.seal(room, {"msgtype": "m.text", "body": text})
            address = path_of("rooms", room, "send", "m.room.encrypted", uuid.uuid4().hex)
            await self.call("PUT", address, sealed)

    async def read(self, room: str, partner: str) -> list[Event]:
        """Decrypt what the partner has said in the room since the last time, content by content.

        Raises:
            AssertionError, KeyError, ValueError: a message or its key is not what it must be.
        """
        query = {"timeout": "0", "filter": _FILTER}
        if self._since is not None:
            query["since"] = self._since
        async with self:
            answer = await self.call("GET", f"{API}/sync", query=query)
            signing = await self._signing_keys(partner)
        self._since = answer["next_batch"]
        for event in answer.get("to_device", {}).get("events", []):
            self._take(event, signing)
        events = answer.get("rooms", {}).get("join", {}).get(room, {"timeline": {"events": []}})
        return [
            self._open(room, event["content"])
            for event in events["timeline"]["events"]
            if event["type"] == "m.room.encrypted" and event["sender"] == partner
        ]

    async def _publish(self) -> None:
        """Upload the identity, the device's keys signed by it, and one-time keys."""
        account, identity, own = self._account, Identity.new(), self.user_id
        name = f"ed25519:{self._device_id}"

        def sign(message: bytes) -> str:
            return account.sign(message).to_base64()

        keys: dict[str, object] = {
            "user_id": own,
            "device_id": self._device_id,
            "algorithms": [OLM, MEGOLM],
            "keys": {
                f"curve25519:{self._device_id}": account.curve25519_key.to_base64(),
                name: account.ed25519_key.to_base64(),
            },
        }
        by_identity = identity.self_signing
        keys = signed(keys, own, name, sign)
        keys = signed(keys, own, f"ed25519:{by_identity.public}", by_identity.sign)
        account.generate_one_time_keys(_ONE_TIME_KEYS)
        once = {
            f"signed_curve25519:{key_id}": signed({"key": key.to_base64()}, own, name, sign)
            for key_id, key in account.one_time_keys.items()
        }
        await self.call("POST", f"{API}/keys/device_signing/upload", identity.keys(own))
        await self.call("POST", f"{API}/keys/upload", {"device_keys": keys, "one_time_keys": once})
        account.mark_keys_as_published()

    async def _signing_keys(self, partner: str) -> dict[str, str]:
        """Give the signing key of each of the partner's devices, by identity key."""
        body = {"device_keys": {partner: []}}
        answer = await self.call("POST", f"{API}/keys/query", body)
        return {
            value["keys"][f"curve25519:{device}"]: value["keys"][f"ed25519:{device}"]
            for device, value in answer["device_keys"][partner].items()
        }

    def _take(self, event: Event, signing: dict[str, str]) -> None:
        """Take a room's key from what a device has sent, and check that it was meant for us."""
        assert event["type"] != "m.room_key.withheld", event
        if event["type"] != "m.room.encrypted":
            return  # as a request for a key: nothing is said by it
        content = event["content"]
        curve = content["sender_key"]
        part = content["ciphertext"][self._account.curve25519_key.to_base64()]
        raw = base64.b64decode(part["body"] + "=" * (-len(part["body"]) % 4))
        said = json.loads(self._decrypt(curve, AnyOlmMessage.from_parts(part["type"], raw)))
        assert content["algorithm"] == OLM
        assert said["sender"] == event["sender"]
        assert said["recipient"] == self.user_id
        assert said["recipient_keys"] == {"ed25519": self._account.ed25519_key.to_base64()}
        assert said["keys"]["ed25519"] == signing[curve]
        key = said["content"]
        assert (said["type"], key["algorithm"]) == ("m.room_key", MEGOLM)
        session = InboundGroupSession(SessionKey(key["session_key"]))
        assert session.session_id == key["session_id"]
        self._keys[key["room_id"], session.session_id] = session

    def _decrypt(self, curve: str, message: AnyOlmMessage) -> bytes:
        begins = message.to_pre_key()
        assert begins is not None, "nobody answers in these conversations"
        for session in self._olm:
            if session.session_matches(begins):
                return session.decrypt(message)
        theirs = Curve25519PublicKey.from_base64(curve)
        session, plain = self._account.create_inbound_session(theirs, begins)
        self._olm.append(session)
        return plain

    def _open(self, room: str, content: Event) -> Event:
        assert content["algorithm"] == MEGOLM
        session = self._keys[room, content["session_id"]]
        message = MegolmMessage.from_base64(content["ciphertext"])
        plain = json.loads(session.decrypt(message).plaintext)
        assert (plain["type"], plain["room_id"]) == ("m.room.message", room)
        return dict(plain["content"])

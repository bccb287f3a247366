"""Well-formed events, devices and payloads: what poisons are made from by spoiling them.

The forms are the Matrix specification's (client-server API, v1.16); the keys and signatures have
the right length and mean nothing.
"""

from tests.live.timeline import Event

OLM, MEGOLM = "m.olm.v1.curve25519-aes-sha2", "m.megolm.v1.aes-sha2"

KEY = "hG0dIW5ZvZ1Ck3vTj1rB9qj0o2zVZ0dYyJ2m0Vh6f1E"  # 32 bytes
SIGNATURE = "q" * 86  # 64 bytes
SESSION = "X3lUlvLELLYxeTx4yOVu6UDpasGEVO0Jbu+QFnm0cKQ"
SESSION_KEY = "AgAAAAA" + "b" * 298 + "A"  # 229 bytes, version 2; its signature can't be right
PRE_KEY = "AwogGJJzMhf/S3GQFXAOrCZ3iKyGU5ZScVtjI0KypTYrW0" + "A" * 100
NORMAL = "Awog" + "c" * 120
GROUP = "AwgAEnACgAkLmt6qF84IK++J7UDH2Za1YVchHyprqTqsg2yyOwAtHa" + "d" * 100

_REQUEST = {"action": "request", "request_id": "r1", "requesting_device_id": "@@phone@@"}
_VERIFY = {"transaction_id": "t1", "from_device": "@@phone@@"}

TO_DEVICE: dict[str, Event] = {
    "m.room.encrypted": {
        "algorithm": OLM,
        "sender_key": "@@stranger-curve@@",
        "ciphertext": {"@@curve@@": {"type": 0, "body": PRE_KEY}},
    },
    "m.room_key": {
        "algorithm": MEGOLM,
        "room_id": "@@vault@@",
        "session_id": SESSION,
        "session_key": SESSION_KEY,
    },
    "m.forwarded_room_key": {
        "algorithm": MEGOLM,
        "room_id": "@@vault@@",
        "session_id": SESSION,
        "session_key": SESSION_KEY,
        "sender_key": KEY,
        "sender_claimed_ed25519_key": KEY,
        "forwarding_curve25519_key_chain": [KEY],
    },
    "m.room_key_request": {
        **_REQUEST,
        "body": {
            "algorithm": MEGOLM,
            "room_id": "@@vault@@",
            "session_id": "@@session@@",
            "sender_key": KEY,
        },
    },
    "m.room_key.withheld": {
        "algorithm": MEGOLM,
        "room_id": "@@vault@@",
        "session_id": "@@session@@",
        "sender_key": "@@phone-curve@@",
        "code": "m.unverified",
        "reason": "Nej",
    },
    "m.secret.request": {**_REQUEST, "name": "m.cross_signing.master"},
    "m.secret.send": {"request_id": "r1", "secret": KEY},
    "m.dummy": {},
    "m.key.verification.request": {**_VERIFY, "methods": ["m.sas.v1"], "timestamp": 1},
    "m.key.verification.ready": {**_VERIFY, "methods": ["m.sas.v1"]},
    "m.key.verification.start": {
        **_VERIFY,
        "method": "m.sas.v1",
        "key_agreement_protocols": ["curve25519-hkdf-sha256"],
        "hashes": ["sha256"],
        "message_authentication_codes": ["hkdf-hmac-sha256.v2"],
        "short_authentication_string": ["decimal", "emoji"],
    },
    "m.key.verification.accept": {
        "transaction_id": "t1",
        "key_agreement_protocol": "curve25519-hkdf-sha256",
        "hash": "sha256",
        "message_authentication_code": "hkdf-hmac-sha256.v2",
        "short_authentication_string": ["emoji"],
        "commitment": KEY,
    },
    "m.key.verification.key": {"transaction_id": "t1", "key": KEY},
    "m.key.verification.mac": {"transaction_id": "t1", "keys": KEY, "mac": {"ed25519:X": KEY}},
    "m.key.verification.done": {"transaction_id": "t1"},
    "m.key.verification.cancel": {"transaction_id": "t1", "code": "m.user", "reason": "Nej"},
}

INNER: dict[str, Event] = {
    kind: {
        "type": kind,
        "content": TO_DEVICE[kind],
        "sender": "@@stranger@@",
        "sender_device": "@@stranger-device@@",
        "recipient": "@@bot@@",
        "recipient_keys": {"ed25519": "@@ed@@"},
        "keys": {"ed25519": "@@stranger-ed@@"},
    }
    for kind in TO_DEVICE
    if kind not in ("m.room.encrypted", "m.room_key_request", "m.room_key.withheld")
}
"""What stands inside an Olm message."""

STATE: dict[str, tuple[str, Event]] = {
    "m.room.encryption": ("", {"algorithm": MEGOLM, "rotation_period_msgs": 100}),
    "m.room.member": ("@@stranger@@", {"membership": "join", "displayname": "Främling"}),
    "m.room.tombstone": ("", {"body": "Flyttat", "replacement_room": "!annat:bra.test"}),
    "m.room.power_levels": (
        "",
        {"users": {"@@kim@@": 100}, "events": {"m.room.name": 50}, "users_default": 0},
    ),
    "m.room.create": ("", {"room_version": "12", "additional_creators": ["@@stranger@@"]}),
    "m.room.name": ("", {"name": "Rummet"}),
    "m.room.join_rules": ("", {"join_rule": "invite"}),
    "m.room.history_visibility": ("", {"history_visibility": "shared"}),
    "m.room.canonical_alias": ("", {"alias": "#rum:bra.test", "alt_aliases": []}),
    "m.room.server_acl": ("", {"allow": ["*"], "deny": [], "allow_ip_literals": True}),
    "m.room.pinned_events": ("", {"pinned": ["$x"]}),
    "m.space.child": ("!annat:bra.test", {"via": ["bra.test"]}),
}
"""Each kind of state with its key."""

_TEXT: Event = {"msgtype": "m.text", "body": "hej"}

MESSAGES: dict[str, tuple[str, Event]] = {
    "text": ("m.room.message", {**_TEXT, "m.mentions": {"user_ids": ["@@bot@@"]}}),
    "html": (
        "m.room.message",
        {**_TEXT, "format": "org.matrix.custom.html", "formatted_body": "<b>hej</b>"},
    ),
    "edit": (
        "m.room.message",
        {
            "msgtype": "m.text",
            "body": "* hej",
            "m.new_content": dict(_TEXT),
            "m.relates_to": {"rel_type": "m.replace", "event_id": "$annan"},
        },
    ),
    "reply": (
        "m.room.message",
        {**_TEXT, "m.relates_to": {"m.in_reply_to": {"event_id": "$annan"}}},
    ),
    "thread": (
        "m.room.message",
        {
            **_TEXT,
            "m.relates_to": {
                "rel_type": "m.thread",
                "event_id": "$annan",
                "is_falling_back": True,
                "m.in_reply_to": {"event_id": "$annan"},
            },
        },
    ),
    "file": (
        "m.room.message",
        {
            "msgtype": "m.file",
            "body": "a.pdf",
            "filename": "a.pdf",
            "info": {"size": 3, "mimetype": "application/pdf"},
            "file": {
                "url": "mxc://bra.test/abc",
                "key": {"kty": "oct", "alg": "A256CTR", "k": KEY, "key_ops": [], "ext": True},
                "iv": "AAAAAAAAAAAAAAAAAAAAAA",
                "hashes": {"sha256": KEY},
                "v": "v2",
            },
        },
    ),
    "reaction": (
        "m.reaction",
        {"m.relates_to": {"rel_type": "m.annotation", "event_id": "$annan", "key": "👍"}},
    ),
    "redaction": ("m.room.redaction", {"redacts": "$annan", "reason": "Nej"}),
    "megolm": (
        "m.room.encrypted",
        {
            "algorithm": MEGOLM,
            "sender_key": "@@phone-curve@@",
            "device_id": "@@phone@@",
            "session_id": "@@session@@",
            "ciphertext": GROUP,
        },
    ),
    "verification": (
        "m.room.message",
        {
            "msgtype": "m.key.verification.request",
            "body": "verify",
            "from_device": "@@phone@@",
            "methods": ["m.sas.v1"],
            "to": "@@bot@@",
        },
    ),
}
"""Each kind of message with its event type."""

DEVICE: Event = {
    "user_id": "@@reporter@@",
    "device_id": "@@self@@",
    "algorithms": [OLM, MEGOLM],
    "keys": {"curve25519:@@self@@": KEY, "ed25519:@@self@@": KEY},
    "signatures": {"@@reporter@@": {"ed25519:@@self@@": SIGNATURE}},
}
"""A device; @@self@@ is its id."""

CROSS_SIGNING: Event = {
    "user_id": "@@reporter@@",
    "usage": ["@@usage@@"],
    "keys": {f"ed25519:{KEY}": KEY},
    "signatures": {"@@reporter@@": {f"ed25519:{KEY}": SIGNATURE}},
}
"""A cross-signing key; @@usage@@ is what it is for."""

ONE_TIME_KEY: Event = {
    "key": KEY,
    "signatures": {"@@kim@@": {"ed25519:@@kim-device@@": SIGNATURE}},
}

"""Reading what a homeserver answers: which rooms are encrypted, whenever that was told."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.platforms.matrix.crypto.account import Own
from bot.platforms.matrix.crypto.identity import Identity
from bot.platforms.matrix.crypto.keystore import KeyStore, store_key
from bot.platforms.matrix.crypto.machine import Policy
from bot.platforms.matrix.encryption import Encryption
from bot.platforms.matrix.errors import Refused
from bot.platforms.matrix.identity import ESTABLISHED_FACT
from bot.platforms.matrix.lenient import Json
from bot.platforms.matrix.sync import Reader
from bot.platforms.matrix.transport import Transport
from bot.platforms.matrix.upkeep import STORE, STORE_KEY, Secrecy, Upkeep
from bot.ports import Batch, Kind, Notice

ANNA, BOT, ROOM = "@anna:hem.test", "@bot:hem.test", "!rum:hem.test"
OWN = Own(account=BOT, device="B")


class Script(Transport):
    """A homeserver that answers each /sync in turn, then nothing, and knows no state of rooms."""

    def __init__(self, *answers: Json) -> None:
        super().__init__("http://127.0.0.1:1", BOT, "matrix-device.json")
        self.answers = list(answers)

    async def get(self, address: str, *, seconds: float = 0.0) -> Json:
        """Answer."""
        if "/sync?" not in address:
            raise Refused(404, "M_NOT_FOUND", "no such state")
        if not self.answers:
            await asyncio.Event().wait()
        return self.answers.pop(0)


class Box:
    """A mailbox in memory."""

    def __init__(self, position: str | None) -> None:
        self.stored = position
        self.heard: list[tuple[Kind, str]] = []

    async def position(self, platform: str) -> str | None:
        """Give the position."""
        return self.stored

    async def accept(self, platform: str, batch: Batch) -> None:
        """Keep a batch."""
        self.stored = batch.position
        self.heard += [(event.kind, event.text) for event in batch.events]


@pytest.fixture
async def upkeep(tmp_path: Path) -> AsyncIterator[Upkeep]:
    """Give the encryption of a bot that has stood before; its homeserver is away."""
    store = KeyStore(tmp_path / STORE, store_key(tmp_path / STORE_KEY))
    store.set(ESTABLISHED_FACT, "1")
    store.close()
    nowhere = Script()
    upkeep = Upkeep(nowhere, Secrecy(folder=tmp_path, policy=Policy()), None)
    await upkeep.start(OWN)
    yield upkeep
    await nowhere.close()
    upkeep.close()


async def read(upkeep: Upkeep, since: str | None, *timeline: Json) -> tuple[Box, bool]:
    """Let one answer be read; give what came of it, and whether no plain text may go out."""
    joined = {ROOM: {"timeline": {"events": list(timeline), "limited": False}}}
    transport = Script({"next_batch": "s2", "rooms": {"join": joined}})
    encryption, box = Encryption(transport), Box(since)
    reading = asyncio.create_task(Reader(transport, "matrix", BOT, encryption, upkeep).run(box))
    async with asyncio.timeout(5):
        while box.stored != "s2" and not reading.done():
            await asyncio.sleep(0.01)
    covered = await encryption.covers(ROOM)
    reading.cancel()
    await asyncio.wait([reading])
    return box, covered


def happened(kind: str, number: int, *, key: str | None = None, **content: object) -> Json:
    """Make an event of Anna's, of a room's state where it has a key."""
    event = {"type": kind, "event_id": f"${number}", "sender": ANNA, "content": content}
    return event if key is None else {**event, "state_key": key}


def said(number: int, words: str) -> Json:
    """Make a message in clear."""
    return happened("m.room.message", number, msgtype="m.text", body=words)


ENCRYPTION = happened("m.room.encryption", 5, key="", algorithm="m.megolm.v1.aes-sha2")


async def test_the_first_answer_tells_that_a_room_is_encrypted(upkeep: Upkeep) -> None:
    """Also where it was the last thing that happened; what was said before is not for the bot."""
    box, covered = await read(upkeep, None, said(1, "förr"), ENCRYPTION)
    assert covered
    assert await upkeep.encrypted_rooms() == [ROOM]
    assert box.heard == []


async def test_a_room_in_clear_stays_in_clear(upkeep: Upkeep) -> None:
    """The counter-proof: a message that only looks like it makes no room encrypted."""
    fake = happened("m.room.encryption", 5, algorithm="m.megolm.v1.aes-sha2")
    _, covered = await read(upkeep, None, said(1, "förr"), fake)
    assert not covered
    assert await upkeep.encrypted_rooms() == []


async def test_a_room_encrypted_before_our_time_is_encrypted(upkeep: Upkeep) -> None:
    """What the bot reads after it was let in must be sealed, though it was not there before."""
    arrival = happened("m.room.member", 7, key=BOT, membership="join")
    box, covered = await read(upkeep, "s1", ENCRYPTION, said(6, "förr"), arrival, said(8, "!hjälp"))
    assert covered
    assert await upkeep.encrypted_rooms() == [ROOM]
    assert box.heard == [(Kind.UNREADABLE, "not encrypted")]


async def test_what_was_said_before_encryption_is_read(upkeep: Upkeep) -> None:
    """Up to the moment at which the room becomes encrypted, clear text is right."""
    box, covered = await read(upkeep, "s1", said(1, "före"), ENCRYPTION, said(6, "efter"))
    assert covered
    assert box.heard == [(Kind.MESSAGE, "före"), (Kind.UNREADABLE, "not encrypted")]


async def test_notices_name_rooms_and_people(upkeep: Upkeep) -> None:
    """What can't be read is counted by room, and a new identity is somebody's, since a moment."""
    sealed = {"algorithm": "m.megolm.v1.aes-sha2", "session_id": "s", "ciphertext": "x"}
    for room, number in ((ROOM, 1), ("!annat:hem.test", 2), (ROOM, 3)):
        event = happened("m.room.encrypted", number, **sealed)
        assert await upkeep.opening.read(room, [event]) == []
    counted = [
        Notice(code="unreadable", about="!annat:hem.test", count=1),
        Notice(code="unreadable", about=ROOM, count=2),
    ]
    assert await upkeep.notices() == counted
    before, now = datetime.now(UTC), time.time()
    for identity in (Identity.new(), Identity.new()):
        keys = {"master_keys": {ANNA: identity.keys(ANNA)["master_key"]}}
        await upkeep.run(lambda m, keys=keys: m.devices.learn({ANNA: 1}, keys, now))  # type: ignore[misc]
    *others, changed = await upkeep.notices()
    assert others == counted
    assert (changed.code, changed.about, changed.count) == ("new_identity", ANNA, 1)
    assert changed.since is not None
    assert before <= changed.since <= datetime.now(UTC)

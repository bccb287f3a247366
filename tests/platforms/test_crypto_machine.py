"""Whole stories of two or three devices, and answers that nobody should send."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from sqlite3 import OperationalError

import pytest

from bot.platforms.matrix.crypto.machine import Machine, Policy, UnsignedDevice
from bot.platforms.matrix.crypto.olm import Unreadable
from bot.platforms.matrix.crypto.worker import Worker
from bot.platforms.matrix.lenient import Json, section
from tests.platforms.crypto_pair import (
    NOW,
    ROOM,
    SAID,
    Client,
    Homeserver,
    event,
    meeting,
)

ANNA, BOT, EVE = "@anna:hem.test", "@bot:hem.test", "@eve:borta.test"


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Client, Client]:
    """Give the bot and Anna in one encrypted room."""
    server = Homeserver()
    bot, anna = Client(server, tmp_path, BOT, "B"), Client(server, tmp_path, ANNA, "A")
    meeting(bot, anna)
    return bot, anna


def talk(bot: Client, anna: Client) -> list[Json]:
    """Let both write twice and read each other; gives what was read."""
    found = []
    for number in range(2):
        for writer, reader in ((bot, anna), (anna, bot)):
            sealed = writer.seal(ROOM, f"${writer.own.device}{number}")
            reader.sync()
            reader.ask()
            found.append(reader.read(ROOM, sealed))
    return found


@pytest.mark.parametrize("restless", [(), ("bot",), ("anna",), ("bot", "anna")])
def test_two_devices_read_each_other(pair: tuple[Client, Client], restless: tuple[str]) -> None:
    """Both ways, also when either is stopped and started after every single step."""
    bot, anna = pair
    bot.restless, anna.restless = "bot" in restless, "anna" in restless
    found = talk(bot, anna)
    assert [e["content"] for e in found] == [SAID] * 4
    assert [e["sender"] for e in found] == [BOT, ANNA] * 2
    assert {e["type"] for e in found} == {"m.room.message"}
    assert not bot.restless or bot.restarts > 10
    parcels = [p.id for p in bot.server.sent]
    assert len(parcels) == len(set(parcels)) == 2  # each key went out once, in spite of all stops


def test_a_message_number_is_never_used_twice(pair: tuple[Client, Client]) -> None:
    """What was sealed before a commit that failed is never handed out; after it, numbers go on."""
    bot, anna = pair
    first = bot.seal(ROOM, "$1")

    def stops(machine: Machine) -> None:
        assert machine.seal(ROOM, "m.room.message", SAID, NOW) is not None
        raise RuntimeError("the disk is full")

    with pytest.raises(RuntimeError, match="disk"):
        bot.do(stops)
    again = [bot.seal(ROOM, f"${n}") for n in (2, 3)]
    bot.restart()
    again.append(bot.seal(ROOM, "$4"))
    texts = [section(e, "content")["ciphertext"] for e in (first, *again)]
    assert len(set(map(str, texts))) == 4
    anna.sync()
    anna.ask()
    for sealed in (first, *again):
        assert anna.read(ROOM, sealed)["content"] == SAID
    numbers = anna.machine.store.db.execute("SELECT number FROM read_once ORDER BY number")
    assert numbers.fetchall() == [(0,), (1,), (2,), (3,)]


async def together(worker: Worker, works: list[Callable[[Machine], object]]) -> list[object]:
    """Run all these in one commit: while the first call runs, the others gather."""
    calls = [worker.run(lambda m: None), *map(worker.run, works)]
    return (await asyncio.gather(*calls, return_exceptions=True))[1:]


async def test_one_failing_call_does_not_disturb_the_others(tmp_path: Path) -> None:
    """Calls that share a commit fail alone, and nothing of those that failed is kept."""
    server = Homeserver()
    bot = Client(server, tmp_path, BOT, "B")
    worker = Worker(lambda: bot.machine)

    def fails(machine: Machine) -> None:
        machine.store.set("lost", "1")
        machine.device.account.generate_one_time_keys(5)
        raise ValueError("no")

    def panics(machine: Machine) -> None:
        machine.store.set("lost", "1")
        machine.device.account.generate_one_time_keys(5)
        raise SystemExit("the library below gave up")

    def counts(machine: Machine) -> int:
        return len(machine.device.account.one_time_keys)

    def adds(name: str) -> Callable[[Machine], str]:
        def work(machine: Machine) -> str:
            machine.store.set(name, "kept")
            return name

        return work

    works: list[Callable[[Machine], object]] = [adds("first"), fails, counts, panics, counts]
    results = await together(worker, [*works, adds("last")])
    assert [results[0], results[2], results[4], results[5]] == ["first", 0, 0, "last"]
    assert isinstance(results[1], ValueError)
    assert isinstance(results[3], RuntimeError)
    facts = await worker.run(lambda m: [m.store.get(n) for n in ("first", "lost", "last")])
    assert facts == ["kept", None, "kept"]
    worker.close()


async def test_a_cancelled_caller_disturbs_nobody(tmp_path: Path) -> None:
    """Whoever stops waiting leaves the call itself whole, and the next one is served."""
    bot = Client(Homeserver(), tmp_path, BOT, "B")
    worker = Worker(lambda: bot.machine)
    calls = [
        asyncio.create_task(worker.run(lambda m, n=n: m.store.set(f"call {n}", "done")))  # type: ignore[misc]
        for n in range(70)  # more than one commit takes
    ]
    await asyncio.sleep(0)
    calls[3].cancel()
    calls[66].cancel()
    results = await asyncio.gather(*calls, return_exceptions=True)
    cancelled = [n for n, r in enumerate(results) if isinstance(r, asyncio.CancelledError)]
    assert cancelled == [3, 66]
    facts = await worker.run(lambda m: {m.store.get(f"call {n}") for n in range(70)})
    assert facts == {"done"}
    worker.close()


async def test_nothing_is_handed_out_when_the_commit_fails(tmp_path: Path) -> None:
    """A sealed message whose number could not be stored is given to nobody, and work goes on."""
    bot = Client(Homeserver(), tmp_path, BOT, "B")
    bot.enter(ROOM, [BOT])
    bot.ask()
    worker = Worker(lambda: bot.machine)

    def undo_all(machine: Machine) -> None:
        machine.store.db.execute("ROLLBACK")  # as SQLite itself does when the disk is full

    sealing = [lambda m: m.seal(ROOM, "m.room.message", SAID, NOW), undo_all]
    results = await together(worker, sealing)
    assert [type(result) for result in results] == [OperationalError] * 2
    assert await worker.run(lambda m: m.seal(ROOM, "m.room.message", SAID, NOW)) is not None
    worker.close()


def test_unsigned_devices_are_believed_only_where_the_policy_says_so(tmp_path: Path) -> None:
    """The same message is refused or read, by the policy alone."""
    server = Homeserver()
    anna = Client(server, tmp_path, ANNA, "A", signed=False)
    readers = [
        Client(server, tmp_path, BOT, f"B{n}", policy=Policy(unsigned_devices=n == 1))
        for n in range(2)
    ]
    meeting(anna, *readers)
    sealed = anna.seal(ROOM, "$1")
    for reader in readers:
        reader.sync()
        reader.ask()
    assert readers[1].read(ROOM, sealed)["content"] == SAID
    with pytest.raises(UnsignedDevice):
        readers[0].read(ROOM, sealed)


@pytest.mark.parametrize("kind", ["m.room.redaction", "m.room.encrypted"])
def test_what_is_never_encrypted_is_not_believed_from_inside(
    pair: tuple[Client, Client], kind: str
) -> None:
    """The homeserver checks who may delete; a deletion that it can't see is none."""
    bot, anna = pair
    bot.seal(ROOM, "$0")
    anna.seal(ROOM, "$1")
    sealed = anna.do(lambda m: m.seal(ROOM, kind, {"redacts": "$0"}, NOW))
    assert sealed is not None
    bot.sync()
    bot.ask()
    with pytest.raises(Unreadable):
        bot.read(ROOM, event(ANNA, "$2", sealed))


def test_an_encrypted_state_event_is_not_believed(pair: tuple[Client, Client]) -> None:
    """State is never encrypted: its key would stand outside, where anybody may have put it."""
    bot, anna = pair
    sealed = anna.seal(ROOM, "$1")
    bot.sync()
    bot.ask()
    with pytest.raises(Unreadable):
        bot.read(ROOM, {**sealed, "state_key": ""})
    assert bot.read(ROOM, sealed)["content"] == SAID

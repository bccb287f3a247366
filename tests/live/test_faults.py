"""A short run of `make faults`, with fewer units; its judge; the proxy that disturbs the line."""

from __future__ import annotations

import asyncio
import os
import uuid
from typing import TYPE_CHECKING

import aiohttp
import pytest

from tests.live.client import MatrixUser
from tests.live.connection import API, MatrixError, path_of
from tests.live.crash_check import Verdict
from tests.live.crash_people import Ledger, Member, manner_of
from tests.live.encrypted_bot import LateKeys
from tests.live.faults import disturb
from tests.live.faults_check import look_for_leaks
from tests.live.homeserver import Homeserver
from tests.live.matrix_bot import person
from tests.live.olm import HAS_OLM, needs_olm, quiet_olm
from tests.live.proxy import Answer, Cut, Forward, Proxy, Request
from tests.live.timeline import Event

if TYPE_CHECKING or HAS_OLM:
    from tests.live.faults_people import arrive

pytestmark = quiet_olm


async def test_a_bad_line_loses_and_doubles_nothing() -> None:
    """Fifteen faults in a month: every answer is there, every message can be read exactly once."""
    outcome = await disturb(15, units=3, manner=manner_of(plain=not HAS_OLM))
    found = outcome.verdict
    assert outcome.line == "faults=15 lost=0 doubled=0", [*found.lost, *found.doubled]
    assert not found.faults


@needs_olm
async def test_what_a_reader_cannot_open_is_found(homeserver: Homeserver) -> None:
    """No key, a late key, a message sent again, in clear, a file in clear: each of them counts."""
    name, late = f"kim-{uuid.uuid4().hex[:8]}", LateKeys()
    async with (
        Proxy(homeserver.base_url, late) as proxy,
        await arrive(homeserver, name) as kim,
        await arrive(homeserver, f"not-{name}", address=proxy.url) as bot,
    ):
        room = await kim.create_room("Samordning", [bot.user_id])
        await bot.wait_for(lambda e: joined(e, bot.user_id) and e["room_id"] == room)
        await kim.wait_for(lambda e: joined(e, bot.user_id))
        late.holds = True
        tardy = await bot.send(room, "Nyckeln dröjer")
        await kim.device.wait_until(lambda: kim.device.failures or None)
        await late.let_go()
        fine = await bot.send(room, "Hej")
        shown = await kim.wait_for(lambda e: e["event_id"] == fine)
        assert shown["content"]["body"] == "Hej"
        wire = await kim.call("GET", path_of("rooms", room, "event", fine))
        unknown = wire["content"] | {"session_id": "nobody has it"}
        lost = await bot.send_raw(room, "m.room.encrypted", unknown)
        again = await bot.send_raw(room, "m.room.encrypted", wire["content"])
        clear = await bot.send_raw(room, "m.room.message", {"msgtype": "m.text", "body": "Öppet"})
        file = await bot.send_file(room, "öppen.txt", b"text")
        verdict = Verdict()
        kim_reads = Member(user=kim, ledger=Ledger(), bot=bot.user_id)
        assert await look_for_leaks([kim_reads], verdict) == 4
    assert [text.split(" in ")[0] for text in verdict.lost] == [
        f"{name} can't read {event}" for event in (lost, again)
    ]
    said_late, *in_clear = verdict.faults
    assert tardy in said_late
    assert [text.split(" in ")[0] for text in in_clear] == [clear, file]


def joined(event: Event, user_id: str) -> bool:
    """Tell whether an event lets somebody in."""
    return event.get("state_key") == user_id and event["content"].get("membership") == "join"


async def test_the_proxy_carries_everything_unchanged(homeserver: Homeserver) -> None:
    """Quoted paths, a refusal, a long poll and 300 kB of any bytes come through as they are."""
    content = os.urandom(300_000)
    async with (
        await person(homeserver, "anna") as anna,
        Proxy(homeserver.base_url) as proxy,
        MatrixUser(proxy.url, user_id=anna.user_id, access_token=anna.access_token) as near,
    ):
        room = await near.create_room("Å / %2F ?", [])
        await near.sync_once()
        poll = asyncio.create_task(near.sync_once(timeout_ms=10_000))
        await asyncio.sleep(0.3)
        assert not poll.done()
        event = await anna.send(room, "Hej")
        assert [e["event_id"] for e in await poll] == [event]
        event = await near.send_file(room, "å.bin", content)
        shown = await anna.wait_for(lambda e: e["event_id"] == event)
        assert shown["content"]["filename"] == "å.bin"
        assert await near.download(shown["content"]["url"]) == content
        with pytest.raises(MatrixError) as refused:
            await near.join("#nowhere/at all:bra.test")
        assert (refused.value.status, refused.value.errcode) == (404, "M_NOT_FOUND")


async def test_a_hook_changes_answers_and_cuts_the_line(homeserver: Homeserver) -> None:
    """An answer is made up, changed, cut short or never given; a shut proxy is not there."""

    async def hook(request: Request, forward: Forward) -> Answer:
        if request.path.endswith("/whoami"):
            return Answer.of_json(429, {"errcode": "M_LIMIT_EXCEEDED", "retry_after_ms": 7})
        if request.path.endswith("/joined_rooms"):
            raise Cut
        answer = await forward(request)
        if request.path.endswith("/createRoom"):
            raise Cut(answer, sent=3)
        if request.path.endswith("/sync"):
            return answer.with_json(answer.json() | {"next_batch": request.parameter("timeout")})
        return answer

    async with (
        await person(homeserver, "anna") as anna,
        Proxy(homeserver.base_url, hook) as proxy,
        MatrixUser(proxy.url, user_id=anna.user_id, access_token=anna.access_token) as near,
    ):
        with pytest.raises(MatrixError) as limited:
            await near.call("GET", f"{API}/account/whoami")
        assert (limited.value.status, limited.value.retry_after_ms) == (429, 7)
        with pytest.raises(aiohttp.ClientOSError):
            await near.call("GET", f"{API}/joined_rooms")
        with pytest.raises((aiohttp.ClientPayloadError, aiohttp.ClientOSError)):
            await near.create_room("Half heard")
        assert len((await anna.call("GET", f"{API}/joined_rooms"))["joined_rooms"]) == 1
        sync = await near.call("GET", f"{API}/sync", query={"timeout": "5"})
        assert sync["next_batch"] == "5"
        async with proxy.refusing():
            with pytest.raises(aiohttp.ClientConnectorError):
                await near.call("GET", f"{API}/joined_rooms")
        assert await near.call("GET", f"{API}/sync", query={"timeout": "5"})

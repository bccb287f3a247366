"""A short run of `make faults`, with fewer units; and the proxy that disturbs the line."""

import asyncio
import os

import aiohttp
import pytest

from tests.live.client import MatrixUser
from tests.live.connection import API, MatrixError
from tests.live.faults import disturb
from tests.live.homeserver import Homeserver
from tests.live.matrix_bot import person
from tests.live.proxy import Answer, Cut, Forward, Proxy, Request

pytestmark = pytest.mark.asyncio


async def test_a_bad_line_loses_and_doubles_nothing() -> None:
    """Forty faults in a month: every answer is there, every message stands exactly once."""
    outcome = await disturb(20, units=6)
    found = outcome.verdict
    assert outcome.line == "faults=20 lost=0 doubled=0", [*found.lost, *found.doubled]
    assert not found.faults


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

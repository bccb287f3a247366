"""The homeserver and the clients that other tests rely on, checked by themselves."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import pytest
import pytest_asyncio

from tests.live.client import MatrixError, MatrixUser, body_of, current_text
from tests.live.homeserver import Homeserver, HomeserverError

PASSWORD = "correct horse"


class Talk(NamedTuple):
    """Two people in one room."""

    anna: MatrixUser
    bo: MatrixUser
    room: str


async def person(homeserver: Homeserver, name: str) -> MatrixUser:
    """Register somebody whose name nobody else has, and let them in."""
    account = await homeserver.register(f"{name}-{uuid.uuid4().hex[:8]}", PASSWORD)
    return MatrixUser(
        homeserver.base_url, user_id=account.user_id, access_token=account.access_token
    )


async def send_burst(user: MatrixUser, room: str, count: int) -> None:
    """Send numbered messages one after the other."""
    for number in range(count):
        await user.send(room, str(number))


@pytest_asyncio.fixture
async def talk(homeserver: Homeserver) -> AsyncIterator[Talk]:
    """Let Anna invite Bo, who listens and joins by himself."""
    async with await person(homeserver, "anna") as anna, await person(homeserver, "bo") as bo:
        bo.listen(auto_join=True)
        room = await anna.create_room("Samråd", [bo.user_id])
        await anna.wait_for(
            lambda e: e.get("state_key") == bo.user_id and e["content"]["membership"] == "join"
        )
        yield Talk(anna, bo, room)


@pytest.mark.asyncio
async def test_two_people_read_each_other(talk: Talk) -> None:
    """What one sends the other receives, in both directions."""
    sent = await talk.anna.send(talk.room, "Hej Bo, läget?")
    received = await talk.bo.wait_for(lambda e: e.get("event_id") == sent)
    assert body_of(received) == "Hej Bo, läget?"
    assert received["sender"] == talk.anna.user_id

    answer = await talk.bo.send(talk.room, "Lugnt", reply_to=sent)
    reply = await talk.anna.wait_for(lambda e: e.get("event_id") == answer)
    assert reply["content"]["m.relates_to"]["m.in_reply_to"]["event_id"] == sent


@pytest.mark.asyncio
async def test_reader_sees_edits_and_not_what_was_redacted(talk: Talk) -> None:
    """The folded history shows each message once with its latest text, in order."""
    anna, bo, room = talk
    first = await anna.send(room, "3 händelser")
    second = await bo.send(room, "Noterat", thread=first)
    await anna.edit(room, first, "4 händelser")
    await anna.edit(room, first, "5 händelser")
    undone = await anna.edit(room, first, "50 händelser")
    gone = await anna.send(room, "Fel rum")
    await anna.redact(room, undone)
    await anna.redact(room, gone)
    await bo.edit(room, first, "0 händelser")

    history = await bo.messages(room)
    shown = current_text(history)
    assert [(s.event_id, s.sender, s.body, s.thread, s.edited) for s in shown] == [
        (first, anna.user_id, "5 händelser", None, True),
        (second, bo.user_id, "Noterat", first, False),
    ]
    original = next(event for event in history if event.get("event_id") == first)
    assert body_of(original) == "5 händelser"

    last = (await anna.messages(room))[-1]["event_id"]
    await bo.wait_for(lambda e: e.get("event_id") == last)
    live = [event for event in bo.seen if "event_id" in event]
    assert current_text(live) == shown, "what was received live folds to the same"


@pytest.mark.asyncio
async def test_reaction_arrives_and_can_be_taken_back(talk: Talk) -> None:
    """A reaction reaches the other, and a redacted one is empty in the history."""
    sent = await talk.anna.send(talk.room, "Godkänn?")
    reaction = await talk.bo.react(talk.room, sent, "✅")
    event = await talk.anna.wait_for(lambda e: e.get("event_id") == reaction)
    assert event["content"]["m.relates_to"]["key"] == "✅"

    await talk.bo.redact(talk.room, reaction)
    history = {e["event_id"]: e for e in await talk.anna.messages(talk.room)}
    assert history[reaction]["content"] == {}


@pytest.mark.asyncio
async def test_file_round_trip(talk: Talk) -> None:
    """A file comes back byte for byte at the other's."""
    data = os.urandom(70_000)
    sent = await talk.anna.send_file(talk.room, "lägesbild.pdf", data)
    await talk.bo.wait_for(lambda e: e.get("event_id") == sent)
    shown = current_text(await talk.bo.messages(talk.room))[-1]
    assert (shown.body, shown.msgtype) == ("lägesbild.pdf", "m.file")
    assert shown.url is not None
    assert await talk.bo.download(shown.url) == data


@pytest.mark.asyncio
async def test_nothing_is_lost_in_a_long_pause(talk: Talk) -> None:
    """More messages than one sync carries all arrive, once each and in order."""
    await talk.anna.sync_once()
    await send_burst(talk.bo, talk.room, 105)
    fresh = await talk.anna.sync_once()
    assert [body_of(e) for e in fresh if e["type"] == "m.room.message"] == [
        str(number) for number in range(105)
    ]
    assert [s.body for s in current_text(await talk.anna.messages(talk.room))] == [
        str(number) for number in range(105)
    ]


@pytest.mark.asyncio
async def test_power_levels_and_leaving(talk: Talk) -> None:
    """A room can be made read-only for its members, and somebody who left is out."""
    await talk.anna.set_power_levels(talk.room, {"events_default": 50})
    with pytest.raises(MatrixError) as refused:
        await talk.bo.send(talk.room, "Får jag?")
    assert (refused.value.status, refused.value.errcode) == (403, "M_FORBIDDEN")

    await talk.bo.leave(talk.room)
    state = await talk.anna.state(talk.room)
    members = {
        event["state_key"]: event["content"]["membership"]
        for event in state
        if event["type"] == "m.room.member"
    }
    assert members == {talk.anna.user_id: "join", talk.bo.user_id: "leave"}


@pytest.mark.asyncio
async def test_waiting_in_vain_tells_what_came_instead(talk: Talk) -> None:
    """The error of a wait names the messages that did arrive."""
    sent = await talk.anna.send(talk.room, "något annat")
    await talk.bo.wait_for(lambda e: e.get("event_id") == sent)
    with pytest.raises(AssertionError, match="något annat"):
        await talk.bo.wait_for(lambda e: body_of(e) == "det väntade", within=0.2)


@pytest.mark.asyncio
async def test_a_listener_that_is_shut_out_says_so(homeserver: Homeserver) -> None:
    """A revoked token ends the listening, and whoever waits hears why."""
    user = await person(homeserver, "cia")
    user.listen()
    await user.call("POST", "/_matrix/client/v3/logout", {})
    with pytest.raises(MatrixError, match="M_UNKNOWN_TOKEN"):
        await user.wait_for(lambda _: False)
    with pytest.raises(MatrixError, match="M_UNKNOWN_TOKEN"):
        await user.close()


@pytest.mark.asyncio
async def test_login_with_password_and_display_name(homeserver: Homeserver) -> None:
    """A registered person logs in with the password, and carries the name they were given."""
    name = f"asa-{uuid.uuid4().hex[:8]}"
    account = await homeserver.register(name, PASSWORD, displayname="Åsa")
    async with await MatrixUser.login(homeserver.base_url, name, PASSWORD) as asa:
        assert asa.user_id == account.user_id
        assert asa.access_token != account.access_token
        profile = await asa.call("GET", f"/_matrix/client/v3/profile/{asa.user_id}")
        assert profile["displayname"] == "Åsa"
    with pytest.raises(HomeserverError, match="M_USER_IN_USE"):
        await homeserver.register(name, PASSWORD)


@pytest.mark.asyncio
async def test_restart_keeps_port_and_data(tmp_path: Path) -> None:
    """After a stop, a kill and a start, the same address still knows people and messages."""
    async with Homeserver(tmp_path / "home") as homeserver:
        assert (tmp_path / "home").stat().st_mode & 0o777 == 0o700
        url, pid = homeserver.base_url, homeserver.pid
        async with await person(homeserver, "dan") as dan:
            dan.listen()
            room = await dan.create_room("Dagbok")
            before = await dan.send(room, "före")
            await homeserver.restart()
            assert (homeserver.base_url, homeserver.pid != pid) == (url, True)
            between = await dan.send(room, "mellan")
            await homeserver.kill()
            assert homeserver.pid is None
            await homeserver.start()
            after = await dan.send(room, "efter")
            await dan.wait_for(lambda e: e.get("event_id") == after)
            shown = [s.event_id for s in current_text(await dan.messages(room))]
            assert shown == [before, between, after]
            received = [s.event_id for s in current_text(dan.seen)]
            assert received == shown, "the listener outlived the restarts"
    assert (tmp_path / "home" / "homeserver.db").exists()


@pytest.mark.asyncio
async def test_default_limits_refuse_a_burst() -> None:
    """With its own limits the homeserver answers 429 to the eleventh message, and says how long."""
    async with Homeserver(default_limits=True) as homeserver:
        folder = homeserver.folder
        async with await person(homeserver, "eva") as eva:
            room = await eva.create_room("Brådska")
            with pytest.raises(MatrixError) as refused:
                await send_burst(eva, room, 30)
            assert (refused.value.status, refused.value.errcode) == (429, "M_LIMIT_EXCEEDED")
            assert 0 < (refused.value.retry_after_ms or 0) < 10_000
    assert not folder.exists()


@pytest.mark.asyncio
async def test_failed_start_shows_the_log(tmp_path: Path) -> None:
    """A homeserver that cannot start says why, and leaves no process behind."""
    homeserver = Homeserver(tmp_path)
    (tmp_path / "signing.key").write_text("not a key\n", encoding="ascii")
    with pytest.raises(HomeserverError, match="signing"):
        await homeserver.start()
    assert homeserver.pid is None


@pytest.mark.asyncio
async def test_servers_die_with_a_killed_test(tmp_path: Path) -> None:
    """When whoever started the servers is killed, they end too (Linux)."""
    program = textwrap.dedent("""
        import asyncio, os, pathlib, signal
        from tests.live.homeserver import Homeserver
        from tests.live.postgres import Postgres

        async def main():
            homeserver, postgres = Homeserver(pathlib.Path("home")), Postgres()
            postgres.start()
            await homeserver.start()
            print(homeserver.pid, postgres.pid, postgres.folder, flush=True)
            os.kill(os.getpid(), signal.SIGKILL)

        asyncio.run(main())
    """)
    root = str(Path(__file__).parents[2])
    killed = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": root},
        stdout=subprocess.PIPE,
        timeout=60,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    homeserver, postgres, folder = killed.stdout.decode().split()
    running = {homeserver, postgres}
    for _ in range(200):
        running = {pid for pid in running if _is_running(pid)}
        if not running:
            break
        await asyncio.sleep(0.05)
    assert not running, "these processes outlived their test"
    shutil.rmtree(folder)  # files are all that a killed test leaves


def _is_running(pid: str) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    except FileNotFoundError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"

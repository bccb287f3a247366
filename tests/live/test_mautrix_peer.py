"""The independent encrypting client that other tests rely on, checked by itself."""

from __future__ import annotations

import uuid
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import pytest

from tests.live.homeserver import Homeserver
from tests.live.olm import HAS_OLM, needs_olm, quiet_olm

if TYPE_CHECKING or HAS_OLM:
    from tests.live.mautrix_peer import MautrixPeer, TrustState

pytestmark = [needs_olm, quiet_olm]

PASSWORD = "correct horse"


async def account(homeserver: Homeserver, name: str) -> str:
    """Register somebody whose name nobody else has; return the name."""
    localpart = f"{name}-{uuid.uuid4().hex[:8]}"
    await homeserver.register(localpart, PASSWORD)
    return localpart


async def person(homeserver: Homeserver, name: str) -> MautrixPeer:
    """Register somebody and let them in on a cross-signed device."""
    localpart = await account(homeserver, name)
    return await MautrixPeer.login(homeserver.base_url, localpart, PASSWORD)


@pytest.mark.asyncio
async def test_two_people_talk_encrypted(homeserver: Homeserver) -> None:
    """Each reads the other's messages, replies, edits, reactions and removals; both are signed."""
    async with await person(homeserver, "anna") as anna, await person(homeserver, "bo") as bo:
        room = await anna.create_room([bo.user_id])
        early = await anna.send(room, "Innan du kom")
        await bo.join(room)
        await anna.wait_for_member(room, bo.user_id)
        read = await bo.wait_for("Innan du kom")
        assert (read.event_id, read.sender, read.room) == (early, anna.user_id, room)
        assert read.trust == TrustState.CROSS_SIGNED_TOFU

        answer = await bo.send(room, "Lugnt här", reply_to=early)
        reply = await anna.wait_for("Lugnt", room=room, sender=bo.user_id)
        assert (reply.event_id, reply.reply_to) == (answer, early)
        assert reply.trust == TrustState.CROSS_SIGNED_TOFU

        change = await bo.edit(room, answer, "Oroligt här")
        edit = await anna.wait_for("Oroligt")
        assert (edit.event_id, edit.replaces, edit.body) == (change, answer, "Oroligt här")

        await anna.react(room, answer, "👍")
        reaction = await bo.wait_for(lambda one: one.target == answer)
        assert (reaction.body, reaction.encrypted) == ("👍", False)
        await bo.redact(room, change)
        removal = await anna.wait_for(lambda one: one.target == change)
        assert removal.kind == "m.room.redaction"

        assert (anna.failures, bo.failures) == ([], [])


@pytest.mark.asyncio
async def test_an_attachment_arrives_as_it_was(homeserver: Homeserver) -> None:
    """The homeserver stores other bytes than those that one sends and the other gets."""
    data = bytes(range(256)) * 40
    async with await person(homeserver, "anna") as anna, await person(homeserver, "bo") as bo:
        room = await anna.create_room([bo.user_id])
        await bo.join(room)
        await anna.send_file(room, "läge.pdf", data, content_type="application/pdf")
        message = await bo.wait_for("läge.pdf")
        assert (message.msgtype, message.url) == ("m.file", None)
        assert await bo.download(message) == data
        assert await bo._client.download_media(message.file.url) != data


@pytest.mark.asyncio
async def test_an_unsigned_device_is_shut_out(homeserver: Homeserver) -> None:
    """A device that its owner has not signed gets no room keys, and what it sends is not shown."""
    cleo_name = await account(homeserver, "cleo")
    async with AsyncExitStack() as doors:
        anna = await doors.enter_async_context(await person(homeserver, "anna"))
        cleo = await doors.enter_async_context(
            await MautrixPeer.login(homeserver.base_url, cleo_name, PASSWORD, cross_sign=False)
        )
        room = await anna.create_room([cleo.user_id])
        await cleo.join(room)
        assert await anna.trust_of(cleo.user_id) == {cleo.device_id: TrustState.UNVERIFIED}

        hidden = await anna.send(room, "Bara för signerade")
        refusal = await cleo.wait_until(lambda: next(iter(cleo.failures), None))
        assert refusal.event_id == hidden
        await cleo.wait_until(lambda: "m.unverified" in cleo.failures[0].reason or None)

        doubtful = await cleo.send(room, "Är det jag?")
        shown = await anna.wait_until(lambda: next(iter(anna.failures), None))
        assert (shown.event_id, shown.reason) == (doubtful, "the sending device is unverified")


@pytest.mark.asyncio
async def test_a_second_device_is_signed_with_the_recovery_key(homeserver: Homeserver) -> None:
    """Somebody's second device is trusted at once, gets new messages, and can be logged out."""
    name = await account(homeserver, "bo")
    async with AsyncExitStack() as doors:
        anna = await doors.enter_async_context(await person(homeserver, "anna"))
        first = await doors.enter_async_context(
            await MautrixPeer.login(homeserver.base_url, name, PASSWORD)
        )
        room = await anna.create_room([first.user_id])
        await first.join(room)
        await anna.send(room, "Till den ena")
        await first.wait_for("Till den ena")

        second = await doors.enter_async_context(
            await MautrixPeer.login(
                homeserver.base_url, name, PASSWORD, recovery_key=first.recovery_key
            )
        )
        trusted = TrustState.CROSS_SIGNED_TOFU
        assert await anna.trust_of(first.user_id) == {
            first.device_id: trusted,
            second.device_id: trusted,
        }
        await anna.send(room, "Till båda")
        assert (await second.wait_for("Till båda")).trust == trusted
        await first.wait_for("Till båda")
        await second.logout()
        assert list(await anna.trust_of(first.user_id)) == [first.device_id]

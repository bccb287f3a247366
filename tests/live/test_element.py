"""The strictest independent client that other tests rely on, checked by itself."""

import asyncio
import uuid
from contextlib import AsyncExitStack

import pytest

from tests.live.element import PASSWORD, Element, ElementError, Identity, Message
from tests.live.homeserver import Homeserver


async def both(homeserver: Homeserver, doors: AsyncExitStack) -> tuple[Element, Element]:
    """Register two people, each on a cross-signed device, and let them in."""
    anna, bo = await asyncio.gather(
        Element.register(homeserver, "anna"), Element.register(homeserver, "bo")
    )
    return await doors.enter_async_context(anna), await doors.enter_async_context(bo)


def clean(message: Message) -> bool:
    """Tell whether a message came encrypted and is shown without any warning."""
    return (message.encrypted, message.failure, message.shield) == (True, None, "none")


@pytest.mark.asyncio
async def test_two_people_talk_encrypted(homeserver: Homeserver) -> None:
    """Each reads the other's messages, edits, reactions, removals and files without a shield."""
    data = bytes(range(256)) * 40
    async with AsyncExitStack() as doors:
        anna, bo = await both(homeserver, doors)
        assert "Vodozemac" in anna.version
        room = await anna.create_room(
            [bo.user_id], is_direct=True, power_levels={"events_default": 0}
        )
        invitation = await bo.wait_for_invitation(sender=anna.user_id)
        assert (invitation.room, invitation.is_direct) == (room, True)
        await anna.wait_for_member(room, bo.user_id)
        first = await anna.send(room, "Hur är läget?")
        read = await bo.wait_for("läget", room=room, sender=anna.user_id)
        assert (read.event_id, clean(read)) == (first, True)

        answer = await bo.send(room, "Lugnt här", reply_to=first)
        reply = await anna.wait_for("Lugnt")
        assert (reply.event_id, reply.reply_to, clean(reply)) == (answer, first, True)
        await bo.send(room, "I en tråd", thread=first)
        assert (await anna.wait_for("tråd")).thread == first
        change = await bo.edit(room, answer, "Oroligt här")
        edited = await anna.wait_for(lambda one: one.replaced_by == change)
        assert (edited.event_id, edited.body, clean(edited)) == (answer, "Oroligt här", True)

        await anna.react(room, answer, "👍")
        reaction = await bo.wait_for(lambda one: one.target == answer)
        assert (reaction.body, reaction.encrypted) == ("👍", False)
        await bo.redact(room, answer)
        await anna.wait_for(lambda one: one.redacted and one.event_id == answer)

        await anna.new_session(room)
        await anna.send_file(room, "läge.pdf", data, content_type="application/pdf")
        file = await bo.wait_for("läge.pdf")
        assert (file.msgtype, clean(file)) == ("m.file", True)
        assert file.session != read.session
        assert await bo.download(file) == data

        assert (anna.failures, bo.failures) == ([], [])
        await bo.leave(room)
        await anna.wait_for_member(room, bo.user_id, membership="leave")
        await bo.logout()


@pytest.mark.asyncio
async def test_an_unsigned_device_is_shut_out(homeserver: Homeserver) -> None:
    """A device that its owner has not signed gets no room keys, and what it sends is not shown."""
    async with AsyncExitStack() as doors:
        anna = await doors.enter_async_context(await Element.register(homeserver, "anna"))
        cleo = await doors.enter_async_context(
            await Element.register(homeserver, "cleo", cross_sign=False, strict=False)
        )
        room = await anna.create_room([cleo.user_id])
        await anna.wait_for_member(room, cleo.user_id)
        assert not (await anna.devices(cleo.user_id))[cleo.device_id].signed_by_owner
        assert not (await anna.identity(cleo.user_id)).exists

        hidden = await anna.send(room, "Bara för signerade")
        refusal = await cleo.wait_unreadable()
        assert refusal.event_id == hidden
        withheld = "MEGOLM_KEY_WITHHELD_FOR_UNVERIFIED_DEVICE"
        await cleo.wait_for(lambda one: one.failure == withheld)

        doubtful = await cleo.send(room, "Är det jag?")
        shown = await anna.wait_unreadable()
        assert (shown.event_id, shown.failure) == (doubtful, "UNSIGNED_SENDER_DEVICE")
        assert shown.body == ""


@pytest.mark.asyncio
async def test_a_recovery_key_opens_a_second_device(homeserver: Homeserver) -> None:
    """It signs the device and restores the backup; a wrong one, or a new identity, is noticed."""
    name = f"bo-{uuid.uuid4().hex[:8]}"
    await homeserver.register(name, PASSWORD)
    async with AsyncExitStack() as doors:
        anna = await doors.enter_async_context(await Element.register(homeserver, "anna"))
        first = await doors.enter_async_context(
            await Element.login(homeserver.base_url, name, PASSWORD)
        )
        recovery_key = await first.create_recovery()
        room = await anna.create_room([first.user_id])
        await first.join(room)
        await anna.wait_for_member(room, first.user_id)
        early = await anna.send(room, "Till den ena")
        await first.wait_for("Till den ena")
        await first.wait_for_backup(1)

        second = await doors.enter_async_context(
            await Element.login(homeserver.base_url, name, PASSWORD, cross_sign=False)
        )
        with pytest.raises(ElementError, match="open_recovery"):
            await second.open_recovery(recovery_key[:-1])
        opened = await second.open_recovery(recovery_key)
        assert opened.cross_signed
        assert opened.ready
        assert opened.backup
        assert opened.backup.trusted
        assert opened.backup.enabled
        late = await second.wait_for("Till den ena")
        assert (late.event_id, late.failure) == (early, None)
        assert late.shield_reason == "AUTHENTICITY_NOT_GUARANTEED"  # it came out of the backup

        devices = await anna.devices(first.user_id)
        assert all(devices[one.device_id].signed_by_owner for one in (first, second))
        await anna.send(room, "Till båda")
        assert clean(await second.wait_for("Till båda"))

        await second.replace_identity()
        await anna.wait_until(lambda: first.user_id in anna.changed or None)
        changed = Identity(exists=True, known=True, needs_approval=True)
        assert await anna.identity(first.user_id) == changed
        await anna.approve(first.user_id)
        assert not (await anna.identity(first.user_id)).needs_approval

"""The whole bot with everything encrypted: a month as two people live it."""

from __future__ import annotations

import io
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import pypdf

from tests.live.encrypted_bot import known_to
from tests.live.encrypted_month import running, settle
from tests.live.homeserver import Homeserver
from tests.live.matrix_bot import PASSWORD
from tests.live.olm import HAS_OLM, needs_olm, quiet_olm

if TYPE_CHECKING or HAS_OLM:
    from tests.live.mautrix_peer import MautrixPeer, Received

pytestmark = [needs_olm, quiet_olm]


async def pdfs_in(peer: MautrixPeer, room: str) -> set[bytes]:
    """Fetch and decrypt the PDFs that stand in a room; wait for one at least."""

    def is_pdf(one: Received) -> bool:
        return one.room == room and one.file is not None and one.body.endswith(".pdf")

    await peer.wait_for(is_pdf, within=30)
    return {await peer.download(one) for one in peer.seen if is_pdf(one)}


async def test_a_month_goes_by_encrypted(homeserver: Homeserver, tmp_path: Path) -> None:
    """Asked, answered, compiled, previewed and published: people read all, the homeserver none."""
    bot = await homeserver.register(f"lagesbot-{uuid.uuid4().hex[:8]}", PASSWORD)
    async with (
        await MautrixPeer.register(homeserver, "kim") as kim,
        await MautrixPeer.register(homeserver, "ria") as ria,
    ):
        forums = [
            await kim.create_room([bot.user_id], name=name) for name in ("Kontor", "BRÅ", "SAMSA")
        ]
        office, bra, samsa = forums
        settings = settle(bot, homeserver, tmp_path, forums, kim.user_id, ria.user_id)
        word = f"lugn{uuid.uuid4().hex}"
        others = known_to(homeserver, b"%PDF-")  # from tests of rooms that are not encrypted
        async with running(settings, "2026-11-02 08:59:57"):
            await kim.wait_for("oktober 2026", room=office, within=30)
            asked = await ria.wait_for("Fråga 1 av 8", within=30)
            assert asked.encrypted
            direct = asked.room
            await ria.send(direct, "1")
            await ria.wait_for("Fråga 2 av 8", room=direct)
        async with running(settings, "2026-11-02 09:20"):
            await ria.send(direct, "2")
            await ria.wait_for("Skicka nu", room=direct, within=20)
            await ria.send(direct, "skicka")
            await ria.wait_for("Tack", room=direct)
            await kim.send(office, f"!sammanfattning Det var {word}.")
            await kim.send(office, "!sammanställ")
            for name in ("BRÅ utgåva 1.pdf", "SAMSA utgåva 1.pdf"):
                await kim.wait_for(name, room=office, within=30)
            previewed = await pdfs_in(kim, office)
            await kim.send(office, "!publicera")
            for forum in (bra, samsa):
                report = await kim.wait_for(word, room=forum, within=30)
                assert report.encrypted
                assert report.sender == bot.user_id
                (published,) = await pdfs_in(kim, forum)
                assert published in previewed
                pages = pypdf.PdfReader(io.BytesIO(published)).pages
                assert "Exempelby kommun" in "".join(page.extract_text() for page in pages)
            await kim.wait_for("ligger nu i rummet för SAMSA", room=office)
        assert kim.failures == ria.failures == []
        assert all(one.encrypted for one in (*kim.seen, *ria.seen) if one.kind == "m.room.message")
        assert known_to(homeserver, word.encode()) == []
        assert known_to(homeserver, b"%PDF-") == others

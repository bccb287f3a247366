"""The proof: what stands in the rooms, read by members on new devices, is what was approved.

Three things must be the same: what the room holds, what the database froze, and what the preview
showed to the one who approved it.
"""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.domain.report import Audience
from bot.platforms.matrix.format import to_plain
from bot.ports import Artifact
from storage.editions import Edition
from storage.unit_of_work import UnitOfWork
from tests.demo.cast import PASSWORD
from tests.demo.stage import Stage
from tests.demo.story import Approved
from tests.live.client import MatrixUser, Shown, current_text

_READERS = {Audience.BRA: "ingrid", Audience.SAMSA: "rolf"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A message of the bot as its reader has it: words, and the bytes of a file."""

    shown: Shown
    name: str = ""
    content: bytes = b""

    @property
    def mark(self) -> str:
        """Tell messages with the same words or bytes from others."""
        return f"{self.name} {_sha256(self.content)}" if self.name else self.shown.body


async def verify(stage: Stage, approved: Sequence[Approved], output: Path) -> list[str]:
    """Compare, and write what was read to `output`; give what differs, in words."""
    rooms = {
        audience: await _read(stage, _READERS[audience], room)
        for audience, room in ((Audience.BRA, stage.bra), (Audience.SAMSA, stage.samsa))
    }
    office = await _read(stage, "helena", stage.office)
    wrong: list[str] = []
    for month in approved:
        editions, answers = await stage.runtime.database.transact(
            lambda uow, month=month: _frozen(uow, month.period)  # type: ignore[misc]
        )
        if answers != month.answers:
            wrong.append(f"{month.period}: {answers} units answered, not {month.answers}")
        if [edition.audience for edition, _ in editions] != list(Audience):
            wrong.append(f"{month.period}: not one published edition for each room")
        posted: list[Read] = []
        for edition, artifacts in editions:
            where = f"{month.period} {edition.audience}"
            found, differs = compare(rooms[edition.audience], edition, artifacts)
            wrong += [f"{where}: {line}" for line in differs]
            posted += found
            _write(output, found, artifacts)
        shown = [read for read in office if read.shown.thread == month.preview]
        if Counter(r.mark for r in shown) != Counter(r.mark for r in posted):
            wrong.append(f"{month.period}: the rooms do not hold what the preview showed")
    for audience, reads in rooms.items():
        reports = [r for r in reads if r.name or r.shown.thread or "Utgåva" in r.shown.body]
        if len(reports) != 4 * len(approved):
            wrong.append(f"{audience}: {len(reports)} messages, not {4 * len(approved)}")
    return wrong


def _frozen(uow: UnitOfWork, period: str) -> tuple[list[tuple[Edition, list[Artifact]]], int]:
    cycle = uow.cycles.by_key(period)
    if cycle is None:
        return [], 0
    editions = [
        (edition, [artifact for _, artifact in uow.editions.artifacts(edition.id)])
        for edition in uow.editions.published(cycle.id)
    ]
    return editions, sum(1 for s in uow.cycles.submissions(cycle.id) if s.state.is_answer)


async def _read(stage: Stage, localpart: str, room: str) -> list[Read]:
    """Read all of the bot's messages in a room, edits folded in, as a member on a new device."""
    reads = []
    async with await MatrixUser.login(stage.server.base_url, localpart, PASSWORD) as member:
        events = await member.messages(room)
        names = {e["event_id"]: str(e["content"].get("filename", "")) for e in events}
        for shown in current_text(events):
            if shown.sender != stage.transcript.bot:
                continue
            if shown.url is None:
                reads.append(Read(shown=shown))
            else:
                content = await member.download(shown.url)
                reads.append(Read(shown=shown, name=names[shown.event_id], content=content))
    return reads


def compare(
    reads: Sequence[Read], edition: Edition, artifacts: Sequence[Artifact]
) -> tuple[list[Read], list[str]]:
    """Find an edition's parts in its room, each exactly once."""
    found: list[Read] = []
    differs: list[str] = []
    parts = [("the text", to_plain(edition.text)), ("the details", to_plain(edition.details))]
    for what, text in parts:
        same = [r for r in reads if r.shown.body == text]
        found += same[:1]
        if len(same) != 1:
            differs.append(f"{what} of the approved edition stands there {len(same)} times")
    for artifact in artifacts:
        same = [r for r in reads if r.name == artifact.name]
        found += same[:1]
        digests = [_sha256(r.content) for r in same]
        if digests != [artifact.sha256]:
            differs.append(f"{artifact.name}: SHA-256 {digests}, approved {artifact.sha256}")
    if {a.media_type for a in artifacts} != {"application/pdf", "image/png"}:
        differs.append("not one PDF and one picture")
    if _digest(edition, artifacts) != edition.sha256:
        differs.append("the frozen edition does not fit its own SHA-256")
    return found, differs


def _digest(edition: Edition, artifacts: Sequence[Artifact]) -> str:
    digest = hashlib.sha256("\0".join([edition.text, edition.details]).encode())
    for artifact in artifacts:
        digest.update(artifact.sha256.encode())
    return digest.hexdigest()


def _write(output: Path, found: Sequence[Read], artifacts: Sequence[Artifact]) -> None:
    """Write the edition as it was read back: words, document and picture under one name."""
    stem = Path(artifacts[0].name).stem if artifacts else "Lägesbild"
    words = [read.shown.body for read in found if not read.name]
    (output / f"{stem}.md").write_text("\n\n---\n\n".join(words) + "\n", encoding="utf-8")
    for read in found:
        if read.name:
            (output / Path(read.name).name).write_bytes(read.content)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()

"""The proof: what stands in the rooms, read by members on new devices, is what was approved.

Three things must be the same: what the room holds, what the database froze, and what the preview
showed to the one who approved it. The meeting's papers, letters and calendar entries are looked at
in verify_meeting.py.
"""

import hashlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from bot.domain.report import Audience
from bot.handouts import Artifact
from bot.markdown import to_plain
from storage.editions import Edition
from storage.unit_of_work import UnitOfWork
from tests.demo.council import CALL
from tests.demo.reading import Read, beside, read, sha256
from tests.demo.stage import Stage
from tests.demo.story import Played
from tests.demo.verify_meeting import verify_meeting

_REPORT = "Lägesbild "
_READERS = {Audience.BRA: "ingrid", Audience.SAMSA: "rolf"}


async def verify(stage: Stage, played: Played, output: Path) -> list[str]:
    """Compare, and write what was read to `output`; give what differs, in words."""
    rooms = {
        audience: await read(stage, _READERS[audience], room)
        for audience, room in ((Audience.BRA, stage.bra), (Audience.SAMSA, stage.samsa))
    }
    office = await read(stage, "helena", stage.office)
    wrong = await verify_meeting(stage, played.held, rooms[Audience.BRA], office, output)
    for audience, room in ((Audience.BRA, stage.bra), (Audience.SAMSA, stage.samsa)):
        files = Counter(r.mark for r in rooms[audience] if r.name)
        if files != Counter(stage.files_sent(room)):
            wrong.append(f"{audience}: the files there are not those sent, each once")
    called = [r.shown.event_id for r in beside(rooms[Audience.BRA], CALL)]
    rooms = {a: [r for r in reads if r.shown.event_id not in called] for a, reads in rooms.items()}
    for month in played.months:
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
        shown = [r for r in office if r.shown.thread == month.preview]
        if Counter(r.mark for r in shown) != Counter(r.mark for r in posted):
            wrong.append(f"{month.period}: the rooms do not hold what the preview showed")
    for audience, reads in rooms.items():
        roots = {r.shown.event_id for r in reads if "Utgåva" in r.shown.body}
        reports = [
            r
            for r in reads
            if r.shown.event_id in roots or r.shown.thread in roots or r.name.startswith(_REPORT)
        ]
        if len(reports) != 4 * len(played.months):
            wrong.append(f"{audience}: {len(reports)} messages, not {4 * len(played.months)}")
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
        digests = [sha256(r.content) for r in same]
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
    words = [r.shown.body for r in found if not r.name]
    (output / f"{stem}.md").write_text("\n\n---\n\n".join(words) + "\n", encoding="utf-8")
    for each in found:
        if each.name:
            (output / Path(each.name).name).write_bytes(each.content)

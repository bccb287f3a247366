"""The package for the municipality's registry: one period's answers, documents and council records.

OSL 5 kap. wants public records kept in order: sequence number, time received, unit, period and a
field for the diarienummer. How the answers are written belongs in answer_export.py, the council's
records in council_export.py. Words for headings come from templates/cli/.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from bot.cli.answer_export import AnswerFiles, Entry, read_entries
from bot.cli.council_export import CouncilFiles
from bot.cli.council_records import read_records
from bot.cli.package_files import add_document, as_json, checksums, write_files
from bot.cli.phrases import Phrases
from bot.domain.calendar import Period
from bot.domain.cycle import Cycle
from bot.domain.question import QuestionSet
from storage.database import Database
from storage.unit_of_work import UnitOfWork

_SUMS = "SHA256SUMS"


class CannotExport(Exception):
    """The package can't be made; `code` is a sentence of templates/cli/."""

    def __init__(self, code: str, params: Mapping[str, object]) -> None:
        super().__init__(code)
        self.code, self.params = code, params


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What to export. `masked` leaves out what people wrote in their own words.

    With a `unit` there are its answers and what has been published, and no records of the council,
    which are no unit's.
    """

    period: Period
    unit: str | None
    masked: bool
    folder: Path


def export_package(
    database: Database,
    wish: Wish,
    *,
    question_sets: Mapping[str, QuestionSet],
    phrases: Phrases,
    names: Phrases,
    zone: ZoneInfo,
    now: datetime,
) -> Sequence[str]:
    """Write the package to an empty or new folder; gives its files' names.

    `phrases` are the command line's words, `names` what states are called in the rooms.

    Raises:
        CannotExport: `export_folder`, `export_period`, `export_unit` or `export_question_set`.
        OSError: the folder can't be written to.
    """
    if wish.folder.exists() and (not wish.folder.is_dir() or any(wish.folder.iterdir())):
        raise CannotExport("export_folder", {"folder": wish.folder})

    def answers(entries: Sequence[Entry], cycle: Cycle, name: str) -> Mapping[str, bytes]:
        form = question_sets.get(cycle.question_set)
        if form is None:
            raise CannotExport("export_question_set", {"name": cycle.question_set})
        made = AnswerFiles(form=form, phrases=phrases, zone=zone, masked=wish.masked)
        return made.files(phrases.name("files", name), entries)

    def work(uow: UnitOfWork) -> Sequence[str]:
        cycle, unrest = uow.cycles.by_key(wish.period.key), _of_unrest(uow, wish.period)
        rounds = [cycle, *unrest] if cycle else unrest
        records = None
        if wish.unit is None:
            records = read_records(uow, wish.period, zone, rounds=[c.id for c in rounds])
        if cycle is None and (_asked_otherwise(uow, wish.period) or not (unrest or records)):
            raise CannotExport("export_period", {"period": wish.period.key})
        monthly = read_entries(uow, [cycle] if cycle else [], wish.unit)
        troubled = read_entries(uow, unrest, wish.unit)
        if wish.unit is not None and not monthly and not troubled:
            raise CannotExport("export_unit", {"unit": wish.unit, "period": wish.period.key})
        documents = phrases.name("files", "documents")
        files: dict[str, bytes] = {}
        if cycle:
            files |= answers(monthly, cycle, "answers")
        if troubled:
            files |= answers(troubled, unrest[0], "unrest_answers")
        editions = _editions(uow, cycle, documents, files) if cycle else []
        if records:
            council = CouncilFiles(phrases=phrases, names=names, zone=zone, masked=wish.masked)
            council.add(records, documents, files)
        about = _about(cycle, unrest) | {
            "period": wish.period.key,
            "unit": wish.unit,
            "masked": wish.masked,
            "exported_at": now.isoformat(),
            "zone": str(zone),
            "editions": editions,
            "files": sorted(files),
        }
        files["metadata.json"] = as_json(about)
        files[_SUMS] = checksums(files)
        write_files(wish.folder, files)
        uow.audit.add(
            at=now,
            action="cli:registry:export",
            outcome="done",
            person_id=None,
            subject=f"{wish.period.key} {wish.unit or ''}".strip(),
            cause="masked" if wish.masked else "",
        )
        return sorted(files)

    return database.now(work)


def _of_unrest(uow: UnitOfWork, period: Period) -> Sequence[Cycle]:
    """List the rounds of unrest of a period's months, in order."""
    rounds = [c for unrest in uow.unrests.where() for c in uow.cycles.of_unrest(unrest.id)]
    return [c for c in rounds if period.first <= c.period.first and c.period.last <= period.last]


def _asked_otherwise(uow: UnitOfWork, period: Period) -> bool:
    """Tell whether a round asked about these months together with others, so that a package for the
    period would lack its answers."""
    return any(
        c.period.first <= period.last and period.first <= c.period.last
        for c in uow.cycles.all()
        if not c.rehearsal
    )


def _editions(
    uow: UnitOfWork, cycle: Cycle, folder: str, files: dict[str, bytes]
) -> Sequence[Mapping[str, object]]:
    """Add what has been published; gives what to tell about it."""
    return [
        {
            "audience": edition.audience,
            "number": edition.number,
            "sha256": edition.sha256,
            "documents": [
                add_document(files, folder, artifact.name, artifact.content, str(edition.id))
                for _, artifact in uow.editions.artifacts(edition.id)
            ],
        }
        for edition in uow.editions.published(cycle.id)
    ]


def _about(cycle: Cycle | None, unrest: Sequence[Cycle]) -> dict[str, object]:
    """Tell which rounds the answers come from; a month that is not over has no round of its own."""
    return {
        "question_set": cycle.question_set if cycle else None,
        "round": cycle.short_id if cycle else None,
        "state": cycle.state if cycle else None,
        "opens_at": cycle.opens_at.isoformat() if cycle else None,
        "closes_at": cycle.closes_at.isoformat() if cycle else None,
        "unrest_rounds": [
            {
                "round": c.short_id,
                "unrest": f"r{c.unrest_id}",
                "question_set": c.question_set,
                "state": c.state,
                "opens_at": c.opens_at.isoformat(),
                "closes_at": c.closes_at.isoformat(),
            }
            for c in unrest
        ],
    }

"""The package for the municipality's registry: one period's answers and published documents.

OSL 5 kap. wants public records kept in order: sequence number, time received, unit, period and a
field for the diarienummer. Words for headings and states come from templates/cli/.
"""

import csv
import hashlib
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from bot.cli.phrases import Phrases
from bot.domain.calendar import Period
from bot.domain.cycle import Cycle, Submission
from bot.domain.people import Unit
from bot.domain.question import Answers, Question, QuestionKind, QuestionSet, Value, fold
from storage.database import Database
from storage.unit_of_work import UnitOfWork

_SUMS = "SHA256SUMS"
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n")
"""A spreadsheet takes a cell that begins so for a formula, or hides that it does (OWASP)."""


class CannotExport(Exception):
    """The package can't be made; `code` is a sentence of templates/cli/."""

    def __init__(self, code: str, params: Mapping[str, object]) -> None:
        super().__init__(code)
        self.code, self.params = code, params


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What to export. `masked` leaves out what people wrote in their own words."""

    period: Period
    unit: str | None
    masked: bool
    folder: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """One unit's answer with all versions of it."""

    unit: Unit
    submission: Submission
    versions: Sequence[tuple[int, str, Answers]]


def export_package(
    database: Database,
    wish: Wish,
    *,
    question_sets: Mapping[str, QuestionSet],
    phrases: Phrases,
    zone: ZoneInfo,
    now: datetime,
) -> Sequence[str]:
    """Write the package to an empty or new folder; gives its files' names.

    Raises:
        CannotExport: `export_folder`, `export_period`, `export_unit` or `export_question_set`.
        OSError: the folder can't be written to.
    """
    if wish.folder.exists() and (not wish.folder.is_dir() or any(wish.folder.iterdir())):
        raise CannotExport("export_folder", {"folder": wish.folder})

    def work(uow: UnitOfWork) -> Sequence[str]:
        cycle = uow.cycles.by_key(wish.period.key)
        if cycle is None:
            raise CannotExport("export_period", {"period": wish.period.key})
        form = question_sets.get(cycle.question_set)
        if form is None:
            raise CannotExport("export_question_set", {"name": cycle.question_set})
        entries = _entries(uow, cycle, wish)
        content = _Package(cycle, form, phrases, zone, masked=wish.masked)
        answers, documents = (phrases.name("files", key) for key in ("answers", "documents"))
        files = {
            f"{answers}.csv": content.table(entries),
            f"{answers}.json": _json(content.answers(entries)),
        }
        editions = []
        for edition in uow.editions.published(cycle.id):
            names = []
            for _, artifact in uow.editions.artifacts(edition.id):
                name = f"{documents}/{Path(artifact.name).name}"
                if name in files:
                    name = f"{documents}/{edition.id}-{Path(artifact.name).name}"
                files[name] = artifact.content
                names.append(name)
            about = {"audience": edition.audience, "number": edition.number}
            editions.append(about | {"sha256": edition.sha256, "documents": names})
        files["metadata.json"] = _json(content.metadata(wish, now, editions, sorted(files)))
        sums = (f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(files))
        files[_SUMS] = "".join(sums).encode()
        _write(wish.folder, files)
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


def defused(cell: str) -> str:
    """Keep a spreadsheet from taking what somebody wrote for a formula."""
    return f"'{cell}" if cell.startswith(_DANGEROUS) else cell


def _entries(uow: UnitOfWork, cycle: Cycle, wish: Wish) -> Sequence[_Entry]:
    """Read the answers, in the order in which they were registered; the unanswered come last."""
    entries = [
        _Entry(
            unit=uow.people.unit(submission.unit_id),
            submission=submission,
            versions=uow.cycles.versions(submission.id),
        )
        for submission in uow.cycles.submissions(cycle.id)
    ]
    if wish.unit is not None:
        wanted = fold(wish.unit)
        entries = [e for e in entries if wanted in (e.unit.short_id, fold(e.unit.name))]
        if not entries:
            raise CannotExport("export_unit", {"unit": wish.unit, "period": cycle.period.key})
    return sorted(entries, key=lambda e: (e.submission.registry_number or 10**9, e.unit.id))


class _Package:
    """The content of the package's own files."""

    def __init__(
        self, cycle: Cycle, form: QuestionSet, phrases: Phrases, zone: ZoneInfo, *, masked: bool
    ) -> None:
        self._cycle, self._form, self._phrases = cycle, form, phrases
        self._zone, self._masked = zone, masked

    def table(self, entries: Sequence[_Entry]) -> bytes:
        """One line per unit, for people: UTF-8 with its mark and semicolons, as Excel wants it."""
        text = io.StringIO(newline="")
        writer = csv.writer(text, delimiter=";")
        for row in self._rows(entries):
            writer.writerow([defused(cell) for cell in row])
        return text.getvalue().encode("utf-8-sig")

    def _rows(self, entries: Sequence[_Entry]) -> Iterator[Sequence[str]]:
        language, words = self._phrases.code, self._phrases
        headings = [words.name("headings", key) for key in self._facts(None)]
        questions = self._questions(entries)
        for question in questions:
            heading = question.heading.get(language, question.id)
            headings.append(heading)
            if not self._masked:
                headings.append(words("own_words", {"question": heading}))
        yield headings
        for entry in entries:
            row = list(self._facts(entry).values())
            for question in questions:
                value = entry.submission.answers.get(question.id, Value())
                chosen = self._form.chosen_of(question, value)
                row.append(", ".join(c.label.get(language, c.id) for c in chosen))
                if not self._masked:
                    row.append(value.text)
            yield row

    def _questions(self, entries: Sequence[_Entry]) -> Sequence[Question]:
        """List the form's questions, and those that it has lost since but that were answered."""
        asked = [q for q in self._form.questions if q.kind is not QuestionKind.GATE]
        answered = dict.fromkeys(q for entry in entries for q in entry.submission.answers)
        lost = [question for question in answered if question not in self._form.by_id]
        return [
            *asked,
            *(Question(id=q, kind=QuestionKind.TEXT, number=1, text={}) for q in lost),
        ]

    def _facts(self, entry: _Entry | None) -> Mapping[str, str]:
        """Give what the registry asks about an answer; without one, the same names."""
        submission, unit = (entry.submission, entry.unit) if entry else (None, None)
        received = submission.received_at if submission else None
        marks = []
        if submission:
            held = {
                "late": submission.late,
                "on_behalf": submission.on_behalf,
                "internal": submission.internal,
            }
            marks = [self._phrases.name("marks", mark) for mark, is_set in held.items() if is_set]
        return {
            "registry_number": str((submission and submission.registry_number) or ""),
            "received_at": received.astimezone(self._zone).isoformat(" ", "seconds")
            if received
            else "",
            "unit_id": unit.short_id if unit else "",
            "unit": unit.name if unit else "",
            "board": unit.board if unit else "",
            "period": self._cycle.period.key,
            "case_number": "",
            "state": self._phrases.name("states", submission.state) if submission else "",
            "version": str(submission.version) if submission else "",
            "marks": ", ".join(marks),
        }

    def answers(self, entries: Sequence[_Entry]) -> Sequence[Mapping[str, object]]:
        """Everything by id, for programs, with every version that was ever sent."""
        return [
            {
                "registry_number": entry.submission.registry_number,
                "received_at": entry.submission.received_at.isoformat()
                if entry.submission.received_at
                else None,
                "unit": {
                    "id": entry.unit.short_id,
                    "name": entry.unit.name,
                    "board": entry.unit.board,
                    "place": entry.unit.place,
                },
                "period": self._cycle.period.key,
                "case_number": "",
                "state": entry.submission.state,
                "version": entry.submission.version,
                "late": entry.submission.late,
                "on_behalf": entry.submission.on_behalf,
                "internal": entry.submission.internal,
                "answers": self._by_id(entry.submission.answers),
                "versions": [
                    {"version": number, "state": state, "answers": self._by_id(answers)}
                    for number, state, answers in entry.versions
                ],
            }
            for entry in entries
        ]

    def _by_id(self, answers: Answers) -> Mapping[str, Mapping[str, object]]:
        return {
            question: {"chosen": list(value.chosen)}
            | ({} if self._masked else {"text": value.text})
            for question, value in answers.items()
        }

    def metadata(
        self,
        wish: Wish,
        now: datetime,
        editions: Sequence[Mapping[str, object]],
        files: Sequence[str],
    ) -> Mapping[str, object]:
        """Tell what the package is."""
        return {
            "period": self._cycle.period.key,
            "question_set": self._cycle.question_set,
            "round": self._cycle.short_id,
            "state": self._cycle.state,
            "opens_at": self._cycle.opens_at.isoformat(),
            "closes_at": self._cycle.closes_at.isoformat(),
            "unit": wish.unit,
            "masked": wish.masked,
            "exported_at": now.isoformat(),
            "zone": str(self._zone),
            "editions": editions,
            "files": files,
        }


def _json(value: object) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode()


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write the files, readable by their owner only: answers hold what isn't published."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True, mode=0o700)
        path.touch(mode=0o600)
        path.write_bytes(content)

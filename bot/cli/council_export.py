"""The council's records in the registry's package: one table for people a kind, and one JSON file.

Which records a period has is read in council_records.py. States are called what they are called in
the rooms (templates/languages/), headings are the command line's own (templates/cli/). Nobody is
named but those who have taken an assignment: who wrote a line stands in the log alone.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from bot.cli.council_records import Records
from bot.cli.package_files import add_document, as_csv, as_json
from bot.cli.phrases import Phrases
from bot.domain.agenda import NoteKind
from bot.domain.follow_up import Assignment, Case, Measure
from bot.domain.meeting import Reply

OWN_WORDS = frozenset(
    {
        "place", "reason", "area", "text", "title", "cause", "proposal", "decision", "owner",
        "taken_by", "members", "report", "action", "goal", "board", "follow_up", "outcome",
    }
)  # fmt: skip
"""What people have written themselves, or who they are: left out where free text is masked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Word:
    """Something that has a name in a table of templates/languages/, or of templates/cli/."""

    table: str
    key: StrEnum | str


_Cell = _Word | str | int | bool | date | datetime | Sequence[str] | None
_Row = Mapping[str, _Cell]


@dataclass(frozen=True, slots=True, kw_only=True)
class CouncilFiles:
    """Writes the council's files. `masked` leaves out people's own words and the documents, which
    hold them."""

    phrases: Phrases
    names: Phrases
    zone: ZoneInfo
    masked: bool

    def add(self, records: Records, folder: str, files: dict[str, bytes]) -> None:
        """Add the files; documents go into `folder`."""
        tables = {
            "meetings": list(_meetings(records)),
            "agenda_items": list(_agenda_items(records)),
            "notes": list(_notes(records)),
            "cases": [_case(case, records) for case in records.cases],
            "assignments": [_assignment(a, records) for a in records.assignments],
            "measures": [_measure(measure, records) for measure in records.measures],
            "terms": list(_terms(records)),
            "trail": list(_trail(records)),
            "papers": self._papers(records, folder, files),
            "unrest": list(_unrest(records)),
        }
        for_programs = {}
        for name, rows in tables.items():
            kept = [self._kept(row) for row in rows]
            for_programs[name] = [{k: _plain(cell) for k, cell in row.items()} for row in kept]
            if kept:
                headings = [self.phrases.name("headings", key) for key in kept[0]]
                lines = [[self._said(cell) for cell in row.values()] for row in kept]
                files[f"{self.phrases.name('files', name)}.csv"] = as_csv([headings, *lines])
        files[f"{self.phrases.name('files', 'council')}.json"] = as_json(for_programs)

    def _papers(self, records: Records, folder: str, files: dict[str, bytes]) -> Sequence[_Row]:
        """Add the approved papers' documents, and list them with the sums they were approved by."""
        rows: list[_Row] = []
        for paper, artifacts in records.papers:
            documents = [artifact.name for artifact in artifacts]
            if not self.masked:
                documents = [
                    add_document(files, folder, a.name, a.content, paper.short_id)
                    for a in artifacts
                ]
            rows.append(
                {
                    "id": paper.short_id,
                    "kind": _Word(table="paper_kind", key=paper.kind),
                    "about": paper.subject,
                    "audience": _Word(table="forum", key=paper.audience),
                    "number": paper.number,
                    "approved_at": paper.approved_at,
                    "text": paper.text,
                    "documents": documents,
                    "checksums": [artifact.sha256 for artifact in artifacts],
                    "sha256": paper.sha256,
                }
            )
        return rows

    def _kept(self, row: _Row) -> _Row:
        return {k: cell for k, cell in row.items() if not (self.masked and k in OWN_WORDS)}

    def _said(self, cell: _Cell) -> str:
        """Say a cell for people."""
        match cell:
            case None:
                return ""
            case _Word(table=table, key=key):
                said = self.names.name(table, key)
                return self.phrases.name(table, key) if said == key else said
            case bool():
                return self.phrases.name("marks", "yes" if cell else "no")
            case datetime():
                return cell.astimezone(self.zone).isoformat(" ", "seconds")
            case date():
                return cell.isoformat()
            case str() | int():
                return str(cell)
        return ", ".join(cell)


def _plain(cell: _Cell) -> object:
    """Give a cell for programs."""
    if isinstance(cell, _Word):
        return str(cell.key)
    return cell.isoformat() if isinstance(cell, date) else cell


def _meetings(records: Records) -> Iterator[_Row]:
    for sitting in records.sittings:
        meeting, replies = sitting.meeting, sitting.replies
        yield {
            "id": meeting.short_id,
            "forum": _Word(table="forum", key=meeting.forum),
            "starts_at": meeting.starts_at,
            "minutes": meeting.minutes,
            "place": meeting.place,
            "state": _Word(table="meeting_state", key=meeting.state),
            "extra": meeting.extra,
            "reason": meeting.reason,
            "coming": replies[Reply.YES],
            "substitutes": replies[Reply.SUBSTITUTE],
            "maybe": replies[Reply.MAYBE],
            "not_coming": replies[Reply.NO],
            "agenda_items": len(sitting.items),
            "decisions": sum(note.kind is NoteKind.DECISION for note in sitting.notes),
            "notes_approved": meeting.notes_approved,
        }


def _agenda_items(records: Records) -> Iterator[_Row]:
    for sitting in records.sittings:
        for item in sitting.items:
            yield {
                "id": item.short_id,
                "meeting": sitting.meeting.short_id,
                "received_at": item.at,
                "addition": item.addition,
                "text": item.text,
            }


def _notes(records: Records) -> Iterator[_Row]:
    for sitting in records.sittings:
        for note in sitting.notes:
            yield {
                "id": note.short_id,
                "meeting": sitting.meeting.short_id,
                "point": note.point or None,
                "kind": _Word(table="note_kind", key=note.kind),
                "about": note.about,
                "at": note.at,
                "text": note.text,
            }


def _case(case: Case, records: Records) -> _Row:
    unit = records.units.get(case.unit_id or 0)
    return {
        "id": case.short_id,
        "title": case.title,
        "state": _Word(table="case_state", key=case.state),
        "wanted": _Word(table="forum", key=case.wanted),
        "unit_id": unit.short_id if unit else None,
        "unit": unit.name if unit else None,
        "cause": case.cause,
        "proposal": case.proposal,
        "owner": case.owner,
        "due": case.due,
        "decision": case.decision,
        **_origin(case, records),
    }


def _assignment(assignment: Assignment, records: Records) -> _Row:
    phase = assignment.phase
    return {
        "id": assignment.short_id,
        "text": assignment.text,
        "owner": assignment.owner,
        "taken_by": records.takers.get(assignment.owner_id or 0),
        "members": assignment.members,
        "phase": _Word(table="phase", key=phase) if phase else None,
        "due": assignment.due,
        "state": _Word(table="assignment_state", key=assignment.state),
        "level": _Word(table="follow_level", key=assignment.level),
        "report": assignment.report,
        "case": f"a{assignment.case_id}" if assignment.case_id else None,
        **_origin(assignment, records),
    }


def _measure(measure: Measure, records: Records) -> _Row:
    return {
        "id": measure.short_id,
        "cause": measure.cause,
        "action": measure.action,
        "goal": measure.goal,
        "due": measure.due,
        "owner": measure.owner,
        "board": measure.board,
        "follow_up": measure.follow_up,
        "prevention": _Word(table="prevention", key=measure.prevention),
        "state": _Word(table="measure_state", key=measure.state),
        "level": _Word(table="follow_level", key=measure.level),
        "outcome": measure.outcome,
        "assignment": f"u{measure.assignment_id}" if measure.assignment_id else None,
        "case": f"a{measure.case_id}" if measure.case_id else None,
        **_origin(measure, records),
    }


def _origin(value: Case | Assignment | Measure, records: Records) -> _Row:
    """Tell which meeting and which month's round something comes from."""
    cycle = records.cycles.get(value.cycle_id or 0)
    return {
        "meeting": f"m{value.meeting_id}" if value.meeting_id else None,
        "period": cycle.period.key if cycle else None,
    }


def _terms(records: Records) -> Iterator[_Row]:
    for term in records.terms:
        yield {
            "id": term.short_id,
            "kind": _Word(table="term_kind", key=term.kind),
            "title": term.title,
            "ends": term.ends,
            "stage": _Word(table="term_stage", key=term.stage),
            "ended": term.ended,
        }


def _trail(records: Records) -> Iterator[_Row]:
    terms = {term.short_id for term in records.terms}
    for step in records.trail:
        yield {
            "about": step.about,
            "at": step.at,
            "event": _Word(table="term_step" if step.about in terms else "trail", key=step.state),
            "meeting": f"m{step.meeting_id}" if step.meeting_id else None,
            "text": step.text,
        }


def _unrest(records: Records) -> Iterator[_Row]:
    for unrest in records.unrest:
        yield {
            "id": unrest.short_id,
            "mode": _Word(table="mode", key=unrest.mode),
            "reason": unrest.reason,
            "area": unrest.area,
            "units": [f"e{unit_id}" for unit_id in unrest.unit_ids],
            "begins_at": unrest.begins_at,
            "last_day": unrest.last_day,
            "ended_at": unrest.ended_at,
        }

"""The units' answers in the registry's package: a table for people and everything for programs.

The monthly round and the rounds of unrest are written alike, each with its own questions. What else
the package holds belongs in exporting.py.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.cli.package_files import as_csv, as_json
from bot.cli.phrases import Phrases
from bot.domain.cycle import Cycle, Submission
from bot.domain.people import Unit
from bot.domain.question import Answers, Question, QuestionKind, QuestionSet, Value, fold
from storage.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One unit's answer in a round, with all versions of it."""

    cycle: Cycle
    unit: Unit
    submission: Submission
    versions: Sequence[tuple[int, str, Answers]]


def read_entries(uow: UnitOfWork, cycles: Sequence[Cycle], unit: str | None) -> Sequence[Entry]:
    """Read the answers, in the order in which they were registered; the unanswered come last.

    Args:
        uow: where they are.
        cycles: the rounds.
        unit: the name or short id of the only unit to read, None for all.
    """
    entries = [
        Entry(
            cycle=cycle,
            unit=uow.people.unit(submission.unit_id),
            submission=submission,
            versions=uow.cycles.versions(submission.id),
        )
        for cycle in cycles
        for submission in uow.cycles.submissions(cycle.id)
    ]
    if unit is not None:
        wanted = fold(unit)
        entries = [e for e in entries if wanted in (e.unit.short_id, fold(e.unit.name))]
    return sorted(
        entries, key=lambda e: (e.submission.registry_number or 10**9, e.cycle.id, e.unit.id)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerFiles:
    """The files of some rounds with the same questions. `masked` leaves out people's own words."""

    form: QuestionSet
    phrases: Phrases
    zone: ZoneInfo
    masked: bool

    def files(self, name: str, entries: Sequence[Entry]) -> Mapping[str, bytes]:
        """Write both files."""
        return {
            f"{name}.csv": as_csv(self._rows(entries)),
            f"{name}.json": as_json([self._for_programs(entry) for entry in entries]),
        }

    def _rows(self, entries: Sequence[Entry]) -> Iterator[Sequence[str]]:
        """Give the headings, and one line per unit and round."""
        language, words = self.phrases.code, self.phrases
        of_unrest = any(entry.cycle.unrest_id for entry in entries)
        headings = [words.name("headings", key) for key in self._facts(None, of_unrest=of_unrest)]
        questions = self._questions(entries)
        for question in questions:
            heading = question.heading.get(language, question.id)
            headings.append(heading)
            if not self.masked:
                headings.append(words("own_words", {"question": heading}))
        yield headings
        for entry in entries:
            row = list(self._facts(entry, of_unrest=of_unrest).values())
            for question in questions:
                value = entry.submission.answers.get(question.id, Value())
                chosen = self.form.chosen_of(question, value)
                row.append(", ".join(c.label.get(language, c.id) for c in chosen))
                if not self.masked:
                    row.append(value.text)
            yield row

    def _questions(self, entries: Sequence[Entry]) -> Sequence[Question]:
        """List the form's questions, and those that it has lost since but that were answered."""
        asked = [q for q in self.form.questions if q.kind is not QuestionKind.GATE]
        answered = dict.fromkeys(q for entry in entries for q in entry.submission.answers)
        lost = [question for question in answered if question not in self.form.by_id]
        return [
            *asked,
            *(Question(id=q, kind=QuestionKind.TEXT, number=1, text={}) for q in lost),
        ]

    def _facts(self, entry: Entry | None, *, of_unrest: bool) -> Mapping[str, str]:
        """Give what the registry asks about an answer; without one, the same names."""
        submission, unit = (entry.submission, entry.unit) if entry else (None, None)
        cycle = entry.cycle if entry else None
        received = submission.received_at if submission else None
        marks = []
        if submission:
            held = {
                "late": submission.late,
                "on_behalf": submission.on_behalf,
                "internal": submission.internal,
            }
            marks = [self.phrases.name("marks", mark) for mark, is_set in held.items() if is_set]
        rounds = {
            "unrest": f"r{cycle.unrest_id}" if cycle else "",
            "opened_at": self._local(cycle.opens_at) if cycle else "",
        }
        return {
            "registry_number": str((submission and submission.registry_number) or ""),
            "received_at": self._local(received) if received else "",
            "unit_id": unit.short_id if unit else "",
            "unit": unit.name if unit else "",
            "board": unit.board if unit else "",
            "period": cycle.period.key if cycle else "",
            **(rounds if of_unrest else {}),
            "case_number": "",
            "state": self.phrases.name("states", submission.state) if submission else "",
            "version": str(submission.version) if submission else "",
            "marks": ", ".join(marks),
        }

    def _local(self, moment: datetime) -> str:
        return moment.astimezone(self.zone).isoformat(" ", "seconds")

    def _for_programs(self, entry: Entry) -> Mapping[str, object]:
        """Give everything by id, with every version that was ever sent."""
        submission, cycle = entry.submission, entry.cycle
        received = submission.received_at
        rounds = {"unrest": f"r{cycle.unrest_id}", "opened_at": cycle.opens_at.isoformat()}
        return {
            "registry_number": submission.registry_number,
            "received_at": received.isoformat() if received else None,
            "unit": {
                "id": entry.unit.short_id,
                "name": entry.unit.name,
                "board": entry.unit.board,
                "place": entry.unit.place,
            },
            "period": cycle.period.key,
            **(rounds if cycle.unrest_id else {}),
            "case_number": "",
            "state": submission.state,
            "version": submission.version,
            "late": submission.late,
            "on_behalf": submission.on_behalf,
            "internal": submission.internal,
            "answers": self._by_id(submission.answers),
            "versions": [
                {"version": number, "state": state, "answers": self._by_id(answers)}
                for number, state, answers in entry.versions
            ],
        }

    def _by_id(self, answers: Answers) -> Mapping[str, Mapping[str, object]]:
        return {
            question: {"chosen": list(value.chosen)} | ({} if self.masked else {"text": value.text})
            for question, value in answers.items()
        }

"""The registry's package: what the council and times of unrest have left in a period's months."""

import csv
import hashlib
import io
import json
import shutil
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bot.cli.exporting import CannotExport, Wish, export_package
from bot.cli.phrases import TEMPLATES, read_names, read_phrases
from bot.domain.agenda import AgendaItem, Note, NoteKind
from bot.domain.calendar import Period
from bot.domain.cycle import CycleState, submit
from bot.domain.follow_up import Assignment, Case, CaseState, Measure, Prevention
from bot.domain.meeting import Meeting, MeetingState, Reply, Rsvp
from bot.domain.people import Forum, Unit
from bot.domain.question import Value
from bot.domain.term import Term, TermKind
from bot.domain.unrest import Mode, Unrest
from bot.handouts import Artifact
from bot.questions import load_question_sets
from storage.database import Database
from storage.papers import PaperKind
from storage.unit_of_work import UnitOfWork

NOVEMBER = Period.of(2026, 11)
AT = datetime(2026, 11, 18, 12, tzinfo=UTC)
BEFORE = datetime(2026, 9, 2, 12, tzinfo=UTC)
AFTER = datetime(2026, 12, 1, 9, tzinfo=UTC)
HELD, DRAFTED = MeetingState.HELD, "utkast till beslut"


def fill(uow: UnitOfWork) -> None:
    """Let November have a round, a time of unrest, two meetings and what they led to."""
    school = uow.people.save_unit(Unit(id=0, name="Skolan", board="Barn", place="Djurås"))
    youth = uow.people.save_unit(Unit(id=0, name="Gården", board="Kultur", place="Djurås"))
    anna, bo = uow.people.add_person("Anna Ek", "sv"), uow.people.add_person("Bo Å", "sv")
    opens = datetime(2026, 12, 1, 8, tzinfo=UTC)
    cycle = uow.cycles.plan(NOVEMBER, opens_at=opens, closes_at=opens + timedelta(days=5))
    uow.cycles.expect(cycle.id, [school.id, youth.id])
    _unrest(uow, school.id, anna.id)
    meeting = uow.meetings.add(
        Meeting(uid="1", forum=Forum.BRA, starts_at=AT, minutes=90, state=HELD, notes_approved=True)
    )
    for person, reply in ((anna, Reply.NO), (bo, Reply.MAYBE), (anna, Reply.YES)):
        uow.meetings.answer(
            Rsvp(meeting_id=meeting.id, person_id=person.id, asked=0, reply=reply, at=AT,
                 by_person=person.id)
        )  # fmt: skip
    for text in ("=1+1", "struken"):
        uow.meetings.items.add(
            AgendaItem(
                meeting_id=meeting.id, text=text, by_person=anna.id, at=AT,
                withdrawn=text == "struken",
            )
        )  # fmt: skip
    _note(uow, meeting, "Belysning vid skolan", NoteKind.DECISION)
    drafted = uow.meetings.add(
        Meeting(uid="2", forum=Forum.SAMSA, starts_at=AT + timedelta(days=2), minutes=60,
                state=HELD)
    )  # fmt: skip
    _note(uow, drafted, DRAFTED, NoteKind.REMARK)
    uow.meetings.add(
        Meeting(uid="3", forum=Forum.BRA, starts_at=AT, minutes=60, state=MeetingState.CANCELLED)
    )
    uow.meetings.add(Meeting(uid="4", forum=Forum.BRA, starts_at=BEFORE, minutes=60, state=HELD))
    _followed_up(uow, meeting, cycle.id, school.id, anna.id)
    for audience, at in (("bra", AT), ("executive", AT), ("samsa", BEFORE)):
        paper = uow.papers.add(
            PaperKind.NOTES, "m1", audience=audience, text="Rummets rader", sha256="f" * 64, now=at,
            artifacts=[
                Artifact(name="Anteckningar.pdf", media_type="application/pdf",
                         content=audience.encode(), sha256="a" * 64, width=None, height=None)
            ],
        )  # fmt: skip
        uow.papers.approve(paper, by=anna.id, now=at)
    uow.papers.add(
        PaperKind.QUARTER, "2026-Q4", audience="management", text=DRAFTED, sha256="0" * 64,
        artifacts=[], now=AT,
    )  # fmt: skip


def _unrest(uow: UnitOfWork, unit: int, by: int) -> None:
    unrest = uow.unrests.add(
        Unrest(mode=Mode.HIGH, reason="Bråk i Djurås", area="Djurås", unit_ids=(unit,),
               begins_at=AT, last_day=date(2026, 11, 25), started_by=by)
    )  # fmt: skip
    for number, text in ((1, "-rykten om slagsmål"), (2, "")):
        asked = uow.cycles.plan(
            NOVEMBER, opens_at=AT, closes_at=AT + timedelta(hours=2), question_set="unrest",
            unrest=(unrest.id, number),
        )  # fmt: skip
        uow.cycles.expect(asked.id, [unit])
        if text:
            opened = asked.to(CycleState.OPEN)
            answers = {"lage": Value(chosen=("rod",)), "handelse": Value(text=text)}
            part = submit(uow.cycles.submission(asked.id, unit), opened, answers, by=by, now=AT)
            uow.cycles.save_submission(part, AT)


def _note(uow: UnitOfWork, meeting: Meeting, text: str, kind: NoteKind) -> None:
    uow.meetings.notes.add(Note(meeting_id=meeting.id, kind=kind, text=text, by_person=1, at=AT))


def _followed_up(uow: UnitOfWork, meeting: Meeting, cycle: int, unit: int, taker: int) -> None:
    follow = uow.follow_ups
    case = follow.cases.add(
        Case(title="@Mörkt vid skolan", state=CaseState.ONGOING, wanted=Forum.BRA, unit_id=unit,
             cycle_id=cycle, owner="Teknisk chef")
    )  # fmt: skip
    follow.cases.add(Case(title="Ett gammalt ärende", wanted=Forum.SAMSA))
    follow.note(case.short_id, "proposed", at=BEFORE, by=None, text="Först sagt")
    follow.note(case.short_id, "decided", at=AT, by=taker, meeting_id=meeting.id)
    follow.assignments.add(
        Assignment(text="Byt lampor", owner="Teknisk chef", owner_id=taker, case_id=case.id,
                   meeting_id=meeting.id, members=("Anna Ek", "Bo Å"), due=date(2027, 2, 1))
    )  # fmt: skip
    measure = follow.measures.add(
        Measure(cause="Mörker", action="Lampor", goal="Ljust", due=None, owner="Teknisk chef",
                board="Tekniska nämnden", follow_up="I mars", prevention=Prevention.SITUATIONAL)
    )  # fmt: skip
    follow.note(measure.short_id, "planned", at=AT, by=taker)
    term = follow.terms.add(
        Term(kind=TermKind.AGREEMENT, title="Avtal med polisen", ends=date(2027, 3, 31))
    )
    follow.note(term.short_id, "samsa", at=AT, by=None, text="2027-03-31")
    follow.terms.add(Term(kind=TermKind.PROMISE, title="Löfte", ends=date(2026, 11, 30)))
    follow.terms.add(Term(kind=TermKind.PLAN, title="Annan tid", ends=date(2028, 1, 1)))


@pytest.fixture
def database(tmp_path: Path, blank_file: Path) -> Database:
    """A database in which November has been filled."""
    made = Database(f"sqlite:///{shutil.copy(blank_file, tmp_path / 'bot.db')}")
    made.now(fill)
    return made


def export(
    database: Database,
    folder: Path,
    *,
    period: Period = NOVEMBER,
    masked: bool = False,
    unit: str | None = None,
    language: str = "sv",
) -> Mapping[str, bytes]:
    """Write a package; gives its files."""
    export_package(
        database,
        Wish(period=period, unit=unit, masked=masked, folder=folder),
        question_sets=load_question_sets(TEMPLATES / "questions", ("Djurås",)),
        phrases=read_phrases(language),
        names=read_names(language),
        zone=ZoneInfo("Europe/Stockholm"),
        now=AFTER,
    )
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def table(files: Mapping[str, bytes], name: str) -> list[dict[str, str]]:
    """Read a table as a spreadsheet would."""
    text = files[f"{name}.csv"].decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=";"))


def test_answers_during_unrest(database: Database, tmp_path: Path) -> None:
    """Rounds of unrest have tables of their own, with numbers and questions of theirs."""
    files = export(database, tmp_path / "p")

    first, second = table(files, "svar vid oro")
    assert (first["Löpnummer"], first["Tid av oro"], first["Period"]) == ("1", "r1", "2026-11")
    assert (first["Läge för svaret"], second["Läge för svaret"]) == ("Svarat", "Ej svarat")
    assert first["Frågan ställdes"] == "2026-11-18 13:00:00+01:00"
    assert "'-rykten om slagsmål" in first.values()
    assert {row["Enhet"] for row in table(files, "svar")} == {"Skolan", "Gården"}
    answers = json.loads(files["svar vid oro.json"])
    assert [(a["unrest"], a["registry_number"]) for a in answers] == [("r1", 1), ("r1", None)]
    about = json.loads(files["metadata.json"])
    assert [r["question_set"] for r in about["unrest_rounds"]] == ["unrest", "unrest"]


def test_meetings_that_took_place(database: Database, tmp_path: Path) -> None:
    """A meeting is told with its replies counted; notes are there once they are approved."""
    files = export(database, tmp_path / "p")

    held, drafted = table(files, "möten")
    assert (held["Forum"], held["Börjar"]) == ("BRÅ", "2026-11-18 13:00:00+01:00")
    assert [held[h] for h in ("Kommer", "Kanske", "Kommer inte", "Beslut")] == ["1", "1", "0", "1"]
    assert (held["Anteckningar fastställda"], drafted["Anteckningar fastställda"]) == ("ja", "nej")
    assert [row["Text"] for row in table(files, "anmälda punkter")] == ["'=1+1"]
    notes = [(row["Möte"], row["Slag"], row["Text"]) for row in table(files, "minnesanteckningar")]
    assert notes == [("m1", "beslut", "Belysning vid skolan")]
    assert not any(DRAFTED.encode() in content for content in files.values())


def test_what_is_followed_up(database: Database, tmp_path: Path) -> None:
    """What something happened to in the months is there with all of its trail, and nothing else."""
    files = export(database, tmp_path / "p")

    [case] = table(files, "ärenden")
    assert (case["Rubrik"], case["Enhet"], case["Period"]) == (
        "'@Mörkt vid skolan",
        "Skolan",
        "2026-11",
    )
    [assignment], [measure] = table(files, "uppdrag"), table(files, "åtgärder")
    assert (assignment["Omhändertaget av"], assignment["Ärende"]) == ("Anna Ek", "a1")
    assert (assignment["Arbetsgrupp"], assignment["När"]) == ("Anna Ek, Bo Å", "2027-02-01")
    assert (measure["Prevention"], measure["Hur det går"]) == (
        "situationell",
        "grönt – går som planerat",
    )
    assert [row["Rubrik"] for row in table(files, "bevakningar")] == ["Avtal med polisen", "Löfte"]
    assert [(r["Gäller"], r["Händelse"]) for r in table(files, "händelser")] == [
        ("a1", "föreslogs i ett svar"),
        ("a1", "beslutades som uppdrag"),
        ("t1", "planerades"),
        ("b1", "till SAMSA, slutar"),
    ]
    [unrest] = table(files, "tider av oro")
    assert (unrest["Läge"], unrest["Enheter"]) == ("högt", "e1")
    kept = json.loads(files["möten och uppföljning.json"])
    assert (kept["cases"][0]["state"], kept["trail"][1]["meeting"]) == ("ongoing", "m1")
    assert kept["assignments"][0]["members"] == ["Anna Ek", "Bo Å"]


def test_approved_papers(database: Database, tmp_path: Path) -> None:
    """Papers approved in the months are there with their documents and sums; drafts are not."""
    files = export(database, tmp_path / "p")

    first, second = table(files, "handlingar")
    assert (first["Slag"], first["Gäller"], first["Mottagare"]) == (
        "minnesanteckningar",
        "m1",
        "BRÅ",
    )
    assert second["Mottagare"] == "kommunstyrelseförvaltningen"
    assert (first["Dokumentens kontrollsummor"], first["Kontrollsumma"]) == ("a" * 64, "f" * 64)
    assert files[first["Dokument"]] == b"bra"
    assert (second["Dokument"], files[second["Dokument"]]) == (
        "dokument/h2-Anteckningar.pdf",
        b"executive",
    )
    lines = files["SHA256SUMS"].decode().splitlines()
    sums = {name: digest for digest, name in (line.split("  ", 1) for line in lines)}
    assert sums == {
        name: hashlib.sha256(content).hexdigest()
        for name, content in files.items()
        if name != "SHA256SUMS"
    }


def test_masked(database: Database, tmp_path: Path) -> None:
    """Without free text nothing remains that people wrote, and nobody's name."""
    files = export(database, tmp_path / "p", masked=True)

    everything = b"\n".join(files.values()).decode()
    for written in (
        "Mörk", "skolan", "lampor", "Lampor", "Ljust", "Teknisk", "Tekniska", "I mars", "rykten",
        "Bråk", "Avtal", "Löfte", "Anna", "Bo Å", "Rummets", "Först", "1+1", "Belysning",
    ):  # fmt: skip
        assert written not in everything, written
    assert not any(name.startswith("dokument/") for name in files)
    assert [row["Händelse"] for row in table(files, "händelser")][1] == "beslutades som uppdrag"
    assert table(files, "handlingar")[0]["Dokumentens kontrollsummor"] == "a" * 64


def test_one_unit_has_no_council(database: Database, tmp_path: Path) -> None:
    """A package for one unit holds all its answers, and no records of the council."""
    files = export(database, tmp_path / "p", unit="e1")

    assert {row["Enhet"] for row in table(files, "svar vid oro")} == {"Skolan"}
    assert sorted(files) == [
        "SHA256SUMS", "metadata.json", "svar vid oro.csv", "svar vid oro.json", "svar.csv",
        "svar.json",
    ]  # fmt: skip
    assert "svar vid oro.csv" not in export(database, tmp_path / "q", unit="gården")


def test_month_that_has_no_round_yet(database: Database, tmp_path: Path) -> None:
    """What there is can be had before the month's round; where there is nothing it is said so."""
    files = export(database, tmp_path / "p", period=Period.of(2026, 9))

    assert [row["Id"] for row in table(files, "möten")] == ["m4"]
    assert ("svar.csv" in files, json.loads(files["metadata.json"])["round"]) == (False, None)
    for empty in (Period.of(2025, 1), Period(first=date(2026, 10, 1), last=date(2026, 11, 1))):
        with pytest.raises(CannotExport, match="export_period"):
            export(database, tmp_path / "q", period=empty)


def test_unrest_that_ended_early_is_not_of_the_next_month(
    database: Database, tmp_path: Path
) -> None:
    """A time of unrest belongs to the months in which it lasted."""

    def lasts(uow: UnitOfWork) -> None:
        unrest = replace(uow.unrests.get(1), last_day=date(2026, 12, 2))
        uow.unrests.save(unrest)

    database.now(lasts)
    december = export(database, tmp_path / "p", period=Period.of(2026, 12))
    assert [row["Id"] for row in table(december, "tider av oro")] == ["r1"]

    database.now(lambda uow: uow.unrests.save(replace(uow.unrests.get(1), ended_at=AT)))
    with pytest.raises(CannotExport):
        export(database, tmp_path / "q", period=Period.of(2026, 12))


def test_in_english(database: Database, tmp_path: Path) -> None:
    """Headings, files and states are in the municipality's language."""
    files = export(database, tmp_path / "p", language="en")

    assert table(files, "meetings")[0]["Notes approved"] == "yes"
    assert table(files, "papers")[1]["Audience"] == "the municipal executive office"


@pytest.mark.parametrize("language", ["sv", "en"])
def test_every_heading_and_file_has_a_word(
    database: Database, tmp_path: Path, language: str
) -> None:
    """No table is called by, or has a heading of, what only programs call it."""
    files = export(database, tmp_path / "p", language=language)

    text = (TEMPLATES / "cli" / f"{language}.toml").read_text(encoding="utf-8")
    words = tomllib.loads(text)
    tables = {name.removesuffix(".csv") for name in files if name.endswith(".csv")}
    assert tables <= set(words["files"].values())
    answered = {words["files"][name] for name in ("answers", "unrest_answers")}
    headings = {
        heading for name in tables - answered for row in table(files, name)[:1] for heading in row
    }
    assert headings <= set(words["headings"].values())

"""What the commands of the command line do and say, `run` apart.

The sentences stand in templates/cli/, the commands and options in arguments.py. Each function gives
the exit code: 0 when all is well.
"""

import sys
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from bot.cli.phrases import Phrases, read_names
from bot.config import Settings
from bot.domain.calendar import Period
from bot.domain.people import Role
from bot.domain.roster import Change, RosterInvalid, RosterProblem
from storage.database import Database
from storage.outbox import Queued
from storage.unit_of_work import UnitOfWork

ALIVE_FOR = timedelta(minutes=20)
"""The running bot writes its mark every 15 minutes; one that is late is allowed for."""

_MAY_BE_THERE = "uncertain"


def say(line: str) -> None:
    """Write a line for the administrator."""
    sys.stdout.write(line + "\n")


def migrate(database: Database, phrases: Phrases) -> int:
    """Create the tables or bring them to the newest version."""
    database.migrate()
    say(phrases("migrated"))
    return 0


def health(database: Database, phrases: Phrases, now: datetime) -> int:
    """Tell by the bot's own mark whether it is alive."""
    mark = database.now(lambda uow: uow.marks.get("alive_real"))
    if mark is None:
        say(phrases("never_alive"))
        return 1
    silent = now - datetime.fromisoformat(mark)
    alive = silent < ALIVE_FOR
    minutes = max(0, int(silent.total_seconds() // 60))
    say(phrases("alive" if alive else "not_alive", {"minutes": minutes}))
    return 0 if alive else 1


def import_roster(
    database: Database, settings: Settings, phrases: Phrases, files: Sequence[Path], now: datetime
) -> int:
    """Import units and persons, and tell every change or every mistake."""
    from bot.cli.importing import (
        import_files,  # openpyxl is slow to load, and `health` is to be quick
    )

    try:
        result = import_files(
            database, files, platform="matrix", language=settings.municipality.language, now=now
        )
    except RosterInvalid as error:
        say(phrases("import_bad", {"count": len(error.problems)}))
        for problem in error.problems:
            say("- " + _problem(problem, phrases))
        return 1
    for change in result.changes:
        say("- " + _change(change, phrases))
    done = "import_done" if result.changes else "import_nothing"
    say(phrases(done, {"count": len(result.changes)}))
    if result.warnings:
        say(phrases("import_warnings"))
    for warning in result.warnings:
        say("- " + _problem(warning, phrases))
    return 0


def outbox(
    database: Database,
    settings: Settings,
    phrases: Phrases,
    action: str | None,
    row_id: int,
    now: datetime,
) -> int:
    """List what was not delivered, send one row again, or put it aside."""
    if action is None:
        rows = database.now(lambda uow: uow.outbox.trouble())
        for row in rows:
            say(_undelivered(row, settings, phrases))
        say(phrases("outbox_help" if rows else "outbox_empty"))
        return 0

    def work(uow: UnitOfWork) -> str | None:
        row = next((r for r in uow.outbox.trouble() if r.id == row_id), None)
        if row is None:
            return None
        before = row.state
        row.state = "pending" if action == "retry" else "dropped"
        if action == "retry":
            # Else the relay would give it up at once, as tried too long ago.
            row.tries, row.tried_at, row.reason = 0, None, ""
        uow.outbox.change(row)
        uow.audit.add(
            at=now,
            action=f"cli:outbox:{action}",
            outcome="done",
            person_id=None,
            subject=row.key,
            cause=before,
        )
        return before

    before = database.now(work)
    if before is None:
        say(phrases("outbox_unknown", {"id": row_id}))
        return 1
    say(phrases(f"outbox_{action}", {"id": row_id}))
    if before == _MAY_BE_THERE and action == "retry":
        say(phrases("outbox_maybe"))
    return 0


def export(
    database: Database,
    settings: Settings,
    phrases: Phrases,
    *,
    period: str,
    unit: str | None,
    masked: bool,
    folder: Path,
    now: datetime,
) -> int:
    """Write the registry's package, and name its files."""
    from bot.cli.exporting import CannotExport, Wish, export_package
    from bot.questions import BadQuestionSet, load_question_sets

    try:
        wish = Wish(period=Period.parse(period), unit=unit, masked=masked, folder=folder)
    except ValueError:
        say(phrases("export_bad_period", {"period": period}))
        return 1
    try:
        files = export_package(
            database,
            wish,
            question_sets=load_question_sets(
                settings.templates / "questions", settings.municipality.places
            ),
            phrases=phrases,
            names=read_names(phrases.code, settings.templates),
            zone=settings.zone,
            now=now,
        )
    except CannotExport as error:
        say(phrases(error.code, error.params))
        return 1
    except BadQuestionSet as error:
        say(str(error))
        return 1
    except OSError as error:
        say(phrases("export_unwritable", {"cause": error.strerror}))
        return 1
    say(phrases("export_done", {"folder": folder}))
    for name in files:
        say(f"- {name}")
    return 0


def place(phrases: Phrases, file: str, line: int | None, what: str) -> str:
    """Put a mistake's place before its words."""
    sentence = "place_line" if line else "place_file"
    return phrases(sentence, {"file": file, "line": line, "what": what})


def _problem(problem: RosterProblem, phrases: Phrases) -> str:
    params = {name: _words(name, value, phrases) for name, value in problem.params.items()}
    what = phrases.problem(problem.code, params)
    return place(phrases, problem.file, problem.line, what)


def _words(name: str, value: object, phrases: Phrases) -> str:
    """Say a parameter: columns and roles by the words that the lists are written with."""
    if name == "suggestions" and isinstance(value, tuple):
        said = ", ".join(phrases.name("roles", str(v)) for v in value)
        return phrases("did_you_mean", {"suggestions": said}) if value else ""
    if name == "expected" and isinstance(value, tuple):
        return " / ".join(_words("columns", columns, phrases) for columns in value)
    if name == "columns" and isinstance(value, tuple):
        return ", ".join(phrases.name("columns", v) for v in value)
    if name == "column":
        return phrases.name("columns", str(value))
    return phrases.name("roles", value) if isinstance(value, Role) else str(value)


def _change(change: Change, phrases: Phrases) -> str:
    params: Mapping[str, object] = {
        "subject": change.subject,
        "before": change.before,
        "after": change.after,
        "held": "",
    }
    if change.held:
        role, unit = change.held
        said = [phrases.name("roles", role), *([unit] if unit else [])]
        params = {**params, "held": ", ".join(said)}
    return phrases.change(change.kind, params)


def _undelivered(row: Queued, settings: Settings, phrases: Phrases) -> str:
    """Tell about a row without its text, which may hold what nobody but the reader should see."""
    kind = phrases.name("outbox", row.kind)
    return phrases(
        "outbox_row",
        {
            "id": row.id,
            "state": phrases.name("outbox", row.state),
            "at": row.created_at.astimezone(settings.zone).strftime("%Y-%m-%d %H:%M"),
            "to": row.address or row.room,
            "about": f"{kind} {row.template}".strip(),
            "reason": row.reason,
        },
    )

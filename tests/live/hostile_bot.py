"""The bot as a process of its own, started and stopped as an administrator does it.

`python -m tests.live.hostile_bot <settings> <begins>` is the process; `BotProcess` is its outside.
The clock is moved, so that no round opens while it is being poisoned.
"""

import asyncio
import contextlib
import json
import logging
import signal
import sys
from datetime import datetime
from pathlib import Path

from bot.app import Runtime
from bot.config import Settings
from tests.fakes import ShiftedClock
from tests.live.process import die_with_parent

_STOP_SECONDS = 20.0


class BotProcess:
    """One life after another on the same data folder.

    Args:
        settings: what it runs on.
        begins: our time at the start of each life, with its zone.
        folder: where its settings and its log are written.
    """

    def __init__(self, settings: Settings, begins: datetime, folder: Path) -> None:
        self._file = folder / "bot.json"
        self._file.write_text(json.dumps(settings.model_dump(mode="json")), encoding="utf-8")
        self._begins = begins.isoformat()
        self._process: asyncio.subprocess.Process | None = None
        self.log = folder / "bot.log"

    @property
    def is_up(self) -> bool:
        """Tell whether the present life has not ended."""
        return self._process is not None and self._process.returncode is None

    async def start(self) -> None:
        """Begin a life, without waiting for its first answer."""
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-m", "tests.live.hostile_bot", str(self._file), self._begins),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=die_with_parent(signal.SIGKILL),
            )

    async def ended(self) -> None:
        """Wait until the present life has ended."""
        if self._process is not None:
            await self._process.wait()

    async def stop(self) -> int:
        """End the life in good order, or else without warning; give the exit status."""
        process, self._process = self._process, None
        if process is None:
            return 0
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            return await asyncio.wait_for(process.wait(), _STOP_SECONDS)
        except TimeoutError:
            process.kill()
            return await process.wait()


async def _live(settings: Settings, begins: datetime) -> None:
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await Runtime(settings, clock=ShiftedClock(begins)).run()


def main(file: Path, begins: datetime) -> None:
    """Live until told to stop."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")
    asyncio.run(_live(Settings(**json.loads(file.read_text(encoding="utf-8"))), begins))


if __name__ == "__main__":
    main(Path(sys.argv[1]), datetime.fromisoformat(sys.argv[2]))

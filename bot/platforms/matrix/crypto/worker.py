"""The thread in which the encryption machine runs, many calls in one transaction.

A commit waits for the disk, an encryption takes a tenth of a millisecond: so whatever was asked for
while one commit ran shares the next one. A call that raises is undone alone.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar, cast

from bot.platforms.matrix.crypto.machine import Machine

T = TypeVar("T")
_Job = tuple[Callable[[Machine], object], "asyncio.Future[object]"]

MOST_AT_ONCE = 64
_WOKEN_AT_ONCE = 5


class Worker:
    """Runs calls on a machine, one after another."""

    def __init__(self, make: Callable[[], Machine]) -> None:
        """`make` opens the machine; it is called in the thread, before the first call."""
        self._make = make
        self._machine: Machine | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="encryption")
        self._jobs: list[_Job] = []
        self._running = False

    async def run(self, work: Callable[[Machine], T]) -> T:
        """Call `work` with the machine; what it changed is stored when this returns.

        Raises:
            Exception: whatever the call raised; nothing that it changed is kept.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[object] = loop.create_future()
        self._jobs.append((work, future))
        self._start(loop)
        # A caller that is cancelled only stops waiting: the call itself is done or undone whole.
        return cast(T, await asyncio.shield(future))

    def close(self) -> None:
        """Wait for what runs, and close the store."""
        self._thread.shutdown(wait=True)
        if self._machine is not None:
            self._machine.store.close()

    def _start(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._running or not self._jobs:
            return
        self._running = True
        jobs, self._jobs = self._jobs[:MOST_AT_ONCE], self._jobs[MOST_AT_ONCE:]
        batch = loop.run_in_executor(self._thread, self._together, [work for work, _ in jobs])
        batch.add_done_callback(lambda done: self._finish(loop, jobs, done))

    def _finish(
        self,
        loop: asyncio.AbstractEventLoop,
        jobs: list[_Job],
        done: "asyncio.Future[list[object | _Failed]]",
    ) -> None:
        self._running = False
        error = None if done.cancelled() else done.exception()
        results = [_Failed(error)] * len(jobs) if error or done.cancelled() else done.result()
        futures = (future for _, future in jobs)
        self._tell(loop, deque(zip(futures, results, strict=True)))
        self._start(loop)

    def _tell(
        self,
        loop: asyncio.AbstractEventLoop,
        outcomes: deque[tuple["asyncio.Future[object]", object]],
    ) -> None:
        """Wake those who wait, a few in a turn of the loop: each has work to do at once."""
        for _ in range(min(_WOKEN_AT_ONCE, len(outcomes))):
            future, result = outcomes.popleft()
            if isinstance(result, _Failed):
                future.set_exception(result.error or RuntimeError("the encryption thread stopped"))
            else:
                future.set_result(result)
        if outcomes:
            loop.call_soon(self._tell, loop, outcomes)

    def _together(self, works: list[Callable[[Machine], object]]) -> list[object]:
        if self._machine is None:
            self._machine = self._make()
        machine = self._machine
        results: list[object] = []
        try:
            with machine.store.transaction():
                for work in works:
                    try:
                        with machine.store.part():
                            results.append(work(machine))
                    except Exception as error:
                        machine.device.undone()
                        results.append(_Failed(error))
                    except BaseException as panic:  # of the library below
                        machine.device.undone()
                        results.append(_Failed(RuntimeError(f"encryption: {panic}")))
        except BaseException:
            machine.device.undone()
            raise
        return results


class _Failed:
    """The outcome of a call that raised."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error

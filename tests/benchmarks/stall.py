"""How long an event loop was kept from running, and the signal that asks for it.

Used inside the measured processes, the bot's and the bare client's: only both together tell what
the program did and what the machine did.
"""

import asyncio
import json
import os
import signal
import sys
import time
from typing import NamedTuple

_NAP = 0.005
_SCHEDULER = "/proc/thread-self/schedstat"
"""Nanoseconds on a processor, nanoseconds ready without one, turns: Linux, proc(5)."""


class Stall(NamedTuple):
    """The longest time a loop was kept from running, in milliseconds."""

    ms: float
    unserved_ms: float
    """How much of it the loop was ready to run while the machine gave the processors to others."""


def say(**news: object) -> None:
    """Tell the measuring process something, one JSON object a line."""
    sys.stdout.write(json.dumps(news) + "\n")
    sys.stdout.flush()


class StallProbe:
    """Naps 5 ms at a time and notes by how much it overslept.

    SIGUSR1 starts it, and a second one stops it and reports the worst: it takes processor time of
    its own, so it must not run while that is measured.
    """

    def __init__(self) -> None:
        self._napping: asyncio.Task[None] | None = None
        self._worst = Stall(0.0, 0.0)

    def obey(self) -> None:
        """Listen for the signal from now on."""
        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, self._turn)

    def _turn(self) -> None:
        if self._napping is None:
            self._worst = Stall(0.0, 0.0)
            self._napping = asyncio.create_task(self._nap())
            return
        self._napping.cancel()
        self._napping = None
        say(stall=self._worst)

    async def _nap(self) -> None:
        scheduler = os.open(_SCHEDULER, os.O_RDONLY)
        try:
            while True:
                asleep, unserved = time.perf_counter(), _unserved_ms(scheduler)
                await asyncio.sleep(_NAP)
                late_ms = (time.perf_counter() - asleep - _NAP) * 1000
                found = Stall(late_ms, _unserved_ms(scheduler) - unserved)
                self._worst = max(self._worst, found)
        finally:
            os.close(scheduler)


def _unserved_ms(scheduler: int) -> float:
    """Read how long this thread has been ready without a processor."""
    return int(os.pread(scheduler, 100, 0).split()[1]) / 1e6

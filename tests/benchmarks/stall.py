"""How long an event loop was kept from running, and the signal that asks for it.

Used inside the measured processes, the bot's and the bare client's: only both together tell what
the program did and what the machine did.
"""

import asyncio
import json
import signal
import sys
import time

_NAP = 0.005


def say(**news: object) -> None:
    """Tell the measuring process something, one JSON object a line."""
    sys.stdout.write(json.dumps(news) + "\n")
    sys.stdout.flush()


class StallProbe:
    """Naps 5 ms at a time and notes by how much it overslept.

    SIGUSR1 starts it, and a second one stops it and reports the worst, in milliseconds: it takes
    processor time of its own, so it must not run while that is measured.
    """

    def __init__(self) -> None:
        self._napping: asyncio.Task[None] | None = None
        self._worst = 0.0

    def obey(self) -> None:
        """Listen for the signal from now on."""
        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, self._turn)

    def _turn(self) -> None:
        if self._napping is None:
            self._worst = 0.0
            self._napping = asyncio.create_task(self._nap())
            return
        self._napping.cancel()
        self._napping = None
        say(stall_ms=self._worst * 1000)

    async def _nap(self) -> None:
        while True:
            asleep = time.perf_counter()
            await asyncio.sleep(_NAP)
            self._worst = max(self._worst, time.perf_counter() - asleep - _NAP)

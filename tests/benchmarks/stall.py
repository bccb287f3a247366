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
    """Naps 5 ms at a time and notes by how much it overslept."""

    def __init__(self) -> None:
        self._worst = 0.0

    async def run(self) -> None:
        """Measure for ever; SIGUSR1 reports the worst since the last report, in milliseconds."""
        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, self._report)
        while True:
            asleep = time.perf_counter()
            await asyncio.sleep(_NAP)
            self._worst = max(self._worst, time.perf_counter() - asleep - _NAP)

    def _report(self) -> None:
        say(stall_ms=self._worst * 1000)
        self._worst = 0.0

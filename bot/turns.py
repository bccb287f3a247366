"""Whose turn it is to be sent: side by side while all is well, one at a time while it is not.

Both a limit (Synapse's is per account) and a failing server concern all rooms together: when each
waited for itself, a hundred rooms would ask a hundred times a second, and some would never come in.
"""

import asyncio
from collections.abc import Awaitable, Callable

WAITED = -1.0
"""In place of seconds to wait: that has been done."""
_CALM = 20
"""So many must go through after a limit before they go side by side again."""
_DOWN = 5
"""So many failures in a row mean that it is the server, and not a line that broke once. The first
success after them shows that it is back."""


class Turns:
    """The turns at one sender, `at_once` of them side by side."""

    def __init__(self, at_once: int, jitter: Callable[[], float]) -> None:
        self._slots = asyncio.Semaphore(at_once)
        self._single = asyncio.Lock()
        self._jitter = jitter
        self._trouble = 0
        self._failures = 0

    @property
    def limited(self) -> bool:
        """Tell whether the sender has limited us lately."""
        return self._trouble > 0

    def limit(self) -> None:
        """Go one at a time from now on: the sender limits us."""
        self._trouble = _CALM

    def fail(self) -> None:
        """Note that the sender failed us; after some in a row one goes at a time."""
        self._failures += 1
        if self._failures >= _DOWN:
            self._trouble = max(1, self._trouble)

    async def take(self, attempt: Callable[[], Awaitable[float | None]]) -> float | None:
        """Make an attempt when it is its turn.

        Args:
            attempt: gives None when it is over, else the least seconds to wait; 0 where the server
                named no time, negative where it is to be made again at once.

        Returns:
            The same, or `WAITED`.
        """
        async with self._slots:
            if not self._trouble:
                wait = await attempt()
                if wait is None:
                    self._failures = 0
                return wait
            async with self._single:
                wait = await attempt()
                if wait is not None and wait > 0:
                    await asyncio.sleep(wait)  # for everybody
                    # Still this one's turn: whoever came next would take each place that is free.
                    wait = await attempt()
                if wait is None:
                    self._trouble, self._failures = max(0, self._trouble - 1), 0
                elif wait > 0 or self._failures >= _DOWN:
                    # A server that fails hears from all together twice a second at the most.
                    await asyncio.sleep(0.75 + 0.5 * self._jitter())
                return WAITED if wait else wait

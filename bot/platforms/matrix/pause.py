"""How long to leave a failing homeserver in peace."""

import random

from bot.platforms.matrix.errors import Refused, RequestFailed

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0


class Pause:
    """How long to wait after a failure: `first` seconds doubling to `longest`, with jitter.

    The HTTP client by itself repeats a request once when its connection breaks. So a second between
    ours is what keeps a failing homeserver at two requests a second at the most.
    """

    def __init__(self, first: float = FIRST_PAUSE, longest: float = LONGEST_PAUSE) -> None:
        self._first = first
        self._longest = longest
        self._failures = 0

    def reset(self) -> None:
        """Begin anew after a success."""
        self._failures = 0

    def after(self, failure: RequestFailed) -> float:
        """Give the seconds to wait after one more failure: no fewer than the homeserver asks."""
        most = min(1.5 * self._first * 2 ** min(self._failures, 10), self._longest)
        self._failures += 1
        wait = random.uniform(most / 1.5, most)
        if isinstance(failure, Refused) and failure.retry_after is not None:
            return max(wait, failure.retry_after.total_seconds())
        return wait

"""A clock as fast as the story wants, which never runs past the instant it is told to stop at."""

from datetime import UTC, datetime, timedelta

# A timer may fire a little early by its own rounding; then nothing would be due.
_MARGIN = timedelta(milliseconds=10)


class FastClock:
    """Our time as a piecewise linear function of the machine's.

    After `go` the scheduler must place its jobs anew: they stand at the old speed's instants.

    Args:
        begins: our time when the clock is made; it stands still until `go`.
    """

    def __init__(self, begins: datetime) -> None:
        self._ours = begins.astimezone(UTC)
        self._real = datetime.now(UTC)
        self._speed = 1.0
        self._stop: datetime | None = self._ours

    def now(self) -> datetime:
        """Give our present instant."""
        passed = (datetime.now(UTC) - self._real).total_seconds()
        ours = self._ours + timedelta(seconds=passed * self._speed)
        return ours if self._stop is None else min(ours, self._stop)

    def to_real(self, instant: datetime) -> datetime:
        """Convert an instant of ours to the machine's, by the present speed."""
        ahead = (instant - self._ours).total_seconds()
        return self._real + timedelta(seconds=ahead / self._speed) + _MARGIN

    def go(self, speed: float, *, stop: datetime | None) -> None:
        """Run on from now, at `speed` of our seconds a second, and stand still at `stop`."""
        self._ours, self._real = self.now(), datetime.now(UTC)
        self._speed, self._stop = speed, stop

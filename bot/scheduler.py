"""APScheduler: one job per instant of the plan, and a slow heartbeat. A job holds no state.

Each job asks the same question, "what is due?", and the answer comes from the database; so a lost,
a doubled or a late wake-up changes nothing.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot.domain.schedule import Occurrence
from bot.ports import Clock

log = logging.getLogger(__name__)

_HEARTBEAT = "heartbeat"


class Scheduler:
    """Wakes `tick` at the plan's instants. `plan` lists what is to come."""

    def __init__(
        self,
        *,
        clock: Clock,
        plan: Callable[[], Awaitable[Sequence[Occurrence]]],
        tick: Callable[[], Awaitable[None]],
        heartbeat_seconds: int = 900,
    ) -> None:
        self._clock = clock
        self._plan = plan
        self._tick = tick
        self._heartbeat = heartbeat_seconds
        self._jobs = AsyncIOScheduler(
            timezone=UTC,
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        )

    async def start(self) -> None:
        """Start the timer; the heartbeat finds whatever a wake-up missed."""
        self._jobs.start()
        self._jobs.add_job(
            self._tick, "interval", seconds=self._heartbeat, id=_HEARTBEAT, replace_existing=True
        )
        await self.replan()

    async def replan(self) -> None:
        """Make the jobs those of the plan, no more and no fewer."""
        wanted = {o.key: o for o in await self._plan()}
        for job in self._jobs.get_jobs():
            if job.id != _HEARTBEAT and job.id not in wanted:
                job.remove()
        for key, occurrence in wanted.items():
            self._jobs.add_job(
                self._tick,
                "date",
                run_date=self._clock.to_real(occurrence.at),
                id=key,
                name=occurrence.verb,
                replace_existing=True,
            )

    def stop(self) -> None:
        """Stop the timer."""
        if self._jobs.running:
            self._jobs.shutdown(wait=False)

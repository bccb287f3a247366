"""APScheduler: one job per instant of the plan, and a slow heartbeat. A job holds no state.

Each job asks the same question, "what is due?", and the answer comes from the database; so a lost,
a doubled or a late wake-up changes nothing.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot.domain.schedule import Occurrence
from bot.ports import Clock

log = logging.getLogger(__name__)

_HEARTBEAT = "heartbeat"
_QUIET, _PUT_OFF = 0.5, 5.0
"""Seconds without a change after which the jobs are placed anew, and the longest that this is put
off: a job whose instant has passed meanwhile runs at once."""


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
        self._changed = asyncio.Event()
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

    def plan_changed(self) -> None:
        """Say that the plan may be another now; `follow` will look."""
        self._changed.set()

    async def follow(self) -> None:
        """Place the jobs anew after changes, for ever, many changes at a time."""
        while True:
            await self._changed.wait()
            waited = 0.0
            while self._changed.is_set() and waited < _PUT_OFF:
                self._changed.clear()
                await asyncio.sleep(_QUIET)
                waited += _QUIET
            self._changed.clear()
            await self.replan()

    async def replan(self) -> None:
        """Make the jobs those of the plan, no more and no fewer."""
        wanted = {o.key: o for o in await self._plan()}
        placed: dict[str, datetime] = {}
        for job in self._jobs.get_jobs():
            if job.id != _HEARTBEAT and job.id not in wanted:
                job.remove()
            else:
                placed[job.id] = job.next_run_time
        for key, occurrence in wanted.items():
            instant = self._clock.to_real(occurrence.at)
            if placed.get(key) != instant:
                self._jobs.add_job(
                    self._tick,
                    "date",
                    run_date=instant,
                    id=key,
                    name=occurrence.verb,
                    replace_existing=True,
                )

    def stop(self) -> None:
        """Stop the timer."""
        if self._jobs.running:
            self._jobs.shutdown(wait=False)

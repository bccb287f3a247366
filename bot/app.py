"""The composition root: builds every part and owns the clock and the tasks. Start reading here."""

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from datetime import datetime, timedelta

import commands
from bot.command import Errand, Inspect, Print, Product
from bot.config import Settings
from bot.connections import mail_of, matrix, senders
from bot.dispatcher import Dispatcher
from bot.documents.calendar_file import IcsWriter
from bot.documents.typesetter import TypstTypesetter
from bot.domain.schedule import Occurrence, due
from bot.holidays_se import swedish_calendar
from bot.installation import labels_of, rules_of, settle
from bot.interpreter import run_smoothly
from bot.mailbox import StoredMailbox
from bot.outbox import Relay
from bot.plan import planned
from bot.ports import Clock, Platform, RoomHealth, Sender
from bot.process import OnlyOne, SystemClock
from bot.scheduler import Scheduler
from bot.texts import Texts, read_texts
from storage.database import Database
from storage.outbox import Queued
from storage.unit_of_work import UnitOfWork

log = logging.getLogger(__name__)

YEARS_AROUND = range(-2, 6)
"""The calendar is worked out for these years around the start, and anew at each start."""
MONTHLY = "monthly"
EARLY_TRIES, EARLY_PAUSE = 60, 1.0
"""How often, and after how many seconds, what came early is looked at again: somebody may react to
a message before the bot has heard that it was posted."""
NOTICED_DOWNTIME = timedelta(hours=1)
NOTICED_SLOWNESS = timedelta(minutes=5)


class Runtime:
    """Runs the bot until it is stopped."""

    def __init__(
        self,
        settings: Settings,
        platform: Platform | None = None,
        clock: Clock | None = None,
        mail: Sender | None = None,
        texts: Texts | None = None,
    ) -> None:
        self._settings = settings
        self._clock = clock or SystemClock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._lanes: dict[str, list[int]] = {}
        self._ticking = asyncio.Lock()
        self.rules = rules_of(settings)
        this_year = self._clock.now().year
        self.calendar = swedish_calendar(settings.zone, (this_year + n for n in YEARS_AROUND))
        self.texts = texts or read_texts(settings)
        self.database = Database(settings.database)
        self._typesetter = TypstTypesetter(
            settings.templates,
            labels_of(self.texts.question_sets[MONTHLY], self.texts.renderer.languages),
        )
        self.platform: Platform = platform or matrix(settings)
        self.relay = Relay(
            platform=self.platform,
            database=self.database,
            clock=self._clock,
            spawn=self._spawn,
            failed=self._failed,
            completed=self._completed,
            slow=self._slow,
            senders=senders(mail or mail_of(settings)),
        )
        self.dispatcher = Dispatcher(
            database=self.database,
            clock=self._clock,
            renderer=self.texts.renderer,
            commands=commands.load(),
            rules=self.rules,
            calendar=self.calendar,
            question_sets=self.texts.question_sets,
            agendas=self.texts.agendas,
            entries=IcsWriter(),
            run_errand=self._run_errand,
            own_account=lambda: self.platform.own_account,
            posted=self.relay.post,
            replan=lambda: self.scheduler.plan_changed(),
        )
        self.mailbox = StoredMailbox(self.database, self._clock, self._arrived)
        self.scheduler = Scheduler(clock=self._clock, plan=self.plan, tick=self.tick)

    async def run(self) -> None:
        """Start, take up what was left, and listen for ever; cancel to stop.

        Raises:
            BadSettings: another process holds the data folder.
        """
        with OnlyOne(self._settings.data):
            try:
                await self.begin()
                run_smoothly()
                await self.scheduler.start()
                self._spawn(self.scheduler.follow())
                await self.platform.listen(self.mailbox)
            finally:
                self.scheduler.stop()
                await self.end()

    async def begin(self) -> None:
        """Bring the database up to date, log in, and take up what the last run left."""
        await asyncio.to_thread(self.database.migrate)
        down_from, away = await self.database.transact(self._wake)
        await self.platform.start()
        await self._failed(await self.database.transact(_untold))
        await self.relay.resume(away)
        self._arrived(await self.database.transact(lambda uow: uow.inbox.todo()))
        if down_from is not None and self._clock.now() - down_from > NOTICED_DOWNTIME:
            since = down_from.isoformat()
            await self.dispatcher.ask("catch_up", since, cause=f"catch_up/{since}")
        await self.tick()

    async def end(self) -> None:
        """Stop every task and let go of platform and database."""
        while self._tasks:  # what is being stopped may begin a last one
            for task in list(self._tasks):
                task.cancel()
            await asyncio.wait(list(self._tasks))
        await self.platform.stop()
        await self.database.transact(self._still_alive)
        self.database.close()

    @property
    def idle(self) -> bool:
        """Tell whether everything that came in has been handled and everything said is posted."""
        return not self._lanes and self.relay.idle

    async def plan(self) -> Sequence[Occurrence]:
        """List what will happen by itself."""
        now = self._clock.now()
        return await self.database.transact(
            lambda uow: planned(uow, self.rules, self.calendar, now)
        )

    async def tick(self) -> None:
        """Do what is due; one at a time, whoever asked."""
        async with self._ticking:
            await self.database.transact(self._still_alive)
            for occurrence in due(await self.plan(), now=self._clock.now()):
                try:
                    await self.dispatcher.occur(occurrence)
                except Exception:
                    log.exception("occurrence %s failed; the heartbeat will try again", occurrence)

    # Inbox lanes: one thing at a time per room

    def _arrived(self, events: Sequence[tuple[int, str]]) -> None:
        for row_id, room in events:
            if room in self._lanes:
                self._lanes[room].append(row_id)
            else:
                self._lanes[room] = [row_id]
                self._spawn(self._run_lane(room))

    async def _run_lane(self, room: str) -> None:
        lane = self._lanes[room]
        while lane:
            try:
                for left in reversed(range(EARLY_TRIES)):
                    if await self.dispatcher.handle(lane[0], patient=left > 0):
                        break
                    await asyncio.sleep(EARLY_PAUSE)
            except Exception:
                log.exception("inbox row %s could not be handled; it waits for a restart", lane[0])
            lane.pop(0)
        del self._lanes[room]

    def _spawn(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.create_task(_logged(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda _: work.close())  # cancelled before its first step

    # Errands and the relay's news

    async def _run_errand(self, errand: Errand) -> Product:
        if isinstance(errand, Inspect):
            rooms: dict[str, RoomHealth | None] = {}
            for room in errand.rooms:
                rooms[room] = await self.platform.health(room)
            reachable = {a: await self.platform.reachable(r, a) for r, a in errand.accounts}
            return Product(
                rooms=rooms,
                reachable=reachable,
                notices=await self.platform.notices(),
                encrypts=self.platform.encrypts,
            )
        if isinstance(errand, Print):
            papers = [(m, await self._typesetter.print(m)) for m in errand.manuscripts]
            return Product(papers=papers)
        language = self.rules.language
        return Product(
            documents=[
                (report, await self._typesetter.typeset(report, language))
                for report in errand.reports
            ]
        )

    async def _failed(self, rows: Sequence[Queued]) -> None:
        for row in rows:
            await self.dispatcher.ask("delivery_failed", str(row.id), cause=f"failed/{row.key}")

    async def _completed(self, rows: Sequence[Queued]) -> None:
        for row in rows:
            if row.template == "publish_last":
                await self.dispatcher.ask("report_posted", str(row.id), cause=f"posted/{row.key}")

    async def _slow(self, rooms: int, retry_after: timedelta) -> None:
        """Tell the coordinator, where it will take long, when everybody has been reached."""
        remaining = rooms * retry_after
        now = self._clock.now()
        if remaining > NOTICED_SLOWNESS:
            ready = (now + remaining).isoformat()
            await self.dispatcher.ask("slow_sending", ready, cause=f"slow/{now:%Y-%m-%dT%H}")

    # At start and stop

    def _wake(self, uow: UnitOfWork) -> tuple[datetime | None, timedelta]:
        """Note the start; give when the bot was last alive, and how long the machine's clock says
        it was away (which is what a platform's replay window is measured by)."""
        if uow.marks.get("installed") is None:
            uow.marks.set("installed", self._clock.now().isoformat())
        # The first tick notes that we live: killed before it, the next start sees the same pause.
        alive, alive_real = uow.marks.get("alive"), uow.marks.get("alive_real")
        settle(uow, self._settings)
        if alive is None or alive_real is None:
            return None, timedelta(0)
        away = SystemClock().now() - datetime.fromisoformat(alive_real)
        return datetime.fromisoformat(alive), away

    def _still_alive(self, uow: UnitOfWork) -> None:
        uow.marks.set("alive", self._clock.now().isoformat())
        uow.marks.set("alive_real", SystemClock().now().isoformat())


def _untold(uow: UnitOfWork) -> Sequence[Queued]:
    """List what could not be delivered and the coordinator has not been told about."""
    return [r for r in uow.outbox.trouble() if not uow.cycles.happened(f"failed/{r.key}")]


async def _logged(work: Coroutine[object, object, None]) -> None:
    try:
        await work
    except Exception:
        log.exception("a task ended with a defect")

"""The relay: takes what is to be said from the outbox and says it, each once, in order per room.

The only caller of Sender.send. The key of a row never changes and is the sender's own key, so a row
whose outcome is unknown may be sent again inside the sender's replay window; after it, the outcome
stays *uncertain* and is shown to a person. A sender without such a window (e-mail) gets a row only
after it is stored as "sending", and a row found in that state after a stop is uncertain at once.
"""

import asyncio
import logging
import random
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType

from bot.payloads import Payloads, Unresolved
from bot.ports import Clock, MayBeSent, NeverWillBe, NotSent, Platform, Sender
from storage.database import Database
from storage.log_tables import OutboxRow
from storage.unit_of_work import UnitOfWork

log = logging.getLogger(__name__)

_AT_ONCE = 50
_LETTERS_AT_ONCE = 3
"""Mail servers count connections, and a mail server that hangs must not take the chat's places."""
_CALM = 20
"""So many rows must go through without a limit before they go side by side again."""
_LONGEST_PAUSE = 60.0
_ACTIONS = frozenset({"join", "decline"})
_NO_KEY = timedelta(0)


class Relay:
    """Lanes of rows, one lane a room; `spawn` runs a lane, `failed` is told what never arrived.

    A row goes to the chat service, or to the one of `senders` that its `platform` names.
    """

    def __init__(
        self,
        *,
        platform: Platform,
        database: Database,
        clock: Clock,
        spawn: Callable[[Coroutine[object, object, None]], object],
        failed: Callable[[Sequence[OutboxRow]], Awaitable[None]],
        completed: Callable[[Sequence[OutboxRow]], Awaitable[None]],
        slow: Callable[[int, timedelta], Awaitable[None]],
        senders: Mapping[str, Sender] = MappingProxyType({}),
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._platform = platform
        self._senders: Mapping[str, Sender] = {**senders, platform.name: platform}
        self._database = database
        self._clock = clock
        self._spawn = spawn
        self._failed = failed
        self._completed = completed
        self._slow = slow
        self._jitter = jitter
        self._lanes: dict[str, deque[OutboxRow]] = {}
        self._slots = {name: asyncio.Semaphore(_LETTERS_AT_ONCE) for name in self._senders}
        self._slots[platform.name] = asyncio.Semaphore(_AT_ONCE)
        self._payloads = Payloads(database)
        self._single = asyncio.Lock()
        self._limited = 0
        self._sent: list[tuple[OutboxRow, str, datetime]] = []
        self._recording = asyncio.Lock()

    async def resume(self, down_for: timedelta) -> None:
        """Take up what was waiting when the process ended, `down_for` ago.

        After a stop longer than the replay window nobody can tell whether a row was posted; with no
        such window it is only a row that had been handed over of which nobody can tell.
        """
        waiting = []
        for row in await self._database.transact(lambda uow: uow.outbox.todo(limit=100_000)):
            window = self._window(row)
            if window == _NO_KEY and row.state == "sending":
                await self._give_up(row, "uncertain", "the bot stopped while it was being sent")
            elif window != _NO_KEY and down_for >= window:
                await self._give_up(row, "uncertain", "the bot was away too long to know")
            else:
                waiting.append(row)
        self.post(waiting)

    def post(self, rows: Sequence[OutboxRow]) -> None:
        """Put committed rows into their lanes; an idle lane starts."""
        for row in rows:
            name = row.room or row.address
            lane = self._lanes.get(name)
            if lane is None:
                lane = self._lanes[name] = deque()
                lane.append(row)
                self._spawn(self._run_lane(name, lane))
            else:
                lane.append(row)

    @property
    def idle(self) -> bool:
        """Tell whether nothing waits to be sent or recorded."""
        return not self._lanes and not self._sent

    async def _run_lane(self, name: str, lane: deque[OutboxRow]) -> None:
        pause = 1.0
        while lane:
            row = lane[0]
            wait = await self._in_turn(row)
            if wait is None:
                lane.popleft()
                pause = 1.0
                continue
            if wait == 0.0 and self._limited and self._is_chat(row):
                continue
            await asyncio.sleep(max(wait, pause * (0.5 + self._jitter())))
            pause = min(pause * 2, _LONGEST_PAUSE)
        del self._lanes[name]
        await self._record()

    async def _in_turn(self, row: OutboxRow) -> float | None:
        """Try once; while the server limits us, one row at a time for the whole account.

        Synapse's limit is per account: the queue as a whole waits as long as the server asks.
        """
        sender = self._senders.get(row.platform)
        if sender is None:
            await self._give_up(row, "failed", f"no {row.platform} is set up")
            return None
        async with self._slots[row.platform]:
            if not self._limited or not self._is_chat(row):
                return await self._deliver(row, sender)
            async with self._single:
                wait = await self._deliver(row, sender)
                if wait:
                    await asyncio.sleep(wait)
                    return 0.0
                self._limited = max(0, self._limited - 1)
                return wait

    async def _deliver(self, row: OutboxRow, sender: Sender) -> float | None:
        """Try once.

        Returns:
            None when the row is finished, else the least seconds to wait.
        """
        key, now = row.key, self._clock.now()
        try:
            if await self._expired(row, now) or await self._superseded(row):
                return None
            if not row.room and self._is_chat(row):
                row.room = await self._open_direct(row)
            event_id = await self._send(row, sender)
        except NotSent as error:
            await self._retry(row, error, now)
            if error.retry_after is None:
                return 0.0
            if self._is_chat(row):
                if not self._limited:
                    await self._slow(len(self._lanes), error.retry_after)
                self._limited = _CALM
            return min(error.retry_after.total_seconds() + 0.05, 600.0)
        except MayBeSent as error:
            if sender.replay_window == _NO_KEY:
                await self._give_up(row, "uncertain", str(error))
                return None
            await self._retry(row, error, now)
            return 0.0
        except (NeverWillBe, Unresolved) as error:
            await self._give_up(row, "failed", str(error))
            return None
        except Exception as error:
            log.exception("defect while sending %s", key)
            unsent = sender.replay_window == _NO_KEY and row.state != "sending"
            await self._give_up(row, "failed" if unsent else "uncertain", type(error).__name__)
            return None
        self._payloads.posted(key, event_id)
        self._sent.append((row, event_id, now))
        at_once = sender.replay_window == _NO_KEY or len(self._lanes.get(row.room, ())) <= 1
        if at_once or len(self._sent) >= _AT_ONCE:
            await self._record()
        return None

    async def _send(self, row: OutboxRow, sender: Sender) -> str:
        if row.kind in _ACTIONS:
            act = self._platform.join if row.kind == "join" else self._platform.decline
            await act(row.room)
            return ""
        payload = await self._payloads.of(row)
        if sender.replay_window == _NO_KEY:
            # Stored before it is handed over: killed in between, nobody sends it a second time.
            await self._change(row, state="sending")
        return await sender.send(row.key, row.room or row.address, payload)

    def _window(self, row: OutboxRow) -> timedelta:
        sender = self._senders.get(row.platform)
        return sender.replay_window if sender else _NO_KEY

    def _is_chat(self, row: OutboxRow) -> bool:
        return row.platform == self._platform.name

    async def _open_direct(self, row: OutboxRow) -> str:
        """Open somebody's one direct room, and point all that waits for it there."""
        address = row.address
        room = await self._platform.open_direct(f"direct/{address}", address)

        def opened(uow: UnitOfWork) -> None:
            uow.people.direct_room_opened(self._platform.name, address, room)
            uow.outbox.address_rooms(self._platform.name, address, room)

        await self._database.transact(opened)
        return room

    async def _expired(self, row: OutboxRow, now: datetime) -> bool:
        """Stop where a row that was tried is older than the time in which its key posts once."""
        window, tried = self._window(row), row.tried_at
        if tried is None or window == _NO_KEY or now - tried < window:
            return False
        await self._give_up(row, "uncertain", "tried before, too long ago to try again")
        return True

    async def _superseded(self, row: OutboxRow) -> bool:
        """Leave out an edit where a newer edit of the same message waits."""
        if not row.replaces:
            return False
        if not await self._database.transact(lambda uow: uow.outbox.newer_edit(row)):
            return False
        await self._change(row, state="superseded")
        return True

    async def _retry(self, row: OutboxRow, error: Exception, now: datetime) -> None:
        row.tries += 1
        maybe = isinstance(error, MayBeSent)
        tried = row.tried_at or (now if maybe else None)
        await self._change(row, state="pending", reason=str(error)[:200], tried_at=tried)

    async def _give_up(self, row: OutboxRow, state: str, reason: str) -> None:
        log.warning("outbox %s: %s (%s)", row.key, state, reason)
        await self._change(row, state=state, reason=reason[:200])
        await self._failed([row])

    async def _change(
        self,
        row: OutboxRow,
        *,
        state: str,
        reason: str = "",
        tried_at: datetime | None = None,
    ) -> None:
        row.state, row.reason, row.tried_at = state, reason, tried_at or row.tried_at
        tries = row.tries

        def store(uow: UnitOfWork) -> None:
            stored = uow.outbox.get(row.id or 0)
            stored.state, stored.reason, stored.tries = state, reason, tries
            stored.tried_at = row.tried_at

        await self._database.transact(store)

    async def _record(self) -> None:
        """Write down what has been posted, many rows in one transaction."""
        async with self._recording:
            sent, self._sent = self._sent, []
            if not sent:
                return

            # First: a row that is written down is never looked at again. Killed in between, we post
            # it once more under its key, and what completion causes knows that it has happened.
            await self._completed([row for row, _, _ in sent])
            posted = [(row.id or 0, event_id, at) for row, event_id, at in sent]
            await self._database.transact(lambda uow: uow.outbox.posted(posted))

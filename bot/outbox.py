"""The relay: takes what is to be said from the outbox and says it, each once, in order per room.

The only caller of Sender.send. The key of a row never changes and is the sender's own key, so a row
whose outcome is unknown may be sent again inside the sender's replay window; after it, the outcome
stays *uncertain* and is shown to a person. A sender without such a window (e-mail) gets a row only
after it is stored as "sending", and a row found in that state after a stop is uncertain at once.

What waits for a room that is replaced goes to the new room, except what the old one may hold
(moves.py); to be sure, whatever an earlier life of the process left may stand where it was to go.
"""

import asyncio
import logging
import random
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType

from bot.moves import Moves
from bot.payloads import Payloads, Unresolved
from bot.ports import Clock, MayBeSent, NeverWillBe, NotSent, Platform, Sender
from bot.posted import Posted
from bot.turns import WAITED, Turns
from storage.database import Database
from storage.outbox import Queued
from storage.unit_of_work import UnitOfWork

log = logging.getLogger(__name__)

_AT_ONCE = 50
_BEGUN_AT_ONCE = 5
"""Lanes that begin in one turn of the loop: to make fifty messages ready takes a tenth of a second,
in which nothing else would be done."""
_LETTERS_AT_ONCE = 3
"""Mail servers count connections, and a mail server that hangs must not take the chat's places."""
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
        failed: Callable[[Sequence[Queued]], Awaitable[None]],
        completed: Callable[[Sequence[Queued]], Awaitable[None]],
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
        self._slow = slow
        self._jitter = jitter
        self._lanes: dict[str, deque[Queued]] = {}
        self._moves = Moves()
        self._turns = {name: Turns(_LETTERS_AT_ONCE, jitter) for name in self._senders}
        self._turns[platform.name] = Turns(_AT_ONCE, jitter)
        self._payloads = Payloads(database)
        self._posted = Posted(database, spawn, completed)

    async def resume(self, down_for: timedelta) -> None:
        """Take up what was waiting when the process ended, `down_for` ago.

        After a stop longer than the replay window nobody can tell whether a row was posted; with no
        such window it is only a row that had been handed over of which nobody can tell.
        """
        waiting = []
        # Each of them may have been on its way when the process ended.
        rows = await self._database.transact(lambda uow: uow.outbox.take_up(self._platform.name))
        for row in rows:
            window = self._window(row)
            if window == _NO_KEY and row.state == "sending":
                await self._give_up(row, "uncertain", "the bot stopped while it was being sent")
            elif window != _NO_KEY and down_for >= window:
                await self._give_up(row, "uncertain", "the bot was away too long to know")
            else:
                waiting.append(row)
        self.post(waiting)

    def post(self, rows: Sequence[Queued]) -> None:
        """Put committed rows into their lanes; an idle lane starts."""
        self._platform.expect([row.room for row in rows if row.room and self._is_chat(row)])
        idle = []
        for row in rows:
            name = row.room or row.address
            if row.kind == "join" and row.target:
                self._follow(row.target, row.room)
            name = self._moves.of(row) or name
            if name not in self._lanes:
                self._lanes[name] = deque()
                idle.append(name)
            self._lanes[name].append(row)
        if idle:
            self._spawn(self._begin(idle))

    @property
    def idle(self) -> bool:
        """Tell whether nothing waits to be sent or written down."""
        return not self._lanes and self._posted.written

    def _follow(self, old: str, new: str) -> None:
        """Let what waits for a room and what will wait for the new one share a lane, in order."""
        self._moves.note(old, new)
        if old in self._lanes:
            self._lanes.setdefault(new, self._lanes[old])

    async def _begin(self, names: Sequence[str]) -> None:
        for number, name in enumerate(names, start=1):
            self._spawn(self._run_lane(name))
            if number % _BEGUN_AT_ONCE == 0:
                await asyncio.sleep(0)

    async def _run_lane(self, name: str) -> None:
        lane = self._lanes[name]
        pause = 1.0
        while lane:
            row = lane[0]
            if self._moves.of(row):
                await self._move(lane, row.room)
                continue
            wait = await self._in_turn(row)
            if wait is None:
                lane.popleft()
                pause = 1.0
                continue
            if wait == WAITED:
                continue
            await asyncio.sleep(max(wait, pause * (0.5 + self._jitter())))
            pause = min(pause * 2, _LONGEST_PAUSE)
        for known in [name for name, other in self._lanes.items() if other is lane]:
            del self._lanes[known]

    async def _move(self, lane: deque[Queued], old: str) -> None:
        """Address what waits for a room to the one in its place, which is joined before."""
        moving = self._moves.take(lane, old)
        # Stored before the first try there: killed after it, nobody sends it to the old room.
        await self._database.transact(lambda uow: uow.outbox.moved(moving))
        rows = sorted(lane, key=lambda row: row.kind != "join")
        lane.clear()
        if self._lanes.get(moving[0].room) is lane:
            lane.extend(rows)
        else:
            lane.extend(row for row in rows if row not in moving)
            self.post(moving)

    async def _in_turn(self, row: Queued) -> float | None:
        """Try when it is the row's turn."""
        sender = self._senders.get(row.platform)
        if sender is None:
            await self._give_up(row, "failed", f"no {row.platform} is set up")
            return None
        return await self._turns[row.platform].take(lambda: self._deliver(row, sender))

    async def _deliver(self, row: Queued, sender: Sender) -> float | None:
        """Try once.

        Returns:
            None when the row is finished, else the least seconds to wait.
        """
        key, now = row.key, self._clock.now()
        if self._moves.of(row):
            return WAITED  # it moved while it waited for its turn
        try:
            if await self._expired(row, now) or await self._superseded(row):
                return None
            if not row.room and self._is_chat(row):
                row.room = await self._open_direct(row)
            with self._posted.under_way():
                event_id = await self._send(row, sender)
        except NotSent as error:
            await self._retry(row, error, now)
            if error.retry_after is None:
                return self._failing(row)
            if self._is_chat(row):
                if not self._turns[row.platform].limited:
                    await self._slow(len(self._lanes), error.retry_after)
                self._turns[row.platform].limit()
            return min(error.retry_after.total_seconds() + 0.05, 600.0)
        except MayBeSent as error:
            if sender.replay_window == _NO_KEY:
                await self._give_up(row, "uncertain", str(error))
                return None
            await self._retry(row, error, now)
            return self._failing(row)
        except (NeverWillBe, Unresolved) as error:
            if self._moves.of(row):
                return WAITED  # it moved while it was refused
            await self._give_up(row, "failed", str(error))
            return None
        except Exception as error:
            log.exception("defect while sending %s", key)
            unsent = sender.replay_window == _NO_KEY and row.state != "sending"
            await self._give_up(row, "failed" if unsent else "uncertain", type(error).__name__)
            return None
        self._payloads.posted(key, event_id)
        self._posted.add(row, event_id, now)
        if sender.replay_window == _NO_KEY:
            await self._posted.write()
        return None

    def _failing(self, row: Queued) -> float:
        """A failure may concern all rooms; a mail server refuses one letter, which alone waits."""
        if self._is_chat(row):
            self._turns[row.platform].fail()
        return 0.0

    async def _send(self, row: Queued, sender: Sender) -> str:
        if row.kind in _ACTIONS:
            act = self._platform.join if row.kind == "join" else self._platform.decline
            await act(row.room)
            return ""
        payload = await self._payloads.of(row)
        if sender.replay_window == _NO_KEY:
            # Stored before it is handed over: killed in between, nobody sends it a second time.
            await self._change(row, state="sending")
        return await sender.send(row.key, row.room or row.address, payload)

    def _window(self, row: Queued) -> timedelta:
        sender = self._senders.get(row.platform)
        return sender.replay_window if sender else _NO_KEY

    def _is_chat(self, row: Queued) -> bool:
        return row.platform == self._platform.name

    async def _open_direct(self, row: Queued) -> str:
        """Open somebody's one direct room, and point all that waits for it there."""
        address = row.address
        room = await self._platform.open_direct(f"direct/{address}", address)

        def opened(uow: UnitOfWork) -> None:
            uow.people.direct_room_opened(self._platform.name, address, room)
            uow.outbox.address_rooms(self._platform.name, address, room)

        await self._database.transact(opened)
        return room

    async def _expired(self, row: Queued, now: datetime) -> bool:
        """Stop where a row that was tried is older than the time in which its key posts once."""
        window, tried = self._window(row), row.tried_at
        if tried is None or window == _NO_KEY or now - tried < window:
            return False
        await self._give_up(row, "uncertain", "tried before, too long ago to try again")
        return True

    async def _superseded(self, row: Queued) -> bool:
        """Leave out an edit where a newer edit of the same message waits."""
        if not row.replaces:
            return False
        if not await self._database.transact(lambda uow: uow.outbox.newer_edit(row)):
            return False
        await self._change(row, state="superseded")
        return True

    async def _retry(self, row: Queued, error: Exception, now: datetime) -> None:
        row.tries += 1
        maybe = isinstance(error, MayBeSent)
        tried = row.tried_at or (now if maybe else None)
        # Of an earlier life's try nothing is known, whatever becomes of this one.
        state = row.state if self._is_chat(row) else "pending"
        await self._change(row, state=state, reason=str(error)[:200], tried_at=tried)

    async def _give_up(self, row: Queued, state: str, reason: str) -> None:
        log.warning("outbox %s: %s (%s)", row.key, state, reason)
        await self._change(row, state=state, reason=reason[:200])
        await self._failed([row])

    async def _change(
        self, row: Queued, *, state: str, reason: str = "", tried_at: datetime | None = None
    ) -> None:
        row.state, row.reason, row.tried_at = state, reason, tried_at or row.tried_at
        await self._database.transact(lambda uow: uow.outbox.change(row))

"""The disturbed line: which faults there are, and when one is due, as a hook of the proxy.

Faults are drawn by chance, each kind equally often on each endpoint. Whether the bot stands them
is played in faults.py.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable
from enum import StrEnum

from tests.live.proxy import Answer, Cut, Forward, Proxy, Request

_OFTEN = {
    "send": 0.35,
    "sync": 0.3,
    "sendToDevice": 0.3,
    "keys/query": 0.2,
    "keys/claim": 0.3,
    "keys/upload": 0.3,
    "room_keys": 0.3,
}
"""The share of requests that are disturbed, by endpoint, and below on all others.

Opening somebody's room takes eight requests that must all succeed, and the bot's pauses double with
each failure: more than this, and it would be at it for an hour.
"""
_ELSEWHERE = 0.08
_AT_FIRST = 0.3
_FEW = 4
_MOST = {"send": 2, "sendToDevice": 2}
_SHARED = {
    "sync",
    "joined_rooms",
    "account_data",
    "account/whoami",
    "keys/query",
    "keys/claim",
    "keys/upload",
    "room_keys",
}
"""Asked again and again by the same address; others at most once a minute, or as often as above."""
_MINUTE = 60.0
_REFUSALS_APART = 15.0
_DELAY_SECONDS = (0.1, 3.0)
_REFUSAL_SECONDS = (0.1, 0.8)
_RETRY_MS = (50, 1500)
_HTML = b"<html><head><title>Bad Gateway</title></head><body><h1>nginx</h1></body></html>\n"


class Kind(StrEnum):
    """What can happen to a request."""

    REFUSED = "refused"
    """No connection can be made for a moment, and those that are open are reset."""
    DROPPED = "dropped"
    """Reset before the homeserver has heard of it."""
    DELAYED = "delayed"
    """Late, on the way there or on the way back."""
    UNHEARD = "unheard"
    """The homeserver has acted, and the connection is reset before it answers."""
    TORN = "torn"
    """The connection is reset in the middle of the answer."""
    LIMITED = "limited"
    """Status 429, in the ways servers and proxies say it."""
    BROKEN = "broken"
    """Status 500."""
    GATEWAY = "gateway"
    """Status 502 or 504 with HTML, before or after the homeserver has acted."""


def endpoint(request: Request) -> str:
    """Name what a request is about, without the names of rooms, people and events."""
    if "/media/" in request.path:
        return f"media/{request.path.rsplit('/', 1)[1]}"
    parts = [part for part in request.path.split("/") if part]
    parts = parts[3:] or parts[-1:] or ["/"]  # without /_matrix/client/v3
    if parts[0] in ("rooms", "user") and len(parts) > 2:
        return parts[2]
    return "/".join(parts[:2]) if parts[0] in ("keys", "account") else parts[0]


class Line:
    """The line between the bot and its homeserver, disturbed so many times while it is `open`.

    Args:
        proxy: what the bot speaks through; it is given the hook.
        wanted: how many faults.
        chance: decides when, where, which.
        say: is told how far it has come.
    """

    def __init__(
        self, proxy: Proxy, wanted: int, chance: random.Random, say: Callable[[str], None]
    ) -> None:
        self.open = False
        self.ease = 1.0
        """What each share is multiplied by."""
        self.tally: Counter[tuple[Kind, str]] = Counter()
        self.requests: Counter[str] = Counter()
        self._proxy = proxy
        self._wanted = wanted
        self._chance = chance
        self._say = say
        self._decks: dict[str, list[Kind]] = {}
        self._again: dict[tuple[str, str], Kind] = {}
        self._hits: dict[tuple[str, str], list[float]] = {}
        self._refused_at = 0.0
        self._refusals: set[asyncio.Task[None]] = set()
        proxy.hook = self._hook

    @property
    def injected(self) -> int:
        """Tell how many faults there were."""
        return self.tally.total()

    @property
    def done(self) -> bool:
        """Tell whether there were as many as wanted."""
        return self.injected >= self._wanted

    def summary(self) -> str:
        """Tell which faults there were, by kind and by endpoint."""
        kinds, places = Counter[str](), Counter[str]()
        for (kind, place), times in self.tally.items():
            kinds[kind] += times
            places[place] += times
        listed = (", ".join(f"{k} {n}" for k, n in c.most_common()) for c in (kinds, places))
        return "injected: {}; on {}".format(*listed)

    async def settle(self) -> None:
        """Disturb no more, and wait until the homeserver can be reached."""
        self.open = False
        await asyncio.gather(*self._refusals)

    async def _hook(self, request: Request, forward: Forward) -> Answer:
        kind = self._draw(request)
        if kind is None:
            return await forward(request)
        return await self._disturb(kind, request, forward)

    def _draw(self, request: Request) -> Kind | None:
        where, this = endpoint(request), (request.method, request.path)
        self.requests[where] += 1
        if not self.open:
            return None
        # HTTP clients repeat a GET or PUT by themselves when the connection breaks: the same fault
        # must last a little for the bot to notice anything.
        lasting = self._again.pop(this, None)
        if lasting is not None:
            return lasting
        known = sum(times for (_, place), times in self.tally.items() if place == where)
        share = _AT_FIRST if known < _FEW else _OFTEN.get(where, _ELSEWHERE)
        if self.done or self._chance.random() >= share * self.ease or self._spared(where, this):
            return None
        kind = self._next(where)
        self.tally[kind, where] += 1
        if self.injected % 100 == 0:
            self._say(f"{self.injected} faults")
        if kind in (Kind.DROPPED, Kind.UNHEARD, Kind.TORN) and self._chance.random() < 0.5:
            self._again[this] = kind
        return kind

    def _spared(self, where: str, this: tuple[str, str]) -> bool:
        """Tell whether this very request has had its share; if not, it has one more now."""
        if where in _SHARED:
            return False
        now = time.monotonic()
        hits = [at for at in self._hits.get(this, []) if at > now - _MINUTE]
        spared = len(hits) >= _MOST.get(where, 1)
        self._hits[this] = hits if spared else [*hits, now]
        return spared

    def _next(self, where: str) -> Kind:
        """Deal the next kind for an endpoint; a refusal, which hits everything, not too often."""
        deck = self._decks.setdefault(where, [])
        if not deck:
            deck += Kind
            self._chance.shuffle(deck)
        kind = deck.pop()
        if kind is Kind.REFUSED:
            now = time.monotonic()
            if now < self._refused_at + _REFUSALS_APART:
                return Kind.DROPPED
            self._refused_at = now
        return kind

    async def _disturb(self, kind: Kind, request: Request, forward: Forward) -> Answer:
        match kind:
            case Kind.REFUSED:
                task = asyncio.create_task(self._refuse())
                self._refusals.add(task)
                task.add_done_callback(self._refusals.discard)
                raise Cut
            case Kind.DROPPED:
                raise Cut
            case Kind.DELAYED:
                return await self._delay(request, forward)
            case Kind.UNHEARD:
                await forward(request)
                raise Cut
            case Kind.TORN:
                answer = await forward(request)
                raise Cut(answer, sent=self._chance.randrange(max(1, len(answer.body))))
            case Kind.LIMITED:
                return self._limit()
            case Kind.BROKEN:
                if self._chance.random() < 0.5:
                    return Answer.of(500, b"", "text/plain", {})
                return Answer.of_json(500, {"errcode": "M_UNKNOWN", "error": "Internal error"})
            case Kind.GATEWAY:
                if self._chance.random() < 0.5:
                    return Answer.of(502, _HTML, "text/html", {})
                await forward(request)
                return Answer.of(504, _HTML, "text/html", {})

    async def _refuse(self) -> None:
        async with self._proxy.refusing():
            await asyncio.sleep(self._chance.uniform(*_REFUSAL_SECONDS))

    async def _delay(self, request: Request, forward: Forward) -> Answer:
        seconds = self._chance.uniform(*_DELAY_SECONDS)
        there = self._chance.random() < 0.5
        await asyncio.sleep(seconds if there else 0)
        answer = await forward(request)
        await asyncio.sleep(0 if there else seconds)
        return answer

    def _limit(self) -> Answer:
        wait = self._chance.randint(*_RETRY_MS)
        refusal: dict[str, object] = {"errcode": "M_LIMIT_EXCEEDED", "error": "Too Many Requests"}
        return self._chance.choice(
            [
                Answer.of_json(429, refusal | {"retry_after_ms": wait}),
                Answer.of_json(429, refusal),
                Answer.of(429, b"Too many requests\n", "text/plain", {"Retry-After": "1"}),
                Answer.of(429, _HTML, "text/html", {}),
            ]
        )

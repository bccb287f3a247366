"""The hook in the proxy that mixes poisons into what the homeserver answers the bot.

It counts a poison when the bot has taken it: a sync answer when the next request carries its
position, one about devices when it has been given, one with one-time keys when the bot has then
sent an encrypted message, and so has gone on with what it got. An answer that the bot can't take is
asked for again, and brings the same poison again, as it would on a real homeserver.
"""

import asyncio
import itertools
import json
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from tests.live.hostile_device import Device
from tests.live.hostile_poison import IDENTIFIER, Poison, Sealed, Where, put, words
from tests.live.proxy import Answer, Forward, Request
from tests.live.timeline import Event

_AT_MOST = 25
_WRITES = "/send/m.room.encrypted/"
_TRIES = 3  # an answer asked for so often stops the bot for good


@dataclass(eq=False)
class Dose:
    """Poisons for one sync answer: the one that brings an event of this sender in this room."""

    poisons: Sequence[Poison]
    sender: str
    room: str
    taken: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the bot has gone on, with the answer or because it was spared a last try."""
    is_stuck: bool = False
    given: int = 0
    position: str = ""


class Wire:
    """The hook, and what passed through it.

    Args:
        meanings: what the words of the poisons mean at this moment.
        stranger: who seals what is met inside Olm.
        reporter: who seals what is met inside Megolm, and whose devices are poisoned.
    """

    def __init__(
        self, meanings: Callable[[], Mapping[str, str]], stranger: Device, reporter: Device
    ) -> None:
        self._meanings = meanings
        self._stranger = stranger
        self._reporter = reporter
        self._armed: Dose | None = None
        self._given: Dose | None = None
        self._real: tuple[str, int] = ("", 0)
        self._waiting: dict[Where, deque[Poison]] = {Where.QUERY: deque(), Where.CLAIM: deque()}
        self._numbers = itertools.count()
        self._claimed: list[Poison] = []  # given, and not yet gone on with
        self.went_on = asyncio.Event()
        """Set when the bot has written with what a poisoned answer to /keys/claim gave it."""
        self.claims = 0
        """Answers to /keys/claim among those taken."""
        self.taken = 0
        """Poisons of ours that the bot has had."""
        self.sent = 0
        """Poisons that it has had beside them, really sent by a stranger."""
        self.answered: list[Poison] = []
        """Those among the offered ones that it has had."""
        self.bot_device: Event = {}
        """The keys that the bot has published, once it encrypts."""

    @property
    def total(self) -> int:
        """Tell how many poisons the bot has had, one way or the other."""
        return self.taken + self.sent

    def offer(self, poisons: Iterable[Poison]) -> None:
        """Poison the answers about devices and one-time keys from now on; see `withdraw`."""
        self.withdraw()
        self.answered.clear()
        self.went_on.clear()
        for poison in poisons:
            self._waiting[poison.where].append(poison)

    def withdraw(self) -> Sequence[Poison]:
        """Poison those answers no more; give what the bot has not had."""
        left = [poison for waiting in self._waiting.values() for poison in waiting]
        left += self._claimed
        self._claimed = []
        for waiting in self._waiting.values():
            waiting.clear()
        return left

    def arm(self, dose: Dose) -> None:
        """Mix a dose into the answer that it is for."""
        self._armed = dose

    def reset(self) -> None:
        """Forget what was given: a new life of the bot begins."""
        self._armed = self._given = None
        self._real = ("", 0)

    async def __call__(self, request: Request, forward: Forward) -> Answer:
        """Be the proxy's hook."""
        if request.path.endswith("/sync"):
            return await self._sync(request, forward)
        if request.path.endswith("/keys/upload"):
            self._learn(request)
        if request.path.endswith("/keys/query"):
            return self._poison_keys(Where.QUERY, await forward(request))
        if request.path.endswith("/keys/claim") and self._is_for_kim(request):
            return self._poison_keys(Where.CLAIM, await forward(request))
        if self._claimed and _WRITES in request.path:
            self._go_on()
        return await forward(request)

    async def _sync(self, request: Request, forward: Forward) -> Answer:
        since = request.parameter("since")
        self._account_for(since)
        answer = await forward(request)
        if answer.status != 200:
            return answer
        content = answer.json()
        position = str(content["next_batch"])
        self._real = (position, self._from_stranger(content))
        armed = self._armed
        if self._given is None and armed is not None and _brings(content, armed):
            self._given, self._armed = armed, None
        dose = self._given
        if dose is None:
            return answer
        dose.given += 1
        dose.position = position
        return replace(answer, body=self._mixed(content, dose.poisons).encode())

    def _account_for(self, since: str) -> None:
        """Learn from a request what became of the last answer."""
        position, number = self._real
        if number and since == position:
            self.sent += number
        self._real = ("", 0)
        dose = self._given
        if dose is None:
            return
        if since == dose.position:
            self.taken += len(dose.poisons)
        elif dose.given < _TRIES:
            return  # asked for again
        else:
            dose.is_stuck = True
        self._given = None
        dose.taken.set()

    def _from_stranger(self, content: Event) -> int:
        events = content.get("to_device", {}).get("events", [])
        return sum(event.get("sender") == self._stranger.user.user_id for event in events)

    def _poison_keys(self, where: Where, answer: Answer) -> Answer:
        waiting = self._waiting[where]
        chosen: list[Poison] = []
        if answer.status == 200:
            for poison in list(waiting):
                if len(chosen) < _AT_MOST and not any(p.spoils(poison) for p in chosen):
                    chosen.append(poison)
        if not chosen:
            return answer
        self._waiting[where] = deque(p for p in waiting if all(p is not c for c in chosen))
        if where is Where.CLAIM:
            self._claimed += chosen
        else:
            self._count(chosen)
        return replace(answer, body=self._mixed(answer.json(), chosen).encode())

    def _is_for_kim(self, request: Request) -> bool:
        """Tell whether a key is asked for of the device that the poisons are for."""
        meanings = self._meanings()
        asked = json.loads(request.body)["one_time_keys"].get(meanings["@@kim@@"], {})
        return meanings["@@kim-device@@"] in asked

    def _go_on(self) -> None:
        self.claims += len(self._claimed)
        self._count(self._claimed)
        self._claimed = []
        self.went_on.set()

    def _count(self, had: Sequence[Poison]) -> None:
        self.answered += had
        self.taken += len(had)

    def _mixed(self, content: Event, poisons: Iterable[Poison]) -> str:
        meanings = self._meanings()
        if any(self._waiting.values()) and "next_batch" in content:
            changed = content.get("device_lists", {}).get("changed", [])
            asked = [*changed, self._reporter.user.user_id]
            content = put(content, ("device_lists", "changed"), asked)
        for poison in poisons:
            at = tuple(words(step, meanings) for step in poison.at)
            content = put(content, at, self._value(poison, meanings, at))
        return words(json.dumps(content), meanings)

    def _value(self, poison: Poison, meanings: Mapping[str, str], at: Sequence[str]) -> object:
        value = poison.value
        if poison.sealed is not Sealed.NO:
            inside = words(json.dumps(value), meanings)
            if poison.sealed is Sealed.OLM:
                sender, content = self._stranger, self._stranger.olm(inside)
            else:
                sender, content = self._reporter, self._reporter.megolm(inside)
            value = {
                "type": "m.room.encrypted",
                "content": content,
                "sender": sender.user.user_id,
                "event_id": IDENTIFIER,
            }
        if poison.where in self._waiting:
            # A device's own id stands in it more than once.
            text = json.dumps(value).replace("@@self@@", at[-1] if at else "X")
            return json.loads(text.replace("@@usage@@", at[0].removesuffix("_keys") if at else ""))
        if isinstance(value, dict) and value.get("event_id") == IDENTIFIER:
            return value | {"event_id": f"$poison-{next(self._numbers)}"}
        return value

    def _learn(self, request: Request) -> None:
        keys = json.loads(request.body).get("device_keys")
        if isinstance(keys, dict):
            self.bot_device = keys


def _brings(content: Event, dose: Dose) -> bool:
    room = content.get("rooms", {}).get("join", {}).get(dose.room, {})
    events = room.get("timeline", {}).get("events", [])
    return any(
        event.get("sender") == dose.sender and event.get("type") == "m.room.message"
        for event in events
    )

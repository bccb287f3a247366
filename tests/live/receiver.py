"""What arrives at a device: the sync, events received so far, the history of a room.

What a person does belongs in client.py. A simple client: it forgets everything when it ends.
"""

import asyncio
import json
from collections.abc import Callable

import aiohttp

from tests.live.connection import API, Connection, path_of
from tests.live.timeline import Event

_LONG_POLL_MS = 30_000
_WAIT_POLL_MS = 2_000
_RECONNECT_SECONDS = 0.2
_PAGE = 500
_MOST_EVENTS = 20_000
_NOTHING: dict[str, list[str]] = {"not_types": ["*"]}
_FILTER = json.dumps(
    {
        "presence": _NOTHING,
        "account_data": _NOTHING,
        "room": {
            "timeline": {"limit": 100},
            "state": {"lazy_load_members": True},
            "ephemeral": _NOTHING,
            "account_data": _NOTHING,
        },
    }
)


class Receiver(Connection):
    """A device that receives; it keeps everything received so far in `seen`."""

    def __init__(self, base_url: str, *, user_id: str, access_token: str) -> None:
        super().__init__(base_url, access_token=access_token)
        self.user_id = user_id
        self.seen: list[Event] = []
        """Timeline events and invitations to us, each with its `room_id`, as they arrived."""
        self._since: str | None = None
        self._listener: asyncio.Task[None] | None = None
        self._syncing = asyncio.Lock()
        self._news = asyncio.Event()

    async def join(self, room: str) -> None:
        """Join a room by id or alias."""
        await self.call("POST", path_of("join", room), {})

    async def state(self, room: str) -> list[Event]:
        """Read the current state events of a room."""
        path = path_of("rooms", room, "state")
        return list(json.loads(await self.request("GET", path, None, "application/json", {})))

    async def messages(self, room: str) -> list[Event]:
        """Read the whole visible history of a room from the homeserver, oldest first.

        Raises:
            OverflowError: when there are more than 20 000 events.
        """
        return await self._history(room, start=None, stop=None)

    async def sync_once(self, timeout_ms: int = 0) -> list[Event]:
        """Fetch what is new, waiting up to `timeout_ms` for it; return it and keep it in `seen`.

        The first call brings the latest 100 events of each room; later ones bring everything,
        reading from the history what the homeserver left out.
        """
        async with self._syncing:
            query = {"timeout": str(timeout_ms), "filter": _FILTER}
            if self._since is not None:
                query["since"] = self._since
            answer = await self.call("GET", f"{API}/sync", query=query)
            rooms = answer.get("rooms", {})
            fresh: list[Event] = []
            for room, part in (rooms.get("join", {}) | rooms.get("leave", {})).items():
                timeline = part.get("timeline", {})
                events = timeline.get("events", [])
                if timeline.get("limited") and self._since is not None:
                    gap = await self._history(room, start=timeline["prev_batch"], stop=self._since)
                    events = gap + events
                fresh += [event | {"room_id": room} for event in events]
            for room, part in rooms.get("invite", {}).items():
                fresh += [
                    event | {"room_id": room}
                    for event in part["invite_state"]["events"]
                    if event.get("state_key") == self.user_id
                ]
            self._since = answer["next_batch"]
            self.seen += fresh
        self._announce()
        return fresh

    def listen(self, *, auto_join: bool = False) -> asyncio.Task[None]:
        """Start receiving in the background, until the task is cancelled or the device closed.

        A homeserver that is down for a while is asked again; a refusal ends the task, and is
        raised again by `wait_for` and `close`.

        Args:
            auto_join: accept each invitation at once.
        """
        if self._listener is not None and not self._listener.done():
            raise RuntimeError(f"{self.user_id} is listening already")
        self._listener = asyncio.create_task(self._listen(auto_join=auto_join))
        self._listener.add_done_callback(lambda _: self._announce())
        return self._listener

    async def wait_for(
        self, predicate: Callable[[Event], bool], within: float = 10.0, *, after: int = 0
    ) -> Event:
        """Wait for an event, among those already received too; it syncs when nobody listens.

        Args:
            predicate: tells whether an event is the one.
            within: seconds to wait.
            after: how many events of `seen` to pass over, to wait for something new.

        Raises:
            AssertionError: when none came in time; it tells what came instead.
        """
        position = after
        try:
            async with asyncio.timeout(within):
                while True:
                    for event in self.seen[position:]:
                        position += 1
                        if predicate(event):
                            return event
                    await self._wait_for_more()
        except TimeoutError:
            seen = "\n".join(_line(event) for event in self.seen[after:]) or "  nothing"
            raise AssertionError(
                f"{self.user_id} waited {within:g} s in vain, and saw:\n{seen}"
            ) from None

    async def close(self) -> None:
        """End the listening and close the connections."""
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.cancel()
            await asyncio.wait([listener])
        await super().close()
        if listener is not None and not listener.cancelled():
            listener.result()

    def _announce(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()

    async def _wait_for_more(self) -> None:
        listener = self._listener
        if listener is None or listener.cancelled():
            await self.sync_once(_WAIT_POLL_MS)
        elif listener.done():
            listener.result()  # raises what ended it
        else:
            await self._news.wait()

    async def _listen(self, *, auto_join: bool) -> None:
        invited: list[str] = []
        while True:
            try:
                while invited:
                    await self.join(invited[0])
                    del invited[0]
                fresh = await self.sync_once(_LONG_POLL_MS)
            except (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError):
                await asyncio.sleep(_RECONNECT_SECONDS)
            else:
                if auto_join:
                    invited += [e["room_id"] for e in fresh if _invites(e, self.user_id)]

    async def _history(self, room: str, *, start: str | None, stop: str | None) -> list[Event]:
        newest_first: list[Event] = []
        query = {"dir": "b", "limit": str(_PAGE)}
        if stop is not None:
            query["to"] = stop
        while True:
            if start is not None:
                query["from"] = start
            page = await self.call("GET", path_of("rooms", room, "messages"), query=query)
            newest_first += page["chunk"]
            start = page.get("end")
            if start is None or not page["chunk"]:
                return newest_first[::-1]
            if len(newest_first) > _MOST_EVENTS:
                raise OverflowError(f"{room} has more than {_MOST_EVENTS} events")


def _invites(event: Event, user_id: str) -> bool:
    return (
        event["type"] == "m.room.member"
        and event.get("state_key") == user_id
        and event["content"].get("membership") == "invite"
    )


def _line(event: Event) -> str:
    shown = event["content"].get("body", event["content"])
    return f"  {event['sender']} {event['type']} in {event['room_id']}: {str(shown)[:120]!r}"

"""The one direct room with each account.

Making a room has no transaction id in the specification (Synapse takes one all the same, and gets
one). So every room made here carries a marker from its first moment, and before another is made the
account data and then the markers of the rooms we are in are asked.
"""

import asyncio
import logging
from collections import defaultdict
from urllib.parse import quote

from bot.platforms.matrix.content import transaction_id
from bot.platforms.matrix.crypto.devices import MEGOLM
from bot.platforms.matrix.encryption import EVENT_TYPE
from bot.platforms.matrix.errors import Refused, RequestFailed, as_outcome, before_posting
from bot.platforms.matrix.lenient import Json
from bot.platforms.matrix.rooms import is_in_room, membership
from bot.platforms.matrix.transport import CLIENT, Transport, path
from bot.platforms.matrix.upkeep import Upkeep
from bot.ports import NeverWillBe

MARKER = "se.lagesbot.direct"

_log = logging.getLogger(__name__)


class DirectRooms:
    """Finds and makes direct rooms for one account of ours."""

    def __init__(self, transport: Transport, own_user: str, upkeep: Upkeep | None) -> None:
        """With `upkeep`, that of encryption, new rooms are encrypted."""
        self._upkeep = upkeep
        self._transport = transport
        self._own_user = own_user
        self._rooms: dict[str, list[str]] | None = None
        self._scanned: set[str] = set()
        self._scanned_once = False
        self._doubtful: set[str] = set()  # accounts whose room may have been made unseen
        self._scanning = asyncio.Lock()
        self._saving = asyncio.Lock()
        self._opening: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def open(self, key: str, account: str) -> str:
        """Give the room with the account, made now if there is none.

        Raises:
            NotSent, MayBeSent, NeverWillBe: there is no room yet, or perhaps one; ask again.
        """
        if not account.startswith("@") or ":" not in account or account == self._own_user:
            raise NeverWillBe(f"{account!r} is not somebody's account")
        async with self._opening[account]:
            try:
                found = await self._find(account)
                if found is not None:
                    return found
                await self._check_exists(account)
            except RequestFailed as failure:
                raise before_posting(failure) from failure
            return await self._make(key, account)

    async def _find(self, account: str) -> str | None:
        found = await self._usable(account)
        if found is not None or (self._scanned_once and account not in self._doubtful):
            return found
        await self._scan()
        self._doubtful.discard(account)
        found = await self._usable(account)
        if found is not None:
            await self._save()
        return found

    async def _usable(self, account: str) -> str | None:
        for room in reversed((await self._known()).get(account, [])):
            if await self._is_usable(room, account):
                return room
        return None

    async def _is_usable(self, room: str, account: str) -> bool:
        """Tell whether we can talk there; somebody who left is asked back."""
        if await membership(self._transport, room, self._own_user) != "join":
            return False
        theirs = await membership(self._transport, room, account)
        if is_in_room(theirs):
            return True
        if theirs == "ban":
            return False
        await self._transport.post(path("rooms", room, "invite"), {"user_id": account})
        return True

    async def _known(self) -> dict[str, list[str]]:
        """Give the account data's rooms by account, read once and then kept here."""
        async with self._saving:
            if self._rooms is None:
                self._rooms = await self._load()
            return self._rooms

    async def _load(self) -> dict[str, list[str]]:
        try:
            data = await self._transport.get(self._address())
        except Refused as refused:
            if refused.code != "M_NOT_FOUND":
                raise
            return {}
        return {
            account: [room for room in rooms if isinstance(room, str)]
            for account, rooms in data.items()
            if isinstance(rooms, list)
        }

    async def _scan(self) -> None:
        """Read the marker of each joined room that the account data does not know, each once."""
        async with self._scanning:
            known = await self._known()
            listed = {room for rooms in known.values() for room in rooms}
            answer = await self._transport.get(path("joined_rooms"))
            joined = answer.get("joined_rooms")
            for room in joined if isinstance(joined, list) else []:
                if not isinstance(room, str) or room in listed or room in self._scanned:
                    continue
                account = await self._marked(room)
                if account is not None and room not in known.setdefault(account, []):
                    known[account].append(room)
                self._scanned.add(room)
            self._scanned_once = True

    async def _marked(self, room: str) -> str | None:
        """Give the account that a room of our own making is for."""
        address = path("rooms", room, "state", MARKER, "") + "?format=event"
        try:
            event = await self._transport.get(address)
        except Refused as refused:
            if refused.absent:
                return None
            raise
        content = event.get("content")
        account = content.get("account") if isinstance(content, dict) else None
        return account if event.get("sender") == self._own_user and account else None

    async def _check_exists(self, account: str) -> None:
        """Inviting somebody who does not exist succeeds on one's own server, so ask first."""
        try:
            await self._transport.get(path("profile", account))
        except Refused as refused:
            if refused.code == "M_NOT_FOUND":
                raise NeverWillBe(f"there is no account {account}") from refused
            if refused.code != "M_FORBIDDEN":  # some servers show profiles to contacts only
                raise

    async def _make(self, key: str, account: str) -> str:
        state: list[dict[str, object]] = [
            {"type": MARKER, "state_key": "", "content": {"key": key, "account": account}}
        ]
        if self._upkeep is not None:
            state.append({"type": EVENT_TYPE, "state_key": "", "content": {"algorithm": MEGOLM}})
        request: dict[str, object] = {
            # "trusted_private_chat" would make the person a creator who can never be removed.
            "preset": "private_chat",
            "visibility": "private",
            "is_direct": True,
            "invite": [account],
            "initial_state": state,
        }
        self._doubtful.add(account)  # whatever happens from here on, the room may be there
        # A room that is of no use any more is still counted: the next is another transaction.
        attempt = f"{key}/{len((await self._known()).get(account, []))}"
        try:
            answer = await self._create(transaction_id(attempt), request)
        except RequestFailed as failure:
            raise as_outcome(failure) from failure
        room = str(answer.get("room_id", ""))
        self._scanned.add(room)
        if self._upkeep is not None:
            await self._upkeep.run(self._upkeep.sealing.made(room, [self._own_user, account]))
        self._doubtful.discard(account)
        (await self._known()).setdefault(account, []).append(room)
        await self._save()
        return room

    async def _create(self, transaction: str, request: dict[str, object]) -> Json:
        """Create a room once per transaction where the homeserver can.

        Synapse takes a transaction id here, beyond the specification. It joins a request that a
        process of ours, killed since, left running: the marker does not stand yet while it runs.
        """
        try:
            return await self._transport.put(f"{CLIENT}/createRoom/{transaction}", request)
        except Refused as refused:
            if refused.code != "M_UNRECOGNIZED" and refused.status not in (404, 405):
                raise
        return await self._transport.post(f"{CLIENT}/createRoom", request)

    async def _save(self) -> None:
        """Write the account data; losing it is harmless, for the markers tell the same."""
        async with self._saving:
            try:
                await self._transport.put(self._address(), dict(self._rooms or {}))
            except RequestFailed as failure:
                _log.warning("the list of direct rooms was not stored: %s", failure)

    def _address(self) -> str:
        return f"{CLIENT}/user/{quote(self._own_user, safe='')}/account_data/m.direct"

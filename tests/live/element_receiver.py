"""What arrives at a person's Element, as their client shows it, and waiting for it.

What a person does belongs in element.py.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from tests.live.element_process import Details, ElementProcess

_Found = TypeVar("_Found")


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message, an edit, a reaction or a removal as the person's client has it now."""

    room: str
    event_id: str
    sender: str
    kind: str
    """The event's type, as it was inside the encryption."""
    body: str
    """The text as it stands now (of an edit: the new one), or a reaction's emoji."""
    html: str | None
    msgtype: str | None
    replaces: str | None
    replaced_by: str | None
    """The edit whose text stands in `body`."""
    reply_to: str | None
    thread: str | None
    target: str | None
    """What a reaction or a removal is about."""
    redacted: bool
    encrypted: bool
    session: str | None
    """Which room key encrypted it; it changes when the sender's key rotates."""
    failure: str | None
    """Why it can't be read or is not shown (UNSIGNED_SENDER_DEVICE, MEGOLM_KEY_WITHHELD, …)."""
    shield: str | None
    """The colour of the warning beside it: none, grey or red; None when it was not encrypted."""
    shield_reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """A call to a room."""

    room: str
    sender: str
    is_direct: bool


class ElementReceiver:
    """One device of a person: what came to it, kept in order."""

    _peer: ElementProcess

    def __init__(self) -> None:
        self.user_id = ""
        self.device_id = ""
        self.memberships: dict[tuple[str, str], str] = {}
        """By room and user: invite, join, leave or ban."""
        self.invitations: list[Invitation] = []
        self.changed: set[str] = set()
        """Whose identity is another one than the client saw first, and not yet approved."""
        self._messages: dict[str, Message] = {}

    @property
    def seen(self) -> list[Message]:
        """Tell what came so far, our own and the unreadable included, in order of arrival."""
        return list(self._messages.values())

    @property
    def failures(self) -> list[Message]:
        """Tell what can't be read now, or is not shown; what a late key opened is not among it."""
        return [one for one in self.seen if one.failure]

    async def wait_for(
        self,
        wanted: str | Callable[[Message], bool],
        *,
        room: str | None = None,
        sender: str | None = None,
        within: float = 10.0,
    ) -> Message:
        """Wait for something from somebody else, among what came already too.

        Args:
            wanted: a part of a readable message's text, or a test of anything, failures included.
            room: only there.
            sender: only from this user; from anybody but ourselves by default.
            within: seconds to wait.

        Raises:
            AssertionError: when none came in time; it tells what came.
        """

        def fits(one: Message) -> bool:
            from_whom = one.sender != self.user_id if sender is None else one.sender == sender
            if not from_whom or room not in (None, one.room):
                return False
            if callable(wanted):
                return wanted(one)
            return one.kind == "m.room.message" and wanted in one.body

        found = await self.wait_until(
            lambda: next((one for one in self.seen if fits(one)), None), within=within
        )
        return await self.look(found.room, found.event_id)

    async def wait_unreadable(
        self, *, room: str | None = None, sender: str | None = None, within: float = 10.0
    ) -> Message:
        """Wait for something that can't be read or is not shown; `failure` tells why."""
        return await self.wait_for(
            lambda one: one.failure is not None, room=room, sender=sender, within=within
        )

    async def wait_for_member(
        self, room: str, user_id: str, *, membership: str = "join", within: float = 10.0
    ) -> None:
        """Wait until the client has heard that somebody is in a room (or invited, or left)."""
        await self.wait_until(
            lambda: self.memberships.get((room, user_id)) == membership or None, within=within
        )

    async def wait_for_invitation(
        self, *, sender: str | None = None, within: float = 10.0
    ) -> Invitation:
        """Wait for an invitation, by somebody certain when `sender` says so."""
        return await self.wait_until(
            lambda: next((one for one in self.invitations if sender in (None, one.sender)), None),
            within=within,
        )

    async def wait_until(
        self, find: Callable[[], _Found | None], *, within: float = 10.0
    ) -> _Found:
        """Call something after each arrival, until it finds what it looks for.

        Raises:
            AssertionError: when it found nothing in time; it tells what came.
            ElementError: when the process ended meanwhile.
        """
        try:
            async with asyncio.timeout(within):
                while (found := find()) is None:
                    if self._peer.ended:
                        raise self._peer.error("the peer ended")
                    await self._peer.news.wait()
        except TimeoutError:
            lines = [
                f"  {one.sender} {one.kind}: {one.failure or repr(one.body[:120])}"
                for one in self.seen
            ]
            came = "\n".join(lines) or "  nothing"
            raise AssertionError(
                f"{self.user_id} waited {within:g} s in vain, and saw:\n"
                f"{came}{self._peer.printed()}"
            ) from None
        return found

    async def look(self, room: str, event_id: str) -> Message:
        """Read a message as the client has it now; a shield may have changed without a word."""
        return Message(**await self._peer.ask("look", {"room": room, "event_id": event_id}))

    def _hear(self, event: str, about: Details) -> None:
        if event == "shown":
            self._messages[about["event_id"]] = Message(**about)
        elif event == "member":
            self._note_membership(about)
        elif event == "trust" and about["needs_approval"]:
            self.changed.add(about["user_id"])
        elif event == "trust":
            self.changed.discard(about["user_id"])

    def _note_membership(self, about: Details) -> None:
        room, user_id, membership = about["room"], about["user_id"], about["membership"]
        self.memberships[room, user_id] = membership
        if user_id == self.user_id and membership == "invite":
            self.invitations.append(
                Invitation(room=room, sender=about["sender"], is_direct=about["is_direct"])
            )

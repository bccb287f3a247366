"""Which rooms are encrypted, so that plain text never goes into one.

An answer is remembered only while the sync loop keeps up with the homeserver, for a room may become
encrypted at any time; otherwise the homeserver is asked anew for each message.
"""

from bot.platforms.matrix.errors import Refused
from bot.platforms.matrix.transport import Transport, path

EVENT_TYPE = "m.room.encryption"


class Encryption:
    """What is known about the encryption of rooms."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._encrypted: set[str] = set()
        self._plain: set[str] = set()
        self._following = False
        self._notices = 0

    def follow(self) -> None:
        """The sync loop keeps up: every change from here on will be told by `notice`."""
        self._following = True

    def lose_track(self) -> None:
        """The sync loop does not keep up: only what can't change back stays known."""
        self._following = False
        self._plain.clear()

    def notice(self, room: str) -> None:
        """The room was seen to be encrypted; that is never undone."""
        self._encrypted.add(room)
        self._plain.discard(room)
        self._notices += 1

    def is_known(self, room: str) -> bool:
        """Tell whether the room is known to be encrypted."""
        return room in self._encrypted

    async def covers(self, room: str) -> bool:
        """Tell whether the room is encrypted.

        Raises:
            RequestFailed: it is not known; among others because we are not in the room.
            LoggedOut: the device is no longer accepted.
        """
        if room in self._encrypted:
            return True
        if room in self._plain:
            return False
        notices = self._notices
        try:
            await self._transport.get(path("rooms", room, "state", EVENT_TYPE) + "/")
        except Refused as refused:
            if refused.code != "M_NOT_FOUND":
                raise
            # A notice that came while we asked is newer than the answer.
            if self._following and notices == self._notices:
                self._plain.add(room)
            return room in self._encrypted
        self.notice(room)
        return True

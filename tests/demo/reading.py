"""What a member reads in a room, from the homeserver, on a new device."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from tests.demo.cast import PASSWORD
from tests.demo.stage import Stage
from tests.live.client import MatrixUser, Shown, current_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A message of the bot as its reader has it: words, and the bytes of a file."""

    shown: Shown
    name: str = ""
    content: bytes = b""

    @property
    def mark(self) -> str:
        """Tell messages with the same words or bytes from others."""
        return f"{self.name} {sha256(self.content)}" if self.name else self.shown.body


async def read(stage: Stage, localpart: str, room: str) -> list[Read]:
    """Read all of the bot's messages in a room, edits folded in, as a member on a new device."""
    reads = []
    async with await MatrixUser.login(stage.server.base_url, localpart, PASSWORD) as member:
        events = await member.messages(room)
        names = {e["event_id"]: str(e["content"].get("filename", "")) for e in events}
        for shown in current_text(events):
            if shown.sender != stage.transcript.bot:
                continue
            if shown.url is None:
                reads.append(Read(shown=shown))
            else:
                content = await member.download(shown.url)
                reads.append(Read(shown=shown, name=names[shown.event_id], content=content))
    return reads


def beside(reads: Sequence[Read], words: str) -> list[Read]:
    """Give the files that follow the one message with these words, up to the room's next words."""
    main = [r for r in reads if r.shown.thread is None]
    starts = [n for n, r in enumerate(main) if not r.name and words in r.shown.body]
    files: list[Read] = []
    for each in main[starts[0] + 1 :] if len(starts) == 1 else []:
        if not each.name:
            break
        files.append(each)
    return files


def sha256(content: bytes) -> str:
    """Give the checksum in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()

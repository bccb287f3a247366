"""The story as it happens: every message once, with our time, the room and who says it."""

import contextlib
import shutil
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from email.message import EmailMessage
from typing import TextIO
from zoneinfo import ZoneInfo

from tests.live.client import Event

_DAYS = ("mån", "tis", "ons", "tor", "fre", "lör", "sön")
_MONTHS = ("jan", "feb", "mars", "apr", "maj", "juni", "juli", "aug", "sep", "okt", "nov", "dec")
_INDENT = "      "
_BOLD, _DIM, _CYAN, _GREEN, _YELLOW = "1", "2", "36", "32", "33"


class Transcript:
    """Collects the whole story, and prints it; what is printed may be cut short, never the whole.

    Args:
        out: where the story is printed.
        now: tells our time.
        zone: the municipality's.
    """

    def __init__(self, out: TextIO, now: Callable[[], datetime], zone: ZoneInfo) -> None:
        self.rooms: dict[str, str] = {}
        """Room id → what the room is called here."""
        self.names: dict[str, str] = {}
        """Account → name."""
        self.bot = ""
        self.told: set[str] = set()
        """Ids of the events that have been told."""
        self._out, self._now, self._zone = out, now, zone
        self._colour = out.isatty()
        self._width = min(shutil.get_terminal_size((96, 24)).columns, 100)
        self._most: int | None = None
        self._whole: list[str] = []
        self._texts: dict[str, str] = {}

    @property
    def text(self) -> str:
        """Everything told so far, uncut and without colours."""
        return "\n".join(self._whole) + "\n"

    @contextlib.contextmanager
    def briefly(self, lines: int = 3) -> Iterator[None]:
        """Print only the first lines of the bot's messages for a while, and no files in threads."""
        before, self._most = self._most, lines
        try:
            yield
        finally:
            self._most = before

    def scene(self, title: str) -> None:
        """Head a part of the story."""
        rule = "─" * min(len(title), self._width)
        self._whole += ["", title, rule]
        self._print(f"\n{self._paint(title, _BOLD)}\n{self._paint(rule, _DIM)}")

    def aside(self, text: str) -> None:
        """Say what no room shows."""
        self._whole.append(text)
        self._print("\n".join(self._paint(line, _DIM) for line in text.splitlines()))

    def tell(self, events: Sequence[Event]) -> None:
        """Tell new events of any rooms, each once, in the homeserver's order.

        Each carries `told_by`, the name of the person at whose device it arrived.
        """
        for event in sorted(events, key=lambda e: e.get("origin_server_ts", 0)):
            event_id = event.get("event_id")
            if event_id is None or event_id in self.told:
                continue
            self.told.add(event_id)
            shown = self._shown(event)
            if shown is not None:
                self._line(event, *shown)

    def letter(self, letter: EmailMessage) -> None:
        """Tell of an e-mail that has arrived: whose, about what, with which files."""
        self.told.add(str(letter["message-id"]))
        body = letter.get_body(("plain",))
        files = [name for name in (part.get_filename() for part in letter.iter_parts()) if name]
        lines = [f"Ämne: {letter['subject']}"]
        lines += [f"Bilagor: {', '.join(files)}"] if files else []
        lines += ["", str(body.get_content()).strip() if body is not None else ""]
        self._say(f"e-post: {letter['to']}", self.names[self.bot], "\n".join(lines), by_bot=True)

    def _shown(self, event: Event) -> tuple[str, str] | None:
        """Give what is said, and a remark on how; None for what nobody would read."""
        content: Mapping[str, object] = event.get("content", {})
        relation = content.get("m.relates_to")
        relation = relation if isinstance(relation, dict) else {}
        match event["type"]:
            case "m.reaction":
                about = self._texts.get(str(relation.get("event_id")), "").split("\n")[0]
                return f"{relation.get('key', '')}  på ”{_cut(about, 56)}”", "reagerar"
            case "m.room.redaction":
                target = content.get("redacts") or event.get("redacts")
                about = self._texts.get(str(target), "").split("\n")[0]
                return f"”{_cut(about, 24)}”", "tar bort"
            case "m.room.message" if content.get("msgtype"):
                return self._message(event, content, relation)
            case _:
                return None

    def _message(
        self, event: Event, content: Mapping[str, object], relation: Mapping[str, object]
    ) -> tuple[str, str]:
        new = content.get("m.new_content")
        if relation.get("rel_type") == "m.replace" and isinstance(new, dict):
            return str(new.get("body", "")), "ändrar"
        remark = "i tråd" if relation.get("rel_type") == "m.thread" else ""
        body = str(content.get("body", ""))
        self._texts[event["event_id"]] = body
        if content.get("url"):
            info = content.get("info")
            size = info.get("size", 0) if isinstance(info, dict) else 0
            name = str(content.get("filename", body))
            caption = f"\n{body}" if body != name else ""
            return f"[{name}, {size / 1024:.0f} kB]{caption}", remark
        return body, remark

    def _line(self, event: Event, text: str, remark: str) -> None:
        sender: str = event["sender"]
        name = self.names.get(sender, sender)
        room = self.rooms.get(event["room_id"]) or f"direkt: {event['told_by']}"
        self._say(room, name, text, remark, by_bot=sender == self.bot)

    def _say(
        self, room: str, name: str, text: str, remark: str = "", *, by_bot: bool = False
    ) -> None:
        at = self._now().astimezone(self._zone)
        when = f"{_DAYS[at.weekday()]} {at.day} {_MONTHS[at.month - 1]} {at:%H.%M}"
        extra = f" ({remark})" if remark else ""
        self._whole += [f"{when}  [{room}]  {name}{extra}", *self._wrapped(text), ""]
        lines = self._wrapped(text)
        if by_bot and self._most is not None and remark == "i tråd" and text.startswith("["):
            return
        most = self._most_lines(remark) if by_bot else None
        if most is not None and len(lines) > most + 1:
            left = len(lines) - most
            more = [] if most == 1 else [self._paint(f"{_INDENT}… {left} rader till", _DIM)]
            lines = [*lines[:most], *more]
        self._print(
            f"{self._paint(when, _DIM)}  {self._paint(f'[{room}]', _YELLOW)}  "
            f"{self._paint(name, _CYAN if by_bot else _GREEN)}{extra}"
        )
        self._print("\n".join(lines))

    def _most_lines(self, remark: str) -> int | None:
        """Tell how many lines of a message of the bot are printed; None for all of them."""
        if remark == "ändrar":
            return 1
        return min(self._most or 4, 4) if remark == "i tråd" else self._most

    def _wrapped(self, text: str) -> list[str]:
        lines: list[str] = []
        for line in text.splitlines() or [""]:
            hang = "  " if line.startswith(("• ", "> ")) else ""
            lines += textwrap.wrap(
                line,
                self._width,
                initial_indent=_INDENT,
                subsequent_indent=_INDENT + hang,
                break_long_words=False,
            ) or [""]
        return lines

    def _paint(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._colour else text

    def _print(self, text: str) -> None:
        self._out.write(text + "\n")
        self._out.flush()


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"

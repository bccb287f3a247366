"""Reading back before anything is sent: what a verb will do is shown, and done on a yes.

A verb that reaches many people first gives `ask_first`; when the same person says yes (a word in
the same room, or ✅ on that message), the dispatcher runs it again with `ctx.confirmed` set and the
very words that were read back.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.command import Context, Message

PATIENCE = timedelta(minutes=30)
"""How long a yes counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """What waits for somebody's yes; `key` is the key of the message that asked."""

    verb: str
    args: str
    room: str
    key: str
    until: datetime


def ask_first(
    ctx: Context, verb: str, args: str, *, template: str, data: Mapping[str, object]
) -> Message:
    """Read back what `verb` would do with `args`, and remember it until a yes or a no.

    `args` must name days and times absolutely (ISO), so that the yes means what was shown.
    """
    assert ctx.incoming is not None
    key = f"{ctx.cause}/confirm"
    waiting = {
        "verb": verb,
        "args": args,
        "room": ctx.incoming.room,
        "key": key,
        "until": (ctx.now + PATIENCE).isoformat(),
    }
    ctx.uow.marks.set(_mark(ctx), json.dumps(waiting))
    return Message(template=template, data=data, key=key)


def pending(ctx: Context) -> Pending | None:
    """Give what waits for this person's yes, unless it has waited too long."""
    stored = json.loads(ctx.uow.marks.get(_mark(ctx)) or "{}")
    if not stored or datetime.fromisoformat(stored["until"]) < ctx.now:
        return None
    until = datetime.fromisoformat(stored.pop("until"))
    return Pending(until=until, **stored)


def forget(ctx: Context) -> None:
    """Let what waits go: it has been done, or was not wanted."""
    ctx.uow.marks.set(_mark(ctx), "{}")


def _mark(ctx: Context) -> str:
    return f"pending/{ctx.person.id}"

"""From what a command wants said to rows in the outbox: target, language, words, key."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from bot.command import Context, Here, Message, ToForum, ToMail, ToPerson
from bot.domain.people import Forum
from storage.outbox import Queued

MOST_SIGNS = 10_000
"""Of Markdown in a message: with its HTML form, and encrypted, it is just below what a Matrix event
may hold, 64 KiB. An edit holds its text twice."""
MAIL = "mail"
"""The name of the sender that carries e-mail."""


def enqueue(ctx: Context, messages: Iterable[Message]) -> Sequence[Queued]:
    """Store messages with the transaction's effect; gives the rows for the relay."""
    rows = []
    for number, message in enumerate(messages):
        row = _row(ctx, message, message.key or f"{ctx.cause}#{number}")
        if row is not None:
            ctx.uow.outbox.add(row)
            rows.append(row)
    return rows


def action(ctx: Context, kind: str, *, room: str, target: str | None, key: str) -> Queued:
    """Make a row for something that is done and not said: join, decline, removal."""
    row = _blank(ctx.now, key, ctx.rules.platform, kind)
    row.room, row.target = room, target
    ctx.uow.outbox.add(row)
    return row


def _row(ctx: Context, message: Message, key: str) -> Queued | None:
    language = ctx.language
    row = _blank(ctx.now, key, ctx.rules.platform, "text")
    row.template, row.thread_of = message.template, message.thread_of
    row.replaces, row.artifact_id = message.replaces, message.artifact_id
    match message.to:
        case Here():
            if ctx.incoming is None:
                return None
            row.room, row.thread = ctx.incoming.room, ctx.incoming.thread
        case ToPerson(person_id=person_id):
            person = ctx.uow.people.get(person_id)
            accounts = [
                a for a in ctx.uow.people.accounts(person_id) if a.platform == ctx.rules.platform
            ]
            if not accounts:
                return None
            row.room, row.address = accounts[0].direct_room or "", accounts[0].address
            language = person.language
        case ToForum(forum=forum):
            place = ctx.uow.people.room(forum)
            if place is None:
                if forum is Forum.OFFICE:
                    return None
                raise LookupError(f"no room for {forum}")
            row.platform, row.room = place
            language = ctx.rules.language
        case ToMail(person_id=person_id):
            person = ctx.uow.people.get(person_id)
            if person.email is None:
                return None
            row.platform, row.room, row.kind = MAIL, person.email, "letter"
            row.attachments = list(message.attachments)
            language = person.language
    language = message.language or language
    if message.artifact_id is not None:
        row.kind = "file"
        row.text = message.verbatim or ""
    elif message.verbatim is not None:
        row.text = message.verbatim
    else:
        row.text = ctx.words.render(message.template, language, message.data)
    if row.kind == "letter":
        row.subject, _, row.text = row.text.partition("\n")
        row.text = row.text.strip()
    else:
        row.text = _cut(ctx, row, language)
    return row


def _cut(ctx: Context, row: Queued, language: str) -> str:
    """End a text that no message can hold at the end of a line, and say so.

    The same text is always cut at the same place: what is posted remains what was previewed.
    """
    most = MOST_SIGNS // 2 if row.replaces else MOST_SIGNS
    if len(row.text) <= most:
        return row.text
    shown = row.text[:most].rpartition("\n")[0] or row.text[:most]
    return f"{shown}\n\n{ctx.words.render('cut', language, {})}"


def _blank(now: datetime, key: str, platform: str, kind: str) -> Queued:
    return Queued(key=key, platform=platform, kind=kind, created_at=now)

"""What somebody means: from an incoming event to a verb with its words, or a hint, or nothing.

Rights are checked in the dispatcher; how a verb's words are read belongs to the verb.
"""

import re
from dataclasses import dataclass

from bot.command import Context, Message
from bot.domain.question import whole_choice
from bot.editions import PREVIEW
from bot.ports import IncomingMessage, Kind
from bot.render import Renderer

_APPROVE = frozenset({"✅", "✔"})
_MENTION = re.compile(r"^\s*@?[\w.=/+-]+(?::[\w.-]+(?::\d+)?)?\s*[:,]\s*", re.UNICODE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Meant:
    """A verb's name and the words after it."""

    verb: str
    args: str = ""


def read(ctx: Context, renderer: Renderer) -> Meant | Message | None:
    """Tell what an event asks for; None where it is nothing for the bot."""
    event = ctx.incoming
    if event is None:
        return None
    match event.kind:
        case Kind.MESSAGE:
            return _message(ctx, renderer, event)
        case Kind.EDIT if _answered(ctx, event):
            return Meant(verb="edit_answer", args=event.text)
        case Kind.DELETION if _answered(ctx, event):
            return Meant(verb="withdraw_answer")
        case Kind.REACTION:
            return _reaction(ctx, renderer, event)
        case Kind.FILE if _direct(ctx):
            return Message(template="errors/file")
        case Kind.UNREADABLE if _direct(ctx):
            return Message(template="errors/unreadable")
        case _:
            return None


def _message(ctx: Context, renderer: Renderer, event: IncomingMessage) -> Meant | Message | None:
    text = event.text.strip()
    direct = _direct(ctx)
    called = text.startswith("!")
    if event.mentions_me and not called:
        text, called = _MENTION.sub("", text, count=1), True
    word, rest = _split(text.removeprefix("!").lstrip())
    verb = renderer.verb(word)
    listed = verb is not None and ctx.commands[verb].listed
    if called:
        if verb is not None and listed:
            return Meant(verb=verb, args=rest)
        return _suggest(ctx, renderer, word, loud=direct or event.mentions_me)
    if not direct:
        return None
    if verb is not None and listed and ctx.uow.cycles.current(ctx.person.id) is None:
        return Meant(verb=verb, args=rest)
    return Meant(verb="answer", args=event.text)


def _reaction(ctx: Context, renderer: Renderer, event: IncomingMessage) -> Meant | None:
    """A reaction counts on the bot's current preview and on the question asked last."""
    posted = ctx.uow.outbox.by_event(event.target or "")
    if posted is None or posted.room != event.room:
        return None
    key = event.text.replace("\ufe0f", "")
    if posted.template == PREVIEW:
        return Meant(verb="publish", args=f"{posted.key} {key}") if key in _APPROVE else None
    if not _direct(ctx):
        return None
    last = ctx.uow.marks.get(f"asked/{ctx.person.id}")
    if last != posted.key:
        return None
    return Meant(verb="answer", args=key if _is_answer(ctx, key) else renderer.reaction(key))


def _is_answer(ctx: Context, key: str) -> bool:
    """Tell whether the question asked now has a choice by this very sign (✅ for "grönt")."""
    draft = ctx.uow.cycles.current(ctx.person.id)
    if draft is None:
        return False
    form = ctx.question_sets[ctx.uow.cycles.get(draft.cycle_id).question_set]
    question = form.by_id.get(draft.at)
    return question is not None and whole_choice(form, question, key) is not None


def _suggest(ctx: Context, renderer: Renderer, word: str, *, loud: bool) -> Message | None:
    """Help after a typo; other bots' words pass in silence."""
    allowed = [c.name for c in ctx.commands.values() if c.listed and c.may & ctx.person.roles]
    near = renderer.near(word, allowed, ctx.language) if word else []
    if near or loud:
        return Message(template="did_you_mean", data={"said": word[:40], "near": near})
    return None


def _answered(ctx: Context, event: IncomingMessage) -> bool:
    reply = ctx.uow.cycles.reply(event.target or "")
    return reply is not None and reply.person_id == ctx.person.id


def _direct(ctx: Context) -> bool:
    if ctx.incoming is None:
        return False
    owner = ctx.uow.people.owner_of_direct_room(ctx.rules.platform, ctx.incoming.room)
    return owner is not None and owner.person_id == ctx.person.id


def _split(text: str) -> tuple[str, str]:
    parts = text.split(maxsplit=1)
    word = parts[0].rstrip(":,.!?") if parts else ""
    return word, parts[1] if len(parts) > 1 else ""

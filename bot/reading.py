"""What somebody means: from an incoming event to a verb with its words, or a hint, or nothing.

Rights are checked in the dispatcher; how a verb's words are read belongs to the verb.
"""

import re
from dataclasses import dataclass, replace

from bot.command import Context, Message, ToPerson
from bot.confirming import Pending, pending
from bot.council.papers import PREVIEW as PAPER_PREVIEW
from bot.council.replies import called_in, is_call
from bot.domain.people import MEMBER_ROLES
from bot.domain.place import LONGEST_WORD, Word
from bot.domain.question import fold, whole_choice
from bot.ports import IncomingMessage, Kind
from bot.render import Renderer
from bot.round.editions import PREVIEW
from bot.round.form import unclear_mark

_DECIDES = frozenset({Word.YES, Word.SUBMIT, Word.NO, Word.CANCEL})
_APPROVE = frozenset({"✅", "✔"})
_NAME = re.compile(r"^(?:[^\n]{1,100}?[:,]\s+|[\w.-]+[:,])")
"""The bot's name before what is said to it, ended by a colon or a comma."""
_PAPER = re.compile(r"[hH]\d{1,9}")
"""A paper's short id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meant:
    """A verb's name and the words after it."""

    verb: str
    args: str = ""
    confirmed: bool = False
    """It was read back, and this is the yes."""


def read(ctx: Context, renderer: Renderer) -> Meant | Message | None:
    """Tell what an event asks for; None where it is nothing for the bot."""
    event = ctx.incoming
    if event is None:
        return None
    match event.kind:
        case Kind.MESSAGE:
            return _message(ctx, renderer, event)
        case Kind.EDIT:
            return _edit(ctx, event)
        case Kind.DELETION if _answered(ctx, event):
            return Meant(verb="withdraw_answer")
        case Kind.REACTION:
            return _reaction(ctx, renderer, event)
        case Kind.FILE if ctx.direct:
            return Message(template="errors/file")
        case Kind.UNREADABLE:
            return _unreadable(ctx, event)
        case _:
            return None


def _unreadable(ctx: Context, event: IncomingMessage) -> Message | None:
    """Tell the writer why; what was written in a forum's room in person, and once a day."""
    told = Message(template="errors/unreadable", data={"reason": event.text, "forum": ctx.forum})
    if ctx.direct:
        return told
    key = f"unreadable/{ctx.now:%Y-%m-%d}/{ctx.person.id}"
    if ctx.forum is None or ctx.uow.outbox.by_key(key) is not None:
        return None
    return replace(told, to=ToPerson(person_id=ctx.person.id), key=key)


def _message(ctx: Context, renderer: Renderer, event: IncomingMessage) -> Meant | Message | None:
    text = event.text.strip()
    confirmed = _confirmation(ctx, renderer, event, text)
    if confirmed is not None:
        return confirmed
    called = text.startswith("!")
    member = not called and bool(ctx.person.roles & MEMBER_ROLES)
    call = called_in(ctx, event) if member else None
    if call is not None and renderer.reply(text) is not None:
        return Meant(verb="rsvp", args=f"{call.key} {text}")
    # Clients count the author of what is replied to as mentioned: a reply calls nobody.
    named = event.mentions_me and event.target is None and not called
    for said in _after_name(text) if named else [text]:
        word, rest = _split(said.removeprefix("!").lstrip())
        verb = _listed(ctx, renderer, word)
        if verb is not None and (called or named):
            return Meant(verb=_routed(verb, rest), args=rest)
    if called or (named and not ctx.direct):
        return _suggest(ctx, renderer, word, loud=ctx.direct or named)
    if not ctx.direct:
        return None
    if verb is not None and ctx.uow.cycles.current(ctx.person.id) is None:
        return Meant(verb=_routed(verb, rest), args=rest)
    return Meant(verb="answer", args=_NAME.sub("", text, count=1) if named else event.text)


def _after_name(text: str) -> list[str]:
    """List what may have been said where the bot is named: as it is, and without its name before.

    A client writes the name as it likes: "Lägesbot: läget", "@lagesbot:kommun.se läget".
    """
    without = (_NAME.sub("", text, count=1), text.partition(" ")[2].lstrip())
    return [text, *(said for said in without if said and said != text)]


def _edit(ctx: Context, event: IncomingMessage) -> Meant | Message | None:
    """An edit of an answer changes it; one of what was not understood is read anew as an answer.

    An edited command is never executed, which is said where it was given.
    """
    if _answered(ctx, event):
        return Meant(verb="edit_answer", args=event.text)
    if not ctx.direct:
        return None
    called = event.text.lstrip().startswith("!")
    if not called and event.target == ctx.uow.marks.get(unclear_mark(ctx.person.id)):
        return Meant(verb="answer", args=event.text)
    return Message(template="errors/edit_ignored")


def _reaction(ctx: Context, renderer: Renderer, event: IncomingMessage) -> Meant | None:
    """A reaction counts on the bot's current preview and on the question asked last."""
    posted = ctx.uow.outbox.by_event(event.target or "")
    if posted is None or posted.room != event.room:
        return None
    key = event.text.replace("\ufe0f", "")
    waiting = pending(ctx)
    if waiting is not None and posted.key == waiting.key:
        return _said(waiting, _yes_or_no(renderer, renderer.reaction(key)))
    if is_call(posted):
        known = bool(ctx.person.roles & MEMBER_ROLES) and renderer.reply(key) is not None
        return Meant(verb="rsvp", args=f"{posted.key} {key}") if known else None
    if posted.template == PAPER_PREVIEW:
        return Meant(verb="approve", args=posted.key) if key in _APPROVE else None
    if posted.template == PREVIEW:
        return Meant(verb="publish", args=f"{posted.key} {key}") if key in _APPROVE else None
    if not ctx.direct:
        return None
    last = ctx.uow.marks.get(f"asked/{ctx.person.id}")
    if last != posted.key:
        return None
    return Meant(verb="answer", args=key if _is_answer(ctx, key) else renderer.reaction(key))


def _confirmation(
    ctx: Context, renderer: Renderer, event: IncomingMessage, text: str
) -> Meant | None:
    """A yes or a no, with or without `!`, to what was read back in this room."""
    word = _yes_or_no(renderer, text.removeprefix("!"))
    waiting = pending(ctx) if word is not None else None
    return _said(waiting, word) if waiting is not None and waiting.room == event.room else None


def _yes_or_no(renderer: Renderer, text: str) -> Word | None:
    word = renderer.vocabulary.get(fold(text)) if len(text) <= LONGEST_WORD else None
    return word if word in _DECIDES else None


def _said(waiting: Pending, word: Word | None) -> Meant | None:
    if word is None:
        return None
    if word in (Word.YES, Word.SUBMIT):
        return Meant(verb=waiting.verb, args=waiting.args, confirmed=True)
    return Meant(verb="leave_it")


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
    allowed = [
        c.name
        for c in ctx.commands.values()
        if c.listed and c.may & ctx.person.roles and c.fits(ctx.forum, direct=ctx.direct)
    ]
    near = renderer.near(word, allowed, ctx.language) if word else []
    if near or loud:
        return Message(template="did_you_mean", data={"said": word[:40], "near": near})
    return None


def _answered(ctx: Context, event: IncomingMessage) -> bool:
    reply = ctx.uow.cycles.reply(event.target or "")
    return reply is not None and reply.person_id == ctx.person.id


def _listed(ctx: Context, renderer: Renderer, word: str) -> str | None:
    """Find the verb that a word means, if people may ask for it."""
    verb = renderer.verb(word)
    return verb if verb is not None and ctx.commands[verb].listed else None


def _routed(verb: str, rest: str) -> str:
    """Let `!godkänn h3` approve the paper: the same words as for the report, said about it."""
    return "approve" if verb == "publish" and _PAPER.fullmatch(rest.strip()) else verb


def _split(text: str) -> tuple[str, str]:
    parts = text.split(maxsplit=1)
    word = parts[0].rstrip(":,.!?") if parts else ""
    return word, parts[1] if len(parts) > 1 else ""

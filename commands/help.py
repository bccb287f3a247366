"""`!hjälp`: what one may do here, in a few lines; `!hjälp svara` tells all about one verb."""

from collections.abc import Iterable

from bot.command import CommandWords, Context, Message, command
from bot.domain.errors import NotFound
from bot.domain.people import COORDINATORS, MEMBER_ROLES, Forum, Role
from bot.round.form import is_reporter


@command("help", subject="help", rooms=frozenset(Forum), anywhere=True)
def help_(ctx: Context) -> Iterable[Message]:
    """List the verbs that this person may use here.

    Raises:
        NotFound: `command`.
    """
    name = ctx.args.strip().removeprefix("!")
    if name:
        verb = ctx.words.verb(name)
        if verb is None or not ctx.commands[verb].listed:
            raise NotFound("command", {"said": name[:40]})
        yield Message(
            template="help_one",
            data={"verb": verb, "words": _words(ctx, verb)},
        )
        return
    allowed = [
        _words(ctx, c.name)
        for c in ctx.commands.values()
        if c.listed
        and c.name != "help"
        and c.may & ctx.person.roles
        and (ctx.forum is None or ctx.forum in c.rooms)
    ]
    data = {
        "allowed": sorted(allowed, key=lambda w: w.rank)[:8],
        "more": [w.words[0] for w in sorted(allowed, key=lambda w: w.rank)[8:]],
        "reporter": is_reporter(ctx.person),
        "admin": Role.ADMINISTRATOR in ctx.person.roles,
        "direct": ctx.forum is None,
        "member": bool(ctx.person.roles & MEMBER_ROLES),
    }
    yield Message(template="help", data=data)


def _words(ctx: Context, verb: str) -> CommandWords:
    """Give a verb's words as far as this person may use it."""
    words = ctx.words.command_words(verb, ctx.language)
    return words if ctx.person.roles & COORDINATORS else words.member or words

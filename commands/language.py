"""`!språk english`: the language that the bot speaks with a person."""

from collections.abc import Iterable

from bot.command import Context, Message, command
from bot.domain.errors import Invalid
from bot.domain.question import fold


@command("language", subject="person")
def language(ctx: Context) -> Iterable[Message]:
    """Change one's own language.

    Raises:
        Invalid: `language`.
    """
    wanted = fold(ctx.args)
    names = {fold(n): code for code, n in ctx.words.language_names.items()}
    names |= {code: code for code in ctx.words.languages}
    code = names.get(wanted) or next(
        (c for n, c in names.items() if len(wanted) >= 2 and n.startswith(wanted)), None
    )
    if code is None:
        raise Invalid("language", {"languages": list(ctx.words.language_names.values())})
    person = ctx.person
    ctx.uow.marks.offer_undo(person.id, "language", {"language": person.language}, ctx.now)
    ctx.uow.people.change_person(person.id, name=person.name, email=person.email, language=code)
    yield Message(template="language_set", data={"code": code}, language=code)

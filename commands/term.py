"""`!bevaka`: what ends by law, agreement or promise; list it, write it in, renew it, hand it on."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date

from bot.command import Context, Message, command
from bot.council.terms import before_change, keep
from bot.domain.errors import Conflict, Invalid
from bot.domain.people import OFFICE, Forum
from bot.domain.question import fold
from bot.domain.term import TURN, Stage, Term, TermKind, months_left, split_end, warnings

LONGEST = 120
"""Characters in a title."""


@command("term", subject="term", may=OFFICE)
def term(ctx: Context) -> Iterable[Message]:
    """Without words list; `överenskommelse 2028-03-31 [titel]`; `b3 [förnyad dag | till brå |
    avsluta]`.

    Raises:
        Invalid: `term_form`, `term_title`, or what dates.py says. NotFound: `term`.
        Conflict: `term_ended`.
    """
    word, _, rest = ctx.args.strip().partition(" ")
    if not word:
        yield Message(template="terms", data={"terms": _listed(ctx)})
    elif ctx.uow.follow_ups.terms.is_name(word):
        yield from _change(ctx, ctx.uow.follow_ups.terms.named(word), rest.strip())
    else:
        yield _add(ctx)


def _add(ctx: Context) -> Message:
    kind, rest = _kind(ctx)
    ends, title = split_end(rest, now=ctx.now.astimezone(ctx.calendar.zone))
    if len(title) > LONGEST:
        raise Invalid("term_title", {"limit": LONGEST})
    title = title or ctx.words.render("term_title", ctx.rules.language, {"kind": kind})
    added = ctx.uow.follow_ups.terms.add(Term(kind=kind, title=title, ends=ends))
    keep(ctx, added, what="added")
    _offer_undo(ctx, replace(added, ended=True))
    return _saved(ctx, added, "added")


def _kind(ctx: Context) -> tuple[TermKind, str]:
    """Read what it is, one word or two ("action plan"), and give what follows."""
    words = ctx.args.split()
    for count in (2, 1):
        named = ctx.words.key("term_kind", " ".join(words[:count]))
        if named is not None and len(words) > count:
            return TermKind(named), " ".join(words[count:])
    raise Invalid("term_form")


def _change(ctx: Context, term: Term, rest: str) -> Iterable[Message]:
    word, _, rest = rest.partition(" ")
    if not word:
        trail = ctx.uow.follow_ups.trail(term.short_id)
        steps = [(step, date.fromisoformat(step.text)) for step in trail]
        data = {**_shown(ctx, term), "trail": steps}
        yield Message(template="term", data=data)
        return
    if term.ended:
        raise Conflict("term_ended", {"term": term})
    match fold(word):
        case "fornyad" | "fornya" | "renewed" | "renew":
            ends, _ = split_end(rest, now=ctx.now.astimezone(ctx.calendar.zone))
            changed, what = keep(ctx, term.renewed(ends), what="renewed"), "renewed"
        case "till" | "to":
            changed, what = keep(ctx, replace(term, stage=_stage(ctx, rest))), "handed_on"
        case "avsluta" | "avslutad" | "end":
            done = replace(term, stage=Stage.DONE, ended=True)
            changed, what = keep(ctx, done, what="ended"), "ended"
        case _:
            raise Invalid("term_form")
    _offer_undo(ctx, term)
    yield _saved(ctx, changed, what)


def _stage(ctx: Context, said: str) -> Stage:
    forum = ctx.words.forum(said)
    named = ctx.words.key("term_stage", said)
    if forum is not None and forum in TURN:
        return TURN[Forum(forum)]
    if named == Stage.BOARD:
        return Stage.BOARD
    raise Invalid("term_form")


def _saved(ctx: Context, term: Term, what: str) -> Message:
    return Message(template="term_saved", data={**_shown(ctx, term), "what": what})


def _shown(ctx: Context, term: Term) -> Mapping[str, object]:
    """Give a term with the warnings to come, and whether one is overdue and comes now."""
    told = warnings(term, ctx.calendar)
    return {
        "term": term,
        "left": months_left(ctx.today, term.ends),
        "warnings": [warned for warned in told if warned.at > ctx.now and warned.months],
        "late": term.stage is Stage.WAITING and told[0].at <= ctx.now,
    }


def _listed(ctx: Context) -> list[tuple[Term, int]]:
    open_terms = ctx.uow.follow_ups.open_terms()
    return [(found, months_left(ctx.today, found.ends)) for found in open_terms]


def _offer_undo(ctx: Context, before: Term) -> None:
    ctx.uow.marks.offer_undo(ctx.person.id, "term", before_change(before), ctx.now)

"""`!oro`: begin, renew, raise, lower and end a time of unrest; without words, what runs."""

from collections.abc import Iterable, Mapping

from bot.command import Context, Message, command
from bot.confirming import ask_first
from bot.council.unrest import (
    due_round,
    end,
    following,
    note_asked,
    notices,
    open_round,
    running_facts,
    to_units,
    units_of,
)
from bot.council.unrest_report import compiled
from bot.domain.errors import Conflict, Invalid
from bot.domain.people import COORDINATORS, Forum, Role
from bot.domain.privacy import warnings
from bot.domain.question import fold
from bot.domain.unrest import Mode, Unrest, first_asked, rounds
from bot.domain.unrest_order import LONGEST_REASON, MODES, Order, read_end, read_order
from bot.round.form import known_words

_RENEW = frozenset({"forlang", "extend", "renew"})
_END = frozenset({"slut", "avsluta", "end", "stop"})
_REPORT = frozenset({"rapport", "report"})


@command(
    "unrest",
    subject="unrest",
    may=COORDINATORS | {Role.READER_MANAGEMENT},
    rooms=frozenset({Forum.OFFICE, Forum.MANAGEMENT}),
)
def unrest(ctx: Context) -> Iterable[Message]:
    """Read what is wanted; whatever reaches many is read back before it is done.

    Raises:
        Invalid: `unrest_form`, `unrest_area`, `unrest_too_long`, `unrest_too_short`,
            `unrest_not_longer`, `which_unrest`, `too_long`; what dates.py says.
        Conflict: `unrest_running`, `unrest_same_level`, `no_unrest`, `not_asked_yet`.
        NotFound: `unrest`.
    """
    first, rest = (*ctx.args.split(maxsplit=1), "", "")[:2]
    word = fold(first)
    running = ctx.uow.unrests.running()
    if not word:
        yield Message(template="unrest_running", data={"running": running_facts(ctx)})
    elif word in _RENEW:
        yield from _renew(ctx, rest)
    elif word in _END:
        yield from _end(ctx, rest)
    elif word in _REPORT:
        yield from _report(ctx, rest)
    elif word in MODES and running and _names_one(ctx, rest):
        yield from _change_level(ctx, MODES[word], rest)
    else:
        yield from _begin(ctx)


def _begin(ctx: Context) -> Iterable[Message]:
    order = read_order(
        ctx.args,
        units=ctx.uow.people.units(),
        municipality=ctx.rules.municipality,
        now=ctx.now.astimezone(ctx.calendar.zone),
    )
    _refuse_twice(ctx, order)
    new = Unrest(
        mode=order.mode,
        reason=order.reason,
        area=order.area,
        unit_ids=tuple(unit.id for unit in order.units),
        begins_at=ctx.now,
        last_day=order.last_day,
        started_by=ctx.person.id,
    )
    if not rounds(new, ctx.calendar):
        first = first_asked(new, ctx.calendar)
        raise Invalid("unrest_too_short", {"last_day": order.last_day, "first": first})
    if not ctx.confirmed:
        yield _read_back(ctx, new, "begin", order.words)
        return
    begun = ctx.uow.unrests.add(new)
    yield from _told(ctx, begun, "started")
    due = due_round(ctx, begun)
    if due is not None:
        note_asked(ctx, begun)
        yield from open_round(ctx, begun, due.opens_at)


def _renew(ctx: Context, words: str) -> Iterable[Message]:
    old, words = _which(ctx, words)
    day = read_end(words, now=ctx.now.astimezone(ctx.calendar.zone))
    new = old.renewed(day, ctx.today)
    if not ctx.confirmed:
        yield _read_back(ctx, new, "renew", f"förläng {old.short_id} till {day.isoformat()}")
        return
    ctx.uow.unrests.save(new)
    yield from _told(ctx, new, "renewed")
    yield from to_units(ctx, new, what="renewed")


def _change_level(ctx: Context, mode: Mode, words: str) -> Iterable[Message]:
    old, _ = _which(ctx, words)
    new = old.at_level(mode)
    if not ctx.confirmed:
        yield _read_back(ctx, new, "level", f"{mode} {old.short_id}")
        return
    ctx.uow.unrests.save(new)
    yield from _told(ctx, new, "level")
    yield from to_units(ctx, new, what="level")


def _end(ctx: Context, words: str) -> Iterable[Message]:
    old, reason = _which(ctx, words)
    if len(reason) > LONGEST_REASON:
        raise Invalid("too_long", {"longest": LONGEST_REASON})
    if not ctx.confirmed:
        yield _read_back(ctx, old, "end", f"slut {old.short_id} {reason}".strip())
        return
    yield from end(ctx, old, reason, by=ctx.person)
    if ctx.direct:
        yield Message(template="unrest_done", data=_named(ctx, old))


def _report(ctx: Context, words: str) -> Iterable[Message]:
    """Compile the newest question anew, with the answers that have come late."""
    if ctx.uow.people.room(Forum.OFFICE) is None:
        raise Conflict("no_office_room")
    old, _ = _which(ctx, words)
    asked = ctx.uow.cycles.of_unrest(old.id)
    if not asked:
        raise Conflict("not_asked_yet")
    yield from compiled(ctx, old, asked[-1])
    if ctx.forum is not Forum.OFFICE:
        yield Message(template="unrest_compiled", data=_named(ctx, old))


def _named(ctx: Context, about: Unrest) -> Mapping[str, object]:
    return {"unrest": about, "units": units_of(ctx, about)}


def _told(ctx: Context, changed: Unrest, what: str) -> Iterable[Message]:
    yield from notices(ctx, changed, what=what, by=ctx.person)
    if ctx.direct:
        yield Message(template="unrest_done", data=_named(ctx, changed))


def _read_back(ctx: Context, new: Unrest, what: str, words: str) -> Message:
    """Show what would be done; the words name days absolutely."""
    data = {
        "what": what,
        "unrest": new,
        "units": units_of(ctx, new),
        "following": following(ctx, new),
        "asked": len(ctx.uow.cycles.of_unrest(new.id)),
        "now": ctx.now,
        "outside": [f for f in (Forum.BRA, Forum.SAMSA) if ctx.uow.people.room(f) is not None],
        "found": warnings(new.reason, known_words=known_words(ctx)),
        "management": ctx.uow.people.room(Forum.MANAGEMENT) is not None,
    }
    return ask_first(ctx, "unrest", words, template="unrest_confirm", data=data)


def _refuse_twice(ctx: Context, order: Order) -> None:
    """Refuse a second time of unrest for a unit; its level or its end can be changed."""
    wanted = {unit.id for unit in order.units}
    for other in ctx.uow.unrests.running():
        both = [unit for unit in units_of(ctx, other) if unit.id in wanted]
        if both:
            raise Conflict("unrest_running", {"unrest": other, "units": both})


def _names_one(ctx: Context, words: str) -> bool:
    """Tell whether the words after a level name a running time of unrest, or nothing at all."""
    return not words.strip() or ctx.uow.unrests.is_name(words.strip())


def _which(ctx: Context, words: str) -> tuple[Unrest, str]:
    """Give the time of unrest that is named, or the only one, and the other words."""
    running = ctx.uow.unrests.running()
    if not running:
        raise Conflict("no_unrest")
    first, rest = (*words.split(maxsplit=1), "", "")[:2]
    if ctx.uow.unrests.is_name(first):
        named = ctx.uow.unrests.named(first)
        if named.ended_at is not None:
            raise Conflict("unrest_over")
        return named, " ".join(rest.split())
    if len(running) > 1:
        raise Invalid("which_unrest", {"running": running_facts(ctx)})
    return running[0], " ".join(words.split())

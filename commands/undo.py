"""`!ångra`: take back one's last change within ten minutes; publishing never is."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from bot.command import Context, Message, command
from bot.council.agendas import take_back as take_back_items
from bot.council.follow_up import take_back
from bot.council.notes import check_open
from bot.council.terms import restore
from bot.council.year import put_back
from bot.domain.errors import Conflict
from bot.domain.people import MEETING_FORUMS, Forum, Holding, Role, Unit
from bot.round.progress import live_status


@command("undo", subject="undo", rooms=frozenset({*MEETING_FORUMS, Forum.OFFICE}))
def undo(ctx: Context) -> Iterable[Message]:
    """Take back an absence, summary, language, change of a unit or person, or internal mark.

    Raises:
        Conflict: `nothing_to_undo`.
    """
    taken = ctx.uow.marks.take_undo(ctx.person.id, ctx.now)
    if taken is None:
        raise Conflict("nothing_to_undo")
    verb, data = taken
    language = None
    match verb, data:
        case "absence", {"absence": int(number)}:
            ctx.uow.people.cancel_absence(number)
        case "summary", {"cycle": int(cycle_id), "text": str(text)}:
            ctx.uow.cycles.set_summary(cycle_id, text)
        case "language", {"language": str(code)}:
            person, language = ctx.person, code if ctx.forum is None else None
            ctx.uow.people.change_person(
                person.id, name=person.name, email=person.email, language=code
            )
        case "unit", {"unit": int(number), **before}:
            ctx.uow.people.save_unit(_unit_again(ctx.uow.people.unit(number), before))
        case "person", {"person": int(number), "role": str(role), "unit": int(unit), **rest}:
            holding = Holding(role=Role(role), unit_id=unit or None)
            change = ctx.uow.people.take if rest.get("gave") else ctx.uow.people.give
            change(number, holding)
        case "active", {"person": int(number), "active": bool(active)}:
            ctx.uow.people.set_active(number, active)
        case "internal", {"cycle": int(cycle_id), "unit": int(unit_id), "internal": bool(internal)}:
            standing = ctx.uow.cycles.submission(cycle_id, unit_id)
            ctx.uow.cycles.save_submission(replace(standing, internal=internal), ctx.now)
            yield from live_status(ctx, ctx.uow.cycles.get(cycle_id))
        case "agenda", {"was": list(items)}:
            take_back_items(ctx, items)
        case "term", term:
            restore(ctx, term)
        case "year_plan", {"meeting": int()} if put_back(ctx, data):
            pass
        case "follow_up", {"was": list(was), "made": list(made)}:
            check_open(ctx, made)
            take_back(ctx, was, made)
        case _:
            raise Conflict("nothing_to_undo")
    yield Message(template="undone", data={"verb": verb}, language=language)


def _unit_again(unit: Unit, before: Mapping[str, object]) -> Unit:
    return replace(
        unit,
        name=str(before["name"]),
        board=str(before["board"]),
        place=str(before["place"]),
        active=bool(before["active"]),
    )

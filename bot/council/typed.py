"""How the verbs of follow-up read what is typed: fields, days, and who may see and do what.

What then becomes of a case, assignment or measure stands in follow_up.py.
"""

import re
from collections.abc import Sequence
from datetime import date
from typing import Protocol, TypeVar

from bot.command import Context
from bot.council.follow_up import leaves
from bot.domain.dates import parse_range
from bot.domain.errors import Invalid, NotFound, Refused
from bot.domain.follow_up import Assignment, Case, Level, Measure
from bot.domain.people import COORDINATORS, Forum, Role
from bot.domain.question import fold

T = TypeVar("T", Case, Assignment, Measure)
T_co = TypeVar("T_co", covariant=True)

LONGEST = 300
"""Characters of one field."""

LEVELS = {
    **dict.fromkeys(("gront", "gron", "green"), Level.GREEN),
    **dict.fromkeys(("gult", "gul", "yellow"), Level.YELLOW),
    **dict.fromkeys(("rott", "rod", "red"), Level.RED),
}
"""How it goes, as it is typed."""

_NO_DAY = frozenset({"", "-", "utan datum", "inget datum", "ingen dag", "no date", "without date"})

# The widest first: who is a member of several forums reads what the widest may.
_ROOM_OF = {
    Role.READER_MANAGEMENT: Forum.MANAGEMENT,
    Role.READER_EXECUTIVE: Forum.MANAGEMENT,
    Role.READER_BRA: Forum.BRA,
    Role.READER_SAMSA: Forum.SAMSA,
}


def viewpoint(ctx: Context, verb: str) -> Forum:
    """Tell as which forum's member somebody reads here; the coordinator's own room is the office.

    In a forum's room everybody sees what that forum may see, the coordinator too: others read it.

    Raises:
        Refused: `wrong_room`, in a room that is no forum's; `coordinator_only`.
    """
    if ctx.forum is not None and ctx.forum is not Forum.OFFICE:
        return ctx.forum
    if ctx.forum is None and not ctx.direct:
        raise Refused("wrong_room", {"verb": verb})
    if ctx.person.roles & COORDINATORS:
        return Forum.OFFICE
    if ctx.forum is Forum.OFFICE:
        raise Refused("coordinator_only")
    return next(forum for role, forum in _ROOM_OF.items() if role in ctx.person.roles)


class Kept(Protocol[T_co]):
    """Where things of one kind are kept, as far as their short ids go."""

    what: str

    def is_name(self, text: str) -> bool:
        """Tell whether a word has the form of their short ids."""
        ...

    def named(self, short_id: str) -> T_co:
        """Find one by the id people type."""
        ...


def named(ctx: Context, kept: Kept[T], word: str, place: Forum) -> T | None:
    """Find what a word names, as far as a forum may read of it; None where it is no id of these.

    Raises:
        NotFound: what is kept there; also where it may not be read of, so that nobody can tell.
    """
    if not kept.is_name(word):
        return None
    found = kept.named(word)
    if not leaves(ctx, found, place):
        raise NotFound(kept.what, {"said": word[:40]})
    return found


def only_coordinators(ctx: Context) -> None:
    """Let nobody else change anything.

    Raises:
        Refused: `coordinator_only`.
    """
    if not ctx.person.roles & COORDINATORS:
        raise Refused("coordinator_only")


def first_word(text: str) -> tuple[str, str]:
    """Part the first word from the rest."""
    parts = text.split(maxsplit=1)
    return (parts[0] if parts else ""), (parts[1].strip() if len(parts) > 1 else "")


def words(text: str, *, form: str) -> str:
    """Take one field of words.

    Raises:
        Invalid: `form`, where there is none; `too_long`.
    """
    said = " ".join(text.split())
    if not said:
        raise Invalid(form)
    if len(said) > LONGEST:
        raise Invalid("too_long", {"longest": LONGEST})
    return said


def fields(text: str, *, form: str, least: int, most: int) -> Sequence[str]:
    """Part fields at semicolons, or at line breaks where there is none; the last may be empty.

    Raises:
        Invalid: `form`, where there are too few or too many; `too_long`.
    """
    parts = text.strip().split(";") if ";" in text else text.strip().splitlines()
    found = [" ".join(part.split()) for part in parts]
    if not least <= len(found) <= most or not all(found[:least]):
        raise Invalid(form)
    if max(map(len, found)) > LONGEST:
        raise Invalid("too_long", {"longest": LONGEST})
    return found


def due_day(ctx: Context, text: str) -> date | None:
    """Read by when; of several days (a week) the last. None for "utan datum".

    Raises:
        Invalid: what dates.py says.
    """
    said = re.sub(r"^(?:senast|till|by|until)\s+", "", text.strip(), flags=re.IGNORECASE)
    if said in _NO_DAY or fold(said) in _NO_DAY:
        return None
    return parse_range(said, now=ctx.now.astimezone(ctx.calendar.zone)).last

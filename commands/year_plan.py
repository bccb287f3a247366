"""`!årsplan` and `!årshjul`: propose a year's meetings, change them by hand, fix them, show them.

Nobody but the office sees a proposal. Fixing reaches everybody, so it is read back first.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, time

from bot.command import Context, Message, Print, command
from bot.confirming import ask_first
from bot.council.typed import first_word, only_coordinators, viewpoint
from bot.council.year import (
    FIXED,
    Planned,
    Year,
    new_meeting,
    store_proposal,
    year_of,
    year_to_plan,
)
from bot.council.year_papers import announce, facts_of, manuscript, reach, shown
from bot.domain.dates import split_moment
from bot.domain.errors import Conflict, Invalid, Refused
from bot.domain.meeting import Meeting, MeetingState
from bot.domain.meeting_rule import forbidden
from bot.domain.people import COORDINATORS, MEETING_FORUMS, READERS, Forum, Role
from bot.domain.question import fold

FORM = "year_form"
AHEAD = 3
"""Years that can be planned ahead; the working days of later ones are not known."""

_YEAR = re.compile(r"(?<![\d-])(20\d\d)(?![\d.:])")
_WHEEL = ("arshjul", "yearwheel", "hjul", "wheel")
_AGAIN = ("nytt", "again")
_NEW = ("ny", "nytt", "new", "add")
_DROP = ("stryk", "drop", "remove")
_FIX = ("faststall", "fix")


def prepare(ctx: Context) -> Print | None:
    """Print the wheel where it is asked for, or where a fixed year is handed out."""
    word, rest = first_word(ctx.args)
    if _wants_wheel(ctx):
        number, meetings = _looked_at(ctx)
        return Print(manuscripts=[manuscript(ctx, facts_of(ctx, number, meetings))])
    if ctx.confirmed and fold(word) in _FIX:
        year = _confirmed(ctx, rest)
        fixed = [replace(m, state=MeetingState.PLANNED) for m in year.proposed]
        meetings = sorted([*year.fixed, *fixed], key=lambda m: m.starts_at)
        return Print(manuscripts=[manuscript(ctx, facts_of(ctx, year.number, meetings))])
    return None


@command(
    "year_plan",
    subject="meeting",
    may=COORDINATORS | READERS,
    rooms=frozenset(Forum),
    prepare=prepare,
)
def year_plan(ctx: Context) -> Iterable[Message]:
    """Without words propose a year or show it; `m12 day time`, `ny samsa day time`, `stryk m12`,
    `2027 nytt`, `fastställ 2027`; `!årshjul` shows the picture.

    Raises:
        Invalid: `year_form`, `year_outside`, `year_other`, `time_missing`, or what dates.py says.
        NotFound: `meeting`. Refused: `coordinator_only`, `wrong_room`.
        Conflict: `year_fixed`, `year_nothing`, `year_changed`, `year_not_proposed`, `meeting_day`,
        `meeting_too_soon`.
    """
    place = viewpoint(ctx, "year_plan")
    word, rest = first_word(ctx.args)
    said = fold(word)
    if _wants_wheel(ctx) and ctx.product is not None:
        number, meetings = _looked_at(ctx)
        yield from shown(ctx, facts_of(ctx, number, meetings), ctx.product.papers[0][1])
    elif place is not Forum.OFFICE and (not word or _YEAR.fullmatch(word)) and not rest:
        number, meetings = _looked_at(ctx)
        parts = [(f, [m for m in meetings if m.forum is f]) for f in _forums(ctx)]
        yield Message(template="year_dates", data={"year": number, "forums": parts})
    elif place is not Forum.OFFICE:
        only_coordinators(ctx)
        raise Refused("wrong_room", {"verb": "year_plan"})
    elif not word or _YEAR.fullmatch(word):
        yield _shown(ctx, _number(ctx, word), rest)
    elif ctx.uow.meetings.is_name(word):
        yield _moved(ctx, ctx.uow.meetings.named(word), rest)
    elif said in _DROP:
        yield _dropped(ctx, rest)
    elif said in _FIX:
        yield from _fixed(ctx, rest) if ctx.confirmed else [_read_back(ctx, rest)]
    elif said in _NEW:
        yield _added(ctx, rest)
    else:
        raise Invalid(FORM)


# Looking


def _shown(ctx: Context, number: int, rest: str) -> Message:
    """Show a year in the office; one without a plan is proposed at once, another with "nytt"."""
    again = fold(rest) in _AGAIN
    if rest and not again:
        raise Invalid(FORM)
    year = year_of(ctx, number)
    if again and year.fixed:
        raise Conflict("year_fixed", {"year": number})
    made = number >= ctx.today.year and (again or not (year.proposed or year.fixed))
    if made:
        year = store_proposal(ctx, number)
    return Message(template="year_plan", data={"year": year, "made": made, "by_itself": False})


def _looked_at(ctx: Context) -> tuple[int, Sequence[Meeting]]:
    """Give the year that somebody looks at and the meetings they may see: proposals only in the
    office. Without words it is the newest year that has any."""
    place = viewpoint(ctx, "year_plan")
    numbers = [int(n) for n in _YEAR.findall(ctx.args)]
    for number in numbers or (year_to_plan(ctx.today), ctx.today.year):
        meetings = [p.meeting for p in year_of(ctx, _within(ctx, number)).planned]
        if place is not Forum.OFFICE:
            meetings = [m for m in meetings if m.state in FIXED]
        if meetings:
            break
    return number, meetings


def _forums(ctx: Context) -> Sequence[Forum]:
    """List the forums whose dates are listed here: the room's own, or those that one sits in."""
    if ctx.forum is not None:
        return [ctx.forum]
    roles = ctx.person.roles
    mine = [forum for forum in MEETING_FORUMS if roles & forum.members]
    if Role.READER_EXECUTIVE in roles and Forum.MANAGEMENT not in mine:
        mine.append(Forum.MANAGEMENT)
    return mine


def _wants_wheel(ctx: Context) -> bool:
    """Tell whether the picture is asked for, by a word of its own or by the first word after."""
    word, _ = first_word(ctx.args)
    if fold(word) in _WHEEL:
        return True
    if ctx.incoming is None or ctx.confirmed or (word and not _YEAR.fullmatch(word)):
        return False
    called = fold(ctx.incoming.text).replace("-", "").replace(" ", "")
    return any(word in called for word in _WHEEL[:2])


# Changing a proposal


def _moved(ctx: Context, old: Meeting, rest: str) -> Message:
    """Give a proposed meeting another day; without a time it keeps the one it has."""
    _only_proposed(old)
    local = old.starts_at.astimezone(ctx.calendar.zone)
    starts = _moment(ctx, rest, local.year, keeps=local.time())
    if starts.year != local.year:
        raise Invalid("year_other", {"year": local.year, "day": starts.date()})
    ctx.uow.meetings.save(replace(old, starts_at=starts))
    _offer_undo(ctx, old)
    return _saved(ctx, old.id, "moved", starts.year, old)


def _added(ctx: Context, rest: str) -> Message:
    named, text = first_word(rest)
    forum = ctx.words.forum(named)
    if forum not in MEETING_FORUMS:
        raise Invalid(FORM)
    rule = ctx.rules.plan.of(forum)
    year = _open_year(ctx)
    starts = _moment(ctx, text, year, keeps=rule.at)
    meeting = ctx.uow.meetings.add(
        new_meeting(forum, starts, rule.minutes, place=rule.place, link=rule.link)
    )
    _offer_undo(ctx, replace(meeting, state=MeetingState.CANCELLED))
    return _saved(ctx, meeting.id, "added", starts.year)


def _dropped(ctx: Context, rest: str) -> Message:
    old = ctx.uow.meetings.named(rest)
    _only_proposed(old)
    ctx.uow.meetings.save(old.to(MeetingState.CANCELLED))
    _offer_undo(ctx, old)
    return _saved(ctx, old.id, "dropped", old.starts_at.astimezone(ctx.calendar.zone).year, old)


def _only_proposed(meeting: Meeting) -> None:
    if meeting.state is not MeetingState.PROPOSED:
        raise Conflict("year_not_proposed", {"meeting": meeting})


def _offer_undo(ctx: Context, before: Meeting) -> None:
    was = {"meeting": before.id, "at": before.starts_at.isoformat(), "state": str(before.state)}
    ctx.uow.marks.offer_undo(ctx.person.id, "year_plan", was, ctx.now)


def _saved(
    ctx: Context, meeting_id: int, what: str, number: int, old: Meeting | None = None
) -> Message:
    """Tell what was done, with the warnings about that day and what is missing in the year now."""
    year = year_of(ctx, number)
    found = [p for p in year.planned if p.meeting.id == meeting_id]
    planned = found[0] if found else Planned(meeting=ctx.uow.meetings.get(meeting_id))
    data = {"planned": planned, "old": old, "what": what, "year": year}
    return Message(template="year_saved", data=data)


# Fixing


def _read_back(ctx: Context, rest: str) -> Message:
    """Say how many meetings go out to whom, and wait for a yes."""
    year = year_of(ctx, _number(ctx, rest) if rest else _open_year(ctx))
    _check_fixable(ctx, year)
    data = {"year": year, "reach": reach(ctx, year.proposed)}
    args = f"fastställ {year.number} {year.digest}"
    return ask_first(ctx, "year_plan", args, template="confirm_year", data=data)


def _confirmed(ctx: Context, rest: str) -> Year:
    """Give the year that was read back, if it is still the same."""
    number, _, digest = rest.partition(" ")
    year = year_of(ctx, int(number))
    _check_fixable(ctx, year)
    if year.digest != digest:
        raise Conflict("year_changed", {"year": year.number})
    return year


def _fixed(ctx: Context, rest: str) -> Iterable[Message]:
    assert ctx.product is not None
    year = _confirmed(ctx, rest)
    issued = [m.to(MeetingState.PLANNED).issued() for m in year.proposed]
    for meeting in issued:
        ctx.uow.meetings.save(meeting)
    yield from announce(ctx, year_of(ctx, year.number), issued, ctx.product.papers[0][1])
    data = {"year": year.number, "count": len(issued), "reach": reach(ctx, issued)}
    yield Message(template="year_fixed", data=data)


def _check_fixable(ctx: Context, year: Year) -> None:
    if not year.proposed:
        raise Conflict("year_nothing", {"year": year.number, "fixed": bool(year.fixed)})
    for planned in year.planned:
        if planned.meeting.state is MeetingState.PROPOSED:
            _check_day(ctx, planned.meeting.starts_at)


# What is read from words


def _number(ctx: Context, text: str) -> int:
    if not text:
        return year_to_plan(ctx.today)
    if not _YEAR.fullmatch(text):
        raise Invalid(FORM)
    return _within(ctx, int(text))


def _within(ctx: Context, number: int) -> int:
    first, last = ctx.today.year - 1, ctx.today.year + AHEAD
    if not first <= number <= last:
        raise Invalid("year_outside", {"year": number, "first": first, "last": last})
    return number


def _open_year(ctx: Context) -> int:
    """Name the year that is being planned: the first with proposals, else the one to plan now."""
    for number in range(ctx.today.year, ctx.today.year + AHEAD + 1):
        if year_of(ctx, number).proposed:
            return number
    return year_to_plan(ctx.today)


def _moment(ctx: Context, text: str, number: int, *, keeps: time) -> datetime:
    """Read a day of the year that is planned, with its time; "4 mars" is that year's."""
    written = _YEAR.search(text)
    year = _within(ctx, int(written[1])) if written else number
    local = ctx.now.astimezone(ctx.calendar.zone)
    begins = datetime(year, 1, 1, tzinfo=ctx.calendar.zone)
    said, more = split_moment(text.strip(), now=max(local, begins))
    if more:
        raise Invalid(FORM)
    starts = ctx.calendar.at(said.day, said.at or keeps)
    _check_day(ctx, starts)
    return starts


def _check_day(ctx: Context, starts: datetime) -> None:
    day = starts.astimezone(ctx.calendar.zone).date()
    hindered = forbidden(day, ctx.calendar, ctx.rules.plan.blocked)
    if hindered is not None:
        raise Conflict("meeting_day", {"day": day, "hindered": hindered})
    if day <= ctx.today:
        raise Conflict("meeting_too_soon", {"day": day})

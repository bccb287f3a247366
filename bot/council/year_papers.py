"""A year on paper and as a picture, and how its fixed dates reach everybody at once.

What the year consists of stands in year.py. Of a term only its kind and day leave the office: its
title is the coordinator's own words.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from bot.command import Context, Message, ToForum, ToMail
from bot.council.calls import entry, members, outside, unreached
from bot.council.papers import manuscript_of
from bot.council.terms import terms_of_year
from bot.council.year import FIXED, Year
from bot.domain.calendar import Period
from bot.domain.meeting import Meeting
from bot.domain.people import MEETING_FORUMS, Forum, Person
from bot.domain.schedule import opening, period_to_open
from bot.domain.term import TermKind
from bot.handouts import Artifact, Manuscript, Wheel, WheelMark


@dataclass(frozen=True, slots=True, kw_only=True)
class YearFacts:
    """What stands on the wheel, and in its list for those who can't see it."""

    number: int
    forums: Sequence[tuple[Forum, Sequence[Meeting]]]
    """Each forum that meets that year, with its meetings in order."""
    rounds: Sequence[date]
    """The days on which the months' rounds open."""
    terms: Sequence[tuple[date, TermKind]]
    draft: bool = False
    """Some of the meetings are proposals."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Whom a forum's dates reach."""

    forum: Forum
    meetings: Sequence[Meeting]
    has_room: bool
    members: Sequence[Person]
    by_mail: Sequence[Person]
    unreached: Sequence[Person]


def facts_of(ctx: Context, number: int, meetings: Sequence[Meeting]) -> YearFacts:
    """Gather what is known of a year; the meetings are those that may be shown here."""
    months = [date(number, month, 1) for month in range(1, 13)]
    periods = [period_to_open(month, ctx.rules.round) for month in months]
    opens = [opening(p, ctx.rules.round, ctx.calendar).date() for p in periods if p is not None]
    return YearFacts(
        number=number,
        forums=_by_forum(meetings),
        rounds=opens,
        terms=[(day, kind) for day, kind, _ in terms_of_year(ctx.uow, number)],
        draft=any(m.state not in FIXED for m in meetings),
    )


def manuscript(ctx: Context, facts: YearFacts) -> Manuscript:
    """Write the year's document: the wheel, and everything on it as a list."""
    language = ctx.rules.language
    data = _data(ctx, facts)
    words = ctx.words.render("year_wheel_words", language, data).split("\n")
    title, draft, *kinds = words[:7]
    text = ctx.words.render("papers/year", language, data)
    return replace(
        manuscript_of(ctx, text),
        draft=draft if facts.draft else "",
        picture=True,
        wheel=Wheel(
            year=facts.number,
            title=title,
            marks=_marks(ctx, facts),
            alt=ctx.words.render("year_wheel_alt", language, data),
            kinds=dict(zip(_KINDS, kinds, strict=True)),
            months=words[7:],
        ),
    )


def shown(ctx: Context, facts: YearFacts, artifacts: Sequence[Artifact]) -> Iterable[Message]:
    """Show the year here: the list, then the picture and the document."""
    yield Message(template="year_wheel", data=_data(ctx, facts))
    for artifact in sorted(artifacts, key=lambda artifact: not _is_picture(artifact)):
        yield Message(
            template="year_file",
            artifact_id=ctx.uow.papers.keep(artifact),
            verbatim=_caption(ctx, facts.number, artifact),
        )


def reach(ctx: Context, meetings: Sequence[Meeting]) -> Sequence[Reach]:
    """Tell whom the dates of these meetings reach, forum by forum."""
    return [
        Reach(
            forum=forum,
            meetings=mine,
            has_room=ctx.uow.people.room(forum) is not None,
            members=members(ctx, forum),
            by_mail=outside(ctx, forum),
            unreached=unreached(ctx, forum),
        )
        for forum, mine in _by_forum(meetings)
    ]


def announce(
    ctx: Context, year: Year, issued: Sequence[Meeting], artifacts: Sequence[Artifact]
) -> Iterable[Message]:
    """Hand out a year's dates once: to each forum's room, and one letter to each member outside.

    Args:
        ctx: the coordinator's yes.
        year: the year as it is stored now.
        issued: the meetings whose calendar entries go out.
        artifacts: the document and the picture that were printed for it.
    """
    files = [(ctx.uow.papers.keep(artifact), artifact) for artifact in artifacts]
    told = reach(ctx, issued)
    for part in told:
        if part.has_room:
            entries = [ctx.uow.papers.keep(entry(ctx, m)) for m in part.meetings]
            yield from _to_room(ctx, year, part, files, entries)
    letters: dict[int, tuple[Person, list[Reach]]] = {}
    for part in told:
        for person in part.by_mail:
            letters.setdefault(person.id, (person, []))[1].append(part)
    document = [number for number, artifact in files if not _is_picture(artifact)]
    for person, mine in letters.values():
        data = {
            "person": person,
            "year": year.number,
            "forums": [(part.forum, _all_of(year, part.forum)) for part in mine],
        }
        invited = [
            ctx.uow.papers.keep(entry(ctx, m, to=person)) for part in mine for m in part.meetings
        ]
        yield Message(
            template="mail_year",
            data=data,
            to=ToMail(person_id=person.id),
            key=f"{ctx.cause}/mail/{person.id}",
            attachments=[*document, *invited],
        )


_KINDS = ("bra", "samsa", "management", "round", "deadline")
"""The rings of the wheel, from the outside in."""


def _to_room(
    ctx: Context,
    year: Year,
    part: Reach,
    files: Sequence[tuple[int, Artifact]],
    entries: Sequence[int],
) -> Iterable[Message]:
    room, root = ToForum(forum=part.forum), f"{ctx.cause}/{part.forum}"
    data = {"year": year.number, "forum": part.forum, "meetings": _all_of(year, part.forum)}
    yield Message(template="year_room", data=data, to=room, key=root)
    for number, (artifact_id, artifact) in enumerate(files):
        yield Message(
            template="year_file",
            to=room,
            key=f"{root}/file{number}",
            artifact_id=artifact_id,
            verbatim=_caption(ctx, year.number, artifact),
        )
    for number, artifact_id in enumerate(entries):
        yield Message(
            template="year_file",
            to=room,
            key=f"{root}/entry{number}",
            thread_of=root,
            artifact_id=artifact_id,
            verbatim="",
        )


def _all_of(year: Year, forum: Forum) -> Sequence[Meeting]:
    return [m for m in year.fixed if m.forum is forum]


def _by_forum(meetings: Sequence[Meeting]) -> Sequence[tuple[Forum, Sequence[Meeting]]]:
    parts = [(forum, [m for m in meetings if m.forum is forum]) for forum in MEETING_FORUMS]
    return [(forum, mine) for forum, mine in parts if mine]


def _data(ctx: Context, facts: YearFacts) -> Mapping[str, object]:
    months = [Period.of(facts.number, month) for month in range(1, 13)]
    return {"facts": facts, "months": months, "municipality": ctx.rules.municipality}


def _marks(ctx: Context, facts: YearFacts) -> Sequence[WheelMark]:
    found = [
        (str(forum), meeting.starts_at.astimezone(ctx.calendar.zone).date())
        for forum, meetings in facts.forums
        for meeting in meetings
    ]
    found += [("round", day) for day in facts.rounds]
    found += [("deadline", day) for day, _ in facts.terms]
    return [WheelMark(day=day, kind=kind, label=f"{day.day}/{day.month}") for kind, day in found]


def _caption(ctx: Context, number: int, artifact: Artifact) -> str:
    if not _is_picture(artifact):
        return ""
    return ctx.words.render("year_wheel_caption", ctx.rules.language, {"year": number})


def _is_picture(artifact: Artifact) -> bool:
    return artifact.media_type == "image/png"

"""`!möte`: see the meetings, call an extra one, move one, cancel one, enter somebody's answer.

Whatever reaches people is read back first, by weekday, date, time and week (domain: Calendar).
"""

import uuid
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from bot.command import Context, Message, command
from bot.confirming import ask_first
from bot.council.calls import (
    call_key,
    hand_out,
    keep_reply,
    live_attendance,
    members,
    reads,
    send_call,
    unreached,
    who_comes,
)
from bot.council.typed import only_coordinators
from bot.domain.dates import split_moment
from bot.domain.errors import Conflict, Invalid, NotFound
from bot.domain.meeting import Meeting, MeetingState
from bot.domain.meeting_rule import forbidden
from bot.domain.people import COORDINATORS, MEETING_FORUMS, READERS, Forum
from bot.domain.plan_check import check
from bot.domain.question import fold
from bot.handouts import Method

LONGEST = 300
"""Characters of a reason or a place."""


@command("meeting", subject="meeting", may=COORDINATORS | READERS, rooms=frozenset(Forum))
def meeting(ctx: Context) -> Iterable[Message]:
    """Without words list what is to come; `m3` shows one; `extra`, `flytta`, `ställ in`, `plats`
    and `svar` are the coordinator's.

    Raises:
        Invalid: `meeting_form`, `reason_missing`. NotFound: `meeting`, `no_meeting_planned`.
        Conflict: `meeting_state`, `meeting_changed`, `meeting_day`, `meeting_too_soon`.
        Refused: `coordinator_only`. DateProblem: the words give no one day and time.
    """
    word, _, rest = ctx.args.strip().partition(" ")
    if not word:
        yield Message(template="meetings", data={"meetings": _upcoming(ctx)})
        return
    if ctx.uow.meetings.is_name(word) and not rest:
        yield _shown(ctx, ctx.uow.meetings.named(word))
        return
    only_coordinators(ctx)
    match fold(word):
        case "extra":
            yield from _extra(ctx, rest)
        case "flytta" | "move":
            yield from _move(ctx, rest)
        case "stall" | "cancel" | "avlys":
            yield from _cancel(ctx, _without(rest, "in"))
        case "plats" | "place":
            yield from _place(ctx, rest)
        case "svar" | "answer":
            yield from _answer(ctx, rest)
        case _:
            raise Invalid("meeting_form")


def _upcoming(ctx: Context) -> list[tuple[Meeting, int]]:
    """List the meetings to come that may be read of here."""
    mine = [m for m in ctx.uow.meetings.to_come(ctx.now) if reads(ctx, m)]
    return [(m, who_comes(ctx, m).coming) for m in mine[:10]]


def _shown(ctx: Context, found: Meeting) -> Message:
    if not reads(ctx, found):
        raise NotFound("meeting", {"said": found.short_id})
    inside = ctx.forum not in MEETING_FORUMS and ctx.person.roles & COORDINATORS
    missed = unreached(ctx, found.forum) if inside else []
    data = {"meeting": found, "comes": who_comes(ctx, found), "unreached": missed}
    return Message(template="meeting", data=data)


# An extra meeting


def _extra(ctx: Context, text: str) -> Iterable[Message]:
    named, _, rest = text.strip().partition(" ")
    forum = ctx.words.forum(named)
    if forum not in MEETING_FORUMS:
        raise Invalid("meeting_form")
    starts, reason = _moment(ctx, rest)
    if not reason:
        raise Invalid("reason_missing")
    rule = ctx.rules.plan.of(forum)
    wanted = Meeting(
        uid=f"{uuid.uuid4()}@lagesbot",
        forum=forum,
        starts_at=starts,
        minutes=rule.minutes,
        place=rule.place,
        link=rule.link,
        extra=True,
        reason=reason,
        called_by=ctx.person.id,
    )
    if not ctx.confirmed:
        yield _read_back(
            ctx, wanted, f"extra {forum} {starts.isoformat()} {reason}", template="confirm_extra"
        )
        return
    planned = ctx.uow.meetings.add(wanted)
    called = replace(planned.to(MeetingState.CALLED), called_at=ctx.now).issued()
    ctx.uow.meetings.save(called)
    yield from send_call(ctx, called)
    yield Message(template="meeting_called", data={"meeting": called})


# Moving, cancelling, another place


def _move(ctx: Context, text: str) -> Iterable[Message]:
    found, rest = _meant(ctx, text)
    starts, reason = _moment(ctx, rest)
    moved = found.moved(starts, reason=reason)
    if moved.state is MeetingState.CALLED:  # the new time is a call of its own
        moved = replace(moved, called_at=ctx.now)
    if not ctx.confirmed:
        args = f"flytta {found.short_id} {_as_seen(found)} {starts.isoformat()} {reason}"
        yield _read_back(ctx, moved, args, template="confirm_move", old=found)
        return
    called = moved.state is MeetingState.CALLED
    key = call_key(moved) if called else f"moved/{moved.short_id}/{moved.asked}"
    yield from _changed(
        ctx, moved, {"old": found}, template="call_moved", letter="mail_call_moved", key=key
    )
    yield Message(template="meeting_moved", data={"meeting": moved, "old": found})


def _cancel(ctx: Context, text: str) -> Iterable[Message]:
    found, reason = _meant(ctx, text)
    cancelled = replace(found.to(MeetingState.CANCELLED), reason=_reason(reason))
    if not ctx.confirmed:
        args = f"cancel {found.short_id} {_as_seen(found)} {cancelled.reason}"
        yield _read_back(ctx, cancelled, args, template="confirm_cancel")
        return
    key = f"cancelled/{found.short_id}"
    yield from _changed(
        ctx,
        cancelled,
        {},
        template="call_cancelled",
        letter="mail_call_cancelled",
        key=key,
        method=Method.CANCEL,
    )
    yield Message(template="meeting_cancelled", data={"meeting": cancelled})


def _place(ctx: Context, text: str) -> Iterable[Message]:
    named, _, place = text.strip().partition(" ")
    found = ctx.uow.meetings.named(named)
    if not found.state.is_to_come or not place or len(place) > LONGEST:
        raise Invalid("meeting_form")
    changed = replace(found, place=" ".join(place.split()))
    key = f"place/{found.short_id}/{found.sequence + 1}"
    yield from _changed(ctx, changed, {}, template="call_place", letter="mail_call_place", key=key)
    yield Message(template="meeting_place", data={"meeting": changed})


def _changed(
    ctx: Context,
    changed: Meeting,
    data: dict[str, object],
    *,
    template: str,
    letter: str,
    key: str,
    method: Method = Method.REQUEST,
) -> Iterable[Message]:
    """Store a change; where people have the entry in their calendars they get it anew."""
    if changed.sequence < 0:
        ctx.uow.meetings.save(changed)
        return
    issued = ctx.uow.meetings.save(changed.issued())
    yield from hand_out(ctx, issued, data, template=template, letter=letter, key=key, method=method)
    if issued.state is MeetingState.CALLED:
        yield from live_attendance(ctx, issued)


# Somebody's answer, entered by the coordinator


def _answer(ctx: Context, text: str) -> Iterable[Message]:
    named, _, rest = text.strip().partition(" ")
    who, _, said = rest.strip().partition(":") if ":" in rest else rest.strip().partition(" ")
    found = ctx.uow.meetings.named(named)
    answer = ctx.words.reply(said)
    if answer is None:
        raise Invalid("meeting_form")
    person = ctx.uow.people.named(who)
    if found.state is not MeetingState.CALLED:
        raise Conflict("meeting_state", {"meeting": found, "state": found.state})
    if person.id not in {p.id for p in members(ctx, found.forum)}:
        raise NotFound("not_a_member", {"name": person.name, "forum": found.forum})
    reply, substitute = answer
    yield from keep_reply(ctx, found, person, reply, substitute)
    data = {"meeting": found, "person": person, "reply": reply, "substitute": substitute}
    yield Message(template="answer_entered", data=data)


# What is read from words


def _meant(ctx: Context, text: str) -> tuple[Meeting, str]:
    """Find the meeting named first; at a yes it must be as it was when it was read back."""
    named, _, rest = text.strip().partition(" ")
    found = ctx.uow.meetings.named(named)
    if ctx.confirmed:
        seen, _, rest = rest.partition(" ")
        if seen != _as_seen(found):
            raise Conflict("meeting_changed", {"meeting": found})
    return found, rest


def _as_seen(meeting: Meeting) -> str:
    return f"{meeting.state}/{meeting.asked}/{meeting.sequence}"


def _moment(ctx: Context, text: str) -> tuple[datetime, str]:
    """Read day, time and reason; what was read back already stands there as an ISO instant."""
    if ctx.confirmed:
        instant, _, reason = text.partition(" ")
        starts = datetime.fromisoformat(instant)
    else:
        local = ctx.now.astimezone(ctx.calendar.zone)
        said, reason = split_moment(text.strip(), now=local)
        if said.at is None:
            raise Invalid("time_missing", {"day": said.day})
        starts = ctx.calendar.at(said.day, said.at)
    day = starts.astimezone(ctx.calendar.zone).date()
    hindered = forbidden(day, ctx.calendar, ctx.rules.plan.blocked)
    if hindered is not None:
        raise Conflict("meeting_day", {"day": day, "hindered": hindered})
    if day <= ctx.today:
        raise Conflict("meeting_too_soon", {"day": day})
    return starts, _reason(reason)


def _reason(text: str) -> str:
    reason = " ".join(text.split()).strip("\"”“'")
    if len(reason) > LONGEST:
        raise Invalid("too_long", {"longest": LONGEST})
    return reason


def _without(text: str, word: str) -> str:
    first, _, rest = text.strip().partition(" ")
    return rest if fold(first) == word else text


def _read_back(
    ctx: Context, wanted: Meeting, args: str, *, template: str, old: Meeting | None = None
) -> Message:
    """Show what would be sent to whom, with what should be thought of, and wait for a yes."""
    year = wanted.starts_at.astimezone(ctx.calendar.zone).year
    others = [
        m
        for m in ctx.uow.meetings.of_year(year, ctx.now.astimezone(ctx.calendar.zone))
        if m.id != wanted.id and m.state is not MeetingState.CANCELLED
    ]
    warned = []
    if wanted.state is not MeetingState.CANCELLED:
        plan = ctx.rules.plan
        warnings, _ = check(
            [*others, wanted], ctx.calendar, plan.blocked, plan.school_holidays, year
        )
        warned = list(warnings[-1])
    data = {
        "meeting": wanted,
        "old": old,
        "warnings": warned,
        "members": members(ctx, wanted.forum),
        "unreached": unreached(ctx, wanted.forum),
    }
    return ask_first(ctx, "meeting", args, template=template, data=data)

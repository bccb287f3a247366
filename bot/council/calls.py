"""Calling people to a meeting: the room's message, the calendar entry, the letters, who comes.

Every change of a meeting that people know about goes out here, so that the one entry in their
calendars is always right: the same UID, a higher SEQUENCE each time (RFC 5546).
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence

from bot.command import Context, Message, ToForum, ToMail
from bot.council.agendas import compose
from bot.council.papers import mailed
from bot.domain.meeting import Attendance, Meeting, Reply, Rsvp, attendance
from bot.domain.people import COORDINATORS, MEETING_FORUMS, Forum, Person
from bot.handouts import Artifact, CalendarEntry, Method
from bot.live import live
from bot.round.editions import newest_edition
from bot.round.form import to_office
from storage.papers import PaperKind, PaperState


def members(ctx: Context, forum: Forum) -> Sequence[Person]:
    """List who is called to a forum's meetings."""
    return [p for p in ctx.uow.people.everybody() if p.roles & forum.members]


def outside(ctx: Context, forum: Forum) -> Sequence[Person]:
    """List the members outside the chat, who get e-mail; without a mail server nobody does."""
    if ctx.rules.mail is None:
        return []
    return [p for p in members(ctx, forum) if mailed(ctx, p)]


def unreached(ctx: Context, forum: Forum) -> Sequence[Person]:
    """List the members whom no call reaches: no account, and no e-mail that could be sent."""
    told = {p.id for p in outside(ctx, forum)}
    return [
        p for p in members(ctx, forum) if not ctx.uow.people.accounts(p.id) and p.id not in told
    ]


def reads(ctx: Context, meeting: Meeting) -> bool:
    """Tell whether a meeting may be read of here: in a forum's room its own, whoever asks, because
    others read it; elsewhere one's own, or all for the coordinator. Proposals are the office's."""
    if ctx.forum in MEETING_FORUMS:
        return meeting.forum is ctx.forum and meeting.is_known
    if ctx.person.roles & COORDINATORS:
        return True
    return meeting.is_known and bool(ctx.person.roles & meeting.forum.members)


def call_key(meeting: Meeting) -> str:
    """Name the message that the answers stand under: the call of the time it has now."""
    return f"call/{meeting.short_id}" + (f"/{meeting.asked}" if meeting.asked else "")


def send_call(ctx: Context, meeting: Meeting, *, late: bool = False) -> Iterable[Message]:
    """Call to a meeting: agenda, newest approved report, calendar entry; room and letters."""
    report = _newest_report(ctx, meeting.forum)
    data = {
        "points": compose(ctx, meeting),
        "late": late,
        "report": report is not None,
        "caller": _caller(ctx, meeting),
    }
    yield from hand_out(
        ctx,
        meeting,
        data,
        template="call",
        letter="mail_call",
        key=call_key(meeting),
        report=report,
    )
    forgotten = unreached(ctx, meeting.forum)
    if forgotten:
        yield to_office("call_unreached", {"meeting": meeting, "people": forgotten})
    yield from live_attendance(ctx, meeting)


def hand_out(
    ctx: Context,
    meeting: Meeting,
    data: Mapping[str, object],
    *,
    template: str,
    letter: str,
    key: str,
    method: Method = Method.REQUEST,
    report: int | None = None,
) -> Iterable[Message]:
    """Say something about a meeting where its members are, with its calendar entry as it is now.

    `meeting.sequence` must have risen already. `template` is what the room reads, `letter` what
    comes by e-mail.
    """
    facts = {"meeting": meeting, **data}
    if ctx.uow.people.room(meeting.forum) is not None:
        room = ToForum(forum=meeting.forum)
        kept = ctx.uow.papers.keep(entry(ctx, meeting, method))
        yield Message(template=template, data=facts, to=room, key=key)
        yield Message(
            template="call_file", to=room, key=f"{key}/entry", artifact_id=kept, verbatim=""
        )
        if report is not None:
            yield Message(
                template="call_file", to=room, key=f"{key}/report", artifact_id=report, verbatim=""
            )
    else:
        yield to_office("call_no_room", {"meeting": meeting})
    for person in outside(ctx, meeting.forum):
        own = ctx.uow.papers.keep(entry(ctx, meeting, method, to=person))
        yield Message(
            template=letter,
            data={**facts, "person": person},
            to=ToMail(person_id=person.id),
            key=f"{key}/mail/{person.id}",
            attachments=[own, *([report] if report is not None else [])],
        )


def who_comes(ctx: Context, meeting: Meeting) -> Attendance:
    """Count the answers to a meeting at the time it has now."""
    rules = ctx.rules.meetings
    return attendance(
        meeting,
        members(ctx, meeting.forum),
        ctx.uow.meetings.rsvps(meeting),
        required=rules.required.get(meeting.forum, ()),
        quorum=rules.quorum.get(meeting.forum, 0.0),
    )


def keep_reply(
    ctx: Context, meeting: Meeting, person: Person, reply: Reply, substitute: str
) -> Iterable[Message]:
    """Keep somebody's answer to a call, given or entered by whoever writes, and show who comes."""
    ctx.uow.meetings.answer(
        Rsvp(
            meeting_id=meeting.id,
            person_id=person.id,
            asked=meeting.asked,
            reply=reply,
            substitute=substitute,
            at=ctx.now,
            by_person=ctx.person.id,
        )
    )
    yield from live_attendance(ctx, meeting)


def live_attendance(ctx: Context, meeting: Meeting) -> Iterable[Message]:
    """Post who comes in the coordinator's room, or edit it where it stands; and short in the
    call's own thread, so that those who answered see that it counted."""
    comes = who_comes(ctx, meeting)
    data = {"meeting": meeting, "comes": comes, "now": ctx.now}
    office = f"attendance/{meeting.short_id}"
    yield from live(ctx, office, data, Forum.OFFICE, template="attendance")
    if any(r.asked == meeting.asked for r in ctx.uow.meetings.rsvps(meeting)):
        key = f"{call_key(meeting)}/answers"
        yield from live(
            ctx, key, data, meeting.forum, template="call_answers", thread_of=call_key(meeting)
        )


def entry(
    ctx: Context,
    meeting: Meeting,
    method: Method = Method.REQUEST,
    *,
    to: Person | None = None,
) -> Artifact:
    """Write a meeting's calendar entry as it is now, by its `sequence`.

    It names nobody but the one it is sent `to`: whoever gets it would see the others' addresses
    (GDPR, article 5.1 c).
    """
    if to is None and method is Method.REQUEST:
        method = Method.PUBLISH
    day = meeting.starts_at.astimezone(ctx.calendar.zone).date()
    data = {"meeting": meeting, "method": method, "day": day.isoformat()}
    language = ctx.rules.language

    def render(template: str) -> str:
        return ctx.words.render(template, language, data)

    link = [meeting.link] if meeting.link else []
    reason = [meeting.reason] if meeting.reason else []
    name, address = ctx.rules.mail or (ctx.rules.municipality, "noreply@localhost.invalid")
    content = ctx.entries.write(
        CalendarEntry(
            uid=meeting.uid,
            sequence=meeting.sequence,
            method=method,
            summary=render("entry_summary"),
            description="\n".join([render("entry_description"), *reason, *link]),
            location=meeting.place,
            url=meeting.link,
            starts_at=meeting.starts_at,
            ends_at=meeting.ends_at,
            stamp=ctx.now,
            organizer=(name, address),
            attendees=[(to.name, to.email)] if to is not None and to.email else [],
        )
    )
    return Artifact(
        name=f"{render('entry_file')}.ics",
        media_type=f"text/calendar; method={method}; charset=UTF-8",
        content=content,
        sha256=hashlib.sha256(content).hexdigest(),
    )


def _newest_report(ctx: Context, forum: Forum) -> int | None:
    """Give the artifact of the newest approved report's document for a forum, or None."""
    if forum is Forum.MANAGEMENT:
        approved = [
            paper
            for paper in ctx.uow.papers.newest(50)
            if paper.kind is PaperKind.QUARTER and paper.state is PaperState.APPROVED
        ]
        return _pdf(ctx.uow.papers.files(approved[0].id)) if approved else None
    edition = newest_edition(ctx, forum)
    return _pdf(ctx.uow.editions.artifacts(edition.id)) if edition else None


def _pdf(files: Sequence[tuple[int, Artifact]]) -> int | None:
    return next((n for n, file in files if file.media_type == "application/pdf"), None)


def _caller(ctx: Context, meeting: Meeting) -> Person | None:
    return ctx.uow.people.get(meeting.called_by) if meeting.called_by else None

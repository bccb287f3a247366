"""From a round's answers to frozen editions: what is compiled, what it stands on, what is shown."""

import hashlib
import json
from collections.abc import Iterable, Sequence

from bot.command import Context, Message, ToForum
from bot.council.follow_up import report_lines
from bot.domain.calendar import Period
from bot.domain.compilation import compile_report, draft_summary
from bot.domain.cycle import Cycle
from bot.domain.people import Forum, Unit
from bot.domain.report import Audience, Report
from bot.handouts import Artifact
from bot.round.form import question_set
from storage.editions import Edition

PREVIEW = "preview"
"""The template of the message that may be approved by ✅."""
MONTHS_SHOWN = 12
ROOM_OF = {Audience.BRA: Forum.BRA, Audience.SAMSA: Forum.SAMSA}
AUDIENCE = {room: audience for audience, room in ROOM_OF.items()} | {Forum.MANAGEMENT: Audience.BRA}
"""The edition that a forum talks about; the management group has none of its own."""


def compiled(ctx: Context, cycle: Cycle) -> Sequence[Report]:
    """Compile both editions from what is stored now."""
    keys = _period_keys(ctx, cycle.period)
    year_ago = Period.of(cycle.period.start.year - 1, cycle.period.start.month).key
    history = ctx.uow.cycles.history([*keys[:-1], year_ago])
    number = ctx.uow.editions.next_number(cycle.id)
    summary = ctx.uow.cycles.summary(cycle.id).splitlines()
    submissions = {s.unit_id: s for s in ctx.uow.cycles.submissions(cycle.id)}
    return [
        compile_report(
            period=cycle.period,
            audience=audience,
            number=number,
            rehearsal=cycle.rehearsal,
            municipality=ctx.rules.municipality,
            units=ctx.uow.people.units(),
            submissions=submissions,
            history=history,
            period_keys=keys,
            last_year_key=year_ago,
            question_set=question_set(ctx, cycle),
            summary=summary,
            minimum=_minimum(ctx, cycle, audience),
            corrected=number > 1,
            follow_up=() if cycle.rehearsal else report_lines(ctx, ROOM_OF[audience]),
        )
        for audience in Audience
    ]


def basis(ctx: Context, cycle: Cycle) -> str:
    """Say what an edition stands on (JSON: unit id → version, state, internal; summary under "").

    It is kept with the edition, so that a change after the preview is noticed.
    """
    parts: dict[str, object] = {
        str(s.unit_id): [s.version, s.state, s.internal]
        for s in ctx.uow.cycles.submissions(cycle.id)
    }
    parts[""] = ctx.uow.cycles.summary(cycle.id)
    return json.dumps(parts, sort_keys=True)


def changed_since(ctx: Context, cycle: Cycle, edition: Edition) -> bool:
    """Tell whether an answer or the summary has changed since an edition was compiled."""
    return basis(ctx, cycle) != edition.basis


def changed_units(ctx: Context, cycle: Cycle, edition: Edition) -> Sequence[Unit]:
    """List the units whose answer has changed since an edition was compiled."""
    before, now = json.loads(edition.basis), json.loads(basis(ctx, cycle))
    ids = {key for key in before.keys() | now.keys() if key and before.get(key) != now.get(key)}
    return [ctx.uow.people.unit(int(key)) for key in sorted(ids, key=int)]


def newest_edition(ctx: Context, forum: Forum) -> Edition | None:
    """Give the published edition that a forum talks about: of the newest real round that has one
    the last, which corrects those before."""
    for cycle in reversed(ctx.uow.cycles.all()):
        if not cycle.rehearsal:
            for edition in reversed(ctx.uow.editions.published(cycle.id)):
                if edition.audience is AUDIENCE[forum]:
                    return edition
    return None


def freeze(
    ctx: Context, cycle: Cycle, report: Report, artifacts: Sequence[Artifact], stands_on: str
) -> Edition:
    """Render the room's lines and keep them with the documents, unchangeable from now on."""
    data = {
        "report": report,
        "points": draft_summary(report),
        "form": question_set(ctx, cycle),
        "now": ctx.now,
    }
    text = ctx.words.render("report", ctx.rules.language, data)
    details = ctx.words.render("report_details", ctx.rules.language, data)
    digest = hashlib.sha256("\0".join([text, details]).encode())
    for artifact in artifacts:
        digest.update(artifact.sha256.encode())
    return ctx.uow.editions.add(
        cycle_id=cycle.id,
        audience=report.audience,
        number=report.number,
        basis=stands_on,
        text=text,
        details=details,
        sha256=digest.hexdigest(),
        artifacts=artifacts,
        now=ctx.now,
    )


def posting(ctx: Context, edition: Edition, forum: Forum, *, prefix: str) -> Iterable[Message]:
    """List the messages of an edition for a room: the lines, PDF, picture, details in a thread.

    `prefix` begins their keys; the last one is marked, so that the posting is known to be complete.
    """
    room = ToForum(forum=forum)
    first = f"{prefix}/{edition.id}/text"
    yield Message(template="report", to=room, key=first, verbatim=edition.text)
    for number, (artifact_id, artifact) in enumerate(ctx.uow.editions.artifacts(edition.id)):
        yield Message(
            template="report_file",
            to=room,
            key=f"{prefix}/{edition.id}/file{number}",
            artifact_id=artifact_id,
            verbatim=_caption(ctx, artifact, edition),
        )
    yield Message(
        template=f"{prefix}_last",
        to=room,
        key=f"{prefix}/{edition.id}/details",
        thread_of=first,
        verbatim=edition.details,
    )


def preview(ctx: Context, cycle: Cycle, editions: Sequence[Edition]) -> Iterable[Message]:
    """Show the coordinator what would be posted where, with gaps and warnings."""
    root = f"{PREVIEW}/{cycle.id}/{'-'.join(str(e.id) for e in editions)}"
    rooms = {e.audience: ctx.uow.people.room(ROOM_OF[e.audience]) is not None for e in editions}
    data = {
        "cycle": cycle,
        "editions": editions,
        "rooms": rooms,
        "waiting": [
            ctx.uow.people.unit(s.unit_id).name
            for s in ctx.uow.cycles.submissions(cycle.id)
            if s.state.is_owed
        ],
        "own_words": bool(ctx.uow.cycles.summary(cycle.id)),
        "still_open": cycle.closes_at > ctx.now,
    }
    office = ToForum(forum=Forum.OFFICE)
    yield Message(template=PREVIEW, data=data, to=office, key=root)
    for edition in editions:
        yield Message(
            template="preview_part",
            to=office,
            key=f"{root}/{edition.audience}",
            thread_of=root,
            verbatim=edition.text,
        )
        for number, (artifact_id, artifact) in enumerate(ctx.uow.editions.artifacts(edition.id)):
            yield Message(
                template="preview_part",
                to=office,
                key=f"{root}/{edition.audience}/file{number}",
                thread_of=root,
                artifact_id=artifact_id,
                verbatim=_caption(ctx, artifact, edition),
            )
        yield Message(
            template="preview_part",
            to=office,
            key=f"{root}/{edition.audience}/details",
            thread_of=root,
            verbatim=edition.details,
        )


def _minimum(ctx: Context, cycle: Cycle, audience: Audience) -> int:
    """Give k of the small-number protection.

    A corrected SAMSA edition beside the one it corrects would show, by subtraction, what the few
    units that changed have said; so its figures are withheld unless k units have changed.
    """
    earlier = [e for e in ctx.uow.editions.published(cycle.id) if e.audience is audience]
    if audience is Audience.SAMSA and earlier:
        changed = len(changed_units(ctx, cycle, earlier[-1]))
        if 0 < changed < ctx.rules.minimum:
            return len(ctx.uow.people.units()) + 1
    return ctx.rules.minimum


def _caption(ctx: Context, artifact: Artifact, edition: Edition) -> str:
    """Give a picture its caption, which is its alternative text; a document needs none."""
    if not artifact.media_type.startswith("image/"):
        return ""
    return ctx.words.render("picture_caption", ctx.rules.language, {"edition": edition})


def _period_keys(ctx: Context, period: Period) -> Sequence[str]:
    keys = [period]
    while len(keys) < MONTHS_SHOWN:
        keys.insert(0, keys[0].previous(ctx.rules.round.joined))
    return [p.key for p in keys]

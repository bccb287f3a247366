"""`!publicera`, or ✅ on the current preview: post the approved bytes in both rooms, once."""

import re
from collections.abc import Iterable, Sequence

from bot.command import Context, Message, ToForum, command
from bot.domain.cycle import Cycle, CycleState
from bot.domain.errors import Conflict
from bot.domain.people import COORDINATORS, Forum
from bot.round.editions import PREVIEW, ROOM_OF, changed_since, changed_units, posting
from storage.editions import Edition

_HASH = re.compile(r"[0-9a-f]{8}")


@command("publish", subject="report", may=COORDINATORS)
def publish(ctx: Context) -> Iterable[Message]:
    """Post what the coordinator has seen, and nothing else.

    If an answer changed after the preview the first call asks; the second publishes what was shown.

    Raises:
        Conflict: `nothing_previewed`, `preview_replaced`, `room_missing`, `changed_since`.
    """
    cycle, editions = _previewed(ctx)
    _match(ctx, editions)
    if not cycle.rehearsal:
        for edition in editions:
            if ctx.uow.people.room(ROOM_OF[edition.audience]) is None:
                raise Conflict("room_missing", {"forum": ROOM_OF[edition.audience]})
    if changed_since(ctx, cycle, editions[0]) and not _insists(ctx, cycle, editions):
        units = changed_units(ctx, cycle, editions[0])
        data = {"cycle": cycle, "edition": editions[0], "units": units}
        yield Message(template="changed_since", data=data)
        return
    earlier = {e.audience: e for e in ctx.uow.editions.published(cycle.id)}
    for edition in editions:
        ctx.uow.editions.publish(edition, by=ctx.person.id, now=ctx.now)
        forum = Forum.OFFICE if cycle.rehearsal else ROOM_OF[edition.audience]
        yield from posting(ctx, edition, forum, prefix="publish")
        old = earlier.get(edition.audience)
        if old is not None:
            yield _mark_corrected(ctx, old, edition, forum)
    if cycle.state is not CycleState.PUBLISHED:
        ctx.uow.cycles.save(cycle.to(CycleState.PUBLISHED))
        for draft in ctx.uow.cycles.drafts(cycle.id):
            ctx.uow.cycles.drop_draft(draft)
    used = ctx.words.render(
        "used", ctx.rules.language, {"cycle": cycle, "now": ctx.now, "count": _count(ctx, cycle)}
    )
    ctx.uow.cycles.set_used(cycle.id, used)
    yield Message(template="publishing", data={"cycle": cycle, "editions": editions})


def _previewed(ctx: Context) -> tuple[Cycle, Sequence[Edition]]:
    """Find the editions that wait for approval, the newest compiled."""
    waiting = [
        (cycle, editions)
        for cycle in ctx.uow.cycles.all()
        if (editions := ctx.uow.editions.previewed(cycle.id))
    ]
    if not waiting:
        raise Conflict("nothing_previewed")
    return max(waiting, key=lambda pair: pair[1][-1].id)


def _match(ctx: Context, editions: Sequence[Edition]) -> None:
    """Refuse an approval of an older preview, by its message or by a short hash."""
    named = ctx.args.split()[0] if ctx.args.split() else ""
    if named.startswith(f"{PREVIEW}/"):
        current = "-".join(str(e.id) for e in editions)
        if named.rsplit("/", 1)[1] != current:
            raise Conflict("preview_replaced")
    elif _HASH.fullmatch(named) and named not in {e.short_hash for e in editions}:
        raise Conflict("preview_replaced")


def _insists(ctx: Context, cycle: Cycle, editions: Sequence[Edition]) -> bool:
    """Tell whether this has been asked about already, for these editions and these answers."""
    mark = f"stale/{cycle.id}"
    seen = f"{editions[0].id}"
    if ctx.uow.marks.get(mark) == seen:
        return True
    ctx.uow.marks.set(mark, seen)
    return False


def _mark_corrected(ctx: Context, old: Edition, new: Edition, forum: Forum) -> Message:
    """Edit the earlier edition in the room so that it says it has been corrected, and when."""
    text = ctx.words.render(
        "corrected", ctx.rules.language, {"old": old, "new": new, "now": ctx.now}
    )
    return Message(
        template="corrected",
        to=ToForum(forum=forum),
        key=f"correct/{old.id}/{new.id}",
        replaces=f"publish/{old.id}/text",
        verbatim=f"{text}\n\n{old.text}",
    )


def _count(ctx: Context, cycle: Cycle) -> int:
    return sum(1 for s in ctx.uow.cycles.submissions(cycle.id) if s.state.is_answer)

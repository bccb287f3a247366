"""`!handling h3`, `!godkänn h3` or ✅ on the preview: post a paper as it was frozen, once."""

from collections.abc import Iterable
from dataclasses import replace

from bot.command import Context, Message, ToForum, command
from bot.council.notes import outdated
from bot.council.papers import EXECUTIVE, PREVIEW, posting
from bot.domain.errors import Conflict
from bot.domain.people import COORDINATORS, Forum
from storage.papers import Paper, PaperKind, PaperState

SHOWN = 10
"""Papers in the list."""


@command("approve", subject="paper", may=COORDINATORS)
def approve(ctx: Context) -> Iterable[Message]:
    """Without words list the papers; with a paper's short id, or its preview's key, approve it.

    Raises:
        NotFound: `paper`. Conflict: `paper_replaced`, `paper_approved`, `paper_outdated`,
        `room_missing`.
    """
    named = ctx.args.strip().removeprefix(f"{PREVIEW}/").split("/")[0]
    if not named:
        newest = [p for p in ctx.uow.papers.newest(50) if p.state is PaperState.APPROVED]
        data = {"waiting": ctx.uow.papers.waiting(), "approved": newest[:SHOWN]}
        yield Message(template="papers", data=data)
        return
    paper = ctx.uow.papers.named(named)
    _check(ctx, paper)
    ctx.uow.papers.approve(paper, by=ctx.person.id, now=ctx.now)
    if paper.kind is PaperKind.NOTES:
        meeting = ctx.uow.meetings.named(paper.subject)
        ctx.uow.meetings.save(replace(meeting, notes_approved=True))
    yield from posting(ctx, paper)
    yield Message(template="approved", data={"paper": paper, "by": ctx.person})
    if ctx.forum is not Forum.OFFICE:
        office = ToForum(forum=Forum.OFFICE)
        yield Message(template="approved", data={"paper": paper, "by": ctx.person}, to=office)


def _check(ctx: Context, paper: Paper) -> None:
    """Refuse what is not the current draft, or what has no room to go to."""
    if paper.state is PaperState.APPROVED:
        raise Conflict("paper_approved", {"paper": paper})
    if paper.state is PaperState.REPLACED:
        same = ctx.uow.papers.of(paper.kind, paper.subject)
        newer = [p for p in same if p.audience == paper.audience]
        raise Conflict("paper_replaced", {"newest": newer[-1] if newer else None})
    if paper.kind is PaperKind.NOTES and outdated(ctx, paper):
        raise Conflict("paper_outdated", {"paper": paper})
    if paper.audience != EXECUTIVE and ctx.uow.people.room(Forum(paper.audience)) is None:
        raise Conflict("room_missing", {"forum": Forum(paper.audience)})

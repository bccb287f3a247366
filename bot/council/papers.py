"""A paper's way: frozen as a draft, previewed in the coordinator's room, approved, posted.

What is approved is what is posted, byte for byte, as with the report (bot/round/editions.py). The
words of each paper are its own command's.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence

from bot.command import Context, Message, ToForum, ToMail, ToPerson
from bot.domain.meeting import Meeting
from bot.domain.people import Forum, Person, Role
from bot.handouts import Artifact, Manuscript
from storage.papers import Paper, PaperKind

PREVIEW = "paper_preview"
EXECUTIVE = "executive"
"""The audience that is no forum: kommunstyrelseförvaltningen, which has no room of its own."""


def manuscript_of(ctx: Context, text: str) -> Manuscript:
    """Make a document of rendered lines: the first is the file's name, the second the title."""
    name, title, body = text.split("\n", 2)
    return Manuscript(
        name=name,
        title=title,
        language=ctx.rules.language,
        municipality=ctx.rules.municipality,
        markdown=body.strip(),
        day=ctx.today,
    )


def keep_draft(
    ctx: Context,
    kind: PaperKind,
    subject: str,
    *,
    audience: Forum | str,
    text: str,
    artifacts: Sequence[Artifact],
    basis: str = "",
) -> Paper:
    """Freeze a paper's lines and files; an earlier draft about the same is replaced."""
    digest = hashlib.sha256(text.encode())
    for artifact in artifacts:
        digest.update(artifact.sha256.encode())
    return ctx.uow.papers.add(
        kind,
        subject,
        audience=str(audience),
        text=text,
        sha256=digest.hexdigest(),
        artifacts=artifacts,
        now=ctx.now,
        basis=basis,
    )


def preview_paper(
    ctx: Context, paper: Paper, data: Mapping[str, object] | None = None
) -> Iterable[Message]:
    """Show the coordinator a draft: what would be posted where, its lines and files in a thread."""
    root = f"{PREVIEW}/{paper.short_id}"
    office = ToForum(forum=Forum.OFFICE)
    readers = _readers(ctx, paper)
    facts = {
        "paper": paper,
        "by_mail": [p for p in readers if mailed(ctx, p)],
        "readers": readers if paper.audience == EXECUTIVE else [],
        "room": _forum(paper) is None or ctx.uow.people.room(Forum(paper.audience)) is not None,
        **(data or {}),
    }
    yield Message(template=PREVIEW, data=facts, to=office, key=root)
    yield Message(
        template="paper_part", to=office, key=f"{root}/text", thread_of=root, verbatim=paper.text
    )
    for number, (artifact_id, _) in enumerate(ctx.uow.papers.files(paper.id)):
        yield Message(
            template="paper_part",
            to=office,
            key=f"{root}/file{number}",
            thread_of=root,
            artifact_id=artifact_id,
            verbatim="",
        )


def posting(ctx: Context, paper: Paper) -> Iterable[Message]:
    """List the messages of an approved paper: to its room or readers, and by e-mail to the rest."""
    files = ctx.uow.papers.files(paper.id)
    forum = _forum(paper)
    if forum is not None:
        yield from _parts(paper, files, ToForum(forum=forum), f"paper/{paper.short_id}")
    for person in _readers(ctx, paper):
        if mailed(ctx, person):
            yield Message(
                template="mail_paper",
                data={
                    "paper": paper,
                    "person": person,
                    "meeting": _meeting(ctx, paper),
                    "files": bool(files),
                },
                to=ToMail(person_id=person.id),
                key=f"paper/{paper.short_id}/mail/{person.id}",
                attachments=[artifact_id for artifact_id, _ in files],
            )
        elif forum is None:
            to = ToPerson(person_id=person.id)
            yield from _parts(paper, files, to, f"paper/{paper.short_id}/{person.id}")


def _meeting(ctx: Context, paper: Paper) -> Meeting | None:
    """Give the meeting that notes are about."""
    return ctx.uow.meetings.named(paper.subject) if paper.kind is PaperKind.NOTES else None


def mailed(ctx: Context, person: Person) -> bool:
    """Tell whether somebody is outside the chat and is reached by e-mail."""
    return person.email is not None and not ctx.uow.people.accounts(person.id)


def _parts(
    paper: Paper, files: Sequence[tuple[int, Artifact]], to: ToForum | ToPerson, key: str
) -> Iterable[Message]:
    yield Message(template="paper", to=to, key=key, verbatim=paper.text)
    for number, (artifact_id, _) in enumerate(files):
        yield Message(
            template="paper_file",
            to=to,
            key=f"{key}/file{number}",
            artifact_id=artifact_id,
            verbatim="",
        )


def _forum(paper: Paper) -> Forum | None:
    return None if paper.audience == EXECUTIVE else Forum(paper.audience)


def _readers(ctx: Context, paper: Paper) -> Sequence[Person]:
    forum = _forum(paper)
    roles = forum.members if forum else frozenset({Role.READER_EXECUTIVE})
    return [p for p in ctx.uow.people.everybody() if p.roles & roles]

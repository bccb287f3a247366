"""The proof of the meeting: notes as approved, call and letters once, one calendar entry."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from email.message import EmailMessage
from pathlib import Path

from ical.calendar_stream import IcsCalendarStream
from ical.event import Event

from bot.handouts import Artifact
from bot.markdown import to_plain
from storage.papers import Paper, PaperKind, PaperState
from storage.unit_of_work import UnitOfWork
from tests.demo.council import CALL, ENDS, MEETING, POLICE, STARTS, Held
from tests.demo.reading import Read, beside, sha256
from tests.demo.stage import Stage, at

LETTERS = ("Möten 2026:", "Möten 2027:", "Kallelse:", "Påminnelse:", "Minnesanteckningar:")
"""How the subjects of a member's letters begin who is outside the chat, in order."""
YEAR = "Årshjul 2027."
MEETINGS = 5
"""BRÅ's entries in a member's calendar: the autumn's meeting and next year's four."""


async def verify_meeting(
    stage: Stage, held: Held, room: Sequence[Read], office: Sequence[Read], output: Path
) -> list[str]:
    """Compare what BRÅ reads with what was approved, and write it to `output`; give what differs.

    Args:
        stage: what was played.
        held: what was approved after the meeting.
        room: BRÅ's room, as a member reads it.
        office: the coordinator's room.
        output: where what was read is written.
    """
    uid, papers = await stage.runtime.database.transact(_frozen)
    letters = stage.post.to(POLICE)
    call = beside(room, CALL)
    wrong = _once(room, CALL) + letters_differ(letters)
    if len(letters) != len(stage.post.letters):
        wrong.append("somebody else got e-mail")
    if [Path(r.name).suffix for r in call] != [".ics", ".pdf"]:
        wrong.append("the call does not carry a calendar entry and the report")
    if len(papers) != 1:
        return [*wrong, f"{len(papers)} approved papers about the meeting, not 1"]
    posted, differs = notes_differ(room, *papers[0])
    wrong += differs
    shown = [r for r in office if r.shown.thread == held.preview]
    if Counter(r.mark for r in shown) != Counter(r.mark for r in posted):
        wrong.append("the room does not hold the notes that the preview showed")
    wrong += calendar_differs([r.content for r in room if r.name.endswith(".ics")], uid)
    wrong += calendar_differs(
        [content for name, content in _attached(letters) if name.endswith(".ics")], uid
    )
    for subject, files in (("Kallelse:", call), ("Minnesanteckningar:", posted)):
        sent = _attached(letter for letter in letters if letter["subject"].startswith(subject))
        here = [(r.name, r.content) for r in files if r.name]
        if [_same(*file) for file in sent] != [_same(*file) for file in here]:
            wrong.append(f"the letter ”{subject}” carries other files than the room")
        wrong += [
            f"{name} in the letter ”{subject}” names {attendees}, not its reader alone"
            for name, content in sent
            if name.endswith(".ics") and (attendees := _attendees(content)) != [POLICE]
        ]
    for each in room:
        if each.name.endswith(".ics") and _attendees(each.content):
            wrong.append(f"{each.name} in the room shows addresses")
    year = [r for r in room if r.name.startswith(YEAR)]
    for each in [*posted, *call, *year]:
        if each.name and not (output / each.name).exists():
            (output / each.name).write_bytes(each.content)
    return [f"{MEETING}: {line}" for line in wrong]


def _same(name: str, content: bytes) -> tuple[object, ...]:
    """Give what must be the same in a letter and in the room; each has its own attendees."""
    if not name.endswith(".ics"):
        return name, content
    (event,) = IcsCalendarStream.calendar_from_ics(content.decode()).events
    return name, event.uid, event.sequence, event.dtstart, event.dtend, event.location


def _attendees(content: bytes) -> list[str]:
    """List the addresses that a calendar file shows."""
    (event,) = IcsCalendarStream.calendar_from_ics(content.decode()).events
    return [str(attendee.uri).removeprefix("mailto:") for attendee in event.attendees]


def notes_differ(
    room: Sequence[Read], paper: Paper, artifacts: Sequence[Artifact]
) -> tuple[list[Read], list[str]]:
    """Find an approved paper's parts in its room, each exactly once."""
    wrong: list[str] = []
    posted = [r for r in room if r.shown.body == to_plain(paper.text)]
    if len(posted) != 1:
        wrong.append(f"the approved notes stand there {len(posted)} times")
    for artifact in artifacts:
        same = [r for r in room if r.name == artifact.name]
        posted += same
        digests = [sha256(r.content) for r in same]
        if digests != [artifact.sha256]:
            wrong.append(f"{artifact.name}: SHA-256 {digests}, approved {artifact.sha256}")
    if [a.media_type for a in artifacts] != ["application/pdf"]:
        wrong.append("the notes are not one PDF")
    if sha256("".join([paper.text, *(a.sha256 for a in artifacts)]).encode()) != paper.sha256:
        wrong.append("the frozen notes do not fit their own SHA-256")
    return posted, wrong


def letters_differ(letters: Sequence[EmailMessage]) -> list[str]:
    """Tell if a letter is missing, or came twice, or in another order."""
    subjects = [str(letter["subject"]) for letter in letters]
    right = len(subjects) == len(LETTERS) and all(map(str.startswith, subjects, LETTERS))
    return [] if right else [f"letters {subjects}, not {list(LETTERS)}"]


def calendar_differs(files: Sequence[bytes], uid: str) -> list[str]:
    """Take calendar files in as a calendar does, and tell if the meeting is not there, once."""
    entries: dict[str, Event] = {}
    for file in files:
        [event] = IcsCalendarStream.calendar_from_ics(file.decode()).events
        known = entries.get(str(event.uid))
        if known is None or (event.sequence or 0) > (known.sequence or 0):
            entries[str(event.uid)] = event
    wrong = [] if len(entries) == MEETINGS else [f"{len(entries)} calendar entries"]
    starts, ends = at(STARTS), at(ENDS)
    there = [
        entry.uid
        for entry in entries.values()
        if isinstance(entry.dtstart, datetime) and entry.dtstart.date() == starts.date()
    ]
    if there != [uid] or (entries[uid].dtstart, entries[uid].dtend) != (starts, ends):
        wrong.append(f"the calendar has {there} on the meeting's day, not one entry {starts}")
    elif entries[uid].sequence != 1:
        wrong.append("the call did not change the entry that people had")
    return wrong


def _frozen(uow: UnitOfWork) -> tuple[str, list[tuple[Paper, list[Artifact]]]]:
    papers = [
        (paper, [artifact for _, artifact in uow.papers.files(paper.id)])
        for paper in uow.papers.of(PaperKind.NOTES, MEETING)
        if paper.state is PaperState.APPROVED
    ]
    return uow.meetings.named(MEETING).uid, papers


def _once(room: Sequence[Read], words: str) -> list[str]:
    found = [r for r in room if words in r.shown.body]
    return [] if len(found) == 1 else [f"”{words}” stands there {len(found)} times"]


def _attached(letters: Iterable[EmailMessage]) -> list[tuple[str, bytes]]:
    return [
        (name, bytes(part.get_payload(decode=True) or b""))
        for letter in letters
        for part in letter.iter_parts()
        if (name := part.get_filename())
    ]

"""What is said about agendas, a meeting's notes, and papers on their way to be approved."""

from dataclasses import replace
from datetime import UTC, date, datetime

from bot.council.agendas import Line, Point
from bot.council.follow_up import Decision
from bot.council.notes import NotedPoint
from bot.domain.agenda import AgendaItem, Feed, Note, NoteKind
from bot.domain.follow_up import AssignmentState, Level
from bot.domain.meeting import Attendance, MeetingState
from bot.domain.people import Forum
from bot.domain.term import Stage, Term, TermKind
from storage.papers import Paper, PaperKind, PaperState
from tests.samples.cast import ANNA, BO, HOSTILE, NOW, OCTOBER, Samples
from tests.samples.follow_up import ASSIGNMENT, CASE, MEASURE
from tests.samples.meetings import COMES, EXTRA, MEETING, PLANNED, POINTS

WORDS = " ".join(HOSTILE.split("\n"))
BEGUN = replace(PLANNED, state=MeetingState.BEGUN, starts_at=datetime(2026, 11, 18, 12, tzinfo=UTC))
HELD = replace(BEGUN, state=MeetingState.HELD)
ITEM = AgendaItem(id=4, meeting_id=3, text=WORDS, by_person=3, at=NOW)
ADDED = replace(ITEM, id=5, text="Belysningen vid skolan", addition=True)
DECISION = Note(
    id=1,
    meeting_id=4,
    kind=NoteKind.DECISION,
    text="Lägesbilden godkänns.",
    by_person=4,
    at=NOW,
    point=2,
)
REMARK = replace(DECISION, id=2, kind=NoteKind.REMARK, text=WORDS, point=0)
GIVEN = replace(DECISION, id=3, kind=NoteKind.ASSIGNMENT, text=ASSIGNMENT.text, about="u3", point=0)
RAISED = replace(DECISION, id=4, kind=NoteKind.CASE, text=CASE.title, about="a4", point=1)
DRAFT = Paper(
    id=7,
    kind=PaperKind.NOTES,
    subject="m4",
    audience=Forum.BRA,
    number=1,
    state=PaperState.DRAFT,
    text="**Minnesanteckningar**",
    basis="n1",
    sha256="a1b2c3d4" * 8,
    made_at=NOW,
)
EXECUTIVE = replace(DRAFT, id=8, kind=PaperKind.FOLLOW_UP, subject="2026-Q4", audience="executive")
APPROVED = replace(DRAFT, id=6, state=PaperState.APPROVED)
TERM = Term(
    id=2,
    kind=TermKind.AGREEMENT,
    title="Samverkan med *polisen*",
    ends=date(2027, 3, 31),
    stage=Stage.BRA,
)


def _line(kind: Feed, **facts: object) -> Line:
    return Line(kind=kind, facts=facts)


FED = [
    Point(
        number=9,
        heading={"sv": "Föregående anteckningar", "en": "Previous notes"},
        note=None,
        lines=[
            _line(Feed.PREVIOUS, meeting=HELD, decisions=[DECISION, replace(DECISION, text=WORDS)]),
            _line(Feed.PREVIOUS, meeting=HELD, decisions=[DECISION] * 9),
            _line(Feed.ASSIGNMENTS, assignment=ASSIGNMENT, overdue=True),
            _line(
                Feed.ASSIGNMENTS,
                assignment=replace(ASSIGNMENT, due=None, state=AssignmentState.REPORTED),
                overdue=False,
            ),
        ],
        left_out=3,
    ),
    Point(
        number=10,
        heading={"sv": "Lägesbild och ärenden", "en": "Report and cases"},
        note={"sv": "Grönt, gult eller rött.", "en": "Green, yellow or red."},
        lines=[
            _line(Feed.REPORT, period=OCTOBER, number=2),
            _line(Feed.CASES, case=CASE),
            _line(Feed.CASES, case=replace(CASE, title=WORDS, proposal="")),
            _line(Feed.MEASURES, measure=replace(MEASURE, level=Level.RED), overdue=True),
            _line(Feed.DEADLINES, term=TERM),
            _line(Feed.ITEMS, item=ITEM),
            _line(Feed.ITEMS, item=ADDED),
            _line(Feed.NEXT, meeting=MEETING),
            _line(Feed.AHEAD, first=date(2027, 2, 22), last=date(2027, 2, 26), name="Sportlov"),
            _line(Feed.AHEAD, first=date(2027, 1, 6), last=date(2027, 1, 6), name="Trettondagen"),
            _line(Feed.REASON, reason=WORDS),
        ],
    ),
    Point(
        number=11,
        heading={"sv": "Första mötet", "en": "First meeting"},
        note=None,
        lines=[_line(Feed.REPORT, period=None, number=0), _line(Feed.NEXT, meeting=None)],
    ),
]


def agenda() -> Samples:
    """Sample agendas and what is done with their items."""
    item = {"item": ITEM, "meeting": MEETING, "what": "added"}
    return {
        "agenda": {
            "every feed": {"meeting": MEETING, "points": FED},
            "not called": {"meeting": PLANNED, "points": POINTS},
        },
        "agenda_item": {
            "added": item,
            "after the call": {**item, "item": ADDED},
            "moved": {**item, "what": "moved"},
            "dropped": {**item, "what": "dropped"},
        },
        "agenda_order": {"": {"items": [ADDED, ITEM], "meeting": MEETING}},
        "agenda_addition": {"": {"item": ADDED, "meeting": MEETING}},
    }


def notes() -> Samples:
    """Sample a meeting in its thread, and its notes."""
    points = [
        NotedPoint(number=1, heading={"sv": "Övrigt", "en": "Other"}, items=[ITEM], notes=[]),
        NotedPoint(
            number=2,
            heading={"sv": "Lägesbild", "en": "Report"},
            items=[],
            notes=[DECISION, RAISED],
        ),
        NotedPoint(number=3, heading={"sv": "Tomt", "en": "Empty"}, items=[], notes=[]),
        NotedPoint(
            number=4,
            heading={"sv": "Nästa möte", "en": "Next meeting"},
            items=[],
            notes=[],
            tells_next=True,
        ),
    ]
    facts = {
        "meeting": HELD,
        "day": "2026-11-18",
        "comes": COMES,
        "points": points,
        "other": [REMARK],
        "assignments": [ASSIGNMENT, replace(ASSIGNMENT, text=WORDS, due=None)],
        "decisions": [DECISION],
        "cases": [RAISED],
        "next": MEETING,
    }
    bare = {
        **facts,
        "meeting": replace(EXTRA, state=MeetingState.HELD),
        "comes": Attendance(),
        "other": [],
        "assignments": [],
        "decisions": [],
        "cases": [],
        "next": None,
    }
    many = {**facts, "decisions": [DECISION] * 10, "assignments": [ASSIGNMENT] * 10}
    noted = {"note": DECISION, "meeting": BEGUN, "made": None}
    line = {"case": CASE, "what": "Belys gården", "owner": "teknisk chef", "due": None}
    missing = {"meeting": HELD, "late": False}
    return {
        "meeting_begins": {"": {"meeting": BEGUN, "points": POINTS}},
        "meeting_howto": {"": {"meeting": BEGUN}},
        "meeting_not_called": {"": {"meeting": PLANNED}},
        "meeting_no_thread": {"": {"meeting": BEGUN}},
        "meeting_ended": {"": {"drafted": True}, "no notes": {"drafted": False}},
        "noted": {
            "": noted,
            "remark": {**noted, "note": REMARK},
            "case decided": {**noted, "made": ASSIGNMENT},
            "afterwards": {**noted, "made": ASSIGNMENT, "meeting": HELD},
        },
        "note_dropped": {"": {"note": REMARK}, "assignment": {"note": GIVEN}},
        "notes_so_far": {
            "": {"meeting": BEGUN, "notes": [DECISION, REMARK], "named": False},
            "from the office": {"meeting": HELD, "notes": [GIVEN], "named": True},
            "none": {"meeting": BEGUN, "notes": [], "named": False},
        },
        "notes": {"": facts, "bare": bare, "many": many},
        "papers/notes": {
            "": facts,
            "bare": bare,
            "no such point": {**facts, "points": points[:1]},
        },
        "decision_line": {
            "assignment": {**line, "outcome": Decision.ASSIGNMENT},
            "by a day": {**line, "outcome": Decision.ASSIGNMENT, "due": date(2027, 3, 12)},
            "rejection": {**line, "outcome": Decision.REJECTION},
            "referral": {**line, "outcome": Decision.REFERRAL},
        },
        "notes_missing": {
            "ended": missing,
            "last day": {**missing, "late": True},
        },
        "notes_waiting": {
            "": {"meeting": HELD, "paper": DRAFT, "late": False},
            "last day": {"meeting": HELD, "paper": DRAFT, "late": True},
        },
    }


def papers() -> Samples:
    """Sample a paper's way."""
    preview = {"paper": DRAFT, "by_mail": [], "readers": [], "room": True}
    return {
        "paper_preview": {
            "": preview,
            "by e-mail too": {**preview, "by_mail": [ANNA, BO]},
            "no room": {**preview, "room": False},
            "executive": {**preview, "paper": EXECUTIVE, "readers": [BO]},
            "executive, nobody": {**preview, "paper": EXECUTIVE},
        },
        "mail_paper": {
            "": {"paper": DRAFT, "person": BO, "meeting": MEETING, "files": True},
            "without files": {"paper": EXECUTIVE, "person": BO, "meeting": None, "files": False},
        },
        "approved": {
            "": {"paper": APPROVED, "by": BO},
            "executive": {"paper": EXECUTIVE, "by": ANNA},
        },
        "papers": {
            "": {"waiting": [DRAFT, EXECUTIVE], "approved": [APPROVED]},
            "none": {"waiting": [], "approved": []},
        },
    }


def errors() -> Samples:
    """Sample every refusal about agendas, notes and papers."""
    said: dict[str, dict[str, dict[str, object]]] = {
        "agenda_which": {
            "coordinator": {"forums": list(Forum)[:3]},
            "one without": {"forums": []},
        },
        "agenda_form": {"": {}},
        "agenda_elsewhere": {"": {"meeting": MEETING}},
        "agenda_full": {"": {"most": 30}},
        "agenda_closed": {"": {"meeting": HELD}},
        "agenda_called": {"": {"meeting": MEETING}},
        "agenda_item": {"": {"said": HOSTILE[:40]}},
        "item_dropped": {"": {"item": ITEM}},
        "not_your_item": {"": {"item": ITEM}},
        "not_in_meeting": {"": {}},
        "meeting_notes_closed": {
            "approved": {"meeting": replace(HELD, notes_approved=True)},
            "not begun": {"meeting": PLANNED},
        },
        "meeting_not_begun": {"": {"meeting": PLANNED}},
        "note_empty": {"": {}},
        "note": {"": {"said": HOSTILE[:40]}},
        "not_this_note": {"": {"said": HOSTILE[:40]}},
        "decision_form": {"": {}},
        "decided_elsewhere": {"": {"case": CASE}},
        "paper": {"": {"said": HOSTILE[:40]}},
        "paper_replaced": {"": {"newest": DRAFT}, "gone": {"newest": None}},
        "paper_approved": {"": {"paper": APPROVED}},
        "paper_outdated": {"": {"paper": DRAFT}},
    }
    return {
        f"errors/{code}": {name: {"p": p} for name, p in samples.items()}
        for code, samples in said.items()
    }

"""What is said about the quarter and about what ends: agreements, plans, promises."""

from dataclasses import replace
from datetime import UTC, date, datetime

from bot.council.quarter import Decided, QuarterFacts
from bot.domain.calendar import Period
from bot.domain.follow_up import MeasureState
from bot.domain.meeting import Meeting, MeetingState
from bot.domain.people import Forum
from bot.domain.quarter import Change, MonthFigures, Named, Presentation, Quarter, RedUnit
from bot.domain.term import Stage, Term, TermKind, Warned
from storage.follow_ups import Step
from storage.papers import Paper, PaperKind, PaperState
from tests.samples.agenda import DECISION
from tests.samples.cast import FORM, HOSTILE, NOW, SCHOOL, YARD, Samples
from tests.samples.follow_up import ASSIGNMENT, MEASURE, UNDATED

WORDS = " ".join(HOSTILE.split("\n"))
QUARTER = Quarter(year=2026, number=3)
JULY, AUGUST, SEPTEMBER = (Period.of(2026, month) for month in (7, 8, 9))
FIGURES = MonthFigures(
    period=JULY, levels={"rod": 1, "gul": 1, "gron": 2, "inget": 0}, answered=4, expected=5
)
PICTURE = Presentation(
    quarter=QUARTER,
    months=[FIGURES, replace(FIGURES, period=SEPTEMBER, answered=5)],
    gaps=[AUGUST],
    ahead=None,
    red=[RedUnit(unit=YARD.name, periods=[JULY, SEPTEMBER]), RedUnit(unit=WORDS, periods=[JULY])],
    changed=[
        Change(
            unit=SCHOOL.name,
            before="gron",
            before_period=Period.of(2026, 6),
            after="rod",
            after_period=SEPTEMBER,
            steps=2,
        ),
        Change(
            unit=YARD.name,
            before="rod",
            before_period=JULY,
            after="gul",
            after_period=SEPTEMBER,
            steps=-1,
        ),
    ],
    support=[Named(id="samsa", units=2, before=0)],
    categories=[Named(id="nat", units=3, before=1), Named(id="trafik", units=0, before=2)],
    months_before=3,
)
CALM = Presentation(
    quarter=Quarter(year=2026, number=2),
    months=[replace(FIGURES, period=Period.of(2026, 4), expected=0, answered=0)],
    gaps=[],
    ahead=Period(first=date(2026, 6, 1), last=date(2026, 7, 1)),
    red=[],
    changed=[],
    support=[],
    categories=[],
    months_before=0,
)
HELD = Meeting(
    id=6,
    uid="m6",
    forum=Forum.BRA,
    starts_at=datetime(2026, 9, 10, 11, 0, tzinfo=UTC),
    minutes=120,
    state=MeetingState.HELD,
)
GROUP = replace(
    HELD,
    id=12,
    forum=Forum.MANAGEMENT,
    starts_at=datetime(2026, 11, 19, 9, 0, tzinfo=UTC),
    state=MeetingState.PLANNED,
)
FACTS = QuarterFacts(
    picture=PICTURE,
    decided=[
        Decided(meeting=HELD, decisions=[DECISION, replace(DECISION, text=WORDS)]),
        Decided(meeting=replace(HELD, forum=Forum.SAMSA, notes_approved=True), decisions=[]),
    ],
    given=[ASSIGNMENT],
    assignments=[ASSIGNMENT, UNDATED],
    boards=[
        ("Kultur- och fritidsnämnden", [MEASURE, replace(MEASURE, id=9, action=WORDS, due=None)]),
        ("Tekniska nämnden", [replace(MEASURE, state=MeasureState.DONE, outcome=WORDS)]),
    ],
    basis="1,2",
)
NOTHING = QuarterFacts(picture=CALM, decided=[], given=[], assignments=[], boards=[], basis="")
DRAFT = Paper(
    id=3,
    kind=PaperKind.QUARTER,
    subject=QUARTER.key,
    audience=Forum.MANAGEMENT,
    number=1,
    state=PaperState.DRAFT,
    text="",
    basis="1,2",
    sha256="a1b2c3d4" * 8,
    made_at=NOW,
)
TERM = Term(
    id=3,
    kind=TermKind.AGREEMENT,
    title="Samverkan med *polisen*",
    ends=date(2028, 3, 31),
    stage=Stage.SAMSA,
)
WAITING = replace(TERM, id=4, title=WORDS, stage=Stage.WAITING)
BOARD = replace(TERM, stage=Stage.BOARD)
DONE = replace(TERM, stage=Stage.DONE, ended=True)
WARNINGS = [
    Warned(months=9, at=datetime(2027, 6, 30, 7, 0, tzinfo=UTC)),
    Warned(months=1, at=datetime(2028, 2, 29, 8, 0, tzinfo=UTC)),
]


def quarters() -> Samples:
    """Sample the two papers, and what the office is told about them."""
    facts = {
        name: {
            "facts": found,
            "picture": found.picture,
            "quarter": found.picture.quarter,
            "municipality": "Gagnefs kommun",
            "form": FORM,
            "today": NOW.date(),
        }
        for name, found in (("", FACTS), ("nothing to tell", NOTHING))
    }
    lines = {name: {**data, "whole": False} for name, data in facts.items()}
    both = {"picture": PICTURE, "meeting": GROUP}
    return {
        "quarter": {**lines, "follow-up": {**facts[""], "whole": True}},
        "papers/quarter": facts,
        "papers/follow_up": facts,
        "quarter_made": {"": {"quarter": QUARTER}},
        "quarter_empty": {
            "": {**both, "meeting": None},
            "before a meeting": {**both, "picture": replace(CALM, months=[])},
        },
        "quarter_drafted": {"gap": both, "whole": {**both, "picture": CALM}},
        "quarter_waiting": {"": {**both, "paper": DRAFT}},
        "errors/quarter_form": {"": {"p": {}}},
        "errors/quarter_not_over": {"": {"p": {"quarter": QUARTER, "day": QUARTER.end}}},
    }


def terms() -> Samples:
    """Sample what is said about what ends."""
    shown = {"term": TERM, "left": 17, "warnings": WARNINGS, "late": False}
    samsa = replace(GROUP, forum=Forum.SAMSA)
    on_the_way = {Forum.SAMSA: samsa, Forum.BRA: None}
    warned = {"term": TERM, "left": 9, "next": on_the_way, "too_late": []}
    trail = [
        (
            Step(about="b3", at=NOW, by_person=4, state=state, text="2028-03-31", meeting_id=None),
            TERM.ends,
        )
        for state in ("added", "samsa", "renewed")
    ]
    return {
        "terms": {
            "": {"terms": [(TERM, 17), (BOARD, 0), (WAITING, -1), (DONE, 1)]},
            "nothing": {"terms": []},
        },
        "term": {
            "": {**shown, "trail": trail},
            "late": {**shown, "term": WAITING, "late": True, "warnings": [], "trail": trail},
            "ended": {**shown, "term": DONE, "trail": trail},
        },
        "term_saved": {
            what: {**shown, "what": what} for what in ("added", "renewed", "handed_on", "ended")
        },
        "term_title": {"": {"kind": TermKind.PLAN}},
        "term_warning": {
            "": warned,
            "too late": {**warned, "too_late": [Forum.SAMSA]},
            "KS has it": {**warned, "term": BOARD, "next": {}},
            "done": {**warned, "term": DONE, "next": {}},
        },
        "term_ends": {
            "": {"term": TERM, "over": False},
            "late": {"term": WAITING, "over": True},
        },
        "terms_handed_on": {
            "to BRÅ": {
                "terms": [replace(TERM, stage=Stage.BRA)],
                "meeting": HELD,
                "next": {Forum.BRA: None},
            },
            "to KS": {"terms": [BOARD], "meeting": HELD, "next": {}},
        },
        "errors/term": {"": {"p": {"said": HOSTILE[:40]}}},
        "errors/term_form": {"": {"p": {}}},
        "errors/term_title": {"": {"p": {"limit": 120}}},
        "errors/term_ended": {"": {"p": {"term": DONE}}},
    }

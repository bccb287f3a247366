"""What is said about cases, assignments and measures."""

from dataclasses import replace
from datetime import date

from bot.domain.follow_up import (
    Assignment,
    AssignmentState,
    Case,
    CaseState,
    Level,
    Measure,
    MeasureState,
    Phase,
    Prevention,
)
from bot.domain.meeting import Meeting
from bot.domain.people import Forum
from storage.follow_ups import Step
from tests.samples.cast import ANNA, CYCLE, HOSTILE, NOW, OCTOBER, SCHOOL, Samples

WORDS = " ".join(HOSTILE.split("\n"))
TODAY = NOW.date()

MEETING = Meeting(
    id=3, uid="m3@gagnef.example", forum=Forum.BRA, starts_at=CYCLE.closes_at, minutes=120
)
CASE = Case(
    id=3,
    title="Skadegörelse, Trafik (oktober 2026)",
    state=CaseState.PREPARING,
    wanted=Forum.SAMSA,
    unit_id=SCHOOL.id,
    cycle_id=CYCLE.id,
    cause="Få vuxna vid busstorget på kvällarna",
    proposal="Fältare på fredagar",
    owner="fritidschefen",
    due=date(2027, 3, 15),
)
PROPOSED = replace(
    CASE,
    id=4,
    title="Djuråsskolan, oktober 2026: Skadegörelse, Trafik",
    state=CaseState.PROPOSED,
    cause="",
    proposal="",
    owner="",
    due=None,
)
HOSTILE_CASE = replace(CASE, id=5, title=WORDS, owner=WORDS, cause=WORDS, decision=WORDS)
ASSIGNMENT = Assignment(
    id=3,
    text="Fler vuxna ute på fredagar",
    owner="fritidschefen",
    owner_id=ANNA.id,
    due=date(2026, 11, 30),
    case_id=CASE.id,
    meeting_id=MEETING.id,
    cycle_id=CYCLE.id,
)
GROUP = replace(
    ASSIGNMENT,
    id=4,
    text=WORDS,
    due=date(2026, 10, 30),
    level=Level.YELLOW,
    members=("polis", "socialtjänst", "skola"),
    phase=Phase.ANALYSE,
)
UNDATED = replace(ASSIGNMENT, id=5, due=None, state=AssignmentState.REPORTED, report=WORDS)
MEASURE = Measure(
    id=3,
    cause="Busstorget är mörkt",
    action="Ny belysning",
    goal="Halva antalet anmälningar",
    due=date(2026, 10, 1),
    owner="gatuchefen",
    board="Tekniska nämnden",
    follow_up="Varje kvartal i BRÅ",
    prevention=Prevention.SITUATIONAL,
    assignment_id=ASSIGNMENT.id,
    case_id=CASE.id,
)
ONGOING = replace(
    MEASURE,
    id=4,
    action=WORDS,
    due=None,
    state=MeasureState.ONGOING,
    level=Level.RED,
    prevention=Prevention.SOCIAL,
    outcome=WORDS,
)


def _trail(*states: str) -> list[Step]:
    return [
        Step(about="a3", at=NOW, by_person=4, state=state, text=text, meeting_id=None)
        for state, text in zip(states, ("", WORDS, *[""] * len(states)), strict=False)
    ]


def follow_up() -> Samples:
    """Sample the lists, the single ones, and what is said after a change."""
    whole = {
        "case": CASE,
        "unit": SCHOOL,
        "internal": False,
        "period": OCTOBER,
        "meeting": MEETING,
        "assignments": [ASSIGNMENT],
        "measures": [MEASURE],
        "trail": _trail("proposed", "preparing", "prepared"),
        "today": TODAY,
    }
    given = {
        "assignment": ASSIGNMENT,
        "person": ANNA,
        "case": CASE,
        "period": OCTOBER,
        "meeting": MEETING,
        "measures": [MEASURE],
        "trail": _trail("given", "level_yellow"),
        "today": TODAY,
    }
    bare: dict[str, object] = {
        "case": None,
        "period": None,
        "meeting": None,
        "measures": [],
        "trail": [],
    }
    row = {
        "measure": MEASURE,
        "assignment": ASSIGNMENT,
        "case": CASE,
        "meeting": MEETING,
        "period": OCTOBER,
        "trail": _trail("planned", "followed"),
        "today": TODAY,
    }
    return {
        "case_title": {
            "for the office": {
                "unit": SCHOOL,
                "period": OCTOBER,
                "categories": ["Skadegörelse", "Trafik"],
            },
            "for others": {
                "unit": None,
                "period": OCTOBER,
                "categories": ["Skadegörelse", "Trafik"],
            },
            "about nothing named": {"unit": None, "period": OCTOBER, "categories": []},
        },
        "cases": {
            "": {"cases": [PROPOSED, CASE, HOSTILE_CASE], "today": TODAY},
            "many": {"cases": [replace(CASE, id=n) for n in range(1, 24)], "today": TODAY},
            "none": {"cases": [], "today": TODAY},
        },
        "case": {
            "in the office": whole,
            "proposed, internal": {
                **whole,
                "case": PROPOSED,
                "internal": True,
                "assignments": [],
                "measures": [],
            },
            "to BRÅ": {**whole, "case": replace(HOSTILE_CASE, state=CaseState.TO_BRA)},
            "elsewhere": {**whole, "unit": None, "trail": []},
        },
        "case_saved": {
            what: {
                "case": replace(CASE, decision="Inget behov"),
                "what": what,
                "assignment": ASSIGNMENT if what == "ongoing" else None,
            }
            for what in (
                *("made", "preparing", "titled", "dropped", "prepared", "to_bra", "owner"),
                *("ongoing", "rejected", "referred", "closed", "reopened"),
            )
        },
        "assignments": {
            "": {"assignments": [GROUP, ASSIGNMENT, UNDATED], "today": TODAY},
            "many": {
                "assignments": [replace(ASSIGNMENT, id=n) for n in range(1, 24)],
                "today": TODAY,
            },
            "none": {"assignments": [], "today": TODAY},
        },
        "assignment": {
            "in the office": given,
            "a working group's": {**given, "assignment": GROUP},
            "reported, elsewhere": {**given, **bare, "assignment": UNDATED, "person": None},
        },
        "assignment_saved": {
            **{
                what: {"assignment": GROUP, "what": what, "followed": True, "person": None}
                for what in (
                    *("made", "taken", "reported", "level", "moved", "group", "phase"),
                    *("closed", "withdrawn", "ongoing"),
                )
            },
            "without a date": {
                "assignment": UNDATED,
                "what": "made",
                "followed": False,
                "person": None,
            },
            "taken by another": {
                "assignment": ASSIGNMENT,
                "what": "taken",
                "followed": False,
                "person": ANNA,
            },
        },
        "assignment_told": {"": {"assignment": UNDATED, "person": ANNA}},
        "measures": {
            "few": {"measures": [MEASURE, ONGOING], "full": True, "today": TODAY},
            "many": {
                "measures": [MEASURE, ONGOING] * 12,
                "full": False,
                "today": TODAY,
            },
            "none": {"measures": [], "full": True, "today": TODAY},
        },
        "measure": {
            "in the office": row,
            "elsewhere": {
                **row,
                "measure": ONGOING,
                "assignment": None,
                "case": None,
                "meeting": None,
                "trail": [],
            },
        },
        "measure_saved": {
            what: {"measure": replace(ONGOING, outcome="Klottret minskade"), "what": what}
            for what in ("made", "ongoing", "followed", "level", "moved", "done", "stopped")
        },
        "due": {
            name: {"thing": ASSIGNMENT, "measure": False, "overdue": overdue, "person": ANNA}
            for name, overdue in (("before", False), ("overdue", True))
        },
        "mail_due": {
            name: {"thing": ASSIGNMENT, "measure": False, "overdue": overdue, "person": ANNA}
            for name, overdue in (("before", False), ("overdue", True))
        },
        "due_office": {
            "nobody has taken it": {
                "thing": ASSIGNMENT,
                "measure": False,
                "overdue": False,
                "person": None,
            },
            "overdue": {"thing": GROUP, "measure": False, "overdue": True, "person": ANNA},
            "measure": {"thing": MEASURE, "measure": True, "overdue": False, "person": None},
            "measure, overdue": {
                "thing": MEASURE,
                "measure": True,
                "overdue": True,
                "person": None,
            },
        },
        "papers/action_plan": {
            "": {
                "boards": [("Tekniska nämnden", [MEASURE, ONGOING])],
                "today": TODAY,
                "day": TODAY.isoformat(),
            },
        },
        **_errors(),
    }


def _errors() -> Samples:
    p: dict[str, dict[str, object]] = {
        "case": {"said": "a99"},
        "assignment": {"said": "u99"},
        "measure": {"said": "t99"},
        "case_state": {"case": PROPOSED, "state": CaseState.CLOSED},
        "assignment_state": {"assignment": UNDATED, "state": AssignmentState.ONGOING},
        "measure_state": {
            "measure": replace(MEASURE, state=MeasureState.DONE),
            "state": MeasureState.STOPPED,
        },
        "assignment_taken": {"assignment": ASSIGNMENT},
        "not_your_assignment": {"assignment": ASSIGNMENT},
        "no_group": {"assignment": ASSIGNMENT},
        "phase_order": {"assignment": GROUP, "phase": Phase.MAP},
        "title_needed": {"case": PROPOSED},
        "case_form": {},
        "case_decision_form": {},
        "assignment_form": {},
        "group_form": {},
        "measure_form": {},
    }
    return {f"errors/{code}": {"": {"p": params}} for code, params in p.items()}

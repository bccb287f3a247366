"""What the coordinator meets: the round, the preview, the report and the room's own messages."""

from dataclasses import replace
from datetime import date

from bot.domain.compilation import draft_summary
from bot.domain.cycle import CycleState
from bot.domain.follow_up import Assignment
from bot.domain.people import Forum
from bot.domain.report import Audience
from bot.domain.schedule import Occurrence
from bot.domain.term import Term, TermKind
from bot.ports import Notice, RoomHealth
from commands.status import Coming
from storage.log_tables import AuditRow
from storage.outbox import Queued
from storage.papers import Paper, PaperKind, PaperState
from tests.samples.cast import (
    ANNA,
    BO,
    CLOSED,
    CYCLE,
    EDITION,
    FORM,
    GREEN,
    HOSTILE,
    LIBRARY,
    MANY_WAITING,
    NOW,
    PROGRESS,
    REHEARSAL,
    SAMSA_EDITION,
    SUBMISSION,
    UNREST_CYCLE,
    YARD,
    Samples,
    sample_report,
)
from tests.samples.meetings import COMES, MEETING, NOBODY, PLANNED

COUNCIL = {
    "meetings": [(MEETING, COMES), (PLANNED, NOBODY)],
    "papers": [
        Paper(
            id=3,
            kind=PaperKind.NOTES,
            subject="m2",
            audience="bra",
            number=1,
            state=PaperState.DRAFT,
            text="",
            basis="",
            sha256="",
            made_at=NOW,
        )
    ],
    "proposed_year": 2027,
    "new_cases": 2,
    "cases": 1,
    "assignments": 3,
    "overdue": [Assignment(id=4, text=HOSTILE, owner="fältarna", due=date(2026, 11, 1))],
    "terms": [
        Term(
            id=3,
            kind=TermKind.AGREEMENT,
            title="Överenskommelsen med polisen",
            ends=date(2027, 3, 31),
        )
    ],
}
QUIET = {
    "meetings": [],
    "papers": [],
    "proposed_year": None,
    "new_cases": 0,
    "cases": 0,
    "assignments": 0,
    "overdue": [],
    "terms": [],
}


def running() -> Samples:
    """Sample what tells how a round goes."""
    plan = [
        Occurrence(key=f"{verb}/x", verb=verb, at=CYCLE.closes_at)
        for verb in ("remind", "ask_deputy", "close_cycle", "tell_result", "open_cycle")
    ]
    whole = {
        "cycle": CYCLE,
        "progress": PROGRESS,
        "previewed": [],
        "published": [],
        "plan": [
            *(
                Coming(step=step, period=CYCLE.period if step.verb == "open_cycle" else None)
                for step in plan
            ),
            Coming(step=replace(plan[0], verb="call_meeting"), meeting=MEETING),
            Coming(step=replace(plan[0], verb="warn_term"), about="b3"),
        ],
        "later": 4,
        "council": COUNCIL,
        "running": [],
        "now": NOW,
        "waiting": 0,
        "trouble": 0,
    }
    practice = replace(PROGRESS, cycle=REHEARSAL)
    return {
        "live_status": {
            "open": {"progress": PROGRESS, "now": NOW},
            "many waiting, closed": {
                "progress": replace(MANY_WAITING, cycle=CLOSED),
                "now": NOW,
            },
            "rehearsal": {"progress": practice, "now": NOW},
            "unrest": {"progress": replace(PROGRESS, cycle=UNREST_CYCLE), "now": NOW},
            "unrest, closed": {
                "progress": replace(PROGRESS, cycle=replace(UNREST_CYCLE, state=CycleState.CLOSED)),
                "now": NOW,
            },
        },
        "closed": {"": {"progress": PROGRESS}},
        "result": {
            "": {"progress": PROGRESS, "proposed": 2},
            "nothing proposed": {"progress": PROGRESS, "proposed": 0},
        },
        "reminded": {"": {"names": [ANNA.name, BO.name]}},
        "status": {
            "open": whole,
            "previewed": {
                **whole,
                "cycle": replace(CYCLE, state=CycleState.PREVIEWED),
                "previewed": [EDITION, SAMSA_EDITION],
                "waiting": 1,
                "trouble": 2,
            },
            "published": {**whole, "published": [EDITION, SAMSA_EDITION], "plan": []},
            "planned": {**whole, "cycle": replace(CYCLE, state=CycleState.PLANNED)},
            "nothing yet": {**whole, "cycle": None, "progress": None, "council": QUIET, "later": 0},
        },
        "opened_late": {"": {"cycle": CYCLE, "planned": CYCLE.opens_at}},
        "nobody_to_ask": {"": {"cycle": CYCLE, "units": [YARD.name, LIBRARY.name]}},
        "deadline_moved": {"": {"cycle": CYCLE, "person": ANNA}},
        "was_down": {
            "moved": {"since": CYCLE.opens_at, "now": NOW, "moved": [CYCLE]},
            "": {"since": CYCLE.opens_at, "now": NOW, "moved": []},
        },
        "rehearsal_ended": {"": {}},
    }


def reports() -> Samples:
    """Sample what is posted."""
    reports = {
        "BRÅ, drafted": sample_report(Audience.BRA),
        "SAMSA, own words, corrected": sample_report(
            Audience.SAMSA, summary=["Lugnare vid torget.", "**Nytt:** mopeder <b>överallt</b>."]
        ),
        "rehearsal": sample_report(Audience.BRA, rehearsal=True),
    }
    data = {
        name: {"report": report, "points": draft_summary(report), "form": FORM, "now": NOW}
        for name, report in reports.items()
    }
    return {
        "report": data,
        "report_details": data,
        "picture_caption": {"": {"edition": EDITION}},
        "used": {"": {"cycle": CYCLE, "now": NOW, "count": 7}},
        "corrected": {"": {"old": EDITION, "new": replace(EDITION, number=2), "now": NOW}},
    }


def office() -> Samples:
    """Sample what the coordinator's room reads."""
    preview = {
        "cycle": CYCLE,
        "editions": [EDITION, SAMSA_EDITION],
        "rooms": {Audience.BRA: True, Audience.SAMSA: False},
        "waiting": [YARD.name],
        "own_words": False,
        "still_open": True,
    }
    kept = {"cycle": CYCLE, "text": HOSTILE}
    well = RoomHealth(room="!a", joined=True, may_write=True, may_attach=True, encrypted=True)
    failed = Queued(
        key="k",
        platform="matrix",
        kind="text",
        template="reminder",
        address="@anna:kommun.se",
        state="uncertain",
        created_at=NOW,
    )
    lost = Queued(
        key="l",
        platform="matrix",
        kind="text",
        template="something",
        room="!bra:kommun.se",
        state="failed",
        created_at=NOW,
    )
    undelivered = {
        "person": None,
        "person_id": "",
        "address": "",
        "forum": None,
        "room": "!x:kommun.se",
        "uncertain": False,
        "reason": "",
        "what": "reminder",
    }
    letter = {
        **undelivered,
        "person": BO.name,
        "person_id": f"p{BO.id}",
        "address": "bo@polisen.example",
        "room": "bo@polisen.example",
        "what": "mail_call",
    }
    return {
        "preview": {
            "with gaps": preview,
            "complete": {
                **preview,
                "rooms": {Audience.BRA: True, Audience.SAMSA: True},
                "waiting": [],
                "own_words": True,
                "still_open": False,
            },
            "rehearsal": {**preview, "cycle": REHEARSAL},
        },
        "see_office": {"": {"cycle": CYCLE}},
        "changed_since": {
            "answers": {"cycle": CYCLE, "edition": EDITION, "units": [LIBRARY, YARD]},
            "summary": {"cycle": CYCLE, "edition": EDITION, "units": []},
        },
        "publishing": {
            "": {"cycle": CYCLE, "editions": [EDITION, SAMSA_EDITION]},
            "rehearsal": {"cycle": REHEARSAL, "editions": [EDITION, SAMSA_EDITION]},
        },
        "report_posted": {"": {"forum": Forum.BRA, "at": NOW}},
        "summary_shown": {"": kept, "none": {"cycle": CYCLE, "text": ""}},
        "summary_kept": {"": {**kept, "again": False}, "again": {**kept, "again": True}},
        "internal_marked": {
            "": {"unit": YARD, "submission": GREEN},
            "no longer": {"unit": YARD, "submission": SUBMISSION},
        },
        "health": {
            "trouble": {
                "rooms": [
                    (Forum.BRA, True, replace(well, encrypted=False)),
                    (Forum.SAMSA, True, replace(well, may_attach=False)),
                    (Forum.MANAGEMENT, False, None),
                    (Forum.OFFICE, True, None),
                ],
                "unreachable": [BO.name],
                "notices": [
                    Notice(code="recovery_key"),
                    Notice(code="foreign_backup"),
                    Notice(code="malformed", count=1),
                ],
                "unread_direct": 2,
                "unread": [(Forum.SAMSA, "!samsa:kommun.se", 3), (None, "!annat:kommun.se", 1)],
                "identities": [
                    (BO.name, "@bo:kommun.se", NOW),
                    ("", "@gunnar:annan.se", NOW),
                ],
                "encrypts": True,
                "waiting": 1,
                "trouble": [failed, lost],
                "read_at": NOW,
            },
            "rooms in other states": {
                "rooms": [
                    (Forum.BRA, True, replace(well, may_write=False)),
                    (Forum.SAMSA, True, replace(well, joined=False)),
                    (Forum.OFFICE, True, well),
                ],
                "unreachable": [],
                "notices": [],
                "unread_direct": 0,
                "unread": [],
                "identities": [],
                "encrypts": False,
                "waiting": 0,
                "trouble": [],
                "read_at": None,
            },
        },
        "delivery_failed": {
            "person": {**undelivered, "person": BO.name, "reason": "M_FORBIDDEN: @bo"},
            "person, uncertain": {**undelivered, "person": BO.name, "uncertain": True},
            "room": {**undelivered, "forum": Forum.BRA, "what": "report"},
            "removal": {**undelivered, "forum": Forum.BRA, "what": "removal"},
            "removal, direct": {**undelivered, "person": BO.name, "what": "removal"},
            "room, uncertain": {**undelivered, "uncertain": True, "what": "something"},
            "letter": {**letter, "reason": "550 no mailbox"},
            "letter, uncertain": {**letter, "uncertain": True},
            "letter, nobody's": {**letter, "person": None, "person_id": ""},
        },
        "slow_sending": {"": {"ready": NOW, "waiting": 900}},
        "left_direct": {"": {"name": BO.name}},
        "removed_from_room": {"": {"forum": Forum.SAMSA}},
        "room_moved": {"": {"forum": Forum.SAMSA}},
        "log": {
            "": {
                "lines": [
                    (_audit("matrix:report:publish", ""), ANNA.name),
                    (_audit("matrix:person:absence", HOSTILE), BO.name),
                    (_audit("clock:cycle:open_cycle", ""), None),
                    (_audit("matrix:command:fail", "", "incident 4F2A"), ANNA.name),
                ]
            },
            "empty": {"lines": []},
        },
        "rooms": {
            "": {
                "bound": {
                    Forum.BRA: ("matrix", "!bra:kommun.se"),
                    Forum.SAMSA: None,
                }
            }
        },
        "room_set": {"": {"forum": Forum.OFFICE}},
    }


def _audit(action: str, subject: str, outcome: str = "done") -> AuditRow:
    return AuditRow(at=NOW, action=action, subject=subject, outcome=outcome)

"""What the coordinator meets: the round, the preview, the report and the room's own messages."""

from dataclasses import replace

from bot.domain.compilation import draft_summary
from bot.domain.cycle import CycleState
from bot.domain.people import Forum
from bot.domain.report import Audience
from bot.domain.schedule import Occurrence
from bot.ports import RoomHealth
from storage.log_tables import AuditRow, OutboxRow
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
    YARD,
    Samples,
    sample_report,
)


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
        "plan": [(step, CYCLE.period if step.verb == "open_cycle" else None) for step in plan],
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
        },
        "closed": {"": {"progress": PROGRESS}},
        "result": {"": {"progress": PROGRESS}},
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
            "nothing yet": {**whole, "cycle": None, "progress": None},
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
    failed = OutboxRow(
        key="k",
        platform="matrix",
        kind="text",
        template="reminder",
        address="@anna:kommun.se",
        state="uncertain",
        created_at=NOW,
    )
    lost = OutboxRow(
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
        "forum": None,
        "room": "!x:kommun.se",
        "uncertain": False,
        "reason": "",
        "what": "reminder",
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
        },
        "slow_sending": {"": {"ready": NOW, "waiting": 900}},
        "left_direct": {"": {"name": BO.name}},
        "removed_from_room": {"": {"forum": Forum.SAMSA}},
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

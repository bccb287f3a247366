"""What is said about a meeting: calls, changes, answers, reminders, and what is read back first."""

from dataclasses import replace
from datetime import UTC, date, datetime

from bot.council.agendas import Line, Point
from bot.domain.agenda import AgendaItem, Feed
from bot.domain.meeting import Attendance, Meeting, MeetingState, Reply
from bot.domain.meeting_rule import Forbidden, Hindrance
from bot.domain.people import Forum
from bot.domain.plan_check import PlanWarning, WarningCode
from tests.samples.cast import ANNA, BO, HOSTILE, NOW, Samples

MEETING = Meeting(
    id=3,
    uid="m3@bra.test",
    forum=Forum.SAMSA,
    starts_at=datetime(2026, 12, 3, 13, 0, tzinfo=UTC),
    minutes=90,
    place="Kommunhuset *Sälen*",
    link="https://mote.example/samsa_1",
    state=MeetingState.CALLED,
    sequence=0,
)
EXTRA = replace(MEETING, extra=True, reason=HOSTILE, place="", link="")
OLD = replace(MEETING, starts_at=datetime(2026, 11, 26, 13, 0, tzinfo=UTC))
PLANNED = replace(MEETING, id=4, state=MeetingState.PLANNED, forum=Forum.BRA, sequence=-1)
CANCELLED = replace(MEETING, state=MeetingState.CANCELLED, reason="för få kan komma")
CARLA = replace(ANNA, id=5, name="Carla [x](http://x)", email="carla@post.test")
COMES = Attendance(
    yes=[ANNA],
    no=[BO],
    maybe=[CARLA],
    substitutes=[(replace(BO, id=6, name="Doris"), "Erik *Ek*")],
    silent=[replace(ANNA, id=7, name="Frida")],
    missing=["polis", "räddningstjänst"],
    needed=4,
)
NOBODY = Attendance(silent=[ANNA, BO])
POINTS = [
    Point(
        number=1,
        heading={"sv": "Välkomna", "en": "Welcome"},
        note={"sv": "Inga enskilda personer.", "en": "No single persons."},
        lines=[],
    ),
    Point(
        number=2,
        heading={"sv": "Övrigt", "en": "Other"},
        note=None,
        lines=[
            Line(
                kind=Feed.ITEMS,
                facts={"item": AgendaItem(id=4, meeting_id=3, text=HOSTILE, by_person=3, at=NOW)},
            )
        ],
        left_out=2,
    ),
]
WARNINGS = [
    PlanWarning(code=WarningCode.SQUEEZE_DAY, name="Klämdag"),
    PlanWarning(code=WarningCode.SCHOOL_HOLIDAY, name="Sportlov"),
    PlanWarning(code=WarningCode.BRA_TOO_SOON),
    PlanWarning(code=WarningCode.BRA_TOO_LATE),
    PlanWarning(code=WarningCode.CLASH, name="bra"),
]


def called() -> Samples:
    """Sample what members are told, in the room and by e-mail."""
    call = {"meeting": MEETING, "points": POINTS, "late": False, "report": True, "caller": None}
    extra = {**call, "meeting": EXTRA, "late": True, "report": False, "caller": BO}
    moved = {"meeting": MEETING, "old": OLD}
    planned = {"meeting": replace(PLANNED, reason="sjukdom"), "old": PLANNED}
    comes = {"meeting": MEETING, "comes": COMES}
    silent = {"meeting": replace(MEETING, link=""), "comes": NOBODY}
    letter = {"person": CARLA}
    return {
        "call": {"": call, "extra, late": extra},
        "mail_call": {"": call | letter, "extra, late": extra | letter},
        "call_moved": {"": moved, "before the call": planned},
        "mail_call_moved": {"": moved | letter, "before the call": planned | letter},
        "call_cancelled": {"": {"meeting": CANCELLED}},
        "mail_call_cancelled": {"": {"meeting": CANCELLED} | letter},
        "call_place": {"": {"meeting": MEETING}},
        "mail_call_place": {"": {"meeting": MEETING} | letter},
        "call_answers": {"": comes, "nobody": silent},
        "items_asked": {"": {"meeting": PLANNED, "until": NOW}},
        "items_asked_owner": {
            "": {
                "meeting": PLANNED,
                "until": NOW,
                "person": ANNA,
                "open": [("u3", HOSTILE), ("a4", "Belysningen")],
            }
        },
        "meeting_reminder": {"": comes, "nobody": silent},
        "mail_meeting_reminder": {"": comes | letter},
        "reply_kept": {
            "": {"meeting": MEETING, "reply": Reply.NO, "substitute": ""},
            "substitute": {
                "meeting": MEETING,
                "reply": Reply.SUBSTITUTE,
                "substitute": "Erik *Ek*",
            },
        },
        "entry_summary": {"": {"meeting": MEETING}, "extra": {"meeting": EXTRA}},
        "entry_description": {"": {"method": "REQUEST"}, "cancelled": {"method": "CANCEL"}},
        "entry_file": {"": {"meeting": MEETING, "day": "2026-12-03"}},
    }


def office() -> Samples:
    """Sample what the coordinator sees about meetings."""
    comes = {"meeting": MEETING, "comes": COMES}
    to = {"members": [ANNA, BO], "unreached": [CARLA], "warnings": WARNINGS, "old": None}
    calm = {"members": [ANNA], "unreached": [], "warnings": [], "old": OLD}
    return {
        "meetings": {
            "": {"meetings": [(MEETING, 3), (PLANNED, 0), (EXTRA, 1)]},
            "none": {"meetings": []},
        },
        "meeting": {
            "": {**comes, "unreached": [CARLA]},
            "planned": {"meeting": PLANNED, "comes": NOBODY, "unreached": []},
            "cancelled": {"meeting": CANCELLED, "comes": NOBODY, "unreached": []},
        },
        "confirm_extra": {"": {"meeting": EXTRA, **to}},
        "confirm_move": {
            "": {"meeting": MEETING, **calm},
            "with warnings": {"meeting": replace(MEETING, reason="sjukdom"), **to, "old": PLANNED},
        },
        "confirm_cancel": {"": {"meeting": CANCELLED, **calm}},
        "meeting_called": {"": {"meeting": MEETING}},
        "meeting_moved": {"": {"meeting": MEETING, "old": OLD}},
        "meeting_cancelled": {"": {"meeting": CANCELLED}},
        "meeting_place": {"": {"meeting": MEETING}},
        "answer_entered": {
            "": {
                "meeting": MEETING,
                "person": CARLA,
                "reply": Reply.SUBSTITUTE,
                "substitute": "Erik *Ek*",
            }
        },
        "call_unreached": {"": {"meeting": MEETING, "people": [CARLA, BO]}},
        "call_no_room": {"": {"meeting": MEETING}},
        "attendance": {
            "": {**comes, "now": NOW},
            "nobody": {"meeting": MEETING, "comes": NOBODY, "now": NOW},
        },
        "meeting_tomorrow": {"": comes},
        "left_alone": {"": {}},
    }


def errors() -> Samples:
    """Sample what is refused about meetings."""
    day = date(2026, 12, 25)

    def hindered(code: Hindrance, name: str = "") -> dict[str, object]:
        return {"p": {"day": day, "hindered": Forbidden(code=code, name=name)}}

    return {
        "errors/meeting_form": {"": {"p": {}}},
        "errors/reason_missing": {"": {"p": {}}},
        "errors/time_missing": {"": {"p": {"day": day}}},
        "errors/meeting_day": {
            "red day": hindered(Hindrance.RED_DAY, "Juldagen"),
            "weekend": hindered(Hindrance.WEEKEND),
            "july": hindered(Hindrance.JULY),
            "blocked": hindered(Hindrance.BLOCKED, "Kommunfullmäktige"),
        },
        "errors/meeting_too_soon": {"": {"p": {"day": day}}},
        "errors/meeting_state": {"": {"p": {"meeting": CANCELLED, "state": "called"}}},
        "errors/meeting_changed": {"": {"p": {"meeting": MEETING}}},
        "errors/coordinator_only": {"": {"p": {}}},
        "errors/reply_form": {"": {"p": {}}},
        "errors/meeting_call_old": {
            "moved": {"p": {"meeting": MEETING}},
            "cancelled": {"p": {"meeting": CANCELLED}},
        },
        "errors/no_call_here": {"": {"p": {}}},
        "errors/which_meeting": {"": {"p": {"meetings": [MEETING, PLANNED]}}},
        "errors/not_a_member": {"": {"p": {"name": BO.name, "forum": Forum.BRA}}},
        "errors/too_long": {"": {"p": {"longest": 300}}},
        "errors/meeting": {"": {"p": {"said": "m99"}}},
        "errors/no_meeting_planned": {"": {"p": {"forum": Forum.SAMSA}}},
        "errors/needs_account": {"": {"p": {"name": BO.name}}},
    }

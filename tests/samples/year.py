"""What is said about the council's year: the proposal, its changes, what is fixed, the wheel."""

from dataclasses import replace
from datetime import UTC, date, datetime

from bot.council.year import Planned, Year
from bot.council.year_papers import Reach, YearFacts
from bot.domain.calendar import Period
from bot.domain.meeting import Meeting, MeetingState
from bot.domain.meeting_rule import Forbidden, Hindrance, MonthSlot, WeekSlot
from bot.domain.people import Forum
from bot.domain.plan_check import PlanWarning, Shortfall, WarningCode
from bot.domain.term import TermKind
from bot.domain.year_plan import Proposed, Unplaced
from tests.samples.cast import ANNA, BO, Samples
from tests.samples.meetings import CARLA, MEETING, WARNINGS

SAMSA = Meeting(
    id=11,
    uid="m11@bra.test",
    forum=Forum.SAMSA,
    starts_at=datetime(2027, 5, 5, 11, tzinfo=UTC),
    minutes=120,
    place="Kommunhuset *Sälen*",
    state=MeetingState.PROPOSED,
)
BRA = replace(SAMSA, id=12, forum=Forum.BRA, starts_at=datetime(2027, 5, 27, 11, tzinfo=UTC))
GROUP = replace(
    SAMSA,
    id=13,
    forum=Forum.MANAGEMENT,
    starts_at=datetime(2027, 1, 21, 12, tzinfo=UTC),
    place="",
    state=MeetingState.CALLED,
    sequence=1,
)
EXTRA = replace(GROUP, id=14, extra=True, state=MeetingState.PLANNED)


def _moved(code: Hindrance, because: str = "") -> Planned:
    rule = Proposed(
        forum=Forum.SAMSA,
        starts_at=SAMSA.starts_at,
        minutes=120,
        place="",
        link="",
        moved_from=date(2027, 5, 6),
        moved_code=code,
        moved_because=because,
    )
    return Planned(meeting=SAMSA, moved=rule)


WARNED = Planned(meeting=BRA, warnings=WARNINGS)
PROPOSAL = Year(
    number=2027,
    planned=[
        _moved(Hindrance.RED_DAY, "Kristi himmelsfärdsdag"),
        _moved(Hindrance.BLOCKED, "Fullmäktige [x](http://x)"),
        _moved(Hindrance.WEEKEND),
        _moved(Hindrance.JULY),
        _moved(Hindrance.OTHER_YEAR),
        _moved(Hindrance.SAMSA_MOVED),
        WARNED,
        Planned(meeting=BRA, hindered=Forbidden(code=Hindrance.BLOCKED, name="Stämma")),
    ],
    shortfalls=[
        Shortfall(forum=Forum.BRA, wanted=4, planned=1),
        Shortfall(forum=Forum.MANAGEMENT, wanted=4, planned=0),
    ],
    unplaced=[
        (Unplaced(forum=Forum.SAMSA, slot=WeekSlot(week=53, weekday=2)), Period.of(2027, 1)),
        (
            Unplaced(forum=Forum.BRA, slot=MonthSlot(ordinal=5, weekday=4, month=5)),
            Period.of(2027, 5),
        ),
    ],
)
FIXED = Year(
    number=2027,
    planned=[Planned(meeting=GROUP), Planned(meeting=EXTRA)],
    shortfalls=[],
    unplaced=[],
)
MIXED = replace(FIXED, planned=[*FIXED.planned, Planned(meeting=BRA)])
EMPTY = Year(number=2027, planned=[], shortfalls=[], unplaced=[])
FACTS = YearFacts(
    number=2027,
    forums=[(Forum.BRA, [BRA]), (Forum.SAMSA, [SAMSA]), (Forum.MANAGEMENT, [GROUP])],
    rounds=[date(2027, 1, 4), date(2027, 2, 1)],
    terms=[(date(2027, 4, 30), TermKind.AGREEMENT), (date(2027, 12, 31), TermKind.YEARLY)],
    draft=True,
)
BARE = YearFacts(number=2027, forums=[], rounds=[date(2027, 1, 4)], terms=[])
REACH = [
    Reach(
        forum=Forum.BRA,
        meetings=[BRA, BRA],
        has_room=True,
        members=[ANNA, CARLA],
        by_mail=[CARLA],
        unreached=[BO],
    ),
    Reach(
        forum=Forum.SAMSA,
        meetings=[SAMSA],
        has_room=False,
        members=[CARLA],
        by_mail=[CARLA],
        unreached=[],
    ),
    Reach(
        forum=Forum.MANAGEMENT,
        meetings=[GROUP],
        has_room=False,
        members=[],
        by_mail=[],
        unreached=[],
    ),
]


def year() -> Samples:
    """Sample what is said about a year's meetings."""
    plan = {"year": PROPOSAL, "made": True, "by_itself": False}
    saved = {"planned": WARNED, "old": SAMSA, "year": PROPOSAL}
    squeeze = PlanWarning(code=WarningCode.SQUEEZE_DAY, name="Klämdag")
    wheel = {
        "facts": FACTS,
        "months": [Period.of(2027, month) for month in range(1, 13)],
        "municipality": "Gagnefs kommun",
    }
    bare = {**wheel, "facts": BARE}
    day = date(2027, 12, 24)
    return {
        "year_plan": {
            "proposed": plan,
            "by itself": {**plan, "by_itself": True},
            "some fixed": {"year": MIXED, "made": False, "by_itself": False},
            "fixed": {"year": FIXED, "made": False, "by_itself": False},
            "empty": {"year": EMPTY, "made": False, "by_itself": False},
        },
        "year_dates": {
            "": {"year": 2027, "forums": [(Forum.BRA, [BRA, EXTRA]), (Forum.SAMSA, [])]},
        },
        "year_saved": {
            "moved": {**saved, "what": "moved"},
            "added": {
                "planned": Planned(meeting=BRA, warnings=[squeeze]),
                "old": None,
                "year": MIXED,
                "what": "added",
            },
            "dropped": {**saved, "planned": Planned(meeting=BRA), "what": "dropped"},
        },
        "confirm_year": {"": {"year": PROPOSAL, "reach": REACH}},
        "year_fixed": {"": {"year": 2027, "count": 14, "reach": REACH}},
        "year_room": {"": {"year": 2027, "forum": Forum.BRA, "meetings": [BRA, GROUP]}},
        "mail_year": {
            "": {
                "year": 2027,
                "person": CARLA,
                "forums": [(Forum.BRA, [BRA]), (Forum.SAMSA, [SAMSA])],
            },
        },
        "year_waits": {"proposed": {"year": PROPOSAL}, "nothing": {"year": EMPTY}},
        "year_wheel": {"": wheel, "bare": bare},
        "year_wheel_caption": {"": {"year": 2027}},
        "year_wheel_alt": {"": wheel, "bare": bare},
        "year_wheel_words": {"": wheel},
        "papers/year": {"": wheel, "bare": bare},
        "errors/year_form": {"": {"p": {}}},
        "errors/year_outside": {"": {"p": {"year": 2040, "first": 2025, "last": 2029}}},
        "errors/year_other": {"": {"p": {"year": 2027, "day": day}}},
        "errors/year_fixed": {"": {"p": {"year": 2027}}},
        "errors/year_nothing": {
            "": {"p": {"year": 2027, "fixed": False}},
            "fixed": {"p": {"year": 2027, "fixed": True}},
        },
        "errors/year_changed": {"": {"p": {"year": 2027}}},
        "errors/year_not_proposed": {
            "": {"p": {"meeting": MEETING}},
            "cancelled": {"p": {"meeting": replace(MEETING, state=MeetingState.CANCELLED)}},
        },
    }

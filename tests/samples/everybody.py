"""What anybody may meet: people and units, help, and every error."""

from collections.abc import Mapping
from datetime import date

from bot.command import CommandWords
from bot.domain.cycle import CycleState
from bot.domain.people import Forum, Role
from tests.samples.cast import ANNA, BO, CYCLE, DAY, HOSTILE, OCTOBER, SCHOOL, WEEK, YARD, Samples


def people() -> Samples:
    """Sample what is said about people and units."""
    away = {"person": ANNA, "days": WEEK, "oneself": True, "deputies": [BO.name, "Cecilia"]}
    return {
        "absence_noted": {
            "oneself": away,
            "somebody, one day, no deputy": {
                **away,
                "days": DAY,
                "oneself": False,
                "deputies": [],
            },
            "not a reporter": {**away, "person": BO},
        },
        "absence_told": {"": away, "no deputy": {**away, "days": DAY, "deputies": []}},
        "people": {"": {"people": [ANNA, BO], "units": {SCHOOL.id: SCHOOL.name}}},
        "person_saved": {
            what: {"person": ANNA, "what": what} for what in ("added", "given", "taken", "ended")
        },
        "units": {
            "": {"units": [(SCHOOL, [ANNA.name, BO.name]), (YARD, [])]},
            "none": {"units": []},
        },
        "unit_saved": {
            what: {"unit": YARD, "what": what} for what in ("added", "changed", "closed")
        },
        "language_set": {"": {"code": "sv"}},
        "undone": {
            verb: {"verb": verb}
            for verb in (
                "absence",
                "summary",
                "language",
                "unit",
                "person",
                "active",
                "internal",
                "follow_up",
            )
        },
    }


def general(commands: Mapping[str, CommandWords]) -> Samples:
    """Sample help and what is not understood; `commands` are the verbs' words, in order."""
    ranked = sorted(commands, key=lambda verb: commands[verb].rank)
    own = [commands[v] for v in ("respond", "status", "absence", "undo", "language")]
    return {
        "cut": {"": {}},
        "help": {
            "reporter": {
                "allowed": own,
                "more": [],
                "reporter": True,
                "admin": False,
                "direct": True,
                "member": False,
            },
            "coordinator": {
                "allowed": [commands[verb] for verb in ranked[:8]],
                "more": [commands[verb].words[0] for verb in ranked[8:]],
                "reporter": False,
                "admin": True,
                "direct": True,
                "member": False,
            },
            "council room": {
                "allowed": [
                    commands[verb].member or commands[verb]
                    for verb in ("rsvp", "meeting", "agenda", "case", "assignment", "measure")
                ],
                "more": [],
                "reporter": False,
                "admin": False,
                "direct": False,
                "member": True,
            },
            "a room without commands": {
                "allowed": [],
                "more": [],
                "reporter": True,
                "admin": False,
                "direct": False,
                "member": False,
            },
        },
        "help_one": {verb: {"verb": verb, "words": commands[verb]} for verb in ranked},
        "did_you_mean": {
            "near": {"said": "x", "near": ["publicera", "påminn", "person"]},
            "unknown": {"said": HOSTILE[:40], "near": []},
            "only called": {"said": "", "near": []},
        },
        "incident": {"": {"number": "4F2A9C"}},
    }


def errors() -> Samples:
    """Sample every refusal."""
    said = {"text": HOSTILE}
    plain: Mapping[str, Mapping[str, Mapping[str, object]]] = {
        "refused": {
            "": {"verb": "publish", "roles": [Role.COORDINATOR, Role.SUBSTITUTE]},
            "no role": {"verb": "respond", "roles": sorted(Role)},
        },
        "wrong_room": {"": {"verb": "absence"}},
        "account_taken": {"": {"account": "@anna:kommun.se"}},
        "role": {"": {"said": HOSTILE[:40]}},
        "person": {"": {"name": HOSTILE[:40]}},
        "unit": {
            "near": {"name": "skolan", "near": [SCHOOL.name, YARD.name]},
            "unknown": {"name": HOSTILE[:40], "near": []},
            "empty": {"name": "", "near": []},
        },
        "unit_exists": {"": {"unit": YARD}},
        "not_your_unit": {"": {"unit": YARD.name}},
        "which_unit": {"": {"units": [SCHOOL, YARD]}, "none": {"units": []}},
        "not_answered": {"": {"unit": YARD.name}},
        "cycle_closed": {"": {"period": OCTOBER}},
        "cycle_open": {"": {"period": OCTOBER}},
        "cycle_state": {"": {"period": OCTOBER, "state": CycleState.PUBLISHED}},
        "nobody_owes": {"": {"period": OCTOBER}},
        "outside_hours": {"": {"next": CYCLE.opens_at}},
        "room_missing": {"": {"forum": Forum.SAMSA}},
        "room_taken": {"": {"forum": Forum.BRA}},
        "summary_too_long": {"": {"lines": 5, "limit": 900}},
        "command": {"": {"said": HOSTILE[:40]}},
        "language": {"": {"languages": ["English", "svenska"]}},
        "not_understood": {"": said},
        "contradiction": {
            "weekday": {**said, "day": WEEK.first, "weekday": 5},
            "week": {**said, "day": WEEK.first, "week": 29},
            "words": said,
        },
        "past": {"": {**said, "day": DAY.first, "at": None}},
        "too_far": {"": {**said, "day": date(2112, 6, 12)}},
        "no_such_date": {"": said},
        "no_such_time": {"": said},
        "which_day": {"": said},
        "backwards": {"": {**said, "first": WEEK.last, "last": WEEK.first}},
        "reply_unknown": {"": {"said": HOSTILE}, "nothing": {"said": ""}},
        "reply_too_many": {"": {"count": 3}},
        "reply_too_long": {"": {"limit": 600, "length": 712}},
        "reply_too_many_lines": {"": {"line": 14, "count": 14}},
        "reply_no_question": {"": {"number": 9, "count": 8}},
    }
    bare = (
        *("administrator_only", "last_administrator", "person_form", "unit_form", "no_units"),
        *("already_answered", "nothing_to_withdraw", "no_open_cycle", "no_cycle_yet"),
        *("no_office_room", "room_form", "nothing_previewed", "preview_replaced"),
        *("nothing_to_undo", "rehearsal_running", "real_round_running", "no_rehearsal"),
        *("absence_empty", "not_yourself", "which_end", "file", "edit_ignored"),
        *("reply_empty", "reply_exclusive", "reply_required", "reply_at_review"),
    )
    found = {
        f"errors/{code}": {name: {"p": p} for name, p in samples.items()}
        for code, samples in plain.items()
    }
    found["errors/unreadable"] = {
        f"{name} {place}".strip(): {"reason": reason, "forum": forum}
        for name, reason in (("", ""), ("unsigned", "unsigned device"), ("plain", "not encrypted"))
        for place, forum in (("", None), ("forum", Forum.SAMSA))
    }
    return found | {f"errors/{code}": {"": {"p": {}}} for code in bare}

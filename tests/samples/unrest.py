"""What is said at a time of unrest: in the office, in the rooms, to the units, and of a round."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from bot.council.unrest import Running
from bot.council.unrest_report import UnitLine
from bot.domain.cycle import SubmissionState
from bot.domain.people import Forum
from bot.domain.privacy import Finding
from bot.domain.unrest import Mode, Unrest, UnrestRound
from bot.questions import load_question_sets
from tests.samples.cast import (
    ANNA,
    BO,
    CYCLE,
    HOSTILE,
    LIBRARY,
    NOW,
    PROGRESS,
    RESCUE,
    SCHOOL,
    SUBMISSION,
    TEMPLATES,
    UNITS,
    UNREST_CYCLE,
    YARD,
    Samples,
)

FORM = load_question_sets(TEMPLATES / "questions", ["Djurås"])["unrest"]
SHORT = HOSTILE.replace("\n", " ")
"""Hostile words where line breaks are taken away before they are stored."""

UNREST = Unrest(
    id=2,
    mode=Mode.ELEVATED,
    reason=SHORT,
    area="Djurås",
    unit_ids=(SCHOOL.id, YARD.id, LIBRARY.id),
    begins_at=datetime(2026, 11, 4, 9, 0, tzinfo=UTC),
    last_day=date(2026, 11, 15),
    started_by=BO.id,
)
HIGH = replace(UNREST, id=3, mode=Mode.HIGH, area="")
THREE = [SCHOOL, YARD, LIBRARY]
AT_ONCE = UnrestRound(
    number=1,
    opens_at=NOW,
    closes_at=NOW + timedelta(hours=1),
    before=NOW + timedelta(hours=1),
)
TOMORROW = replace(AT_ONCE, number=2, opens_at=NOW + timedelta(hours=20))
ANSWERED = replace(PROGRESS, cycle=UNREST_CYCLE)


def unrest() -> Samples:
    """Sample what tells of a time of unrest and its end."""
    new = replace(UNREST, id=0)
    confirm = {
        "what": "begin",
        "unrest": new,
        "units": THREE,
        "following": AT_ONCE,
        "asked": 0,
        "now": NOW,
        "outside": [Forum.BRA, Forum.SAMSA],
        "management": True,
        "found": [],
    }
    told = {
        "what": "started",
        "unrest": UNREST,
        "units": THREE,
        "why": "",
        "by": ANNA,
        "early": True,
        "asked": 0,
        "following": AT_ONCE,
        "now": NOW,
    }
    level = {**told, "what": "level", "unrest": HIGH, "asked": 1, "following": TOMORROW}
    renewed = {**told, "what": "renewed", "asked": 2, "following": None}
    ended = {**told, "what": "ended", "asked": 3, "following": None, "by": None, "early": False}
    variants = {"started": told, "level": level, "renewed": renewed, "ended": ended}
    running = [
        Running(unrest=UNREST, units=THREE, asked=1, progress=ANSWERED, following=TOMORROW),
        Running(unrest=HIGH, units=[RESCUE], asked=0, progress=None, following=None),
    ]
    return {
        "unrest_running": {"": {"running": []}, "two": {"running": running}},
        "unrest_confirm": {
            "begin": confirm,
            "begin, no rooms": {**confirm, "unrest": HIGH, "outside": [], "management": False},
            "begin, a name": {**confirm, "found": [Finding.LIKELY_NAME]},
            "level": {**confirm, "what": "level", "unrest": HIGH, "asked": 1},
            "renew": {**confirm, "what": "renew", "unrest": UNREST, "following": TOMORROW},
            "end": {**confirm, "what": "end", "unrest": UNREST},
        },
        "unrest_told": {
            **variants,
            "ended early": {**ended, "by": ANNA, "early": True, "why": SHORT},
            "ended on its last day": {**ended, "by": ANNA},
        },
        "unrest_outside": variants,
        "unrest_unit_told": {name: data for name, data in variants.items() if name != "started"},
        "unrest_done": {"": {"unrest": UNREST, "units": THREE}},
        "unrest_compiled": {"": {"unrest": HIGH, "units": [SCHOOL]}},
        "unrest_ends": {"": {"unrest": HIGH, "units": THREE, "at": NOW}},
        "errors/unrest_form": {
            missing: {"p": {"missing": missing}} for missing in ("mode", "end", "area", "reason")
        },
        "errors/unrest_area": {
            "": {"p": {"said": HOSTILE, "places": ["Djurås", "Gagnef"]}},
            "no places": {"p": {"said": "Atlantis", "places": []}},
        },
        "errors/unrest_too_long": {"": {"p": {"latest": UNREST.last_day}}},
        "errors/unrest_too_short": {"": {"p": {"last_day": UNREST.last_day, "first": NOW}}},
        "errors/unrest_not_longer": {"": {"p": {"last_day": UNREST.last_day}}},
        "errors/which_unrest": {"": {"p": {"running": running}}},
        "errors/unrest_running": {"": {"p": {"unrest": UNREST, "units": [SCHOOL, YARD]}}},
        "errors/unrest_same_level": {"": {"p": {"mode": Mode.HIGH}}},
        "errors/no_unrest": {"": {"p": {}}},
        "errors/not_asked_yet": {"": {"p": {}}},
        "errors/unrest": {"": {"p": {"said": HOSTILE}}},
        "errors/unrest_over": {"": {"p": {}}},
        "errors/unrest_round_over": {"": {"p": {"period": CYCLE.period}}},
        "errors/no_unrest_round": {"": {"p": {"unit": YARD.name}}},
    }


def rounds() -> Samples:
    """Sample a question of it: asked, gone on from, compiled."""
    question = FORM.questions[0]
    asked = {
        "person": ANNA,
        "unit": SCHOOL,
        "cycle": UNREST_CYCLE,
        "shown": [],
        "at_start": True,
        "can_repeat": False,
        "for_other": False,
        "rehearsal": False,
        "question": question,
        "choices": FORM.choices_of(question),
        "count": FORM.count,
    }
    prompt = {
        **asked,
        "unrest": UNREST,
        "units": [SCHOOL],
        "first": True,
        "lost": False,
        "interrupted": False,
        "stands_in": False,
    }
    needs = FORM.by_id["stod"].choices
    line = UnitLine(
        unit=SCHOOL,
        level="rod",
        before="gul",
        happened=HOSTILE,
        needs=[needs[1].label, needs[4].label],
        need_words="helst i kväll",
        submission=replace(SUBMISSION, late=True, on_behalf=True),
    )
    better = replace(line, unit=YARD, level="gul", before="rod", happened="", needs=[])
    same = replace(line, unit=LIBRARY, level="gron", before="gron", happened="", needs=[])
    first = replace(line, unit=UNITS[3], level="", before="", happened="", needs=[])
    report = {
        "unrest": UNREST,
        "cycle": UNREST_CYCLE,
        "number": 2,
        "units": THREE,
        "lines": [line, better, *(replace(s, submission=SUBMISSION) for s in (same, first))],
        "progress": replace(ANSWERED, unreachable=[RESCUE]),
        "now": NOW,
    }
    silent = replace(SUBMISSION, state=SubmissionState.AWAITED)
    nobody = replace(ANSWERED, answered=[], waiting=[(SCHOOL, silent)], absent=[])
    return {
        "unrest_prompt": {
            "first": prompt,
            "later, everything": {
                **prompt,
                "unrest": HIGH,
                "cycle": replace(UNREST_CYCLE, delayed=True),
                "units": [SCHOOL, YARD],
                "first": False,
                "lost": True,
                "interrupted": True,
                "stands_in": True,
                "can_repeat": True,
            },
        },
        "go_on": {"unrest": asked, "month": {**asked, "cycle": CYCLE}},
        "unrest_report": {
            "": report,
            "nobody": {**report, "unrest": HIGH, "lines": [], "progress": nobody},
        },
    }

"""What a reporter meets: being asked, answering, and what stands afterwards."""

from dataclasses import replace

from bot.domain.cycle import CycleState, Submission
from bot.domain.privacy import Finding
from bot.domain.question import Question
from bot.round.form import shown
from tests.samples.cast import (
    ANNA,
    ANSWERS,
    AWAITED,
    BO,
    CLOSED,
    CYCLE,
    FORM,
    GREEN,
    HOSTILE,
    NOTHING,
    REHEARSAL,
    SCHOOL,
    SUBMISSION,
    UNREST_CYCLE,
    YARD,
    Samples,
)


def asking() -> Samples:
    """Sample the form's messages."""
    first, review = _asked("lage"), _draft(answered=True)
    plain = {"deputy": False, "stands_in": False}
    sent = {"units": [SCHOOL], "used": "", "delayed": False, **plain, "deputy": True}
    two = {"units": [SCHOOL, YARD], "closes": CYCLE.closes_at}
    used = "Tack för svaren\\!"
    return {
        "prompt": {
            "first time": {**first, **sent},
            "two units, late, used": {
                **first,
                **sent,
                "units": [SCHOOL, YARD],
                "used": used,
                "delayed": True,
                **plain,
                "stands_in": True,
            },
            "rehearsal": {**_asked("lage", rehearsal=True), **sent},
        },
        "question": {q.id: _asked(q) for q in FORM.questions}
        | {"for somebody else": {**_asked("jamfort"), "for_other": True}},
        "next_unit": {
            "": _asked("lage"),
            "unrest": {**_asked("lage"), "cycle": UNREST_CYCLE},
        },
        "respond": {
            "early": {**first, "early": True},
            "now": {**_asked("kategori"), "early": False},
        },
        "reminder": {
            "nothing begun": {**first, **two, "begun": False, "days_left": 2},
            "begun": {**_asked("handelse"), **two, "begun": True, "days_left": 1},
            "at the review": {**review, **two, "begun": True, "days_left": 0},
        },
        "deputy_asked": {
            "first": {**first, **two, "begun": False},
            "begun": {**_asked("jamfort"), **two, "begun": True},
        },
        "review": {
            "own": review,
            "for somebody else": {**review, "for_other": True},
            "rehearsal": {**_draft(answered=True, rehearsal=True)},
        },
        "unchanged": {"": review, "unrest": {**review, "cycle": UNREST_CYCLE}},
        "no_last_month": {"": _draft()},
        "which": {"": {**review, "form": FORM}},
        "form_help": {"": {**_draft(), "form": FORM}},
        "paused": {"": review},
        "cancelled": {"": review},
        "problem": {
            "one reply": {
                **_asked("lage"),
                "code": "reply_unknown",
                "p": {"said": HOSTILE},
                "line": None,
                "at_review": False,
            },
            "line 3": {
                **_asked("kategori"),
                "code": "reply_too_many",
                "p": {"count": 2},
                "line": 3,
                "at_review": False,
            },
            "at the review": {
                **review,
                "code": "reply_at_review",
                "p": {},
                "line": None,
                "at_review": True,
            },
        },
        "answer_changed": {"question": _asked("hur_ofta"), "review": review},
        "privacy_warning": {"": {**review, "found": list(Finding)}},
    }


def answered() -> Samples:
    """Sample what is said once an answer stands."""
    receipt = {
        "unit": SCHOOL,
        "cycle": CYCLE,
        "submission": SUBMISSION,
        "shown": shown(FORM, ANSWERS),
        "added_to": None,
        "rehearsal": False,
    }
    late = replace(SUBMISSION, late=True, on_behalf=True)
    told = {"by": BO, "unit": SCHOOL, "cycle": CYCLE}
    return {
        "receipt": {
            "first": receipt,
            "late, for somebody": {**receipt, "submission": late},
            "added": {**receipt, "added_to": BO},
            "unrest": {**receipt, "cycle": UNREST_CYCLE},
            "unchanged": {
                **receipt,
                "submission": GREEN,
                "shown": shown(FORM, GREEN.answers),
            },
            "nothing, rehearsal": {
                **receipt,
                "submission": NOTHING,
                "shown": shown(FORM, NOTHING.answers),
                "rehearsal": True,
            },
        },
        "answered_by_other": {"kept": {**told, "kept": True}, "": {**told, "kept": False}},
        "withdrawn": {"": _draft()},
        "nothing_to_answer": {"reporter": {"reporter": True}, "": {"reporter": False}},
        "see_direct": {"": {"unit": YARD}},
        "privacy_refused": {"": {}},
        "status_own": {
            "open": {"cycle": CYCLE, "parts": [(SCHOOL, SUBMISSION), (YARD, AWAITED)]},
            "closed": {"cycle": CLOSED, "parts": [(YARD, AWAITED)]},
            "published": {
                "cycle": replace(CYCLE, state=CycleState.PUBLISHED),
                "parts": [(SCHOOL, SUBMISSION)],
            },
            "no unit": {"cycle": CYCLE, "parts": []},
            "no round": {"cycle": None, "parts": []},
        },
        "unit_answer": {
            "answered": _standing(SUBMISSION),
            "late, internal": _standing(replace(late, internal=True)),
            "awaited": {**_standing(AWAITED), "by": None},
        },
    }


def _draft(*, answered: bool = False, rehearsal: bool = False) -> dict[str, object]:
    return {
        "person": ANNA,
        "unit": SCHOOL,
        "cycle": REHEARSAL if rehearsal else CYCLE,
        "shown": shown(FORM, ANSWERS) if answered else [],
        "at_start": not answered,
        "can_repeat": not answered,
        "for_other": False,
        "rehearsal": rehearsal,
    }


def _asked(question: Question | str, *, rehearsal: bool = False) -> dict[str, object]:
    item = FORM.by_id[question] if isinstance(question, str) else question
    return {
        **_draft(answered=item.id != "lage", rehearsal=rehearsal),
        "question": item,
        "choices": FORM.choices_of(item),
        "count": FORM.count,
    }


def _standing(submission: Submission) -> dict[str, object]:
    return {
        "unit": SCHOOL,
        "cycle": CYCLE,
        "submission": submission,
        "shown": shown(FORM, submission.answers),
        "by": ANNA,
    }

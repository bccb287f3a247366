"""Values that the samples share: units, people, a round, answers, some as hostile as can be."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

from bot.domain.calendar import Period
from bot.domain.compilation import compile_report
from bot.domain.cycle import Cycle, CycleState, Submission, SubmissionState
from bot.domain.dates import DateRange
from bot.domain.people import Holding, Person, Role, Unit
from bot.domain.question import QuestionSet, Value
from bot.domain.report import Audience, Report
from bot.questions import load_question_sets
from bot.round.progress import Progress
from storage.editions import Edition, EditionState

HOSTILE = "**fet** <b>x</b> [länk](http://x) @room `kod` 1 < 2\n# rubrik\n1. punkt\n===\n- streck"
"""What a person may write, by mistake or on purpose; every sign must come out as it was typed."""

Samples = Mapping[str, Mapping[str, Mapping[str, object]]]

TEMPLATES = Path(__file__).parent.parent.parent / "templates"
FORM: QuestionSet = load_question_sets(
    TEMPLATES / "questions", ["Djurås", "Mockfjärd", "Dala-Floda"]
)["monthly"]
NOW = datetime(2026, 11, 4, 12, 0, tzinfo=UTC)
OCTOBER = Period.of(2026, 10)

SCHOOL = Unit(id=7, name="Djuråsskolan", board="Barn- och utbildningsnämnden", place="Djurås")
YARD = Unit(id=8, name="Fritidsgården *Älvan*", board="Kultur- och fritidsnämnden", place="Djurås")
LIBRARY = Unit(id=9, name="Biblioteken", board="Kultur- och fritidsnämnden", place="Gagnef")
STREETS = Unit(id=10, name="Fastighet och gata", board="Tekniska nämnden", place="Djurås")
RESCUE = Unit(id=11, name="Räddningstjänsten", board="Tekniska nämnden", place="Djurås")
UNITS = (SCHOOL, YARD, LIBRARY, STREETS, RESCUE)

ANNA = Person(
    id=3,
    name="Anna Berg",
    language="sv",
    holdings=frozenset(
        {
            Holding(role=Role.REPORTER, unit_id=SCHOOL.id),
            Holding(role=Role.DEPUTY, unit_id=YARD.id),
        }
    ),
)
BO = Person(
    id=4,
    name="Bo [länk](http://x)",
    language="sv",
    holdings=frozenset({Holding(role=Role.COORDINATOR)}),
)

CYCLE = Cycle(
    id=5,
    period=OCTOBER,
    question_set="monthly",
    state=CycleState.OPEN,
    opens_at=datetime(2026, 11, 2, 8, 0, tzinfo=UTC),
    closes_at=datetime(2026, 11, 6, 15, 0, tzinfo=UTC),
)
CLOSED = replace(CYCLE, state=CycleState.CLOSED)
REHEARSAL = replace(CYCLE, rehearsal=True)
UNREST_CYCLE = replace(CYCLE, id=9, question_set="unrest", unrest_id=2)

ANSWERS = {
    "lage": Value(chosen=("gul",)),
    "jamfort": Value(chosen=("samre",)),
    "kategori": Value(chosen=("skadegorelse", "trafik")),
    "handelse": Value(text=HOSTILE),
    "hur_ofta": Value(chosen=("nagra",)),
    "gjort": Value(chosen=("egen_atgard",), text="fler vuxna ute"),
    "stod": Value(chosen=("samsa",)),
}
SUBMISSION = Submission(
    id=1,
    cycle_id=CYCLE.id,
    unit_id=SCHOOL.id,
    state=SubmissionState.SUBMITTED,
    version=1,
    answers=ANSWERS,
    by_person=ANNA.id,
    received_at=NOW,
    registry_number=17,
)
NOTHING = replace(
    SUBMISSION,
    id=2,
    unit_id=LIBRARY.id,
    state=SubmissionState.NOTHING_TO_REPORT,
    answers={"lage": Value(chosen=("inget",))},
)
GREEN = replace(
    SUBMISSION,
    id=3,
    unit_id=STREETS.id,
    state=SubmissionState.NO_CHANGE,
    answers={"lage": Value(chosen=("gron",)), "jamfort": Value(chosen=("samma",))},
    late=True,
    internal=True,
)
AWAITED = Submission(id=4, cycle_id=CYCLE.id, unit_id=YARD.id, state=SubmissionState.AWAITED)

PROGRESS = Progress(
    cycle=CYCLE,
    answered=[(SCHOOL, SUBMISSION), (LIBRARY, NOTHING), (STREETS, GREEN)],
    waiting=[(YARD, AWAITED)],
    absent=[RESCUE],
    unreachable=[],
    drafts=frozenset({YARD.id}),
)
MANY_WAITING = replace(
    PROGRESS,
    answered=[],
    waiting=[(replace(YARD, id=n, name=f"Enhet {n}"), AWAITED) for n in range(20, 33)],
    absent=[],
    unreachable=[RESCUE],
    drafts=frozenset(),
)

EDITION = Edition(
    id=1,
    cycle_id=CYCLE.id,
    audience=Audience.BRA,
    number=1,
    state=EditionState.PREVIEWED,
    basis="",
    text="",
    details="",
    sha256="a1b2c3d4" * 8,
)
SAMSA_EDITION = replace(EDITION, id=2, audience=Audience.SAMSA, sha256="e5f60718" * 8)
WEEK = DateRange(first=date(2027, 7, 1), last=date(2027, 7, 26))
DAY = DateRange(first=date(2026, 11, 9), last=date(2026, 11, 9))


def sample_report(
    audience: Audience, *, summary: Sequence[str] = (), rehearsal: bool = False
) -> Report:
    """Compile a report of the invented units."""
    september = {
        SCHOOL.id: replace(SUBMISSION, answers={"lage": Value(chosen=("gron",))}),
        YARD.id: replace(SUBMISSION, answers={"lage": Value(chosen=("rod",))}),
    }
    yard = replace(SUBMISSION, answers={**ANSWERS, "lage": Value(chosen=("gul",))})
    return compile_report(
        period=OCTOBER,
        audience=audience,
        number=2 if summary else 1,
        rehearsal=rehearsal,
        municipality="Gagnefs kommun",
        units=UNITS,
        submissions={
            SCHOOL.id: replace(
                SUBMISSION, answers={**ANSWERS, "lage": Value(chosen=("rod",))}, late=True
            ),
            YARD.id: replace(yard, on_behalf=True),
            LIBRARY.id: NOTHING,
            RESCUE.id: replace(AWAITED, state=SubmissionState.ABSENT),
        },
        history={"2026-09": september},
        period_keys=["2026-09", "2026-10"],
        question_set=FORM,
        summary=summary,
        minimum=3,
        corrected=bool(summary),
    )

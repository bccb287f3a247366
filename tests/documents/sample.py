"""A report of invented units, as large and as odd as a test needs it."""

from collections.abc import Sequence

from bot.domain.calendar import Period
from bot.domain.cycle import SubmissionState
from bot.domain.report import Audience, Count, Remark, Report, Support, Tally, UnitLine

LABELS = {
    "sv": {
        "lage.gron": "Grönt – som vanligt",
        "lage.gul": "Gult – mer oro eller fler händelser än vanligt",
        "lage.rod": "Rött – allvarligt, vi behöver stöd snart",
        "lage.inget": "Inget att rapportera",
        "jamfort.battre": "Bättre",
        "jamfort.samma": "Ungefär som förra månaden",
        "jamfort.samre": "Sämre",
        "kategori.ordning": "Ordningsstörning, oroande samlingar",
        "kategori.skadegorelse": "Skadegörelse, klotter, anlagd brand",
        "kategori.nat": "Nätet: hat, hot, utpressning, rekrytering",
        "tid.kvall": "Kväll",
        "gjort.samverkan": "Samverkan",
        "gjort.polisanmalt": "Polisanmält",
        "stod.samsa": "Ta upp i SAMSA",
        "stod.narvaro": "Närvaro av polis, fältare eller vuxna",
    },
    "en": {"lage.gron": "Green – as usual", "kategori.ordning": "Disorder"},
}

_UNITS = (
    ("Djuråsskolan", "Barn- och utbildningsnämnden", "Djurås"),
    ("Mockfjärdsskolan", "Barn- och utbildningsnämnden", "Mockfjärd"),
    ("Björboskolan", "Barn- och utbildningsnämnden", "Björbo"),
    ("Gymnasiesärskolan och komvux", "Barn- och utbildningsnämnden", "Djurås"),
    ("Individ- och familjeomsorgen", "Socialnämnden", "Djurås"),
    ("Hemtjänsten Dala-Floda", "Socialnämnden", "Dala-Floda"),
    ("Fritidsgården Älvan", "Kultur- och fritidsnämnden", "Djurås"),
    ("Biblioteken", "Kultur- och fritidsnämnden", "Gagnef"),
    ("Fastighet och gata", "Tekniska nämnden", "Hela kommunen"),
    ("Räddningstjänsten", "Tekniska nämnden", "Hela kommunen"),
    ("Näringslivsenheten", "Kommunstyrelsen", "Hela kommunen"),
    ("Receptionen i kommunhuset", "Kommunstyrelsen", "Djurås"),
)
_YEAR = ("2025-11", "2025-12", *(f"2026-{month:02}" for month in range(1, 11)))


def make_report(
    units: int = 12,
    *,
    audience: Audience = Audience.BRA,
    number: int = 1,
    rehearsal: bool = False,
    corrected: bool = False,
    text: str = "Samlingar vid busstorget på kvällarna, mest fredagar.",
    unit_name: str | None = None,
    summary: Sequence[str] = (
        "En enhet har rött läge och tre har gult.",
        "Nytt sedan förra månaden: oro kring busstorget i Djurås.",
        "Klottret vid Björboskolan har upphört.",
    ),
) -> Report:
    """Build a report; `text` is what a unit wrote, `unit_name` renames the first unit."""
    open_edition = audience is Audience.BRA
    lines = [_line(n, text if open_edition else "") for n in range(units)]
    if unit_name is not None:
        lines[0] = _renamed(lines[0], unit_name)
    answered = [line for line in lines if line.state.is_answer]
    named = {state: [ln.unit for ln in lines if ln.state is state] for state in SubmissionState}
    return Report(
        period=Period.of(2026, 10),
        audience=audience,
        number=number,
        rehearsal=rehearsal,
        municipality="Gagnefs kommun",
        summary=summary,
        lines=lines,
        period_keys=_YEAR,
        levels=_levels([line.level for line in lines]),
        previous_levels=_levels([line.previous_level for line in lines]),
        rose=[ln.unit for ln in lines if ln.level == "rod"][:5],
        sank=[ln.unit for ln in lines if (ln.previous_level, ln.level) == ("gul", "gron")][:5],
        missing=named[SubmissionState.AWAITED],
        absent=named[SubmissionState.ABSENT],
        unreachable=named[SubmissionState.UNREACHABLE],
        answered=len(answered),
        expected=units,
        tallies=_tallies(),
        remarks=[
            Remark(unit=lines[0].unit, question="handelse", text=text),
            Remark(unit=lines[-1].unit, question="framat", text="Höstlov vecka 44 och\nHalloween."),
        ]
        if open_edition and lines
        else [],
        support=[Support(unit=lines[0].unit, wishes=["samsa", "narvaro"], text="Gärna fältare.")]
        if open_edition and lines
        else [],
        corrected=corrected,
    )


def _tallies() -> list[Tally]:
    return [
        Tally(
            question="kategori",
            counts=[
                Count(id="skadegorelse", units=3, last_month=4, last_year=1),
                Count(id="ordning", units=5, last_month=3, last_year=None),
                Count(id="nat", units=0, last_month=0, last_year=0),
            ],
            withheld=2,
        ),
        Tally(question="plats", counts=[Count(id="Djurås", units=4, last_month=2)]),
        Tally(question="tid", counts=[Count(id="kvall", units=4, last_month=2)]),
        Tally(
            question="gjort",
            counts=[Count(id="samverkan", units=3), Count(id="polisanmalt", units=2)],
        ),
        Tally(question="stod", counts=[Count(id="samsa", units=1)], withheld=1),
    ]


def _levels(found: list[str | None]) -> dict[str, int]:
    return {level: found.count(level) for level in ("gron", "gul", "rod", "inget")}


def _line(n: int, text: str) -> UnitLine:
    name, board, place = _UNITS[n % len(_UNITS)]
    if n >= len(_UNITS):
        name = f"{name} {n // len(_UNITS) + 1}"
    kind = n % 12
    level = {1: "rod", 0: "gul", 4: "gul", 6: "gul", 8: "inget"}.get(kind, "gron")
    before = {1: "gul", 2: "gul", 0: "gron"}.get(kind, level)
    state = {
        3: SubmissionState.NO_CHANGE,
        8: SubmissionState.NOTHING_TO_REPORT,
        10: SubmissionState.AWAITED,
        11: SubmissionState.ABSENT,
    }.get(kind, SubmissionState.SUBMITTED)
    said = level if state.is_answer else None
    earlier = ["gron", "gul", "awaited", "gron", "rod", "gul", "inget", "gron", "absent", "gron"]
    turned = [None, *(earlier[n % 10 :] + earlier[: n % 10])[1:]]
    return UnitLine(
        unit=name,
        board=board,
        place=place,
        state=state,
        level=said,
        trend={"rod": "samre", "gul": "samma", "gron": "battre"}.get(said or ""),
        previous_level=before,
        late=kind == 5,
        on_behalf=kind == 9,
        text=text if kind == 0 else "",
        history=(*turned, before, said or str(state)),
    )


def _renamed(line: UnitLine, name: str) -> UnitLine:
    return UnitLine(
        unit=name,
        board=line.board,
        place=line.place,
        state=line.state,
        level=line.level,
        trend=line.trend,
        previous_level=line.previous_level,
        late=line.late,
        on_behalf=line.on_behalf,
        text=line.text,
        history=line.history,
    )

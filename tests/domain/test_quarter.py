"""Three months in one picture: what is approved, each gap named, of the internal the colour."""

from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.calendar import Period
from bot.domain.cycle import Submission, SubmissionState
from bot.domain.people import Unit
from bot.domain.quarter import Presentation, Quarter, Round, compile_quarter
from bot.domain.question import Value
from bot.questions import load_question_sets

FORM = load_question_sets(
    Path(__file__).parents[2] / "templates" / "questions", ["Björbo", "Djurås"]
)["monthly"]
THIRD = Quarter(year=2026, number=3)
UNITS = [
    Unit(id=n, name=name, board="Nämnden", place="Björbo")
    for n, name in enumerate(("Ankan", "Björnen", "Cirkeln", "Dungen"), start=1)
]
LEVELS = st.sampled_from(["gron", "gul", "rod"])


def said(
    unit: int,
    level: str | None,
    *categories: str,
    support: str = "nej",
    internal: bool = False,
    state: SubmissionState = SubmissionState.SUBMITTED,
) -> Submission:
    """Make a unit's answer; without a level it has not answered."""
    if level is None:
        return Submission(id=unit, cycle_id=1, unit_id=unit, state=SubmissionState.AWAITED)
    answers = {
        "lage": Value(chosen=(level,)),
        "kategori": Value(chosen=categories),
        "stod": Value(chosen=(support,)),
        "handelse": Value(text="HEMLIGT"),
    }
    return Submission(
        id=unit, cycle_id=1, unit_id=unit, state=state, answers=answers, internal=internal
    )


def month(key: str, *answers: Submission, approved: bool = True) -> Round:
    """Make a round."""
    return Round(
        period=Period.parse(key), approved=approved, submissions={a.unit_id: a for a in answers}
    )


def compiled(
    *rounds: Round, quarter: Quarter = THIRD, joined: tuple[tuple[int, int], ...] = ()
) -> Presentation:
    """Compile a quarter."""
    return compile_quarter(quarter=quarter, rounds=rounds, units=UNITS, form=FORM, joined=joined)


@given(st.dates(date(2020, 1, 1), date(2040, 12, 31)))
def test_the_last_whole_quarter_is_over_and_the_next_is_not(today: date) -> None:
    """Three months in a row, of which the last ended before today and the next has not ended."""
    last = Quarter.last_whole(today)
    assert last.end < today
    assert last.end + timedelta(days=1) == Quarter.of(today).first
    assert last.previous.end + timedelta(days=1) == last.first
    assert [m.month for m in last.months] == [3 * last.number - n for n in (2, 1, 0)]
    assert last.first in last
    assert last.end in last
    assert today not in last


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("", "2026-Q3"),
        ("3", "2026-Q3"),
        ("4", "2025-Q4"),
        ("2026 3", "2026-Q3"),
        ("3 2024", "2024-Q3"),
        ("2026-Q1", "2026-Q1"),
        ("kvartal 2", "2026-Q2"),
        ("Q2", "2026-Q2"),
        ("kv. 1 2026", "2026-Q1"),
        ("2026 4", "2026-Q4"),
    ],
)
def test_a_quarter_is_read_as_people_write_it(text: str, key: str) -> None:
    """With a year or without; without, it is the latest that is over."""
    read = Quarter.read(text, date(2026, 11, 2))
    assert read is not None
    assert read.key == key


@pytest.mark.parametrize("text", ["5", "0", "33", "hösten", "2026", "20263", "1999 3", "3 2 1"])
def test_what_is_no_quarter_is_not_read(text: str) -> None:
    """Nothing is guessed."""
    assert Quarter.read(text, date(2026, 11, 2)) is None


def test_a_month_without_approved_report_is_a_gap_and_counts_for_nothing() -> None:
    """August is red everywhere, but nobody has approved it; September has no round at all."""
    found = compiled(
        month("2026-07", said(1, "gul", "nat", support="samsa"), said(2, None)),
        month("2026-08", said(1, "rod", "trafik", support="bra"), said(2, "rod"), approved=False),
    )
    assert [m.period.key for m in found.months] == ["2026-07"]
    assert [p.key for p in found.gaps] == ["2026-08", "2026-09"]
    assert found.ahead is None
    assert found.red == []
    assert [(n.id, n.units, n.before) for n in found.categories] == [("nat", 1, None)]
    assert [(n.id, n.units) for n in found.support] == [("samsa", 1)]
    [figures] = found.months
    assert (figures.answered, figures.expected) == (1, 2)
    assert figures.levels == {"rod": 0, "gul": 1, "gron": 0, "inget": 0}


def test_units_are_counted_once_and_against_the_quarter_before() -> None:
    """Who names the same thing each month is one unit; June's three are the comparison."""
    found = compiled(
        month("2026-06", *(said(n, "gul", "trafik") for n in (1, 2, 3))),
        *(
            month(f"2026-0{m}", said(1, "gul", "nat", "trafik"), said(2, "gul", "nat"))
            for m in (7, 8)
        ),
        month("2026-09", said(2, "gul", "nat")),
    )
    assert [(n.id, n.units, n.before) for n in found.categories] == [
        ("nat", 2, 0),
        ("trafik", 1, 3),
    ]
    assert found.months_before == 1
    assert found.support == [], '"nej" is no wish'


def test_red_units_have_their_months_and_changes_their_beginning() -> None:
    """The most often red first; a change counts from the last level known before the quarter."""
    found = compiled(
        month("2026-05", said(3, "gron")),
        month("2026-06", said(1, "gron"), said(2, "gul")),
        month("2026-07", said(1, "rod"), said(2, "rod"), said(3, None), said(4, "gul")),
        month("2026-08", said(1, "gul"), said(2, "rod"), said(3, "rod"), said(4, None)),
        month("2026-09", said(1, "rod"), said(2, "gul"), said(3, None), said(4, "gron")),
    )
    assert [(r.unit, [p.key for p in r.periods]) for r in found.red] == [
        ("Ankan", ["2026-07", "2026-09"]),
        ("Björnen", ["2026-07", "2026-08"]),
        ("Cirkeln", ["2026-08"]),
    ]
    assert [
        (c.unit, c.before, c.before_period.key, c.after, c.after_period.key, c.steps)
        for c in found.changed
    ] == [
        ("Ankan", "gron", "2026-06", "rod", "2026-09", 2),
        ("Cirkeln", "gron", "2026-05", "rod", "2026-08", 2),
        ("Dungen", "gul", "2026-07", "gron", "2026-09", -1),
    ]


def test_nothing_to_report_ranks_with_green() -> None:
    """From "inget" to green nothing has changed; a unit that said so has answered."""
    nothing = said(1, "inget", state=SubmissionState.NOTHING_TO_REPORT)
    found = compiled(month("2026-07", nothing), month("2026-08", said(1, "gron")))
    assert found.changed == []
    assert found.months[0].levels["inget"] == 1
    assert found.months[0].answered == 1


def test_what_is_internal_gives_its_colour_only_also_when_unchanged() -> None:
    """The mark of June passes on through "oförändrat", also where June itself is not approved."""
    unchanged = said(1, "rod", "nat", support="bra", state=SubmissionState.NO_CHANGE)
    found = compiled(
        month("2026-06", said(1, "rod", "nat", support="bra", internal=True), approved=False),
        month("2026-07", unchanged),
        month("2026-08", said(2, "gul", "trafik")),
    )
    assert [r.unit for r in found.red] == ["Ankan"]
    assert [n.id for n in found.categories] == ["trafik"]
    assert found.support == []


@pytest.mark.parametrize(
    ("quarter", "rounds", "told", "gaps", "ahead"),
    [
        (2, ["2026-04", "2026-05"], ["2026-04", "2026-05"], [], "2026-06--07"),
        (2, ["2026-06--07"], [], ["2026-04", "2026-05"], "2026-06--07"),
        (3, ["2026-06--07", "2026-08"], ["2026-06--07", "2026-08"], ["2026-09"], None),
        (3, ["2026-08"], ["2026-08"], ["2026-06--07", "2026-09"], None),
        (3, ["2026-07", "2026-08"], ["2026-07", "2026-08"], ["2026-09"], None),
    ],
)
def test_joined_months_belong_to_the_quarter_they_end_in(
    quarter: int, rounds: list[str], told: list[str], gaps: list[str], ahead: str | None
) -> None:
    """June is named in the second quarter and told in the third; a real round goes before the
    setting."""
    found = compiled(
        *(month(key, said(1, "gron")) for key in rounds),
        quarter=Quarter(year=2026, number=quarter),
        joined=((6, 7),),
    )
    assert [m.period.key for m in found.months] == told
    assert [p.key for p in found.gaps] == gaps
    assert (found.ahead.key if found.ahead else None) == ahead


@given(
    st.dictionaries(
        st.sampled_from(["2026-05", "2026-06", "2026-07", "2026-08", "2026-09"]),
        st.tuples(st.booleans(), st.lists(st.none() | LEVELS, min_size=4, max_size=4)),
    ),
    st.randoms(),
)
def test_every_month_is_told_or_named_whatever_the_order(
    rounds: Mapping[str, tuple[bool, list[str | None]]], random: Random
) -> None:
    """No month of the quarter is lost, figures add up, and the order of the input is nothing."""
    made = [
        month(
            key,
            *(said(n, level, "nat") for n, level in enumerate(levels, start=1)),
            approved=approved,
        )
        for key, (approved, levels) in rounds.items()
    ]
    found = compiled(*made)
    told = [m.period.key for m in found.months]
    assert sorted([*told, *(p.key for p in found.gaps)]) == ["2026-07", "2026-08", "2026-09"]
    for figures in found.months:
        assert sum(figures.levels.values()) == figures.answered <= figures.expected == 4
    assert all(n.units <= 4 for n in found.categories)
    assert {p.key for red in found.red for p in red.periods} <= set(told)
    random.shuffle(made)
    assert compiled(*made) == found
    assert "HEMLIGT" not in repr(found)

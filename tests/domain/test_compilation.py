"""What leaves in each edition, and what no reader can find out."""

import time
from collections.abc import Mapping, Sequence
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.calendar import Period
from bot.domain.compilation import affected, compile_report, draft_summary
from bot.domain.cycle import Submission, SubmissionState
from bot.domain.people import Unit
from bot.domain.question import Choice, Question, QuestionKind, QuestionSet, Value
from bot.domain.report import Audience, Report, Tally

THIS, LAST, YEAR = "2026-10", "2026-09", "2025-10"
KEYS = ["2026-08", LAST, THIS]
STATES = list(SubmissionState)
K = 3


def _question(question_id: str, kind: QuestionKind, number: int, ids: str = "") -> Question:
    choices = [
        Choice(id=choice_id, key=str(n), label={"sv": choice_id})
        for n, choice_id in enumerate(ids.split(), start=1)
    ]
    return Question(id=question_id, kind=kind, number=number, text={"sv": "?"}, choices=choices)


ONE, MANY, TEXT = QuestionKind.ONE, QuestionKind.MANY, QuestionKind.TEXT
FORM = QuestionSet(
    id="monthly",
    questions=[
        _question("lage", ONE, 1, "gron gul rod inget"),
        _question("jamfort", ONE, 2, "battre samma samre vet_inte"),
        _question("nu", QuestionKind.GATE, 2, "ja nej"),
        _question("kategori", MANY, 3, "andts skadegorelse trafik nat"),
        _question("handelse", TEXT, 4),
        _question("hur_ofta", ONE, 4, "en nagra flera pagar"),
        _question("plats", QuestionKind.PLACE, 5, "hela_kommunen pa_natet annan"),
        _question("gjort", MANY, 6, "egen polis inget"),
        _question("stod", MANY, 7, "nej samsa bra"),
        _question("framat", TEXT, 8),
    ],
    places=["Djurås", "Mockfjärd"],
)


def _units(count: int) -> list[Unit]:
    return [Unit(id=n, name=f"Enhet {n}", board="BUN", place="Djurås") for n in range(1, count + 1)]


def _answers(**given_values: str) -> dict[str, Value]:
    """Write an answer as "choice choice | words"."""
    parts = {question: text.partition("|") for question, text in given_values.items()}
    return {q: Value(chosen=tuple(a.split()), text=b.strip()) for q, (a, _, b) in parts.items()}


def _sent(
    unit_id: int,
    answers: Mapping[str, Value] | None = None,
    state: SubmissionState = SubmissionState.SUBMITTED,
    *,
    internal: bool = False,
) -> Submission:
    return Submission(
        id=unit_id,
        cycle_id=1,
        unit_id=unit_id,
        state=state,
        answers=answers or {},
        internal=internal,
    )


def _compile(
    units: Sequence[Unit],
    submissions: Sequence[Submission],
    history: Mapping[str, Sequence[Submission]] | None = None,
    audience: Audience = Audience.BRA,
) -> Report:
    return compile_report(
        period=Period.of(2026, 10),
        audience=audience,
        number=1,
        rehearsal=False,
        municipality="Gagnef",
        units=units,
        submissions={s.unit_id: s for s in submissions},
        history={key: {s.unit_id: s for s in sent} for key, sent in (history or {}).items()},
        period_keys=KEYS,
        question_set=FORM,
        summary=["Lugnt."],
        last_year_key=YEAR,
        minimum=K,
    )


def _tally(report: Report, question: str) -> Tally:
    return next(tally for tally in report.tallies if tally.question == question)


def _counts(report: Report, question: str) -> dict[str, int]:
    return {count.id: count.units for count in _tally(report, question).counts}


def _all_naming(question: str, choices: str) -> list[Submission]:
    """Let unit n give the n-th word as its choice; `+` joins several."""
    return [
        _sent(n, {question: Value(chosen=tuple(words.split("+")))})
        for n, words in enumerate(choices.split(), start=1)
    ]


def test_the_bra_edition_has_every_figure_and_word() -> None:
    """Figures, remarks and wishes of a single unit stand in the BRÅ edition."""
    answers = _answers(
        lage="gul",
        jamfort="samre",
        kategori="trafik nat",
        handelse="| Körning vid torget",
        gjort="polis | Vi ringde",
        stod="samsa | Gärna snart",
        framat="| nej",
    )
    report = _compile(_units(1), [_sent(1, answers)])
    assert _counts(report, "kategori") == {"trafik": 1, "nat": 1}
    assert [(r.question, r.text) for r in report.remarks] == [
        ("handelse", "Körning vid torget"),
        ("gjort", "Vi ringde"),
    ]
    assert [(s.wishes, s.text) for s in report.support] == [(("samsa",), "Gärna snart")]
    line = report.lines[0]
    assert (line.level, line.trend, line.text) == ("gul", "samre", "Körning vid torget")


def test_the_samsa_edition_has_no_words_and_no_small_figures() -> None:
    """What one unit said keeps colour and trend only in the SAMSA edition."""
    answers = _answers(lage="rod", jamfort="samre", kategori="nat", handelse="| X", stod="bra | Y")
    report = _compile(_units(4), [_sent(1, answers)], audience=Audience.SAMSA)
    assert (report.lines[0].level, report.lines[0].trend) == ("rod", "samre")
    assert (report.lines[0].text, report.remarks, report.support) == ("", (), ())
    assert (_tally(report, "kategori").counts, _tally(report, "kategori").withheld) == ((), 1)


@pytest.mark.parametrize("audience", list(Audience))
def test_an_internal_answer_keeps_colour_and_trend_only(audience: Audience) -> None:
    """An answer marked internal enters no figure, remark or wish of either edition."""
    answers = _answers(lage="rod", jamfort="samre", kategori="nat", handelse="| X", stod="bra | Y")
    sent = [_sent(n, answers, internal=True) for n in range(1, 5)]
    report = _compile(_units(4), sent, audience=audience)
    assert report.levels["rod"] == 4
    assert [line.trend for line in report.lines] == ["samre"] * 4
    assert all(not tally.counts and not tally.withheld for tally in report.tallies)
    assert (report.lines[0].text, report.remarks, report.support) == ("", (), ())


def test_unchanged_does_not_lift_an_internal_mark() -> None:
    """An "oförändrat" after an internal answer is internal too, until a new answer is sent."""
    answers = _answers(lage="gul", kategori="nat", handelse="| X")
    history = {"2026-08": [_sent(1, answers, internal=True)], LAST: [_sent(1, state=STATES[0])]}
    unchanged = _compile(_units(1), [_sent(1, answers, SubmissionState.NO_CHANGE)], history)
    renewed = _compile(_units(1), [_sent(1, answers)], history)
    assert (unchanged.remarks, _counts(unchanged, "kategori")) == ((), {})
    assert (len(renewed.remarks), _counts(renewed, "kategori")) == (1, {"nat": 1})


@pytest.mark.parametrize(
    "text",
    [
        "internt: X",
        "  INTERNT: X",
        "*Internal*: X",
        "Lugnt.\ninternt: X",
        "_internt_ : X",
        "Internt – X",
    ],
)
def test_a_text_marked_internal_is_dropped_alone(text: str) -> None:
    """One text that begins with the mark is left out, while the other answers stay."""
    answers = {"handelse": Value(text=text)} | _answers(kategori="nat", framat="| Lov")
    report = _compile(_units(1), [_sent(1, answers)])
    assert [(r.question, r.text) for r in report.remarks] == [("framat", "Lov")]
    assert (report.lines[0].text, _counts(report, "kategori")) == ("", {"nat": 1})


def test_a_word_that_only_resembles_the_mark_stays() -> None:
    """A sentence about something internal is no mark."""
    report = _compile(_units(1), [_sent(1, _answers(handelse="| Internt möte hölls"))])
    assert [r.text for r in report.remarks] == ["Internt möte hölls"]


def test_a_place_in_free_words_counts_as_another_place() -> None:
    """Places are given at village level, so what was typed is counted but not shown."""
    report = _compile(_units(1), [_sent(1, _answers(plats="| bakom skolan"))])
    assert (_counts(report, "plats"), report.remarks) == ({"annan": 1}, ())


def test_a_draft_is_not_an_answer_and_does_not_show() -> None:
    """A draft looks like a unit that is awaited and none of its words leave."""
    draft = _sent(1, _answers(lage="rod", handelse="| X"), SubmissionState.DRAFT)
    report = _compile(_units(1), [draft])
    assert report.lines[0].state is SubmissionState.AWAITED
    assert (report.missing, report.remarks, report.levels["rod"]) == (("Enhet 1",), (), 0)
    assert report.lines[0].history == (None, None, "awaited")


def test_unchanged_has_the_trend_same() -> None:
    """The trend carried over with an unchanged answer is not told again."""
    sent = _sent(1, _answers(lage="gul", jamfort="samre"), SubmissionState.NO_CHANGE)
    assert _compile(_units(1), [sent]).lines[0].trend == "samma"


def test_levels_that_rose_and_sank_are_named_apart() -> None:
    """Green to yellow rises, red to yellow sinks, and a unit new to us does neither."""
    before = [_sent(1, _answers(lage="gron")), _sent(2, _answers(lage="rod"))]
    report = _compile(
        _units(3), [_sent(n, _answers(lage="gul")) for n in (1, 2, 3)], {LAST: before}
    )
    assert (report.rose, report.sank) == (("Enhet 1",), ("Enhet 2",))
    assert report.previous_levels == {"gron": 1, "gul": 0, "rod": 1, "inget": 0}
    assert report.lines[1].history == (None, "rod", "gul")


def test_comparisons_tell_unknown_from_nought() -> None:
    """A month nobody answered gives no figure; a month without that category gives nought."""
    report = _compile(
        _units(2), _all_naming("kategori", "nat nat"), {LAST: _all_naming("kategori", "trafik")}
    )
    found = {c.id: (c.units, c.last_month, c.last_year) for c in _tally(report, "kategori").counts}
    assert found == {"trafik": (0, 1, None), "nat": (2, 0, None)}


@pytest.mark.parametrize(
    ("named", "shown", "withheld"),
    [
        ("en en en nagra nagra nagra nagra", {"en": 3, "nagra": 4}, 0),
        ("en nagra nagra nagra flera flera flera flera", {"flera": 4}, 2),
        ("en en nagra flera flera flera", {"flera": 3}, 2),
        ("en nagra flera flera flera", {}, 3),
        ("en nagra nagra nagra nagra", {}, 2),
        ("en", {}, 1),
    ],
)
def test_subtraction_finds_no_withheld_figure(
    named: str, shown: dict[str, int], withheld: int
) -> None:
    """The next smallest figure goes too, until two figures and k units are hidden, or all."""
    sent = _all_naming("hur_ofta", named)
    report = _compile(_units(len(sent)), sent, audience=Audience.SAMSA)
    assert _counts(report, "hur_ofta") == shown
    assert _tally(report, "hur_ofta").withheld == withheld


def test_overlapping_answers_need_no_further_figure_withheld() -> None:
    """Where the figures shown account for every unit, subtraction gives nothing and they stay."""
    sent = _all_naming("kategori", "andts+trafik andts+trafik andts+trafik andts+nat")
    report = _compile(_units(4), sent, audience=Audience.SAMSA)
    assert _counts(report, "kategori") == {"andts": 4, "trafik": 3}


def test_two_months_beside_each_other_reveal_nobody() -> None:
    """Where all but one said "oförändrat", a changed figure would be that one's answer."""
    before = _all_naming("kategori", "nat nat nat nat trafik")
    same = [_sent(s.unit_id, s.answers, SubmissionState.NO_CHANGE) for s in before[:4]]
    changed = [*same, _sent(5, _answers(kategori="nat"))]
    units, history = _units(5), {LAST: before}
    assert _counts(_compile(units, changed, history, Audience.SAMSA), "kategori") == {}
    later = [_sent(s.unit_id, s.answers, SubmissionState.NO_CHANGE) for s in changed]
    history = {"2026-08": before, LAST: changed}
    assert _counts(_compile(units, later, history, Audience.SAMSA), "kategori") == {}
    renewed = _all_naming("kategori", "nat nat nat nat nat")
    count = _tally(_compile(units, renewed, history, Audience.SAMSA), "kategori").counts[0]
    assert (count.units, count.last_month) == (5, None)


def test_the_draft_has_at_most_five_points_made_of_the_edition() -> None:
    """The summary is drafted from levels, change, categories, who is missing and support."""
    sent = [_sent(1, _answers(lage="rod", kategori="nat", stod="bra"))]
    report = _compile(_units(2), sent, {LAST: [_sent(1, _answers(lage="gron"))]})
    points = {point.code: point.params for point in draft_summary(report)}
    assert list(points) == ["levels", "changed", "top_categories", "missing", "support"]
    assert points["levels"]["red"] == ["Enhet 1"]
    assert points["missing"]["missing"] == ("Enhet 2",)
    assert len(draft_summary(_compile([], []))) == 1


def test_units_that_differ_between_two_compilations_are_named() -> None:
    """A changed level or word names the unit, and nobody else."""
    old = _compile(_units(3), [_sent(1), _sent(2, _answers(framat="| Lov"))])
    new = _compile(_units(3), [_sent(1, _answers(lage="gul")), _sent(2, _answers(framat="| Fest"))])
    assert (affected(old, new), affected(old, old)) == (["Enhet 1", "Enhet 2"], [])


def test_the_columns_must_end_with_the_period() -> None:
    """Columns of another month are a defect of the caller."""
    with pytest.raises(ValueError, match="2026-10"):
        compile_report(
            period=Period.of(2026, 10),
            audience=Audience.BRA,
            number=1,
            rehearsal=False,
            municipality="Gagnef",
            units=[],
            submissions={},
            history={},
            period_keys=[LAST],
            question_set=FORM,
            summary=[],
        )


SECRET = "hemligt ord"


@st.composite
def _rounds(draw: st.DrawFn) -> tuple[list[Unit], dict[str, list[Submission]]]:
    """Draw some units and what each said in this month, the two before and a year ago."""
    size = draw(st.integers(min_value=0, max_value=8))
    counted = [q for q in FORM.questions if q.kind is not QuestionKind.GATE]
    rounds: dict[str, list[Submission]] = {}
    for key in (YEAR, *KEYS):
        rounds[key] = []
        for unit_id in range(1, size + 1):
            answers = {}
            for question in counted:
                ids = [c.id for c in FORM.choices_of(question)]
                most = 1 if question.kind is ONE else 2
                chosen = draw(st.lists(st.sampled_from(ids), max_size=most)) if ids else []
                answers[question.id] = Value(chosen=tuple(dict.fromkeys(chosen)), text=SECRET)
            state = draw(st.sampled_from([*STATES, *[SubmissionState.SUBMITTED] * 6]))
            internal = draw(st.sampled_from([False] * 5 + [True]))
            rounds[key].append(_sent(unit_id, answers, state, internal=internal))
    return _units(size), rounds


def _compile_rounds(
    units: Sequence[Unit], rounds: Mapping[str, Sequence[Submission]], audience: Audience
) -> Report:
    return _compile(units, rounds[THIS], {k: v for k, v in rounds.items() if k != THIS}, audience)


@settings(max_examples=60, deadline=None)
@given(_rounds())
def test_no_samsa_edition_exposes_few_units(
    drawn: tuple[list[Unit], dict[str, list[Submission]]],
) -> None:
    """Whatever was said, no small figure, no free word and no remainder can be read."""
    report = _compile_rounds(*drawn, Audience.SAMSA)
    full = _compile_rounds(*drawn, Audience.BRA)
    assert SECRET not in repr(report)
    for tally in report.tallies:
        for count in tally.counts:
            shown = (count.units, count.last_month, count.last_year)
            assert all(figure is None or figure >= K for figure in shown)
        assert len(tally.counts) + tally.withheld == sum(
            count.units > 0 for count in _tally(full, tally.question).counts
        )
    for column in ("units", "last_month", "last_year"):
        seen = {c.id for c in _tally(report, "hur_ofta").counts if getattr(c, column)}
        everything = _tally(full, "hur_ofta").counts
        rest = [getattr(c, column) for c in everything if c.id not in seen and getattr(c, column)]
        assert not rest or not seen or (len(rest) >= 2 and sum(rest) >= K)


@settings(max_examples=25, deadline=None)
@given(_rounds(), st.randoms(use_true_random=False), st.sampled_from(list(Audience)))
def test_the_order_of_what_comes_in_does_not_matter(
    drawn: tuple[list[Unit], dict[str, list[Submission]]],
    random: Random,
    audience: Audience,
) -> None:
    """The same answers in another order give the same report, to the letter."""
    units, rounds = drawn
    first = _compile_rounds(units, rounds, audience)
    shuffled = {key: random.sample(sent, len(sent)) for key, sent in reversed(rounds.items())}
    second = _compile_rounds(random.sample(units, len(units)), shuffled, audience)
    assert first.fingerprint() == second.fingerprint()


@settings(max_examples=25, deadline=None)
@given(_rounds())
def test_states_are_never_mixed(drawn: tuple[list[Unit], dict[str, list[Submission]]]) -> None:
    """Every active unit has answered, is missing, absent or unreachable, and only one of them."""
    report = _compile_rounds(*drawn, Audience.SAMSA)
    apart = [*report.missing, *report.absent, *report.unreachable]
    assert len(set(apart)) == len(apart)
    assert report.answered + len(apart) == report.expected == len(drawn[0])
    assert sum(report.levels.values()) <= report.answered


def test_inactive_units_are_not_expected() -> None:
    """A unit that no longer reports is neither missing nor counted."""
    gone = Unit(id=2, name="Nedlagd", board="BUN", place="Djurås", active=False)
    report = _compile([*_units(1), gone], [_sent(2, _answers(kategori="nat"))])
    assert (report.expected, report.missing, _counts(report, "kategori")) == (1, ("Enhet 1",), {})


def test_two_thousand_units_take_time_in_proportion() -> None:
    """Eight times the units over twelve months take far less than eight times eight as long."""

    def seconds(size: int) -> float:
        answers = _answers(lage="gul", kategori="nat trafik", plats="Djurås", gjort="egen | Ord")
        sent = {n: _sent(n, answers) for n in range(1, size + 1)}
        keys = [f"2026-{month:02}" for month in range(1, 11)]
        start = time.perf_counter()
        compile_report(
            period=Period.of(2026, 10),
            audience=Audience.SAMSA,
            number=1,
            rehearsal=False,
            municipality="Gagnef",
            units=_units(size),
            submissions=sent,
            history=dict.fromkeys(["2025-10", "2025-11", "2025-12", *keys[:-1]], sent),
            period_keys=["2025-11", "2025-12", *keys],
            question_set=FORM,
            summary=[],
            last_year_key=YEAR,
        )
        return time.perf_counter() - start

    small, large = min(seconds(250) for _ in range(3)), min(seconds(2000) for _ in range(2))
    assert large / small < 24

"""What a reply is read as: digits, words, notes, places, and what is refused."""

import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.errors import Invalid
from bot.domain.question import (
    Choice,
    Question,
    QuestionKind,
    QuestionSet,
    Value,
    fold,
    names,
    parse,
    plain,
)
from bot.questions import load_question_sets

QUESTIONS = Path(__file__).parents[2] / "templates" / "questions"
PLACES = ("Djurås", "Mockfjärd", "Dala-Floda", "Björbo", "Gagnef kyrkby")
MONTHLY = load_question_sets(QUESTIONS, PLACES)["monthly"]


def read(question: str, said: str) -> Value:
    """Read a reply to a question of the monthly set."""
    return parse(MONTHLY, MONTHLY.by_id[question], said)


def refused(question: str, said: str) -> Invalid:
    """Read a reply that does not fit and give the reason."""
    with pytest.raises(Invalid) as caught:
        read(question, said)
    return caught.value


@pytest.mark.parametrize(
    "said",
    [
        "1",
        " 1. ",
        "1)",
        "1️⃣",
        "１",  # the wide digit of an Asian keyboard
        "grönt",
        "GRÖNT!",
        "Gro\u0308nt",  # ö in two halves, as some phones send it
        "gront",
        "grön",
        "Grönt – som vanligt",
        "grönt som vanligt",
        "🟢",
        "🟢 Grönt",
        "1 1",
        "ett",
        "green",
        "gron",
        "1 :)",
    ],
)
def test_one_choice_by_any_of_its_names(said: str) -> None:
    """A digit, word, label, colour or keycap names the same choice, however it is spelt."""
    assert read("lage", said) == Value(chosen=("gron",))


@pytest.mark.parametrize(
    ("question", "said", "chosen"),
    [
        ("lage", "0", "inget"),
        ("lage", "inget att rapportera", "inget"),
        ("jamfort", "oförändrat", "samma"),
        ("jamfort", "vet ej", "vet_inte"),
        ("hur_ofta", "2", "nagra"),
        ("hur_ofta", "2-5", "nagra"),
        ("hur_ofta", "2–5 gånger", "nagra"),
        ("hur_ofta", "fler än 5", "flera"),
        ("hur_ofta", "1 gång", "en"),
        ("racker", "ja det räcker", None),
        ("racker", "räcker", "racker"),
        ("racker", "Berätta mer", "mer"),
        ("kort", "Skicka", "skicka"),
        ("kort", "lägg till", "mer"),
        ("kort", "ja", None),
    ],
)
def test_one_choice_by_word(question: str, said: str, chosen: str | None) -> None:
    """A word counts where it is clear; an unclear "ja" is asked about rather than sent."""
    if chosen is None:
        assert refused(question, said).code == "reply_unknown"
    else:
        assert read(question, said) == Value(chosen=(chosen,))


@pytest.mark.parametrize(
    "said",
    [
        "1 3",
        "1,3",
        "1, 3.",
        "1 och 3",
        "1 & 3",
        "1+3",
        "1/3",
        "1;3",
        "1\n3",
        "- 1\n- 3",
        "(1) (3)",
        "1️⃣ 3️⃣",
        "1 3 1",
        "1 - 3",
        "narkotika, våld",
        "droger och hot",
        "ALKOHOL SAMT mobbning",
        "Narkotika, alkohol, tobak, spel, Våld, hot, kränkningar, mobbning",
        "drugs and violence",
    ],
)
def test_many_choices_with_any_separator(said: str) -> None:
    """Digits and words may be parted by nearly anything, and a repeated one counts once."""
    assert read("kategori", said) == Value(chosen=("andts", "vald_hot"))


@pytest.mark.parametrize(
    ("said", "chosen"),
    [
        ("15", ("annat",)),
        ("1 5", ("andts", "stold_bedrageri")),
        ("hot mot personal", ("mot_verksamhet",)),
        ("våld i nära relation", ("nara_heder",)),
        ("a-traktor, nätet", ("trafik", "nat")),
        ("A traktor och klotter", ("trafik", "skadegorelse")),
        ("narkotika, trafik", ("andts", "trafik")),
        ("skadegorelse", ("skadegorelse",)),
    ],
)
def test_categories_by_word(said: str, chosen: tuple[str, ...]) -> None:
    """The longest name wins, so that "hot mot personal" is not "hot"."""
    assert read("kategori", said) == Value(chosen=chosen)


@pytest.mark.parametrize(
    ("question", "said", "code", "named"),
    [
        ("lage", "4", "reply_unknown", "4"),
        ("lage", "inte grönt", "reply_unknown", "inte grönt"),
        ("lage", "1 allt lugnt", "reply_unknown", "allt lugnt"),
        ("lage", "1, 2", "reply_too_many", None),
        ("lage", "1 🔴", "reply_too_many", None),
        ("lage", "  ", "reply_empty", None),
        ("lage", "13", "reply_unknown", "13"),
        ("kategori", "1, 99", "reply_unknown", "99"),
        ("kategori", "1-3", "reply_unknown", "1-3"),
        ("kategori", "narkotika i skolan", "reply_unknown", "i skolan"),
        ("kategori", "👍", "reply_unknown", "👍"),
        ("tid", "ibland", "reply_unknown", "ibland"),
        ("gjort", "99", "reply_unknown", "99"),
        ("gjort", "1, 17", "reply_unknown", "17"),
        ("gjort", "1 7", "reply_exclusive", None),
        ("stod", "nej, 3", "reply_exclusive", None),
        ("plats", "Storgatan 4", "reply_unknown", "Storgatan 4"),
        ("plats", "9", "reply_unknown", "9"),
        ("handelse", "...", "reply_empty", None),
        ("handelse", "x" * 601, "reply_too_long", None),
        ("gjort", "1 " + "x" * 601, "reply_too_long", None),
    ],
)
def test_refusals_name_what_was_not_understood(
    question: str, said: str, code: str, named: str | None
) -> None:
    """A reply that does not fit is refused by a code, with the part that was not understood."""
    problem = refused(question, said)
    assert (problem.code, problem.params.get("said")) == (code, named)


@pytest.mark.parametrize(
    ("question", "said", "value"),
    [
        (
            "gjort",
            "1 3 ringde polisen",
            Value(chosen=("egen_atgard", "polisanmalt"), text="ringde polisen"),
        ),
        (
            "gjort",
            "1 3 elever var inblandade",  # ambiguous: the review shows how it was read
            Value(chosen=("egen_atgard", "polisanmalt"), text="elever var inblandade"),
        ),
        ("gjort", "1 17 elever", Value(chosen=("egen_atgard",), text="17 elever")),
        ("gjort", "1 (två möten)", Value(chosen=("egen_atgard",), text="(två möten)")),
        ("gjort", "1 – fler vuxna ute", Value(chosen=("egen_atgard",), text="fler vuxna ute")),
        ("gjort", "1 och fler vuxna", Value(chosen=("egen_atgard",), text="fler vuxna")),
        ("gjort", "Fler vuxna ute", Value(text="Fler vuxna ute")),
        ("gjort", "inget ännu", Value(chosen=("inget_an",))),
        ("gjort", "polisanmälan", Value(chosen=("polisanmalt",))),
        ("stod", "nej", Value(chosen=("nej",))),
        ("stod", "ja", Value(chosen=("samordnaren",))),
        ("stod", "hjälp från polisen", Value(text="hjälp från polisen")),
        ("stod", "3, 4", Value(chosen=("samsa", "bra"))),
        ("stod", "samsa: trafiken", Value(chosen=("samsa",), text="trafiken")),
        ("stod", "nej, men tack", Value(chosen=("nej",), text="men tack")),
        ("plats", "mockfjard", Value(chosen=("Mockfjärd",))),
        ("plats", "DALA FLODA", Value(chosen=("Dala-Floda",))),
        ("plats", "Gagnef kyrkby", Value(chosen=("Gagnef kyrkby",))),
        ("plats", "4", Value(chosen=("Djurås",))),
        ("plats", "Björbo och Mockfjärd", Value(chosen=("Björbo", "Mockfjärd"))),
        ("plats", "annan: vid ån", Value(chosen=("annan",), text="vid ån")),
        ("plats", "Annan", Value(chosen=("annan",))),
        ("plats", "på nätet", Value(chosen=("pa_natet",))),
        ("plats", "Mockfjärd, vid skolan", Value(chosen=("Mockfjärd",), text="vid skolan")),
        ("framat", "nej", Value(chosen=("nej",))),
        ("framat", "Nej, inget.", Value(chosen=("nej",))),
        ("framat", "nej men rykten om fest", Value(text="nej men rykten om fest")),
        ("handelse", "nej", Value(text="nej")),
        ("handelse", "Bråk.\n\nOch mer bråk.", Value(text="Bråk.\n\nOch mer bråk.")),
        ("handelse", " 3 mopeder ", Value(text="3 mopeder")),
        ("handelse", "brak\x00 i o\u0308st", Value(text="brak i öst")),
        ("handelse", "x" * 600, Value(text="x" * 600)),
    ],
)
def test_notes_places_and_texts(question: str, said: str, value: Value) -> None:
    """A note follows the choices, a place has its name, and a text is kept as it was written."""
    assert read(question, said) == value


@pytest.mark.parametrize("question", [q.id for q in MONTHLY.questions])
def test_every_name_of_every_choice_is_read_back(question: str) -> None:
    """Whatever a choice may be called gives that choice and nothing else."""
    asked = MONTHLY.by_id[question]
    for choice in MONTHLY.choices_of(asked):
        for name in [*names(choice), *choice.words, *choice.label.values()]:
            assert parse(MONTHLY, asked, name).chosen == (choice.id,), name


@pytest.mark.parametrize("question", [q.id for q in MONTHLY.questions if q.example])
@pytest.mark.parametrize("language", ["sv", "en"])
def test_every_example_can_be_read(question: str, language: str) -> None:
    """The example shown with a question is itself a reply that fits."""
    asked = MONTHLY.by_id[question]
    assert parse(MONTHLY, asked, asked.example[language]) != Value()


@given(st.sets(st.integers(1, 15), min_size=1), st.sampled_from([" ", ",", ", ", " och ", "\n"]))
def test_all_sets_of_digits(keys: set[int], separator: str) -> None:
    """Any set of digits, however parted, gives just those categories."""
    by_key = {c.key: c.id for c in MONTHLY.by_id["kategori"].choices}
    said = separator.join(str(key) for key in keys)
    assert set(read("kategori", said).chosen) == {by_key[str(key)] for key in keys}


@given(st.sampled_from([q.id for q in MONTHLY.questions]), st.text(max_size=700))
def test_any_text_gives_a_value_or_a_refusal(question: str, said: str) -> None:
    """Nothing that can be typed makes the reading fail in another way than `Invalid`."""
    asked = MONTHLY.by_id[question]
    try:
        value = parse(MONTHLY, asked, said)
    except Invalid:
        return
    assert value != Value()
    assert set(value.chosen) <= {c.id for c in MONTHLY.choices_of(asked)}
    assert len(value.text) <= asked.max_length


@pytest.mark.parametrize(
    "huge", ["1 " * 30_000, "x" * 60_000, "a\u0301\u0316" * 20_000, "och " * 15_000, "\n" * 60_000]
)
@pytest.mark.parametrize("question", ["lage", "kategori", "handelse", "plats", "gjort", "racker"])
def test_a_huge_message_is_refused_at_once(huge: str, question: str) -> None:
    """Sixty thousand characters are refused without being searched."""
    began = time.perf_counter()
    assert refused(question, huge).code in ("reply_too_long", "reply_empty")
    assert time.perf_counter() - began < 0.2


def test_a_reply_of_the_greatest_length_is_read_quickly() -> None:
    """The longest reply that is read at all takes no time to speak of."""
    began = time.perf_counter()
    read("kategori", "1 " * 700)
    refused("kategori", "x " * 700)
    assert time.perf_counter() - began < 0.5


@given(st.text())
def test_folding_twice_changes_nothing(text: str) -> None:
    """What is folded and made plain once stays as it is."""
    assert plain(plain(text)) == plain(text)


def test_folding_makes_spellings_alike() -> None:
    """Case, dots, rings and marks at the ends do not part two spellings."""
    assert [fold(word) for word in ("HJÄLP!", "hjalp", "Hja\u0308lp?")] == ["hjalp"] * 3


def when(*ways: dict[str, Sequence[str]]) -> QuestionSet:
    """Build two questions, the second asked after these answers to the first."""
    choices = [Choice(id=c, key=c, label={"sv": c}) for c in ("a", "b")]
    first = Question(id="f", kind=QuestionKind.ONE, number=1, text={"sv": "?"}, choices=choices)
    second = Question(id="s", kind=QuestionKind.TEXT, number=2, text={"sv": "?"}, when=ways)
    return QuestionSet(id="x", questions=[first, second])


@pytest.mark.parametrize(
    ("form", "answer", "asked"),
    [
        (when(), Value(), True),
        (when({"f": ["a"]}), Value(chosen=("a",)), True),
        (when({"f": ["a"]}), Value(chosen=("b",)), False),
        (when({"f": ["a"]}), Value(), False),
        (when({"f": ["a", "-"]}), Value(), True),
        (when({"f": ["a"]}, {"f": ["b"]}), Value(chosen=("b",)), True),
    ],
)
def test_when(form: QuestionSet, answer: Value, asked: bool) -> None:
    """A question is put after the answers that its `when` lists, and "-" means skipped."""
    assert form.applies(form.questions[1], {"f": answer}) is asked


def test_an_answer_outlives_its_choice() -> None:
    """A place that has left the list since is still shown by its name."""
    plats = MONTHLY.by_id["plats"]
    shown = MONTHLY.chosen_of(plats, Value(chosen=("Mockfjärd", "Borta")))
    assert [choice.label["sv"] for choice in shown] == ["Mockfjärd", "Borta"]


def test_a_form_counts_its_numbers_not_its_questions() -> None:
    """Question 4 has two parts and a gate; the form still has eight questions."""
    assert (MONTHLY.count, len(MONTHLY.questions)) == (8, 12)

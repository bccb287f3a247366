"""Reading question sets: the two that are delivered, and every mistake a file can hold."""

from pathlib import Path

import pytest

from bot.domain.conversation import Word
from bot.domain.question import QuestionKind
from bot.questions import BadQuestionSet, load_question_sets

DELIVERED = Path(__file__).parents[1] / "templates" / "questions"
RESERVED = {"tillbaka": Word.BACK, "hjalp": Word.HELP, "skicka": Word.SUBMIT, "nej": Word.NO}

CATEGORIES = [
    *("andts", "skadegorelse", "vald_hot", "ordning", "stold_bedrageri", "trafik", "nat"),
    *("nara_heder", "extremism_hat", "unga_risk", "psykisk_ohalsa", "otrygg_plats"),
    *("mot_verksamhet", "rykten_oro", "annat"),
]

SOUND = """\
joiners = ["och"]

[[question]]
id = "lage"
kind = "one"
number = 1
text = { sv = "Läge?", en = "State?" }

[[question.choice]]
id = "gron"
key = "1"
label = { sv = "Grönt", en = "Green" }

[[question.choice]]
id = "rod"
key = "2"
label = { sv = "Rött", en = "Red" }

[[question]]
id = "port"
kind = "gate"
number = 1
when = [{ lage = ["gron"] }]
text = { sv = "Mer?", en = "More?" }

[[question.choice]]
id = "klart"
key = "1"
label = { sv = "Klart", en = "Done" }
goto = "$submit"

[[question.choice]]
id = "mer"
key = "2"
label = { sv = "Mer", en = "More" }

[[question]]
id = "plats"
kind = "place"
number = 2
text = { sv = "Var?", en = "Where?" }

[[question.choice]]
id = "annan"
key = "1"
label = { sv = "Annan", en = "Other" }

[[question]]
id = "text"
kind = "text"
number = 3
text = { sv = "Vad?", en = "What?" }
"""


def mistakes(folder: Path, source: str) -> list[str]:
    """Load a folder with this one file; give what is wrong with it, a sentence each."""
    (folder / "form.toml").write_text(source, encoding="utf-8")
    try:
        load_question_sets(folder, ["Ås", "Vik"], vocabulary=RESERVED)
    except BadQuestionSet as bad:
        return [str(mistake) for mistake in bad.mistakes]
    return []


def test_the_monthly_set_has_the_ids_that_figures_rest_on() -> None:
    """Ids and keys of the monthly questions are what reports and other months rely on."""
    monthly = load_question_sets(DELIVERED, ["Vik"], vocabulary=RESERVED)["monthly"]
    shown = {q.id: (q.number, q.kind.value, [c.id for c in q.choices]) for q in monthly.questions}
    assert shown == {
        "lage": (1, "one", ["gron", "gul", "rod", "inget"]),
        "jamfort": (2, "one", ["battre", "samma", "samre", "vet_inte"]),
        "kort": (2, "gate", ["skicka", "mer"]),
        "kategori": (3, "many", CATEGORIES),
        "handelse": (4, "text", []),
        "hur_ofta": (4, "one", ["en", "nagra", "flera", "pagar"]),
        "racker": (4, "gate", ["racker", "mer"]),
        "plats": (5, "place", ["hela_kommunen", "pa_natet", "annan"]),
        "tid": (5, "many", ["skoltid", "eftermiddag", "kvall", "natt", "helg"]),
        "gjort": (
            6,
            "many",
            [
                *("egen_atgard", "vardnadshavare", "polisanmalt", "orosanmalt", "felanmalt"),
                *("samverkan", "inget_an"),
            ],
        ),
        "stod": (7, "many", ["nej", "samordnaren", "samsa", "bra", "narvaro"]),
        "framat": (8, "text", ["nej"]),
    }
    assert [c.key for c in monthly.by_id["lage"].choices] == ["1", "2", "3", "0"]
    assert [c.key for c in monthly.by_id["kategori"].choices] == [str(n) for n in range(1, 16)]
    assert [q.id for q in monthly.questions if not q.optional] == ["lage"]
    assert [q.id for q in monthly.questions if q.with_note] == ["gjort", "stod"]
    assert monthly.by_id["handelse"].max_length == 600


def test_the_short_set_has_three_questions() -> None:
    """During unrest the state, what happened and the need of support are asked, no more."""
    unrest = load_question_sets(DELIVERED, [])["unrest"]
    assert [(q.id, q.kind) for q in unrest.questions] == [
        ("lage", QuestionKind.ONE),
        ("handelse", QuestionKind.TEXT),
        ("stod", QuestionKind.MANY),
    ]


@pytest.mark.parametrize("name", ["monthly", "unrest"])
def test_every_question_has_a_heading_and_every_answer_an_example(name: str) -> None:
    """Receipts name each question shortly, and the form in one message has an example a line."""
    for question in load_question_sets(DELIVERED, [])[name].questions:
        assert question.heading.keys() == {"sv", "en"}
        assert bool(question.example) is (question.kind is not QuestionKind.GATE)


def test_a_sound_file_is_read(tmp_path: Path) -> None:
    """The form that the mistakes below are made in has none itself."""
    assert mistakes(tmp_path, SOUND) == []
    form = load_question_sets(tmp_path, ["Ås"])["form"]
    assert (form.id, form.places, form.joiners) == ("form", ("Ås",), ("och",))
    assert [c.id for c in form.choices_of(form.by_id["plats"])] == ["annan", "Ås"]


TEXT = '{ sv = "Vad?", en = "What?" }'


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('kind = "one"', 'kind = "on"', 'form.toml:5: "on" is no kind of question'),
        ('kind = "one"\n', "", "form.toml:3: `kind` is missing"),
        ('id = "text"', 'id = "lage"', 'form.toml:49: the id "lage" is taken'),
        ('id = "text"', 'id = "$review"', 'form.toml:49: "$review" has a meaning of its own'),
        ('id = "rod"', 'id = "gron"', 'form.toml:15: the id "gron" stands for two choices'),
        ('id = "rod"\nkey = "2"', 'id = "rod"\nkey = "1"', 'form.toml:16: "1" means both'),
        ('sv = "Rött"', 'sv = "gront"', 'form.toml:14: "gront" means both "gron" and "rod"'),
        ('goto = "$submit"', 'goto = "slut"', 'form.toml:30: goto "slut" leads nowhere'),
        ('goto = "$submit"', 'goto = "lage"', 'form.toml:30: goto "lage" leads backwards'),
        (TEXT, TEXT + '\nwhen = [{ vad = ["x"] }]', '"vad", which does not exist'),
        ('lage = ["gron"]', 'plats = ["annan"]', "which is not asked before this one"),
        ('lage = ["gron"]', 'lage = ["bla"]', 'form.toml:23: `when` names "bla"'),
        (
            TEXT,
            TEXT + '\nwhen = [{ port = ["mer"] }]',
            'form.toml:53: `when` names the gate "port"',
        ),
        (TEXT, '{ sv = "Vad?" }', "form.toml:52: `text` has no text in en"),
        (TEXT, '{ sv = " ", en = "What?" }', "form.toml:52: `text` has no text in sv"),
        (TEXT, '"Vad?"', 'form.toml:52: `text` goes by language: write { sv = "…", en = "…" }'),
        ('label = { sv = "Annan", en = "Other" }', "", "form.toml:43: `label` has no text in sv"),
        ('sv = "Mer"', 'sv = "Tillbaka"', '"Tillbaka" is a reserved word'),
        (
            'key = "1"\nlabel = { sv = "Annan"',
            'key = "1"\nwords = ["hjälp"]\nlabel = { sv = "Annan"',
            'form.toml:46: "hjälp" is a reserved word',
        ),
        ('id = "annan"\nkey = "1"', 'id = "annan"\nkey = "9"', "form.toml:37: the keys of a place"),
        ('sv = "Annan"', 'sv = "Vik"', '"vik" means both "annan" and "Vik"'),
        ("number = 3", 'number = "3"', "form.toml:51: `number` must be a whole number"),
        ("number = 3", "number = 1", "form.toml:51: number 1 comes after 2"),
        ("number = 3", "nubmer = 3", "form.toml:51: `nubmer` is not a field here: did you mean"),
        ("number = 3", "number = 3\noptional = 1", "`optional` must be true or false"),
        ("number = 3", "number = 3\nmax_length = 0", "form.toml:52: max_length must be 1 or more"),
        ('joiners = ["och"]', 'joiners = "och"', "form.toml:1: `joiners` must be a list of texts"),
        ('[{ lage = ["gron"] }]', '{ lage = ["gron"] }', "form.toml:23: `when` must be a list"),
        ("number = 3", "number = ", "form.toml:51: the line cannot be read as TOML"),
        ('kind = "one"', 'kind = "gate"', "form.toml:5: a form cannot begin with a gate"),
        ('id = "gron"', 'id = "gron"\ngoto = "text"', "form.toml:11: only a gate has goto"),
    ],
)
def test_a_mistake_is_named_with_its_line_and_cure(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    """Each mistake is told by file, line and what to do about it."""
    assert SOUND.count(old) >= 1
    found = mistakes(tmp_path, SOUND.replace(old, new, 1))
    assert [line for line in found if said in line], found
    assert all(": " in line.removeprefix("form.toml") for line in found)


def test_a_question_that_no_answer_leads_to(tmp_path: Path) -> None:
    """When every way of a gate leads past a question, it is named."""
    source = SOUND.replace('when = [{ lage = ["gron"] }]\n', "").replace(
        'label = { sv = "Mer", en = "More" }',
        'label = { sv = "Mer", en = "More" }\ngoto = "text"',
    )
    assert mistakes(tmp_path, source) == [
        'form.toml:37: no answer leads to "plats": let a gate before it lead on'
    ]


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    """Two files with three mistakes give three lines, in order."""
    (tmp_path / "a.toml").write_text("", encoding="utf-8")
    source = SOUND.replace('kind = "one"', 'kind = "on"').replace(TEXT, '{ sv = "Vad?" }')
    found = mistakes(tmp_path, source)
    assert [line.split(" ")[0] for line in found] == ["a.toml:", "form.toml:5:", "form.toml:52:"]
    assert found[0] == "a.toml: no questions: add at least one [[question]]"


def test_other_mistakes_of_files(tmp_path: Path) -> None:
    """An empty folder and a file in another encoding are told in words too."""
    with pytest.raises(BadQuestionSet, match="no question sets here"):
        load_question_sets(tmp_path, [])
    (tmp_path / "form.toml").write_bytes(SOUND.encode("latin-1"))
    with pytest.raises(BadQuestionSet, match=r"form\.toml: the file is not UTF-8"):
        load_question_sets(tmp_path, [])


def test_another_language_is_asked_for_by_name(tmp_path: Path) -> None:
    """A language that is added to the bot is missed in every text until it is there."""
    (tmp_path / "form.toml").write_text(SOUND, encoding="utf-8")
    with pytest.raises(BadQuestionSet, match="has no text in fi") as caught:
        load_question_sets(tmp_path, [], languages=("sv", "en", "fi"))
    assert len(caught.value.mistakes) == 9

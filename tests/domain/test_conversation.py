"""The way through a form, message by message: `step` by example and by property."""

import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.domain.conversation import (
    REVIEW,
    Conversation,
    Outcome,
    Told,
    Word,
    begin,
    next_unanswered,
    prune,
    step,
)
from bot.domain.question import Question, QuestionKind, QuestionSet, Value, fold
from bot.questions import load_question_sets

WORDS = {
    fold(spelling): word
    for word, spellings in {
        Word.SKIP: ("hoppa över", "skip"),
        Word.BACK: ("tillbaka", "back"),
        Word.CANCEL: ("avbryt",),
        Word.LATER: ("senare", "fortsätt senare"),
        Word.HELP: ("hjälp", "help"),
        Word.SUBMIT: ("skicka", "send"),
        Word.CHANGE: ("ändra", "change"),
        Word.NO_CHANGE: ("oförändrat",),
        Word.NOTHING: ("inget att rapportera",),
        Word.YES: ("ja",),
        Word.NO: ("nej",),
    }.items()
    for spelling in spellings
}
FORMS = load_question_sets(
    Path(__file__).parents[2] / "templates" / "questions",
    ("Djurås", "Mockfjärd", "Dala-Floda"),
    vocabulary=WORDS,
)
MONTHLY = FORMS["monthly"]
UNREST = FORMS["unrest"]


def say(*messages: str, form: QuestionSet = MONTHLY) -> tuple[Conversation, Told]:
    """Begin a form and say these messages; give the place and what was told last."""
    return go(begin(1, 2, 3, form), *messages, form=form)


def go(
    conversation: Conversation, *messages: str, form: QuestionSet = MONTHLY
) -> tuple[Conversation, Told]:
    """Go on from a place in a form."""
    told = Told(outcome=Outcome.ASK)
    for message in messages:
        conversation, told = step(conversation, form, message, WORDS)
    return conversation, told


def chosen(conversation: Conversation) -> dict[str, object]:
    """Give each answer as its ids, or as its text where it has one."""
    return {q: v.text or " ".join(v.chosen) for q, v in conversation.answers.items()}


RED = ("3", "3", "6", "Mopeder på skolgården", "2")
"""As far as "Räcker så?"."""
WHOLE = (*RED, "mer", "mockfjärd", "2 3", "1 ringde", "3", "nej")


def test_twenty_seconds_when_all_is_normal() -> None:
    """Green, as last month, send: three messages, and the answers are these two."""
    place, told = say("1", "2", "skicka")
    assert told.outcome is Outcome.SUBMIT
    assert (place.at, chosen(place)) == (REVIEW, {"lage": "gron", "jamfort": "samma"})


def test_nothing_to_report_needs_no_comparison() -> None:
    """After 0 the gate comes at once, and two messages are enough."""
    place, told = say("0")
    assert (place.at, told.outcome) == ("kort", Outcome.ASK)
    assert go(place, "1")[1].outcome is Outcome.SUBMIT


@pytest.mark.parametrize(
    ("messages", "at"),
    [
        (("1",), "jamfort"),
        (("1", "1"), "kort"),
        (("1", "4"), "kort"),
        (("1", "hoppa över"), "kort"),
        (("1", "3"), "kategori"),
        (("2", "1"), "kategori"),
        (("1", "2", "mer"), "kategori"),
        (RED, "racker"),
        ((*RED, "räcker"), REVIEW),
        ((*RED, "2"), "plats"),
        ((*RED, "mer", "1"), "tid"),
        ((*RED, "mer", "annan: vid ån", "-"), "gjort"),
        (WHOLE, REVIEW),
    ],
)
def test_what_comes_next(messages: tuple[str, ...], at: str) -> None:
    """Each answer leads to the question that the routine's form has there."""
    assert say(*messages)[0].at == at


def test_the_whole_form() -> None:
    """A full report holds one answer a question, and neither gate."""
    assert chosen(say(*WHOLE)[0]) == {
        "lage": "rod",
        "jamfort": "samre",
        "kategori": "trafik",
        "handelse": "Mopeder på skolgården",
        "hur_ofta": "nagra",
        "plats": "Mockfjärd",
        "tid": "eftermiddag kvall",
        "gjort": "ringde",
        "stod": "samsa",
        "framat": "nej",
    }


@pytest.mark.parametrize(
    ("said", "at", "outcome", "answered"),
    [
        ("1\n2", "kort", Outcome.ASK, ["lage", "jamfort"]),
        ("1\r\n\r\n2\r\nskicka\r\n", REVIEW, Outcome.SUBMIT, ["lage", "jamfort"]),
        ("0\nskicka", REVIEW, Outcome.SUBMIT, ["lage"]),
        ("1\n2\nlägg till", "kategori", Outcome.ASK, ["lage", "jamfort"]),
        # A digit after green is a category: the gate is answered in words only.
        ("1\n2\n1", "handelse", Outcome.ASK, ["lage", "jamfort", "kategori"]),
        ("1\n2\n1️⃣", "handelse", Outcome.ASK, ["lage", "jamfort", "kategori"]),
        ("3\n-\n6", "handelse", Outcome.ASK, ["lage", "jamfort", "kategori"]),
        (
            "\n".join(RED),
            "racker",
            Outcome.ASK,
            ["lage", "jamfort", "kategori", "handelse", "hur_ofta"],
        ),
        (
            "\n".join((*RED, "räcker")),
            REVIEW,
            Outcome.REVIEW,
            ["lage", "jamfort", "kategori", "handelse", "hur_ofta"],
        ),
        (
            "\n".join((*RED, "räcker", "skicka")),
            REVIEW,
            Outcome.SUBMIT,
            ["lage", "jamfort", "kategori", "handelse", "hur_ofta"],
        ),
        (
            "\n".join((*RED, "skicka")),
            REVIEW,
            Outcome.REVIEW,
            ["lage", "jamfort", "kategori", "handelse", "hur_ofta"],
        ),
    ],
)
def test_one_answer_a_line(said: str, at: str, outcome: Outcome, answered: list[str]) -> None:
    """Several lines at the first question are as many answers, and a gate needs no line."""
    place, told = say(said)
    assert (place.at, told.outcome, list(told.answered)) == (at, outcome, answered)


def test_all_lines_give_what_all_messages_give() -> None:
    """The form in one message, without lines for gates, holds what ten messages hold."""
    lines = [message for message in WHOLE if message != "mer"]
    assert say("\n".join(lines))[0] == say(*WHOLE)[0]


@pytest.mark.parametrize("language", ["sv", "en"])
@pytest.mark.parametrize("form", FORMS.values(), ids=list(FORMS))
def test_the_example_form_can_be_copied(form: QuestionSet, language: str) -> None:
    """The examples of a form, one a line, are a whole report."""
    examples = [q.example[language] for q in form.questions if q.example]
    place, told = say("\n".join(examples), form=form)
    assert (place.at, told.outcome) == (REVIEW, Outcome.REVIEW)
    assert len(place.answers) == len(examples)


@pytest.mark.parametrize(
    ("said", "line", "code", "at"),
    [
        ("5\n2", 1, "reply_unknown", "lage"),
        ("-\n2", 1, "reply_required", "lage"),
        ("2\nkanske\n3", 2, "reply_unknown", "jamfort"),
        ("1\n2\nallt lugnt", 3, "reply_unknown", "kort"),
        ("1\n2\nskicka\ntack och hej", 4, "reply_too_many_lines", REVIEW),
        ("1\n" * 40, 14, "reply_too_many_lines", "lage"),
    ],
)
def test_the_line_that_does_not_fit_is_named(said: str, line: int, code: str, at: str) -> None:
    """What stands before a bad line is kept, and the person is at the question it missed."""
    place, told = say(said)
    assert told.outcome is Outcome.PROBLEM
    assert told.problem is not None
    assert (told.line, told.problem.code, place.at) == (line, code, at)


def test_several_lines_are_one_text_at_a_text_question() -> None:
    """Only at the first question do lines part answers."""
    place, _ = say("3", "3", "6", "Bråk i går.\n\nBråk i dag.")
    assert place.answers["handelse"] == Value(text="Bråk i går.\n\nBråk i dag.")


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        ("hjälp", Outcome.HELP),
        (" HJÄLP! ", Outcome.HELP),
        ("senare", Outcome.PAUSED),
        ("avbryt", Outcome.CANCELLED),
        ("oförändrat", Outcome.NO_CHANGE),
    ],
)
@pytest.mark.parametrize("messages", [(), ("3", "3", "6"), WHOLE])
def test_words_that_always_count(said: str, outcome: Outcome, messages: tuple[str, ...]) -> None:
    """Help, later, cancel and unchanged count at every place, and move nobody."""
    before = say(*messages)[0]
    assert go(before, said) == (before, Told(outcome=outcome))


@pytest.mark.parametrize(
    "said", ["hjälp från polisen", "tillbaka igen på torget", "avbryt festen", "hoppa över staket"]
)
def test_reserved_words_count_as_the_whole_message_only(said: str) -> None:
    """A sentence that begins with a reserved word is an answer."""
    place, _ = say("3", "3", "6", said)
    assert place.answers["handelse"].text == said


def test_nothing_to_report_counts_before_any_answer() -> None:
    """The phrase ends the form at its beginning; later on it is no such statement."""
    assert say("Inget att rapportera")[1].outcome is Outcome.NOTHING
    assert say("1", "inget att rapportera")[1].outcome is Outcome.PROBLEM


def test_unchanged_is_an_answer_to_the_comparison() -> None:
    """At "Jämfört med förra månaden?" the word means the choice and not the whole report."""
    place, told = say("1", "oförändrat")
    assert (place.at, told.outcome) == ("kort", Outcome.ASK)
    assert place.answers["jamfort"] == Value(chosen=("samma",))


def test_last_months_answers_are_sent_as_unchanged() -> None:
    """When they are shown, "oförändrat" again, "ja" and "skicka" all mean send."""
    shown = replace(say(*WHOLE)[0], unchanged=True)
    for said in ("oförändrat", "ja", "skicka"):
        assert go(shown, said) == (shown, Told(outcome=Outcome.SUBMIT))
    assert go(shown, "ändra 8")[0].unchanged is False
    assert go(shown, "tillbaka")[0].unchanged is False


@pytest.mark.parametrize("said", ["hoppa över", "-", "–", "Skip"])
def test_skipping(said: str) -> None:
    """A skipped question is answered with nothing; the first one and a gate cannot be skipped."""
    place, told = say("3", said)
    assert (place.at, place.answers["jamfort"], told.answered) == (
        "kategori",
        Value(),
        ("jamfort",),
    )
    for messages in ((), RED):
        before = say(*messages)[0]
        after, told = go(before, said)
        assert after == before
        assert told.problem is not None
        assert told.problem.code == "reply_required"


@pytest.mark.parametrize("messages", [("3",), ("3", "3"), ("3", "3", "6"), RED, (*RED, "mer")])
def test_send_half_way_shows_what_there_is(messages: tuple[str, ...]) -> None:
    """ "Skicka" is never the text of an event: it leads to the review, and from there on."""
    place, told = say(*messages, "skicka")
    assert (place.at, told.outcome) == (REVIEW, Outcome.REVIEW)
    assert place.answers == say(*messages)[0].answers
    assert go(place, "skicka")[1].outcome is Outcome.SUBMIT


def test_send_before_the_first_answer_is_no_answer() -> None:
    """Without a state of the unit there is nothing to send."""
    assert say("skicka")[1].outcome is Outcome.PROBLEM


@pytest.mark.parametrize(
    ("messages", "at"),
    [
        ((), "lage"),
        (("3",), "lage"),
        (("3", "3"), "jamfort"),
        (("1", "2"), "jamfort"),
        (("1", "2", "mer"), "kort"),
        ((*RED, "mer"), "racker"),
        (("1", "2", "skicka"), "kort"),
        ((*RED, "räcker"), "racker"),
        (WHOLE, "framat"),
        (("3", "3", "skicka"), "kategori"),
    ],
)
def test_back(messages: tuple[str, ...], at: str) -> None:
    """Back leads to the question or gate before, also from the review, and keeps the answers."""
    before = say(*messages)[0]
    place, told = go(before, "tillbaka")
    assert (place.at, told.outcome, place.answers) == (at, Outcome.ASK, before.answers)


@pytest.mark.parametrize(
    ("said", "at"),
    [
        ("ändra 1", "lage"),
        ("Ändra fråga 4", "handelse"),
        ("andra 5", "plats"),
        ("change 8", "framat"),
        ("4", "handelse"),
        ("ändra hur ofta", "hur_ofta"),
        ("Plats", "plats"),
        ("ändra tid", "tid"),
    ],
)
def test_change_names_a_question(said: str, at: str) -> None:
    """At the review a question is changed by number, heading or id."""
    place, told = go(say(*WHOLE)[0], said)
    assert (place.at, place.changing, told.outcome) == (at, True, Outcome.ASK)


@pytest.mark.parametrize(
    ("messages", "said", "code"),
    [
        (WHOLE, "ändra 9", "reply_no_question"),
        (WHOLE, "ändra 0", "reply_no_question"),
        (("0", "skicka"), "ändra 2", "reply_no_question"),
        (WHOLE, "ändra 1 och 2", "reply_at_review"),
        (WHOLE, "ändra allt", "reply_at_review"),
        (WHOLE, "det var 3 mopeder", "reply_at_review"),
        (WHOLE, "hoppa över", "reply_at_review"),
        (WHOLE, "", "reply_at_review"),
    ],
)
def test_at_the_review_the_rest_is_a_problem(
    messages: tuple[str, ...], said: str, code: str
) -> None:
    """What names no question that was asked is refused, and nobody moves."""
    before = say(*messages)[0]
    after, told = go(before, said)
    assert after == before
    assert told.problem is not None
    assert told.problem.code == code


@pytest.mark.parametrize("said", ["ändra", "nej"])
def test_change_alone_asks_which(said: str) -> None:
    """ "Ändra" asks for the question, and the number alone is then enough."""
    place, told = go(say(*WHOLE)[0], said)
    assert told.outcome is Outcome.WHICH
    assert go(place, "7")[0].at == "stod"


def test_a_change_leads_straight_back() -> None:
    """One answer is changed, the others stay, and the review comes again."""
    before = say(*WHOLE)[0]
    place, told = go(before, "ändra 7", "nej")
    assert (place.at, place.changing, told.outcome) == (REVIEW, False, Outcome.REVIEW)
    assert place.answers == {**before.answers, "stod": Value(chosen=("nej",))}


def test_a_number_with_two_questions_asks_both() -> None:
    """ "Ändra 4" asks what happened and how often, then the review."""
    place, _ = go(say(*RED, "räcker")[0], "ändra 4", "Lugnare nu")
    assert (place.at, place.changing) == ("hur_ofta", True)
    assert go(place, "tillbaka")[0].at == "handelse"
    place, told = go(place, "1")
    assert told.outcome is Outcome.REVIEW
    assert (place.answers["handelse"].text, place.answers["hur_ofta"].chosen) == (
        "Lugnare nu",
        ("en",),
    )


def test_back_from_a_change_leaves_all_as_it_was() -> None:
    """Whoever regrets a change is at the review again with the same answers."""
    before = say(*WHOLE)[0]
    assert go(before, "ändra 3", "tillbaka") == (before, Told(outcome=Outcome.REVIEW))


def test_green_changed_to_red_goes_on_asking() -> None:
    """New ground is followed up: 3, 4 and the gate come as if red had been said at once."""
    place, told = go(say("1", "2", "skicka")[0], "ändra 1", "3")
    assert (place.at, told.outcome, place.changing) == ("kategori", Outcome.ASK, False)
    assert go(place, "6", "Mopeder", "2", "räcker")[1].outcome is Outcome.REVIEW
    assert go(place, "6", "Mopeder", "2", "mer")[0].at == "plats"


def test_red_changed_to_green_keeps_what_was_told() -> None:
    """Nothing is asked again and nothing is lost: those answers still apply."""
    place, told = go(say(*WHOLE)[0], "ändra 1", "1")
    assert told.outcome is Outcome.REVIEW
    assert chosen(place)["framat"] == "nej"


def test_nothing_to_report_drops_the_comparison_and_back_asks_it() -> None:
    """An answer to a question that no longer applies is gone, and is asked when it does again."""
    place, told = go(say(*WHOLE)[0], "ändra 1", "0")
    assert told.outcome is Outcome.REVIEW
    assert "jamfort" not in place.answers
    place, _ = go(place, "ändra 1", "2")
    assert (place.at, place.changing) == ("jamfort", True)
    assert go(place, "2")[1].outcome is Outcome.REVIEW


def test_a_question_behind_a_closed_gate_is_asked_alone() -> None:
    """Whoever said "räcker" and then wants 6 is asked 6, not 5, 7 and 8."""
    place, told = go(say(*RED, "räcker")[0], "ändra 6", "fler vuxna ute")
    assert (place.at, told.outcome) == (REVIEW, Outcome.REVIEW)
    assert (place.answers["gjort"].text, place.answers["framat"]) == ("fler vuxna ute", Value())


def test_the_short_form_has_three_questions() -> None:
    """During unrest three messages and "skicka" are a report."""
    place, told = say("3", "Bråk vid torget", "2", form=UNREST)
    assert told.outcome is Outcome.REVIEW
    assert chosen(place) == {"lage": "rod", "handelse": "Bråk vid torget", "stod": "samordnaren"}
    assert chosen(say("1\nnej\nnej", form=UNREST)[0]) == {
        "lage": "gron",
        "handelse": "nej",
        "stod": "nej",
    }


def test_a_form_that_has_changed_underneath_goes_on() -> None:
    """Whoever stands at a question that is gone is asked the next one, and nothing is guessed."""
    gone = replace(say("3", "3")[0], at="borta")
    place, told = go(gone, "6")
    assert (place.at, told.outcome, place.answers) == ("kategori", Outcome.ASK, gone.answers)
    lost = replace(say(*WHOLE)[0], answers={})
    assert go(lost, "skicka")[0].at == "lage"


def test_every_answer_forgets_the_warning_of_the_one_before() -> None:
    """The personal-data warning is shown once a text, not once a form."""
    warned = replace(say("3", "3", "6")[0], warned=True)
    assert go(warned, "Bråk")[0].warned is False
    assert go(warned, "x" * 700)[0].warned is True


def test_an_empty_form_cannot_be_begun() -> None:
    """A form without questions is a defect of the file, and said as one."""
    with pytest.raises(ValueError, match="no questions"):
        begin(1, 2, 3, QuestionSet(id="x", questions=()))


@pytest.mark.parametrize("huge", ["x" * 60_000, "1\n" * 30_000, "ä" * 60_000, "1 2 " * 15_000])
@pytest.mark.parametrize("messages", [(), ("1", "2"), ("3", "3"), ("3", "3", "6"), RED, WHOLE])
def test_a_huge_message_is_a_problem_at_once(huge: str, messages: tuple[str, ...]) -> None:
    """Sixty thousand characters are refused quickly at every place, and nobody moves."""
    before = say(*messages)[0]
    began = time.perf_counter()
    after, told = go(before, huge)
    assert time.perf_counter() - began < 0.2
    assert (after, told.outcome) == (before, Outcome.PROBLEM)


REPLIES = st.sampled_from(
    [
        *("0", "1", "2", "3", "4", "1, 3", "nej", "mer", "räcker", "mockfjärd", "annan: vid ån"),
        *("Bråk vid torget", "hoppa över", "tillbaka", "skicka", "oförändrat", "ja", "-"),
        *("ändra 1", "ändra 2", "ändra 4", "ändra 5", "ändra 8", "ändra tid", "ändra", "99", ""),
        *("1\n2", "3\n3\n6\nBråk\n2", "0\nskicka", "hjälp", "senare"),
    ]
)
TALKS = st.lists(REPLIES | st.text(max_size=30), max_size=25)


@given(st.sampled_from(sorted(FORMS)), TALKS)
@settings(max_examples=300, deadline=None)
def test_a_talk_never_fails_and_never_keeps_a_stale_answer(name: str, talk: list[str]) -> None:
    """Whatever is said, the person is at a question that applies, and so is each answer kept."""
    form = FORMS[name]
    place = begin(1, 2, 3, form)
    for said in talk:
        before = place
        place, told = step(place, form, said, WORDS)
        assert place.at == REVIEW or form.applies(form.by_id[place.at], place.answers)
        assert dict(place.answers) == prune(form, place.answers)
        assert all(form.by_id[q].kind is not QuestionKind.GATE for q in place.answers)
        assert place.at != REVIEW or not place.changing
        if told.outcome is Outcome.SUBMIT:
            assert (place.at, place.answers["lage"] != Value()) == (REVIEW, True)
        if told.outcome is Outcome.PROBLEM and told.line is None:
            assert place == before


def reply_to(question: Question) -> str:
    """Give a reply that fits: the first choice, or a text."""
    return question.choices[0].key if question.kind is not QuestionKind.TEXT else "Bråk"


@given(st.sampled_from(sorted(FORMS)), TALKS)
@settings(deadline=None)
def test_the_review_is_always_within_reach(name: str, talk: list[str]) -> None:
    """From wherever a talk has led, one fitting reply after the other ends at the review."""
    form = FORMS[name]
    place, _ = go(begin(1, 2, 3, form), *talk, form=form)
    for _ in form.questions:
        if place.at != REVIEW:
            place, _ = step(place, form, reply_to(form.by_id[place.at]), WORDS)
    assert place.at == REVIEW
    assert step(place, form, "skicka", WORDS)[1].outcome is Outcome.SUBMIT


FITTING = st.sampled_from(
    ["0", "1", "2", "3", "1, 3", "mer", "räcker", "annan: vid ån", "-", "Bråk", "lägg till"]
)


@given(st.sampled_from(sorted(FORMS)), st.lists(FITTING, max_size=20))
@settings(max_examples=300, deadline=None)
def test_back_and_the_same_reply_again_change_nothing(name: str, talk: list[str]) -> None:
    """After any reply, "tillbaka" and the same reply give the same place and the same answers."""
    form = FORMS[name]
    place = begin(1, 2, 3, form)
    for said in talk:
        before = place
        if before.at == REVIEW:
            break
        place, told = step(before, form, said, WORDS)
        if told.outcome is Outcome.PROBLEM:
            continue
        again, _ = go(place, "tillbaka", said, form=form)
        assert again == place
        assert go(place, "tillbaka", form=form)[0].at == before.at


@example("0\r0")
@given(st.text(max_size=80).filter(lambda text: fold(text) not in WORDS))
def test_garbage_at_the_first_question_changes_nothing(said: str) -> None:
    """A text that is no answer leaves the person and the answers where they were."""
    before = begin(1, 2, 3, MONTHLY)
    after, told = step(before, MONTHLY, said, WORDS)
    # Of several lines those before the garbage may be answers: they count, and are told as such.
    assert (after == before) == (not told.answered)
    assert told.answered or told.outcome is Outcome.PROBLEM


def test_what_is_still_to_be_answered() -> None:
    """The first unanswered question is due; a gate nobody went through closes the form."""
    assert next_unanswered(MONTHLY, {}) is MONTHLY.by_id["lage"]
    assert next_unanswered(MONTHLY, say("3", "3")[0].answers) is MONTHLY.by_id["kategori"]
    assert next_unanswered(MONTHLY, say("1", "2")[0].answers) is None
    assert next_unanswered(MONTHLY, say(*WHOLE)[0].answers) is None

"""A short run of `make hostile`: every poison written by hand, and few drawn ones."""

from collections.abc import Sequence

from tests.live.hostile import SEED, hostile
from tests.live.hostile_examples import examples
from tests.live.hostile_poison import BACK, FRONT, Family, Poison, Where, put, words
from tests.live.hostile_strategies import drawn

DRAWN = 60
PATIENCE = 15.0
"""Seconds for an answer: tests run beside each other here, and only `make hostile` measures."""


async def test_the_bot_withstands_every_poison_and_loses_no_question() -> None:
    """It stays up, answers every question once, logs no error, and its data opens again."""
    outcome = await hostile(DRAWN, patience=PATIENCE)
    assert outcome.faults == []
    assert (outcome.down, outcome.lost) == (0, 0)
    assert outcome.poisons >= DRAWN + len(examples())
    given = [*examples(), *drawn(DRAWN, SEED)]
    assert outcome.claims == sum(poison.where is Where.CLAIM for poison in given)


def test_the_same_seed_draws_the_same_poisons_from_every_family() -> None:
    """A poison that was found can be found again; each one is drawn once."""
    first, again = drawn(60, 7), drawn(60, 7)
    assert first == again
    assert len({repr(poison) for poison in first}) == 60
    assert [_count(first, family) for family in Family] == [15, 15, 15, 15]


def test_examples_have_names_of_their_own() -> None:
    """A fault tells exactly one poison."""
    names = [poison.name for poison in examples()]
    assert len(set(names)) == len(names)


def test_a_poison_is_put_where_it_belongs_and_leaves_the_rest() -> None:
    """What stands in the way is replaced; lists grow at the end asked for."""
    answer = {"next_batch": "s1", "list": [1], "rooms": []}
    answer = put(answer, ("list", BACK), 2)
    answer = put(answer, ("list", FRONT), 0)
    answer = put(answer, ("rooms", "join", "!a"), {})
    assert answer == {"next_batch": "s1", "list": [0, 1, 2], "rooms": {"join": {"!a": {}}}}


def test_words_become_what_they_mean() -> None:
    """Accounts and depths are put in last, as text."""
    text = words('{"@@bot@@": "@@deep@@"}', {"@@bot@@": "@bot:bra.test"})
    assert text.startswith('{"@bot:bra.test": [[[')
    assert text.count("[") == text.count("]") == 900


def _count(poisons: Sequence[Poison], family: Family) -> int:
    return sum(poison.family is family for poison in poisons)

"""Answers that anybody may have had a hand in: read all the same, or not at all."""

import json

from hypothesis import given
from hypothesis import strategies as st

from bot.platforms.matrix.lenient import is_text, items, objects, read_json, section, text, texts

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def test_a_number_of_thousands_of_digits_costs_only_itself() -> None:
    """The rest of the answer is read; Python alone refuses the whole."""
    answer = read_json(b'{"a": ' + b"9" * 5000 + b', "next_batch": "s1"}')
    assert answer is not None
    assert answer["next_batch"] == "s1"


def test_nesting_without_end_becomes_null() -> None:
    """What stands before and after it is read, brackets in quotes included."""
    deep = b"[" * 30_000 + b'"]"' + b"]" * 30_000
    answer = read_json(b'{"a": {"x": ' + deep + rb', "y": "[\"["}, "next_batch": "s1"}')
    assert answer is not None
    assert (answer["next_batch"], section(answer, "a")["y"]) == ("s1", '["[')


def test_what_is_no_object_is_nothing() -> None:
    """Lists, text, and what is no JSON at all."""
    assert [read_json(raw) for raw in (b"", b"[]", b'"a"', b"<html>", b"\xff", b"{")] == [None] * 6


@given(st.dictionaries(st.text(), JSON, max_size=5))
def test_every_object_is_read_as_it_is(value: dict[str, object]) -> None:
    """Nothing sound is changed."""
    assert read_json(json.dumps(value).encode()) == value


@given(JSON)
def test_any_shape_gives_the_right_one_or_nothing(value: object) -> None:
    """Whatever stands where an object, a list or a text should be."""
    holder = {"it": value}
    assert all(is_text(key) for key, _ in items(value))
    assert all(isinstance(item, dict) for item in objects(value))
    assert all(is_text(item) for item in texts(value))
    assert is_text(text(holder, "it"))
    assert isinstance(section(holder, "it"), dict)

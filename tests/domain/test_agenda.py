"""Agenda items and notes as values."""

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.agenda import AgendaItem, Note, NoteKind, in_order

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
ITEM = AgendaItem(id=4, meeting_id=1, text="Torget", by_person=1, at=NOW)


def test_items_and_notes_have_short_ids() -> None:
    """What people type in a list: d4 and n5."""
    note = Note(id=5, meeting_id=1, kind=NoteKind.REMARK, text="x", by_person=1, at=NOW)
    assert (ITEM.short_id, note.short_id) == ("d4", "n5")


def test_what_is_withdrawn_stands_on_no_agenda() -> None:
    """It stays stored, and is not shown."""
    assert in_order([replace(ITEM, withdrawn=True)]) == []


@given(st.permutations(range(1, 6)))
def test_items_stand_by_position_and_then_by_age(positions: list[int]) -> None:
    """However they were stored, the lowest position comes first; equal ones by id."""
    items = [replace(ITEM, id=10 - p, position=p) for p in positions]
    assert [i.position for i in in_order(items)] == [1, 2, 3, 4, 5]
    same = [replace(item, position=1) for item in items]
    assert [i.id for i in in_order(same)] == sorted(i.id for i in items)

"""How an order to begin a time of unrest is read: level, end, area and reason, in any order."""

from contextlib import suppress
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.dates import DateProblem
from bot.domain.errors import Invalid
from bot.domain.people import Unit
from bot.domain.unrest import Mode
from bot.domain.unrest_order import Order, read_end, read_order

UNITS = [
    Unit(id=1, name="Björbo skola", board="BUN", place="Björbo"),
    Unit(id=2, name="Socialtjänsten, barn och unga", board="SN", place="Djurås"),
    Unit(id=3, name="Fritidsgården", board="KFN", place="Björbo"),
]
NOW = datetime(2026, 11, 10, 10, 0, tzinfo=ZoneInfo("Europe/Stockholm"))


def order(text: str) -> Order:
    """Read an order in the test's municipality."""
    return read_order(text, units=UNITS, municipality="Exempelby kommun", now=NOW)


@pytest.mark.parametrize(
    "text",
    [
        "förhöjd till 20 november; Björbo; bråk vid skolan",
        "förhöjt läge t.o.m. fredag 20 november 2026; i björbo; bråk vid skolan",
        "Björbo; bråk vid skolan; förhöjd till fredag 20/11",
        "bråk vid skolan; Björbo; 2026-11-20; förhöjd",
        "elevated to 20 November; Björbo; bråk vid skolan",
    ],
)
def test_the_fields_may_stand_in_any_order(text: str) -> None:
    """Level, end, area and reason are told apart by what they are."""
    found = order(text)
    assert (found.mode, found.last_day) == (Mode.ELEVATED, date(2026, 11, 20))
    assert (found.area, found.reason) == ("Björbo", "bråk vid skolan")
    assert [unit.id for unit in found.units] == [1, 3]
    assert order(found.words) == found, "what is read back can be read again"


@pytest.mark.parametrize(
    ("where", "area", "ids"),
    [
        ("e1, e3", "", [1, 3]),
        ("Fritidsgården och Björbo skola", "", [3, 1]),
        ("Socialtjänsten, barn och unga", "", [2]),
        ("e2", "", [2]),
        ("frit", "", [3]),
        ("hela kommunen", "Exempelby kommun", [1, 2, 3]),
        ("Exempelby kommun", "Exempelby kommun", [1, 2, 3]),
        ("DJURÅS", "Djurås", [2]),
    ],
)
def test_an_area_is_a_place_units_or_the_whole_municipality(
    where: str, area: str, ids: list[int]
) -> None:
    """Units that are named have no area; a place stands for the units there."""
    found = order(f"hög till 12 november; {where}; oro; och mer oro")
    assert (found.area, [unit.id for unit in found.units]) == (area, ids)
    assert found.reason == "oro; och mer oro"
    assert order(found.words) == found


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("", "mode"),
        ("till 12 november; Björbo; oro", "mode"),
        ("hög till 12 november; förhöjd; Björbo; oro", "mode"),
        ("hög; Björbo; oro", "end"),
        ("hög till 12 november; till 13 november; Björbo; oro", "end"),
        ("hög till 12 november", "area"),
        ("hög till 12 november; bråk", "area"),
        ("hög till 12 november; Björbo", "reason"),
    ],
)
def test_what_is_missing_or_said_twice_is_named(text: str, missing: str) -> None:
    """The refusal tells which part it is about."""
    with pytest.raises(Invalid) as refused:
        order(text)
    assert (refused.value.code, refused.value.params) == ("unrest_form", {"missing": missing})


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("hög till 25 november; Björbo; oro", "unrest_too_long"),
        ("hög till torsdag 13 november; Björbo; oro", "contradiction"),
        ("hög till nån gång; Björbo; oro", "not_understood"),
        ("hög till 12 november; Atlantis; oro", "unrest_area"),
        ("hög till 12 november; e1, e9; oro", "unrest_area"),
        (f"hög till 12 november; Björbo; {'o' * 301}", "too_long"),
    ],
)
def test_what_cannot_be_is_refused(text: str, code: str) -> None:
    """Ends too far away or contradictory, unknown places and essays."""
    with pytest.raises(Invalid) as refused:
        order(text)
    assert refused.value.code == code


def test_an_end_is_read_with_or_without_its_word() -> None:
    """ "till 20 november" and "20 november" are the same day; a word that is no day is refused."""
    assert read_end("till 20 november", now=NOW) == read_end("20 november", now=NOW)
    with pytest.raises(DateProblem):
        read_end("", now=NOW)


@given(st.text(max_size=60))
def test_reading_never_fails_otherwise(text: str) -> None:
    """Whatever is written gives an order or a refusal, never a defect."""
    with suppress(Invalid):
        order(f"hög till 12 november; {text}")

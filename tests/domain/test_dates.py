"""What people write about dates, phrase by phrase, read on Thursday 8 October 2026 at 10.30."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.domain.dates import DateFault, DateProblem, DateRange, Moment, parse_moment, parse_range
from bot.domain.errors import DomainError

NOW = datetime(2026, 10, 8, 10, 30, tzinfo=ZoneInfo("Europe/Stockholm"))


@pytest.mark.parametrize(
    ("text", "day", "at"),
    [
        ("idag kl 14", "2026-10-08", "14:00"),
        ("i dag 14.00", "2026-10-08", "14:00"),
        ("kl 14", "2026-10-08", "14:00"),
        ("kl. 14.30", "2026-10-08", "14:30"),
        ("klockan 14", "2026-10-08", "14:00"),
        ("14:00", "2026-10-08", "14:00"),
        ("imorgon", "2026-10-09", None),
        ("I morgon kl. 9", "2026-10-09", "09:00"),
        ("imorgon fredag kl14.15", "2026-10-09", "14:15"),
        ("i övermorgon", "2026-10-10", None),
        ("i overmorgon", "2026-10-10", None),
        ("övermorgon 08:00", "2026-10-10", "08:00"),
        ("fredag", "2026-10-09", None),
        ("på tisdag", "2026-10-13", None),
        ("nästa tisdag 14:00", "2026-10-13", "14:00"),
        ("kommande tisdag", "2026-10-13", None),
        ("nasta lordag", "2026-10-10", None),
        ("LÖRDAG", "2026-10-10", None),
        ("so\u0308ndag", "2026-10-11", None),  # ö written as two characters
        ("torsdag", "2026-10-15", None),  # today is a Thursday: the next one is meant
        ("tors 9.00", "2026-10-15", "09:00"),
        ("tisdag nästa vecka", "2026-10-13", None),
        ("fredag denna vecka", "2026-10-09", None),
        ("fredag nästa vecka kl 13", "2026-10-16", "13:00"),
        ("tisdag v 26", "2027-06-29", None),
        ("tisdag v. 45 kl 13", "2026-11-03", "13:00"),
        ("v45 tisdag", "2026-11-03", None),
        ("måndag vecka 53", "2026-12-28", None),
        ("fredag v 53", "2027-01-01", None),
        ("12 juni", "2027-06-12", None),
        ("12 juni 14:00", "2027-06-12", "14:00"),
        ("lördag 12 juni kl 14", "2027-06-12", "14:00"),
        ("den 12:e juni", "2027-06-12", None),
        ("1:a december", "2026-12-01", None),
        ("8 oktober", "2026-10-08", None),
        ("7 oktober", "2027-10-07", None),
        ("12 dec", "2026-12-12", None),
        ("12/6", "2027-06-12", None),
        ("12/11 14.00", "2026-11-12", "14:00"),
        ("torsdagen den 12/11, kl. 14.00", "2026-11-12", "14:00"),
        ("kl 14 torsdag 12/11", "2026-11-12", "14:00"),
        ("12/11 2027", "2027-11-12", None),
        ("29 februari 2028", "2028-02-29", None),
        ("2026-11-12", "2026-11-12", None),
        ("2026-11-12 14:00", "2026-11-12", "14:00"),
        ("2026-11-12T14:00", "2026-11-12", "14:00"),
        ("onsdag 4 november 2026 kl. 13.00 (v. 45)", "2026-11-04", "13:00"),
        ("fredag 1 januari 2027 (v. 53)", "2027-01-01", None),
        ("next tuesday at 14", "2026-10-13", "14:00"),
        ("tomorrow 14:00", "2026-10-09", "14:00"),
        ("June 12", "2027-06-12", None),
        ("12th june 2027", "2027-06-12", None),
    ],
)
def test_moment(text: str, day: str, at: str | None) -> None:
    """A phrase gives the day, and the time where one was written."""
    expected = Moment(day=date.fromisoformat(day), at=time.fromisoformat(at) if at else None)
    assert parse_moment(text, now=NOW) == expected


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", DateFault.NOT_UNDERSTOOD),
        ("   ", DateFault.NOT_UNDERSTOOD),
        ("snart", DateFault.NOT_UNDERSTOOD),
        ("tisdag 14", DateFault.NOT_UNDERSTOOD),  # the 14th, or 14.00?
        ("12 juni 14", DateFault.NOT_UNDERSTOOD),
        ("12.6.2027", DateFault.NOT_UNDERSTOOD),
        ("12/6/2027", DateFault.NOT_UNDERSTOOD),
        ("i fredags", DateFault.NOT_UNDERSTOOD),
        ("förra tisdagen", DateFault.NOT_UNDERSTOOD),
        ("imorgonkväll", DateFault.NOT_UNDERSTOOD),
        ("kl 14-16", DateFault.NOT_UNDERSTOOD),
        ("12 juni till 14 juni", DateFault.NOT_UNDERSTOOD),
        ("från tisdag", DateFault.NOT_UNDERSTOOD),
        ("tisdag 2027", DateFault.NOT_UNDERSTOOD),
        ("tisdag juni", DateFault.NOT_UNDERSTOOD),
        ("jul", DateFault.NOT_UNDERSTOOD),
        ("torsdag 13 november", DateFault.CONTRADICTION),  # a Friday
        ("torsdag 12/11 v 45", DateFault.CONTRADICTION),  # week 46
        ("imorgon lördag", DateFault.CONTRADICTION),
        ("måndag tisdag", DateFault.CONTRADICTION),
        ("kl 14 15:00", DateFault.CONTRADICTION),
        ("idag 10:30", DateFault.PAST),
        ("kl 9", DateFault.PAST),
        ("8 oktober kl 9", DateFault.PAST),
        ("2026-10-07", DateFault.PAST),
        ("tisdag v 41 2026", DateFault.PAST),
        ("12 juni 2112", DateFault.TOO_FAR),
        ("31 juni", DateFault.NO_SUCH_DATE),
        ("29 februari", DateFault.NO_SUCH_DATE),
        ("12/13", DateFault.NO_SUCH_DATE),
        ("2026-02-30", DateFault.NO_SUCH_DATE),
        ("måndag v 54", DateFault.NO_SUCH_DATE),
        ("imorgon 25:00", DateFault.NO_SUCH_TIME),
        ("imorgon 14.75", DateFault.NO_SUCH_TIME),
        ("v 45", DateFault.WHICH_DAY),
        ("juni", DateFault.WHICH_DAY),
        ("nästa vecka kl 14", DateFault.WHICH_DAY),
    ],
)
def test_refused_moment(text: str, code: DateFault) -> None:
    """What gives no one day to come is refused, and never guessed."""
    with pytest.raises(DateProblem) as problem:
        parse_moment(text, now=NOW)
    assert problem.value.code == code
    assert problem.value.params["text"] == text.strip()


def test_contradiction_tells_what_disagrees() -> None:
    """The refusal of a Thursday that is a Friday carries the date and the weekday that was said."""
    with pytest.raises(DateProblem) as problem:
        parse_moment("torsdag 13 november", now=NOW)
    expected = {"text": "torsdag 13 november", "day": date(2026, 11, 13), "weekday": 4}
    assert problem.value.params == expected


def test_problem_belongs_to_both_trees() -> None:
    """A date problem is answered as something a person caused, and is a ValueError to code."""
    assert issubclass(DateProblem, DomainError)
    assert issubclass(DateProblem, ValueError)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("1–26 juli", "2027-07-01", "2027-07-26"),
        ("1-26 juli", "2027-07-01", "2027-07-26"),
        ("1 — 26 juli 2028", "2028-07-01", "2028-07-26"),
        ("den 1:a till den 26:e juli", "2027-07-01", "2027-07-26"),
        ("1-26/7", "2027-07-01", "2027-07-26"),
        ("1/7-26/7", "2027-07-01", "2027-07-26"),
        ("1 juli – 3 augusti", "2027-07-01", "2027-08-03"),
        ("från 1 juli t.o.m. 3 augusti", "2027-07-01", "2027-08-03"),
        ("fr o m 1 juli t o m 3 augusti", "2027-07-01", "2027-08-03"),
        ("1 juli - 3 augusti 2028", "2028-07-01", "2028-08-03"),
        ("28 december – 4 januari", "2026-12-28", "2027-01-04"),
        ("28 december – 4 januari 2028", "2027-12-28", "2028-01-04"),
        ("1–26 oktober", "2026-10-01", "2026-10-26"),  # begun already
        ("28 september – 9 oktober", "2026-09-28", "2026-10-09"),
        ("1–7 oktober", "2027-10-01", "2027-10-07"),
        ("5 oktober till fredag", "2026-10-05", "2026-10-09"),
        ("idag till fredag", "2026-10-08", "2026-10-09"),
        ("till fredag", "2026-10-08", "2026-10-09"),
        ("idag – 16 oktober", "2026-10-08", "2026-10-16"),
        ("imorgon till måndag", "2026-10-09", "2026-10-12"),
        ("måndag till fredag", "2026-10-12", "2026-10-16"),
        ("mån-fre", "2026-10-12", "2026-10-16"),
        ("fredag till tisdag", "2026-10-09", "2026-10-13"),
        ("måndag till fredag v 29", "2027-07-19", "2027-07-23"),
        ("måndag v 29 till fredag v 31", "2027-07-19", "2027-08-06"),
        ("fredag till 3 november", "2026-10-09", "2026-11-03"),
        ("vecka 29", "2027-07-19", "2027-07-25"),
        ("v. 41", "2026-10-05", "2026-10-11"),  # the week that is going on
        ("v 29-31", "2027-07-19", "2027-08-08"),
        ("v. 29–v. 31", "2027-07-19", "2027-08-08"),
        ("vecka 52 till 1", "2026-12-21", "2027-01-10"),
        ("nästa vecka", "2026-10-12", "2026-10-18"),
        ("juli", "2027-07-01", "2027-07-31"),
        ("juni-augusti", "2027-06-01", "2027-08-31"),
        ("12 juni", "2027-06-12", "2027-06-12"),
        ("imorgon", "2026-10-09", "2026-10-09"),
        ("2027-07-01 – 2027-07-26", "2027-07-01", "2027-07-26"),
        ("2027-07-01--2027-07-26", "2027-07-01", "2027-07-26"),
        ("2026-12-28 till 4 januari", "2026-12-28", "2027-01-04"),
        ("today to friday", "2026-10-08", "2026-10-09"),
        ("week 29", "2027-07-19", "2027-07-25"),
    ],
)
def test_range(text: str, first: str, last: str) -> None:
    """A phrase gives the first and last day, both included."""
    expected = DateRange(first=date.fromisoformat(first), last=date.fromisoformat(last))
    assert parse_range(text, now=NOW) == expected


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", DateFault.NOT_UNDERSTOOD),
        ("1-26", DateFault.NOT_UNDERSTOOD),
        ("fredag -", DateFault.NOT_UNDERSTOOD),
        ("1.07-26.07", DateFault.NOT_UNDERSTOOD),  # reads as times
        ("1 juli – 2 juli – 3 juli", DateFault.NOT_UNDERSTOOD),
        ("idag kl 12 till fredag", DateFault.NOT_UNDERSTOOD),
        ("semester", DateFault.NOT_UNDERSTOOD),
        ("från fredag", DateFault.WHICH_END),
        ("fr.o.m. 1 juli", DateFault.WHICH_END),
        ("26–1 juli", DateFault.BACKWARDS),
        ("v 31-29", DateFault.BACKWARDS),
        ("3 augusti – 1 juli", DateFault.BACKWARDS),
        ("2027-07-26 – 2027-07-01", DateFault.BACKWARDS),
        ("1–7 oktober 2026", DateFault.PAST),
        ("1 oktober till fredag", DateFault.PAST),  # Friday 2 October
        ("2026-07-01 – 26 juli", DateFault.PAST),
        ("1–31 juni", DateFault.NO_SUCH_DATE),
        ("v 52-54", DateFault.NO_SUCH_DATE),
        ("torsdag 13 november – 20 november", DateFault.CONTRADICTION),
        ("1–26 juli 2112", DateFault.TOO_FAR),
    ],
)
def test_refused_range(text: str, code: DateFault) -> None:
    """A stretch without an end, the wrong way round, over or impossible is refused."""
    with pytest.raises(DateProblem) as problem:
        parse_range(text, now=NOW)
    assert problem.value.code == code


@given(ahead=st.integers(1, 700), at=st.times().map(lambda t: t.replace(second=0, microsecond=0)))
def test_own_format_is_understood(ahead: int, at: time) -> None:
    """The form in which dates are read back can be sent again and means the same."""
    day = NOW.date() + timedelta(days=ahead)
    weekdays = ["måndag", "tisdag", "onsdag", "torsdag", "fredag", "lördag", "söndag"]
    week = day.isocalendar().week
    text = f"{weekdays[day.weekday()]} {day.day}/{day.month} {day.year} kl. {at:%H.%M} (v. {week})"
    assert parse_moment(text, now=NOW) == Moment(day=day, at=at)


@given(start=st.integers(-100, 250), length=st.integers(0, 100), shown=st.integers(0, 360))
def test_range_without_year_is_the_one_not_over(start: int, length: int, shown: int) -> None:
    """Whenever it is written, a range without a year is the nearest that is not over yet."""
    now = NOW + timedelta(days=shown)
    first = now.date() + timedelta(days=start)
    last = first + timedelta(days=length)
    assume(last >= now.date())
    assume((2, 29) not in {(first.month, first.day), (last.month, last.day)})
    text = f"{first.day}/{first.month} – {last.day}/{last.month}"
    assert parse_range(text, now=now) == DateRange(first=first, last=last)


@given(
    text=st.text(alphabet="0123456789 .:/-–vkltisdagmåjunöe", max_size=24) | st.text(max_size=40)
)
def test_anything_gives_a_date_or_a_problem(text: str) -> None:
    """No text whatever does more harm than a refusal, and no moment lies in the past."""
    for parse in (parse_moment, parse_range):
        try:
            found = parse(text, now=NOW)
        except DateProblem:
            continue
        day = found.day if isinstance(found, Moment) else found.last
        assert day >= NOW.date()

"""The calendar file, read by a second implementation that shares no code with the writer."""

import itertools
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from ical.calendar import Calendar
from ical.calendar_stream import CalendarStream
from ical.event import Event, EventStatus
from ical.timezone import IcsTimezoneInfo

from bot.documents.calendar_file import IcsWriter
from bot.handouts import CalendarEntry, Method

HOME = ZoneInfo("Europe/Stockholm")
CALL = CalendarEntry(
    uid="mote-12@kommun.test",
    sequence=0,
    method=Method.REQUEST,
    summary="BRÅ: möte, höst; ordinarie",
    description="Dagordning:\n1. Öppnande\n2. Lägesbild",
    location="Kommunhuset, Djurås; sal 1",
    url="https://kommun.test/bra?m=12&x=1",
    starts_at=datetime(2026, 10, 22, 9, tzinfo=HOME),
    ends_at=datetime(2026, 10, 22, 11, 30, tzinfo=HOME),
    stamp=datetime(2026, 10, 1, 7, tzinfo=UTC),
    organizer=("Exempelby kommun", "bot@kommun.test"),
    attendees=[("Åsa Öberg", "asa@polisen.test"), ('Bo "Bosse" Ek, ordf; m', "bo+bra@kommun.test")],
)
# Five days later, and on the other side of the change to normal time.
MOVE = replace(
    CALL,
    sequence=1,
    starts_at=datetime(2026, 10, 27, 9, tzinfo=HOME),
    ends_at=datetime(2026, 10, 27, 11, 30, tzinfo=HOME),
    stamp=datetime(2026, 10, 5, 7, tzinfo=UTC),
)
# In the same second: only the number tells which came last.
CANCELLATION = replace(MOVE, sequence=2, method=Method.CANCEL)
CORRECTION = replace(MOVE, location="Folkets hus", stamp=MOVE.stamp + timedelta(minutes=1))


def written(entry: CalendarEntry) -> bytes:
    """Give the file."""
    return IcsWriter().write(entry)


def read(content: bytes) -> tuple[Calendar, Event]:
    """Read a file as somebody else's calendar does."""
    [calendar] = CalendarStream.from_ics(content.decode("utf-8")).calendars
    [event] = calendar.events
    return calendar, event


class Reader:
    """A person's calendar: one entry a UID, kept by the rules of iTIP (RFC 5546, 2.1.4 and 2.1.5).

    A higher SEQUENCE replaces; the same one with a later DTSTAMP does too; all else is old news.
    """

    def __init__(self) -> None:
        self.entries: dict[str, Event] = {}
        self.cancelled: set[str] = set()

    def receive(self, content: bytes) -> None:
        """Take in one file."""
        calendar, event = read(content)
        assert event.uid is not None
        known = self.entries.get(event.uid)
        if known is not None and _age(event) <= _age(known):
            return
        self.entries[event.uid] = event
        self.cancelled.discard(event.uid)
        if calendar.method == "CANCEL":
            assert event.status == EventStatus.CANCELLED
            self.cancelled.add(event.uid)


def _age(event: Event) -> tuple[int, datetime]:
    assert isinstance(event.dtstamp, datetime)
    return event.sequence or 0, event.dtstamp


def test_the_entry_says_what_was_asked_for() -> None:
    """Every field, read back."""
    calendar, event = read(written(CALL))
    assert (calendar.method, calendar.version, calendar.calscale) == ("REQUEST", "2.0", "GREGORIAN")
    assert (event.uid, event.sequence, event.status) == (CALL.uid, 0, EventStatus.CONFIRMED)
    assert (event.summary, event.description) == (CALL.summary, CALL.description)
    assert (event.location, str(event.url)) == (CALL.location, CALL.url)
    assert (event.dtstamp, event.last_modified, event.transparency) == (
        CALL.stamp,
        CALL.stamp,
        "OPAQUE",
    )
    assert event.organizer is not None
    assert (event.organizer.common_name, str(event.organizer.uri)) == (
        "Exempelby kommun",
        "mailto:bot@kommun.test",
    )
    assert [(a.common_name, str(a.uri), a.rsvp) for a in event.attendees] == [
        ("Åsa Öberg", "mailto:asa@polisen.test", True),
        ("Bo 'Bosse' Ek, ordf; m", "mailto:bo+bra@kommun.test", True),
    ]


def test_what_is_empty_is_left_out() -> None:
    """No link, no place, nobody to write to: no such line."""
    bare = replace(CALL, url="", location="", description="", organizer=("", ""), attendees=[])
    content = written(bare)
    for name in (b"URL", b"LOCATION", b"DESCRIPTION", b"ORGANIZER", b"ATTENDEE"):
        assert b"\r\n" + name not in content
    assert read(content)[1].summary == CALL.summary


@pytest.mark.parametrize("order", list(itertools.permutations([CALL, MOVE, CANCELLATION])))
@pytest.mark.parametrize("times", [1, 2])
def test_a_cancelled_meeting_is_gone_in_whatever_order_the_files_come(
    order: tuple[CalendarEntry, ...], times: int
) -> None:
    """One entry, marked as cancelled, at the hour it last had."""
    reader = Reader()
    for entry in order * times:
        reader.receive(written(entry))
    assert reader.cancelled == {CALL.uid}
    assert [e.dtstart for e in reader.entries.values()] == [MOVE.starts_at]


@pytest.mark.parametrize("order", list(itertools.permutations([CALL, MOVE, CORRECTION])))
@pytest.mark.parametrize("times", [1, 2])
def test_a_moved_meeting_stands_once_at_its_new_hour_and_place(
    order: tuple[CalendarEntry, ...], times: int
) -> None:
    """The later stamp decides between two of the same number."""
    reader = Reader()
    for entry in order * times:
        reader.receive(written(entry))
    assert not reader.cancelled
    [entry] = reader.entries.values()
    assert (entry.dtstart, entry.dtend, entry.location) == (
        MOVE.starts_at,
        MOVE.ends_at,
        "Folkets hus",
    )


def test_nobody_is_asked_to_answer_a_cancellation() -> None:
    """Everybody it went to is still named in it."""
    calendar, event = read(written(CANCELLATION))
    assert calendar.method == "CANCEL"
    assert [(str(a.uri), bool(a.rsvp)) for a in event.attendees] == [
        ("mailto:asa@polisen.test", False),
        ("mailto:bo+bra@kommun.test", False),
    ]


@pytest.mark.parametrize(
    ("entry", "in_utc"),
    [
        (CALL, datetime(2026, 10, 22, 7, tzinfo=UTC)),
        (MOVE, datetime(2026, 10, 27, 8, tzinfo=UTC)),
        (
            replace(CALL, starts_at=datetime(2027, 3, 26, 8, tzinfo=UTC)),
            datetime(2027, 3, 26, 8, tzinfo=UTC),
        ),
    ],
)
def test_the_hour_is_right_by_the_zone_in_the_file(entry: CalendarEntry, in_utc: datetime) -> None:
    """A reader that has never heard of Stockholm gets the same instant, in summer and winter."""
    calendar, event = read(written(entry))
    [zone] = calendar.timezones
    assert isinstance(event.dtstart, datetime)
    wall_clock = event.dtstart.replace(tzinfo=IcsTimezoneInfo.from_timezone(zone))
    assert wall_clock.astimezone(UTC) == in_utc
    assert event.dtstart.astimezone(UTC) == in_utc


def test_the_zone_in_the_file_is_the_real_one() -> None:
    """Twice a day through ten years, against the world's own table."""
    [zone] = read(written(CALL))[0].timezones
    theirs = IcsTimezoneInfo.from_timezone(zone)
    morning = datetime(2026, 1, 1, 4, 30)  # noqa: DTZ001
    for half_days in range(0, 2 * 3650, 5):
        moment = morning + timedelta(hours=12 * half_days)
        ours = moment.replace(tzinfo=HOME)
        assert moment.replace(tzinfo=theirs).utcoffset() == ours.utcoffset(), moment
        assert theirs.tzname(moment) == ours.tzname()


@pytest.mark.parametrize("year", range(2026, 2036))
def test_the_zone_in_the_file_changes_at_the_right_hour(year: int) -> None:
    """The last Sundays of March and October, at 02 and at 03 by the clock on the wall."""
    [zone] = read(written(CALL))[0].timezones
    theirs = IcsTimezoneInfo.from_timezone(zone)
    for month, times in ((3, ((1, 59), (3, 0))), (10, ((2, 59), (3, 0)))):
        last = datetime(year, month, 31)  # noqa: DTZ001
        sunday = last - timedelta(days=(last.weekday() + 1) % 7)
        for hour, minute in times:
            moment = sunday.replace(hour=hour, minute=minute)
            ours = moment.replace(tzinfo=HOME).utcoffset()
            assert moment.replace(tzinfo=theirs).utcoffset() == ours, moment


HOSTILE = (
    "a\r\nBEGIN:VEVENT\nUID:x\rEND:VEVENT",
    "a\x85END:VCALENDAR\u2028BEGIN:VEVENT\x0bX:1\x1cY:2\x00",
    "c:\\nytt\\, \\; \\\\n; , : \" ^n ^' = %0A",
    "å" * 200 + "🙂" * 60,
    "",
)


@settings(max_examples=60, deadline=None)
@given(words=st.text(max_size=200), name=st.text(max_size=60))
@example(words=HOSTILE[0], name=HOSTILE[0])
@example(words=HOSTILE[1], name=HOSTILE[1])
@example(words=HOSTILE[2], name=HOSTILE[2])
@example(words=HOSTILE[3], name=HOSTILE[3])
@example(words=HOSTILE[4], name=HOSTILE[4])
def test_words_stay_words(words: str, name: str) -> None:
    """Whatever people type in any field: one entry, well-formed lines, the same words."""
    entry = replace(
        CALL,
        uid=f"mote{words}",
        summary=words,
        description=words,
        location=words,
        url=f"https://kommun.test/{words}",
        organizer=(name, "bot@kommun.test"),
        attendees=[(name, f"a{words}@x.test")],
    )
    content = written(entry)
    lines = content.split(b"\r\n")
    assert lines.pop() == b""
    assert all(len(line) <= 75 for line in lines)
    assert b"\n" not in b"".join(lines)
    assert b"\r" not in b"".join(lines)
    content.decode("utf-8").encode("utf-8")
    unfolded = content.replace(b"\r\n ", b"").decode("utf-8")
    assert sum(line.startswith("BEGIN:") for line in unfolded.splitlines()) == 5
    _, event = read(content)
    assert "".join(_seen(event.summary)) == "".join(_seen(words))
    assert "".join(_seen(event.description)) == "".join(_seen(words))
    assert "".join(_seen(event.location)) == "".join(_seen(words))
    assert event.dtstart == CALL.starts_at
    [attendee] = event.attendees
    assert "".join(_seen(attendee.common_name)) == "".join(_seen(name.replace('"', "'")))


def _seen(text: str | None) -> Sequence[str]:
    """List what of a text can be seen, in order: no spaces, no control characters."""
    return [sign for sign in text or "" if sign.isprintable() and not sign.isspace()]

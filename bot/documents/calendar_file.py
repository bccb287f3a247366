"""A meeting's calendar entry as the file that calendars read (iCalendar, RFC 5545 and 5546).

What the entry says is decided elsewhere. Here it becomes bytes that a calendar takes in without
losing its hour or its place: folded, escaped, and with the zone's own rules inside, so that no
reader has to know Stockholm.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote
from zoneinfo import ZoneInfo

from bot.handouts import CalendarEntry, Method

if TYPE_CHECKING:
    from icalendar import Event, Timezone

ZONE = ZoneInfo("Europe/Stockholm")
_PRODUCT = "-//Lagesbot//Lagesbot 1//SV"

# Some readers split lines at every sign that Unicode counts as a line's end, not only at CRLF.
_LINE_ENDS = re.compile("\r\n|[\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f]")


class IcsWriter:
    """Writes a meeting's one entry as a file of one VEVENT."""

    def write(self, entry: CalendarEntry) -> bytes:
        """Give the iCalendar file with its time zone, Europe/Stockholm.

        An organizer without an address is left out, as are a place, a description and a link that
        are empty.
        """
        # Loaded when the first meeting is called: most months need neither its time nor its memory.
        from icalendar import Calendar

        calendar = Calendar()
        calendar.add("prodid", _PRODUCT)
        calendar.add("version", "2.0")
        calendar.add("calscale", "GREGORIAN")
        calendar.add("method", entry.method.value)
        calendar.add_component(_stockholm())
        calendar.add_component(_event(entry))
        content: bytes = calendar.to_ical()
        return content


def _event(entry: CalendarEntry) -> "Event":
    from icalendar import Event

    cancelled = entry.method is Method.CANCEL
    stamp = entry.stamp.astimezone(UTC)
    event = Event()
    event.add("uid", _line(entry.uid))
    event.add("sequence", entry.sequence)
    event.add("dtstamp", stamp)
    event.add("last-modified", stamp)
    event.add("dtstart", entry.starts_at.astimezone(ZONE))
    event.add("dtend", entry.ends_at.astimezone(ZONE))
    event.add("status", "CANCELLED" if cancelled else "CONFIRMED")
    event.add("transp", "OPAQUE")
    event.add("summary", _line(entry.summary))
    if description := _text(entry.description):
        event.add("description", description)
    if location := _line(entry.location):
        event.add("location", location)
    if url := _line(entry.url):
        event.add("url", quote(url, safe=":/?#[]@!$&'()*+,;=%~"))
    name, address = entry.organizer
    if address:
        event.add("organizer", _mailto(address), parameters=_named(name))
    # Nobody answers a cancellation (RFC 5546, 3.2.5).
    asked = {} if cancelled else {"PARTSTAT": "NEEDS-ACTION", "RSVP": "TRUE"}
    for name, address in entry.attendees:
        parameters = {**_named(name), "ROLE": "REQ-PARTICIPANT", **asked}
        event.add("attendee", _mailto(address), parameters=parameters)
    return event


def _stockholm() -> "Timezone":
    """Give the zone's two rules, which the Union has had since 1996 (directive 2000/84/EC)."""
    from icalendar import Timezone, TimezoneDaylight, TimezoneStandard

    winter, summer = timedelta(hours=1), timedelta(hours=2)
    zone = Timezone()
    zone.add("tzid", ZONE.key)
    for part, name, month, begins, before, after in (
        (TimezoneDaylight(), "CEST", 3, datetime(1996, 3, 31, 2), winter, summer),  # noqa: DTZ001
        (TimezoneStandard(), "CET", 10, datetime(1996, 10, 27, 3), summer, winter),  # noqa: DTZ001
    ):
        part.add("tzname", name)
        part.add("dtstart", begins)
        part.add("tzoffsetfrom", before)
        part.add("tzoffsetto", after)
        part.add("rrule", {"freq": "yearly", "bymonth": month, "byday": "-1su"})
        zone.add_component(part)
    return zone


def _named(name: str) -> dict[str, str]:
    # Not every calendar knows the escape for a quotation mark in a name (RFC 6868).
    shown = _line(name).replace('"', "'")
    return {"CN": shown} if shown else {}


def _mailto(address: str) -> str:
    return "mailto:" + quote(_line(address), safe="@+")


def _line(text: str) -> str:
    """Give the text on one line."""
    return " ".join(_text(text).split())


def _text(text: str) -> str:
    """Give the text with plain line breaks and without what can't stand in a file."""
    whole = text.encode("utf-8", "replace").decode("utf-8")
    return _CONTROLS.sub("", _LINE_ENDS.sub("\n", whole)).strip()

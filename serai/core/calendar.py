"""The one writer of iCalendar (RFC 5545), for single entries and personal feeds.

Local times carry the zone of the entry with its VTIMEZONE, so that a client shows them rightly over a change
of the clock and to people elsewhere. Texts are escaped by the package and stripped of control characters; no
addresses of people are written.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, vDuration, vText

CONTENT_TYPE = "text/calendar; charset=utf-8"
PRODUCT = "-//Serai//Serai 1//EN"
REFRESH = timedelta(hours=1)
"""How often a client should ask for a feed again."""

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\x85\u2028\u2029\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True)
class Entry:
    """One event of a calendar. `uid` never changes and `sequence` goes up with every change.

    `starts_at` and `ends_at` are aware; `zone` is the IANA zone whose clocks they are written in. Texts are in
    the reader's language, `language` is its tag.
    """

    uid: str
    sequence: int
    starts_at: datetime
    ends_at: datetime
    zone: str
    summary: str
    changed_at: datetime
    location: str = ""
    description: str = ""
    url: str = ""
    language: str = ""
    is_cancelled: bool = False


def calendar(entries: Iterable[Entry], *, name: str, refresh: timedelta | None = None) -> bytes:
    """A calendar of these entries. One cancelled entry alone is a cancellation (METHOD:CANCEL).

    `refresh` marks a feed and says how often to ask again.
    """
    listed = list(entries)
    alone = len(listed) == 1 and refresh is None
    made = Calendar()
    made.add("prodid", PRODUCT)
    made.add("version", "2.0")
    made.add("calscale", "GREGORIAN")
    made.add("method", "CANCEL" if alone and listed[0].is_cancelled else "PUBLISH")
    made.add("x-wr-calname", vText(plain(name)))
    if refresh is not None:
        made.add("refresh-interval", vDuration(refresh), parameters={"VALUE": "DURATION"})
        made.add("x-published-ttl", vDuration(refresh))
    for entry in listed:
        made.add_component(_component(entry))
    if listed:
        first = min(entry.starts_at for entry in listed).date() - timedelta(days=366)
        last = max(entry.ends_at for entry in listed).date() + timedelta(days=366)
        made.add_missing_timezones(first_date=first, last_date=last)
    return bytes(made.to_ical())


def _component(entry: Entry) -> Event:
    zone = ZoneInfo(entry.zone) if entry.zone != "UTC" else UTC
    language = {"language": entry.language} if entry.language else {}
    event = Event()
    event.add("uid", plain(entry.uid))
    event.add("sequence", entry.sequence)
    event.add("dtstamp", entry.changed_at.astimezone(UTC))
    event.add("last-modified", entry.changed_at.astimezone(UTC))
    event.add("dtstart", entry.starts_at.astimezone(zone))
    event.add("dtend", entry.ends_at.astimezone(zone))
    event.add("summary", plain(entry.summary), parameters=language)
    event.add("status", "CANCELLED" if entry.is_cancelled else "CONFIRMED")
    event.add("transp", "TRANSPARENT" if entry.is_cancelled else "OPAQUE")
    if entry.location:
        event.add("location", plain(entry.location), parameters=language)
    if entry.description:
        event.add("description", plain(entry.description), parameters=language)
    if entry.url:
        event.add("url", plain(entry.url).replace("\n", ""))
    return event


def plain(text: str) -> str:
    """Text without control and direction characters: line breaks are one kind, and stay inside the value."""
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))

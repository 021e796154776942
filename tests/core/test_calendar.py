"""The calendar writer, read back by the package and by a second reader that knows only the RFC."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import icalendar
import pytest

from serai.core import calendar

CHANGED = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def _entry(starts_at: datetime, *, zone: str = "Europe/Warsaw", **more: object) -> calendar.Entry:
    values: dict[str, object] = {
        "uid": "7@example.org",
        "sequence": 2,
        "starts_at": starts_at,
        "ends_at": starts_at + timedelta(minutes=20),
        "zone": zone,
        "summary": "Meeting: Ana",
        "changed_at": CHANGED,
        **more,
    }
    return calendar.Entry(**values)  # type: ignore[arg-type]


# --- a second reader: unfolds lines and walks components, after RFC 5545 section 3.1 -----------------------
def _lines(data: bytes) -> list[str]:
    assert data.endswith(b"\r\n")
    raw = data.split(b"\r\n")
    assert all(len(line) <= 75 for line in raw), "a line is longer than 75 octets"
    unfolded: list[bytes] = []
    for line in raw[:-1]:
        if line[:1] in (b" ", b"\t"):
            unfolded[-1] += line[1:]
        else:
            unfolded.append(line)
    return [line.decode() for line in unfolded]


def _events(data: bytes) -> list[dict[str, str]]:
    found: list[dict[str, str]] = []
    inside = False
    for line in _lines(data):
        name, _colon, value = line.partition(":")
        if line == "BEGIN:VEVENT":
            inside, current = True, {}
            found.append(current)
        elif line == "END:VEVENT":
            inside = False
        elif inside:
            found[-1][name.split(";")[0]] = value
    return found


def _offsets(data: bytes) -> set[tuple[str, str]]:
    """(name, TZOFFSETTO) of the parts of all VTIMEZONEs."""
    found, part = set(), ""
    for line in _lines(data):
        if line in ("BEGIN:STANDARD", "BEGIN:DAYLIGHT"):
            part = line[6:]
        if line.startswith("TZOFFSETTO:"):
            found.add((part, line[11:]))
    return found


@pytest.mark.parametrize(
    ("moment", "local"),
    [
        (datetime(2026, 3, 28, 9, 0, tzinfo=UTC), "20260328T100000"),
        (datetime(2026, 3, 29, 9, 0, tzinfo=UTC), "20260329T110000"),
        (datetime(2026, 10, 25, 9, 0, tzinfo=UTC), "20261025T100000"),
    ],
)
def test_local_times_are_right_on_both_sides_of_a_clock_change(moment: datetime, local: str) -> None:
    data = calendar.calendar([_entry(moment)], name="Days")

    assert _events(data)[0]["DTSTART"] == local
    assert {("STANDARD", "+0100"), ("DAYLIGHT", "+0200")} <= _offsets(data)
    read = icalendar.Calendar.from_ical(data).walk("VEVENT")[0]
    assert read.decoded("dtstart").astimezone(UTC) == moment


def test_somebody_elsewhere_reads_the_same_moment() -> None:
    moment = datetime(2026, 11, 3, 9, 0, tzinfo=UTC)

    data = calendar.calendar([_entry(moment, zone="Asia/Shanghai")], name="Days")

    read = icalendar.Calendar.from_ical(data).walk("VEVENT")[0].decoded("dtstart")
    assert read.astimezone(ZoneInfo("America/Sao_Paulo")).hour == 6
    assert _events(data)[0]["DTSTART"] == "20261103T170000"


def test_texts_stay_inside_their_value() -> None:
    hostile = "Ana; Bo, C\\D\r\nATTENDEE:mailto:x@example.org\nEND:VEVENT\x00\u202e"

    data = calendar.calendar(
        [_entry(CHANGED, summary=hostile, location=hostile, url="https://x.example/\r\nX:1")], name=hostile
    )

    assert len(_events(data)) == 1
    assert not any(line.startswith(("ATTENDEE", "X:")) for line in _lines(data))
    read = icalendar.Calendar.from_ical(data).walk("VEVENT")[0]
    assert str(read["summary"]) == "Ana; Bo, C\\D\nATTENDEE:mailto:x@example.org\nEND:VEVENT"


def test_long_lines_of_other_scripts_are_folded_and_read_whole() -> None:
    title = "与重庆科技创新合作中心的会谈：" * 10

    data = calendar.calendar([_entry(CHANGED, summary=title, language="zh-hans")], name="日程")

    read = icalendar.Calendar.from_ical(data).walk("VEVENT")[0]
    assert str(read["summary"]) == title
    assert read["summary"].params["LANGUAGE"] == "zh-hans"


def test_a_cancelled_entry_alone_is_a_cancellation_and_in_a_feed_a_cancelled_entry() -> None:
    entry = _entry(CHANGED, is_cancelled=True)

    alone = calendar.calendar([entry], name="One")
    feed = calendar.calendar([entry], name="Feed", refresh=calendar.REFRESH)

    assert "METHOD:CANCEL" in _lines(alone)
    assert "METHOD:PUBLISH" in _lines(feed)
    assert _events(feed)[0] == {
        "UID": "7@example.org",
        "SEQUENCE": "2",
        "DTSTAMP": "20260301T120000Z",
        "LAST-MODIFIED": "20260301T120000Z",
        "DTSTART": "20260301T130000",
        "DTEND": "20260301T132000",
        "SUMMARY": "Meeting: Ana",
        "STATUS": "CANCELLED",
        "TRANSP": "TRANSPARENT",
    }


def test_an_empty_feed_is_a_valid_calendar() -> None:
    data = calendar.calendar([], name="Empty", refresh=calendar.REFRESH)

    assert icalendar.Calendar.from_ical(data).walk("VEVENT") == []

"""An event is called so that no two of a series, or of a title, can be mistaken for each other."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils.translation import override

from serai.events.actions import book_meeting
from serai.events.calendars import meeting_calendar
from serai.events.models import Event
from serai.events.texts import event_name
from tests.factories import make_event, make_place, make_request, make_slot, make_table

pytestmark = pytest.mark.django_db

FIRST = datetime(2026, 12, 7, 1, 0, tzinfo=UTC)


def held(months: int, **values: object) -> Event:
    start = FIRST + timedelta(days=30 * months)
    return make_event(starts_at=start, ends_at=start + timedelta(hours=8), **values)


def named(event: Event, language: str) -> str:
    with override(language):
        return event_name(event)


def test_editions_of_a_series_have_names_of_their_own() -> None:
    events = [held(n, series="Water Days", edition=n + 1) for n in range(3)]
    for event in events:
        event.texts.update(title="Water Days")
    for language in ("en", "zh-hans", "ar"):
        assert len({named(event, language) for event in events}) == 3
    assert named(events[0], "en") == "Water Days (edition 1, Dec 2026)"


def test_without_an_edition_place_and_month_tell_them_apart() -> None:
    here, there = held(0, place=make_place("PL")), held(0, place=make_place("CN"))
    for event in (here, there):
        event.texts.update(title="Forum of parks")
    assert named(here, "en") == "Forum of parks (Poland, Dec 2026)"
    assert named(there, "en") == "Forum of parks (China, Dec 2026)"


def test_the_month_is_the_one_the_clocks_at_the_event_show() -> None:
    event = make_event(
        starts_at=datetime(2026, 11, 30, 23, 0, tzinfo=UTC),
        ends_at=datetime(2026, 12, 1, 8, 0, tzinfo=UTC),
        time_zone="Asia/Shanghai",
    )
    assert "Dec 2026" in named(event, "en")


def test_a_calendar_entry_says_which_edition() -> None:
    event = make_event(series="Water Days", edition=7)
    make_table(event)
    request = make_request(event)
    meeting = book_meeting(request=request, slot=make_slot(event), by=request.requester.user)
    assert "edition 7" in meeting_calendar(meeting, reader_id=request.requester.user_id).decode()

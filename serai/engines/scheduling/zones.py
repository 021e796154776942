"""Local working hours as open slots, right over clock changes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from .types import InvalidEventError

MONDAY_TO_FRIDAY = frozenset(range(5))


def open_slots(
    starts: Sequence[datetime],
    duration_min: int,
    zone: str,
    first_hour: float = 9,
    last_hour: float = 18,
    weekdays: Collection[int] = frozenset(range(7)),
) -> frozenset[int]:
    """The slots that lie wholly between `first_hour` and `last_hour` on somebody's own clock.

    `starts` are aware datetimes in any zone, `zone` an IANA name, the hours local and possibly
    fractional (8.5 is half past eight). `weekdays` counts from Monday = 0. A slot is judged by the
    local clock at its beginning and at its end, so a clock change between two slots is respected.

    Raises InvalidEventError for an unknown zone or a datetime without one.
    """
    try:
        local = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise InvalidEventError(f"time zone: {zone!r} is not an IANA zone") from error
    length = timedelta(minutes=duration_min)
    found: set[int] = set()
    for slot, start in enumerate(starts):
        if start.tzinfo is None:
            raise InvalidEventError(f"starts: slot {slot} has no time zone")
        # Adding a duration is done in UTC: wall-clock arithmetic would skip the change itself.
        begin = start.astimezone(local)
        end = (start.astimezone(ZoneInfo("UTC")) + length).astimezone(local)
        day_begin = datetime.combine(begin.date(), time(), tzinfo=None)
        begin_h = (begin.replace(tzinfo=None) - day_begin) / timedelta(hours=1)
        end_h = (end.replace(tzinfo=None) - day_begin) / timedelta(hours=1)
        if begin.weekday() in weekdays and first_hour <= begin_h and end_h <= last_hour:
            found.add(slot)
    return frozenset(found)

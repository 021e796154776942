"""Local times of an event: wall clocks in, moments out, right over a change of the clock."""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from django.utils.translation import gettext as _

from serai.core.errors import Invalid


@cache
def known_zones() -> frozenset[str]:
    """The time zones people live in (`Europe/Warsaw`), and UTC. Read from disk once."""
    found = available_timezones()
    return frozenset(z for z in found if ("/" in z or z == "UTC") and not z.startswith("Etc/"))


def is_zone(name: str) -> bool:
    return name in known_zones()


def zone_of(name: str) -> ZoneInfo:
    return ZoneInfo(name if is_zone(name) else "UTC")


def moment(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """The moment when the clocks of `zone` show this; raises Invalid for an hour the clocks skip that night."""
    local = datetime.combine(day, clock, tzinfo=zone)
    there = local.astimezone(UTC)
    if there.astimezone(zone).replace(tzinfo=None) != local.replace(tzinfo=None):
        text = _(
            "At %(time)s on %(day)s the clocks of this time zone are put forward: that time does not exist."
        )
        raise Invalid(text % {"time": f"{clock:%H:%M}", "day": day.isoformat()})
    return there


def periods(
    days: list[date],
    *,
    begin: time,
    end: time,
    minutes: int,
    gap_min: int = 0,
    pauses: list[tuple[time, time]] | None = None,
    zone: ZoneInfo,
) -> list[tuple[datetime, datetime]]:
    """Periods of `minutes` between `begin` and `end` of each day, `gap_min` apart, none touching a pause.

    Begin, end and pauses are wall-clock times of `zone`; the periods are UTC and all equally long, also on a
    day on which the clock changes between begin and end. An `end` before `begin` is on the next day.
    """
    length, step = timedelta(minutes=minutes), timedelta(minutes=minutes + gap_min)
    found: list[tuple[datetime, datetime]] = []
    for day in sorted(set(days)):
        start, stop = moment(day, begin, zone), moment(_day_of(day, begin, end), end, zone)
        kept_free = [
            (moment(_day_of(day, begin, a), a, zone), moment(_day_of(day, begin, b), b, zone))
            for a, b in pauses or []
        ]
        found += _fill(start, stop, length, step, sorted(kept_free))
    return found


def _day_of(day: date, begin: time, clock: time) -> date:
    return day + timedelta(days=1) if clock < begin else day


def _fill(
    start: datetime,
    stop: datetime,
    length: timedelta,
    step: timedelta,
    pauses: list[tuple[datetime, datetime]],
) -> list[tuple[datetime, datetime]]:
    found = []
    while start + length <= stop:
        hit = next((over for since, over in pauses if since < start + length and over > start), None)
        if hit is not None:
            start = hit
            continue
        found.append((start, start + length))
        start += step
    return found

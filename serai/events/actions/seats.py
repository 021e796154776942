"""Taking seats: the one place where a person, a table or an interpreter is booked for a time.

The rows go in with ON CONFLICT DO NOTHING, so a double booking is an empty answer and never an error:
no message with somebody else's data is made that could reach a user or a log. People are taken first,
then interpreters, then tables, each group in the order of the ids: two bookings never wait for each other
in a circle.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from django.db import connection

from serai.events.models import MeetingSeat, Slot

Period = tuple[datetime, datetime]
Seat = tuple[UUID, str, UUID, Slot]
"""(meeting, kind, who, slot)"""

_TAKE = """
    INSERT INTO events_meetingseat (meeting_id, kind, who, during, is_active)
    SELECT meeting_id, kind, who, tstzrange(starts, ends, '[)'), TRUE
    FROM unnest(%s::uuid[], %s::text[], %s::uuid[], %s::timestamptz[], %s::timestamptz[])
         WITH ORDINALITY AS wanted(meeting_id, kind, who, starts, ends, place)
    ORDER BY place
    ON CONFLICT DO NOTHING
    RETURNING meeting_id, who, lower(during)
"""


def take(seats: Iterable[Seat]) -> list[Seat]:
    """Take these seats in the order given; returns those that somebody else has."""
    wanted = list(seats)
    if not wanted:
        return []
    columns: Sequence[list[object]] = [
        [s[0] for s in wanted],
        [s[1] for s in wanted],
        [s[2] for s in wanted],
        [s[3].during.lower for s in wanted],
        [s[3].during.upper for s in wanted],
    ]
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, columns)
        taken = set(cursor.fetchall())
    return [seat for seat in wanted if (seat[0], seat[2], seat[3].during.lower) not in taken]


def take_people(meeting: UUID, people: Iterable[UUID], slot: Slot) -> bool:
    """Take the time of all these people; False (and some of them may be taken) if one is not free."""
    return not take((meeting, MeetingSeat.Kind.PERSON, who, slot) for who in sorted(people))


def take_first(meeting: UUID, kind: str, candidates: Sequence[UUID], slot: Slot) -> UUID | None:
    """Take the first of the candidates that is free, one after the other; None if none is."""
    return next((who for who in candidates if not take([(meeting, kind, who, slot)])), None)


def free(meetings: Iterable[UUID]) -> None:
    """Give up the seats of these meetings; they are kept as history and take nobody's time."""
    MeetingSeat.objects.filter(meeting_id__in=list(meetings), is_active=True).update(is_active=False)


def give_back(meetings: Iterable[UUID]) -> None:
    """Remove the seats of meetings that are placed anew."""
    MeetingSeat.objects.filter(meeting_id__in=list(meetings), is_active=True).delete()

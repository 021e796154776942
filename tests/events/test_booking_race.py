"""Nobody is in two places: many book at once, and the loser is told what is free. Beside it the control."""

import threading
from collections import Counter
from collections.abc import Iterator

import pytest
from django.db import connection, connections

from serai.accounts.models import Membership
from serai.core.errors import Conflict
from serai.core.owner import as_owner
from serai.events import actions
from serai.events.actions import seats
from serai.events.models import Meeting, MeetingRequest, MeetingSeat, Slot
from tests.factories import (
    make_event,
    make_member,
    make_organisation,
    make_participant,
    make_request,
    make_slot,
    make_table,
)

pytestmark = pytest.mark.django_db(transaction=True)
CLIENTS = 32
GUARD = "nobody_is_in_two_places"


def _world(people: int, slots: int, tables: int) -> tuple[list[MeetingRequest], list[Slot], object]:
    """`CLIENTS` agreed requests among a few people: far more than fit into the first slots."""
    host = make_organisation()
    event = make_event(hosts=[host])
    organiser = make_member(host, role=Membership.Role.EVENT_ORGANISER)
    made = [make_slot(event, number) for number in range(slots)]
    for _ in range(tables):
        make_table(event)
    crowd = [make_participant(event) for _ in range(people)]
    pairs = [(a, b) for i, a in enumerate(crowd) for b in crowd[i + 1 :]][:CLIENTS]
    requests = [make_request(event, requester=a, invitee=b) for a, b in pairs]
    return requests, made, organiser


def _book_all_at_once(requests: list[MeetingRequest], slots: list[Slot], by: object) -> Counter[str]:
    """Every request is booked by a thread of its own, all starting together; says how each ended."""
    ends: Counter[str] = Counter()
    lock, start = threading.Lock(), threading.Barrier(len(requests))

    def book(number: int) -> None:
        start.wait()
        try:
            actions.book_meeting(request=requests[number], slot=slots[number % len(slots)], by=by)  # type: ignore[arg-type]
            end = "booked"
        except Conflict as refused:
            end = "refused with free slots" if refused.alternatives else "refused"
        finally:
            connections.close_all()
        with lock:
            ends[end] += 1

    threads = [threading.Thread(target=book, args=(n,)) for n in range(len(requests))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return ends


def _overlaps() -> int:
    """Pairs of active seats of one person, table or interpreter that overlap in time."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM events_meetingseat a JOIN events_meetingseat b ON a.who = b.who "
            "AND a.id < b.id AND a.during && b.during WHERE a.is_active AND b.is_active"
        )
        return int(cursor.fetchone()[0])


@pytest.fixture
def no_guard() -> Iterator[None]:
    """The same without the constraint, to show that it is what holds."""
    constraint = next(c for c in MeetingSeat._meta.constraints if c.name == GUARD)
    with as_owner(), connection.schema_editor() as editor:
        editor.remove_constraint(MeetingSeat, constraint)
    yield
    MeetingSeat.objects.all().delete()
    with as_owner(), connection.schema_editor() as editor:
        editor.add_constraint(MeetingSeat, constraint)


def test_thirty_two_at_once_and_nobody_is_in_two_places() -> None:
    requests, slots, by = _world(people=9, slots=12, tables=3)

    ends = _book_all_at_once(requests, slots[:2], by)

    assert ends["booked"] + ends["refused with free slots"] == CLIENTS
    assert ends["booked"] >= 2
    assert ends["refused with free slots"] > 0
    assert _overlaps() == 0
    assert MeetingSeat.objects.filter(is_active=True).count() == 3 * Meeting.objects.count()
    assert Meeting.objects.count() == ends["booked"]


def test_without_the_constraint_people_would_be_in_two_places(no_guard: None) -> None:
    requests, slots, by = _world(people=9, slots=12, tables=3)

    _book_all_at_once(requests, slots[:2], by)

    assert _overlaps() > 0


def test_one_request_accepted_twice_at_once_makes_one_meeting() -> None:
    requests, slots, by = _world(people=2, slots=8, tables=8)

    ends = _book_all_at_once(requests * 8, slots, by)

    assert ends["booked"] == 1
    assert Meeting.objects.count() == 1


def test_a_double_booking_is_an_empty_answer_and_never_an_error() -> None:
    requests, slots, by = _world(people=3, slots=2, tables=2)
    meeting = actions.book_meeting(request=requests[0], slot=slots[0], by=by)  # type: ignore[arg-type]
    who = requests[0].requester.user_id

    taken = seats.take([(meeting.pk, "person", who, slots[0]), (meeting.pk, "person", who, slots[1])])

    assert taken == [(meeting.pk, "person", who, slots[0])]

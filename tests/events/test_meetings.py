from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from serai.accounts.models import Notice, User
from serai.cooperation.actions import open_case_from_meeting
from serai.core import audit, chain
from serai.core.errors import Conflict, NotAllowed
from serai.core.models import AuditEntry, Link
from serai.events import actions, queries
from serai.events.models import Event, Interpreter, Meeting, MeetingRequest, Participant
from serai.exchange.actions import accept_interest
from serai.exchange.models import Interest, Listing
from tests.events.conftest import World
from tests.factories import (
    in_days,
    make_event,
    make_listing,
    make_participant,
    make_request,
    make_slot,
    make_table,
)


@pytest.fixture
def request_(world: World) -> MeetingRequest:
    return make_request(world.event, requester=world.ana, invitee=world.bo)


def _seats(meeting: Meeting) -> set[tuple[str, object]]:
    return set(meeting.seats.filter(is_active=True).values_list("kind", "who"))


def test_one_of_the_two_books_a_free_slot(world: World, request_: MeetingRequest) -> None:
    meeting = actions.book_meeting(request=request_, slot=world.slots[0], by=world.ana.user)

    assert (meeting.slot, meeting.table, meeting.language) == (world.slots[0], world.tables[0], "en")
    assert _seats(meeting) == {
        ("person", world.ana.user_id),
        ("person", world.bo.user_id),
        ("table", world.tables[0].pk),
    }
    request_.refresh_from_db()
    assert request_.status == "scheduled"
    assert AuditEntry.objects.get().action == "events.meeting_booked"
    assert [n.user for n in Notice.objects.all()] == [world.bo.user]


def test_strangers_do_not_book(world: World, request_: MeetingRequest) -> None:
    with pytest.raises(NotAllowed):
        actions.book_meeting(request=request_, slot=world.slots[0], by=world.stranger)


def test_where_the_organisers_set_the_meetings_participants_do_not_book(
    world: World, request_: MeetingRequest
) -> None:
    Event.objects.filter(pk=world.event.pk).update(self_booking=False)

    with pytest.raises(NotAllowed):
        actions.book_meeting(request=request_, slot=world.slots[0], by=world.ana.user)
    assert actions.book_meeting(request=request_, slot=world.slots[0], by=world.organiser).pk


def test_a_request_that_is_not_accepted_is_not_booked(world: World) -> None:
    pending = make_request(world.event, status="pending", requester=world.ana, invitee=world.bo)

    with pytest.raises(Conflict):
        actions.book_meeting(request=pending, slot=world.slots[0], by=world.ana.user)


def test_a_taken_slot_is_refused_with_free_ones_and_nothing_about_the_other(
    world: World, request_: MeetingRequest
) -> None:
    cy = make_participant(world.event)
    other = make_request(world.event, requester=world.bo, invitee=cy)
    actions.book_meeting(request=other, slot=world.slots[0], by=cy.user)

    with pytest.raises(Conflict) as refused:
        actions.book_meeting(request=request_, slot=world.slots[0], by=world.ana.user)

    assert (
        [dict(a) for a in refused.value.alternatives]
        == [  # type: ignore[call-overload]
            {
                "slot": str(s.pk),
                "starts_at": s.during.lower.isoformat(),
                "ends_at": s.during.upper.isoformat(),
            }
            for s in world.slots[1:]
        ]
    )
    said = str(refused.value) + " ".join(str(a) for a in refused.value.alternatives)
    assert cy.user.name not in said
    assert str(cy.user_id) not in said
    assert Meeting.objects.count() == 1


def test_a_slot_one_side_is_away_is_not_offered(world: World, request_: MeetingRequest) -> None:
    world.bo.absent_slots.set(world.slots[:3])

    with pytest.raises(Conflict) as refused:
        actions.book_meeting(request=request_, slot=world.slots[0], by=world.ana.user)

    assert [a["slot"] for a in refused.value.alternatives] == [str(world.slots[3].pk)]  # type: ignore[index]


def test_the_same_person_is_not_at_two_events_at_once(world: World, request_: MeetingRequest) -> None:
    elsewhere = make_event(starts_at=world.event.starts_at)
    slot = make_slot(elsewhere)
    make_table(elsewhere)
    again = make_participant(elsewhere, user=world.ana.user, organisation=world.ana.organisation)
    actions.book_meeting(request=make_request(elsewhere, requester=again), slot=slot, by=world.ana.user)

    with pytest.raises(Conflict):
        actions.book_meeting(request=request_, slot=world.slots[0], by=world.ana.user)


def test_when_all_tables_are_taken_nobody_meets(world: World, request_: MeetingRequest) -> None:
    for _ in world.tables:
        other = make_request(world.event)
        actions.book_meeting(request=other, slot=world.slots[0], by=world.organiser)

    with pytest.raises(Conflict):
        actions.book_meeting(request=request_, slot=world.slots[0], by=world.organiser)


def test_somebody_elsewhere_meets_in_an_online_room(world: World) -> None:
    room = make_table(world.event, name="O1", is_online=True)
    far = make_participant(world.event, is_online=True)
    request = make_request(world.event, requester=world.ana, invitee=far)

    assert actions.book_meeting(request=request, slot=world.slots[0], by=far.user).table == room


def test_an_interpreter_comes_where_the_two_share_no_language(world: World) -> None:
    helper = Interpreter.objects.create(event=world.event, name="Ines", languages=["zh-Hans", "en"])
    Interpreter.objects.create(event=world.event, name="Abe", languages=["fr", "en"])
    wang = make_participant(world.event, languages=["zh"])
    request = make_request(world.event, requester=world.ana, invitee=wang)
    li = make_participant(world.event, languages=["zh"])
    second = make_request(world.event, requester=world.bo, invitee=li)

    meeting = actions.book_meeting(request=request, slot=world.slots[0], by=wang.user)

    assert (meeting.interpreter, meeting.language) == (helper, "")
    assert ("interpreter", helper.pk) in _seats(meeting)
    with pytest.raises(Conflict) as refused:
        actions.book_meeting(request=second, slot=world.slots[0], by=li.user)
    assert len(refused.value.alternatives) == 3


def test_organisers_move_a_meeting_and_its_number_goes_up(world: World, request_: MeetingRequest) -> None:
    meeting = actions.book_meeting(request=request_, slot=world.slots[0], by=world.ana.user)

    with pytest.raises(NotAllowed):
        actions.move_meeting(meeting=meeting, slot=world.slots[1], by=world.ana.user)
    moved = actions.move_meeting(
        meeting=meeting, slot=world.slots[1], table=world.tables[1], by=world.organiser
    )

    assert (moved.slot, moved.table, moved.sequence) == (world.slots[1], world.tables[1], 1)
    assert AuditEntry.objects.order_by("-at").values_list("action", flat=True)[0] == "events.meeting_moved"
    assert moved.seats.filter(is_active=True, during=world.slots[1].during).count() == 3
    assert moved.seats.filter(is_active=True).count() == 3


def test_a_meeting_that_cannot_move_stays_where_it_is(world: World, request_: MeetingRequest) -> None:
    meeting = actions.book_meeting(request=request_, slot=world.slots[0], by=world.ana.user)
    other = make_request(world.event, requester=world.ana)
    actions.book_meeting(request=other, slot=world.slots[1], by=world.ana.user)

    with pytest.raises(Conflict) as refused:
        actions.move_meeting(meeting=meeting, slot=world.slots[1], by=world.organiser)

    free = [a["slot"] for a in refused.value.alternatives]  # type: ignore[index]
    assert free == [str(world.slots[i].pk) for i in (0, 2, 3)]
    meeting.refresh_from_db()
    assert (meeting.slot, meeting.seats.filter(is_active=True).count()) == (world.slots[0], 3)


def test_an_organiser_cancels_and_the_request_can_be_placed_again(
    world: World, request_: MeetingRequest
) -> None:
    meeting = actions.book_meeting(request=request_, slot=world.slots[0], by=world.ana.user)

    cancelled = actions.cancel_meeting(meeting=meeting, by=world.organiser)

    assert (cancelled.status, cancelled.sequence) == ("cancelled", 1)
    assert cancelled.request.status == "accepted"
    again = actions.book_meeting(request=request_, slot=world.slots[0], by=world.ana.user)
    assert again.pk != meeting.pk


def test_one_of_the_two_cancels_for_good(world: World, request_: MeetingRequest) -> None:
    meeting = actions.book_meeting(request=request_, slot=world.slots[0], by=world.ana.user)

    with pytest.raises(NotAllowed):
        actions.cancel_meeting(meeting=meeting, by=world.stranger)
    assert actions.cancel_meeting(meeting=meeting, by=world.bo.user).request.status == "withdrawn"


def test_a_meeting_is_held_only_once_it_has_begun(world: World, request_: MeetingRequest) -> None:
    meeting = actions.book_meeting(request=request_, slot=world.slots[0], by=world.ana.user)
    with pytest.raises(Conflict):
        actions.mark_held(meeting=meeting, by=world.organiser)
    _make_past(meeting)

    assert actions.mark_held(meeting=meeting, by=world.organiser).status == "held"
    with pytest.raises(Conflict):
        actions.mark_no_show(meeting=meeting, by=world.organiser)


def test_withdrawing_from_the_event_frees_the_seats(world: World, request_: MeetingRequest) -> None:
    meeting = actions.book_meeting(request=request_, slot=world.slots[0], by=world.ana.user)

    actions.withdraw_participant(participant=world.ana, by=world.ana.user)

    meeting.refresh_from_db()
    assert meeting.status == "cancelled"
    other = make_request(world.event, requester=world.bo)
    assert actions.book_meeting(request=other, slot=world.slots[0], by=world.bo.user).pk


def test_calling_an_event_off_cancels_its_meetings(world: World, request_: MeetingRequest) -> None:
    meeting = actions.book_meeting(request=request_, slot=world.slots[0], by=world.ana.user)
    pending = make_request(world.event, status="pending")

    with pytest.raises(NotAllowed):
        actions.cancel_event(event=world.event, by=world.stranger)
    actions.cancel_event(event=world.event, by=world.organiser)

    meeting.refresh_from_db()
    pending.refresh_from_db()
    assert (meeting.status, pending.status) == ("cancelled", "withdrawn")
    assert Notice.objects.filter(kind="events.meeting_cancelled").count() == 2


def _make_past(meeting: Meeting) -> None:
    start = timezone.now() - timedelta(minutes=30)
    meeting.slot.during = (start, start + timedelta(minutes=20))
    meeting.slot.save()
    meeting.refresh_from_db()


def test_a_participant_who_left_cannot_be_booked(world: World, request_: MeetingRequest) -> None:
    Participant.objects.filter(pk=world.bo.pk).update(status="withdrawn")

    with pytest.raises(Conflict):
        actions.book_meeting(request=request_, slot=world.slots[0], by=world.ana.user)


def _interest(sender: Participant, listing: Listing, **values: object) -> Interest:
    said = {"language": "en", "cooperation_sought": "Test it", "about_us": "We", "answer_due": in_days(5)}
    said |= {"status": Interest.Status.ACCEPTED, **values}
    return Interest.objects.create(listing=listing, organisation=sender.organisation, **said)


def _met(world: World, listing: Listing | None, number: int = 0) -> Meeting:
    request = make_request(world.event, requester=world.ana, invitee=world.bo, listing=listing)
    return actions.book_meeting(request=request, slot=world.slots[number], by=world.ana.user)


def _sources(meeting: Meeting) -> set[tuple[str, object]]:
    links = Link.objects.filter(relation="met_as", target_kind="meeting", target_id=meeting.pk)
    return set(links.values_list("source_kind", "source_id"))


def test_a_meeting_follows_its_listing_and_the_interest_in_it(world: World) -> None:
    listing = make_listing(organisation=world.bo.organisation)
    interest = _interest(world.ana, listing)

    meeting = _met(world, listing)

    assert _sources(meeting) == {("listing", listing.pk), ("interest", interest.pk)}
    assert {step.card.kind for step in chain.walk(world.ana.user, meeting)} == {
        "listing",
        "interest",
        "meeting",
    }
    assert [step.card.kind for step in chain.walk(world.stranger, listing)] == ["listing"]


def test_an_event_shows_each_side_what_came_of_its_own_meetings(world: World) -> None:
    meeting = _met(world, make_listing(organisation=world.bo.organisation))
    case = open_case_from_meeting(meeting=meeting, by=world.ana.user)

    def chain_for(viewer: User) -> list[UUID]:
        held = queries.chain_of_meetings(viewer, world.event)
        return [step.card.id for step in chain.walk(viewer, world.event, held)]

    assert {meeting.pk, case.pk} < set(chain_for(world.ana.user))
    assert not {meeting.pk, case.pk} & set(chain_for(world.stranger))


def test_a_meeting_about_the_listing_shown_with_an_interest_follows_that_interest(world: World) -> None:
    own = make_listing(organisation=world.ana.organisation)
    interest = _interest(world.ana, make_listing(organisation=world.bo.organisation), own_listing=own)

    assert _sources(_met(world, own)) == {("listing", own.pk), ("interest", interest.pk)}


def test_a_meeting_without_a_subject_follows_the_one_interest_of_the_two(world: World) -> None:
    interest = _interest(world.ana, make_listing(organisation=world.bo.organisation))
    _interest(make_participant(world.event), make_listing(organisation=world.bo.organisation))
    meeting = _met(world, None)
    assert _sources(meeting) == {("interest", interest.pk)}

    _interest(world.bo, make_listing(organisation=world.ana.organisation))
    actions.cancel_meeting(meeting=meeting, by=world.ana.user)
    assert _sources(_met(world, None, 1)) == set()  # which of the two it is, nobody said


def test_an_interest_agreed_after_the_meeting_stands_in_its_chain_too(world: World) -> None:
    listing = make_listing(organisation=world.bo.organisation)
    meeting = _met(world, listing)
    interest = _interest(world.ana, listing, status=Interest.Status.SENT)
    accept_interest(interest=interest, by=world.bo.user)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # numbers the entry, as the commit would
    audit.process_followers()

    assert ("interest", interest.pk) in _sources(meeting)


def test_an_unanswered_interest_is_not_tied_to_a_meeting_that_would_name_the_owner(world: World) -> None:
    own = make_listing(organisation=world.ana.organisation)
    unnamed = make_listing(organisation=world.bo.organisation, disclosure=Listing.Disclosure.ANONYMOUS)
    _interest(world.ana, unnamed, own_listing=own, status=Interest.Status.SENT)

    assert _sources(_met(world, own)) == {("listing", own.pk)}


def test_nobody_learns_another_s_strength_on_the_page(world: World) -> None:
    request = make_request(
        world.event, requester=world.ana, invitee=world.bo, strength="must", status="pending"
    )
    client = Client()
    client.force_login(world.bo.user)

    said = client.get("/meet/requests/").content.decode()

    assert str(request.pk) in said
    assert "Must meet" not in said

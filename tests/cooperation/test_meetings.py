from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from serai.accounts.models import Notice, User
from serai.cooperation import actions, followers, queries
from serai.cooperation.models import Case
from serai.core import audit, chain
from serai.core.errors import Conflict, NotAllowed
from serai.core.models import Link
from serai.events.models import Event, Meeting, MeetingRequest, Outcome, Participant, Slot, Table
from serai.exchange.models import Interest, Listing
from tests.factories import in_days, make_listing, make_member, make_organisation, make_user

pytestmark = pytest.mark.django_db


def _meeting(status: str = "held") -> tuple[Meeting, Listing, User, User]:
    """A meeting about a listing between its owner's person and somebody else's."""
    listing = make_listing(title="A battery")
    theirs = make_organisation()
    ana, bo = make_member(listing.organisation), make_member(theirs)
    begins = datetime(2026, 11, 2, 9, tzinfo=UTC)
    event = Event.objects.create(
        kind="matchmaking", time_zone="UTC", starts_at=begins, ends_at=begins + timedelta(hours=8)
    )
    sides = [
        Participant.objects.create(event=event, user=person, organisation=organisation, languages=["en"])
        for person, organisation in ((bo, theirs), (ana, listing.organisation))
    ]
    meeting = Meeting.objects.create(
        event=event,
        request=MeetingRequest.objects.create(
            event=event, requester=sides[0], invitee=sides[1], listing=listing, answer_due=in_days(-9)
        ),
        slot=Slot.objects.create(event=event, during=(begins, begins + timedelta(minutes=20))),
        table=Table.objects.create(event=event, name="1"),
        status=status,
    )
    return meeting, listing, ana, bo


def _answer(meeting: Meeting, person: User, kind: str) -> Outcome:
    return Outcome.objects.create(
        meeting=meeting,
        participant=Participant.objects.get(user=person),
        due_on=in_days(0),
        kind=kind,
        answered_at=timezone.now(),
    )


def test_a_good_meeting_becomes_a_duty_and_with_one_tap_a_case() -> None:
    meeting, _listing, ana, _bo = _meeting()
    _answer(meeting, ana, Outcome.Kind.NEGOTIATE)
    entry = audit.record(
        actor=ana,
        action="events.outcome_recorded",
        obj=meeting,
        data={"meeting": str(meeting.pk), "kind": "negotiate"},
    )
    followers.offer_case_after_meeting(entry)
    assert list(Notice.objects.values_list("user", "kind")) == [(ana.pk, "cooperation.case_offered")]
    assert [o.meeting for o in queries.meetings_to_carry_on(ana)] == [meeting]

    case = actions.open_case_from_meeting(meeting=meeting, by=ana)

    assert actions.open_case_from_meeting(meeting=meeting, by=ana) == case
    assert (case.title, case.status) == ("A battery", Case.Status.MATCHED)
    assert not queries.meetings_to_carry_on(ana).exists()


def test_a_meeting_without_a_next_step_asks_for_nothing() -> None:
    meeting, _listing, ana, bo = _meeting()
    _answer(meeting, ana, Outcome.Kind.STAY_IN_TOUCH)
    entry = audit.record(
        actor=ana,
        action="events.outcome_recorded",
        obj=meeting,
        data={"meeting": str(meeting.pk), "kind": "stay_in_touch"},
    )

    followers.offer_case_after_meeting(entry)

    assert not Notice.objects.exists()
    assert not queries.meetings_to_carry_on(ana).exists()
    assert not queries.meetings_to_carry_on(bo).exists()


def test_the_meeting_of_an_interest_joins_the_case_that_the_interest_opened() -> None:
    meeting, listing, ana, bo = _meeting()
    interest = Interest.objects.create(
        listing=listing,
        organisation=bo.memberships.get().organisation,
        status="accepted",
        language="en",
        answer_due=in_days(3),
    )
    chain.link(source=interest, relation=Link.Relation.MET_AS, target=meeting)
    case = actions.open_case_from_interest(interest=interest, by=bo)

    assert actions.open_case_from_meeting(meeting=meeting, by=ana) == case
    assert Case.objects.count() == 1


def test_a_cancelled_meeting_and_a_stranger_open_nothing() -> None:
    meeting, _listing, ana, _bo = _meeting(status="cancelled")

    with pytest.raises(Conflict):
        actions.open_case_from_meeting(meeting=meeting, by=ana)
    with pytest.raises(NotAllowed):
        actions.open_case_from_meeting(meeting=meeting, by=make_user())

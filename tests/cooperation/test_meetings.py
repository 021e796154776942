from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from serai.accounts.models import Notice, User
from serai.cooperation import actions, followers, queries
from serai.cooperation.models import Case
from serai.core import audit
from serai.core.errors import Conflict, NotAllowed
from serai.core.models import AuditEntry, Link
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


def _interest(listing: Listing, person: User) -> Interest:
    return Interest.objects.create(
        listing=listing,
        organisation=person.memberships.get().organisation,
        status="accepted",
        language="en",
        answer_due=in_days(3),
    )


@pytest.mark.parametrize("first", ["interest", "meeting"])
def test_an_interest_and_the_meeting_about_it_have_one_case_that_is_tied_to_both(first: str) -> None:
    meeting, listing, ana, bo = _meeting()
    interest = _interest(listing, bo)
    ways = [
        lambda person: actions.open_case_from_interest(interest=interest, by=person),
        lambda person: actions.open_case_from_meeting(meeting=meeting, by=person),
    ]
    if first == "meeting":
        ways.reverse()

    case = ways[0](bo)
    ties = set(Link.objects.filter(target_id=case.pk).values_list("source_kind", "relation"))
    interest.refresh_from_db()

    assert ties == {("interest", "opened"), ("meeting", "opened")}
    assert interest.status == Interest.Status.LED_ON
    assert ways[1](ana) == case
    assert Case.objects.count() == 1


def test_an_interest_that_came_after_the_case_of_its_meeting_joins_that_case() -> None:
    meeting, listing, ana, bo = _meeting()
    case = actions.open_case_from_meeting(meeting=meeting, by=ana)
    interest = _interest(listing, bo)

    assert actions.open_case_from_interest(interest=interest, by=ana) == case
    assert Case.objects.count() == 1
    assert AuditEntry.objects.filter(action="cooperation.meeting_joined").count() == 1


def test_a_meeting_held_after_the_case_was_opened_is_tied_and_asks_for_nothing() -> None:
    meeting, listing, ana, bo = _meeting(status="cancelled")
    case = actions.open_case_from_interest(interest=_interest(listing, bo), by=bo)
    Meeting.objects.update(status="held")
    _answer(meeting, ana, Outcome.Kind.NEGOTIATE)

    followers.offer_case_after_meeting(
        audit.record(actor=ana, action="events.outcome_recorded", obj=meeting, data={"kind": "negotiate"})
    )

    assert not Notice.objects.filter(kind="cooperation.case_offered").exists()
    assert not queries.meetings_to_carry_on(ana).exists()
    assert Link.objects.filter(source_id=meeting.pk, target_id=case.pk).exists()


def test_asking_for_a_second_case_of_the_same_contact_leads_to_the_first() -> None:
    meeting, listing, _ana, bo = _meeting()
    interest = _interest(listing, bo)
    case = actions.open_case_from_interest(interest=interest, by=bo)
    client = Client()
    client.force_login(bo)

    for url in (
        reverse("case_from_interest", args=[interest.pk]),
        reverse("case_from_meeting", args=[meeting.pk]),
    ):
        shown = client.get(url, follow=True)
        sent = client.post(url, {"title": "Another", "language": "en"})
        assert shown.redirect_chain == [(reverse("case_detail", args=[case.pk]), 302)]
        assert "There is a case of this contact already" in shown.content.decode()
        assert sent.url == reverse("case_detail", args=[case.pk])  # type: ignore[attr-defined]
    assert Case.objects.count() == 1


def test_a_cancelled_meeting_and_a_stranger_open_nothing() -> None:
    meeting, _listing, ana, _bo = _meeting(status="cancelled")

    with pytest.raises(Conflict):
        actions.open_case_from_meeting(meeting=meeting, by=ana)
    with pytest.raises(NotAllowed):
        actions.open_case_from_meeting(meeting=meeting, by=make_user())

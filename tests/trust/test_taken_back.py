"""What others read of a listing after its owner took it back: its reference, wherever they were told of it."""

import json
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from serai.accounts.models import User
from serai.cooperation import actions as cooperation
from serai.core import audit, outbox
from serai.core.errors import NotAllowed
from serai.events.models import MeetingRequest
from serai.exchange import actions, policies
from serai.exchange.models import Interest, Listing
from tests import factories as f
from tests.trust import walk

pytestmark = pytest.mark.django_db
SECRET = "Quorvane membrane"


class Sides:
    """An interest in a listing called `SECRET`: the sender, a colleague of the owner, and the two records."""

    def __init__(self, status: str = Interest.Status.SENT) -> None:
        self.owner_house, self.sender_house = f.make_organisation(), f.make_organisation()
        self.owner, self.sender = f.make_member(self.owner_house), f.make_member(self.sender_house)
        self.listing = f.make_listing(organisation=self.owner_house, title=SECRET, summary=SECRET)
        self.interest = actions.send_interest(
            listing=self.listing,
            organisation=self.sender_house,
            by=self.sender,
            language="en",
            cooperation_sought="Joint tests",
            about_us="We make filters",
        )
        if status == Interest.Status.ACCEPTED:
            self.interest = actions.accept_interest(interest=self.interest, by=self.owner)

    def take_back(self) -> None:
        Listing.objects.update(status=Listing.Status.DRAFT)


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def read(user: User, *addresses: str) -> str:
    client, found = client_of(user), ""
    for address in addresses:
        response: Any = client.get(address)
        assert response.status_code == 200, address
        found += walk.text_of(response)
        walk.done(response)
    return found


def doors_of(sides: Sides) -> list[str]:
    pk = sides.interest.pk
    return [
        "/today/",
        "/notices/",
        "/exchange/interests/?box=sent",
        f"/exchange/interests/{pk}/",
        "/api/v1/interests?box=sent",
        f"/api/v1/interests/{pk}",
        "/build/cases/",
    ]


@pytest.mark.parametrize("status", [Interest.Status.SENT, Interest.Status.ACCEPTED])
def test_the_sender_reads_the_reference_only(status: str) -> None:
    sides = Sides(status)
    audit.process_followers()
    shown = read(sides.sender, *doors_of(sides))
    assert SECRET in shown
    assert str(sides.listing.pk) in shown

    sides.take_back()

    hidden = read(sides.sender, *doors_of(sides))
    assert SECRET not in hidden
    assert str(sides.listing.pk) not in hidden
    assert sides.listing.reference in hidden


def test_the_owner_keeps_reading_their_own_draft() -> None:
    sides = Sides()
    sides.take_back()
    pages = ("/exchange/interests/", f"/exchange/interests/{sides.interest.pk}/", "/notices/")

    assert all(SECRET in read(sides.owner, page) for page in pages)


def test_a_letter_that_has_not_left_yet_says_no_more_than_one_may_know() -> None:
    sides = Sides(Interest.Status.ACCEPTED)
    sides.take_back()

    outbox.deliver_due()

    to_sender = [m for m in mail.outbox if m.to == [sides.sender.email]]
    assert to_sender
    assert SECRET not in str([(m.subject, m.body) for m in to_sender])
    assert sides.listing.reference in to_sender[0].body


def test_a_notice_of_what_one_may_no_longer_see_says_only_that() -> None:
    sides = Sides(Interest.Status.ACCEPTED)
    assert SECRET in read(sides.sender, "/notices/")

    sides.sender.memberships.all().delete()

    text = read(sides.sender, "/notices/")
    assert SECRET not in text
    assert "no longer open to you" in text


def test_a_case_opened_later_is_not_called_by_what_was_taken_back() -> None:
    sides = Sides(Interest.Status.ACCEPTED)
    sides.take_back()
    asked = read(sides.sender, f"/build/cases/new/interest/{sides.interest.pk}/")

    case = cooperation.open_case_from_interest(interest=sides.interest, by=sides.owner)

    assert SECRET not in asked
    assert case.title == sides.listing.reference


def test_a_listing_of_the_sender_that_was_taken_back_is_not_named_to_the_owner() -> None:
    sides = Sides()
    own = f.make_listing(organisation=sides.sender_house, title="Vellock filter", status="draft")
    Interest.objects.update(own_listing=own)
    address = f"/api/v1/interests/{sides.interest.pk}"

    assert json.loads(client_of(sides.owner).get(address).content)["own_listing"] is None
    assert json.loads(client_of(sides.sender).get(address).content)["own_listing"] == str(own.pk)


def test_a_meeting_is_not_about_what_was_taken_back() -> None:
    sides = Sides()
    event = f.make_event()
    a = f.make_participant(event, user=sides.sender, organisation=sides.sender_house)
    b = f.make_participant(event, user=sides.owner, organisation=sides.owner_house, listing=sides.listing)
    f.make_request(
        event, requester=a, invitee=b, listing=sides.listing, status=MeetingRequest.Status.ACCEPTED
    )
    doors = (
        "/meet/requests/?tab=sent",
        f"/meet/participants/{b.pk}/",
        f"/meet/{event.pk}/participants/",
        "/api/v1/participants",
        "/api/v1/meeting-requests",
    )
    assert all(SECRET in read(sides.sender, door) for door in doors[:3])
    sides.take_back()

    text = read(sides.sender, *doors)

    assert SECRET not in text
    assert str(sides.listing.pk) not in text


def test_shown_means_the_same_for_a_row_at_hand_and_for_a_query() -> None:
    for status in Listing.Status:
        f.make_listing(status=status, closed_as="found_here" if status == "closed" else "")
    from serai.core.viewer import ANYONE

    shown = set(policies.visible_listings(ANYONE).values_list("pk", flat=True))

    assert {x.pk for x in Listing.objects.all() if policies.is_shown(x)} == shown


def test_a_case_is_handed_over_within_one_side_and_names_no_one_of_the_other() -> None:
    ours, theirs = f.make_organisation(), f.make_organisation()
    by, colleague = f.make_member(ours), f.make_member(ours, name="Colleague of ours")
    stranger = f.make_member(theirs, name="Somebody of theirs")
    case = f.make_case(ours, theirs)

    page = read(by, f"/build/cases/{case.pk}/owner/")
    sent = client_of(by).post(f"/build/cases/{case.pk}/owner/", {"owner": str(stranger.pk)})

    assert "Colleague of ours" in page
    assert "Somebody of theirs" not in page
    assert str(stranger.pk) not in page
    assert sent.status_code == 422
    with pytest.raises(NotAllowed):
        cooperation.hand_over_case(case=case, owner=stranger, by=by)
    assert cooperation.hand_over_case(case=case, owner=colleague, by=by).owner == colleague
    assert cooperation.hand_over_case(case=case, owner=stranger, by=stranger).owner == stranger

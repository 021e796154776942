"""What an agreed interest leads to where both sides are at one event."""

import pytest
from django.test import Client
from django.urls import reverse

from serai.accounts.models import Membership
from serai.events.models import Event, Participant
from serai.exchange.models import Interest
from tests.events.conftest import World
from tests.factories import in_days, make_listing, make_request

pytestmark = pytest.mark.django_db


@pytest.fixture
def interest(world: World) -> Interest:
    for person in (world.ana, world.bo):
        Membership.objects.get_or_create(
            user=person.user,
            organisation=person.organisation,
            defaults={"status": "active", "role": "member"},
        )
    return Interest.objects.create(
        listing=make_listing(organisation=world.bo.organisation),
        organisation=world.ana.organisation,
        language="en",
        cooperation_sought="A pilot.",
        about_us="We.",
        answer_due=in_days(5),
        status=Interest.Status.ACCEPTED,
    )


def first_button(client: Client, person: Participant, interest: Interest) -> str:
    client.force_login(person.user)
    page = client.get(reverse("interest_detail", args=[interest.pk])).content.decode()
    head = page.split('<header class="head">')[1].split("</header>")[0]
    return head.split('class="btn btn-primary"')[0].rsplit('href="', 1)[1].split('"')[0]


def test_both_sides_are_led_to_a_meeting_where_both_are(
    client: Client, world: World, interest: Interest
) -> None:
    assert first_button(client, world.ana, interest) == reverse("participant_detail", args=[world.bo.pk])
    assert first_button(client, world.bo, interest) == reverse("participant_detail", args=[world.ana.pk])


def test_a_meeting_that_is_asked_for_is_not_asked_for_again(
    client: Client, world: World, interest: Interest
) -> None:
    make_request(world.event, requester=world.ana, invitee=world.bo, status="pending")

    assert first_button(client, world.ana, interest) == reverse("request_list")
    assert first_button(client, world.bo, interest) == reverse("request_list")


@pytest.mark.parametrize("missing", ["over", "late", "left", "declined"])
def test_where_they_cannot_meet_a_case_is_next(
    client: Client, world: World, interest: Interest, missing: str
) -> None:
    if missing == "over":
        Event.objects.update(status=Event.Status.ENDED)
    if missing == "late":
        Event.objects.update(requests_until="2026-01-01T00:00Z")
    if missing == "left":
        Participant.objects.filter(pk=world.bo.pk).update(status=Participant.Status.WITHDRAWN)
    if missing == "declined":
        Interest.objects.update(status=Interest.Status.IN_CONTACT)
        Event.objects.update(status=Event.Status.CANCELLED)

    assert first_button(client, world.ana, interest) == reverse("case_from_interest", args=[interest.pk])

"""Filter and check say the same of every row, for everybody."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet

from serai.accounts.models import Membership
from serai.core.viewer import Viewer
from serai.events import actions, policies
from serai.events.models import Event, Meeting, MeetingRequest, Participant
from tests.events.conftest import World
from tests.factories import make_event, make_member, make_organisation, make_participant, make_request

Filter = Callable[[Viewer], QuerySet[Any]]
Check = Callable[[Viewer, Any], bool]

PAIRS: list[tuple[type, Filter, Check]] = [
    (Event, policies.visible_events, policies.may_see_event),
    (Event, policies.organised_events, policies.may_organise),
    (Participant, policies.visible_participants, policies.may_see_participant),
    (MeetingRequest, policies.visible_requests, policies.may_see_request),
    (Meeting, policies.visible_meetings, policies.may_see_meeting),
]


def _populate(world: World) -> dict[str, Viewer]:
    """Rows that could leak beside those that may be seen, and everybody who might look."""
    make_event(status="planned")
    host = make_organisation()
    make_event(hosts=[host], is_public=False)
    make_participant(world.event, consent_listed=False)
    waiting = make_participant(world.event, status="submitted")
    request = make_request(world.event, requester=world.ana, invitee=world.bo)
    actions.book_meeting(request=request, slot=world.slots[0], by=world.organiser)
    make_request(make_event())
    own_host = world.event.hosts.get()
    return {
        "anyone": AnonymousUser(),
        "stranger": world.stranger,
        "ana": world.ana.user,
        "waiting": waiting.user,
        "organiser": world.organiser,
        "member of the host": make_member(own_host, role=Membership.Role.MEMBER),
        "member of a closed host": make_member(host, role=Membership.Role.MEMBER),
    }


@pytest.mark.parametrize(("model", "visible", "may"), PAIRS)
def test_filter_and_check_agree(world: World, model: Any, visible: Filter, may: Check) -> None:
    viewers = _populate(world)

    for name, viewer in viewers.items():
        seen = set(visible(viewer))
        assert {row for row in model.objects.all() if may(viewer, row)} == seen, name


def test_who_sees_which_events(world: World) -> None:
    viewers = _populate(world)
    hidden = Event.objects.get(status="planned")
    closed = Event.objects.get(is_public=False)

    assert hidden not in policies.visible_events(viewers["stranger"])
    assert closed not in policies.visible_events(viewers["anyone"])
    assert closed in policies.visible_events(viewers["member of a closed host"])
    assert not policies.may_organise(viewers["member of the host"], world.event)
    assert policies.may_organise(world.organiser, world.event)


def test_a_manager_of_another_organisation_organises_nothing_here(world: World) -> None:
    other = make_member(make_organisation(), role=Membership.Role.EVENT_ORGANISER)

    assert not policies.may_organise(other, world.event)
    assert not policies.visible_requests(other).exists()
    assert not policies.visible_participants(other).exists()


def test_somebody_unconfirmed_sees_nobody_but_themselves(world: World) -> None:
    waiting = make_participant(world.event, status="submitted")

    assert list(policies.visible_participants(waiting.user)) == [waiting]


def test_the_one_asked_sees_who_asks_even_if_not_listed(world: World) -> None:
    shy = make_participant(world.event, consent_listed=False)
    make_request(world.event, requester=shy, invitee=world.bo, status="pending")

    assert policies.may_see_participant(world.bo.user, shy)
    assert not policies.may_see_participant(world.ana.user, shy)


def test_an_ended_membership_ends_the_organiser_s_view(world: World) -> None:
    Membership.objects.filter(user=world.organiser).update(status="left")

    assert not policies.may_organise(world.organiser, world.event)

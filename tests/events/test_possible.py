"""No page offers what would be refused: every form that a page shows is sent, in every state of an event."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import product

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone

from serai.accounts.models import Membership, User
from serai.core.errors import Conflict
from serai.events import actions, policies
from serai.events.models import Event, Meeting, MeetingRequest, MeetingSeat, Participant, Slot
from tests.factories import (
    make_event,
    make_member,
    make_organisation,
    make_participant,
    make_request,
    make_slot,
    make_table,
)

pytestmark = pytest.mark.django_db

FORM = re.compile(
    r'<form method="post" action="([^"]+)"|<form class="pop-body" method="post" action="([^"]+)"'
)


@dataclass
class Scene:
    event: Event
    organiser: User
    ana: User


def _scene(status: str) -> Scene:
    """An event two hours after its start with a registration, a request and a meeting in every state."""
    host = make_organisation()
    organiser = make_member(host, role=Membership.Role.EVENT_ORGANISER)
    start = timezone.now() - timedelta(hours=2)
    event = make_event(hosts=[host], owner=organiser, status=status, starts_at=start)
    past, ahead = make_slot(event, 0), [make_slot(event, n) for n in range(20, 40)]
    for _n in range(3):
        make_table(event)
    ana = make_participant(event)
    for state in Participant.Status.values:
        make_participant(event, status=state)
    for asks, state in product((True, False), MeetingRequest.Status.values):
        sides = {"requester": ana, "invitee": make_participant(event)}
        if not asks:
            sides = {"requester": sides["invitee"], "invitee": ana}
        reason = {"decline_reason": "no_fit"} if state == "declined" else {}
        request = make_request(event, status=state, **sides, **reason)
        if state == "scheduled":
            _meeting(request, ahead.pop(), Meeting.Status.CONFIRMED)
    for state in ("confirmed", "held", "no_show"):
        request = make_request(event, requester=ana, status="scheduled")
        _meeting(request, past, state)
    return Scene(event, organiser, ana.user)


def _meeting(request: MeetingRequest, slot: Slot, status: str) -> None:
    table = request.event.tables.first()
    meeting = Meeting.objects.create(
        event=request.event, request=request, slot=slot, table=table, status=status
    )
    if status == Meeting.Status.CONFIRMED and slot.during.lower > timezone.now():
        for side in (request.requester, request.invitee):
            MeetingSeat.objects.create(
                meeting=meeting,
                kind="person",
                who=side.user_id,
                during=(slot.during.lower, slot.during.upper),
            )


def _client(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def _forms(html: str) -> list[str]:
    main = html[html.index("<main") : html.index("</main>")]
    return ["".join(found) for found in FORM.findall(main)]


def _refused(client: Client, pages: list[str]) -> Iterator[str]:
    for page in pages:
        answer = client.get(page)
        assert answer.status_code == 200, page
        for address in _forms(answer.content.decode()):
            mark = transaction.savepoint()
            sent = client.post(address, {"strength": "want", "seed": 0})
            transaction.savepoint_rollback(mark)
            if sent.status_code >= 400:
                yield f"{page}: {address} answers {sent.status_code}"


@pytest.mark.parametrize("status", Event.Status.values)
def test_every_form_on_a_participant_s_pages_is_taken(status: str) -> None:
    scene = _scene(status)
    meetings = [f"/meet/meetings/{m.pk}/" for m in scene.event.meetings.all()]
    register = f"/meet/{scene.event.pk}/registration/"
    pages = ["/meet/requests/", "/meet/requests/?tab=sent", *meetings]
    if policies.may_see_event(scene.ana, scene.event):
        pages.append(register)

    assert list(_refused(_client(scene.ana), pages)) == []


@pytest.mark.parametrize("status", Event.Status.values)
def test_every_form_on_an_organiser_s_pages_is_taken(status: str) -> None:
    scene = _scene(status)
    at = f"/meet/{scene.event.pk}"
    meetings = [f"/meet/meetings/{m.pk}/" for m in scene.event.meetings.all()]
    pages = [f"{at}/{room}" for room in ("", "registrations/", "check-in/", "desk/", "set-up/")]

    assert list(_refused(_client(scene.organiser), [*pages, *meetings])) == []


def test_what_is_possible_is_offered() -> None:
    """The counterpart: a page without any form would pass the tests above."""
    scene = _scene(Event.Status.RUNNING)
    client = _client(scene.ana)
    for tab in ("", "?tab=sent"):
        offered = " ".join(_forms(client.get(f"/meet/requests/{tab}").content.decode()))
        assert ("accept" in offered) is (tab == "")
        assert offered.count("withdraw") == (2 if tab == "" else 3)
    begun = scene.event.meetings.get(status="confirmed", slot=scene.event.slots.first())
    said = client.get(f"/meet/meetings/{begun.pk}/").content.decode()
    assert "It took place" in said
    assert "Cancel the meeting" not in said


def test_a_held_meeting_is_neither_cancelled_nor_withdrawn_nor_moved() -> None:
    scene = _scene(Event.Status.RUNNING)
    held = scene.event.meetings.get(status="held")
    for call in (
        lambda: actions.cancel_meeting(meeting=held, by=scene.ana),
        lambda: actions.withdraw_request(request=held.request, by=scene.ana),
        lambda: actions.move_meeting(meeting=held, slot=scene.event.slots.last(), by=scene.organiser),
    ):
        with pytest.raises(Conflict), transaction.atomic():
            call()
    said = _client(scene.organiser).get(f"/meet/meetings/{held.pk}/move/").content.decode()
    assert "can no longer be moved" in said
    assert "Cancel the meeting" not in said


@pytest.mark.parametrize("status", ["running", "ended"])
def test_the_interface_refuses_what_the_pages_refuse(status: str) -> None:
    """The same steps through both doors, on every request and meeting of somebody: the same answer."""
    scene = _scene(status)
    page, door = _client(scene.ana), _client(scene.ana)
    steps = [
        (f"/meet/requests/{r.pk}/{step}/", f"/api/v1/meeting-requests/{r.pk}/{step}", {})
        for r in scene.event.requests.all()
        for step in ("accept", "withdraw")
    ]
    steps += [
        (f"/meet/meetings/{m.pk}/do/{step}/", f"/api/v1/meetings/{m.pk}/do/{step}", {})
        for m in scene.event.meetings.all()
        for step in ("cancel", "held", "no_show")
    ]
    differing, refused = [], 0
    for by_page, by_api, body in steps:
        codes = []
        for send in (
            lambda url=by_page: page.post(url),
            lambda url=by_api, sent=body: door.post(url, sent, content_type="application/json"),
        ):
            mark = transaction.savepoint()
            codes.append(send().status_code)
            transaction.savepoint_rollback(mark)
        refused += codes[0] >= 400
        if (codes[0] if codes[0] >= 400 else 0) != (codes[1] if codes[1] >= 400 else 0):
            differing.append((by_page, codes))
    assert differing == []
    assert 0 < refused < len(steps)

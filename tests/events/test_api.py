import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from serai.events import actions
from serai.events.models import Event, Meeting, MeetingRequest, Outcome, Participant
from tests.events.conftest import World
from tests.factories import make_event, make_participant, make_request


def _client(user: object) -> Client:
    client = Client()
    client.force_login(user)  # type: ignore[arg-type]
    return client


def _post(client: Client, path: str, body: dict[str, Any] | None = None) -> tuple[int, Any]:
    answer = client.post(f"/api/v1/{path}", json.dumps(body or {}), content_type="application/json")
    return answer.status_code, answer.json()


def test_an_event_is_planned_prepared_and_opened(world: World) -> None:
    client = _client(world.organiser)
    start = (timezone.now() + timedelta(days=40)).replace(hour=1, minute=0, second=0, microsecond=0)
    body = {
        "kind": "matchmaking",
        "title": "Silk days",
        "language": "en",
        "hosts": [str(world.event.hosts.get().pk)],
        "time_zone": "Asia/Shanghai",
        "starts_at": start.isoformat(),
        "ends_at": (start + timedelta(hours=9)).isoformat(),
        "languages": ["en", "zh"],
    }

    status, event = _post(client, "events", body)

    assert (status, event["status"], event["texts"][0]["title"]) == (201, "planned", "Silk days")
    path = f"events/{event['id']}"
    hours = {"days": [start.date().isoformat()], "begin": "10:00", "end": "12:00", "minutes": 30}
    assert _post(client, f"{path}/slots", hours)[0] == 201
    assert _post(client, f"{path}/tables", {"count": 4})[0] == 201
    assert _post(client, f"{path}/interpreters", {"name": "Ines", "languages": ["en", "zh"]})[0] == 201
    assert client.get(f"/api/v1/{path}/slots").json()["count"] == 4
    assert Client().get(f"/api/v1/{path}").status_code == 404
    assert [_post(client, f"{path}/do/{s}")[0] for s in ("announce", "open_registration")] == [200, 200]
    assert Client().get(f"/api/v1/{path}").json()["status"] == "registration"
    assert _post(client, f"{path}/schedule", {"seed": 3})[0] == 202


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"time_zone": "Mars/Base"}, "time_zone"),
        ({"kind": "party"}, "kind"),
        ({"starts_at": "0001-01-01T00:00:00Z"}, "starts_at"),
        ({"starts_at": "2027-05-04T09:00:00"}, "starts_at"),
        ({"edition": 3}, "series"),
        ({"hosts": ["00000000-0000-4000-8000-000000000000"]}, "hosts"),
        ({"colour": "red"}, "body.body.colour"),
        ({"title": "a\x00b"}, "body.body.title"),
    ],
)
def test_what_does_not_fit_is_named(world: World, change: dict[str, Any], field: str) -> None:
    body = {
        "kind": "forum",
        "title": "T",
        "language": "en",
        "hosts": [str(world.event.hosts.get().pk)],
        "time_zone": "Europe/Warsaw",
        "starts_at": "2027-05-04T09:00:00+02:00",
        "ends_at": "2027-05-04T18:00:00+02:00",
        **change,
    }

    status, answer = _post(_client(world.organiser), "events", body)

    assert (status, list(answer["fields"])) == (422, [field])
    assert Event.objects.count() == 1


def test_registration_request_answer_and_booking(world: World) -> None:
    cy = make_participant(world.event)
    ana, cys = _client(world.ana.user), _client(cy.user)
    body = {"requester": str(world.ana.pk), "invitee": str(cy.pk), "strength": "must"}

    status, asked = _post(ana, "meeting-requests", body)

    assert (status, asked["status"], asked["strength"]) == (201, "pending", "must")
    assert cys.get(f"/api/v1/meeting-requests/{asked['id']}").json()["strength"] == ""
    status, answered = _post(cys, f"meeting-requests/{asked['id']}/accept", {"strength": "maybe"})
    assert (status, answered["status"], answered["answer_strength"]) == (200, "accepted", "maybe")
    free = ana.get(f"/api/v1/meeting-requests/{asked['id']}/free-slots").json()
    assert [slot["id"] for slot in free] == [str(slot.pk) for slot in world.slots]
    status, meeting = _post(ana, "meetings", {"request": asked["id"], "slot": free[0]["id"]})
    assert (status, meeting["people"]) == (201, [world.ana.user.name, cy.user.name])
    again = make_request(world.event, requester=world.bo, invitee=cy)
    status, refused = _post(
        _client(world.bo.user), "meetings", {"request": str(again.pk), "slot": free[0]["id"]}
    )
    assert (status, refused["code"]) == (409, "conflict")
    assert [a["slot"] for a in refused["alternatives"]] == [s["id"] for s in free[1:]]
    assert world.ana.user.name not in json.dumps(refused)


def test_registering_oneself(world: World) -> None:
    event = make_event()
    body = {
        "event": str(event.pk),
        "organisation": str(world.ana.organisation_id),
        "languages": ["en", "pl"],
    }

    status, made = _post(_client(world.ana.user), "participants", body)

    assert (status, made["status"], made["languages"]) == (201, "submitted", ["en", "pl"])
    assert _post(_client(world.ana.user), "participants", body)[0] == 409
    assert _post(_client(world.stranger), "participants", body)[0] == 403
    assert _post(Client(), "participants", body)[0] == 401


@pytest.mark.parametrize("kind", ["participants", "meeting-requests", "meetings"])
def test_hidden_and_missing_answer_alike(world: World, kind: str) -> None:
    request = make_request(world.event, requester=world.ana, invitee=world.bo)
    meeting = actions.book_meeting(request=request, slot=world.slots[0], by=world.organiser)
    ids = {"participants": world.ana.pk, "meeting-requests": request.pk, "meetings": meeting.pk}
    client = _client(world.stranger)

    hidden = client.get(f"/api/v1/{kind}/{ids[kind]}")
    missing = client.get(f"/api/v1/{kind}/00000000-0000-4000-8000-000000000000")

    assert (hidden.status_code, hidden.content) == (404, missing.content)
    assert client.get(f"/api/v1/{kind}").json()["items"] == []
    assert Client().get(f"/api/v1/{kind}").status_code == 401


@pytest.mark.parametrize("kind", ["events", "participants", "meeting-requests", "meetings"])
def test_unknown_parameters_are_refused(world: World, kind: str) -> None:
    answer = _client(world.ana.user).get(f"/api/v1/{kind}?owner__email=x")

    assert answer.status_code == 422


@pytest.mark.parametrize("kind", ["events", "participants", "meeting-requests", "meetings"])
def test_lists_cost_the_same_for_one_and_for_three(world: World, kind: str) -> None:
    client = _client(world.organiser)

    def cost() -> int:
        with CaptureQueriesContext(connection) as caught:
            assert client.get(f"/api/v1/{kind}").status_code == 200
        return len(caught)

    def more(slot: int) -> None:
        request = make_request(world.event, requester=world.ana)
        actions.book_meeting(request=request, slot=world.slots[slot], by=world.organiser)

    more(0)
    cost()
    before = cost()
    for slot in (1, 2):
        more(slot)
        make_event()

    assert cost() == before


def test_organisers_decide_and_others_do_not(world: World) -> None:
    new = make_participant(world.event, status="submitted")

    assert _post(_client(world.ana.user), f"participants/{new.pk}/do/confirm")[0] == 404
    assert _post(_client(world.ana.user), f"participants/{world.bo.pk}/do/check_in")[0] == 403
    assert _post(_client(world.organiser), f"participants/{new.pk}/do/confirm")[0] == 200
    assert Participant.objects.get(pk=new.pk).status == "confirmed"


def test_moving_cancelling_and_telling_the_outcome(world: World) -> None:
    request = make_request(world.event, requester=world.ana, invitee=world.bo)
    meeting = actions.book_meeting(request=request, slot=world.slots[0], by=world.organiser)
    outcome = Outcome.objects.create(meeting=meeting, participant=world.ana, due_on=timezone.localdate())
    organiser, ana = _client(world.organiser), _client(world.ana.user)

    assert _post(ana, f"meetings/{meeting.pk}/move", {"slot": str(world.slots[1].pk)})[0] == 403
    status, moved = _post(organiser, f"meetings/{meeting.pk}/move", {"slot": str(world.slots[1].pk)})
    assert (status, moved["slot"], moved["sequence"]) == (200, str(world.slots[1].pk), 1)
    assert _post(ana, f"meetings/outcomes/{outcome.pk}", {"kind": "agreed", "rating": 5})[0] == 200
    assert _post(organiser, f"meetings/outcomes/{outcome.pk}", {"kind": "agreed"})[0] == 404
    assert ana.get("/api/v1/meetings/outcomes").json()["count"] == 1
    assert Meeting.objects.get().status == "held"


def test_a_repeated_booking_with_a_key_has_one_effect(world: World) -> None:
    request = make_request(world.event, requester=world.ana, invitee=world.bo)
    body = json.dumps({"request": str(request.pk), "slot": str(world.slots[0].pk)})
    client = _client(world.ana.user)

    answers = [
        client.post(
            "/api/v1/meetings", body, content_type="application/json", headers={"idempotency-key": "k1"}
        )
        for _ in range(2)
    ]

    assert [a.status_code for a in answers] == [201, 201]
    assert answers[0].content == answers[1].content
    assert MeetingRequest.objects.get().status == "scheduled"

"""The wish to show a record to everybody, over the programming interface."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from serai.accounts.models import Membership, User
from serai.cooperation import actions
from serai.cooperation.models import Opening
from serai.core.models import AuditEntry
from serai.core.tiers import Tier
from tests.factories import make_agreement, make_facility, make_member, make_organisation, make_project

pytestmark = pytest.mark.django_db


class Two:
    """Two houses with a person each, and what they keep to themselves."""

    def __init__(self) -> None:
        self.ours, self.theirs = make_organisation(), make_organisation()
        self.ana, self.bo = make_member(self.ours), make_member(self.theirs)
        self.stranger = make_member(make_organisation())
        self.project = make_project(self.ours, self.theirs, tier=Tier.MUTUAL)

    def asks(self, person: User | None, record: Any = None, kind: str = "project") -> Any:
        return post(person, "openings", {"kind": kind, "record": str((record or self.project).pk)})

    def tier(self) -> str:
        self.project.refresh_from_db()
        return str(self.project.tier)


def as_one(person: User | None) -> Client:
    client = Client()
    if person is not None:
        client.force_login(person)
    return client


def get(person: User | None, path: str) -> Any:
    return as_one(person).get(f"/api/v1/{path}")


def post(person: User | None, path: str, body: dict[str, Any] | None = None) -> Any:
    return as_one(person).post(f"/api/v1/{path}", body or {}, content_type="application/json")


def answered(opening: Any) -> dict[str, bool]:
    return {party["organisation"]: party["consented_on"] is not None for party in opening["parties"]}


def test_a_record_is_shown_once_every_party_has_agreed() -> None:
    two = Two()

    asked, again = two.asks(two.ana), two.asks(two.bo)
    before = two.tier()
    agreed = post(two.bo, f"openings/{asked.json()['id']}/agree")

    assert (asked.status_code, again.json()) == (201, asked.json())
    assert asked.json() == {
        "id": str(Opening.objects.get().pk),
        "kind": "project",
        "record": str(two.project.pk),
        "status": "asked",
        "parties": asked.json()["parties"],
    }
    assert answered(asked.json()) == {str(two.ours.pk): True, str(two.theirs.pk): False}
    assert answered(agreed.json()) == {str(two.ours.pk): True, str(two.theirs.pk): True}
    assert (before, agreed.json()["status"], two.tier()) == ("mutual", "agreed", "public")
    assert get(None, f"projects/{two.project.pk}").status_code == 200
    assert AuditEntry.objects.filter(action="cooperation.opening_agreed").count() == 1


def test_a_party_that_declines_keeps_it_as_it_is() -> None:
    two = Two()
    pk = two.asks(two.ana).json()["id"]

    declined = post(two.bo, f"openings/{pk}/decline")
    late = post(two.bo, f"openings/{pk}/agree")

    assert (declined.json()["status"], late.status_code, two.tier()) == ("declined", 409, "mutual")


def test_agreements_and_facilities_are_asked_for_too() -> None:
    two = Two()
    agreement = make_agreement(two.ours, two.theirs, tier=Tier.MUTUAL)
    facility = make_facility(two.ours, two.theirs, tier=Tier.MUTUAL)

    answers = [two.asks(two.ana, agreement, "agreement"), two.asks(two.ana, facility, "facility")]

    assert [answer.json()["kind"] for answer in answers] == ["agreement", "facility"]
    assert two.asks(two.ana, agreement, "case").status_code == 422


def test_what_everybody_knows_already_is_not_asked_for() -> None:
    two = Two()

    answer = two.asks(two.ana, make_project(two.ours, two.theirs))

    assert answer.status_code == 409


def test_a_draft_is_not_asked_for() -> None:
    two = Two()
    draft = make_agreement(
        two.ours, two.theirs, tier=Tier.MUTUAL, status="negotiation", signed_on=None, in_force_on=None
    )

    answer = two.asks(two.ana, draft, "agreement")

    assert (answer.status_code, Opening.objects.exists()) == (409, False)


def test_nobody_answers_for_another_and_strangers_know_of_no_wish() -> None:
    two = Two()
    reader = make_member(two.theirs, role=Membership.Role.MEMBER)
    pk = two.asks(two.ana).json()["id"]

    assert [two.asks(person).status_code for person in (reader, two.stranger, None)] == [403, 404, 401]
    for verb in ("agree", "decline"):
        answers = [post(person, f"openings/{pk}/{verb}") for person in (reader, two.stranger, None)]
        assert [answer.status_code for answer in answers] == [403, 404, 401]
    hidden, missing = get(two.stranger, f"openings/{pk}"), get(two.stranger, f"openings/{two.ours.pk}")
    assert (hidden.status_code, hidden.content) == (404, missing.content)
    assert get(two.stranger, "openings").json()["items"] == []
    assert get(None, "openings").status_code == 401
    assert (Opening.objects.get().status, two.tier()) == ("asked", "mutual")


def test_the_list_keeps_what_waits_for_the_caller() -> None:
    two = Two()
    pk = two.asks(two.ana).json()["id"]

    def ids(person: User, query: str = "") -> list[str]:
        return [opening["id"] for opening in get(person, f"openings{query}").json()["items"]]

    assert [ids(person) for person in (two.ana, two.bo)] == [[pk], [pk]]
    assert [ids(person, "?whose=mine") for person in (two.ana, two.bo)] == [[], [pk]]
    assert [ids(two.ana, f"?status={status}") for status in ("asked", "agreed")] == [[pk], []]
    assert get(two.ana, "openings?owner=me").status_code == 422


def test_a_longer_list_costs_the_same() -> None:
    two = Two()
    costs = []
    for more in (1, 2):
        for _number in range(more):
            kept = make_project(two.ours, two.theirs, tier=Tier.MUTUAL)
            actions.ask_to_open(record=kept, by=two.ana)
        with CaptureQueriesContext(
            connection,
        ) as seen:
            assert get(two.bo, "openings").json()["count"] in {1, 3}
        costs.append(len(seen))

    assert costs[0] == costs[1]

"""Who copies the directory is stopped and told of; who works with it never notices that anybody counts."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from serai.accounts import actions, followers, notices
from serai.accounts.models import Notice, User
from serai.core import reads
from serai.core.models import AuditEntry, ReadMark, ReadTally
from serai.directory.models import Organisation
from tests import factories

pytestmark = pytest.mark.django_db
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three records a day."""
    monkeypatch.setattr(reads, "LEAST", 3)
    monkeypatch.setattr(reads, "SHARE", 0.0)
    monkeypatch.setattr(reads, "_known", {})


def _as(user: User) -> Client:
    client = Client()
    client.force_login(user, backend=BACKEND)
    return client


def _organisations(count: int) -> list[Organisation]:
    return [factories.make_organisation(name=f"House {n}", status="verified") for n in range(count)]


def _statuses(client: Client, found: list[Organisation], **extra: Any) -> list[int]:
    return [client.get(f"/network/{o.pk}/", **extra).status_code for o in found]


def test_a_person_opens_so_many_records_a_day_and_those_stay_open() -> None:
    found = _organisations(5)
    client = _as(factories.make_user())

    assert _statuses(client, found) == [200, 200, 200, 429, 429]
    assert _statuses(client, found[:3]) == [200, 200, 200]
    page = client.get(f"/network/{found[4].pk}/")
    assert ("3 different records" in page.content.decode(), client.get("/network/").status_code) == (
        True,
        200,
    )
    assert ReadMark.objects.count() == 3


def test_the_interface_says_so_in_its_shape_and_counts_with_the_pages() -> None:
    found = _organisations(4)
    client = _as(factories.make_user())
    _statuses(client, found[:2])

    answers = [client.get(f"/api/v1/organisations/{o.pk}") for o in found[2:]]

    assert [a.status_code for a in answers] == [200, 429]
    assert set(answers[1].json()) == {"code", "detail"}


def test_a_token_is_its_persons() -> None:
    found = _organisations(4)
    user = factories.make_user()
    _token, secret = actions.create_token(by=user, name="script")
    _statuses(_as(user), found[:3])

    answer = Client().get(
        f"/api/v1/organisations/{found[3].pk}", headers={"Authorization": f"Bearer {secret}"}
    )

    assert answer.status_code == 429


def test_strangers_who_see_what_is_public_are_not_counted() -> None:
    found = _organisations(5)

    assert _statuses(Client(), found) == [200] * 5
    assert (ReadMark.objects.count(), ReadTally.objects.count()) == (0, 0)


def test_what_is_not_there_is_not_counted() -> None:
    hidden = [factories.make_organisation(status="draft") for _n in range(5)]

    assert _statuses(_as(factories.make_user()), hidden) == [404] * 5
    assert ReadMark.objects.count() == 0


@pytest.mark.parametrize("place", ["/exchange/{}/", "/api/v1/listings/{}"])
def test_records_of_ones_own_organisations_are_not_counted(place: str) -> None:
    own = factories.make_organisation(status="verified")
    drafts = [factories.make_listing(organisation=own, status="draft") for _n in range(5)]
    foreign = _organisations(4)
    client = _as(factories.make_member(own))

    before = [client.get(place.format(listing.pk)).status_code for listing in drafts]
    assert (before, _statuses(client, [own])) == ([200] * 5, [200])
    assert _statuses(client, foreign) == [200, 200, 200, 429]
    after = [client.get(place.format(listing.pk)).status_code for listing in drafts]
    assert (after, ReadMark.objects.count()) == ([200] * 5, 3)


def test_another_day_begins_anew() -> None:
    found = _organisations(4)
    client = _as(factories.make_user())
    _statuses(client, found)
    for model in (ReadMark, ReadTally):
        model.objects.update(day=timezone.localdate() - timedelta(days=1))

    assert _statuses(client, found[3:]) == [200]


def test_the_stewards_are_told_once_and_are_never_stopped() -> None:
    found = _organisations(6)
    steward, reader = factories.make_steward(), factories.make_user()
    _statuses(_as(reader), found)

    for entry in AuditEntry.objects.filter(action="core.read_budget_used"):
        followers.tell_of_reads(entry)

    (told,) = Notice.objects.all()
    assert told.user == steward
    sentence = notices.sentences_of([told], steward)[0]
    assert (reader.name in sentence, "3" in sentence) == (True, True)
    page = _as(steward).get(told.values["url"]).content.decode()
    assert (reader.name in page, reader.email in page) == (True, True)
    assert _as(reader).get(told.values["url"]).status_code == 404
    assert _statuses(_as(steward), found) == [200] * 6


def test_many_people_behind_one_address_are_told_of() -> None:
    found = _organisations(reads.LEAST)
    for _turn in range(reads.ADDRESS_FACTOR + 1):
        own = _organisations(reads.LEAST)
        assert _statuses(_as(factories.make_user()), own, REMOTE_ADDR="192.0.2.7") == [200] * reads.LEAST

    assert len(found) == 3
    entries = AuditEntry.objects.filter(action="core.read_budget_used")
    assert ['"principal":"address"' in entry.payload for entry in entries] == [True]


def test_counting_costs_the_same_however_many_were_opened() -> None:
    found = _organisations(3)
    client = _as(factories.make_user())
    costs = []
    for organisation in found:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            client.get(f"/network/{organisation.pk}/")
        costs.append(len([q for q in queries if "core_read" in q["sql"]]))

    assert costs == [1, 1, 1]


def test_marks_are_kept_no_longer_than_they_are_needed() -> None:
    _statuses(_as(factories.make_user()), _organisations(2))
    ReadMark.objects.update(day=timezone.localdate() - timedelta(days=2))

    assert (reads.forget_old(), ReadMark.objects.count(), ReadTally.objects.count()) == (2, 0, 1)

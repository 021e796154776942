"""Agreements in the programming interface: consent to the wording, and the agreement that another follows."""

from typing import Any

import pytest
from django.test import Client

from serai.accounts.models import Membership, User
from serai.agreements.models import Agreement, AgreementBody, Party
from serai.core.models import Link
from serai.core.tiers import Tier
from serai.directory.models import Organisation
from tests.factories import in_days, make_agreement, make_member, make_organisation

pytestmark = pytest.mark.django_db


class Negotiated:
    """An agreement under negotiation between two houses, with a first version of its wording."""

    def __init__(self) -> None:
        self.ours, self.theirs = make_organisation(), make_organisation()
        self.ana, self.bo = make_member(self.ours), make_member(self.theirs)
        status = {"status": "negotiation", "signed_on": None, "in_force_on": None}
        self.agreement = make_agreement(self.ours, self.theirs, **status)
        AgreementBody.objects.create(agreement=self.agreement, language="en", body="Article 1")
        self.path = f"/api/v1/agreements/{self.agreement.pk}"

    def party(self, organisation: Organisation) -> Party:
        return self.agreement.parties.get(organisation=organisation)

    def consents(self, person: User, organisation: Organisation, version: object = 1) -> Any:
        address = f"{self.path}/parties/{self.party(organisation).pk}/consent"
        return as_one(person).post(address, {"version": version}, content_type="application/json")

    def withdraws(self, person: User, organisation: Organisation) -> Any:
        return as_one(person).post(f"{self.path}/parties/{self.party(organisation).pk}/consent/withdraw")


def as_one(person: User | None = None) -> Client:
    client = Client()
    if person is not None:
        client.force_login(person)
    return client


def consents_in(answer: Any) -> dict[str, tuple[int | None, str | None]]:
    parties = answer.json()["parties"]
    return {p["organisation"]: (p["consented_version"], p["consented_on"]) for p in parties}


def test_a_party_consents_to_the_version_it_has_read_and_takes_it_back() -> None:
    deal = Negotiated()

    given = deal.consents(deal.ana, deal.ours)
    taken = deal.withdraws(deal.ana, deal.ours)

    assert given.json()["wording_version"] == 1
    assert consents_in(given) == {
        str(deal.ours.pk): (1, in_days(0).isoformat()),
        str(deal.theirs.pk): (None, None),
    }
    assert set(consents_in(taken).values()) == {(None, None)}


def test_a_consent_to_another_version_is_refused_and_a_change_asks_again() -> None:
    deal = Negotiated()
    deal.consents(deal.ana, deal.ours)

    changed = as_one(deal.bo).put(
        f"{deal.path}/wording/en", {"body": "Article 2"}, content_type="application/json"
    )
    late, again = deal.consents(deal.bo, deal.theirs, 1), deal.consents(deal.bo, deal.theirs, 2)
    approved = as_one(deal.bo).post(f"{deal.path}/move", {"to": "approved"}, content_type="application/json")

    assert changed.status_code == 200
    assert (late.status_code, "changed" in late.json()["detail"]) == (409, True)
    assert again.json()["wording_version"] == 2
    assert {version for version, _day in consents_in(again).values()} == {1, 2}
    assert approved.status_code == 409


@pytest.mark.parametrize("version", [0, -1, 2**31, "one", None])
def test_a_version_that_is_none_is_refused(version: object) -> None:
    deal = Negotiated()

    assert deal.consents(deal.ana, deal.ours, version).status_code == 422


def test_nobody_consents_for_another() -> None:
    deal = Negotiated()
    reader = make_member(deal.ours, role=Membership.Role.MEMBER)
    stranger = make_member(make_organisation())

    others = [deal.consents(person, deal.ours) for person in (deal.bo, reader, stranger)]
    taken = deal.withdraws(deal.bo, deal.ours)

    assert [answer.status_code for answer in others] == [403, 403, 404]
    assert taken.status_code == 403
    assert not deal.agreement.parties.filter(consented_version__isnull=False).exists()


def test_a_party_of_another_agreement_is_not_found() -> None:
    deal, other = Negotiated(), Negotiated()
    address = f"{deal.path}/parties/{other.party(other.ours).pk}/consent"

    answer = as_one(deal.ana).post(address, {"version": 1}, content_type="application/json")

    assert answer.status_code == 404


def test_only_the_parties_read_who_consented_to_what() -> None:
    deal = Negotiated()
    Party.objects.filter(agreement=deal.agreement).update(
        consented_version=1, consented_on=in_days(0), signed_on=in_days(0)
    )
    for status, values in (("approved", {}), ("signed", {"signed_on": in_days(0)})):
        Agreement.objects.filter(pk=deal.agreement.pk).update(status=status, **values)
    stranger = make_member(make_organisation())

    seen = [as_one(person).get(deal.path) for person in (deal.bo, stranger, None)]

    assert [answer.json()["wording_version"] for answer in seen] == [1, None, None]
    assert [set(consents_in(answer).values()) for answer in seen] == [
        {(1, in_days(0).isoformat())},
        {(None, None)},
        {(None, None)},
    ]


def _draft(deal: Negotiated, **said: Any) -> Any:
    body = {
        "kind": "mou",
        "parties": [{"organisation": str(deal.ours.pk)}, {"organisation": str(deal.theirs.pk)}],
        "texts": [{"language": "en", "title": "Renewed"}],
        **said,
    }
    return as_one(deal.ana).post("/api/v1/agreements", body, content_type="application/json")


def test_an_agreement_follows_an_earlier_one_of_its_parties() -> None:
    deal = Negotiated()
    earlier = make_agreement(deal.ours, make_organisation())

    made = _draft(deal, follows=str(earlier.pk))

    assert made.status_code == 201
    links = Link.objects.filter(source_id=earlier.pk, target_id=made.json()["id"], relation="led_to")
    assert links.count() == 1


def test_an_agreement_follows_none_of_others_and_no_draft() -> None:
    deal = Negotiated()
    before = Agreement.objects.count()
    theirs, hidden = make_agreement(), make_agreement(tier=Tier.MUTUAL)

    answers = [_draft(deal, follows=str(pk)) for pk in (theirs.pk, hidden.pk, deal.ours.pk)]
    of_a_draft = _draft(deal, follows=str(deal.agreement.pk))

    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert answers[0].content == answers[1].content == answers[2].content
    assert (of_a_draft.status_code, list(of_a_draft.json()["fields"])) == (422, ["follows"])
    assert Agreement.objects.count() == before + 2

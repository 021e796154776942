from typing import Any

import pytest
from django.test import Client

from serai.accounts.models import Membership, User
from serai.agreements.models import Agreement, AgreementBody
from serai.cooperation.models import Project
from serai.core.models import AuditEntry, Link
from serai.core.tiers import Tier
from serai.exchange.models import Interest
from tests.factories import (
    in_days,
    make_agreement,
    make_case,
    make_facility,
    make_listing,
    make_member,
    make_organisation,
    make_place,
    make_project,
    make_result,
    make_steward,
)

pytestmark = pytest.mark.django_db


class Api:
    """A small client of the interface, as one person or as a stranger."""

    def __init__(self, person: User | None = None) -> None:
        self.client = Client()
        if person is not None:
            self.client.force_login(person)

    def get(self, path: str) -> Any:
        return self.client.get(f"/api/v1/{path}")

    def post(self, path: str, body: dict[str, Any] | None = None) -> Any:
        return self.client.post(f"/api/v1/{path}", body or {}, content_type="application/json")

    def put(self, path: str, body: dict[str, Any]) -> Any:
        return self.client.put(f"/api/v1/{path}", body, content_type="application/json")


def test_only_a_signed_agreement_of_its_organisations_is_named() -> None:
    ours, theirs = make_organisation(), make_organisation()
    person = make_member(ours)
    other = make_organisation()
    Membership.objects.create(user=person, organisation=other, role="manager", status="active")
    ana = Api(person)
    case = make_case(ours, theirs, status="matched")
    records = [
        f"projects/{make_project(ours, theirs).pk}",
        f"facilities/{make_facility(ours, theirs).pk}",
    ]
    draft = make_agreement(ours, theirs, status="draft", signed_on=None, in_force_on=None)
    ended = make_agreement(ours, theirs, status="terminated", ended_on=in_days(-9))
    beside = make_agreement(other, make_organisation())
    carries = make_agreement(ours, make_organisation())

    for agreement in (draft, ended, beside):
        for record in records:
            answer = ana.post(f"{record}/agreement", {"agreement": str(agreement.pk)})
            assert (answer.status_code, "signed" in answer.json()["detail"]) == (422, True)
    assert not Link.objects.exists()
    for record in records:
        assert ana.post(f"{record}/agreement", {"agreement": str(carries.pk)}).status_code == 200
    assert ana.post(f"cases/{case.pk}/agreement/named", {"agreement": str(draft.pk)}).status_code == 200


def test_nothing_begins_under_a_draft() -> None:
    ours, theirs = make_organisation(), make_organisation()
    ana = Api(make_member(ours))
    draft = make_agreement(ours, theirs, status="draft", signed_on=None, in_force_on=None)
    texts = [{"language": "en", "title": "Seaweed"}]
    parties = [{"organisation": str(o.pk), "sector": "university"} for o in (ours, theirs)]
    hosts = [str(ours.pk), str(theirs.pk)]
    project = {"agreement": str(draft.pk), "texts": texts, "parties": parties}
    names = [{"language": "en", "name": "Laboratory"}]
    facility = {
        "agreement": str(draft.pk),
        "kind": "joint_laboratory",
        "texts": names,
        "hosts": hosts,
        "field": "energy",
    }

    for path, body in (("projects", project), ("facilities", facility)):
        refused, begun = ana.post(path, body), ana.post(path, {**body, "agreement": None})
        assert (refused.status_code, "signed" in refused.json()["detail"]) == (422, True)
        assert begun.status_code == 201


def test_the_whole_road_over_the_interface() -> None:
    ours, theirs = make_organisation(), make_organisation()
    make_place("KE")
    ana, bo, steward = Api(make_member(ours)), Api(make_member(theirs)), Api(make_steward())

    case = ana.post(
        "cases", {"title": "Batteries", "language": "en", "parties": [str(ours.pk), str(theirs.pk)]}
    )
    assert case.status_code == 201
    made = ana.post(
        f"cases/{case.json()['id']}/agreement",
        {
            "kind": "cooperation",
            "tier": "public",
            "texts": [{"language": "en", "title": "Batteries", "is_authentic": True}],
        },
    )
    assert made.status_code == 201
    agreement = f"agreements/{made.json()['id']}"
    parties = {p["organisation"]: p["id"] for p in ana.get(agreement).json()["parties"]}
    assert ana.put(f"{agreement}/wording/en", {"body": "Article 1"}).status_code == 200
    assert ana.post(f"{agreement}/move", {"to": "negotiation"}).json()["status"] == "negotiation"
    for person, organisation in ((ana, ours), (bo, theirs)):
        version = {"version": person.get(agreement).json()["wording_version"]}
        path = f"{agreement}/parties/{parties[str(organisation.pk)]}/consent"
        assert person.post(path, version).status_code == 200
    assert bo.post(f"{agreement}/move", {"to": "approved"}).json()["status"] == "approved"
    for person, organisation in ((ana, ours), (bo, theirs)):
        path = f"{agreement}/parties/{parties[str(organisation.pk)]}/signature"
        assert person.post(path, {"signed_on": "2026-05-01"}).status_code == 200
    assert ana.post(f"{agreement}/in-force", {"on": "2026-05-02"}).json()["status"] == "in_force"
    project = ana.post(
        "projects",
        {
            "case": case.json()["id"],
            "agreement": made.json()["id"],
            "tier": "public",
            "texts": [{"language": "en", "title": "Seaweed"}],
            "parties": [
                {"organisation": str(ours.pk), "sector": "university", "benefit_percent": "60"},
                {"organisation": str(theirs.pk), "sector": "industry", "benefit_percent": "40"},
            ],
        },
    )
    assert project.status_code == 201
    path = f"projects/{project.json()['id']}"
    assert project.json()["status"] == "signed"
    assert ana.post(f"{path}/land", {"on": "2026-06-01", "place": "KE"}).json()["landing_place"] == "KE"
    result = ana.post(
        "results",
        {
            "project": project.json()["id"], "kind": "patent", "title": "A patent", "language": "en",
            "achieved_on": "2026-07-01", "evidence_url": "https://example.org/patent",
        },
    )  # fmt: skip
    assert result.status_code == 201
    assert ana.post(f"results/{result.json()['id']}/validate").status_code == 403
    assert steward.post(f"results/{result.json()['id']}/validate").json()["status"] == "validated"
    read = Api().get(f"results/{result.json()['id']}").json()
    assert (read["project"], read["tier"]) == (project.json()["id"], "public")
    assert AuditEntry.objects.filter(action="cooperation.result_validated").count() == 1


@pytest.mark.parametrize(
    ("path", "make"),
    [
        ("agreements", lambda: make_agreement(tier=Tier.MUTUAL)),
        ("projects", lambda: make_project(tier=Tier.MUTUAL)),
        ("facilities", lambda: make_facility(tier=Tier.MUTUAL)),
        ("results", lambda: make_result(tier=Tier.MUTUAL)),
        ("cases", make_case),
    ],
)
def test_hidden_and_missing_answer_alike_and_lists_leave_them_out(path: str, make: Any) -> None:
    hidden = make()
    outsider = Api(make_member(make_organisation()))

    answers = [outsider.get(f"{path}/{pk}") for pk in (hidden.pk, make_organisation().pk)]

    assert [a.status_code for a in answers] == [404, 404]
    assert answers[0].content == answers[1].content
    assert outsider.get(path).json() == {"items": [], "count": 0, "is_capped": False}


@pytest.mark.parametrize("path", ["agreements", "projects", "facilities", "results", "releases"])
def test_public_lists_need_no_key_and_refuse_unknown_parameters(path: str) -> None:
    assert Api().get(path).status_code == 200
    assert Api().get(f"{path}?owner=me").status_code == 422
    assert Api().get(f"{path}?limit=1000").status_code == 422


def test_cases_need_a_person() -> None:
    assert Api().get("cases").status_code == 401
    assert Api().post("cases", {"title": "x"}).status_code in {401, 403}


def test_the_wording_is_the_parties_own() -> None:
    ours = make_organisation()
    agreement = make_agreement(ours, make_organisation(), tier=Tier.PUBLIC)
    AgreementBody.objects.create(agreement=agreement, language="en", body="Article 1")
    path = f"agreements/{agreement.pk}/wording"

    assert [b["body"] for b in Api(make_member(ours)).get(path).json()] == ["Article 1"]
    assert Api(make_member(make_organisation())).get(path).json() == []
    assert Api().get(path).status_code == 401


def test_an_unknown_field_and_a_wrong_share_are_refused_in_words() -> None:
    ours, theirs = make_organisation(), make_organisation()
    ana = Api(make_member(ours))
    body = {
        "texts": [{"language": "en", "title": "Seaweed"}],
        "parties": [
            {"organisation": str(ours.pk), "sector": "university", "benefit_percent": "60"},
            {"organisation": str(theirs.pk), "sector": "industry", "benefit_percent": "60"},
        ],
    }

    unknown, too_much = ana.post("projects", {**body, "owner": "me"}), ana.post("projects", body)

    assert unknown.status_code == 422
    assert too_much.status_code == 422
    assert "120" in too_much.json()["fields"]["benefit_percent"]
    assert not Project.objects.exists()


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "mou", "parties": [], "texts": []},
        {"kind": "x" * 41, "parties": [], "texts": []},
        {"kind": "mou", "parties": [{"place": "ZZ"}], "texts": []},
        {"kind": "mou", "parties": [], "texts": [{"language": "en", "title": "a\x00b"}]},
        {"kind": "mou", "parties": [], "texts": [{"language": "not a language", "title": "a"}]},
    ],
)
def test_a_draft_that_does_not_fit_is_refused(body: dict[str, Any]) -> None:
    assert Api(make_member(make_organisation())).post("agreements", body).status_code == 422
    assert not Agreement.objects.exists()


def test_a_reader_may_not_change_what_everybody_sees() -> None:
    agreement = make_agreement()
    reader = Api(make_member(make_organisation()))

    assert (
        reader.post(f"agreements/{agreement.pk}/renew", {"ends_on": in_days(900).isoformat()}).status_code
        == 403
    )
    assert reader.put(f"agreements/{agreement.pk}/terms", {"kind": "mou"}).status_code == 403


def _report(of: Project, **said: Any) -> dict[str, Any]:
    return {
        "project": str(of.pk), "kind": "patent", "title": "A patent", "language": "en",
        "achieved_on": "2026-07-01", "evidence_url": "https://example.org/patent", **said,
    }  # fmt: skip


def test_the_same_readers_know_of_a_result_as_of_its_project_unless_the_reporter_says_otherwise() -> None:
    ours = make_organisation()
    ana = Api(make_member(ours))
    project = make_project(ours, make_organisation(), tier=Tier.MUTUAL)

    silent, said = (
        ana.post("results", _report(project)),
        ana.post("results", _report(project, tier="network")),
    )

    assert [silent.json()["tier"], said.json()["tier"]] == ["mutual", "network"]
    assert ana.post("results", _report(project, tier="")).status_code == 422


def test_a_result_comes_of_one_project_or_facility() -> None:
    ours = make_organisation()
    project, facility = make_project(ours, make_organisation()), make_facility(ours, make_organisation())
    ana = Api(make_member(ours))

    both = ana.post("results", _report(project, facility=str(facility.pk)))
    neither = ana.post("results", _report(project, project=None))
    one = ana.post("results", _report(project, project=None, facility=str(facility.pk)))

    assert [list(answer.json()["fields"]) for answer in (both, neither)] == [["project"], ["project"]]
    assert (one.status_code, one.json()["facility"]) == (201, str(facility.pk))


def test_the_agreement_of_a_case_follows_an_earlier_one() -> None:
    ours, theirs = make_organisation(), make_organisation()
    ana = Api(make_member(ours))
    earlier = make_agreement(ours, theirs)
    case = make_case(ours, theirs, status="matched")
    texts = [{"language": "en", "title": "Renewed"}]

    made = ana.post(f"cases/{case.pk}/agreement", {"kind": "mou", "texts": texts, "follows": str(earlier.pk)})

    assert made.status_code == 201
    assert Link.objects.filter(source_id=earlier.pk, target_id=made.json()["id"], relation="led_to").exists()


def _accepted(title: str) -> tuple[Api, Interest]:
    listing, theirs = make_listing(title=title, language="pl"), make_organisation()
    interest = Interest.objects.create(
        listing=listing,
        organisation=theirs,
        status=Interest.Status.ACCEPTED,
        language="en",
        cooperation_sought="A pilot.",
        about_us="We build pilots.",
        answer_due=in_days(9),
    )
    return Api(make_member(theirs)), interest


def test_a_case_from_an_interest_is_called_as_the_caller_says() -> None:
    person, interest = _accepted("Akustyka")
    body = {"interest": str(interest.pk), "title": "Leaks in Bangkok", "language": "en", "next_step": "Call"}

    made = person.post("cases", body)
    again = person.post("cases", {"interest": str(interest.pk), "title": "Another name"})

    assert made.status_code == 201
    said = ("title", "language", "next_step")
    assert [made.json()[name] for name in said] == ["Leaks in Bangkok", "en", "Call"]
    assert again.json() == made.json()


def test_a_case_from_an_interest_is_called_by_its_listing_otherwise() -> None:
    person, interest = _accepted("Akustyka")

    made = person.post("cases", {"interest": str(interest.pk)})

    assert [made.json()[name] for name in ("title", "language")] == ["Akustyka", "pl"]


def test_the_parties_of_a_case_from_an_interest_are_its_two_sides() -> None:
    person, interest = _accepted("Akustyka")
    body = {"interest": str(interest.pk), "parties": [str(make_organisation().pk)]}

    answer = person.post("cases", body)

    assert answer.status_code == 422
    assert list(answer.json()["fields"]) == ["parties"]

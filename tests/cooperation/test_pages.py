import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from serai.accounts.models import NodeRole, User
from serai.agreements.models import Agreement
from serai.cooperation import actions
from serai.cooperation.models import Case, Facility, Opening, Project, Result
from serai.core.models import Link
from serai.core.tiers import Tier
from serai.core.words import on_day
from serai.directory.models import Organisation
from serai.exchange.models import Interest, Listing
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
    make_user,
)

pytestmark = pytest.mark.django_db


def _client(person: Any = None) -> Client:
    client = Client()
    if person is not None:
        client.force_login(person)
    return client


def _secretariat() -> User:
    person = make_user()
    NodeRole.objects.create(user=person, role=NodeRole.Role.SECRETARIAT)
    return person


def _accepted(listing: Listing, organisation: Organisation) -> Interest:
    values = {"status": Interest.Status.ACCEPTED, "language": "en", "answer_due": in_days(7)}
    return Interest.objects.create(listing=listing, organisation=organisation, **values)


def _queries(client: Client, url: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(url).status_code == 200
    return len(captured)


# --- the lists --------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("agreement_list", lambda ours: make_agreement(ours, make_organisation())),
        ("case_list", lambda ours: make_case(ours, make_organisation())),
        ("project_list", lambda ours: make_project(ours, make_organisation())),
        ("facility_list", lambda ours: make_facility(ours, make_organisation())),
        ("result_list", lambda ours: make_result(project=make_project(ours, make_organisation()))),
    ],
)
def test_a_list_costs_the_same_number_of_queries_for_one_and_three_rows(name: str, make: Any) -> None:
    ours = make_organisation()
    client = _client(make_member(ours))
    client.get(reverse(name))
    make(ours)
    one = _queries(client, reverse(name))
    make(ours)
    make(ours)

    assert _queries(client, reverse(name)) == one


def test_build_opens_on_what_one_does_first() -> None:
    register, cases, results = reverse("agreement_list"), reverse("case_list"), reverse("result_list")
    member, secretariat = make_member(make_organisation()), _secretariat()

    def goes_to(person: Any) -> str:
        return _client(person).get(reverse("build")).url  # type: ignore[attr-defined,no-any-return]

    before = [goes_to(None), goes_to(make_user()), goes_to(secretariat), goes_to(member)]
    first = make_result(status=Result.Status.REPORTED)
    make_result(status=Result.Status.REPORTED)

    assert before == [register, register, register, cases]
    assert goes_to(secretariat) == f"{results}?status=reported"
    page = _client(secretariat).get(f"{results}?status=reported").content.decode()
    assert f'href="/build/results/{first.pk}/" class="btn btn-primary"' in page
    assert goes_to(member) == cases


def test_the_register_says_what_ends_next_and_what_then_happens() -> None:
    ours = make_organisation()
    ministry = _client(make_member(ours))
    later = make_agreement(ours, make_organisation(), title="Later", ends_on=in_days(300), renewal="tacit")
    sooner = make_agreement(title="Sooner", ends_on=in_days(80), renewal="none")
    for values in ({"ends_on": in_days(800)}, {}, {"ends_on": in_days(9), "status": "draft"}):
        make_agreement(ours, make_organisation(), **values)
    register = reverse("agreement_list")

    def shown(query: str) -> list[str]:
        page = ministry.get(f"{register}{query}").content.decode()
        return re.findall(r'class="row-title"><a href="/build/agreements/([^/]+)/', page)

    assert shown("?ends=12") == [str(sooner.pk), str(later.pk)]
    assert shown("?ends=3") == [str(sooner.pk)]
    assert shown("?ends=12&whose=ours") == [str(later.pk)]
    assert len(shown("?ends=0")) == len(shown("?ends=x")) == len(shown("")) == 5
    plain, ending = (ministry.get(register + q).content.decode() for q in ("", "?ends=12"))
    assert '<a href="?ends=12">2 end within a year</a>' in plain
    assert f"Ends: {on_day(later.ends_on)}" in plain
    assert (
        f"Renewed unless ended · Period of notice from {on_day(in_days(300 - later.notice_days))}" in ending
    )
    assert 'name="whose"' not in _client().get(register).content.decode()


def test_an_agreement_without_a_case_leads_to_a_project_and_a_facility() -> None:
    ours, theirs = make_organisation(), make_organisation()
    client = _client(make_member(ours))
    agreement = make_agreement(ours, theirs, title="Joint work", fields_of_science=["energy"])
    propose = f"{reverse('facility_create')}?agreement={agreement.pk}"

    first = client.get(reverse("agreement_detail", args=[agreement.pk])).content.decode()
    form = client.get(propose).content.decode()
    made = client.post(
        propose,
        {
            "agreement": agreement.pk, "kind": "joint_laboratory", "name": "A laboratory", "language": "en",
            "field": "energy", "organisation": ours.pk, "others": str(theirs.pk), "tier": "public",
        },
    )  # fmt: skip
    begin = reverse("project_create", args=[agreement.pk])
    shares = {f"{name}_{n}": "industry" for n in (0, 1) for name in ("sector",)}
    begun = client.post(begin, {"title": "Joint work", "language": "en", "tier": "public", **shares})
    after = client.get(reverse("agreement_detail", args=[agreement.pk])).content.decode()

    assert f'href="{begin}" class="btn btn-primary"' in first
    assert str(theirs.pk) in form
    assert f'<option value="{agreement.pk}" selected' in form
    assert (made.status_code, begun.status_code) == (302, 302)
    made_of = {(link.source_kind, link.target_kind) for link in Link.objects.filter(source_id=agreement.pk)}
    assert made_of == {("agreement", "facility"), ("agreement", "project")}
    assert f'href="{begin}" class="btn btn-primary"' not in after
    assert client.get(f"{reverse('facility_create')}?agreement=x").status_code == 200


def test_an_agreement_is_named_afterwards_by_a_case_a_project_and_a_facility() -> None:
    ours, theirs = make_organisation(), make_organisation()
    client = _client(make_member(ours))
    agreement = make_agreement(ours, theirs)
    foreign = make_agreement(theirs, make_organisation())
    case = make_case(ours, theirs, status=Case.Status.MATCHED)
    project, facility = make_project(ours, theirs), make_facility(ours, theirs)
    urls = [
        reverse("case_name_agreement", args=[case.pk]),
        reverse("project_agreement", args=[project.pk]),
        reverse("facility_agreement", args=[facility.pk]),
    ]

    refused = [client.post(url, {"agreement": foreign.pk}).status_code for url in urls]
    done = [client.post(url, {"agreement": agreement.pk}).status_code for url in urls]

    case.refresh_from_db()
    assert (refused, done) == ([422] * 3, [302] * 3)
    assert (case.status, case.planned_step) == (Case.Status.SIGNED, Case.Step.BEGIN)
    linked = {(link.source_kind, link.relation, link.target_kind) for link in Link.objects.all()}
    assert linked == {
        ("case", "agreed_in", "agreement"),
        ("agreement", "created", "project"),
        ("agreement", "created", "facility"),
    }
    for record in (project, facility):
        assert (
            "Name its agreement" not in client.get(f"/build/{_plural(record)}/{record.pk}/").content.decode()
        )


def _plural(record: Any) -> str:
    return "projects" if isinstance(record, Project) else "facilities"


def test_a_case_that_has_begun_something_does_not_ask_to_begin_it() -> None:
    ours, theirs = make_organisation(), make_organisation()
    client = _client(make_member(ours))
    case = make_case(ours, theirs, status=Case.Status.SIGNED, planned_step=Case.Step.BEGIN)
    before = client.get(reverse("case_detail", args=[case.pk])).content.decode()

    client.post(
        reverse("case_facility", args=[case.pk]),
        {
            "kind": "joint_laboratory", "name": "A laboratory", "language": "en", "field": "energy",
            "organisation": ours.pk, "others": str(theirs.pk), "tier": "public",
        },
    )  # fmt: skip

    case.refresh_from_db()
    after = client.get(reverse("case_detail", args=[case.pk])).content.decode()
    assert "Begin the project" in before
    assert "Begin the project" not in after
    assert (case.step, "It has landed" in after) == ("Report the first result", True)


def test_a_case_is_called_by_its_listing_or_as_its_opener_says_and_both_read_that_it_stays_so() -> None:
    listing = make_listing(title="A pump")
    theirs = make_organisation()
    client = _client(make_member(listing.organisation))
    interests = [_accepted(listing, o) for o in (theirs, make_organisation())]
    urls = [reverse("case_from_interest", args=[interest.pk]) for interest in interests]

    page = client.get(urls[0]).content.decode()
    client.post(urls[0], {"title": "A pump", "language": "en"})
    client.post(urls[1], {"title": "Насос", "language": "ru"})

    assert "Both sides keep this title, also when the listing is taken back later." in page
    assert 'value="A pump"' in page
    assert set(Case.objects.values_list("title", "language")) == {
        ("A pump", listing.language),
        ("Насос", "ru"),
    }


def test_the_register_is_narrowed_by_its_sentence() -> None:
    make_agreement(make_place("KE"), make_place("PL"), title="Treaty", kind=Agreement.Kind.INTERGOVERNMENTAL)
    make_agreement(title="Twinning", kind=Agreement.Kind.TWINNING, fields_of_science=["energy"])

    def titles(query: str) -> list[str]:
        page = _client().get(reverse("agreement_list") + query).content.decode()
        return re.findall(r"<bdi[^>]*>(Treaty|Twinning)</bdi>", page)

    assert sorted(titles("")) == ["Treaty", "Twinning"]
    assert titles("?country=KE") == ["Treaty"]
    assert titles("?field=energy") == ["Twinning"]
    assert titles("?kind=twinning") == ["Twinning"]
    assert titles("?year=1999") == []
    assert sorted(titles("?year=x&page=-1&country=%27")) == ["Treaty", "Twinning"]


@pytest.mark.parametrize("form", ["csv", "json", "xlsx"])
def test_the_register_is_downloaded_without_what_is_hidden(form: str) -> None:
    make_agreement(title="Open")
    make_agreement(title="Secret", tier=Tier.MUTUAL)

    response = _client().get(reverse("agreement_list") + f"?format={form}")
    content = b"".join(response.streaming_content)  # type: ignore[attr-defined]
    response.close()

    assert response.status_code == 200
    if form != "xlsx":
        assert b"Open" in content
        assert b"Secret" not in content


# --- records: hidden and missing look alike ---------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("agreement_detail", lambda: make_agreement(tier=Tier.MUTUAL, title="Secret")),
        ("project_detail", lambda: make_project(tier=Tier.MUTUAL, title="Secret")),
        ("facility_detail", lambda: make_facility(tier=Tier.MUTUAL, name="Secret")),
        ("result_detail", lambda: make_result(tier=Tier.MUTUAL, title="Secret")),
        ("result_evidence", lambda: make_result(tier=Tier.MUTUAL)),
        ("case_detail", lambda: make_case(title="Secret")),
    ],
)
def test_what_is_hidden_and_what_is_missing_answer_alike(name: str, make: Any) -> None:
    hidden = make()
    client = _client(make_member(make_organisation()))

    answers = [client.get(reverse(name, args=[pk])) for pk in (hidden.pk, make_user().pk)]

    assert [a.status_code for a in answers] == [404, 404]
    assert [b"Secret" in a.content for a in answers] == [False, False]
    assert len(answers[0].content) == len(answers[1].content)


@pytest.mark.parametrize("verb", ["terms", "text", "wording", "in-force", "renew", "end", "commitments/new"])
def test_a_reader_of_a_public_agreement_gets_no_form_to_change_it(verb: str) -> None:
    agreement = make_agreement()
    url = reverse("agreement_detail", args=[agreement.pk]) + f"{verb}/"

    assert _client(make_member(make_organisation())).get(url).status_code == 403
    assert _client().get(url).status_code == 302


def test_every_form_page_opens_for_those_who_may() -> None:
    ours = make_organisation()
    client = _client(make_member(ours))
    case = make_case(ours, make_organisation(), status=Case.Status.NEGOTIATING)
    agreement = make_agreement(ours, make_organisation())
    project = make_project(ours, make_organisation())
    facility = make_facility(ours, make_organisation())
    pages = [
        *(
            reverse("agreement_detail", args=[agreement.pk]) + v
            for v in ("", "terms/", "text/", "wording/", "in-force/", "renew/", "end/", "commitments/new/")
        ),
        *(
            reverse("case_detail", args=[case.pk]) + v
            for v in (
                "",
                "step/",
                "rest/",
                "end/",
                "owner/",
                "agreement/",
                "agreement/named/",
                "project/",
                "facility/",
            )
        ),
        *(
            reverse("project_detail", args=[project.pk]) + v
            for v in ("", "land/", "shares/", "stop/", "result/", "agreement/")
        ),
        *(reverse("facility_detail", args=[facility.pk]) + v for v in ("", "operate/", "close/", "result/")),
        reverse("project_create", args=[agreement.pk]),
        reverse("agreement_create"),
        reverse("case_create"),
        reverse("facility_create"),
    ]

    assert {url: client.get(url).status_code for url in pages} == dict.fromkeys(pages, 200)


# --- the road through the pages ---------------------------------------------------------------------------
def test_a_case_goes_from_an_interest_to_a_validated_result_in_the_browser() -> None:
    listing = make_listing(title="A battery")
    ours, theirs = listing.organisation, make_organisation(country=make_place("KE"))
    ana, bo, steward = make_member(ours), make_member(theirs), make_steward()
    interest = Interest.objects.create(
        listing=listing, organisation=theirs, status="accepted", language="en", answer_due=in_days(3)
    )
    Link.objects.create(
        source_kind="listing",
        source_id=listing.pk,
        relation="answered_by",
        target_kind="interest",
        target_id=interest.pk,
    )
    hers, his, stewards = _client(ana), _client(bo), _client(steward)

    hers.post(reverse("case_from_interest", args=[interest.pk]))
    case = Case.objects.get()
    hers.post(
        reverse("case_agree", args=[case.pk]),
        {
            "title": "Batteries", "language": "en", "is_authentic": "on", "kind": "cooperation", "level": "institutional",
            "tier": "public", "renewal": "explicit", "notice_days": "90", "fields_of_science": ["energy"],
        },
    )  # fmt: skip
    agreement = Agreement.objects.get()
    move = reverse("agreement_move", args=[agreement.pk])
    hers.post(move, {"to": "negotiation"})
    hers.post(reverse("agreement_body", args=[agreement.pk]), {"language": "en", "body": "Article 1"})
    for client, organisation in ((hers, ours), (his, theirs)):
        party = agreement.parties.get(organisation=organisation)
        client.post(reverse("agreement_consent", args=[agreement.pk, party.pk]), {"version": "1"})
    hers.post(move, {"to": "approved"})
    for client, organisation in ((hers, ours), (his, theirs)):
        party = agreement.parties.get(organisation=organisation)
        client.post(
            reverse("agreement_sign", args=[agreement.pk, party.pk]),
            {"signatory": "A person", "signed_on": "2026-05-01"},
        )
    hers.post(reverse("agreement_force", args=[agreement.pk]), {"on": "2026-05-02"})
    hers.post(
        reverse("case_project", args=[case.pk]),
        {
            "title": "Seaweed", "language": "en", "tier": "public", "field": "energy", "sector_0": "university", "sector_1": "industry",
            "benefit_0": "60", "benefit_1": "40",
        },
    )  # fmt: skip
    project = Project.objects.get()
    hers.post(
        reverse("project_land", args=[project.pk]), {"on": "2026-06-01", "place": str(make_place("KE").pk)}
    )
    hers.post(
        reverse("project_result", args=[project.pk]),
        {
            "kind": "patent", "title": "A patent", "language": "en", "achieved_on": "2026-07-01", "tier": "public",
            "evidence_url": "https://example.org/patent",
        },
    )  # fmt: skip
    result = Result.objects.get()
    stewards.post(reverse("result_validate", args=[result.pk]))

    assert [Agreement.objects.get().status, Project.objects.get().status, Result.objects.get().status] == [
        "in_force",
        "landed",
        "validated",
    ]
    page = _client().get(reverse("result_detail", args=[result.pk])).content.decode()
    assert "A battery" in page
    assert reverse("listing_detail", args=[listing.pk]) in page


def test_a_form_with_a_mistake_keeps_what_was_typed_and_says_what_is_wrong() -> None:
    ours = make_organisation()
    client = _client(make_member(ours))
    case = make_case(ours, make_organisation(), status=Case.Status.SIGNED)

    answer = client.post(
        reverse("case_project", args=[case.pk]),
        {
            "title": "Seaweed", "language": "en", "tier": "public", "sector_0": "university", "sector_1": "industry",
            "benefit_0": "60", "benefit_1": "60",
        },
    )  # fmt: skip

    assert answer.status_code == 422
    assert 'value="Seaweed"' in answer.content.decode()
    assert "120" in answer.content.decode()
    assert not Project.objects.exists()


def test_an_unknown_partner_is_named_in_the_form() -> None:
    client = _client(make_member(make_organisation()))

    answer = client.post(reverse("case_create"), {"title": "x", "language": "en", "others": "Nobody Ltd"})

    assert answer.status_code == 422
    assert "No organisation here is called Nobody Ltd." in answer.content.decode()


def test_a_facility_is_proposed_and_brought_into_operation() -> None:
    ours, theirs = make_organisation(), make_organisation(name="Other side")
    client = _client(make_member(ours))

    client.post(
        reverse("facility_create"),
        {
            "kind": "joint_laboratory", "name": "Laboratory", "language": "en", "field": "energy", "tier": "public",
            "organisation": str(ours.pk), "others": "Other side",
        },
    )  # fmt: skip
    facility = Facility.objects.get()
    for to in ("feasibility", "approved"):
        client.post(reverse("facility_move", args=[facility.pk]), {"to": to})
    client.post(reverse("facility_operate", args=[facility.pk]), {"on": "2026-06-01"})

    assert set(facility.hosts.all()) == {ours, theirs}
    assert Facility.objects.get().status == "operating"
    assert _client().get(reverse("facility_detail", args=[facility.pk])).status_code == 404
    actions.agree_to_opening(opening=Opening.objects.get(), by=make_member(theirs))
    assert b"Laboratory" in _client().get(reverse("facility_detail", args=[facility.pk])).content


def test_the_evidence_is_an_attachment_for_those_who_see_the_result(tmp_path: Any) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    ours = make_organisation()
    ana = make_member(ours)
    result = actions.report_result(
        by=ana,
        kind="pilot",
        title="A pilot",
        language="en",
        achieved_on=in_days(-1),
        project=make_project(ours, make_organisation()),
        evidence_file=SimpleUploadedFile("proof.txt", b"It works."),
    )
    url = reverse("result_evidence", args=[result.pk])

    assert _client().get(url).status_code == 404
    response = _client(ana).get(url)

    assert b"".join(response.streaming_content) == b"It works."  # type: ignore[attr-defined]
    response.close()
    assert response["Content-Disposition"] == 'attachment; filename="proof.txt"'

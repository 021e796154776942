"""Every record that goes on shows its one next step as a button, to each side, and not a second time under "more"."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from serai.accounts.models import User
from serai.agreements.models import Agreement, Party
from serai.cooperation import followers
from serai.cooperation.models import Case, Facility, Project, Result
from serai.core import audit, chain
from serai.core.models import Link
from tests.factories import (
    agree_on_wording,
    in_days,
    make_agreement,
    make_case,
    make_facility,
    make_member,
    make_organisation,
    make_project,
    make_result,
    make_steward,
)

pytestmark = pytest.mark.django_db

C, A, P, F, R = Case.Status, Agreement.Status, Project.Status, Facility.Status, Result.Status


class Sides:
    def __init__(self) -> None:
        self.ours, self.theirs = make_organisation(), make_organisation()
        self.people = make_member(self.ours), make_member(self.theirs)
        self.parties = self.ours, self.theirs


def _shown(person: User, route: str, record: object) -> tuple[str, list[str]]:
    """(the button of the next step, what stands under "more") as this person is shown them."""
    client = Client()
    client.force_login(person)
    page = client.get(reverse(route, args=[record.pk])).content.decode()  # type: ignore[attr-defined]
    header = re.search(r'<div class="next">(.*?)</header>', page, re.DOTALL)
    if header is None:
        return "", []
    primary = re.search(r"btn-primary[^>]*>(.*?)</(?:a|button|summary)>", header.group(1), re.DOTALL)
    words = lambda text: " ".join(re.sub(r"<[^>]+>", " ", text).split())  # noqa: E731
    rest = [
        words(item)
        for item in re.findall(r"<(?:a|button)[^>]*>(.*?)</(?:a|button)>", header.group(1), re.DOTALL)
    ]
    step = words(primary.group(1)) if primary else ""
    return step, rest


@pytest.mark.parametrize(
    ("status", "agreement", "begun", "step"),
    [
        (C.LEAD, None, None, "We are in contact"),
        (C.MATCHED, None, None, "Begin to negotiate"),
        (C.NEGOTIATING, None, None, "Draft the agreement"),
        (C.NEGOTIATING, A.NEGOTIATION, None, "Go on with the agreement"),
        (C.NEGOTIATING, A.IN_FORCE, None, "It is signed"),
        (C.SIGNED, A.IN_FORCE, None, "Begin the project"),
        (C.SIGNED, A.IN_FORCE, P.SIGNED, "Go on with the project"),
        (C.SIGNED, A.IN_FORCE, F.OPERATING, "It has landed"),
        (C.LANDED, A.IN_FORCE, P.LANDED, "Report the first result"),
        (C.LANDED, A.IN_FORCE, None, "It is completed"),
        (C.STALLED, None, None, "Take it up again"),
        (C.COMPLETED, A.IN_FORCE, P.LANDED, ""),
        (C.FAILED, None, None, ""),
    ],
)
def test_a_case(status: str, agreement: str | None, begun: str | None, step: str) -> None:
    sides = Sides()
    case = make_case(*sides.parties, status=status)
    if agreement:
        concluded = make_agreement(*sides.parties, status=agreement)
        chain.link(source=case, relation=Link.Relation.AGREED_IN, target=concluded)
    if begun in {P.SIGNED, P.LANDED}:
        landed = "2026-03-01" if begun == P.LANDED else None
        made: Project | Facility = make_project(*sides.parties, status=begun, landed_on=landed)
        chain.link(source=case, relation=Link.Relation.CREATED, target=made)
    elif begun:
        made = make_facility(*sides.parties)
        chain.link(source=case, relation=Link.Relation.CREATED, target=made)

    for person in sides.people:
        shown, everything = _shown(person, "case_detail", case)
        assert shown == step
        assert everything.count(step) == (1 if step else 0)


@pytest.mark.parametrize(
    ("to", "becomes"), [(None, C.MATCHED), (A.NEGOTIATION, C.NEGOTIATING), (A.IN_FORCE, C.SIGNED)]
)
def test_a_case_that_rested_goes_on_as_far_as_it_had_come(to: str | None, becomes: str) -> None:
    sides = Sides()
    case = make_case(*sides.parties, status=C.STALLED, end_reason="Summer")
    if to:
        concluded = make_agreement(*sides.parties, status=to)
        chain.link(source=case, relation=Link.Relation.AGREED_IN, target=concluded)
    client = Client()
    client.force_login(sides.people[0])

    page = client.get(reverse("case_detail", args=[case.pk])).content.decode()

    assert f'name="to" value="{becomes}"' in page


@pytest.mark.parametrize(
    ("status", "wording", "steps"),
    [
        (A.DRAFT, "", ("Write the wording", "Write the wording")),
        (A.DRAFT, "written", ("Into negotiation", "Into negotiation")),
        (A.UNDER_REVIEW, "written", ("Into negotiation", "Into negotiation")),
        (A.NEGOTIATION, "", ("Write the wording", "Write the wording")),
        (A.NEGOTIATION, "written", ("Consent to the wording", "Consent to the wording")),
        (A.NEGOTIATION, "ours", ("", "Consent to the wording")),
        (A.NEGOTIATION, "both", ("Approve for signature", "Approve for signature")),
        (A.APPROVED, "both", ("Record the signature", "Record the signature")),
        (A.APPROVED, "signed by us", ("", "Record the signature")),
        (A.SIGNED, "both", ("Record the entry into force", "Record the entry into force")),
        (A.IN_FORCE, "both", ("Begin a project", "Begin a project")),
        (A.RENEWAL_DUE, "both", ("Renew", "Renew")),
        (A.EXPIRED, "both", ("", "")),
    ],
)
def test_an_agreement(status: str, wording: str, steps: tuple[str, str]) -> None:
    sides = Sides()
    agreement = make_agreement(*sides.parties, status=A.NEGOTIATION, ended_on=in_days(0))
    if wording:
        agree_on_wording(agreement)
    ours = Party.objects.filter(agreement=agreement, organisation=sides.ours)
    theirs = Party.objects.filter(agreement=agreement, organisation=sides.theirs)
    none = {"consented_version": None, "consented_on": None}
    Agreement.objects.update(status=status)
    if wording in {"written", "ours"}:
        theirs.update(**none)
        if wording == "written":
            ours.update(**none)
    if status == A.APPROVED:
        (theirs if wording == "signed by us" else agreement.parties.all()).update(signed_on=None)

    for person, step, other in zip(sides.people, steps, reversed(sides.parties), strict=True):
        shown, everything = _shown(person, "agreement_detail", agreement)
        assert shown == step
        assert "Approve for signature" not in everything or step == "Approve for signature"
        if not step and status != A.EXPIRED:
            client = Client()
            client.force_login(person)
            page = client.get(reverse("agreement_detail", args=[agreement.pk])).content.decode()
            assert re.search(f"Waiting for the (consent|signature) of .?{other.name}", page)


@pytest.mark.parametrize(
    ("status", "landed", "step"),
    [
        (P.NEGOTIATING, False, "It is signed"),
        (P.SIGNED, False, "Record the landing"),
        (P.LANDED, True, "Report a result"),
        (P.OPERATING, True, "Report a result"),
        (P.COMPLETED, True, "Report a result"),
        (P.STALLED, False, "Take it up again"),
        (P.STALLED, True, "Take it up again"),
        (P.FAILED, False, ""),
    ],
)
def test_a_project(status: str, landed: bool, step: str) -> None:
    sides = Sides()
    project = make_project(*sides.parties, status=status, landed_on="2026-03-01" if landed else None)

    for person in sides.people:
        shown, everything = _shown(person, "project_detail", project)
        assert shown == step
        assert everything.count(step) == (1 if step else 0)


def test_a_project_that_rested_after_landing_goes_on_where_it_landed() -> None:
    sides = Sides()
    project = make_project(*sides.parties, status=P.STALLED)
    client = Client()
    client.force_login(sides.people[1])

    client.post(reverse("project_move", args=[project.pk]), {"to": "landed"})

    project.refresh_from_db()
    assert project.status == P.LANDED


@pytest.mark.parametrize(
    ("status", "step"),
    [
        (F.PROPOSED, "Begin the feasibility study"),
        (F.FEASIBILITY, "It is approved"),
        (F.APPROVED, "It is in operation"),
        (F.CONSTRUCTION, "It is in operation"),
        (F.OPERATING, "Report a result"),
        (F.IN_EVALUATION, "It is in operation"),
        (F.CLOSED, ""),
    ],
)
def test_a_facility(status: str, step: str) -> None:
    sides = Sides()
    facility = make_facility(
        *sides.parties, status=status, closed_on=in_days(0) if status == F.CLOSED else None
    )

    for person in sides.people:
        shown, everything = _shown(person, "facility_detail", facility)
        assert shown == step
        assert everything.count(step) == (1 if step else 0)


@pytest.mark.parametrize(
    ("status", "for_party", "for_steward"),
    [(R.REPORTED, "", "Validate"), (R.REFUSED, "Report it again", ""), (R.VALIDATED, "", "")],
)
def test_a_result(status: str, for_party: str, for_steward: str) -> None:
    sides = Sides()
    result = make_result(project=make_project(*sides.parties), status=status, reported_by=sides.people[0])

    assert [_shown(person, "result_detail", result)[0] for person in sides.people] == [for_party] * 2
    assert _shown(make_steward(), "result_detail", result)[0] == for_steward
    if status == R.REPORTED:
        client = Client()
        client.force_login(sides.people[1])
        page = client.get(reverse("result_detail", args=[result.pk])).content.decode()
        assert "A steward of this node looks at the evidence next." in page


@pytest.mark.parametrize(("has_begun", "step"), [(False, "begin"), (True, "report")])
def test_a_signature_that_comes_after_the_beginning_does_not_ask_to_begin(has_begun: bool, step: str) -> None:
    sides = Sides()
    case = make_case(*sides.parties, status=C.NEGOTIATING, planned_step="sign")
    agreement = make_agreement(*sides.parties, status=A.SIGNED)
    chain.link(source=case, relation=Link.Relation.AGREED_IN, target=agreement)
    if has_begun:
        chain.link(source=case, relation=Link.Relation.CREATED, target=make_facility(*sides.parties))

    followers.sign_cases(
        audit.record(
            actor=None, action="agreements.signature_recorded", obj=agreement, data={"status": "signed"}
        )
    )

    case.refresh_from_db()
    assert (case.status, case.planned_step) == (C.SIGNED, step)

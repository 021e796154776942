from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection
from django.utils import translation

from serai.accounts.models import Membership, Notice, User
from serai.agreements import actions as agreement_actions
from serai.agreements.actions import NewText, Terms
from serai.cooperation import actions, followers, lifecycle, queries
from serai.cooperation.actions import NewFacilityText, NewProjectParty, NewProjectText
from serai.cooperation.models import Case, Facility, Project, ProjectParty, Result
from serai.core import audit
from serai.core.errors import Conflict, Invalid, NotAllowed, NotFound
from serai.core.models import AuditEntry, Link
from serai.core.tiers import Tier
from serai.directory.models import Organisation
from serai.exchange.models import Interest, Listing
from tests.factories import (
    agree_on_wording,
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


def _accepted(listing: Listing, organisation: Organisation, **what_matters: Any) -> Interest:
    values = {"status": Interest.Status.ACCEPTED, "language": "en", "answer_due": in_days(7), **what_matters}
    return Interest.objects.create(listing=listing, organisation=organisation, **values)


def _entries(obj: Any) -> list[str]:
    return list(AuditEntry.objects.filter(object_id=obj.pk).order_by("at").values_list("action", flat=True))


def _links() -> set[tuple[str, str, str]]:
    return set(Link.objects.values_list("source_kind", "relation", "target_kind"))


def _project(*organisations: Organisation, by: User, **values: Any) -> Project:
    shares = values.pop("shares", [None] * len(organisations))
    return actions.create_project(
        by=by,
        texts=[NewProjectText("en", "Batteries from seaweed")],
        parties=[
            NewProjectParty(organisation, ProjectParty.Sector.UNIVERSITY, "People", share)
            for organisation, share in zip(organisations, shares, strict=True)
        ],
        **values,
    )


# --- cases ------------------------------------------------------------------------------------------------
def test_an_accepted_interest_opens_one_case_however_often_it_is_tapped() -> None:
    listing = make_listing(title="A battery", language="en")
    theirs = make_organisation()
    ana, bo = make_member(listing.organisation), make_member(theirs)
    interest = _accepted(listing, theirs)

    first = actions.open_case_from_interest(interest=interest, by=ana)
    second = actions.open_case_from_interest(interest=interest, by=bo)

    assert first == second
    assert (first.title, first.status, first.owner) == ("A battery", Case.Status.MATCHED, ana)
    assert set(first.parties.all()) == {listing.organisation, theirs}
    assert first.due_on == in_days(14)
    assert _links() == {("interest", "opened", "case")}
    assert _entries(first) == ["cooperation.case_opened"]
    assert list(Notice.objects.filter(object_kind="case").values_list("user", "kind")) == [
        (bo.pk, "cooperation.case_opened")
    ]
    assert Interest.objects.get().status == Interest.Status.LED_ON


def test_an_interest_that_was_not_accepted_opens_nothing() -> None:
    listing = make_listing()
    interest = _accepted(listing, make_organisation(), status=Interest.Status.SENT)

    with pytest.raises(Conflict):
        actions.open_case_from_interest(interest=interest, by=make_member(listing.organisation))


def test_a_stranger_opens_no_case() -> None:
    interest = _accepted(make_listing(), make_organisation())

    for stranger in (make_user(), make_steward(), make_member(make_organisation())):
        with pytest.raises(NotAllowed):
            actions.open_case_from_interest(interest=interest, by=stranger)

    assert not Case.objects.exists()


def test_a_case_has_two_sides_and_a_title() -> None:
    ours = make_organisation()
    by = make_member(ours)

    for title, parties in ((" ", [ours, make_organisation()]), ("Batteries", [ours, ours])):
        with pytest.raises(Invalid):
            actions.open_case(by=by, title=title, language="en", parties=parties)


@pytest.mark.parametrize("now", Case.Status.values)
@pytest.mark.parametrize("then", Case.Status.values)
def test_a_case_moves_as_its_table_says_and_stops_only_with_a_reason(now: str, then: str) -> None:
    ours = make_organisation()
    by = make_member(ours)
    case = make_case(ours, make_organisation(), status=now)
    stops = then in [Case.Status.STALLED, Case.Status.FAILED]

    if lifecycle.CASE.may_follow(now, then) and not stops:
        assert actions.move_case(case=case, to=then, by=by).status == then
    else:
        with pytest.raises(Conflict):
            actions.move_case(case=case, to=then, by=by)


def test_a_case_rests_until_a_day_or_ends_with_a_reason() -> None:
    ours = make_organisation()
    by = make_member(ours)
    case = make_case(ours, make_organisation(), status=Case.Status.NEGOTIATING)

    with pytest.raises(Invalid):
        actions.stall_case(case=case, reason="", resume_on=in_days(30), by=by)
    case = actions.stall_case(case=case, reason="The funder decides in May.", resume_on=in_days(30), by=by)
    assert (case.status, case.due_on) == (Case.Status.STALLED, in_days(30))
    case = actions.end_case(case=case, reason="The funder said no.", by=by)

    assert (case.status, case.end_reason, case.due_on) == (Case.Status.FAILED, "The funder said no.", None)
    assert _entries(case) == ["cooperation.case_stalled", "cooperation.case_ended"]
    with pytest.raises(Conflict):
        actions.set_next_step(case=case, next_step="Try again", due_on=in_days(1), by=by)


def test_what_follows_is_said_in_the_readers_language_until_a_person_says_more() -> None:
    ours = make_organisation()
    by = make_member(ours)
    with translation.override("de"):
        case = actions.open_case(by=by, title="A case", language="en", parties=[ours, make_organisation()])

    with translation.override("en"):
        assert (case.step, case.next_step) == ("Agree on what to do first", "")
    with translation.override("fr"):
        assert case.step not in ("", "Agree on what to do first")
    case = actions.set_next_step(case=case, next_step="Write to Ana", due_on=in_days(1), by=by)
    assert (case.step, case.planned_step) == ("Write to Ana", "")


def test_a_case_is_handed_only_to_somebody_of_its_parties() -> None:
    ours = make_organisation()
    by = make_member(ours)
    case = make_case(ours, make_organisation())
    colleague = make_member(ours)

    with pytest.raises(NotAllowed):
        actions.hand_over_case(case=case, owner=make_user(), by=by)
    assert actions.hand_over_case(case=case, owner=colleague, by=by).owner == colleague


def test_strangers_do_not_know_of_a_case_and_readers_do_not_move_it() -> None:
    ours = make_organisation()
    case = make_case(ours, make_organisation())

    with pytest.raises(NotFound):
        actions.move_case(case=case, to=Case.Status.MATCHED, by=make_steward())
    with pytest.raises(NotAllowed):
        actions.move_case(
            case=case, to=Case.Status.MATCHED, by=make_member(ours, role=Membership.Role.MEMBER)
        )


def test_a_case_becomes_an_agreement_and_is_signed_with_it() -> None:
    listing = make_listing(title="A battery")
    theirs = make_organisation()
    ana, bo = make_member(listing.organisation), make_member(theirs)
    case = actions.open_case_from_interest(interest=_accepted(listing, theirs), by=ana)

    agreement = actions.conclude_agreement(
        case=case,
        terms=Terms(kind="cooperation", tier=Tier.PUBLIC),
        texts=[NewText("en", "Batteries", is_authentic=True)],
        by=ana,
    )
    agreement_actions.move_agreement(agreement=agreement, to="negotiation", by=ana)
    agree_on_wording(agreement)
    agreement_actions.move_agreement(agreement=agreement, to="approved", by=ana)
    for person, organisation in ((ana, listing.organisation), (bo, theirs)):
        party = agreement.parties.get(organisation=organisation)
        agreement_actions.record_signature(party=party, signed_on=date(2026, 5, 1), by=person)
    for entry in AuditEntry.objects.filter(action="agreements.signature_recorded").order_by("at"):
        followers.sign_cases(entry)

    case.refresh_from_db()
    assert case.status == Case.Status.SIGNED
    assert {p.organisation for p in agreement.parties.all()} == {listing.organisation, theirs}
    assert _links() == {
        ("interest", "opened", "case"),
        ("case", "agreed_in", "agreement"),
        ("listing", "led_to", "agreement"),
        ("organisation", "agreed_in", "agreement"),
    }
    assert _entries(case) == [
        "cooperation.case_opened",
        "cooperation.agreement_drafted",
        "cooperation.case_moved",
    ]


def test_an_anonymous_listing_is_not_linked_to_what_came_of_it() -> None:
    listing = make_listing(disclosure=Listing.Disclosure.ANONYMOUS)
    theirs = make_organisation()
    ana = make_member(listing.organisation)
    case = actions.open_case_from_interest(interest=_accepted(listing, theirs), by=ana)

    _project(listing.organisation, theirs, by=ana, case=case, tier=Tier.PUBLIC)

    assert _links() == {
        ("interest", "opened", "case"),
        ("case", "created", "project"),
        ("organisation", "created", "project"),
    }


def test_both_sides_are_told_that_they_can_open_a_case() -> None:
    listing = make_listing(title="A battery")
    theirs = make_organisation()
    ana, bo = make_member(listing.organisation), make_member(theirs)
    interest = _accepted(listing, theirs)
    entry = audit.record(actor=ana, action="exchange.interest_accepted", obj=interest)

    followers.offer_case_after_interest(entry)
    followers.offer_case_after_interest(entry)

    assert set(Notice.objects.values_list("user", "kind", "object_id")) == {
        (ana.pk, "cooperation.case_offered", interest.pk),
        (bo.pk, "cooperation.case_offered", interest.pk),
    }


# --- projects ---------------------------------------------------------------------------------------------
def test_a_project_comes_of_its_agreement_and_lands_with_its_case() -> None:
    ours, theirs = make_organisation(), make_organisation()
    by = make_member(ours)
    case = make_case(ours, theirs, status=Case.Status.SIGNED)
    agreement = make_agreement(ours, theirs, ends_on=date(2030, 1, 31))
    Link.objects.create(
        source_kind="case",
        source_id=case.pk,
        relation="agreed_in",
        target_kind="agreement",
        target_id=agreement.pk,
    )

    project = _project(ours, theirs, by=by, agreement=agreement, shares=[Decimal("60"), Decimal("40")])
    begun = (project.status, project.starts_on, project.ends_on)
    project = actions.land_project(project=project, on=date(2026, 6, 1), place=make_place("KE"), by=by)

    case.refresh_from_db()
    assert begun == (Project.Status.SIGNED, agreement.in_force_on, agreement.ends_on)
    assert (project.status, project.landed_on) == (Project.Status.LANDED, date(2026, 6, 1))
    assert case.status == Case.Status.LANDED
    assert ("agreement", "created", "project") in _links()
    assert _entries(project) == ["cooperation.project_created", "cooperation.project_landed"]


def test_a_project_without_an_agreement_is_negotiated_until_one_is_named() -> None:
    ours, theirs = make_organisation(), make_organisation()
    by = make_member(ours)
    project = _project(ours, theirs, by=by)
    before = project.status

    project = actions.name_agreement_of_project(
        project=project, agreement=make_agreement(ours, theirs), by=by
    )

    assert (before, project.status) == (Project.Status.NEGOTIATING, Project.Status.SIGNED)
    assert _entries(project)[-1] == "cooperation.project_moved"


@pytest.mark.parametrize(
    "shares", [[Decimal("60"), Decimal("40.01")], [Decimal("-1"), Decimal("50")], [Decimal("101"), None]]
)
def test_shares_of_more_than_the_whole_are_refused(shares: list[Decimal | None]) -> None:
    ours = make_organisation()

    with pytest.raises(Invalid) as caught:
        _project(ours, make_organisation(), by=make_member(ours), shares=shares)

    assert set(caught.value.fields) == {"benefit_percent"}


def test_the_database_refuses_shares_of_more_than_the_whole_whoever_writes_them() -> None:
    project = make_project()

    project.parties.update(benefit_percent=Decimal("50.01"))

    with pytest.raises(IntegrityError, match="more than 100"), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_a_statement_of_benefits_names_every_party_once() -> None:
    ours, theirs = make_organisation(), make_organisation()
    by = make_member(ours)
    project = _project(ours, theirs, by=by)

    with pytest.raises(Invalid):
        actions.share_benefits(project=project, parties=[NewProjectParty(ours, "industry")], by=by)
    actions.share_benefits(
        project=project,
        parties=[
            NewProjectParty(ours, "industry", "A hall", Decimal("70")),
            NewProjectParty(theirs, "university", "People", Decimal("30")),
        ],
        by=by,
    )

    assert list(project.parties.order_by("-benefit_percent").values_list("sector", "brings")) == [
        ("industry", "A hall"),
        ("university", "People"),
    ]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"field": "alchemy"}, "field"),
        ({"sdgs": [18]}, "sdgs"),
        ({"trl_start": 7, "trl_end": 3}, "trl_end"),
        ({"tier": Tier.SEALED}, "tier"),
        ({"starts_on": date(2026, 2, 1), "ends_on": date(2026, 1, 1)}, "ends_on"),
    ],
)
def test_a_project_that_contradicts_itself_is_refused(values: dict[str, Any], field: str) -> None:
    ours = make_organisation()

    with pytest.raises(Invalid) as caught:
        _project(ours, make_organisation(), by=make_member(ours), **values)

    assert set(caught.value.fields) == {field}


def test_nobody_begins_a_project_out_of_a_case_they_may_not_see() -> None:
    ours = make_organisation()

    with pytest.raises(NotFound):
        _project(ours, make_organisation(), by=make_member(ours), case=make_case())


@pytest.mark.parametrize("now", Project.Status.values)
@pytest.mark.parametrize("then", Project.Status.values)
def test_a_project_moves_as_its_table_says(now: str, then: str) -> None:
    ours = make_organisation()
    by = make_member(ours)
    project = make_project(ours, make_organisation(), status=now)
    Project.objects.filter(pk=project.pk).update(landed_on=date(2026, 3, 1))
    project.refresh_from_db()
    has_action = then in [Project.Status.LANDED, Project.Status.STALLED, Project.Status.FAILED]
    back = now == Project.Status.STALLED and then == Project.Status.LANDED

    if lifecycle.PROJECT.may_follow(now, then) and (not has_action or back):
        assert actions.move_project(project=project, to=then, by=by).status == then
    else:
        with pytest.raises(Conflict):
            actions.move_project(project=project, to=then, by=by)


def test_a_project_stops_with_a_reason() -> None:
    ours = make_organisation()
    by = make_member(ours)
    project = make_project(ours, make_organisation())

    with pytest.raises(Invalid):
        actions.end_project(project=project, to=Project.Status.FAILED, reason=" ", by=by)
    project = actions.end_project(project=project, to=Project.Status.FAILED, reason="No permit.", by=by)

    assert (project.status, project.end_reason) == (Project.Status.FAILED, "No permit.")


# --- facilities -------------------------------------------------------------------------------------------
def test_a_joint_laboratory_is_proposed_founded_and_closed() -> None:
    ours, theirs = make_organisation(), make_organisation()
    by = make_member(ours)
    agreement = make_agreement(ours, theirs)

    facility = actions.propose_facility(
        by=by,
        kind=Facility.Kind.JOINT_LABORATORY,
        texts=[NewFacilityText("en", "Battery laboratory")],
        hosts=[ours, theirs],
        field="energy",
        agreement=agreement,
    )
    for step in (Facility.Status.FEASIBILITY, Facility.Status.APPROVED):
        actions.move_facility(facility=facility, to=step, by=by)
    with pytest.raises(Invalid):
        actions.move_facility(facility=facility, to=Facility.Status.OPERATING, by=by, on=in_days(1))
    actions.move_facility(facility=facility, to=Facility.Status.OPERATING, by=by, on=date(2026, 7, 1))
    with pytest.raises(Conflict):
        actions.move_facility(facility=facility, to=Facility.Status.CLOSED, by=by)
    facility = actions.close_facility(
        facility=facility, on=date(2026, 9, 1), reason="Its term is over.", by=by
    )

    assert (facility.founded_on, facility.closed_on) == (date(2026, 7, 1), date(2026, 9, 1))
    assert ("agreement", "created", "facility") in _links()
    assert _entries(facility)[0] == "cooperation.facility_proposed"
    assert _entries(facility)[-1] == "cooperation.facility_closed"


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"kind": Facility.Kind.JOINT_LABORATORY}, "field"),
        ({"kind": Facility.Kind.TRANSFER_CENTRE}, "region_served"),
        ({"kind": "castle"}, "kind"),
        ({"kind": Facility.Kind.OVERSEAS_PARK, "latitude": 95.0, "longitude": 0.0}, "latitude"),
        ({"kind": Facility.Kind.OVERSEAS_PARK, "latitude": 5.0}, "latitude"),
        ({"kind": Facility.Kind.OVERSEAS_PARK, "tier": Tier.SEALED}, "tier"),
    ],
)
def test_a_facility_that_could_not_be_counted_is_refused(values: dict[str, Any], field: str) -> None:
    ours = make_organisation()

    with pytest.raises(Invalid) as caught:
        actions.propose_facility(
            by=make_member(ours),
            texts=[NewFacilityText("en", "Laboratory")],
            hosts=[ours, make_organisation()],
            **values,
        )

    assert set(caught.value.fields) == {field}


@pytest.mark.parametrize("now", Facility.Status.values)
@pytest.mark.parametrize("then", Facility.Status.values)
def test_a_facility_moves_as_its_table_says(now: str, then: str) -> None:
    ours = make_organisation()
    by = make_member(ours)
    facility = make_facility(ours, make_organisation(), status=now, closed_on=date(2026, 8, 1))

    if lifecycle.FACILITY.may_follow(now, then) and then != Facility.Status.CLOSED:
        assert actions.move_facility(facility=facility, to=then, by=by).status == then
    else:
        with pytest.raises(Conflict):
            actions.move_facility(facility=facility, to=then, by=by)


# --- results ----------------------------------------------------------------------------------------------
def _report(origin: Project, by: User, **values: Any) -> Result:
    given = {
        "kind": Result.Kind.PATENT,
        "title": "A patent",
        "language": "en",
        "achieved_on": date(2026, 5, 1),
        "evidence_url": "https://example.org/patent",
        "project": origin,
        **values,
    }
    return actions.report_result(by=by, **given)


def test_a_result_is_reported_by_one_person_and_validated_by_another() -> None:
    ours = make_organisation()
    ana, steward = make_member(ours), make_steward()
    result = _report(make_project(ours, make_organisation()), ana)

    with pytest.raises(NotAllowed):
        actions.validate_result(result=result, by=ana)
    result = actions.validate_result(result=result, by=steward)

    assert (result.status, result.validated_by) == (Result.Status.VALIDATED, steward)
    assert _links() == {("project", "produced", "result")}
    assert _entries(result) == ["cooperation.result_reported", "cooperation.result_validated"]
    assert list(Notice.objects.values_list("user", "kind")) == [(ana.pk, "cooperation.result_validated")]


def test_a_steward_does_not_validate_what_they_reported_themselves() -> None:
    ours = make_organisation()
    steward = make_steward()
    Membership.objects.create(
        user=steward, organisation=ours, role=Membership.Role.MANAGER, status=Membership.Status.ACTIVE
    )
    result = _report(make_project(ours, make_organisation()), steward)

    with pytest.raises(NotAllowed):
        actions.validate_result(result=result, by=steward)
    with pytest.raises(IntegrityError, match="nobody_validates_their_own_result"):
        Result.objects.filter(pk=result.pk).update(validated_by=steward)


def test_a_result_between_the_parties_is_validated_by_another_of_their_people() -> None:
    ours, theirs = make_organisation(), make_organisation()
    ana, bo, steward = make_member(ours), make_member(theirs), make_steward()
    result = _report(make_project(ours, theirs), ana, tier=Tier.MUTUAL)

    with pytest.raises(NotFound):
        actions.validate_result(result=result, by=steward)
    assert actions.validate_result(result=result, by=bo).validated_by == bo


def test_a_refused_result_can_be_reported_again_with_better_evidence() -> None:
    ours = make_organisation()
    ana, steward = make_member(ours), make_steward()
    result = _report(make_project(ours, make_organisation()), ana)

    with pytest.raises(Invalid):
        actions.refuse_result(result=result, reason="", by=steward)
    actions.refuse_result(result=result, reason="The page is empty.", by=steward)
    with pytest.raises(Conflict):
        actions.validate_result(result=result, by=steward)
    result = actions.resubmit_result(result=result, by=ana, evidence_url="https://example.org/better")

    assert (result.status, result.evidence_url) == (Result.Status.REPORTED, "https://example.org/better")
    assert actions.validate_result(result=result, by=steward).status == Result.Status.VALIDATED


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"evidence_url": ""}, "evidence_url"),
        ({"evidence_url": "javascript:alert(1)"}, "evidence_url"),
        ({"achieved_on": date(2999, 1, 1)}, "achieved_on"),
        ({"kind": "miracle"}, "kind"),
        ({"title": ""}, "title"),
        ({"project": None}, "project"),
    ],
)
def test_a_result_without_evidence_or_sense_is_refused(values: dict[str, Any], field: str) -> None:
    ours = make_organisation()

    with pytest.raises(Invalid) as caught:
        _report(make_project(ours, make_organisation()), make_member(ours), **values)

    assert set(caught.value.fields) == {field}


def test_a_broken_file_reports_nothing() -> None:
    ours = make_organisation()

    with pytest.raises(Invalid):
        _report(
            make_project(ours, make_organisation()),
            make_member(ours),
            evidence_file=SimpleUploadedFile("proof.pdf", b"<html>"),
        )

    assert not Result.objects.exists()


def test_only_people_of_a_project_report_its_results() -> None:
    public, hidden = make_project(), make_project(tier=Tier.MUTUAL)

    with pytest.raises(NotAllowed):
        _report(public, make_member(make_organisation()))
    with pytest.raises(NotFound):
        _report(hidden, make_member(make_organisation()))


def test_what_waits_for_a_validator_is_what_they_may_validate() -> None:
    from serai.cooperation import policies

    ours, theirs = make_organisation(), make_organisation()
    ana, bo, steward = make_member(ours), make_member(theirs), make_steward()
    project = make_project(ours, theirs)
    results = [
        make_result(project=project, status="reported", tier=tier, reported_by=ana)
        for tier in (Tier.PUBLIC, Tier.NETWORK, Tier.MUTUAL)
    ]

    for viewer in (ana, bo, steward, make_user()):
        listed = set(policies.results_to_validate(viewer))
        assert listed == {r for r in results if policies.may_validate(viewer, r)}
    assert [r.tier for r in queries.results_to_validate(bo)] == [Tier.MUTUAL]

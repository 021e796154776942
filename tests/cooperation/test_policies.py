import pytest
from django.contrib.auth.models import AnonymousUser

from serai.accounts.models import Membership
from serai.agreements import policies as agreements
from serai.cooperation import policies
from serai.cooperation.models import Case, Facility, Project, Result
from serai.core import chain
from serai.core.models import Link
from serai.core.tiers import Tier
from serai.core.viewer import Viewer
from serai.directory.models import Organisation
from tests.factories import (
    make_agreement,
    make_case,
    make_facility,
    make_member,
    make_organisation,
    make_project,
    make_result,
    make_steward,
    make_user,
)

pytestmark = pytest.mark.django_db


def _viewers(ours: Organisation) -> list[Viewer]:
    """A stranger, a person without an organisation, a verified member, a steward, a member of a party."""
    return [
        AnonymousUser(),
        make_user(),
        make_member(make_organisation()),
        make_steward(),
        make_member(ours, role=Membership.Role.MEMBER),
    ]


def test_a_case_is_seen_by_its_parties_only() -> None:
    ours = make_organisation()
    make_case(ours, make_organisation())

    seen = [policies.visible_cases(viewer).count() for viewer in _viewers(ours)]

    assert seen == [0, 0, 0, 0, 1]


@pytest.mark.parametrize(
    ("tier", "status", "landed", "seen"),
    [
        (Tier.PUBLIC, Project.Status.LANDED, True, [1, 1, 1, 1, 1]),
        (Tier.PUBLIC, Project.Status.SIGNED, False, [1, 1, 1, 1, 1]),
        (Tier.PUBLIC, Project.Status.NEGOTIATING, False, [0, 0, 0, 0, 1]),
        (Tier.PUBLIC, Project.Status.STALLED, False, [0, 0, 0, 0, 1]),
        (Tier.PUBLIC, Project.Status.FAILED, True, [1, 1, 1, 1, 1]),
        (Tier.NETWORK, Project.Status.LANDED, True, [0, 0, 1, 1, 1]),
        (Tier.MUTUAL, Project.Status.LANDED, True, [0, 0, 0, 0, 1]),
    ],
)
def test_projects_are_known_by_tier_once_signed(
    tier: str, status: str, landed: bool, seen: list[int]
) -> None:
    ours = make_organisation()
    project = make_project(ours, make_organisation(), tier=tier)
    Project.objects.filter(pk=project.pk).update(status="negotiating")
    Project.objects.filter(pk=project.pk).update(
        landed_on=project.landed_on if landed else None, status=status
    )

    assert [policies.visible_projects(viewer).count() for viewer in _viewers(ours)] == seen


@pytest.mark.parametrize(
    ("tier", "status", "founded", "seen"),
    [
        (Tier.PUBLIC, Facility.Status.OPERATING, True, [1, 1, 1, 1, 1]),
        (Tier.PUBLIC, Facility.Status.APPROVED, False, [1, 1, 1, 1, 1]),
        (Tier.PUBLIC, Facility.Status.PROPOSED, False, [0, 0, 0, 0, 1]),
        (Tier.PUBLIC, Facility.Status.CLOSED, False, [0, 0, 0, 0, 1]),
        (Tier.NETWORK, Facility.Status.OPERATING, True, [0, 0, 1, 1, 1]),
        (Tier.MUTUAL, Facility.Status.OPERATING, True, [0, 0, 0, 0, 1]),
    ],
)
def test_facilities_are_known_by_tier_once_approved(
    tier: str, status: str, founded: bool, seen: list[int]
) -> None:
    ours = make_organisation()
    facility = make_facility(ours, make_organisation(), tier=tier)
    Facility.objects.filter(pk=facility.pk).update(
        status=status,
        founded_on=facility.founded_on if founded else None,
        closed_on=facility.founded_on if status == Facility.Status.CLOSED else None,
    )

    assert [policies.visible_facilities(viewer).count() for viewer in _viewers(ours)] == seen


@pytest.mark.parametrize(
    ("tier", "status", "seen"),
    [
        (Tier.PUBLIC, Result.Status.VALIDATED, [1, 1, 1, 1, 1]),
        (Tier.PUBLIC, Result.Status.REPORTED, [0, 0, 0, 1, 1]),
        (Tier.NETWORK, Result.Status.VALIDATED, [0, 0, 1, 1, 1]),
        (Tier.MUTUAL, Result.Status.VALIDATED, [0, 0, 0, 0, 1]),
        (Tier.MUTUAL, Result.Status.REPORTED, [0, 0, 0, 0, 1]),
    ],
)
def test_results_are_known_by_tier_once_validated(tier: str, status: str, seen: list[int]) -> None:
    ours = make_organisation()
    make_result(project=make_project(ours, make_organisation()), tier=tier, status=status)

    assert [policies.visible_results(viewer).count() for viewer in _viewers(ours)] == seen


def test_members_read_and_managers_act() -> None:
    ours = make_organisation()
    case, project = make_case(ours, make_organisation()), make_project(ours, make_organisation())
    facility = make_facility(ours, make_organisation())

    for role, may in ((Membership.Role.MEMBER, False), (Membership.Role.MANAGER, True)):
        person = make_member(ours, role=role)
        assert policies.visible_cases(person).get() == case
        assert policies.may_act_on_case(person, case) == may
        assert policies.may_act_on_project(person, project) == may
        assert policies.may_act_on_facility(person, facility) == may


def test_a_former_member_sees_the_case_no_longer() -> None:
    ours = make_organisation()
    person = make_member(ours)
    case = make_case(ours, make_organisation(), owner=person)

    person.memberships.update(status=Membership.Status.LEFT)

    assert not policies.visible_cases(person).filter(pk=case.pk).exists()
    assert Case.objects.filter(owner=person).exists()


@pytest.mark.parametrize("of", ["project", "facility"])
def test_whoever_is_to_validate_a_result_reads_what_it_came_of_until_it_is_decided(of: str) -> None:
    ours, theirs = make_organisation(), make_organisation()
    agreement = make_agreement(ours, theirs, tier=Tier.MUTUAL)
    draft = make_agreement(ours, theirs, tier=Tier.PUBLIC, status="draft")
    sealed = make_agreement(ours, theirs, tier=Tier.SEALED)
    origin = make_project(ours, theirs, tier=Tier.MUTUAL)
    if of == "facility":
        origin = make_facility(ours, theirs, tier=Tier.MUTUAL)
    for source in (agreement, draft, sealed):
        chain.link(source=source, relation=Link.Relation.CREATED, target=origin)
    steward, reporter = make_steward(), make_steward()
    result = make_result(
        **{of: origin}, tier=Tier.PUBLIC, status=Result.Status.REPORTED, reported_by=reporter
    )
    chain.link(source=origin, relation=Link.Relation.PRODUCED, target=result)

    def read(viewer: Viewer) -> list[str]:
        return sorted(
            step.card.kind for step in chain.walk(viewer, result) if step.card.kind != "organisation"
        )

    strangers = [read(viewer) for viewer in (make_user(), make_member(make_organisation()))]
    waiting = read(steward), read(reporter), agreements.may_read_wording(steward, agreement)
    found = set(agreements.visible_agreements(steward))
    Result.objects.update(status=Result.Status.VALIDATED)

    assert strangers == [[], []]
    assert waiting == (sorted(["agreement", of, "result"]), ["result"], False)
    assert found == {agreement}
    assert read(steward) == ["result"]


def test_a_result_of_the_parties_own_opens_nothing_to_stewards() -> None:
    project = make_project(tier=Tier.MUTUAL)
    make_result(project=project, tier=Tier.MUTUAL, status=Result.Status.REPORTED)

    assert not policies.visible_projects(make_steward()).exists()

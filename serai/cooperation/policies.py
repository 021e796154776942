"""Who may know of cases, projects, facilities and results, and act on them.

A case is its parties' own. Projects, facilities and results become known by their tier once there is
something to know: a project when it is signed, a facility when it is approved, a result when it is validated.
Whoever is to validate a result reads what it came of, as the parties do, until it is decided (ADR 41).
"""

from typing import Any

from django.db.models import Q, QuerySet

from serai.accounts.policies import is_steward, is_verified_member, organisation_ids
from serai.agreements.policies import ACTS_FOR_ORGANISATION, organisations_acted_for, register_judged
from serai.cooperation.models import (
    Case,
    Facility,
    Opening,
    OpeningParty,
    Project,
    ProjectParty,
    Result,
)
from serai.core import policy
from serai.core.models import Link
from serai.core.tiers import Tier
from serai.core.viewer import Viewer

KNOWN_PROJECTS = Q(
    status__in=[
        Project.Status.SIGNED,
        Project.Status.LANDED,
        Project.Status.OPERATING,
        Project.Status.COMPLETED,
    ]
) | Q(landed_on__isnull=False)
KNOWN_FACILITIES = Q(
    status__in=[
        Facility.Status.APPROVED,
        Facility.Status.CONSTRUCTION,
        Facility.Status.OPERATING,
        Facility.Status.IN_EVALUATION,
    ]
) | Q(founded_on__isnull=False)
NOT_SEALED = ~Q(tier=Tier.SEALED)
KNOWN_RESULTS = Q(status=Result.Status.VALIDATED)


@policy.visible("cooperation.case.see", "Members of the parties of the case.", gate=policy.signed_in)
def visible_cases(viewer: Viewer) -> QuerySet[Case]:
    return Case.objects.filter(pk__in=_own_cases(viewer))


@policy.visible(
    "cooperation.project.see",
    "Signed and landed projects by their tier; all others: members of the parties, and whoever is to validate a "
    "result of it, until they have.",
)
def visible_projects(viewer: Viewer) -> QuerySet[Project]:
    known = _by_tier(viewer, KNOWN_PROJECTS) | Q(pk__in=_own_projects(viewer))
    if is_steward(viewer):
        known |= NOT_SEALED & Q(pk__in=results_to_validate(viewer).values("project_id"))
    return Project.objects.filter(known)


@policy.visible(
    "cooperation.facility.see",
    "Approved and founded facilities by their tier; all others: members of the hosts, and whoever is to validate a "
    "result of it, until they have.",
)
def visible_facilities(viewer: Viewer) -> QuerySet[Facility]:
    known = _by_tier(viewer, KNOWN_FACILITIES) | Q(pk__in=_own_facilities(viewer))
    if is_steward(viewer):
        known |= NOT_SEALED & Q(pk__in=results_to_validate(viewer).values("facility_id"))
    return Facility.objects.filter(known)


@policy.visible(
    "cooperation.result.see",
    "Validated results by their tier; reported ones: members of the project or facility, and stewards, who "
    "validate those of the public and network tiers.",
)
def visible_results(viewer: Viewer) -> QuerySet[Result]:
    own = Q(project__in=_own_projects(viewer)) | Q(facility__in=_own_facilities(viewer))
    known = _by_tier(viewer, KNOWN_RESULTS) | own
    if is_steward(viewer):
        known |= Q(tier__in=[Tier.PUBLIC, Tier.NETWORK])
    return Result.objects.filter(known)


def _by_tier(viewer: Viewer, known: Q) -> Q:
    tiers = [Tier.PUBLIC, Tier.NETWORK] if is_verified_member(viewer) else [Tier.PUBLIC]
    return known & Q(tier__in=tiers)


# The membership tables are asked for ids, so that no join multiplies the rows of a list.
def _own_cases(viewer: Viewer, *roles: str) -> QuerySet:
    mine = organisation_ids(viewer, *roles)
    return Case.parties.through.objects.filter(organisation_id__in=mine).values("case_id")


def _own_projects(viewer: Viewer, *roles: str) -> QuerySet:
    mine = organisation_ids(viewer, *roles)
    return ProjectParty.objects.filter(organisation_id__in=mine).values("project_id")


def _own_facilities(viewer: Viewer, *roles: str) -> QuerySet:
    mine = organisation_ids(viewer, *roles)
    return Facility.hosts.through.objects.filter(organisation_id__in=mine).values("facility_id")


def may_act_on_case(viewer: Viewer, case: Case) -> bool:
    return _own_cases(viewer, *ACTS_FOR_ORGANISATION).filter(case_id=case.pk).exists()


def may_act_on_project(viewer: Viewer, project: Project) -> bool:
    return _own_projects(viewer, *ACTS_FOR_ORGANISATION).filter(project_id=project.pk).exists()


def may_act_on_facility(viewer: Viewer, facility: Facility) -> bool:
    return _own_facilities(viewer, *ACTS_FOR_ORGANISATION).filter(facility_id=facility.pk).exists()


def may_report_for(viewer: Viewer, result: Result) -> bool:
    """Whether the viewer acts for a party of what the result came of."""
    if result.project is not None:
        return may_act_on_project(viewer, result.project)
    return result.facility is not None and may_act_on_facility(viewer, result.facility)


def may_follow(viewer: Viewer, result: Result) -> bool:
    """Whether the viewer may read who reported and checked it: members of its parties, and stewards."""
    return (
        is_steward(viewer)
        or _own_projects(viewer).filter(project_id=result.project_id).exists()
        or _own_facilities(viewer).filter(facility_id=result.facility_id).exists()
    )


def may_validate(viewer: Viewer, result: Result) -> bool:
    """Somebody other than the reporter: a steward; for the parties' own results another of their people."""
    if viewer.pk == result.reported_by_id:
        return False
    if result.tier == Tier.MUTUAL:
        return may_report_for(viewer, result)
    return is_steward(viewer)


def results_to_validate(viewer: Viewer) -> QuerySet[Result]:
    """Reported results that wait for this viewer; the filter form of `may_validate`."""
    projects = _own_projects(viewer, *ACTS_FOR_ORGANISATION)
    facilities = _own_facilities(viewer, *ACTS_FOR_ORGANISATION)
    mine = Q(tier=Tier.MUTUAL) & (Q(project__in=projects) | Q(facility__in=facilities))
    if is_steward(viewer):
        mine |= Q(tier__in=[Tier.PUBLIC, Tier.NETWORK])
    reported = Result.objects.filter(mine, status=Result.Status.REPORTED)
    return reported.exclude(reported_by_id=viewer.pk) if viewer.is_authenticated else reported.none()


@policy.visible(
    "cooperation.opening.see",
    "The wish to show a record to everybody: members of its parties.",
    gate=policy.signed_in,
)
def visible_openings(viewer: Viewer) -> QuerySet[Opening]:
    asked = OpeningParty.objects.filter(organisation_id__in=organisation_ids(viewer))
    return Opening.objects.filter(pk__in=asked.values("opening_id"))


def parties_asked(viewer: Viewer, opening: Opening) -> QuerySet[OpeningParty]:
    """The parties of the wish for which the viewer may answer."""
    return opening.asked.filter(organisation_id__in=organisation_ids(viewer, *ACTS_FOR_ORGANISATION))


def openings_to_answer(viewer: Viewer) -> QuerySet[Opening]:
    """Wishes that wait for an answer of an organisation the viewer acts for."""
    mine = organisation_ids(viewer, *ACTS_FOR_ORGANISATION)
    asked = OpeningParty.objects.filter(organisation_id__in=mine, consented_on__isnull=True)
    return Opening.objects.filter(pk__in=asked.values("opening_id"), status=Opening.Status.ASKED)


def _agreements_to_judge(viewer: Viewer) -> QuerySet[Any] | None:
    """The agreements under which the results came about that wait for this steward."""
    if not is_steward(viewer):
        return None
    waiting = results_to_validate(viewer)
    came_of = Q(target_kind="project", target_id__in=waiting.values("project_id"))
    came_of |= Q(target_kind="facility", target_id__in=waiting.values("facility_id"))
    return Link.objects.filter(came_of, source_kind="agreement").values("source_id")


register_judged(_agreements_to_judge)


def may_begin(viewer: Viewer) -> bool:
    return bool(viewer.is_authenticated) and organisations_acted_for(viewer).exists()


policy.declare(
    "cooperation.begin",
    "Those who act for a verified organisation open cases and begin projects and facilities.",
    gate=may_begin,
)

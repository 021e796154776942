"""Cases, projects, facilities and results in the programming interface: the same rules and actions as the pages."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from ninja import Field, Query, Router, Status
from pydantic import StringConstraints

from serai.accounts.door import caller
from serai.agreements import policies as agreement_policies
from serai.agreements.actions import NewText, Terms
from serai.agreements.api import (
    Code,
    Language,
    TermsIn,
    TextIn,
    Words,
    earlier_agreement,
    organisation_named,
    place_named,
)
from serai.agreements.models import Agreement
from serai.cooperation import actions, policies, queries, units
from serai.cooperation.actions import NewFacilityText, NewProjectParty, NewProjectText
from serai.cooperation.models import Case, Facility, Project, Result
from serai.core import policy
from serai.core.api import CLEAN, Line, Page, PageQuery, Strict, page_of, refuse_unknown
from serai.core.errors import Invalid
from serai.core.viewer import NOBODY, Viewer, viewer_of
from serai.events.policies import visible_meetings
from serai.exchange.policies import visible_interests

cases_router = Router(tags=["cases"])
projects_router = Router(tags=["projects"])
facilities_router = Router(tags=["facilities"])
results_router = Router(tags=["results"])

Url = Annotated[str, StringConstraints(max_length=500, pattern=r"^(https?://[^\s\x00]+)?$")]
Unit = Annotated[
    str,
    StringConstraints(max_length=20, pattern=CLEAN),
    Field(
        description=f"What the amount is counted in: {', '.join(units.COUNTED)}, or the ISO 4217 code of a currency; "
        "these are shown in every reader's language. Any other text is a unit in your own words."
    ),
]
Percent = Annotated[Decimal, Field(ge=0, le=100, max_digits=5, decimal_places=2)]
Amount = Annotated[Decimal, Field(ge=0, max_digits=16, decimal_places=2)]


# --- cases ------------------------------------------------------------------------------------------------
class CaseOut(Strict):
    id: UUID
    title: str
    language: str
    status: str
    end_reason: str
    parties: list[UUID]
    owner: UUID | None
    next_step: str
    due_on: date | None
    is_invented: bool


class CaseQuery(PageQuery):
    status: Code = ""
    whose: Code = ""


class CaseIn(Strict):
    """Either `interest` or `meeting`, or `title`, `language` and `parties`.

    A case from an interest or meeting is between its two sides and is called by what it was about, unless `title`
    and `language` say otherwise.
    """

    interest: UUID | None = None
    meeting: UUID | None = None
    title: Line = ""
    language: Language | None = None
    parties: list[UUID] = Field(default_factory=list, max_length=50)
    next_step: Line = ""
    due_on: date | None = None


class StepIn(Strict):
    next_step: Line
    due_on: date


class CaseMoveIn(Strict):
    to: Code
    next_step: Line = ""
    due_on: date | None = None


class RestIn(Strict):
    reason: Line
    resume_on: date


class CaseReasonIn(Strict):
    reason: Line


class CaseAgreementIn(TermsIn):
    """`follows` is the concluded agreement that this one renews or carries out; one of its parties signed it."""

    follows: UUID | None = None
    texts: list[TextIn] = Field(max_length=50)


class NamedAgreementIn(Strict):
    """An agreement that is there."""

    agreement: UUID


class MadeOut(Strict):
    """The id of what was made."""

    id: UUID


def _case(case: Case) -> dict[str, Any]:
    names = ("title", "language", "status", "end_reason", "due_on", "is_invented")
    return {
        "id": case.pk,
        "next_step": case.step,
        "parties": [party.pk for party in case.parties.all()],
        "owner": case.owner_id,
        **{name: getattr(case, name) for name in names},
    }


def _seen_case(request: HttpRequest, pk: UUID) -> Case:
    return get_object_or_404(queries.cases(viewer_of(request)), pk=pk)


def _case_again(request: HttpRequest, pk: UUID) -> dict[str, Any]:
    return _case(_seen_case(request, pk))


@cases_router.get("", response=Page[CaseOut])
@policy.operation("cooperation.case.see")
def list_cases(request: HttpRequest, query: Query[CaseQuery]) -> dict[str, Any]:
    """The caller's cases, the most urgent first; `whose=mine` keeps those they own."""
    refuse_unknown(request, query)
    return page_of(queries.cases(viewer_of(request), status=query.status, whose=query.whose), query, _case)


@cases_router.post("", response={201: CaseOut})
@policy.operation("cooperation.begin")
def open_case(request: HttpRequest, body: CaseIn) -> Status[dict[str, Any]]:
    """Open a case. From the same interest or meeting there is one case, however often this is sent."""
    viewer, by = viewer_of(request), caller(request)
    said = body.model_dump(exclude={"interest", "meeting", "parties"}) | {"language": body.language or ""}
    if body.parties and (body.interest or body.meeting):
        message = _("The case is between the two sides of the interest or meeting; leave this out.")
        raise Invalid(message, fields={"parties": message})
    if body.interest:
        interest = get_object_or_404(visible_interests(viewer), pk=body.interest)
        case = actions.open_case_from_interest(interest=interest, by=by, **said)
    elif body.meeting:
        meeting = get_object_or_404(visible_meetings(viewer), pk=body.meeting)
        case = actions.open_case_from_meeting(meeting=meeting, by=by, **said)
    else:
        parties = [organisation_named(viewer, pk, "parties") for pk in body.parties]
        case = actions.open_case(by=by, parties=parties, **{**said, "language": body.language or "en"})
    return Status(201, _case_again(request, case.pk))


@cases_router.get("/{uuid:pk}", response=CaseOut)
@policy.operation("cooperation.case.see")
def get_case(request: HttpRequest, pk: UUID) -> dict[str, Any]:
    return _case_again(request, pk)


@cases_router.post("/{uuid:pk}/next-step", response=CaseOut)
@policy.operation("cooperation.case.see")
def set_next_step(request: HttpRequest, pk: UUID, body: StepIn) -> dict[str, Any]:
    actions.set_next_step(case=_seen_case(request, pk), by=caller(request), **body.model_dump())
    return _case_again(request, pk)


@cases_router.post("/{uuid:pk}/move", response=CaseOut)
@policy.operation("cooperation.case.see")
def move_case(request: HttpRequest, pk: UUID, body: CaseMoveIn) -> dict[str, Any]:
    actions.move_case(case=_seen_case(request, pk), by=caller(request), **body.model_dump())
    return _case_again(request, pk)


@cases_router.post("/{uuid:pk}/rest", response=CaseOut)
@policy.operation("cooperation.case.see")
def stall_case(request: HttpRequest, pk: UUID, body: RestIn) -> dict[str, Any]:
    actions.stall_case(case=_seen_case(request, pk), by=caller(request), **body.model_dump())
    return _case_again(request, pk)


@cases_router.post("/{uuid:pk}/end", response=CaseOut)
@policy.operation("cooperation.case.see")
def end_case(request: HttpRequest, pk: UUID, body: CaseReasonIn) -> dict[str, Any]:
    actions.end_case(case=_seen_case(request, pk), reason=body.reason, by=caller(request))
    return _case_again(request, pk)


@cases_router.post("/{uuid:pk}/agreement", response={201: MadeOut})
@policy.operation("cooperation.case.see")
def conclude_agreement(request: HttpRequest, pk: UUID, body: CaseAgreementIn) -> Status[dict[str, Any]]:
    """Draft the agreement the case leads to; its parties are those of the case."""
    agreement = actions.conclude_agreement(
        case=_seen_case(request, pk),
        terms=Terms(**body.model_dump(exclude={"texts", "follows"})),
        texts=[NewText(**text.model_dump()) for text in body.texts],
        follows=earlier_agreement(viewer_of(request), body.follows),
        by=caller(request),
    )
    return Status(201, {"id": agreement.pk})


@cases_router.post("/{uuid:pk}/agreement/named", response=CaseOut)
@policy.operation("cooperation.case.see")
def name_agreement_of_case(request: HttpRequest, pk: UUID, body: NamedAgreementIn) -> dict[str, Any]:
    """Say that the case led to an agreement that was concluded beside it, between all its parties."""
    agreement = _agreement(viewer_of(request), body.agreement)
    actions.name_agreement_of_case(case=_seen_case(request, pk), agreement=agreement, by=caller(request))
    return _case_again(request, pk)


# --- projects ---------------------------------------------------------------------------------------------
class ProjectPartyOut(Strict):
    organisation: UUID
    sector: str
    brings: str
    benefit_percent: Decimal | None


class ProjectText(Strict):
    language: str
    title: str
    summary: str
    origin: str


class ProjectOut(Strict):
    id: UUID
    status: str
    tier: str
    field: str
    sdgs: list[int]
    trl_start: int | None
    trl_end: int | None
    starts_on: date | None
    ends_on: date | None
    landed_on: date | None
    landing_place: str | None
    end_reason: str
    due_on: date | None
    texts: list[ProjectText]
    parties: list[ProjectPartyOut]
    is_invented: bool


class ProjectQuery(PageQuery):
    status: Code = ""
    field: Code = ""
    country: Code = ""
    year: Code = ""


class ProjectTextIn(Strict):
    language: Language
    title: Line
    summary: Words = ""


class ProjectPartyIn(Strict):
    organisation: UUID
    sector: Code
    brings: Line = ""
    benefit_percent: Percent | None = None


class ProjectIn(Strict):
    """`case` or `agreement` (or both) say what the project came of."""

    case: UUID | None = None
    agreement: UUID | None = None
    texts: list[ProjectTextIn] = Field(max_length=50)
    parties: list[ProjectPartyIn] = Field(max_length=50)
    field: Code = ""
    sdgs: list[int] = Field(default_factory=list, max_length=17)
    trl_start: int | None = Field(None, ge=1, le=9)
    trl_end: int | None = Field(None, ge=1, le=9)
    tier: Code = "mutual"
    starts_on: date | None = None
    ends_on: date | None = None
    due_on: date | None = None


class SharesIn(Strict):
    parties: list[ProjectPartyIn] = Field(max_length=50)


class ProjectMoveIn(Strict):
    to: Code
    due_on: date | None = None


class LandIn(Strict):
    on: date
    place: Code


class StopIn(Strict):
    to: Code
    reason: Line
    due_on: date | None = None


def _project(project: Project) -> dict[str, Any]:
    names = (
        "status", "tier", "field", "sdgs", "trl_start", "trl_end", "starts_on", "ends_on", "landed_on", "end_reason",
        "due_on", "is_invented",
    )  # fmt: skip
    return {
        "id": project.pk,
        "landing_place": project.landing_place.code if project.landing_place else None,
        "texts": [
            {"language": t.language, "title": t.title, "summary": t.summary, "origin": t.origin}
            for t in project.texts.all()
        ],
        "parties": [
            {
                "organisation": p.organisation_id,
                "sector": p.sector,
                "brings": p.brings,
                "benefit_percent": p.benefit_percent,
            }
            for p in project.parties.all()
        ],
        **{name: getattr(project, name) for name in names},
    }


def _seen_project(request: HttpRequest, pk: UUID) -> Project:
    visible = queries.with_project_names(policies.visible_projects(viewer_of(request)))
    return get_object_or_404(visible, pk=pk)


def _project_again(request: HttpRequest, pk: UUID) -> dict[str, Any]:
    return _project(_seen_project(request, pk))


def _parties(viewer: Viewer, given: list[ProjectPartyIn]) -> list[NewProjectParty]:
    return [
        NewProjectParty(
            organisation_named(viewer, p.organisation, "parties"), p.sector, p.brings, p.benefit_percent
        )
        for p in given
    ]


def _origins(
    viewer: Viewer, case: UUID | None, agreement: UUID | None
) -> tuple[Case | None, Agreement | None]:
    return (
        get_object_or_404(policies.visible_cases(viewer), pk=case) if case else None,
        _agreement(viewer, agreement) if agreement else None,
    )


def _agreement(viewer: Viewer, pk: UUID) -> Agreement:
    agreement: Agreement = get_object_or_404(agreement_policies.visible_agreements(viewer), pk=pk)
    return agreement


@projects_router.get("", response=Page[ProjectOut])
@policy.operation("cooperation.project.see")
def list_projects(request: HttpRequest, query: Query[ProjectQuery]) -> dict[str, Any]:
    refuse_unknown(request, query)
    found = queries.projects(
        viewer_of(request),
        status=query.status,
        field=query.field,
        country=query.country,
        year=query.year[:4],
    )
    return page_of(found, query, _project)


@projects_router.post("", response={201: ProjectOut})
@policy.operation("cooperation.begin")
def create_project(request: HttpRequest, body: ProjectIn) -> Status[dict[str, Any]]:
    viewer = viewer_of(request)
    case, agreement = _origins(viewer, body.case, body.agreement)
    project = actions.create_project(
        by=caller(request),
        case=case,
        agreement=agreement,
        texts=[NewProjectText(**text.model_dump()) for text in body.texts],
        parties=_parties(viewer, body.parties),
        **body.model_dump(exclude={"case", "agreement", "texts", "parties"}),
    )
    return Status(201, _project_again(request, project.pk))


@projects_router.get("/{uuid:pk}", response=ProjectOut)
@policy.operation("cooperation.project.see")
def get_project(request: HttpRequest, pk: UUID) -> dict[str, Any]:
    return _project_again(request, pk)


@projects_router.put("/{uuid:pk}/shares", response=ProjectOut)
@policy.operation("core.signed_in")
def share_benefits(request: HttpRequest, pk: UUID, body: SharesIn) -> dict[str, Any]:
    """Replace the statement of what each party brings and gets; the shares are at most 100 per cent."""
    parties = _parties(viewer_of(request), body.parties)
    actions.share_benefits(project=_seen_project(request, pk), parties=parties, by=caller(request))
    return _project_again(request, pk)


@projects_router.post("/{uuid:pk}/agreement", response=ProjectOut)
@policy.operation("core.signed_in")
def name_agreement_of_project(request: HttpRequest, pk: UUID, body: NamedAgreementIn) -> dict[str, Any]:
    """Say under which agreement a project is done."""
    agreement = _agreement(viewer_of(request), body.agreement)
    project = _seen_project(request, pk)
    actions.name_agreement_of_project(project=project, agreement=agreement, by=caller(request))
    return _project_again(request, pk)


@projects_router.post("/{uuid:pk}/move", response=ProjectOut)
@policy.operation("core.signed_in")
def move_project(request: HttpRequest, pk: UUID, body: ProjectMoveIn) -> dict[str, Any]:
    actions.move_project(project=_seen_project(request, pk), by=caller(request), **body.model_dump())
    return _project_again(request, pk)


@projects_router.post("/{uuid:pk}/land", response=ProjectOut)
@policy.operation("core.signed_in")
def land_project(request: HttpRequest, pk: UUID, body: LandIn) -> dict[str, Any]:
    project = _seen_project(request, pk)
    place = place_named(body.place, "place")
    actions.land_project(project=project, on=body.on, place=place, by=caller(request))
    return _project_again(request, pk)


@projects_router.post("/{uuid:pk}/stop", response=ProjectOut)
@policy.operation("core.signed_in")
def end_project(request: HttpRequest, pk: UUID, body: StopIn) -> dict[str, Any]:
    """`to` is stalled (until `due_on`) or failed."""
    actions.end_project(project=_seen_project(request, pk), by=caller(request), **body.model_dump())
    return _project_again(request, pk)


# --- facilities -------------------------------------------------------------------------------------------
class FacilityText(Strict):
    language: str
    name: str
    agenda: str
    origin: str


class FacilityOut(Strict):
    id: UUID
    kind: str
    status: str
    tier: str
    field: str
    place: str | None
    region_served: list[str]
    hosts: list[UUID]
    founded_on: date | None
    closed_on: date | None
    end_reason: str
    latitude: float | None
    longitude: float | None
    due_on: date | None
    texts: list[FacilityText]
    is_invented: bool


class FacilityQuery(PageQuery):
    kind: Code = ""
    field: Code = ""
    country: Code = ""
    region: Code = ""


class FacilityTextIn(Strict):
    language: Language
    name: Line
    agenda: Words = ""


class FacilityIn(Strict):
    case: UUID | None = None
    agreement: UUID | None = None
    kind: Code
    texts: list[FacilityTextIn] = Field(max_length=50)
    hosts: list[UUID] = Field(max_length=50)
    place: Code | None = None
    region_served: list[Code] = Field(default_factory=list, max_length=100)
    field: Code = ""
    tier: Code = "public"
    latitude: float | None = Field(None, ge=-90, le=90)
    longitude: float | None = Field(None, ge=-180, le=180)
    due_on: date | None = None


class FacilityMoveIn(Strict):
    to: Code
    on: date | None = None
    due_on: date | None = None


class FacilityCloseIn(Strict):
    on: date
    reason: Line


def _facility(facility: Facility) -> dict[str, Any]:
    names = (
        "kind", "status", "tier", "field", "founded_on", "closed_on", "end_reason", "latitude", "longitude", "due_on",
        "is_invented",
    )  # fmt: skip
    return {
        "id": facility.pk,
        "place": facility.place.code if facility.place else None,
        "region_served": [place.code for place in facility.region_served.all()],
        "hosts": [host.pk for host in facility.hosts.all()],
        "texts": [
            {"language": t.language, "name": t.name, "agenda": t.agenda, "origin": t.origin}
            for t in facility.texts.all()
        ],
        **{name: getattr(facility, name) for name in names},
    }


def _seen_facility(request: HttpRequest, pk: UUID) -> Facility:
    visible = queries.with_facility_names(policies.visible_facilities(viewer_of(request)))
    return get_object_or_404(visible, pk=pk)


def _facility_again(request: HttpRequest, pk: UUID) -> dict[str, Any]:
    return _facility(_seen_facility(request, pk))


@facilities_router.get("", response=Page[FacilityOut])
@policy.operation("cooperation.facility.see")
def list_facilities(request: HttpRequest, query: Query[FacilityQuery]) -> dict[str, Any]:
    """Joint laboratories, demonstration centres, overseas parks and transfer centres."""
    refuse_unknown(request, query)
    found = queries.facilities(
        viewer_of(request), kind=query.kind, field=query.field, country=query.country, region=query.region
    )
    return page_of(found, query, _facility)


@facilities_router.post("", response={201: FacilityOut})
@policy.operation("cooperation.begin")
def propose_facility(request: HttpRequest, body: FacilityIn) -> Status[dict[str, Any]]:
    viewer = viewer_of(request)
    case, agreement = _origins(viewer, body.case, body.agreement)
    special = {"case", "agreement", "texts", "hosts", "place", "region_served"}
    facility = actions.propose_facility(
        by=caller(request),
        case=case,
        agreement=agreement,
        texts=[NewFacilityText(**text.model_dump()) for text in body.texts],
        hosts=[organisation_named(viewer, pk, "hosts") for pk in body.hosts],
        place=place_named(body.place, "place") if body.place else None,
        region_served=[place_named(code, "region_served") for code in body.region_served],
        **body.model_dump(exclude=special),
    )
    return Status(201, _facility_again(request, facility.pk))


@facilities_router.get("/{uuid:pk}", response=FacilityOut)
@policy.operation("cooperation.facility.see")
def get_facility(request: HttpRequest, pk: UUID) -> dict[str, Any]:
    return _facility_again(request, pk)


@facilities_router.post("/{uuid:pk}/agreement", response=FacilityOut)
@policy.operation("core.signed_in")
def name_agreement_of_facility(request: HttpRequest, pk: UUID, body: NamedAgreementIn) -> dict[str, Any]:
    """Say on which agreement a facility rests."""
    agreement = _agreement(viewer_of(request), body.agreement)
    facility = _seen_facility(request, pk)
    actions.name_agreement_of_facility(facility=facility, agreement=agreement, by=caller(request))
    return _facility_again(request, pk)


@facilities_router.post("/{uuid:pk}/move", response=FacilityOut)
@policy.operation("core.signed_in")
def move_facility(request: HttpRequest, pk: UUID, body: FacilityMoveIn) -> dict[str, Any]:
    """`on` is the day it began to operate, the first time it does."""
    actions.move_facility(facility=_seen_facility(request, pk), by=caller(request), **body.model_dump())
    return _facility_again(request, pk)


@facilities_router.post("/{uuid:pk}/close", response=FacilityOut)
@policy.operation("core.signed_in")
def close_facility(request: HttpRequest, pk: UUID, body: FacilityCloseIn) -> dict[str, Any]:
    actions.close_facility(facility=_seen_facility(request, pk), by=caller(request), **body.model_dump())
    return _facility_again(request, pk)


# --- results ----------------------------------------------------------------------------------------------
class ResultOut(Strict):
    """`project` and `facility` only where the caller may know of them; the file is fetched from the page."""

    id: UUID
    kind: str
    status: str
    tier: str
    title: str
    language: str
    project: UUID | None
    facility: UUID | None
    amount: Decimal | None
    unit: str
    achieved_on: date
    decided_on: date | None
    evidence_url: str
    evidence_file: str | None
    is_invented: bool


class ResultQuery(PageQuery):
    kind: Code = ""
    status: Code = ""
    year: Code = ""


class ResultIn(Strict):
    """Exactly one of `project` and `facility`. A file as evidence is added on the page.

    Without `tier` the same readers know of the result as of what it came of.
    """

    project: UUID | None = None
    facility: UUID | None = None
    kind: Code
    title: Line
    language: Language
    achieved_on: date
    amount: Amount | None = None
    unit: Unit = ""
    tier: Code | None = None
    evidence_url: Url


def _results(viewer: Viewer, found: list[Result]) -> list[dict[str, Any]]:
    """Results as rows; what they came of is named only to those who may know of it."""
    projects = _among(policies.visible_projects(viewer), [r.project_id for r in found])
    facilities = _among(policies.visible_facilities(viewer), [r.facility_id for r in found])
    names = (
        "kind", "status", "tier", "title", "language", "amount", "unit", "achieved_on", "decided_on", "evidence_url",
        "is_invented",
    )  # fmt: skip
    return [
        {
            "id": r.pk,
            "project": r.project_id if r.project_id in projects else None,
            "facility": r.facility_id if r.facility_id in facilities else None,
            "evidence_file": r.evidence_file.name if r.evidence_file else None,
            **{name: getattr(r, name) for name in names},
        }
        for r in found
    ]


def _among(seen: QuerySet[Any], ids: list[UUID | None]) -> set[UUID]:
    """Those of `ids` that are seen. Asked also when there are none, so that every list costs the same."""
    return set(seen.filter(pk__in=[pk or NOBODY for pk in ids]).values_list("pk", flat=True))


def _seen_result(request: HttpRequest, pk: UUID) -> Result:
    visible = queries.with_result_origins(policies.visible_results(viewer_of(request)))
    return get_object_or_404(visible, pk=pk)


def _result_again(request: HttpRequest, pk: UUID) -> dict[str, Any]:
    return _results(viewer_of(request), [_seen_result(request, pk)])[0]


@results_router.get("", response=Page[ResultOut])
@policy.operation("cooperation.result.see")
def list_results(request: HttpRequest, query: Query[ResultQuery]) -> dict[str, Any]:
    refuse_unknown(request, query)
    viewer = viewer_of(request)
    found = queries.results(viewer, kind=query.kind, status=query.status, year=query.year[:4])
    found = found.prefetch_related(None)  # the texts of what they came of are not shown here
    counted = page_of(found, PageQuery(limit=1), lambda result: {})
    return {**counted, "items": _results(viewer, list(found[query.window()]))}


def _origin(viewer: Viewer, body: ResultIn) -> Project | Facility:
    if body.project and not body.facility:
        project: Project = get_object_or_404(policies.visible_projects(viewer), pk=body.project)
        return project
    if body.facility and not body.project:
        facility: Facility = get_object_or_404(policies.visible_facilities(viewer), pk=body.facility)
        return facility
    message = _("A result comes of a project or a facility.")
    raise Invalid(message, fields={"project": message})


@results_router.post("", response={201: ResultOut})
@policy.operation("cooperation.begin")
def report_result(request: HttpRequest, body: ResultIn) -> Status[dict[str, Any]]:
    """Report a result. It counts once somebody else has validated it."""
    origin = _origin(viewer_of(request), body)
    result = actions.report_result(
        by=caller(request),
        project=origin if isinstance(origin, Project) else None,
        facility=origin if isinstance(origin, Facility) else None,
        **body.model_dump(exclude={"project", "facility"})
        | {"tier": origin.tier if body.tier is None else body.tier},
    )
    return Status(201, _result_again(request, result.pk))


@results_router.get("/{uuid:pk}", response=ResultOut)
@policy.operation("cooperation.result.see")
def get_result(request: HttpRequest, pk: UUID) -> dict[str, Any]:
    return _result_again(request, pk)


@results_router.post("/{uuid:pk}/validate", response=ResultOut)
@policy.operation("core.signed_in")
def validate_result(request: HttpRequest, pk: UUID) -> dict[str, Any]:
    actions.validate_result(result=_seen_result(request, pk), by=caller(request))
    return _result_again(request, pk)


@results_router.post("/{uuid:pk}/refuse", response=ResultOut)
@policy.operation("core.signed_in")
def refuse_result(request: HttpRequest, pk: UUID, body: CaseReasonIn) -> dict[str, Any]:
    actions.refuse_result(result=_seen_result(request, pk), reason=body.reason, by=caller(request))
    return _result_again(request, pk)

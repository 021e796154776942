"""Projects: their parties, shares and steps."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Field, Query, Router, Status

from serai.accounts.door import caller
from serai.agreements.api import Code, Language, Words, organisation_named, place_named
from serai.cooperation import actions, policies, queries
from serai.cooperation.actions import NewProjectParty, NewProjectText
from serai.cooperation.api.common import NamedAgreementIn, agreement_named, origins_named
from serai.cooperation.models import Project
from serai.core import policy
from serai.core.api import Line, Page, PageQuery, Strict, page_of, refuse_unknown
from serai.core.viewer import Viewer, viewer_of

projects_router = Router(tags=["projects"])
Percent = Annotated[Decimal, Field(ge=0, le=100, max_digits=5, decimal_places=2)]


# --- shapes -----------------------------------------------------------------------------------------------
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


# --- helpers ----------------------------------------------------------------------------------------------
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


# --- operations -------------------------------------------------------------------------------------------
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
    case, agreement = origins_named(viewer, body.case, body.agreement)
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
    agreement = agreement_named(viewer_of(request), body.agreement)
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

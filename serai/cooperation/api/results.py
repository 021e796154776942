"""Results, which count once somebody else has validated them."""

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
from serai.agreements.api import Code, Language
from serai.cooperation import actions, policies, queries, units
from serai.cooperation.api.common import CaseReasonIn
from serai.cooperation.models import Facility, Project, Result
from serai.core import policy
from serai.core.api import CLEAN, Line, Page, PageQuery, Strict, page_of, refuse_unknown
from serai.core.errors import Invalid
from serai.core.viewer import NOBODY, Viewer, viewer_of

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
Amount = Annotated[Decimal, Field(ge=0, max_digits=16, decimal_places=2)]


# --- shapes -----------------------------------------------------------------------------------------------
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


# --- helpers ----------------------------------------------------------------------------------------------
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


# --- operations -------------------------------------------------------------------------------------------
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

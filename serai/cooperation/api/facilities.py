"""Joint laboratories, parks and centres."""

from datetime import date
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Field, Query, Router, Status

from serai.accounts.door import caller
from serai.agreements.api import Code, Language, Words, organisation_named, place_named
from serai.cooperation import actions, policies, queries
from serai.cooperation.actions import NewFacilityText
from serai.cooperation.api.common import NamedAgreementIn, agreement_named, origins_named
from serai.cooperation.models import Facility
from serai.core import policy
from serai.core.api import Line, Page, PageQuery, Strict, page_of, refuse_unknown
from serai.core.viewer import viewer_of

facilities_router = Router(tags=["facilities"])


# --- shapes -----------------------------------------------------------------------------------------------
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


# --- helpers ----------------------------------------------------------------------------------------------
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


# --- operations -------------------------------------------------------------------------------------------
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
    case, agreement = origins_named(viewer, body.case, body.agreement)
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
    agreement = agreement_named(viewer_of(request), body.agreement)
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

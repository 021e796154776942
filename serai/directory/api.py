"""Organisations and places in the programming interface: the same rules and actions as the pages."""

from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from ninja import Field, Query, Router, Status

from serai.accounts.door import caller
from serai.core import keyset, policy
from serai.core.api import (
    KNOWN_LANGUAGE,
    Page,
    PageQuery,
    Strict,
    capped_count,
    one_of,
    page_of,
    refuse_unknown,
)
from serai.core.errors import Invalid, NotFound
from serai.core.viewer import viewer_of
from serai.directory import actions, places, policies, queries
from serai.directory.actions import Facts, Finding
from serai.directory.models import Organisation, Place
from serai.directory.queries import Search

router = Router(tags=["organisations"])
places_router = Router(tags=["places"])


# --- shapes -----------------------------------------------------------------------------------------------
class NameOut(Strict):
    text: str
    language: str
    kind: str


class IdentifierOut(Strict):
    scheme: str
    value: str


class LabelOut(Strict):
    name: str
    language: str
    issuer: str
    issued_on: str
    valid_until: str | None


class RelationOut(Strict):
    """`source` *kind* `target`, as ids of organisations the caller sees."""

    source: UUID
    kind: str
    target: UUID
    stated_by: str


class OrganisationLine(Strict):
    """One organisation in a list. `country` is an ISO 3166-1 alpha-2 code or null."""

    id: UUID
    name: str
    name_language: str
    kinds: list[str]
    status: str
    country: str | None
    city: str
    website: str


class OrganisationPage(Strict):
    """`next` is the value of `page` for the following page, empty on the last."""

    items: list[OrganisationLine]
    count: int
    is_capped: bool
    next: str


class OrganisationTextOut(Strict):
    language: str
    summary: str
    description: str
    origin: str


class OrganisationOut(OrganisationLine):
    established: int | None
    size_class: str
    sectors: list[str]
    fields_of_science: list[str]
    names: list[NameOut]
    texts: list[OrganisationTextOut]
    identifiers: list[IdentifierOut]
    labels: list[LabelOut]
    relations: list[RelationOut]
    successor: UUID | None
    is_invented: bool


class OrganisationQuery(Strict):
    """`q` is a name in any script or an identifier, `place` the code of a country or grouping (`PL`, `x-eu`)."""

    q: str = Field("", max_length=200)
    kind: str = ""
    place: str = Field("", max_length=20)
    state: str = ""
    limit: int = Field(50, ge=1, le=100)
    page: str = Field("", max_length=3000)


class OrganisationFactsIn(Strict):
    """What may be changed; a field left out stays as it is."""

    kinds: list[str] | None = None
    country: str | None = Field(None, max_length=2)
    city: str | None = Field(None, max_length=150)
    website: str | None = Field(None, max_length=500)
    established: int | None = None
    size_class: str | None = None
    sectors: list[str] | None = None
    fields_of_science: list[str] | None = None


class OrganisationIn(Strict):
    name: str = Field(max_length=500)
    name_language: Annotated[str, KNOWN_LANGUAGE] = Field("", max_length=35)
    kinds: list[str]
    country: str = Field(max_length=2)
    city: str = Field("", max_length=150)
    website: str = Field("", max_length=500)
    established: int | None = None


class FindingIn(Strict):
    is_met: bool
    evidence: str = Field("", max_length=500)


class VerificationIn(Strict):
    """The published criteria by name, each with what was found."""

    findings: dict[str, FindingIn]


class PlaceOut(Strict):
    """`name` is in the language of the request; `members` are codes, for groupings."""

    code: str
    kind: str
    name: str
    latitude: float | None
    longitude: float | None
    members: list[str]


class PlaceQuery(PageQuery):
    kind: str = ""


def line_of(organisation: Organisation) -> dict[str, Any]:
    return {
        "id": organisation.pk,
        "name": organisation.name,
        "name_language": organisation.name_language,
        "kinds": list(organisation.kinds),
        "status": organisation.status,
        "country": organisation.country.code if organisation.country else None,
        "city": organisation.city,
        "website": organisation.website,
    }


def _shown(request: HttpRequest, pk: UUID) -> dict[str, Any]:
    viewer = viewer_of(request)
    organisation = get_object_or_404(queries.with_details(viewer, pk))
    relations, _is_cut = queries.relations_of(viewer, organisation)
    successor = organisation.successor
    return {
        **line_of(organisation),
        "established": organisation.established,
        "size_class": organisation.size_class,
        "sectors": list(organisation.sectors),
        "fields_of_science": list(organisation.fields_of_science),
        "names": list(organisation.names.all()),
        "texts": list(organisation.texts.all()),
        "identifiers": list(organisation.identifiers.all()),
        "labels": [
            {
                "name": label.name,
                "language": label.language,
                "issuer": label.issuer,
                "issued_on": label.issued_on.isoformat(),
                "valid_until": label.valid_until.isoformat() if label.valid_until else None,
            }
            for label in organisation.labels.all()
        ],
        "relations": [
            {"source": r.source_id, "kind": r.kind, "target": r.target_id, "stated_by": r.stated_by}
            for r in relations
        ],
        "successor": successor.pk if successor and policies.may_see_organisation(viewer, successor) else None,
        "is_invented": organisation.is_invented,
    }


def _country(code: str) -> Place:
    place = places.in_country(code)
    if place is None:
        message = _("There is no country or region with this code.")
        raise Invalid(message, fields={"country": message})
    return place


def _visible(request: HttpRequest, pk: UUID) -> Organisation:
    organisation: Organisation = get_object_or_404(
        policies.visible_organisations(viewer_of(request)).select_related("country"), pk=pk
    )
    return organisation


# --- operations -------------------------------------------------------------------------------------------
@router.get("", response=OrganisationPage)
@policy.operation("directory.organisations")
def list_organisations(request: HttpRequest, query: Query[OrganisationQuery]) -> dict[str, Any]:
    """Organisations by name, with the filters of the list page."""
    refuse_unknown(request, query)
    viewer = viewer_of(request)
    place = None
    if query.place:
        place = policies.visible_places(viewer).filter(code=query.place).first()
        if place is None:
            raise Invalid(_("There is no such place."), fields={"place": _("There is no such place.")})
    search = Search(
        text=query.q,
        kind=one_of(query.kind, list(Organisation.Kind.values), "kind"),
        place=place,
        state=one_of(query.state, Search.STATES, "state"),
    )
    found = queries.found(viewer, search)
    page = keyset.page_of(found, query.page, by="search_key", size=query.limit)
    count, is_capped = capped_count(found)
    return {
        "items": [line_of(organisation) for organisation in page.object_list],
        "count": count,
        "is_capped": is_capped,
        "next": page.next,
    }


@router.post("", response={201: OrganisationOut})
@policy.operation("core.signed_in")
def create_organisation(request: HttpRequest, body: OrganisationIn) -> Status[dict[str, Any]]:
    """Enter an organisation as a draft; the caller becomes its manager."""
    facts = Facts(
        kinds=body.kinds,
        country=_country(body.country),
        city=body.city,
        website=body.website,
        established=body.established,
    )
    organisation = actions.register_organisation(
        by=caller(request), name=body.name, name_language=body.name_language, facts=facts
    )
    return Status(201, _shown(request, organisation.pk))


@router.get("/{uuid:pk}", response=OrganisationOut)
@policy.operation("directory.organisations")
def get_organisation(request: HttpRequest, pk: UUID) -> dict[str, Any]:
    return _shown(request, pk)


@router.patch("/{uuid:pk}", response=OrganisationOut)
@policy.operation("directory.editable")
def update_organisation(request: HttpRequest, pk: UUID, body: OrganisationFactsIn) -> dict[str, Any]:
    """Change facts; what was checked at verification only a steward changes (403)."""
    organisation = _visible(request, pk)
    changes = body.model_dump(exclude_unset=True)
    if "country" in changes:
        changes["country"] = _country(changes["country"]) if changes["country"] else None
    missing = {name: value for name, value in changes.items() if value is None}
    if missing.keys() - {"country", "established"}:
        message = _("This cannot be empty.")
        raise Invalid(message, fields=dict.fromkeys(missing, message))
    facts = Facts(**{**vars(Facts.of(organisation)), **changes})
    actions.update_organisation(organisation=organisation, by=caller(request), facts=facts)
    return _shown(request, pk)


@router.post("/{uuid:pk}/submit", response=OrganisationOut)
@policy.operation("directory.editable")
def submit_organisation(request: HttpRequest, pk: UUID) -> dict[str, Any]:
    """Ask the stewards to verify it."""
    actions.submit_for_verification(organisation=_visible(request, pk), by=caller(request))
    return _shown(request, pk)


@router.post("/{uuid:pk}/verify", response=OrganisationOut)
@policy.operation("directory.waiting")
def verify_organisation(request: HttpRequest, pk: UUID, body: VerificationIn) -> dict[str, Any]:
    """Stewards: verify a case that has been taken up, by the published criteria."""
    person = caller(request)
    organisation = policies.waiting_organisations(person).filter(pk=pk).first()
    if organisation is None:
        raise NotFound(_("Not found."))
    findings = {name: Finding(f.is_met, f.evidence) for name, f in body.findings.items()}
    if organisation.status == Organisation.Status.SUBMITTED:
        organisation = actions.take_up_verification(organisation=organisation, by=person)
    actions.verify_organisation(organisation=organisation, by=person, findings=findings)
    return _shown(request, pk)


# --- places -----------------------------------------------------------------------------------------------
def place_of(place: Place) -> dict[str, Any]:
    return {
        "code": place.code,
        "kind": place.kind,
        "name": places.place_name(place),
        "latitude": place.latitude,
        "longitude": place.longitude,
        "members": sorted(member.code for member in place.members.all()),
    }


@places_router.get("", response=Page[PlaceOut])
@policy.operation("directory.places")
def list_places(request: HttpRequest, query: Query[PlaceQuery]) -> dict[str, Any]:
    """Countries and regions, unions and groupings, by code."""
    refuse_unknown(request, query)
    found = policies.visible_places(viewer_of(request)).prefetch_related("members").order_by("code")
    kind = one_of(query.kind, list(Place.Kind.values), "kind")
    return page_of(found.filter(kind=kind) if kind else found, query, place_of)


@places_router.get("/{code}", response=PlaceOut)
@policy.operation("directory.places")
def get_place(request: HttpRequest, code: str) -> dict[str, Any]:
    visible = policies.visible_places(viewer_of(request)).prefetch_related("members")
    return place_of(get_object_or_404(visible, code=code))

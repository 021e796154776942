"""Listings: their lists, facts, texts and steps."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Field, Query, Router, Status
from pydantic import StringConstraints

from serai.accounts.door import caller
from serai.core import policy
from serai.core.api import Page, PageQuery, Strict, page_of, refuse_unknown
from serai.core.errors import Invalid, NotFound, NotSignedIn
from serai.core.viewer import viewer_of
from serai.directory.models import Organisation, Place
from serai.exchange import actions, checks, policies, queries, vocabularies
from serai.exchange.actions.reviews import Scores
from serai.exchange.api.common import (
    FilterQuery,
    Language,
    ListingLine,
    ListingReasonIn,
    filters_of,
    line_of,
    lines_of,
    visible_listing,
)
from serai.exchange.models import Listing, ListingDetail, ListingTeaser

router = Router(tags=["listings"])
Direction = Literal["offer", "request"]


# --- shapes -----------------------------------------------------------------------------------------------
class TeaserOut(Strict):
    language: str
    origin: str
    review: str
    title: str
    summary: str
    keywords: list[str]


class DetailOut(Strict):
    language: str
    origin: str
    review: str
    description: str
    advantages: str
    requirements: str
    ip_comment: str


class ContactOut(Strict):
    name: str
    email: str
    phone: str
    note: str


class ListingOut(ListingLine):
    """`details` and `contact` are empty where the caller may not read them."""

    disclosure: str
    ip_status: str
    sdgs: list[int]
    partner_kinds: list[str]
    target_places: list[str]
    work_languages: list[str]
    trl_min: int | None
    trl_max: int | None
    deadline: str | None
    texts: list[TeaserOut]
    details: list[DetailOut]
    contact: ContactOut | None


class ListingQuery(FilterQuery):
    """`state`: published (everybody's), mine, or review (stewards').

    `organisation` leaves the listings that are known to be its own.
    """

    organisation: UUID | None = None
    state: Literal["published", "mine", "review"] = "published"
    order: Literal["new", "ending"] = "new"


class ListingIn(Strict):
    organisation: UUID
    direction: Direction
    kind: str
    language: Language = Field(min_length=2, max_length=35)
    disclosure: Literal["anonymous", "named"] = "named"


class ListingFactsIn(Strict):
    """What may be changed; a field left out stays as it is. `target_places` are codes."""

    direction: Direction | None = None
    kind: str | None = None
    disclosure: Literal["anonymous", "named"] | None = None
    trl: int | None = None
    ip_status: str | None = None
    partnerships: list[str] | None = None
    partner_kinds: list[str] | None = None
    target_places: list[str] | None = None
    work_languages: list[str] | None = None
    sectors: list[str] | None = None
    sdgs: list[int] | None = None
    trl_min: int | None = None
    trl_max: int | None = None
    deadline: date | None = None


class TeaserIn(Strict):
    title: str = Field(min_length=1, max_length=300)
    summary: str = Field(min_length=1, max_length=2000)
    keywords: list[Annotated[str, StringConstraints(max_length=80)]] = Field(
        default_factory=list, max_length=30
    )
    origin: Literal["written", "translated", "machine"] = "written"
    source_language: Language = Field("", max_length=35)


class DetailIn(Strict):
    description: str = Field("", max_length=40_000)
    advantages: str = Field("", max_length=8000)
    requirements: str = Field("", max_length=8000)
    ip_comment: str = Field("", max_length=500)
    origin: Literal["written", "translated", "machine"] = "written"
    source_language: Language = Field("", max_length=35)


class ContactIn(Strict):
    name: str = Field("", max_length=150)
    email: str = Field("", max_length=254)
    phone: str = Field("", max_length=40)
    note: str = Field("", max_length=4000)


class ListingCloseIn(Strict):
    closed_as: str


class ReviewIn(Strict):
    """Four scores from 0 to 5; they decide: 10 and no zero publish, 5 to 9 hold, less rejects."""

    advantages: int = Field(ge=0, le=5)
    clarity: int = Field(ge=0, le=5)
    expectations: int = Field(ge=0, le=5)
    language_quality: int = Field(ge=0, le=5)
    comment: str = Field("", max_length=2000)


class FindingOut(Strict):
    field: str
    message: str
    stops: bool


# --- helpers ----------------------------------------------------------------------------------------------
def _shown(request: HttpRequest, pk: UUID) -> dict[str, Any]:
    viewer, listing = viewer_of(request), visible_listing(request, pk)
    contact = policies.visible_contacts(viewer).filter(listing=listing).first()
    details = policies.visible_details(viewer).filter(listing=listing).order_by("language")
    return {
        **line_of(listing, queries.known_owners(viewer, [listing])),
        "disclosure": listing.disclosure,
        "ip_status": listing.ip_status,
        "sdgs": list(listing.sdgs),
        "partner_kinds": list(listing.partner_kinds),
        "target_places": [place.code for place in listing.target_places.order_by("code")],
        "work_languages": list(listing.work_languages),
        "trl_min": listing.trl_min,
        "trl_max": listing.trl_max,
        "deadline": listing.deadline.isoformat() if listing.deadline else None,
        "texts": [_teaser(text) for text in sorted(listing.teasers.all(), key=lambda t: t.language)],
        "details": [_detail(detail) for detail in details],
        "contact": _contact(contact) if contact else None,
    }


def _provenance(text: ListingTeaser | ListingDetail) -> dict[str, str]:
    return {"language": text.language, "origin": text.origin, "review": text.review}


def _teaser(text: ListingTeaser) -> dict[str, Any]:
    words = {"title": text.title, "summary": text.summary, "keywords": list(text.keywords)}
    return {**_provenance(text), **words}


def _detail(detail: ListingDetail) -> dict[str, Any]:
    names = ("description", "advantages", "requirements", "ip_comment")
    return {**_provenance(detail), **{name: getattr(detail, name) for name in names}}


def _contact(contact: Any) -> dict[str, str]:
    return {name: getattr(contact, name) for name in ("name", "email", "phone", "note")}


def _choices(values: Iterable[str], allowed: Iterable[str], name: str) -> None:
    allowed = set(allowed)
    if any(value not in allowed for value in values):
        raise Invalid(_("Choose from the list."), fields={name: _("Choose from the list.")})


# --- operations -------------------------------------------------------------------------------------------
@router.get("", response=Page[ListingLine])
@policy.operation("exchange.listing.see")
def list_listings(request: HttpRequest, query: Query[ListingQuery]) -> dict[str, Any]:
    """Published listings with the filters of the list page; one's own, or those to review, by `state`."""
    refuse_unknown(request, query)
    viewer, filters = viewer_of(request), replace(filters_of(query), organisation=query.organisation)
    if query.state == "mine":
        own = queries.own_listings(viewer)
        rows = queries.narrow(viewer, own, filters) if viewer.is_authenticated else None
    elif query.state == "review":
        rows = queries.narrow(viewer, queries.review_queue(viewer), filters)
    else:
        rows = queries.open_listings(viewer, filters, query.order)
    if rows is None:
        raise NotSignedIn(_("Sign in, or send a token."))
    window = list(rows[query.window()])
    shown = lines_of(viewer, window)
    page = page_of(rows, PageQuery(limit=1), lambda listing: {})
    return {**page, "items": [shown[listing.pk] for listing in window]}


@router.post("", response={201: ListingOut})
@policy.operation("exchange.member")
def create_listing(request: HttpRequest, body: ListingIn) -> Status[dict[str, Any]]:
    """Begin a listing as a draft of one of one's organisations."""
    person = caller(request)
    organisation = policies.own_organisations(person).filter(pk=body.organisation).first()
    if organisation is None:
        raise Invalid(_("Choose one of your own."), fields={"organisation": _("Choose one of your own.")})
    listing = actions.create_listing(
        organisation=organisation, by=person, **body.model_dump(exclude={"organisation"})
    )
    return Status(201, _shown(request, listing.pk))


@router.get("/{uuid:pk}", response=ListingOut)
@policy.operation("exchange.listing.see")
def get_listing(request: HttpRequest, pk: UUID) -> dict[str, Any]:
    return _shown(request, pk)


@router.patch("/{uuid:pk}", response=ListingOut)
@policy.operation("exchange.member")
def update_listing(request: HttpRequest, pk: UUID, body: ListingFactsIn) -> dict[str, Any]:
    """Change what is not text."""
    changes = body.model_dump(exclude_unset=True)
    places = None
    if (codes := changes.pop("target_places", None)) is not None:
        places = list(Place.objects.filter(code__in=codes))
        _choices(codes, [place.code for place in places], "target_places")
    empty = [
        k for k, v in changes.items() if v is None and k not in {"trl", "trl_min", "trl_max", "deadline"}
    ]
    if empty:
        raise Invalid(_("This cannot be empty."), fields=dict.fromkeys(empty, _("This cannot be empty.")))
    for name, choices in (
        ("partnerships", Listing.Partnership.values),
        ("partner_kinds", Organisation.Kind.values),
        ("work_languages", vocabularies.LANGUAGES),
        ("sectors", vocabularies.SECTORS),
    ):
        _choices(changes.get(name, []), choices, name)
    for name, choices in (("kind", Listing.Kind.values), ("ip_status", Listing.IpStatus.values)):
        _choices([changes[name]] if name in changes else [], choices, name)
    actions.save_facts(
        listing=visible_listing(request, pk), by=caller(request), target_places=places, **changes
    )
    return _shown(request, pk)


@router.put("/{uuid:pk}/texts/{language}", response=ListingOut)
@policy.operation("exchange.member")
def put_text(request: HttpRequest, pk: UUID, language: Language, body: TeaserIn) -> dict[str, Any]:
    """Write the public text in one language. 422 names addresses that must not be in it."""
    actions.save_teaser(
        listing=visible_listing(request, pk),
        language=_language(language),
        by=caller(request),
        **body.model_dump(),
    )
    return _shown(request, pk)


@router.put("/{uuid:pk}/details/{language}", response=ListingOut)
@policy.operation("exchange.member")
def put_detail(request: HttpRequest, pk: UUID, language: Language, body: DetailIn) -> dict[str, Any]:
    """Write the text for verified members in one language."""
    actions.save_detail(
        listing=visible_listing(request, pk),
        language=_language(language),
        by=caller(request),
        **body.model_dump(),
    )
    return _shown(request, pk)


def _language(tag: str) -> str:
    _choices([tag.split("-")[0].lower()], vocabularies.LANGUAGES, "language")
    return tag[:35]


@router.put("/{uuid:pk}/contact", response=ListingOut)
@policy.operation("exchange.member")
def put_contact(request: HttpRequest, pk: UUID, body: ContactIn) -> dict[str, Any]:
    """Say who to talk to; read by partners one said yes to."""
    if body.email and not checks.is_email(body.email):
        raise Invalid(
            _("This is not an e-mail address."), fields={"email": _("This is not an e-mail address.")}
        )
    actions.save_contact(listing=visible_listing(request, pk), by=caller(request), **body.model_dump())
    return _shown(request, pk)


@router.get("/{uuid:pk}/findings", response=list[FindingOut])
@policy.operation("exchange.member")
def get_findings(request: HttpRequest, pk: UUID) -> list[dict[str, Any]]:
    """What must be mended before a review, and advice."""
    listing = visible_listing(request, pk)
    if not policies.may_edit_listing(viewer_of(request), listing):
        raise NotFound(_("Not found."))
    return [{"field": f.field, "message": f.message, "stops": f.stops} for f in checks.findings(listing)]


def _step(request: HttpRequest, pk: UUID, action: Any, **more: Any) -> dict[str, Any]:
    action(listing=visible_listing(request, pk), by=caller(request), **more)
    return _shown(request, pk)


@router.post("/{uuid:pk}/submit", response=ListingOut)
@policy.operation("exchange.member")
def submit_listing(request: HttpRequest, pk: UUID) -> dict[str, Any]:
    return _step(request, pk, actions.submit_for_review)


@router.post("/{uuid:pk}/take-back", response=ListingOut)
@policy.operation("exchange.member")
def take_back_listing(request: HttpRequest, pk: UUID) -> dict[str, Any]:
    return _step(request, pk, actions.take_back)


@router.post("/{uuid:pk}/revise", response=ListingOut)
@policy.operation("exchange.member")
def revise_listing(request: HttpRequest, pk: UUID) -> dict[str, Any]:
    """Take a published listing off the lists to change its text."""
    return _step(request, pk, actions.revise_listing)


@router.post("/{uuid:pk}/renew", response=ListingOut)
@policy.operation("exchange.member")
def renew_listing(request: HttpRequest, pk: UUID) -> dict[str, Any]:
    return _step(request, pk, actions.renew_listing)


@router.post("/{uuid:pk}/withdraw", response=ListingOut)
@policy.operation("exchange.member")
def withdraw_listing(request: HttpRequest, pk: UUID) -> dict[str, Any]:
    return _step(request, pk, actions.withdraw_listing)


@router.post("/{uuid:pk}/close", response=ListingOut)
@policy.operation("exchange.member")
def close_listing(request: HttpRequest, pk: UUID, body: ListingCloseIn) -> dict[str, Any]:
    return _step(request, pk, actions.close_listing, closed_as=body.closed_as)


@router.post("/{uuid:pk}/review", response=ListingOut)
@policy.operation("exchange.steward")
def review_listing(request: HttpRequest, pk: UUID, body: ReviewIn) -> dict[str, Any]:
    data = body.model_dump()
    comment = data.pop("comment")
    return _step(request, pk, actions.review_listing, scores=Scores(**data), comment=comment)


@router.post("/{uuid:pk}/hold", response=ListingOut)
@policy.operation("exchange.steward")
def hold_listing(request: HttpRequest, pk: UUID, body: ListingReasonIn) -> dict[str, Any]:
    return _step(request, pk, actions.hold_listing, reason=body.reason)

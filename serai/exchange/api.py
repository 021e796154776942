"""Listings, search, matches and interests in the programming interface: the same rules and actions as the pages."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from ninja import Field, Query, Router, Status
from pydantic import StringConstraints

from serai.accounts import policies as people
from serai.accounts.models import User
from serai.core import policy
from serai.core.api import KNOWN_LANGUAGE, Page, PageQuery, Strict, page_of, refuse_unknown
from serai.core.errors import Invalid, NotFound, NotSignedIn
from serai.core.text import best_text
from serai.core.viewer import Viewer, viewer_of
from serai.directory.models import Organisation, Place
from serai.exchange import actions, checks, finding, policies, queries, shapes, vocabularies
from serai.exchange.actions.reviews import Scores
from serai.exchange.models import Interest, Listing, ListingDetail, ListingTeaser
from serai.exchange.queries import Filters

router = Router(tags=["listings"])
search_router = Router(tags=["search"])
matches_router = Router(tags=["matches"])
interests_router = Router(tags=["interests"])

Direction = Literal["offer", "request"]
Language = Annotated[str, KNOWN_LANGUAGE]


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


class ListingLine(Strict):
    """`organisation` is null where the caller may not know the owner; `country` and `owner_kinds` always stand."""

    id: UUID
    reference: str
    direction: str
    kind: str
    status: str
    language: str
    title: str
    title_language: str
    organisation: UUID | None
    country: str | None
    owner_kinds: list[str]
    trl: int | None
    sectors: list[str]
    partnerships: list[str]
    published_at: str | None
    expires_on: str | None
    is_invented: bool


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


class FilterQuery(PageQuery):
    """`place` is the code of a country or grouping, `sector` a letter of ISIC, `trl` the lowest level."""

    direction: str = ""
    kind: str = ""
    place: str = Field("", max_length=20)
    sector: str = Field("", max_length=10)
    partnership: str = ""
    language: str = Field("", max_length=35)
    trl: int | None = Field(None, ge=1, le=9)


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


class ListingReasonIn(Strict):
    reason: str = Field(min_length=1, max_length=2000)


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


class SearchQuery(FilterQuery):
    """`q` in any language; `page` counts from 1, twenty results each."""

    q: str = Field(min_length=1, max_length=2000)
    page: int = Field(1, ge=1, le=10)


class HitOut(Strict):
    """`is_close` is false for what is only the nearest there is."""

    listing: ListingLine
    shared_terms: list[str]
    is_close: bool


class SearchOut(Strict):
    """`exact` holds the very words, `meant` the same in any language, best first; there are no scores.

    `by_meaning` is `ready`, `building` or `unavailable`.
    """

    language: str
    by_meaning: str
    exact: list[HitOut]
    exact_count: int
    meant: list[HitOut]
    more: bool


class MatchOut(Strict):
    """One counterpart, best first. `reasons` hold passages of texts the caller may read."""

    rank: int
    listing: ListingLine
    languages: list[str]
    pairs: list[dict[str, Any]]
    shared_terms: list[str]
    conditions: dict[str, Any]


class MatchesOut(Strict):
    items: list[MatchOut]
    is_pending: bool


class InterestOut(Strict):
    """What one side of an interest reads of it.

    `listing_organisation` is null for the sender while the owner is not named, until accepted; `listing` while
    its owner has taken it back. `own_listing` is null for the receiver once its owner has taken it back.
    """

    id: UUID
    listing: UUID | None
    listing_reference: str
    listing_organisation: UUID | None
    organisation: UUID
    own_listing: UUID | None
    language: str
    cooperation_sought: str
    open_questions: str
    about_us: str
    status: str
    answer_due: str
    answered_at: str | None
    decline_reason: str
    answer: str
    stop_note: str


class InterestQuery(PageQuery):
    box: Literal["received", "sent"] = "received"


class InterestIn(Strict):
    listing: UUID
    organisation: UUID
    language: Language = Field(min_length=2, max_length=35)
    cooperation_sought: str = Field(min_length=1, max_length=3000)
    open_questions: str = Field("", max_length=3000)
    about_us: str = Field(min_length=1, max_length=3000)
    own_listing: UUID | None = None
    answer_due: date | None = None


class InterestAcceptIn(Strict):
    answer: str = Field("", max_length=3000)


class InterestDeclineIn(Strict):
    reason: str
    answer: str = Field("", max_length=3000)


# --- helpers ----------------------------------------------------------------------------------------------
def _person(request: HttpRequest) -> User:
    user = viewer_of(request)
    if not isinstance(user, User):
        raise NotSignedIn(_("Sign in, or send a token."))
    return user


def line_of(listing: Listing, known: set[UUID]) -> dict[str, Any]:
    text = best_text(listing.teasers.all())
    owner = listing.organisation
    return {
        "id": listing.pk,
        "reference": listing.reference,
        "direction": listing.direction,
        "kind": listing.kind,
        "status": listing.status,
        "language": listing.language,
        "title": text.title if text else "",
        "title_language": text.language if text else "",
        "organisation": owner.pk if listing.pk in known else None,
        "country": owner.country.code if owner.country else None,
        "owner_kinds": list(owner.kinds),
        "trl": listing.trl,
        "sectors": list(listing.sectors),
        "partnerships": list(listing.partnerships),
        "published_at": listing.published_at.isoformat() if listing.published_at else None,
        "expires_on": listing.expires_on.isoformat() if listing.expires_on else None,
        "is_invented": listing.is_invented,
    }


def lines_of(viewer: Viewer, listings: Iterable[Listing]) -> dict[UUID, dict[str, Any]]:
    listings = list(listings)
    known = queries.known_owners(viewer, listings)
    return {listing.pk: line_of(listing, known) for listing in listings}


def _visible(request: HttpRequest, pk: UUID) -> Listing:
    return get_object_or_404(queries.with_card_data(policies.visible_listings(viewer_of(request))), pk=pk)


def _shown(request: HttpRequest, pk: UUID) -> dict[str, Any]:
    viewer, listing = viewer_of(request), _visible(request, pk)
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


def _filters(query: FilterQuery) -> Filters:
    allowed: dict[str, Iterable[str]] = {
        "direction": Listing.Direction.values,
        "kind": Listing.Kind.values,
        "sector": vocabularies.SECTORS,
        "partnership": Listing.Partnership.values,
        "language": vocabularies.LANGUAGES,
    }
    wrong = {
        name: _("Choose from the list.")
        for name, values in allowed.items()
        if getattr(query, name) and getattr(query, name) not in values
    }
    if query.place and not queries.countries_of(query.place).exists():
        wrong["place"] = _("There is no such place.")
    if wrong:
        raise Invalid(_("Some filters are unknown."), fields=wrong)
    return Filters(place=query.place, trl=query.trl, **{name: getattr(query, name) for name in allowed})


def _choices(values: Iterable[str], allowed: Iterable[str], name: str) -> None:
    allowed = set(allowed)
    if any(value not in allowed for value in values):
        raise Invalid(_("Choose from the list."), fields={name: _("Choose from the list.")})


# --- listings ---------------------------------------------------------------------------------------------
@router.get("", response=Page[ListingLine])
@policy.operation("exchange.listing.see")
def list_listings(request: HttpRequest, query: Query[ListingQuery]) -> dict[str, Any]:
    """Published listings with the filters of the list page; one's own, or those to review, by `state`."""
    refuse_unknown(request, query)
    viewer, filters = viewer_of(request), replace(_filters(query), organisation=query.organisation)
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
    person = _person(request)
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
    actions.save_facts(listing=_visible(request, pk), by=_person(request), target_places=places, **changes)
    return _shown(request, pk)


@router.put("/{uuid:pk}/texts/{language}", response=ListingOut)
@policy.operation("exchange.member")
def put_text(request: HttpRequest, pk: UUID, language: Language, body: TeaserIn) -> dict[str, Any]:
    """Write the public text in one language. 422 names addresses that must not be in it."""
    actions.save_teaser(
        listing=_visible(request, pk), language=_language(language), by=_person(request), **body.model_dump()
    )
    return _shown(request, pk)


@router.put("/{uuid:pk}/details/{language}", response=ListingOut)
@policy.operation("exchange.member")
def put_detail(request: HttpRequest, pk: UUID, language: Language, body: DetailIn) -> dict[str, Any]:
    """Write the text for verified members in one language."""
    actions.save_detail(
        listing=_visible(request, pk), language=_language(language), by=_person(request), **body.model_dump()
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
    actions.save_contact(listing=_visible(request, pk), by=_person(request), **body.model_dump())
    return _shown(request, pk)


@router.get("/{uuid:pk}/findings", response=list[FindingOut])
@policy.operation("exchange.member")
def get_findings(request: HttpRequest, pk: UUID) -> list[dict[str, Any]]:
    """What must be mended before a review, and advice."""
    listing = _visible(request, pk)
    if not policies.may_edit_listing(viewer_of(request), listing):
        raise NotFound(_("Not found."))
    return [{"field": f.field, "message": f.message, "stops": f.stops} for f in checks.findings(listing)]


def _step(request: HttpRequest, pk: UUID, action: Any, **more: Any) -> dict[str, Any]:
    action(listing=_visible(request, pk), by=_person(request), **more)
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


# --- search and matches -----------------------------------------------------------------------------------
@search_router.get("", response=SearchOut)
@policy.operation("exchange.public")
def search(request: HttpRequest, query: Query[SearchQuery]) -> dict[str, Any]:
    """One question in any language over what the caller may see. `limit` and `offset` are not used here."""
    refuse_unknown(request, query)
    viewer = viewer_of(request)
    found = finding.search(viewer, query.q, _filters(query), query.page)
    shown = lines_of(viewer, [hit.listing for hit in [*found.exact, *found.meant]])

    def hits(rows: Iterable[finding.Hit]) -> list[dict[str, Any]]:
        return [
            {"listing": shown[hit.listing.pk], "shared_terms": list(hit.tokens), "is_close": hit.is_close}
            for hit in rows
        ]

    return {
        "language": found.language,
        "by_meaning": found.by_meaning,
        "exact": hits(found.exact),
        "exact_count": min(found.exact_count, finding.COUNTED),
        "meant": hits(found.meant),
        "more": found.more,
    }


@matches_router.get("/{uuid:pk}", response=MatchesOut)
@policy.operation("exchange.match.see")
def list_matches(request: HttpRequest, pk: UUID) -> dict[str, Any]:
    """The counterparts of a published listing with their reasons, best first."""
    viewer, listing = viewer_of(request), _visible(request, pk)
    if not policies.is_open(listing):
        raise NotFound(_("Not found."))
    found = list(queries.matches_of(viewer, listing))
    shown = lines_of(viewer, [match.other for match in found])
    items = [
        {
            "rank": match.rank,
            "listing": shown[match.other_id],
            "languages": match.reasons.get("languages", []),
            "pairs": [{"mine": p["mine"], "theirs": p["theirs"]} for p in match.reasons.get("pairs", [])],
            "shared_terms": match.reasons.get("shared", []),
            "conditions": match.reasons.get("conditions", {}),
        }
        for match in found
    ]
    return {"items": items, "is_pending": listing.matching != Listing.Matching.DONE or listing.needs_encoding}


# --- interests --------------------------------------------------------------------------------------------
def interests_of(viewer: Viewer, interests: Sequence[Interest]) -> list[dict[str, Any]]:
    """Interests as one side reads them, with a constant number of queries."""
    listings = [interest.listing for interest in interests]
    own = [interest.own_listing for interest in interests if interest.own_listing is not None]
    seen = queries.seen_listings(viewer, [*listings, *own])
    known = queries.known_owners(viewer, listings)
    mine = set(people.organisation_ids(viewer))
    return [_interest_of(interest, seen, known, mine) for interest in interests]


def _interest_of(interest: Interest, seen: set[UUID], known: set[UUID], mine: set[object]) -> dict[str, Any]:
    owner = interest.listing.organisation_id
    return {
        "id": interest.pk,
        "listing": interest.listing_id if interest.listing_id in seen else None,
        "listing_reference": interest.listing.reference,
        "listing_organisation": owner if owner in mine or shapes.owner_is_known(interest, known) else None,
        "organisation": interest.organisation_id,
        "own_listing": interest.own_listing_id if interest.own_listing_id in seen else None,
        "language": interest.language,
        "cooperation_sought": interest.cooperation_sought,
        "open_questions": interest.open_questions,
        "about_us": interest.about_us,
        "status": interest.status,
        "answer_due": interest.answer_due.isoformat(),
        "answered_at": interest.answered_at.isoformat() if interest.answered_at else None,
        "decline_reason": interest.decline_reason,
        "answer": interest.answer,
        "stop_note": interest.stop_note,
    }


def _interest(request: HttpRequest, pk: UUID) -> Interest:
    rows = queries.with_interest_data(policies.visible_interests(viewer_of(request)))
    return get_object_or_404(rows, pk=pk)


def _interest_shown(request: HttpRequest, pk: UUID) -> dict[str, Any]:
    viewer, interest = viewer_of(request), _interest(request, pk)
    return interests_of(viewer, [interest])[0]


@interests_router.get("", response=Page[InterestOut])
@policy.operation("exchange.interest.see")
def list_interests(request: HttpRequest, query: Query[InterestQuery]) -> dict[str, Any]:
    """Received or sent, as `box` says."""
    refuse_unknown(request, query)
    viewer = viewer_of(request)
    rows = queries.interests_sent(viewer) if query.box == "sent" else queries.interests_received(viewer)
    window = list(rows[query.window()])
    page = page_of(rows, PageQuery(limit=1), lambda interest: {})
    return {**page, "items": interests_of(viewer, window)}


@interests_router.post("", response={201: InterestOut})
@policy.operation("exchange.member")
def send_interest(request: HttpRequest, body: InterestIn) -> Status[dict[str, Any]]:
    """Ask the owner of a published listing for cooperation. 409 when one is still open."""
    person = _person(request)
    listing = get_object_or_404(policies.visible_listings(person), pk=body.listing)
    organisation = policies.own_organisations(person).filter(pk=body.organisation).first()
    if organisation is None:
        raise Invalid(_("Choose one of your own."), fields={"organisation": _("Choose one of your own.")})
    own = None
    if body.own_listing is not None:
        own = policies.visible_listings(person).filter(pk=body.own_listing).first()
        if own is None:
            raise Invalid(_("Choose one of your own."), fields={"own_listing": _("Choose one of your own.")})
    interest = actions.send_interest(
        listing=listing,
        organisation=organisation,
        own_listing=own,
        by=person,
        **body.model_dump(exclude={"listing", "organisation", "own_listing"}),
    )
    return Status(201, _interest_shown(request, interest.pk))


@interests_router.get("/{uuid:pk}", response=InterestOut)
@policy.operation("exchange.interest.see")
def get_interest(request: HttpRequest, pk: UUID) -> dict[str, Any]:
    return _interest_shown(request, pk)


def _interest_step(request: HttpRequest, pk: UUID, action: Any, **more: Any) -> dict[str, Any]:
    action(interest=_interest(request, pk), by=_person(request), **more)
    return _interest_shown(request, pk)


@interests_router.post("/{uuid:pk}/accept", response=InterestOut)
@policy.operation("exchange.interest.see")
def accept_interest(request: HttpRequest, pk: UUID, body: InterestAcceptIn) -> dict[str, Any]:
    return _interest_step(request, pk, actions.accept_interest, answer=body.answer)


@interests_router.post("/{uuid:pk}/decline", response=InterestOut)
@policy.operation("exchange.interest.see")
def decline_interest(request: HttpRequest, pk: UUID, body: InterestDeclineIn) -> dict[str, Any]:
    return _interest_step(request, pk, actions.decline_interest, reason=body.reason, answer=body.answer)


@interests_router.post("/{uuid:pk}/withdraw", response=InterestOut)
@policy.operation("exchange.interest.see")
def withdraw_interest(request: HttpRequest, pk: UUID) -> dict[str, Any]:
    return _interest_step(request, pk, actions.withdraw_interest)


@interests_router.post("/{uuid:pk}/contact", response=InterestOut)
@policy.operation("exchange.interest.see")
def mark_in_contact(request: HttpRequest, pk: UUID) -> dict[str, Any]:
    return _interest_step(request, pk, actions.mark_in_contact)


@interests_router.post("/{uuid:pk}/stop", response=InterestOut)
@policy.operation("exchange.interest.see")
def stop_interest(request: HttpRequest, pk: UUID, body: ListingReasonIn) -> dict[str, Any]:
    return _interest_step(request, pk, actions.stop_interest, note=body.reason)

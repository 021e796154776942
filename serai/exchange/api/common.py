"""What the operations of the exchange share: a listing as a line, and the filters of its lists."""

from collections.abc import Iterable
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from ninja import Field

from serai.core.api import KNOWN_LANGUAGE, PageQuery, Strict
from serai.core.errors import Invalid
from serai.core.text import best_text
from serai.core.viewer import Viewer, viewer_of
from serai.exchange import policies, queries, vocabularies
from serai.exchange.models import Listing
from serai.exchange.queries import Filters

Language = Annotated[str, KNOWN_LANGUAGE]


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


class FilterQuery(PageQuery):
    """`place` is the code of a country or grouping, `sector` a letter of ISIC, `trl` the lowest level."""

    direction: str = ""
    kind: str = ""
    place: str = Field("", max_length=20)
    sector: str = Field("", max_length=10)
    partnership: str = ""
    language: str = Field("", max_length=35)
    trl: int | None = Field(None, ge=1, le=9)


class ListingReasonIn(Strict):
    reason: str = Field(min_length=1, max_length=2000)


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


def visible_listing(request: HttpRequest, pk: UUID) -> Listing:
    return get_object_or_404(queries.with_card_data(policies.visible_listings(viewer_of(request))), pk=pk)


def filters_of(query: FilterQuery) -> Filters:
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

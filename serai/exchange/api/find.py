"""Search in any language, and the matches of a listing."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Field, Query, Router

from serai.core import policy
from serai.core.api import Strict, refuse_unknown
from serai.core.errors import NotFound
from serai.core.viewer import viewer_of
from serai.exchange import finding, policies, queries
from serai.exchange.api.common import FilterQuery, ListingLine, filters_of, lines_of, visible_listing
from serai.exchange.models import Listing

search_router = Router(tags=["search"])
matches_router = Router(tags=["matches"])


# --- shapes -----------------------------------------------------------------------------------------------
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


# --- operations -------------------------------------------------------------------------------------------
@search_router.get("", response=SearchOut)
@policy.operation("exchange.public")
def search(request: HttpRequest, query: Query[SearchQuery]) -> dict[str, Any]:
    """One question in any language over what the caller may see. `limit` and `offset` are not used here."""
    refuse_unknown(request, query)
    viewer = viewer_of(request)
    found = finding.search(viewer, query.q, filters_of(query), query.page)
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
    viewer, listing = viewer_of(request), visible_listing(request, pk)
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

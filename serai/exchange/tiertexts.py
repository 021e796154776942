"""What a tier's words and vectors are made of: the public one of the teaser only, the network one of both."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from serai.core.text import MultilingualText
from serai.core.tiers import Tier
from serai.engines import matching as m
from serai.exchange.models import Listing, ListingDetail, ListingTeaser

T = TypeVar("T", bound=MultilingualText)

QUERY_LIMIT = 1200
"""A listing asks with its beginning: title and summary carry the need, and queries are cheap when short."""


@dataclass(frozen=True)
class TierText:
    """The text of one tier: `own` in the listing's language (what is encoded), `versions` all languages."""

    listing_id: UUID
    tier: str
    language: str
    own: str
    versions: tuple[tuple[str, str], ...]

    @property
    def digest(self) -> str:
        return hashlib.sha256(f"{self.language}\n{self.own}".encode()).hexdigest()

    @property
    def asked(self) -> str:
        return m.clean(self.own, QUERY_LIMIT)


def teaser_text(teaser: ListingTeaser) -> str:
    return m.profile_text(teaser.title, teaser.summary, teaser.keywords)


def whole_text(teaser: ListingTeaser | None, detail: ListingDetail | None) -> str:
    title, summary = (teaser.title, teaser.summary) if teaser else ("", "")
    keywords = teaser.keywords if teaser else []
    parts = [detail.description, detail.advantages, detail.requirements] if detail else []
    return m.profile_text(title, summary, keywords, "\n".join(part for part in parts if part))


def public_text(listing: Listing) -> TierText:
    """Reads the teasers (prefetch them)."""
    teasers = {teaser.language: teaser for teaser in listing.teasers.all()}
    own = chosen(listing, teasers.values())
    return TierText(
        listing_id=listing.pk,
        tier=Tier.PUBLIC,
        language=own.language if own else listing.language,
        own=teaser_text(own) if own else "",
        versions=tuple((teaser.language, teaser_text(teaser)) for teaser in teasers.values()),
    )


def network_text(listing: Listing) -> TierText | None:
    """The text for members, or None when there are no details. Reads teasers and details (prefetch them)."""
    teasers = {teaser.language: teaser for teaser in listing.teasers.all()}
    details = {detail.language: detail for detail in listing.details.all()}
    own = chosen(listing, details.values())
    if own is None:
        return None
    languages = sorted({*teasers, *details})
    return TierText(
        listing_id=listing.pk,
        tier=Tier.NETWORK,
        language=own.language,
        own=whole_text(teasers.get(own.language), own),
        versions=tuple((x, whole_text(teasers.get(x), details.get(x))) for x in languages),
    )


def chosen(listing: Listing, texts: Iterable[T]) -> T | None:
    """The version in the listing's own language, else the first by tag."""
    return min(texts, key=lambda text: (text.language != listing.language, text.language), default=None)

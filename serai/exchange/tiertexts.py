"""What a tier's words and vectors are made of: the public one of the teaser only, the network one of both."""

import hashlib
from collections.abc import Iterable, Sequence
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
    """The text of one tier: `own` in the listing's language (what is encoded), `versions` all languages.

    `own` begins with `title` and a line break, unless the text below says the title anyway.
    """

    listing_id: UUID
    tier: str
    language: str
    title: str
    own: str
    versions: tuple[tuple[str, str], ...]

    @property
    def digest(self) -> str:
        return hashlib.sha256(f"{self.language}\n{self.own}".encode()).hexdigest()

    @property
    def asked(self) -> str:
        return m.clean(self.own, QUERY_LIMIT)

    @property
    def body_at(self) -> int:
        """Where the text below the title begins."""
        return len(self.title) + 1 if self.own.startswith(f"{self.title}\n") else 0


def teaser_text(teaser: ListingTeaser) -> str:
    title, summary = _once(teaser.title, teaser.summary)
    return m.profile_text(title, summary, teaser.keywords)


def whole_text(teaser: ListingTeaser | None, detail: ListingDetail | None) -> str:
    parts = [detail.description, detail.advantages, detail.requirements] if detail else []
    description = "\n".join(part for part in parts if part)
    title, summary = (teaser.title, teaser.summary) if teaser else ("", "")
    title, summary, description = _once(title, summary, description)
    return m.profile_text(title, summary, teaser.keywords if teaser else [], description)


def _once(*parts: str) -> list[str]:
    """Without parts that a later one begins with: texts of one piece have their beginnings as title and summary.

    What is said twice counts twice: measured, a first sentence that is also the title costs two points of nDCG.
    """
    return [
        "" if any(later.startswith(part.removesuffix("…").rstrip()) for later in parts[at + 1 :]) else part
        for at, part in enumerate(parts)
    ]


def _title(teaser: ListingTeaser | None) -> str:
    return m.clean(teaser.title) if teaser else ""


def public_text(listing: Listing) -> TierText:
    """Reads the teasers (prefetch them)."""
    teasers = {teaser.language: teaser for teaser in listing.teasers.all()}
    own = chosen(listing, teasers.values())
    return TierText(
        listing_id=listing.pk,
        tier=Tier.PUBLIC,
        language=own.language if own else listing.language,
        title=_title(own),
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
        title=_title(teasers.get(own.language)),
        own=whole_text(teasers.get(own.language), own),
        versions=tuple((x, whole_text(teasers.get(x), details.get(x))) for x in languages),
    )


def text_of(listing: Listing, tier: str) -> TierText:
    """A listing's text in a tier; the public one where it has no details. Prefetch teasers and details."""
    network = network_text(listing) if tier == Tier.NETWORK else None
    return network or public_text(listing)


def texts(ids: Sequence[UUID], *, tier: str) -> dict[UUID, str]:
    """What is searched of these listings in a tier, by id."""
    rows = Listing.objects.filter(pk__in=ids).prefetch_related("teasers", "details")
    return {listing.pk: text_of(listing, tier).own for listing in rows}


def chosen(listing: Listing, texts: Iterable[T]) -> T | None:
    """The version in the listing's own language, else the first by tag."""
    return min(texts, key=lambda text: (text.language != listing.language, text.language), default=None)

"""The table of listings that may be downloaded: public texts, and owners only where the viewer may know them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from serai.core import exports
from serai.core.text import best_text
from serai.core.viewer import Viewer
from serai.exchange import queries
from serai.exchange.models import Listing, ListingTeaser

CHUNK = 500


@dataclass(frozen=True)
class Line:
    """One listing with its text in the reader's language; `owner` is empty where it may not be known."""

    listing: Listing
    text: ListingTeaser | None
    owner: str


def lines(viewer: Viewer, listings: Iterable[Listing]) -> Iterator[Line]:
    """The rows of an export, a constant number of queries for every `CHUNK` of them."""
    languages = queries.reading_languages(viewer)
    rows = iter(listings)
    while chunk := list(islice(rows, CHUNK)):
        known = queries.known_owners(viewer, chunk)
        for listing in chunk:
            owner = listing.organisation.name if listing.pk in known else ""
            yield Line(listing, best_text(listing.teasers.all(), languages), owner)


def _country(line: Line) -> str:
    country = line.listing.organisation.country
    return country.code if country else ""


LISTINGS = exports.register(
    exports.Export(
        "listings",
        [
            exports.Column("reference", lambda line: line.listing.reference, "exchange.listing.see"),
            exports.Column("direction", lambda line: line.listing.direction, "exchange.listing.see"),
            exports.Column("kind", lambda line: line.listing.kind, "exchange.listing.see"),
            exports.Column("title", lambda x: x.text.title if x.text else "", "exchange.teaser.see"),
            exports.Column("language", lambda x: x.text.language if x.text else "", "exchange.teaser.see"),
            exports.Column("summary", lambda x: x.text.summary if x.text else "", "exchange.teaser.see"),
            exports.Column("keywords", lambda x: x.text.keywords if x.text else [], "exchange.teaser.see"),
            exports.Column("owner", lambda line: line.owner, "exchange.owner.see"),
            exports.Column("country", _country, "exchange.listing.see"),
            exports.Column("trl", lambda line: line.listing.trl, "exchange.listing.see"),
            exports.Column("sectors", lambda line: line.listing.sectors, "exchange.listing.see"),
            exports.Column("partnerships", lambda line: line.listing.partnerships, "exchange.listing.see"),
            exports.Column("published", lambda line: line.listing.published_at, "exchange.listing.see"),
            exports.Column("expires", lambda line: line.listing.expires_on, "exchange.listing.see"),
        ],
    )
)

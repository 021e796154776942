"""One search in any language: exact words first as a group of their own, then what means the same.

The two are never fused into one list: measured, a list of words only ever returns the query's own language
and drowns the others (docs/engines/matching.md).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from uuid import UUID

from django.conf import settings
from django.db import models
from django.utils.translation import get_language

from serai.core.viewer import Viewer
from serai.engines import matching as m
from serai.engines.matching.types import Vector
from serai.exchange import encoding, policies, queries, sentences, tiertexts, words
from serai.exchange.index import reader
from serai.exchange.models import Listing
from serai.exchange.queries import Filters

LONGEST_QUERY = 2000
WORD_HITS = 2000
EXACT = 10
PAGE = 20
DEEPEST = 200
COUNTED = 200
CLOSE = 0.15
"""Scores below are further away than what answers a question usually is: seven to eight of ten answers score more, and
three to seven of a hundred other listings. It parts results, not questions with an answer from those without:
nothing measured tells these apart (docs/engines/matching.md)."""
SHORT = 40  # characters


@dataclass(frozen=True)
class Hit:
    """A listing found, with the hard tokens it shares with the query, and whether it comes close to it."""

    listing: Listing
    tokens: tuple[str, ...] = ()
    is_close: bool = True


@dataclass(frozen=True)
class Results:
    """`exact` holds all the words asked for, `meant` means the same in any language, best first.

    `exact_count` is capped. `by_meaning` says why `meant` may be empty: "ready", "building" (no index yet)
    or "unavailable" (the encoders do not answer; the words still do).
    """

    exact: Sequence[Hit]
    exact_count: int
    meant: Sequence[Hit]
    more: bool
    language: str
    by_meaning: str


@lru_cache(maxsize=512)
def encoded(text: str, page_language: str) -> m.Query:
    """The query encoded, kept for the next page and the next filter. Raises EncoderFailed."""
    language = _language(text, page_language.split("-")[0])
    vectors = encoding.matcher().vectors([text], [language], "query")[0]
    return m.Query("", language, text, vectors, m.hard_tokens(text))


def _language(text: str, page_language: str) -> str:
    """The language of a query. A few plain words are easily taken for a neighbour (Danish for English): then the
    language of the page is likelier, or English where that is not written in Latin letters.
    """
    found = m.detect(text)
    if found == "und":
        return page_language
    if len(text) >= SHORT or not text.isascii() or found in {code[:2] for code, _name in settings.LANGUAGES}:
        return found
    return next((likely for likely in (page_language, "en") if m.detect(text, likely) == likely), found)


def search(viewer: Viewer, text: str, filters: Filters, page: int = 1) -> Results:
    """What the viewer may see of what was asked for. The richest tier they may read is the one searched."""
    text = m.clean(text, LONGEST_QUERY)
    tier = policies.search_tier(viewer)
    if not words.words(text):
        return Results((), 0, (), False, "", "ready")
    by_words = words.matching_listings(text, _languages(viewer, text), tier, WORD_HITS)
    index = reader.opened(tier)
    if index is None:
        return _by_words(viewer, by_words, filters, page, "building")
    try:
        asked = encoded(text, get_language() or "en")
    except m.EncoderFailed:
        return _by_words(viewer, by_words, filters, page, "unavailable")
    return _by_meaning(viewer, index, asked, by_words, filters, page)


def _languages(viewer: Viewer, text: str) -> list[str]:
    return [m.detect(text), *queries.reading_languages(viewer)[:3]]


def _by_words(viewer: Viewer, ids: list[UUID], filters: Filters, page: int, why: str) -> Results:
    rows = queries.open_listings(viewer, filters).filter(pk__in=ids)
    window = queries.window(rows, page, PAGE)
    exact = [Hit(listing) for listing in window.object_list]
    return Results(exact, rows.order_by()[: COUNTED + 1].count(), (), window.more, "", why)


def _by_meaning(
    viewer: Viewer, index: reader.Index, query: m.Query, by_words: list[UUID], filters: Filters, page: int
) -> Results:
    mask = index.mask(wanted(filters), gone_since(index))
    texts = partial(tiertexts.texts, tier=policies.search_tier(viewer))
    scores = index.scores(query, filters.direction)
    with_words = mask & index.these(by_words)
    exact = index.best(query, scores, with_words, EXACT, texts)
    shown = exact if page == 1 else []
    mask &= ~index.these([hit.id for hit in exact])
    deep = min(page, DEEPEST // PAGE) * PAGE
    meant = [] if reader.is_empty(query) else index.best(query, scores, mask, deep + 1, texts)
    here = meant[deep - PAGE : deep]
    listings = _load(viewer, filters, [hit.id for hit in [*shown, *here]])
    fresh = _not_indexed(viewer, index, by_words, filters) if page == 1 and len(shown) < EXACT else []
    return Results(
        exact=[*_hits(shown, listings), *(Hit(listing) for listing in fresh)],
        exact_count=min(int(with_words.sum()), COUNTED + 1) + len(fresh),
        meant=_hits(here, listings),
        more=len(meant) > deep and deep < DEEPEST,
        language=query.language,
        by_meaning="ready",
    )


def _hits(found: Sequence[reader.Found], listings: dict[UUID, Listing]) -> list[Hit]:
    return [Hit(listings[hit.id], hit.tokens, hit.score >= CLOSE) for hit in found if hit.id in listings]


def _load(viewer: Viewer, filters: Filters, ids: list[UUID]) -> dict[UUID, Listing]:
    """The rows to show, read under the viewer's policy and the filters once more."""
    rows = queries.open_listings(viewer, filters).filter(pk__in=ids)
    return {listing.pk: listing for listing in rows}


def _not_indexed(
    viewer: Viewer, index: reader.Index, by_words: list[UUID], filters: Filters
) -> list[Listing]:
    """Listings that hold the words and are so new that the index does not know them yet."""
    new = index.missing(by_words)[:EXACT]
    return list(queries.open_listings(viewer, filters).filter(pk__in=new)) if new else []


def wanted(filters: Filters) -> reader.Wanted:
    countries = None
    if filters.place:
        countries = frozenset(queries.countries_of(filters.place).values_list("code", flat=True))
    return reader.Wanted(
        direction=filters.direction,
        kind=filters.kind,
        countries=countries,
        sector=filters.sector,
        partnership=filters.partnership,
        language=filters.language,
        trl=filters.trl,
    )


def gone_since(index: reader.Index) -> list[UUID]:
    """Listings that left the lists after the index was built: they count no more from this moment on.

    Those of a suspended owner stay in the index, so that they are found again when the suspension ends.
    """
    left = Listing.objects.filter(updated_at__gt=index.looked_from).exclude(status=Listing.Status.PUBLISHED)
    barred = Listing.objects.filter(~policies.owner_stands(), status=Listing.Status.PUBLISHED)
    return list(left.values_list("pk", flat=True).union(barred.values_list("pk", flat=True))[:5000])


# --- why a result is there --------------------------------------------------------------------------------
@dataclass(frozen=True)
class Why:
    """The passage that answers the query best, and the terms both name."""

    passage: str
    language: str
    tokens: tuple[str, ...]


def why(viewer: Viewer, listing: Listing, text: str) -> Why | None:
    """Compare the query with the listing's sentences, in the richest tier the viewer may read.

    Raises EncoderFailed.
    """
    text = m.clean(text, LONGEST_QUERY)
    index = reader.opened(policies.search_tier(viewer))
    if index is None or not words.words(text):
        return None
    body = readable_text(viewer, listing)
    asked = encoded(text, get_language() or "en")
    document = document_of(body, sentences.of_texts([body]).get(listing.pk, {}))
    found = explained(asked, document, index.centring(listing.direction), encoding.matcher())
    if not found.pairs:
        return None
    return Why(found.pairs[0].document.of(body.own), document.language, found.shared_tokens)


def document_of(text: tiertexts.TierText, within: Mapping[str, Vector]) -> m.Document:
    """A tier's text as the engine explains it, with the stored vectors of its sentences, or none."""
    return m.Document(
        str(text.listing_id),
        m.detect(text.own, text.language),
        text.own,
        {},
        m.hard_tokens(text.own),
        within,
    )


def explained(
    query: m.Query, document: m.Document, centring: m.Centring, matcher: m.Matcher
) -> m.Explanation:
    """The engine's reasons for one pair, under the centring of the index that ranked it."""
    return matcher.explain(query, document, m.Index.build([document], centring))


def readable_text(viewer: Viewer, listing: Listing) -> tiertexts.TierText:
    """The text of the richest tier the viewer may read."""
    models.prefetch_related_objects([listing], "teasers", "details")
    return tiertexts.text_of(listing, policies.search_tier(viewer))

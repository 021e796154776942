"""Keeping words, vectors and the index up with the texts: batched, resumable, safe to run twice."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from serai.core.tiers import Tier
from serai.engines import matching as m
from serai.engines.matching.types import Role, Vector
from serai.exchange import encoding, sentences, tiertexts, words
from serai.exchange.models import Listing, ListingSearch, ListingVector
from serai.exchange.tiertexts import TierText

log = logging.getLogger(__name__)
BATCH = 16
WORD_BATCH = 200


@dataclass(frozen=True)
class Progress:
    """`done` listings in `seconds`; `remaining` still wait."""

    done: int
    remaining: int
    seconds: float

    @property
    def rate(self) -> float:
        """Listings a second."""
        return self.done / self.seconds if self.seconds else 0.0


Report = Callable[[Progress], None]


def to_encode() -> QuerySet[Listing]:
    """Published listings whose words or vectors are missing or older than their texts."""
    vectors = ListingVector.objects.filter(
        listing=OuterRef("pk"), tier=Tier.PUBLIC, e5_sentences__isnull=False
    )
    rows = Listing.objects.filter(status=Listing.Status.PUBLISHED)
    return rows.filter(Q(needs_encoding=True) | ~Exists(vectors)).order_by("created_at", "pk")


def write_words(*, limit: int | None = None) -> int:
    """Write the search words of published listings that have none: exact words are found before meaning is."""
    words_there = ListingSearch.objects.filter(listing=OuterRef("pk"), tier=Tier.PUBLIC)
    missing = Listing.objects.filter(~Exists(words_there), status=Listing.Status.PUBLISHED).order_by("pk")
    done = 0
    while limit is None or done < limit:
        ids = list(missing.values_list("pk", flat=True)[:WORD_BATCH])
        if not ids:
            return done
        with transaction.atomic():
            _store_words([text for listing in _with_texts(ids) for text in _texts(listing)])
        done += len(ids)
    return done


def encode_pending(
    *, matcher: m.Matcher | None = None, limit: int | None = None, report: Report | None = None
) -> Progress:
    """Encode what waits, a batch a transaction; stopping at any moment loses at most one batch of work.

    Raises EncoderUnavailable when an encoder does not start; what was encoded until then stays.
    """
    matcher = matcher or encoding.patient()
    began, done = time.monotonic(), 0
    write_words()
    remaining = to_encode().count()
    while limit is None or done < limit:
        ids = list(to_encode().values_list("pk", flat=True)[:BATCH])
        if not ids:
            break
        encode_batch(ids, matcher)
        done += len(ids)
        remaining = max(0, remaining - len(ids))
        if report is not None:
            report(Progress(done, remaining, time.monotonic() - began))
    return Progress(done, to_encode().count() if limit else 0, time.monotonic() - began)


def encode_batch(ids: Sequence[UUID], matcher: m.Matcher) -> None:
    """Encode these listings. A text that changes meanwhile stays marked and is encoded again."""
    texts = [text for listing in _with_texts(ids) for text in _texts(listing)]
    whole = ListingVector.objects.filter(listing_id__in=ids, e5_sentences__isnull=False)
    stored = {
        (pk, tier): (digest, model)
        for pk, tier, digest, model in whole.values_list("listing_id", "tier", "text_hash", "model")
    }
    model = encoding.model_ids()
    fresh = [text for text in texts if stored.get((text.listing_id, text.tier)) != (text.digest, model)]
    vectors = _vectors(fresh, matcher, model)
    kept = _keep(ids, texts, vectors, skip_locked=True)
    for pk in ids:  # what others are writing: waiting for one, no other is held, so nobody waits in a circle
        if pk not in kept:
            _keep([pk], texts, vectors)


def _vectors(texts: Sequence[TierText], matcher: m.Matcher, model: str) -> list[ListingVector]:
    languages = [m.detect(text.own, text.language) for text in texts]
    whole, beginnings = [text.own for text in texts], [text.asked for text in texts]
    passages = _encoded(matcher.vectors, whole, languages, "passage")
    asked = _encoded(matcher.vectors, beginnings, languages, "query")
    within = _encoded(matcher.sentence_vectors, whole, languages, "passage")
    return [
        ListingVector(
            listing_id=text.listing_id,
            tier=text.tier,
            language=language,
            text_hash=text.digest,
            e5_passage=passage["e5"],
            e5_query=query["e5"],
            use=passage.get("use"),
            e5_sentences=sentences.packed(parts.get("e5")),
            use_sentences=sentences.packed(parts.get("use")),
            tokens=sorted(token[:80] for token in m.hard_tokens(text.own)),
            model=model,
            encoded_at=timezone.now(),
        )
        for text, language, passage, query, parts in zip(
            texts, languages, passages, asked, within, strict=True
        )
    ]


Encode = Callable[[Sequence[str], Sequence[str], Role], list[dict[str, Vector]]]


def _encoded(encode: Encode, texts: list[str], languages: list[str], role: Role) -> list[dict[str, Vector]]:
    """Vectors; a text an encoder cannot take is blanked, so that one bad text does not stop the queue."""
    texts = list(texts)
    for _try in range(len(texts) + 1):
        try:
            return encode(texts, languages, role)
        except m.EncoderUnavailable:
            raise
        except m.EncoderFailed as error:
            if error.position is None:
                raise
            log.warning("A text could not be encoded and is found by its words only: %s", error)
            texts[error.position] = ""
    return encode(["" for _text in texts], languages, role)


@transaction.atomic
def _keep(
    ids: Sequence[UUID],
    texts: Sequence[TierText],
    vectors: Sequence[ListingVector],
    *,
    skip_locked: bool = False,
) -> set[UUID]:
    """Store what belongs to texts that are still the same; the rows are locked while that is looked at.

    Returns the listings that were looked at: with `skip_locked` not those that somebody else has locked.
    """
    locked = list(_with_texts(ids).select_for_update(no_key=True, skip_locked=skip_locked))
    now = {(text.listing_id, text.tier): text.digest for listing in locked for text in _texts(listing)}
    known = {(text.listing_id, text.tier): text.digest for text in texts}
    same = {pk for pk in ids if _of(pk, now) == _of(pk, known)}
    ListingVector.objects.bulk_create(
        [vector for vector in vectors if vector.listing_id in same],
        update_conflicts=True,
        unique_fields=["listing", "tier"],
        update_fields=[
            "language", "text_hash", "e5_passage", "e5_query", "use", "e5_sentences", "use_sentences", "tokens", "model",
            "encoded_at",
        ],
    )  # fmt: skip
    _store_words([text for text in texts if text.listing_id in same])
    gone = [pk for pk in same if (pk, Tier.NETWORK) not in known]
    ListingVector.objects.filter(listing_id__in=gone, tier=Tier.NETWORK).delete()
    Listing.objects.filter(pk__in=same).update(
        needs_encoding=False, matching=Listing.Matching.CHANGED, updated_at=timezone.now()
    )
    return {listing.pk for listing in locked}


def _of(pk: UUID, digests: dict[tuple[UUID, str], str]) -> dict[str, str]:
    return {tier: digests[pk, tier] for tier in Tier.values if (pk, tier) in digests}


def _with_texts(ids: Sequence[UUID]) -> QuerySet[Listing]:
    return Listing.objects.filter(pk__in=ids).order_by("pk").prefetch_related("teasers", "details")


def _texts(listing: Listing) -> list[TierText]:
    network = tiertexts.network_text(listing)
    return [tiertexts.public_text(listing), *([network] if network else [])]


def _store_words(texts: Sequence[TierText]) -> None:
    """Both tiers get a row: that of a listing without details holds its public words for members too."""
    rows = [(text.listing_id, text.tier, text.versions) for text in texts]
    with_network = {text.listing_id for text in texts if text.tier == Tier.NETWORK}
    rows += [
        (text.listing_id, Tier.NETWORK, text.versions)
        for text in texts
        if text.tier == Tier.PUBLIC and text.listing_id not in with_network
    ]
    words.store(rows)

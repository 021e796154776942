"""The counterparts of each listing: ranked by meaning under both sides' conditions, stored with their reasons."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any
from uuid import UUID

import numpy as np
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from serai.core.tiers import Tier
from serai.directory.models import Place
from serai.engines import matching as m
from serai.engines.matching.types import Vector
from serai.exchange import encoding, finding, sentences, tiertexts
from serai.exchange.index import reader
from serai.exchange.models import Listing, ListingVector, Match

CONSIDERED = 50
"""Counterparts that pass the conditions are looked at up to this many."""

KEPT = 20
SCANNED = 400
"""At most this many of the nearest are asked for their conditions."""

NEAR = 0.1
"""Scores below this say nothing: of 80 needs in 26 languages, nine in ten right offers score more, one in ten others."""


def to_match() -> QuerySet[Listing]:
    """Published listings with vectors whose matches are missing or old; those that changed come first."""
    return Listing.objects.filter(
        status=Listing.Status.PUBLISHED, needs_encoding=False, matching__gt=Listing.Matching.DONE
    ).order_by("-matching", "created_at")


def match_pending(*, limit: int = 100, matcher: m.Matcher | None = None) -> int:
    """Match what waits, a transaction a listing. Returns how many still wait.

    Before the first index is built nothing can be found, so nothing is called matched: the listings wait on.
    """
    if reader.opened(Tier.PUBLIC) is None:
        return 0
    matcher = matcher or encoding.patient()
    for pk in list(to_match().values_list("pk", flat=True)[:limit]):
        match_listing(pk, matcher=matcher)
    return to_match().count()


def match_listing(pk: UUID, *, matcher: m.Matcher) -> None:
    """Compute and store the matches of one listing in every tier; its counterparts follow if it changed."""
    listing = with_conditions(Listing.objects.filter(pk=pk)).get()
    state = listing.matching
    found = {tier: rank(listing, tier) for tier in (Tier.PUBLIC, Tier.NETWORK)}
    rows = [row for tier, ranking in found.items() for row in _explained(listing, tier, ranking, matcher)]
    if state == Listing.Matching.CHANGED:
        _match_again({row.other_id for row in rows})
    with transaction.atomic():
        now = Listing.objects.select_for_update(no_key=True).get(pk=pk)
        Match.objects.filter(listing=listing).delete()
        Match.objects.bulk_create(rows)
        if now.matching == state and now.updated_at == listing.updated_at:
            Listing.objects.filter(pk=pk).update(matching=Listing.Matching.DONE)


def _match_again(ids: Iterable[UUID]) -> None:
    """Let matches that are done be computed anew, a transaction a listing.

    Whoever waits for one listing so holds no other: an import locks many, batch by batch, in the order of its file.
    """
    done = Listing.objects.filter(matching=Listing.Matching.DONE)
    for pk in list(done.filter(pk__in=ids).values_list("pk", flat=True)):
        done.filter(pk=pk).update(matching=Listing.Matching.AGAIN)


# --- ranking ----------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Ranked:
    """One counterpart that passes the conditions of both sides."""

    listing: Listing
    score: float
    rank: int


@dataclass(frozen=True, eq=False)
class Ranking:
    """The counterparts of a listing in one tier, best first, under one index."""

    index: reader.Index | None
    ranked: Sequence[Ranked]


def rank(listing: Listing, tier: str, keep: int = KEPT) -> Ranking:
    """Counterparts by meaning: an offer's are requests, a request's are offers; conditions are filters.

    Reads the listing's own vectors of the tier; nothing is ranked that is not in the tier's index.
    """
    index = reader.opened(tier)
    vector = vector_of(listing, tier)
    if index is None or vector is None:
        return Ranking(index, ())
    query = ask(listing, tier, vector)
    if reader.is_empty(query):
        return Ranking(index, ())
    mask = index.mask(reader.Wanted(direction=opposite(listing)), [listing.pk, *finding.gone_since(index)])
    nearest = index.best(query, index.scores(query, opposite(listing)), mask, SCANNED)
    passing = _passing(listing, nearest)
    texts = {pk: tiertexts.text_of(other, tier).own for pk, other in passing.items()}
    best = index.weighed(query, [hit for hit in nearest if hit.id in passing], lambda _ids: texts)
    return Ranking(
        index,
        [Ranked(passing[hit.id], hit.score, place) for place, hit in enumerate(best[:keep], start=1)],
    )


def opposite(listing: Listing) -> str:
    return Listing.Direction(listing.direction).opposite.value


def vector_of(listing: Listing, tier: str) -> ListingVector | None:
    """The listing's vectors in a tier; for members those of the public text where there are no details."""
    rows = ListingVector.objects.filter(listing=listing).defer("e5_sentences", "use_sentences")
    found = {vector.tier: vector for vector in rows}
    return found.get(tier) or found.get(Tier.PUBLIC)


def ask(listing: Listing, tier: str, vector: ListingVector) -> m.Query:
    """A listing as a query of a tier, with its stored vectors. Reads its texts (prefetch them)."""
    vectors = {"e5": _half(vector.e5_query)}
    if vector.use is not None:
        vectors["use"] = _half(vector.use)
    text = tiertexts.text_of(listing, tier).own
    return m.Query(listing.pk.hex, vector.language, text, vectors, frozenset(vector.tokens))


def _half(vector: Any) -> Vector:
    return np.asarray(vector, np.float16)


def _passing(listing: Listing, nearest: Sequence[reader.Found]) -> dict[UUID, Listing]:
    """The first of `nearest` that may meet the listing under both sides' conditions, at most CONSIDERED."""
    today = timezone.localdate()
    passed: dict[UUID, Listing] = {}
    for start in range(0, len(nearest), 100):
        chunk = nearest[start : start + 100]
        others = {x.pk: x for x in with_conditions(Listing.objects.filter(pk__in=[f.id for f in chunk]))}
        for hit in chunk:
            if hit.score < NEAR or len(passed) == CONSIDERED:
                return passed
            other = others.get(hit.id)
            if other is not None and not _failures(listing, other, today):
                passed[hit.id] = other
    return passed


def _failures(ours: Listing, theirs: Listing, today: date) -> Sequence[m.Failure]:
    a, b = side(ours, theirs.partner_kinds), side(theirs, ours.partner_kinds)
    return m.failures(a, b, today=today)


def with_conditions(rows: QuerySet[Listing]) -> QuerySet[Listing]:
    """Listings with all that conditions and reasons read."""
    return rows.select_related("organisation__country").prefetch_related(
        "target_places", "teasers", "details"
    )


# --- conditions -------------------------------------------------------------------------------------------
def side(listing: Listing, sought: Iterable[str] = ()) -> m.Side:
    """A listing as the engine's conditions see it. Reads organisation, country and target places.

    An organisation may be of several kinds; the engine compares one: the first of `sought` that it is.
    """
    owner = listing.organisation
    sought = set(sought)
    kind = next((kind for kind in owner.kinds if kind in sought), owner.kinds[0] if owner.kinds else "")
    languages = frozenset(listing.work_languages)
    low, high = listing.trl_min or 1, listing.trl_max or 9
    trl = (low, high) if listing.trl_min or listing.trl_max else None
    facts = m.Facts(
        direction=listing.direction,  # type: ignore[arg-type]  # the two values of Direction
        kind=listing.kind,
        party=str(listing.organisation_id),
        party_kind=kind,
        places=places_of(owner.country.code) if owner.country else frozenset(),
        trl=listing.trl,
        languages=languages,
        deadline=listing.deadline,
    )
    wishes = m.Wishes(
        places=frozenset(place.code for place in listing.target_places.all()),
        trl=trl,
        party_kinds=frozenset(listing.partner_kinds),
        languages=languages,
    )
    return m.Side(facts, wishes)


@lru_cache(maxsize=512)
def places_of(country: str) -> frozenset[str]:
    """A country and every grouping it lies in, groupings of groupings included."""
    found = Place.objects.filter(members__code=country)
    outer = Place.objects.filter(members__in=found)
    return frozenset({country, *found.values_list("code", flat=True), *outer.values_list("code", flat=True)})


def conditions(ours: Listing, theirs: Listing) -> dict[str, Any]:
    """What stands between two listings, and what nobody has stated, by rule."""
    a, b = side(ours, theirs.partner_kinds), side(theirs, ours.partner_kinds)
    failed = _failures(ours, theirs, timezone.localdate())
    unknown = [*m.unknowns(a, b), *m.unknowns(b, a)]
    met = [rule for rule in _wished(a) | _wished(b) if rule not in unknown]
    wrong = {failure.rule for failure in failed}
    return {
        "failed": [{"rule": f.rule, "detail": dict(f.detail)} for f in failed],
        "unknown": list(dict.fromkeys(unknown)),
        "met": sorted(rule for rule in met if rule not in wrong),
    }


def _wished(one: m.Side) -> set[str]:
    wishes = one.wishes
    stated = {
        "place": wishes.places,
        "trl": wishes.trl,
        "partner_kind": wishes.party_kinds,
        "language": wishes.languages,
        "kind": wishes.kinds,
    }
    return {rule for rule, wish in stated.items() if wish}


# --- reasons ----------------------------------------------------------------------------------------------
def _explained(listing: Listing, tier: str, ranking: Ranking, matcher: m.Matcher) -> Iterable[Match]:
    if ranking.index is None:
        return
    within = sentences.of_texts(tiertexts.text_of(one.listing, tier) for one in ranking.ranked)
    for one in ranking.ranked:
        yield Match(
            listing=listing,
            other=one.listing,
            tier=tier,
            rank=one.rank,
            score=one.score,
            reasons=_reasons(
                listing, one.listing, tier, ranking.index, matcher, within.get(one.listing.pk, {})
            ),
            index_version=ranking.index.version[:40],
        )


def reasons(
    ours: Listing, theirs: Listing, tier: str, index: reader.Index, matcher: m.Matcher
) -> dict[str, Any]:
    """Why these two: the best sentence pairs with their places, shared hard tokens, conditions, languages.

    Texts and the vectors of their sentences come from `tier` only, so what is stored may be shown to whoever reads
    that tier.
    """
    within = sentences.of_texts([tiertexts.text_of(theirs, tier)]).get(theirs.pk, {})
    return _reasons(ours, theirs, tier, index, matcher, within)


def _reasons(
    ours: Listing,
    theirs: Listing,
    tier: str,
    index: reader.Index,
    matcher: m.Matcher,
    within: Mapping[str, Vector],
) -> dict[str, Any]:
    mine, other = tiertexts.text_of(ours, tier), tiertexts.text_of(theirs, tier)
    query = m.Query(str(ours.pk), m.detect(mine.own, mine.language), mine.own, {}, m.hard_tokens(mine.own))
    found = finding.explained(
        query, finding.document_of(other, within), index.centring(theirs.direction), matcher
    )
    return {
        "languages": list(found.languages),
        "pairs": [_pair(pair, mine.own, other.own) for pair in found.pairs],
        "shared": list(found.shared_tokens),
        "requirements": [_requirement(one) for one in found.requirements],
        "conditions": conditions(ours, theirs),
        "digests": [mine.digest[:16], other.digest[:16]],
    }


def _requirement(one: m.Requirement) -> dict[str, Any]:
    """Codes and numbers, so that whoever reads it gets it in their own language; `found` as its author wrote it."""
    names = "quantity wanted found status bound unit low high found_low found_high name"
    return {name: getattr(one, name) for name in names.split()}


def _pair(pair: m.SentencePair, mine: str, theirs: str) -> dict[str, Any]:
    return {
        "mine": pair.query.of(mine),
        "mine_at": [pair.query.start, pair.query.end],
        "theirs": pair.document.of(theirs),
        "theirs_at": [pair.document.start, pair.document.end],
    }


# --- any pair ---------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Standing:
    """Where one counterpart stands among those that may meet, as in the list of matches; or what keeps it out.

    `place` counts from 1; None when a condition of either side fails, the index does not know it, or it is not among
    the nearest `CONSIDERED`; `is_near` is False for one whose meaning says nothing.
    """

    place: int | None
    failed: Sequence[Mapping[str, Any]]
    is_indexed: bool
    is_near: bool = True


def standing(listing: Listing, other: Listing, tier: str, stored: Match | None = None) -> Standing:
    """Why `other` is, or is not, among the best for `listing` (both read with their conditions).

    `stored` is the match of the two in the list of this tier: then its place is the one the list says.
    """
    failed = conditions(listing, other)["failed"]
    if stored is not None and not failed:
        return Standing(stored.rank, failed, is_indexed=True)
    index, vector = reader.opened(tier), vector_of(listing, tier)
    if index is None or vector is None or not index.these([other.pk]).any():
        return Standing(None, failed, is_indexed=False)
    ranked = rank(listing, tier, CONSIDERED).ranked
    place = next((one.rank for one in ranked if one.listing.pk == other.pk), None)
    return Standing(place, failed, is_indexed=True, is_near=place is not None or len(ranked) == CONSIDERED)

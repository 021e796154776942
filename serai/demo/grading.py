"""How good the matches of a node are on a set of judged needs, by the way every listing goes.

The set's needs and offers are listings of two organisations, imported with their ids and encoded (`serai import
listings`, `serai encode`); the folder holds what is right: qrels.tsv (need, group, grade), corpus.jsonl (id and group of
each offer) and pairs.tsv (need, right offer, look-alike in the need's own language). Grades are those of the engine's
benchmark, so that both can be compared.
"""

from pathlib import Path

import numpy as np

from serai.engines.matching import bench
from serai.engines.matching.types import Document, Query
from serai.exchange.actions import matching
from serai.exchange.importers.listings import SOURCE
from serai.exchange.models import Listing


def grade(folder: Path, tier: str) -> dict[str, float]:
    """nDCG@10, hit@1 and the share of needs whose right offer stands above its look-alike, among others.

    What the matches leave out counts as standing last.
    """
    rows = Listing.objects.filter(source=SOURCE, status=Listing.Status.PUBLISHED)
    by_ref = {listing.source_ref: listing for listing in matching.with_conditions(rows)}
    corpus = [row for row in bench._jsonl(folder / "corpus.jsonl") if row["id"] in by_ref]
    asked = [row for row in bench._jsonl(folder / "queries.jsonl") if row["id"] in by_ref]
    relevance: dict[str, dict[str, float]] = {}
    for need, group, value in bench._tsv(folder / "qrels.tsv"):
        relevance.setdefault(need, {})[group] = float(value)
    pool = bench.RetrievalSet(
        folder.name,
        tuple(Document(row["id"], row["lang"], "") for row in corpus),
        tuple(row["group"] for row in corpus),
        tuple(Query(row["id"], row["lang"], "") for row in asked),
        relevance,
        {need: (right, near) for need, right, near in bench._tsv(folder / "pairs.tsv")},
    )
    place = {row["id"]: at for at, row in enumerate(corpus)}
    scores = np.full((len(asked), len(corpus)), -1.0, np.float32)
    for line, row in zip(scores, asked, strict=True):
        for found in matching.rank(by_ref[row["id"]], tier).ranked:
            if found.listing.source_ref in place:
                line[place[found.listing.source_ref]] = found.score
    return bench.grade(pool, scores)

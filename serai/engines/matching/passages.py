"""Which sentence of a text meets a query best: part of the score, and the heart of an explanation.

Sentences are encoded one by one: measured, that finds the right one more often (.83) than reading them off the states
of the whole text (.70). Both models count, each centred like whole texts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from serai.engines.matching.centring import Centring
from serai.engines.matching.encoders import USE_LANGUAGES
from serai.engines.matching.types import Matrix, Query, Vector


def best_sentences(
    query: Query,
    sentences: Sequence[Mapping[str, Vector]],
    languages: Sequence[str],
    centring: Centring,
    *,
    primary: str = "e5",
    use_weight: float = 0.4,
) -> NDArray[np.float32]:
    """The score of each document's best sentence against the whole query, float32 [documents].

    `sentences` holds, for each document, the raw vectors [n, d] by model, n at least 1 for the `primary` model.
    """
    counts = [len(found[primary]) for found in sentences]
    starts = np.cumsum([0, *counts])
    scores = _against(query, primary, [found[primary] for found in sentences], counts, languages, centring)
    if query.language in USE_LANGUAGES and "use" in query.vectors:
        known = [i for i, found in enumerate(sentences) if len(found.get("use", ())) == counts[i]]
        if known:
            use = _against(
                query,
                "use",
                [sentences[i]["use"] for i in known],
                [counts[i] for i in known],
                [languages[i] for i in known],
                centring,
            )
            rows = np.concatenate([np.arange(starts[i], starts[i + 1]) for i in known])
            scores[rows] += np.float32(use_weight) * (use - scores[rows])
    best: NDArray[np.float32] = np.maximum.reduceat(scores, starts[:-1])
    return best


def _against(
    query: Query,
    model: str,
    vectors: Sequence[Vector],
    counts: Sequence[int],
    languages: Sequence[str],
    centring: Centring,
) -> NDArray[np.float32]:
    """Centred cosines of every sentence, one document after the other, with the query."""
    asked: Matrix = centring.apply(model, "query", query.language, query.vectors[model])[0]
    rows = centring.apply_all(
        model, "passage", np.repeat(languages, counts).tolist(), np.concatenate(vectors)
    )
    return np.asarray(rows @ asked, np.float32)

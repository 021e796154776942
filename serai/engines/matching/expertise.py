"""How well a person's own works fit a text: for experts and reviewers, where everything is in one narrow field.

Inside one field the common directions of an encoder say nothing, so the strongest three are removed; centring per
language would do nothing, as there is one language. Word tf-idf counts twice, because names of methods decide.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from serai.engines.matching.lexical import tfidf
from serai.engines.matching.text import words
from serai.engines.matching.types import Matrix

STOP = words(
    "the of and a in to is we for that with on are this as by be it from an which our can or have has at not these "
    "also such their using used use based show results paper propose proposed method methods approach problem new "
    "between more than both other into its been one two most they when over while however but how each only may was "
    "were there where some many well first study work present provide different however state art performance"
)
REMOVED = 3


def without_top(vectors: np.ndarray, n: int = REMOVED) -> Matrix:
    """Unit rows of `vectors` without their mean and their `n` strongest directions."""
    rows = np.asarray(vectors, np.float32)
    rows = rows - rows.mean(axis=0)
    if n and len(rows) > n:
        _, _, directions = np.linalg.svd(rows, full_matrices=False)
        rows = rows - rows @ directions[:n].T @ directions[:n]
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6), np.float32)


def similarity(texts: Sequence[str], vectors: Sequence[np.ndarray], *, lexical: float = 2.0) -> Matrix:
    """How alike all pairs of texts are, float32 [n, n]: the models' mean and `lexical` times word tf-idf.

    `vectors` holds one raw [n, d] array per model.
    """
    lexical_rows = tfidf(texts, STOP)
    total = lexical * (lexical_rows @ lexical_rows.T).toarray()
    for raw in vectors:
        clean = without_top(raw)
        total = total + clean @ clean.T
    return np.asarray(total / (lexical + len(vectors)), np.float32)


def affinity(alike: Matrix, own: Sequence[int], wanted: Sequence[int]) -> NDArray[np.float32]:
    """Expertise for each wanted text: half the best, half the mean similarity to the person's own texts. float32 [m]."""
    if not len(own):
        return np.zeros(len(wanted), np.float32)
    block = alike[np.ix_(list(own), list(wanted))]
    return np.asarray((block.max(axis=0) + block.mean(axis=0)) / 2, np.float32)

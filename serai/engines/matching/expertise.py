"""How well a person's own works fit a text: for experts and reviewers, where everything is in one language and field.

E5's raw cosines and word tf-idf, each brought to one mean and spread over all pairs, count the same; a person's fit is
the mean over all their own texts. Centring per language does nothing here, and taking out the strongest directions, the
best text instead of the mean, and USE made it worse.
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


def similarity(texts: Sequence[str], vectors: Sequence[np.ndarray]) -> Matrix:
    """How alike all pairs of texts are, float32 [n, n], in standard deviations; `vectors` holds one [n, d] per model."""
    words_ = tfidf(texts, STOP)
    parts = [np.asarray((words_ @ words_.T).toarray(), np.float32)]
    parts += [np.asarray(v, np.float32) @ np.asarray(v, np.float32).T for v in vectors]
    return np.asarray(
        np.mean([(x - x.mean()) / max(float(x.std()), 1e-9) for x in parts], axis=0), np.float32
    )


def affinity(alike: Matrix, own: Sequence[int], wanted: Sequence[int]) -> NDArray[np.float32]:
    """Expertise for each wanted text: the mean similarity to the person's own texts. float32 [m]."""
    if not len(own):
        return np.zeros(len(wanted), np.float32)
    return np.asarray(alike[np.ix_(list(own), list(wanted))].mean(axis=0), np.float32)

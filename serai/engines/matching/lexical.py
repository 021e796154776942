"""Words and character n-grams: for matching inside one language, and as the peer to measure against.

Across languages this finds nothing, and rank-fused with meaning it ruins cross-language results (measured: half the
nDCG); it is therefore no part of the general score. Inside one language, for experts and papers, tf-idf is hard to beat.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from serai.engines.matching.types import Matrix

_WORD = re.compile(r"[^\W\d_]+|\d+")
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")


def terms(text: str) -> list[str]:
    """Lower-case words; runs of a script without blanks (Chinese, Japanese, Thai, …) as character bigrams."""
    found: list[str] = []
    for word in _WORD.findall(text.lower()):
        if _UNSPACED.search(word):
            found += [word[i : i + 2] for i in range(max(1, len(word) - 1))]
        else:
            found.append(word)
    return found


class Bm25:
    """Okapi BM25 over `terms` (k1 1.2, b 0.75)."""

    def __init__(self, texts: Sequence[str], k1: float = 1.2, b: float = 0.75) -> None:
        counts = [Counter(terms(t)) for t in texts]
        self._vocabulary: dict[str, int] = {}
        for c in counts:
            for term in c:
                self._vocabulary.setdefault(term, len(self._vocabulary))
        lengths = np.array([sum(c.values()) for c in counts], float)
        mean = max(float(lengths.mean()) if len(lengths) else 0.0, 1.0)
        present = np.zeros(len(self._vocabulary))
        for c in counts:
            for term in c:
                present[self._vocabulary[term]] += 1
        idf = np.log(1 + (len(texts) - present + 0.5) / (present + 0.5))
        rows, columns, values = [], [], []
        for i, c in enumerate(counts):
            for term, n in c.items():
                j = self._vocabulary[term]
                rows.append(i)
                columns.append(j)
                values.append(idf[j] * n * (k1 + 1) / (n + k1 * (1 - b + b * lengths[i] / mean)))
        self._weights = csr_matrix((values, (rows, columns)), shape=(len(texts), len(self._vocabulary)))

    def scores(self, query: str) -> NDArray[np.float32]:
        """BM25 of every text for `query`, float32 [n]."""
        asked = np.zeros(len(self._vocabulary))
        for term, n in Counter(terms(query)).items():
            if term in self._vocabulary:
                asked[self._vocabulary[term]] = n
        return np.asarray(self._weights @ asked, np.float32)


def tfidf(texts: Sequence[str], stop: Iterable[str] = ()) -> csr_matrix:
    """Unit rows of (1 + log tf) · idf over words that are in at least two texts and are not in `stop`."""
    ignored = frozenset(stop)
    counts = [Counter(w for w in terms(t) if w not in ignored and len(w) > 1) for t in texts]
    present: Counter[str] = Counter(w for c in counts for w in c)
    vocabulary = {w: i for i, w in enumerate(sorted(w for w, n in present.items() if n > 1))}
    rows, columns, values = [], [], []
    for i, c in enumerate(counts):
        weights = {
            vocabulary[w]: (1 + math.log(n)) * math.log(len(texts) / present[w])
            for w, n in c.items()
            if w in vocabulary
        }
        norm = math.sqrt(sum(v * v for v in weights.values())) or 1.0
        rows += [i] * len(weights)
        columns += list(weights)
        values += [v / norm for v in weights.values()]
    return csr_matrix((values, (rows, columns)), shape=(len(texts), len(vocabulary)))


def reciprocal_ranks(scores: Matrix, k: int = 60) -> Matrix:
    """1 / (k + rank) of each row's entries: what rank fusion adds up."""
    order = np.argsort(-scores, axis=1, kind="stable")
    ranks = np.empty_like(order)
    np.put_along_axis(ranks, order, np.broadcast_to(np.arange(scores.shape[1]), scores.shape), axis=1)
    return np.asarray(1.0 / (k + 1 + ranks), np.float32)

"""Making scores of different language pairs mean the same.

Two steps, both learnt from the documents at hand and a log of queries, without any judgement of relevance:

1. Centred cosines of one language pair lie higher and wider than those of another. Each (query language, document
   language) is shifted and scaled to the mean and spread of all pairs, drawn towards "no change" as if by `n0` scores.
2. Two texts in one language still look more alike than their translations do: in parallel texts the cosine of a
   sentence and its translation is 0.59 (E5) and 0.73 (USE) where the same sentence in one language would give 1. A
   look-alike in the reader's own language therefore wins by language alone. Scores within one language are multiplied
   by the largest factor in [0.5, 1] with which readers are shown no more of their own language than the pool holds.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from serai.engines.matching.types import Matrix

PAIR_N0 = 1000.0
FACTORS = tuple(np.round(np.arange(1.0, 0.49, -0.025), 3).tolist())
# Without a log: what parallel texts say about translations, half way, because they hold nothing but translations.
DEFAULT_FACTOR = 0.85
TOP = 10
ENOUGH = 20


@dataclass(frozen=True, slots=True)
class Calibration:
    """`pairs` maps (query language, document language) to (shift, scale): score = raw * scale + shift."""

    pairs: Mapping[tuple[str, str], tuple[float, float]] = field(default_factory=dict)
    same_factor: float = DEFAULT_FACTOR

    def apply(
        self, raw: NDArray[np.float32], language: str, codes: NDArray[np.int16], names: Sequence[str]
    ) -> Matrix:
        """Calibrated scores of one query; `codes` index `names`, the documents' languages. float32 [n]."""
        known = [self.pairs.get((language, name), (0.0, 1.0)) for name in names]
        shift = np.array([s for s, _ in known], np.float32)
        scale = np.array([s for _, s in known], np.float32)
        return np.asarray(raw * scale[codes] + shift[codes], np.float32)

    def scale(self, language: str, codes: NDArray[np.int16], names: Sequence[str]) -> NDArray[np.float32]:
        """What a difference of two raw scores is multiplied with. float32 [n]."""
        scales = np.array([self.pairs.get((language, name), (0.0, 1.0))[1] for name in names], np.float32)
        return scales[codes]

    def within(self, language: str, codes: NDArray[np.int16], names: Sequence[str]) -> NDArray[np.float32]:
        """The factor of each document for a query in `language`: `same_factor` or 1. float32 [n]."""
        factors = np.array([self.same_factor if name == language else 1.0 for name in names], np.float32)
        return factors[codes]


def learn_pairs(
    block: Matrix,
    languages: Sequence[str],
    codes: NDArray[np.int16],
    names: Sequence[str],
    *,
    n0: float = PAIR_N0,
) -> dict[tuple[str, str], tuple[float, float]]:
    """Shift and scale of each language pair from raw scores [queries, documents]."""
    if block.size == 0:
        return {}
    mean = float(block.mean(dtype=np.float64))
    # Row by row: at once it would take twice the block in memory, and the block is the largest thing there is.
    spread = math.sqrt(np.mean([np.square(row.astype(np.float64) - mean).mean() for row in block]))
    counts = np.bincount(codes, minlength=len(names))
    sums: dict[str, NDArray[np.float64]] = {}
    squares: dict[str, NDArray[np.float64]] = {}
    rows: dict[str, int] = {}
    for row, language in zip(block, languages, strict=True):
        zero = np.zeros(len(names))
        sums[language] = sums.get(language, zero) + np.bincount(codes, row, len(names))
        squares[language] = squares.get(language, zero) + np.bincount(
            codes, row.astype(np.float64) ** 2, len(names)
        )
        rows[language] = rows.get(language, 0) + 1
    pairs: dict[tuple[str, str], tuple[float, float]] = {}
    for language in sums:
        for i, name in enumerate(names):
            n = rows[language] * int(counts[i])
            if n:
                own = sums[language][i] / n
                variance = max(squares[language][i] / n - own**2, 0.0)
                w = n / (n + n0)
                scale = spread / max(float(np.sqrt(w * variance + (1 - w) * spread**2)), 1e-6)
                pairs[(language, name)] = (mean - scale * (w * own + (1 - w) * mean), scale)
    return pairs


def learn_factor(calibrated: Matrix, same: NDArray[np.bool_]) -> float:
    """The largest factor with which the top ten hold no more of the query's own language than the pool does.

    `calibrated` and `same` are [queries, documents]. With fewer than 20 queries whose language is in the pool there is
    too little to see and the default stands.
    """
    share = same.mean(axis=1)
    usable = (share > 0) & (share < 1)
    if usable.sum() < ENOUGH or calibrated.shape[1] <= TOP:
        return DEFAULT_FACTOR
    # Whatever the factor, only the ten best of each kind can be among the ten best of all.
    rows = np.flatnonzero(usable)
    own = np.stack([_best(calibrated[i][same[i]]) for i in rows])
    others = np.stack([_best(calibrated[i][~same[i]]) for i in rows])
    for factor in FACTORS:
        order = np.argsort(-np.hstack([own * np.float32(factor), others]), axis=1, kind="stable")
        if (order[:, :TOP] < TOP).mean(axis=1).sum() <= share[usable].sum():
            return float(factor)
    return float(FACTORS[-1])


def _best(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """The ten highest, filled up with minus infinity."""
    kept = np.full(TOP, -np.inf, np.float32)
    many = min(TOP, len(scores))
    if many:
        kept[:many] = np.partition(scores, len(scores) - many)[-many:]
    return kept

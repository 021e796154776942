"""One list at a time: the night's prices in the day's searches, breadth, and the reasons for a place."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from serai.engines.assignment.types import Ids, Scores, discounts


def rerank(ids: Ids, scores: Scores, prices: Scores, k: int) -> Ids:
    """The k best of W candidates by score and price; equal sums go to the smaller id. int32 [min(k, W)].

    Raises ValueError for k below 1.
    """
    if k < 1:
        raise ValueError("k must be at least 1.")
    level = scores + prices[ids]
    if len(ids) > k:
        edge = np.partition(level, len(ids) - k)[len(ids) - k]
        ids, level = ids[level >= edge], level[level >= edge]
    return np.asarray(ids[np.lexsort((ids, -level))][:k], np.int32)


def tie_order(ids: Sequence[Hashable], day_seed: int) -> list[Hashable]:
    """Ids in an order that is fixed for a day and favours nobody over the days."""
    return sorted(ids, key=lambda i: hashlib.sha256(f"{day_seed}:{i}".encode()).digest())


def settled(prices: Scores, deficit: Scores, *, gain: float = 0.02, most: float = 0.3) -> Scores:
    """Prices for the next hours: the night's price and `gain` for each list a member is behind, within 0 and `most`."""
    return np.asarray(np.clip(prices + gain * deficit, 0, most), np.float32)


def behind(deficit: Scores, owed: float, shown: NDArray[np.int64], *, limit: float = 20.0) -> Scores:
    """The deficit after a period in which every member was owed `owed` places and got `shown`."""
    return np.asarray(np.clip(deficit + owed - shown, -limit, limit), np.float32)


def broad(
    ids: Ids,
    scores: Scores,
    kinds: Sequence[frozenset[str]],
    k: int,
    *,
    min_keep: float = 0.95,
    weight: float = 0.05,
) -> Ids:
    """k of the candidates that also cover many `kinds` (countries, sectors); greedy, keeps `min_keep` of the list's value.

    `ids` and `scores` come best first. The weight of breadth is halved until the value is kept.
    """
    weights = discounts(k)
    best = float(weights[: len(scores[:k])] @ scores[:k])
    while weight > 1e-4:
        chosen = _greedy(scores, kinds, k, weight)
        if float(weights[: len(chosen)] @ np.sort(scores[chosen])[::-1]) >= min_keep * best:
            return np.asarray(ids[sorted(chosen, key=lambda i: -scores[i])], np.int32)
        weight /= 2
    return np.asarray(ids[:k], np.int32)


def _greedy(scores: Scores, kinds: Sequence[frozenset[str]], k: int, weight: float) -> list[int]:
    chosen: list[int] = []
    covered: set[str] = set()
    left = list(range(len(scores)))
    while left and len(chosen) < k:
        at = max(left, key=lambda i: (scores[i] + weight * len(kinds[i] - covered), -i))
        chosen.append(at)
        covered |= kinds[at]
        left.remove(at)
    return chosen


@dataclass(frozen=True, slots=True)
class Place:
    """Why a member has his place: own score, the bonus owed for equal participation, and the place without it."""

    rank: int
    score: float
    bonus: float
    rank_without_bonus: int


def place(member: int, ids: Ids, scores: Scores, prices: Scores) -> Place:
    """Raises ValueError when the member is not among the candidates."""
    at = np.flatnonzero(ids == member)
    if not len(at):
        raise ValueError(f"Member {member} is not among the candidates.")
    i = int(at[0])
    level = scores + prices[ids]

    def rank(values: Scores) -> int:
        return int((values > values[i]).sum() + ((values == values[i]) & (ids < member)).sum()) + 1

    return Place(rank(level), float(scores[i]), float(prices[member]), rank(scores))

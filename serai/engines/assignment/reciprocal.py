"""Lists for people who must want each other: both sides' wishes, shared out fairly.

Alpha-fair welfare of expected matches, maximised by alternating Frank-Wolfe over rankings: each step is one sort per side.
The policy is a mixture of rankings; `Reciprocal.draw` picks one per session.

Source: Tomita and Yokoyama, RecSys 2024 (social welfare and Nash welfare over rankings).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from serai.engines.assignment.types import discounts

Chances = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Reciprocal:
    """Mixtures of rankings of both sides, their weights, and the expected matches of each member."""

    left: NDArray[np.int32]
    right: NDArray[np.int32]
    weights: Chances
    matches_left: Chances
    matches_right: Chances

    def draw(self, seed: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """One ranking per member, [n, m] and [m, n], drawn by the weights."""
        at = int(np.random.default_rng(seed).choice(len(self.weights), p=self.weights))
        return self.left[at], self.right[at]


def reciprocal(
    p_left: Chances, p_right: Chances, *, k: int = 10, alpha: float = 0.5, steps: int = 60
) -> Reciprocal:
    """Rankings for n left and m right members.

    `p_left` [n, m] is the chance (0..1) that left i wants right j, `p_right` [n, m] that right j wants left i. A pair
    matches when both examine and want each other; place r is examined with chance 1 / log2(r + 1), places after k
    never. `alpha` 0 maximises matches, larger values care more for those with few (1 is Nash welfare). Deterministic.
    """
    if p_left.shape != p_right.shape or p_left.ndim != 2:
        raise ValueError("p_left and p_right must be one [n, m] shape.")
    if not p_left.size or k < 1 or steps < 1 or not 0 <= alpha < np.inf:
        raise ValueError(
            "There must be members on both sides, k and steps at least 1, alpha a number from 0."
        )
    both = np.asarray(p_left * p_right, float)
    if not all(((side >= 0) & (side <= 1)).all() for side in (p_left, p_right)):
        raise ValueError("Chances must lie between 0 and 1.")
    n, m = both.shape
    seen_right, seen_left = _seen(m, k), _seen(n, k)
    left_rank, right_rank = [_ranking(both)], [_ranking(both.T)]
    a, b = _examined(left_rank[0], seen_right), _examined(right_rank[0], seen_left).T
    weights = np.array([1.0])
    for step in range(1, steps):
        gamma = 2.0 / (step + 2)
        slope = (
            _slope((both * a * b).sum(axis=1), alpha)[:, None]
            + _slope((both * a * b).sum(axis=0), alpha)[None]
        )
        left_rank.append(_ranking(both * b * slope))
        a = (1 - gamma) * a + gamma * _examined(left_rank[-1], seen_right)
        slope = (
            _slope((both * a * b).sum(axis=1), alpha)[:, None]
            + _slope((both * a * b).sum(axis=0), alpha)[None]
        )
        right_rank.append(_ranking((both * a * slope).T))
        b = (1 - gamma) * b + gamma * _examined(right_rank[-1], seen_left).T
        weights = np.append(weights * (1 - gamma), gamma)
    pairs = both * a * b
    return Reciprocal(
        np.stack(left_rank), np.stack(right_rank), weights, pairs.sum(axis=1), pairs.sum(axis=0)
    )


def _seen(n: int, k: int) -> Chances:
    seen = np.zeros(n)
    seen[:k] = discounts(min(k, n))
    return seen


def _ranking(value: Chances) -> NDArray[np.int32]:
    return np.argsort(-value, axis=1, kind="stable").astype(np.int32)


def _examined(ranking: NDArray[np.int32], seen: Chances) -> Chances:
    out = np.empty(ranking.shape)
    np.put_along_axis(out, ranking.astype(np.intp), np.broadcast_to(seen, ranking.shape), axis=1)
    return out


def _slope(matches: Chances, alpha: float) -> Chances:
    """The derivative of alpha-fair welfare; the small floor keeps the first match of nobody from being infinite."""
    return np.asarray((matches + 1e-3) ** -alpha, float)

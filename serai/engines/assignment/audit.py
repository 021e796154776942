"""Every claim of a result recomputed from its inputs, apart from the solver."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np

from serai.engines.assignment.types import Lists, Problem, discounts


def audit(problem: Problem, result: Lists) -> Iterator[str]:
    """What does not hold, in words; nothing when all holds."""
    weights = discounts(problem.k)
    shown: Counter[int] = Counter()
    chances: Counter[int] = Counter()
    for u, row in enumerate(problem.ids):
        scores = {int(j): float(s) for j, s in zip(row, problem.scores[u], strict=True) if s > -np.inf}
        chances.update(scores.keys())
        picked = [int(j) for j in result.ids[u] if j >= 0]
        shown.update(picked)
        if len(set(picked)) != len(picked):
            yield f"List {u} shows somebody twice."
        if not set(picked) <= scores.keys():
            yield f"List {u} shows somebody who is not among its candidates."
            continue
        if len(picked) != min(problem.k, len(scores)):
            yield f"List {u} has {len(picked)} entries, not {min(problem.k, len(scores))}."
        best = sum(w * s for w, s in zip(weights, sorted(scores.values(), reverse=True), strict=False))
        value = sum(w * scores[j] for w, j in zip(weights, picked, strict=False))
        if value < problem.min_keep * best - 1e-4:
            yield f"List {u} keeps {value / best:.3f} of its value, less than {problem.min_keep}."
        if best > 0 and abs(value / best - float(result.kept[u])) > 1e-3:
            yield f"List {u} reports {float(result.kept[u]):.3f} kept; it is {value / best:.3f}."
    for j in range(problem.members):
        missing = problem.promised - shown[j]
        if missing > 0 and result.unreachable.get(j) != missing:
            yield f"Member {j} lacks {missing} of {problem.promised} lists and is not named."
        if missing <= 0 and j in result.unreachable:
            yield f"Member {j} is named as lacking but is in {shown[j]} lists."
        if shown[j] != int(result.shown[j]):
            yield f"Member {j} is in {shown[j]} lists, not in {int(result.shown[j])}."
    if (
        float(result.prices.max(initial=0)) > problem.max_bonus + 1e-6
        or float(result.prices.min(initial=0)) < 0
    ):
        yield f"A price lies outside 0 to {problem.max_bonus}."


def reachable(problem: Problem) -> dict[int, int]:
    """Members who are candidates of fewer lists than promised, with that number: no re-ranking can help them."""
    real = problem.ids[np.isfinite(problem.scores)]
    counts = np.bincount(real, minlength=problem.members)
    return {int(j): int(counts[j]) for j in np.flatnonzero(counts < problem.promised)}

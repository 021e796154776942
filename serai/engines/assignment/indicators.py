"""How equally members take part: the figures an operator watches and publishes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from serai.engines.assignment.types import Problem, Scores


def gini(values: NDArray[np.int64]) -> float:
    """0 when all have the same, towards 1 when one has everything; 0 for nothing at all."""
    ordered = np.sort(np.asarray(values, float))
    total = ordered.sum()
    if not len(ordered) or total <= 0:
        return 0.0
    n = len(ordered)
    return float((2 * np.arange(1, n + 1) - n - 1) @ ordered / (n * total))


def indicators(problem: Problem, shown: NDArray[np.int64], kept: Scores) -> dict[str, float]:
    """Exposure (lists a member is in) and relevance kept, all as shares or ratios to the mean."""
    mean = max(float(shown.mean()) if len(shown) else 0.0, 1e-9)
    found = {
        "gini": gini(shown),
        "never_shown": float((shown == 0).mean()) if len(shown) else 0.0,
        "guarantee_met": float((shown >= problem.promised).mean()) if len(shown) else 1.0,
        "kept_mean": float(kept.mean()) if len(kept) else 1.0,
        "kept_first_percentile": float(np.quantile(kept, 0.01)) if len(kept) else 1.0,
        "kept_min": float(kept.min()) if len(kept) else 1.0,
    }
    if problem.groups is not None:
        sizes = np.bincount(problem.groups)
        totals = np.bincount(problem.groups, shown)
        found["lowest_group_parity"] = float((totals[sizes > 0] / sizes[sizes > 0]).min() / mean)
    if problem.newcomers is not None and problem.newcomers.any():
        found["newcomer_parity"] = float(shown[problem.newcomers].mean() / mean)
    return found

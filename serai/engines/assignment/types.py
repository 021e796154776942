"""What the list engine takes and returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

ENGINE_VERSION = "1"
Ids = NDArray[np.int32]
Scores = NDArray[np.float32]


def discounts(k: int) -> Scores:
    """What a place in a list is worth: 1 / log2(place + 1), the first place 1. float32 [k]."""
    return np.asarray(1 / np.log2(np.arange(2, k + 2)), np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """Candidates for n lists over m members.

    `ids` int32 [n, W] are members 0..m-1, each at most once a row; `scores` float32 [n, W] are 0..1, -inf where a row has
    fewer candidates. `k` places a list. `guarantee` is a share (0..1) of the mean number of lists a member could be in
    (n * k / m): every member is promised that many, rounded down. A list keeps at least `min_keep` of the value of its
    own best k. `max_bonus` limits the price in score units. `members` is m. `groups` [m] (countries, say) is for
    the indicators only, as are `newcomers` [m].
    """

    ids: Ids
    scores: Scores
    members: int
    k: int = 10
    guarantee: float = 0.5
    min_keep: float = 0.9
    max_bonus: float = 0.3
    groups: NDArray[np.int32] | None = None
    newcomers: NDArray[np.bool_] | None = None

    @property
    def promised(self) -> int:
        return int(self.guarantee * len(self.ids) * self.k / max(1, self.members))


@dataclass(frozen=True, slots=True, eq=False)
class Lists:
    """`ids` int32 [n, k], best first (-1 where there were too few candidates); `bonus` float32 [n, k].

    `prices` float32 [m] are what a member's places were helped by; kept frozen for the day they serve `rerank`.
    `kept` float32 [n] is each list's value as a share of its own best. `unreachable` maps a member with too few
    candidate lists to the number missing.
    """

    ids: Ids
    bonus: Scores
    prices: Scores
    kept: Scores
    shown: NDArray[np.int64]
    unreachable: Mapping[int, int]
    indicators: Mapping[str, float]
    produced_by: Mapping[str, float | str]

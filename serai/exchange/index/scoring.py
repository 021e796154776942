"""The score of rows for a query: centred cosines mixed by language, less hubness, plus shared hard tokens.

The rows are those of the matching engine (docs/engines/matching.md): two unit vectors a row, E5 for every
language, USE beside it where both languages are its own; so two matrix products give every score.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from serai.engines import matching as m
from serai.exchange.index.layout import Part

PARAMETERS = m.Parameters()
E5, USE = 384, 512
Scores = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Asked:
    """A query made ready: `e5` and `use` are centred unit vectors, `use` None where USE does not know it."""

    e5: NDArray[np.float32]
    use: NDArray[np.float32] | None
    tokens: frozenset[str] = field(default_factory=frozenset)

    @property
    def is_empty(self) -> bool:
        return not np.any(self.e5)


def meaning(
    e5: NDArray[np.float32], use: NDArray[np.float32], in_use: NDArray[np.bool_], asked: Asked
) -> Scores:
    """Centred cosine of every row [n] with the query, mixed with USE's where both sides have one."""
    scores: Scores = np.asarray(e5 @ asked.e5, np.float32)
    if asked.use is not None:
        other = np.asarray(use @ asked.use, np.float32)
        scores += np.float32(PARAMETERS.use_weight) * in_use * (other - scores)
    return scores


def shared_tokens(part: Part, tokens: frozenset[str]) -> Scores:
    """The small bonus for hard tokens both sides name, for every row of a part."""
    counts = np.zeros(len(part), np.float32)
    for token in tokens:
        rows = part.tokens.get(token)
        if rows is not None:
            counts[rows] += 1
    return np.minimum(counts, PARAMETERS.token_most) * np.float32(PARAMETERS.token_weight)


def score(part: Part, asked: Asked) -> Scores:
    arrays = part.arrays
    total = meaning(arrays["e5"], arrays["use"], arrays["in_use"], asked)
    total -= np.float32(PARAMETERS.hub_weight) * arrays["hub"]
    if asked.tokens:
        total += shared_tokens(part, asked.tokens)
    return total


def hubness(
    e5: NDArray[np.float32], use: NDArray[np.float32], in_use: NDArray[np.bool_], log: list[Asked]
) -> Scores:
    """Mean of each row's best similarities to a sample of queries: what is near everything says little."""
    rows, depth = len(e5), min(PARAMETERS.hub_depth, len(log))
    if not depth or not rows:
        return np.zeros(rows, np.float32)
    best = np.full((rows, depth), -1.0, np.float32)
    for start in range(0, len(log), 32):
        block = np.stack([meaning(e5, use, in_use, asked) for asked in log[start : start + 32]], axis=1)
        joined = np.concatenate([best, block], axis=1)
        best = np.partition(joined, joined.shape[1] - depth, axis=1)[:, -depth:]
    return np.asarray(best.mean(axis=1), np.float32)

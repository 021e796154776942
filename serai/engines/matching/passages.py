"""Which sentence of a text meets a query best: part of the score, and the heart of an explanation.

Sentences are encoded one by one: measured, that finds the right one more often (.83) than reading them off the states
of the whole text (.70). Both models count, each centred like whole texts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from serai.engines.matching.centring import Centring
from serai.engines.matching.types import Matrix, Vector

# Centred sentences kept for the next query, about 3.5 kB each; what is beyond is centred again each time.
KEPT = 20_000


class Passages:
    """The sentences of an index's documents. `sentences` holds raw vectors [n, d] by model for each document."""

    def __init__(
        self,
        sentences: Sequence[Mapping[str, Vector]],
        languages: Sequence[str],
        centring: Centring,
        primary: str,
    ) -> None:
        self._sentences, self._languages = sentences, languages
        self._centring, self._primary = centring, primary
        self._kept: dict[int, tuple[Matrix, Matrix | None]] = {}
        self._room = KEPT
        self.is_empty = not any(primary in found for found in sentences)

    def known(self, rows: Sequence[int]) -> list[int]:
        """Places in `rows` of the documents whose sentences are there."""
        return [at for at, i in enumerate(rows) if len(self._sentences[i].get(self._primary, ()))]

    def best(
        self, rows: Sequence[int], asked: Matrix, use_asked: Matrix | None, use_weight: float
    ) -> NDArray[np.float32]:
        """The score of each document's best sentence, float32 [rows]; `asked` and `use_asked` are the query, centred."""
        parts = [self._centred(i) for i in rows]
        scores: NDArray[np.float32] = np.concatenate([own for own, _ in parts]) @ asked
        ends = np.cumsum([len(own) for own, _ in parts]).tolist()
        if use_asked is not None:
            for (own, use), end in zip(parts, ends, strict=True):
                if use is not None:
                    here = scores[end - len(own) : end]
                    here += np.float32(use_weight) * (use @ use_asked - here)
        found: NDArray[np.float32] = np.maximum.reduceat(scores, [0, *ends[:-1]])
        return found

    def _centred(self, i: int) -> tuple[Matrix, Matrix | None]:
        kept = self._kept.get(i)
        if kept is not None:
            return kept
        raw = {key: _finite(rows) for key, rows in self._sentences[i].items()}
        language = self._languages[i]
        own = self._centring.apply(self._primary, "passage", language, raw[self._primary])
        whole = len(raw.get("use", ())) == len(own)
        parts = own, self._centring.apply("use", "passage", language, raw["use"]) if whole else None
        if self._room > 0:
            self._kept[i] = parts
            self._room -= len(own)
        return parts


def _finite(rows: Vector) -> Vector:
    """Zeros, which are near to nothing, for a sentence whose vector holds numbers that are not finite."""
    fit = np.isfinite(rows).all(axis=1, keepdims=True)
    return rows if fit.all() else np.where(fit, rows, np.float16(0))

"""The exact in-memory index: the reference every approximate or database index is compared with.

Built from raw float16 vectors and one centring. A document is one row of `combined`: its centred vectors
side by side, each multiplied by the root of its weight, so that the inner product of two rows *is* the
meaning term. A database can therefore keep the same rows (halfvec) and rank by inner product.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from serai.engines.matching.centring import Centring
from serai.engines.matching.encoders import USE_LANGUAGES
from serai.engines.matching.types import ENGINE_VERSION, Document, Hit, Matrix, Query, Role


@dataclass(frozen=True, slots=True)
class Parameters:
    """The weights of the score. `docs/engines/matching.md` shows what each is worth."""

    use_weight: float = 0.5
    hub_weight: float = 0.15
    hub_depth: int = 10
    token_weight: float = 0.02
    token_most: int = 3
    candidates: int = 200

    @property
    def version(self) -> str:
        return hashlib.sha256(repr(self).encode()).hexdigest()[:12]


DEFAULT = Parameters()


@dataclass(slots=True)
class Index:
    """Documents ready to be searched. Make one with `Index.build`."""

    ids: list[str]
    languages: list[str]
    tokens: list[frozenset[str]]
    e5: Matrix
    use: Matrix
    in_use: NDArray[np.bool_]
    hubness: NDArray[np.float32]
    centring: Centring
    parameters: Parameters = DEFAULT
    place: dict[str, int] = field(default_factory=dict)

    @classmethod
    def build(
        cls,
        documents: Sequence[Document],
        centring: Centring,
        *,
        log: Sequence[Query] = (),
        parameters: Parameters = DEFAULT,
    ) -> Index:
        """Centre the documents' raw vectors and measure their hubness over `log`, a sample of queries (a
        few hundred do).

        Raises ValueError when two documents have the same id.
        """
        ids = [d.id for d in documents]
        place = {key: i for i, key in enumerate(ids)}
        if len(place) != len(ids):
            raise ValueError("Two documents have the same id.")
        languages = [d.language for d in documents]
        e5 = centring.apply_all("e5", "passage", languages, _stack(documents, "e5", 384))
        use = centring.apply_all("use", "passage", languages, _stack(documents, "use", 512))
        in_use = np.array([x in USE_LANGUAGES for x in languages], bool) & (np.abs(use).sum(axis=1) > 0)
        hubness = np.zeros(len(ids), np.float32)
        index = cls(
            ids,
            languages,
            [d.tokens for d in documents],
            e5,
            use,
            in_use,
            hubness,
            centring,
            parameters,
            place,
        )
        index.hubness = index._hubness(log)
        return index

    @property
    def version(self) -> str:
        """Engine, parameters and centring: equal versions and documents give equal results."""
        return f"{ENGINE_VERSION}.{self.parameters.version}.{self.centring.version}"

    def __len__(self) -> int:
        return len(self.ids)

    def _hubness(self, log: Sequence[Query]) -> NDArray[np.float32]:
        """Mean of each document's best similarities to the log: a document near everything says little."""
        if not log or not self.ids:
            return np.zeros(len(self.ids), np.float32)
        depth = min(self.parameters.hub_depth, len(log))
        best = np.full((len(self.ids), depth), -1.0, np.float32)
        for start in range(0, len(log), 64):
            block = np.stack([self.meaning(q) for q in log[start : start + 64]], axis=1)
            joined = np.concatenate([best, block], axis=1)
            best = np.partition(joined, joined.shape[1] - depth, axis=1)[:, -depth:]
        return np.asarray(best.mean(axis=1), np.float32)

    def meaning(self, query: Query) -> NDArray[np.float32]:
        """The meaning term for every document, float32 [n]: centred cosines, mixed where both languages are
        USE's.
        """
        e5: NDArray[np.float32] = self.e5 @ self._centred(query, "e5", 384)
        if query.language not in USE_LANGUAGES or "use" not in query.vectors:
            return e5
        g = np.where(self.in_use, np.float32(self.parameters.use_weight), np.float32(0.0))
        mixed: NDArray[np.float32] = (1 - g) * e5 + g * (self.use @ self._centred(query, "use", 512))
        return mixed

    def _centred(self, query: Query, model: str, dimension: int) -> NDArray[np.float32]:
        raw = query.vectors.get(model, np.zeros(dimension, np.float16))
        role: Role = "query"
        centred: NDArray[np.float32] = self.centring.apply(model, role, query.language, raw)[0]
        return centred

    def search(self, query: Query, k: int = 10, *, allowed: Collection[str] | None = None) -> tuple[Hit, ...]:
        """The best `k` documents, best first; ties go to the smaller id. `allowed` limits the ids looked at.

        A query without letters finds nothing. Raises ValueError for k < 1.
        """
        if k < 1:
            raise ValueError("k must be at least 1.")
        if not self.ids or not any(np.any(v) for v in query.vectors.values()):
            return ()
        terms = self.terms(query)
        total = np.sum(list(terms.values()), axis=0)
        rows = (
            np.arange(len(self.ids))
            if allowed is None
            else np.array(sorted(self.place[a] for a in allowed if a in self.place), int)
        )
        if not len(rows):
            return ()
        if len(rows) > k:
            edge = np.partition(total[rows], len(rows) - k)[len(rows) - k]
            rows = rows[total[rows] >= edge]
        order = sorted(rows.tolist(), key=lambda i: (-float(total[i]), self.ids[i]))[:k]
        return tuple(
            Hit(self.ids[i], float(total[i]), {name: float(v[i]) for name, v in terms.items()}) for i in order
        )

    def terms(self, query: Query) -> Mapping[str, NDArray[np.float32]]:
        """Every term of the score for every document; the score is their sum."""
        p = self.parameters
        shared = np.zeros(len(self.ids), np.float32)
        if query.tokens and p.token_weight:
            counts = np.array([len(query.tokens & t) for t in self.tokens], np.float32)
            shared = np.minimum(counts, p.token_most) * np.float32(p.token_weight)
        return {
            "meaning": self.meaning(query),
            "hub": -np.float32(p.hub_weight) * self.hubness,
            "tokens": shared,
        }

    def position(self, query: Query, document_id: str) -> tuple[int, float]:
        """Rank (1 = best) and score of one document among all. Raises KeyError for an unknown id."""
        at = self.place[document_id]
        total = np.sum(list(self.terms(query).values()), axis=0)
        better = (total > total[at]) | ((total == total[at]) & (np.array(self.ids) < document_id))
        return int(better.sum()) + 1, float(total[at])


def _stack(documents: Sequence[Document], model: str, dimension: int) -> NDArray[np.float16]:
    out = np.zeros((len(documents), dimension), np.float16)
    for i, d in enumerate(documents):
        if model in d.vectors:
            out[i] = d.vectors[model]
    return out

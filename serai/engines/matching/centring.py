"""Per-language centres: the single step that takes the language out of a vector.

A model puts all texts of one language in one corner of its space, so raw cosines prefer the reader's own
language (measured: three to four times too many). Subtracting the mean of each (model, role, language)
removes that corner. Means of few texts also hold their topic, so each is drawn towards a bundled background
mean with the weight of `n0` texts. Vectors are stored raw: a new centring is an index build, never a new
encoding.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from serai.engines.matching.types import Matrix, Role

N0 = 20.0
Key = tuple[str, str, str]


@dataclass(slots=True)
class Statistics:
    """Running sum and count of raw unit vectors per (model key, role, language). Adding is the inverse of
    removing.
    """

    sums: dict[Key, NDArray[np.float64]] = field(default_factory=dict)
    counts: dict[Key, int] = field(default_factory=dict)

    def add(self, model: str, role: Role, language: str, vectors: np.ndarray, *, sign: int = 1) -> None:
        """Count `vectors` [n, d] in; rows of zeros (texts without letters) are skipped. `sign=-1` takes
        them out. Raises ValueError for numbers that are not finite: one would spoil the language's mean for good.
        """
        rows = np.atleast_2d(np.asarray(vectors, np.float64))
        if not np.isfinite(rows).all():
            raise ValueError(f"A vector of {model!r} in {language!r} holds numbers that are not finite.")
        rows = rows[np.abs(rows).sum(axis=1) > 0]
        key = (model, role, language)
        total = self.sums.get(key)
        self.sums[key] = sign * rows.sum(axis=0) if total is None else total + sign * rows.sum(axis=0)
        self.counts[key] = self.counts.get(key, 0) + sign * len(rows)

    def merged(self, other: Statistics) -> Statistics:
        """The statistics of both sets together; how parts computed by several workers are joined."""
        sums, counts = dict(self.sums), dict(self.counts)
        for key, total in other.sums.items():
            sums[key] = sums[key] + total if key in sums else total
            counts[key] = counts.get(key, 0) + other.counts[key]
        return Statistics(sums, counts)

    def _overall(self, key: Key) -> NDArray[np.float32]:
        """The mean over all languages: what a model without a background is drawn towards."""
        keys = [k for k in self.sums if k[:2] == key[:2] and len(self.sums[k]) == len(self.sums[key])]
        total = np.sum([self.sums[k] for k in keys], axis=0)
        return np.asarray(total / max(1, sum(self.counts[k] for k in keys)), np.float32)

    def to_bytes(self) -> bytes:
        keys = sorted(self.sums)
        arrays = {f"s{i}": self.sums[k] for i, k in enumerate(keys)}
        head = json.dumps([[*k, self.counts[k]] for k in keys])
        buffer = io.BytesIO()
        np.savez_compressed(buffer, head=np.frombuffer(head.encode(), np.uint8), allow_pickle=False, **arrays)
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> Statistics:
        with np.load(io.BytesIO(data), allow_pickle=False) as z:
            head = json.loads(z["head"].tobytes())
            sums = {(m, r, lang): z[f"s{i}"] for i, (m, r, lang, _) in enumerate(head)}
        return cls(sums, {(m, r, lang): n for m, r, lang, n in head})

    def centring(
        self, background: Mapping[Key, NDArray[np.float32]] | None = None, *, n0: float = N0
    ) -> Centring:
        """The means, each drawn towards `background` (the bundled one by default) as if by `n0` texts."""
        base = bundled_background() if background is None else background
        means = dict(base)
        for key, total in self.sums.items():
            prior, n = _prior(base, key), self.counts[key]
            if prior is None or len(prior) != len(total):
                prior = self._overall(key)
            if n > 0:
                means[key] = ((total + n0 * prior) / (n + n0)).astype(np.float32)
        return Centring(means)


def _prior(means: Mapping[Key, NDArray[np.float32]], key: Key) -> NDArray[np.float32] | None:
    """The mean for a key, else that of the model and role over all languages ("und")."""
    model, role, _ = key
    return means.get(key, means.get((model, role, "und")))


@dataclass(frozen=True, slots=True)
class Centring:
    """The means in force. `version` changes with any of them and stands beside an index built with it."""

    means: Mapping[Key, NDArray[np.float32]]

    @property
    def version(self) -> str:
        digest = hashlib.sha256()
        for key in sorted(self.means):
            digest.update(
                "/".join(key).encode() + np.ascontiguousarray(self.means[key], np.float32).tobytes()
            )
        return digest.hexdigest()[:16]

    def apply(self, model: str, role: Role, language: str, vectors: np.ndarray) -> Matrix:
        """Centred unit rows, float32 [n, d]. Rows of zeros stay zeros: a text without letters is near
        nothing.
        """
        rows = np.atleast_2d(np.asarray(vectors, np.float32))
        mean = _prior(self.means, (model, role, language))
        centred = rows if mean is None else rows - mean
        norms = np.linalg.norm(centred, axis=1, keepdims=True)
        empty = np.abs(rows).sum(axis=1, keepdims=True) == 0
        return np.where(empty, 0.0, centred / np.maximum(norms, 1e-6)).astype(np.float32)


@lru_cache(maxsize=1)
def bundled_background() -> dict[Key, NDArray[np.float32]]:
    """Background means shipped with the engine: `data/background.npz`, made by `python -m
    serai.engines.matching.train`.
    """
    source = resources.files("serai.engines.matching") / "data" / "background.npz"
    if not source.is_file():
        return {}
    with np.load(io.BytesIO(source.read_bytes()), allow_pickle=False) as z:
        return {
            (m, r, lang): z[name].astype(np.float32) for name in z.files for m, r, lang in [name.split("|")]
        }

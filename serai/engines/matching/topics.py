"""Which known topics a text is near to: targets of the Sustainable Development Goals and fields of science.

Embedded once: `data/topics.npz`, made by `python -m serai.engines.matching.train`. Another model embeds them at first use.
"""

from __future__ import annotations

import io
from functools import lru_cache
from importlib import resources

import numpy as np

from serai.engines.matching.centring import Centring
from serai.engines.matching.encoders import Encoder
from serai.engines.matching.types import Matrix, Vector

LANGUAGE = "en"
# Of topics nearer than this 71 % were right (16 texts in six languages, docs/engines/matching.md), of others 36 %.
NEAR = 0.25


@lru_cache(maxsize=1)
def topics() -> tuple[tuple[str, str], ...]:
    """Code and description of every topic of `data/topics.txt`."""
    source = resources.files("serai.engines.matching") / "data" / "topics.txt"
    lines = [x for x in source.read_text("utf-8").splitlines() if x.strip() and not x.startswith("#")]
    return tuple((code, text.strip()) for code, _, text in (line.partition(" ") for line in lines))


@lru_cache(maxsize=1)
def bundled() -> tuple[str, Vector]:
    """The id of the model the shipped topic vectors were made with, and the vectors [topics, d]."""
    source = resources.files("serai.engines.matching") / "data" / "topics.npz"
    with np.load(io.BytesIO(source.read_bytes()), allow_pickle=False) as z:
        return str(z["model"]), z["vectors"]


@lru_cache(maxsize=1)
def _of_goals() -> Matrix:
    """[topics, topics]: times a column of topics it gives the mean of each topic's goal or main field."""
    goals = np.array([code.split(".")[0] for code, _ in topics()])
    alike = (goals[:, None] == goals[None]).astype(np.float32)
    return np.asarray(alike / alike.sum(axis=1, keepdims=True), np.float32)


class Topics:
    """The topics in the space of one encoder."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._vectors: Vector | None = None

    def nearest(
        self, vector: Vector, language: str, centring: Centring, at_most: int = 3
    ) -> tuple[tuple[str, float], ...]:
        """Codes and nearness of the topics near to a document's raw vector, best first; perhaps none.

        Nearness is the centred cosine plus half the mean of the topic's goal or main field: one target alone is a few words.
        """
        if not np.any(vector):
            return ()
        if self._vectors is None:
            model, ready = bundled()
            fits = model == self._encoder.info.id and len(ready) == len(topics())
            texts = [text for _, text in topics()]
            self._vectors = ready if fits else self._encoder.encode(texts, "passage")
        key = self._encoder.info.key
        rows: Matrix = centring.apply(key, "passage", LANGUAGE, self._vectors)
        # The topics' own mean is taken out too: they are lists of nouns, not listings.
        rows = rows - rows.mean(axis=0)
        rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6)
        near = rows @ centring.apply(key, "passage", language, vector)[0]
        near = near + 0.5 * _of_goals() @ near
        best = np.argsort(-near, kind="stable")[:at_most]
        return tuple((topics()[i][0], float(near[i])) for i in best if near[i] >= NEAR)

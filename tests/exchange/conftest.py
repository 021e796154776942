"""A stand-in for the encoders: vectors of hashed words, so that texts with the same words are near."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pytest_django import Settings

from serai.engines import matching as m
from serai.engines.matching.centring import bundled_background
from serai.engines.matching.types import Role, Vector
from serai.exchange import encoding, finding
from serai.exchange.index import reader


class WordEncoder:
    """Every word has a fixed random direction; a text is the sum of its words'.

    Like those of the real encoders, vectors stand around the centre of their role, which the index takes out.
    """

    def __init__(self, key: str, info: m.ModelInfo) -> None:
        self.key = key
        self.info = info
        self.encoded = 0

    def encode(self, texts: Sequence[str], role: Role) -> Vector:
        self.encoded += len(texts)
        return (
            np.stack([self._one(text, role) for text in texts])
            if texts
            else np.zeros((0, self.info.dimension), np.float16)
        )

    def _one(self, text: str, role: Role) -> Vector:
        words = "".join(c if c.isalnum() else " " for c in text.casefold()).split()
        total = np.zeros(self.info.dimension)
        for word in words:
            seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:8], "big")
            total += np.random.default_rng(seed).standard_normal(self.info.dimension)
        norm = np.linalg.norm(total)
        if not norm:
            return total.astype(np.float16)
        centre = bundled_background()[self.key, role, "en"]
        return (centre + total / norm).astype(np.float16)


@pytest.fixture
def matcher(monkeypatch: pytest.MonkeyPatch, settings: Settings, tmp_path: Path) -> Iterator[m.Matcher]:
    """The matcher of web and worker, with an index folder of the test's own."""
    fake = m.Matcher({"e5": WordEncoder("e5", m.e5_info()), "use": WordEncoder("use", m.use_info())})
    monkeypatch.setattr(encoding, "matcher", lambda: fake)
    monkeypatch.setattr(encoding, "patient", lambda: fake)
    settings.CONFIG = replace(settings.CONFIG, home=tmp_path)
    reader._open.clear()
    finding.encoded.cache_clear()
    yield fake
    reader._open.clear()
    finding.encoded.cache_clear()

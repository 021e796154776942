"""Sentence vectors in files, and what an index costs in memory."""

from __future__ import annotations

import pickle
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from serai.engines.matching import Document, Index, Query, Statistics, index
from serai.engines.matching.calibration import learn_pairs
from serai.engines.matching.store import SentenceFile, SentenceWriter

SIZES = {"e5": 384, "use": 512}


def made(n: int) -> list[Document]:
    """Documents with 0 to 4 sentences, every second one without USE."""
    random = np.random.default_rng(3)

    def some(key: str, many: int) -> np.ndarray:
        return random.standard_normal((many, SIZES[key])).astype(np.float16)

    found = []
    for i in range(n):
        keys = ("e5", "use") if i % 2 else ("e5",)
        found.append(
            Document(
                f"{i:04d}",
                "de" if i % 3 else "en",
                "",
                {key: some(key, 1)[0] for key in keys},
                sentences={key: some(key, i % 5) for key in keys if i % 5},
            )
        )
    return found


def written(documents: list[Document], folder: Path) -> SentenceFile:
    with SentenceWriter(folder, SIZES) as writer:
        for d in documents:
            writer.add(d.sentences)
    return SentenceFile(folder)


def test_what_is_read_is_what_was_written(tmp_path: Path) -> None:
    documents = made(11)

    file = written(documents, tmp_path)

    assert len(file) == 11
    for again in (file, pickle.loads(pickle.dumps(file))):  # noqa: S301  another process opens the file itself
        for found, document in zip(again, documents, strict=True):
            assert set(found) == set(document.sentences)
            assert all(np.array_equal(found[key], rows) for key, rows in document.sentences.items())


def test_bytes_are_rows_too_and_half_a_row_is_refused(tmp_path: Path) -> None:
    rows = made(4)[3].sentences["e5"]

    with SentenceWriter(tmp_path, SIZES) as writer:
        writer.add({"e5": rows.astype("<f2").tobytes()})

        with pytest.raises(ValueError, match="rows of 384"):
            writer.add({"e5": b"12345"})
        writer.add({"e5": rows})

    assert np.array_equal(SentenceFile(tmp_path)[0]["e5"], rows)
    assert "use" not in SentenceFile(tmp_path)[0]


def test_a_search_is_the_same_from_files_and_from_memory(tmp_path: Path) -> None:
    documents = made(60)
    file = written(documents, tmp_path)
    stored = [replace(d, sentences=file[i]) for i, d in enumerate(documents)]
    asked = Query("q", "en", "?", dict(documents[7].vectors))

    hits = [
        Index.build(some, Statistics().centring({}), log=[asked]).search(asked, 60)
        for some in (documents, stored)
    ]

    assert any(hit.terms["passage"] for hit in hits[0])
    assert hits[0] == hits[1]


def peak_of(step: Callable[[], object]) -> int:
    tracemalloc.start()
    try:
        step()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_centring_makes_no_second_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "CENTRED_AT_ONCE", 64)
    documents, centring = made(3000), Statistics().centring({})
    size = 3000 * sum(SIZES.values()) * 4

    assert peak_of(lambda: Index.build(documents, centring)) < 1.3 * size


def test_learning_needs_less_than_the_scores_it_learns_from() -> None:
    block = np.random.default_rng(0).standard_normal((400, 5000)).astype(np.float32)
    codes = np.arange(5000).astype(np.int16) % 2

    assert peak_of(lambda: learn_pairs(block, ["en"] * 400, codes, ["de", "en"])) < block.nbytes / 4

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from serai.engines.matching import Document, Index, Parameters, Query, Statistics
from serai.engines.matching.batch import agreement, match_all
from serai.engines.matching.expertise import affinity, similarity
from serai.engines.matching.lexical import Bm25, reciprocal_ranks, terms


def made(n: int) -> tuple[Index, list[Query]]:
    random = np.random.default_rng(2)
    documents = [
        Document(f"d{i:02d}", "en", "", {"e5": v.astype(np.float16)})
        for i, v in enumerate(random.normal(size=(n, 5)))
    ]
    queries = [
        Query(f"q{i}", "en", f"{i}", {"e5": v.astype(np.float16)})
        for i, v in enumerate(random.normal(size=(7, 5)))
    ]
    index = Index.build(
        documents, Statistics().centring({}), parameters=Parameters(hub_weight=0, calibrated=False)
    )
    return index, queries


def test_interrupted_batch_goes_on_and_gives_what_a_whole_one_gives(tmp_path: Path) -> None:
    index, queries = made(30)
    whole = list(match_all(index, queries, tmp_path / "a", k=3, block=2))
    started = match_all(index, queries, tmp_path / "b", k=3, block=2)
    next(started)
    before = {p: p.stat().st_mtime_ns for p in (tmp_path / "b").iterdir()}
    seen: list[tuple[int, int]] = []

    again = list(match_all(index, queries, tmp_path / "b", k=3, block=2, progress=lambda *x: seen.append(x)))

    assert again == whole
    assert all(p.stat().st_mtime_ns == t for p, t in before.items())
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_blocks_run_wherever_the_caller_says(tmp_path: Path) -> None:
    index, queries = made(30)
    with ThreadPoolExecutor(2) as pool:
        spread = list(match_all(index, queries, tmp_path / "a", k=3, block=2, run=pool.map))

    assert spread == list(match_all(index, queries, tmp_path / "b", k=3, block=3))


def test_agreement_is_the_share_another_index_finds() -> None:
    index, queries = made(30)

    def exact(query: Query, k: int) -> list[str]:
        return [h.id for h in index.search(query, k)]

    assert agreement(index, exact, queries, 4) == 1.0
    assert agreement(index, lambda q, k: exact(q, k)[:3], queries, 4) == pytest.approx(0.75)


def test_words_of_scripts_without_blanks_are_bigrams() -> None:
    assert terms("Water 净化技术 v2") == ["water", "净化", "化技", "技术", "v", "2"]


def test_bm25_prefers_the_rare_word_and_ranks_become_reciprocals() -> None:
    scores = Bm25(["the pump", "the the the", "a filter"]).scores("the pump")

    assert scores.argmax() == 0
    assert scores[2] == 0
    assert reciprocal_ranks(np.array([[3.0, 1.0, 2.0]]), k=1)[0].tolist() == pytest.approx(
        [1 / 2, 1 / 4, 1 / 3]
    )


def test_expert_fits_the_text_that_is_like_the_own_works() -> None:
    texts = [
        "laser optics fibre",
        "fibre laser cutting",
        "wheat harvest yield",
        "laser fibre sensor",
        "wheat yield soil",
    ]
    alike = similarity(texts, [])

    fit = affinity(alike, [0, 1], [3, 4])

    assert fit[0] > fit[1]
    assert affinity(alike, [], [3, 4]).tolist() == [0.0, 0.0]

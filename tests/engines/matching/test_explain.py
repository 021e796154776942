"""Explanations from stored sentence vectors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from serai.engines.matching import Document, Query, Statistics, sentences
from serai.engines.matching.encoders import ModelInfo
from serai.engines.matching.explain import sentence_pairs
from serai.engines.matching.types import Role, Vector

CENTRING = Statistics().centring({})
TEXT = "The pump is blue. It lifts 40 litres a minute. It was shown in Oslo."


class Counting:
    """Says how often it was asked."""

    info = ModelInfo("e5", "stand-in", 3, "none", "")

    def __init__(self) -> None:
        self.asked = 0

    def encode(self, texts: Sequence[str], role: Role) -> Vector:
        self.asked += 1
        return np.ones((len(texts), 3), np.float16)


def asked(text: str = "How much does it lift?") -> Query:
    return Query("q", "en", text, {"e5": np.array([1, 0, 0], np.float16)})


def test_stored_sentence_vectors_need_no_encoder() -> None:
    encoder = Counting()
    rows = np.array([[0, 1, 0], [1, 0, 0], [0, 0, 1]], np.float16)
    document = Document("d", "en", TEXT, {"e5": rows[0]}, frozenset(), {"e5": rows})

    pairs = sentence_pairs(asked(), document, encoders={"e5": encoder}, centring=CENTRING)

    assert [p.document.of(TEXT) for p in pairs] == ["It lifts 40 litres a minute."]
    assert pairs[0].score == 1.0
    assert encoder.asked == 0


def test_sentence_vectors_of_another_text_are_not_used() -> None:
    encoder = Counting()
    document = Document("d", "en", TEXT, {}, frozenset(), {"e5": np.ones((2, 3), np.float16)})

    sentence_pairs(asked(), document, encoders={"e5": encoder}, centring=CENTRING)

    assert encoder.asked == 1


def test_a_shared_number_decides_between_equals() -> None:
    document = Document("d", "en", TEXT, {}, frozenset(), {"e5": np.ones((3, 3), np.float16)})

    (pair,) = sentence_pairs(
        asked("What lifts 40 a minute?"), document, encoders={"e5": Counting()}, centring=CENTRING
    )

    assert pair.document.of(TEXT) == "It lifts 40 litres a minute."


def test_spans_are_whole_sentences_of_the_text() -> None:
    document = Document("d", "en", TEXT, {}, frozenset(), {})

    pairs = sentence_pairs(
        asked("A? B? C? D?"), document, encoders={"e5": Counting()}, centring=CENTRING, at_most=3
    )

    assert len(pairs) == 3
    assert {p.document for p in pairs} == set(sentences(TEXT))


def test_texts_without_letters_have_no_pairs() -> None:
    document = Document("d", "en", "…", {}, frozenset(), {})

    assert sentence_pairs(asked("?"), document, encoders={"e5": Counting()}, centring=CENTRING) == ()

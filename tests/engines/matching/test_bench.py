"""The part of the benchmark that needs no model: what is read from a set, and how it is judged."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from serai.engines.matching import Document, Matcher, Query
from serai.engines.matching.bench import (
    RetrievalSet,
    agreed_sentences,
    answers,
    fewer,
    grade,
    passage_accuracy,
    single,
)

TEXT = " The pump is blue. It lifts 40 litres a minute."


def test_answers_are_read_as_words_or_as_places_in_the_text_as_it_stands(tmp_path: Path) -> None:
    (tmp_path / "corpus.jsonl").write_text(json.dumps({"id": "d", "text": TEXT}))
    start = TEXT.index("40 litres")
    (tmp_path / "answers.tsv").write_text(f"q\td\t40 litres\nq\td\t{start}\t{start + 9}\n")

    assert answers(tmp_path) == [("q", "d", "40 litres")] * 2


def test_a_passage_is_right_when_the_best_sentence_holds_the_answer() -> None:
    rows = np.array([[0, 1, 0], [1, 0, 0]], np.float16)
    text = TEXT.strip()
    document = Document("d", "en", text, {"e5": rows[1]}, frozenset(), {"e5": rows})
    query = Query("q", "de", "Wie viel?", {"e5": np.array([1, 0, 0], np.float16)})

    class Silent:
        """An encoder that must not be asked."""

    matcher = Matcher.__new__(Matcher)
    matcher.encoders = {"e5": Silent()}  # type: ignore[dict-item]

    assert passage_accuracy(matcher, [(query, document, "40 litres"), (query, document, "blue")]) == 0.5


def test_single_pool_keeps_one_language_of_each_group_and_grading_knows_first_from_last() -> None:
    documents = tuple(Document(f"{g}.{x}", x, g) for g in "abc" for x in ("de", "en", "fr"))
    groups = tuple(g for g in "abc" for _ in range(3))
    whole = RetrievalSet("s", documents, groups, (Query("q", "en", "q"),), {"q": {"a": 3.0, "b": 1.0}}, {})

    pool = single(whole, 0)

    assert sorted(pool.groups) == ["a", "b", "c"]
    assert grade(pool, np.array([[3.0, 2.0, 1.0]], np.float32))["ndcg"] == 1.0
    assert grade(pool, np.array([[1.0, 2.0, 3.0]], np.float32))["ndcg"] < 0.8


LANGUAGES = ("de", "en", "es", "fr", "it")


def parallel_set(questions: dict[str, str], texts: dict[str, str]) -> RetrievalSet:
    return RetrievalSet(
        "s",
        tuple(Document(f"{g}.{x}", x, texts.get(f"{g}.{x}", texts[g])) for g in "ab" for x in LANGUAGES),
        tuple(g for g in "ab" for _ in LANGUAGES),
        tuple(Query(f"q.{x}", x, questions.get(x, "Where does Rivet live?")) for x in LANGUAGES),
        {f"q.{x}": {"a": 1.0} for x in LANGUAGES},
        {},
    )


TEXTS = {"a": "It rains a lot. Rivet does live in Kent.", "b": "Where is it? Does it rain?"}


def test_languages_that_agree_on_a_sentence_label_it_in_all_of_them() -> None:
    found = agreed_sentences(parallel_set({"de": "Regnet it rains a lot?"}, TEXTS))

    assert len(found) == 25
    assert set(found) == {
        (f"q.{x}", f"a.{y}", "Rivet does live in Kent.") for x in LANGUAGES for y in LANGUAGES
    }


def test_without_agreement_or_without_equal_cuts_nothing_is_labelled() -> None:
    rain = dict.fromkeys(("de", "es"), "How much does it rain a lot?")

    assert agreed_sentences(parallel_set(rain, TEXTS)) == []
    assert agreed_sentences(parallel_set({}, {**TEXTS, "a.de": "It rains a lot."})) == []


def test_a_smaller_pool_is_drawn_the_same_each_time_with_the_queries_it_can_answer() -> None:
    whole = parallel_set({}, TEXTS)

    pools = [fewer(whole, 1), fewer(whole, 1)]

    assert pools[0].documents == pools[1].documents
    assert len(set(pools[0].groups)) == 1
    assert len(pools[0].queries) == (5 if pools[0].groups[0] == "a" else 0)

"""The index with hand-made vectors: two dimensions are enough to see each step."""

from __future__ import annotations

import numpy as np
import pytest

from serai.engines.matching import Document, Index, Parameters, Query, Statistics, gather, score_pair, why_not
from serai.engines.matching.calibration import Calibration, learn_factor, learn_pairs

PLAIN = Parameters(hub_weight=0.0, calibrated=False)


def vector(*values: float) -> np.ndarray:
    return np.array(values, np.float16)


def document(
    key: str, *values: float, language: str = "en", tokens: frozenset[str] = frozenset()
) -> Document:
    return Document(key, language, key, {"e5": vector(*values)}, tokens)


def query(*values: float, language: str = "en", tokens: frozenset[str] = frozenset()) -> Query:
    return Query("q", language, "q", {"e5": vector(*values)}, tokens)


def bare(*documents: Document, parameters: Parameters = PLAIN, log: tuple[Query, ...] = ()) -> Index:
    return Index.build(documents, Statistics().centring({}), parameters=parameters, log=log)


def test_nearest_document_comes_first_and_terms_add_up() -> None:
    index = bare(document("a", 1, 0, 0), document("b", 0, 1, 0), document("c", 0.6, 0.8, 0))

    hits = index.search(query(1, 0, 0), 2)

    assert [h.id for h in hits] == ["a", "c"]
    assert all(h.score == pytest.approx(sum(h.terms.values())) for h in hits)


def test_ties_go_to_the_smaller_id() -> None:
    index = bare(*(document(key, 1, 0) for key in "dbca"))

    assert [h.id for h in index.search(query(1, 0), 3)] == ["a", "b", "c"]


def test_only_allowed_documents_are_found() -> None:
    index = bare(document("a", 1, 0), document("b", 0, 1), document("c", 1, 1))

    allowed = {"b", "c", "gone"}

    assert [h.id for h in index.search(query(1, 0), 5, allowed=allowed)] == ["c", "b"]
    assert index.search(query(1, 0), 5, allowed=index.mask(allowed)) == index.search(
        query(1, 0), 5, allowed=allowed
    )
    assert index.search(query(1, 0), 5, allowed=index.mask(set())) == ()


def test_query_without_letters_finds_nothing() -> None:
    assert bare(document("a", 1, 0)).search(query(0, 0)) == ()


def test_empty_index_finds_nothing() -> None:
    assert bare().search(query(1, 0)) == ()


def test_centring_takes_the_language_out_of_a_vector() -> None:
    # The first axis is the language, the second the topic.
    statistics = Statistics()
    statistics.add("e5", "passage", "de", np.array([[1, 0.3], [1, -0.3]]))
    statistics.add("e5", "query", "en", np.array([[-1, 0.3], [-1, -0.3]]))
    index = Index.build(
        [document("right", 1, 0.3, language="de"), document("wrong", 1, -0.3, language="de")],
        statistics.centring({}, n0=0),
        parameters=PLAIN,
    )

    (first, second) = index.search(query(-1, 0.3), 2)

    assert (first.id, second.id) == ("right", "wrong")
    assert first.score == pytest.approx(1, abs=1e-3)


def test_few_texts_are_drawn_towards_the_background() -> None:
    statistics = Statistics()
    statistics.add("e5", "passage", "de", np.array([[1.0, 0.0, 0.0]]))
    background = {("e5", "passage", "de"): np.array([0.0, 1.0, 0.0], np.float32)}

    mean = statistics.centring(background, n0=3).means[("e5", "passage", "de")]

    assert mean.tolist() == pytest.approx([0.25, 0.75, 0.0])


def test_removing_is_the_inverse_of_adding_and_survives_storage() -> None:
    statistics = Statistics()
    statistics.add("e5", "query", "th", np.array([[1.0, 2.0, 3.0], [0.0, 0.0, 0.0]]))
    statistics.add("e5", "query", "th", np.array([3.0, 2.0, 1.0]))
    statistics.add("e5", "query", "th", np.array([3.0, 2.0, 1.0]), sign=-1)

    again = Statistics.from_bytes(statistics.to_bytes())

    assert again.counts == {("e5", "query", "th"): 1}
    assert again.sums[("e5", "query", "th")].tolist() == [1.0, 2.0, 3.0]


def test_version_changes_with_a_centre() -> None:
    a, b = Statistics(), Statistics()
    a.add("e5", "query", "th", np.array([1.0, 2.0]))
    b.add("e5", "query", "th", np.array([1.0, 2.5]))

    assert a.centring({}).version == a.centring({}).version != b.centring({}).version


def test_document_near_every_query_loses_by_its_hubness() -> None:
    log = (query(1, 0), query(0, 1))
    index = bare(
        document("hub", 1, 1),
        document("own", 1, 0),
        parameters=Parameters(hub_weight=0.5, calibrated=False),
        log=log,
    )

    terms = {h.id: h.terms["hub"] for h in index.search(query(1, 0), 2)}

    assert terms["hub"] == pytest.approx(-0.5 * 2**-0.5, abs=1e-3)
    assert terms["own"] == pytest.approx(-0.25, abs=1e-3)


def test_shared_hard_tokens_add_a_little_and_at_most_three_count() -> None:
    many = frozenset({"ISO9001", "CO2", "TRL6", "IP67"})
    index = bare(document("a", 1, 0, tokens=many), document("b", 1, 0))

    hits = index.search(query(1, 0, tokens=many), 2)

    assert [(h.id, round(h.terms["tokens"], 4)) for h in hits] == [("a", 0.06), ("b", 0.0)]


def test_language_pairs_get_one_level_and_spread() -> None:
    names, codes = ("de", "en"), np.array([0, 0, 1, 1, 1], np.int16)
    block = np.array([[0.1, 0.3, 0.5, 0.9, 0.7]] * 4, np.float32)

    pairs = Calibration(learn_pairs(block, ["en"] * 4, codes, names, n0=0), 1.0)
    level = pairs.apply(block[0], "en", codes, names)

    assert level[:2].mean() == pytest.approx(level[2:].mean(), abs=1e-5)
    assert level[:2].std() == pytest.approx(level[2:].std(), abs=1e-5)
    assert pairs.apply(block[0], "th", codes, names).tolist() == block[0].tolist()


def test_factor_gives_readers_no_more_of_their_own_language_than_the_pool_holds() -> None:
    same = np.zeros((30, 40), bool)
    same[:, :20] = True
    scores = np.where(same, 0.9, 0.7) + np.linspace(0, 0.01, 40)

    factor = learn_factor(scores.astype(np.float32), same)

    assert 0.7 <= factor <= 0.78
    assert learn_factor(np.where(same, 0.5, 0.7).astype(np.float32), same) == 1.0


def test_too_small_a_log_leaves_the_usual_factor() -> None:
    same = np.zeros((5, 40), bool)
    same[:, :20] = True

    assert learn_factor(same.astype(np.float32), same) == Calibration().same_factor


def test_pair_outside_the_index_is_scored_as_if_it_were_inside() -> None:
    documents = [
        document("a", 1, 0, 0.2),
        document("b", 0, 1, 0.1, language="de"),
        document("c", 0.3, 0.5, 0.9),
    ]
    log = (query(1, 0.2, 0), query(0, 1, 0.3, language="de"))
    index = Index.build(documents, gather(documents, log).centring({}), log=log)
    outside = Document("new", "de", "", documents[1].vectors)

    inside, other = score_pair(log[0], documents[1], index), score_pair(log[0], outside, index)

    assert other.score == pytest.approx(inside.score, abs=1e-5)


def test_two_documents_with_one_id_or_two_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="same id"):
        bare(document("a", 1, 0), document("a", 0, 1))
    with pytest.raises(ValueError, match="different lengths"):
        bare(document("a", 1, 0), document("b", 0, 1, 0))


def test_why_not_names_rank_and_what_is_lacking() -> None:
    index = bare(document("a", 1, 0), document("b", 0.8, 0.6), document("c", 0, 1))

    answer = why_not(query(1, 0), document("c", 0, 1), index, k=2)

    assert (answer.rank, answer.failures) == (3, ())
    assert answer.score_needed == pytest.approx(0.8, abs=1e-3)
    assert answer.score == pytest.approx(0.0, abs=1e-3)


def test_thousands_of_equal_documents_are_ranked_by_id() -> None:
    index = bare(*(document(f"{i:05d}", 1, 0) for i in range(3000)))

    assert [h.id for h in index.search(query(1, 0), 3)] == ["00000", "00001", "00002"]


def test_equal_texts_score_equally_wherever_they_stand_and_however_they_were_rounded() -> None:
    rng = np.random.default_rng(3)
    documents = []
    for i in range(400):
        rows = rng.standard_normal((3, 37)).astype(np.float16)
        documents.append(Document(f"x{i:03d}", "en", f"x{i}", {"e5": rows[0]}, frozenset(), {"e5": rows[1:]}))
    whole, one, two = (r / np.linalg.norm(r) for r in rng.standard_normal((3, 37)))
    for i, at in enumerate((390, 251, 117, 6, 0)):
        nudged = [np.asarray(v * (1 + i * 2e-4), np.float16) for v in (whole, one, two)]
        documents.insert(
            at, Document(f"t{i}", "en", "twin", {"e5": nudged[0]}, frozenset(), {"e5": np.stack(nudged[1:])})
        )
    asked = query(*whole)

    hits = bare(*documents).search(asked, 5)

    assert [h.id for h in hits] == ["t0", "t1", "t2", "t3", "t4"]
    assert len({h.score for h in hits}) == 1


def test_equal_texts_fail_a_limit_together_however_many_they_are() -> None:
    text = "It costs 120 EUR."
    documents = [Document(f"{i:03d}", "en", text, {"e5": vector(1, 0)}) for i in range(90)]
    index = bare(*documents)
    asked = Query("q", "en", "A pump for at most 50 EUR.", {"e5": vector(1, 0.1)})

    hits = index.search(asked, 90)

    assert [h.id for h in hits] == [d.id for d in documents]
    assert {h.terms["limits"] for h in hits} == {-0.05}


def test_sentences_that_are_not_finite_are_near_to_nothing() -> None:
    nan, whole = float("nan"), (0.6, 0.8, 0.0)
    index = bare(
        with_sentences("a", whole, (nan, 0, 0), (nan, nan, nan)), with_sentences("b", whole, whole, whole)
    )

    hits = index.search(query(1, 0, 0), 2)

    assert [h.id for h in hits] == ["b", "a"]
    assert np.isfinite([h.score for h in hits]).all()


def test_a_vector_that_is_not_finite_never_reaches_a_mean() -> None:
    statistics = Statistics()

    with pytest.raises(ValueError, match="not finite"):
        statistics.add("e5", "query", "th", np.array([[1.0, 2.0], [np.nan, 0.0]]))

    assert statistics.sums == {}


def test_vectors_that_are_not_finite_are_refused_with_their_id() -> None:
    with pytest.raises(ValueError, match="'b' holds numbers that are not finite"):
        bare(document("a", 1, 0), document("b", float("nan"), 0))
    with pytest.raises(ValueError, match="query 'q' holds"):
        bare(document("a", 1, 0)).search(query(float("inf"), 0))
    with pytest.raises(ValueError, match="at least 1"):
        bare(document("a", 1, 0)).search(query(1, 0), 0)


def with_sentences(key: str, whole: tuple[float, ...], *rows: tuple[float, ...]) -> Document:
    return Document(
        key, "en", "One. Two.", {"e5": vector(*whole)}, frozenset(), {"e5": np.array(rows, np.float16)}
    )


def test_a_sentence_that_meets_the_query_lifts_its_document() -> None:
    whole = (0.6, 0.8, 0.0)
    index = bare(with_sentences("a", whole, whole, whole), with_sentences("b", whole, (1, 0, 0), (0, 1, 0)))

    best, other = index.search(query(1, 0, 0), 2)

    assert (best.id, other.id) == ("b", "a")
    assert best.terms["passage"] == pytest.approx(0.5 * (1 - 0.6), abs=1e-3)
    assert other.terms["passage"] == pytest.approx(0, abs=1e-3)
    assert best.score == pytest.approx(sum(best.terms.values()))
    assert index.hit(query(1, 0, 0), "b").score == pytest.approx(best.score)
    assert index.position(query(1, 0, 0), "a")[0] == 2


def test_documents_without_sentence_vectors_are_scored_by_the_whole() -> None:
    index = bare(with_sentences("a", (0, 1, 0), (0, 1, 0), (0, 1, 0)), document("b", 1, 0, 0))

    hits = {h.id: h for h in index.search(query(1, 0, 0), 2)}

    assert hits["b"].terms["passage"] == 0
    assert hits["b"].score == pytest.approx(1, abs=1e-3)


def test_what_is_beyond_the_second_look_never_passes_what_was_seen() -> None:
    rng = np.random.default_rng(1)
    documents = []
    for i in range(300):
        rows = rng.standard_normal((2, 8))
        documents.append(with_sentences(f"{i:03d}", tuple(rng.standard_normal(8)), *map(tuple, rows)))
    index = bare(*documents)
    asked = Query("q", "en", "q", {"e5": rng.standard_normal(8).astype(np.float16)})

    ranks = {h.id: n for n, h in enumerate(index.search(asked, 100), 1)}

    for d in documents:
        rank, _ = index.position(asked, d.id)
        assert rank == ranks.get(d.id, rank)
        assert (rank <= 100) == (d.id in ranks)

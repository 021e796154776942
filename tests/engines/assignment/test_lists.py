from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serai.engines.assignment import (
    Problem,
    audit,
    behind,
    broad,
    gini,
    lists,
    place,
    reachable,
    reciprocal,
    rerank,
    settled,
)
from serai.engines.assignment.__main__ import main, market


def small(**changes: object) -> Problem:
    # Three readers, four members; member 3 is everybody's last choice.
    ids = np.array([[0, 1, 2, 3]] * 3, np.int32)
    scores = np.array([[0.9, 0.8, 0.7, 0.69], [0.9, 0.8, 0.7, 0.5], [0.9, 0.8, 0.7, 0.5]], np.float32)
    return replace(Problem(ids, scores, members=4, k=2, guarantee=0.7), **changes)  # type: ignore[arg-type]


def test_everybody_gets_the_promised_lists_at_the_least_loss() -> None:
    problem = small(min_keep=0.5)

    result = lists(problem)

    assert problem.promised == 1
    assert result.shown.min() >= 1
    assert list(audit(problem, result)) == []


def test_without_a_guarantee_lists_are_the_best_k() -> None:
    result = lists(small(guarantee=0.0))

    assert result.ids.tolist() == [[0, 1]] * 3
    assert result.kept.tolist() == [1.0, 1.0, 1.0]


def test_member_with_too_few_candidate_lists_is_named_with_the_number_missing() -> None:
    scores = np.array([[0.9, 0.8, 0.7, -np.inf]] * 3, np.float32)

    problem = small(scores=scores, min_keep=0.1)
    result = lists(problem)

    assert result.unreachable == {3: 1}
    assert reachable(problem) == {3: 0}
    assert list(audit(problem, result)) == []


def test_no_list_loses_more_than_allowed_even_if_the_promise_breaks() -> None:
    scores = np.array([[0.9, 0.8, 0.1, 0.0]] * 3, np.float32)
    problem = small(scores=scores, min_keep=0.99)

    result = lists(problem)

    assert result.kept.min() >= 0.99
    assert set(result.unreachable) == {2, 3}
    assert list(audit(problem, result)) == []


def test_rows_with_few_candidates_are_shorter() -> None:
    scores = np.array([[0.9, -np.inf, -np.inf, -np.inf]] * 3, np.float32)

    assert lists(small(scores=scores)).ids.tolist() == [[0, -1]] * 3


@settings(max_examples=30, deadline=None)
@given(
    st.integers(0, 10_000),
    st.integers(20, 120),
    st.sampled_from([0.0, 0.3, 0.6, 1.0]),
    st.sampled_from([0.5, 0.9, 1.0]),
)
def test_no_result_ever_breaks_the_checker(
    seed: int, members: int, guarantee: float, min_keep: float
) -> None:
    problem = replace(market(members, width=40, seed=seed), guarantee=guarantee, min_keep=min_keep, k=5)

    assert list(audit(problem, lists(problem, rounds=8))) == []


def test_market_of_popular_members_becomes_fairer_within_the_bounds() -> None:
    problem = market(1500, seed=3)

    result = lists(problem)

    assert result.unreachable == {}
    assert result.indicators["guarantee_met"] == 1.0
    assert result.indicators["kept_min"] >= 0.9
    assert result.indicators["kept_mean"] >= 0.95
    assert result.indicators["never_shown"] == 0.0


def test_same_input_gives_the_same_lists() -> None:
    problem = market(300, seed=1)

    assert np.array_equal(lists(problem).ids, lists(problem).ids)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"scores": np.full((3, 4), np.nan, np.float32)}, "between 0 and 1"),
        ({"scores": np.full((3, 4), 1.5, np.float32)}, "between 0 and 1"),
        ({"scores": np.zeros((3, 3), np.float32)}, r"one .n, W. shape"),
        ({"ids": np.array([[0, 0, 1, 2]] * 3, np.int32)}, "twice"),
        ({"ids": np.array([[0, 1, 2, 9]] * 3, np.int32)}, "members 0 to 3"),
        ({"guarantee": 1.5}, "between 0 and 1"),
        ({"max_bonus": float("nan")}, "max_bonus"),
        ({"max_bonus": -1.0}, "max_bonus"),
        ({"groups": np.zeros(3, np.int32)}, "groups must hold one entry for each of 4"),
        ({"groups": np.full(4, -1, np.int32)}, "groups must be numbers from 0"),
        (
            {"ids": np.zeros((3, 0), np.int32), "scores": np.zeros((3, 0), np.float32)},
            "at least one candidate",
        ),
    ],
)
def test_bad_input_is_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        lists(small(**change))


def test_checker_sees_each_broken_claim() -> None:
    problem = small(min_keep=0.5)
    result = lists(problem)

    twice = replace(result, ids=np.array([[0, 0], [0, 1], [2, 3]], np.int32))
    silent = replace(result, ids=np.array([[0, 1]] * 3, np.int32), unreachable={})
    boast = replace(result, kept=np.ones(3, np.float32) * 0.7)

    assert any("twice" in c for c in audit(problem, twice))
    assert any("is not named" in c for c in audit(problem, silent))
    assert any("reports 0.700 kept" in c for c in audit(problem, boast))


def test_online_list_uses_prices_and_ties_go_to_the_smaller_id() -> None:
    ids = np.array([7, 5, 3, 1], np.int32)
    scores = np.array([0.5, 0.5, 0.5, 0.4], np.float32)
    prices = np.zeros(8, np.float32)
    prices[1] = 0.2

    assert rerank(ids, scores, prices, 3).tolist() == [1, 3, 5]
    assert place(1, ids, scores, prices).rank == 1
    assert place(1, ids, scores, prices).rank_without_bonus == 4
    with pytest.raises(ValueError, match="not among"):
        place(2, ids, scores, prices)


def test_who_falls_behind_during_the_day_is_helped_and_who_is_ahead_is_not() -> None:
    deficit = behind(np.zeros(2, np.float32), 1.0, np.array([0, 3]))

    assert deficit.tolist() == [1.0, -2.0]
    assert settled(np.array([0.1, 0.1], np.float32), deficit).tolist() == pytest.approx([0.12, 0.06])


def test_breadth_is_bought_only_within_the_allowed_loss() -> None:
    ids, scores = np.arange(4, dtype=np.int32), np.array([0.9, 0.89, 0.88, 0.3], np.float32)
    kinds = [frozenset({"DE"}), frozenset({"DE"}), frozenset({"TH"}), frozenset({"KE"})]

    assert broad(ids, scores, kinds, 2).tolist() == [0, 2]


def test_gini_of_equal_shares_is_zero_and_of_one_owner_near_one() -> None:
    assert gini(np.array([3, 3, 3])) == 0.0
    assert gini(np.array([0] * 99 + [5])) == pytest.approx(0.99)
    assert gini(np.array([0, 0])) == 0.0


def test_reciprocal_lists_give_more_matches_than_one_sided_ones() -> None:
    random = np.random.default_rng(5)
    # Left members all like the same few; the right side wants somebody else.
    fame = random.random(12)
    p_left = np.clip(0.7 * fame[None] + 0.3 * random.random((20, 12)), 0, 1)
    p_right = random.random((20, 12))

    fair = reciprocal(p_left, p_right, k=4)
    welfare = fair.matches_left.sum()

    seen = np.zeros((20, 12))
    np.put_along_axis(
        seen, np.argsort(-p_left, axis=1)[:, :4], np.array([1, 0.63, 0.5, 0.43])[None].repeat(20, 0), axis=1
    )
    back = np.zeros((12, 20))
    np.put_along_axis(
        back,
        np.argsort(-p_right.T, axis=1)[:, :4],
        np.array([1, 0.63, 0.5, 0.43])[None].repeat(12, 0),
        axis=1,
    )
    one_sided = (p_left * p_right * seen * back.T).sum()

    assert welfare > 1.3 * one_sided
    assert fair.matches_right.sum() == pytest.approx(welfare)
    assert fair.weights.sum() == pytest.approx(1)
    assert fair.draw(1)[0].shape == (20, 12)


def test_chances_outside_zero_to_one_are_refused() -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        reciprocal(np.full((2, 3), 2.0), np.ones((2, 3)))
    with pytest.raises(ValueError, match=r"one .n, m. shape"):
        reciprocal(np.ones((2, 3)), np.ones((3, 2)))
    with pytest.raises(ValueError, match="between 0 and 1"):
        reciprocal(-np.ones((2, 2)), -np.ones((2, 2)))
    with pytest.raises(ValueError, match="k and steps at least 1"):
        reciprocal(np.ones((2, 2)), np.ones((2, 2)), k=0)


def test_prices_of_another_night_are_refused() -> None:
    with pytest.raises(ValueError, match="prices must be 4 finite numbers"):
        lists(small(), prices=np.zeros(3, np.float32))


@pytest.mark.parametrize("members", ["0", "-1", "1", "1e9", "1000000000", "many"])
def test_a_market_of_no_size_is_refused_with_the_limits(
    members: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["assignment", "lists", f"--members={members}"])

    with pytest.raises(SystemExit) as refused:
        main()

    assert refused.value.code == 2
    assert (
        f"argument --members: {members!r} is not a whole number from 2 to 1000000" in capsys.readouterr().err
    )


def test_the_smallest_market_is_measured(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["assignment", "lists", "--members=2", "--check"])

    assert main() == 0
    assert "promised" in capsys.readouterr().out

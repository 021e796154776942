"""Lists in which everybody appears: nightly prices, an exact repair, and the re-ranking of one list at any time.

1. Prices by dual ascent: a member shown less often than promised gets a bonus in every list he is a candidate of, at
   most `max_bonus`; thirty rounds over all candidates.
2. No list loses more than 1 - `min_keep` of its own best value: where it would, its bonuses are scaled down by bisection.
3. Whoever still lacks a place gets one by a min-cost flow from the lacking members over the lists that can spare one
   (their last entry that is shown more often than promised) within their remaining allowance; repeated until nobody
   lacks or nobody can spare. The promise is then exact, and where it cannot be kept the missing places are named.

Source: amortised exposure as in Biega et al. 2018 and FairRec (Patro et al. 2020), with prices in place of round robin.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from ortools.graph.python import min_cost_flow

from serai.engines.assignment.indicators import indicators
from serai.engines.assignment.types import ENGINE_VERSION, Ids, Lists, Problem, Scores, discounts

ROUNDS = 30
BLOCK = 8192
REPAIRS = 40


def lists(problem: Problem, *, prices: Scores | None = None, rounds: int = ROUNDS) -> Lists:
    """Choose k of W candidates for every list. Deterministic.

    `prices` of last time shorten the ascent. Raises ValueError for shapes that do not fit, scores that are not 0..1 or
    -inf, prices and a `max_bonus` that are not finite, members out of range and a member twice in one row.
    """
    started = time.perf_counter()
    _check(problem)
    if prices is not None and (prices.shape != (problem.members,) or not np.isfinite(prices).all()):
        raise ValueError(f"prices must be {problem.members} finite numbers.")
    ideal = _values(problem, np.zeros(problem.members, np.float32))[1]
    price = _ascend(problem, prices, rounds)
    chosen, value, scale = _limited(problem, price, ideal)
    chosen, value = _repaired(problem, chosen, value, ideal)
    kept = np.where(ideal > 0, value / np.maximum(ideal, 1e-9), 1.0).astype(np.float32)
    picked = _members(problem, chosen)
    shown = np.bincount(picked[picked >= 0], minlength=problem.members)
    bonus = np.where(picked >= 0, price[np.maximum(picked, 0)] * scale[:, None], 0).astype(np.float32)
    lacking = np.flatnonzero(shown < problem.promised)
    return Lists(
        ids=picked,
        bonus=bonus,
        prices=price,
        kept=kept,
        shown=shown,
        unreachable={int(j): int(problem.promised - shown[j]) for j in lacking},
        indicators=indicators(problem, shown, kept),
        produced_by={
            "engine": ENGINE_VERSION,
            "promised": problem.promised,
            "rounds": rounds,
            "seconds": time.perf_counter() - started,
        },
    )


def _check(problem: Problem) -> None:
    ids, scores = problem.ids, problem.scores
    if ids.ndim != 2 or ids.shape != scores.shape:
        raise ValueError(f"ids {ids.shape} and scores {scores.shape} must be one [n, W] shape.")
    if len(ids) and not ids.shape[1]:
        raise ValueError("Every list needs room for at least one candidate.")
    if problem.k < 1 or not 0 <= problem.guarantee <= 1 or not 0 <= problem.min_keep <= 1:
        raise ValueError("k must be at least 1, guarantee and min_keep between 0 and 1.")
    if not 0 <= problem.max_bonus < np.inf:
        raise ValueError("max_bonus must be a number from 0.")
    for name, values in (("groups", problem.groups), ("newcomers", problem.newcomers)):
        if values is not None and values.shape != (problem.members,):
            raise ValueError(f"{name} must hold one entry for each of {problem.members} members.")
    if problem.groups is not None and problem.groups.min(initial=0) < 0:
        raise ValueError("groups must be numbers from 0.")
    if (
        np.isnan(scores).any()
        or np.isposinf(scores).any()
        or (scores > 1).any()
        or ((scores < 0) & (scores > -np.inf)).any()
    ):
        raise ValueError("Scores must lie between 0 and 1, or be -inf where there is no candidate.")
    for rows in _blocks(problem):
        real = np.where(np.isneginf(scores[rows]), -1 - np.arange(ids.shape[1]), ids[rows])
        ordered = np.sort(real, axis=1)
        if (ordered[:, 1:] == ordered[:, :-1]).any():
            raise ValueError("A member is twice among the candidates of one list.")
        if real.max(initial=-1) >= problem.members or ids[rows].min(initial=0) < 0:
            raise ValueError(f"Candidates must be members 0 to {problem.members - 1}.")


def _blocks(problem: Problem) -> Iterator[slice]:
    return (slice(i, i + BLOCK) for i in range(0, len(problem.ids), BLOCK))


def _best(level: Scores, scores: Scores, k: int) -> NDArray[np.intp]:
    """Columns of the k highest entries of `level`, in the order of `scores`; ties go to the earlier column."""
    k = min(k, level.shape[1])
    top = np.argpartition(-level, k - 1, axis=1)[:, :k]
    top.sort(axis=1)
    return np.take_along_axis(top, np.argsort(-np.take_along_axis(scores, top, 1), axis=1, kind="stable"), 1)


def _values(problem: Problem, price: Scores, scale: Scores | None = None) -> tuple[NDArray[np.int32], Scores]:
    """Chosen columns [n, k] and the value [n] of every list, which counts true scores only."""
    n, k = len(problem.ids), min(problem.k, problem.ids.shape[1])
    weights = discounts(k)
    chosen, value = np.empty((n, k), np.int32), np.empty(n, np.float32)
    for rows in _blocks(problem):
        bonus = price[problem.ids[rows]]
        if scale is not None:
            bonus *= scale[rows, None]
        at = _best(problem.scores[rows] + bonus, problem.scores[rows], k)
        chosen[rows] = at
        value[rows] = _worth(np.take_along_axis(problem.scores[rows], at, 1), weights)
    return chosen, value


def _worth(scores: Scores, weights: Scores) -> Scores:
    """Value of rows of scores in the order shown; absent entries count nothing."""
    return np.asarray(np.where(np.isneginf(scores), 0, scores) @ weights, np.float32)


def _members(problem: Problem, chosen: NDArray[np.int32]) -> Ids:
    picked = np.take_along_axis(problem.ids, chosen, 1)
    return np.where(np.isneginf(np.take_along_axis(problem.scores, chosen, 1)), -1, picked).astype(np.int32)


def _ascend(problem: Problem, prices: Scores | None, rounds: int) -> Scores:
    price = np.zeros(problem.members, np.float32) if prices is None else np.clip(prices, 0, problem.max_bonus)
    if not problem.promised:
        return np.asarray(price, np.float32)
    # Exactly what is promised: what scaling for min_keep takes back, the repair returns at less loss than a margin.
    target = float(problem.promised)
    for round_ in range(rounds):
        picked = _members(problem, _values(problem, price)[0])
        shown = np.bincount(picked[picked >= 0], minlength=problem.members)
        step = problem.max_bonus * 0.25 / (1 + round_ / 6)
        move = np.clip((target - shown) / target, -0.5, 1.0)
        price = np.clip(price + step * move, 0, problem.max_bonus).astype(np.float32)
    return price


def _limited(problem: Problem, price: Scores, ideal: Scores) -> tuple[NDArray[np.int32], Scores, Scores]:
    """Lists under `price`, each with the largest share of its bonuses (by bisection) that keeps `min_keep`."""
    chosen, value = _values(problem, price)
    scale = np.ones(len(value), np.float32)
    poor = np.flatnonzero(value < problem.min_keep * ideal - 1e-7)
    low, high = np.zeros(len(poor), np.float32), np.ones(len(poor), np.float32)
    part = _rows(problem, poor)
    for _ in range(8 if len(poor) else 0):
        middle = np.asarray((low + high) / 2, np.float32)
        fits = _values(part, price, middle)[1] >= problem.min_keep * ideal[poor]
        low, high = np.where(fits, middle, low), np.where(fits, high, middle)
    if len(poor):
        scale[poor] = low
        chosen[poor], value[poor] = _values(part, price, low)
    return chosen, value, scale


def _rows(problem: Problem, rows: NDArray[np.intp]) -> Problem:
    return Problem(problem.ids[rows], problem.scores[rows], problem.members, problem.k)


def _repaired(
    problem: Problem, chosen: NDArray[np.int32], value: Scores, ideal: Scores
) -> tuple[NDArray[np.int32], Scores]:
    """Give every lacking member his places by swaps of least loss, until nobody lacks or nothing can be spared."""
    promised = problem.promised
    for _ in range(REPAIRS if promised else 0):
        picked = _members(problem, chosen)
        shown = np.bincount(picked[picked >= 0], minlength=problem.members)
        lacking = shown < promised
        if not lacking.any():
            break
        swaps = _swaps(problem, chosen, picked, value, ideal, shown, lacking)
        if not _swapped(problem, chosen, value, swaps):
            break
    return chosen, value


def _swaps(
    problem: Problem,
    chosen: NDArray[np.int32],
    picked: Ids,
    value: Scores,
    ideal: Scores,
    shown: NDArray[np.int64],
    lacking: NDArray[np.bool_],
) -> NDArray[np.int32]:
    """Rows (list, column in, place out) of a flow that costs least; at most one swap a list and round."""
    k, promised = chosen.shape[1], problem.promised
    weights = discounts(k)
    spare = (picked >= 0) & (shown[np.maximum(picked, 0)] > promised)
    # The last spare place of a list costs it least; lists without one cannot take part in this round.
    out = np.where(spare.any(axis=1), k - 1 - np.argmax(spare[:, ::-1], axis=1), -1)
    found: list[NDArray[np.float64]] = []
    for rows in _blocks(problem):
        at = np.argwhere(
            lacking[problem.ids[rows]] & np.isfinite(problem.scores[rows]) & (out[rows, None] >= 0)
        )
        if not len(at):
            continue
        u, column = at[:, 0] + rows.start, at[:, 1]
        here = ~(chosen[u] == column[:, None]).any(axis=1)
        u, column = u[here], column[here]
        gone = np.take_along_axis(problem.scores[u], chosen[u, out[u]][:, None], 1)[:, 0]
        loss = np.maximum(0, (gone - problem.scores[u, column]) * weights[out[u]])
        fits = value[u] - loss >= problem.min_keep * ideal[u] - 1e-7
        found.append(np.stack([u[fits], column[fits], loss[fits]], axis=1).astype(np.float64))
    if not found or not sum(map(len, found)):
        return np.empty((0, 3), np.int32)
    arcs = np.vstack(found)
    return _flow(problem, arcs, out, picked, shown, lacking)


def _flow(
    problem: Problem,
    arcs: NDArray[np.float64],
    out: NDArray[np.intp],
    picked: Ids,
    shown: NDArray[np.int64],
    lacking: NDArray[np.bool_],
) -> NDArray[np.int32]:
    u, column = arcs[:, 0].astype(np.int64), arcs[:, 1].astype(np.int64)
    j = problem.ids[u, column].astype(np.int64)
    takers, taker = np.unique(j, return_inverse=True)
    givers, giver = np.unique(u, return_inverse=True)
    gone = picked[givers, out[givers]].astype(np.int64)
    sparing, spare = np.unique(gone, return_inverse=True)
    # Nodes: source, takers, lists, members who give a place, sink.
    first_list, first_spare = 1 + len(takers), 1 + len(takers) + len(givers)
    sink = first_spare + len(sparing)
    need = problem.promised - shown[takers]
    flow = min_cost_flow.SimpleMinCostFlow()
    main = flow.add_arcs_with_capacity_and_unit_cost(
        1 + taker,
        first_list + giver,
        np.ones(len(arcs), np.int64),
        np.round(arcs[:, 2] * 1e6).astype(np.int64),
    )
    tail = np.concatenate(
        [np.zeros(len(takers)), first_list + np.arange(len(givers)), first_spare + np.arange(len(sparing))]
    )
    head = np.concatenate([1 + np.arange(len(takers)), first_spare + spare, np.full(len(sparing), sink)])
    most = np.concatenate([need, np.ones(len(givers)), shown[sparing] - problem.promised])
    flow.add_arcs_with_capacity_and_unit_cost(
        tail.astype(np.int64), head.astype(np.int64), most.astype(np.int64), np.zeros(len(tail), np.int64)
    )
    flow.set_nodes_supplies(np.array([0, sink]), np.array([int(need.sum()), -int(need.sum())]))
    if flow.solve_max_flow_with_min_cost() != flow.OPTIMAL:
        raise RuntimeError("The flow over spare places was not solved.")
    used = flow.flows(main) > 0
    return np.stack([u[used], column[used], out[u[used]]], axis=1).astype(np.int32)


def _swapped(problem: Problem, chosen: NDArray[np.int32], value: Scores, swaps: NDArray[np.int32]) -> bool:
    """Carry the swaps out in place and put the changed lists back in order of score."""
    if not len(swaps):
        return False
    u, column, place = swaps.T
    chosen[u, place] = column
    scores = np.take_along_axis(problem.scores[u], chosen[u], 1)
    order = np.argsort(-scores, axis=1, kind="stable")
    chosen[u] = np.take_along_axis(chosen[u], order, 1)
    value[u] = _worth(np.take_along_axis(scores, order, 1), discounts(chosen.shape[1]))
    return True

"""Peers for the bench: what others would do with the same instance. Never used to answer a user."""

from __future__ import annotations

import time
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from .fixed import FixedProblem, breaks_by_person, check_fixed
from .model import Model
from .place import Board, first_come
from .types import Event


@dataclass(frozen=True)
class PeerAnswer:
    value: int | None
    bound: int
    seconds: float
    proved: bool


def greedy_fixed(problem: FixedProblem) -> tuple[int, int]:
    """First come, earliest common free slot and table; (meetings placed, breaks)."""
    busy: list[set[int]] = [set(problem.forbidden.get(p, ())) for p in range(problem.participants)]
    at: list[set[int]] = [set() for _ in range(problem.participants)]
    used = [0] * problem.slots
    placed = 0
    for m in problem.meetings:
        low, high = problem.sessions[m.session] if m.session is not None else (0, problem.slots)
        for s in range(low, high):
            fits = m.slot in (None, s) and used[s] < problem.tables
            if fits and s not in busy[m.a] and s not in busy[m.b]:
                for p in (m.a, m.b):
                    busy[p].add(s)
                    at[p].add(s)
                used[s] += 1
                placed += 1
                break
    gaps = 0
    for slots in at:
        taken = sorted(slots)
        gaps += sum(1 for x, y in pairwise(taken) if y > x + 1)
    return placed, gaps


def greedy_wishes(event: Event) -> tuple[int, int]:
    """Wishes by weight, earliest common free slot; (weight, breaks)."""
    board = Board(Model(event))
    first_come(board)
    return board.weight, board.breaks()


def cp_sat(problem: FixedProblem, seconds: float, workers: int = 2) -> PeerAnswer | None:
    """CP-SAT on the run-start formulation; None where OR-Tools is missing. Runs in this process: OR-Tools
    and the HiGHS package must not meet in one, SciPy's HiGHS may."""
    try:
        from ortools.sat.python import cp_model
    except ImportError:
        return None
    began = time.monotonic()
    model = cp_model.CpModel()
    T = range(problem.slots)
    x = {}
    for i, m in enumerate(problem.meetings):
        low, high = problem.sessions[m.session] if m.session is not None else (0, problem.slots)
        for t in range(low, high):
            closed = t in problem.forbidden.get(m.a, ()) or t in problem.forbidden.get(m.b, ())
            if m.slot in (None, t) and not closed:
                x[i, t] = model.new_bool_var("")
        model.add_exactly_one(x[i, t] for t in T if (i, t) in x)
        for earlier in m.after:
            before = sum(t * x[earlier, t] for t in T if (earlier, t) in x)
            model.add(before + 1 <= sum(t * x[i, t] for t in T if (i, t) in x))
    for t in T:
        model.add(sum(x[i, t] for i in range(len(problem.meetings)) if (i, t) in x) <= problem.tables)
    starts = []
    by_person: list[list[Any]] = []
    for p in range(problem.participants):
        mine = [i for i, m in enumerate(problem.meetings) if p in (m.a, m.b)]
        if not mine:
            by_person.append([])
            continue
        used, begins = [], []
        for t in T:
            u = model.new_bool_var("")
            model.add(sum(x[i, t] for i in mine if (i, t) in x) == u)
            used.append(u)
            s = model.new_bool_var("")
            model.add(s >= u - (used[t - 1] if t else 0))
            begins.append(s)
        starts.extend(begins)
        by_person.append(begins)
    if problem.fairness is not None:
        low_var, high_var = model.new_int_var(0, problem.slots, ""), model.new_int_var(0, problem.slots, "")
        model.add(high_var - low_var <= problem.fairness)
        for begins in by_person:
            runs = sum(begins) - 1 if begins else 0
            model.add(runs <= high_var)
            model.add(runs >= low_var)
    people = sum(1 for b in by_person if b)
    model.minimize(sum(starts) - people)
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = seconds
    solver.parameters.num_workers = workers
    status = solver.solve(model)
    took = time.monotonic() - began
    if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        slots = [
            next(t for t in T if (i, t) in x and solver.value(x[i, t])) for i in range(len(problem.meetings))
        ]
        sound = next(check_fixed(problem, slots), None) is None
        value = sum(breaks_by_person(problem, slots)) if sound else None
        return PeerAnswer(value, round(solver.best_objective_bound), took, status == cp_model.OPTIMAL)
    return PeerAnswer(None, 0, took, status == cp_model.INFEASIBLE)

"""The profile bound of a fixed list: who is busy when, forgetting whom they meet, as an integer flow.

Participants with the same open slots, the same number of meetings and the same counts at every cut of
the day are one class. Its members walk through states (slot, meetings done, busy before); an arc costs
1 where a run of meetings begins. Classes are linked by the tables: the busy people of a slot are twice
its meetings. The optimum, less one run per busy participant, is a lower bound on the breaks.

`bound_without_search` takes the best of this bound, of the joint one (every meeting in it) and of
destructive improvement: a number of breaks is refuted when clause preprocessing alone ends in a
contradiction.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .encode import count_breaks, encode
from .fixed import ContradictionError, Domains, FixedProblem, meetings_over
from .packages import SCIPY, not_installed

if TYPE_CHECKING:
    from scipy.sparse import csr_array

UNSATISFIABLE = 20
PREPROCESSING_ROUNDS = 2

Key = tuple[int, int, tuple[int, ...], tuple[int, ...]]


@dataclass(frozen=True)
class ProfileResult:
    bound: int
    proved: bool
    per_slot: tuple[int, ...]
    """Meetings per slot in the relaxed optimum."""


def profile_key(problem: FixedProblem, domains: Domains, p: int) -> Key:
    """(open slots, slots surely busy, fewest done, most done after each slot) of one participant."""
    meetings = domains.of[p]
    free = sure = 0
    for i in meetings:
        free |= domains.slots[i]
        if domains.slots[i].bit_count() == 1:
            sure |= domains.slots[i]
    least, most = meetings_over(problem, domains, p)
    return free, sure, tuple(least), tuple(most)


def profile_bound(
    problem: FixedProblem, domains: Domains, time_limit_s: float, *, integral: bool = True
) -> ProfileResult:
    """A proved lower bound on the breaks. Raises ContradictionError if not even profiles fit the tables.

    Without `integral` only the linear relaxation is solved: nearly as good, much quicker. Raises ImportError
    where SciPy is missing.
    """
    classes: Counter[Key] = Counter(
        profile_key(problem, domains, p) for p in range(problem.participants) if domains.of[p]
    )
    if not classes:
        return ProfileResult(0, True, (0,) * problem.slots)
    flow = _Flow(problem.slots)
    for key, members in sorted(classes.items()):
        flow.add_class(key, members)
    low, high = _meetings_per_slot(problem, domains)
    flow.link(low, high)
    result = flow.solve(time_limit_s, integral)
    people = sum(classes.values())
    if result is None:
        raise ContradictionError(
            f"The {problem.tables} tables of each slot cannot seat everybody's meetings in their open slots."
        )
    value, proved, per_slot = result
    return ProfileResult(max(0, int(np.ceil(value - 1e-6)) - people), proved, per_slot)


def joint_bound(problem: FixedProblem, domains: Domains, time_limit_s: float) -> ProfileResult:
    """The profile bound with every meeting in it: a linear programme in which each person's flow is busy
    exactly where her meetings are. Never below the linear profile bound, and much above it where many
    meetings are fixed; dearer, since nobody shares a class.
    """
    flow = _Flow(problem.slots)
    x: dict[tuple[int, int], int] = {}
    for m, mask in enumerate(domains.slots):
        for t in range(problem.slots):
            if mask >> t & 1:
                x[m, t] = flow.column(0.0, 1.0)
    people = 0
    for p in range(problem.participants):
        if not domains.of[p]:
            continue
        people += 1
        before = [len(b) for b in flow.busy]
        flow.add_class(profile_key(problem, domains, p), 1)
        for t in range(problem.slots):
            busy = flow.busy[t][before[t] :]
            meetings = [x[m, t] for m in domains.of[p] if (m, t) in x]
            if busy or meetings:
                row = flow.row(0.0, 0.0)
                flow.entries.extend((row, c, 1.0) for c in busy)
                flow.entries.extend((row, c, -1.0) for c in meetings)
    for m in range(len(problem.meetings)):
        row = flow.row(1.0, 1.0)
        flow.entries.extend((row, x[m, t], 1.0) for t in range(problem.slots) if (m, t) in x)
    for t in range(problem.slots):
        row = flow.row(0.0, float(problem.tables))
        flow.entries.extend((row, x[m, t], 1.0) for m in range(len(problem.meetings)) if (m, t) in x)
    result = flow.solve_inside(time_limit_s)
    if result is None:
        raise ContradictionError("The meetings do not fit the tables and everybody's open slots.")
    value, proved, _ = result
    return ProfileResult(max(0, int(np.ceil(value - 1e-6)) - people), proved, ())


def bound_without_search(problem: FixedProblem, domains: Domains, time_limit_s: float) -> int:
    """The best lower bound on the breaks that branches over no schedule: profile, joint, then destructive.

    Raises ContradictionError where a relaxation shows that nothing fits. Each bound has the time limit.
    Where SciPy or python-sat is missing, the others have to do.
    """
    if not_installed(SCIPY):
        return improve_destructively(problem, domains, 0, time_limit_s)
    bound = profile_bound(problem, domains, time_limit_s).bound
    bound = max(bound, joint_bound(problem, domains, time_limit_s).bound)
    return improve_destructively(problem, domains, bound, time_limit_s)


def improve_destructively(problem: FixedProblem, domains: Domains, bound: int, time_limit_s: float) -> int:
    """Raises a lower bound as long as "no more breaks than this" is refuted by preprocessing its clauses:
    failed literals (one literal is tried, never two), vivification, resolution of variables; no search.

    Destructive improvement is due to R. Klein and A. Scholl, "Computing lower bounds by destructive
    improvement", European Journal of Operational Research 112 (1999).
    """
    try:
        from pysat.solvers import Cadical195
    except ImportError:
        return bound
    deadline = time.monotonic() + time_limit_s
    f = encode(problem, domains)
    clauses, variables = len(f.clauses), f.variables
    while bound < len(f.soft) and time.monotonic() < deadline:
        outputs = count_breaks(f, bound)
        with Cadical195(bootstrap_with=[*f.clauses, [-outputs[bound]]]) as solver:
            state, _ = solver.process(rounds=PREPROCESSING_ROUNDS)
        if state != UNSATISFIABLE:
            break
        bound += 1
        # The counter of one bound is no use to the next.
        del f.clauses[clauses:]
        f.variables = variables
    return bound


def _meetings_per_slot(problem: FixedProblem, domains: Domains) -> tuple[list[int], list[int]]:
    low, high = [0] * problem.slots, [0] * problem.slots
    for mask in domains.slots:
        for t in range(problem.slots):
            high[t] += mask >> t & 1
        if mask.bit_count() == 1:
            low[mask.bit_length() - 1] += 1
    return low, [min(problem.tables, h) for h in high]


class _Flow:
    """Columns and rows of the linked flows."""

    def __init__(self, slots: int) -> None:
        self.slots = slots
        self.cost: list[float] = []
        self.upper: list[float] = []
        self.lower: list[float] = []
        self.entries: list[tuple[int, int, float]] = []
        self.low: list[float] = []
        self.high: list[float] = []
        self.busy: list[list[int]] = [[] for _ in range(slots)]
        self.z: list[int] = []

    def column(self, cost: float, upper: float, lower: float = 0.0) -> int:
        self.cost.append(cost)
        self.upper.append(upper)
        self.lower.append(lower)
        return len(self.cost) - 1

    def row(self, low: float, high: float) -> int:
        self.low.append(low)
        self.high.append(high)
        return len(self.low) - 1

    def add_class(self, key: Key, members: int) -> None:
        free, sure, least, most = key
        total = most[-1]
        into: dict[tuple[int, bool], list[int]] = {}
        for t in range(self.slots):
            sources = [(0, False)] if t == 0 else list(into)
            new: dict[tuple[int, bool], list[int]] = {}
            out: dict[tuple[int, bool], list[int]] = {s: [] for s in sources}
            for k, busy in sources:
                for goes in (False, True):
                    if (goes and not free >> t & 1) or (not goes and sure >> t & 1):
                        continue
                    done = k + goes
                    if not least[t] <= done <= most[t]:
                        continue
                    column = self.column(float(goes and not busy), members)
                    if goes:
                        self.busy[t].append(column)
                    out[k, busy].append(column)
                    new.setdefault((done, goes), []).append(column)
            for state, columns in out.items():
                if t == 0:
                    row = self.row(members, members)
                else:
                    row = self.row(0.0, 0.0)
                    self.entries.extend((row, c, -1.0) for c in into[state])
                self.entries.extend((row, c, 1.0) for c in columns)
            into = new
        row = self.row(members, members)
        for (done, _), columns in into.items():
            if done == total:
                self.entries.extend((row, c, 1.0) for c in columns)

    def link(self, low: list[int], high: list[int]) -> None:
        for t in range(self.slots):
            z = self.column(0.0, high[t], low[t])
            self.z.append(z)
            row = self.row(0.0, 0.0)
            self.entries.extend((row, c, 1.0) for c in self.busy[t])
            self.entries.append((row, z, -2.0))

    def matrix(self) -> csr_array:
        from scipy.sparse import csr_array

        rows, columns, values = zip(*self.entries, strict=True)
        return csr_array((values, (rows, columns)), shape=(len(self.low), len(self.cost)))

    def solve_inside(self, time_limit_s: float) -> tuple[float, bool, tuple[int, ...]] | None:
        """The linear programme by interior points: a quarter of the simplex method's time where every
        person has a flow of her own."""
        from scipy.optimize import linprog

        matrix, low, high = self.matrix(), np.array(self.low), np.array(self.high)
        equal = low == high
        result = linprog(  # type: ignore[call-overload]  # its types know no sparse arrays
            np.array(self.cost),
            A_eq=matrix[equal],
            b_eq=low[equal],
            A_ub=matrix[~equal],
            b_ub=high[~equal],
            bounds=np.column_stack([self.lower, self.upper]),
            method="highs-ipm",
            options={"time_limit": time_limit_s},
        )
        if result.status == 2:
            return None
        return (float(result.fun), True, ()) if result.status == 0 else (0.0, False, ())

    def solve(self, time_limit_s: float, integral: bool) -> tuple[float, bool, tuple[int, ...]] | None:
        from scipy.optimize import Bounds, LinearConstraint, milp

        result = milp(
            np.array(self.cost),
            integrality=np.full(len(self.cost), int(integral), dtype=np.int64),
            bounds=Bounds(np.array(self.lower), np.array(self.upper)),
            constraints=LinearConstraint(self.matrix(), self.low, self.high),
            options={"time_limit": time_limit_s, "mip_rel_gap": 0.0},
        )
        if result.status == 2:
            return None
        per_slot = () if result.x is None else tuple(round(float(x)) for x in result.x[self.z])
        bound = result.mip_dual_bound if integral else (result.fun if result.status == 0 else None)
        return float(bound if bound is not None and np.isfinite(bound) else 0.0), result.status == 0, per_slot

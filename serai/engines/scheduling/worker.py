"""One arm of the race, in a process of its own that can be killed; `sys.argv[1]` names it.

Reads a problem as JSON from standard input, writes one JSON object per line: `bound`, `slots` (a
schedule), `infeasible`, `engine`, `missing` (a solver package is not there).
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

from .child import die_with_parent
from .encode import Formula, count_breaks, encode, slots_of_model
from .fixed import ContradictionError, Domains, FixedProblem, check_fixed, propagate, read_fixed

Emit = Callable[..., None]
MAXSAT_OPTIMUM, MAXSAT_UNSATISFIABLE = 30, 20
SAT_SOLVER = "cadical195"
FIRST_WIDTH = 16
"""Breaks the first counter tells apart; doubled when they are not enough."""
FEW_BREAKS = 3
"""Up to this many levels the limit on breaks is a clause of a solver of its own."""


def main() -> None:
    die_with_parent()
    data = json.load(sys.stdin)
    problem = read_fixed(data["problem"])

    def emit(**message: Any) -> None:
        sys.stdout.write(json.dumps(message) + "\n")
        sys.stdout.flush()

    try:
        domains = propagate(problem)
        arm = ARMS[sys.argv[1]]
        if arm is local_search:
            local_search(problem, domains, emit, int(data["seed"]), float(data["seconds"]))
        else:
            arm(problem, domains, emit)
    except ContradictionError as error:
        emit(infeasible=str(error))


def bound_by_profiles(problem: FixedProblem, domains: Domains, emit: Emit) -> None:
    """The profile bound as a linear programme: it sees at once what clauses cannot count."""
    # Loads SciPy, which the other arms do without.
    from .profile import profile_bound

    try:
        bound = profile_bound(problem, domains, 30.0, integral=False).bound
    except ImportError:
        emit(missing="SciPy (profile bound)")
        return
    emit(bound=bound, engine="HiGHS (profile bound)")


def sat_upwards(problem: FixedProblem, domains: Domains, emit: Emit) -> None:
    """SAT calls that allow no break, one, two and so on: refutations are cheap where breaks count by rank.

    A limit that is a clause lets the solver simplify with it, which finds schedules sooner; assumed limits
    keep what was learnt, which pays on a long climb, and tell whether the limit was to blame at all.
    """
    try:
        from pysat.solvers import Solver
    except ImportError:
        emit(missing="python-sat")
        return
    emit(engine=f"SAT {SAT_SOLVER}")
    f = encode(problem, domains)

    def schedule_within(output: int) -> list[int] | None:
        """The schedule of a solver of its own with the limit as a clause."""
        with Solver(name=SAT_SOLVER, bootstrap_with=[*f.clauses, [-output]]) as simplified:
            if not simplified.solve():
                return None
            return slots_of_model(f, simplified.get_model(), len(problem.meetings))

    most = 0
    if f.soft:
        # Half of all lists need no break and no second solver.
        clauses, variables = len(f.clauses), f.variables
        slots = schedule_within(count_breaks(f, min(FIRST_WIDTH, len(f.soft)))[0])
        if slots is not None:
            emit(slots=slots)
            return
        del f.clauses[clauses:]
        f.variables = variables
    while True:
        width = max(2 * most, FIRST_WIDTH)
        clauses = len(f.clauses)
        outputs = count_breaks(f, min(width, len(f.soft)))
        with Solver(name=SAT_SOLVER, bootstrap_with=f.clauses) as solver:
            while most < min(width, len(outputs)):
                if 0 < most < FEW_BREAKS:
                    slots = schedule_within(outputs[most])
                    if slots is not None:
                        emit(slots=slots)
                        return
                if solver.solve(assumptions=[-outputs[most]]):
                    emit(slots=slots_of_model(f, solver.get_model(), len(problem.meetings)))
                    return
                if not solver.get_core() and not solver.solve():
                    # Refuted without the limit on breaks: nothing fits, however many there are.
                    emit(infeasible="No schedule keeps every rule (refuted by search).")
                    return
                most += 1
                emit(bound=most)
            if most >= len(outputs):
                if solver.solve():
                    emit(slots=slots_of_model(f, solver.get_model(), len(problem.meetings)))
                else:
                    emit(infeasible="No schedule keeps every rule (refuted by search).")
                return
        del f.clauses[clauses:]


def maxsat(problem: FixedProblem, domains: Domains, emit: Emit) -> None:
    """Core-guided MaxSAT: UWrMaxSat, or RC2 where its package is missing."""
    f = encode(problem, domains)
    _maxsat(f, f.soft, problem, emit)


def published(problem: FixedProblem, domains: Domains, emit: Emit) -> None:
    """The published encoding alone: one soft literal per slot in which a break can end (for the bench)."""
    f = encode(problem, domains, published=True)
    _maxsat(f, [gap for gaps in f.gaps_of.values() for gap in gaps], problem, emit)


def _maxsat(f: Formula, soft: list[int], problem: FixedProblem, emit: Emit) -> None:
    try:
        from hermax.core import urmaxsat_py
    except ImportError:
        emit(missing="hermax (UWrMaxSat)")
        _rc2(f, soft, problem, emit)
        return
    emit(engine="UWrMaxSat")
    solver = urmaxsat_py.UWrMaxSAT()
    for clause in f.clauses:
        solver.addClause(clause, None)
    for literal in soft:
        solver.addClause([-literal], 1)
    result = int(solver.solve())
    if result == MAXSAT_UNSATISFIABLE:
        emit(infeasible="No schedule keeps every rule (refuted by search).")
    elif result == MAXSAT_OPTIMUM:
        true = [v for v in f.x.values() if solver.getValue(v)]
        emit(slots=slots_of_model(f, true, len(problem.meetings)), optimal=True)


def _rc2(f: Formula, soft: list[int], problem: FixedProblem, emit: Emit) -> None:
    try:
        from pysat.examples.rc2 import RC2
        from pysat.formula import WCNF
    except ImportError:
        emit(missing="python-sat (RC2)")
        return
    emit(engine="RC2")
    formula = WCNF()
    formula.extend(f.clauses)
    for literal in soft:
        formula.append([-literal], weight=1)
    with RC2(formula, solver="glucose4") as solver:
        model = solver.compute()
        if model is None:
            emit(infeasible="No schedule keeps every rule (refuted by search).")
        else:
            emit(slots=slots_of_model(f, model, len(problem.meetings)), optimal=True)


def local_search(
    problem: FixedProblem, domains: Domains, emit: Emit, seed: int = 0, seconds: float = 1.0
) -> None:
    """A schedule by insertion, chains and annealing. Silent if it places not all, if the list has
    precedences or if the schedule is not fair enough: this search knows neither rule."""
    import random

    from .breaks import BreakSearch
    from .model import Model
    from .place import Board, Placer
    from .types import Event, Person, Slot, Wish

    if any(m.after for m in problem.meetings):
        return
    every = frozenset(range(problem.slots))
    event = Event(
        slots=(Slot(),) * problem.slots,
        tables_per_slot=(problem.tables,) * problem.slots,
        people=tuple(
            Person(str(p), open_slots=every - problem.forbidden.get(p, frozenset()))
            for p in range(problem.participants)
        ),
        wishes=tuple(
            Wish(str(i), str(m.a), str(m.b), slots=_starts(problem, i))
            for i, m in enumerate(problem.meetings)
        ),
    )
    model = Model(event)
    if any(not options for options in model.options_of):
        return
    board = Board(model)
    deadline = time.monotonic() + seconds
    placer = Placer(board, random.Random(seed))
    left = placer.place_all((options[0] for options in model.options_of), deadline)
    if left and placer.eject(left, deadline):
        return
    search = BreakSearch(board, seed)
    search.run(deadline)
    placed = search.placed()
    slots = [placed[i][1] for i in range(len(problem.meetings))]
    if next(check_fixed(problem, slots), None) is None:
        emit(slots=slots)


def _starts(problem: FixedProblem, i: int) -> frozenset[int] | None:
    m = problem.meetings[i]
    if m.slot is not None:
        return frozenset({m.slot})
    if m.session is not None:
        return frozenset(range(*problem.sessions[m.session]))
    return None


ARMS: dict[str, Callable[..., None]] = {
    "sat": sat_upwards,
    "profile": bound_by_profiles,
    "maxsat": maxsat,
    "published": published,
    "local search": local_search,
}

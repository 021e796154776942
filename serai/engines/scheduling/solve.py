"""From an event to a plan: choose wishes, place them, lower the breaks, prove what can be proved."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from .bounds import breaks_bound
from .breaks import BreakSearch
from .choose import Choice, Chooser
from .conflict import PromisedSlots, contradicting_musts, promises_of, shrink
from .explain import conflict_of, find_option, reasons_for
from .model import Model
from .place import STEP_S, Board, Placer, first_come, restore, slots
from .programme import Solver
from .rules import total_breaks, validate
from .seats import seat
from .types import (
    DEFAULT_OBJECTIVE,
    ENGINE_VERSION,
    Event,
    InvalidEventError,
    Level,
    Plan,
    PlannedMeeting,
    Progress,
    ProgressCallback,
    Reason,
)
from .windows import Windows, useful_options

CONFLICT_LIMIT_S = 5.0
# Windows per second of the time limit; steps, not the clock, should end the search, so that the same seed
# gives the same plan.
WINDOWS_PER_S = 3
# Shares of the time limit for ejection, for choosing again, in so many rounds, for slots of promises that found
# none, and for the first bound.
EJECT_SHARE, AGAIN_SHARE, AGAIN_ROUNDS, PROMISE_SHARE, BOUND_SHARE = 0.15, 0.1, 3, 0.2, 0.05
# Share of the time limit that the annealing's sweeps are planned for, where placing was hard and where it
# was not. The rest is for placing, the bound, and slower machines.
HARD_SHARE, EASY_SHARE = 0.3, 0.6


def solve(
    event: Event,
    *,
    objective: Sequence[Level] = DEFAULT_OBJECTIVE,
    time_limit_s: float = 20.0,
    seed: int = 0,
    workers: int = 2,
    start: Plan | None = None,
    frozen: Collection[str] = (),
    progress: ProgressCallback | None = None,
) -> Plan:
    """A plan for the event: which wishes meet, when, at which table, with which interpreter.

    The levels of `objective` come one after the other: musts, guarantees, granted weight, first wishes
    for as many people as possible, breaks; leave "fairness" or "breaks" out to skip that work.
    `frozen` wish ids keep the meeting they have in `start`; the rest of `start` is a first guess.
    One process searches and HiGHS works beside it, whatever `workers` says.

    Raises InvalidEventError for an event that contradicts itself or an unknown level or frozen wish.
    An event whose promises cannot all hold is not an error: the plan says "infeasible" and why.
    """
    unknown = [x for x in objective if x not in DEFAULT_OBJECTIVE]
    if unknown:
        raise InvalidEventError(f"objective: {unknown[0]!r} is not one of {', '.join(DEFAULT_OBJECTIVE)}")
    if not 0 < time_limit_s < math.inf:
        raise InvalidEventError(f"time_limit_s: {time_limit_s} is not a number of seconds above 0")
    validate(event)
    if "fairness" not in objective:
        event = replace(event, rules=replace(event.rules, guarantee_count=0))
    with Solver(time.monotonic() + time_limit_s) as solver:
        run = _Run(event, objective, time_limit_s, seed, workers, progress, solver)
        return run.plan(start, frozenset(frozen))


def seat_all(
    board: Board, keep: Mapping[str, PlannedMeeting], frozen: Collection[str] = ()
) -> tuple[tuple[PlannedMeeting, ...], tuple[int, ...]]:
    """Tables and interpreters for the board. Meetings nobody is left for leave it, and give their place to
    what their two people wished too; those that left are the second answer.

    Slot by slot there are interpreters enough, but long meetings need one for all their slots.
    """
    model = board.model
    wishes = model.event.wishes
    meetings, unserved = seat(model, board.placed, keep)
    left = [(w, *board.take(w)) for w in unserved]
    for w, i, there in left:
        ends = {model.options[i].a, model.options[i].b}
        others = sorted(
            (
                x
                for x in range(len(wishes))
                if x not in board.placed and wishes[x].weight >= 0 and wishes[x].id not in frozen
            ),
            key=lambda x: (-wishes[x].weight, x),
        )
        places = (
            (j, t)
            for x in others
            for j in model.options_of[x]
            if ends & {model.options[j].a, model.options[j].b}
            for t in slots(board.allowed_starts(j))
            if x not in board.placed and (x, t) != (w, there) and board.fits(j, t)
        )
        for j, t in places:
            board.put(j, t)
            again, still = seat(model, board.placed, {m.wish: m for m in meetings})
            if still:
                board.take(model.options[j].wish)
            else:
                meetings = again
    return meetings, tuple(w for w, _, _ in left if w not in board.placed)


class _Run:
    """One call of `solve`: the clock, the trace, and the stages."""

    def __init__(
        self,
        event: Event,
        objective: Sequence[Level],
        time_limit_s: float,
        seed: int,
        workers: int,
        progress: ProgressCallback | None,
        solver: Solver,
    ) -> None:
        self.event, self.objective = event, objective
        self.solver = solver
        self.began = time.monotonic()
        self.time_limit_s = time_limit_s
        self.deadline = self.began + time_limit_s
        self.seed, self.workers = seed, workers
        self.progress = progress
        self.trace: list[Progress] = []
        self.frozen: Collection[str] = ()
        self.stopped = False
        self.model = Model(event)
        self.chooser = Chooser(self.model, solver)
        self.in_time = True
        """Whether steps, not the clock, ended every stage: then the same seed gives the same plan."""

    def plan(self, start: Plan | None, frozen: frozenset[str]) -> Plan:
        model, self.frozen = self.model, frozen
        board = Board(model)
        kept = self._put_frozen(board, start, frozen)
        fixed = frozenset(board.placed[w][0] for w in kept)
        choice, conflict = self._choose(fixed)
        self._report("chosen", 0, choice.weight_bound, 0, 0)
        if start is not None:
            self._warm_start(board, start, choice)
        placer = Placer(board, random.Random(self.seed), kept)
        waiting = [i for i in choice.options if model.options[i].wish not in board.placed]
        left = placer.place_all(waiting, self.deadline)
        self._report("placing", board.weight, choice.weight_bound, board.breaks(), 0)
        if left and not self.stopped:
            until = self._share(EJECT_SHARE)
            left = placer.eject(left, until, self._steps(EJECT_SHARE))
            self.in_time &= time.monotonic() < until
            self._report("placing", board.weight, choice.weight_bound, board.breaks(), 0)
        self._fill(placer)
        if left and not conflict and not self.stopped:
            self._choose_again(placer, choice, fixed, left)
            self._report("placing", board.weight, choice.weight_bound, board.breaks(), 0)
        goal = self._goal(choice)
        hard = board.weight < goal
        if hard:
            self._floor(board, kept)
            self._report("placing", board.weight, choice.weight_bound, board.breaks(), 0)
        if any(self._shortfall(board)) and not conflict and not self.stopped:
            self._keep_promises(placer)
            self._report("placing", board.weight, choice.weight_bound, board.breaks(), 0)
        if board.weight < goal and not self.stopped:
            self._windows(placer, choice, goal)
        self._report("placed", board.weight, choice.weight_bound, board.breaks(), 0)
        bound = 0
        if "breaks" in self.objective and not self.stopped:
            bound = self._lower_breaks(board, choice, kept, hard)
        return self._finish(board, choice, conflict, bound, start)

    def _goal(self, choice: Choice) -> int:
        """The weight to search for: weight that fairness was allowed to cost must not be won back from it."""
        rules = self.event.rules
        paid = rules.guarantee_count > 0 and rules.fairness_cost > 0
        return choice.weight if paid else choice.weight_bound

    def _steps(self, share: float) -> int:
        """Steps of an ejection that a slow core does in two thirds of this share of the time limit."""
        return max(1, round(share * self.time_limit_s / (1.5 * STEP_S)))

    def _share(self, share: float) -> float:
        return min(self.deadline, time.monotonic() + share * self.time_limit_s)

    def _put_frozen(self, board: Board, start: Plan | None, frozen: frozenset[str]) -> set[int]:
        number = {w.id: i for i, w in enumerate(self.event.wishes)}
        meetings = {} if start is None else {m.wish: m for m in start.meetings}
        kept = set()
        for wish in sorted(frozen):
            m = meetings.get(wish)
            if m is None or wish not in number:
                raise InvalidEventError(f"frozen: wish {wish} has no meeting in the plan to start from")
            option = find_option(self.model, number[wish], m.a, m.b, m.hall)
            if option is None or not board.fits(option, m.slot):
                raise InvalidEventError(f"frozen: wish {wish} cannot stay in slot {m.slot}")
            board.put(option, m.slot)
            kept.add(number[wish])
        return kept

    def _choose(self, fixed: frozenset[int]) -> tuple[Choice, tuple[str, ...]]:
        chooser = self.chooser
        limit = 0.5 * self.time_limit_s
        conflict = conflict_of(self.event, self.model)
        choice = None if conflict else chooser.choose(time_limit_s=limit, fixed=fixed)
        if choice is None:
            if not conflict and chooser.refuted:
                conflict = self._contradiction(chooser)
            choice = chooser.choose_without_promises(time_limit_s=limit, fixed=fixed)
        return choice, conflict

    def _contradiction(self, chooser: Chooser) -> tuple[str, ...]:
        """A smallest set of promises that cannot hold together, in words."""
        deadline = time.monotonic() + CONFLICT_LIMIT_S
        self.solver.deadline = max(self.solver.deadline, deadline)
        kept = shrink(chooser.promises(), lambda keep: chooser.contradict(keep, CONFLICT_LIMIT_S), deadline)
        found = ["These promises cannot hold together within the limits, tables and open slots:"]
        for kind, i in kept:
            if kind == "must":
                w = self.event.wishes[i]
                found.append(f"Wish {w.id} between {w.a} and {w.b} must be granted.")
            else:
                p = self.event.people[i]
                found.append(f"{p.id} is guaranteed {p.min_meetings} meetings.")
        return tuple(found)

    def _warm_start(self, board: Board, start: Plan, choice: Choice) -> None:
        number = {w.id: i for i, w in enumerate(self.event.wishes)}
        chosen = {self.model.options[i].wish for i in choice.options}
        for m in start.meetings:
            w = number.get(m.wish)
            if w is None or w not in chosen or w in board.placed:
                continue
            option = find_option(self.model, w, m.a, m.b, m.hall)
            if option is not None and board.fits(option, m.slot):
                board.put(option, m.slot)

    def _choose_again(self, placer: Placer, choice: Choice, fixed: frozenset[int], left: list[int]) -> None:
        """While the granted weight is below the choice's: tied wishes instead of those without a slot."""
        board, model = placer.board, self.model
        until = self._share(AGAIN_SHARE)
        best, best_weight = board.copy_placed(), board.weight
        chooser = self.chooser
        avoid: dict[int, None] = dict.fromkeys(left)
        for _ in range(AGAIN_ROUNDS):
            if best_weight >= choice.weight or self.stopped or time.monotonic() > until:
                break
            placed = [option for option, _ in board.placed.values()]
            again = chooser.choose_near(placed, avoid, fixed, max(0.5, until - time.monotonic()))
            if again is None:
                break
            wanted = {model.options[i].wish: i for i in again}
            for w in list(board.placed):
                if wanted.get(w) != board.placed[w][0] and w not in placer.frozen:
                    board.take(w)
            waiting = [i for w, i in wanted.items() if w not in board.placed]
            steps = self._steps(AGAIN_SHARE / AGAIN_ROUNDS)
            left = placer.eject(placer.place_all(waiting, until), until, steps)
            self._fill(placer)
            if board.weight > best_weight:
                best, best_weight = board.copy_placed(), board.weight
            if not left:
                break
            avoid.update(dict.fromkeys(left))
        self.in_time &= time.monotonic() < until
        restore(board, best)

    def _fill(self, placer: Placer) -> None:
        """Wishes beyond the choice that still fit, the heaviest first; before all others those of people
        below their guarantee, which only a choice cut short leaves so."""
        board, model, event = placer.board, self.model, self.event
        wishes, promised = event.wishes, [p.min_meetings for p in event.people]
        order = sorted(range(len(wishes)), key=lambda w: (not wishes[w].must, -wishes[w].weight, w))

        def short(i: int) -> bool:
            return any(board.count[p] < promised[p] for p in (model.options[i].a, model.options[i].b))

        for w in order:
            if w not in board.placed:
                any(placer.insert(i) or placer.insert_by_chain(i) for i in model.options_of[w] if short(i))
        for w in order:
            if w not in board.placed and wishes[w].weight >= 0:
                any(placer.insert(i) for i in model.options_of[w])

    def _floor(self, board: Board, kept: set[int]) -> None:
        """Never less than first come, first served, whatever the clock cut short.

        Promises go before weight; weight that fairness was allowed to cost is not missed.
        """
        greedy = Board(self.model)
        for w in kept:
            greedy.put(*board.placed[w])
        first_come(greedy)
        rules = self.event.rules
        share = 1.0 - rules.fairness_cost if rules.guarantee_count > 0 else 1.0
        ours, theirs = self._shortfall(board), self._shortfall(greedy)
        if theirs < ours or (theirs == ours and board.weight < share * greedy.weight):
            restore(board, greedy.placed)

    def _shortfall(self, board: Board) -> tuple[int, int]:
        """Musts without a meeting, and meetings missing from guarantees."""
        event = self.event
        musts = sum(1 for w, wish in enumerate(event.wishes) if wish.must and w not in board.placed)
        return musts, sum(max(0, x.min_meetings - board.count[p]) for p, x in enumerate(event.people))

    def _keep_promises(self, placer: Placer) -> None:
        """Slots for what is promised, by an exact programme; everything else gives way and fills up what is left."""
        board = placer.board
        kept = {w: board.placed[w] for w in placer.frozen}
        promised = PromisedSlots(self.event, self.solver, kept)
        found = promised.keep(promises_of(self.event), self._share(PROMISE_SHARE))
        self.in_time &= promised.in_time
        if found is None:
            return
        before = board.copy_placed()
        restore(board, kept)
        for i, t in found:
            if not board.fits(i, t):
                restore(board, before)
                return
            board.put(i, t)
        for w, (i, t) in before.items():
            if w not in board.placed and board.fits(i, t):
                board.put(i, t)
        self._fill(placer)

    def _windows(self, placer: Placer, choice: Choice, goal: int) -> None:
        """Weight that placing lost, by exact windows."""
        linear = self.chooser.linear
        useful = useful_options(self.model, None if linear is None else linear.cost_of_granting)
        windows = Windows(placer.board, self.solver, random.Random(self.seed), placer.frozen, useful)
        rounds = round(WINDOWS_PER_S * self.time_limit_s)

        def report() -> bool:
            board = placer.board
            self._report("windows", board.weight, choice.weight_bound, board.breaks(), 0)
            return self.stopped

        self.in_time &= windows.run(self._share(0.4), goal, rounds, report)

    def _lower_breaks(self, board: Board, choice: Choice, kept: set[int], hard: bool) -> int:
        now, until = board.breaks(), self._share(BOUND_SHARE)
        bound, prices = breaks_bound(self.model, board.placed, until, best_known=now)
        self.in_time &= time.monotonic() < until
        self._report("breaks", board.weight, choice.weight_bound, now, bound)
        reserve = 0.08 * self.time_limit_s
        if time.monotonic() > self.deadline - reserve:
            # Setting the annealing up takes longer than very short limits.
            self.in_time = False
            return bound
        search = BreakSearch(board, self.seed, kept)

        def report(best: int) -> bool:
            self._report("breaks", search.best_weight, choice.weight_bound, best, bound)
            return self.stopped

        # The bound holds for the chosen meetings: those exchanged for others need a new one at the end.
        # From the limit alone, not from what is left: the same seed gives the same sweeps.
        sweeps = search.sweeps_in((HARD_SHARE if hard else EASY_SHARE) * self.time_limit_s)
        self.in_time &= search.run(self.deadline - reserve, report, floor=bound, sweeps=sweeps)
        restore(board, search.placed())
        now = board.breaks()
        bound, _ = breaks_bound(self.model, board.placed, self.deadline, best_known=now, price=prices)
        self._report("breaks", board.weight, choice.weight_bound, now, bound)
        return bound

    def _finish(
        self,
        board: Board,
        choice: Choice,
        conflict: tuple[str, ...],
        bound: int,
        start: Plan | None,
    ) -> Plan:
        event, model = self.event, self.model
        keep = {} if start is None else {m.wish: m for m in start.meetings}
        before = board.copy_placed()
        meetings, _ = seat_all(board, keep, self.frozen)
        weight = sum(event.wishes[w].weight for w in board.placed)
        breaks = total_breaks(event, meetings)
        granted = {m.wish for m in meetings}
        if bound and board.placed != before:
            bound, _ = breaks_bound(model, board.placed, time.monotonic() + 0.5, best_known=breaks)
        open_promises = conflict or self._broken_promises(board, granted)
        if open_promises and not conflict:
            conflict = contradicting_musts(event, time.monotonic() + CONFLICT_LIMIT_S)
        best_weight = weight >= choice.weight_bound
        if conflict:
            status, proof = "infeasible", "; ".join(conflict)
        elif open_promises:
            status, proof = "unknown", "; ".join(open_promises)
        elif best_weight and breaks <= bound:
            status, proof = "optimal", "weight meets the b-matching bound, breaks meet the profile bound"
        else:
            status = "feasible"
            proof = "b-matching bound on weight, profile bound on the breaks of these meetings"
        seconds = time.monotonic() - self.began
        self._report("done", weight, choice.weight_bound, breaks, bound)
        return Plan(
            meetings=meetings,
            weight=weight,
            weight_bound=max(choice.weight_bound, weight),
            breaks=breaks,
            breaks_bound=bound,
            status=status,  # type: ignore[arg-type]
            proof=proof,
            reasons=self._reasons(board),
            conflict=tuple(conflict),
            seconds=seconds,
            engine={
                "name": "serai.engines.scheduling",
                "version": ENGINE_VERSION,
                "seed": self.seed,
                "time_limit_s": self.time_limit_s,
                "workers": self.workers,
                "objective": list(self.objective),
                "choice_proved": choice.exact,
                "in_time": self.in_time and self.chooser.in_time,
                "notes": list(dict.fromkeys(self.solver.notes)),
            },
            trace=tuple(self.trace),
        )

    def _broken_promises(self, board: Board, granted: set[str]) -> tuple[str, ...]:
        found = [
            f"wish {w.id} must be granted and found no slot"
            for w in self.event.wishes
            if w.must and w.id not in granted
        ]
        for p, person in enumerate(self.event.people):
            if board.count[p] < person.min_meetings:
                found.append(
                    f"{person.id} is guaranteed {person.min_meetings} meetings and got {board.count[p]}"
                )
        return tuple(found)

    def _reasons(self, board: Board) -> tuple[Reason, ...]:
        return reasons_for(self.model, board)

    def _report(self, stage: str, weight: int, weight_bound: int, breaks: int, breaks_bound: int) -> None:
        step = Progress(time.monotonic() - self.began, stage, weight, weight_bound, breaks, breaks_bound)
        self.trace.append(step)
        if self.progress is not None and self.progress(step):
            self.stopped = True

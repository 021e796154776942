"""Which wishes to grant, slots left aside: a b-matching with upper and lower loads, and its proved bound.

Variables are the options of each wish. Rows: one option per wish; nobody busier than her day allows;
limits and guarantees; every shared row summed over the slots. Dropping the slots only relaxes, so the
optimum bounds the weight of every schedule. Solved by HiGHS through SciPy.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from .model import Model
from .programme import Rows, Solver

EPSILON = 1e-6


@dataclass(frozen=True)
class Choice:
    """Options to grant, the bound proved for the weight, and what could not be promised."""

    options: tuple[int, ...]
    weight: int
    weight_bound: int
    missing_musts: int = 0
    missing_meetings: int = 0
    exact: bool = True


@dataclass(frozen=True)
class _Linear:
    """The linear relaxation: its weight, and what granting or leaving out an option would cost it."""

    weight: float
    granted: np.ndarray
    cost_of_granting: np.ndarray
    cost_of_leaving: np.ndarray

    def settled(self, gap: float) -> np.ndarray:
        """1 or 0 for options that every choice within `gap` of the relaxation grants or leaves out, else -1."""
        found = np.full(len(self.cost_of_granting), -1)
        found[self.cost_of_granting > gap + 1e-4] = 0
        found[self.cost_of_leaving > gap + 1e-4] = 1
        return found


class Chooser:
    """The b-matching of one event, solved by `solver`."""

    def __init__(self, model: Model, solver: Solver) -> None:
        self.model, self.solver = model, solver
        self.n = len(model.options)
        self.weight = np.array([model.event.wishes[o.wish].weight for o in model.options], dtype=float)
        self.in_time = True
        """Whether every programme was solved to its end: then another run gives the same."""
        self.refuted = False
        """Whether the last programme without an answer was shown to have none."""
        self.linear: _Linear | None = None
        """The relaxation of the last choice."""
        self.by_person: list[list[int]] = [[] for _ in range(model.P)]
        for i, o in enumerate(model.options):
            self.by_person[o.a].append(i)
            self.by_person[o.b].append(i)

    def rows(self, *, promises: bool, only: frozenset[tuple[str, int]] | None = None) -> Rows:
        """The rows of the b-matching; `promises` adds musts and guarantees as hard rows, or just those
        in `only`: ("must", wish) and ("guarantee", person)."""
        model, event, rows = self.model, self.model.event, Rows()
        inf = float("inf")
        for w, options in enumerate(model.options_of):
            must = promises and event.wishes[w].must and (only is None or ("must", w) in only)
            if must or len(options) > 1:
                rows.add(options, [1.0] * len(options), 1.0 if must else 0.0, 1.0)
        for p, options in enumerate(self.by_person):
            person = event.people[p]
            asked = promises and (only is None or ("guarantee", p) in only)
            low = float(person.min_meetings) if asked else 0.0
            if not options:
                if low:
                    rows.add([], [], low, inf)
                continue
            high = inf if person.max_meetings is None else float(person.max_meetings)
            if person.max_per_day is not None:
                days = (model.open[p] & d for d in model.days)
                high = min(high, float(sum(min(person.max_per_day, d.bit_count()) for d in days)))
            lengths = [float(model.options[i].length) for i in options]
            room = float(model.capacity_of_person(p))
            if all(x == 1.0 for x in lengths):
                high, room = min(high, room), inf
            if low > 0 or high < len(options):
                rows.add(options, [1.0] * len(options), low, high)
            if sum(lengths) > room:
                rows.add(options, lengths, 0.0, room)
        self._shared_rows(rows)
        self._even_slots(rows)
        return rows

    def _even_slots(self, rows: Rows) -> None:
        """Whoever is busy in a slot is busy with somebody: of an odd number of people one stays idle.

        Summed over the slots this bounds all meetings together where nearly everybody's day is full.
        """
        model = self.model
        present = [0] * model.T
        for options in self.by_person:
            may = 0
            for i in options:
                o = model.options[i]
                for step in range(o.length):
                    may |= o.starts << step
            for t in range(model.T):
                present[t] += may >> t & 1
        room = sum(n // 2 for n in present)
        lengths = [float(o.length) for o in model.options]
        if sum(lengths) > room:
            rows.add(list(range(self.n)), lengths, 0.0, float(room))

    def _shared_rows(self, rows: Rows) -> None:
        model, event = self.model, self.model.event
        using: dict[int, dict[int, float]] = defaultdict(lambda: defaultdict(float))
        for i, o in enumerate(model.options):
            for r in o.rows:
                using[r][i] += o.length
        for r, columns in sorted(using.items()):
            row = model.rows[r]
            capacity = sum(row.capacity)
            if sum(columns.values()) > capacity:
                rows.add(list(columns), list(columns.values()), 0.0, float(capacity))
        for organisation in event.organisations:
            if organisation.max_meetings is None:
                continue
            members = set(model.delegates.get(organisation.id, []))
            columns_ = [i for i, o in enumerate(model.options) if o.a in members or o.b in members]
            if columns_:
                rows.add(columns_, [1.0] * len(columns_), 0.0, float(organisation.max_meetings))

    def promises(self) -> list[tuple[str, int]]:
        event = self.model.event
        found = [("must", w) for w, wish in enumerate(event.wishes) if wish.must]
        return found + [("guarantee", p) for p, x in enumerate(event.people) if x.min_meetings]

    def contradict(self, promises: list[tuple[str, int]], time_limit_s: float) -> bool:
        """Whether these promises surely cannot hold together, slots left aside."""
        if self.n == 0:
            return bool(promises)
        rows = self.rows(promises=True, only=frozenset(promises))
        return self._solve(np.zeros(self.n), rows, self.n, frozenset(), time_limit_s) is None and (
            self.refuted
        )

    def choose(self, *, time_limit_s: float = 60.0, fixed: frozenset[int] = frozenset()) -> Choice | None:
        """The heaviest choice that keeps every promise; None if the promises contradict the rows.

        `fixed` options are granted whatever they weigh.
        """
        if self.n == 0:
            return self._nothing()
        began = time.monotonic()
        linear = self.linear = self._linear(fixed, time_limit_s)
        result, gap = None, 1.0
        if linear is not None:
            # Options whose reduced cost is above the gap cannot help; a gap of one is nearly always enough.
            result = self._solve_within(linear, gap, fixed, time_limit_s)
            if result is not None:
                gap = linear.weight + result[1]
        if result is None or gap > 1.0 + EPSILON:
            rest = max(0.5, time_limit_s - (time.monotonic() - began))
            if result is None and linear is not None and not self.refuted:
                pass
            elif linear is None or result is None:
                result = self._solve(-self.weight, self.rows(promises=True), self.n, fixed, rest)
            else:
                result = self._solve_within(linear, gap, fixed, rest) or result
        if result is None and linear is not None and not self.refuted:
            # No answer in time: the relaxation is nearly whole, and placing keeps every rule anyway.
            chosen = tuple(int(i) for i in np.flatnonzero(linear.granted > 0.5))
            weight, bound = int(self.weight[list(chosen)].sum()), int(np.floor(linear.weight + EPSILON))
            return Choice(chosen, min(weight, bound), bound, exact=False)
        if result is None:
            return None
        chosen, value, dual, exact = result
        bound = int(np.floor(-dual + EPSILON))
        if linear is not None:
            # A programme cut short has a weaker bound than its own relaxation.
            bound = (
                min(bound, int(np.floor(linear.weight + EPSILON)))
                if exact
                else int(np.floor(linear.weight + EPSILON))
            )
        weight = round(-value)
        left = time_limit_s - (time.monotonic() - began)
        fair = self._fair(weight, fixed, linear, max(0.5, 0.5 * left))
        if fair is not None:
            chosen = fair
            weight = int(self.weight[list(chosen)].sum())
        return Choice(chosen, weight, max(bound, weight), exact=exact)

    def _nothing(self) -> Choice | None:
        event = self.model.event
        self.refuted = True
        if any(w.must for w in event.wishes) or any(p.min_meetings for p in event.people):
            return None
        return Choice((), 0, 0)

    def choose_near(
        self, placed: Iterable[int], left: Iterable[int], fixed: frozenset[int], time_limit_s: float
    ) -> tuple[int, ...] | None:
        """Another choice of the same weight, as like `placed` as can be and without `left` if it can be.

        For choices that found no slots: tied wishes take the place of those that did not fit. The root of the
        search tree is nearly as good as all of it, and ends by its steps, not by the clock.
        """
        gain = self.weight * 1_000.0
        gain[list(placed)] += 1.0
        gain[list(left)] -= 4.0
        result = self._solve(-gain, self.rows(promises=True), self.n, fixed, time_limit_s, nodes=1)
        return None if result is None else result[0]

    def bounds(self, time_limit_s: float) -> tuple[int, int]:
        """Proved upper bounds on the number of meetings and on the weight, each on its own."""
        if self.n == 0:
            return 0, 0
        found: list[int | None] = []
        for gain in (np.ones(self.n), self.weight):
            result = self._solve(-gain, self.rows(promises=False), self.n, frozenset(), time_limit_s / 2)
            found.append(int(np.floor(-result[2] + EPSILON)) if result else None)
        count, weight = found
        return (
            Beside(self.model, {}, 0).most if count is None else count,
            self._simple_bound() if weight is None else weight,
        )

    def choose_without_promises(
        self, *, time_limit_s: float = 60.0, fixed: frozenset[int] = frozenset()
    ) -> Choice:
        """Keeps as many musts as can be, then as many guaranteed meetings, then weight."""
        event = self.model.event
        if self.n == 0:
            return Choice((), 0, 0)
        rows = self.rows(promises=False)
        musts = [i for i, o in enumerate(self.model.options) if event.wishes[o.wish].must]
        short = [p for p, person in enumerate(event.people) if person.min_meetings]
        n = self.n + len(short)
        total = float(self.weight.sum()) + 1.0
        guaranteed = float(sum(p.min_meetings for p in event.people)) + 1.0
        cost = np.concatenate([-self.weight, np.full(len(short), total)])
        cost[musts] -= total * guaranteed
        for k, p in enumerate(short):
            need = float(event.people[p].min_meetings)
            rows.add(
                [*self.by_person[p], self.n + k], [1.0] * (len(self.by_person[p]) + 1), need, float("inf")
            )
        upper = np.concatenate([np.ones(self.n), [float(event.people[p].min_meetings) for p in short]])
        result = self._solve(cost, rows, n, fixed, time_limit_s, upper)
        plain = self._solve(-self.weight, self.rows(promises=False), self.n, fixed, time_limit_s)
        bound = min(self._simple_bound(), int(np.floor(-plain[2] + EPSILON)) if plain else int(total))
        if result is None:
            return Choice(tuple(sorted(fixed)), 0, bound)
        chosen = tuple(i for i in result[0] if i < self.n)
        granted = {self.model.options[i].wish for i in chosen}
        missing = sum(1 for w, wish in enumerate(event.wishes) if wish.must and w not in granted)
        return Choice(chosen, int(self.weight[list(chosen)].sum()), bound, missing_musts=missing)

    def _fair(
        self, weight: int, fixed: frozenset[int], linear: _Linear | None, time_limit_s: float
    ) -> tuple[int, ...] | None:
        """Among the choices of (nearly) this weight, the one giving most people their first, second … wish.

        Lexicographic: one more first wish outweighs every second one. None if there is nothing to gain.
        """
        event = self.model.event
        steps = event.rules.guarantee_count
        if steps <= 0:
            return None
        rows = self.rows(promises=True)
        least = float(np.ceil(weight * (1.0 - event.rules.fairness_cost) - EPSILON))
        rows.add(list(range(self.n)), list(self.weight), least, float("inf"))
        cost = [0.0] * self.n
        people = [p for p in range(self.model.P) if self.by_person[p]]
        for p in people:
            served = list(range(len(cost), len(cost) + steps))
            cost.extend(-float(4 ** (steps - 1 - k)) for k in range(steps))
            columns = [*self.by_person[p], *served]
            rows.add(columns, [1.0] * len(self.by_person[p]) + [-1.0] * steps, 0.0, float("inf"))
        if event.rules.fairness_cost:
            # What was not needed for fairness goes back into weight.
            scale = 0.5 / (float(self.weight.sum()) + 1.0)
            cost[: self.n] = list(-self.weight * scale)
        settled = None
        if linear is not None and not event.rules.fairness_cost:
            settled = linear.settled(max(0.0, linear.weight - weight))
        result = self._solve(np.array(cost), rows, len(cost), fixed, time_limit_s, settled=settled)
        return None if result is None else tuple(i for i in result[0] if i < self.n)

    def _linear(self, fixed: frozenset[int], time_limit_s: float) -> _Linear | None:
        """The linear relaxation with its reduced costs; None if it has no solution."""
        lower = np.zeros(self.n)
        lower[list(fixed)] = 1.0
        result = self.solver.solve(
            -self.weight, self.rows(promises=True), time_limit_s, lower=lower, integral=False
        )
        self.in_time &= result is not None and result.proved
        if result is None or result.x is None or result.raising is None or result.lowering is None:
            return None
        return _Linear(-result.value, result.x, result.raising, result.lowering)

    def _solve_within(
        self, linear: _Linear, gap: float, fixed: frozenset[int], time_limit_s: float
    ) -> tuple[tuple[int, ...], float, float, bool] | None:
        rows = self.rows(promises=True)
        settled = linear.settled(gap)
        return self._solve(-self.weight, rows, self.n, fixed, time_limit_s, settled=settled)

    def _solve(
        self,
        cost: np.ndarray,
        rows: Rows,
        n: int,
        fixed: frozenset[int],
        time_limit_s: float,
        upper: np.ndarray | None = None,
        settled: np.ndarray | None = None,
        nodes: int | None = None,
    ) -> tuple[tuple[int, ...], float, float, bool] | None:
        """Minimises; (columns at 1 or above, value, dual bound, proved). None if infeasible or no answer."""
        lower = np.zeros(n)
        lower[list(fixed)] = 1.0
        upper = np.ones(n) if upper is None else upper
        if settled is not None:
            lower[: self.n] = np.maximum(lower[: self.n], settled == 1)
            upper[: self.n] = np.where((settled == 0) & (lower[: self.n] == 0), 0.0, upper[: self.n])
        result = self.solver.solve(cost, rows, time_limit_s, lower=lower, upper=upper, nodes=nodes)
        self.in_time &= result is not None and result.by_steps
        self.refuted = result is not None and result.columns is None and result.proved
        if result is None or result.columns is None:
            return None
        return result.columns, result.value, result.dual, result.proved

    def _simple_bound(self) -> int:
        """Half of what everybody could meet at most by weight, and as many of the heaviest wishes as there is
        room for: a bound that needs no solver."""
        total = 0.0
        for p, options in enumerate(self.by_person):
            best: dict[int, float] = {}
            for i in options:
                best[self.model.options[i].wish] = float(self.weight[i])
            room = self.model.capacity_of_person(p)
            limit = self.model.event.people[p].max_meetings
            total += sum(sorted(best.values())[::-1][: room if limit is None else min(room, limit)])
        most = Beside(self.model, {}, 0).most
        heaviest = sorted((w.weight for w in self.model.event.wishes if w.weight > 0), reverse=True)[:most]
        return min(int(total // 2), sum(heaviest))


class Beside:
    """The meetings that can be added beside `kept` ones in slots from `now` on, wherever those end up.

    A b-matching on what people and rows have left. `most` is a bound that needs no solver.
    """

    def __init__(self, model: Model, kept: Mapping[int, tuple[int, int]], now: int) -> None:
        self.model = model
        later = model.full & ~((1 << now) - 1)
        self.columns = [i for i, o in enumerate(model.options) if o.wish not in kept and o.starts & later]
        busy, held = [0] * model.P, [0] * model.P
        load = [[0] * model.T for _ in model.rows]
        for option, start in kept.values():
            o = model.options[option]
            for p in (o.a, o.b):
                held[p] += 1
                busy[p] |= model.spread(o, start)
            for r in o.rows:
                for t in range(start, start + o.length):
                    load[r][t] += 1
        self.of_person: list[list[int]] = [[] for _ in range(model.P)]
        self.of_row: list[list[int]] = [[] for _ in model.rows]
        for k, i in enumerate(self.columns):
            o = model.options[i]
            self.of_person[o.a].append(k)
            self.of_person[o.b].append(k)
            for r in set(o.rows):
                self.of_row[r].append(k)
        self.room_of_person = []
        for p, person in enumerate(model.event.people):
            room = (model.open[p] & ~busy[p] & later).bit_count()
            if person.max_meetings is not None:
                room = min(room, max(0, person.max_meetings - held[p]))
            self.room_of_person.append(room)
        self.room_of_row = [
            sum(max(0, c - load[r][t]) for t, c in enumerate(row.capacity) if later >> t & 1)
            for r, row in enumerate(model.rows)
        ]
        self.most = self._most()

    def _most(self) -> int:
        """Two people to a meeting, and a table unless it can do without."""
        options, rows = self.model.options, self.model.rows
        tables = {r for r, row in enumerate(rows) if row.kind == "tables"}
        wishes = {options[i].wish for i in self.columns}
        without = {options[i].wish for i in self.columns if tables.isdisjoint(options[i].rows)}
        people = sum(
            min(room, len(here)) for room, here in zip(self.room_of_person, self.of_person, strict=True)
        )
        return min(len(wishes), people // 2, len(without) + sum(self.room_of_row[r] for r in tables))

    def relaxed(self, solver: Solver, time_limit_s: float = 1.0) -> int:
        """The bound by the linear relaxation, which is nearly whole and quick; `most` if there is no answer."""
        rows, place = Rows(), {i: k for k, i in enumerate(self.columns)}
        for options in self.model.options_of:
            here = [place[i] for i in options if i in place]
            if len(here) > 1:
                rows.count(here, 0.0, 1.0)
        rooms = (*self.room_of_person, *self.room_of_row)
        for room, here in zip(rooms, (*self.of_person, *self.of_row), strict=True):
            if len(here) > room:
                rows.count(here, 0.0, float(room))
        result = solver.solve(-np.ones(len(self.columns)), rows, time_limit_s, integral=False)
        if result is None or result.columns is None:
            return self.most
        return min(self.most, int(np.floor(-result.value + EPSILON)))

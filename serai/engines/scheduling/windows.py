"""More weight from exact windows: the meetings of a few slots and the unmet wishes, decided anew.

Everything outside the window stays. Inside, an integer programme over (option, start) keeps every rule:
one meeting per person and slot, shared rows, limits and guarantees, rests, lunch, walking. Ties are
drawn at random, so that windows of no gain change the plan and open the way for others.
"""

from __future__ import annotations

import random
import time
from collections import defaultdict
from collections.abc import Callable, Collection
from typing import Any

import numpy as np

from .model import Model
from .place import Board
from .programme import Rows, Solver

TIE = 1e-4
WINDOW_LIMIT_S = 0.5


class Windows:
    """Windows on one board. `useful[i]`: options worth a look, by their reduced cost in the choice."""

    def __init__(
        self, board: Board, solver: Solver, rng: random.Random, frozen: Collection[int], useful: np.ndarray
    ) -> None:
        self.board, self.model, self.solver = board, board.model, solver
        self.rng, self.frozen, self.useful = rng, frozenset(frozen), useful
        self.in_time = True
        """Whether every window was decided, none cut by the clock: then another run is the same."""

    def run(self, deadline: float, goal: int, rounds: int, report: Callable[[], bool]) -> bool:
        """Windows of two slots until the weight is `goal` or the rounds are done; False if the clock had a say.

        `report` is called after every gain and may return True to stop.
        """
        T, weight = self.model.T, self.board.weight
        for _ in range(rounds):
            left = deadline - time.monotonic()
            if self.board.weight >= goal:
                break
            if left <= 0:
                return False
            self.improve(self.rng.sample(range(T), min(2, T)), min(left, WINDOW_LIMIT_S))
            if self.board.weight > weight:
                weight = self.board.weight
                if report():
                    break
        return self.in_time

    def improve(self, window: list[int], time_limit_s: float) -> bool:
        """Decides these slots anew; the board changes only to one of at least the same weight."""
        board, model = self.board, self.model
        wishes = model.event.wishes
        inside = set(window)
        out = {
            w: (i, start)
            for w, (i, start) in board.placed.items()
            if start in inside
            and w not in self.frozen
            and inside.issuperset(range(start, start + model.options[i].length))
        }
        for w in out:
            board.take(w)
        columns = [
            (i, t)
            for i, o in enumerate(model.options)
            if o.wish not in board.placed and (self.useful[i] or o.wish in out)
            for t in window
            if o.starts >> t & 1 and inside.issuperset(range(t, t + o.length)) and board.fits(i, t)
        ]
        known = set(out.values())
        gain = np.array(
            [
                wishes[model.options[i].wish].weight
                + TIE * self.rng.random()
                + (1_000.0 if wishes[model.options[i].wish].must else 0.0)
                for i, _ in columns
            ]
        )
        chosen = None
        if columns:
            result = self.solver.solve(-gain, self._rows(columns, window), time_limit_s)
            self.in_time &= result is not None and result.proved
            if result is not None and result.columns is not None:
                chosen = [columns[k] for k in result.columns]
        before = sum(wishes[w].weight for w in out)
        musts = sum(wishes[w].must for w in out)
        better = (
            chosen is not None
            and sum(wishes[model.options[i].wish].weight for i, _ in chosen) >= before
            and sum(wishes[model.options[i].wish].must for i, _ in chosen) >= musts
        )
        put = 0
        if better and chosen is not None:
            for i, t in chosen:
                if not board.fits(i, t):
                    break
                board.put(i, t)
                put += 1
            better = put == len(chosen)
        if not better:
            for i, _ in (chosen or [])[:put]:
                board.take(model.options[i].wish)
            for i, t in out.values():
                board.put(i, t)
        return better and set(chosen or ()) != known

    def _rows(self, columns: list[tuple[int, int]], window: list[int]) -> Rows:
        board, model = self.board, self.model
        people, event = model.event.people, model.event
        rows: dict[Any, list[int]] = defaultdict(list)
        spans = []
        for k, (i, t) in enumerate(columns):
            o = model.options[i]
            span = range(t, t + o.length)
            spans.append(model.spread(o, t))
            rows["wish", o.wish].append(k)
            for p in (o.a, o.b):
                for s in span:
                    rows["busy", p, s].append(k)
                rows["count", p].append(k)
            for r in o.rows:
                for s in span:
                    rows["row", r, s].append(k)
        found = Rows()
        of_person: dict[int, list[int]] = {}
        for key, here in rows.items():
            if key[0] == "row":
                found.count(
                    here, 0.0, float(model.rows[key[1]].capacity[key[2]] - board.load[key[1]][key[2]])
                )
            elif key[0] == "count":
                p = key[1]
                of_person[p] = here
                low = float(max(0, people[p].min_meetings - board.count[p]))
                high = float(board.limit[p] - board.count[p])
                if low or high < len(window):
                    found.count(here, low, high)
            elif len(here) > 1:
                found.count(here, 0.0, 1.0)
        if not model.plain:
            self._day_rows(found, columns, spans, of_person)
            for organisation in event.organisations:
                if organisation.max_meetings is not None:
                    members = set(model.delegates.get(organisation.id, []))
                    here = [
                        k
                        for k, (i, _) in enumerate(columns)
                        if model.options[i].a in members or model.options[i].b in members
                    ]
                    left = organisation.max_meetings - board.organisation_count[organisation.id]
                    found.count(here, 0.0, float(left))
        return found

    def _day_rows(
        self,
        found: Rows,
        columns: list[tuple[int, int]],
        spans: list[int],
        of_person: dict[int, list[int]],
    ) -> None:
        """Rests, lunch, the limit of a day, and walking between far halls."""
        board, model = self.board, self.model
        for p, here in of_person.items():
            rules = model.day_rules[p]
            for run in (*rules.in_row, *rules.windows):
                inside = [(spans[k] & run).bit_count() for k in here]
                room = run.bit_count() - 1 - (board.busy[p] & run).bit_count()
                if sum(inside) > room:
                    found.add(here, [float(x) for x in inside], 0.0, float(room))
            if rules.max_per_day:
                for day in rules.day_masks:
                    on_day = [k for k in here if spans[k] & day]
                    held = {w for t, w in enumerate(board.at[p]) if w >= 0 and day >> t & 1}
                    if on_day:
                        found.count(on_day, 0.0, float(rules.max_per_day - len(held)))
            if model.far:
                self._walking_rows(found, columns, here)

    def _walking_rows(self, found: Rows, columns: list[tuple[int, int]], here: list[int]) -> None:
        model = self.model
        ends: dict[tuple[int, str], list[int]] = defaultdict(list)
        starts: dict[tuple[int, str], list[int]] = defaultdict(list)
        for k in here:
            i, t = columns[k]
            o = model.options[i]
            if o.hall is not None:
                ends[t + o.length, o.hall].append(k)
                starts[t, o.hall].append(k)
        for (t, hall), before in ends.items():
            if t >= model.T or not model.inner >> t & 1:
                continue
            for pair in model.far:
                if hall in pair:
                    after = starts.get((t, next(iter(pair - {hall}), hall)), [])
                    if after:
                        found.count([*before, *after], 0.0, 1.0)


def useful_options(model: Model, cost_of_granting: np.ndarray | None, most: float = 0.5) -> np.ndarray:
    """Options whose grant costs the choice at most so much weight."""
    if cost_of_granting is None:
        return np.ones(len(model.options), dtype=bool)
    return np.asarray(cost_of_granting <= most)

"""Fewer breaks for the same meetings: annealing over all two-slot pieces at once.

For a pair of slots (s, t) the meetings in s and t form paths and cycles over people. Each piece can
swap its slots on its own, every person lies in one piece, and so the change of breaks is a sum over
pieces: one vectorised pass evaluates all of them. Only the shared rows (tables, interpreters, rooms)
couple the pieces; they are settled by dropping the least useful swaps.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from .model import Option
from .place import FREE, Board

Ints = np.ndarray


@dataclass(frozen=True)
class _Day:
    first: int
    last: int
    adjacent: np.uint64
    inner: np.uint64
    rests: tuple[tuple[np.uint64, np.uint64], ...]
    """Patterns (mask, value): m & mask == value is an idle stretch inside a lunch window."""
    windows: tuple[np.uint64, ...]


class BreakSearch:
    """Arrays of one board. `run` improves until the deadline; `placed()` gives the best found."""

    def __init__(self, board: Board, seed: int, frozen: Collection[int] = ()) -> None:
        self.model = model = board.model
        self.rng = np.random.default_rng(seed)
        self.wishes = sorted(board.placed)
        n = len(self.wishes)
        local = {w: i for i, w in enumerate(self.wishes)}
        self.option = [board.placed[w][0] for w in self.wishes]
        options = [model.options[i] for i in self.option]
        self.ends = np.array([o.a + o.b for o in options], dtype=np.int64)
        self.first_end = np.array([o.a for o in options], dtype=np.int64)
        self.at = np.full((model.T, model.P), FREE, dtype=np.int64)
        for i, w in enumerate(self.wishes):
            start = board.placed[w][1]
            o = options[i]
            for t in range(start, start + o.length):
                self.at[t, o.a] = self.at[t, o.b] = i
        self.allowed = np.zeros((n, model.T), dtype=bool)
        for i, o in enumerate(options):
            if o.length == 1 and self.wishes[i] not in frozen:
                self.allowed[i] = [o.starts >> t & 1 for t in range(model.T)]
        self.frozen_starts = {local[w]: board.placed[w][1] for w in board.placed}
        self._prepare_rows(options)
        self._prepare_days()
        self._prepare_people()
        self.halls = [h.id for h in model.event.halls]
        self.hall_of = np.array([self.halls.index(o.hall) if o.hall in self.halls else -1 for o in options])
        self.far = np.zeros((len(self.halls) + 1, len(self.halls) + 1), dtype=bool)
        for i, x in enumerate(self.halls):
            for j, y in enumerate(self.halls):
                self.far[i, j] = frozenset((x, y)) in model.far
        self.cost = self._all_costs()
        self.value = int(self.cost.sum())
        self.best_value = self.value
        self.best = self.at.copy()
        self._indptr = np.arange(0, 2 * model.P + 1, 2, dtype=np.int32)
        self._ones = np.ones(2 * model.P, dtype=np.int8)
        self._self = np.arange(model.P)

    def _prepare_rows(self, options: list[Option]) -> None:
        """`use[r, i]`: how often meeting i needs row r; rows nobody needs are left out."""
        model, n = self.model, len(options)
        used = sorted({r for o in options for r in o.rows})
        self.use = np.zeros((len(used), n), dtype=np.int64)
        for i, o in enumerate(options):
            for r in o.rows:
                self.use[used.index(r), i] += 1
        self.capacity = np.array([model.rows[r].capacity for r in used], dtype=np.int64).reshape(
            len(used), model.T
        )
        self.load = np.zeros_like(self.capacity)
        for t in range(model.T):
            here = np.unique(self.at[t])
            self.load[:, t] = self.use[:, here[here >= 0]].sum(axis=1)
        # A row that fits however its meetings fall needs no look.
        self.tight = [k for k in range(len(used)) if (self.use[k].sum() > self.capacity[k].min(initial=0))]

    def _prepare_days(self) -> None:
        model = self.model
        self.days: list[_Day] = []
        self.day_index = np.zeros(model.T, dtype=np.int64)
        bounds: list[tuple[int, int]] = []
        for t in range(model.T):
            if t == 0 or model.day_of[t] != model.day_of[t - 1]:
                bounds.append((t, t))
            bounds[-1] = (bounds[-1][0], t)
            self.day_index[t] = len(bounds) - 1
        for first, last in bounds:
            size = last - first + 1
            cut = (1 << size) - 1
            windows = [w >> first & cut for w in model.windows]
            self.days.append(
                _Day(
                    first,
                    last,
                    np.uint64(model.adjacent >> first & cut & ~1),
                    np.uint64(model.inner >> first & cut & ~1),
                    tuple(_rest_patterns([w for w in windows if w], size)),
                    tuple(
                        np.uint64(w >> first & cut) for w in model.windows if w and not w & ~(cut << first)
                    ),
                )
            )
        self.offset = np.array([self.days[d].first for d in self.day_index], dtype=np.uint64)
        self.busy = np.zeros((len(self.days), model.P), dtype=np.uint64)
        for t in range(model.T):
            bit = np.uint64(1) << np.uint64(t - self.offset[t])
            self.busy[self.day_index[t]] |= np.where(self.at[t] >= 0, bit, np.uint64(0))

    def _prepare_people(self) -> None:
        event = self.model.event
        runs = [p.max_in_row if p.max_in_row is not None else event.rules.max_in_row for p in event.people]
        self.in_row = {
            r: np.array([x == r for x in runs]) for r in sorted({x for x in runs if x is not None})
        }
        self.max_per_day = np.array(
            [p.max_per_day if p.max_per_day is not None else 10**6 for p in event.people]
        )
        self.some_day_limit = any(p.max_per_day is not None for p in event.people)

    def _costs(self, masks: Ints, day: int) -> Ints:
        """Breaks of people with these busy masks on this day."""
        d = self.days[day]
        starts = masks & ~((masks << np.uint64(1)) & d.adjacent)
        breaks = np.bitwise_count(starts).astype(np.int64) - (masks != 0)
        for mask, value in d.rests:
            breaks -= (masks & mask) == value
        return np.asarray(breaks)

    def _all_costs(self) -> Ints:
        return np.array([self._costs(self.busy[d], d) for d in range(len(self.days))])

    def _illegal(self, people: Ints, masks: Ints, day: int) -> Ints:
        """Which people would break a rule of their day with these masks."""
        d = self.days[day]
        bad = np.zeros(len(people), dtype=bool)
        for limit, who in self.in_row.items():
            run = masks.copy()
            for _ in range(limit):
                run = (run << np.uint64(1)) & d.inner & masks
            bad |= (run != 0) & who[people]
        for window in d.windows:
            bad |= (masks & window) == window
        if self.some_day_limit:
            bad |= np.bitwise_count(masks) > self.max_per_day[people]
        return bad

    def _walks_far(self, people: Ints, s: int, t: int) -> Ints:
        """Which people could not walk in time after their swap of s and t."""
        bad = np.zeros(len(people), dtype=bool)
        column = {s: self.at[t, people], t: self.at[s, people]}

        def hall(slot: int) -> Ints:
            wishes = column.get(slot)
            if wishes is None:
                wishes = self.at[slot, people]
            return np.where(wishes >= 0, self.hall_of[wishes], -1)

        for slot in (s, t):
            for later in (slot, slot + 1):
                if 0 < later < self.model.T and self.model.inner >> later & 1:
                    bad |= self.far[hall(later - 1), hall(later)]
        return bad

    def swap(self, s: int, t: int, temperature: float) -> int:
        """One pass over all pieces of slots s and t; the change in breaks."""
        at_s, at_t = self.at[s], self.at[t]
        in_s, in_t = at_s >= 0, at_t >= 0
        mate = np.empty((self.model.P, 2), dtype=np.int32)
        mate[:, 0] = np.where(in_s, self.ends[at_s] - self._self, self._self)
        mate[:, 1] = np.where(in_t, self.ends[at_t] - self._self, self._self)
        graph = csr_array((self._ones, mate.ravel(), self._indptr), shape=(self.model.P,) * 2)
        pieces, piece = connected_components(graph, directed=False)
        delta, blocked = np.zeros(self.model.P, dtype=np.int64), np.zeros(self.model.P, dtype=bool)
        blocked |= in_s & ~self.allowed[at_s, t]
        blocked |= in_t & ~self.allowed[at_t, s]
        changed = np.flatnonzero(in_s != in_t)
        masks = self._new_masks(changed, s, t)
        for day, new in masks.items():
            delta[changed] += self._costs(new, day) - self.cost[day, changed]
            if self.in_row or self.days[day].windows or self.some_day_limit:
                blocked[changed] |= self._illegal(changed, new, day)
        if self.model.far:
            people = np.flatnonzero(in_s | in_t)
            blocked[people] |= self._walks_far(people, s, t)
        gain = np.bincount(piece, weights=delta, minlength=pieces)
        stopped = np.bincount(piece, weights=blocked, minlength=pieces) > 0
        noise = -temperature * np.log(self.rng.random(pieces))
        flip = (gain < noise) & ~stopped
        flip &= (gain != 0) | (self.rng.random(pieces) < 0.5)
        if self.tight and not self._settle_rows(flip, gain, piece, pieces, s, t):
            return 0
        return self._apply(np.flatnonzero(flip[piece] & (in_s | in_t)), changed, masks, s, t)

    def _new_masks(self, changed: Ints, s: int, t: int) -> dict[int, Ints]:
        one = np.uint64(1)
        bit_s, bit_t = (one << np.uint64(x - int(self.offset[x])) for x in (s, t))
        day_s, day_t = int(self.day_index[s]), int(self.day_index[t])
        if day_s == day_t:
            return {day_s: self.busy[day_s, changed] ^ (bit_s | bit_t)}
        return {day_s: self.busy[day_s, changed] ^ bit_s, day_t: self.busy[day_t, changed] ^ bit_t}

    def _settle_rows(self, flip: Ints, gain: Ints, piece: Ints, pieces: int, s: int, t: int) -> bool:
        """Drops swaps until every tight row holds in both slots. `shift[k, c]`: load that piece c moves
        from s to t."""
        here_s, here_t = (np.unique(self.at[x]) for x in (s, t))
        here_s, here_t = here_s[here_s >= 0], here_t[here_t >= 0]
        shift = np.empty((len(self.tight), pieces), dtype=np.int64)
        for k, r in enumerate(self.tight):
            out = np.bincount(piece[self.first_end[here_s]], weights=self.use[r, here_s], minlength=pieces)
            back = np.bincount(piece[self.first_end[here_t]], weights=self.use[r, here_t], minlength=pieces)
            shift[k] = out - back
        high = self.capacity[self.tight, t] - self.load[self.tight, t]
        low = self.load[self.tight, s] - self.capacity[self.tight, s]
        total = shift[:, flip].sum(axis=1)
        if ((total > high) | (total < low)).any():
            moving = np.flatnonzero(flip & (shift != 0).any(axis=0))
            order = moving[np.argsort(-(gain[moving] + self.rng.random(len(moving))))]
            for c in order:
                over, under = total > high, total < low
                if not (over | under).any():
                    break
                if (shift[over, c] > 0).any() or (shift[under, c] < 0).any():
                    flip[c] = False
                    total -= shift[:, c]
            if ((total > high) | (total < low)).any():
                return False
        return True

    def _apply(self, people: Ints, changed: Ints, masks: dict[int, Ints], s: int, t: int) -> int:
        if not len(people):
            return 0
        moved_s = np.unique(self.at[s, people])
        moved_t = np.unique(self.at[t, people])
        shift = self.use[:, moved_s[moved_s >= 0]].sum(axis=1)
        shift -= self.use[:, moved_t[moved_t >= 0]].sum(axis=1)
        self.load[:, s] -= shift
        self.load[:, t] += shift
        self.at[s, people], self.at[t, people] = self.at[t, people], self.at[s, people]
        inside = np.zeros(self.model.P, dtype=bool)
        inside[people] = True
        hit = inside[changed]
        who = changed[hit]
        total = 0
        for day, new in masks.items():
            self.busy[day, who] = new[hit]
            cost = self._costs(new[hit], day)
            total += int(cost.sum() - self.cost[day, who].sum())
            self.cost[day, who] = cost
        self.value += total
        if self.value < self.best_value:
            self.best_value = self.value
            self.best = self.at.copy()
        return total

    def run(
        self,
        deadline: float,
        report: Callable[[int], bool] | None = None,
        *,
        floor: int = 0,
        warm: float = 0.45,
        cold: float = 0.06,
        max_sweeps: int | None = None,
    ) -> None:
        """Anneals until the deadline, the floor or `max_sweeps`; `report(best)` may return True to stop."""
        T = self.model.T
        pairs = np.array([(s, t) for s in range(T) for t in range(s + 1, T)])
        if not len(pairs) or not self.wishes:
            return
        began, sweep, told = time.monotonic(), 0, self.best_value + 1
        while self.best_value > floor and (max_sweeps is None or sweep < max_sweeps):
            if max_sweeps is None:
                share = min(1.0, (time.monotonic() - began) / max(deadline - began, 1e-6))
            else:
                share = sweep / max_sweeps
            temperature = warm * (cold / warm) ** share
            for s, t in self.rng.permutation(pairs):
                self.swap(int(s), int(t), temperature)
                if time.monotonic() > deadline:
                    return
            sweep += 1
            if report is not None and self.best_value < told:
                told = self.best_value
                if report(told):
                    return

    def placed(self) -> dict[int, tuple[int, int]]:
        """The best schedule found, as `Board.placed`."""
        found: dict[int, tuple[int, int]] = {}
        for t in range(self.model.T - 1, -1, -1):
            for i in np.unique(self.best[t]):
                if i >= 0:
                    found[self.wishes[i]] = (self.option[i], t)
        return found


def _rest_patterns(windows: list[int], size: int) -> list[tuple[np.uint64, np.uint64]]:
    """Every idle stretch inside a window that has meetings on both sides."""
    found = set()
    for first in range(1, size - 1):
        for end in range(first + 1, size):
            stretch = ((1 << (end - first)) - 1) << first
            if any(stretch & ~w == 0 for w in windows):
                edges = 1 << (first - 1) | 1 << end
                found.add((stretch | edges, edges))
    return [(np.uint64(m), np.uint64(v)) for m, v in sorted(found)]

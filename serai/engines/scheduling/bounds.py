"""A proved lower bound on breaks for chosen meetings: the profile bound, by Lagrange multipliers.

Forget who meets whom and keep, for everybody, only when she is busy. With prices on slots every
person's cheapest day is a small dynamic programme over (slot, meetings so far, state of her day);
people with the same open slots and number of busy slots are one class. The prices come from the limit
on busy people per slot (twice the tables). Any non-negative prices give a valid bound.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_

import numpy as np

from .model import Model

BIG = 1e9


@dataclass(frozen=True)
class PeopleLimit:
    """At most `busy[t]` people are busy in slot t; infinite where nothing limits them."""

    busy: np.ndarray


class ProfileBound:
    """Classes of people and the dynamic programme over their days."""

    def __init__(self, model: Model, busy_slots: Sequence[int], may_be_busy: Sequence[int]) -> None:
        """`busy_slots[p]`: how many slots p is busy; `may_be_busy[p]`: the mask of slots she can be."""
        self.model = model
        limits = [_row_limit(model, p) for p in range(model.P)]
        classes: dict[tuple[int, int, int], int] = {}
        for p in range(model.P):
            if busy_slots[p]:
                key = (may_be_busy[p], busy_slots[p], limits[p])
                classes[key] = classes.get(key, 0) + 1
        self.keys = sorted(classes)
        self.size = np.array([classes[k] for k in self.keys], dtype=float)
        self.need = np.array([k[1] for k in self.keys], dtype=np.int64)
        self.open = np.array(
            [[mask >> t & 1 for t in range(model.T)] for mask, _, _ in self.keys], dtype=bool
        ).reshape(len(self.keys), model.T)
        self.row_limit = np.array([k[2] for k in self.keys], dtype=np.int64)
        self.runs = int(self.row_limit.max(initial=1))
        self.window = np.zeros(model.T, dtype=np.int64)
        for number, window in enumerate(model.windows):
            for t in range(model.T):
                if window >> t & 1:
                    self.window[t] = number + 1

    def value(self, price: np.ndarray) -> tuple[float, np.ndarray]:
        """Sum over people of their cheapest day under slot prices, and how many are then busy per slot.

        The state of a day is 0 not begun, 1 idle after a meeting, 2 resting in a lunch window, and
        3.. busy for so many slots in a row.
        """
        model, C, K = self.model, len(self.keys), int(self.need.max(initial=0)) + 1
        S = 3 + self.runs
        if C == 0:
            return 0.0, np.zeros(model.T)
        table = np.full((S, C, K), BIG)
        table[0, :, 0] = 0.0
        back = np.zeros((model.T, S, C, K), dtype=np.int8)
        for t in range(model.T):
            if t and model.day_of[t] != model.day_of[t - 1]:
                best = table.argmin(axis=0)
                merged = np.full_like(table, BIG)
                merged[0] = table.min(axis=0)
                table, entered = merged, best
            else:
                entered = None
            new = np.full_like(table, BIG)
            self._idle(table, new, back[t], t)
            self._busy(table, new, back[t], t, price[t])
            if entered is not None:
                # Every state of the new day came through state 0: remember the state behind it.
                back[t] = np.where(back[t] == 0, _entered_at(entered, back[t].shape), back[t])
            table = new
        return self._trace(table, back, C)

    def _idle(self, table: np.ndarray, new: np.ndarray, back: np.ndarray, t: int) -> None:
        new[0] = table[0]
        back[0] = 0
        busy = table[3:]
        source = busy.argmin(axis=0)
        value = np.take_along_axis(busy, source[None], axis=0)[0]
        rest = 2 if self.window[t] else 1
        new[rest], back[rest] = value, source + 3
        keeps = bool(self.window[t]) and t > 0 and self.window[t - 1] == self.window[t]
        for state in (1, 2):
            goal = 2 if state == 2 and keeps else 1
            better = table[state] < new[goal]
            new[goal] = np.where(better, table[state], new[goal])
            back[goal] = np.where(better, state, back[goal])

    def _busy(self, table: np.ndarray, new: np.ndarray, back: np.ndarray, t: int, price: float) -> None:
        """Busy in slot t: one more meeting, a break if the day had gone idle."""
        model = self.model
        inner = model.inner >> t & 1
        pay = np.where(self.open[:, t], price, BIG)[:, None]
        fresh = np.minimum(np.minimum(table[0], table[1] + 1.0), table[2])
        source = np.where(fresh == table[0], 0, np.where(fresh == table[2], 2, 1))
        if self.runs == 1 and not self.row_limit.any():
            gap = 0.0 if model.adjacent >> t & 1 else 1.0
            goes_on = table[3] + gap
            better = goes_on < fresh
            fresh = np.where(better, goes_on, fresh)
            source = np.where(better, 3, source)
            new[3, :, 1:] = fresh[:, :-1] + pay
            back[3, :, 1:] = source[:, :-1]
            return
        if not inner:
            # A new session: the row of meetings begins again, with a break only if lunch counts as one.
            gap = 0.0 if model.adjacent >> t & 1 else 1.0
            for state in range(3, table.shape[0]):
                better = table[state] + gap < fresh
                fresh = np.where(better, table[state] + gap, fresh)
                source = np.where(better, state, source)
        new[3, :, 1:] = fresh[:, :-1] + pay
        back[3, :, 1:] = source[:, :-1]
        if inner:
            for j in range(1, self.runs):
                allowed = (self.row_limit == 0) | (j < self.row_limit)
                value = table[2 + j] + np.where(allowed[:, None], pay, BIG)
                new[3 + j, :, 1:] = value[:, :-1]
                back[3 + j, :, 1:] = 2 + j
            free = self.row_limit == 0
            last = table[2 + self.runs] + np.where(free[:, None], pay, BIG)
            better = last[:, :-1] < new[2 + self.runs, :, 1:]
            new[2 + self.runs, :, 1:] = np.where(better, last[:, :-1], new[2 + self.runs, :, 1:])
            back[2 + self.runs, :, 1:] = np.where(better, 2 + self.runs, back[2 + self.runs, :, 1:])

    def _trace(self, table: np.ndarray, back: np.ndarray, C: int) -> tuple[float, np.ndarray]:
        index = np.arange(C)
        final = table[:, index, self.need]
        state = final.argmin(axis=0)
        total = float((final.min(axis=0) * self.size).sum())
        busy = np.zeros(self.model.T)
        k = self.need.copy()
        for t in range(self.model.T - 1, -1, -1):
            here = state >= 3
            busy[t] = self.size[here].sum()
            before = back[t, state, index, k]
            k = k - here
            state = before.astype(np.int64)
        return total, busy


def _entered_at(entered: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """The last day's state, looked up for every state of the first slot of a new day.

    Busy states have one meeting more than they entered with.
    """
    found = np.broadcast_to(entered, shape).copy()
    found[3:, :, 1:] = entered[:, :-1]
    return found


def _row_limit(model: Model, p: int) -> int:
    """Her limit of meetings in a row; 0 for none."""
    person = model.event.people[p]
    limit = person.max_in_row if person.max_in_row is not None else model.event.rules.max_in_row
    return 0 if limit is None or limit >= model.T else limit


def breaks_bound(
    model: Model,
    placed: dict[int, tuple[int, int]],
    deadline: float,
    *,
    best_known: int,
    iterations: int = 300,
    price: np.ndarray | None = None,
) -> tuple[int, np.ndarray]:
    """A lower bound on the breaks of every schedule of these wishes between the same people, whatever their
    slots and halls, and the prices on slots that prove it.

    The bound is also valid when the time runs out early, only weaker. `price`: prices to begin from, such
    as those of a similar set of meetings.
    """
    busy = [0] * model.P
    may = [0] * model.P
    people_at = np.zeros(model.T)
    limited = _limited_people(model, placed)
    for option, _ in placed.values():
        o = model.options[option]
        starts = _starts_in_any_hall(model, option)
        spread = starts
        for step in range(1, o.length):
            spread |= starts << step
        for p in (o.a, o.b):
            busy[p] += o.length
            may[p] |= spread
    # People are busy in pairs: of an odd number who could be, one is idle.
    present = np.array([sum(x >> t & 1 for x in may) for t in range(model.T)])
    limited = np.minimum(limited, 2.0 * (present // 2))
    bound = ProfileBound(model, busy, may)
    price = np.zeros(model.T) if price is None else price
    best_price = price
    total, people_at = bound.value(price)
    best = max(total - float(price @ limited), 0.0)
    value, scale, stale = total - float(price @ limited), 1.0, 0
    for _ in range(iterations):
        gradient = people_at - limited
        gradient[(price <= 0) & (gradient < 0)] = 0.0
        norm = float(gradient @ gradient)
        if norm < 1e-9 or best >= best_known - 1 + 1e-6 or time.monotonic() > deadline or scale < 1e-3:
            break
        stride = scale * max(float(best_known) - value, 0.5) / norm
        price = np.maximum(price + stride * gradient, 0.0)
        total, people_at = bound.value(price)
        value = total - float(price @ limited)
        if value > best + 1e-6:
            best, best_price, stale = value, price, 0
        else:
            stale += 1
            if stale >= 8:
                scale, stale = scale / 2, 0
    return min(int(np.ceil(best - 1e-6)), best_known), best_price


def _starts_in_any_hall(model: Model, option: int) -> int:
    """Where the same people can begin this meeting, in whatever hall: only where halls are far apart has a
    wish more than one option for them."""
    o = model.options[option]
    if not model.far:
        return o.starts
    others = (model.options[i] for i in model.options_of[o.wish])
    return reduce(or_, (x.starts for x in others if {x.a, x.b} == {o.a, o.b}))


def _limited_people(model: Model, placed: dict[int, tuple[int, int]]) -> np.ndarray:
    """How many people can be busy per slot: twice the tables, the rooms and the meetings at booths."""
    tables = np.zeros(model.T)
    for row in model.rows:
        if row.kind == "tables":
            tables += np.array(row.capacity, dtype=float)
    others = np.zeros(model.T)
    for option, _ in placed.values():
        o = model.options[option]
        if not any(model.rows[r].kind == "tables" for r in o.rows):
            for t in range(model.T):
                others[t] += bool(o.starts & (((1 << o.length) - 1) << max(0, t - o.length + 1)))
    return np.minimum(2.0 * (tables + others), model.P)

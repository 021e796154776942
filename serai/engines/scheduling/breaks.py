"""Fewer breaks, and here and there more weight: annealing over all exchangeable pieces at once.

For a pair of slots (s, t) the meetings in s and t form paths and cycles over people. Each piece can
swap its slots on its own, every person lies in one piece, and so the change of breaks is a sum over
pieces: one vectorised pass evaluates all of them. A slot and a matching drawn from the wishes that are
not granted form such pieces too: exchanging one trades granted wishes for others in the same slot.
Only what pieces share couples them (tables, interpreters, rooms, the total weight): passes that would
overfill a row drop the least useful pieces.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass

import numpy as np

from .place import FREE, Board

Ints = np.ndarray
NO_LIMIT = 10**6
# How many breaks one unit of weight is worth while pieces compete; in total weight never falls.
WEIGHT_IN_BREAKS = 4.0
# The annealing: temperatures in breaks, what an idle slot inside a day counts at first (it leads long gaps
# to close; falls to nothing at the end), and passes against rivals per pass over a pair of slots.
WARM, COLD, GUIDE, RIVAL_SHARE = 0.6, 0.12, 0.6, 0.15
# Seconds of a pass over a pair of slots, and more per person, on a slow core: turns a time limit into a
# number of sweeps, so that the same seed gives the same plan wherever the machine keeps up.
PASS_S, PASS_PER_PERSON_S = 140e-6, 0.12e-6
# How far, as a share of the time, the sweeps may be behind before the clock leads.
SLACK = 0.1


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
    """Arrays of one board, meetings named by their option. `run` improves; `placed()` gives the best.

    Arrays over options end with a neutral entry, so that the index -1 of an idle person reads it.
    With `exchange` wishes may take the place of others as long as the weight does not fall, nobody
    falls below her guarantee or the meetings fairness promises, and musts and frozen wishes stay.
    """

    def __init__(
        self, board: Board, seed: int, frozen: Collection[int] = (), *, exchange: bool = True
    ) -> None:
        self.model = model = board.model
        self.rng = np.random.default_rng(seed)
        options, wishes = model.options, model.event.wishes
        n = len(options)
        self.wish = np.array([o.wish for o in options] + [len(wishes)], dtype=np.int64)
        self.first_end = np.array([o.a for o in options] + [0], dtype=np.int64)
        self.second_end = np.array([o.b for o in options] + [0], dtype=np.int64)
        self.ends = self.first_end + self.second_end
        self.weight = np.array([wishes[o.wish].weight for o in options] + [0], dtype=np.int64)
        self.at = np.full((model.T, model.P), FREE, dtype=np.int64)
        self.granted = np.zeros(len(wishes) + 1, dtype=bool)
        for w, (i, start) in board.placed.items():
            o = options[i]
            self.granted[w] = True
            for t in range(start, start + o.length):
                self.at[t, o.a] = self.at[t, o.b] = i
        self.stays = np.array([o.length > 1 or o.wish in frozen for o in options] + [False])
        """Meetings that keep their slot: the frozen ones, and long ones, which no pass can move."""
        starts = [0 if self.stays[i] else o.starts for i, o in enumerate(options)] + [model.full]
        self.allowed = np.array([[m >> t & 1 for t in range(model.T)] for m in starts], dtype=bool)
        self.kept = self.stays | np.array([wishes[o.wish].must for o in options] + [False])
        self._prepare_rows()
        self._prepare_days()
        self._prepare_people(board)
        self.exchanges = exchange and n > 0
        useful = np.ones(n, dtype=bool)
        if len(self.price):
            useful = self.weight[:n] >= self.price @ self.use[:, :n]
        useful = self.rng.permutation(np.flatnonzero(useful))
        self.candidates = [useful[self.allowed[useful, t]] for t in range(model.T)] if exchange else []
        halls = [h.id for h in model.event.halls]
        self.hall_of = np.array([halls.index(o.hall) if o.hall in halls else -1 for o in options] + [-1])
        self.far = np.zeros((len(halls) + 1, len(halls) + 1), dtype=bool)
        for i, x in enumerate(halls):
            for j, y in enumerate(halls):
                self.far[i, j] = frozenset((x, y)) in model.far
        self.cost = np.array([self._costs(self.busy[d], d) for d in range(len(self.days))])
        self.value = int(self.cost.sum())
        self.granted_weight = board.weight
        self._remember()
        self._self = np.arange(model.P)
        self.guide = 0.0

    def _prepare_rows(self) -> None:
        """`use[k, i]`: how often option i needs row k, for the rows that can overflow."""
        model, options = self.model, self.model.options
        self.use = np.zeros((len(model.rows), len(options) + 1), dtype=np.int64)
        for i, o in enumerate(options):
            for r in o.rows:
                self.use[r, i] += 1
        capacity = np.array([row.capacity for row in model.rows], dtype=np.int64).reshape(-1, model.T)
        # A row that fits however its meetings fall needs no look.
        most = np.minimum(self.use.sum(axis=1), self.use.max(axis=1, initial=0) * (model.P // 2))
        tight = np.flatnonzero(most > capacity.min(axis=1, initial=NO_LIMIT))
        self.use, self.capacity = self.use[tight], capacity[tight]
        self.load = np.stack([self._used(self.at[t]) for t in range(model.T)], axis=1)
        meetings = np.unique(self.at[self.at >= 0])
        # What a place costs: of a row that is full all day the lightest meeting that uses it, else nothing.
        self.price = np.zeros(len(self.use))
        for k in np.flatnonzero(self.load.sum(axis=1) >= self.capacity.sum(axis=1)):
            self.price[k] = self.weight[meetings[self.use[k, meetings] > 0]].min(initial=NO_LIMIT)
        limited = [o for o in model.event.organisations if o.max_meetings is not None]
        self.belongs = np.zeros((len(limited), len(options) + 1), dtype=np.int64)
        for j, organisation in enumerate(limited):
            members = set(model.delegates.get(organisation.id, []))
            self.belongs[j, :-1] = [o.a in members or o.b in members for o in options]
        self.belongs_limit = np.array([o.max_meetings for o in limited], dtype=np.int64)
        self.belongs_count = self.belongs[:, meetings].sum(axis=1)

    def _used(self, meetings: Ints) -> Ints:
        """Load of every tight row by one slot's meetings, given per person."""
        return np.asarray(self.use[:, meetings].sum(axis=1) // 2)

    def _prepare_days(self) -> None:
        model = self.model
        self.days: list[_Day] = []
        self.day_index = [0] * model.T
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
        self.bit = [np.uint64(1 << (t - self.days[d].first)) for t, d in enumerate(self.day_index)]
        self.busy = np.zeros((len(self.days), model.P), dtype=np.uint64)
        for t in range(model.T):
            self.busy[self.day_index[t]] |= np.where(self.at[t] >= 0, self.bit[t], np.uint64(0))

    def _prepare_people(self, board: Board) -> None:
        event = self.model.event
        runs = [p.max_in_row if p.max_in_row is not None else event.rules.max_in_row for p in event.people]
        self.in_row = {
            r: np.array([x == r for x in runs]) for r in sorted({x for x in runs if x is not None})
        }
        per_day = [p.max_per_day if p.max_per_day is not None else NO_LIMIT for p in event.people]
        self.busy_limit = np.tile(np.array(per_day, dtype=np.int64), (len(self.days), 1))
        """Slots a person may be busy in, per day: a limit of a day counts long meetings once, and those stay."""
        for i, start in board.placed.values():
            o = self.model.options[i]
            if o.length > 1:
                self.busy_limit[self.day_index[start], [o.a, o.b]] += o.length - 1
        self.some_day_limit = any(p.max_per_day is not None for p in event.people)
        self.count = np.array(board.count, dtype=np.int64)
        promised = event.rules.guarantee_count
        self.least = np.array([max(p.min_meetings, promised) for p in event.people], dtype=np.int64)
        self.most = np.array(board.limit, dtype=np.int64)

    def _costs(self, masks: Ints, day: int) -> Ints:
        """Breaks of people with these busy masks on this day."""
        d = self.days[day]
        starts = masks & ~((masks << np.uint64(1)) & d.adjacent)
        breaks = np.bitwise_count(starts).astype(np.int64) - (masks != 0)
        for mask, value in d.rests:
            breaks -= (masks & mask) == value
        return np.asarray(breaks)

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
            bad |= np.bitwise_count(masks) > self.busy_limit[day, people]
        return bad

    def _walks_far(self, people: Ints, new: dict[int, Ints]) -> Ints:
        """Which people could not walk in time with the new meetings (per slot, per person)."""
        bad = np.zeros(len(people), dtype=bool)

        def hall(slot: int) -> Ints:
            return np.asarray(self.hall_of[new.get(slot, self.at[slot])[people]])

        for slot in new:
            for later in (slot, slot + 1):
                if 0 < later < self.model.T and self.model.inner >> later & 1:
                    bad |= self.far[hall(later - 1), hall(later)]
        return bad

    def _pieces(self, one: Ints, other: Ints) -> Ints:
        """The pieces of two matchings, given as meeting (or -1) per person: her piece, by its least member.

        Stepping to the mate in `one` and on to the mate in `other` goes round a cycle, or up and down a
        path; the least member on the way is found by doubling the stride.
        """
        mate = np.where(one >= 0, self.ends[one] - self._self, self._self)
        stride = np.where(other >= 0, self.ends[other] - self._self, self._self)[mate]
        least = np.minimum(self._self, mate)
        while True:
            lower = np.minimum(least, least[stride])
            if (lower == least).all():
                return np.asarray(np.minimum(least, least[mate]))
            least, stride = lower, stride[stride]

    def _day_changes(
        self, changed: Ints, flips: tuple[int, ...]
    ) -> tuple[Ints, Ints | None, list[tuple[int, Ints, Ints]]]:
        """What changes for people whose busyness flips in these slots: (breaks, who may not, masks per day)."""
        bits: dict[int, np.uint64] = {}
        for t in flips:
            day = self.day_index[t]
            bits[day] = bits.get(day, np.uint64(0)) | self.bit[t]
        delta: Ints = np.zeros(len(changed))
        bad: Ints | None = None
        masks = []
        for day, bit in bits.items():
            new = self.busy[day, changed] ^ bit
            cost = self._costs(new, day)
            delta += cost - self.cost[day, changed]
            if self.guide:
                delta += self.guide * (_idle_inside(new) - _idle_inside(self.busy[day, changed]))
            if self.in_row or self.days[day].windows or self.some_day_limit:
                illegal = self._illegal(changed, new, day)
                bad = illegal if bad is None else bad | illegal
            masks.append((day, new, cost))
        return delta, bad, masks

    def swap(self, s: int, t: int, temperature: float) -> None:
        """One pass over all pieces of slots s and t."""
        at_s, at_t = self.at[s], self.at[t]
        in_s, in_t = at_s >= 0, at_t >= 0
        piece = self._pieces(at_s, at_t)
        blocked = ~(self.allowed[at_s, t] & self.allowed[at_t, s])
        changed = np.flatnonzero(in_s != in_t)
        delta, bad, masks = self._day_changes(changed, (s, t))
        if bad is not None:
            blocked[changed] |= bad
        if self.model.far:
            people = np.flatnonzero(in_s | in_t)
            blocked[people] |= self._walks_far(people, {s: at_t, t: at_s})
        gain = np.bincount(piece[changed], weights=delta, minlength=self.model.P)
        flip = self._accept(gain, piece, blocked, temperature)
        if len(self.use):
            shift = self._shift(piece, self.use, at_s, at_t)
            high = self.capacity[:, t] - self.load[:, t]
            low = self.load[:, s] - self.capacity[:, s]
            if not self._settle(flip, gain, shift, low, high):
                return
            moved = shift[:, flip].sum(axis=1)
            self.load[:, s] -= moved
            self.load[:, t] += moved
        people = flip[piece]
        self.at[s], self.at[t] = np.where(people, at_t, at_s), np.where(people, at_s, at_t)
        self._enter(people[changed], changed, masks)

    def exchange(self, s: int, temperature: float) -> None:
        """One pass over all pieces of slot s and a matching of wishes that are not granted."""
        rival = self._rivals(s)
        if rival is None:
            return
        at_s = self.at[s]
        in_s, in_r = at_s >= 0, rival >= 0
        piece = self._pieces(at_s, rival)
        changed = np.flatnonzero(in_s != in_r)
        blocked = self.kept[at_s]
        gains = in_r[changed]
        count = self.count[changed]
        blocked[changed] |= np.where(gains, count >= self.most[changed], count <= self.least[changed])
        delta, bad, masks = self._day_changes(changed, (s,))
        if bad is not None:
            blocked[changed] |= bad
        if self.model.far:
            people = np.flatnonzero(in_s | in_r)
            blocked[people] |= self._walks_far(people, {s: rival})
        rise = self._shift(piece, self.weight[None], rival, at_s)
        needs = self._shift(piece, self.use, rival, at_s)
        gain = np.bincount(piece[changed], weights=delta, minlength=self.model.P)
        gain = gain - WEIGHT_IN_BREAKS * (rise[0] - self.price @ needs)
        flip = self._accept(gain, piece, blocked, temperature)
        shift = np.concatenate(
            [
                -rise,
                needs,
                self._shift(piece, self.belongs, rival, at_s),
            ]
        )
        high = np.concatenate(
            [[0], self.capacity[:, s] - self.load[:, s], self.belongs_limit - self.belongs_count]
        )
        if not self._settle(flip, gain, shift, np.full(len(high), -NO_LIMIT), high) or not flip.any():
            return
        total = shift[:, flip].sum(axis=1)
        rows = len(self.use)
        self.granted_weight -= int(total[0])
        self.load[:, s] += total[1 : rows + 1]
        self.belongs_count += total[rows + 1 :]
        people = flip[piece]
        self.granted[self.wish[at_s[people & in_s]]] = False
        self.granted[self.wish[rival[people & in_r]]] = True
        self.at[s] = np.where(people, rival, at_s)
        hit = people[changed]
        self.count[changed[hit]] += np.where(gains[hit], 1, -1)
        self._enter(hit, changed, masks)

    def _rivals(self, s: int) -> Ints | None:
        """A random maximal matching of wishes not granted that could be held in slot s, per person.

        Wishes between people whose days would gain from a meeting in s are drawn first, mostly.
        """
        options = self.candidates[s]
        if len(options) > 2 * self.model.P:
            options = options[self.rng.integers(len(options) - 2 * self.model.P) :][: 2 * self.model.P]
        options = options[~self.granted[self.wish[options]]]
        if not len(options):
            return None
        day = self.day_index[s]
        wanted = self._costs(self.busy[day] | self.bit[s], day) - self.cost[day]
        a, b = self.first_end[options], self.second_end[options]
        order = np.argsort(wanted[a] + wanted[b] + 2.0 * self.rng.random(len(options)))
        rival = np.full(self.model.P, FREE, dtype=np.int64)
        first_a = np.empty(self.model.P, dtype=np.int64)
        first_b = np.empty(self.model.P, dtype=np.int64)
        of_wish = np.empty(len(self.granted), dtype=np.int64)
        for _ in range(2):
            options, a, b = options[order], a[order], b[order]
            wish = self.wish[options]
            rank = np.arange(len(options))
            # The last write wins, so backwards each person (and wish) keeps the best of her options.
            first_a[b] = first_b[a] = len(options)
            first_a[a[::-1]] = first_b[b[::-1]] = of_wish[wish[::-1]] = rank[::-1]
            best = (
                (first_a[a] == rank) & (first_b[a] > rank) & (first_b[b] == rank) & (first_a[b] > rank)
            ) & (of_wish[wish] == rank)
            chosen = options[best]
            rival[a[best]] = rival[b[best]] = chosen
            order = np.flatnonzero((rival[a] < 0) & (rival[b] < 0) & (of_wish[wish] == rank))
            if not len(order):
                break
        return rival

    def _accept(self, gain: Ints, piece: Ints, blocked: Ints, temperature: float) -> Ints:
        flip = gain < temperature * self.rng.standard_exponential(self.model.P)
        flip &= (gain != 0) | (self.rng.random(self.model.P) < 0.5)
        flip[piece[blocked]] = False
        return flip

    def _shift(self, piece: Ints, use: Ints, there: Ints, here: Ints) -> Ints:
        """`shift[k, c]`: how much more of row k piece c needs with its meetings `there` than `here`."""
        found = np.empty((len(use), self.model.P), dtype=np.int64)
        for k, row in enumerate(use):
            # Both people of a meeting are counted.
            found[k] = np.bincount(piece, weights=row[there] - row[here], minlength=self.model.P) / 2
        return found

    def _settle(self, flip: Ints, gain: Ints, shift: Ints, low: Ints, high: Ints) -> bool:
        """Drops pieces, the least useful first, until low <= sum of shifts <= high; False if none would stay."""
        total = shift[:, flip].sum(axis=1)
        if ((total <= high) & (total >= low)).all():
            return True
        moving = np.flatnonzero(flip & (shift != 0).any(axis=0))
        order = moving[np.argsort(-(gain[moving] + self.rng.random(len(moving))))]
        for c in order:
            over, under = total > high, total < low
            if not (over | under).any():
                return True
            if (shift[over, c] > 0).any() or (shift[under, c] < 0).any():
                flip[c] = False
                total -= shift[:, c]
        return bool(((total <= high) & (total >= low)).all())

    def _enter(self, hit: Ints, changed: Ints, masks: list[tuple[int, Ints, Ints]]) -> None:
        """Takes over the new days of the people who changed."""
        who = changed[hit]
        if not len(who):
            return
        for day, new, cost in masks:
            self.busy[day, who] = new[hit]
            cost = cost[hit]
            self.value += int(cost.sum() - self.cost[day, who].sum())
            self.cost[day, who] = cost

    def _remember(self) -> None:
        self.best_value, self.best_weight, self.best = self.value, self.granted_weight, self.at.copy()

    def _better(self) -> bool:
        return (-self.granted_weight, self.value) < (-self.best_weight, self.best_value)

    def sweeps_in(self, seconds: float) -> int:
        """How many sweeps a slow core does in this time."""
        pass_s = PASS_S + PASS_PER_PERSON_S * self.model.P
        return max(1, int(seconds / (pass_s * max(1, len(self._passes())))))

    def _passes(self) -> list[tuple[int, int]]:
        """The passes of a sweep: every pair of slots, and (s, s) for rivals of slot s."""
        T = self.model.T
        passes = [(s, t) for s in range(T) for t in range(s + 1, T)]
        if self.exchanges:
            passes += [(s, s) for s in range(T)] * max(1, round(RIVAL_SHARE * (T - 1) / 2))
        return passes

    def run(
        self,
        deadline: float,
        report: Callable[[int], bool] | None = None,
        *,
        floor: int = 0,
        sweeps: int | None = None,
    ) -> bool:
        """Anneals for `sweeps` sweeps (as many as fit the deadline if None), until the deadline or the
        floor. `report(best)` may return True to stop. False if the clock led
        the search anywhere: then another run may differ."""
        passes = np.array(self._passes())
        if not len(passes) or not self.granted.any():
            return True
        began, told, in_time = time.monotonic(), self.best_value + 1, True
        sweeps = sweeps if sweeps is not None else self.sweeps_in(deadline - began)
        for sweep in range(sweeps):
            if self.best_value <= floor:
                return in_time
            for done, (s, t) in enumerate(self.rng.permutation(passes).tolist()):
                now = time.monotonic()
                if now > deadline:
                    if self._better():
                        self._remember()
                    return False
                # Whichever runs out first, sweeps or time, cools the search.
                share = (sweep + done / len(passes)) / sweeps
                elapsed = (now - began) / max(deadline - began, 1e-6)
                if elapsed > share + SLACK:
                    in_time, share = False, elapsed
                temperature = WARM * (COLD / WARM) ** share
                self.guide = GUIDE * (1.0 - share)
                if s == t:
                    self.exchange(s, temperature)
                else:
                    self.swap(s, t, temperature)
            if self._better():
                self._remember()
            if report is not None and self.best_value < told:
                told = self.best_value
                if report(told):
                    return in_time
        return in_time

    def placed(self) -> dict[int, tuple[int, int]]:
        """The best schedule found, as `Board.placed`."""
        found: dict[int, tuple[int, int]] = {}
        for t in range(self.model.T - 1, -1, -1):
            for i in np.unique(self.best[t]):
                if i >= 0:
                    found[int(self.wish[i])] = (int(i), t)
        return found


def _idle_inside(masks: Ints) -> Ints:
    """Idle slots between the first and the last meeting of a day."""
    # The exponent of the float is the length of the mask: a day has fewer bits than a float holds.
    length = np.frexp(masks.astype(np.float64))[1]
    before = np.bitwise_count((masks & (~masks + np.uint64(1))) - np.uint64(1)) * (masks != 0)
    return np.asarray(length - before.astype(np.int64) - np.bitwise_count(masks).astype(np.int64))


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

"""Giving chosen wishes a slot: insertion, two-slot chains (Kempe), ejection.

Slots are colours, people nodes, meetings edges: a schedule is a proper edge colouring in which every
slot also keeps to the shared rows. A two-slot chain swaps slots s and t on one connected piece of the
meetings in s and t; it keeps the colouring proper, so only rows, open slots and day rules need a look.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Collection, Iterable, Mapping

from .model import TABLE, Model

FREE = -1
NO_LIMIT = 10**9
# An ejection ends after so many steps for every leftover. Seconds of a step on a slow core.
ROUNDS, STEP_S = 400, 1e-3


class Board:
    """A partial schedule that always keeps every rule. `placed[w] = (option, start)`."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.at: list[list[int]] = [[FREE] * model.T for _ in range(model.P)]
        """at[p][t] is the wish p is busy with in slot t."""
        self.busy = [0] * model.P
        self.load = [[0] * model.T for _ in model.rows]
        self.placed: dict[int, tuple[int, int]] = {}
        self.count = [0] * model.P
        self.limit = [
            p.max_meetings if p.max_meetings is not None else len(model.event.wishes)
            for p in model.event.people
        ]
        self.organisation_count: Counter[str] = Counter()
        self.organisation_limit = {
            o.id: o.max_meetings for o in model.event.organisations if o.max_meetings is not None
        }

    @property
    def weight(self) -> int:
        return sum(self.model.event.wishes[w].weight for w in self.placed)

    def breaks(self) -> int:
        return sum(map(self.model.breaks, self.busy))

    def copy_placed(self) -> dict[int, tuple[int, int]]:
        return dict(self.placed)

    def fits(self, option: int, start: int) -> bool:
        """Whether the option can begin at `start` beside everything already placed."""
        model = self.model
        o = model.options[option]
        if start < 0 or not o.starts >> start & 1:
            return False
        span = ((1 << o.length) - 1) << start
        if (self.busy[o.a] | self.busy[o.b]) & span:
            return False
        if self.count[o.a] >= self.limit[o.a] or self.count[o.b] >= self.limit[o.b]:
            return False
        if not self._rows_allow(o.rows, start, o.length):
            return False
        return model.plain or self._rules_allow(option, start, span)

    def _rows_allow(self, rows: tuple[int, ...], start: int, length: int) -> bool:
        for r in rows:
            load, capacity = self.load[r], self.model.rows[r].capacity
            need = rows.count(r) if len(rows) > 1 else 1
            for t in range(start, start + length):
                if load[t] + need > capacity[t]:
                    return False
        return True

    def _rules_allow(self, option: int, start: int, span: int) -> bool:
        model = self.model
        o = model.options[option]
        for p in (o.a, o.b):
            rules = model.day_rules[p]
            if rules.max_per_day and not self._day_allows(p, model.day_of[start], rules.max_per_day):
                return False
            if not model.plain_person[p]:
                mask = self.busy[p] | span
                if any(mask & run == run for run in rules.in_row):
                    return False
                if any(mask & window == window for window in rules.windows):
                    return False
        if model.far and o.hall is not None and not self._walk_allows(option, start):
            return False
        return not self.organisation_limit or self._organisations_allow(o.a, o.b)

    def _day_allows(self, p: int, day: int, limit: int) -> bool:
        """`max_per_day` counts meetings, which may take several slots."""
        model = self.model
        wishes = {w for t, w in enumerate(self.at[p]) if w != FREE and model.day_of[t] == day}
        return len(wishes) < limit

    def _walk_allows(self, option: int, start: int) -> bool:
        model = self.model
        o = model.options[option]
        for p in (o.a, o.b):
            for here, other in ((start, start - 1), (start + o.length, start + o.length)):
                if not 0 <= other < model.T or here >= model.T or not model.inner >> here & 1:
                    continue
                w = self.at[p][other]
                if w != FREE:
                    hall = model.options[self.placed[w][0]].hall
                    if hall is not None and frozenset((hall, o.hall)) in model.far:
                        return False
        return True

    def _organisations_allow(self, a: int, b: int) -> bool:
        for name in self._organisations(a, b):
            if self.organisation_count[name] >= self.organisation_limit[name]:
                return False
        return True

    def _organisations(self, a: int, b: int) -> set[str]:
        people = self.model.event.people
        return {people[a].organisation, people[b].organisation} & self.organisation_limit.keys()

    def put(self, option: int, start: int) -> None:
        o = self.model.options[option]
        span = ((1 << o.length) - 1) << start
        self.busy[o.a] |= span
        self.busy[o.b] |= span
        at_a, at_b = self.at[o.a], self.at[o.b]
        for t in range(start, start + o.length):
            at_a[t] = at_b[t] = o.wish
            for r in o.rows:
                self.load[r][t] += 1
        self.count[o.a] += 1
        self.count[o.b] += 1
        self.placed[o.wish] = (option, start)
        if self.organisation_limit:
            self.organisation_count.update(self._organisations(o.a, o.b))

    def take(self, wish: int) -> tuple[int, int]:
        option, start = self.placed.pop(wish)
        o = self.model.options[option]
        span = ((1 << o.length) - 1) << start
        self.busy[o.a] &= ~span
        self.busy[o.b] &= ~span
        at_a, at_b = self.at[o.a], self.at[o.b]
        for t in range(start, start + o.length):
            at_a[t] = at_b[t] = FREE
            for r in o.rows:
                self.load[r][t] -= 1
        self.count[o.a] -= 1
        self.count[o.b] -= 1
        if self.organisation_limit:
            self.organisation_count.subtract(self._organisations(o.a, o.b))
        return option, start

    def allowed_starts(self, option: int) -> int:
        """Slots where both are idle and may begin, as a mask: before rows and day rules."""
        o = self.model.options[option]
        taken = self.busy[o.a] | self.busy[o.b]
        for step in range(1, o.length):
            taken |= (self.busy[o.a] | self.busy[o.b]) >> step
        return o.starts & ~taken

    def chain(self, person: int, s: int, t: int) -> list[int]:
        """The wishes of the piece of the meetings in slots s and t that contains `person`."""
        found: dict[int, None] = {}
        stack = [person]
        options, placed, at = self.model.options, self.placed, self.at
        while stack:
            p = stack.pop()
            row = at[p]
            for w in (row[s], row[t]):
                if w != FREE and w not in found:
                    found[w] = None
                    o = options[placed[w][0]]
                    stack.append(o.b if o.a == p else o.a)
        return list(found)

    def _flip_plain(self, wishes: list[int], s: int, t: int, frozen: Collection[int]) -> bool:
        """`flip` where only open slots and shared rows matter: counted first, then swapped at once."""
        options, placed, rows = self.model.options, self.placed, self.model.rows
        shift: dict[int, int] = {}
        moves = []
        for w in wishes:
            option, start = placed[w]
            o = options[option]
            other = t if start == s else s
            if not o.starts >> other & 1 or w in frozen:
                return False
            moves.append((w, option, o, start, other))
            for r in o.rows:
                shift[r] = shift.get(r, 0) + (1 if start == s else -1)
        for r, d in shift.items():
            if d > 0 and self.load[r][t] + d > rows[r].capacity[t]:
                return False
            if d < 0 and self.load[r][s] - d > rows[r].capacity[s]:
                return False
        at, busy = self.at, self.busy
        for _, _, o, start, _ in moves:
            for p in (o.a, o.b):
                at[p][start] = FREE
                busy[p] &= ~(1 << start)
        for w, option, o, _, other in moves:
            for p in (o.a, o.b):
                at[p][other] = w
                busy[p] |= 1 << other
            placed[w] = (option, other)
        for r, d in shift.items():
            self.load[r][s] -= d
            self.load[r][t] += d
        return True

    def flip(self, wishes: Iterable[int], s: int, t: int, frozen: Collection[int]) -> bool:
        """Swaps slots s and t on these wishes if every rule allows; leaves the board as it was if not."""
        wishes = list(wishes)
        if self.model.plain:
            return self._flip_plain(wishes, s, t, frozen)
        options, placed = self.model.options, self.placed
        for w in wishes:
            option, start = placed[w]
            o = options[option]
            other = t if start == s else s
            if o.length != 1 or w in frozen or not o.starts >> other & 1:
                return False
        moves = [(*self.take(w), w) for w in wishes]
        done: list[int] = []
        for option, start, w in moves:
            other = t if start == s else s
            if not self.fits(option, other):
                for x in done:
                    self.take(x)
                for option_, start_, _ in moves:
                    self.put(option_, start_)
                return False
            self.put(option, other)
            done.append(w)
        return True


class Placer:
    """Places chosen options on a board, the heaviest and tightest first. `frozen` wishes never move."""

    def __init__(self, board: Board, rng: random.Random, frozen: Collection[int] = ()) -> None:
        self.board = board
        self.model = board.model
        self.rng = rng
        self.frozen = frozenset(frozen)

    def place_all(self, options: Iterable[int], deadline: float) -> list[int]:
        """Options that found no slot by insertion and single chains."""
        model, events = self.model, self.model.event.wishes
        degree: Counter[int] = Counter()
        options = list(options)
        for i in options:
            degree[model.options[i].a] += 1
            degree[model.options[i].b] += 1

        def slack(i: int) -> tuple[bool, int]:
            o = model.options[i]
            room = min(model.open[o.a].bit_count() - degree[o.a], model.open[o.b].bit_count() - degree[o.b])
            return (not events[o.wish].must, min(room, o.starts.bit_count()))

        order = sorted(options, key=lambda i: (slack(i), -model.options[i].length, i))
        left = []
        for i in order:
            if not self.insert(i) and (time.monotonic() > deadline or not self.insert_by_chain(i)):
                left.append(i)
        return left

    def insert(self, option: int) -> bool:
        """Into a common free slot: the one that adds fewest breaks, then the one with most room."""
        board, model = self.board, self.model
        o = model.options[option]
        free = board.allowed_starts(option)
        best, best_key = -1, (0, 0)
        busy_a, busy_b = board.busy[o.a], board.busy[o.b]
        before = model.breaks(busy_a) + model.breaks(busy_b)
        row = o.rows[0] if o.rows else -1
        while free:
            bit = free & -free
            t = bit.bit_length() - 1
            free ^= bit
            if not board.fits(option, t):
                continue
            span = ((1 << o.length) - 1) << t
            added = model.breaks(busy_a | span) + model.breaks(busy_b | span) - before
            key = (added, board.load[row][t] if row >= 0 else t)
            if best < 0 or key < best_key:
                best, best_key = t, key
        if best < 0:
            return False
        board.put(option, best)
        return True

    def insert_by_chain(self, option: int, tries: int = 400) -> bool:
        """Makes a common free slot by flipping one chain: a is idle in s, b in t."""
        board, model = self.board, self.model
        o = model.options[option]
        if o.length != 1:
            return False
        idle_a = slots(o.starts & ~board.busy[o.a])
        idle_b = slots(o.starts & ~board.busy[o.b])
        pairs = [(s, t) for s in idle_a for t in idle_b if s != t]
        self.rng.shuffle(pairs)
        for s, t in pairs[:tries]:
            # b is busy in s and idle in t: after flipping b's piece she is idle in s.
            wishes = board.chain(o.b, s, t)
            if any(
                o.a in (model.options[board.placed[w][0]].a, model.options[board.placed[w][0]].b)
                for w in wishes
            ):
                continue
            if board.flip(wishes, s, t, self.frozen):
                if board.fits(option, s):
                    board.put(option, s)
                    return True
                board.flip(wishes, s, t, self.frozen)
        return False

    def wander(self, option: int, steps: int = 24) -> bool:
        """Flips chains at random around the two people, which costs nothing, until the option fits."""
        board, model, rng = self.board, self.model, self.rng
        o = model.options[option]
        if o.length != 1 or board.count[o.a] >= board.limit[o.a] or board.count[o.b] >= board.limit[o.b]:
            return False
        for _ in range(steps):
            p = o.a if rng.random() < 0.5 else o.b
            idle = slots(model.open[p] & ~board.busy[p])
            taken = slots(board.busy[p])
            if not idle or not taken:
                return False
            s, t = rng.choice(idle), rng.choice(taken)
            if board.flip(board.chain(p, s, t), s, t, self.frozen) and (
                self.insert(option) or self.insert_by_chain(option, 12)
            ):
                return True
        return False

    def eject(self, left: list[int], deadline: float, steps: int = NO_LIMIT) -> list[int]:
        """Puts leftovers in by force: what stands in the way is taken out and placed again elsewhere.

        Keeps a change only if the granted weight does not fall; returns what is left. Ends after so many
        steps, or `ROUNDS` for each leftover.
        """
        board, wishes = self.board, self.model.event.wishes
        tabu: dict[int, int] = {}
        best_left = list(left)
        best = board.copy_placed()
        best_weight = board.weight
        step = 0
        queue = list(left)
        limit = min(steps, ROUNDS * max(len(left), 1))
        while queue and step < limit and time.monotonic() < deadline:
            step += 1
            queue.sort(key=lambda i: (not wishes[self.model.options[i].wish].must, tabu.get(i, 0)))
            option = queue.pop(0)
            if self.insert(option) or self.insert_by_chain(option, 60) or self.wander(option):
                pass
            else:
                thrown = self._force(option, tabu, step)
                if thrown is None:
                    queue.append(option)
                    tabu[option] = step
                    continue
                tabu[option] = step
                for x in thrown:
                    tabu[x] = step
                    if not self.insert(x) and not self.insert_by_chain(x, 60):
                        queue.append(x)
            weight = board.weight if len(queue) <= len(best_left) + 2 else 0
            if weight > best_weight or (weight == best_weight and len(queue) < len(best_left)):
                best_weight, best, best_left = weight, board.copy_placed(), list(queue)
        restore(board, best)
        return best_left

    def _force(self, option: int, tabu: dict[int, int], step: int) -> list[int] | None:
        """Takes out the cheapest conflicts of one slot and puts the option there."""
        board, model = self.board, self.model
        wishes = model.event.wishes
        o = model.options[option]
        if board.count[o.a] >= board.limit[o.a] or board.count[o.b] >= board.limit[o.b]:
            return None
        best: tuple[float, int, list[int]] | None = None
        for t in slots(o.starts):
            out = {w for p in (o.a, o.b) for w in board.at[p][t : t + o.length] if w != FREE}
            if out & self.frozen:
                continue
            cost = float(sum(wishes[w].weight * (1 + 100 * wishes[w].must) for w in out))
            cost += sum(1.0 + max(0, 12 - step + tabu.get(board.placed[w][0], -99)) for w in out)
            cost += self.rng.random()
            if best is None or cost < best[0]:
                best = (cost, t, sorted(out))
        if best is None:
            return None
        _, t, out_list = best
        taken = [board.take(w) for w in out_list]
        if not board.fits(option, t):
            blocker = self._row_blocker(option, t)
            if blocker is not None:
                taken.append(board.take(blocker))
        if not board.fits(option, t):
            for option_, start in reversed(taken):
                board.put(option_, start)
            return None
        board.put(option, t)
        return [x for x, _ in taken]

    def _row_blocker(self, option: int, t: int) -> int | None:
        """A light meeting that holds a full row in slot t, or None."""
        board, model = self.board, self.model
        full = {r for r in model.options[option].rows if board.load[r][t] >= model.rows[r].capacity[t]}
        if not full:
            return None
        candidates = [
            w
            for w, (i, start) in board.placed.items()
            if start <= t < start + model.options[i].length
            and full <= set(model.options[i].rows)
            and w not in self.frozen
            and not model.event.wishes[w].must
        ]
        return self.rng.choice(candidates) if candidates else None


def first_come(board: Board) -> None:
    """Adds the wishes from the heaviest on, each at its earliest free slot: what anybody would do by hand."""
    model, wishes = board.model, board.model.event.wishes
    for w in sorted(range(len(wishes)), key=lambda w: -wishes[w].weight):
        if w in board.placed:
            continue
        for i in model.options_of[w]:
            slot = next((t for t in slots(board.allowed_starts(i)) if board.fits(i, t)), None)
            if slot is not None:
                board.put(i, slot)
                break


def restore(board: Board, placed: Mapping[int, tuple[int, int]]) -> None:
    for w in list(board.placed):
        if board.placed[w] != placed.get(w):
            board.take(w)
    for w, (option, start) in placed.items():
        if w not in board.placed:
            board.put(option, start)


def slots(mask: int) -> list[int]:
    found = []
    while mask:
        bit = mask & -mask
        found.append(bit.bit_length() - 1)
        mask ^= bit
    return found


def uses_table(model: Model, option: int) -> bool:
    return model.options[option].place == TABLE

"""The event in numbers: options, rows of shared capacity, and what one person's day may look like.

An *option* is one way to hold a wish: who of each side comes, and where (a hall's tables, online, a
booth). A *row* is a capacity per slot that options share: tables, online rooms, interpreters,
delegates of an organisation. Interpreters who speak several pairs become one row per set of pairs
(Hall's theorem: the meetings of a slot can be served exactly if no set of pairs asks for more than
the interpreters who speak one of them).

Busy slots of a person are one integer, bit t for slot t.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import combinations

from .rules import continues
from .types import Event, Interpreter, Wish

TABLE, ONLINE, BOOTH = 0, 1, 2
# Sets of language pairs looked at together; more than this many linked pairs fall back to matching after placing.
MAX_LINKED_POOLS = 6


@dataclass(frozen=True, slots=True)
class Row:
    kind: str
    name: str
    capacity: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Option:
    wish: int
    a: int
    b: int
    place: int
    hall: str | None
    rows: tuple[int, ...]
    starts: int
    length: int


@dataclass(frozen=True, slots=True)
class DayRules:
    """What one person's day must keep to: rests and lunch as masks, and how many meetings a day allows."""

    in_row: tuple[int, ...] = ()
    windows: tuple[int, ...] = ()
    day_masks: tuple[int, ...] = ()
    max_per_day: int = 0

    def allows(self, mask: int) -> bool:
        """Whether one meeting that takes the slots of `mask` keeps the rules of an otherwise empty day."""
        if self.day_masks and not self.max_per_day:
            return False
        for run in self.in_row:
            if mask & run == run:
                return False
        return all(mask & window != window for window in self.windows)


class Model:
    """Numbers for one event; built once, never changed. `options_of[w]` lists a wish's options."""

    def __init__(self, event: Event) -> None:
        self.event = event
        self.T = len(event.slots)
        self.people = {p.id: i for i, p in enumerate(event.people)}
        self.P = len(event.people)
        self.full = (1 << self.T) - 1
        self.open = [self.full if p.open_slots is None else _mask(p.open_slots) for p in event.people]
        self.day_rules = _day_rules(event)
        self.plain_person = [r == DayRules() for r in self.day_rules]
        self.day_of = [s.day for s in event.slots]
        self.days = [
            sum(1 << t for t in range(self.T) if self.day_of[t] == d) for d in sorted(set(self.day_of))
        ]
        self.inner = sum(1 << t for t in range(self.T) if continues(event, t))
        """Slots that go on from the one before, within a session: where a long meeting may run over."""
        self.adjacent = sum(
            1 << t
            for t in range(1, self.T)
            if self.day_of[t] == self.day_of[t - 1] and (continues(event, t) or not event.rules.lunch_is_gap)
        )
        """Slots whose predecessor leaves no break between."""
        self.windows = [_mask(w) for w in event.rules.lunch_windows if w]
        self._room: dict[tuple[int, int], int] = {}
        self.rows: list[Row] = []
        self._row_of: dict[tuple[str, str], int] = {}
        self._pool_rows: dict[str, tuple[int, ...]] = {}
        self._build_rows()
        self.far = {frozenset(pair) for pair in event.rules.far_halls}
        self.delegates: dict[str, list[int]] = defaultdict(list)
        for i, p in enumerate(event.people):
            if p.organisation:
                self.delegates[p.organisation].append(i)
        self.organisation_ids = {o.id for o in event.organisations}
        self.options: list[Option] = []
        self.options_of: list[list[int]] = []
        self._apart = {frozenset(pair) for pair in event.rules.no_thanks}
        self.kept_apart: set[int] = set()
        for w, wish in enumerate(event.wishes):
            self.options_of.append(self._build_options(w, wish))
        self._cost: dict[int, int] = {}
        self.plain = (
            all(self.plain_person)
            and not self.far
            and all(o.length == 1 for o in self.options)
            and not any(o.max_meetings is not None for o in event.organisations)
        )

    def sides(self, party: str) -> list[int]:
        """The people who can stand for a party: herself, or the organisation's delegates."""
        if party in self.people:
            return [self.people[party]]
        return self.delegates.get(party, [])

    def breaks(self, mask: int) -> int:
        """Breaks of somebody busy in `mask`; agrees with `rules.breaks_of`."""
        known = self._cost.get(mask)
        if known is None:
            known = self._cost[mask] = self._count_breaks(mask)
        return known

    def _count_breaks(self, mask: int) -> int:
        runs = (mask & ~((mask << 1) & self.adjacent)).bit_count()
        breaks = runs - sum(1 for day in self.days if mask & day)
        for window in self.windows:
            breaks -= self._rests_inside(mask, window)
        return breaks

    def _rests_inside(self, mask: int, window: int) -> int:
        """Idle stretches between two meetings of one day that lie wholly inside the window."""
        rests, t = 0, 0
        idle = window & ~mask
        while idle:
            t = (idle & -idle).bit_length() - 1
            end = t
            while end < self.T and idle >> end & 1:
                end += 1
            idle &= ~((1 << end) - 1)
            before = t > 0 and mask >> (t - 1) & 1 and self.day_of[t - 1] == self.day_of[t]
            after = end < self.T and mask >> end & 1 and self.day_of[end] == self.day_of[t]
            same_day = self.day_of[t] == self.day_of[end - 1]
            rests += bool(before and after and same_day)
        return rests

    def capacity_of_person(self, p: int) -> int:
        """How many slots she can be busy in at most, by her open slots and her day's rules.

        Exact for limits in a row; lunch windows are counted one by one. Limits of a day count meetings,
        not slots, and are no part of it.
        """
        rules, free = self.day_rules[p], self.open[p]
        most = 0
        if rules.in_row:
            run_length = rules.in_row[0].bit_count() - 1
            row = 0
            for t in range(self.T):
                row = row if self.inner >> t & 1 else 0
                if free >> t & 1 and row < run_length:
                    row += 1
                    most += 1
                else:
                    row = 0
        else:
            most = free.bit_count()
        for window in rules.windows:
            most = min(most, free.bit_count() - (free & window == window))
        return most

    def spread(self, option: Option, start: int) -> int:
        """The slots an option takes when it begins at `start`, as a mask."""
        return ((1 << option.length) - 1) << start

    def _build_rows(self) -> None:
        event, rules = self.event, self.event.rules
        if rules.far_halls:
            for hall in event.halls:
                self._add_row("tables", hall.id, hall.tables)
        else:
            self._add_row("tables", "", event.tables_per_slot)
        if rules.online_rooms is not None:
            self._add_row("rooms", "", rules.online_rooms)
        for pool in event.pools:
            self._pool_rows[pool.id] = (self._add_row("pool", pool.id, pool.capacity),)
        self._build_interpreter_rows()
        for organisation in event.organisations:
            if organisation.max_parallel is not None:
                self._add_row("organisation", organisation.id, (organisation.max_parallel,) * self.T)

    def _add_row(self, kind: str, name: str, capacity: tuple[int, ...]) -> int:
        self._row_of[kind, name] = len(self.rows)
        self.rows.append(Row(kind, name, capacity))
        return len(self.rows) - 1

    def _build_interpreter_rows(self) -> None:
        for group in _linked_pools(self.event.interpreters):
            sets = [frozenset({p}) for p in group]
            if len(group) <= MAX_LINKED_POOLS:
                sets = [frozenset(c) for k in range(1, len(group) + 1) for c in combinations(group, k)]
            elif len(group) > 1:
                sets.append(frozenset(group))
            of: dict[str, list[int]] = defaultdict(list)
            for chosen in sets:
                capacity = tuple(
                    sum(
                        1
                        for i in self.event.interpreters
                        if i.pools & chosen and (i.open_slots is None or t in i.open_slots)
                    )
                    for t in range(self.T)
                )
                row = self._add_row("pool", "+".join(sorted(chosen)), capacity)
                for p in chosen:
                    of[p].append(row)
            for p, rows in of.items():
                self._pool_rows[p] = tuple(rows)

    def _build_options(self, w: int, wish: Wish) -> list[int]:
        found: list[int] = []
        if wish.pool is not None and wish.pool not in self._pool_rows:
            return found
        pool_rows = self._pool_rows[wish.pool] if wish.pool is not None else ()
        for a in self.sides(wish.a):
            for b in self.sides(wish.b):
                if a == b:
                    continue
                if self._is_apart(a, b, wish):
                    self.kept_apart.add(w)
                    continue
                for place, hall, rows in self._places(a, b, wish):
                    rows = (*rows, *pool_rows, *self._organisation_rows(a, b))
                    starts = self._starts(a, b, wish, rows)
                    if starts:
                        found.append(len(self.options))
                        self.options.append(Option(w, a, b, place, hall, rows, starts, wish.length))
        return found

    def _is_apart(self, a: int, b: int, wish: Wish) -> bool:
        if not self._apart:
            return False
        pa, pb = self.event.people[a], self.event.people[b]
        return any(
            frozenset((x, y)) in self._apart
            for x in {pa.id, pa.organisation, wish.a} - {""}
            for y in {pb.id, pb.organisation, wish.b} - {""}
        )

    def _places(self, a: int, b: int, wish: Wish) -> list[tuple[int, str | None, tuple[int, ...]]]:
        pa, pb = self.event.people[a], self.event.people[b]
        if wish.online or pa.online or pb.online:
            room = self._row_of.get(("rooms", ""))
            return [(ONLINE, None, () if room is None else (room,))]
        booth = pa.booth if pa.booth is not None else pb.booth
        if booth is not None:
            return [(BOOTH, booth, ())]
        if self.event.rules.far_halls:
            return [(TABLE, h.id, (self._row_of["tables", h.id],)) for h in self.event.halls]
        return [(TABLE, None, (self._row_of["tables", ""],))]

    def _organisation_rows(self, a: int, b: int) -> tuple[int, ...]:
        """One row per delegate: two delegates of one organisation in one meeting count twice."""
        found = []
        for p in (a, b):
            row = self._row_of.get(("organisation", self.event.people[p].organisation))
            if row is not None:
                found.append(row)
        return tuple(found)

    def _slots_with_room(self, row: int, need: int) -> int:
        known = self._room.get((row, need))
        if known is None:
            known = sum(1 << t for t, c in enumerate(self.rows[row].capacity) if c >= need)
            self._room[row, need] = known
        return known

    def _starts(self, a: int, b: int, wish: Wish, rows: tuple[int, ...]) -> int:
        free = self.open[a] & self.open[b]
        for row in set(rows):
            need = rows.count(row)
            free &= self._slots_with_room(row, need)
        starts = free
        for step in range(1, wish.length):
            starts &= (free & self.inner) >> step
        if wish.slots is not None:
            starts &= _mask(wish.slots)
        for p in (a, b):
            if self.plain_person[p]:
                continue
            for t in range(self.T):
                taken = ((1 << wish.length) - 1) << t
                if starts >> t & 1 and not self.day_rules[p].allows(taken):
                    starts &= ~(1 << t)
        return starts


def _mask(slots: frozenset[int]) -> int:
    return sum(1 << s for s in slots)


def _day_rules(event: Event) -> list[DayRules]:
    inner = [continues(event, t) for t in range(len(event.slots))]
    days: dict[int, int] = defaultdict(int)
    for t, slot in enumerate(event.slots):
        days[slot.day] |= 1 << t
    runs_of: dict[int, tuple[int, ...]] = {}
    windows = tuple(_mask(w) for w in event.rules.lunch_windows if w)
    found = []
    for p in event.people:
        limit = p.max_in_row if p.max_in_row is not None else event.rules.max_in_row
        if limit is not None and limit not in runs_of:
            runs_of[limit] = tuple(
                ((1 << (limit + 1)) - 1) << t
                for t in range(len(event.slots) - limit)
                if all(inner[t + 1 : t + limit + 1])
            )
        found.append(
            DayRules(
                in_row=runs_of[limit] if limit is not None else (),
                windows=windows,
                day_masks=tuple(days.values()) if p.max_per_day is not None else (),
                max_per_day=p.max_per_day or 0,
            )
        )
    return found


def _linked_pools(interpreters: tuple[Interpreter, ...]) -> list[list[str]]:
    """Language pairs grouped by shared interpreters."""
    groups: list[set[str]] = []
    for interpreter in interpreters:
        joined = set(interpreter.pools)
        rest = []
        for group in groups:
            if group & joined:
                joined |= group
            else:
                rest.append(group)
        groups = [*rest, joined] if joined else rest
    return [sorted(g) for g in groups]

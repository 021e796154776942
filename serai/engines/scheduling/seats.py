"""Tables and interpreters for meetings that have their slot: who sits where, who interprets.

Counting already said that there is room. People keep their table in neighbouring slots where they can.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from .model import BOOTH, ONLINE, Model
from .types import Event, PlannedMeeting

NO_TABLE = -1
Placed = Mapping[int, tuple[int, int]]


def seat(
    model: Model, placed: Placed, keep: Mapping[str, PlannedMeeting] | None = None
) -> tuple[tuple[PlannedMeeting, ...], tuple[int, ...]]:
    """The meetings with tables and interpreters, and the wishes no table or interpreter was left for.

    `keep` are meetings of an earlier plan: whoever is still in the same slot keeps table and interpreter,
    unless a longer meeting that begins no later would then have no table for all its slots.
    """
    event = model.event
    keep = keep or {}
    held = {w: m for w in placed if (m := keep.get(event.wishes[w].id)) and m.slot == placed[w][1]}
    seating = _Seating(model, placed, held)
    if seating.standing:
        first = min(placed[w][1] for w in seating.standing)
        early = {w: m for w, m in held.items() if m.slot < first}
        seating = min(seating, _Seating(model, placed, early, sparing=True), key=lambda x: len(x.standing))
    halls, tables = seating.hall_of, seating.table_of
    interpreters, unserved = _interpreters(model, placed, held)
    unserved |= seating.standing
    meetings = []
    for w, (i, start) in sorted(placed.items(), key=lambda x: (x[1][1], x[0])):
        if w in unserved:
            continue
        o, wish = model.options[i], event.wishes[w]
        meetings.append(
            PlannedMeeting(
                wish=wish.id,
                slot=start,
                table=tables.get(w, NO_TABLE),
                a=event.people[o.a].id,
                b=event.people[o.b].id,
                pool=wish.pool,
                interpreter=interpreters.get(w),
                hall=halls.get(w),
                length=o.length,
            )
        )
    return tuple(meetings), tuple(sorted(unserved))


class _Seating:
    """A table for every meeting that needs one; `standing` are the wishes left without.

    People stay where they are in neighbouring slots if they can. `sparing`: nobody is asked; every meeting
    takes the table that is soonest of no use to others, so that the longest find theirs.
    """

    def __init__(
        self, model: Model, placed: Placed, held: Mapping[int, PlannedMeeting], *, sparing: bool = False
    ) -> None:
        self.model, self.event, self.placed, self.sparing = model, model.event, placed, sparing
        self.stands = _standing_tables(self.event)
        """Hall by table number, and the slots in which the table stands, as a mask."""
        self.taken = [0] * len(self.stands)
        self.low = [0] * model.T
        self.hall_of: dict[int, str] = {}
        self.table_of: dict[int, int] = {}
        self.last: dict[int, tuple[int, int]] = {}
        self.standing: set[int] = set()
        self._keep(held)
        by_slot: dict[int, list[int]] = defaultdict(list)
        for w, (_, start) in placed.items():
            by_slot[start].append(w)
        for start in sorted(by_slot):
            self._seat_slot(start, by_slot[start])

    def _span(self, w: int) -> int:
        option, start = self.placed[w]
        return self.model.spread(self.model.options[option], start)

    def _keep(self, held: Mapping[int, PlannedMeeting]) -> None:
        """Those who keep their table sit down; the others that need one stand."""
        for w, (i, _) in self.placed.items():
            o = self.model.options[i]
            if o.place == BOOTH and o.hall is not None:
                self.hall_of[w] = o.hall
            if o.place in (ONLINE, BOOTH):
                continue
            m = held.get(w)
            if m is not None and m.hall == self._hall(m.table) and self._is_free(w, m.table):
                self._sit(w, m.table)
            else:
                self.standing.add(w)

    def _seat_slot(self, start: int, wishes: list[int]) -> None:
        options = self.model.options
        here = sorted(
            (w for w in wishes if w in self.standing), key=lambda w: (-options[self.placed[w][0]].length, w)
        )
        for w in here if not self.sparing else ():
            o = options[self.placed[w][0]]
            stay = [self.last[p][1] for p in (o.a, o.b) if p in self.last and self.last[p][0] == start - 1]
            table = next((x for x in stay if self._is_free(w, x)), None)
            if table is not None:
                self._sit(w, table)
        for w in here:
            if w in self.standing:
                table = self._any_table(w)
                if table is not None:
                    self._sit(w, table)
        for w in wishes:
            if w in self.table_of:
                o = options[self.placed[w][0]]
                for p in (o.a, o.b):
                    self.last[p] = (start + o.length - 1, self.table_of[w])

    def _hall(self, table: int) -> str | None:
        return self.stands[table][0] if 0 <= table < len(self.stands) else None

    def _is_free(self, w: int, table: int) -> bool:
        if not 0 <= table < len(self.stands):
            return False
        hall, slots = self.stands[table]
        wanted = self.model.options[self.placed[w][0]].hall
        return wanted in (None, hall) and not self._span(w) & ~(slots & ~self.taken[table])

    def _any_table(self, w: int) -> int | None:
        start = self.placed[w][1]
        # Nobody gets up again: tables once taken in a slot need no second look.
        while self.low[start] < len(self.stands) and self.taken[self.low[start]] >> start & 1:
            self.low[start] += 1
        free = (x for x in range(self.low[start], len(self.stands)) if self._is_free(w, x))
        if self.sparing:
            return min(free, key=lambda x: (self.stands[x][1] & ~self.taken[x]).bit_count(), default=None)
        return next(free, None)

    def _sit(self, w: int, table: int) -> None:
        self.table_of[w] = table
        self.standing.discard(w)
        hall = self._hall(table)
        if hall is not None:
            self.hall_of[w] = hall
        self.taken[table] |= self._span(w)


def _standing_tables(event: Event) -> list[tuple[str | None, int]]:
    """For each table number its hall and the slots in which it stands: halls are numbered one after the other."""
    rows: list[tuple[str | None, tuple[int, ...]]] = [(h.id, h.tables) for h in event.halls]
    return [
        (hall, sum(1 << t for t, n in enumerate(tables) if k < n))
        for hall, tables in rows or [(None, event.tables_per_slot)]
        for k in range(max(tables, default=0))
    ]


def _interpreters(
    model: Model, placed: Placed, held: Mapping[int, PlannedMeeting]
) -> tuple[dict[int, str], set[int]]:
    """A named interpreter for every meeting that needs one, and the wishes left without.

    Those who keep theirs are served first. Only if somebody then goes without, everybody is served anew, and
    that counts if it leaves no more of the kept and fewer of all without.
    """
    kept = _served(model, placed, held, reserve=True)
    if not kept[1]:
        return kept
    anew = _served(model, placed, held, reserve=False)
    return min(kept, anew, key=lambda found: (len(found[1] & held.keys()), len(found[1])))


def _served(
    model: Model, placed: Placed, held: Mapping[int, PlannedMeeting], *, reserve: bool
) -> tuple[dict[int, str], set[int]]:
    """Slot by slot, by augmenting paths; with `reserve` after the meetings in `held` have theirs."""
    event = model.event
    named = {x for i in event.interpreters for x in i.pools}
    needing: dict[int, list[int]] = defaultdict(list)
    for w, (_, start) in placed.items():
        if event.wishes[w].pool in named:
            needing[start].append(w)
    serves: dict[int, str] = {}
    unserved: set[int] = set()
    busy: dict[int, set[str]] = defaultdict(set)

    def span(w: int) -> range:
        option, start = placed[w]
        return range(start, start + model.options[option].length)

    def serve(w: int, who: str) -> None:
        serves[w] = who
        for t in span(w):
            busy[t].add(who)

    def candidates_of(w: int) -> list[str]:
        """Who could interpret, the one who did before first."""
        before = held[w].interpreter if w in held else None
        found = [
            i.id
            for i in event.interpreters
            if event.wishes[w].pool in i.pools
            and all(i.open_slots is None or t in i.open_slots for t in span(w))
            and not any(i.id in busy[t] for t in span(w))
        ]
        return sorted(found, key=lambda who: who != before)

    if reserve:
        for w in sorted(w for here in needing.values() for w in here if w in held):
            if held[w].interpreter in (free := candidates_of(w)):
                serve(w, free[0])
    for start in sorted(needing):
        new = sorted(
            (w for w in needing[start] if w not in serves), key=lambda w: -model.options[placed[w][0]].length
        )
        match = _match(new, {w: candidates_of(w) for w in new})
        for w in new:
            if w in match:
                serve(w, match[w])
            else:
                unserved.add(w)
    return serves, unserved


def _match(meetings: list[int], candidates: Mapping[int, list[str]]) -> dict[int, str]:
    """Maximum bipartite matching (Kuhn)."""
    taken: dict[str, int] = {}

    def augment(w: int, seen: set[str]) -> bool:
        for who in candidates[w]:
            if who not in seen:
                seen.add(who)
                if who not in taken or augment(taken[who], seen):
                    taken[who] = w
                    return True
        return False

    for w in meetings:
        augment(w, set())
    return {w: who for who, w in taken.items()}

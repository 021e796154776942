"""Tables and interpreters for meetings that have their slot: who sits where, who interprets.

Counting already said that there is room. People keep their table in neighbouring slots where they can.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from .model import BOOTH, ONLINE, Model
from .rules import hall_offsets
from .types import Event, PlannedMeeting

NO_TABLE = -1
Placed = Mapping[int, tuple[int, int]]


def seat(
    model: Model, placed: Placed, keep: Mapping[str, PlannedMeeting] | None = None
) -> tuple[tuple[PlannedMeeting, ...], tuple[int, ...]]:
    """The meetings with tables and interpreters, and the wishes no interpreter was left for.

    `keep` are meetings of an earlier plan: whoever is still in the same slot keeps table and interpreter.
    """
    event = model.event
    keep = keep or {}
    held = {w: m for w in placed if (m := keep.get(event.wishes[w].id)) and m.slot == placed[w][1]}
    halls, tables = _tables(model, placed, held)
    interpreters, unserved = _interpreters(model, placed, held)
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


def _tables(
    model: Model, placed: Placed, held: Mapping[int, PlannedMeeting]
) -> tuple[dict[int, str], dict[int, int]]:
    event = model.event
    hall_of: dict[int, str] = {}
    table_of: dict[int, int] = {}
    taken: dict[int, set[int]] = defaultdict(set)
    used_in_hall: dict[tuple[str, int], int] = defaultdict(int)
    offsets = hall_offsets(event)
    waiting = []
    for w, (i, start) in placed.items():
        o = model.options[i]
        if o.place == BOOTH and o.hall is not None:
            hall_of[w] = o.hall
        if o.place in (ONLINE, BOOTH):
            continue
        m = held.get(w)
        span = range(start, start + o.length)
        if (
            m is not None
            and _stands(event, m.table, m.hall, span)
            and not any(m.table in taken[t] for t in span)
        ):
            _sit(w, m.table, m.hall, span, hall_of, table_of, taken, used_in_hall)
        else:
            waiting.append(w)
    last_table: dict[int, tuple[int, int]] = {}
    by_slot: dict[int, list[int]] = defaultdict(list)
    for w in placed:
        by_slot[placed[w][1]].append(w)
    pending = set(waiting)
    for start in sorted(by_slot):
        here = sorted(
            (w for w in by_slot[start] if w in pending),
            key=lambda w: (-model.options[placed[w][0]].length, w),
        )
        for pass_ in (0, 1):
            for w in here:
                if w in table_of:
                    continue
                o = model.options[placed[w][0]]
                span = range(start, start + o.length)
                wanted = [
                    last_table[p][1] for p in (o.a, o.b) if p in last_table and last_table[p][0] == start - 1
                ]
                table = next((x for x in wanted if _free(event, x, span, taken, o.hall, offsets)), None)
                if table is None and pass_ == 1:
                    table = _any_table(event, span, taken, o.hall, offsets)
                if table is not None:
                    hall = o.hall or _hall_at(event, table, offsets)
                    _sit(w, table, hall, span, hall_of, table_of, taken, used_in_hall)
        for w in by_slot[start]:
            if w in table_of:
                o = model.options[placed[w][0]]
                for p in (o.a, o.b):
                    last_table[p] = (start + o.length - 1, table_of[w])
    return hall_of, table_of


def _sit(
    w: int,
    table: int,
    hall: str | None,
    span: range,
    hall_of: dict[int, str],
    table_of: dict[int, int],
    taken: dict[int, set[int]],
    used: dict[tuple[str, int], int],
) -> None:
    table_of[w] = table
    if hall is not None:
        hall_of[w] = hall
    for t in span:
        taken[t].add(table)
        used[hall or "", t] += 1


def _hall_at(event: Event, table: int, offsets: Mapping[str, int]) -> str | None:
    for hall in event.halls:
        if offsets[hall.id] <= table < offsets[hall.id] + max(hall.tables, default=0):
            return hall.id
    return None


def _stands(event: Event, table: int, hall: str | None, span: range) -> bool:
    if event.halls:
        place = next((h for h in event.halls if h.id == hall), None)
        first = hall_offsets(event).get(hall or "", 0)
        return place is not None and all(0 <= table - first < place.tables[t] for t in span)
    return all(0 <= table < event.tables_per_slot[t] for t in span)


def _free(
    event: Event,
    table: int,
    span: range,
    taken: Mapping[int, set[int]],
    hall: str | None,
    offsets: Mapping[str, int],
) -> bool:
    at = _hall_at(event, table, offsets)
    if hall is not None and at != hall:
        return False
    return _stands(event, table, at, span) and all(table not in taken[t] for t in span)


def _any_table(
    event: Event, span: range, taken: Mapping[int, set[int]], hall: str | None, offsets: Mapping[str, int]
) -> int | None:
    if not event.halls:
        room = min(event.tables_per_slot[t] for t in span)
        return next((x for x in range(room) if all(x not in taken[t] for t in span)), None)
    for place in event.halls:
        if hall is not None and place.id != hall:
            continue
        first, room = offsets[place.id], min(place.tables[t] for t in span)
        for x in range(first, first + room):
            if all(x not in taken[t] for t in span):
                return x
    return None


def _interpreters(
    model: Model, placed: Placed, held: Mapping[int, PlannedMeeting]
) -> tuple[dict[int, str], set[int]]:
    """A named interpreter for every meeting that needs one, slot by slot, by augmenting paths."""
    event = model.event
    named = {x for i in event.interpreters for x in i.pools}
    needing: dict[int, list[int]] = defaultdict(list)
    for w, (_, start) in placed.items():
        if event.wishes[w].pool in named:
            needing[start].append(w)
    serves: dict[int, str] = {}
    unserved: set[int] = set()
    busy: dict[int, set[str]] = defaultdict(set)
    for start in sorted(needing):
        new = sorted(needing[start], key=lambda w: -model.options[placed[w][0]].length)
        candidates: dict[int, list[str]] = {}
        for w in new:
            span = range(start, start + model.options[placed[w][0]].length)
            candidates[w] = [
                i.id
                for i in event.interpreters
                if event.wishes[w].pool in i.pools
                and all(i.open_slots is None or t in i.open_slots for t in span)
                and not any(i.id in busy[t] for t in span)
            ]
            m = held.get(w)
            if m is not None and m.interpreter in candidates[w]:
                candidates[w].remove(m.interpreter)
                candidates[w].insert(0, m.interpreter)
        match = _match(new, candidates)
        for w in new:
            if w not in match:
                unserved.add(w)
                continue
            serves[w] = match[w]
            for t in range(start, start + model.options[placed[w][0]].length):
                busy[t].add(match[w])
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

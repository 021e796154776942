"""The rules of an event, written apart from every solver. Each broken rule is named in words."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping
from itertools import pairwise

from .types import Event, Hall, InvalidEventError, Person, Plan, PlannedMeeting, Wish

ONLINE_TABLE = -1


def check(event: Event, plan: Plan) -> Iterator[str]:
    """Every rule the plan breaks, one sentence each; nothing for a valid plan.

    Reads only the event and the meetings: what the plan says about itself (weight, breaks) is
    recomputed and compared. A plan that calls itself infeasible may leave musts and guarantees open.
    """
    index = _Index(event)
    known = [m for m in plan.meetings if m.wish in index.wishes]
    for m in plan.meetings:
        if m.wish not in index.wishes:
            yield f"meeting {m.wish}: there is no such wish"
    sound = []
    for m in known:
        problems = list(_meeting_problems(index, m))
        yield from problems
        if not any("does not exist" in p for p in problems):
            sound.append(m)
    for wish, n in Counter(m.wish for m in known).items():
        if n > 1:
            yield f"wish {wish}: granted {n} times"
    yield from _people(index, sound)
    yield from _organisations(index, sound)
    yield from _tables(index, sound)
    yield from _pools(index, sound)
    promises = list(_promises(index, sound))
    if plan.status != "infeasible":
        yield from promises
    elif not plan.conflict:
        yield "the plan calls itself infeasible and names no conflict"
    elif not promises:
        yield "the plan calls itself infeasible, and its meetings keep every promise"
    yield from _own_figures(index, plan, sound)


def breaks_of(event: Event, busy: frozenset[int] | set[int]) -> int:
    """Breaks of somebody busy in these slots: idle stretches between two meetings of one day.

    A stretch that lies inside a lunch window is none. With `lunch_is_gap`, going from one session to
    the next of the same day is one even if no slot lies between.
    """
    return sum(1 for _ in idle_stretches(event, busy))


def idle_stretches(event: Event, busy: Collection[int]) -> Iterator[range]:
    """The breaks of `breaks_of`, each as its idle slots; none where it lies between two sessions only."""
    for before, after in pairwise(sorted(busy)):
        if event.slots[before].day != event.slots[after].day:
            continue
        idle = range(before + 1, after)
        if not idle:
            other_session = event.slots[before].session != event.slots[after].session
            if event.rules.lunch_is_gap and other_session:
                yield idle
        elif not any(window.issuperset(idle) for window in event.rules.lunch_windows):
            yield idle


def total_breaks(event: Event, meetings: tuple[PlannedMeeting, ...]) -> int:
    return sum(breaks_of(event, busy) for busy in busy_slots(meetings).values())


def busy_slots(meetings: tuple[PlannedMeeting, ...] | list[PlannedMeeting]) -> dict[str, set[int]]:
    busy: dict[str, set[int]] = defaultdict(set)
    for m in meetings:
        for p in {m.a, m.b}:
            busy[p].update(m.slots)
    return busy


def continues(event: Event, slot: int) -> bool:
    """Whether a stretch of meetings without rest goes on from slot - 1 into slot."""
    if slot == 0:
        return False
    before, here = event.slots[slot - 1], event.slots[slot]
    return before.day == here.day and before.session == here.session


class _Index:
    """The event by id, and which hall a table number belongs to."""

    def __init__(self, event: Event) -> None:
        self.event = event
        self.people: Mapping[str, Person] = {p.id: p for p in event.people}
        self.wishes: Mapping[str, Wish] = {w.id: w for w in event.wishes}
        self.halls: Mapping[str, Hall] = {h.id: h for h in event.halls}
        self.interpreters = {i.id: i for i in event.interpreters}
        self.pools = {p.id: p for p in event.pools}
        self.organisations = {o.id for o in event.organisations}

    def is_online(self, m: PlannedMeeting) -> bool:
        guests = (self.people.get(m.a), self.people.get(m.b))
        return self.wishes[m.wish].online or any(g is not None and g.online for g in guests)

    def at_booth(self, m: PlannedMeeting) -> str | None:
        """The hall of the booth where the meeting is held: `a`'s before `b`'s."""
        if self.is_online(m):
            return None
        for p in (m.a, m.b):
            person = self.people.get(p)
            if person is not None and person.booth is not None:
                return person.booth
        return None

    def place(self, m: PlannedMeeting) -> str | None:
        return None if self.is_online(m) else self.at_booth(m) or m.hall


def _meeting_problems(index: _Index, m: PlannedMeeting) -> Iterator[str]:
    event, wish = index.event, index.wishes[m.wish]
    name = f"meeting {m.wish}"
    if not (m.length >= 1 and m.slot >= 0 and m.slot + m.length <= len(event.slots)):
        yield f"{name}: slot {m.slot} with length {m.length} does not exist"
        return
    if m.length != wish.length:
        yield f"{name}: takes {m.length} slots, the wish asks for {wish.length}"
    if any(not continues(event, s) for s in list(m.slots)[1:]):
        yield f"{name}: runs over the end of a session"
    if wish.slots is not None and m.slot not in wish.slots:
        yield f"{name}: may not begin in slot {m.slot}"
    for side, asked in ((m.a, wish.a), (m.b, wish.b)):
        person = index.people.get(side)
        if person is None:
            yield f"{name}: person {side} does not exist"
            continue
        if side != asked and not (asked in index.organisations and person.organisation == asked):
            yield f"{name}: {side} is neither {asked} nor one of its delegates"
        for s in m.slots:
            if person.open_slots is not None and s not in person.open_slots:
                yield f"{name}: {side} is not free in slot {s}"
    if m.a == m.b:
        yield f"{name}: {m.a} would meet themselves"
    for x, y in _no_thanks_of(index, m, wish):
        yield f"{name}: {x} and {y} are kept apart (no thanks)"


def _no_thanks_of(index: _Index, m: PlannedMeeting, wish: Wish) -> Iterator[tuple[str, str]]:
    def names(side: str, asked: str) -> set[str]:
        person = index.people.get(side)
        return {side, asked} | ({person.organisation} if person and person.organisation else set())

    a_names, b_names = names(m.a, wish.a), names(m.b, wish.b)
    for x, y in sorted(index.event.rules.no_thanks):
        if (x in a_names and y in b_names) or (y in a_names and x in b_names):
            yield x, y


def _people(index: _Index, meetings: list[PlannedMeeting]) -> Iterator[str]:
    event = index.event
    at: dict[tuple[str, int], list[PlannedMeeting]] = defaultdict(list)
    count: Counter[str] = Counter()
    per_day: dict[str, Counter[int]] = defaultdict(Counter)
    for m in meetings:
        for p in {m.a, m.b}:
            count[p] += 1
            per_day[p][event.slots[m.slot].day] += 1
            for s in m.slots:
                at[p, s].append(m)
    for (p, s), here in sorted(at.items()):
        if len(here) > 1:
            yield f"{p}: {len(here)} meetings in slot {s} (wishes {', '.join(m.wish for m in here)})"
    busy = busy_slots(meetings)
    for p, person in index.people.items():
        taken = busy.get(p, set())
        if person.max_meetings is not None and count[p] > person.max_meetings:
            yield f"{p}: {count[p]} meetings, the limit is {person.max_meetings}"
        if person.max_per_day is not None:
            for day, n in sorted(per_day[p].items()):
                if n > person.max_per_day:
                    yield f"{p}: {n} meetings on day {day}, the limit is {person.max_per_day}"
        limit = person.max_in_row if person.max_in_row is not None else event.rules.max_in_row
        if limit is not None:
            yield from _in_row(event, p, taken, limit)
        for number, window in enumerate(event.rules.lunch_windows):
            if window and window <= taken:
                yield f"{p}: no free slot in lunch window {number}"
    yield from _walking(index, at)


def _in_row(event: Event, person: str, taken: set[int], limit: int) -> Iterator[str]:
    row = 0
    for s in range(len(event.slots)):
        row = (row if continues(event, s) else 0) + 1 if s in taken else 0
        if row == limit + 1:
            yield f"{person}: more than {limit} meetings in a row, up to slot {s}"


def _walking(index: _Index, at: Mapping[tuple[str, int], list[PlannedMeeting]]) -> Iterator[str]:
    far = index.event.rules.far_halls
    if not far:
        return
    for (p, s), here in sorted(at.items()):
        if not continues(index.event, s):
            continue
        for before in at.get((p, s - 1), []):
            for m in here:
                x, y = index.place(before), index.place(m)
                if x is not None and y is not None and ((x, y) in far or (y, x) in far):
                    yield f"{p}: cannot walk from hall {x} to hall {y} between slots {s - 1} and {s}"


def _organisations(index: _Index, meetings: list[PlannedMeeting]) -> Iterator[str]:
    belongs = {p.id: p.organisation for p in index.event.people}
    for organisation in index.event.organisations:
        parallel: Counter[int] = Counter()
        count = 0
        for m in meetings:
            sides = [p for p in (m.a, m.b) if belongs.get(p) == organisation.id]
            count += bool(sides)
            for s in m.slots:
                parallel[s] += len(sides)
        if organisation.max_meetings is not None and count > organisation.max_meetings:
            yield f"organisation {organisation.id}: {count} meetings, the limit is {organisation.max_meetings}"
        for s, n in sorted(parallel.items()):
            if organisation.max_parallel is not None and n > organisation.max_parallel:
                limit = organisation.max_parallel
                yield f"organisation {organisation.id}: {n} delegates busy in slot {s}, the limit is {limit}"


def _tables(index: _Index, meetings: list[PlannedMeeting]) -> Iterator[str]:
    event = index.event
    taken: dict[tuple[int, int], list[str]] = defaultdict(list)
    used: Counter[int] = Counter()
    online: Counter[int] = Counter()
    offsets = hall_offsets(event)
    for m in meetings:
        booth = index.at_booth(m)
        if index.is_online(m) or booth is not None:
            if m.table != ONLINE_TABLE:
                yield f"meeting {m.wish}: needs no table but holds table {m.table}"
            if m.hall != booth:
                where = "online, so in no hall" if booth is None else f"at the booth in hall {booth}"
                yield f"meeting {m.wish}: is {where}, the plan says hall {m.hall}"
            for s in m.slots:
                online[s] += index.is_online(m)
            continue
        for s in m.slots:
            used[s] += 1
            taken[s, m.table].append(m.wish)
            if event.halls:
                hall = index.halls.get(m.hall or "")
                if hall is None:
                    yield f"meeting {m.wish}: hall {m.hall} does not exist"
                elif not 0 <= m.table - offsets[hall.id] < hall.tables[s]:
                    yield f"meeting {m.wish}: table {m.table} does not stand in hall {hall.id} in slot {s}"
            elif m.hall is not None:
                yield f"meeting {m.wish}: hall {m.hall} does not exist"
            elif not 0 <= m.table < event.tables_per_slot[s]:
                yield f"meeting {m.wish}: table {m.table} does not exist in slot {s}"
    for (s, table), wishes in sorted(taken.items()):
        if len(wishes) > 1:
            yield f"table {table}: {len(wishes)} meetings in slot {s} (wishes {', '.join(wishes)})"
    for s, n in sorted(used.items()):
        if n > event.tables_per_slot[s]:
            yield f"slot {s}: {n} meetings at tables, {event.tables_per_slot[s]} tables"
    if event.rules.online_rooms is not None:
        for s, n in sorted(online.items()):
            if n > event.rules.online_rooms[s]:
                yield f"slot {s}: {n} online meetings, {event.rules.online_rooms[s]} rooms"


def hall_offsets(event: Event) -> dict[str, int]:
    """The number of each hall's first table: halls are numbered one after the other."""
    offsets, first = {}, 0
    for hall in event.halls:
        offsets[hall.id] = first
        first += max(hall.tables, default=0)
    return offsets


def _pools(index: _Index, meetings: list[PlannedMeeting]) -> Iterator[str]:
    taken: dict[tuple[str, int], list[str]] = defaultdict(list)
    counted: Counter[tuple[str, int]] = Counter()
    for m in meetings:
        need = index.wishes[m.wish].pool
        if m.pool != need:
            yield f"meeting {m.wish}: is booked for interpreters {m.pool}, the wish needs {need}"
        if need is None:
            if m.interpreter is not None:
                yield f"meeting {m.wish}: needs no interpreter but holds interpreter {m.interpreter}"
            continue
        if m.interpreter is None:
            for s in m.slots:
                counted[need, s] += 1
            continue
        interpreter = index.interpreters.get(m.interpreter)
        if interpreter is None or need not in interpreter.pools:
            yield f"meeting {m.wish}: {m.interpreter} does not interpret {need}"
            continue
        for s in m.slots:
            taken[m.interpreter, s].append(m.wish)
            if interpreter.open_slots is not None and s not in interpreter.open_slots:
                yield f"meeting {m.wish}: interpreter {m.interpreter} is not free in slot {s}"
    for (who, s), wishes in sorted(taken.items()):
        if len(wishes) > 1:
            yield f"interpreter {who}: {len(wishes)} meetings in slot {s} (wishes {', '.join(wishes)})"
    for (need, s), n in sorted(counted.items()):
        pool = index.pools.get(need)
        there = pool.capacity[s] if pool else 0
        if n > there:
            yield f"interpreters {need}: {n} needed in slot {s}, {there} there"


def _promises(index: _Index, meetings: list[PlannedMeeting]) -> Iterator[str]:
    granted = {m.wish for m in meetings}
    count = Counter(p for m in meetings for p in (m.a, m.b))
    for wish in index.event.wishes:
        if wish.must and wish.id not in granted:
            yield f"wish {wish.id}: must be granted and is not"
    for person in index.event.people:
        if count[person.id] < person.min_meetings:
            yield f"{person.id}: {count[person.id]} meetings, {person.min_meetings} are guaranteed"


def _own_figures(index: _Index, plan: Plan, meetings: list[PlannedMeeting]) -> Iterator[str]:
    weight = sum(index.wishes[m.wish].weight for m in meetings)
    if plan.weight != weight:
        yield f"the plan says weight {plan.weight}, its meetings have {weight}"
    breaks = total_breaks(index.event, tuple(meetings))
    if plan.breaks != breaks:
        yield f"the plan says {plan.breaks} breaks, its meetings have {breaks}"
    if plan.weight > plan.weight_bound and plan.status != "infeasible":
        yield f"the plan's weight {plan.weight} is above its bound {plan.weight_bound}"
    if plan.breaks < plan.breaks_bound:
        yield f"the plan's {plan.breaks} breaks are below their bound {plan.breaks_bound}"
    if plan.status == "optimal" and (plan.weight < plan.weight_bound or plan.breaks > plan.breaks_bound):
        yield (
            f"the plan calls itself optimal with weight {plan.weight} of at most {plan.weight_bound}"
            f" and {plan.breaks} breaks of at least {plan.breaks_bound}"
        )


def validate(event: Event) -> None:
    """Raises InvalidEventError, naming the key, if the event contradicts itself."""
    for problem in _faults(event):
        raise InvalidEventError(problem)


def _faults(event: Event) -> Iterator[str]:
    from . import types as t

    n = len(event.slots)
    for key, size, limit in (
        ("slots", n, t.MAX_SLOTS),
        ("people", len(event.people), t.MAX_PEOPLE),
        ("wishes", len(event.wishes), t.MAX_WISHES),
    ):
        if size > limit:
            yield f"{key}: {size} is more than the limit of {limit}"
    if n == 0:
        yield "slots: an event needs at least one slot"
    yield from _list_faults(event, n)
    days = [s.day for s in event.slots]
    if days != sorted(days):
        yield "slots: days must not go back in time"
    for day in set(days):
        if days.count(day) > t.MAX_SLOTS_PER_DAY:
            yield f"slots: day {day} has {days.count(day)} slots, the limit is {t.MAX_SLOTS_PER_DAY}"
    for k, window in enumerate(event.rules.lunch_windows):
        if any(not 0 <= s < n for s in window) or len({days[s] for s in window}) > 1:
            yield f"rules: lunch window {k} does not lie in the slots of one day"
    people = {p.id for p in event.people}
    parties = people | {o.id for o in event.organisations}
    halls = {h.id for h in event.halls}
    for p in event.people:
        if p.open_slots is not None and any(not 0 <= s < n for s in p.open_slots):
            yield f"people: {p.id} has open slots outside 0..{n - 1}"
        for key in ("max_meetings", "min_meetings", "max_per_day", "max_in_row"):
            value = getattr(p, key)
            if value is not None and (type(value) is not int or not 0 <= value <= t.MAX_WISHES):
                yield f"people: {p.id} has {key} {value!r}; 0 to {t.MAX_WISHES} is possible"
        if p.booth is not None and halls and p.booth not in halls:
            yield f"people: {p.id} has a booth in hall {p.booth}, which does not exist"
    for o in event.organisations:
        for key in ("max_parallel", "max_meetings"):
            value = getattr(o, key)
            if value is not None and not 0 <= value <= t.MAX_WISHES:
                yield f"organisations: {o.id} has {key} {value!r}; 0 to {t.MAX_WISHES} is possible"
    for w in event.wishes:
        if type(w.weight) is not int or not 0 <= w.weight <= t.MAX_WEIGHT:
            yield f"wishes: {w.id} has weight {w.weight!r}; weights are whole, from 0 to {t.MAX_WEIGHT}"
        for side in (w.a, w.b):
            if side not in parties:
                yield f"wishes: {w.id} names {side}, who does not take part"
        if w.a == w.b:
            yield f"wishes: {w.id} is between {w.a} and themselves"
        if w.length not in (1, 2, 3):
            yield f"wishes: {w.id} takes {w.length} slots; 1, 2 or 3 are possible"
        if w.slots is not None and any(not 0 <= s < n for s in w.slots):
            yield f"wishes: {w.id} names slots outside 0..{n - 1}"
    if not 0 <= event.rules.guarantee_count <= t.MAX_GUARANTEE_COUNT:
        limit = t.MAX_GUARANTEE_COUNT
        yield f"rules: guarantee_count {event.rules.guarantee_count} is not within 0..{limit}"
    if not 0 <= event.rules.fairness_cost <= 1:
        yield f"rules: fairness_cost {event.rules.fairness_cost} is not a share 0..1"
    for x, y in event.rules.far_halls:
        if x not in halls or y not in halls:
            yield f"rules: far_halls names {x}, {y}; known halls are {sorted(halls)}"


def _list_faults(event: Event, n: int) -> Iterator[str]:
    from . import types as t

    rows: list[tuple[str, tuple[int, ...]]] = [("tables_per_slot", event.tables_per_slot)]
    rows += [(f"pools: {p.id}", p.capacity) for p in event.pools]
    rows += [(f"halls: {h.id}", h.tables) for h in event.halls]
    if event.rules.online_rooms is not None:
        rows.append(("rules: online_rooms", event.rules.online_rooms))
    for key, row in rows:
        if len(row) != n:
            yield f"{key}: {len(row)} numbers for {n} slots"
        if any(x < 0 for x in row):
            yield f"{key}: negative numbers"
        if any(x > t.MAX_TABLES for x in row):
            yield f"{key}: {max(row)} is more than the limit of {t.MAX_TABLES}"
    for key, ids in (
        ("people", [p.id for p in event.people]),
        ("wishes", [w.id for w in event.wishes]),
        ("pools", [p.id for p in event.pools]),
        ("interpreters", [i.id for i in event.interpreters]),
        ("halls", [h.id for h in event.halls]),
        ("organisations and people", [o.id for o in event.organisations] + [p.id for p in event.people]),
    ):
        twice = [i for i, k in Counter(ids).items() if k > 1]
        if twice:
            yield f"{key}: {twice[0]} is there twice"
    if event.halls:
        for s in range(n):
            if sum(h.tables[s] for h in event.halls) != event.tables_per_slot[s]:
                yield f"halls: tables in slot {s} do not add up to tables_per_slot"
    both = {p.id for p in event.pools} & {x for i in event.interpreters for x in i.pools}
    if both:
        yield f"pools: {min(both)} is both counted (pools) and named (interpreters)"

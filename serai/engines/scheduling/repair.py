"""Changes after the plan is made, at the least cost to people; and what a change of the event is worth."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from .choose import Beside, Chooser
from .explain import find_option, reasons_for
from .model import Model
from .place import Board
from .place import slots as slots_in
from .programme import Solver
from .rules import total_breaks, validate
from .seats import seat
from .types import (
    Budget,
    Changes,
    Difference,
    Event,
    Hall,
    Interpreter,
    InvalidEventError,
    Person,
    Plan,
    PlannedMeeting,
    Price,
    Repair,
)

# How much longer than the budget a repair may take for the bound on what could be refilled.
BOUND_PATIENCE_S = 5.0


def repair(event: Event, plan: Plan, changes: Changes, budget: Budget | None = None) -> Repair:
    """The plan after the changes: what is lost is taken out, freed places are given to other wishes.

    Meetings before `changes.now` and confirmed ones stay as they are (confirmed ones move only with
    `budget.move_confirmed`). At most `budget.moves` meetings change their slot, those that lost their
    table or helper among them: without a move left such a meeting is lost. Freed places are filled by
    insertion first, which moves nobody, then by chains within the budget.
    """
    budget = budget or Budget()
    deadline = time.monotonic() + budget.seconds
    event = changed_event(event, plan, changes)
    validate(event)
    model = Model(event)
    number = {w.id: i for i, w in enumerate(event.wishes)}
    board, lost_wishes = _keep(model, plan, changes, number)
    frozen = {
        number[m.wish]
        for m in plan.meetings
        if m.wish in number
        and (m.slot < changes.now or (m.wish in changes.confirmed and not budget.move_confirmed))
    }
    before = dict(board.placed)
    now_mask = model.full & ~((1 << changes.now) - 1)
    beside = Beside(model, before, changes.now)
    refill = _refill(board, now_mask & _slots_of(plan, frozenset(lost_wishes)))
    held = {number[m.wish]: m.slot for m in plan.meetings if m.wish in number}
    refiller = _Refiller(model, board, held, frozen, now_mask, budget.moves)
    refiller.insert_all(number[w] for w in lost_wishes)
    refiller.insert_all(range(len(event.wishes)))
    with Solver(max(deadline, time.monotonic()) + BOUND_PATIENCE_S) as solver:
        # What was refilled often proves the bound that needs no solver; else it starts while we go on.
        if len(board.placed) < len(before) + beside.most:
            solver.start()
        refiller.move_for_more(deadline)
        keep = {m.wish: m for m in plan.meetings}
        meetings, unserved = seat(model, board.placed, keep)
        for w in unserved:
            board.take(w)
        after = _plan_of(event, model, board, meetings, plan)
        differences = tuple(_differences(plan, meetings))
        added = len(board.placed) - len(before)
        bound = beside.most if added >= beside.most else beside.relaxed(solver)
    return Repair(
        event=event,
        plan=replace(after, engine={**plan.engine, "notes": list(solver.notes)}),
        differences=differences,
        told=_told(differences),
        refill=refill,
        refillable_bound=bound,
    )


def changed_event(event: Event, plan: Plan, changes: Changes) -> Event:
    """The event as it is after the changes. What took place before `changes.now` stays possible."""
    n = len(event.slots)
    if not 0 <= changes.now <= n:
        raise InvalidEventError(f"now: {changes.now} is not a slot 0..{n}")
    past = frozenset(range(changes.now))
    people = [
        replace(p, open_slots=past & (past if p.open_slots is None else p.open_slots), min_meetings=0)
        if p.id in changes.cancelled
        else p
        for p in event.people
    ]
    unknown = changes.cancelled - {p.id for p in people}
    if unknown:
        raise InvalidEventError(f"cancelled: {min(unknown)} does not take part")
    lost = {s: k for s, k in changes.lost_tables.items() if s >= changes.now}
    if any(not 0 <= s < n for s in changes.lost_tables):
        raise InvalidEventError(f"lost_tables: slots are 0..{n - 1}")
    held = {m.wish: m for m in plan.meetings}
    # Withdrawn wishes stay in the list, so that positions keep their meaning, but may begin nowhere.
    wishes = [
        replace(w, slots=frozenset(), must=False)
        if w.id in changes.withdrawn and not (w.id in held and held[w.id].slot < changes.now)
        else w
        for w in event.wishes
    ]
    # A meeting that took place is past wishing: it must not make the rest impossible.
    gone = changes.cancelled
    wishes = [replace(w, must=False) if w.must and {w.a, w.b} & gone else w for w in wishes]
    halls = event.halls
    if halls and lost:
        halls = _halls_without(event, lost)
    return replace(
        event,
        people=(*people, *changes.late_people),
        wishes=(*wishes, *changes.late_wishes),
        tables_per_slot=tuple(max(0, c - lost.get(t, 0)) for t, c in enumerate(event.tables_per_slot)),
        halls=halls,
    )


def _halls_without(event: Event, lost: Mapping[int, int]) -> tuple[Hall, ...]:
    tables = [list(h.tables) for h in event.halls]
    for t, k in lost.items():
        left = k
        for row in reversed(tables):
            cut = min(row[t], left)
            row[t] -= cut
            left -= cut
    return tuple(replace(h, tables=tuple(row)) for h, row in zip(event.halls, tables, strict=True))


def _keep(model: Model, plan: Plan, changes: Changes, number: Mapping[str, int]) -> tuple[Board, list[str]]:
    """The board of what still holds, the confirmed first, and the wishes that lost their place."""
    board = Board(model)
    lost: list[str] = []
    wishes = model.event.wishes
    order = sorted(
        plan.meetings,
        key=lambda m: (
            m.slot >= changes.now,
            m.wish not in changes.confirmed,
            -(wishes[number[m.wish]].weight if m.wish in number else 0),
        ),
    )
    for m in order:
        w = number.get(m.wish)
        if w is None:
            continue
        option = find_option(model, w, m.a, m.b, m.hall)
        if option is not None and board.fits(option, m.slot):
            board.put(option, m.slot)
        else:
            lost.append(m.wish)
    return board, lost


class _Refiller:
    """Fills free places from slot `now` on.

    `held`: the slot each wish of the plan had. At most `moves` of them are in another one at the end, and
    none of the `frozen`.
    """

    def __init__(
        self,
        model: Model,
        board: Board,
        held: Mapping[int, int],
        frozen: Collection[int],
        now_mask: int,
        moves: int,
    ) -> None:
        self.model, self.board, self.held = model, board, held
        self.frozen, self.now_mask, self.moves = frozen, now_mask, moves

    def insert_all(self, wishes: Iterable[int]) -> None:
        """Every wish that fits beside what stands, the heaviest first; nobody is moved."""
        event, board = self.model.event, self.board
        order = sorted(
            (w for w in wishes if w not in board.placed),
            key=lambda w: (not event.wishes[w].must, -event.wishes[w].weight, w),
        )
        for w in order:
            for i in self.model.options_of[w]:
                if self._insert(i):
                    break

    def _insert(self, option: int) -> bool:
        board, model = self.board, self.model
        o = model.options[option]
        free = self._starts(option)
        best: tuple[tuple[bool, int], int] | None = None
        while free:
            bit = free & -free
            free ^= bit
            t = bit.bit_length() - 1
            if board.fits(option, t):
                span = ((1 << o.length) - 1) << t
                added = sum(
                    model.breaks(board.busy[p] | span) - model.breaks(board.busy[p]) for p in (o.a, o.b)
                )
                # A meeting goes back to its own slot if another table or delegate is there.
                key = (self._is_move(o.wish, t), added)
                if best is None or key < best[0]:
                    best = (key, t)
        if best is None:
            return False
        board.put(option, best[1])
        return True

    def _starts(self, option: int) -> int:
        """Slots the option may begin in, as a mask: of a meeting that may not move only the one it had."""
        wish = self.model.options[option].wish
        free = self.board.allowed_starts(option) & self.now_mask
        if free and wish in self.held and not self._may_move(wish):
            free &= 1 << self.held[wish] if self.held[wish] >= 0 else 0
        return free

    def _may_move(self, wish: int) -> bool:
        return wish not in self.frozen and self.moves > 0 and self.moved() < self.moves

    def _is_move(self, wish: int, start: int) -> bool:
        return self.held.get(wish, start) != start

    def moved(self) -> int:
        """Meetings of the plan that are now in another slot."""
        held = self.held
        return sum(held.get(w, start) != start for w, (_, start) in self.board.placed.items())

    def move_for_more(self, deadline: float) -> None:
        """Grants further wishes by two-slot chains, as long as no more than `moves` meetings move."""
        moves = self.moves
        if moves <= 0:
            return
        model, board, wishes = self.model, self.board, self.model.event.wishes
        order = sorted(
            (
                w
                for w in range(len(wishes))
                if w not in board.placed and model.options_of[w] and w not in self.frozen
            ),
            key=lambda w: (not wishes[w].must, -wishes[w].weight, w),
        )
        for longest in (1, 2, 4, moves):
            for w in order:
                if time.monotonic() > deadline or self.moved() >= moves:
                    return
                if w not in board.placed:
                    any(self._by_chain(i, min(longest, moves)) for i in model.options_of[w])
        for w in order:
            for i in model.options_of[w]:
                if time.monotonic() > deadline or self.moved() >= moves:
                    return
                if w not in board.placed:
                    self._by_two_chains(i, deadline)

    def _by_two_chains(self, option: int, deadline: float) -> bool:
        """Moves the free slot of one of the two elsewhere first, then tries a chain again."""
        board, model = self.board, self.model
        o = model.options[option]
        if o.length != 1 or board.count[o.a] >= board.limit[o.a] or board.count[o.b] >= board.limit[o.b]:
            return False
        for p in (o.a, o.b):
            here = self.now_mask & model.open[p]
            for s in slots_in(here & ~board.busy[p]):
                for t in slots_in(here & o.starts & board.busy[p]):
                    if time.monotonic() > deadline:
                        return False
                    chain = board.chain(p, s, t)
                    if len(chain) > self.moves or not board.flip(chain, s, t, self.frozen):
                        continue
                    if self.moved() <= self.moves and (
                        self._insert(option) or self._by_chain(option, self.moves)
                    ):
                        return True
                    board.flip(chain, s, t, self.frozen)
        return False

    def _by_chain(self, option: int, longest: int) -> bool:
        board, model = self.board, self.model
        o = model.options[option]
        if o.length != 1 or board.count[o.a] >= board.limit[o.a] or board.count[o.b] >= board.limit[o.b]:
            return False
        for a, b in ((o.a, o.b), (o.b, o.a)):
            idle_a = o.starts & self.now_mask & ~board.busy[a]
            idle_b = self.now_mask & model.open[b] & ~board.busy[b]
            for s in slots_in(idle_a & board.busy[b]):
                for t in slots_in(idle_b):
                    if self._flip_and_put(option, a, b, s, t, longest):
                        return True
        return False

    def _flip_and_put(self, option: int, a: int, b: int, s: int, t: int, longest: int) -> bool:
        """Frees slot s of b by flipping her piece of slots s and t, if that is short enough."""
        board, model = self.board, self.model
        chain = board.chain(b, s, t)
        if len(chain) > longest:
            return False
        touched = {p for w in chain for p in _people_of(model, board, w)}
        if a in touched or not board.flip(chain, s, t, self.frozen):
            return False
        own = self._is_move(model.options[option].wish, s)
        if self.moved() + own <= self.moves and board.fits(option, s):
            board.put(option, s)
            return True
        board.flip(chain, s, t, self.frozen)
        return False


def _people_of(model: Model, board: Board, w: int) -> tuple[int, int]:
    o = model.options[board.placed[w][0]]
    return o.a, o.b


def _plan_of(
    event: Event, model: Model, board: Board, meetings: tuple[PlannedMeeting, ...], old: Plan
) -> Plan:
    weight = sum(event.wishes[w].weight for w in board.placed)
    granted = {m.wish for m in meetings}
    count = Counter(p for m in meetings for p in (m.a, m.b))
    conflict = [
        f"Wish {w.id} had to be granted and is not." for w in event.wishes if w.must and w.id not in granted
    ]
    conflict += [
        f"{p.id} is guaranteed {p.min_meetings} meetings and has {count[p.id]}."
        for p in event.people
        if count[p.id] < p.min_meetings
    ]
    return replace(
        old,
        meetings=meetings,
        weight=weight,
        weight_bound=max(weight, sum(w.weight for w in event.wishes)),
        breaks=total_breaks(event, meetings),
        breaks_bound=0,
        status="infeasible" if conflict else "feasible",
        proof="repaired; no bound on the weight of a plan made anew",
        conflict=tuple(conflict),
        reasons=reasons_for(model, board),
    )


def _differences(plan: Plan, meetings: tuple[PlannedMeeting, ...]) -> Iterable[Difference]:
    before = {m.wish: m for m in plan.meetings}
    after = {m.wish: m for m in meetings}
    for wish, m in before.items():
        new = after.get(wish)
        if new is None:
            yield Difference("lost", wish, (m.a, m.b), m, None)
        elif (new.slot, new.a, new.b) != (m.slot, m.a, m.b):
            people = tuple(sorted({m.a, m.b, new.a, new.b}))
            yield Difference("moved", wish, people, m, new)
        elif new != m:
            yield Difference("table", wish, (m.a, m.b), m, new)
    for wish, m in after.items():
        if wish not in before:
            yield Difference("added", wish, (m.a, m.b), None, m)


def _told(differences: Iterable[Difference]) -> dict[str, int]:
    told: Counter[str] = Counter()
    for d in differences:
        if d.kind != "table":
            told.update(d.people)
    return dict(sorted(told.items()))


def _slots_of(plan: Plan, wishes: frozenset[str]) -> int:
    """The slots these wishes have in the plan, as a mask."""
    taken = {t for m in plan.meetings if m.wish in wishes for t in m.slots if t >= 0}
    return sum(1 << t for t in taken)


def _refill(board: Board, freed: int) -> dict[int, tuple[str, ...]]:
    """Per freed slot the wishes without a meeting that could begin there beside what stands, the heaviest first."""
    model = board.model
    found: dict[int, list[tuple[int, str]]] = defaultdict(list)
    for w, wish in enumerate(model.event.wishes):
        if w in board.placed:
            continue
        starts = 0
        for i in model.options_of[w]:
            for t in slots_in(board.allowed_starts(i) & freed & ~starts):
                starts |= board.fits(i, t) << t
        for t in slots_in(starts):
            found[t].append((-wish.weight, wish.id))
    return {t: tuple(x for _, x in sorted(found[t])) for t in sorted(found)}


def what_if(
    event: Event,
    plan: Plan | None = None,
    *,
    tables: int = 0,
    pools: Mapping[str, int] | None = None,
    people: Iterable[Person] = (),
    seconds: float = 10.0,
) -> Price:
    """What more tables in every slot, more interpreters of a pool in every slot, or changed people are worth.

    Compares proved upper bounds on the number and the weight of meetings, before and after; no
    schedule is computed, so what schedules gain may differ from the difference of the bounds. With `plan`,
    the sentence also says how many meetings it can gain at most, or must lose at least.
    """
    pools = dict(pools or {})
    known = {p.id for p in event.pools} | {x for i in event.interpreters for x in i.pools}
    strange = sorted(set(pools) - known)
    if strange:
        raise InvalidEventError(f"pools: nobody interprets {strange[0]} at this event")
    validate(event)
    changed = {p.id: p for p in people}
    after = replace(event, people=tuple(changed.get(p.id, p) for p in event.people))
    with Solver() as solver:
        before_count, before_weight = Chooser(Model(event), solver).bounds(seconds)
        after_model = Model(_with_more(after, tables, pools))
        after_count, after_weight = Chooser(after_model, solver).bounds(seconds)
    parts = [_more(tables, "table")] if tables else []
    parts += [_more(k, f"{name} interpreter") for name, k in pools.items() if k]
    parts += [f"changed: {', '.join(changed)}"] if changed else []
    change = " and ".join(parts) or "no change"
    told = [
        f"{change}: at most {_number(after_count, 'meeting')} instead of {before_count}, weight at most"
        f" {after_weight} instead of {before_weight} (proved bounds; what schedules gain may differ)."
    ]
    if plan is not None:
        told.append(_beside(plan, after_count))
    told += [f"{note}." for note in dict.fromkeys(solver.notes)]
    text = " ".join(told)
    return Price(change, before_count, after_count, before_weight, after_weight, text)


def _beside(plan: Plan, bound: int) -> str:
    """What a bound on meetings after a change means for a plan made before it."""
    has, gain = len(plan.meetings), bound - len(plan.meetings)
    after = f"can gain at most {gain}" if gain >= 0 else f"must lose at least {-gain}"
    return f"The plan has {_number(has, 'meeting')} and {after}."


def _more(n: int, what: str) -> str:
    return _number(abs(n), f"{'fewer' if n < 0 else 'more'} {what}")


def _number(n: int, what: str) -> str:
    return f"{n} {what}{'' if n == 1 else 's'}"


def _with_more(event: Event, tables: int, pools: Mapping[str, int]) -> Event:
    """The event with more (or fewer) tables per slot and more interpreters, new ones open all day."""
    halls = event.halls
    if halls and tables:
        first = tuple(max(0, c + tables) for c in halls[0].tables)
        halls = (replace(halls[0], tables=first), *halls[1:])
        per_slot = tuple(sum(h.tables[t] for h in halls) for t in range(len(event.slots)))
    else:
        per_slot = tuple(max(0, c + tables) for c in event.tables_per_slot)
    counted = {p.id for p in event.pools}
    interpreters = list(event.interpreters)
    for name, k in pools.items():
        if name in counted:
            continue
        for n in range(k):
            interpreters.append(Interpreter(f"new {name} {n}", frozenset({name})))
        for _ in range(-k):
            gone = next((i for i in interpreters if name in i.pools), None)
            if gone is not None:
                interpreters.remove(gone)
    return replace(
        event,
        tables_per_slot=per_slot,
        halls=halls,
        interpreters=tuple(interpreters),
        pools=tuple(
            replace(p, capacity=tuple(max(0, c + pools.get(p.id, 0)) for c in p.capacity))
            for p in event.pools
        ),
    )

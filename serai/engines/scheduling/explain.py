"""Why a wish is unmet, checkable against the plan; and the smallest contradiction of an impossible event."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from .model import Model, Row
from .place import FREE, Board, slots
from .seats import seat
from .types import Event, Kind, Plan, Reason, Wish

MAX_LISTED = 8


def board_of(model: Model, plan: Plan) -> Board:
    """The plan as a board. Meetings that break a rule beside the earlier ones of the plan are left out."""
    board = Board(model)
    number = {w.id: i for i, w in enumerate(model.event.wishes)}
    for m in plan.meetings:
        w = number.get(m.wish)
        if w is None or w in board.placed or not 0 <= m.slot < model.T:
            continue
        option = find_option(model, w, m.a, m.b, m.hall)
        if option is not None and board.fits(option, m.slot):
            board.put(option, m.slot)
    return board


def find_option(model: Model, wish: int, a: str, b: str, hall: str | None) -> int | None:
    people = model.event.people
    fallback = None
    for i in model.options_of[wish]:
        o = model.options[i]
        if people[o.a].id == a and people[o.b].id == b:
            if o.hall is None or o.hall == hall:
                return i
            fallback = i
    return fallback if not model.far else None


def explain(event: Event, plan: Plan, wish_id: str) -> Reason | None:
    """The binding reason of an unmet wish, or None if it is granted. Raises KeyError for an unknown wish."""
    number = {w.id: i for i, w in enumerate(event.wishes)}
    if wish_id not in number:
        raise KeyError(wish_id)
    if any(m.wish == wish_id for m in plan.meetings):
        return None
    model = Model(event)
    return reason_for(model, board_of(model, plan), number[wish_id])


def reasons(event: Event, plan: Plan, wishes: Iterable[int]) -> Iterator[tuple[int, Reason | None]]:
    """`explain` for many wishes by position, reading the plan once."""
    model = Model(event)
    board = board_of(model, plan)
    granted = {m.wish for m in plan.meetings}
    for w in wishes:
        yield w, None if event.wishes[w].id in granted else reason_for(model, board, w)


def reasons_for(model: Model, board: Board) -> tuple[Reason, ...]:
    return tuple(reason_for(model, board, w) for w in range(len(model.event.wishes)) if w not in board.placed)


def reason_for(model: Model, board: Board, w: int) -> Reason:
    """Looks at the plan as it is: who is full, and what stands against each slot both have free."""
    wish = model.event.wishes[w]
    if not model.options_of[w]:
        return _never(model, w)
    full = _full_people(model, board, w)
    if full is not None:
        return full
    against = _obstacles(model, board, w)
    names = _names(model.event, w)
    if not against:
        text = f"{names} have no slot in which both are free; their free slots do not meet."
        return Reason(wish.id, "no_common_slot", text, _less_free(model, board, w))
    fitting = [t for t, found in against.items() if not found]
    if fitting:
        text = f"It would still fit in {_in_slots(fitting)}; the search ended before."
        return Reason(wish.id, "search", text, (), tuple(fitting))
    kinds = {o.kind for found in against.values() for o in found}
    kind: Kind = kinds.pop() if len(kinds) == 1 else "several"
    text = f"{names} are both free in {_in_slots(against)}: {_in_words(against)}."
    return Reason(wish.id, kind, text, (), tuple(against))


@dataclass(frozen=True)
class _Obstacle:
    """What stands against a meeting in one slot: the kind of reason, and words for the middle of a sentence."""

    kind: Kind
    text: str


Obstacles = dict[int, list[_Obstacle]]


def _in_words(against: Obstacles) -> str:
    slots_of: dict[str, list[int]] = defaultdict(list)
    for t, found in against.items():
        slots_of[" and ".join(dict.fromkeys(o.text for o in found))].append(t)
    if len(slots_of) == 1:
        where = " in all of them" if len(against) > 1 else " there"
        return next(iter(slots_of)) + where
    return "; ".join(f"{what} in {_in_slots(here)}" for what, here in slots_of.items())


def _obstacles(model: Model, board: Board | None, w: int) -> Obstacles:
    """For each slot some pair of its people has open and free, what stands against beginning then.

    An empty list where it would fit. `board` None is a day without any meeting.
    """
    wish = model.event.wishes[w]
    fitting = set() if board is None else _fitting(model, board, w)
    found: Obstacles = {}
    for a in model.sides(wish.a):
        for b in model.sides(wish.b):
            if a == b:
                continue
            for t in slots(_free(model, board, a) & _free(model, board, b)):
                here = found.setdefault(t, [])
                if t not in fitting:
                    here += _against(model, board, w, a, b, t)
    return dict(sorted(found.items()))


def _free(model: Model, board: Board | None, p: int) -> int:
    return model.open[p] if board is None else model.open[p] & ~board.busy[p]


def _fitting(model: Model, board: Board, w: int) -> set[int]:
    """The slots in which it could begin beside everything that stands."""
    return {
        t
        for i in model.options_of[w]
        for t in slots(board.allowed_starts(i))
        if board.fits(i, t) and _can_sit(model, board, w, i, t)
    }


def _can_sit(model: Model, board: Board, w: int, option: int, t: int) -> bool:
    """Whether one table and one interpreter are left for all its slots; of single slots the count is enough."""
    if all(o.length == 1 for o in model.options) and not model.event.interpreters:
        return True
    return not seat(model, {**board.placed, w: (option, t)})[1]


def _against(model: Model, board: Board | None, w: int, a: int, b: int, t: int) -> list[_Obstacle]:
    """What stands against a and b, both free in slot t, beginning the wish then."""
    event, wish = model.event, model.event.wishes[w]
    if model._is_apart(a, b, wish):
        return [_Obstacle("no_thanks", f"{event.people[a].id} and {event.people[b].id} are kept apart")]
    if wish.slots is not None and t not in wish.slots:
        return [_Obstacle("rules", "it may not begin")]
    span = ((1 << wish.length) - 1) << t
    if span >> model.T or span & ~(1 << t) & ~model.inner:
        return [_Obstacle("rules", f"its {wish.length} slots would run over the end of a session")]
    for p in (a, b):
        if span & ~_free(model, board, p):
            who = event.people[p].id
            return [_Obstacle("no_common_slot", f"{who} is not free for all its {wish.length} slots")]
    found: list[_Obstacle] = []
    for _, hall, rows in model._places(a, b, wish):
        pools = () if wish.pool is None else model._pool_rows.get(wish.pool, ())
        rows = (*rows, *pools, *model._organisation_rows(a, b))
        here = _full_rows(model, board, wish, rows, t) or _day_rules(model, board, w, a, b, hall, t, span)
        found += here or [_Obstacle(*_nobody_throughout(wish))]
    return found


def _nobody_throughout(wish: Wish) -> tuple[Kind, str]:
    """Counted slot by slot there is room, but not for one meeting from its first slot to its last."""
    if wish.pool is not None:
        return "interpreters_full", f"no {wish.pool} interpreter is free throughout"
    return "tables_full", "no table is free throughout"


def _full_rows(
    model: Model, board: Board | None, wish: Wish, rows: tuple[int, ...], t: int
) -> list[_Obstacle]:
    for r in dict.fromkeys(rows):
        row, need = model.rows[r], rows.count(r)
        for s in range(t, t + wish.length):
            held = 0 if board is None else board.load[r][s]
            if held + need > row.capacity[s]:
                return [_full_row(row, wish, row.capacity[s])]
    return []


def _full_row(row: Row, wish: Wish, there: int) -> _Obstacle:
    where = f" of hall {row.name}" if row.name else ""
    if row.kind == "tables":
        what = f"every table{where} is taken" if there else f"there is no table{where}"
        return _Obstacle("tables_full", what)
    if row.kind == "rooms":
        return _Obstacle("rooms_full", "every online room is taken" if there else "there is no online room")
    if row.kind == "pool":
        what = f"no {wish.pool} interpreter is {'left' if there else 'there'}"
        return _Obstacle("interpreters_full", what)
    return _Obstacle(
        "organisation_full", f"{row.name} has as many delegates busy as the limit of {there} allows"
    )


def _day_rules(
    model: Model, board: Board | None, w: int, a: int, b: int, hall: str | None, t: int, span: int
) -> list[_Obstacle]:
    """The first rule of the day, of the two people or their organisations, that a meeting there would break."""
    event = model.event
    for p in (a, b):
        person, rules = event.people[p], model.day_rules[p]
        busy = span if board is None else board.busy[p] | span
        if board is not None and board.count[p] >= board.limit[p]:
            text = f"{person.id} has the {_meetings(board.limit[p])} the limit allows"
            return [_Obstacle("person_full", text)]
        if person.max_per_day is not None and _held_on_day(model, board, p, t) >= person.max_per_day:
            text = f"{person.id} has the {_meetings(person.max_per_day)} a day allows"
            return [_Obstacle("rules", text)]
        for run in rules.in_row:
            if busy & run == run:
                text = f"{person.id} would have more than {run.bit_count() - 1} slots of meetings in a row"
                return [_Obstacle("rules", text)]
        if any(busy & window == window for window in rules.windows):
            return [_Obstacle("rules", f"{person.id} would have no free slot for lunch")]
    if board is None:
        return []
    for name in sorted(board._organisations(a, b)):
        if board.organisation_count[name] >= board.organisation_limit[name]:
            text = f"{name} has the {_meetings(board.organisation_limit[name])} the limit allows"
            return [_Obstacle("organisation_full", text)]
    for i in model.options_of[w] if model.far else ():
        o = model.options[i]
        if (o.a, o.b, o.hall) == (a, b, hall) and not board._walk_allows(i, t):
            return [_Obstacle("rules", f"hall {hall} is too far from the meeting before or after")]
    return []


def _held_on_day(model: Model, board: Board | None, p: int, t: int) -> int:
    if board is None:
        return 0
    return len({w for s, w in enumerate(board.at[p]) if w != FREE and model.day_of[s] == model.day_of[t]})


def _never(model: Model, w: int) -> Reason:
    """Why it could not be granted even on an empty day."""
    event, wish = model.event, model.event.wishes[w]
    names = _names(event, w)
    for party in (wish.a, wish.b):
        sides = model.sides(party)
        if not sides:
            return Reason(wish.id, "absent", f"{party} has no delegate at the event.", (party,))
        if not any(model.open[p] for p in sides):
            return Reason(wish.id, "absent", f"{party} is absent in every slot.", (party,))
    pairs = [(a, b) for a in model.sides(wish.a) for b in model.sides(wish.b) if a != b]
    if not pairs:
        return Reason(wish.id, "absent", f"{names} have only one delegate between them.", (wish.a, wish.b))
    if all(model._is_apart(a, b, wish) for a, b in pairs):
        return Reason(wish.id, "no_thanks", f"{names} are kept apart: one of them said no thanks.")
    if wish.pool is not None and wish.pool not in model._pool_rows:
        return Reason(wish.id, "interpreters_full", f"Nobody at the event interprets {wish.pool}.")
    if wish.slots is not None and not wish.slots:
        return Reason(wish.id, "rules", "It may begin in no slot.", (wish.a, wish.b))
    against = _obstacles(model, None, w)
    if not against:
        text = f"{names} are never at the event at the same time."
        return Reason(wish.id, "no_common_slot", text, (wish.a, wish.b))
    text = f"{names} are both there in {_in_slots(against)}: {_in_words(against)}."
    return Reason(wish.id, "rules", text, (wish.a, wish.b), tuple(against))


def _full_people(model: Model, board: Board, w: int) -> Reason | None:
    """A person (every delegate of a party who could come) who has no meeting left to give."""
    event, wish = model.event, model.event.wishes[w]
    options = [model.options[i] for i in model.options_of[w]]
    for party, sides in ((wish.a, {o.a for o in options}), (wish.b, {o.b for o in options})):
        at_limit = {p for p in sides if board.count[p] >= board.limit[p]}
        busy = {p for p in sides if not _free(model, board, p)}
        if at_limit | busy != sides:
            continue
        if party not in model.people and len(sides) > 1:
            text = f"Every delegate of {party} who could come has no slot or no meeting left."
        elif at_limit == sides:
            text = f"{party} has the {_meetings(board.limit[min(sides)])} the limit allows."
        else:
            text = f"{party} has a meeting in every open slot."
        return Reason(wish.id, "person_full", text, (party,))
    belongs = [{event.people[o.a].organisation, event.people[o.b].organisation} for o in options]
    for name in sorted(set.intersection(*belongs) & board.organisation_limit.keys()):
        limit = board.organisation_limit[name]
        if board.organisation_count[name] >= limit:
            text = f"{name} has the {_meetings(limit)} the limit allows."
            return Reason(wish.id, "organisation_full", text, (name,))
    return None


def _less_free(model: Model, board: Board, w: int) -> tuple[str, ...]:
    wish = model.event.wishes[w]

    def free(party: str) -> int:
        return sum((model.open[p] & ~board.busy[p]).bit_count() for p in model.sides(party))

    return (min((wish.a, wish.b), key=free),)


def _names(event: Event, w: int) -> str:
    return f"{event.wishes[w].a} and {event.wishes[w].b}"


def _in_slots(numbers: Iterable[int]) -> str:
    numbers = list(numbers)
    shown = ", ".join(map(str, numbers[:MAX_LISTED])) + (", …" if len(numbers) > MAX_LISTED else "")
    return f"slot{'s' * (len(numbers) != 1)} {shown}"


def _meetings(n: int) -> str:
    return f"{n} meeting{'s' * (n != 1)}"


def conflict_of(event: Event, model: Model) -> tuple[str, ...]:
    """A first look at impossible promises: reasons that need no search, each smallest and on its own."""
    found: list[str] = []
    room = [_room(model, p) for p in range(model.P)]
    musts: dict[int, list[str]] = defaultdict(list)
    for w, wish in enumerate(event.wishes):
        if not wish.must:
            continue
        if not model.options_of[w]:
            found.append(f"Wish {wish.id} must be granted, but: {_never(model, w).text}")
            continue
        named = [model.people[x] for x in (wish.a, wish.b) if x in model.people]
        # Whoever has no room at all is reason enough: the other's day need not be counted.
        for p in [p for p in named if not room[p]][:1] or named:
            musts[p].append(wish.id)
    wishes_of: Counter[int] = Counter()
    for options in model.options_of:
        for p in {x for i in options for x in (model.options[i].a, model.options[i].b)}:
            wishes_of[p] += 1
    for p, person in enumerate(event.people):
        asked = musts[p]
        if len(asked) > room[p]:
            any_ = "" if len(asked) == room[p] + 1 else f", any {room[p] + 1} of which are too many"
            found.append(
                f"{person.id} has room for {_meetings(room[p])} and {len(asked)} that must be granted{any_}:"
                f" wish{'es' * (len(asked) > 1)} {_listed_text(asked)}."
            )
        if person.min_meetings > room[p]:
            promised = _meetings(person.min_meetings)
            found.append(f"{person.id} is guaranteed {promised} and has room for {room[p]}.")
        elif person.min_meetings > wishes_of[p]:
            found.append(
                f"{person.id} is guaranteed {_meetings(person.min_meetings)}; the wishes that can be granted"
                f" to {person.id} are {wishes_of[p]}."
            )
    return tuple(found)


def _room(model: Model, p: int) -> int:
    """How many meetings p can have at most, by her open slots and her own limit."""
    limit = model.event.people[p].max_meetings
    room = model.capacity_of_person(p)
    return room if limit is None else min(room, limit)


def _listed_text(ids: list[str]) -> str:
    return ", ".join(ids[:MAX_LISTED]) + (", …" if len(ids) > MAX_LISTED else "")

"""Why a wish is unmet, checkable against the plan; and the smallest contradiction of an impossible event."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from .model import Model
from .place import Board, restore
from .types import Event, Plan, Reason


def board_of(model: Model, plan: Plan) -> Board:
    """The plan as a board. Meetings that fit no option are left out."""
    board = Board(model)
    number = {w.id: i for i, w in enumerate(model.event.wishes)}
    placed: dict[int, tuple[int, int]] = {}
    for m in plan.meetings:
        w = number.get(m.wish)
        if w is None:
            continue
        option = find_option(model, w, m.a, m.b, m.hall)
        if option is not None:
            placed[w] = (option, m.slot)
    restore(board, placed)
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
    for w in wishes:
        yield w, None if w in board.placed else reason_for(model, board, w)


def reasons_for(model: Model, board: Board) -> tuple[Reason, ...]:
    return tuple(reason_for(model, board, w) for w in range(len(model.event.wishes)) if w not in board.placed)


def reason_for(model: Model, board: Board, w: int) -> Reason:
    """Looks at the plan as it is: who is full, what is full in each slot both have free."""
    event, wish = model.event, model.event.wishes[w]
    if not model.options_of[w]:
        return _never(model, w)
    full = _full_people(model, board, w)
    if full is not None:
        return full
    blocked: Counter[str] = Counter()
    common: list[int] = []
    for i in model.options_of[w]:
        o = model.options[i]
        starts = board.allowed_starts(i)
        for t in range(model.T):
            if not starts >> t & 1:
                continue
            common.append(t)
            rows = [
                model.rows[r]
                for r in o.rows
                if any(board.load[r][s] >= model.rows[r].capacity[s] for s in range(t, t + o.length))
            ]
            if rows:
                blocked[rows[0].kind] += 1
            elif not board.fits(i, t):
                blocked["rules"] += 1
            else:
                blocked["search"] += 1
    slots = tuple(sorted(set(common)))
    names = _names(event, w)
    if not common:
        who = _less_free(model, board, w)
        return Reason(
            wish.id,
            "no_common_slot",
            f"{names} have no slot in which both are free; their free slots do not meet.",
            who,
        )
    kind = "search" if blocked["search"] else max(sorted(blocked), key=lambda k: blocked[k])
    where = f"in all {len(slots)} slots both have free ({_listed(slots)})"
    if kind == "tables":
        return Reason(wish.id, "tables_full", f"Every table is taken {where}.", (), slots)
    if kind == "rooms":
        return Reason(wish.id, "rooms_full", f"Every online room is taken {where}.", (), slots)
    if kind == "pool":
        return Reason(wish.id, "interpreters_full", f"No {wish.pool} interpreter is left {where}.", (), slots)
    if kind == "organisation":
        text = f"An organisation of the two has no delegate left for it {where}."
        return Reason(wish.id, "organisation_full", text, (), slots)
    if kind == "rules":
        text = f"A rule of the day (meetings in a row, lunch, walking, day limit) stands against it {where}."
        return Reason(wish.id, "rules", text, (), slots)
    return Reason(
        wish.id, "search", f"It would still fit in slot {_listed(slots)}; the search ended before.", (), slots
    )


def _never(model: Model, w: int) -> Reason:
    event, wish = model.event, model.event.wishes[w]
    names = _names(event, w)
    if w in model.kept_apart:
        return Reason(wish.id, "no_thanks", f"{names} are kept apart: one of them said no thanks.")
    for party in (wish.a, wish.b):
        sides = model.sides(party)
        if not sides:
            return Reason(wish.id, "absent", f"{party} has no delegate at the event.", (party,))
        if not any(model.open[p] for p in sides):
            return Reason(wish.id, "absent", f"{party} is absent in every slot.", (party,))
    known = {p.id for p in event.pools} | {x for i in event.interpreters for x in i.pools}
    if wish.pool is not None and wish.pool not in known:
        return Reason(wish.id, "interpreters_full", f"Nobody at the event interprets {wish.pool}.")
    common = any(model.open[p] & model.open[q] for p in model.sides(wish.a) for q in model.sides(wish.b))
    if not common:
        text = f"{names} are never at the event at the same time."
        return Reason(wish.id, "no_common_slot", text, (wish.a, wish.b))
    what = "interpreters" if wish.pool is not None else "tables or rooms"
    text = f"No slot both have open allows it: its length, session, {what} or a rule of the day forbids."
    return Reason(wish.id, "rules", text, (wish.a, wish.b))


def _full_people(model: Model, board: Board, w: int) -> Reason | None:
    """A person (every delegate of a party) who has no meeting left to give."""
    event, wish = model.event, model.event.wishes[w]
    for party in (wish.a, wish.b):
        sides = {p for i in model.options_of[w] for p in (model.options[i].a, model.options[i].b)} & set(
            model.sides(party)
        )
        if not sides:
            continue
        if all(board.count[p] >= board.limit[p] for p in sides):
            p = min(sides)
            text = f"{party} has the {board.limit[p]} meetings the limit allows."
            return Reason(wish.id, "person_full", text, (party,))
        if all(not model.open[p] & ~board.busy[p] for p in sides):
            text = f"{party} has a meeting in every open slot."
            return Reason(wish.id, "person_full", text, (party,))
    for i in model.options_of[w]:
        o = model.options[i]
        for name in {event.people[o.a].organisation, event.people[o.b].organisation}:
            limit = board.organisation_limit.get(name)
            if limit is not None and board.organisation_count[name] >= limit:
                text = f"{name} has the {limit} meetings the limit allows."
                return Reason(wish.id, "organisation_full", text, (name,))
    return None


def _less_free(model: Model, board: Board, w: int) -> tuple[str, ...]:
    wish = model.event.wishes[w]

    def free(party: str) -> int:
        return sum((model.open[p] & ~board.busy[p]).bit_count() for p in model.sides(party))

    return (min((wish.a, wish.b), key=free),)


def _names(event: Event, w: int) -> str:
    return f"{event.wishes[w].a} and {event.wishes[w].b}"


def _listed(slots: Iterable[int]) -> str:
    slots = list(slots)
    shown = ", ".join(map(str, slots[:8]))
    return shown if len(slots) <= 8 else f"{shown}, …"


def conflict_of(event: Event, model: Model) -> tuple[str, ...]:
    """A first look at impossible promises: the smallest reasons that need no search."""
    found: list[str] = []
    musts: dict[int, list[str]] = defaultdict(list)
    for w, wish in enumerate(event.wishes):
        if not wish.must:
            continue
        if not model.options_of[w]:
            found.append(f"Wish {wish.id} must be granted, but: {_never(model, w).text}")
        for party in (wish.a, wish.b):
            if party in model.people:
                musts[model.people[party]].append(wish.id)
    wishes_of: Counter[int] = Counter()
    for options in model.options_of:
        for p in {x for i in options for x in (model.options[i].a, model.options[i].b)}:
            wishes_of[p] += 1
    for p, person in enumerate(event.people):
        room = model.capacity_of_person(p)
        if person.max_meetings is not None:
            room = min(room, person.max_meetings)
        if len(musts[p]) > room:
            found.append(
                f"{person.id} has {len(musts[p])} meetings that must be granted"
                f" and room for {room}: wishes {_listed_text(musts[p])}."
            )
        if person.min_meetings > room:
            found.append(f"{person.id} is guaranteed {person.min_meetings} meetings and has room for {room}.")
        elif person.min_meetings > wishes_of[p]:
            found.append(
                f"{person.id} is guaranteed {person.min_meetings} meetings,"
                f" and only {wishes_of[p]} possible wishes name {person.id}."
            )
    return tuple(found)


def _listed_text(ids: list[str]) -> str:
    return ", ".join(ids[:8]) + (", …" if len(ids) > 8 else "")

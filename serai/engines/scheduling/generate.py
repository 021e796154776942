"""Instances of our own: one family for the fixed list, one for plain wish lists, one per special need.

Everything is drawn from one seeded generator; the same arguments give the same instance.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from .fixed import MAX_MEETINGS, FixedMeeting, FixedProblem
from .rules import validate
from .types import (
    MAX_PEOPLE,
    MAX_SLOTS,
    MAX_TABLES,
    MAX_WISHES,
    Event,
    Hall,
    Interpreter,
    InvalidEventError,
    Organisation,
    Person,
    Pool,
    Slot,
    Wish,
)
from .zones import open_slots

LANGUAGE_PAIRS = ("zh-pl", "zh-de", "zh-hu", "zh-sr")
ZONES = ("Asia/Shanghai", "Europe/Warsaw", "Europe/Athens", "America/Sao_Paulo")
# The last Sunday of October 2026: clocks in Europe go back between the two days of an online event.
CLOCK_CHANGE_EVENT = datetime(2026, 10, 24, 6, 0, tzinfo=UTC)
SLOT_MIN = 30


def _within(**sizes: tuple[int, int]) -> None:
    """Refuses, by its name, a size below 0 or above its limit."""
    for key, (size, limit) in sizes.items():
        if not 0 <= size <= limit:
            raise InvalidEventError(f"{key}: {size} is not a whole number from 0 to {limit}")


def random_fixed(
    *, people: int, meetings: int, slots: int, tables: int, seed: int, fairness: int = 2
) -> FixedProblem:
    """`meetings` different random pairs, nobody with more than `slots` meetings; two sessions."""
    _within(people=(people, MAX_PEOPLE), meetings=(meetings, MAX_MEETINGS), slots=(slots, MAX_SLOTS))
    _within(tables=(tables, MAX_TABLES))
    rng = random.Random(seed)
    if meetings > min(people * (people - 1) // 2, tables * slots, people * slots // 2):
        raise InvalidEventError("meetings: more than the pairs, tables or slots allow")
    pairs: set[tuple[int, int]] = set()
    degree = [0] * people
    tries = 0
    while len(pairs) < meetings and tries < 200 * meetings:
        tries += 1
        a, b = sorted(rng.sample(range(people), 2))
        if (a, b) not in pairs and max(degree[a], degree[b]) < slots:
            pairs.add((a, b))
            degree[a] += 1
            degree[b] += 1
    half = slots // 2
    sessions = {"am": (0, half), "pm": (half, slots)}
    listed = []
    in_session = [[0, 0] for _ in range(people)]
    for a, b in sorted(pairs):
        draw = rng.random()
        side = 0 if draw < 0.15 else 1 if draw < 0.3 else None
        if side is not None and max(in_session[a][side], in_session[b][side]) < half // 2:
            in_session[a][side] += 1
            in_session[b][side] += 1
            listed.append(FixedMeeting(a, b, session=("am", "pm")[side]))
        else:
            listed.append(FixedMeeting(a, b))
    forbidden = {
        p: frozenset({rng.randrange(slots)})
        for p in range(people)
        if rng.random() < 0.1 and degree[p] < slots // 2
    }
    name = f"random-{people}-{len(pairs)}-{slots}-{tables}-s{seed}"
    return FixedProblem(people, slots, tables, tuple(listed), sessions, forbidden, fairness, name)


def wish_list(
    *, people: int, wishes: int, slots: int, tables: int, absent: float, seed: int, two_sided: bool = False
) -> Event:
    """Wishes with one end drawn evenly, the other by popularity; a share of people is away for a stretch."""
    _within(people=(people, MAX_PEOPLE), wishes=(wishes, MAX_WISHES), slots=(slots, MAX_SLOTS))
    _within(tables=(tables, MAX_TABLES))
    if not 0 <= absent <= 1:
        raise InvalidEventError(f"absent: {absent} is not a share from 0 to 1")
    rng = random.Random(seed)
    popularity = [1.0 / (i + 1) ** rng.uniform(0.3, 1.0) for i in range(people)]
    rng.shuffle(popularity)
    half = people // 2
    found: dict[tuple[int, int], int] = {}
    possible = half * (people - half) if two_sided else people * (people - 1) // 2
    if wishes > possible:
        raise InvalidEventError(f"wishes: {wishes} is more than the {possible} possible pairs")
    tries = 0
    while len(found) < wishes and tries < 100 * wishes:
        tries += 1
        a = rng.randrange(half if two_sided else people)
        b = rng.choices(range(people), popularity)[0] if tries % 2 else rng.randrange(people)
        if a == b or (two_sided and b < half):
            continue
        pair = (min(a, b), max(a, b))
        found[pair] = found.get(pair, 0) + rng.choice((1, 1, 2, 3))
    if len(found) < wishes:
        # Nearly every pair has a wish already: drawing would find the last ones too rarely.
        others = range(half, people) if two_sided else range(people)
        rest = [(a, b) for a in range(half if two_sided else people) for b in others if a < b]
        rest = [pair for pair in rest if pair not in found]
        for pair in rng.sample(rest, wishes - len(found)):
            found[pair] = rng.choice((1, 1, 2, 3))
    folk = []
    for p in range(people):
        free = None
        if rng.random() < absent:
            length = rng.randint(1, max(1, slots // 3))
            first = rng.randrange(slots - length + 1)
            free = frozenset(range(slots)) - frozenset(range(first, first + length))
        folk.append(Person(str(p), open_slots=free))
    half_day = slots // 2
    return Event(
        slots=tuple(Slot(0, "am" if t < half_day else "pm") for t in range(slots)),
        tables_per_slot=(tables,) * slots,
        people=tuple(folk),
        wishes=tuple(Wish(str(i), str(a), str(b), w) for i, ((a, b), w) in enumerate(found.items())),
        name=f"wishes-{people}-{wishes}-{slots}-{tables}-s{seed}",
    )


def with_interpreters(event: Event, rng: random.Random) -> Event:
    """Two fifths of the wishes need one of four language pairs; some interpreters speak two of them."""
    wishes = tuple(
        replace(w, pool=rng.choice(LANGUAGE_PAIRS)) if rng.random() < 0.4 else w for w in event.wishes
    )
    team = []
    slots = len(event.slots)
    for i in range(max(4, len(event.people) // 15)):
        pools = frozenset(rng.sample(LANGUAGE_PAIRS, 2 if rng.random() < 0.3 else 1))
        free = frozenset(range(slots)) if rng.random() < 0.6 else frozenset(range(slots // 4, slots))
        team.append(Interpreter(f"i{i}", pools, free))
    return replace(event, wishes=wishes, interpreters=tuple(team))


def with_online(event: Event, rng: random.Random) -> Event:
    """A third takes part from elsewhere within local working hours, over the end of summer time."""
    n = len(event.slots)
    half = n // 2
    starts = [
        CLOCK_CHANGE_EVENT + timedelta(days=t >= half, minutes=SLOT_MIN * (t if t < half else t - half))
        for t in range(n)
    ]
    people = []
    for p in event.people:
        if rng.random() < 1 / 3:
            local = open_slots(starts, SLOT_MIN, rng.choice(ZONES), 8, 20)
            free = local if p.open_slots is None else local & p.open_slots
            people.append(replace(p, online=True, open_slots=free))
        else:
            people.append(p)
    rooms = (max(2, len(event.people) // 10),) * n
    slots = tuple(Slot(int(t >= half), "") for t in range(n))
    return replace(event, people=tuple(people), slots=slots, rules=replace(event.rules, online_rooms=rooms))


def with_limits(event: Event, rng: random.Random) -> Event:
    """Limits for a third; guarantees for a tenth (sponsors) who have wishes enough."""
    wishes = [0] * len(event.people)
    number = {p.id: i for i, p in enumerate(event.people)}
    for w in event.wishes:
        wishes[number[w.a]] += 1
        wishes[number[w.b]] += 1
    people = []
    n = len(event.slots)
    for i, p in enumerate(event.people):
        if rng.random() < 0.1 and wishes[i] >= 6:
            people.append(replace(p, min_meetings=3))
        elif rng.random() < 0.35:
            people.append(replace(p, max_meetings=rng.randint(max(1, n // 4), max(2, n // 2))))
        else:
            people.append(p)
    return replace(event, people=tuple(people))


def with_delegates(event: Event, rng: random.Random) -> Event:
    """A fifth of the people stand in teams of three; most wishes for them go to the team."""
    team_of: dict[str, str] = {}
    people = list(event.people)
    for k in range(len(people) // 15):
        for i in range(3 * k, 3 * k + 3):
            team_of[people[i].id] = f"org{k}"
            people[i] = replace(people[i], organisation=f"org{k}")
    wishes = []
    seen: set[frozenset[str]] = set()
    for w in event.wishes:
        a = team_of[w.a] if w.a in team_of and rng.random() < 0.7 else w.a
        b = team_of[w.b] if w.b in team_of and rng.random() < 0.7 else w.b
        if team_of.get(w.a, w.a) == team_of.get(w.b, w.b) or frozenset((a, b)) in seen:
            continue
        seen.add(frozenset((a, b)))
        wishes.append(replace(w, a=a, b=b))
    organisations = tuple(Organisation(name, max_parallel=2) for name in sorted(set(team_of.values())))
    return replace(event, people=tuple(people), wishes=tuple(wishes), organisations=organisations)


def with_rests(event: Event, rng: random.Random) -> Event:
    """At most four meetings in a row (some people three), and one free slot around noon."""
    n = len(event.slots)
    noon = n // 2 if event.slots[0].day == event.slots[-1].day else n // 4
    middle = frozenset(range(max(0, noon - 2), noon + 1))
    people = tuple(replace(p, max_in_row=3) if rng.random() < 0.2 else p for p in event.people)
    return replace(event, people=people, rules=replace(event.rules, max_in_row=4, lunch_windows=(middle,)))


def with_halls(event: Event, rng: random.Random) -> Event:
    """Three halls, two of them far apart; a tenth are hosts who stay at their booth."""
    names = ("north", "middle", "south")
    tables = event.tables_per_slot
    split = [tuple(c // 3 for c in tables), tuple(c // 3 for c in tables)]
    split.append(tuple(c - 2 * (c // 3) for c in tables))
    people = tuple(replace(p, booth=rng.choice(names)) if rng.random() < 0.1 else p for p in event.people)
    return replace(
        event,
        people=people,
        halls=tuple(Hall(name, row) for name, row in zip(names, split, strict=True)),
        rules=replace(event.rules, far_halls=frozenset({("north", "south")})),
    )


def with_lengths(event: Event, rng: random.Random) -> Event:
    """One wish in five asks for a double slot."""
    return replace(
        event, wishes=tuple(replace(w, length=2) if rng.random() < 0.2 else w for w in event.wishes)
    )


def with_musts(event: Event, rng: random.Random) -> Event:
    """One wish per ten people must be granted; as many pairs say no thanks."""
    n = max(1, len(event.people) // 10)
    order = list(range(len(event.wishes)))
    rng.shuffle(order)
    musts: set[int] = set()
    load: dict[str, int] = {}
    for i in order:
        w = event.wishes[i]
        if len(musts) < n and max(load.get(w.a, 0), load.get(w.b, 0)) < 2:
            musts.add(i)
            for p in (w.a, w.b):
                load[p] = load.get(p, 0) + 1
    no = frozenset((event.wishes[i].a, event.wishes[i].b) for i in order[-n:] if i not in musts)
    wishes = tuple(replace(w, must=i in musts) for i, w in enumerate(event.wishes))
    return replace(event, wishes=wishes, rules=replace(event.rules, no_thanks=no))


def with_days(event: Event, rng: random.Random) -> Event:
    """Two days; everybody has at most half of the day's slots in meetings, a quarter comes for one day."""
    n = len(event.slots)
    half = n // 2
    days = [frozenset(range(half)), frozenset(range(half, n))]
    people = []
    for p in event.people:
        free = frozenset(range(n)) if p.open_slots is None else p.open_slots
        if rng.random() < 0.25:
            free &= rng.choice(days)
        people.append(replace(p, open_slots=free, max_per_day=max(1, half // 2)))
    return replace(event, slots=tuple(Slot(int(t >= half)) for t in range(n)), people=tuple(people))


def with_counted_pool(event: Event, rng: random.Random) -> Event:
    """Interpreters counted per slot, not named."""
    wishes = tuple(replace(w, pool="zh-en") if rng.random() < 0.3 else w for w in event.wishes)
    capacity = tuple(rng.randint(1, max(2, len(event.people) // 20)) for _ in event.slots)
    return replace(event, wishes=wishes, pools=(Pool("zh-en", capacity),))


def with_everything(event: Event, rng: random.Random) -> Event:
    """Every special need at once. Limits stay without guarantees, which could contradict the rest."""
    for add in (with_days, with_interpreters, with_limits, with_rests, with_halls, with_lengths):
        event = add(event, rng)
    people = tuple(
        replace(p, min_meetings=0, online=not p.booth and rng.random() < 0.2) for p in event.people
    )
    rooms = (max(2, len(people) // 10),) * len(event.slots)
    event = replace(event, people=people, rules=replace(event.rules, online_rooms=rooms))
    return event


FAMILIES: dict[str, Callable[[Event, random.Random], Event]] = {
    "wishes": lambda event, rng: event,
    "interpreters": with_interpreters,
    "pool": with_counted_pool,
    "online": with_online,
    "limits": with_limits,
    "delegates": with_delegates,
    "rests": with_rests,
    "halls": with_halls,
    "lengths": with_lengths,
    "musts": with_musts,
    "days": with_days,
    "everything": with_everything,
}


def generate(
    family: str,
    *,
    people: int = 300,
    wishes: int = 2_000,
    slots: int = 16,
    tables: int = 80,
    absent: float = 0.3,
    seed: int = 0,
) -> Event:
    """An event of one family. Raises InvalidEventError for an unknown family, a size beyond its limit, and
    sizes that make no event of it."""
    if family not in FAMILIES:
        raise InvalidEventError(f"family: {family!r} is not one of {', '.join([*FAMILIES, 'fixed'])}")
    event = wish_list(people=people, wishes=wishes, slots=slots, tables=tables, absent=absent, seed=seed)
    event = FAMILIES[family](event, random.Random(seed + 1))
    event = replace(event, name=f"{family}-{people}-{wishes}-{slots}-{tables}-s{seed}")
    validate(event)
    return event

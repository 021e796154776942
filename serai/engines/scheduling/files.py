"""The two file formats, read with messages that name the key, and written."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .types import (
    Event,
    Hall,
    Interpreter,
    InvalidEventError,
    Organisation,
    Person,
    Plan,
    PlannedMeeting,
    Pool,
    Rules,
    Slot,
    Wish,
)

WISHES_FORMAT = "b2b-wishes-1"
FIXED_FORMAT = "b2bsp-1"
MAX_FILE_BYTES = 200_000_000


def read_json(path: str | Path) -> dict[str, Any]:
    """One JSON object from a file. Raises InvalidEventError naming the line, or the size limit."""
    path = Path(path)
    try:
        size = path.stat().st_size
        if size > MAX_FILE_BYTES:
            raise InvalidEventError(f"{path.name}: {size} bytes is more than the limit of {MAX_FILE_BYTES}")
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidEventError(f"{path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise InvalidEventError(f"{path.name}: not UTF-8 text") from error
    except json.JSONDecodeError as error:
        raise InvalidEventError(f"{path.name}: line {error.lineno}: {error.msg}") from error
    except RecursionError as error:
        raise InvalidEventError(f"{path.name}: nested too deeply") from error
    if not isinstance(data, dict):
        raise InvalidEventError(f"{path.name}: the file must hold one JSON object")
    return data


def whole(data: Mapping[str, Any], key: str, low: int = 0, default: int | None = None) -> int:
    value = data.get(key, default)
    if value is None:
        raise InvalidEventError(f"{key}: is missing")
    if isinstance(value, bool) or not isinstance(value, int) or value < low:
        raise InvalidEventError(f"{key}: {value!r} is not a whole number from {low}")
    return value


def listed(data: Mapping[str, Any], key: str) -> list[Any]:
    value = data.get(key)
    if not isinstance(value, list):
        raise InvalidEventError(f"{key}: must be a list")
    return value


def slots_by_person(data: Mapping[str, Any], key: str, people: int, slots: int) -> dict[int, set[int]]:
    """A mapping of participant numbers to slots, as `forbidden` has it."""
    raw = data.get(key, {})
    if not isinstance(raw, dict):
        raise InvalidEventError(f"{key}: must map participants to lists of slots")
    found = {}
    for name, values in raw.items():
        if not name.isdecimal() or int(name) >= people:
            raise InvalidEventError(f"{key}: {name!r} is not a participant 0..{people - 1}")
        found[int(name)] = slot_set(values, f"{key}: {name}", slots)
    return found


def slot_set(values: Any, key: str, slots: int) -> set[int]:
    if not isinstance(values, list):
        raise InvalidEventError(f"{key}: must be a list of slots")
    for s in values:
        if isinstance(s, bool) or not isinstance(s, int) or not 0 <= s < slots:
            raise InvalidEventError(f"{key}: {s!r} is not a slot 0..{slots - 1}")
    return set(values)


def read_event(data: Mapping[str, Any]) -> Event:
    """An event from format `b2b-wishes-1`.

    `wishes` holds `[a, b, weight]` lists or objects with the fields of `Wish`; people are numbers
    0..participants-1. The optional keys `people`, `pools`, `interpreters`, `organisations`, `halls`,
    `rules` and `days` carry what the published form lacks. Ids in the event are the numbers as text.
    """
    if data.get("format") != WISHES_FORMAT:
        raise InvalidEventError(f"format: {data.get('format')!r} is not {WISHES_FORMAT}")
    n_people, n_slots = whole(data, "participants"), whole(data, "slots", 1)
    _refuse_absurd(n_people, n_slots)
    forbidden = slots_by_person(data, "forbidden", n_people, n_slots)
    details = _details(data, n_people)
    people = tuple(_person(i, n_slots, forbidden.get(i), details.get(i, {})) for i in range(n_people))
    return Event(
        slots=_slots(data, n_slots),
        tables_per_slot=_per_slot(data.get("tables"), "tables", n_slots),
        people=people,
        wishes=tuple(read_wish(i, w, n_slots) for i, w in enumerate(listed(data, "wishes"))),
        pools=tuple(
            Pool(_text(p, "id", "pools"), _per_slot(p.get("capacity"), "pools: capacity", n_slots))
            for p in _objects(data, "pools")
        ),
        interpreters=tuple(
            Interpreter(
                _text(i, "id", "interpreters"),
                frozenset(str(x) for x in i.get("pools", [])),
                _open(i, "interpreters", n_slots),
            )
            for i in _objects(data, "interpreters")
        ),
        organisations=tuple(
            Organisation(
                _text(o, "id", "organisations"), _limit(o, "max_parallel"), _limit(o, "max_meetings")
            )
            for o in _objects(data, "organisations")
        ),
        halls=tuple(
            Hall(_text(h, "id", "halls"), _per_slot(h.get("tables"), "halls: tables", n_slots))
            for h in _objects(data, "halls")
        ),
        rules=_rules(data.get("rules", {}), n_slots),
        name=str(data.get("name", "")),
    )


def _refuse_absurd(people: int, slots: int) -> None:
    from . import types

    for key, value, limit in (
        ("participants", people, types.MAX_PEOPLE),
        ("slots", slots, types.MAX_SLOTS),
    ):
        if value > limit:
            raise InvalidEventError(f"{key}: {value} is more than the limit of {limit}")


def _objects(data: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    value = data.get(key, [])
    if not isinstance(value, list) or not all(isinstance(x, dict) for x in value):
        raise InvalidEventError(f"{key}: must be a list of objects")
    return value


def _text(data: Mapping[str, Any], key: str, where: str) -> str:
    value = data.get(key)
    if not isinstance(value, (str, int)) or isinstance(value, bool):
        raise InvalidEventError(f"{where}: {key} is missing or not text")
    return str(value)


def _limit(data: Mapping[str, Any], key: str) -> int | None:
    return None if data.get(key) is None else whole(data, key)


def _per_slot(value: Any, key: str, slots: int) -> tuple[int, ...]:
    """One number for every slot, or a list with one number per slot."""
    values = value if isinstance(value, list) else [value] * slots
    if len(values) != slots:
        raise InvalidEventError(f"{key}: {len(values)} numbers for {slots} slots")
    for v in values:
        if isinstance(v, bool) or not isinstance(v, int) or v < 0:
            raise InvalidEventError(f"{key}: {v!r} is not a whole number from 0")
    return tuple(values)


def _open(data: Mapping[str, Any], where: str, slots: int) -> frozenset[int] | None:
    value = data.get("open_slots")
    return None if value is None else frozenset(slot_set(value, f"{where}: open_slots", slots))


def _slots(data: Mapping[str, Any], n: int) -> tuple[Slot, ...]:
    days = data.get("days")
    sessions = data.get("sessions", {})
    if not isinstance(sessions, dict):
        raise InvalidEventError("sessions: must map names to [first, end]")
    session_of = [""] * n
    for name, (low, high) in read_sessions(sessions, n).items():
        for s in range(low, high):
            session_of[s] = name
    day_of = [0] * n if days is None else list(_per_slot(days, "days", n))
    return tuple(Slot(d, s) for d, s in zip(day_of, session_of, strict=True))


def read_sessions(sessions: Mapping[str, Any], n: int) -> dict[str, tuple[int, int]]:
    found = {}
    for name, span in sessions.items():
        ok = (
            isinstance(span, list)
            and len(span) == 2
            and all(isinstance(x, int) and not isinstance(x, bool) for x in span)
            and 0 <= span[0] <= span[1] <= n
        )
        if not ok:
            raise InvalidEventError(f"sessions: {name} must be [first, end] within 0..{n}")
        found[name] = (span[0], span[1])
    return found


def _details(data: Mapping[str, Any], n: int) -> dict[int, dict[str, Any]]:
    found = {}
    for p in _objects(data, "people"):
        number = whole(p, "id")
        if number >= n:
            raise InvalidEventError(f"people: {number} is not a participant 0..{n - 1}")
        found[number] = p
    return found


def _person(i: int, slots: int, forbidden: set[int] | None, more: Mapping[str, Any]) -> Person:
    free = _open(more, f"people: {i}", slots)
    if forbidden:
        free = (frozenset(range(slots)) if free is None else free) - forbidden
    booth = more.get("booth")
    return Person(
        id=str(i),
        open_slots=free,
        max_meetings=_limit(more, "max_meetings"),
        min_meetings=whole(more, "min_meetings", default=0),
        max_per_day=_limit(more, "max_per_day"),
        max_in_row=_limit(more, "max_in_row"),
        organisation=str(more.get("organisation", "")),
        booth=None if booth is None else str(booth),
        online=bool(more.get("online", False)),
    )


def read_wish(i: int, raw: Any, slots: int) -> Wish:
    where = f"wishes: {i}"
    if isinstance(raw, list):
        if len(raw) != 3 or any(isinstance(x, bool) or not isinstance(x, int) for x in raw):
            raise InvalidEventError(f"{where}: {raw!r} is not [a, b, weight]")
        return Wish(str(i), str(raw[0]), str(raw[1]), raw[2])
    if not isinstance(raw, dict):
        raise InvalidEventError(f"{where}: must be a list or an object")
    begin = raw.get("slots")
    pool = raw.get("pool")
    return Wish(
        id=str(raw.get("id", i)),
        a=_text(raw, "a", where),
        b=_text(raw, "b", where),
        weight=whole(raw, "weight", default=1),
        must=bool(raw.get("must", False)),
        pool=None if pool is None else str(pool),
        online=bool(raw.get("online", False)),
        length=whole(raw, "length", 1, default=1),
        slots=None if begin is None else frozenset(slot_set(begin, f"{where}: slots", slots)),
    )


def _rules(raw: Any, slots: int) -> Rules:
    if not isinstance(raw, dict):
        raise InvalidEventError("rules: must be an object")
    known = set(Rules.__dataclass_fields__)
    unknown = sorted(set(raw) - known)
    if unknown:
        raise InvalidEventError(f"rules: {unknown[0]!r} is not known (known: {', '.join(sorted(known))})")
    rooms = raw.get("online_rooms")
    cost = raw.get("fairness_cost", 0.0)
    if isinstance(cost, bool) or not isinstance(cost, (int, float)) or not 0 <= cost <= 1:
        raise InvalidEventError(f"rules: fairness_cost: {cost!r} is not a share 0..1")
    return Rules(
        max_in_row=_limit(raw, "max_in_row"),
        lunch_is_gap=bool(raw.get("lunch_is_gap", False)),
        lunch_windows=tuple(
            frozenset(slot_set(w, "rules: lunch_windows", slots)) for w in raw.get("lunch_windows", [])
        ),
        online_rooms=None if rooms is None else _per_slot(rooms, "rules: online_rooms", slots),
        far_halls=_pairs(raw, "far_halls"),
        no_thanks=_pairs(raw, "no_thanks"),
        fairness_cost=float(cost),
        guarantee_count=whole(raw, "guarantee_count", default=3),
    )


def _pairs(raw: Mapping[str, Any], key: str) -> frozenset[tuple[str, str]]:
    pairs = raw.get(key, [])
    if not isinstance(pairs, list) or any(not isinstance(p, list) or len(p) != 2 for p in pairs):
        raise InvalidEventError(f"rules: {key} must be a list of pairs")
    return frozenset((str(x), str(y)) for x, y in pairs)


def write_event(event: Event) -> dict[str, Any]:
    """The event as `b2b-wishes-1`, people numbered in their order. Reading it back gives the same event
    up to ids."""
    n = len(event.slots)
    number = {p.id: str(i) for i, p in enumerate(event.people)}
    sessions: dict[str, list[int]] = {}
    for t, slot in enumerate(event.slots):
        if slot.session:
            span = sessions.setdefault(slot.session, [t, t])
            span[1] = t + 1
    every = set(range(n))
    data: dict[str, Any] = {
        "format": WISHES_FORMAT,
        "name": event.name,
        "participants": len(event.people),
        "slots": n,
        "tables": _short(event.tables_per_slot),
        "days": [s.day for s in event.slots],
        "sessions": sessions,
        "wishes": [_write_wish(w, number) for w in event.wishes],
        "forbidden": {
            str(i): sorted(every - p.open_slots)
            for i, p in enumerate(event.people)
            if p.open_slots is not None and every - p.open_slots
        },
        "people": [x for i, p in enumerate(event.people) if len(x := _write_person(i, p)) > 1],
        "pools": [{"id": p.id, "capacity": _short(p.capacity)} for p in event.pools],
        "interpreters": [
            {"id": i.id, "pools": sorted(i.pools)}
            | ({} if i.open_slots is None else {"open_slots": sorted(i.open_slots)})
            for i in event.interpreters
        ],
        "organisations": [
            {"id": o.id, "max_parallel": o.max_parallel, "max_meetings": o.max_meetings}
            for o in event.organisations
        ],
        "halls": [{"id": h.id, "tables": _short(h.tables)} for h in event.halls],
        "rules": _write_rules(event.rules, number),
    }
    if len(set(data["days"])) == 1:
        del data["days"]
    return {k: v for k, v in data.items() if v not in ([], {}, "") or k in ("wishes", "forbidden")}


def _short(values: Sequence[int]) -> int | list[int]:
    return values[0] if len(set(values)) == 1 else list(values)


def _write_wish(w: Wish, number: Mapping[str, str]) -> list[int] | dict[str, Any]:
    a, b = number.get(w.a, w.a), number.get(w.b, w.b)
    plain = w == Wish(w.id, w.a, w.b, w.weight)
    if plain and w.a in number and w.b in number:
        return [int(a), int(b), w.weight]
    found: dict[str, Any] = {"a": a, "b": b, "weight": w.weight}
    if w.must:
        found["must"] = True
    if w.pool is not None:
        found["pool"] = w.pool
    if w.online:
        found["online"] = True
    if w.length != 1:
        found["length"] = w.length
    if w.slots is not None:
        found["slots"] = sorted(w.slots)
    return found


def _write_person(i: int, p: Person) -> dict[str, Any]:
    found: dict[str, Any] = {"id": i}
    for key in ("max_meetings", "max_per_day", "max_in_row", "booth"):
        if getattr(p, key) is not None:
            found[key] = getattr(p, key)
    if p.min_meetings:
        found["min_meetings"] = p.min_meetings
    if p.organisation:
        found["organisation"] = p.organisation
    if p.online:
        found["online"] = True
    return found


def _write_rules(rules: Rules, number: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    plain = Rules()
    for key in ("max_in_row", "lunch_is_gap", "fairness_cost", "guarantee_count"):
        if getattr(rules, key) != getattr(plain, key):
            found[key] = getattr(rules, key)
    if rules.lunch_windows:
        found["lunch_windows"] = [sorted(w) for w in rules.lunch_windows]
    if rules.online_rooms is not None:
        found["online_rooms"] = _short(rules.online_rooms)
    if rules.far_halls:
        found["far_halls"] = sorted(map(list, rules.far_halls))
    if rules.no_thanks:
        found["no_thanks"] = sorted([number.get(x, x), number.get(y, y)] for x, y in rules.no_thanks)
    return found


def write_plan(event: Event, plan: Plan) -> dict[str, Any]:
    """The plan as JSON: `meetings` are `[wish, slot, table]` by position, `details` what lies beyond that."""
    place = {w.id: i for i, w in enumerate(event.wishes)}
    number = {p.id: i for i, p in enumerate(event.people)}
    details = [
        {
            "wish": place[m.wish],
            "a": number[m.a],
            "b": number[m.b],
            **({"pool": m.pool} if m.pool is not None else {}),
            **({"interpreter": m.interpreter} if m.interpreter is not None else {}),
            **({"hall": m.hall} if m.hall is not None else {}),
            **({"length": m.length} if m.length != 1 else {}),
        }
        for m in plan.meetings
    ]
    return {
        "meetings": [[place[m.wish], m.slot, m.table] for m in plan.meetings],
        "weight": plan.weight,
        "weight_bound": plan.weight_bound,
        "breaks": plan.breaks,
        "breaks_bound": plan.breaks_bound,
        "status": plan.status,
        "proof": plan.proof,
        "conflict": list(plan.conflict),
        "reasons": [
            {"wish": place[r.wish], "kind": r.kind, "text": r.text, "people": list(r.people)}
            for r in plan.reasons
        ],
        "details": details,
        "seconds": round(plan.seconds, 3),
        "engine": dict(plan.engine),
        "trace": [
            [round(x.seconds, 3), x.stage, x.weight, x.weight_bound, x.breaks, x.breaks_bound]
            for x in plan.trace
        ],
    }


def read_plan(event: Event, data: Mapping[str, Any]) -> Plan:
    """A plan from JSON. Whatever `details` leave out is taken from the wish; raises InvalidEventError."""
    meetings = []
    details = {whole(d, "wish"): d for d in _objects(data, "details")}
    number = {p.id: p for p in event.people}
    for raw in listed(data, "meetings"):
        if not isinstance(raw, list) or len(raw) != 3 or not all(isinstance(x, int) for x in raw):
            raise InvalidEventError(f"meetings: {raw!r} is not [wish, slot, table]")
        w, slot, table = raw
        if not 0 <= w < len(event.wishes):
            raise InvalidEventError(f"meetings: {w} is not a wish 0..{len(event.wishes) - 1}")
        wish, more = event.wishes[w], details.get(w, {})
        sides = []
        for key, asked in (("a", wish.a), ("b", wish.b)):
            i = more.get(key)
            if i is not None and not (isinstance(i, int) and 0 <= i < len(event.people)):
                raise InvalidEventError(f"details: {i!r} is not a participant")
            sides.append(event.people[i].id if i is not None else asked)
        pa, pb = (number.get(x) for x in sides)
        booth = next((p.booth for p in (pa, pb) if p is not None and p.booth is not None), None)
        meetings.append(
            PlannedMeeting(
                wish=wish.id,
                slot=slot,
                table=table,
                a=sides[0],
                b=sides[1],
                pool=more.get("pool", wish.pool),
                interpreter=more.get("interpreter"),
                hall=more.get("hall", booth),
                length=more.get("length", wish.length),
            )
        )
    return Plan(
        meetings=tuple(meetings),
        weight=whole(data, "weight"),
        weight_bound=whole(data, "weight_bound"),
        breaks=whole(data, "breaks"),
        breaks_bound=whole(data, "breaks_bound", default=0),
        status=data.get("status", "feasible"),
        conflict=tuple(str(x) for x in data.get("conflict", [])),
        seconds=float(data.get("seconds", 0.0)),
    )

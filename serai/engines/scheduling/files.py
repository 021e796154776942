"""The two file formats, read with messages that name the key, and written."""

from __future__ import annotations

import json
import unicodedata
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, get_args

from .types import (
    MAX_PEOPLE,
    MAX_SLOTS,
    MAX_WISHES,
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
    Status,
    Wish,
)

WISHES_FORMAT = "b2b-wishes-1"
FIXED_FORMAT = "b2bsp-1"
SHARED_KEYS = {"format", "name", "participants", "slots", "tables", "sessions", "forbidden"}
FIXED_KEYS = SHARED_KEYS | {"meetings", "fairness_d"}
WISHES_KEYS = SHARED_KEYS | {
    "wishes", "days", "people", "pools", "interpreters", "organisations", "halls", "rules"
}  # fmt: skip
# What the published files say about themselves.
PUBLISHED_KEYS = {"base", "variant", "published", "upper_bound", "greedy", "generated"}
MAX_FILE_BYTES = 200_000_000
# No number of a file is useful beyond this; the limits of single keys are lower (`rules.validate`).
MAX_NUMBER = 10**12
MAX_NAME = 200
MAX_SHOWN = 60
MAX_DIGITS = 15
# Control characters, halves of characters, line breaks, and code points that are no character: none may stand in XML
# or in a line of a message. Marks that turn the direction of what follows go on after the name has ended.
UNSHOWABLE = {"Cc", "Cs", "Cn", "Zl", "Zp"}
TURNING = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


def read_json(path: str | Path) -> dict[str, Any]:
    """One JSON object from a file. Raises InvalidEventError naming the line, or the size limit."""
    path = Path(path)
    try:
        # Read no further than the limit: what is no file need not say its size, or ever end.
        with path.open("rb") as file:
            raw = file.read(MAX_FILE_BYTES + 1)
        if len(raw) > MAX_FILE_BYTES:
            raise InvalidEventError(f"{path.name}: more than the limit of {MAX_FILE_BYTES} bytes")
        data = json.loads(raw.decode("utf-8-sig"), object_pairs_hook=_once)
    except InvalidEventError:
        raise
    except OSError as error:
        raise InvalidEventError(f"{path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise InvalidEventError(f"{path.name}: not UTF-8 text") from error
    except json.JSONDecodeError as error:
        raise InvalidEventError(f"{path.name}: line {error.lineno}: {error.msg}") from error
    except RecursionError as error:
        raise InvalidEventError(f"{path.name}: nested too deeply") from error
    except ValueError as error:
        raise InvalidEventError(f"{path.name}: a number has too many digits") from error
    if not isinstance(data, dict):
        raise InvalidEventError(f"{path.name}: the file must hold one JSON object")
    return data


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose keys are all different: of two the reader would silently drop one."""
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = Counter(key for key, _ in pairs).most_common(1)[0][0]
        raise InvalidEventError(f"{shown(twice)}: is there twice in one object")
    return found


def number_of(text: str, n: int) -> int | None:
    """The number 0..n-1 this text writes, None if it is none; one number has one spelling."""
    value = int(text) if text.isdecimal() and len(text) <= MAX_DIGITS else n
    return value if value < n and str(value) == text else None


def whole(
    data: Mapping[str, Any],
    key: str,
    low: int = 0,
    default: int | None = None,
    where: str = "",
    most: int = MAX_NUMBER,
) -> int:
    value = data.get(key, default)
    name = f"{where}: {key}" if where else key
    if value is None:
        raise InvalidEventError(f"{name}: is missing")
    if isinstance(value, bool) or not isinstance(value, int) or value < low:
        raise InvalidEventError(f"{name}: {shown(value)} is not a whole number from {low}")
    if value > most:
        raise InvalidEventError(f"{name}: {shown(value)} is more than the limit of {most}")
    return value


def shown(value: Any) -> str:
    """A value as a message shows it: nothing in it can move the cursor or turn the line around."""
    text = repr(value)
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"


def flag(data: Mapping[str, Any], key: str, where: str) -> bool:
    value = data.get(key, False)
    if not isinstance(value, bool):
        raise InvalidEventError(f"{where}: {key}: {shown(value)} is neither true nor false")
    return value


def name_of(value: Any, where: str) -> str:
    """An id or a title: text, or a number as text, that can be shown without doing anything to what is around it."""
    if isinstance(value, bool) or not isinstance(value, (str, int)) or len(str(value)) > MAX_NAME:
        raise InvalidEventError(f"{where}: {shown(value)} is not a name of at most {MAX_NAME} letters")
    text = str(value)
    if any(unicodedata.category(c) in UNSHOWABLE or c in TURNING for c in text):
        raise InvalidEventError(f"{where}: {shown(value)} holds characters that cannot be shown")
    return text


def only(data: Mapping[str, Any], known: Collection[str], where: str) -> None:
    strange = sorted(set(data) - set(known))
    if strange:
        raise InvalidEventError(
            f"{where}: {shown(strange[0])} is not known (known: {', '.join(sorted(known))})"
        )


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
        person = number_of(name, people)
        if person is None:
            raise InvalidEventError(f"{key}: {shown(name)} is not a participant 0..{people - 1}")
        found[person] = slot_set(values, f"{key}: {name}", slots)
    return found


def slot_set(values: Any, key: str, slots: int) -> set[int]:
    if not isinstance(values, list):
        raise InvalidEventError(f"{key}: must be a list of slots")
    for s in values:
        if isinstance(s, bool) or not isinstance(s, int) or not 0 <= s < slots:
            raise InvalidEventError(f"{key}: {shown(s)} is not a slot 0..{slots - 1}")
    return set(values)


def unread(data: Mapping[str, Any]) -> list[str]:
    """Keys of an instance that no reader knows: perhaps misspelt, and then something is left out silently."""
    known = FIXED_KEYS if data["format"] == FIXED_FORMAT else WISHES_KEYS
    return sorted(set(data) - known - PUBLISHED_KEYS)


def read_event(data: Mapping[str, Any]) -> Event:
    """An event from format `b2b-wishes-1`.

    `wishes` holds `[a, b, weight]` lists or objects with the fields of `Wish`; people are numbers
    0..participants-1. The optional keys `people`, `pools`, `interpreters`, `organisations`, `halls`,
    `rules` and `days` carry what the published form lacks. Ids in the event are the numbers as text.
    """
    if data.get("format") != WISHES_FORMAT:
        raise InvalidEventError(f"format: {shown(data.get('format'))} is not {WISHES_FORMAT}")
    n_people = whole(data, "participants", most=MAX_PEOPLE)
    n_slots = whole(data, "slots", 1, most=MAX_SLOTS)
    wishes = listed(data, "wishes")
    if len(wishes) > MAX_WISHES:
        raise InvalidEventError(f"wishes: {len(wishes)} is more than the limit of {MAX_WISHES}")
    forbidden = slots_by_person(data, "forbidden", n_people, n_slots)
    details = _details(data, n_people)
    people = tuple(_person(i, n_slots, forbidden.get(i), details.get(i, {})) for i in range(n_people))
    event = Event(
        slots=_slots(data, n_slots),
        tables_per_slot=_per_slot(data.get("tables"), "tables", n_slots),
        people=people,
        wishes=tuple(read_wish(i, w, n_slots) for i, w in enumerate(wishes)),
        pools=tuple(
            Pool(_text(p, "id", "pools"), _per_slot(p.get("capacity"), "pools: capacity", n_slots))
            for p in _objects(data, "pools", ("id", "capacity"))
        ),
        interpreters=tuple(
            Interpreter(
                _text(i, "id", "interpreters"),
                frozenset(name_of(x, "interpreters: pools") for x in _list(i, "pools", "interpreters")),
                _open(i, "interpreters", n_slots),
            )
            for i in _objects(data, "interpreters", ("id", "pools", "open_slots"))
        ),
        organisations=tuple(
            Organisation(
                _text(o, "id", "organisations"),
                _limit(o, "max_parallel", "organisations"),
                _limit(o, "max_meetings", "organisations"),
            )
            for o in _objects(data, "organisations", ("id", "max_parallel", "max_meetings"))
        ),
        halls=tuple(
            Hall(_text(h, "id", "halls"), _per_slot(h.get("tables"), "halls: tables", n_slots))
            for h in _objects(data, "halls", ("id", "tables"))
        ),
        rules=_rules(data.get("rules", {}), n_slots),
        name=name_of(data.get("name", ""), "name"),
    )
    # A misspelt name here would let people meet who must not.
    parties = (
        {p.id for p in event.people} | {p.organisation for p in people} | {o.id for o in event.organisations}
    )
    strange = sorted({x for pair in event.rules.no_thanks for x in pair} - parties)
    if strange:
        raise InvalidEventError(f"rules: no_thanks: {strange[0]} does not take part")
    return event


def _objects(data: Mapping[str, Any], key: str, known: Collection[str] = ()) -> list[dict[str, Any]]:
    value = data.get(key, [])
    if not isinstance(value, list) or not all(isinstance(x, dict) for x in value):
        raise InvalidEventError(f"{key}: must be a list of objects")
    if known:
        for x in value:
            only(x, known, key)
    return value


def _list(data: Mapping[str, Any], key: str, where: str) -> list[Any]:
    value = data.get(key, [])
    if not isinstance(value, list):
        raise InvalidEventError(f"{where}: {key}: must be a list")
    return value


def _text(data: Mapping[str, Any], key: str, where: str) -> str:
    if data.get(key) is None:
        raise InvalidEventError(f"{where}: {key} is missing")
    return name_of(data[key], f"{where}: {key}")


def _limit(data: Mapping[str, Any], key: str, where: str) -> int | None:
    return None if data.get(key) is None else whole(data, key, where=where)


def _per_slot(value: Any, key: str, slots: int) -> tuple[int, ...]:
    """One number for every slot, or a list with one number per slot."""
    values = value if isinstance(value, list) else [value] * slots
    if len(values) != slots:
        raise InvalidEventError(f"{key}: {len(values)} numbers for {slots} slots")
    return tuple(whole({key: v}, key) for v in values)


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
        both = next((x for x in session_of[low:high] if x), "")
        if both:
            raise InvalidEventError(f"sessions: {shown(both)} and {shown(name)} share slots")
        session_of[low:high] = [name] * (high - low)
    day_of = [0] * n if days is None else list(_per_slot(days, "days", n))
    return tuple(Slot(d, s) for d, s in zip(day_of, session_of, strict=True))


def read_sessions(sessions: Mapping[str, Any], n: int) -> dict[str, tuple[int, int]]:
    found = {}
    for name, span in sessions.items():
        name_of(name, "sessions")
        ok = (
            isinstance(span, list)
            and len(span) == 2
            and all(isinstance(x, int) and not isinstance(x, bool) for x in span)
            and 0 <= span[0] <= span[1] <= n
        )
        if not ok:
            raise InvalidEventError(f"sessions: {shown(name)} must be [first, end] within 0..{n}")
        found[name] = (span[0], span[1])
    return found


def _details(data: Mapping[str, Any], n: int) -> dict[int, dict[str, Any]]:
    found = {}
    for p in _objects(data, "people", [f.name for f in fields(Person)]):
        number = whole(p, "id", where="people")
        if number >= n:
            raise InvalidEventError(f"people: {number} is not a participant 0..{n - 1}")
        if number in found:
            raise InvalidEventError(f"people: {number} is there twice")
        found[number] = p
    return found


def _person(i: int, slots: int, forbidden: set[int] | None, more: Mapping[str, Any]) -> Person:
    free = _open(more, f"people: {i}", slots)
    if forbidden:
        free = (frozenset(range(slots)) if free is None else free) - forbidden
    where = f"people: {i}"
    return Person(
        id=str(i),
        open_slots=free,
        max_meetings=_limit(more, "max_meetings", where),
        min_meetings=whole(more, "min_meetings", default=0, where=where),
        max_per_day=_limit(more, "max_per_day", where),
        max_in_row=_limit(more, "max_in_row", where),
        organisation=name_of(more.get("organisation", ""), f"{where}: organisation"),
        booth=None if more.get("booth") is None else _text(more, "booth", where),
        online=flag(more, "online", where),
    )


def read_wish(i: int, raw: Any, slots: int) -> Wish:
    where = f"wishes: {i}"
    if isinstance(raw, list):
        if len(raw) != 3 or any(isinstance(x, bool) or not isinstance(x, int) for x in raw):
            raise InvalidEventError(f"{where}: {shown(raw)} is not [a, b, weight]")
        a, b, weight = raw
        return Wish(str(i), str(a), str(b), whole({"weight": weight}, "weight", where=where))
    if not isinstance(raw, dict):
        raise InvalidEventError(f"{where}: must be a list or an object")
    only(raw, [f.name for f in fields(Wish)], where)
    begin = raw.get("slots")
    return Wish(
        id=name_of(raw.get("id", i), f"{where}: id"),
        a=_text(raw, "a", where),
        b=_text(raw, "b", where),
        weight=whole(raw, "weight", default=1, where=where),
        must=flag(raw, "must", where),
        pool=None if raw.get("pool") is None else _text(raw, "pool", where),
        online=flag(raw, "online", where),
        length=whole(raw, "length", 1, default=1, where=where),
        slots=None if begin is None else frozenset(slot_set(begin, f"{where}: slots", slots)),
    )


def _rules(raw: Any, slots: int) -> Rules:
    if not isinstance(raw, dict):
        raise InvalidEventError("rules: must be an object")
    only(raw, [f.name for f in fields(Rules)], "rules")
    rooms = raw.get("online_rooms")
    cost = raw.get("fairness_cost", 0.0)
    if isinstance(cost, bool) or not isinstance(cost, (int, float)) or not 0 <= cost <= 1:
        raise InvalidEventError(f"rules: fairness_cost: {shown(cost)} is not a share 0..1")
    return Rules(
        max_in_row=_limit(raw, "max_in_row", "rules"),
        lunch_is_gap=flag(raw, "lunch_is_gap", "rules"),
        lunch_windows=tuple(
            frozenset(slot_set(w, "rules: lunch_windows", slots))
            for w in _list(raw, "lunch_windows", "rules")
        ),
        online_rooms=None if rooms is None else _per_slot(rooms, "rules: online_rooms", slots),
        far_halls=_pairs(raw, "far_halls"),
        no_thanks=_pairs(raw, "no_thanks"),
        fairness_cost=float(cost),
        guarantee_count=whole(raw, "guarantee_count", default=3, where="rules"),
    )


def _pairs(raw: Mapping[str, Any], key: str) -> frozenset[tuple[str, str]]:
    pairs = raw.get(key, [])
    if not isinstance(pairs, list) or any(not isinstance(p, list) or len(p) != 2 for p in pairs):
        raise InvalidEventError(f"rules: {key} must be a list of pairs")
    return frozenset((name_of(x, f"rules: {key}"), name_of(y, f"rules: {key}")) for x, y in pairs)


def write_event(event: Event) -> dict[str, Any]:
    """The event as `b2b-wishes-1`, people numbered in their order. Reading it back gives the same event
    up to ids, and names of sessions that come more than once."""
    n = len(event.slots)
    number = {p.id: str(i) for i, p in enumerate(event.people)}
    every = set(range(n))
    data: dict[str, Any] = {
        "format": WISHES_FORMAT,
        "name": event.name,
        "participants": len(event.people),
        "slots": n,
        "tables": _short(event.tables_per_slot),
        "days": [s.day for s in event.slots],
        "sessions": _write_sessions(event.slots),
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


def _write_sessions(slots: Sequence[Slot]) -> dict[str, list[int]]:
    """Each session as [first, end]. One of the same name on another day is numbered: a name has one range."""
    found: dict[str, list[int]] = {}
    first = 0
    for t in range(1, len(slots) + 1):
        if t == len(slots) or slots[t] != slots[first]:
            name, again = slots[first].session, 2
            while name in found:
                name, again = f"{slots[first].session} ({again})", again + 1
            if name:
                found[name] = [first, t]
            first = t
    return found


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


def _optional(data: Mapping[str, Any], key: str, default: str | None) -> str | None:
    return default if data.get(key) is None else _text(data, key, "details")


def read_plan(event: Event, data: Mapping[str, Any]) -> Plan:
    """A plan from JSON. Whatever `details` leave out is taken from the wish; raises InvalidEventError."""
    meetings = []
    details = {whole(d, "wish"): d for d in _objects(data, "details")}
    number = {p.id: p for p in event.people}
    for raw in listed(data, "meetings"):
        if (
            not isinstance(raw, list)
            or len(raw) != 3
            or any(isinstance(x, bool) or not isinstance(x, int) for x in raw)
        ):
            raise InvalidEventError(f"meetings: {shown(raw)} is not [wish, slot, table]")
        w, slot, table = raw
        if not 0 <= w < len(event.wishes):
            raise InvalidEventError(f"meetings: {w} is not a wish 0..{len(event.wishes) - 1}")
        wish, more = event.wishes[w], details.get(w, {})
        sides = []
        for key, asked in (("a", wish.a), ("b", wish.b)):
            i = more.get(key)
            if i is not None and not (type(i) is int and 0 <= i < len(event.people)):
                raise InvalidEventError(f"details: {shown(i)} is not a participant")
            sides.append(event.people[i].id if i is not None else asked)
        pa, pb = (number.get(x) for x in sides)
        people = [p for p in (pa, pb) if p is not None]
        online = wish.online or any(p.online for p in people)
        booth = next((p.booth for p in people if p.booth is not None and not online), None)
        meetings.append(
            PlannedMeeting(
                wish=wish.id,
                slot=slot,
                table=table,
                a=sides[0],
                b=sides[1],
                pool=_optional(more, "pool", wish.pool),
                interpreter=_optional(more, "interpreter", None),
                hall=_optional(more, "hall", booth),
                length=whole(more, "length", 1, default=wish.length, where="details"),
            )
        )
    status = data.get("status", "feasible")
    if status not in get_args(Status):
        raise InvalidEventError(f"status: {shown(status)} is not one of {', '.join(get_args(Status))}")
    return Plan(
        meetings=tuple(meetings),
        weight=whole(data, "weight"),
        weight_bound=whole(data, "weight_bound"),
        breaks=whole(data, "breaks"),
        breaks_bound=whole(data, "breaks_bound", default=0),
        status=status,
        conflict=tuple(str(x) for x in _list(data, "conflict", "plan")),
    )

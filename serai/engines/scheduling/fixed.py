"""The published problem: a fixed list of meetings, every one placed, fewest breaks (format `b2bsp-1`).

Includes the cheap half of the exact engine: domains by propagation, and contradictions named in words.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from .files import FIXED_FORMAT, listed, read_sessions, slots_by_person, whole
from .types import MAX_PEOPLE, MAX_SLOTS, MAX_TABLES, InvalidEventError

MAX_MEETINGS = 2_000


@dataclass(frozen=True, slots=True)
class FixedMeeting:
    a: int
    b: int
    session: str | None = None
    slot: int | None = None
    after: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class FixedProblem:
    """Participants, slots and meetings are numbered from 0; sessions are half-open slot ranges.

    `fairness` limits how far the breaks of any two participants may differ; None for no limit.
    """

    participants: int
    slots: int
    tables: int
    meetings: tuple[FixedMeeting, ...]
    sessions: Mapping[str, tuple[int, int]]
    forbidden: Mapping[int, frozenset[int]]
    fairness: int | None = None
    name: str = ""


class ContradictionError(Exception):
    """The rules cannot all hold; the message says why in words."""


def read_fixed(data: Mapping[str, Any]) -> FixedProblem:
    """A problem from format `b2bsp-1`. Raises InvalidEventError naming the key."""
    if data.get("format", FIXED_FORMAT) != FIXED_FORMAT:
        raise InvalidEventError(f"format: {data.get('format')!r} is not {FIXED_FORMAT}")
    people, slots, tables = (whole(data, k) for k in ("participants", "slots", "tables"))
    sessions = data.get("sessions", {})
    if not isinstance(sessions, dict):
        raise InvalidEventError("sessions: must map names to [first, end]")
    spans = read_sessions(sessions, slots)
    raw = listed(data, "meetings")
    limits = (
        ("participants", people, MAX_PEOPLE),
        ("slots", slots, MAX_SLOTS),
        ("tables", tables, MAX_TABLES),
        ("meetings", len(raw), MAX_MEETINGS),
    )
    for key, size, limit in limits:
        if size > limit:
            raise InvalidEventError(f"{key}: {size} is more than the limit of {limit}")
    forbidden = slots_by_person(data, "forbidden", people, slots)
    fairness = data.get("fairness_d")
    return FixedProblem(
        participants=people,
        slots=slots,
        tables=tables,
        meetings=tuple(_meeting(i, m, people, slots, spans, len(raw)) for i, m in enumerate(raw)),
        sessions=spans,
        forbidden={p: frozenset(s) for p, s in forbidden.items()},
        fairness=None if fairness is None else whole(data, "fairness_d"),
        name=str(data.get("name", "")),
    )


def _meeting(
    i: int, raw: Any, people: int, slots: int, sessions: Mapping[str, tuple[int, int]], n: int
) -> FixedMeeting:
    where = f"meetings: {i}"
    if not isinstance(raw, dict):
        raise InvalidEventError(f"{where}: must be an object")
    if raw.get("id", i) != i:
        raise InvalidEventError(f"{where}: has id {raw['id']!r}; ids count from 0 in order")
    a, b = whole(raw, "a"), whole(raw, "b")
    for p in (a, b):
        if p >= people:
            raise InvalidEventError(f"{where}: {p} is not a participant 0..{people - 1}")
    if a == b:
        raise InvalidEventError(f"{where}: participant {a} would meet themselves")
    session = raw.get("session")
    if session is not None and (not isinstance(session, str) or session not in sessions):
        raise InvalidEventError(f"{where}: session {session!r} is not one of {', '.join(sessions)}")
    slot = raw.get("fixed_slot")
    if slot is not None and whole(raw, "fixed_slot") >= slots:
        raise InvalidEventError(f"{where}: fixed_slot {slot} is not a slot 0..{slots - 1}")
    after = raw.get("after", [])
    if not isinstance(after, list) or any(not isinstance(x, int) or not 0 <= x < n for x in after):
        raise InvalidEventError(f"{where}: after must list meetings 0..{n - 1}")
    return FixedMeeting(a, b, session, slot, tuple(after))


def write_fixed(problem: FixedProblem) -> dict[str, Any]:
    meetings = []
    for i, m in enumerate(problem.meetings):
        one: dict[str, Any] = {"id": i, "a": m.a, "b": m.b}
        if m.session is not None:
            one["session"] = m.session
        if m.slot is not None:
            one["fixed_slot"] = m.slot
        if m.after:
            one["after"] = list(m.after)
        meetings.append(one)
    return {
        "format": FIXED_FORMAT,
        "name": problem.name,
        "participants": problem.participants,
        "slots": problem.slots,
        "tables": problem.tables,
        "sessions": {k: list(v) for k, v in problem.sessions.items()},
        "meetings": meetings,
        "forbidden": {str(p): sorted(s) for p, s in sorted(problem.forbidden.items()) if s},
        "fairness_d": problem.fairness,
    }


def breaks_by_person(problem: FixedProblem, slots: Sequence[int]) -> list[int]:
    busy: dict[int, set[int]] = defaultdict(set)
    for m, s in zip(problem.meetings, slots, strict=True):
        busy[m.a].add(s)
        busy[m.b].add(s)
    return [
        sum(1 for x, y in pairwise(sorted(busy.get(p, ()))) if y > x + 1) for p in range(problem.participants)
    ]


def check_fixed(problem: FixedProblem, slots: Sequence[int]) -> Iterator[str]:
    """Every rule a schedule breaks, in words. Written apart from the encoder and the propagation."""
    if len(slots) != len(problem.meetings):
        yield f"{len(slots)} slots for {len(problem.meetings)} meetings"
        return
    busy: dict[tuple[int, int], list[int]] = defaultdict(list)
    for i, (m, s) in enumerate(zip(problem.meetings, slots, strict=True)):
        if not 0 <= s < problem.slots:
            yield f"meeting {i}: slot {s} does not exist"
            continue
        if m.session is not None and not problem.sessions[m.session][0] <= s < problem.sessions[m.session][1]:
            yield f"meeting {i}: slot {s} is outside its session {m.session}"
        if m.slot is not None and s != m.slot:
            yield f"meeting {i}: is in slot {s}, fixed to slot {m.slot}"
        for earlier in m.after:
            if slots[earlier] >= s:
                yield f"meeting {i}: is in slot {s}, not after meeting {earlier} in slot {slots[earlier]}"
        for p in (m.a, m.b):
            busy[p, s].append(i)
            if s in problem.forbidden.get(p, ()):
                yield f"meeting {i}: participant {p} is not free in slot {s}"
    for (p, s), meetings in sorted(busy.items()):
        if len(meetings) > 1:
            yield f"participant {p}: meetings {', '.join(map(str, meetings))} in slot {s}"
    for s, n in sorted(Counter(slots).items()):
        if n > problem.tables:
            yield f"slot {s}: {n} meetings, {problem.tables} tables"
    breaks = breaks_by_person(problem, slots)
    if problem.fairness is not None and breaks and max(breaks) - min(breaks) > problem.fairness:
        most, least = breaks.index(max(breaks)), breaks.index(min(breaks))
        yield (
            f"fairness: participant {most} has {max(breaks)} breaks, participant {least} has {min(breaks)};"
            f" they may differ by {problem.fairness}"
        )


@dataclass(frozen=True)
class Domains:
    """Slots a meeting can still have, as masks, after propagation; `of[p]` lists a participant's meetings."""

    slots: tuple[int, ...]
    of: tuple[tuple[int, ...], ...]


def propagate(problem: FixedProblem) -> Domains:
    """Domains from sessions, fixed and forbidden slots, precedences and counting; to a fixed point.

    Raises ContradictionError, in words, when a participant, a slot or a chain of meetings cannot fit.
    """
    of: list[list[int]] = [[] for _ in range(problem.participants)]
    for i, m in enumerate(problem.meetings):
        of[m.a].append(i)
        of[m.b].append(i)
    state = _Propagation(problem, [_own_domain(problem, i) for i in range(len(problem.meetings))], of)
    state.run()
    return Domains(tuple(state.dom), tuple(map(tuple, of)))


def _own_domain(problem: FixedProblem, i: int) -> int:
    m = problem.meetings[i]
    free = (1 << problem.slots) - 1
    if m.session is not None:
        low, high = problem.sessions[m.session]
        free &= ((1 << high) - 1) & ~((1 << low) - 1)
    for p in (m.a, m.b):
        for s in problem.forbidden.get(p, ()):
            free &= ~(1 << s)
    if m.slot is not None:
        free &= 1 << m.slot
    if not free:
        raise ContradictionError(f"Meeting {i} between {m.a} and {m.b} has no slot that both have free.")
    return free


class _Propagation:
    def __init__(self, problem: FixedProblem, dom: list[int], of: list[list[int]]) -> None:
        self.problem, self.dom, self.of = problem, dom, of
        self.before: list[tuple[int, ...]] = [m.after for m in problem.meetings]
        self.behind: list[list[int]] = [[] for _ in problem.meetings]
        for i, m in enumerate(problem.meetings):
            for earlier in m.after:
                self.behind[earlier].append(i)

    def run(self) -> None:
        for p, meetings in enumerate(self.of):
            room = self.union(meetings)
            if len(meetings) > room.bit_count():
                raise ContradictionError(
                    f"Participant {p} has {len(meetings)} meetings and only {room.bit_count()} open slots."
                )
        while True:
            before = list(self.dom)
            self.precedences()
            for p in range(len(self.of)):
                self.participant(p)
            self.tables()
            if self.dom == before:
                return

    def union(self, meetings: Sequence[int]) -> int:
        room = 0
        for i in meetings:
            room |= self.dom[i]
        return room

    def cut(self, i: int, keep: int, why: str) -> None:
        left = self.dom[i] & keep
        if not left:
            m = self.problem.meetings[i]
            raise ContradictionError(f"Meeting {i} between {m.a} and {m.b} has no slot left: {why}.")
        self.dom[i] = left

    def precedences(self) -> None:
        """Earliest and latest slots; predecessors that share a participant need different slots."""
        for _ in range(len(self.dom) + 1):
            before = list(self.dom)
            for i in range(len(self.dom)):
                if self.before[i]:
                    first = self._earliest(self.before[i])
                    self.cut(i, ~((1 << (first + 1)) - 1), "it must come after other meetings")
                if self.behind[i]:
                    last = self._latest(self.behind[i])
                    self.cut(i, (1 << max(last, 0)) - 1, "it must come before other meetings")
            if self.dom == before:
                return
        raise ContradictionError("Some meetings must come after each other in a circle.")

    def _earliest(self, meetings: Sequence[int]) -> int:
        """The first slot by which all these meetings can be over."""
        first = max((self.dom[i] & -self.dom[i]).bit_length() - 1 for i in meetings)
        for group in self._by_person(meetings):
            slot = -1
            for start in sorted((self.dom[i] & -self.dom[i]).bit_length() - 1 for i in group):
                slot = max(slot + 1, start)
            first = max(first, slot)
        return first

    def _latest(self, meetings: Sequence[int]) -> int:
        last = min(self.dom[i].bit_length() - 1 for i in meetings)
        for group in self._by_person(meetings):
            slot = self.problem.slots
            for end in sorted((self.dom[i].bit_length() - 1 for i in group), reverse=True):
                slot = min(slot - 1, end)
            last = min(last, slot)
        return last

    def _by_person(self, meetings: Sequence[int]) -> list[list[int]]:
        groups: dict[int, list[int]] = defaultdict(list)
        for i in meetings:
            groups[self.problem.meetings[i].a].append(i)
            groups[self.problem.meetings[i].b].append(i)
        return [g for g in groups.values() if len(g) > 1]

    def participant(self, p: int) -> None:
        """All different: singletons, Hall intervals, and slots only one choice of meetings can fill."""
        meetings = self.of[p]
        for i in meetings:
            if self.dom[i].bit_count() == 1:
                for j in meetings:
                    if j != i and self.dom[j] & self.dom[i]:
                        slot = self.dom[i].bit_length() - 1
                        self.cut(j, ~self.dom[i], f"participant {p} is busy with meeting {i} in slot {slot}")
        sets = sorted({self.dom[i] for i in meetings}, key=int.bit_count)
        for span in sets + self._intervals(meetings):
            inside = [i for i in meetings if not self.dom[i] & ~span]
            room = span.bit_count()
            if len(inside) > room:
                raise ContradictionError(
                    f"Participant {p}: meetings {', '.join(map(str, inside))} all need"
                    f" one of {room} slots ({_words(span)})."
                )
            if len(inside) == room and len(inside) < len(meetings):
                for j in meetings:
                    if self.dom[j] & ~span:
                        self.cut(j, ~span, f"other meetings of participant {p} fill slots {_words(span)}")

    def _intervals(self, meetings: Sequence[int]) -> list[int]:
        open_ = self.union(meetings)
        lows = sorted({(self.dom[i] & -self.dom[i]).bit_length() - 1 for i in meetings})
        highs = sorted({self.dom[i].bit_length() for i in meetings})
        return [((1 << high) - 1) & ~((1 << low) - 1) & open_ for low in lows for high in highs if low < high]

    def tables(self) -> None:
        """Full slots are closed for everybody else; intervals must hold the meetings inside them."""
        tables, n = self.problem.tables, self.problem.slots
        held = Counter(d.bit_length() - 1 for d in self.dom if d.bit_count() == 1)
        for slot, count in held.items():
            if count > tables:
                raise ContradictionError(f"Slot {slot}: {count} meetings can only be here, {tables} tables.")
            if count == tables:
                for i, d in enumerate(self.dom):
                    if d.bit_count() > 1 and d >> slot & 1:
                        self.cut(i, ~(1 << slot), f"every table of slot {slot} is taken")
        lows = [(d & -d).bit_length() - 1 for d in self.dom]
        highs = [d.bit_length() - 1 for d in self.dom]
        inside = [[0] * (n + 1) for _ in range(n + 1)]
        for low, high in zip(lows, highs, strict=True):
            inside[low][high] += 1
        for low in range(n):
            total = [0] * n
            for first in range(low, n):
                for high in range(first, n):
                    total[high] += inside[first][high]
            count = 0
            for high in range(low, n):
                count += total[high]
                if count > tables * (high - low + 1):
                    raise ContradictionError(
                        f"{count} meetings must be in slots {low} to {high},"
                        f" where {tables} tables hold {tables * (high - low + 1)}."
                    )


def meetings_over(problem: FixedProblem, domains: Domains, p: int) -> tuple[list[int], list[int]]:
    """The fewest and the most meetings p can have had by the end of each slot."""
    meetings = domains.of[p]
    free = sure = 0
    for i in meetings:
        free |= domains.slots[i]
        if domains.slots[i].bit_count() == 1:
            sure |= domains.slots[i]
    k = len(meetings)
    least, most = [], []
    for t in range(problem.slots):
        upto = (2 << t) - 1
        early = sum(1 for i in meetings if not domains.slots[i] & ~upto)
        later = sum(1 for i in meetings if not domains.slots[i] & upto)
        least.append(max(early, (sure & upto).bit_count(), k - (free & ~upto).bit_count()))
        most.append(min(k - max(later, (sure & ~upto).bit_count()), (free & upto).bit_count()))
    return least, most


def _words(mask: int) -> str:
    return ", ".join(str(t) for t in range(mask.bit_length()) if mask >> t & 1)

"""A smallest set of rules that cannot all hold, in words; validated by trying again without each.

Rules are grouped the way an organiser would drop them: one participant's absences, one meeting's fixed
slot, session or order, the number of tables, the fairness limit, and the meetings of one participant.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from random import Random
from typing import Literal, TypeVar

import numpy as np

from .fixed import ContradictionError, FixedMeeting, FixedProblem, propagate
from .model import Model
from .place import Board, restore
from .programme import Rows, Solver
from .types import Event
from .windows import Windows, useful_options

QUICK_CONFLICTS = 20_000
MAX_NAMED = 12
# More pairs of option and slot than HiGHS decides in the few seconds a conflict may take.
MOST_COLUMNS = 20_000
T = TypeVar("T")
Promise = tuple[Literal["must", "guarantee"], int]


@dataclass(frozen=True)
class _Rule:
    text: str
    drop: Callable[[FixedProblem], FixedProblem]


def minimal_conflict(problem: FixedProblem, deadline: float) -> tuple[str, ...]:
    """Rules in words, none of which can be left out: without any one of them the rest can hold.

    Deletes groups of rules while the rest stays impossible. If time runs out, the set is true but perhaps
    not smallest, and a last line says so.
    """
    meetings = list(range(len(problem.meetings)))
    loose = replace(problem, fairness=None)
    unfair = _impossible(loose, deadline)
    whole = loose if unfair else problem
    # Half the time for each: a set that holds all meetings or all rules says little.
    half = time.monotonic() + (deadline - time.monotonic()) / 2
    kept = _fewest(meetings, lambda keep: _impossible(_only(whole, keep), half), half, again=not unfair)
    late = time.monotonic() > half
    part = _only(whole, kept)
    rules = _rules(part)
    needed = shrink(
        list(range(len(rules))),
        lambda keep: _impossible(_without(part, rules, keep), deadline),
        deadline,
    )
    names = [f"meeting {m} ({whole.meetings[m].a} with {whole.meetings[m].b})" for m in kept]
    words = [_renumbered(rules[k].text, kept) for k in needed]
    if len(names) > MAX_NAMED:
        names = [*names[:MAX_NAMED], f"and {len(names) - MAX_NAMED} more"]
    words.append("Meetings: " + ", ".join(names) + ".")
    if late or time.monotonic() > deadline:
        words.append("Time ran out: perhaps not all of these are needed for the contradiction.")
    return tuple(words)


def _fewest(
    items: list[int], still_impossible: Callable[[list[int]], bool], deadline: float, *, again: bool
) -> list[int]:
    """`shrink`, `again` until nothing changes: with a limit on how breaks are spread, a meeting that could
    not be left out at first can be once others are gone."""
    while True:
        fewer = shrink(items, still_impossible, deadline)
        if not again or len(fewer) == len(items):
            return fewer
        items = fewer


def _renumbered(text: str, kept: Sequence[int]) -> str:
    """Meetings are named by their number in the whole list."""
    parts = text.split("#")
    return parts[0] + "".join(
        str(kept[int(n)]) + rest for n, _, rest in (p.partition("|") for p in parts[1:])
    )


def _only(problem: FixedProblem, keep: Sequence[int]) -> FixedProblem:
    """The problem with these meetings; an order through a dropped meeting stays."""
    kept = set(keep)
    place = {m: i for i, m in enumerate(keep)}

    def earlier(m: int) -> set[int]:
        found: set[int] = set()
        stack = list(problem.meetings[m].after)
        seen: set[int] = set()
        while stack:
            x = stack.pop()
            if x in seen:
                continue
            seen.add(x)
            if x in kept:
                found.add(place[x])
            else:
                stack.extend(problem.meetings[x].after)
        return found

    return replace(
        problem,
        meetings=tuple(replace(problem.meetings[m], after=tuple(sorted(earlier(m)))) for m in keep),
    )


def shrink(items: list[T], still_impossible: Callable[[list[T]], bool], deadline: float) -> list[T]:
    """Deletion in halving blocks: what is left is smallest by inclusion unless the time ran out."""
    block = max(1, len(items) // 2)
    while True:
        i = 0
        while i < len(items):
            if time.monotonic() > deadline:
                return items
            rest = items[:i] + items[i + block :]
            if still_impossible(rest):
                items = rest
            else:
                i += block
        if block == 1:
            return items
        block = max(1, block // 2)


def _rules(problem: FixedProblem) -> list[_Rule]:
    found = []
    for p, slots in sorted(problem.forbidden.items()):
        if slots:
            found.append(
                _Rule(
                    f"Participant {p} is absent in slot{'s' * (len(slots) > 1)} {', '.join(map(str, sorted(slots)))}.",
                    _free(p),
                )
            )
    for i, m in enumerate(problem.meetings):
        if m.slot is not None:
            found.append(_Rule(f"Meeting #{i}| is fixed to slot {m.slot}.", _change(i, slot=None)))
        if m.session is not None:
            found.append(_Rule(f"Meeting #{i}| is in session {m.session}.", _change(i, session=None)))
        if m.after:
            names = ", ".join(f"#{x}|" for x in m.after)
            found.append(_Rule(f"Meeting #{i}| comes after {names}.", _change(i, after=())))
    many = len(problem.meetings) + 1
    tables = "There is 1 table." if problem.tables == 1 else f"There are {problem.tables} tables."
    found.append(_Rule(tables, lambda q: replace(q, tables=many)))
    if problem.fairness is not None:
        text = f"The breaks of any two participants differ by at most {problem.fairness}."
        found.append(_Rule(text, lambda q: replace(q, fairness=None)))
    return found


def _free(p: int) -> Callable[[FixedProblem], FixedProblem]:
    return lambda q: replace(q, forbidden={k: v for k, v in q.forbidden.items() if k != p})


def _change(i: int, **fields: object) -> Callable[[FixedProblem], FixedProblem]:
    def change(q: FixedProblem) -> FixedProblem:
        meetings = list(q.meetings)
        meetings[i] = replace(meetings[i], **fields)  # type: ignore[arg-type]
        return replace(q, meetings=tuple(meetings))

    return change


def _without(problem: FixedProblem, rules: Sequence[_Rule], keep: Sequence[int]) -> FixedProblem:
    kept = set(keep)
    for k, rule in enumerate(rules):
        if k not in kept:
            problem = rule.drop(problem)
    return problem


def _impossible(problem: FixedProblem, deadline: float) -> bool:
    """Surely impossible: by propagation, by the profile bound, or by a short SAT call."""
    try:
        domains = propagate(problem)
    except ContradictionError:
        return True
    return _refuted_by_search(problem, deadline) if domains.slots else False


def _refuted_by_search(problem: FixedProblem, deadline: float) -> bool:
    from .encode import encode

    try:
        from pysat.solvers import Solver
    except ImportError:
        return False
    if time.monotonic() > deadline:
        return False
    f = encode(problem, propagate(problem))
    with Solver(name="glucose4", bootstrap_with=f.clauses) as solver:
        solver.conf_budget(QUICK_CONFLICTS)
        return solver.solve_limited() is False


def contradicting_musts(event: Event, deadline: float) -> tuple[str, ...]:
    """A smallest set of musts and guarantees that no slots can hold, in words; empty if none was found.

    Musts that are plain meetings of two people go to the exact engine first, then everything promised to
    an integer programme over slots.
    """
    return _contradicting_plain_musts(event, deadline) or _contradicting_promises(event, deadline)


def promises_of(event: Event) -> list[Promise]:
    """What the event promises: ("must", wish) and ("guarantee", person), by position."""
    found: list[Promise] = [("must", w) for w, wish in enumerate(event.wishes) if wish.must]
    return found + [("guarantee", p) for p, person in enumerate(event.people) if person.min_meetings]


def promise_in_words(event: Event, promise: Promise) -> str:
    kind, i = promise
    if kind == "must":
        wish = event.wishes[i]
        return f"Wish {wish.id} between {wish.a} and {wish.b} must be granted."
    person = event.people[i]
    return f"{person.id} is guaranteed {_meetings(person.min_meetings)}."


def _meetings(n: int) -> str:
    return f"{n} meeting{'s' * (n != 1)}"


def _contradicting_promises(event: Event, deadline: float) -> tuple[str, ...]:
    with Solver() as solver:
        slots = PromisedSlots(event, solver)
        promises = promises_of(event)
        if not promises or not slots.refute(promises, deadline):
            return ()
        kept = shrink(promises, lambda some: slots.refute(some, deadline), deadline)
    return (
        "These promises cannot hold together in the slots, tables and hours there are:",
        *(promise_in_words(event, x) for x in kept),
    )


class PromisedSlots:
    """An integer programme over (option, start) of the wishes that promises speak of; all others stay out,
    which only makes room. Meetings that are `kept` (wish to option and start) stay where they are."""

    def __init__(
        self, event: Event, solver: Solver, kept: Mapping[int, tuple[int, int]] | None = None
    ) -> None:
        self.event, self.solver, self.kept = event, solver, kept or {}
        self.in_time = True
        """Whether the last answer came from steps, not from the clock."""
        # Which promises count is asked later: the programme itself makes none.
        plain = replace(
            event,
            people=tuple(replace(p, min_meetings=0) for p in event.people),
            wishes=tuple(replace(w, must=False) for w in event.wishes),
        )
        model = Model(plain)
        self.model, self.board = model, Board(model)
        restore(self.board, self.kept)
        guaranteed = {p for p, person in enumerate(event.people) if person.min_meetings}
        self.columns = [
            (i, t)
            for i, o in enumerate(model.options)
            if o.wish not in self.kept
            and (event.wishes[o.wish].must or o.a in guaranteed or o.b in guaranteed)
            for t in range(model.T)
            if self.board.fits(i, t)
        ]
        self.of_wish: dict[int, list[int]] = defaultdict(list)
        self.of_person: dict[int, list[int]] = defaultdict(list)
        for k, (i, _) in enumerate(self.columns):
            o = model.options[i]
            self.of_wish[o.wish].append(k)
            self.of_person[o.a].append(k)
            self.of_person[o.b].append(k)
        every_slot = list(range(model.T))
        windows = Windows(self.board, solver, Random(0), (), useful_options(model, None))
        self.rows = windows._rows(self.columns, every_slot)

    def refute(self, promises: Sequence[Promise], deadline: float) -> bool:
        """Whether these promises surely cannot all hold."""
        left = deadline - time.monotonic()
        if left <= 0 or len(self.columns) > MOST_COLUMNS:
            return False
        rows = self._promised(promises)
        if rows is None:
            return True
        answer = self.solver.solve(np.zeros(len(self.columns)), rows, left)
        return answer is not None and answer.columns is None and answer.proved

    def keep(self, promises: Sequence[Promise], deadline: float) -> list[tuple[int, int]] | None:
        """The heaviest meetings, as (option, start), that keep all these promises; None if none were found."""
        left = deadline - time.monotonic()
        rows = self._promised(promises)
        if rows is None or len(self.columns) > MOST_COLUMNS:
            return None
        wishes, options = self.event.wishes, self.model.options
        gain = np.array([wishes[options[i].wish].weight for i, _ in self.columns], dtype=float)
        answer = self.solver.solve(-gain, rows, left) if left > 0 else None
        self.in_time = answer is not None and answer.proved
        if answer is None or answer.columns is None:
            return None
        return [self.columns[k] for k in answer.columns]

    def _promised(self, promises: Sequence[Promise]) -> Rows | None:
        """The rows with these promises; None if there are too few columns for one of them."""
        rows = deepcopy(self.rows)
        for kind, i in promises:
            if kind == "must":
                here, need = self.of_wish[i], int(i not in self.kept)
            else:
                here, need = self.of_person[i], self.event.people[i].min_meetings - self.board.count[i]
            if len(here) < need:
                return None
            if need > 0:
                rows.count(here, float(need), float("inf"))
        return rows


def _contradicting_plain_musts(event: Event, deadline: float) -> tuple[str, ...]:
    """Musts that are plain meetings of two people in single slots, by the exact engine."""
    number = {p.id: i for i, p in enumerate(event.people)}
    musts = [
        w
        for w in event.wishes
        if w.must and w.length == 1 and w.slots is None and w.a in number and w.b in number
    ]
    n = len(event.slots)
    problem = FixedProblem(
        participants=len(event.people),
        slots=n,
        # Tables may differ by slot, and meetings at booths or online need none: no limit is surely true.
        tables=len(event.people),
        meetings=tuple(FixedMeeting(number[w.a], number[w.b]) for w in musts),
        sessions={},
        forbidden={
            i: frozenset(range(n)) - p.open_slots
            for i, p in enumerate(event.people)
            if p.open_slots is not None
        },
    )
    if not musts or not _impossible(problem, deadline):
        return ()
    keep = shrink(list(range(len(musts))), lambda some: _impossible(_only(problem, some), deadline), deadline)
    found = ["These meetings must all be granted and do not fit into their people's open slots:"]
    found += [f"Wish {musts[i].id} between {musts[i].a} and {musts[i].b}." for i in keep]
    return tuple(found)

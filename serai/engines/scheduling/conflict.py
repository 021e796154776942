"""A smallest set of rules that cannot all hold, in words; validated by trying again without each.

Rules are grouped the way an organiser would drop them: one participant's absences, one meeting's fixed
slot, session or order, the number of tables, the fairness limit, and the meetings of one participant.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from .fixed import ContradictionError, FixedMeeting, FixedProblem, propagate
from .types import Event

QUICK_CONFLICTS = 20_000
T = TypeVar("T")


@dataclass(frozen=True)
class _Rule:
    text: str
    drop: Callable[[FixedProblem], FixedProblem]


def minimal_conflict(problem: FixedProblem, deadline: float) -> tuple[str, ...]:
    """Rules in words, none of which can be left out: without any one of them the rest can hold.

    Deletes groups of rules while the rest stays impossible. Empty if time runs out before anything is
    shown; if it runs out in between, the set is true but perhaps not smallest.
    """
    meetings = list(range(len(problem.meetings)))
    loose = replace(problem, fairness=None)
    if _impossible(loose, deadline):
        problem = loose
        kept = shrink(meetings, lambda keep: _impossible(_only(loose, keep), deadline), deadline)
    else:
        # Fewer meetings can mean more spread of breaks: with fairness in it the list stays whole.
        kept = meetings
    problem = _only(problem, kept)
    rules = _rules(problem)
    needed = shrink(
        list(range(len(rules))),
        lambda keep: _impossible(_without(problem, rules, keep), deadline),
        deadline,
    )
    names = [
        f"meeting {m} ({problem.meetings[i].a} with {problem.meetings[i].b})" for i, m in enumerate(kept)
    ]
    words = [_renumbered(rules[k].text, kept) for k in needed]
    if len(names) > 12:
        names = [*names[:12], f"and {len(names) - 12} more"]
    return (*words, "Meetings: " + ", ".join(names) + ".")


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
                _Rule(f"Participant {p} is absent in slots {', '.join(map(str, sorted(slots)))}.", _free(p))
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
    found.append(_Rule(f"There are {problem.tables} tables.", lambda q: replace(q, tables=many)))
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
    """Musts that no slots can hold, by the exact engine: plain meetings of two people in single slots.

    Empty if the musts alone can be placed, or are not all of that kind.
    """
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

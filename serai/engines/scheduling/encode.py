"""The fixed list as clauses: the published encoding (imp12+), and the one this engine searches with.

Variables are positive integers. `x[m, t]`: meeting m is in slot t. `used[p, t]`: p is busy in t.
`by[p, j, t]`: at least j + 1 slots up to t are used, that is, p's meeting number j + 1 is over by then.
The published encoding has a literal per slot in which a break can end. Ours has one per rank: `gap[p, j]`
says that meeting j + 2 does not follow at once on meeting j + 1. Without breaks a person's whole day then
follows from its first slot by unit propagation alone, which makes refutations short.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from .fixed import Domains, FixedProblem, meetings_over

Clause = list[int]


@dataclass
class Formula:
    """Hard clauses, and the soft ones as literals that should be false (weight 1 each)."""

    clauses: list[Clause] = field(default_factory=list)
    variables: int = 0
    x: dict[tuple[int, int], int] = field(default_factory=dict)
    gaps_of: dict[int, list[int]] = field(default_factory=dict)
    """One literal per possible break of a person: per rank, or per slot in the published encoding."""
    breaks_of: dict[int, list[int]] = field(default_factory=dict)
    """`breaks_of[p][k]`: p has at least k + 1 breaks."""

    @property
    def soft(self) -> list[int]:
        """Literals to be false, one for every break somebody could have."""
        return [x for p in sorted(self.breaks_of) for x in self.breaks_of[p]]

    def new(self) -> int:
        self.variables += 1
        return self.variables

    def add(self, *literals: int) -> None:
        self.clauses.append(list(literals))


def encode(problem: FixedProblem, domains: Domains, *, published: bool = False) -> Formula:
    """All rules as clauses and one soft literal per possible break; `published` counts breaks by slots."""
    f = Formula()
    meetings = range(len(problem.meetings))
    for m in meetings:
        for t in _slots(domains.slots[m]):
            f.x[m, t] = f.new()
        exactly_one(f, [f.x[m, t] for t in _slots(domains.slots[m])])
    used = _people(f, problem, domains, published)
    _tables(f, problem, domains, used)
    _precedences(f, problem, domains)
    for p, gaps in f.gaps_of.items():
        if gaps:
            f.breaks_of[p] = totalizer_both(f, gaps)
    if problem.fairness is not None:
        _fairness(f, problem)
    return f


def _slots(mask: int) -> list[int]:
    return [t for t in range(mask.bit_length()) if mask >> t & 1]


def exactly_one(f: Formula, literals: Sequence[int]) -> None:
    f.clauses.append(list(literals))
    at_most_one(f, literals)


def at_most_one(f: Formula, literals: Sequence[int]) -> None:
    """Pairs for a few literals, a ladder for many."""
    if len(literals) <= 6:
        for i, x in enumerate(literals):
            for y in literals[i + 1 :]:
                f.add(-x, -y)
        return
    before = literals[0]
    for i, x in enumerate(literals[1:], 1):
        f.add(-before, -x)
        if i == len(literals) - 1:
            break
        ladder = f.new()
        f.add(-before, ladder)
        f.add(-x, ladder)
        before = ladder


def _people(
    f: Formula, problem: FixedProblem, domains: Domains, published: bool
) -> dict[tuple[int, int], int]:
    used: dict[tuple[int, int], int] = {}
    # Without anybody who surely has no break, fairness can demand breaks of everybody.
    exact = problem.fairness is not None and all(len(meetings) > 1 for meetings in domains.of)
    for p in range(problem.participants):
        meetings = domains.of[p]
        if not meetings:
            continue
        free = 0
        for m in meetings:
            free |= domains.slots[m]
        for t in _slots(free):
            here = [f.x[m, t] for m in meetings if (m, t) in f.x]
            at_most_one(f, here)
            if len(here) == 1:
                used[p, t] = here[0]
                continue
            u = used[p, t] = f.new()
            f.add(-u, *here)
            for x in here:
                f.add(-x, u)
        if len(meetings) > 1:
            day = [used.get((p, t)) for t in range(problem.slots)]
            by = _counter(f, day, len(meetings))
            if published:
                f.gaps_of[p] = _gaps_by_slot(f, day, exact)
                continue
            f.gaps_of[p] = _gaps_by_rank(f, by, exact)
            for now, least, most in zip(by, *meetings_over(problem, domains, p), strict=True):
                # Sessions and fixed slots tell how many meetings are over; unit propagation cannot count.
                for j, v in enumerate(now):
                    if v is not None and not least <= j < most:
                        f.add(v if j < least else -v)
    return used


def _counter(f: Formula, day: Sequence[int | None], k: int) -> list[list[int | None]]:
    """Exactly k slots of the day used; `by[t][j]`: at least j + 1 of the slots 0..t, None for never."""
    by: list[list[int | None]] = []
    before: list[int | None] = [None] * k
    for t, u in enumerate(day):
        now: list[int | None] = list(before)
        if u is not None:
            for j in range(k):
                if t < j:
                    break
                # now[j]: at least j + 1 used among slots 0..t.
                v = f.new()
                old, lower = before[j], before[j - 1] if j else None
                if old is not None:
                    f.add(-old, v)
                    f.add(-v, old, u)
                else:
                    f.add(-v, u)
                if j == 0:
                    f.add(-u, v)
                elif lower is not None:
                    f.add(-u, -lower, v)
                    f.add(-v, lower)
                    if old is not None:
                        f.add(-v, old, lower)
                else:
                    f.add(-v)
                now[j] = v
            if before[k - 1] is not None:
                f.add(-u, -before[k - 1])  # type: ignore[operator]
        by.append(now)
        before = now
    for last in before:
        if last is None:
            f.clauses.append([])
        else:
            f.add(last)
    return by


def _gaps_by_rank(f: Formula, by: Sequence[Sequence[int | None]], exact: bool) -> list[int]:
    """A literal per rank j: if meeting j + 1 is over by t, meeting j + 2 is by t + 1, or there is a break.

    Only `exact` adds the other direction, which search does better without: it is needed where somebody
    must have a break.
    """
    gaps = []
    for j in range(len(by[0]) - 1):
        gap = f.new()
        gaps.append(gap)
        for t in range(len(by) - 1):
            here, after = by[t][j], by[t + 1][j + 1]
            if here is not None:
                f.add(-here, gap, *([after] if after is not None else []))
        if exact:
            for t in range(len(by)):
                # Two slots earlier meeting j + 1 was over.
                over = by[t - 2][j] if t > 1 else None
                after = by[t][j + 1]
                if after is not None:
                    f.add(-gap, -after, *([over] if over is not None else []))
    return gaps


def _gaps_by_slot(f: Formula, used: Sequence[int | None], exact: bool) -> list[int]:
    """A literal where a break ends: p had a meeting before t, none in t, and one in t + 1."""
    found = []
    held: int | None = None
    for t in range(len(used) - 1):
        here, after = used[t], used[t + 1]
        if held is not None and after is not None:
            gap = f.new()
            f.add(-held, -after, gap, *([here] if here is not None else []))
            if exact:
                f.add(-gap, held)
                f.add(-gap, after)
                if here is not None:
                    f.add(-gap, -here)
            found.append(gap)
        if here is not None:
            so_far = f.new()
            f.add(-here, so_far)
            f.add(-so_far, here, *([held] if held is not None else []))
            if held is not None:
                f.add(-held, so_far)
            held = so_far
    return found


def _tables(f: Formula, problem: FixedProblem, domains: Domains, used: dict[tuple[int, int], int]) -> None:
    """At most `tables` meetings and twice as many busy people per slot. Meetings of one person exclude
    each other, so the counter runs over a cover of stars: one literal per person, not per meeting."""
    L = problem.tables
    for t in range(problem.slots):
        possible = [m for m in range(len(problem.meetings)) if (m, t) in f.x]
        if len(possible) <= L:
            continue
        stars = _stars(problem, possible)
        if len(stars) > L:
            inputs = []
            for p, star in stars:
                here = [f.x[m, t] for m in star]
                if len(here) == 1:
                    inputs.append(here[0])
                elif len(here) == sum(1 for m in domains.of[p] if (m, t) in f.x):
                    inputs.append(used[p, t])
                else:
                    y = f.new()
                    for x in here:
                        f.add(-x, y)
                    inputs.append(y)
            at_most(f, inputs, L)
        people = [used[p, t] for p in range(problem.participants) if (p, t) in used]
        if len(people) > 2 * L:
            at_most(f, people, 2 * L)


def _stars(problem: FixedProblem, possible: Sequence[int]) -> list[tuple[int, list[int]]]:
    """A cover of the meetings by people, the busiest first."""
    left = set(possible)
    stars = []
    while left:
        degree: dict[int, int] = {}
        for m in left:
            for p in (problem.meetings[m].a, problem.meetings[m].b):
                degree[p] = degree.get(p, 0) + 1
        p = max(sorted(degree), key=lambda q: degree[q])
        star = sorted(m for m in left if p in (problem.meetings[m].a, problem.meetings[m].b))
        stars.append((p, star))
        left -= set(star)
    return stars


def at_most(f: Formula, literals: Sequence[int], limit: int) -> None:
    """Totalizer cut off above `limit`."""
    outputs = totalizer(f, literals, limit + 1)
    if len(outputs) > limit:
        f.add(-outputs[limit])


def totalizer(f: Formula, literals: Sequence[int], cut: int) -> list[int]:
    """`outputs[k]` is true if at least k + 1 literals are (one direction), for k < cut."""
    layer = [[x] for x in literals]
    while len(layer) > 1:
        layer = [
            _merge(f, layer[i], layer[i + 1], cut) if i + 1 < len(layer) else layer[i]
            for i in range(0, len(layer), 2)
        ]
    return layer[0] if layer else []


def _merge(f: Formula, a: Sequence[int], b: Sequence[int], cut: int) -> list[int]:
    n = min(len(a) + len(b), cut)
    out = [f.new() for _ in range(n)]
    for i in range(len(a) + 1):
        for j in range(len(b) + 1):
            k = min(i + j, cut)
            if k == 0:
                continue
            clause = [out[k - 1]]
            if i:
                clause.append(-a[i - 1])
            if j:
                clause.append(-b[j - 1])
            f.clauses.append(clause)
    return out


def _precedences(f: Formula, problem: FixedProblem, domains: Domains) -> None:
    """Order literals: `by[m, t]` says that meeting m is over by the end of slot t."""
    by: dict[int, list[int]] = {}

    def over(m: int) -> list[int]:
        if m not in by:
            row: list[int] = []
            for t in range(problem.slots):
                v = f.new()
                x = f.x.get((m, t))
                if x is not None:
                    f.add(-x, v)
                if row:
                    f.add(-row[-1], v)
                    f.add(-v, row[-1], *([x] if x is not None else []))
                else:
                    f.add(-v, *([x] if x is not None else []))
                row.append(v)
            by[m] = row
        return by[m]

    for m, meeting in enumerate(problem.meetings):
        for earlier in meeting.after:
            row = over(earlier)
            for t in _slots(domains.slots[m]):
                if t:
                    f.add(-f.x[m, t], row[t - 1])
                else:
                    f.add(-f.x[m, t])


def _fairness(f: Formula, problem: FixedProblem) -> None:
    """The breaks of any two differ by at most d: with somebody who never has one, at most d each."""
    d = problem.fairness
    assert d is not None
    some_never = any(not f.gaps_of.get(p) for p in range(problem.participants))
    counts = f.breaks_of
    if some_never:
        for outputs in counts.values():
            if len(outputs) > d:
                f.add(-outputs[d])
                del outputs[d:]
        return
    most = max((len(o) for o in counts.values()), default=0)
    # floor[k]: everybody has at least k + 1 breaks; nobody has more than d beyond that.
    floor = [f.new() for _ in range(most)]
    for outputs in counts.values():
        for k in range(most):
            if k < len(outputs):
                f.add(-floor[k], outputs[k])
            else:
                f.add(-floor[k])
            if k + d < len(outputs):
                if k == 0:
                    continue
                f.add(-outputs[k + d], floor[k - 1])
        if d < len(outputs):
            f.add(-outputs[d], floor[0])
    for outputs in counts.values():
        for k in range(1, len(outputs) - d):
            f.add(-outputs[k + d], floor[k])


def totalizer_both(f: Formula, literals: Sequence[int]) -> list[int]:
    """`outputs[k]` is true exactly if at least k + 1 literals are: a counter in both directions."""
    outputs: list[int] = []
    for x in literals:
        new: list[int] = []
        for j in range(len(outputs) + 1):
            v = f.new()
            old = outputs[j] if j < len(outputs) else None
            lower = outputs[j - 1] if j else None
            f.add(-x, *([-lower] if lower is not None else []), v)
            f.add(-v, x, *([old] if old is not None else []))
            if old is not None:
                f.add(-old, v)
            if lower is not None:
                f.add(-v, lower, *([old] if old is not None else []))
            new.append(v)
        outputs = new
    return outputs


def count_breaks(f: Formula, most: int) -> list[int]:
    """`outputs[k]`: more than k breaks in all, for k up to `most`; assume it false to allow at most k."""
    return totalizer(f, f.soft, most + 1)


def slots_of_model(f: Formula, true: Iterable[int], meetings: int) -> list[int]:
    """The slot of each meeting, from the true literals."""
    found = [-1] * meetings
    chosen = {v for v in true if v > 0}
    for (m, t), v in f.x.items():
        if v in chosen:
            found[m] = t
    return found

"""Pictures: people × slots, and value and bound over time. Plain SVG, no scripts, light and dark."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape as _escaped

from .fixed import FixedProblem
from .race import FixedPlan
from .rules import idle_stretches
from .types import Event, Plan

CELL_W, CELL_H, GAP, LABEL_W, MARGIN = 40, 18, 2, 92, 24
SESSION_GAP, DAY_GAP = 6, 14
TITLE_H, LEGEND_H, HEAD_H, LOAD_H = 58, 26, 40, 46
CHART_W, CHART_H, CHART_PAD = 320, 150, 56
MAX_ROWS = 120
# About so many letters fit the label and a cell.
LABEL_LETTERS, CELL_LETTERS = 14, 6
# What XML 1.0 cannot hold in any form, not even as a character reference.
NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
STYLE = (
    "text{font:12px system-ui,sans-serif;fill:#1f2933}.title{font-size:20px;font-weight:600}"
    ".small{font-size:11px;fill:#52606d}.end{text-anchor:end}.mid{text-anchor:middle}"
    ".bg{fill:#fff}.free{fill:#eef1f4}.closed{fill:url(#closed)}.stripe{stroke:#b8c1ca;stroke-width:2}"
    ".busy{fill:#176f68}.online{fill:#3b5bdb}.gap{fill:#ffd8a8;stroke:#d9480f}"
    ".on{fill:#fff;font-size:11px;text-anchor:middle}.axis{stroke:#9aa5b1;stroke-width:1}"
    ".line{fill:none;stroke-width:2.5}.value{stroke:#176f68}.bound{stroke:#d9480f;stroke-dasharray:5 3}.dot{fill:#176f68}"
    ".ring{fill:none;stroke:#d9480f;stroke-width:2}"
    "@media(prefers-color-scheme:dark){text{fill:#e4e7eb}.small{fill:#9aa5b1}.bg{fill:#14181c}.free{fill:#242b31}"
    ".stripe{stroke:#4a545e}.busy{fill:#1c8a81}.online{fill:#4c6ef5}.gap{fill:#5c3310;stroke:#ff922b}"
    ".on{fill:#fff}.axis{stroke:#616e7c}.value{stroke:#38d9a9}.bound{stroke:#ff922b}.dot{fill:#38d9a9}.ring{stroke:#ff922b}}"
)
PATTERN = (
    '<defs><pattern id="closed" width="6" height="6" patternUnits="userSpaceOnUse"'
    ' patternTransform="rotate(45)"><line class="stripe" x1="0" y1="0" x2="0" y2="6"/></pattern></defs>'
)


@dataclass(frozen=True)
class _Person:
    name: str
    closed: frozenset[int]
    busy: dict[int, tuple[str, str, str]]
    """Slot to (class, whom she meets, tip)."""
    gaps: frozenset[int]
    """Idle slots that count as a break: those between two meetings of a day, lunch aside."""


@dataclass(frozen=True)
class _Curve:
    """Best value and proved bound over seconds."""

    title: str
    value: list[tuple[float, int]]
    bound: list[tuple[float, int]]


def draw_plan(event: Event, plan: Plan) -> str:
    """A wish-list plan: whom each person meets in each slot, tables in use, weight and breaks over time."""
    busy: dict[str, dict[int, tuple[str, str, str]]] = {}
    used: Counter[int] = Counter()
    for m in plan.meetings:
        kind = "online" if m.table < 0 and m.hall is None else "busy"
        where = "online" if kind == "online" else f"table {m.table}" if m.table >= 0 else f"booth, {m.hall}"
        for p, other in ((m.a, m.b), (m.b, m.a)):
            for s in m.slots:
                busy.setdefault(p, {})[s] = (kind, other, f"{p} meets {other}, {where}, wish {m.wish}")
        used.update(s for s in m.slots if m.table >= 0)
    every = frozenset(range(len(event.slots)))
    people = [
        _Person(
            p.id,
            frozenset() if p.open_slots is None else every - p.open_slots,
            busy.get(p.id, {}),
            frozenset(s for idle in idle_stretches(event, busy.get(p.id, ())) for s in idle),
        )
        for p in event.people
    ]
    held = [x for x in plan.trace if x.weight]
    bounded = [x for x in plan.trace if x.weight_bound]
    curves = [
        _Curve(
            "Weight granted",
            [(x.seconds, x.weight) for x in held],
            [(x.seconds, x.weight_bound) for x in bounded],
        ),
        _Curve(
            "Breaks",
            [(x.seconds, x.breaks) for x in held],
            [(x.seconds, x.breaks_bound) for x in held],
        ),
    ]
    facts = (
        f"{len(plan.meetings):,} meetings of {len(event.wishes):,} wishes · weight {plan.weight:,}"
        f" of at most {plan.weight_bound:,} · {plan.breaks:,} breaks, at least {plan.breaks_bound:,} · {plan.status}"
    )
    cells = [(s.day, s.session) for s in event.slots]
    return _page(event.name or "Schedule", facts, people, cells, used, event.tables_per_slot, curves)


def draw_fixed(problem: FixedProblem, plan: FixedPlan) -> str:
    """A fixed list's schedule and the race's best value and bound over time."""
    busy: dict[int, dict[int, tuple[str, str, str]]] = {}
    used: Counter[int] = Counter()
    for i, (m, s) in enumerate(zip(problem.meetings, plan.slots or (), strict=False)):
        for p, other in ((m.a, m.b), (m.b, m.a)):
            busy.setdefault(p, {})[s] = ("busy", str(other), f"{p} meets {other}, meeting {i}")
        used[s] += 1
    people = [
        _Person(
            str(p),
            frozenset(problem.forbidden.get(p, ())),
            busy.get(p, {}),
            frozenset(range(min(busy.get(p, {0: 0})), max(busy.get(p, {0: 0})))) - busy.get(p, {}).keys(),
        )
        for p in range(problem.participants)
    ]
    session = [""] * problem.slots
    for name, (first, end) in problem.sessions.items():
        session[first:end] = [name] * (end - first)
    facts = (
        f"{len(problem.meetings):,} meetings · {plan.breaks} breaks, at least {plan.bound} · {plan.status}"
    )
    curve = _Curve(
        "Breaks",
        [(s, v) for s, v, _ in plan.trace if v is not None],
        [(s, b) for s, _, b in plan.trace],
    )
    tables = (problem.tables,) * problem.slots
    cells = [(0, name) for name in session]
    return _page(problem.name or "Schedule", facts, people, cells, used, tables, [curve])


def _page(
    title: str,
    facts: str,
    people: Sequence[_Person],
    cells: Sequence[tuple[int, str]],
    used: Counter[int],
    tables: Sequence[int],
    curves: Sequence[_Curve],
) -> str:
    shown = people[:MAX_ROWS]
    left, lefts = MARGIN + LABEL_W, []
    for s, (day, session) in enumerate(cells):
        if s and (day, session) != cells[s - 1]:
            left += DAY_GAP if day != cells[s - 1][0] else SESSION_GAP
        lefts.append(left)
        left += CELL_W + GAP
    grid_w = left - GAP
    curves = [c for c in curves if c.value]
    width = max(grid_w, MARGIN + len(curves) * (CHART_W + 2 * CHART_PAD), 660) + MARGIN
    top = MARGIN + TITLE_H + LEGEND_H
    body = [
        f'<text class="title" x="{MARGIN}" y="{MARGIN + 18}">{escape(_cut(title, width // 13))}</text>',
        f'<text x="{MARGIN}" y="{MARGIN + 42}">{escape(facts)}</text>',
        *_legend(MARGIN + TITLE_H, shown),
        *_headings(top, cells, lefts),
    ]
    top += HEAD_H
    body += _load(top, lefts, used, tables)
    top += LOAD_H
    for person in shown:
        body += _row(top, person, cells, lefts)
        top += CELL_H + GAP
    if len(people) > len(shown):
        text = (
            f"The first {len(shown)} of {len(people):,} people; {len(people) - len(shown):,} are left out here; the plan's"
            " file has everybody's meetings. Tables in use and the curves count everybody."
        )
        top += 20
        body.append(f'<text x="{MARGIN}" y="{top}">{text}</text>')
    top += 48
    for k, curve in enumerate(curves):
        body += _chart(MARGIN + CHART_PAD + k * (CHART_W + 2 * CHART_PAD), top, curve)
    height = top + (CHART_H + 64 if curves else 0)
    name = escape(f"{title}: {facts}", quote=True)
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}"'
            f' height="{height}" role="img" aria-label="{name}"><title>{name}</title><style>{STYLE}</style>{PATTERN}',
            f'<rect class="bg" width="{width}" height="{height}"/>',
            *body,
            "</svg>\n",
        ]
    )


def _legend(y: int, people: Sequence[_Person]) -> list[str]:
    """What the cells mean; online meetings, breaks and absences only where there are some."""
    x, parts = MARGIN, []
    kinds = (
        ("busy", "meeting (whom)", True),
        ("online", "online", any(kind == "online" for p in people for kind, _, _ in p.busy.values())),
        ("gap", "break", any(p.gaps - p.closed for p in people)),
        ("free", "free", True),
        ("closed", "not there", any(p.closed for p in people)),
    )
    for kind, words in ((kind, words) for kind, words, there in kinds if there):
        round_ = _corner(kind, 14)
        parts.append(f'<rect class="{kind}" x="{x}" y="{y}" width="16" height="14" rx="{round_}"/>')
        parts.append(f'<text x="{x + 22}" y="{y + 12}">{words}</text>')
        x += 40 + 7 * len(words)
    return parts


def _headings(y: int, cells: Sequence[tuple[int, str]], lefts: Sequence[int]) -> list[str]:
    parts, several_days = [], len({day for day, _ in cells}) > 1
    for s, ((day, session), x) in enumerate(zip(cells, lefts, strict=True)):
        if s == 0 or (day, session) != cells[s - 1]:
            room = sum(1 for c in cells if c == (day, session)) * (CELL_W + GAP) // 7
            words = " · ".join(([f"day {day}"] if several_days else []) + ([session] if session else []))
            parts.append(f'<text class="small" x="{x}" y="{y + 12}">{escape(_cut(words, room))}</text>')
        parts.append(f'<text class="mid" x="{x + CELL_W // 2}" y="{y + 32}">{s}</text>')
    parts.append(f'<text class="small end" x="{MARGIN + LABEL_W - 10}" y="{y + 32}">slot</text>')
    return parts


def _load(y: int, lefts: Sequence[int], used: Counter[int], tables: Sequence[int]) -> list[str]:
    """Tables in use per slot, as bars within the tables there are."""
    parts = [f'<text class="small end" x="{MARGIN + LABEL_W - 10}" y="{y + 20}">tables used</text>']
    for s, x in enumerate(lefts):
        room = max(tables[s], used[s], 1)
        high = round(22 * used[s] / room)
        tip = f"<title>slot {s}: {used[s]} of {tables[s]} tables</title>"
        parts.append(f'<rect class="free" x="{x}" y="{y}" width="{CELL_W}" height="22">{tip}</rect>')
        parts.append(f'<rect class="busy" x="{x}" y="{y + 22 - high}" width="{CELL_W}" height="{high}"/>')
        parts.append(f'<text class="small mid" x="{x + CELL_W // 2}" y="{y + 36}">{used[s]}</text>')
    return parts


def _row(y: int, person: _Person, cells: Sequence[tuple[int, str]], lefts: Sequence[int]) -> list[str]:
    label = escape(_cut(person.name, LABEL_LETTERS))
    parts = [f'<text class="end" x="{MARGIN + LABEL_W - 10}" y="{y + 13}">{label}</text>']
    for s, x in enumerate(lefts):
        kind, whom, tip = person.busy.get(s, ("", "", ""))
        if not kind:
            kind = "closed" if s in person.closed else "gap" if s in person.gaps else "free"
        inside = f"<title>{escape(tip)}</title>" if tip else ""
        round_ = _corner(kind, CELL_H)
        parts.append(
            f'<rect class="{kind}" x="{x}" y="{y}" width="{CELL_W}" height="{CELL_H}" rx="{round_}">{inside}</rect>'
        )
        if whom:
            name = escape(_cut(whom, CELL_LETTERS))
            parts.append(f'<text class="on" x="{x + CELL_W // 2}" y="{y + 13}">{name}</text>')
    return parts


def _corner(kind: str, height: int) -> int:
    """Online meetings differ from those at tables by their shape too, not by colour only."""
    return height // 2 if kind == "online" else 2


def escape(text: str, quote: bool = False) -> str:
    """Text as XML takes it; what no XML can hold is shown as U+FFFD."""
    return _escaped(NOT_XML.sub("\ufffd", text), quote)


def _cut(text: str, letters: int) -> str:
    return text if len(text) <= letters else text[: max(1, letters - 1)] + "…"


def _chart(left: int, top: int, curve: _Curve) -> list[str]:
    numbers = [v for _, v in curve.value + curve.bound]
    last = max(s for s, _ in curve.value + curve.bound) or 1.0
    low, high = min(numbers), max(numbers)
    if low < high / 2:
        low = 0
    # With nothing between them the axis still has two ends.
    high = max(high, low + 1)
    span = high - low
    bottom = top + CHART_H

    def marks(kind: str, pairs: Sequence[tuple[float, int]]) -> list[str]:
        """A dot or ring at every new value: the only thing to see of one that came last."""
        found = [pair for i, pair in enumerate(pairs) if not i or pair[1] != pairs[i - 1][1]]
        return [
            f'<circle class="{kind}" cx="{left + seconds / last * CHART_W:.1f}"'
            f' cy="{bottom - (value - low) / span * CHART_H:.1f}" r="{3 if kind == "dot" else 5}"/>'
            for seconds, value in found
        ]

    def line(kind: str, pairs: Sequence[tuple[float, int]]) -> str:
        points = []
        for i, (seconds, value) in enumerate([*pairs, (last, pairs[-1][1])]):
            x, y = left + seconds / last * CHART_W, bottom - (value - low) / span * CHART_H
            if i:
                points.append(f"{x:.1f},{bottom - (pairs[i - 1][1] - low) / span * CHART_H:.1f}")
            points.append(f"{x:.1f},{y:.1f}")
        return f'<polyline class="line {kind}" points="{" ".join(points)}"/>'

    right = left + CHART_W
    return [
        f'<text x="{left}" y="{top - 14}">{curve.title}: best found {curve.value[-1][1]:,},'
        f" proved bound {curve.bound[-1][1]:,}</text>",
        f'<line class="axis" x1="{left}" y1="{bottom}" x2="{right}" y2="{bottom}"/>',
        f'<line class="axis" x1="{left}" y1="{top}" x2="{left}" y2="{bottom}"/>',
        f'<text class="small end" x="{left - 6}" y="{top + 8}">{high:,}</text>',
        f'<text class="small end" x="{left - 6}" y="{bottom}">{low:,}</text>',
        f'<text class="small" x="{left}" y="{bottom + 16}">0 s</text>',
        f'<text class="small end" x="{right}" y="{bottom + 16}">{last:.1f} s</text>',
        line("bound", curve.bound),
        line("value", curve.value),
        *marks("ring", curve.bound),
        *marks("dot", curve.value),
        f'<line class="line value" x1="{left}" y1="{bottom + 32}" x2="{left + 24}" y2="{bottom + 32}"/>',
        f'<text class="small" x="{left + 30}" y="{bottom + 36}">best found</text>',
        f'<line class="line bound" x1="{left + 130}" y1="{bottom + 32}" x2="{left + 154}" y2="{bottom + 32}"/>',
        f'<text class="small" x="{left + 160}" y="{bottom + 36}">proved bound</text>',
    ]

"""Pictures: people × slots, and value and bound over time. Plain SVG, no scripts, light and dark."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from .fixed import FixedProblem
from .race import FixedPlan
from .types import Event, Plan

CELL_W, CELL_H, LABEL_W, TOP = 16, 11, 90, 40
CHART_W, CHART_H = 420, 150
MAX_ROWS = 400
STYLE = (
    "text{font:10px system-ui,sans-serif;fill:#333}.bg{fill:#fff}.free{fill:#f1f3f5}.closed{fill:#d0d4d8}"
    ".busy{fill:#1c7c74}.online{fill:#4c6ef5}.gap{fill:#e8590c}.line{fill:none;stroke-width:1.6}"
    ".value{stroke:#1c7c74}.bound{stroke:#e8590c}.axis{stroke:#999;stroke-width:.6}"
    "@media(prefers-color-scheme:dark){text{fill:#ddd}.bg{fill:#16191c}.free{fill:#23282d}.closed{fill:#3d444b}}"
)


def draw_plan(event: Event, plan: Plan) -> str:
    """A wish-list plan: a cell per person and slot, breaks marked; weight and breaks over time below."""
    busy: dict[str, dict[int, tuple[str, str]]] = {}
    for m in plan.meetings:
        kind = "online" if m.table < 0 and m.hall is None else "busy"
        for p, other in ((m.a, m.b), (m.b, m.a)):
            for s in m.slots:
                busy.setdefault(p, {})[s] = (kind, f"{other}, wish {m.wish}")
    rows = [
        (
            p.id,
            [
                "free" if p.open_slots is None or s in p.open_slots else "closed"
                for s in range(len(event.slots))
            ],
            busy.get(p.id, {}),
        )
        for p in event.people
    ]
    days = [s.day for s in event.slots]
    title = (
        f"{event.name or 'Schedule'}: weight {plan.weight} (at most {plan.weight_bound}),"
        f" breaks {plan.breaks} (at least {plan.breaks_bound}), {plan.status}"
    )
    steps = [(x.seconds, x.breaks if x.weight else None, x.breaks_bound) for x in plan.trace]
    return _page(title, rows, days, steps)


def draw_fixed(problem: FixedProblem, plan: FixedPlan) -> str:
    """A fixed list's schedule and the race's best value and bound over time."""
    busy: dict[int, dict[int, tuple[str, str]]] = {}
    for i, (m, s) in enumerate(zip(problem.meetings, plan.slots or (), strict=False)):
        busy.setdefault(m.a, {})[s] = ("busy", f"{m.b}, meeting {i}")
        busy.setdefault(m.b, {})[s] = ("busy", f"{m.a}, meeting {i}")
    rows = [
        (
            str(p),
            ["closed" if s in problem.forbidden.get(p, ()) else "free" for s in range(problem.slots)],
            busy.get(p, {}),
        )
        for p in range(problem.participants)
    ]
    title = f"{problem.name or 'Schedule'}: breaks {plan.breaks} (at least {plan.bound}), {plan.status}"
    return _page(title, rows, [0] * problem.slots, list(plan.trace))


Row = tuple[str, list[str], dict[int, tuple[str, str]]]
Step = tuple[float, int | None, int]


def _page(title: str, rows: Sequence[Row], days: Sequence[int], steps: Sequence[Step]) -> str:
    shown = rows[:MAX_ROWS]
    grid_h = TOP + len(shown) * CELL_H
    width = max(LABEL_W + len(days) * CELL_W + 20, CHART_W + 80)
    height = grid_h + CHART_H + 80
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img"'
        f' aria-label="{escape(title)}"><title>{escape(title)}</title><style>{STYLE}</style>',
        f'<rect class="bg" width="{width}" height="{height}"/>',
        f'<text x="8" y="16">{escape(title)}</text>',
    ]
    for s in range(len(days)):
        if s % 2 == 0:
            parts.append(f'<text x="{LABEL_W + s * CELL_W + 3}" y="{TOP - 6}">{s}</text>')
    for r, (name, state, busy) in enumerate(shown):
        parts.extend(_row(TOP + r * CELL_H, name, state, busy, days))
    if len(rows) > len(shown):
        parts.append(f'<text x="8" y="{grid_h + 14}">and {len(rows) - len(shown)} more people</text>')
    parts.extend(_chart(grid_h + 40, steps))
    parts.append("</svg>")
    return "\n".join(parts) + "\n"


def _row(
    y: int, name: str, state: Sequence[str], busy: dict[int, tuple[str, str]], days: Sequence[int]
) -> list[str]:
    parts = [f'<text x="8" y="{y + CELL_H - 2}">{escape(name[:14])}</text>']
    for s, kind in enumerate(state):
        tip = ""
        if s in busy:
            kind, tip = busy[s]
        elif any(t < s and days[t] == days[s] for t in busy) and any(
            t > s and days[t] == days[s] for t in busy
        ):
            kind = "gap"
        x = LABEL_W + s * CELL_W
        inside = f"<title>{escape(tip)}</title>" if tip else ""
        size = f'width="{CELL_W - 1}" height="{CELL_H - 1}"'
        parts.append(f'<rect class="{kind}" x="{x}" y="{y}" {size}>{inside}</rect>')
    return parts


def _chart(top: int, steps: Sequence[Step]) -> list[str]:
    values = [v for _, v, _ in steps if v is not None]
    if not values:
        return []
    last = max(s for s, _, _ in steps) or 1.0
    most = max(*values, *(b for _, _, b in steps), 1)

    def point(seconds: float, value: int) -> str:
        x = LABEL_W + seconds / last * CHART_W
        return f"{x:.1f},{top + CHART_H - value / most * CHART_H:.1f}"

    def steps_of(pairs: Sequence[tuple[float, int]]) -> str:
        points: list[str] = []
        for i, (seconds, value) in enumerate(pairs):
            if i:
                points.append(point(seconds, pairs[i - 1][1]))
            points.append(point(seconds, value))
        points.append(point(last, pairs[-1][1]))
        return " ".join(points)

    best = [(s, v) for s, v, _ in steps if v is not None]
    bound = [(s, b) for s, _, b in steps]
    bottom = top + CHART_H
    return [
        f'<text x="8" y="{top - 6}">breaks over {last:.1f} s: best found and proved bound</text>',
        f'<line class="axis" x1="{LABEL_W}" y1="{bottom}" x2="{LABEL_W + CHART_W}" y2="{bottom}"/>',
        f'<line class="axis" x1="{LABEL_W}" y1="{top}" x2="{LABEL_W}" y2="{bottom}"/>',
        f'<text x="{LABEL_W - 40}" y="{top + 8}">{most}</text>',
        f'<text x="{LABEL_W - 40}" y="{bottom}">0</text>',
        f'<polyline class="line value" points="{steps_of(best)}"/>',
        f'<polyline class="line bound" points="{steps_of(bound)}"/>',
    ]

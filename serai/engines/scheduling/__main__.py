"""Command line of the scheduling engine; `python -m serai.engines.scheduling --help`.

Exit codes: 0 done, 1 the plan breaks a rule, 2 bad input, 3 impossible, 4 no schedule found in time.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from . import bench
from .explain import reasons
from .files import (
    FIXED_FORMAT,
    flag,
    only,
    read_event,
    read_json,
    read_plan,
    slot_set,
    whole,
    write_event,
    write_plan,
)
from .files import read_wish as read_one_wish
from .fixed import ContradictionError, FixedProblem, check_fixed, propagate, read_fixed, write_fixed
from .generate import FAMILIES, generate, random_fixed
from .packages import PYTHON_SAT, SCIPY, not_installed
from .profile import bound_without_search, profile_bound
from .race import FixedPlan, solve_fixed
from .repair import repair, what_if
from .rules import check, validate
from .solve import solve
from .svg import draw_fixed, draw_plan
from .types import Budget, Changes, Event, InvalidEventError, Progress

DONE, BROKEN, BAD_INPUT, IMPOSSIBLE, NOTHING_FOUND = range(5)
BOUND_LIMIT_S = 20.0

EXAMPLE = """example:
  python -m serai.engines.scheduling generate wishes --people 300 --out event.json
  python -m serai.engines.scheduling solve event.json --out plan.json --time-limit 20 --svg plan.svg
  python -m serai.engines.scheduling check event.json plan.json
  python -m serai.engines.scheduling explain event.json plan.json --wish 17
  python -m serai.engines.scheduling what-if event.json plan.json --tables 2
"""


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        run: Callable[[argparse.Namespace], int] = options.run
        return run(options)
    except InvalidEventError as error:
        print(f"error: {error}", file=sys.stderr)
        return BAD_INPUT
    except ImportError as error:
        print(f"error: a package this needs is not installed: {error.name}", file=sys.stderr)
        return BAD_INPUT
    except BrokenPipeError:
        # Whoever read our output has enough of it.
        sys.stderr.close()
        return DONE
    except OSError as error:
        print(f"error: {error.filename}: {error.strerror}", file=sys.stderr)
        return BAD_INPUT


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m serai.engines.scheduling",
        description="Schedule one-to-one meetings, with proof.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Callable[[argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.set_defaults(run=run)
        return sub

    sub = command("solve", _solve, "Solve an instance of either format and write the plan.")
    sub.add_argument("instance", type=Path)
    sub.add_argument("--out", type=Path, help="where the plan goes; standard output if left out")
    sub.add_argument("--time-limit", type=_seconds, default=60.0, metavar="S")
    sub.add_argument(
        "--workers",
        type=_count,
        default=2,
        help="solvers side by side for a fixed list; no matter for wishes",
    )
    sub.add_argument("--seed", type=_seed, default=0)
    sub.add_argument("--start", type=Path, help="an earlier plan of the same wish list to begin from")
    sub.add_argument("--freeze", default="", help="wishes that keep their place in --start: 3,17,20")
    sub.add_argument("--svg", type=Path, help="also draw people × slots, and value and bound over time")
    sub.add_argument("--quiet", action="store_true", help="no progress on standard error")

    sub = command("check", _check, "Say every rule a plan breaks; exit code 1 if there is one.")
    sub.add_argument("instance", type=Path)
    sub.add_argument("plan", type=Path)

    sub = command("generate", _generate, "Make an instance of a family.")
    sub.add_argument("family", choices=[*FAMILIES, "fixed"])
    sub.add_argument("--people", type=_count, default=300)
    sub.add_argument("--wishes", type=_count, default=2_000, help="wishes, or meetings of a fixed list")
    sub.add_argument("--slots", type=_count, default=16)
    sub.add_argument("--tables", type=_count, default=80)
    sub.add_argument("--absent", type=float, default=0.3, help="share of people away for a stretch")
    sub.add_argument("--seed", type=_seed, default=0)
    sub.add_argument("--out", type=Path)

    sub = command("explain", _explain, "Say why wishes are unmet, or why there must be breaks.")
    sub.add_argument("instance", type=Path)
    sub.add_argument("plan", type=Path)
    sub.add_argument("--wish", type=int, help="one wish by its position; all unmet ones if left out")

    sub = command("what-if", _what_if, "Price a change of the event by its proved bounds.")
    sub.add_argument("instance", type=Path)
    sub.add_argument("plan", type=Path, nargs="?")
    sub.add_argument("--tables", type=int, default=0, help="more (or fewer) tables in every slot")
    sub.add_argument("--pool", action="append", default=[], metavar="NAME=+N", help="more interpreters")

    sub = command("repair", _repair, "Repair a plan after cancellations, lost tables or late wishes.")
    sub.add_argument("instance", type=Path)
    sub.add_argument("plan", type=Path)
    sub.add_argument(
        "--changes",
        type=Path,
        required=True,
        help="JSON: cancelled, withdrawn, late_wishes, lost_tables, now, confirmed, budget",
    )
    sub.add_argument("--out", type=Path)

    sub = command("bench", bench.run, "Measure the engine and its peers; prints the tables.")
    bench.add_arguments(sub)
    return parser


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError("must be a number above 0")
    return value


def _seed(text: str) -> int:
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError("must be at least 0")
    return value


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return value


def _write(data: Mapping[str, Any], path: Path | None) -> None:
    text = json.dumps(data, ensure_ascii=False)
    if path is None:
        print(text)
    else:
        # First beside, then in place: a full disk or a kill leaves no half a plan.
        beside = path.with_name(path.name + ".part")
        beside.write_text(text + "\n", encoding="utf-8")
        beside.replace(path)


def _is_fixed(data: Mapping[str, Any]) -> bool:
    return data.get("format") == FIXED_FORMAT


def _event(data: Mapping[str, Any]) -> Event:
    event = read_event(data)
    validate(event)
    return event


def _solve(options: argparse.Namespace) -> int:
    data = read_json(options.instance)
    if _is_fixed(data):
        return _solve_fixed(options, read_fixed(data))
    event = _event(data)
    start = None if options.start is None else read_plan(event, read_json(options.start))
    frozen = [event.wishes[i].id for i in _positions(options.freeze, len(event.wishes))]

    def progress(step: Progress) -> None:
        if not options.quiet:
            print(
                f"{step.seconds:7.1f} s  {step.stage:<8} weight {step.weight} of at most {step.weight_bound},"
                f" breaks {step.breaks} of at least {step.breaks_bound}",
                file=sys.stderr,
            )

    plan = solve(
        event,
        time_limit_s=options.time_limit,
        seed=options.seed,
        workers=options.workers,
        start=start,
        frozen=frozen,
        progress=progress,
    )
    _write(write_plan(event, plan), options.out)
    if options.svg is not None:
        options.svg.write_text(draw_plan(event, plan), encoding="utf-8")
    for line in (*plan.conflict, *(f"note: {x}" for x in plan.engine["notes"])):
        print(line, file=sys.stderr)
    return {"infeasible": IMPOSSIBLE, "unknown": NOTHING_FOUND}.get(plan.status, DONE)


def _positions(text: str, n: int) -> list[int]:
    try:
        found = [int(x) for x in text.split(",") if x.strip()]
    except ValueError as error:
        raise InvalidEventError(f"freeze: {text!r} is not a list of numbers") from error
    if any(not 0 <= i < n for i in found):
        raise InvalidEventError(f"freeze: wishes are 0..{n - 1}")
    return found


def _solve_fixed(options: argparse.Namespace, problem: FixedProblem) -> int:
    if options.start is not None or options.freeze:
        raise InvalidEventError("start: only for wish lists; in a fixed list use fixed_slot")

    def progress(seconds: float, value: int | None, bound: int) -> None:
        if not options.quiet:
            shown = "none yet" if value is None else value
            print(f"{seconds:7.1f} s  breaks {shown}, at least {bound}", file=sys.stderr)

    plan = solve_fixed(
        problem,
        time_limit_s=options.time_limit,
        seed=options.seed,
        workers=options.workers,
        progress=progress,
    )
    _write(fixed_plan_as_json(plan), options.out)
    if options.svg is not None:
        options.svg.write_text(draw_fixed(problem, plan), encoding="utf-8")
    for line in (*plan.conflict, *(f"note: {x}" for x in plan.engine["notes"])):
        print(line, file=sys.stderr)
    return {"infeasible": IMPOSSIBLE, "unknown": NOTHING_FOUND}.get(plan.status, DONE)


def fixed_plan_as_json(plan: FixedPlan) -> dict[str, Any]:
    return {
        "slots": None if plan.slots is None else list(plan.slots),
        "breaks": plan.breaks,
        "bound": plan.bound,
        "status": plan.status,
        "conflict": list(plan.conflict),
        "seconds": round(plan.seconds, 3),
        "engine": plan.engine,
        "trace": [[round(s, 3), value, bound] for s, value, bound in plan.trace],
    }


def _fixed_slots(data: Mapping[str, Any]) -> list[int]:
    slots = data.get("slots")
    if not isinstance(slots, list) or any(isinstance(s, bool) or not isinstance(s, int) for s in slots):
        raise InvalidEventError("slots: the plan has no schedule to look at")
    return slots


def _check(options: argparse.Namespace) -> int:
    data, plan = read_json(options.instance), read_json(options.plan)
    if _is_fixed(data):
        problem = read_fixed(data)
        broken = list(check_fixed(problem, _fixed_slots(plan)))
    else:
        event = _event(data)
        broken = list(check(event, read_plan(event, plan)))
    for line in broken:
        print(line)
    print(f"{len(broken)} rules broken" if broken else "valid")
    return BROKEN if broken else DONE


def _generate(options: argparse.Namespace) -> int:
    if options.family == "fixed":
        data = write_fixed(
            random_fixed(
                people=options.people,
                meetings=options.wishes,
                slots=options.slots,
                tables=options.tables,
                seed=options.seed,
            )
        )
    else:
        data = write_event(
            generate(
                options.family,
                people=options.people,
                wishes=options.wishes,
                slots=options.slots,
                tables=options.tables,
                absent=options.absent,
                seed=options.seed,
            )
        )
    _write(data, options.out)
    return DONE


def _explain(options: argparse.Namespace) -> int:
    data, raw = read_json(options.instance), read_json(options.plan)
    if _is_fixed(data):
        for line in explain_fixed(read_fixed(data)):
            print(line)
        return DONE
    event = _event(data)
    plan = read_plan(event, raw)
    if options.wish is None:
        granted = {m.wish for m in plan.meetings}
        unmet = [i for i, w in enumerate(event.wishes) if w.id not in granted]
    else:
        unmet = _positions(str(options.wish), len(event.wishes))
    for i, reason in reasons(event, plan, unmet):
        print(f"wish {i}: {'granted' if reason is None else f'{reason.kind}: {reason.text}'}")
    return DONE


def explain_fixed(problem: FixedProblem) -> list[str]:
    """Why a fixed list is impossible, or how many breaks the tables and absences force."""
    try:
        domains = propagate(problem)
        bound = bound_without_search(problem, domains, BOUND_LIMIT_S)
    except ContradictionError as error:
        return [f"Impossible: {error}"]
    found = [f"At least {bound} breaks, whatever the schedule."]
    missing = not_installed(SCIPY, PYTHON_SAT)
    found += [f"{x} is not installed: there may be more that it could prove." for x in missing]
    if not_installed(SCIPY):
        return found
    for more in (1, 2, 4):
        if bound == 0:
            break
        wider = FixedProblem(
            problem.participants,
            problem.slots,
            problem.tables + more,
            problem.meetings,
            problem.sessions,
            problem.forbidden,
            problem.fairness,
        )
        least = profile_bound(wider, domains, BOUND_LIMIT_S).bound
        found.append(f"With {wider.tables} tables instead of {problem.tables}: at least {least}.")
    return found


def _what_if(options: argparse.Namespace) -> int:
    data = read_json(options.instance)
    if _is_fixed(data):
        for line in explain_fixed(read_fixed(data)):
            print(line)
        return DONE
    event = _event(data)
    pools = {}
    for text in options.pool:
        name, _, number = text.partition("=")
        try:
            pools[name] = int(number)
        except ValueError as error:
            raise InvalidEventError(f"pool: {text!r} is not NAME=+N") from error
    plan = None if options.plan is None else read_plan(event, read_json(options.plan))
    print(what_if(event, plan, tables=options.tables, pools=pools).text)
    return DONE


def _repair(options: argparse.Namespace) -> int:
    data = read_json(options.instance)
    if _is_fixed(data):
        raise InvalidEventError("format: repair works on b2b-wishes-1; a fixed list is solved anew")
    event = _event(data)
    plan = read_plan(event, read_json(options.plan))
    changes, budget = read_changes(event, read_json(options.changes))
    result = repair(event, plan, changes, budget)
    place = {w.id: i for i, w in enumerate(result.event.wishes)}
    _write(
        {
            **write_plan(result.event, result.plan),
            "differences": [
                {
                    "kind": d.kind,
                    "wish": place[d.wish],
                    "people": list(d.people),
                    "before": None if d.before is None else [d.before.slot, d.before.table],
                    "after": None if d.after is None else [d.after.slot, d.after.table],
                }
                for d in result.differences
            ],
            "told": dict(result.told),
            "refill": {str(t): [place[w] for w in ws] for t, ws in result.refill.items()},
            "refillable_bound": result.refillable_bound,
            "instance": write_event(result.event),
        },
        options.out,
    )
    counts = {kind: sum(d.kind == kind for d in result.differences) for kind in ("lost", "moved", "added")}
    print(", ".join(f"{n} {kind}" for kind, n in counts.items()), file=sys.stderr)
    for line in result.plan.engine["notes"]:
        print(f"note: {line}", file=sys.stderr)
    return DONE


def read_changes(event: Event, data: Mapping[str, Any]) -> tuple[Changes, Budget]:
    """Changes from JSON; people and wishes by number. Raises InvalidEventError naming the key."""
    known = {"cancelled", "withdrawn", "late_wishes", "lost_tables", "now", "confirmed", "budget"}
    strange = sorted(set(data) - known)
    if strange:
        raise InvalidEventError(f"changes: {strange[0]!r} is not one of {', '.join(sorted(known))}")
    n = len(event.slots)

    def numbers(key: str, size: int) -> list[int]:
        return sorted(slot_set(data.get(key, []), key, size))

    late = data.get("late_wishes", [])
    lost = data.get("lost_tables", {})
    if not isinstance(late, list) or not isinstance(lost, dict):
        raise InvalidEventError("late_wishes must be a list and lost_tables an object")
    budget = data.get("budget", {})
    if not isinstance(budget, dict):
        raise InvalidEventError("budget: must be an object")
    strange = sorted(t for t in lost if not t.isdecimal())
    if strange:
        raise InvalidEventError(f"lost_tables: {strange[0]!r} is not a slot 0..{n - 1}")
    only(budget, ("moves", "move_confirmed", "seconds"), "budget")
    seconds = budget.get("seconds", 1.0)
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not 0 < seconds < math.inf:
        raise InvalidEventError(f"budget: seconds: {seconds!r} is not a number above 0")
    changes = Changes(
        cancelled=frozenset(event.people[i].id for i in numbers("cancelled", len(event.people))),
        withdrawn=frozenset(event.wishes[i].id for i in numbers("withdrawn", len(event.wishes))),
        late_wishes=tuple(read_one_wish(len(event.wishes) + k, w, n) for k, w in enumerate(late)),
        lost_tables={int(t): whole(lost, t, where="lost_tables") for t in lost},
        now=whole(data, "now", default=0),
        confirmed=frozenset(event.wishes[i].id for i in numbers("confirmed", len(event.wishes))),
    )
    return changes, Budget(
        moves=whole(budget, "moves", default=0, where="budget"),
        move_confirmed=flag(budget, "move_confirmed", "budget"),
        seconds=float(seconds),
    )


if __name__ == "__main__":
    sys.exit(main())

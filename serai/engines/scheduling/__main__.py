"""Command line of the scheduling engine; `python -m serai.engines.scheduling --help`.

Exit codes: 0 done, 1 the plan breaks a rule, 2 bad input, 3 impossible, 4 no schedule found in time.
"""

from __future__ import annotations

import argparse
import io
import json
import math
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

from . import bench
from .explain import reasons
from .files import (
    FIXED_FORMAT,
    WISHES_FORMAT,
    flag,
    name_of,
    number_of,
    only,
    read_event,
    read_json,
    read_plan,
    shown,
    slot_set,
    unread,
    whole,
    write_event,
    write_plan,
)
from .files import read_wish as read_one_wish
from .fixed import (
    ContradictionError,
    FixedProblem,
    breaks_by_person,
    check_fixed,
    propagate,
    read_fixed,
    write_fixed,
)
from .generate import FAMILIES, generate, random_fixed
from .packages import PYTHON_SAT, SCIPY, not_installed
from .profile import bound_without_search, profile_bound
from .race import FixedPlan, solve_fixed
from .repair import repair, what_if
from .rules import check, validate
from .solve import solve
from .svg import draw_fixed, draw_plan
from .types import (
    MAX_PEOPLE,
    MAX_SLOTS,
    MAX_TABLES,
    MAX_WISHES,
    Budget,
    Changes,
    Event,
    InvalidEventError,
    Plan,
    Progress,
    Status,
)

WHOLE = re.compile(r"[+-]?[0-9]{1,15}", re.ASCII)
MOST_SECONDS, MOST_WORKERS, MOST_SEED = 86_400, 64, 2**32 - 1
# More interpreters of one language pair than any event has.
MOST_MORE_OF_A_POOL = 1_000
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
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A name this terminal cannot show is no reason to lose a plan.
            stream.reconfigure(errors="backslashreplace")
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
        type=_whole(1, MOST_WORKERS),
        default=2,
        help="solvers side by side for a fixed list; no matter for wishes",
    )
    sub.add_argument("--seed", type=_whole(0, MOST_SEED), default=0)
    sub.add_argument("--start", type=Path, help="an earlier plan of the same wish list to begin from")
    sub.add_argument("--freeze", default="", help="wishes that keep their place in --start: 3,17,20")
    sub.add_argument("--svg", type=Path, help="also draw people × slots, and value and bound over time")
    sub.add_argument("--quiet", action="store_true", help="no progress on standard error")

    sub = command("check", _check, "Say every rule a plan breaks; exit code 1 if there is one.")
    sub.add_argument("instance", type=Path)
    sub.add_argument("plan", type=Path)

    sub = command("generate", _generate, "Make an instance of a family.")
    sub.add_argument("family", choices=[*FAMILIES, "fixed"])
    sub.add_argument("--people", type=_whole(1, MAX_PEOPLE), default=300)
    sub.add_argument(
        "--wishes", type=_whole(1, MAX_WISHES), default=2_000, help="wishes, or meetings of a fixed list"
    )
    sub.add_argument("--slots", type=_whole(1, MAX_SLOTS), default=16)
    sub.add_argument("--tables", type=_whole(1, MAX_TABLES), default=80)
    sub.add_argument("--absent", type=_share, default=0.3, help="share of people away for a stretch")
    sub.add_argument("--seed", type=_whole(0, MOST_SEED), default=0)
    sub.add_argument("--out", type=Path)

    sub = command("explain", _explain, "Say why wishes are unmet, or why there must be breaks.")
    sub.add_argument("instance", type=Path)
    sub.add_argument("plan", type=Path)
    sub.add_argument(
        "--wish", type=_whole(0, MAX_WISHES - 1), help="one wish by its position; all unmet ones if left out"
    )

    sub = command("what-if", _what_if, "Price a change of the event by its proved bounds.")
    sub.add_argument("instance", type=Path)
    sub.add_argument("plan", type=Path, nargs="?")
    sub.add_argument(
        "--tables",
        type=_whole(-MAX_TABLES, MAX_TABLES),
        default=0,
        help="more (or fewer) tables in every slot",
    )
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


def _whole(least: int, most: int) -> Callable[[str], int]:
    """Reads a whole number within limits; the message of a refusal names them."""

    def read(text: str) -> int:
        if not WHOLE.fullmatch(text) or not least <= int(text) <= most:
            raise argparse.ArgumentTypeError(f"{shown(text)} is not a whole number from {least} to {most}")
        return int(text)

    return read


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value <= MOST_SECONDS:
        raise argparse.ArgumentTypeError(
            f"{shown(text)} is not a number of seconds above 0 and at most {MOST_SECONDS}"
        )
    return value


def _share(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{shown(text)} is not a share from 0 to 1")
    return value


def _writable(*paths: Path | None) -> None:
    """Refuses a place nothing can be written to before the work is done, not after."""
    for path in paths:
        if path is not None and (path.is_dir() or not path.parent.is_dir()):
            raise InvalidEventError(f"{path}: is no file in a folder that exists")
        if path is not None and not os.access(path if path.exists() else path.parent, os.W_OK):
            raise InvalidEventError(f"{path}: may not be written")


def _write(data: Mapping[str, Any], path: Path | None) -> None:
    if path is None:
        print(json.dumps(data, ensure_ascii=sys.stdout.encoding.lower() not in ("utf-8", "utf8")))
    else:
        _put(path, json.dumps(data, ensure_ascii=False) + "\n")


def _put(path: Path, text: str) -> None:
    if path.exists() and not path.is_file():
        # A pipe, a terminal, /dev/stdout: nothing may take its place.
        path.write_text(text, encoding="utf-8")
        return
    # First beside, then in place: a full disk or a kill leaves no half a plan. A link stays one.
    place = path.resolve()
    beside = place.with_name(place.name + ".part")
    beside.write_text(text, encoding="utf-8")
    beside.replace(place)


def _is_fixed(data: Mapping[str, Any]) -> bool:
    return data.get("format") == FIXED_FORMAT


def _instance(path: Path) -> dict[str, Any]:
    data = read_json(path)
    if data.get("format") not in (FIXED_FORMAT, WISHES_FORMAT):
        found = shown(data.get("format"))
        raise InvalidEventError(f"format: {found} is neither {FIXED_FORMAT} nor {WISHES_FORMAT}")
    name_of(data.get("name", ""), "name")
    for key in unread(data):
        print(f"note: {path.name}: {shown(key)} is no key of this format and was not read", file=sys.stderr)
    return data


def _event(data: Mapping[str, Any]) -> Event:
    event = read_event(data)
    validate(event)
    return event


def _solve(options: argparse.Namespace) -> int:
    _writable(options.out, options.svg)
    data = _instance(options.instance)
    if _is_fixed(data):
        return _solve_fixed(options, read_fixed(data))
    event = _event(data)
    start = None if options.start is None else _plan_to_change(event, options.start)
    frozen = [event.wishes[i].id for i in _positions("freeze", options.freeze, len(event.wishes))]

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
        _put(options.svg, draw_plan(event, plan))
    for line in (*plan.conflict, *(f"note: {x}" for x in plan.engine["notes"])):
        print(line, file=sys.stderr)
    return {"infeasible": IMPOSSIBLE, "unknown": NOTHING_FOUND}.get(plan.status, DONE)


def _plan_to_change(event: Event, path: Path) -> Plan:
    """A plan to go on from. What it gets wrong can be mended, but not a meeting outside the event."""
    plan = read_plan(event, read_json(path))
    for m in plan.meetings:
        if not 0 <= m.slot < len(event.slots):
            last = len(event.slots) - 1
            raise InvalidEventError(f"meetings: wish {m.wish} is in slot {m.slot}; slots are 0..{last}")
    return plan


def _positions(key: str, text: str, n: int) -> list[int]:
    found = [x.strip() for x in text.split(",") if x.strip()]
    strange = [x for x in found if not WHOLE.fullmatch(x) or not 0 <= int(x) < n]
    if strange:
        raise InvalidEventError(f"{key}: {shown(strange[0])} is not a wish 0..{n - 1}")
    return [int(x) for x in found]


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
        _put(options.svg, draw_fixed(problem, plan))
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


def _false_claims(problem: FixedProblem, plan: Mapping[str, Any]) -> Iterator[str]:
    """What the plan of a fixed list says about its own schedule and is not so."""
    breaks = sum(breaks_by_person(problem, _fixed_slots(plan)))
    said, bound = whole(plan, "breaks", default=breaks), whole(plan, "bound", default=0)
    status = plan.get("status", "feasible")
    if status not in get_args(Status):
        raise InvalidEventError(f"status: {shown(status)} is not one of {', '.join(get_args(Status))}")
    if said != breaks:
        yield f"the plan says {said} breaks, its meetings have {breaks}"
    if bound > breaks:
        yield f"the plan's {breaks} breaks are below their bound {bound}"
    if status == "optimal" and bound < breaks:
        yield f"the plan calls itself optimal with {breaks} breaks of at least {bound}"
    if status == "infeasible":
        yield "the plan calls itself infeasible, and its schedule keeps every rule"


def _check(options: argparse.Namespace) -> int:
    data, plan = _instance(options.instance), read_json(options.plan)
    if _is_fixed(data):
        problem = read_fixed(data)
        broken = list(check_fixed(problem, _fixed_slots(plan)))
        broken = broken or list(_false_claims(problem, plan))
    else:
        event = _event(data)
        broken = list(check(event, read_plan(event, plan)))
    for line in broken:
        print(line)
    print(f"{len(broken)} rules broken" if broken else "valid")
    return BROKEN if broken else DONE


def _generate(options: argparse.Namespace) -> int:
    _writable(options.out)
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
    data, raw = _instance(options.instance), read_json(options.plan)
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
        unmet = _positions("wish", str(options.wish), len(event.wishes))
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
    data = _instance(options.instance)
    if _is_fixed(data):
        for line in explain_fixed(read_fixed(data)):
            print(line)
        return DONE
    event = _event(data)
    pools = _more_of_pools(options.pool)
    plan = None if options.plan is None else read_plan(event, read_json(options.plan))
    print(what_if(event, plan, tables=options.tables, pools=pools).text)
    return DONE


def _more_of_pools(texts: Sequence[str]) -> dict[str, int]:
    """`NAME=+N` as a mapping."""
    pools: dict[str, int] = {}
    for text in texts:
        name, _, number = text.rpartition("=")
        if not WHOLE.fullmatch(number) or not name:
            raise InvalidEventError(f"pool: {shown(text)} is not NAME=+N")
        if abs(int(number)) > MOST_MORE_OF_A_POOL:
            raise InvalidEventError(f"pool: {number} is more than the limit of {MOST_MORE_OF_A_POOL}")
        if name in pools:
            raise InvalidEventError(f"pool: {shown(name)} is there twice")
        pools[name] = int(number)
    return pools


def _repair(options: argparse.Namespace) -> int:
    _writable(options.out)
    data = _instance(options.instance)
    if _is_fixed(data):
        raise InvalidEventError("format: repair works on b2b-wishes-1; a fixed list is solved anew")
    event = _event(data)
    plan = _plan_to_change(event, options.plan)
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
    strange = sorted(t for t in lost if number_of(t, n) is None)
    if strange:
        raise InvalidEventError(f"lost_tables: {shown(strange[0])} is not a slot 0..{n - 1}")
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

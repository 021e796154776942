"""The bench: every figure of the docs from one run, checked by the checker, peers beside it.

`python -m serai.engines.scheduling bench --published DIR --large DIR` measures on the published files
and on generated wish lists kept elsewhere; without them, on instances the engine generates itself.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import statistics
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from .files import read_event, read_json
from .fixed import ContradictionError, FixedProblem, propagate, read_fixed
from .fixed import check_fixed as check_schedule
from .generate import FAMILIES, generate, random_fixed
from .packages import SCIPY, not_installed
from .peers import cp_sat, greedy_fixed, greedy_wishes
from .profile import improve_destructively, joint_bound, profile_bound
from .race import FixedPlan, solve_fixed
from .repair import repair
from .rules import check
from .solve import solve
from .types import Changes, Event

PROFILE_LIMIT_S = 60.0
SECTIONS = ("exact", "fairness", "bound", "large", "repair", "families")


def tell(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--published", type=Path, help="folder of b2bsp-1 files with published values")
    parser.add_argument("--large", type=Path, help="folder of b2b-wishes-1 files with greedy values")
    parser.add_argument("--only", default="", help="only files whose name contains this text")
    parser.add_argument("--sections", default=",".join(SECTIONS), help=f"of {', '.join(SECTIONS)}")
    parser.add_argument("--limit", type=float, default=120.0, help="seconds per fixed list")
    parser.add_argument("--large-limit", type=float, default=30.0, help="seconds per wish list")
    parser.add_argument("--peer-limit", type=float, default=15.0, help="seconds for CP-SAT; 0 leaves it out")
    parser.add_argument("--seeds", type=int, default=1, help="seeds per wish list; medians are shown")
    parser.add_argument("--no-peers", action="store_true", help="without the published encoding beside us")


def run(options: argparse.Namespace) -> int:
    sections = options.sections.split(",")
    strange = [s for s in sections if s not in SECTIONS]
    if strange:
        tell(f"sections: {strange[0]!r} is not one of {', '.join(SECTIONS)}")
        return 2
    tell(f"Machine: {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the start.\n")
    missing = not_installed()
    if missing:
        tell(f"Not installed, so left out or replaced: {', '.join(missing)}.\n")
    if "bound" in sections and not_installed(SCIPY):
        tell("Bounds without search need SciPy, so that section is left out.\n")
        sections.remove("bound")
    needs_lists = {"exact", "fairness", "bound"} & set(sections)
    fixed = list(_fixed_lists(options)) if needs_lists else []
    for name, section in (("exact", _exact), ("fairness", _fairness), ("bound", _bound)):
        if name in sections:
            section(fixed, options)
    if "large" in sections:
        _large(options)
    if "repair" in sections:
        _repair(options)
    if "families" in sections:
        _families(options)
    return 0


@dataclass(frozen=True)
class _Published:
    status: str | None
    breaks: int | None


def _fixed_lists(options: argparse.Namespace) -> Iterable[tuple[FixedProblem, _Published]]:
    if options.published is None:
        for seed in range(4):
            problem = random_fixed(people=40, meetings=110, slots=10, tables=15 - seed, seed=seed)
            yield problem, _Published(None, None)
        return
    for path in sorted(options.published.glob("*.json")):
        if options.only in path.name:
            data = read_json(path)
            known = data.get("published") or {}
            yield read_fixed(data), _Published(known.get("status"), known.get("breaks"))


def _timed(
    problem: FixedProblem, options: argparse.Namespace, arms: Sequence[str]
) -> tuple[FixedPlan, float]:
    """The answer and the processor seconds of its processes."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    plan = solve_fixed(problem, time_limit_s=options.limit, arms=arms, explain_conflict=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    broken = [] if plan.slots is None else list(check_schedule(problem, plan.slots))
    if broken:
        tell(f"INVALID {problem.name}: {broken[0]}")
    return plan, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _exact(fixed: Sequence[tuple[FixedProblem, _Published]], options: argparse.Namespace) -> None:
    tell("## Fixed lists\n")
    tell(
        "| instance | published | ours | s | cpu s | decided by | published encoding s | cpu s | CP-SAT | greedy |"
    )
    tell("|---|---|---|---|---|---|---|---|---|---|")
    ours_s: list[float] = []
    pairs: list[tuple[float, float, float, float]] = []
    agree = over_30 = over_5 = 0
    for problem, known in fixed:
        plan, cpu = _timed(problem, options, ("sat", "maxsat"))
        ours_s.append(plan.seconds)
        over_5 += plan.seconds > 5
        over_30 += plan.seconds > 30
        same = known.status is None or (plan.status, plan.breaks) == (known.status, known.breaks)
        agree += same and plan.status in ("optimal", "infeasible")
        theirs, theirs_cpu, peer = "–", "–", "–"
        if not options.no_peers and plan.engine["decided_by"] != "propagation":
            alone, alone_cpu = _timed(problem, options, ("published",))
            pairs.append((plan.seconds, alone.seconds, cpu, alone_cpu))
            theirs_cpu = f"{alone_cpu:.1f}"
            theirs = f"{alone.seconds:.1f}" + (
                "" if alone.status in ("optimal", "infeasible") else " no answer"
            )
        if options.peer_limit > 0 and not options.no_peers and plan.status == "optimal":
            answer = cp_sat(problem, options.peer_limit)
            if answer is not None:
                peer = f"{answer.value}{'' if answer.proved else ' unproved'}, {answer.seconds:.1f}"
        placed, gaps = greedy_fixed(problem)
        greedy = f"{placed}/{len(problem.meetings)}, {gaps}"
        tell(
            f"| {problem.name} | {_shown(known.status, known.breaks)} | {_shown(plan.status, plan.breaks)}"
            f"{'' if same else ' DIFFERS'} | {plan.seconds:.1f} | {cpu:.1f} | {plan.engine['decided_by']} |"
            f" {theirs} | {theirs_cpu} | {peer} | {greedy} |",
        )
    if not fixed:
        return
    tell(
        f"\nProved (and equal where published): {agree} of {len(fixed)}; over 30 s: {over_30}, over 5 s: {over_5}."
    )
    tell(f"Total {sum(ours_s):.1f} s, worst {max(ours_s):.1f} s, median {statistics.median(ours_s):.2f} s.")
    if pairs:
        ours, alone_s, ours_cpu, alone_cpus = (list(column) for column in zip(*pairs, strict=True))
        tell(
            f"Beside the published encoding alone, where search is needed ({len(pairs)} files):"
            f" total {sum(ours) / sum(alone_s):.2f}, worst {max(ours) / max(alone_s):.2f};"
            f" in processor seconds of all processes {sum(ours_cpu) / sum(alone_cpus):.2f},"
            f" {max(ours_cpu) / max(alone_cpus):.2f}.\n",
        )


def _shown(status: str | None, breaks: int | None) -> str:
    return "–" if status is None else status if breaks is None else f"{breaks} ({status})"


def _fairness(fixed: Sequence[tuple[FixedProblem, _Published]], options: argparse.Namespace) -> None:
    tell("\n## Fairness limits on the originals\n")
    tell("| instance | d | ours | s | cpu s |")
    tell("|---|---|---|---|---|")
    for problem, _ in fixed:
        if options.published is not None and not problem.name.endswith(".original"):
            continue
        for d in (0, 1, 3):
            plan, cpu = _timed(replace(problem, fairness=d), options, ("sat", "maxsat"))
            tell(
                f"| {problem.name} | {d} | {_shown(plan.status, plan.breaks)} | {plan.seconds:.1f} | {cpu:.1f} |"
            )


def _bound(fixed: Sequence[tuple[FixedProblem, _Published]], options: argparse.Namespace) -> None:
    tell("\n## Bounds without search\n")
    tell("| instance | optimum | profile | cpu s | joint | cpu s | refuted below | cpu s | |")
    tell("|---|---|---|---|---|---|---|---|---|")
    tight, quick, feasible = [0, 0, 0], 0, 0
    for problem, known in fixed:
        if known.breaks is None:
            continue
        feasible += 1
        clock = [time.process_time()]
        best = [0, 0, 0]
        try:
            domains = propagate(problem)
            best[0] = profile_bound(problem, domains, PROFILE_LIMIT_S).bound
            clock.append(time.process_time())
            best[1] = joint_bound(problem, domains, PROFILE_LIMIT_S).bound
            clock.append(time.process_time())
            best[2] = improve_destructively(problem, domains, max(best[0], best[1]), PROFILE_LIMIT_S)
            clock.append(time.process_time())
        except ContradictionError:
            tell(f"WRONG: {problem.name} is refuted by its bound")
            continue
        if max(best) > known.breaks:
            tell(f"WRONG: {problem.name} has a bound above its optimum")
        for k in range(3):
            tight[k] += max(best[: k + 1]) == known.breaks
        quick += clock[-1] - clock[0] < 1
        spent = [y - x for x, y in pairwise(clock)]
        cells = " | ".join(f"{value} | {s:.2f}" for value, s in zip(best, spent, strict=True))
        tell(
            f"| {problem.name} | {known.breaks} | {cells} | {'' if max(best) == known.breaks else 'below'} |"
        )
    tell(
        f"\nEqual to the optimum, of {feasible}: profile bound {tight[0]}, with the joint bound {tight[1]},"
        f" with refutation by preprocessing {tight[2]}. All three under 1 cpu s: {quick}.\n",
    )


def _wish_lists(options: argparse.Namespace) -> Iterable[tuple[Event, int, int]]:
    """Events with the weight and the breaks of greedy."""
    if options.large is None:
        for people, wishes, slots, tables, absent in (
            (500, 5_000, 20, 120, 0.15),
            (1_000, 10_000, 12, 500, 0.7),
            (2_000, 10_000, 20, 300, 0.15),
        ):
            event = generate(
                "wishes", people=people, wishes=wishes, slots=slots, tables=tables, absent=absent
            )
            yield event, *greedy_wishes(event)
        return
    for path in sorted(options.large.glob("*.json")):
        if options.only in path.name:
            data = read_json(path)
            event = read_event(data)
            weight, breaks = greedy_wishes(event)
            yield event, weight, breaks


def _large(options: argparse.Namespace) -> None:
    tell("## Wish lists\n")
    tell(
        "| instance | weight, bound | gap % | greedy gap % | placed after s | breaks, bound | gap % | greedy | ratio |"
    )
    tell("|---|---|---|---|---|---|---|---|---|")
    ratios, gaps = [], []
    for event, greedy_weight, greedy_breaks in _wish_lists(options):
        plans = []
        for seed in range(options.seeds):
            plan = solve(event, time_limit_s=options.large_limit, seed=seed)
            for line in check(event, plan):
                tell(f"INVALID {event.name}: {line}")
                break
            plans.append(plan)
        plan = sorted(plans, key=lambda p: (-p.weight, p.breaks))[len(plans) // 2]
        placed = next((x.seconds for x in plan.trace if x.stage == "placed"), 0.0)
        gap = 100 * (1 - plan.weight / max(plan.weight_bound, 1))
        break_gap = 100 * (plan.breaks - plan.breaks_bound) / max(plan.breaks, 1)
        ratio = plan.breaks / max(greedy_breaks, 1)
        ratios.append(ratio)
        gaps.append(gap)
        tell(
            f"| {event.name} | {plan.weight}, {plan.weight_bound} | {gap:.3f} |"
            f" {100 * (1 - greedy_weight / plan.weight_bound):.2f} | {placed:.1f} |"
            f" {plan.breaks}, {plan.breaks_bound} | {break_gap:.0f} | {greedy_breaks} | {ratio:.2f} |",
        )
    if ratios:
        tell(
            f"\nWorst weight gap {max(gaps):.3f} %; breaks against greedy, mean {statistics.mean(ratios):.2f}.\n"
        )


def _repair(options: argparse.Namespace) -> None:
    tell("## Repair: 3 % of the people cancel\n")
    tell("| instance | lost | refillable at most | added | moved | s |")
    tell("|---|---|---|---|---|---|")
    for people, wishes, slots, tables in ((1_000, 10_000, 30, 200), (500, 5_000, 20, 250)):
        event = generate("wishes", people=people, wishes=wishes, slots=slots, tables=tables, absent=0.15)
        plan = solve(
            event, time_limit_s=options.large_limit / 3, objective=("must", "guarantee", "weight", "breaks")
        )
        rng = random.Random(1)
        gone = frozenset(rng.sample([p.id for p in event.people], people * 3 // 100))
        began = time.monotonic()
        result = repair(event, plan, Changes(cancelled=gone))
        took = time.monotonic() - began
        for line in check(result.event, result.plan):
            tell(f"INVALID {event.name}: {line}")
            break
        kinds = [d.kind for d in result.differences]
        tell(
            f"| {event.name} | {kinds.count('lost')} | {result.refillable_bound} | {kinds.count('added')} |"
            f" {kinds.count('moved')} | {took:.2f} |",
        )


def _families(options: argparse.Namespace) -> None:
    tell("\n## Special needs, 300 people\n")
    tell("| family | weight, bound | gap % | breaks, bound | greedy weight | rules broken | s |")
    tell("|---|---|---|---|---|---|---|")
    for family in FAMILIES:
        event = generate(family)
        plan = solve(event, time_limit_s=options.large_limit)
        broken = len(list(check(event, plan)))
        weight, _ = greedy_wishes(event)
        tell(
            f"| {family} | {plan.weight}, {plan.weight_bound} |"
            f" {100 * (1 - plan.weight / max(plan.weight_bound, 1)):.2f} | {plan.breaks}, {plan.breaks_bound} |"
            f" {weight} | {broken} | {plan.seconds:.1f} |",
        )


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m serai.engines.scheduling.bench", description=__doc__)
    add_arguments(parser)
    return run(parser.parse_args())


if __name__ == "__main__":
    sys.exit(main())

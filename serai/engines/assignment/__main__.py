"""Measure the lists on a made-up market with popular members, large countries and newcomers.

Example:
  python -m serai.engines.assignment lists --members 100000
"""

from __future__ import annotations

import argparse
import re
import resource
import sys
import time
from collections.abc import Callable

import numpy as np

from serai.engines.assignment.audit import audit
from serai.engines.assignment.indicators import indicators
from serai.engines.assignment.lists import lists
from serai.engines.assignment.rerank import rerank
from serai.engines.assignment.types import Problem

# About 3 kB a member: more does not fit the memory of the machines this is measured on.
MOST_MEMBERS = 1_000_000


def market(members: int, *, width: int = 168, seed: int = 0) -> Problem:
    """Every member is a reader and a candidate. Most candidates of a list are drawn by popularity (log-normal, larger in
    large countries, low for the tenth who are new), the rest by reverse retrieval: each member in 28 lists.
    """
    random = np.random.default_rng(seed)
    countries = np.minimum(random.zipf(1.3, members) - 1, 119).astype(np.int32)
    newcomers = random.random(members) < 0.1
    popularity = (
        np.exp(random.normal(0, 1, members)) * np.where(newcomers, 0.2, 1.0) * (1 + 2.0 / (1 + countries))
    )
    reverse = min(28, max(1, members // 4))
    direct = min(width - reverse, members - reverse)
    drawn = np.searchsorted(np.cumsum(popularity / popularity.sum()), random.random((members, direct)))
    forced = np.stack([random.permutation(members) for _ in range(reverse)], axis=1)
    ids = np.minimum(np.hstack([forced, drawn]), members - 1).astype(np.int32)
    fame = np.log(popularity)
    fame = ((fame - fame.mean()) / fame.std()).astype(np.float32)
    scores = random.random(ids.shape, dtype=np.float32)
    scores = np.clip(0.5 + 0.12 * np.sqrt(12) * (scores - 0.5) + 0.06 * fame[ids], 0, 1)
    order = np.argsort(ids, axis=1, kind="stable")
    ordered = np.take_along_axis(ids, order, 1)
    again = np.zeros(ids.shape, bool)
    np.put_along_axis(again, order[:, 1:], ordered[:, 1:] == ordered[:, :-1], axis=1)
    scores[again] = -np.inf
    return Problem(ids, scores.astype(np.float32), members, groups=countries, newcomers=newcomers)


def _whole(least: int, most: int) -> Callable[[str], int]:
    """Reads a whole number within limits; the message of a refusal names them."""

    def read(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,15}", text, re.ASCII) or not least <= int(text) <= most:
            raise argparse.ArgumentTypeError(f"{text[:40]!r} is not a whole number from {least} to {most}")
        return int(text)

    return read


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m serai.engines.assignment",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    measured = commands.add_parser("lists", help="guarantee, loss, time and memory at one size")
    measured.add_argument("--members", type=_whole(2, MOST_MEMBERS), default=10_000)
    measured.add_argument("--seed", type=_whole(0, 2**32 - 1), default=0)
    measured.add_argument("--check", action="store_true", help="recompute every claim (slow)")
    options = parser.parse_args()
    problem = market(options.members, seed=options.seed)
    top = np.take_along_axis(problem.ids, np.argsort(-problem.scores, axis=1)[:, : problem.k], 1)
    shown = np.bincount(top.ravel(), minlength=problem.members)
    plain = indicators(problem, shown, np.ones(len(top), np.float32))
    clock, cpu = time.perf_counter(), time.process_time()
    result = lists(problem)
    clock, cpu = time.perf_counter() - clock, time.process_time() - cpu
    print(f"{'':24s}{'top k':>10s}{'lists':>10s}")
    for name, value in result.indicators.items():
        print(f"{name:24s}{plain[name]:10.4f}{value:10.4f}")
    print(f"promised {problem.promised} lists each; without all of them: {len(result.unreachable)}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{clock:.1f} s wall, {cpu:.1f} s processor, peak {peak:.0f} MB with the market")
    started = time.perf_counter()
    for u in range(min(2000, options.members)):
        rerank(problem.ids[u], problem.scores[u], result.prices, problem.k)
    print(f"one list online: {(time.perf_counter() - started) / min(2000, options.members) * 1e6:.1f} µs")
    complaints = list(audit(problem, result)) if options.check else []
    for complaint in complaints[:20]:
        print(complaint)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())

"""The scheduling engine in a process of its own: it can be stopped, and takes no thread of the worker."""

import os
import pickle
import subprocess
import sys
import tempfile
from collections.abc import Callable, Collection
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from serai.engines.scheduling import Event, InvalidEventError, Plan, Progress, solve

GRACE_S = 30.0
"""How much longer than its limit the engine may take before it is ended."""

ROOT = Path(__file__).resolve().parents[2]


class SolverError(Exception):
    """The engine gave no plan; the message says why."""


@dataclass(frozen=True)
class Task:
    event: Event
    seed: int
    time_limit_s: float
    start: Plan | None = None
    frozen: Collection[str] = ()


def solve_apart(task: Task, *, progress: Callable[[Progress], None]) -> Plan:
    """Solve in a child process; `progress` is called here, with what the child reports.

    The child is a fresh interpreter that knows nothing of the caller's main module, so this works from the
    worker, a command, a test and a script alike. Raises SolverError if the input contradicts itself, the
    process dies or exceeds its time.
    """
    incoming, outgoing = os.pipe()
    ours = Connection(incoming, writable=False)
    with tempfile.TemporaryFile() as given:
        pickle.dump(task, given)
        given.seek(0)
        child = subprocess.Popen(
            [sys.executable, "-m", "serai.events.solver", str(outgoing)],
            stdin=given,
            pass_fds=(outgoing,),
            cwd=ROOT,
        )
    os.close(outgoing)
    try:
        return _await(ours, task.time_limit_s + GRACE_S, progress)
    finally:
        ours.close()
        child.kill()
        child.wait()


def _await(ours: Any, patience_s: float, progress: Callable[[Progress], None]) -> Plan:
    while ours.poll(patience_s):
        try:
            message: Any = ours.recv()
        except EOFError:
            raise SolverError("The process that computes the schedule ended early.") from None
        if isinstance(message, Plan):
            return message
        if isinstance(message, str):
            raise SolverError(message)
        progress(message)
    raise SolverError("The computation took too long and was stopped.")


def _work(pipe: Any, task: Task) -> None:
    try:
        plan = solve(
            task.event,
            time_limit_s=task.time_limit_s,
            seed=task.seed,
            start=task.start,
            frozen=task.frozen,
            progress=pipe.send,
        )
    except InvalidEventError as error:
        pipe.send(str(error))
    else:
        pipe.send(plan)


if __name__ == "__main__":
    # The task comes from the process that started this one, by the file it opened: nobody else's pickle.
    with Connection(int(sys.argv[1]), readable=False) as answers:
        _work(answers, pickle.load(sys.stdin.buffer))  # noqa: S301

"""The scheduling engine in a process of its own: it can be stopped, and takes no thread of the worker."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any

from serai.engines.scheduling import Event, InvalidEventError, Plan, Progress, solve

GRACE_S = 30.0
"""How much longer than its limit the engine may take before it is ended."""


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

    Raises SolverError if the input contradicts itself, the process dies or exceeds its time.
    """
    context = get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    child = context.Process(target=_work, args=(theirs, task))
    child.start()
    theirs.close()
    try:
        return _await(ours, task.time_limit_s + GRACE_S, progress)
    finally:
        ours.close()
        child.terminate()
        child.join()
        child.close()


def _await(ours: Connection, patience_s: float, progress: Callable[[Progress], None]) -> Plan:
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
    pipe.close()

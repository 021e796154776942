"""Integer programmes in a process of its own: HiGHS may crash, hang or be killed, the plan goes on.

A `Solver` keeps one child process (`main` below) for as long as it is open and starts a
new one when it is lost. What was lost is said in `notes`; a programme without an answer is None, and
every caller has a way to go on without.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import select
import struct
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

# How much longer than its limit a programme may take: HiGHS looks at its clock between steps only.
GRACE_S = 10.0
# Up to so many columns a programme is solved here: starting a process would take longer.
SMALL = 400
# Lost so often, the child is not started again.
MAX_LOST = 3
ROOT = Path(__file__).resolve().parents[3]
OPTIMAL, INFEASIBLE = 0, 2


class Rows:
    """Sparse rows `low <= values·x[columns] <= high`, collected one by one."""

    def __init__(self) -> None:
        self.columns: list[int] = []
        self.values: list[float] = []
        self.ends: list[int] = [0]
        self.low: list[float] = []
        self.high: list[float] = []

    def add(self, columns: Sequence[int], values: Sequence[float], low: float, high: float) -> None:
        self.columns.extend(columns)
        self.values.extend(values)
        self.ends.append(len(self.columns))
        self.low.append(low)
        self.high.append(high)

    def count(self, columns: Sequence[int], low: float, high: float) -> None:
        """A row of ones."""
        self.add(columns, [1.0] * len(columns), low, high)


@dataclass(frozen=True)
class Answer:
    """`columns`: those at 1 or above, None if there is no solution; `proved`: optimal, or surely infeasible.

    A linear programme also has `x` and its reduced costs (of raising from the lower, lowering from the
    upper bound).
    """

    columns: tuple[int, ...] | None
    value: float
    dual: float
    proved: bool
    x: np.ndarray | None = None
    raising: np.ndarray | None = None
    lowering: np.ndarray | None = None


class Solver:
    """The child process; used as a context manager, or closed."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self._child: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Solver:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> None:
        """Starts the child now, so that it is ready when the first programme comes."""
        if self._child is None and len(self.notes) < MAX_LOST:
            self._child = subprocess.Popen(
                [sys.executable, "-c", f"from {__name__} import main; main()"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=ROOT,
            )

    def close(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.kill()
            for stream in (child.stdin, child.stdout):
                if stream is not None:
                    with contextlib.suppress(OSError):
                        stream.close()
            child.wait()

    def solve(
        self,
        cost: np.ndarray,
        rows: Rows,
        time_limit_s: float,
        *,
        lower: np.ndarray | None = None,
        upper: np.ndarray | None = None,
        integral: bool = True,
    ) -> Answer | None:
        """Minimises cost·x within the rows and 0 <= x <= 1 (or the bounds given); None if there is no
        answer in time or the process was lost."""
        n = len(cost)
        if n == 0:
            return None
        time_limit_s = max(time_limit_s, 0.1)
        question = {
            "cost": np.asarray(cost, dtype=float),
            "lower": np.zeros(n) if lower is None else lower,
            "upper": np.ones(n) if upper is None else upper,
            "integral": integral,
            "columns": np.array(rows.columns, dtype=np.int32),
            "values": np.array(rows.values, dtype=float),
            "ends": np.array(rows.ends, dtype=np.int32),
            "low": np.array(rows.low, dtype=float),
            "high": np.array(rows.high, dtype=float),
            "time_limit": time_limit_s,
        }
        if n <= SMALL and self._child is None:
            return work(question)
        for _ in range(2):
            try:
                self.start()
                if self._child is None:
                    return None
                return self._ask(self._child, question, time.monotonic() + time_limit_s + GRACE_S)
            except TimeoutError:
                self._lost(f"HiGHS gave no answer within {time_limit_s:.0f} s and was stopped")
                return None
            except (OSError, EOFError, pickle.UnpicklingError):
                self._lost("the process of HiGHS ended early")
        return None

    def _lost(self, note: str) -> None:
        self.close()
        self.notes.append(note)

    def _ask(
        self, child: subprocess.Popen[bytes], question: dict[str, Any], deadline: float
    ) -> Answer | None:
        _send(child.stdin, question)
        answer = _receive(child.stdout, deadline)
        if isinstance(answer, str):
            self.notes.append(f"HiGHS: {answer}")
            return None
        return answer if isinstance(answer, Answer) else None


def _send(stream: BinaryIO | Any, message: object) -> None:
    data = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    stream.write(struct.pack("!Q", len(data)))
    stream.write(data)
    stream.flush()


def _receive(stream: BinaryIO | Any, deadline: float | None) -> object:
    """One message. Raises EOFError at the end, TimeoutError after the deadline."""
    (size,) = struct.unpack("!Q", _read(stream, 8, deadline))
    # Both ends are this module: nobody else writes into the pipe.
    return pickle.loads(_read(stream, size, deadline))  # noqa: S301


def _read(stream: BinaryIO | Any, size: int, deadline: float | None) -> bytes:
    parts = bytearray()
    descriptor = stream.fileno()
    while len(parts) < size:
        patience = None if deadline is None else max(0.0, deadline - time.monotonic())
        ready, _, _ = select.select([descriptor], [], [], patience)
        if not ready:
            raise TimeoutError
        part = os.read(descriptor, size - len(parts))
        if not part:
            raise EOFError
        parts += part
    return bytes(parts)


def work(question: dict[str, Any]) -> Answer:
    """One programme, solved here."""
    from scipy.optimize import Bounds, LinearConstraint, linprog, milp
    from scipy.sparse import csr_array, vstack

    n = len(question["cost"])
    low, high = question["low"], question["high"]
    matrix = csr_array((question["values"], question["columns"], question["ends"]), shape=(len(low), n))
    if question["integral"]:
        result: Any = milp(
            question["cost"],
            integrality=np.ones(n, dtype=np.int64),
            bounds=Bounds(question["lower"], question["upper"]),
            constraints=[LinearConstraint(matrix, low, high)] if len(low) else [],
            options={"time_limit": question["time_limit"], "mip_rel_gap": 0.0},
        )
        proved = result.status in (OPTIMAL, INFEASIBLE)
        if result.x is None:
            return Answer(None, float("inf"), float("-inf"), proved and result.status == INFEASIBLE)
        dual = result.mip_dual_bound if result.mip_dual_bound is not None else float("-inf")
        columns = tuple(int(i) for i in np.flatnonzero(result.x > 0.5))
        return Answer(columns, float(result.fun), float(dual), proved)
    above, below = np.isfinite(high), np.isfinite(low)
    solve_linear: Any = linprog
    result = solve_linear(
        question["cost"],
        A_ub=vstack([matrix[above], -matrix[below]]) if len(low) else None,
        b_ub=np.concatenate([high[above], -low[below]]) if len(low) else None,
        bounds=np.column_stack([question["lower"], question["upper"]]),
        method="highs",
        options={"time_limit": question["time_limit"]},
    )
    if result.status != OPTIMAL:
        return Answer(None, float("inf"), float("-inf"), result.status == INFEASIBLE)
    x = np.asarray(result.x)
    return Answer(
        tuple(int(i) for i in np.flatnonzero(x > 0.5)),
        float(result.fun),
        float(result.fun),
        True,
        x,
        np.asarray(result.lower.marginals),
        -np.asarray(result.upper.marginals),
    )


def main() -> None:
    """The child: questions on standard input until it ends, answers on a copy of standard output.

    HiGHS may print; what it prints must not get between the answers.
    """
    import scipy.optimize  # noqa: F401  (loaded while nobody waits)

    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    while True:
        try:
            question: Any = _receive(sys.stdin.buffer, None)
        except EOFError:
            return
        try:
            answer: object = work(question)
        except (ValueError, MemoryError, np.linalg.LinAlgError) as error:
            answer = str(error)
        _send(answers, answer)

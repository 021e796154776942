"""Integer programmes in a process of its own: HiGHS may crash, hang or be killed, the plan goes on.

A `Solver` keeps one child process (`main` below) for as long as it is open and starts a
new one when it is lost. What was lost or is not installed is said in `notes`; a programme without an answer
is None, and every caller has a way to go on without.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import pickle
import select
import struct
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from .child import die_with_parent

# How much longer than its limit a programme may take, at least and at most: HiGHS looks at its clock
# between steps only. In between, as long again.
GRACE_S, MOST_GRACE_S = 2.0, 10.0
# How long a child may take to load SciPy; and how long after the end of a run it may still answer.
START_S, END_GRACE_S = 20.0, 1.0
# Up to so many columns a programme is solved here: starting a process would take longer.
SMALL = 400
# Lost so often, the child is not started again.
MAX_LOST = 3
# No answer is longer; more is not an answer.
MAX_ANSWER_BYTES = 1 << 28
PIECE_BYTES = 1 << 20
ROOT = Path(__file__).resolve().parents[3]
OPTIMAL, OUT_OF_TIME, INFEASIBLE = 0, 1, 2
READY, MISSING = "ready", "missing"
NOT_INSTALLED = "SciPy (HiGHS) is not installed; wishes are chosen and limits counted without it"


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
    """`columns`: those at 1 or above, None if there is no solution; `proved`: optimal, or surely infeasible;
    `by_steps`: proved, or ended by its limit of nodes: then another run gives the same.

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
    by_steps: bool = False


class LostError(Exception):
    """The child ended, or what it says makes no sense."""


class Solver:
    """The child process; used as a context manager, or closed. Nobody waits for it long after `deadline`."""

    def __init__(self, deadline: float = math.inf) -> None:
        self.notes: list[str] = []
        self.deadline = deadline
        self._child: subprocess.Popen[bytes] | None = None
        self._ready = False
        self._asked = 0
        self._lost_times = 0
        self._missing = False

    def __enter__(self) -> Solver:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> None:
        """Starts the child now, so that it is ready when the first programme comes."""
        if self._child is None and not self._missing and self._lost_times < MAX_LOST:
            self._ready = False
            self._child = subprocess.Popen(
                [sys.executable, "-c", f"from {__name__} import main; main()"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=ROOT,
            )
            assert self._child.stdin is not None
            # A stopped child reads nothing: a full pipe must not hold us up.
            os.set_blocking(self._child.stdin.fileno(), False)

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
        nodes: int | None = None,
    ) -> Answer | None:
        """Minimises cost·x within the rows and 0 <= x <= 1 (or the bounds given); None if there is no
        answer in time or the process was lost. At most `nodes` of the search tree, 1 for its root only."""
        n = len(cost)
        if n == 0 or self._missing or time.monotonic() >= self.deadline:
            return None
        time_limit_s = max(time_limit_s, 0.1)
        question = {
            "cost": np.asarray(cost, dtype=float),
            "lower": np.zeros(n) if lower is None else lower,
            "upper": np.ones(n) if upper is None else upper,
            "integral": integral,
            "nodes": nodes,
            "columns": np.array(rows.columns, dtype=np.int32),
            "values": np.array(rows.values, dtype=float),
            "ends": np.array(rows.ends, dtype=np.int32),
            "low": np.array(rows.low, dtype=float),
            "high": np.array(rows.high, dtype=float),
            "time_limit": min(time_limit_s, max(self.deadline - time.monotonic(), 0.1)),
        }
        if n <= SMALL and self._child is None:
            try:
                return work(question)
            except ImportError:
                self._not_installed()
                return None
        for _ in range(2):
            try:
                self.start()
                if self._child is None:
                    return None
                return self._ask(self._child, question)
            except TimeoutError:
                self._lost(f"HiGHS gave no answer to a programme of {time_limit_s:.1f} s and was stopped")
                return None
            except (OSError, LostError):
                self._lost("the process of HiGHS ended early")
        return None

    def _lost(self, note: str) -> None:
        self.close()
        self._lost_times += 1
        self.notes.append(note)

    def _not_installed(self) -> None:
        self.close()
        self._missing = True
        self.notes.append(NOT_INSTALLED)

    def _ask(self, child: subprocess.Popen[bytes], question: dict[str, Any]) -> Answer | None:
        assert child.stdin is not None
        assert child.stdout is not None
        end = self.deadline + END_GRACE_S
        if not self._ready:
            state = _receive(child.stdout, min(time.monotonic() + START_S, end)).get("state")
            if state == MISSING:
                self._not_installed()
                return None
            if state != READY:
                raise LostError
            self._ready = True
        self._asked += 1
        limit = question["time_limit"] = min(
            question["time_limit"], max(self.deadline - time.monotonic(), 0.1)
        )
        patience = limit + min(max(GRACE_S, limit), MOST_GRACE_S)
        deadline = min(time.monotonic() + patience, end)
        _send(child.stdin, {**question, "number": self._asked}, deadline)
        answer = _receive(child.stdout, deadline)
        if answer.get("number") != self._asked:
            raise LostError
        if "error" in answer:
            self.notes.append(f"HiGHS: {answer['error']}")
            return None
        return _read_answer(answer, len(question["cost"]))


def _read_answer(data: dict[str, Any], n: int) -> Answer:
    """Raises LostError unless it is an answer of n columns."""
    try:
        columns = data["columns"]
        arrays = {
            key: None if data[key] is None else np.array(data[key], dtype=float).reshape(n)
            for key in ("x", "raising", "lowering")
        }
        if columns is not None:
            columns = tuple(map(int, columns))
            if any(not 0 <= i < n for i in columns):
                raise LostError
        proved, by_steps = data["proved"] is True, data["by_steps"] is True
        return Answer(columns, float(data["value"]), float(data["dual"]), proved, **arrays, by_steps=by_steps)
    except (KeyError, TypeError, ValueError) as error:
        raise LostError from error


def _send(stream: BinaryIO | Any, question: dict[str, Any], deadline: float) -> None:
    """Raises TimeoutError if the child has not taken all of it by the deadline."""
    data = pickle.dumps(question, protocol=pickle.HIGHEST_PROTOCOL)
    rest = memoryview(struct.pack("!Q", len(data)) + data)
    descriptor = stream.fileno()
    while rest:
        _, ready, _ = select.select([], [descriptor], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            raise TimeoutError
        rest = rest[os.write(descriptor, rest[:PIECE_BYTES]) :]


def _receive(stream: BinaryIO | Any, deadline: float) -> dict[str, Any]:
    """One message of the child. Raises LostError at the end or for nonsense, TimeoutError after the deadline."""
    (size,) = struct.unpack("!Q", _read(stream, 8, deadline))
    if size > MAX_ANSWER_BYTES:
        raise LostError
    try:
        message = json.loads(_read(stream, size, deadline))
    except ValueError as error:
        raise LostError from error
    if not isinstance(message, dict):
        raise LostError
    return message


def _read(stream: BinaryIO | Any, size: int, deadline: float) -> bytes:
    parts = bytearray()
    descriptor = stream.fileno()
    while len(parts) < size:
        ready, _, _ = select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            raise TimeoutError
        part = os.read(descriptor, min(size - len(parts), PIECE_BYTES))
        if not part:
            raise LostError
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
        nodes = question["nodes"]
        options: Any = {"time_limit": question["time_limit"], "mip_rel_gap": 0.0}
        if nodes is not None:
            options["node_limit"] = nodes
        result: Any = milp(
            question["cost"],
            integrality=np.ones(n, dtype=np.int64),
            bounds=Bounds(question["lower"], question["upper"]),
            constraints=[LinearConstraint(matrix, low, high)] if len(low) else [],
            options=options,
        )
        proved = result.status in (OPTIMAL, INFEASIBLE)
        by_steps = proved or (nodes is not None and result.status != OUT_OF_TIME)
        if result.x is None:
            refuted = result.status == INFEASIBLE
            return Answer(None, float("inf"), float("-inf"), refuted, by_steps=by_steps)
        dual = result.mip_dual_bound if result.mip_dual_bound is not None else float("-inf")
        columns = tuple(int(i) for i in np.flatnonzero(result.x > 0.5))
        return Answer(columns, float(result.fun), float(dual), proved, by_steps=by_steps)
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
        refuted = result.status == INFEASIBLE
        return Answer(None, float("inf"), float("-inf"), refuted, by_steps=refuted)
    x = np.asarray(result.x)
    return Answer(
        tuple(int(i) for i in np.flatnonzero(x > 0.5)),
        float(result.fun),
        float(result.fun),
        True,
        x,
        np.asarray(result.lower.marginals),
        -np.asarray(result.upper.marginals),
        True,
    )


def main() -> None:
    """The child: questions on standard input until it ends, answers on a copy of standard output.

    HiGHS may print; what it prints must not get between the answers.
    """
    die_with_parent()
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)

    def say(message: dict[str, Any]) -> None:
        data = json.dumps(message).encode()
        answers.write(struct.pack("!Q", len(data)) + data)
        answers.flush()

    try:
        import scipy.optimize  # noqa: F401  (loaded while nobody waits)
    except ImportError:
        say({"state": MISSING})
        return
    say({"state": READY})
    while head := sys.stdin.buffer.read(8):
        # Only our parent writes into this pipe.
        question = pickle.loads(sys.stdin.buffer.read(struct.unpack("!Q", head)[0]))  # noqa: S301
        try:
            answer = {
                key: value.tolist() if isinstance(value, np.ndarray) else value
                for key, value in asdict(work(question)).items()
            }
        except (ValueError, MemoryError, np.linalg.LinAlgError) as error:
            answer = {"error": str(error)}
        say({**answer, "number": question["number"]})

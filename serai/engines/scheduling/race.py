"""The exact engine: propagation, then arms in killable processes; the first conclusive answer wins.

Nothing an arm says is believed: schedules are checked, and an arm that crashes, hangs or is killed
costs a note in the answer, never the best schedule or the best bound so far.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .child import is_stopped
from .conflict import minimal_conflict
from .fixed import (
    ContradictionError,
    FixedProblem,
    breaks_by_person,
    check_fixed,
    propagate,
    write_fixed,
)
from .types import ENGINE_VERSION, Status

# An arm loads its own modules only: the package itself would load SciPy, which most arms never need.
BOOT = (
    f"import sys, types; package = types.ModuleType({__package__!r});"
    f" package.__path__ = [sys.argv.pop(1)]; sys.modules[{__package__!r}] = package;"
    f" from {__package__}.worker import main; main()"
)
LATE_ARMS = ("profile", "local search")
"""A bound and a schedule for those who wait: started when the first arms have not decided at once."""
CONFLICT_LIMIT_S = 5.0
HEAD_START_S = 0.5
"""How long the first arm is alone: most lists are decided by then, and a second process costs as much."""
WAIT_BEFORE_LATE_ARMS_S = 3.0
LATE_SHARE = 0.4
"""They wait no longer than this share of the time limit."""
QUICK_SEARCH_S = 1.0
GRACE_S = 2.0
"""With nothing in hand a quick schedule is worth so much more time, and so is an explanation."""
FAR_AWAY = float("inf")
MAX_LINE_BYTES = 1 << 20
"""No message is longer; more without a line's end is nonsense."""
MAX_KILLED = 1
"""So often an arm that a signal ended is started again: it may have been the memory of a moment."""


@dataclass(frozen=True)
class FixedPlan:
    """A schedule of a fixed list: `slots[m]` for each meeting, None if none was found."""

    slots: tuple[int, ...] | None
    breaks: int | None
    bound: int
    status: Status
    conflict: tuple[str, ...] = ()
    seconds: float = 0.0
    engine: dict[str, Any] = field(default_factory=dict)
    trace: tuple[tuple[float, int | None, int], ...] = ()
    """(seconds, best value, bound) at every improvement."""


def solve_fixed(
    problem: FixedProblem,
    *,
    time_limit_s: float = 60.0,
    seed: int = 0,
    workers: int = 2,
    arms: Sequence[str] = ("sat", "maxsat"),
    explain_conflict: bool = True,
    progress: Callable[[float, int | None, int], None] | None = None,
) -> FixedPlan:
    """The schedule with fewest breaks and its proof, or the best found with its bound.

    The first arm is alone for a moment; with one worker for a fifth of the time, and the next follow alone.
    """
    return _Race(problem, time_limit_s, seed, workers, tuple(arms), explain_conflict, progress).run()


class _Arm:
    """One running process."""

    def __init__(self, name: str, payload: bytes) -> None:
        self.name = name
        # A file, not a pipe: a chatty solver would fill a pipe nobody reads and hang.
        self.complaints = tempfile.TemporaryFile()  # noqa: SIM115 - closed in stop()
        # The problem too: an arm that is stopped would never empty a pipe.
        with tempfile.TemporaryFile() as problem:
            problem.write(payload)
            problem.seek(0)
            self.process = subprocess.Popen(
                [sys.executable, "-c", BOOT, str(Path(__file__).parent), name],
                stdin=problem,
                stdout=subprocess.PIPE,
                stderr=self.complaints,
                env={**os.environ, "OMP_NUM_THREADS": "1"},
            )
        self.buffer = b""
        self.nonsense = False

    def lines(self) -> list[dict[str, Any]] | None:
        """Messages that have arrived; None at the end of the stream."""
        assert self.process.stdout is not None
        chunk = os.read(self.process.stdout.fileno(), 1 << 20)
        if not chunk:
            return None
        *whole, self.buffer = (self.buffer + chunk).split(b"\n")
        found = []
        for line in whole:
            try:
                message = json.loads(line)
            except ValueError:
                # Solvers print banners of their own; they are no messages.
                continue
            if isinstance(message, dict):
                found.append(message)
        if len(self.buffer) > MAX_LINE_BYTES:
            self.buffer, self.nonsense = b"", True
        return found

    def says_nothing(self) -> bool:
        """Whether somebody stopped the process without ending it."""
        return is_stopped(self.process.pid)

    def stop(self, *, ended: bool = False) -> str:
        """Kills the process if it still runs; what it complained about."""
        if ended:
            # Its output is closed, so it is about to exit with a code worth knowing.
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(timeout=2.0)
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()
        self.complaints.seek(0)
        lines = self.complaints.read().decode(errors="replace").strip().splitlines()
        self.complaints.close()
        return lines[-1] if lines else ""


class _Race:
    def __init__(
        self,
        problem: FixedProblem,
        time_limit_s: float,
        seed: int,
        workers: int,
        arms: tuple[str, ...],
        explain_conflict: bool,
        progress: Callable[[float, int | None, int], None] | None,
    ) -> None:
        self.problem, self.seed, self.workers, self.arms = problem, seed, max(1, workers), arms
        self.began = time.monotonic()
        self.deadline = self.began + time_limit_s
        self.time_limit_s = time_limit_s
        self.explain_conflict = explain_conflict
        self.progress = progress
        self.late = 0.0
        self.killed: Counter[str] = Counter()
        self.best: tuple[int, ...] | None = None
        self.value: int | None = None
        self.bound = 0
        self.infeasible: str | None = None
        self.notes: list[str] = []
        self.engines: list[str] = []
        self.winner = ""
        self.trace: list[tuple[float, int | None, int]] = []

    def run(self) -> FixedPlan:
        try:
            propagate(self.problem)
        except ContradictionError as error:
            self.infeasible, self.winner = str(error), "propagation"
        else:
            if self.workers == 1 and len(self.arms) > 1:
                first = min(self.deadline, time.monotonic() + 0.2 * self.time_limit_s)
                self._race(self.arms[:1], first)
                if not self._over():
                    self._race(self.arms[1:], self.deadline)
            else:
                self._race(self.arms, self.deadline)
            if self.value is None and self.infeasible is None:
                # No arm had an answer: a quick schedule, without a proof, is worth a moment more.
                self.late = FAR_AWAY
                self._race(LATE_ARMS, max(self.deadline, time.monotonic() + GRACE_S))
        return self._answer()

    def _payload(self) -> bytes:
        left = self.deadline - time.monotonic()
        seconds = min(QUICK_SEARCH_S, max(0.25 * QUICK_SEARCH_S, 0.5 * left))
        data = {"problem": write_fixed(self.problem), "seed": self.seed, "seconds": seconds}
        return json.dumps(data).encode()

    def _over(self) -> bool:
        return self.infeasible is not None or (self.value is not None and self.value <= self.bound)

    def _race(self, names: Sequence[str], until: float) -> None:
        running: dict[str, _Arm] = {}
        with selectors.DefaultSelector() as selector:

            def start(name: str) -> None:
                arm = running[name] = _Arm(name, self._payload())
                selector.register(arm.process.stdout, selectors.EVENT_READ, arm)  # type: ignore[arg-type]

            second = time.monotonic() + HEAD_START_S
            wait = min(WAIT_BEFORE_LATE_ARMS_S, LATE_SHARE * self.time_limit_s)
            late = self.late or time.monotonic() + wait
            waiting = list(names)
            try:
                while (running or waiting) and not self._over() and time.monotonic() < until:
                    if waiting and not running:
                        start(waiting.pop(0))
                    elif time.monotonic() >= second:
                        second = FAR_AWAY
                        while waiting:
                            start(waiting.pop(0))
                    alarm = min(until, late, second)
                    events = selector.select(max(alarm - time.monotonic(), 0.0))
                    if time.monotonic() >= late:
                        late = self.late = FAR_AWAY
                        for name in LATE_ARMS:
                            start(name)
                    for key, _ in events:
                        if not self._listen(key.data):
                            selector.unregister(key.fileobj)
                            del running[key.data.name]
                            if self._may_start_again(key.data):
                                start(key.data.name)
            finally:
                for arm in running.values():
                    if arm.says_nothing():
                        self.notes.append(f"{arm.name} was stopped from outside and had no say")
                    arm.stop()

    def _listen(self, arm: _Arm) -> bool:
        """Takes what the arm says; False if it is no more."""
        messages = arm.lines()
        if messages is None or arm.nonsense:
            complaint = arm.stop(ended=messages is None)
            if arm.nonsense:
                self.notes.append(f"{arm.name} wrote nonsense and was ended")
            elif arm.process.returncode < 0:
                self.notes.append(f"{arm.name} was ended by {signal.Signals(-arm.process.returncode).name}")
            elif arm.process.returncode:
                self.notes.append(f"{arm.name} ended with code {arm.process.returncode}: {complaint}")
            return False
        for message in messages:
            try:
                self._take(arm.name, message)
            except (TypeError, ValueError):
                self.notes.append(f"{arm.name} said what makes no sense: {str(message)[:80]}")
        return True

    def _may_start_again(self, arm: _Arm) -> bool:
        if arm.process.returncode >= 0 or self.killed[arm.name] >= MAX_KILLED:
            return False
        self.killed[arm.name] += 1
        return True

    def _take(self, name: str, message: dict[str, Any]) -> None:
        if "engine" in message:
            self.engines.append(message["engine"])
        if "missing" in message:
            self.notes.append(f"{message['missing']} is not installed; the next solver took over")
        if "infeasible" in message:
            self.infeasible, self.winner = message["infeasible"], name
        if "bound" in message:
            self._raise_bound(int(message["bound"]), name)
        if "slots" in message:
            value = self._accept(message["slots"], name)
            if value is not None and message.get("optimal"):
                self._raise_bound(value, name)

    def _raise_bound(self, bound: int, name: str) -> None:
        if bound > self.bound:
            self.bound, self.winner = bound, name
            self._tell()

    def _accept(self, slots: Sequence[int], name: str) -> int | None:
        broken = next(check_fixed(self.problem, slots), None)
        if broken is not None:
            self.notes.append(f"{name} gave a schedule that breaks a rule: {broken}")
            return None
        value = sum(breaks_by_person(self.problem, slots))
        if self.value is None or value < self.value:
            self.best, self.value, self.winner = tuple(slots), value, name
            self._tell()
        return value

    def _tell(self) -> None:
        seconds = time.monotonic() - self.began
        self.trace.append((seconds, self.value, self.bound))
        if self.progress is not None:
            self.progress(seconds, self.value, self.bound)

    def _answer(self) -> FixedPlan:
        conflict: tuple[str, ...] = ()
        if self.infeasible is not None:
            status: Status = "infeasible"
            conflict = (self.infeasible,)
            if self.explain_conflict:
                left = self.deadline - time.monotonic()
                until = time.monotonic() + min(CONFLICT_LIMIT_S, max(GRACE_S, left))
                conflict = minimal_conflict(self.problem, until) or conflict
        elif self.value is None:
            status = "unknown"
        else:
            status = "optimal" if self.value <= self.bound else "feasible"
        return FixedPlan(
            slots=self.best if self.infeasible is None else None,
            breaks=self.value if self.infeasible is None else None,
            bound=self.bound,
            status=status,
            conflict=conflict,
            seconds=time.monotonic() - self.began,
            engine={
                "name": "serai.engines.scheduling",
                "version": ENGINE_VERSION,
                "seed": self.seed,
                "workers": self.workers,
                "time_limit_s": self.time_limit_s,
                "arms": list(self.arms),
                "solvers": sorted(set(self.engines)),
                "decided_by": self.winner,
                "notes": self.notes,
            },
            trace=tuple(self.trace),
        )

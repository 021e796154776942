"""Real faults: solver processes are killed, stopped, crashed and made to write nonsense while they work,
and solver packages are missing. The plan goes on, says so, and leaves no process behind."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from serai.engines.scheduling import check
from serai.engines.scheduling.__main__ import DONE, main
from serai.engines.scheduling.files import FIXED_FORMAT, read_event, read_json, read_plan
from serai.engines.scheduling.fixed import check_fixed, read_fixed
from serai.engines.scheduling.programme import Rows, Solver

ROOT = Path(__file__).resolve().parents[3]
PROC = Path("/proc")
NONSENSE = "nonsense"
FAULTS = [signal.SIGKILL, signal.SIGSTOP, signal.SIGSEGV, NONSENSE]
PACKAGES = ["scipy", "pysat", "hermax", "ortools"]

needs_proc = pytest.mark.skipif(not PROC.joinpath("self", "stat").exists(), reason="reads /proc")


def engine(*arguments: object, path: Path = ROOT) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "serai.engines.scheduling", *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def processes_of(session: int) -> Iterator[int]:
    """The processes of a session that are still alive."""
    for entry in PROC.iterdir():
        try:
            fields = entry.joinpath("stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if entry.name.isdecimal() and int(fields[3]) == session and fields[0] not in "ZX":
            yield int(entry.name)


def is_alive(pid: int) -> bool:
    try:
        return PROC.joinpath(str(pid), "stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def strike(pid: int, fault: signal.Signals | str) -> None:
    if isinstance(fault, signal.Signals):
        os.kill(pid, fault)
        return
    for descriptor in (PROC / str(pid) / "fd").iterdir():
        if descriptor.name not in ("0", "2") and os.readlink(descriptor).startswith("pipe:"):
            with descriptor.open("wb", buffering=0) as pipe:
                os.set_blocking(pipe.fileno(), False)
                pipe.write(b'{"bound": "many"}\n[1]\n\x80\xff' + random.Random(1).randbytes(60_000))


def run_with(fault: signal.Signals | str, moment_s: float, times: int, *arguments: object) -> tuple[str, int]:
    """Runs the command and strikes its solver processes `times` times, each so long after there are any;
    what it said, and how many were hit."""
    command = engine(*arguments)
    hit: set[int] = set()
    for _ in range(times):
        while command.poll() is None and not set(processes_of(command.pid)) - {command.pid} - hit:
            time.sleep(0.01)
        time.sleep(moment_s)
        for pid in set(processes_of(command.pid)) - {command.pid} - hit:
            with contextlib.suppress(OSError):
                strike(pid, fault)
                hit.add(pid)
    _, said = command.communicate(timeout=120)
    assert command.returncode == DONE, said
    assert list(processes_of(command.pid)) == []
    return said, len(hit)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fixed list that takes search, and a wish list with a plan whose repair needs the linear programme."""
    path = tmp_path_factory.mktemp("faults")
    fixed = "fixed --people 40 --wishes 110 --slots 10 --tables 12 --seed 3"
    wishes = "limits --people 200 --wishes 1500 --slots 12 --tables 90 --absent 0.5"
    for name, family in (("fixed", fixed), ("wishes", wishes)):
        assert main(["generate", *family.split(), "--out", str(path / f"{name}.json")]) == DONE
    solve = ("solve", path / "wishes.json", "--out", path / "plan.json", "--time-limit", 4, "--quiet")
    assert main([str(x) for x in solve]) == DONE
    (path / "changes.json").write_text(json.dumps({"cancelled": [1, 2, 3, 4, 5, 6], "budget": {"moves": 5}}))
    return path


def commands(folder: Path) -> dict[str, tuple[object, ...]]:
    """One command of each kind, with its instance as the second word and `out.json` for its plan."""
    end = ("--out", folder / "out.json", "--quiet", "--time-limit")
    repaired = ("--changes", folder / "changes.json", "--out", folder / "out.json")
    return {
        "fixed": ("solve", folder / "fixed.json", *end, 20),
        "wishes": ("solve", folder / "wishes.json", *end, 5),
        "repair": ("repair", folder / "wishes.json", folder / "plan.json", *repaired),
    }


def assert_plan_is_valid(folder: Path, instance: object) -> None:
    plan = read_json(folder / "out.json")
    data = plan.get("instance") or read_json(Path(str(instance)))
    if data["format"] == FIXED_FORMAT:
        assert list(check_fixed(read_fixed(data), plan["slots"])) == []
    else:
        event = read_event(data)
        assert plan["weight"] > 0
        assert list(check(event, read_plan(event, plan))) == []


@needs_proc
@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("fault", FAULTS, ids=str)
@pytest.mark.parametrize("kind", ["fixed", "wishes", "repair"])
def test_a_plan_outlives_its_solvers(kind: str, fault: signal.Signals | str, seed: int, folder: Path) -> None:
    command = commands(folder)[kind]
    moment = random.Random(f"{kind} {fault} {seed}").uniform(0.0, 0.4)

    said, hit = run_with(fault, moment, 2, *command)

    assert_plan_is_valid(folder, command[1])
    assert hit
    # A process may be hit when it had said all it had to say: then nothing was lost.
    if hit > 1 and fault != NONSENSE:
        assert "note: " in said


@needs_proc
def test_a_stopped_solver_that_reads_nothing_is_not_waited_for() -> None:
    rows = Rows()
    for i in range(300):
        rows.count(range(i, 2_000), 0.0, 10.0)
    began = time.monotonic()
    with Solver(began + 1.0) as solver:
        solver.start()
        assert solver._child is not None
        os.kill(solver._child.pid, signal.SIGSTOP)
        # As if it had said that it is there and stopped then: only sending can block.
        solver._ready = True

        assert solver.solve(-np.ones(2_000), rows, 1.0) is None

    assert time.monotonic() - began < 10
    assert solver.notes == ["HiGHS gave no answer to a programme of 1.0 s and was stopped"]


@needs_proc
def test_a_solver_that_writes_nonsense_is_replaced() -> None:
    rows = Rows()
    rows.count(range(1_000), 0.0, 10.0)
    with Solver() as solver:
        assert solver.solve(-np.ones(1_000), rows, 10.0) is not None
        assert solver._child is not None
        strike(solver._child.pid, NONSENSE)

        answer = solver.solve(-np.ones(1_000), rows, 10.0)

    assert answer is not None
    assert len(answer.columns or ()) == 10
    assert solver.notes == ["the process of HiGHS ended early"]


@needs_proc
def test_solvers_die_with_their_parent() -> None:
    """Inside C code a solver would notice nothing itself."""
    solver = (
        "import os; from serai.engines.scheduling.child import die_with_parent;"
        " die_with_parent(); print(os.getpid(), flush=True)\nwhile True: pass"
    )
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {solver!r}])"
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())

    parent.kill()
    parent.communicate()

    until = time.monotonic() + 20
    while is_alive(pid) and time.monotonic() < until:
        time.sleep(0.05)
    alive = is_alive(pid)
    if alive:
        os.kill(pid, signal.SIGKILL)
    assert not alive


BLOCKER = """
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {blocked!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Blocker())
"""
RUN_ALL = """
import contextlib, io, json, sys
from serai.engines.scheduling.__main__ import DONE, main

said = {}
for name, arguments in json.loads(sys.argv[1]).items():
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(arguments)
    said[name] = [code, out.getvalue() + err.getvalue()]
print(json.dumps(said))
"""
SCIPY_MISSING = "SciPy (HiGHS) is not installed"
SAT_MISSING = "python-sat is not installed"


@pytest.mark.parametrize(
    ("packages", "words"),
    [
        (
            ["scipy"],
            {
                "wishes": SCIPY_MISSING,
                "repair": SCIPY_MISSING,
                "what-if wishes": SCIPY_MISSING,
                "what-if fixed": SCIPY_MISSING,
                "explain fixed": SCIPY_MISSING,
                "bench": "left out or replaced: SciPy (HiGHS)",
            },
        ),
        (["pysat"], {"fixed": SAT_MISSING, "explain fixed": SAT_MISSING, "bench": "replaced: python-sat"}),
        (["hermax"], {"bench": "replaced: hermax (UWrMaxSat)"}),
        (["ortools"], {"bench": "replaced: OR-Tools (CP-SAT)"}),
        (
            PACKAGES,
            {
                "wishes": SCIPY_MISSING,
                "fixed": "hermax (UWrMaxSat) is not installed; the next solver took over",
                "explain fixed": SAT_MISSING,
                "bench": "SciPy (HiGHS), python-sat, hermax (UWrMaxSat), OR-Tools (CP-SAT)",
            },
        ),
    ],
    ids=lambda x: "+".join(x) if isinstance(x, list) else "",
)
def test_a_missing_package_is_told_and_the_next_takes_over(
    packages: list[str], words: dict[str, str], small_folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "sitecustomize.py").write_text(BLOCKER.format(blocked=set(packages)))
    fixed, wishes, plan = (small_folder / f"{name}.json" for name in ("fixed", "wishes", "plan"))
    end = ["--time-limit", 8, "--quiet", "--out"]
    all_commands = {
        "fixed": ["solve", fixed, *end, tmp_path / "fixed.json"],
        "wishes": ["solve", wishes, *end, tmp_path / "wishes.json"],
        "repair": [
            "repair",
            wishes,
            plan,
            "--changes",
            small_folder / "changes.json",
            "--out",
            tmp_path / "r",
        ],
        "what-if wishes": ["what-if", wishes, "--tables", 1],
        "what-if fixed": ["what-if", fixed],
        "explain wishes": ["explain", wishes, plan, "--wish", 1],
        "explain fixed": ["explain", fixed, plan],
        "bench": [
            *("bench", "--sections", "exact,bound", "--published", small_folder, "--only", "fixed"),
            *("--limit", 8, "--peer-limit", 2),
        ],
    }
    asked = json.dumps({name: [str(x) for x in command] for name, command in all_commands.items()})

    done = subprocess.run(
        [sys.executable, "-c", RUN_ALL, asked],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(tmp_path), str(ROOT)))},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert {name: code for name, (code, _) in said.items()} == dict.fromkeys(all_commands, DONE)
    for name, text in words.items():
        assert text in said[name][1], said
    event = read_event(read_json(wishes))
    assert list(check(event, read_plan(event, read_json(tmp_path / "wishes.json")))) == []
    slots = read_json(tmp_path / "fixed.json")["slots"]
    assert list(check_fixed(read_fixed(read_json(fixed)), slots)) == []


@pytest.fixture(scope="module")
def small_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("small")
    fixed = "fixed --people 12 --wishes 20 --slots 6 --tables 4"
    wishes = "wishes --people 16 --wishes 50 --slots 6 --tables 6"
    for name, family in (("fixed", fixed), ("wishes", wishes)):
        assert main(["generate", *family.split(), "--out", str(path / f"{name}.json")]) == DONE
    solve = ("solve", path / "wishes.json", "--out", path / "plan.json", "--time-limit", 2, "--quiet")
    assert main([str(x) for x in solve]) == DONE
    (path / "changes.json").write_text(json.dumps({"cancelled": [1]}))
    return path

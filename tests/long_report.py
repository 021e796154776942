"""Writes how the long run went into `docs/reference/test-long.md`: a line for each set, with date and commit.

`make test-long` loads it. A set is the tests of one file that only the long run has; all others are the last line.
Sets that a run did not touch keep their line, so they can also be run one by one; sets that never ran say so.
"""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

REST = "all others"
HEAD = """# The last long run

What `make test` has no time for: every door with every object, every page in every language, long fuzzing,
many kills. `make test-long` runs it and writes this page; `make test-long ARGS=tests/trust/test_schema.py`
renews the line of that set. The last line, what `make test` runs too, is renewed by runs of all of it only.

Seconds are those of the tests themselves, added up over the processes of the run; load is what the machine had to
do meanwhile, for each of its cores (above 1 the seconds are longer than they need be). A commit with a plus was
changed in places when the set ran on it.

| set | passed | failed | skipped | not run | seconds | load | date | commit |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | --- | --- |
"""
GRAVITY = ("passed", "skipped", "failed")
"""Outcomes of the phases of a test; the last of them that occurs is the test's."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long-report", type=Path, help="the page to write the result of the long run to")


def pytest_configure(config: pytest.Config) -> None:
    page = config.getoption("--long-report")
    if page is not None and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Reporter(page, config.rootpath), "serai-long-report")


def collected(root: Path) -> dict[str, str]:
    """The set of every test there is, whatever the run was asked for, by the id of the test."""
    return {
        test: file_of(test) if mark == "slow" else REST
        for mark in ("slow", "not slow")
        for test in _listed(root, mark)
    }


def _listed(root: Path, mark: str) -> list[str]:
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-m", mark]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    return [line for line in done.stdout.splitlines() if line.startswith("tests/") and "::" in line]


def file_of(test: str) -> str:
    return test.split("::", 1)[0]


class Reporter:
    def __init__(
        self, page: Path, root: Path, collected: Callable[[Path], dict[str, str]] = collected
    ) -> None:
        self.page, self.root, self.collected = page, root, collected
        self.commit = commit_of(root, page)
        self.outcomes: dict[str, str] = {}
        self.seconds: Counter[str] = Counter()
        self.loads: Counter[str] = Counter()
        """Load a core, times the seconds it was borne, by test."""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        test = report.nodeid
        if report.when == "call" or not report.passed:  # one that was only prepared did not run
            self.outcomes[test] = max(self.outcomes.get(test, "passed"), report.outcome, key=GRAVITY.index)
        self.seconds[test] += report.duration  # type: ignore[assignment]
        self.loads[test] += report.duration * os.getloadavg()[0] / (os.cpu_count() or 1)  # type: ignore[assignment]

    def pytest_sessionfinish(self) -> None:
        sets: dict[str, list[str]] = {}
        for test, name in self.collected(self.root).items():
            sets.setdefault(name, []).append(test)
        earlier = rows(self.page.read_text(encoding="utf-8")) if self.page.exists() else {}
        unreadable = {name for name in earlier if (self.root / name).exists()} - sets.keys()
        names = sorted(sets.keys() | unreadable, key=_rest_last)
        lines = [self._line(name, sets.get(name, []), earlier.get(name)) for name in names]
        self.page.parent.mkdir(parents=True, exist_ok=True)
        self.page.write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8")

    def _line(self, name: str, tests: list[str], earlier: str | None) -> str:
        """The line of a set: what this run found, else the earlier one, else that it never ran."""
        ran = [test for test in tests if test in self.outcomes]
        if ran and (name != REST or len(ran) == len(tests)):
            return self._new_line(name, tests, ran)
        return earlier or _row(name, 0, 0, 0, len(tests), "", "", "never", "")

    def _new_line(self, name: str, tests: list[str], ran: list[str]) -> str:
        found = Counter(self.outcomes[test] for test in ran)
        seconds = sum(self.seconds[test] for test in ran)
        load = sum(self.loads[test] for test in ran) / seconds if seconds else 0
        return _row(
            name,
            *(found[outcome] for outcome in ("passed", "failed", "skipped")),
            len(tests) - len(ran),
            round(seconds),
            f"{load:.1f}",
            f"{datetime.now(UTC):%Y-%m-%d}",
            self.commit,
        )


def _rest_last(name: str) -> tuple[bool, str]:
    return name == REST, name


def _row(name: str, *cells: object) -> str:
    shown = name if name == REST else f"`{name}`"
    return f"| {' | '.join(str(cell) for cell in (shown, *cells))} |"


def commit_of(root: Path, page: Path) -> str:
    """The commit, with a plus where the tree differs from it (but for the page itself); a dash outside a checkout."""

    def git(*words: str) -> str:
        done = subprocess.run(["git", *words], cwd=root, capture_output=True, text=True, check=False)
        return done.stdout.rstrip()

    changed = git("status", "--porcelain", "--untracked-files=no").splitlines()
    others = [line for line in changed if (root / line[3:]).resolve() != page.resolve()]
    commit = git("rev-parse", "--short", "HEAD")
    return commit + ("+" if others else "") if commit else "–"


def rows(page: str) -> dict[str, str]:
    """The lines of an earlier page by the name of their set."""
    found = [line for line in page.splitlines() if line.startswith("| ")]
    return {line.split("|")[1].strip().strip("`"): line for line in found[2:]}

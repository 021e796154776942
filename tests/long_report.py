"""Writes how the long run went into `docs/reference/test-long.md`: a line for each set, with date and commit.

`make test-long` loads it. A set is a file of tests with at least one that only the long run has; all others are
the last line. Sets that a run did not touch keep their line, so they can also be run one by one.
"""

import subprocess
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

REST = "all others"
HEAD = """# The last long run

What `make test` has no time for: every door with every object, every page in every language, long fuzzing,
many kills. `make test-long` runs it and writes this page; `make test-long ARGS=tests/trust/test_schema.py`
renews one line. Seconds are those of the tests themselves, added up over the processes of the run.

| set | passed | failed | skipped | seconds | date | commit |
| --- | ---: | ---: | ---: | ---: | --- | --- |
"""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long-report", type=Path, help="the page to write the result of the long run to")


def pytest_configure(config: pytest.Config) -> None:
    page = config.getoption("--long-report")
    if page is not None and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Reporter(page, config.rootpath), "serai-long-report")


class Reporter:
    def __init__(self, page: Path, root: Path) -> None:
        self.page, self.root = page, root
        self.counts: dict[str, Counter[str]] = {}
        self.seconds: Counter[str] = Counter()
        self.slow: set[str] = set()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        file = report.nodeid.split("::", 1)[0]
        if "slow" in report.keywords:
            self.slow.add(file)
        self.seconds[file] += report.duration  # type: ignore[assignment]
        counts = self.counts.setdefault(file, Counter())
        if report.failed:
            counts["failed"] += 1
        elif report.skipped or report.when == "call":
            counts[report.outcome] += 1

    def pytest_sessionfinish(self) -> None:
        lines = rows(self.page.read_text(encoding="utf-8")) if self.page.exists() else {}
        lines |= self._new_rows()
        last = lines.pop(REST, None)
        ordered = [lines[name] for name in sorted(lines)] + ([last] if last else [])
        self.page.write_text(HEAD + "\n".join(ordered) + "\n", encoding="utf-8")

    def _new_rows(self) -> dict[str, str]:
        sets: dict[str, list[str]] = {}
        for file in self.counts:
            sets.setdefault(file if file in self.slow else REST, []).append(file)
        when, commit = f"{datetime.now(UTC):%Y-%m-%d}", self._commit()
        return {name: self._row(name, files, when, commit) for name, files in sets.items()}

    def _row(self, name: str, files: list[str], when: str, commit: str) -> str:
        total: Counter[str] = sum((self.counts[file] for file in files), Counter())
        seconds = sum(self.seconds[file] for file in files)
        figures = [total[outcome] for outcome in ("passed", "failed", "skipped")]
        cells = [f"`{name}`" if name != REST else name, *figures, round(seconds), when, commit]
        return f"| {' | '.join(str(cell) for cell in cells)} |"

    def _commit(self) -> str:
        """The commit, with a plus where the tree differs from it; a dash outside a checkout."""

        def git(*words: str) -> str:
            done = subprocess.run(["git", *words], cwd=self.root, capture_output=True, text=True, check=False)
            return done.stdout.strip()

        commit = git("rev-parse", "--short", "HEAD")
        return (
            commit + ("+" if git("status", "--porcelain", "--untracked-files=no") else "") if commit else "–"
        )


def rows(page: str) -> dict[str, str]:
    """The lines of an earlier page by the name of their set."""
    found = [line for line in page.splitlines() if line.startswith("| ")]
    return {line.split("|")[1].strip().strip("`"): line for line in found[2:]}

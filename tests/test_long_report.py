"""The page of the long run: a line a set, kept until the set is run again."""

from pathlib import Path

import pytest

from tests.long_report import REST, Reporter, rows


def _report(file: str, outcome: str, *keywords: str) -> pytest.TestReport:
    return pytest.TestReport(
        nodeid=f"{file}::test_x",
        location=(file, 1, "test_x"),
        keywords=dict.fromkeys(keywords, 1),
        outcome=outcome,  # type: ignore[arg-type]
        longrepr=None,
        when="call",
        duration=2.0,
    )


def test_sets_that_were_not_run_keep_their_line(tmp_path: Path) -> None:
    page = tmp_path / "test-long.md"
    first = Reporter(page, tmp_path)
    first.pytest_runtest_logreport(_report("tests/a.py", "passed", "slow"))
    first.pytest_runtest_logreport(_report("tests/b.py", "failed", "slow"))
    first.pytest_runtest_logreport(_report("tests/c.py", "passed"))
    first.pytest_sessionfinish()
    second = Reporter(page, tmp_path)
    second.pytest_runtest_logreport(_report("tests/b.py", "passed", "slow"))
    second.pytest_sessionfinish()

    found = rows(page.read_text())

    assert list(found) == ["tests/a.py", "tests/b.py", REST]
    assert found["tests/a.py"].startswith("| `tests/a.py` | 1 | 0 | 0 | 2 |")
    assert found["tests/b.py"].startswith("| `tests/b.py` | 1 | 0 | 0 | 2 |")
    assert found[REST].startswith("| all others | 1 | 0 | 0 | 2 |")

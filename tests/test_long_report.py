"""The page of the long run: a line a set, kept until the set is run again; what did not run is said."""

import subprocess
from pathlib import Path

import pytest

from tests.long_report import REST, Reporter, collected, commit_of, rows

THERE = {
    "tests/a.py::test_x": "tests/a.py",
    "tests/a.py::test_y": "tests/a.py",
    "tests/b.py::test_x": "tests/b.py",
    "tests/b.py::test_quick": REST,
    "tests/c.py::test_x": REST,
}


@pytest.fixture
def page(tmp_path: Path) -> Path:
    return tmp_path / "docs" / "test-long.md"


def run(page: Path, *reports: pytest.TestReport, there: dict[str, str] = THERE) -> dict[str, list[str]]:
    """The cells of each line, without load, date and commit, after a run that gave these reports."""
    reporter = Reporter(page, page.parents[1], lambda root: there)
    for report in reports:
        reporter.pytest_runtest_logreport(report)
    reporter.pytest_sessionfinish()
    return {
        name: [cell.strip() for cell in line.split("|")[2:7]] for name, line in rows(page.read_text()).items()
    }


def phase(test: str, outcome: str = "passed", *, when: str = "call", seconds: float = 2) -> pytest.TestReport:
    return pytest.TestReport(
        nodeid=test,
        location=(test.split("::")[0], 1, "test"),
        keywords={},
        outcome=outcome,  # type: ignore[arg-type]
        longrepr=None,
        when=when,  # type: ignore[arg-type]
        duration=seconds,
    )


def test_sets_that_were_not_run_keep_their_line_and_those_that_never_ran_say_so(page: Path) -> None:
    first = run(page, phase("tests/b.py::test_x", "failed"))
    kept = rows(page.read_text())["tests/b.py"]
    second = run(page, phase("tests/a.py::test_x"), phase("tests/a.py::test_y", "skipped"))

    assert list(first) == list(second) == ["tests/a.py", "tests/b.py", REST]
    assert first["tests/a.py"] == ["0", "0", "0", "2", ""]
    assert "never" in rows(page.read_text())[REST]
    assert first["tests/b.py"] == ["0", "1", "0", "0", "2"]
    assert second["tests/a.py"] == ["1", "0", "1", "0", "4"]
    assert rows(page.read_text())["tests/b.py"] == kept


def test_a_set_that_was_cut_short_says_how_much_of_it_did_not_run(page: Path) -> None:
    assert run(page, phase("tests/a.py::test_y"))["tests/a.py"] == ["1", "0", "0", "1", "2"]


def test_the_line_of_all_others_is_renewed_by_a_run_of_all_of_them_only(page: Path) -> None:
    rest = [test for test, name in THERE.items() if name == REST]

    assert run(page, phase(rest[0]))[REST] == ["0", "0", "0", "2", ""]
    assert run(page, *map(phase, rest))[REST] == ["2", "0", "0", "0", "4"]
    assert run(page, phase(rest[0], "failed"))[REST] == ["2", "0", "0", "0", "4"]


@pytest.mark.parametrize(
    ("outcomes", "counted"),
    [
        ({"setup": "passed"}, ["0", "0", "0"]),
        ({"setup": "failed"}, ["0", "1", "0"]),
        ({"setup": "passed", "call": "passed", "teardown": "failed"}, ["0", "1", "0"]),
        ({"setup": "skipped", "teardown": "passed"}, ["0", "0", "1"]),
        ({"setup": "passed", "call": "failed", "teardown": "passed"}, ["0", "1", "0"]),
    ],
)
def test_a_test_counts_once_by_the_worst_of_its_phases(
    page: Path, outcomes: dict[str, str], counted: list[str]
) -> None:
    phases = [phase("tests/b.py::test_x", outcome, when=when) for when, outcome in outcomes.items()]

    assert run(page, *phases)["tests/b.py"][:3] == counted


def test_a_set_whose_file_is_gone_leaves_and_one_that_cannot_be_read_stays(page: Path) -> None:
    run(page, phase("tests/a.py::test_x"), phase("tests/b.py::test_x"))
    (page.parents[1] / "tests").mkdir()
    (page.parents[1] / "tests/b.py").write_text("not Python")
    broken = {test: name for test, name in THERE.items() if name == REST}

    assert list(run(page, there=broken)) == ["tests/b.py", REST]


def test_the_commit_has_a_plus_where_another_file_was_changed(page: Path) -> None:
    root = page.parents[1]

    def git(*words: str) -> str:
        who = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
        return subprocess.run(
            ["git", *who, *words], cwd=root, check=True, capture_output=True, text=True
        ).stdout.strip()

    outside = commit_of(root, page)
    page.parent.mkdir()
    page.write_text("the page")
    (root / "other").write_text("the product")
    git("init", "-q")
    git("add", ".")
    git("commit", "-q", "-m", "first")
    commit = git("rev-parse", "--short", "HEAD")

    page.write_text("the page of the next set")
    assert commit_of(root, page) == commit
    (root / "other").write_text("changed")
    assert commit_of(root, page) == commit + "+"
    assert outside == "–"


def test_every_test_there_is_belongs_to_a_set(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = slow\n")
    (tmp_path / "tests/test_a.py").write_text(
        "import pytest\n"
        "@pytest.mark.slow\n"
        "@pytest.mark.parametrize('n', [1, 2])\n"
        "def test_long(n): pass\n"
        "def test_short(): pass\n"
    )

    assert collected(tmp_path) == {
        "tests/test_a.py::test_long[1]": "tests/test_a.py",
        "tests/test_a.py::test_long[2]": "tests/test_a.py",
        "tests/test_a.py::test_short": REST,
    }

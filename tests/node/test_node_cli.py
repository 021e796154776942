"""The command `serai` as an operator meets it, in processes of its own."""

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import psutil
import pytest

from serai.node import catalogue, cli, locks, postgres, processes
from serai.node import config as configuration
from serai.node.config import Config
from tests.node.node_support import node_config


def serai(*arguments: str, home: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "SERAI_HOME": str(home), **variables}
    return subprocess.run(
        [sys.executable, "-m", "serai", *arguments], env=env, capture_output=True, text=True, check=False
    )


def still_works(process: psutil.Process) -> bool:
    """Alive, and not merely unburied because the machine's first process buries nobody."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:  # it ended between the two questions
        return False


def free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def test_help_lists_every_command_without_loading_django() -> None:
    code = "import sys; from serai.node import cli; cli.main(['--help']); print('django' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    *overview, loaded = done.stdout.splitlines()
    listed = {line.split()[0] for line in overview if line.startswith("  ")}
    assert loaded == "False"
    assert listed == {*cli.OPERATIONS, *catalogue.entries()}


def test_every_command_says_in_a_line_what_it_does() -> None:
    assert [name for name, entry in catalogue.entries().items() if not entry.help.strip()] == []


@pytest.mark.parametrize("name", list(cli.OPERATIONS))
def test_own_command_explains_itself_with_an_example(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main([name, "--help"])

    assert ended.value.code == 0
    assert f"serai {name}" in capsys.readouterr().out.split("example:")[1]


def test_wrong_configuration_is_one_line(base: Path) -> None:
    done = serai("status", home=base / "home", SERAI_PORT="x")

    assert done.returncode == 1
    assert done.stderr == "serai: SERAI_PORT must be a whole number from 1 to 65535, not 'x'.\n"


def test_status_of_a_node_that_is_stopped(base: Path) -> None:
    done = serai("status", "--json", home=base / "home")

    assert done.returncode == 1
    assert json.loads(done.stdout) == {
        "home": str(base / "home"),
        "running": False,
        "answering": False,
        "address": "",
        "supervisor": None,
        "processes": [],
        "unsupervised": 0,
        "database": {"embedded": True, "ready": False, "pid": None},
    }


def test_command_that_needs_no_database_starts_none(fresh: Config) -> None:
    done = serai("check", home=fresh.home)

    assert done.returncode == 0, done.stderr
    assert postgres.status(fresh).pid is None


def test_command_that_needs_the_database_starts_it(node: Config) -> None:
    done = serai("migrate", "--plan", home=node.home)

    assert done.returncode == 0, done.stderr
    assert postgres.status(node).ready is True


def test_port_in_use_is_named_and_nothing_is_started(fresh: Config) -> None:
    with socket.socket() as squatter:
        squatter.bind(("127.0.0.1", 0))
        squatter.listen()
        port = str(squatter.getsockname()[1])

        done = serai("up", "--port", port, home=fresh.home)

    assert done.returncode == 1
    assert f"port {port}: Address already in use. Set SERAI_PORT" in done.stderr
    assert postgres.status(fresh).pid is None
    assert processes.state(fresh).alive == 0


def test_a_node_goes_up_survives_kills_and_goes_down(node: Config) -> None:
    port = free_port()
    up = serai("up", home=node.home, SERAI_PORT=port)
    assert up.returncode == 0, up.stderr
    assert f"Serai is ready at http://localhost:{port}" in up.stdout
    config = node_config(node.home, SERAI_PORT=port)

    def page() -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=30) as answer:
            return str(answer.read().decode())

    ready = page()
    before = {str(p["name"]): int(str(p["pid"])) for p in processes.state(config).processes}
    every = [psutil.Process(pid) for pid in locks.holders(config.run_dir / "node.lock")]
    again = serai("up", home=node.home, SERAI_PORT=port)
    assert (again.returncode, again.stdout) == (0, f"Serai is running at http://localhost:{port}\n")

    for pid in before.values():
        os.kill(pid, signal.SIGKILL)
    assert page() == ready  # the caller waits; nobody is refused
    assert locks.eventually(lambda: [p["restarts"] for p in processes.state(config).processes] == [1, 1], 10)

    database = postgres.status(config).pid
    assert database is not None
    os.kill(database, signal.SIGKILL)
    assert locks.eventually(lambda: postgres.status(config).pid not in {None, database}, 180)
    assert locks.eventually(lambda: processes.answers(config, int(port)), 180), processes.tail(config)
    every += [psutil.Process(pid) for pid in locks.holders(config.run_dir / "node.lock")]

    down = serai("down", home=node.home)
    assert (down.returncode, down.stdout) == (0, "Serai has stopped.\n")
    # A process that has let go of its files may need a moment more to be gone.
    assert locks.eventually(lambda: not any(map(still_works, every)), 10)
    assert postgres.status(config).pid is None
    assert serai("down", home=node.home).stdout == "Serai was not running.\n"


def test_operating_guide_names_every_variable_and_every_own_command() -> None:
    guide = (catalogue.PACKAGE.parent / "docs" / "operating.md").read_text(encoding="utf-8")

    assert [name for name in configuration.VARIABLES if f"`{name}`" not in guide] == []
    assert [name for name in cli.OPERATIONS if f"serai {name}" not in guide] == []

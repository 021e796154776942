"""The supervisor: what it starts, replaces and ends. Small stand-ins play web server and worker."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from serai.node import locks, postgres, processes
from serai.node.config import Config
from tests.node.node_support import kill_server, node_config

# Answers /readyz on the socket it was handed, as gunicorn does.
WEB = """
import socket, sys
listener = socket.socket(fileno=int(sys.argv[1]))
while True:
    caller, _ = listener.accept()
    caller.recv(4096)
    caller.sendall(b"HTTP/1.0 200 OK\\r\\n\\r\\n")
    caller.close()
"""
WORKER = "import time\nwhile True: time.sleep(60)"
SUPERVISOR = f"""
import socket, sys
from serai.node import config, processes
processes.web_command = lambda config, fd: [sys.executable, "-c", {WEB!r}, str(fd)]
processes.worker_command = lambda config: [sys.executable, "-c", {WORKER!r}]
c = config.load()
try:
    processes.supervise(c, processes.listen(c), on_ready=lambda: print("ready", flush=True))
except processes.NodeError as error:
    sys.exit(str(error))
print("over", flush=True)
"""


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def client(base: Path, port: int) -> Config:
    """A node without a database of its own: what is tested here needs none."""
    return node_config(base / "home", SERAI_PORT=str(port), DATABASE_URL="postgresql://x/y")


@contextmanager
def supervised(config: Config, **variables: str) -> Iterator[subprocess.Popen[str]]:
    env = {
        **os.environ,
        "SERAI_HOME": str(config.home),
        "SERAI_PORT": str(config.port),
        "DATABASE_URL": "postgresql://x/y",
        **variables,
    }
    process = subprocess.Popen(
        [sys.executable, "-c", SUPERVISOR],
        env={name: text for name, text in env.items() if text},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n", process.communicate()[1]
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        process.communicate(timeout=30)


def pids(config: Config) -> dict[str, int]:
    return {str(p["name"]): int(str(p["pid"])) for p in processes.state(config).processes}


def gone(pid: int) -> Callable[[], bool]:
    return lambda: not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_state_tells_what_runs_and_forgets_it_afterwards(client: Config) -> None:
    with supervised(client) as supervisor:
        now = processes.state(client)
        assert (now.supervised, now.ready, now.supervisor, now.port) == (
            True,
            True,
            supervisor.pid,
            client.port,
        )
        assert now.alive == 3
        assert list(pids(client)) == ["web", "worker"]
        assert processes.answers(client, client.port) is True

    after = processes.state(client)
    assert (after.supervised, after.ready, after.alive, after.processes) == (False, False, 0, [])
    assert processes.answers(client, client.port) is False


@pytest.mark.parametrize("name", ["web", "worker"])
def test_killed_process_is_replaced(client: Config, name: str) -> None:
    with supervised(client):
        before = pids(client)
        os.kill(before[name], signal.SIGKILL)

        assert locks.eventually(lambda: pids(client)[name] != before[name], 10)
        assert {n: p for n, p in pids(client).items() if n != name} == {
            n: p for n, p in before.items() if n != name
        }
        assert processes.answers(client, client.port) is True


def test_callers_wait_while_a_killed_web_server_is_replaced(client: Config) -> None:
    with supervised(client):
        killed = pids(client)["web"]
        os.kill(killed, signal.SIGKILL)
        assert locks.eventually(gone(killed), 10)  # until then it may take a caller with it

        assert [processes.answers(client, client.port) for _ in range(5)] == [True] * 5


def test_process_that_fails_again_and_again_is_restarted_ever_more_slowly(
    client: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    supervisor = processes.Supervisor(client, socket.socket(), 0, lambda: None)
    failing = processes.Process("web", [])
    delays = []
    for _ in range(7):
        ended = subprocess.Popen(["false"])
        ended.wait()
        supervisor.running["web"] = ended
        supervisor.started_at["web"] = 1000.0
        supervisor._note_end(failing, now=1001.0)
        delays.append(supervisor.due_at["web"] - 1001.0)
    supervisor.listener.close()

    assert delays == [0.0, 0.5, 2.0, 5.0, 15.0, 30.0, 30.0]


def test_killed_database_is_started_again(node: Config, port: int) -> None:
    config = node_config(node.home, SERAI_PORT=str(port))
    postgres.start(config)
    with supervised(config, DATABASE_URL=""):
        before = postgres.status(config).pid
        kill_server(config)

        assert locks.eventually(lambda: postgres.status(config).ready, 20)
        assert postgres.status(config).pid != before


def test_stop_ends_exactly_this_node(base: Path, client: Config) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        other_port = probe.getsockname()[1]
    other = node_config(base / "other", SERAI_PORT=str(other_port), DATABASE_URL="postgresql://x/y")
    with supervised(client) as one, supervised(other) as two:
        processes_of_one = pids(client).values()

        assert processes.stop(client) is True

        assert one.communicate(timeout=10)[0] == "over\n"
        assert all(gone(pid)() for pid in processes_of_one)
        assert two.poll() is None
        assert processes.answers(other, other.port) is True
    assert processes.stop(client) is False


def test_killed_supervisor_leaves_no_process_behind(client: Config) -> None:
    with supervised(client) as supervisor:
        children = list(pids(client).values())
        supervisor.kill()
        supervisor.communicate()

        assert all(locks.eventually(gone(pid), 10) for pid in children)
        assert processes.state(client).supervised is False
        assert processes.state(client).ready is False


def test_survivors_without_supervisor_are_found_and_ended(client: Config) -> None:
    lock = locks.take(client.run_dir / "node.lock")
    assert lock is not None
    survivor = subprocess.Popen(["sleep", "60"], pass_fds=(lock,))
    os.close(lock)
    bystander = subprocess.Popen(["sleep", "60"])
    assert processes.state(client).alive == 1

    assert processes.stop(client) is True

    assert survivor.wait(5) == -signal.SIGTERM
    assert bystander.poll() is None
    bystander.kill()
    bystander.wait()


def test_stale_state_file_is_not_believed(client: Config) -> None:
    bystander = subprocess.Popen(["sleep", "60"])
    state = {"supervisor": bystander.pid, "ready": True, "processes": [{"name": "web", "pid": bystander.pid}]}
    (client.run_dir / "node.json").write_text(json.dumps(state))

    assert processes.state(client).supervised is False
    assert processes.stop(client) is False

    assert bystander.poll() is None
    bystander.kill()
    bystander.wait()


def test_second_supervisor_is_refused(client: Config) -> None:
    with supervised(client) as first:
        env = {
            **os.environ,
            "SERAI_HOME": str(client.home),
            "DATABASE_URL": "postgresql://x/y",
            "SERAI_PORT": "0",
        }
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            env["SERAI_PORT"] = str(probe.getsockname()[1])
        second = subprocess.run(
            [sys.executable, "-c", SUPERVISOR], env=env, capture_output=True, text=True, check=False
        )

        assert (second.returncode, second.stdout) == (1, "")
        assert "This node is running already" in second.stderr
        assert first.poll() is None


def test_port_in_use_is_named(client: Config) -> None:
    with socket.socket() as squatter:
        squatter.bind(("127.0.0.1", client.port))
        squatter.listen()

        with pytest.raises(
            processes.NodeError, match=rf"port {client.port}: Address already in use. Set SERAI_PORT"
        ):
            processes.listen(client)
        with processes.listen(client, next_free_port=True) as listener:
            assert listener.getsockname()[1] > client.port


def test_address_of_another_machine_is_named(base: Path) -> None:
    config = node_config(base / "home", SERAI_HOST="192.0.2.1")

    with pytest.raises(processes.NodeError, match="SERAI_HOST to an address of this machine"):
        processes.listen(config)


def test_shown_address_follows_the_port_taken(base: Path) -> None:
    config = node_config(base / "home", SERAI_PORT="8000")
    public = node_config(base / "home", SERAI_BASE_URL="https://serai.example.org")

    assert processes.shown_address(config, 8003) == "http://localhost:8003"
    assert processes.shown_address(public, 8000) == "https://serai.example.org"

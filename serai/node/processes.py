"""The web server and the worker of a node, kept running by a small supervisor.

The supervisor opens the listening socket itself and hands it to the web server: while a killed web
server is being replaced, callers wait instead of being refused. It also starts the embedded
database again should that be killed. `run/node.json` tells others what runs; whether it still does
is told by two locks: `run/supervisor.lock` is held by the supervisor, `run/node.lock` by every process.
"""

import ctypes
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import FrameType
from typing import BinaryIO

from serai.node import locks, postgres
from serai.node.config import Config

GRACE_S = 25.0  # for requests and jobs under way when the node is asked to stop
READY_TIMEOUT_S = 300.0
WATCH_S = 1.0  # how often the supervisor looks at the database
RESTART_DELAYS_S = (0.0, 0.5, 2.0, 5.0, 15.0, 30.0)
LONG_LIFE_S = 60.0  # a process that lived this long was well; its next restart is immediate again
LOG_MAX_BYTES = 10 * 2**20
PORTS_TRIED = 20


class NodeError(Exception):
    """The node cannot be started or stopped; the message says why and what to do."""


@dataclass
class Process:
    """One supervised process. `restarts` counts how often it had to be replaced."""

    name: str
    command: list[str] = field(repr=False)
    pid: int = 0
    restarts: int = 0


@dataclass(frozen=True)
class State:
    """What `run/node.json` says, and whether it is true: `alive` counts processes still there.

    `ready` means that the web server has answered since this supervisor started.
    """

    supervised: bool
    ready: bool
    alive: int
    supervisor: int
    address: str
    port: int
    processes: list[dict[str, object]]


# --- seen from outside -------------------------------------------------------------------------


def state(config: Config) -> State:
    """What runs of this node now."""
    supervised = not locks.is_free(_supervisor_lock(config))
    alive = len(locks.holders(_node_lock(config))) if not locks.is_free(_node_lock(config)) else 0
    try:
        noted = json.loads(_state_file(config).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        noted = {}
    return State(
        supervised=supervised,
        ready=supervised and bool(noted.get("ready")),
        alive=alive,
        supervisor=int(noted.get("supervisor", 0)),
        address=str(noted.get("address", "")),
        port=int(noted.get("port", 0)),
        processes=list(noted.get("processes", [])),
    )


def stop(config: Config) -> bool:
    """Stop web server and worker of this node, and only these; True if anything ran."""
    before = state(config)
    if before.supervised:
        with suppress(ProcessLookupError):
            os.kill(before.supervisor, signal.SIGTERM)
        locks.eventually(lambda: locks.is_free(_supervisor_lock(config)), GRACE_S + 10, step_s=0.05)
    survivors = _end_survivors(config)
    _state_file(config).unlink(missing_ok=True)
    return before.supervised or survivors


def _end_survivors(config: Config) -> bool:
    """End processes whose supervisor is gone; True if there were any."""
    lock = _node_lock(config)
    if locks.is_free(lock):
        return False
    for number, patience in ((signal.SIGTERM, GRACE_S), (signal.SIGKILL, 5.0)):
        for pid in locks.holders(lock):
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        if locks.eventually(lambda: locks.is_free(lock), patience, step_s=0.05):
            return True
    raise NodeError(f"Processes {locks.holders(lock)} of this node do not end.")


def listen(config: Config, *, next_free_port: bool = False) -> socket.socket:
    """Open the node's listening socket; with `next_free_port` try the ports after it as well."""
    ports = range(config.port, min(config.port + (PORTS_TRIED if next_free_port else 1), 65536))
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    for port in ports:
        listener = socket.socket(family)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((config.host, port))
        except PermissionError as error:
            listener.close()
            raise NodeError(f"Port {port} needs root. Set SERAI_PORT to one above 1023.") from error
        except OSError as error:
            listener.close()
            if port == ports[-1]:
                raise _cannot_listen(config, port, error) from error
            continue
        listener.listen(2048)
        return listener
    raise AssertionError("unreachable: the last port either listens or raises")


def _cannot_listen(config: Config, port: int, error: OSError) -> NodeError:
    return NodeError(
        f"Cannot listen on {config.host} port {port}: {error.strerror}. "
        "Set SERAI_PORT (or --port) to a free port, SERAI_HOST to an address of this machine."
    )


def wait_until_ready(config: Config, supervisor: subprocess.Popen[bytes]) -> str:
    """The node's address, once it answers; raises NodeError with the end of the log if it does not."""

    def settled() -> bool:
        now = state(config)
        return now.ready or supervisor.poll() is not None or _restarts(now, "web") > 1

    locks.eventually(settled, READY_TIMEOUT_S, step_s=0.05)
    now = state(config)
    if now.ready:
        return now.address
    name = "supervisor" if supervisor.poll() is not None else "web"
    raise NodeError(f"The node does not get ready. {log_file(config, name)} ends:\n{tail(config, name)}")


def _restarts(now: State, name: str) -> int:
    return sum(int(str(p["restarts"])) for p in now.processes if p["name"] == name)


class Probe:
    """One request for `/readyz`, under way. It waits in the listening socket until a server takes it."""

    def __init__(self, config: Config, port: int) -> None:
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(config.host, config.host)  # noqa: S104
        called = config.allowed_hosts[0].lstrip(".").replace("*", "localhost")
        self.connection = socket.create_connection((host, port), timeout=5)
        self.connection.sendall(f"GET /readyz HTTP/1.0\r\nHost: {called}\r\n\r\n".encode())

    def fileno(self) -> int:
        return self.connection.fileno()

    def succeeded(self) -> bool:
        """Whether the answer is 200; waits for it at most the connection's five seconds."""
        try:
            first_line = self.connection.recv(64).split(b"\r\n")[0]
        except OSError:
            return False
        finally:
            self.connection.close()
        return first_line.split(b" ")[1:2] == [b"200"]


def answers(config: Config, port: int) -> bool:
    """Whether the node answers on this port now."""
    try:
        return Probe(config, port).succeeded()
    except OSError:
        return False


def log_file(config: Config, name: str) -> Path:
    return config.log_dir / f"{name}.log"


def tail(config: Config, name: str = "web", lines: int = 15) -> str:
    try:
        text = log_file(config, name).read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return ""
    return "\n".join(text.splitlines()[-lines:])


# --- the supervisor ----------------------------------------------------------------------------


def start_in_background(config: Config, listener: socket.socket) -> subprocess.Popen[bytes]:
    """Run the supervisor in a session of its own, so that it outlives the terminal."""
    with _open_log(config, "supervisor") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "serai.node.processes", str(listener.fileno())],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=(listener.fileno(),),
            start_new_session=True,
        )


def supervise(
    config: Config, listener: socket.socket, *, on_ready: Callable[[], None] = lambda: None
) -> None:
    """Run web server and worker until SIGTERM or SIGINT; calls `on_ready` once the node answers."""
    own = locks.take(_supervisor_lock(config), wait=False)
    if own is None:
        raise NodeError("This node is running already; stop it with: serai down")
    shared = locks.take(_node_lock(config), wait=False)
    if shared is None:
        os.close(own)
        raise NodeError("Processes of this node run without a supervisor; end them with: serai down")
    try:
        Supervisor(config, listener, shared, on_ready).run()
    finally:
        os.close(shared)
        os.close(own)


class Supervisor:
    """Starts the processes, replaces those that die, ends them all when asked to."""

    def __init__(
        self, config: Config, listener: socket.socket, node_lock: int, on_ready: Callable[[], None]
    ) -> None:
        self.config = config
        self.listener = listener
        self.node_lock = node_lock
        self.on_ready = on_ready
        self.stopping = False
        self.ready = False
        self.probe: Probe | None = None
        self.probe_again_at = 0.0
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.started_at: dict[str, float] = {}
        self.due_at: dict[str, float] = {}
        self.failures: dict[str, int] = {}
        self.processes = [
            Process("web", web_command(config, listener.fileno())),
            Process("worker", worker_command(config)),
        ]

    def run(self) -> None:
        # A byte in this pipe wakes the loop: a child ended, or we were asked to stop.
        reader, writer = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        previous_wakeup = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        wanted = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
        previous = {number: signal.signal(number, self._asked_to_stop) for number in wanted}
        previous[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda number, frame: None)
        try:
            for process in self.processes:
                self._start(process)
            while not self.stopping:
                self._wait(reader)
                self._look_after()
        finally:
            self._end_all()
            _state_file(self.config).unlink(missing_ok=True)
            signal.set_wakeup_fd(previous_wakeup)
            for number, handler in previous.items():
                signal.signal(number, handler)
            os.close(reader)
            os.close(writer)

    def _asked_to_stop(self, number: int, frame: FrameType | None) -> None:
        self.stopping = True

    def _wait(self, reader: int) -> None:
        if not self.ready and self.probe is None and time.monotonic() >= self.probe_again_at:
            self.probe = Probe(self.config, self.listener.getsockname()[1])
        waited_for: list[int | Probe] = [reader] if self.probe is None else [reader, self.probe]
        readable, _, _ = select.select(waited_for, [], [], WATCH_S)
        with suppress(BlockingIOError):
            os.read(reader, 4096)
        if self.probe in readable and self.probe is not None:
            self.ready, self.probe = self.probe.succeeded(), None
            self.probe_again_at = time.monotonic() + WATCH_S
            if self.ready:
                self._write_state()
                self.on_ready()

    def _look_after(self) -> None:
        now = time.monotonic()
        for process in self.processes:
            self._note_end(process, now)
            if process.name not in self.running and self.due_at[process.name] <= now and not self.stopping:
                process.restarts += 1
                self._start(process)
        self._look_after_database()

    def _note_end(self, process: Process, now: float) -> None:
        child = self.running.get(process.name)
        if child is None or child.poll() is None:
            return
        del self.running[process.name]
        if now - self.started_at[process.name] > LONG_LIFE_S:
            self.failures[process.name] = 0
        failures = self.failures.get(process.name, 0)
        delay = RESTART_DELAYS_S[min(failures, len(RESTART_DELAYS_S) - 1)]
        self.failures[process.name] = failures + 1
        self.due_at[process.name] = now + delay
        _say(f"{process.name} (process {child.pid}) ended with {child.returncode}; again in {delay:g} s")

    def _look_after_database(self) -> None:
        if not self.config.embedded:
            return
        try:
            if postgres.start(self.config):
                _say("the database server was gone and has been started again")
        except postgres.PostgresError as error:
            _say(f"the database server cannot be started: {error}")

    def _start(self, process: Process) -> None:
        supervisor = os.getpid()

        def end_with_us() -> None:  # in the child, before it becomes the program
            _end_with_parent(supervisor)

        fds = (self.node_lock, self.listener.fileno()) if process.name == "web" else (self.node_lock,)
        with _open_log(self.config, process.name) as log:
            child = subprocess.Popen(
                process.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={"DJANGO_SETTINGS_MODULE": "serai.settings", **os.environ},
                pass_fds=fds,
                preexec_fn=end_with_us,
            )
        process.pid = child.pid
        self.running[process.name] = child
        self.started_at[process.name] = time.monotonic()
        self._write_state()

    def _write_state(self) -> None:
        port = self.listener.getsockname()[1]
        text = json.dumps(
            {
                "supervisor": os.getpid(),
                "address": shown_address(self.config, port),
                "port": port,
                "ready": self.ready,
                "processes": [_public(process) for process in self.processes if process.pid],
            }
        )
        path = _state_file(self.config)
        temporary = path.with_name(path.name + ".new")
        temporary.write_text(text + "\n", encoding="utf-8")
        temporary.replace(path)

    def _end_all(self) -> None:
        for child in self.running.values():
            child.terminate()
        deadline = time.monotonic() + GRACE_S
        for child in self.running.values():
            try:
                child.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()


def _public(process: Process) -> dict[str, object]:
    return {name: value for name, value in asdict(process).items() if name != "command"}


def _end_with_parent(parent: int) -> None:
    """Have the kernel end this process when the supervisor dies (PR_SET_PDEATHSIG, prctl(2))."""
    ctypes.CDLL(None).prctl(1, int(signal.SIGTERM))
    if os.getppid() != parent:  # it died before we asked
        os._exit(1)


def web_command(config: Config, listener: int) -> list[str]:
    """gunicorn on the socket the supervisor listens on."""
    options = {
        "--bind": f"fd://{listener}",
        "--worker-class": "gthread",
        "--workers": str(config.web_workers),
        "--threads": str(config.web_threads),
        "--timeout": "60",
        "--graceful-timeout": "20",
        "--keep-alive": "5",
        "--worker-tmp-dir": "/dev/shm" if os.access("/dev/shm", os.W_OK) else str(config.run_dir),  # noqa: S108
    }
    flat = [part for pair in options.items() for part in pair]
    # Loaded once and forked: the first page comes sooner, and the workers share what they only read.
    return [
        sys.executable,
        "-m",
        "gunicorn",
        *flat,
        "--preload",
        "--config",
        "python:serai.wsgi",
        "--no-control-socket",
        "serai.wsgi:application",
    ]


def worker_command(config: Config, *extra: str) -> list[str]:
    arguments = ["procrastinate", "worker", "--concurrency", str(config.jobs), *extra]
    return [sys.executable, "-m", "serai.node.commands", *arguments]


def shown_address(config: Config, port: int) -> str:
    """The address people type: the configured one, with the port if we had to take another."""
    return config.base_url if port == config.port else config.base_url.replace(f":{config.port}", f":{port}")


def _say(text: str) -> None:
    sys.stderr.write(time.strftime("%Y-%m-%d %H:%M:%SZ ", time.gmtime()) + text + "\n")
    sys.stderr.flush()


def _open_log(config: Config, name: str) -> BinaryIO:
    path = log_file(config, name)
    with suppress(FileNotFoundError):
        if path.stat().st_size > LOG_MAX_BYTES:
            path.replace(path.with_name(path.name + ".1"))
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600), "ab")


def _state_file(config: Config) -> Path:
    return config.run_dir / "node.json"


def _supervisor_lock(config: Config) -> Path:
    return config.run_dir / "supervisor.lock"


def _node_lock(config: Config) -> Path:
    return config.run_dir / "node.lock"


def main(arguments: list[str]) -> int:
    from serai.node import config

    listener = socket.socket(fileno=int(arguments[0]))
    try:
        supervise(config.load(), listener)
    except NodeError as error:
        _say(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

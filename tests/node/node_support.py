"""What the tests of the process side share: making, crashing and discarding nodes."""

import os
import shutil
import signal
import subprocess
import sys
import sysconfig
from contextlib import suppress
from pathlib import Path

import pytest

from serai.node import config as configuration
from serai.node import locks, place, postgres
from serai.node.config import Config

CHECKOUT = Path(__file__).resolve().parents[2]
ROOT = os.geteuid() == 0

needs_root = pytest.mark.skipif(not ROOT, reason="only root can become another user")


def node_config(home: Path, **variables: str) -> Config:
    return configuration.load({"SERAI_HOME": str(home), **variables})


def discard(home: Path) -> None:
    """End everything of the node and remove its files, also those outside the home."""
    if not (home / place.RECORD).exists():
        return
    try:
        where = place.of(home)
    except place.PlaceError:  # a test spoilt it; then nothing ran either
        return
    for lock in (home / "run" / "node.lock", where.alive_lock):
        for pid in locks.holders(lock):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        assert locks.eventually(lambda lock=lock: locks.is_free(lock), 10)
    postgres._reap()
    for directory in (where.root, where.socket_dir):
        shutil.rmtree(directory, ignore_errors=True)


def python_for(uid: int) -> tuple[str, dict[str, str]]:
    """An interpreter that this user can run, with this checkout and its packages; or skip."""
    packages = sysconfig.get_path("purelib")
    env = {"PYTHONPATH": f"{CHECKOUT}{os.pathsep}{packages}", "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
    for python in (sys.executable, "/usr/bin/python3"):
        probe = f"import psycopg, sys; sys.exit(sys.version_info[:2] != {sys.version_info[:2]})"
        with suppress(OSError):
            if run_as(uid, [python, "-c", probe], env=env).returncode == 0:
                return python, env
    pytest.skip(f"no Python that user id {uid} could run with these packages")


def run_as(uid: int, command: list[str], *, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    user = {"user": uid, "group": uid, "extra_groups": []} if uid != os.geteuid() else {}
    return subprocess.run(command, capture_output=True, text=True, env=env, cwd="/", check=False, **user)


def run_python(code: str, home: Path, **variables: str) -> subprocess.Popen[str]:
    """Start Python code in a process of its own, for the node of `home`."""
    env = {**os.environ, "SERAI_HOME": str(home), **variables}
    pipe = subprocess.PIPE
    return subprocess.Popen([sys.executable, "-c", code], env=env, stdout=pipe, stderr=pipe, text=True)


def kill_server(config: Config) -> None:
    """`kill -9` for every process of the database server."""
    where = place.of(config.home)
    for pid in locks.holders(where.alive_lock):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    assert locks.eventually(lambda: locks.is_free(where.alive_lock), 10)

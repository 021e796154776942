"""Nodes for the tests of the process side: each in a directory of its own, gone afterwards."""

import json
import pwd
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from serai.node import place, postgres
from serai.node.config import Config
from tests.node.node_support import discard, node_config, python_for, run_as


@pytest.fixture
def base() -> Iterator[Path]:
    """A directory that every account may enter, as a checkout below /srv or /home would be."""
    directory = Path(tempfile.mkdtemp(prefix="serai-node-"))
    directory.chmod(0o755)
    yield directory
    for record in list(directory.rglob(place.RECORD)):
        discard(record.parent)
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture
def fresh(base: Path) -> Config:
    """A node that has never been started."""
    return node_config(base / "home")


@pytest.fixture(scope="session")
def _prepared() -> Iterator[Path]:
    """A stopped node with a complete database, to copy: quicker than to make one for every test."""
    directory = Path(tempfile.mkdtemp(prefix="serai-prepared-"))
    directory.chmod(0o755)
    home = directory / "home"
    config = node_config(home)
    postgres.start(config)
    postgres.stop(config)
    yield home
    discard(home)
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture
def node(base: Path, _prepared: Path) -> Config:
    """A node whose database is complete and stopped."""
    return node_config(copied(_prepared, base))


def copied(prepared: Path, base: Path) -> Path:
    """The home of a copy of the stopped node."""
    home = base / "home"
    subprocess.run(["cp", "-a", str(prepared), str(home)], check=True)
    (home / "postgres" / "HOME").unlink()
    (home / place.RECORD).write_text(json.dumps({"id": secrets.token_hex(8), "outside": False}))
    return home


@pytest.fixture
def stranger() -> int:
    """The user id of an account that has no business with any node."""
    return pwd.getpwnam("nobody").pw_uid


@pytest.fixture
def as_user() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run Python code as a user: `as_user(uid, code, SERAI_HOME=…)`."""

    def run(uid: int, code: str, **variables: str) -> subprocess.CompletedProcess[str]:
        python, env = python_for(uid)
        return run_as(uid, [python, "-c", code], env={**env, **variables})

    return run

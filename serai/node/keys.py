"""The keys of a node, and changing them. No Django here.

There is one: `keys/secret_key` signs sessions, links in letters and messages between pages. (Tokens, invitations and
calendar addresses are random, and kept as hashes; passwords are hashed by Argon2: none of them depends on it.)
After a rotation the key before is in `keys/previous.json` with the time until which it still opens what it signed.
Whoever comes back meanwhile is signed anew; after it nothing accepts it, also in processes that run on.
"""

import json
import os
import secrets
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from serai.node import locks, processes
from serai.node.config import Config, ConfigError

SECRET = "secret_key"  # noqa: S105  the name of the file
PREVIOUS = "previous.json"
GRACE_HOURS = 14 * 24
"""As long as a session lasts."""
RESTART_TIMEOUT_S = 120.0


class KeysError(ConfigError):
    """The keys cannot be changed; the message says why and what to do."""


@dataclass(frozen=True)
class Previous:
    """A key that was replaced, and until when it is accepted (seconds since 1970)."""

    key: str
    until: float


class Fallbacks(list[str]):
    """For SECRET_KEY_FALLBACKS: the keys before, each only for its time, whenever Django looks."""

    def __init__(self, before: list[Previous]) -> None:
        super().__init__(previous.key for previous in before)
        self._before = before

    def __iter__(self) -> Iterator[str]:
        now = time.time()
        return iter([previous.key for previous in self._before if previous.until > now])

    def __len__(self) -> int:
        return sum(1 for _key in self)


def previous(keys_dir: Path) -> list[Previous]:
    """The keys before, newest first, those that have ended left out. Raises KeysError for a spoilt file."""
    path = keys_dir / PREVIOUS
    try:
        entries = json.loads(path.read_text(encoding="ascii"))
        found = [Previous(str(e["key"]), float(e["until"])) for e in entries]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise KeysError(
            f"{path} cannot be read ({error}); without it, who is signed in signs in again."
        ) from error
    return [p for p in found if p.until > time.time()]


def rotate(config: Config, *, grace_hours: float = GRACE_HOURS) -> datetime:
    """Make a new key; the one before is accepted for `grace_hours` more. Returns when that ends.

    With 0 all earlier keys end at once, as after a theft. Processes that run take the new key when they start.
    """
    if os.environ.get("SERAI_SECRET_KEY", "").strip():
        raise KeysError(
            "The key comes from SERAI_SECRET_KEY, not from SERAI_HOME: unset the variable for this command and the "
            "node, then the node keeps its own keys."
        )
    with locks.held(config.run_dir / "keys.lock"):
        until = time.time() + grace_hours * 3600
        current = (config.keys_dir / SECRET).read_text(encoding="ascii").strip()
        before = [Previous(current, until), *previous(config.keys_dir)] if grace_hours > 0 else []
        # The list first: a crash in between leaves a key that is both, which harms nothing.
        entries = [{"key": p.key, "until": p.until} for p in before]
        _write(config.keys_dir / PREVIOUS, json.dumps(entries) + "\n")
        _write(config.keys_dir / SECRET, secrets.token_urlsafe(64) + "\n")
    return datetime.fromtimestamp(until, UTC)


def restart(config: Config) -> bool:
    """Have the supervisor replace web server and worker, so that they sign with the new key; callers wait meanwhile.

    False if the node does not run. Raises KeysError if they are not back in time.
    """
    before = processes.state(config)
    if not before.supervised:
        return False
    pids = _pids(before)
    # A job under way may finish, but not for ever: what a killed worker leaves is handed out anew.
    for number, patience in ((signal.SIGTERM, processes.GRACE_S), (signal.SIGKILL, 5.0)):
        for pid in pids & _pids(processes.state(config)):
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        if locks.eventually(lambda: not pids & _pids(processes.state(config)), patience, step_s=0.2):
            break

    def is_back() -> bool:
        now = processes.state(config)
        return not pids & _pids(now) and processes.answers(config, now.port)

    if not locks.eventually(is_back, RESTART_TIMEOUT_S, step_s=0.2):
        raise KeysError(
            "The keys are changed, but the node did not come back: look at serai status, then serai up."
        )
    return True


def _pids(state: processes.State) -> set[int]:
    return {int(str(process["pid"])) for process in state.processes}


def _write(path: Path, text: str) -> None:
    temporary = path.with_name(f".{path.name}.new")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)

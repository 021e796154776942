"""Locks that say who is alive.

A process number in a file may belong to somebody else by the time it is read. A lock on a file
does not lie: the kernel drops it when the last process that holds it is gone, however it died.
"""

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def take(path: Path, *, wait: bool = True) -> int | None:
    """Lock `path` and return its descriptor; close it to let go. None if it is taken and not `wait`.

    Hand the descriptor to a child (`pass_fds`) and the child's whole family holds the lock too.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return None
    return handle


@contextmanager
def held(path: Path) -> Iterator[int]:
    """Wait for the lock on `path` and hold it; yields the descriptor."""
    handle = take(path)
    assert handle is not None
    try:
        yield handle
    finally:
        os.close(handle)


def is_free(path: Path) -> bool:
    """Whether nobody holds the lock on `path`."""
    if not path.exists():
        return True
    handle = take(path, wait=False)
    if handle is None:
        return False
    os.close(handle)
    return True


def holders(path: Path) -> list[int]:
    """The processes (that we may look into) which have `path` open, ourselves left out."""
    try:
        wanted = path.stat()
    except FileNotFoundError:
        return []
    others = (int(name) for name in os.listdir("/proc") if name.isdigit() and int(name) != os.getpid())
    return [pid for pid in others if _has_open(pid, wanted)]


def _has_open(pid: int, wanted: os.stat_result) -> bool:
    with suppress(OSError):  # the process ended, or is not ours to look into
        for name in os.listdir(f"/proc/{pid}/fd"):
            with suppress(OSError):
                found = os.stat(f"/proc/{pid}/fd/{name}")
                if (found.st_dev, found.st_ino) == (wanted.st_dev, wanted.st_ino):
                    return True
    return False


def eventually(condition: Callable[[], bool], timeout_s: float, *, step_s: float = 0.02) -> bool:
    """Ask until `condition` holds; False when the time is up.

    For what nobody can be woken by: a lock with a time limit, a status file, a web page.
    """
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(step_s)
    return True

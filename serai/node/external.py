"""The checks of a server named by `DATABASE_URL`."""

from typing import Any

import psycopg
from psycopg import sql

from serai.node.cluster import EXTENSIONS
from serai.node.errors import PostgresError

MIN_VERSION = 150000
MIN_VECTOR = (0, 8)


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

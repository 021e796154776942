"""The checks of a server named by `DATABASE_URL`, and the rights of the role in `SERAI_DATABASE_APP_URL`."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql

from serai.node import roles
from serai.node.cluster import EXTENSIONS
from serai.node.config import Config, role_of
from serai.node.errors import PostgresError

MIN_VERSION = 150000
MIN_VECTOR = (0, 8)


def check_external(config: Config) -> None:
    """Raise PostgresError unless the server can carry Serai; add missing extensions and rights."""
    owner, app = config.owner_database, config.database
    where = f"The database {owner['NAME']} at {owner['HOST'] or 'the default socket'}"
    with connected(owner, f"{where} (DATABASE_URL)") as connection:
        _check_server(connection, where)
        _check_extensions(connection, where)
        if app != owner:
            with connected(app, f"{where} (SERAI_DATABASE_APP_URL)"):
                roles.grant(connection, role_of(app))


@contextmanager
def connected(entry: dict[str, Any], where: str) -> Iterator[psycopg.Connection[Any]]:
    """An autocommit connection by an entry of DATABASES; raises PostgresError when it cannot be made."""
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
            yield connection
    except psycopg.OperationalError as error:
        raise PostgresError(f"{where} cannot be reached: {str(error).strip()}") from error


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

"""Work as the owner of the tables, for what the application's role may not do (`node.roles`)."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.db import connection

from serai.node import roles
from serai.node.config import role_of

_WHO = ("USER", "PASSWORD", "HOST", "PORT", "OPTIONS")


@contextmanager
def as_owner() -> Iterator[None]:
    """In this block this thread's connection is the owner's. Not inside a transaction: it is another connection."""
    connection.validate_no_atomic_block()
    mine = connection.settings_dict
    connection.close()
    connection.settings_dict = {**mine, **_owner()}
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict = mine


def _owner() -> dict[str, Any]:
    return {key: settings.CONFIG.owner_database[key] for key in _WHO}


def measure_tables() -> None:
    """After many rows came at once: count anew what the planner goes by, beside what this thread is doing."""
    line = connection.copy()
    line.settings_dict.update(_owner())
    try:
        with line.cursor() as cursor:
            cursor.execute("ANALYZE")
    finally:
        line.close()


def give_rights() -> None:
    """As the owner: let the application's role work with what there is now."""
    connection.ensure_connection()
    roles.grant(connection.connection, role_of(settings.CONFIG.database))

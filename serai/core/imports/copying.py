"""Many new rows at once: PostgreSQL's COPY, from unsaved model instances."""

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from django.db import connection, models
from django.utils import timezone
from psycopg import sql

M = TypeVar("M", bound=models.Model)


def copy_in(model: type[M], rows: Sequence[M]) -> None:
    """Insert `rows` (new, complete) with COPY: about ten times the speed of bulk_create, same constraints.

    Runs in the caller's transaction. Auto-now fields are set here, as `save` would.
    """
    if not rows:
        return
    fields = [f for f in model._meta.concrete_fields if not (isinstance(f, models.AutoField) or f.generated)]
    now = timezone.now()
    for field in fields:
        if getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False):
            for row in rows:
                setattr(row, field.attname, now)
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(model._meta.db_table),
        sql.SQL(", ").join([sql.Identifier(str(f.column)) for f in fields]),
    )
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for values in _values(fields, rows):
            copy.write_row(values)


def _values(fields: Sequence[Any], rows: Iterable[models.Model]) -> Iterable[list[Any]]:
    attributes = [(f, f.attname) for f in fields]
    for row in rows:
        yield [f.get_db_prep_save(getattr(row, name), connection) for f, name in attributes]

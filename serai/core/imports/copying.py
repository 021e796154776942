"""Many new rows at once: PostgreSQL's COPY, from unsaved model instances or from plain values."""

from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Any, TypeVar
from uuid import uuid4

from django.db import connection, models
from django.utils import timezone
from psycopg import sql

from serai.core import fence

M = TypeVar("M", bound=models.Model)


def copy_in(model: type[M], rows: Sequence[M]) -> None:
    """Insert `rows` (new, complete) with COPY: about ten times the speed of bulk_create, same constraints.

    Runs in the caller's transaction. Auto-now fields are set here, as `save` would. PostgreSQL copies nothing
    into a table with row-level security (`core.fence`): there rows are inserted.
    """
    if not rows:
        return
    if model._meta.db_table in fence.guarded_tables():
        model._base_manager.bulk_create(rows, batch_size=1000)
        return
    fields = [f for f in model._meta.concrete_fields if not (isinstance(f, models.AutoField) or f.generated)]
    now = timezone.now()
    for field in fields:
        if getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False):
            for row in rows:
                setattr(row, field.attname, now)
    read = attrgetter(*(f.attname for f in fields))
    _copy(model, fields, (read(row) for row in rows))


def copy_values(model: type[M], names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Insert rows given as values of the columns `names` (attribute names), in the types the columns have.

    Key and times of a record are made here; columns that are not named get the model's plain default. Nothing
    is asked of the model's code, so this is for rows whose values were checked when they were read.
    """
    columns = {f.attname: f for f in model._meta.concrete_fields}
    now = timezone.now()
    made: list[Any] = []
    fields: list[Any] = [columns[name] for name in names]
    for name, field in columns.items():
        if name in names or isinstance(field, models.AutoField) or field.generated:
            continue
        fields.append(field)
        if field.primary_key:
            made.append(uuid4)
        elif getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False):
            made.append(lambda: now)
        else:
            made.append(field.get_default)
    _copy(model, fields, ([*row, *(make() for make in made)] for row in rows))


def _copy(model: type[M], fields: Sequence[Any], rows: Iterable[Sequence[Any]]) -> None:
    """Only JSON needs Django's own preparation; everything else psycopg writes as Django would."""
    prepared = [n for n, field in enumerate(fields) if isinstance(field, models.JSONField)]
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(model._meta.db_table),
        sql.SQL(", ").join([sql.Identifier(str(f.column)) for f in fields]),
    )
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            if prepared:
                values = list(row)
                for place in prepared:
                    values[place] = fields[place].get_db_prep_save(values[place], connection)
                copy.write_row(values)
            else:
                copy.write_row(row)

"""The second fence: PostgreSQL itself keeps the texts of the parties from whoever is not one of them.

The rules of `policies.py` come first. Where a text belongs to two parties only, its table has row-level security
besides (FORCED, so that the owner of the table is under it too), and a query that forgot its rule still finds
nothing. The subject goes along with each statement that names such a table, by `SET LOCAL` in its transaction:
a connection never carries one person's subject on to another, also behind a pool.

A request begins as nobody's and becomes that of who asks (`wsgi`, `SubjectMiddleware`, `accounts.door`). The
worker and the commands are the node itself: imports, jobs, backups. Method: PostgreSQL documentation, "Row Security Policies".
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from typing import Any

from django.db import models, transaction
from django.db.backends.signals import connection_created
from django.http import HttpRequest, HttpResponse

from serai.core.viewer import Viewer

NODE, NOBODY = "node", ""
_STATEMENTS = ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "DECLARE", "(", "EXPLAIN")

_tables: set[str] = set()
_subject: ContextVar[str] = ContextVar("subject", default=NODE)


def guard(*guarded: type[models.Model]) -> None:
    """Say that the tables of these models have row-level security, so that statements on them name a subject."""
    _tables.update(model._meta.db_table for model in guarded)


def guarded_tables() -> frozenset[str]:
    return frozenset(_tables)


def leave() -> None:
    """Called where a request comes in: from here on nobody asks, also while its answer is sent."""
    _subject.set(NOBODY)


def become(viewer: Viewer) -> None:
    """From here to the end of the request the subject is this person, as after a token was read."""
    _subject.set(str(viewer.pk) if viewer.pk else NOBODY)


@contextmanager
def subject(who: str) -> Iterator[None]:
    """Run a block as a person's id, as `NOBODY`, or as the `NODE` where it asks for itself and shows nobody."""
    before = _subject.set(who)
    try:
        yield
    finally:
        _subject.reset(before)


class SubjectMiddleware:
    """The subject of a request is who is signed in."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with subject(NOBODY):
            become(request.user)
            return self.get_response(request)


def _send(execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
    """Name the subject in the transaction of a statement that touches a guarded table."""
    text = str(sql)
    if not text.lstrip().startswith(_STATEMENTS) or not any(table in text for table in _tables):
        return execute(sql, params, many, context)
    connection = context["connection"]
    alone = not connection.in_atomic_block and connection.get_autocommit()
    with transaction.atomic(using=connection.alias) if alone else nullcontext():
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('serai.subject', %s, true)", [_subject.get()])
        return execute(sql, params, many, context)


def _watch(connection: Any, **kwargs: Any) -> None:
    if connection.vendor == "postgresql" and _send not in connection.execute_wrappers:
        connection.execute_wrappers.append(_send)


connection_created.connect(_watch, dispatch_uid="serai.core.fence")

"""Looking through every text of the database: columns of text, JSON and lists of text, whatever table they are in.

The log is left alone: its rows cannot be changed, and hold no names. So are wordings and titles of agreements:
they are what was signed.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection

from serai.core.models import AuditEntry

_UNTOUCHED = (AuditEntry._meta.db_table, "agreements_agreementtext", "agreements_agreementbody")
_COLUMNS = """
    SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod)
    FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid
    WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
      AND has_table_privilege(c.oid, %s) AND a.attnum > 0 AND NOT a.attisdropped
      AND a.attgenerated = '' AND a.atttypid IN
        ('text'::regtype, 'varchar'::regtype, 'jsonb'::regtype, 'text[]'::regtype, 'varchar[]'::regtype)
    ORDER BY 1, 2
"""


@dataclass(frozen=True)
class Found:
    """In how many rows of a column a word stands."""

    table: str
    column: str
    rows: int


def replace(addresses: Iterable[str], instead: str) -> dict[str, list[dict[str, Any]]]:
    """Put `instead` where one of the addresses stands. Returns the rows that were changed, by table."""
    pattern, changed = _pattern(addresses), dict[str, list[dict[str, Any]]]()
    with connection.cursor() as cursor:
        for table, column, kind in _columns("UPDATE", but=_UNTOUCHED):
            cursor.execute(
                f'UPDATE "{table}" SET "{column}" = regexp_replace("{column}"::text, %(p)s, %(i)s, \'gi\')::{kind} '  # noqa: S608
                f'WHERE "{column}"::text ~* %(p)s RETURNING *',
                {"p": pattern, "i": instead},
            )
            names = [part.name for part in cursor.description or ()]
            changed.setdefault(table, []).extend(
                dict(zip(names, row, strict=True)) for row in cursor.fetchall()
            )
    return changed


def find(words: Iterable[str]) -> list[Found]:
    """Where one of the words still stands, in any letter case; the tables that nothing changes are looked through too."""
    pattern = _pattern(words)
    with connection.cursor() as cursor:
        return [found for found in _found(cursor, pattern) if found.rows]


def _found(cursor: Any, pattern: str) -> Iterator[Found]:
    for table, column, _kind in _columns("SELECT"):
        cursor.execute(f'SELECT count(*) FROM "{table}" WHERE "{column}"::text ~* %s', [pattern])  # noqa: S608
        yield Found(table, column, cursor.fetchone()[0])


def _columns(right: str, *, but: Iterable[str] = ()) -> list[tuple[str, str, str]]:
    """Table, column and type of every text that this role may read or change."""
    with connection.cursor() as cursor:
        cursor.execute(_COLUMNS, [right])
        return [row for row in cursor.fetchall() if row[0] not in but]


def _pattern(words: Iterable[str]) -> str:
    """A PostgreSQL expression for any of the words, not in the middle of a longer one."""
    alternatives = "|".join(re.sub(r"([^\w\s])", r"\\\1", word) for word in sorted(words))
    return rf"(?<![\w.+-])(?:{alternatives})(?![\w-])"

"""What the application's role may do in the database: work with rows, and nothing that shapes the database.

The owner of the tables migrates, backs up and restores. Web server, worker and commands connect as a role of their
own that owns nothing: it cannot alter, empty or drop a table, switch a trigger off, touch a policy, create anything,
or become another role. Its rights are given anew after every migration, table by table, never by default privileges:
a table that is to be narrower is never wide, not for a moment.
"""

from typing import Any

import psycopg
from psycopg import sql

ROWS = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE"})
NUMBERS = frozenset({"USAGE"})
NARROWER: dict[str, frozenset[str]] = {
    # The log is numbered and chained by its trigger, which works as the owner (core, 0011).
    "core_auditentry": frozenset({"SELECT", "INSERT"}),
    "core_audithead": frozenset({"SELECT"}),
    "django_migrations": frozenset({"SELECT"}),
}

_FOUND = """
    SELECT c.relname, c.relkind = 'S', array_remove(array_agg(right_.privilege_type::text), NULL)
    FROM pg_class AS c
    LEFT JOIN LATERAL (
        SELECT a.privilege_type FROM aclexplode(c.relacl) AS a
        WHERE a.grantee = (SELECT oid FROM pg_roles WHERE rolname = %s)
    ) AS right_ ON true
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
    AND pg_has_role(c.relowner, 'USAGE')
    GROUP BY c.oid, c.relname, c.relkind ORDER BY c.relname
"""
_CALLED_BY_ALL = """
    SELECT p.oid::regprocedure::text FROM pg_proc AS p
    WHERE p.prosecdef AND p.pronamespace = 'public'::regnamespace AND pg_has_role(p.proowner, 'USAGE')
    AND has_function_privilege(%s, p.oid, 'EXECUTE')
"""


def grant(connection: psycopg.Connection[Any], role: str) -> None:
    """As the owner: give `role` its rights in this database and take every other; no statement if it has them.

    `connection` is in autocommit mode. Safe to call from several processes at once. Where the owner and the
    application share one role there is nothing to give.
    """
    if role in {"", connection.info.user}:
        return
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(hashtext('serai.roles'))")
        for statement in [*_around(connection, role), *_in_tables(connection, role)]:
            connection.execute(statement)


def _around(connection: psycopg.Connection[Any], role: str) -> list[sql.Composed]:
    """Passing through the schema, but making nothing in it, nor temporary tables, nor calls as the owner."""
    name = sql.Identifier(role)
    database = sql.Identifier(connection.info.dbname)
    through, making, temporary = connection.execute(
        "SELECT has_schema_privilege(%(role)s, 'public', 'USAGE'), has_schema_privilege(%(role)s, 'public', 'CREATE'),"
        " has_database_privilege(%(role)s, current_database(), 'TEMPORARY')",
        {"role": role},
    ).fetchone() or (True, False, False)
    statements = []
    if not through:
        statements.append(sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(name))
    if making:
        statements.append(sql.SQL("REVOKE CREATE ON SCHEMA public FROM PUBLIC, {}").format(name))
    if temporary:
        statements.append(sql.SQL("REVOKE TEMPORARY ON DATABASE {} FROM PUBLIC, {}").format(database, name))
    for (function,) in connection.execute(_CALLED_BY_ALL, (role,)).fetchall():
        # Its trigger fires all the same; but nobody hangs it on a table of their own.
        revoke = f"REVOKE EXECUTE ON FUNCTION {function} FROM PUBLIC, {{}}"
        statements.append(sql.SQL(revoke).format(name))  # type: ignore[arg-type]
    return statements


def _in_tables(connection: psycopg.Connection[Any], role: str) -> list[sql.Composed]:
    """What is missing and what is too much, by table and sequence."""
    statements = []
    for relation, is_sequence, found in connection.execute(_FOUND, (role,)).fetchall():
        wanted = NUMBERS if is_sequence else NARROWER.get(relation, ROWS)
        kind = "SEQUENCE" if is_sequence else "TABLE"
        for verb, way, rights in (
            ("GRANT", "TO", wanted - set(found)),
            ("REVOKE", "FROM", set(found) - wanted),
        ):
            if rights:
                text = f"{verb} {', '.join(sorted(rights))} ON {kind} public.{{}} {way} {{}}"
                names = sql.Identifier(relation), sql.Identifier(role)
                statements.append(sql.SQL(text).format(*names))  # type: ignore[arg-type]
    return statements


_MORE = {
    "passes row-level security": "(SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user)",
    "makes roles": "(SELECT rolcreaterole FROM pg_roles WHERE rolname = current_user)",
    "owns tables, or can become their owner": "EXISTS (SELECT FROM pg_class WHERE relnamespace = 'public'::regnamespace"
    " AND relkind IN ('r', 'p') AND pg_has_role(relowner, 'MEMBER'))",
    "changes the audit log": "EXISTS (SELECT FROM pg_class WHERE oid = to_regclass('public.core_auditentry')"
    " AND has_table_privilege(oid, 'UPDATE, DELETE, TRUNCATE'))",
    "makes tables": "has_schema_privilege('public', 'CREATE')",
    "makes temporary tables": "has_database_privilege(current_database(), 'TEMPORARY')",
}


def too_much(connection: psycopg.Connection[Any]) -> list[str]:
    """What the role of this connection can do besides its work, in words; empty when all is well."""
    answers = connection.execute(f"SELECT {', '.join(_MORE.values())}".encode()).fetchone() or ()
    return [words for words, can in zip(_MORE, answers, strict=True) if can]

"""The application's role works with rows and cannot touch what guards them. The control: its owner can."""

import pytest
from django.db import ProgrammingError, connection, transaction

from serai.core.models import AuditEntry, AuditHead
from serai.core.owner import as_owner, give_rights
from serai.node import roles
from tests.core.test_audit import _entry

pytestmark = pytest.mark.django_db(transaction=True)

GUARDED = "exchange_listingcontact"
ONLY_THE_OWNER = [
    "ALTER TABLE core_auditentry DISABLE TRIGGER core_audit_keep",
    "ALTER TABLE core_auditentry DISABLE TRIGGER ALL",
    "DROP TRIGGER core_audit_chain ON core_auditentry",
    "CREATE TRIGGER mine BEFORE INSERT ON core_auditentry FOR EACH ROW EXECUTE FUNCTION core_audit_keep()",
    "CREATE OR REPLACE FUNCTION core_audit_keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
    "ALTER FUNCTION core_audit_chain() SECURITY INVOKER",
    "TRUNCATE core_auditentry",
    "DROP TABLE core_auditentry",
    "INSERT INTO core_audithead (id, seq, hash) VALUES (2, 0, '')",
    "UPDATE core_audithead SET seq = 0",
    "DELETE FROM core_audithead",
    "DELETE FROM django_migrations",
    f"ALTER TABLE {GUARDED} NO FORCE ROW LEVEL SECURITY",
    f"ALTER TABLE {GUARDED} DISABLE ROW LEVEL SECURITY",
    f"ALTER POLICY node_and_parties ON {GUARDED} USING (true)",
    f"DROP POLICY node_and_parties ON {GUARDED}",
    f"CREATE POLICY mine ON {GUARDED} USING (true)",
    f"TRUNCATE {GUARDED}",
    "ALTER TABLE events_meetingseat ADD COLUMN mine integer",
    "CREATE INDEX mine ON accounts_user (email)",
    "CREATE TABLE mine (n integer)",
    "CREATE TEMPORARY TABLE mine (n integer)",
    "CREATE VIEW mine AS SELECT * FROM accounts_user",
    "CREATE FUNCTION mine() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
    "CREATE SCHEMA mine",
    "SELECT setval('procrastinate_jobs_id_seq', 1)",
    "SET ROLE serai",
]
NOT_EVEN_THE_OWNER = [
    "ALTER ROLE CURRENT_USER BYPASSRLS",
    "ALTER ROLE CURRENT_USER CREATEROLE",
    "CREATE ROLE mine",
    "SET session_replication_role = replica",
    "COPY accounts_user TO PROGRAM 'cat'",
    "CREATE EXTENSION dblink",
]


class Undone(Exception):  # noqa: N818
    """The statement was let through and is taken back."""


def run(statement: str) -> None:
    """Raise Undone if the statement succeeds, else what the database says."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
        raise Undone


@pytest.mark.parametrize("statement", ONLY_THE_OWNER)
def test_what_shapes_the_database_is_refused_to_the_application_and_open_to_the_owner(statement: str) -> None:
    with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"):
        run(statement)

    with as_owner(), pytest.raises(Undone):
        run(statement)


@pytest.mark.parametrize("statement", NOT_EVEN_THE_OWNER)
def test_neither_role_becomes_more_than_it_is(statement: str) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"):
        run(statement)
    with as_owner(), pytest.raises(ProgrammingError, match="permission denied"):
        run(statement)


@pytest.mark.parametrize(
    "statement", ["UPDATE core_auditentry SET payload = 'x'", "DELETE FROM core_auditentry"]
)
def test_only_the_owner_can_take_the_trigger_away_that_keeps_the_log(statement: str) -> None:
    _entry("one")
    without = f"ALTER TABLE core_auditentry DISABLE TRIGGER core_audit_keep; {statement}"

    with pytest.raises(ProgrammingError, match="must be owner"):
        run(without)
    with as_owner(), pytest.raises(Undone):
        run(without)

    assert AuditEntry.objects.get().payload == "one"


def test_the_log_is_chained_for_a_role_that_cannot_chain_it() -> None:
    _entry("one")

    assert AuditEntry.objects.get().hash == AuditHead.objects.get().hash
    with connection.cursor() as cursor:
        cursor.execute("SELECT has_function_privilege('core_audit_chain()', 'EXECUTE')")
        assert cursor.fetchone() == (False,)  # a trigger of its own with it would number what it likes


def test_without_its_owner_the_chain_does_not_close() -> None:
    """The control: it is the function's owner who numbers, not who writes."""
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("ALTER FUNCTION core_audit_chain() SECURITY INVOKER")
    try:
        with pytest.raises(ProgrammingError, match="permission denied for table core_audithead"):
            _entry("one")
    finally:
        with as_owner(), connection.cursor() as cursor:
            cursor.execute("ALTER FUNCTION core_audit_chain() SECURITY DEFINER")


def test_the_application_has_these_rights_in_every_table_and_no_other() -> None:
    rights = ["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER", "MAINTAIN"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version_num')::int >= 170000")
        if cursor.fetchone() == (False,):
            rights.remove("MAINTAIN")
        cursor.execute(
            "SELECT c.relname, array(SELECT r FROM unnest(%s::text[]) AS r WHERE has_table_privilege(c.oid, r))"
            " FROM pg_class AS c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')",
            [rights],
        )
        found = {table: frozenset(has) for table, has in cursor.fetchall()}

    assert found == {table: roles.NARROWER.get(table, roles.ROWS) for table in found}
    assert roles.NARROWER.keys() <= found.keys()


def test_rights_in_a_new_table_come_with_the_migration_that_makes_it() -> None:
    with as_owner():
        with connection.cursor() as cursor:
            cursor.execute("CREATE TABLE made_later (n integer GENERATED ALWAYS AS IDENTITY, at serial)")
            cursor.execute("GRANT TRUNCATE ON made_later TO serai_app")
        try:
            give_rights()
            with connection.cursor() as cursor:
                cursor.execute("SELECT has_table_privilege('serai_app', 'made_later', 'INSERT, UPDATE')")
                assert cursor.fetchone() == (True,)
                cursor.execute("SELECT has_table_privilege('serai_app', 'made_later', 'TRUNCATE')")
                assert cursor.fetchone() == (False,)
                cursor.execute("SELECT has_sequence_privilege('serai_app', 'made_later_at_seq', 'USAGE')")
                assert cursor.fetchone() == (True,)
        finally:
            with connection.cursor() as cursor:
                cursor.execute("DROP TABLE made_later")


def test_what_a_role_has_too_much_is_told() -> None:
    connection.ensure_connection()
    assert roles.too_much(connection.connection) == []
    with as_owner():
        connection.ensure_connection()
        assert roles.too_much(connection.connection) == [
            "owns tables, or can become their owner", "changes the audit log", "makes tables", "makes temporary tables",
        ]  # fmt: skip


def test_the_owner_is_not_become_inside_a_transaction() -> None:
    with transaction.atomic(), pytest.raises(transaction.TransactionManagementError), as_owner():
        pass

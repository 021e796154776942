"""The two roles of a node: whose the tables are, and who works in them; also after an upgrade and a restore."""

from pathlib import Path

import psycopg
import pytest

from serai.node import backup, doctor, place, postgres, roles
from serai.node.config import Config, ConfigError
from tests.node.node_support import node_config

TABLES = "CREATE TABLE core_auditentry (id integer); CREATE TABLE offer (n serial, title text)"


def as_application(config: Config, *statements: str) -> object:
    """What the last of these statements returns for the application's role."""
    with psycopg.connect(postgres.url(config, app=True), autocommit=True) as connection:
        for statement in statements:
            cursor = connection.execute(statement.encode())
        return cursor.fetchone() if cursor.description else None


def as_owner(config: Config, statements: str) -> None:
    with postgres.connect(config) as connection:
        connection.execute(statements.encode())


def give(config: Config) -> None:
    with postgres.connect(config) as connection:
        roles.grant(connection, "serai_app")


def from_before(config: Config) -> None:
    """Make the database of a running node what it was when one role did everything."""
    as_owner(config, TABLES)
    with postgres.connect(config, admin=True) as connection:
        connection.execute("DROP OWNED BY serai_app")
        connection.execute("DROP ROLE serai_app")
        connection.execute("GRANT TEMPORARY ON DATABASE serai TO PUBLIC")
        where = place.of(config.home)
        identities = where.data / "pg_ident.conf"
        lines = identities.read_text().splitlines()
        identities.write_text("\n".join(line for line in lines if "serai_app" not in line) + "\n")
        connection.execute("SELECT pg_reload_conf()")
    note = where.root / "prepared"
    note.write_text(note.read_text().split()[0] + "\n")


def refused(config: Config, statement: str) -> bool:
    try:
        as_application(config, statement)
    except psycopg.errors.InsufficientPrivilege:
        return True
    return False


def test_application_and_owner_are_two_roles_and_neither_passes_row_security(node: Config) -> None:
    postgres.start(node)

    with postgres.connect(node) as connection:
        found = connection.execute(
            "SELECT rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolcanlogin FROM pg_roles"
            " WHERE rolname LIKE 'serai%' ORDER BY rolname"
        ).fetchall()
        belongs = connection.execute(
            "SELECT count(*) FROM pg_auth_members WHERE member::regrole::text ~ '^serai'"
        )
        assert belongs.fetchone() == (0,)
    assert found == [
        ("serai", False, False, False, True, True),
        ("serai_admin", True, True, True, True, True),
        ("serai_app", False, False, False, False, True),
    ]
    assert (node.database["USER"], node.owner_database["USER"]) == ("serai_app", "serai")


def test_application_works_with_rows_and_makes_nothing(node: Config) -> None:
    postgres.start(node)
    as_owner(node, TABLES)
    give(node)

    assert as_application(node, "INSERT INTO offer (title) VALUES ('x') RETURNING n") == (1,)
    as_application(node, "INSERT INTO core_auditentry VALUES (1)")
    wrong = ["CREATE TABLE t (n int)", "CREATE TEMPORARY TABLE t (n int)", "DROP TABLE offer", "TRUNCATE offer",
             "CREATE DATABASE t", "SET ROLE serai", "DELETE FROM core_auditentry"]  # fmt: skip
    assert [statement for statement in wrong if not refused(node, statement)] == []


def test_giving_rights_twice_changes_nothing_and_takes_what_is_too_much(node: Config) -> None:
    postgres.start(node)
    as_owner(node, TABLES)
    give(node)
    as_owner(node, "GRANT TRUNCATE ON offer TO serai_app; GRANT DELETE ON core_auditentry TO serai_app")
    assert not refused(node, "TRUNCATE offer")  # the control

    give(node)
    assert refused(node, "TRUNCATE offer")
    assert refused(node, "DELETE FROM core_auditentry")
    with postgres.connect(node) as connection:
        assert roles._in_tables(connection, "serai_app") == roles._around(connection, "serai_app") == []


@pytest.mark.parametrize("stopped", [True, False])
def test_node_of_an_earlier_version_gets_the_second_role(node: Config, stopped: bool) -> None:
    postgres.start(node)
    from_before(node)
    if stopped:
        postgres.stop(node)
    else:
        with pytest.raises(psycopg.OperationalError):
            as_application(node, "SELECT 1")

    assert postgres.start(node) is stopped

    assert as_application(node, "INSERT INTO offer (title) VALUES ('x')", "SELECT n FROM offer") == (1,)
    assert refused(node, "DELETE FROM core_auditentry")
    assert refused(node, "CREATE TEMPORARY TABLE t (n int)")


def test_restored_node_gives_the_application_its_rights(node: Config, base: Path) -> None:
    postgres.start(node)
    as_owner(node, TABLES)
    as_owner(node, "INSERT INTO offer VALUES (7, 'seven')")
    give(node)

    backup.back_up(node, base / "backup")
    restored = node_config(base / "restored")
    backup.restore(restored, base / "backup")

    assert as_application(restored, "SELECT n FROM offer") == (7,)
    assert refused(restored, "DELETE FROM core_auditentry")


# --- a server of one's own -----------------------------------------------------------------------


def test_external_server_with_two_roles(node: Config, base: Path) -> None:
    postgres.start(node)
    as_owner(node, TABLES)
    with postgres.connect(node, admin=True) as connection:
        connection.execute("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM serai_app")
    client = node_config(
        base / "client",
        DATABASE_URL=postgres.url(node),
        SERAI_DATABASE_APP_URL=postgres.url(node, app=True),
    )

    assert refused(client, "SELECT * FROM offer")
    postgres.start(client)

    assert not refused(client, "SELECT * FROM offer")
    assert refused(client, "DELETE FROM core_auditentry")
    assert [f.level for f in doctor.examine(client) if f.check == "roles"] == [doctor.OK]


def test_external_server_with_one_role_is_told_how_to_make_the_second(node: Config, base: Path) -> None:
    postgres.start(node)
    as_owner(node, TABLES)
    client = node_config(base / "client", DATABASE_URL=postgres.url(node))

    postgres.start(client)

    (finding,) = [f for f in doctor.examine(client) if f.check == "roles"]
    assert finding.level == doctor.WARNING
    assert "owns tables" in finding.text
    assert "CREATE ROLE serai_app LOGIN" in finding.advice
    assert client.database == client.owner_database


def test_role_that_cannot_enter_is_named(node: Config, base: Path) -> None:
    postgres.start(node)
    address = postgres.url(node, app=True).replace("serai_app", "nobody_here")
    client = node_config(base / "client", DATABASE_URL=postgres.url(node), SERAI_DATABASE_APP_URL=address)

    with pytest.raises(postgres.PostgresError, match=r"SERAI_DATABASE_APP_URL\) cannot be reached"):
        postgres.start(client)


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"SERAI_DATABASE_APP_URL": "postgresql://a@h/serai"}, "goes with DATABASE_URL"),
        ({"DATABASE_URL": "postgresql://a@h/x", "SERAI_DATABASE_APP_URL": "postgresql://b@h/y"}, "same database"),
        ({"DATABASE_URL": "postgresql://a@h/x", "SERAI_DATABASE_APP_URL": "postgresql://a@h/x"}, "role of its own"),
        ({"DATABASE_URL": "postgresql://a@h/x", "SERAI_DATABASE_APP_URL": "postgresql:///x?host=h"}, "role of its own"),
        ({"DATABASE_URL": "postgresql://a@h/x", "SERAI_DATABASE_APP_URL": "mysql://b@h/x"}, "SERAI_DATABASE_APP_URL"),
    ],
)  # fmt: skip
def test_addresses_that_do_not_go_together_are_refused(
    base: Path, variables: dict[str, str], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        node_config(base / "home", **variables)

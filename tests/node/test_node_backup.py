"""Backup, restore and doctor."""

import json
import os
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from serai.node import backup, doctor, postgres
from serai.node.config import Config
from tests.node.node_support import node_config


def filled(config: Config) -> Config:
    """A node with rows, a foreign key, forced row-level security, files and mail."""
    postgres.start(config)
    with postgres.connect(config) as connection:
        connection.execute("CREATE TABLE offer (id integer PRIMARY KEY, title text, at vector(2))")
        connection.execute(
            "INSERT INTO offer SELECT n, 'Übersicht ' || n, '[1,2]' FROM generate_series(1, 500) n"
        )
        connection.execute("CREATE TABLE sealed (id integer REFERENCES offer, body text)")
        connection.execute("INSERT INTO sealed SELECT id, 'sealed ' || id FROM offer")
        connection.execute("ALTER TABLE sealed ENABLE ROW LEVEL SECURITY")
        connection.execute("ALTER TABLE sealed FORCE ROW LEVEL SECURITY")
        connection.execute(
            "CREATE POLICY nobody ON sealed USING (current_setting('app.who', true) = 'party')"
        )
    (config.media_dir / "2026").mkdir()
    (config.media_dir / "2026" / "面板 plan.pdf").write_bytes(os.urandom(3_000_000))
    (config.mail_dir / "one.eml").write_text("Subject: hello\n")
    return config


def content(config: Config) -> tuple[object, ...]:
    with postgres.connect(config) as connection:
        connection.execute("SET app.who = 'party'")
        row = connection.execute(
            "SELECT (SELECT md5(string_agg(offer::text, '|' ORDER BY id)) FROM offer),"
            " (SELECT md5(string_agg(sealed::text, '|' ORDER BY id)) FROM sealed),"
            " (SELECT relforcerowsecurity FROM pg_class WHERE relname = 'sealed'),"
            " (SELECT tableowner FROM pg_tables WHERE tablename = 'sealed')"
        ).fetchone()
    assert row is not None
    return row


def test_restored_node_is_the_node_that_was_backed_up(node: Config, base: Path) -> None:
    filled(node)

    made = backup.back_up(node, base / "backup")
    home = base / "restored"
    backup.require_empty_home(home)
    restored = node_config(home)
    read = backup.restore(restored, base / "backup")

    assert made == read
    assert content(restored) == content(node)
    assert content(node)[2:] == (True, "serai")
    assert node_config(home).secret_key == node.secret_key
    for name in ("media/2026/面板 plan.pdf", "mail/one.eml", "keys/secret_key"):
        assert (home / name).read_bytes() == (node.home / name).read_bytes()
    assert stat.S_IMODE((home / "keys" / "secret_key").stat().st_mode) == 0o600


def test_backup_is_private(node: Config, base: Path) -> None:
    backup.back_up(filled(node), base / "backup")

    modes = {
        stat.S_IMODE(p.stat().st_mode) & 0o077
        for p in (base / "backup").rglob("*")
        if p.name != "manifest.json"
    }
    assert modes == {0}
    assert stat.S_IMODE((base / "backup").stat().st_mode) == 0o700


def test_backup_into_a_directory_with_files_is_refused(node: Config, base: Path) -> None:
    (base / "backup").mkdir()
    (base / "backup" / "precious").write_text("x")

    with pytest.raises(backup.BackupError, match="is not empty"):
        backup.back_up(node, base / "backup")


def spoil_byte(directory: Path) -> None:
    path = directory / "database.dump"
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        byte = file.read(1)
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte[0] ^ 1]))


def remove_file(directory: Path) -> None:
    (directory / "files" / "mail" / "one.eml").unlink()


def add_file(directory: Path) -> None:
    (directory / "files" / "media" / "planted.html").write_text("x")


def remove_manifest(directory: Path) -> None:
    (directory / "manifest.json").unlink()


def cut_manifest(directory: Path) -> None:
    path = directory / "manifest.json"
    path.write_text(path.read_text()[:-40])


def climb_out(directory: Path) -> None:
    path = directory / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["files"]["../../etc/passwd"] = {"sha256": "0", "size": 1}
    path.write_text(json.dumps(manifest))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (spoil_byte, "has changed since"),
        (remove_file, r"lacks files/mail/one\.eml"),
        (add_file, "does not name"),
        (remove_manifest, "no complete backup"),
        (cut_manifest, "not a manifest"),
        (climb_out, "lacks"),
    ],
)
def test_spoilt_backup_is_refused_before_anything_is_restored(
    node: Config, base: Path, spoil: object, message: str
) -> None:
    backup.back_up(filled(node), base / "backup")
    assert callable(spoil)
    spoil(base / "backup")

    with pytest.raises(backup.BackupError, match=message):
        backup.restore(node_config(base / "new"), base / "backup")

    assert postgres.status(node_config(base / "new")).pid is None
    assert list((base / "new" / "media").iterdir()) == []


def test_backup_of_a_later_version_is_refused(node: Config, base: Path) -> None:
    backup.back_up(filled(node), base / "backup")
    path = base / "backup" / "manifest.json"
    path.write_text(path.read_text().replace('"serai": "0.', '"serai": "99.'))

    with pytest.raises(backup.BackupError, match="made by Serai 99"):
        backup.restore(node_config(base / "new"), base / "backup")


def test_restore_over_a_used_node_is_refused(node: Config, base: Path) -> None:
    backup.back_up(filled(node), base / "backup")

    with pytest.raises(backup.BackupError, match="is not empty"):
        backup.require_empty_home(node.home)
    with pytest.raises(backup.BackupError, match="holds tables already"):
        backup.restore(node, base / "backup")


def test_backup_of_an_external_database_restores_into_an_embedded_one(node: Config, base: Path) -> None:
    filled(node)
    with postgres.connect(node, admin=True) as connection:
        # As docs/operating.md says: what backs up must see every row.
        connection.execute("ALTER ROLE serai BYPASSRLS")
    client = node_config(base / "client", DATABASE_URL=postgres.url(node))

    backup.back_up(client, base / "backup")
    restored = node_config(base / "new")
    backup.restore(restored, base / "backup")

    assert content(restored) == content(node)


def test_backup_that_row_level_security_would_thin_out_fails(node: Config, base: Path) -> None:
    filled(node)
    client = node_config(base / "client", DATABASE_URL=postgres.url(node))

    with pytest.raises(backup.BackupError, match="row-level security policy"):
        backup.back_up(client, base / "backup")


def test_backup_by_the_owner_of_an_external_database_holds_what_the_fence_guards(
    node: Config, base: Path
) -> None:
    postgres.start(node)
    with postgres.connect(node) as connection:
        connection.execute("CREATE TABLE wording AS SELECT 'the wording'::text AS body")
        connection.execute("ALTER TABLE wording ENABLE ROW LEVEL SECURITY")
        connection.execute("ALTER TABLE wording FORCE ROW LEVEL SECURITY")
        connection.execute(
            "CREATE POLICY node_and_parties ON wording USING (current_setting('serai.subject', true) = 'node')"
        )
        assert connection.execute("SELECT count(*) FROM wording").fetchone() == (0,)
    client = node_config(base / "client", DATABASE_URL=postgres.url(node))

    backup.back_up(client, base / "backup")
    restored = node_config(base / "new")
    backup.restore(restored, base / "backup")

    with postgres.connect(restored) as connection:
        assert connection.execute("SELECT count(*) FROM wording").fetchone() == (0,)  # still under its rule
    with postgres.connect(restored, admin=True) as connection:
        assert connection.execute("SELECT body FROM wording").fetchall() == [("the wording",)]


def test_commands_back_up_check_and_restore(node: Config, base: Path) -> None:
    filled(node)

    def serai(*arguments: str, home: Path) -> tuple[int, str]:
        env = {**os.environ, "SERAI_HOME": str(home)}
        command = [sys.executable, "-m", "serai", *arguments]
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    where = str(base / "backup")
    code, text = serai("backup", where, "--json", home=node.home)
    assert (code, json.loads(text)["files"]) == (0, 4)
    assert serai("restore", where, "--check", home=base / "new")[0] == 0
    assert not (base / "new").exists()
    assert serai("restore", where, home=node.home)[0] == 1
    assert serai("restore", where, home=base / "new")[0] == 0
    assert content(node_config(base / "new")) == content(node)


# --- doctor ------------------------------------------------------------------------------------


def found(config: Config) -> dict[str, str]:
    levels: dict[str, str] = {}
    for finding in doctor.examine(config):
        if finding.level != doctor.OK:
            levels[finding.check] = finding.level
            assert finding.advice
    return levels


@pytest.mark.parametrize("name", ["with spaces", 'quote\'s "two" $HOME `id`'])
def test_doctor_prints_the_line_that_reaches_the_database(base: Path, name: str) -> None:
    config = node_config(base / name)
    postgres.start(config)
    try:
        (line,) = [f.text for f in doctor.examine(config) if f.text.startswith("reached by: ")]
        command = f"{line.removeprefix('reached by: ')} -tAc 'SELECT 7'"
        done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=False)
    finally:
        postgres.stop(config)

    assert (done.stdout.strip(), done.returncode) == ("7", 0), done.stderr


def test_doctor_warns_of_what_a_demonstration_may_and_production_may_not(base: Path) -> None:
    levels = found(node_config(base / "home"))

    expected = {"address": "warning", "mail": "warning", "database": "warning", "backup": "warning"}
    assert levels | expected == levels
    assert doctor.ERROR not in levels.values()


def test_doctor_finds_nothing_wrong_with_a_safe_configuration(base: Path) -> None:
    config = node_config(
        base / "home",
        SERAI_BASE_URL="https://serai.example.org",
        SERAI_ALLOWED_HOSTS=".example.org",
        SERAI_MAIL="smtps://smtp.example.org",
    )
    (config.home / backup.LAST).write_text(
        json.dumps({"made": datetime.now(UTC).isoformat(), "directory": "/b"})
    )

    assert set(found(config)) <= {"account", "database", "disk", "fonts"}


@pytest.mark.parametrize(
    ("variables", "check"),
    [
        ({"SERAI_DEBUG": "1"}, "debug"),
        ({"SERAI_ALLOWED_HOSTS": "*"}, "hosts"),
        ({"SERAI_ALLOWED_HOSTS": "a.example", "SERAI_BASE_URL": "https://b.example"}, "hosts"),
        ({"DATABASE_URL": "postgresql://serai@127.0.0.1:9/x"}, "database"),
    ],
)
def test_doctor_calls_what_is_dangerous_an_error(base: Path, variables: dict[str, str], check: str) -> None:
    assert found(node_config(base / "home", **variables))[check] == doctor.ERROR


def test_doctor_sees_open_permissions(base: Path) -> None:
    config = node_config(base / "home")
    (config.keys_dir / "secret_key").chmod(0o644)
    config.home.chmod(0o777)

    levels = found(config)
    assert (levels["keys"], levels["home"]) == (doctor.ERROR, doctor.ERROR)


def test_doctor_calls_a_late_backup_late(base: Path) -> None:
    config = node_config(base / "home")
    made = datetime.now(UTC) - timedelta(days=3)
    (config.home / backup.LAST).write_text(json.dumps({"made": made.isoformat(), "directory": "/b"}))

    assert found(config)["backup"] == doctor.WARNING


def test_doctor_shows_every_variable_and_no_secret(base: Path) -> None:
    config = node_config(
        base / "home", DATABASE_URL="postgresql://ana:hunter2@x/y", SERAI_MAIL="smtp://ana:hunter2@x"
    )

    shown = doctor.variables(config)
    assert list(shown) == list(doctor.configuration.VARIABLES)
    assert "hunter2" not in json.dumps(shown)


def test_exit_code_is_that_of_the_worst_finding() -> None:
    well = doctor.Finding("a", doctor.OK, "")
    warning = doctor.Finding("b", doctor.WARNING, "")
    error = doctor.Finding("c", doctor.ERROR, "")

    assert [doctor.exit_code(f) for f in ([], [well], [well, warning], [error, warning])] == [0, 0, 1, 2]

"""The embedded server in the situations that break servers."""

import contextlib
import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import psycopg
import pytest

from serai.node import binaries, cluster, external, locks, place, postgres
from serai.node.config import Config
from tests.node.node_support import kill_server, needs_root, node_config, run_python

START = "from serai.node import config, postgres; print(postgres.start(config.load()))"
QUERY = """
import sys
from serai.node import config, postgres
c = config.load()
postgres.start(c)
with postgres.connect(c) as k:
    print(k.execute("SELECT count(*) FROM pg_extension WHERE extname = 'vector'").fetchone()[0])
postgres.stop(c)
"""


def value(config: Config, query: str, *, admin: bool = False, database: str = "") -> object:
    with postgres.connect(config, admin=admin, database=database) as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]


def make_rows(config: Config) -> None:
    with postgres.connect(config) as connection:
        connection.execute("CREATE TABLE kept (n integer PRIMARY KEY)")
        connection.execute("INSERT INTO kept SELECT generate_series(1, 1000)")


def count_rows(config: Config) -> object:
    return value(config, "SELECT count(*) FROM kept")


# --- an ordinary life --------------------------------------------------------------------------


def test_first_start_makes_a_complete_database(fresh: Config) -> None:
    assert postgres.start(fresh) is True

    with postgres.connect(fresh) as connection:
        extensions = {row[0] for row in connection.execute("SELECT extname FROM pg_extension")}
    assert extensions == {"plpgsql", *cluster.EXTENSIONS}
    settings = ("data_checksums", "synchronous_commit", "fsync", "full_page_writes", "jit", "server_encoding")
    assert [value(fresh, f"SHOW {name}") for name in settings] == ["on", "on", "on", "on", "off", "UTF8"]


def test_databases_the_owner_creates_have_the_extensions(node: Config) -> None:
    postgres.start(node)

    with postgres.connect(node, database="postgres") as connection:
        connection.execute("CREATE DATABASE test_serai")
    assert value(node, "SELECT '[1,2]'::halfvec::text", database="test_serai") == "[1,2]"


def test_second_start_finds_it_running(node: Config) -> None:
    postgres.start(node)
    pid = postgres.status(node).pid

    assert postgres.start(node) is False
    assert postgres.status(node).pid == pid


def test_stop_and_start_keep_the_data(node: Config) -> None:
    postgres.start(node)
    make_rows(node)

    assert postgres.stop(node) is True
    assert postgres.stop(node) is False
    assert postgres.status(node).ready is False
    assert locks.holders(place.of(node.home).alive_lock) == []
    assert postgres.start(node) is True
    assert count_rows(node) == 1000


def test_two_nodes_run_side_by_side(base: Path) -> None:
    first, second = node_config(base / "one"), node_config(base / "two")

    postgres.start(first)
    postgres.start(second)
    make_rows(first)

    assert postgres.status(first).pid != postgres.status(second).pid
    assert value(second, "SELECT to_regclass('kept')::text") is None
    postgres.stop(first)
    assert postgres.status(second).ready is True


def test_server_outlives_the_session_that_started_it(node: Config) -> None:
    starter = subprocess.Popen(
        [sys.executable, "-c", START + "; input()"],
        env={**os.environ, "SERAI_HOME": str(node.home)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert starter.stdout is not None
    assert starter.stdout.readline() == b"True\n"

    os.killpg(starter.pid, signal.SIGKILL)
    starter.communicate()

    pid = postgres.status(node).pid
    assert pid is not None
    assert os.getsid(pid) == pid
    assert postgres.status(node).ready is True


# --- who may connect ---------------------------------------------------------------------------


def test_server_listens_on_no_port(node: Config) -> None:
    postgres.start(node)

    pid = postgres.status(node).pid
    assert pid is not None
    server = psutil.Process(pid)
    listening = []
    for process in (server, *server.children()):
        with contextlib.suppress(psutil.NoSuchProcess, FileNotFoundError):  # a worker of it that just ended
            listening += process.net_connections(kind="inet")
    assert server.is_running()
    assert listening == []


def test_alter_system_cannot_open_a_port(node: Config) -> None:
    postgres.start(node)
    with postgres.connect(node, admin=True) as connection:
        connection.execute("ALTER SYSTEM SET listen_addresses = '*'")

    postgres.stop(node)
    postgres.start(node)

    assert value(node, "SHOW listen_addresses") == ""


@needs_root
def test_stranger_is_refused_by_directory_socket_and_server(
    node: Config, stranger: int, as_user: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    postgres.start(node)
    socket_dir = place.of(node.home).socket_dir
    attempts = [
        f"import psycopg; psycopg.connect(host={str(socket_dir)!r}, user={role!r}, dbname='postgres')"
        for role in ("serai", "serai_app", "serai_admin", "postgres", "nobody")
    ]

    refused = [as_user(stranger, code) for code in attempts]
    assert [(a.returncode, "Permission denied" in a.stderr) for a in refused] == [(1, True)] * len(attempts)

    # Even with the directory and the socket opened wide, the server itself asks the kernel who calls.
    socket_dir.chmod(0o777)
    (socket_dir / place.SOCKET_FILE).chmod(0o777)
    refused = [as_user(stranger, code) for code in attempts]
    assert [(a.returncode, "eer authentication failed" in a.stderr) for a in refused] == [(1, True)] * len(
        attempts
    )

    # The attempt itself is sound: root may.
    assert as_user(0, attempts[0]).returncode == 0


@needs_root
def test_stranger_cannot_read_what_the_node_keeps(
    node: Config, stranger: int, as_user: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    postgres.start(node)
    where = place.of(node.home)
    paths = [where.data / "PG_VERSION", where.log / "postgres.log", node.home / "keys" / "secret_key"]
    assert [path.exists() for path in paths] == [True] * 3

    reads = [as_user(stranger, f"open({str(path)!r})") for path in paths]
    lists = [
        as_user(stranger, f"import os; os.listdir({str(path)!r})") for path in (node.home, node.media_dir)
    ]

    assert ["PermissionError" in answer.stderr for answer in [*reads, *lists]] == [True] * 5


def test_log_holds_nothing_people_wrote(node: Config) -> None:
    postgres.start(node)
    with postgres.connect(node) as connection:
        connection.execute("CREATE TABLE offer (title text UNIQUE)")
        connection.execute("INSERT INTO offer VALUES ('secret-reactor')")
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("INSERT INTO offer VALUES (%s)", ("secret-reactor",))
        with pytest.raises(psycopg.errors.UndefinedColumn):
            connection.execute("SELECT secret_reactor FROM offer")

    log = (place.of(node.home).log / "postgres.log").read_text()
    assert "duplicate key value" in log
    assert "secret-reactor" not in log


# --- places ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["with spaces", "مركز 創新 ö", "comma, 'quote' \"double\" $HOME `id` %p \\", "@at"]
)
def test_odd_paths_work(base: Path, name: str) -> None:
    node = node_config(base / name / "home")

    postgres.start(node)

    assert value(node, "SELECT 1") == 1
    assert place.of(node.home).data.is_relative_to(base / name)
    url = postgres.url(node)
    with psycopg.connect(url) as connection:
        assert connection.info.dbname == "serai"
    postgres.stop(node)


def test_path_too_long_for_a_socket_gets_a_short_private_directory(base: Path) -> None:
    node = node_config(base / ("d" * 120) / "home")

    postgres.start(node)

    socket_dir = place.of(node.home).socket_dir
    found = socket_dir.stat()
    assert len(str(socket_dir)) < 50
    assert stat.S_IMODE(found.st_mode) == 0o700
    assert value(node, "SELECT 1") == 1
    postgres.stop(node)


def test_short_directory_that_somebody_else_made_is_refused(base: Path) -> None:
    node = node_config(base / ("d" * 120) / "home")
    socket_dir = place.of(node.home).socket_dir
    socket_dir.parent.mkdir(exist_ok=True, mode=0o711)
    socket_dir.symlink_to(base)

    with pytest.raises(postgres.PostgresError, match="belongs to somebody else"):
        postgres.start(node)

    socket_dir.unlink()


def modes(path: Path) -> dict[str, tuple[int, int, int]]:
    found = {directory: directory.lstat() for directory in (path, *path.parents)}
    return {str(p): (s.st_mode, s.st_uid, s.st_gid) for p, s in found.items()}


@needs_root
def test_home_below_a_private_directory_works_and_opens_nothing(base: Path) -> None:
    private = base / "root"
    private.mkdir(mode=0o700)
    (private / "project").mkdir(mode=0o750)
    before = modes(private / "project")
    binaries_before = modes(Path(sys.prefix) / "lib")

    node = node_config(private / "project" / "home")
    postgres.start(node)

    where = place.of(node.home)
    assert where.root.parent == place.SYSTEM_STATE
    assert where.owner_note.read_text() == f"{node.home}\n"
    assert value(node, "SELECT 1") == 1
    assert modes(private / "project") == before
    assert modes(Path(sys.prefix) / "lib") == binaries_before
    assert stat.S_IMODE(where.data.stat().st_mode) == 0o700
    postgres.stop(node)


def test_existing_home_keeps_its_mode(base: Path) -> None:
    home = base / "home"
    home.mkdir()
    home.chmod(0o755)

    postgres.start(node_config(home))

    assert stat.S_IMODE(home.stat().st_mode) == 0o755


@needs_root
def test_binaries_under_a_private_directory_are_copied(
    fresh: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = binaries.runs

    def hidden_venv(folder: Path, account: object, cwd: Path) -> str:
        in_home = folder.is_relative_to(fresh.home)
        return runs(folder, account, cwd) if in_home else ""  # type: ignore[arg-type]

    monkeypatch.setattr(binaries, "runs", hidden_venv)

    postgres.start(fresh)

    pid = postgres.status(fresh).pid
    assert pid is not None
    assert Path(f"/proc/{pid}/exe").resolve().is_relative_to(fresh.home)
    assert value(fresh, "SELECT '[1,2]'::vector::text") == "[1,2]"


@needs_root
def test_normal_user_runs_its_own_server(
    base: Path, stranger: int, as_user: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    theirs = base / "theirs"
    theirs.mkdir()
    os.chown(theirs, stranger, stranger)

    answer = as_user(stranger, QUERY, SERAI_HOME=str(theirs / "home"))

    assert (answer.stdout, answer.stderr, answer.returncode) == ("1\n", "", 0)
    assert (theirs / "home" / "postgres" / "data").stat().st_uid == stranger


@needs_root
def test_home_of_another_user_is_refused(base: Path, stranger: int) -> None:
    from serai.node.config import ConfigError

    home = base / "home"
    home.mkdir()
    os.chown(home, stranger, stranger)

    with pytest.raises(ConfigError, match="belongs to user id"):
        node_config(home)


def test_copied_home_does_not_serve_the_original_database(base: Path) -> None:
    original = node_config(base / "original")
    postgres.start(original)
    copy = base / "copy"
    copy.mkdir()
    (copy / place.RECORD).write_text((original.home / place.RECORD).read_text())
    (copy / "postgres").mkdir()
    (copy / "postgres" / "HOME").write_text(f"{original.home}\n")

    with pytest.raises(postgres.PostgresError, match="is a copy of"):
        postgres.start(node_config(copy))


def test_moved_home_goes_on(base: Path) -> None:
    node = node_config(base / "before")
    postgres.start(node)
    make_rows(node)
    postgres.stop(node)

    node.home.rename(base / "after")
    moved = node_config(base / "after")
    postgres.start(moved)

    assert count_rows(moved) == 1000


# --- crashes -----------------------------------------------------------------------------------


def test_killed_postmaster_is_replaced_without_loss(node: Config) -> None:
    postgres.start(node)
    make_rows(node)
    pid = postgres.status(node).pid
    assert pid is not None

    os.kill(pid, signal.SIGKILL)
    locks.eventually(lambda: postgres.status(node).pid is None, 10)

    assert postgres.start(node) is True
    assert postgres.status(node).pid != pid
    assert count_rows(node) == 1000


def test_process_number_reused_by_a_stranger_is_not_believed(node: Config) -> None:
    postgres.start(node)
    make_rows(node)
    kill_server(node)
    note = place.of(node.home).data / "postmaster.pid"
    lines = note.read_text().splitlines()
    bystander = subprocess.Popen(["sleep", "60"])
    lines[0] = str(bystander.pid)
    note.write_text("\n".join(lines) + "\n")

    assert postgres.status(node).pid is None
    assert postgres.stop(node) is False
    assert postgres.start(node) is True

    assert bystander.poll() is None
    assert count_rows(node) == 1000
    bystander.kill()
    bystander.wait()


def test_orphan_that_still_computes_is_ended_before_the_next_start(
    node: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "ORPHAN_PATIENCE_S", 0.5)
    postgres.start(node)
    busy = run_python(
        "from serai.node import config, postgres\n"
        "k = postgres.connect(config.load()); print(k.info.backend_pid, flush=True)\n"
        'k.execute("SELECT count(md5(n::text)) FROM generate_series(1, 1000000000) n")',
        node.home,
    )
    assert busy.stdout is not None
    orphan = int(busy.stdout.readline())
    time.sleep(0.3)  # let the query begin; a backend that waits would notice the death by itself
    pid = postgres.status(node).pid
    assert pid is not None

    os.kill(pid, signal.SIGKILL)
    assert locks.eventually(lambda: postgres.status(node).pid is None, 10)
    assert psutil.Process(orphan).status() == psutil.STATUS_RUNNING
    assert postgres.start(node) is True

    assert not psutil.pid_exists(orphan) or psutil.Process(orphan).status() == psutil.STATUS_ZOMBIE
    assert value(node, "SELECT 1") == 1
    busy.kill()
    busy.communicate()


def test_starter_killed_while_creating_the_cluster_leaves_nothing_half_done(fresh: Config) -> None:
    where = place.of(fresh.home)
    starter = run_python(START, fresh.home)
    assert locks.eventually(lambda: (where.root / "data.new" / "PG_VERSION").exists(), 20, step_s=0.002)
    starter.kill()
    starter.communicate()
    assert not where.data.exists()

    assert postgres.start(fresh) is True

    assert value(fresh, "SELECT 1") == 1
    assert not (where.root / "data.new").exists()


def test_starters_at_once_start_one_server(fresh: Config) -> None:
    starters = [run_python(START, fresh.home) for _ in range(4)]
    answers = [starter.communicate(timeout=60) for starter in starters]

    assert sorted(out for out, _ in answers) == ["False\n", "False\n", "False\n", "True\n"]
    assert [err for _, err in answers] == [""] * 4
    assert postgres.status(fresh).ready is True


def test_data_of_another_major_version_is_refused_with_advice(node: Config) -> None:
    postgres.start(node)
    postgres.stop(node)
    (place.of(node.home).data / "PG_VERSION").write_text("17\n")

    with pytest.raises(postgres.PostgresError, match=r"written by PostgreSQL 17.*serai backup"):
        postgres.start(node)


@needs_root
def test_full_disk_is_named(base: Path) -> None:
    mount = base / "small"
    mount.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=30m,mode=755", "tmpfs", str(mount)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("this machine mounts nothing")
    try:
        with pytest.raises(postgres.PostgresError, match=r"The disk of .* has \d+ MB left"):
            postgres.start(node_config(mount / "home"))
    finally:
        subprocess.run(["umount", str(mount)], check=True)


@needs_root
def test_disk_that_fills_up_while_the_cluster_is_made_is_named(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "SPACE_TO_CREATE", 0)
    mount = base / "small"
    mount.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=30m,mode=755", "tmpfs", str(mount)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("this machine mounts nothing")
    try:
        node = node_config(mount / "home")
        with pytest.raises(postgres.PostgresError, match=r"The disk of .* is full"):
            postgres.start(node)
        assert not (place.of(node.home).root / "data.new").exists()
    finally:
        subprocess.run(["umount", str(mount)], check=True)


# --- acknowledged means kept -------------------------------------------------------------------

WRITER = """
import psycopg, sys
from serai.node import config, postgres
k = postgres.connect(config.load())
for setting in sys.argv[1:]:
    k.execute(f"SET {setting}")
n = k.execute("SELECT coalesce(max(n), 0) FROM ledger").fetchone()[0]
while True:
    n += 1
    k.execute("INSERT INTO ledger VALUES (%s)", (n,))
    print(n, flush=True)
"""


def lost_after_kill(config: Config, *, after_s: float, settings: str = "") -> int:
    """Let a writer acknowledge rows, kill every server process, start again; rows gone."""
    writer = run_python(WRITER.replace("sys.argv[1:]", repr([settings] if settings else [])), config.home)
    assert writer.stdout is not None
    acknowledged = {int(writer.stdout.readline()) for _ in range(20)}
    time.sleep(after_s)
    kill_server(config)
    acknowledged |= {int(line) for line in writer.communicate(timeout=30)[0].split()}
    postgres.start(config)
    with postgres.connect(config) as connection:
        kept = {row[0] for row in connection.execute("SELECT n FROM ledger")}
    return len(acknowledged - kept)


def make_ledger(config: Config) -> None:
    postgres.start(config)
    with postgres.connect(config) as connection:
        connection.execute("CREATE TABLE ledger (n bigint PRIMARY KEY)")


def test_acknowledged_rows_survive_kill_9(node: Config) -> None:
    make_ledger(node)

    assert [lost_after_kill(node, after_s=0.1 + 0.2 * n) for n in range(2)] == [0, 0]


@pytest.mark.slow
def test_acknowledged_rows_survive_many_kills_and_the_control_loses_some(node: Config) -> None:
    make_ledger(node)

    assert [lost_after_kill(node, after_s=0.03 * n) for n in range(20)] == [0] * 20
    # The control: with commits acknowledged before they are written, the same test does see a loss.
    assert sum(lost_after_kill(node, after_s=0.1, settings="synchronous_commit = off") for _ in range(5)) > 0


# --- accounts ----------------------------------------------------------------------------------


@needs_root
@pytest.mark.parametrize(
    ("account", "message"),
    [("root", "is an administrator"), ("no-such-account", "Create the system account")],
)
def test_unusable_account_is_refused_with_advice(base: Path, account: str, message: str) -> None:
    with pytest.raises(postgres.PostgresError, match=message):
        postgres.start(node_config(base / "home", SERAI_OS_USER=account))


# --- an external server ------------------------------------------------------------------------


def elsewhere(config: Config, base: Path, database: str) -> Config:
    """A node that uses `database` of the embedded server of another node through DATABASE_URL."""
    return node_config(base / "client", DATABASE_URL=postgres.url(config).replace("/serai?", f"/{database}?"))


def create_database(config: Config, name: str, options: str = "") -> None:
    with postgres.connect(config, admin=True, database="postgres") as connection:
        connection.execute(f"CREATE DATABASE {name} OWNER serai TEMPLATE template0 {options}".encode())


def test_external_server_gets_the_extensions_its_owner_may_create(node: Config, base: Path) -> None:
    postgres.start(node)
    create_database(node, "other")
    with postgres.connect(node, admin=True, database="other") as connection:
        connection.execute("CREATE EXTENSION vector")
    client = elsewhere(node, base, "other")

    assert postgres.start(client) is False

    with postgres.connect(client) as connection:
        extensions = {row[0] for row in connection.execute("SELECT extname FROM pg_extension")}
    assert extensions == {"plpgsql", *cluster.EXTENSIONS}
    assert postgres.stop(client) is False
    assert postgres.status(node).ready is True


def test_external_server_that_needs_an_administrator_names_the_statements(node: Config, base: Path) -> None:
    postgres.start(node)
    create_database(node, "other")
    with postgres.connect(node, admin=True, database="other") as connection:
        connection.execute("ALTER DATABASE other OWNER TO serai_admin")

    with pytest.raises(postgres.PostgresError) as refusal:
        postgres.start(elsewhere(node, base, "other"))

    statements = [f"CREATE EXTENSION {name};" for name in cluster.EXTENSIONS]
    assert str(refusal.value).endswith("run in it: " + " ".join(statements))


def test_external_server_with_the_wrong_encoding_is_refused(node: Config, base: Path) -> None:
    postgres.start(node)
    create_database(node, "old", "ENCODING SQL_ASCII LOCALE_PROVIDER libc LOCALE 'C'")

    with pytest.raises(postgres.PostgresError, match="encoded in SQL_ASCII"):
        postgres.start(elsewhere(node, base, "old"))


@pytest.mark.parametrize(
    ("name", "minimum", "message"),
    [("MIN_VERSION", 990000, "Serai needs 15 or newer"), ("MIN_VECTOR", (99, 0), "Serai needs 0.8 or newer")],
)
def test_external_server_too_old_is_refused(
    node: Config, base: Path, monkeypatch: pytest.MonkeyPatch, name: str, minimum: object, message: str
) -> None:
    postgres.start(node)
    monkeypatch.setattr(external, name, minimum)

    with pytest.raises(postgres.PostgresError, match=message):
        postgres.start(elsewhere(node, base, "serai"))


def test_external_server_that_does_not_answer_is_named(base: Path) -> None:
    client = node_config(base / "client", DATABASE_URL="postgresql://serai@127.0.0.1:9/serai")

    with pytest.raises(postgres.PostgresError, match=r"DATABASE_URL\) cannot be reached"):
        postgres.start(client)


def test_record_that_cannot_be_read_is_named(base: Path) -> None:
    from serai.node.config import ConfigError

    home = base / "home"
    home.mkdir()
    (home / place.RECORD).write_text(json.dumps({"id": "../../etc", "outside": True}))

    with pytest.raises(ConfigError, match="holds no valid id"):
        node_config(home)

"""What is wrong with a node, and what is not safe for production: `serai doctor`.

Each check yields findings. None starts, stops or repairs anything.
"""

import json
import os
import platform
import shlex
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import psycopg

from serai.node import backup, binaries, postgres, processes, roles
from serai.node import config as configuration
from serai.node.config import Config
from serai.node.external import check_external, connected

OK, WARNING, ERROR = "ok", "warning", "error"
EXIT_CODES = {OK: 0, WARNING: 1, ERROR: 2}
SPACE_ERROR = 500 * 2**20
SPACE_WARNING = 5 * 2**30
BACKUP_MAX_AGE = timedelta(days=2)
SECOND_ROLE = (
    "The second fence stands on one role. Make another: CREATE ROLE serai_app LOGIN PASSWORD '…'; "
    "and set SERAI_DATABASE_APP_URL to the database's address with it; serai up gives it its rights."
)
LOOPBACK = {"127.0.0.1", "::1", "localhost"}


@dataclass(frozen=True)
class Finding:
    """One line of the report. `level` is ok, warning or error; advice is empty when all is well."""

    check: str
    level: str
    text: str
    advice: str = ""


def examine(config: Config) -> list[Finding]:
    """Run every check."""
    checks = (_python, _account, _home, _keys, _addresses, _mail, _space, _database, _node, _backups, _fonts)
    return [finding for check in checks for finding in check(config)]


def exit_code(findings: list[Finding]) -> int:
    """0 if all is well, 1 with warnings, 2 with errors."""
    return max((EXIT_CODES[finding.level] for finding in findings), default=0)


def variables(config: Config) -> dict[str, str]:
    """The configuration as it is in force; secrets are only said to be set."""
    mail = config.mail
    values = {
        "SERAI_HOME": str(config.home),
        "DATABASE_URL": "(embedded server)" if config.embedded else postgres.url(config),
        "SERAI_DATABASE_APP_URL": _app_url(config),
        "SERAI_SECRET_KEY": "(set)"
        if os.environ.get("SERAI_SECRET_KEY")
        else f"({config.keys_dir / 'secret_key'})",
        "SERAI_HOST": config.host,
        "SERAI_PORT": str(config.port),
        "SERAI_BASE_URL": config.base_url,
        "SERAI_ALLOWED_HOSTS": ",".join(config.allowed_hosts),
        "SERAI_DEBUG": "1" if config.debug else "0",
        "SERAI_NODE_NAME": config.node_name,
        "SERAI_WEB_WORKERS": str(config.web_workers),
        "SERAI_WEB_THREADS": str(config.web_threads),
        "SERAI_JOBS": str(config.jobs),
        "SERAI_MAIL": "files" if mail.kind == "files" else f"{mail.host}:{mail.port} {mail.tls}".strip(),
        "SERAI_MAIL_FROM": mail.sender,
        "SERAI_OS_USER": config.os_user,
    }
    return {name: values[name] for name in configuration.VARIABLES}


def _app_url(config: Config) -> str:
    if config.embedded:
        return f"(embedded server, role {config.database['USER']})"
    if config.database == config.owner_database:
        return "(not set: the role of DATABASE_URL)"
    return postgres.url(config, app=True)


# --- the checks --------------------------------------------------------------------------------


def _python(config: Config) -> Iterator[Finding]:
    yield Finding("python", OK, platform.python_version())


def _account(config: Config) -> Iterator[Finding]:
    if os.geteuid() == 0:
        advice = "Run the node as an account of its own (systemd: User=)."
        yield Finding("account", WARNING, "web server and worker run as root", advice)
        if config.embedded and config.os_user == "nobody":
            yield Finding("account", WARNING, "the database runs as nobody", "Leave SERAI_OS_USER at serai.")
    else:
        yield Finding("account", OK, f"user id {os.geteuid()}")


def _home(config: Config) -> Iterator[Finding]:
    mode = stat.S_IMODE(config.home.stat().st_mode)
    if mode & 0o022:
        advice = f"chmod go-w {config.home}"
        yield Finding("home", ERROR, f"others may write to {config.home} (mode {mode:o})", advice)
    else:
        yield Finding("home", OK, str(config.home))


def _keys(config: Config) -> Iterator[Finding]:
    for path in [config.keys_dir, *config.keys_dir.iterdir()]:
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            yield Finding("keys", ERROR, f"others may read {path}", f"chmod go= {path}")
            return
    yield Finding("keys", OK, f"{config.keys_dir} is private")


def _addresses(config: Config) -> Iterator[Finding]:
    if config.debug:
        yield Finding("debug", ERROR, "errors are shown in the browser", "Unset SERAI_DEBUG in production.")
    if not config.base_url.startswith("https://"):
        advice = "Put a TLS proxy in front and set SERAI_BASE_URL to its https:// address."
        yield Finding("address", WARNING, f"{config.base_url} is not encrypted", advice)
    else:
        yield Finding("address", OK, config.base_url)
    answered = [name.strip("[]") for name in config.allowed_hosts]
    if "*" in answered:
        yield Finding("hosts", ERROR, "any host name is answered", "Name the hosts in SERAI_ALLOWED_HOSTS.")
    elif not _covers(answered, urlsplit(config.base_url).hostname or ""):
        advice = "Add it to SERAI_ALLOWED_HOSTS."
        yield Finding("hosts", ERROR, "the base URL's host is not among the allowed ones", advice)
    if config.host not in LOOPBACK:
        advice = "Listen on 127.0.0.1 and let a proxy that knows TLS speak to the world."
        yield Finding("listening", WARNING, f"the web server listens on {config.host}", advice)


def _covers(answered: list[str], host: str) -> bool:
    return any(host == name or (name.startswith(".") and f".{host}".endswith(name)) for name in answered)


def _mail(config: Config) -> Iterator[Finding]:
    if config.mail.kind == "files":
        advice = "Set SERAI_MAIL to your mail server."
        yield Finding("mail", WARNING, f"mail is written to {config.mail_dir}, not sent", advice)
    elif not config.mail.tls and config.mail.host not in LOOPBACK:
        yield Finding(
            "mail", WARNING, f"mail goes to {config.mail.host} unencrypted", "Use smtps:// or STARTTLS."
        )
    else:
        yield Finding("mail", OK, f"mail goes to {config.mail.host}")


def _space(config: Config) -> Iterator[Finding]:
    folders = {config.home}
    if config.embedded:
        root = postgres.status(config).place.root
        folders |= {root} if root.exists() else set()
    for folder in sorted(folders):
        free = shutil.disk_usage(folder).free
        level = ERROR if free < SPACE_ERROR else WARNING if free < SPACE_WARNING else OK
        advice = "" if level == OK else "Make room before the disk is full."
        yield Finding("disk", level, f"{free / 2**30:.1f} GB free at {folder}", advice)


def _database(config: Config) -> Iterator[Finding]:
    if config.embedded and not postgres.status(config).ready:
        yield Finding("database", WARNING, "the embedded server is not running", "serai up starts it.")
        return
    try:
        if not config.embedded:
            check_external(config)
        with connected(config.database, "The database") as connection:
            yield from _inside_database(connection)
            yield from _roles(config, connection)
    except (postgres.PostgresError, psycopg.OperationalError) as error:
        yield Finding("database", ERROR, str(error).strip(), "See docs/operating.md.")
        return
    if not config.embedded:
        yield from _way_to_database(config)
    yield from _migrations()


def _inside_database(connection: psycopg.Connection[tuple[object, ...]]) -> Iterator[Finding]:
    row = connection.execute(
        "SELECT current_setting('server_version'), pg_size_pretty(pg_database_size(current_database())),"
        " (SELECT string_agg(extname || ' ' || extversion, ', ' ORDER BY extname) FROM pg_extension),"
        " current_setting('data_checksums'), current_setting('synchronous_commit'), current_setting('fsync')"
    ).fetchone()
    number, size, extensions, checksums, commit, fsync = row or ("",) * 6
    yield Finding("database", OK, f"PostgreSQL {number}, {size}; {extensions}")
    info = connection.info
    if info.host.startswith("/"):
        psql = shutil.which("psql") or str(binaries.wheel_programs() / "psql")
        way = shlex.join([psql, "-h", info.host, "-p", str(info.port), "-U", info.user, info.dbname])
        yield Finding("database", OK, f"reached by: {way}")
    if checksums != "on":
        advice = "Stop the server and run pg_checksums --enable."
        yield Finding("database", WARNING, "data checksums are off: silent disk errors go unseen", advice)
    if commit == "off" or fsync == "off":
        advice = "Set synchronous_commit and fsync to on."
        yield Finding("database", ERROR, "acknowledged changes can be lost in a crash", advice)


def _roles(config: Config, connection: psycopg.Connection[tuple[object, ...]]) -> Iterator[Finding]:
    """Whether the second fence (`core.fence`) stands on a role that owns nothing."""
    name = connection.info.user
    if more := roles.too_much(connection):
        level, text = WARNING, f"web server and worker work as {name}, which {'; '.join(more)}"
        alone = config.database == config.owner_database
        yield Finding("roles", level, text, SECOND_ROLE if alone else f"Take these rights from {name}.")
    else:
        yield Finding("roles", OK, f"web server and worker work as {name}, which owns nothing")


def _way_to_database(config: Config) -> Iterator[Finding]:
    entry = config.database
    remote = not entry["HOST"].startswith("/") and entry["HOST"] not in LOOPBACK | {""}
    if remote and entry["OPTIONS"].get("sslmode") not in {"verify-full", "verify-ca"}:
        advice = "Add ?sslmode=verify-full to DATABASE_URL."
        yield Finding("database", WARNING, "the way to the database is not verified", advice)


def _migrations() -> Iterator[Finding]:
    command = [sys.executable, "-m", "serai.node.commands", "migrate", "--check", "--verbosity", "0"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        yield Finding("migrations", OK, "the database is up to date")
    elif done.stderr.strip():
        yield Finding("migrations", ERROR, done.stderr.strip().splitlines()[-1], "Run serai check.")
    else:
        yield Finding(
            "migrations", WARNING, "migrations are pending", "serai up or serai migrate applies them."
        )


def _node(config: Config) -> Iterator[Finding]:
    node = processes.state(config)
    if node.alive and not node.supervised:
        yield Finding(
            "node", ERROR, f"{node.alive} processes run without a supervisor", "serai down ends them."
        )
    elif not node.supervised:
        yield Finding("node", OK, "not running")
    elif not processes.answers(config, node.port):
        yield Finding("node", ERROR, f"runs but does not answer at {node.address}", f"See {config.log_dir}.")
    else:
        yield Finding("node", OK, f"answers at {node.address}")


def _backups(config: Config) -> Iterator[Finding]:
    advice = "serai backup DIR, daily, and DIR copied to another machine."
    try:
        note = json.loads((config.home / backup.LAST).read_text(encoding="utf-8"))
        made = datetime.fromisoformat(note["made"])
    except FileNotFoundError:
        yield Finding("backup", WARNING, "there has been no backup", advice)
        return
    except (ValueError, KeyError, TypeError) as error:
        yield Finding("backup", WARNING, f"{config.home / backup.LAST} cannot be read ({error})", advice)
        return
    late = datetime.now(UTC) - made > BACKUP_MAX_AGE
    text = f"last backup {made:%Y-%m-%d %H:%M} UTC in {note['directory']}"
    yield Finding("backup", WARNING if late else OK, text, advice if late else "")


def _fonts(config: Config) -> Iterator[Finding]:
    """Only what the node itself draws (PDF) needs fonts; browsers bring their own."""
    if shutil.which("fc-list") is None:
        yield Finding("fonts", OK, "not checked: fontconfig is not installed")
        return
    missing = [
        name
        for name, language in (("Arabic", "ar"), ("Chinese", "zh"), ("Cyrillic", "ru"))
        if not subprocess.run(
            ["fc-list", f":lang={language}"], capture_output=True, check=False
        ).stdout.strip()
    ]
    if missing:
        advice = "apt-get install fonts-noto-core fonts-noto-cjk"
        yield Finding("fonts", WARNING, f"no font for {', '.join(missing)}", advice)
    else:
        yield Finding("fonts", OK, "Arabic, Chinese and Cyrillic are covered")

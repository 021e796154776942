"""The configuration of a node, read from the environment. No Django here.

Every variable is named in `VARIABLES`; `serai doctor` prints them with their values and
`docs/operating.md` explains them. A wrong value stops with a `ConfigError` that names the variable.
"""

import os
import re
import secrets
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from serai.node import place

CHECKOUT = Path(__file__).resolve().parents[2]

# The embedded server's roles (`roles`, `cluster`): whose the tables are, and who works in them.
OWNER = "serai"
APP = "serai_app"

VARIABLES: dict[str, str] = {
    "SERAI_HOME": "directory with all state of the node; default .serai beside the checkout",
    "DATABASE_URL": "postgresql://user:password@host:port/name; default: the embedded server",
    "SERAI_DATABASE_APP_URL": "the same database as a role that owns nothing; default: DATABASE_URL's role",
    "SERAI_SECRET_KEY": "signing key, at least 50 characters; default: made once in SERAI_HOME/keys",
    "SERAI_HOST": "address the web server listens on; default 127.0.0.1",
    "SERAI_PORT": "port the web server listens on; default 8000",
    "SERAI_BASE_URL": "address of the node as its users see it; default http://host:port",
    "SERAI_ALLOWED_HOSTS": "host names answered, separated by commas; default: this machine and the base URL",
    "SERAI_DEBUG": "1 shows errors in the browser; default 0",
    "SERAI_NODE_NAME": "name of the node shown to people and peers; default: Serai",
    "SERAI_WEB_WORKERS": "web processes; default 2",
    "SERAI_WEB_THREADS": "threads per web process; default 4",
    "SERAI_JOBS": "jobs a worker runs side by side; default 4",
    "SERAI_MAIL": "files (SERAI_HOME/mail) or smtp://user:password@host:port or smtps://…; default files",
    "SERAI_MAIL_FROM": "sender of mail; default serai@ and the base URL's host",
    "SERAI_OS_USER": "account that runs the embedded server when root starts it; default serai",
}

_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off", ""}
_HOST_NAME = re.compile(r"(?:\*|\.?[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])\Z")
_SECRET_MIN_LENGTH = 50


class ConfigError(Exception):
    """A setting is wrong; the message names the variable and what it accepts."""


@dataclass(frozen=True)
class Mail:
    """How mail leaves: to files (`kind == "files"`) or to an SMTP server (`kind == "smtp"`)."""

    kind: str
    sender: str
    host: str = ""
    port: int = 25
    user: str = ""
    password: str = field(default="", repr=False)
    tls: str = ""  # "", "starttls" or "implicit"


@dataclass(frozen=True)
class Config:
    """One node. Paths are absolute; `database` is an entry of Django's DATABASES.

    Web server, worker and commands connect by `database`, as a role that owns nothing; migrations, backup and
    restore by `owner_database`. With DATABASE_URL alone the two are one.
    """

    home: Path
    embedded: bool
    database: dict[str, Any] = field(repr=False)
    owner_database: dict[str, Any] = field(repr=False)
    secret_key: str = field(repr=False)
    debug: bool
    allowed_hosts: tuple[str, ...]
    host: str
    port: int
    base_url: str
    node_name: str
    web_workers: int
    web_threads: int
    jobs: int
    mail: Mail
    os_user: str

    @property
    def mail_dir(self) -> Path:
        return self.home / "mail"

    @property
    def media_dir(self) -> Path:
        return self.home / "media"

    @property
    def log_dir(self) -> Path:
        return self.home / "log"

    @property
    def demonstration_note(self) -> Path:
        """There while the demonstration network is being built: what an interruption leaves behind."""
        return self.run_dir / "demonstration-unfinished"

    @property
    def run_dir(self) -> Path:
        return self.home / "run"

    @property
    def keys_dir(self) -> Path:
        return self.home / "keys"


def load(environ: Mapping[str, str] | None = None) -> Config:
    """Read the configuration, and make the node's directories and its secret key if they are missing.

    Raises ConfigError for a value that cannot be used.
    """
    env = os.environ if environ is None else environ
    home = prepare_home(home_path(env))
    host = env.get("SERAI_HOST", "").strip() or "127.0.0.1"
    port = _integer(env, "SERAI_PORT", default=8000, low=1, high=65535)
    base = _base_url(env, host=host, port=port)
    database, owner_database = _databases(env, home)
    return Config(
        home=home,
        embedded=not env.get("DATABASE_URL", "").strip(),
        database=database,
        owner_database=owner_database,
        secret_key=_secret_key(env, home),
        debug=_boolean(env, "SERAI_DEBUG", default=False),
        allowed_hosts=_allowed_hosts(env, base),
        host=host,
        port=port,
        base_url=base.geturl(),
        node_name=env.get("SERAI_NODE_NAME", "").strip() or "Serai",
        web_workers=_integer(env, "SERAI_WEB_WORKERS", default=2, low=1, high=256),
        web_threads=_integer(env, "SERAI_WEB_THREADS", default=4, low=1, high=256),
        jobs=_integer(env, "SERAI_JOBS", default=4, low=1, high=256),
        mail=_mail(env, base),
        os_user=env.get("SERAI_OS_USER", "").strip() or "serai",
    )


def home_path(environ: Mapping[str, str] | None = None) -> Path:
    """The directory `SERAI_HOME` names, absolute and free of symbolic links; it need not exist."""
    env = os.environ if environ is None else environ
    given = env.get("SERAI_HOME", "").strip()
    if any(ord(c) < 32 or ord(c) == 127 or 0xD800 <= ord(c) <= 0xDFFF for c in given):
        raise ConfigError("SERAI_HOME holds a control character or is not UTF-8.")
    return (Path(given).expanduser() if given else CHECKOUT / ".serai").resolve()


def prepare_home(home: Path) -> Path:
    """Make the node's directories. Others may pass through the home, but read nothing in it.

    Only what is made here gets a mode; a home that exists keeps the one it has.
    """
    try:
        if not home.exists():
            home.parent.mkdir(parents=True, exist_ok=True)
            home.mkdir(mode=0o711, exist_ok=True)
        owner = home.stat().st_uid
        if owner != os.geteuid():
            raise ConfigError(
                f"SERAI_HOME {home} belongs to user id {owner}, this process runs as {os.geteuid()}. "
                "Run it as the owner, or choose another SERAI_HOME."
            )
        for name in ("keys", "mail", "media", "log", "run"):
            (home / name).mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"SERAI_HOME {home} cannot be used: {error.strerror or error}.") from error
    return home


def _databases(env: Mapping[str, str], home: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The database as the application's role and as the owner of its tables."""
    url = env.get("DATABASE_URL", "").strip()
    app_url = env.get("SERAI_DATABASE_APP_URL", "").strip()
    if not url:
        if app_url:
            raise ConfigError(
                "SERAI_DATABASE_APP_URL goes with DATABASE_URL, which names the owner of the tables."
            )
        return embedded_database(home, user=APP), embedded_database(home, user=OWNER)
    owner = database_from_url(url)
    if not app_url:
        return dict(owner), owner
    app = database_from_url(app_url, variable="SERAI_DATABASE_APP_URL")
    if app["NAME"] != owner["NAME"]:
        raise ConfigError("SERAI_DATABASE_APP_URL and DATABASE_URL must name the same database.")
    if role_of(app) in {"", role_of(owner)}:
        raise ConfigError(
            "SERAI_DATABASE_APP_URL must name a role of its own, other than that of DATABASE_URL."
        )
    return app, owner


def role_of(entry: dict[str, Any]) -> str:
    """The role an entry of DATABASES connects as, if it says so."""
    return str(entry["USER"] or entry["OPTIONS"].get("user", ""))


def embedded_database(home: Path, *, user: str) -> dict[str, Any]:
    """The DATABASES entry of the embedded server of `home`."""
    try:
        socket_dir = place.of(home).socket_dir
    except (OSError, place.PlaceError) as error:
        raise ConfigError(str(error)) from error
    return _entry(name="serai", user=user, password="", host=str(socket_dir), port="5432", options={})


def database_from_url(url: str, *, variable: str = "DATABASE_URL") -> dict[str, Any]:
    """The DATABASES entry for a PostgreSQL address.

    Everything after `?` goes to libpq (`sslmode`, `options`, …); `host=/directory` names a socket.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ConfigError(f"{variable} is not a valid address: {error}.") from error
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ConfigError(f"{variable} must begin with postgresql://; Serai runs on PostgreSQL only.")
    options: dict[str, Any] = dict(parse_qsl(parts.query, keep_blank_values=True))
    host = options.pop("host", "") or unquote(parts.hostname or "")
    name = unquote(parts.path.removeprefix("/"))
    if not name:
        raise ConfigError(f"{variable} names no database: postgresql://user:password@host:port/name.")
    return _entry(
        name=name,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        host=host,
        port=str(port or options.pop("port", "")),
        options=options,
    )


def _entry(
    *, name: str, user: str, password: str, host: str, port: str, options: dict[str, Any]
) -> dict[str, Any]:
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "USER": user,
        "PASSWORD": password,
        "HOST": host,
        "PORT": port,
        "OPTIONS": options,
        # A connection costs a page more than all its queries; one that broke meanwhile is made anew.
        "CONN_MAX_AGE": 300,
        "CONN_HEALTH_CHECKS": True,
    }


def _secret_key(env: Mapping[str, str], home: Path) -> str:
    given = env.get("SERAI_SECRET_KEY", "").strip()
    if not given:
        path = home / "keys" / "secret_key"
        try:
            if not path.exists():
                place.write_once(path, secrets.token_urlsafe(64) + "\n", mode=0o600)
            given = path.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"The secret key {path} cannot be read: {error}.") from error
    if len(given) < _SECRET_MIN_LENGTH:
        raise ConfigError(f"SERAI_SECRET_KEY is shorter than {_SECRET_MIN_LENGTH} characters.")
    return given


def _base_url(env: Mapping[str, str], *, host: str, port: int) -> SplitResult:
    given = env.get("SERAI_BASE_URL", "").strip().rstrip("/")
    if not given:
        shown = "localhost" if host in {"127.0.0.1", "0.0.0.0", "::", "::1"} else host  # noqa: S104
        return urlsplit(f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}")
    try:
        parts = urlsplit(given)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        usable = False
    if not usable or parts.path or parts.query or parts.fragment or parts.username is not None:
        raise ConfigError("SERAI_BASE_URL must look like https://serai.example.org, without a path.")
    return parts


def _allowed_hosts(env: Mapping[str, str], base: SplitResult) -> tuple[str, ...]:
    given = [name.strip() for name in env.get("SERAI_ALLOWED_HOSTS", "").split(",") if name.strip()]
    for name in given:
        if not _HOST_NAME.match(name):
            raise ConfigError(f"SERAI_ALLOWED_HOSTS: {name!r} is not a host name (no scheme, no port).")
    hostname = base.hostname or "localhost"
    own = f"[{hostname}]" if ":" in hostname else hostname
    return tuple(given or dict.fromkeys(["localhost", "127.0.0.1", "[::1]", own]))


def _mail(env: Mapping[str, str], base: SplitResult) -> Mail:
    sender = env.get("SERAI_MAIL_FROM", "").strip() or f"serai@{base.hostname or socket.gethostname()}"
    given = env.get("SERAI_MAIL", "").strip() or "files"
    if given == "files":
        return Mail(kind="files", sender=sender)
    try:
        parts = urlsplit(given)
        port = parts.port
    except ValueError as error:
        raise ConfigError(f"SERAI_MAIL is not a valid address: {error}.") from error
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        raise ConfigError("SERAI_MAIL must be files, smtp://user:password@host:port or smtps://….")
    implicit = parts.scheme == "smtps"
    plain = dict(parse_qsl(parts.query)).get("tls") == "off"
    return Mail(
        kind="smtp",
        sender=sender,
        host=parts.hostname,
        port=port or (465 if implicit else 587),
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        tls="implicit" if implicit else "" if plain else "starttls",
    )


def _integer(env: Mapping[str, str], name: str, *, default: int, low: int, high: int) -> int:
    given = env.get(name, "").strip()
    if not given:
        return default
    if not (given.isascii() and given.isdigit()) or not low <= int(given) <= high:
        raise ConfigError(f"{name} must be a whole number from {low} to {high}, not {given!r}.")
    return int(given)


def _boolean(env: Mapping[str, str], name: str, *, default: bool) -> bool:
    given = env.get(name)
    if given is None:
        return default
    value = given.strip().lower()
    if value not in _TRUE | _FALSE:
        raise ConfigError(f"{name} must be 1 or 0, not {given!r}.")
    return value in _TRUE

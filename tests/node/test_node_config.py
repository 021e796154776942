"""The configuration: defaults, every variable, and a message for every mistake."""

import stat
import threading
from pathlib import Path

import pytest

from serai.node.config import ConfigError, Mail, database_from_url, home_path
from tests.node.node_support import node_config

PG = "django.db.backends.postgresql"


def test_defaults_need_no_variable(base: Path) -> None:
    config = node_config(base / "home")

    assert (config.host, config.port, config.base_url) == ("127.0.0.1", 8000, "http://localhost:8000")
    assert config.allowed_hosts == ("localhost", "127.0.0.1", "[::1]")
    assert (config.debug, config.embedded, config.node_name) == (False, True, "Serai")
    assert config.mail == Mail(kind="files", sender="serai@localhost")
    assert config.database == {
        "ENGINE": PG,
        "NAME": "serai",
        "USER": "serai_app",
        "PASSWORD": "",
        "HOST": str(base / "home" / "postgres" / "socket"),
        "PORT": "5432",
        "OPTIONS": {},
        "CONN_MAX_AGE": 300,
        "CONN_HEALTH_CHECKS": True,
    }
    assert config.owner_database == {**config.database, "USER": "serai"}


def test_every_variable_is_read(base: Path) -> None:
    config = node_config(
        base / "home",
        DATABASE_URL="postgresql://ana:p%40ss@db.example.org:5433/serai%20one?sslmode=verify-full",
        SERAI_DATABASE_APP_URL="postgresql://bo:s%3Acret@db.example.org:5433/serai%20one",
        SERAI_SECRET_KEY="k" * 50,
        SERAI_HOST="10.1.2.3",
        SERAI_PORT="8443",
        SERAI_BASE_URL="https://serai.example.org/",
        SERAI_ALLOWED_HOSTS="serai.example.org, .example.net",
        SERAI_DEBUG="yes",
        SERAI_NODE_NAME="Serai of the Lakes",
        SERAI_WEB_WORKERS="3",
        SERAI_WEB_THREADS="5",
        SERAI_JOBS="7",
        SERAI_MAIL="smtps://mail%40x:se%3Acret@smtp.example.org",
        SERAI_MAIL_FROM="desk@example.org",
        SERAI_OS_USER="postgres",
    )

    assert config.owner_database["HOST"] == config.database["HOST"] == "db.example.org"
    assert (config.owner_database["USER"], config.owner_database["PASSWORD"]) == ("ana", "p@ss")
    assert (config.database["USER"], config.database["PASSWORD"]) == ("bo", "s:cret")
    assert (config.database["NAME"], config.database["PORT"]) == ("serai one", "5433")
    assert config.owner_database["OPTIONS"] == {"sslmode": "verify-full"}
    assert (config.embedded, config.debug, config.secret_key) == (False, True, "k" * 50)
    assert (config.host, config.port, config.base_url) == ("10.1.2.3", 8443, "https://serai.example.org")
    assert config.allowed_hosts == ("serai.example.org", ".example.net")
    assert (config.web_workers, config.web_threads, config.jobs) == (3, 5, 7)
    assert config.mail == Mail(
        "smtp", "desk@example.org", "smtp.example.org", 465, "mail@x", "se:cret", "implicit"
    )
    assert (config.node_name, config.os_user) == ("Serai of the Lakes", "postgres")


def test_base_url_names_the_allowed_host(base: Path) -> None:
    config = node_config(base / "home", SERAI_BASE_URL="https://serai.example.org")

    assert config.allowed_hosts == ("localhost", "127.0.0.1", "[::1]", "serai.example.org")
    assert config.mail.sender == "serai@serai.example.org"


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("SERAI_PORT", "eighty", "SERAI_PORT must be a whole number from 1 to 65535, not 'eighty'"),
        ("SERAI_PORT", "0", "SERAI_PORT must be"),
        ("SERAI_PORT", "65536", "SERAI_PORT must be"),
        ("SERAI_PORT", "８０", "SERAI_PORT must be"),
        ("SERAI_WEB_WORKERS", "-1", "SERAI_WEB_WORKERS must be"),
        ("SERAI_DEBUG", "maybe", "SERAI_DEBUG must be 1 or 0"),
        ("SERAI_SECRET_KEY", "short", "shorter than 50"),
        ("SERAI_BASE_URL", "serai.example.org", "SERAI_BASE_URL must look like"),
        ("SERAI_BASE_URL", "https://serai.example.org/path", "SERAI_BASE_URL must look like"),
        ("SERAI_BASE_URL", "https://[", "SERAI_BASE_URL must look like"),
        ("SERAI_ALLOWED_HOSTS", "https://serai.example.org", "is not a host name"),
        ("SERAI_MAIL", "imap://x", "SERAI_MAIL must be"),
        ("SERAI_MAIL", "smtp://x:port", "SERAI_MAIL is not a valid address"),
        ("DATABASE_URL", "mysql://x/y", "PostgreSQL only"),
        ("DATABASE_URL", "postgresql://x", "names no database"),
        ("DATABASE_URL", "postgresql://x:port/y", "DATABASE_URL is not a valid address"),
    ],
)
def test_wrong_value_is_refused_by_name(base: Path, name: str, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        node_config(base / "home", **{name: text})


def test_messages_and_repr_show_no_secret(base: Path) -> None:
    config = node_config(
        base / "home",
        DATABASE_URL="postgresql://ana:hunter2@x/y",
        SERAI_DATABASE_APP_URL="postgresql://bo:hunter2@x/y",
        SERAI_MAIL="smtp://ana:hunter2@x",
        SERAI_SECRET_KEY="hunter2" * 10,
    )

    assert "hunter2" not in repr(config)


def test_database_url_may_name_a_socket() -> None:
    entry = database_from_url("postgresql:///serai?host=/var/run/postgresql&user=x")

    assert entry["HOST"] == "/var/run/postgresql"


def test_secret_key_is_made_once_and_private(base: Path) -> None:
    first = node_config(base / "home").secret_key

    assert node_config(base / "home").secret_key == first
    path = base / "home" / "keys" / "secret_key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_first_starters_agree_on_the_secret_key_and_the_place(base: Path) -> None:
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(node_config(base / "home").secret_key)) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(found) == 8
    assert len(set(found)) == 1


def test_new_home_lets_others_pass_but_not_read(base: Path) -> None:
    node_config(base / "home")

    assert stat.S_IMODE((base / "home").stat().st_mode) == 0o711


@pytest.mark.parametrize("text", ["/srv/a\nb", "/srv/a\x7f", "/srv/\udcff"])
def test_home_with_control_characters_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="SERAI_HOME"):
        home_path({"SERAI_HOME": text})


def test_home_that_is_a_file_is_refused(base: Path) -> None:
    (base / "file").write_text("")

    with pytest.raises(ConfigError, match="cannot be used: Not a directory"):
        node_config(base / "file")

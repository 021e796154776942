"""The suite runs on the embedded server, in a node directory of its own."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

os.environ.setdefault("SERAI_HOME", str(Path(tempfile.gettempdir()) / "serai-tests"))
os.environ.setdefault("SERAI_DEBUG", "0")

from serai.node import config, postgres


def pytest_configure(config: pytest.Config) -> None:
    node = _node()
    if node.embedded and not hasattr(config, "workerinput"):
        config.stash[_STARTED] = postgres.start(node)


def pytest_unconfigure(config: pytest.Config) -> None:
    if config.stash.get(_STARTED, False):
        postgres.stop(_node())


_STARTED = pytest.StashKey[bool]()


def _node() -> config.Config:
    return config.load()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings: None) -> None:
    """The database of the tests is made, and thrown away, by the owner."""
    _work_as("owner_database")


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """What is tested works as the application's role, as it does in a node.

    Tests that commit empty the tables afterwards, as the owner; only there may the audit log be emptied.
    """
    from django.core.management.commands import flush
    from django.db import connection

    from serai.core.owner import as_owner

    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE core_auditentry DISABLE TRIGGER core_audit_keep_all")
    empty = flush.Command.handle

    def as_its_owner(self: flush.Command, **options: Any) -> None:
        with as_owner():
            empty(self, **options)

    flush.Command.handle = as_its_owner
    with django_db_blocker.unblock():
        _work_as("database")
    yield
    with django_db_blocker.unblock():
        _work_as("owner_database")


def _work_as(which: str) -> None:
    """Connect from now on, in every thread, as one of the two roles of the node."""
    from django.conf import settings
    from django.db import connection

    connection.close()
    entry = getattr(settings.CONFIG, which)
    connection.settings_dict.update({key: entry[key] for key in ("USER", "PASSWORD", "OPTIONS")})


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    from django.utils import translation

    with translation.override("en"):
        yield


@pytest.fixture(autouse=True)
def _quick_passwords(settings: Any) -> None:
    """Argon2 takes 120 ms and 100 MB a password by design; what is tested here is not the hash."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """One browser for all tests of a process: two at once would quarrel over its event loop."""
    from playwright.sync_api import sync_playwright

    # Playwright keeps an event loop in the thread of the tests, whose own queries are not made inside it.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        yield browser
        browser.close()

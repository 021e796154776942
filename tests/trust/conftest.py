"""The node of the trust tests is built once a module and rolled back at its end."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from django.conf import settings
from django.db import transaction
from django.test import Client
from pytest_django import DjangoDbBlocker

from serai.engines import matching as m
from serai.exchange import encoding, finding
from serai.exchange.actions import indexing
from serai.exchange.index import build, reader
from tests.exchange.conftest import WordEncoder
from tests.trust import walk
from tests.trust.world import World
from tests.trust.world import build as build_world


@pytest.fixture(scope="module")
def world(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    patch = pytest.MonkeyPatch()
    fake = m.Matcher({"e5": WordEncoder(m.e5_info()), "use": WordEncoder(m.use_info())})
    home: Path = tmp_path_factory.mktemp("trust")
    patch.setattr(encoding, "matcher", lambda: fake)
    patch.setattr(encoding, "patient", lambda: fake)
    patch.setattr(settings, "CONFIG", replace(settings.CONFIG, home=home))
    patch.setattr(settings, "PASSWORD_HASHERS", ["django.contrib.auth.hashers.MD5PasswordHasher"])
    reader._open.clear()
    finding.encoded.cache_clear()
    with django_db_blocker.unblock(), transaction.atomic():
        made = build_world()
        indexing.encode_pending()
        build.refresh(rebuild=True)
        yield made
        transaction.set_rollback(True)
    patch.undo()
    reader._open.clear()
    finding.encoded.cache_clear()


@pytest.fixture(scope="module")
def clients(world: World) -> dict[str, Client]:
    return walk.clients(world)

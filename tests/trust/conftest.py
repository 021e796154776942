"""The node of the trust tests is built once a module and rolled back at its end."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.test import Client
from pytest_django import DjangoDbBlocker

from serai.agreements import policies as agreements
from serai.agreements.models import AgreementBody
from serai.core.viewer import Viewer
from serai.engines import matching as m
from serai.exchange import encoding, finding
from serai.exchange import policies as exchange
from serai.exchange.actions import indexing
from serai.exchange.index import build, reader
from serai.exchange.models import ListingContact
from tests.exchange.conftest import WordEncoder
from tests.trust import walk
from tests.trust.world import World
from tests.trust.world import build as build_world


@pytest.fixture(scope="module")
def world(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    patch = pytest.MonkeyPatch()
    fake = m.Matcher({"e5": WordEncoder("e5", m.e5_info()), "use": WordEncoder("use", m.use_info())})
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


@pytest.fixture
def forgotten() -> Iterator[None]:
    """Both rules let everything through, wherever they were imported."""
    rules: list[tuple[Callable[[Viewer], QuerySet[Any]], Callable[..., Any]]] = [
        (exchange.visible_contacts, lambda viewer: ListingContact.objects.all()),
        (agreements.visible_bodies, lambda viewer: AgreementBody.objects.all()),
    ]
    kept = [rule.__code__ for rule, _everything in rules]  # type: ignore[attr-defined]
    for rule, everything in rules:
        rule.__code__ = everything.__code__  # type: ignore[attr-defined]
    yield
    for (rule, _everything), code in zip(rules, kept, strict=True):
        rule.__code__ = code  # type: ignore[attr-defined]

"""The kinds of objects people meet, registered by their apps.

`core` shows and links objects by (kind, id) without knowing the apps above it: a kind brings its model,
the filter that says which of them a viewer sees, and how one is presented in a line.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.core.exceptions import ImproperlyConfigured
from django.db import models
from django.db.models import QuerySet

from serai.core.viewer import Viewer


@dataclass(frozen=True)
class Card:
    """One object in a line: what a list, the chain and a notification show of it."""

    kind: str
    id: UUID
    title: str
    url: str
    language: str = ""
    status: str = ""
    tone: str = ""
    detail: str = ""


@dataclass(frozen=True)
class Kind:
    """`stage` is the place in the chain, 0 = organisation … 9 = result; None for kinds outside it.

    `visible` is the registered filter of the kind. `prefetch` adds what `card` reads, so that n objects
    cost a constant number of queries.
    """

    name: str
    label: Any
    plural: Any
    model: type[models.Model]
    visible: Callable[[Viewer], QuerySet[Any]]
    card: Callable[[Any], Card]
    prefetch: Callable[[QuerySet[Any]], QuerySet[Any]] = lambda queryset: queryset
    stage: int | None = None
    icon: str = "circle"


_by_name: dict[str, Kind] = {}
_by_model: dict[type[models.Model], Kind] = {}


def register(kind: Kind) -> Kind:
    if kind.name in _by_name:
        raise ImproperlyConfigured(f"Two kinds are called {kind.name}.")
    _by_name[kind.name] = kind
    _by_model[kind.model] = kind
    return kind


def kind_named(name: str) -> Kind:
    try:
        return _by_name[name]
    except KeyError:
        raise ImproperlyConfigured(f"No kind is called {name}.") from None


def kind_of(obj: models.Model) -> Kind:
    try:
        return _by_model[type(obj)]
    except KeyError:
        raise ImproperlyConfigured(f"{type(obj).__name__} is not registered as a kind.") from None


def all_kinds() -> list[Kind]:
    return sorted(_by_name.values(), key=lambda k: (k.stage is None, k.stage or 0, k.name))


def cards(viewer: Viewer, kind: str, ids: Iterable[UUID]) -> dict[UUID, Card]:
    """The cards of those objects the viewer sees; the others are simply absent."""
    known = kind_named(kind)
    queryset = known.prefetch(known.visible(viewer).filter(pk__in=list(ids)))
    return {obj.pk: known.card(obj) for obj in queryset}

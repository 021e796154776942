"""What every page needs around its own content: navigation, direction, unread notices."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import get_language_bidi

from serai.core.viewer import Viewer, viewer_of


@dataclass(frozen=True)
class Place:
    """One entry of the rail. Apps register theirs; `gate` hides what a person may not use."""

    name: str
    label: Any
    url_name: str
    icon: str
    order: int
    gate: Callable[[Viewer], bool]
    count: Callable[[Viewer], int] | None = None
    foot: bool = False


_places: list[Place] = []


def register_place(place: Place) -> None:
    _places.append(place)
    _places.sort(key=lambda p: p.order)


@dataclass(frozen=True)
class NavItem:
    name: str
    label: Any
    url: str
    icon: str
    current: bool
    count: int
    foot: bool


def navigation(request: HttpRequest) -> list[NavItem]:
    viewer = viewer_of(request)
    here = getattr(request, "serai_place", "")
    return [
        NavItem(
            p.name,
            p.label,
            reverse(p.url_name),
            p.icon,
            p.name == here or request.path == reverse(p.url_name),
            p.count(viewer) if p.count else 0,
            p.foot,
        )
        for p in _places
        if p.gate(viewer)
    ]


def page(request: HttpRequest) -> dict[str, Any]:
    if not hasattr(request, "user"):  # an error before the session was read
        return {"nav": [], "node_name": settings.CONFIG.node_name, "is_rtl": get_language_bidi()}
    return {"nav": navigation(request), "node_name": settings.CONFIG.node_name, "is_rtl": get_language_bidi()}

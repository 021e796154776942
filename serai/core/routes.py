"""Which routes the running code has, read from the URL configuration and the programming interface."""

from collections.abc import Iterator
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver
from ninja import NinjaAPI

from serai.core.policy import Door, rule_of_view

_interfaces: list[NinjaAPI] = []


def serve(api: NinjaAPI) -> None:
    """Make the programming interface known. It lies above `core`, so it comes here by itself."""
    _interfaces[:] = [api]


def interface() -> NinjaAPI:
    """The node's programming interface; the URL configuration that mounts it is loaded first."""
    _ = get_resolver().url_patterns
    return _interfaces[0]


def url_patterns() -> Iterator[tuple[str, str | None, Any]]:
    """(path, URL name, view) of every route, included ones too."""
    yield from _walk(get_resolver(), "")


def _walk(resolver: URLResolver, prefix: str) -> Iterator[tuple[str, str | None, Any]]:
    for pattern in resolver.url_patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern, path)
        elif isinstance(pattern, URLPattern):
            yield path, pattern.name, pattern.callback


def operations() -> Iterator[tuple[str, str, Any]]:
    """(path, method, view function) of every operation of the programming interface."""
    for prefix, router in interface()._routers:
        for path, view in router.path_operations.items():
            for op in view.operations:
                for method in op.methods:
                    yield f"/api/v1/{prefix.strip('/')}{path}", method, op.view_func


def is_interface_view(callback: Any) -> bool:
    """ninja serves all methods of a path through one view; its operations are listed one by one instead."""
    return getattr(callback, "__module__", "").startswith("ninja.")


def page_doors() -> Iterator[Door]:
    for path, name, callback in url_patterns():
        if is_interface_view(callback):
            continue
        yield Door("page", f"/{path}", rule_of_view(callback, name) or "")
    for path, method, function in operations():
        yield Door("api", f"{method} {path}", getattr(function, "serai_rule", ""))

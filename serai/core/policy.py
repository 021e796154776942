"""The registry of rules: who may see and do what, and through which door.

A rule is declared once, in its app's `policies.py`, as a *filter* (viewer -> queryset of what they see)
or as a *gate* (viewer -> may they come in at all). Every door (page, operation of the programming
interface, export column, mail field, feed) names its rule; a door without one stops the node at start-up
(`core.checks`) and answers 404 while it runs (`core.middleware`).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, Literal

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import ImproperlyConfigured
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponseBase

from serai.core.errors import NotFound, NotSignedIn
from serai.core.viewer import Viewer, viewer_of

Gate = Callable[[Viewer], bool]
Filter = Callable[[Viewer], QuerySet[Any]]
Channel = Literal["page", "api", "export", "mail", "feed", "file"]


@dataclass(frozen=True)
class Rule:
    """One sentence of who may: `summary` is written for the operator who reads `serai policies`."""

    name: str
    summary: str
    gate: Gate
    visible: Filter | None = None


@dataclass(frozen=True)
class Door:
    """A place where data of objects leaves the node, and the rule that guards it."""

    channel: Channel
    name: str
    rule: str


@dataclass
class Registry:
    rules: dict[str, Rule] = field(default_factory=dict)
    doors: list[Door] = field(default_factory=list)
    foreign: dict[str, str] = field(default_factory=dict)


registry = Registry()


def anyone(viewer: Viewer) -> bool:
    return True


def signed_in(viewer: Viewer) -> bool:
    return bool(viewer.is_authenticated)


def declare(name: str, summary: str, *, gate: Gate = anyone) -> Rule:
    """Register a rule that only says who may come in; what they find inside is another rule's."""
    return _register(Rule(name, summary, gate))


def visible(name: str, summary: str, *, gate: Gate = anyone) -> Callable[[Filter], Filter]:
    """Register the decorated filter (viewer -> queryset) as the rule `name`."""

    def register(function: Filter) -> Filter:
        _register(Rule(name, summary, gate, function))
        return function

    return register


def _register(rule: Rule) -> Rule:
    if rule.name in registry.rules:
        raise ImproperlyConfigured(f"Two rules are called {rule.name}.")
    registry.rules[rule.name] = rule
    return rule


def rule_named(name: str) -> Rule:
    try:
        return registry.rules[name]
    except KeyError:
        raise ImproperlyConfigured(f"No rule is called {name}.") from None


def route(name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Guard a page. Strangers who must sign in are sent to the sign-in; everybody else gets the common 404.

    The gate is asked before any object is looked up, so the answer cannot tell whether the object exists.
    """

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            viewer = viewer_of(request)
            if not rule_named(name).gate(viewer):
                if not viewer.is_authenticated:
                    return redirect_to_login(request.get_full_path())
                raise Http404
            answer: HttpResponseBase = view(request, *args, **kwargs)
            return answer

        guarded.serai_rule = name  # type: ignore[attr-defined]
        return guarded

    return decorate


def operation(name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Guard an operation of the programming interface: 401 for strangers, 404 for the wrong people."""

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            viewer = viewer_of(request)
            if not rule_named(name).gate(viewer):
                if not viewer.is_authenticated:
                    raise NotSignedIn("Sign in, or send a token.")
                raise NotFound("Not found.")
            return view(request, *args, **kwargs)

        guarded.serai_rule = name  # type: ignore[attr-defined]
        return guarded

    return decorate


def door(channel: Channel, name: str, rule: str) -> None:
    """Declare a way out other than a route: an export column, a mail field."""
    registry.doors.append(Door(channel, name, rule))


def foreign_routes(prefix_to_rule: dict[str, str]) -> None:
    """Declare the rule of routes that come from a library, by URL name or name prefix ending in `*`."""
    registry.foreign.update(prefix_to_rule)


def rule_of_view(callback: Any, url_name: str | None) -> str | None:
    own = getattr(callback, "serai_rule", None)
    if own is not None:
        return str(own)
    name = url_name or ""
    if name in registry.foreign:
        return registry.foreign[name]
    for pattern, rule in registry.foreign.items():
        if pattern.endswith("*") and name.startswith(pattern[:-1]):
            return rule
    return None


def all_doors() -> Iterator[Door]:
    """Every route, operation and declared door the running code has."""
    from serai.core.routes import page_doors  # the URL configuration is loaded late by Django

    yield from page_doors()
    yield from registry.doors

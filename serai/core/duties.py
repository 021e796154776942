"""What is expected of a person, by when: each app says which of its objects wait for them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from serai.core.viewer import Viewer


@dataclass(frozen=True)
class Duty:
    """One thing a person should do. `what` is the sentence ("Answer the interest of …"), `url` where to do it."""

    what: Any
    title: str
    url: str
    due_on: date | None
    kind: str
    title_language: str = ""


Source = Callable[[Viewer], Iterable[Duty]]
_sources: list[Source] = []


def source(function: Source) -> Source:
    """Register the decorated function; it returns at most 50 duties with a constant number of queries."""
    _sources.append(function)
    return function


def duties_of(viewer: Viewer) -> list[Duty]:
    """All duties, the most urgent first; those without a date last."""
    found = [duty for give in _sources for duty in give(viewer)]
    return sorted(found, key=lambda d: (d.due_on is None, d.due_on or date.max, d.title))

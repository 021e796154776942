"""What is expected of a person, by when: each app says which of its objects wait for them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from serai.core.viewer import Viewer

MOST = 50
"""A source gives no more duties than this."""


@dataclass(frozen=True)
class Many:
    """How several duties of a kind are read as one: `what` for all of them, `url` the page that lists them."""

    what: Any
    url: str


@dataclass(frozen=True)
class Duty:
    """One thing a person should do: `what` says what to do, `url` is where.

    `title` names the thing it is about, in `title_language` if that is not the page's; `about` says what else
    tells it from others of its kind: with whom, of which event, under what. Together they are never the same
    for two duties of a person. `many` is for kinds of which a person may have a dozen at once.
    """

    what: Any
    title: str
    url: str
    due_on: date | None
    kind: str
    title_language: str = ""
    about: Sequence[str] = ()
    many: Many | None = None


Source = Callable[[Viewer], Iterable[Duty]]
_sources: list[Source] = []


def source(function: Source) -> Source:
    """Register the decorated function; it returns at most `MOST` duties with a constant number of queries."""
    _sources.append(function)
    return function


def duties_of(viewer: Viewer) -> list[Duty]:
    """All duties, the most urgent first; those without a date last."""
    found = [duty for give in _sources for duty in give(viewer)]
    return sorted(found, key=lambda d: (d.due_on is None, d.due_on or date.max, d.title))

"""What stands on an organisation's page below its entry: each app above the directory adds what it knows of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from serai.core import ui
from serai.core.viewer import Viewer
from serai.directory.models import Organisation

MOST_ROWS = 6
"""Rows of a section; the rest is one click away (`more`)."""


@dataclass(frozen=True)
class Section:
    """Records of an organisation that the viewer sees, at most `MOST_ROWS`; `more` leads to all of them."""

    title: Any
    icon: str
    rows: Sequence[ui.Row]
    more: ui.Action | None = None


Source = Callable[[Viewer, Organisation], Section | None]
_sources: list[Source] = []


def source(function: Source) -> Source:
    """Register the decorated function; it asks a constant number of queries, and gives None where it has nothing."""
    _sources.append(function)
    return function


def sections_of(viewer: Viewer, organisation: Organisation) -> list[Section]:
    return [section for give in _sources if (section := give(viewer, organisation)) is not None]

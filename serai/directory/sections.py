"""What stands on an organisation's page below its entry: each app above the directory adds what it knows of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from serai.core import ui
from serai.core.kinds import Kind
from serai.core.viewer import Viewer
from serai.directory.models import Organisation

MOST_ROWS = 6
"""Rows of a section; the rest is one click away (`more`)."""


@dataclass(frozen=True)
class Section:
    """Records of an organisation that the viewer sees, at most `MOST_ROWS`.

    `is_cut` says that there are more, `more` leads to all of them where there is such a list. `stage` is the place
    of the records in the chain, by which the sections are ordered.
    """

    title: Any
    icon: str
    stage: int
    rows: Sequence[ui.Row]
    is_cut: bool = False
    more: ui.Action | None = None


Source = Callable[[Viewer, Organisation], Section | None]
_sources: list[Source] = []


def source(function: Source) -> Source:
    """Register the decorated function; it asks a constant number of queries, and gives None where it has nothing."""
    _sources.append(function)
    return function


def of_kind(kind: Kind, found: QuerySet[Any], row: Callable[[Any], ui.Row]) -> Section | None:
    """The first of what was found as a section called as its kind is; None where there is nothing."""
    records = list(found[: MOST_ROWS + 1])
    if not records:
        return None
    rows = [row(record) for record in records[:MOST_ROWS]]
    return Section(kind.plural, kind.icon, kind.stage or 0, rows, is_cut=len(records) > MOST_ROWS)


def sections_of(viewer: Viewer, organisation: Organisation) -> list[Section]:
    found = [section for give in _sources if (section := give(viewer, organisation)) is not None]
    return sorted(found, key=lambda section: section.stage)

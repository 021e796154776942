"""What two sides can do once both said yes: each app above the exchange adds the step it knows."""

from collections.abc import Callable

from serai.core import ui
from serai.core.viewer import Viewer
from serai.exchange.models import Interest

Source = Callable[[Viewer, Interest], ui.Action | None]
_sources: list[Source] = []


def source(function: Source) -> Source:
    """Register the decorated function; it gives None where it has no step for this viewer."""
    _sources.append(function)
    return function


def after(viewer: Viewer, interest: Interest) -> list[ui.Action]:
    """The steps that are open to a side of an agreed interest, in the order of the chain."""
    return [step for give in _sources if (step := give(viewer, interest)) is not None]

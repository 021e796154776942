"""What this app registers with `core`: kinds, places in the navigation, followers of the log."""

from serai.directory import lifecycle  # noqa: F401
from serai.directory import importers  # noqa: F401

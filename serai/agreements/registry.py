"""What this app registers with `core`: kinds, places in the navigation, followers of the log."""

from serai.agreements import lifecycle  # noqa: F401

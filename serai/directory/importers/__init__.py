"""Formats the directory reads; importing this package registers them."""

from serai.directory.importers import ror  # noqa: F401

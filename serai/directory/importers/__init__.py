"""Formats the directory reads; importing this package registers them."""

from serai.directory.importers import members, ror  # noqa: F401

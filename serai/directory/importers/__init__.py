"""Formats the directory reads; importing this package registers them."""

from serai.accounts import policies as accounts
from serai.core.imports import framework
from serai.directory.importers import members, ror  # noqa: F401

framework.overseen_by(accounts.is_steward)

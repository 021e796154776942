"""Formats the exchange reads; importing this package registers them."""

from serai.exchange.importers import listings, nasa, sbir  # noqa: F401

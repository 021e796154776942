"""Listings, search, matches and interests in the programming interface: the same rules and actions as the pages."""

from serai.exchange.api.find import matches_router, search_router
from serai.exchange.api.interests import interests_router
from serai.exchange.api.listings import router

__all__ = ["interests_router", "matches_router", "router", "search_router"]

"""The exchange's pages."""

from serai.exchange.views.find import search, search_why
from serai.exchange.views.interests import (
    interest_accept,
    interest_decline,
    interest_detail,
    interest_do,
    interest_list,
    interest_new,
    interest_stop,
)
from serai.exchange.views.listings import (
    listing_check,
    listing_close,
    listing_create,
    listing_detail,
    listing_do,
    listing_edit,
    listing_export,
    listing_hold,
    listing_list,
    listing_mine,
    listing_translate,
)
from serai.exchange.views.matches import match_list, match_pair
from serai.exchange.views.reviews import review_page, review_queue

__all__ = [
    "interest_accept",
    "interest_decline",
    "interest_detail",
    "interest_do",
    "interest_list",
    "interest_new",
    "interest_stop",
    "listing_check",
    "listing_close",
    "listing_create",
    "listing_detail",
    "listing_do",
    "listing_edit",
    "listing_export",
    "listing_hold",
    "listing_list",
    "listing_mine",
    "listing_translate",
    "match_list",
    "match_pair",
    "review_page",
    "review_queue",
    "search",
    "search_why",
]

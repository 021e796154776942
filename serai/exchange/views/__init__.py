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
    listing_close,
    listing_detail,
    listing_do,
    listing_export,
    listing_hold,
    listing_list,
    listing_mine,
)
from serai.exchange.views.matches import match_list, match_pair, match_progress
from serai.exchange.views.reviews import review_page, review_queue
from serai.exchange.views.writing import (
    listing_check,
    listing_create,
    listing_edit,
    listing_language,
    listing_translate,
)

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
    "listing_language",
    "listing_list",
    "listing_mine",
    "listing_translate",
    "match_list",
    "match_pair",
    "match_progress",
    "review_page",
    "review_queue",
    "search",
    "search_why",
]

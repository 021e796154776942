from django.urls import path

from serai.core import reads
from serai.exchange import policies, views
from serai.exchange.models import Listing

reads.counted(Listing, "listing_detail", "api:get_listing", is_own=policies.is_own_listing)

urlpatterns = [
    path("find/", views.search, name="search"),
    path("find/why/<uuid:pk>/", views.search_why, name="search_why"),
    path("exchange/", views.listing_list, name="listing_list"),
    path("exchange/export.<slug:form>", views.listing_export, name="listing_export"),
    path("exchange/new/", views.listing_create, name="listing_create"),
    path("exchange/mine/", views.listing_mine, name="listing_mine"),
    path("exchange/reviews/", views.review_queue, name="review_queue"),
    path("exchange/interests/", views.interest_list, name="interest_list"),
    path("exchange/interests/<uuid:pk>/", views.interest_detail, name="interest_detail"),
    path("exchange/interests/<uuid:pk>/accept/", views.interest_accept, name="interest_accept"),
    path("exchange/interests/<uuid:pk>/decline/", views.interest_decline, name="interest_decline"),
    path("exchange/interests/<uuid:pk>/stop/", views.interest_stop, name="interest_stop"),
    path("exchange/interests/<uuid:pk>/do/<slug:verb>/", views.interest_do, name="interest_do"),
    path("exchange/<uuid:pk>/", views.listing_detail, name="listing_detail"),
    path("exchange/<uuid:pk>/edit/<slug:step>/", views.listing_edit, name="listing_edit"),
    path("exchange/<uuid:pk>/translate/", views.listing_translate, name="listing_translate"),
    path("exchange/<uuid:pk>/language/", views.listing_language, name="listing_language"),
    path("exchange/<uuid:pk>/check/", views.listing_check, name="listing_check"),
    path("exchange/<uuid:pk>/do/<slug:verb>/", views.listing_do, name="listing_do"),
    path("exchange/<uuid:pk>/close/", views.listing_close, name="listing_close"),
    path("exchange/<uuid:pk>/hold/", views.listing_hold, name="listing_hold"),
    path("exchange/<uuid:pk>/review/", views.review_page, name="review_page"),
    path("exchange/<uuid:pk>/interest/", views.interest_new, name="interest_new"),
    path("exchange/<uuid:pk>/matches/", views.match_list, name="match_list"),
    path("exchange/<uuid:pk>/matches/progress/", views.match_progress, name="match_progress"),
    path("exchange/<uuid:pk>/matches/<uuid:other>/", views.match_pair, name="match_pair"),
]

from django.urls import path

from serai.accounts import views

urlpatterns = [
    path("settings/", views.settings, name="settings"),
    path("settings/tokens/", views.tokens, name="tokens"),
    path("settings/tokens/<uuid:pk>/revoke", views.token_revoke, name="token_revoke"),
    path("notices/", views.notice_list, name="notice_list"),
    path("notices/read", views.notices_read, name="notices_read"),
    path("notices/<uuid:pk>/open", views.notice_open, name="notice_open"),
    path("notices/many-records/", views.read_tallies, name="read_tallies"),
    path("colleagues/<uuid:organisation>/", views.colleagues, name="colleagues"),
    path("colleagues/<uuid:organisation>/request", views.membership_request, name="membership_request"),
    path("memberships/<uuid:pk>/decide", views.membership_decide, name="membership_decide"),
    path("memberships/<uuid:pk>/end", views.membership_end, name="membership_end"),
    path("invitations/<uuid:pk>/revoke", views.invitation_revoke, name="invitation_revoke"),
    path("join/", views.join, name="join"),
    path("join/<str:secret>/", views.invitation, name="invitation"),
    path("requests-to-join/", views.access_requests, name="access_requests"),
    path("requests-to-join/<uuid:pk>/refuse", views.access_refuse, name="access_refuse"),
]

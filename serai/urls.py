from django.urls import include, path

from serai.api import api

urlpatterns = [
    path("", include("serai.core.urls")),
    path("", include("serai.accounts.urls")),
    path("accounts/", include("allauth.urls")),
    path("i18n/", include("django.conf.urls.i18n")),
    path("", include("serai.exchange.urls")),
    path("network/", include("serai.directory.urls")),
    path("meet/", include("serai.events.urls")),
    path("build/agreements/", include("serai.agreements.urls")),
    path("build/", include("serai.cooperation.urls")),
    path("", include("serai.observatory.urls")),
    path("", include("serai.persons.urls")),
    path("api/v1/", api.urls),
]

handler400 = "serai.core.problems.bad_request"
handler403 = "serai.core.problems.forbidden"
handler404 = "serai.core.problems.missing"
handler500 = "serai.core.problems.broken"

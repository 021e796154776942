from django.urls import path

from serai.core import today, views

urlpatterns = [
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("style/", views.style, name="style"),
    path("today/", today.today, name="today"),
    path("help/", today.help_page, name="help"),
    path("help/api/", today.help_api, name="help_api"),
]

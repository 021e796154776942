from django.urls import path

from serai.persons import views

urlpatterns = [
    path("settings/data/", views.own_data, name="own_data"),
    path("settings/data/<uuid:pk>/download", views.copy_download, name="copy_download"),
]

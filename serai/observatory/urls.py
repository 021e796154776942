from django.urls import path

from serai.observatory import views

urlpatterns = [
    path("", views.front, name="front"),
    path("observe/", views.observe, name="observe"),
    path("observe/figures.<slug:form>", views.figures_export, name="figures_export"),
    path("observe/ties/", views.ties, name="ties"),
    path("observe/ties.<slug:form>", views.ties_export, name="ties_export"),
    path("observe/ties/<slug:code>/", views.country_ties, name="country_ties"),
    path("observe/ties/<slug:start>/<slug:end>/", views.pair_ties, name="pair_ties"),
    path("observe/releases/", views.release_list, name="release_list"),
    path("observe/releases/new/", views.release_new, name="release_new"),
    path("observe/releases/<uuid:pk>/", views.release_detail, name="release_detail"),
    path("observe/releases/<uuid:pk>.<slug:form>", views.release_export, name="release_export"),
    path("observe/<slug:code>/", views.indicator_detail, name="indicator_detail"),
    path("observe/<slug:code>/records/", views.indicator_records, name="indicator_records"),
    path("observe/<slug:code>.<slug:form>", views.indicator_export, name="indicator_export"),
]

from django.urls import path

from serai.core import today, views
from serai.core.imports import views as imports

urlpatterns = [
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("style/", views.style, name="style"),
    path("today/", today.today, name="today"),
    path("help/", today.help_page, name="help"),
    path("help/api/", today.help_api, name="help_api"),
    path("imports/", imports.import_list, name="import_list"),
    path("imports/new/", imports.import_new, name="import_new"),
    path("imports/<uuid:pk>/", imports.import_detail, name="import_detail"),
    path("imports/<uuid:pk>/settings/", imports.import_settings, name="import_settings"),
    path("imports/<uuid:pk>/progress/", imports.import_progress, name="import_progress"),
    path("imports/<uuid:pk>/try/", imports.import_check, name="import_check"),
    path("imports/<uuid:pk>/carry-out/", imports.import_carry_out, name="import_carry_out"),
    path("imports/<uuid:pk>/undo/", imports.import_undo, name="import_undo"),
    path("imports/<uuid:pk>/discard/", imports.import_discard, name="import_discard"),
    path("imports/<uuid:pk>/records/", imports.import_records, name="import_records"),
    path("imports/<uuid:pk>/file/", imports.import_file, name="import_file"),
    path("imports/<uuid:pk>/refused.<str:form>", imports.import_refusals, name="import_refusals"),
]

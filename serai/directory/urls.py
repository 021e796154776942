from django.urls import path

from serai.core import reads
from serai.directory import policies
from serai.directory.models import Organisation
from serai.directory.views import edit, joining, public, stewards

reads.counted(Organisation, "organisation_detail", "api:get_organisation", is_own=policies.is_member)

urlpatterns = [
    path("", public.organisation_list, name="organisation_list"),
    path("map/", public.organisation_map, name="organisation_map"),
    path("suggest/", public.organisation_suggest, name="organisation_suggest"),
    path("criteria/", public.criteria_page, name="criteria"),
    path("organisations.<str:form>", public.organisation_export, name="organisation_export"),
    path("requests-to-join/<uuid:pk>/", joining.access_accept, name="access_accept"),
    path("register/", edit.organisation_register, name="organisation_register"),
    path("verification/", stewards.verification_list, name="verification_list"),
    path("verification/<uuid:pk>/", stewards.verification, name="verification"),
    path("verification/<uuid:pk>/take-up/", stewards.verification_take_up, name="verification_take_up"),
    path("<uuid:pk>/", public.organisation_detail, name="organisation_detail"),
    path("<uuid:pk>/edit/", edit.organisation_edit, name="organisation_edit"),
    path("<uuid:pk>/submit/", edit.organisation_submit, name="organisation_submit"),
    path("<uuid:pk>/suspend/", stewards.organisation_suspend, name="organisation_suspend"),
    path("<uuid:pk>/reinstate/", stewards.organisation_reinstate, name="organisation_reinstate"),
    path("<uuid:pk>/end/", stewards.organisation_end, name="organisation_end"),
    path("<uuid:pk>/relist/", stewards.organisation_relist, name="organisation_relist"),
    path("<uuid:pk>/names/<uuid:entry>/show/", edit.organisation_show_name, name="organisation_show_name"),
    path("<uuid:pk>/<slug:part>/", edit.organisation_part, name="organisation_part"),
    path(
        "<uuid:pk>/<slug:part>/<uuid:entry>/remove/",
        edit.organisation_part_remove,
        name="organisation_part_remove",
    ),
]

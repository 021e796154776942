"""The steward's answer to a request to join the network."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from serai.accounts import policies as people
from serai.core import policy
from serai.core.viewer import viewer_of
from serai.directory import places, policies
from serai.directory.actions.joining import accept_access_request
from serai.directory.views.edit import person_of

MOST = 10


@policy.route("accounts.access_requests")
def access_accept(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Choose the organisation the person joins: one with a name like theirs, or a new draft."""
    asked = get_object_or_404(people.visible_access_requests(viewer_of(request)), pk=pk)
    seen = policies.visible_organisations(viewer_of(request))
    if request.method == "POST":
        chosen = request.POST.get("organisation", "")
        organisation = get_object_or_404(seen, pk=chosen) if chosen else None
        accept_access_request(request=asked, by=person_of(request), organisation=organisation)
        messages.success(request, _("The invitation is on its way."))
        return redirect("access_requests")
    words = asked.organisation_name.split()
    longest = max(words, key=len, default="")
    alike = seen.filter(name__icontains=longest).order_by("name")[:MOST] if longest else seen.none()
    country = places.in_country(asked.country_code)
    context = {"asked": asked, "alike": alike, "country": places.place_name(country) if country else ""}
    return render(request, "directory/access_accept.html", context)

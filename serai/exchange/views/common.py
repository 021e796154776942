"""What several pages of the exchange share."""

from typing import Any, cast
from uuid import UUID

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _

from serai.accounts import policies as people
from serai.accounts.models import User
from serai.core import ui
from serai.core.viewer import Viewer, viewer_of
from serai.exchange import policies
from serai.exchange.models import Interest, Listing


def user_of(request: HttpRequest) -> User:
    """The person behind a request that passed a gate for signed-in people."""
    return cast(User, request.user)


def page(
    request: HttpRequest,
    template: str,
    context: dict[str, Any],
    *,
    place: str = "exchange",
    status: int = 200,
) -> HttpResponse:
    request.serai_place = place  # type: ignore[attr-defined]
    return render(request, template, context, status=status)


def form_page(request: HttpRequest, template: str, form: forms.Form, context: dict[str, Any]) -> HttpResponse:
    """The page of a form; with errors it answers 422 and keeps what was typed."""
    return page(request, template, {"form": form, **context}, status=422 if form.errors else 200)


def seen(request: HttpRequest, pk: UUID) -> Listing:
    """A listing the person sees."""
    rows = policies.visible_listings(viewer_of(request)).select_related("organisation__country")
    listing: Listing = get_object_or_404(rows.prefetch_related("teasers"), pk=pk)
    return listing


def own(request: HttpRequest, pk: UUID) -> Listing:
    """A listing the person may edit; to everybody else it is not there."""
    listing = seen(request, pk)
    if not policies.may_edit_listing(viewer_of(request), listing):
        raise Http404
    return listing


def tabs(viewer: Viewer, here: str, waiting: int | None = None) -> list[ui.Tab]:
    """The rooms of the exchange this viewer may enter."""
    rooms: list[tuple[str, str, int | None]] = [("listing_list", _("All listings"), None)]
    if policies.is_member(viewer):
        rooms += [("listing_mine", _("My listings"), None), ("interest_list", _("Interests"), waiting)]
    if people.is_steward(viewer):
        rooms.append(("review_queue", _("To review"), None))
    if len(rooms) > 1:
        rooms.append(("import_list", _("Imports"), None))
    if len(rooms) == 1:
        return []
    return [ui.Tab(label, reverse(name), name == here, count or None) for name, label, count in rooms]


def interest_step(viewer: Viewer, listing: Listing, interest: Interest | None) -> ui.Action | None:
    """What somebody else's listing asks of this viewer: `interest` is the latest they sent for it."""
    if interest is not None:
        label = _("Your interest: %s") % interest.get_status_display()
        return ui.Action(label, reverse("interest_detail", args=[interest.pk]), "envelope-check")
    if not policies.is_open(listing):
        return None
    if viewer.is_authenticated and not policies.is_member(viewer):
        return ui.Action(_("Join an organisation to answer"), reverse("organisation_list"), "people")
    return ui.Action(_("Express interest"), reverse("interest_new", args=[listing.pk]), "send")

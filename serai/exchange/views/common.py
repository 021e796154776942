"""What several pages of the exchange share."""

from typing import Any, cast

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from serai.accounts import policies as people
from serai.accounts.models import User
from serai.core import ui
from serai.core.viewer import Viewer
from serai.exchange import policies


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
